"""What is noticed about a recording, and when its words are not to be relied on."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import Party
from pipelines.transcription import findings, hotword_rules, trust
from pipelines.transcription.findings import Code, Finding
from pipelines.transcription.hotword_rules import Fault
from pipelines.transcription.rules import SpokenTurn, Word, merge_turns, unsure_spans, without_echo
from pipelines.transcription.trust import Cause


def turn(text: str, party: Party = Party.AGENT, probability: float = 0.9) -> SpokenTurn:
    words = [
        Word(" " + word, 400 * place, 400 * place + 400, probability)
        for place, word in enumerate(text.split())
    ]
    return merge_turns([(party, words)])[0]


@pytest.mark.parametrize(
    ("speech", "silent"),
    [
        ({Party.AGENT: 60_000, Party.CUSTOMER: 0}, "customer"),
        ({Party.AGENT: 100, Party.CUSTOMER: 60_000}, "agent"),
        ({Party.AGENT: 60_000, Party.CUSTOMER: 1_000}, None),
        ({Party.AGENT: 3_000, Party.CUSTOMER: 0}, None),
        ({Party.UNKNOWN: 60_000}, None),
    ],
)
def test_one_side_alone(speech: dict[Party, int], silent: str | None) -> None:
    found = findings.one_sided(speech)
    assert (found.params["party"] if found else None) == silent


@pytest.mark.parametrize(
    ("agent", "customer", "noticed"),
    [
        ("I want to cancel.", "Thank you for calling Northline, how may I help you?", True),
        ("我要投诉", "您好，工号八零二为您服务", True),
        ("Thank you for calling.", "Thank you for calling me back.", False),
        ("Hello, Northline.", "Hello, my name is Jack.", False),
    ],
)
def test_sides_that_may_be_swapped(agent: str, customer: str, *, noticed: bool) -> None:
    found = findings.swapped([turn(agent, Party.AGENT), turn(customer, Party.CUSTOMER)])
    assert (found == Finding(Code.SWAPPED)) is noticed


def test_leaks_and_distortion_are_said_of_their_side_with_the_share() -> None:
    sides = (Party.AGENT, Party.CUSTOMER)
    assert [each.as_json() for each in findings.bleed(sides, (400, 6_000), 10_000)] == [
        ["bleed", {"party": "customer", "pct": 60}]
    ]
    assert [each.as_json() for each in findings.clipped(sides, (True, False))] == [
        ["clipped", {"party": "agent"}]
    ]


@pytest.mark.parametrize(
    ("probabilities", "spans"),
    [
        ([0.9, 0.2, 0.3, 0.1, 0.9], [(1, 3)]),
        ([0.2, 0.9, 0.3, 0.4], [(0, 3)]),
        ([0.2, 0.3, 0.9, 0.9, 0.1], []),
        ([0.1] * 3 + [0.9] * 2 + [0.1] * 3, [(0, 2), (5, 7)]),
        ([], []),
    ],
)
def test_runs_of_unsure_words(probabilities: list[float], spans: list[tuple[int, int]]) -> None:
    assert unsure_spans(probabilities) == spans


@given(st.lists(st.floats(0, 1), max_size=40))
def test_unsure_runs_begin_and_end_unsure_and_do_not_touch(probabilities: list[float]) -> None:
    spans = unsure_spans(probabilities)
    assert all(probabilities[first] < 0.5 > probabilities[last] for first, last in spans)
    assert all(end < start for (_, end), (start, _) in pairwise(spans))


def test_words_that_come_through_from_the_other_side_are_there_once() -> None:
    said = [Word(" I'm", 0, 200, 0.9), Word(" Michelle,", 200, 700, 0.9)]
    echo = [Word(" i'm", 60, 260, 0.4), Word(" Michelle", 260, 760, 0.5)]
    own = [Word(" Hi", 900, 1_100, 0.9)]
    assert without_echo([*echo, *own], said, lambda _: True) == own
    assert without_echo([*echo, *own], said, lambda _: False) == [*echo, *own]
    late = [word.shifted(2_000) for word in echo]
    assert without_echo(late, said, lambda _: True) == late
    alone = [Word(" yes", 0, 200, 0.9)]
    assert without_echo(alone, [Word(" Yes.", 0, 200, 0.9)], lambda _: True) == alone


def test_a_turn_ends_where_the_language_changes() -> None:
    words = [
        Word(" hello", 0, 400, 0.9, "en"),
        Word("你好", 500, 900, 0.9, "zh"),
        Word("吗", 900, 1_000, 0.9, "zh"),
    ]
    found = merge_turns([(Party.AGENT, words)])
    assert [(each.text, each.language) for each in found] == [("hello", "en"), ("你好吗", "zh")]


FINE = trust.Trust(
    speech_ms=60_000, words=100, believed=0.9, unsure=0.05, wordless=0.1, looped=0, language=0.9
)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({}, None),
        ({"believed": 0.3}, Cause.UNSURE),
        ({"wordless": 0.9}, Cause.WORDLESS),
        ({"looped": 0.6}, Cause.LOOPS),
        ({"language": 0.2}, Cause.LANGUAGE),
        ({"language": None}, None),
        ({"believed": 0.1, "speech_ms": 1_000}, None),
    ],
)
def test_a_call_is_abstained_with_its_reason(change: dict[str, float], cause: Cause | None) -> None:
    found = trust.doubt(replace(FINE, **change))
    assert (found.cause if found else None) == cause


def test_trust_is_measured_by_time_and_repetition() -> None:
    long_, short = Word(" sure", 0, 900, 0.9), Word(" no", 900, 1_000, 0.1)
    turns = merge_turns([(Party.AGENT, [long_, short])])
    found = trust.measure(turns, [[(0, 2_000)], []], 0.8)
    assert found.believed == pytest.approx(0.82)
    assert found.unsure == pytest.approx(0.1)
    assert (found.speech_ms, found.words, found.wordless) == (2_000, 2, 0.5)
    assert trust.measure([turn("so so so so so so")], [], None).looped > 0.6
    assert trust.measure([turn("the number is 4 0 0 0 0 0 0 0 0")], [], None).looped == 0
    assert trust.measure([], [], None).looped == 0


def test_names_are_checked_line_by_line() -> None:
    lines = ["  Northline  Plus ", "", "northline plus", "x" * 41, "--", "a, b", "余额宝"]
    words, faults = hotword_rules.checked(lines)
    assert words == ["Northline Plus", "余额宝"]
    assert faults == [(4, Fault.TOO_LONG), (5, Fault.NO_LETTERS), (6, Fault.PARTED)]
    _, faults = hotword_rules.checked([f"n{place}" for place in range(61)])
    assert faults == [(61, Fault.TOO_MANY)]
    words, faults = hotword_rules.checked([f"{place:040d}" for place in range(11)])
    assert (len(words), faults) == (10, [(11, Fault.TOO_MUCH)])


def test_what_is_told_fits_whatever_agents_are_called() -> None:
    assert hotword_rules.fitting(["Ann", "ann", "Li, Wei", "Bo"]) == ("Ann", "Bo")
    assert sum(map(len, hotword_rules.fitting([f"{n:040d}" for n in range(20)]))) == 400
