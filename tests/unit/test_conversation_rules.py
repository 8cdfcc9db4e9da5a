"""Conversation measures against calls drawn by hand, and laws that hold for any call."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import Party
from pipelines.conversation import rules
from pipelines.conversation.rules import Mark, Measures, Said, Sounded, measure

A, C, U = Party.AGENT, Party.CUSTOMER, Party.UNKNOWN


def call(
    agent: list[tuple[int, int]],
    customer: list[tuple[int, int]],
    *,
    audio_ms: int = 60_000,
    **values: object,
) -> Measures:
    limit = values.pop("limit", rules.DEAD_AIR_MS)
    return measure(Sounded(audio_ms, [(A, agent), (C, customer)], **values), limit)


def part(found: Measures, party: Party) -> rules.PartyMeasures:
    return next(each for each in found.parties if each.party is party)


def test_a_plain_exchange() -> None:
    found = call([(1_000, 4_000), (6_300, 9_000)], [(4_200, 6_000)], audio_ms=10_000)
    assert (found.talk_ms, found.silence_ms, found.overlap_ms) == (7_500, 2_500, 0)
    assert (found.longest_silence_ms, found.dead_airs, found.music_ms) == (1_000, 0, 0)
    agent, customer = part(found, A), part(found, C)
    assert (agent.talk_ms, agent.turns, agent.delays, agent.delay_ms) == (5_700, 2, 1, 300)
    assert (customer.talk_ms, customer.turns, customer.delays) == (1_800, 1, 1)
    assert customer.delay_ms == 200
    assert (agent.interruptions, customer.interruptions) == (0, 0)


def test_pauses_up_to_half_a_second_belong_to_talk_and_longer_ones_do_not() -> None:
    found = call([(0, 1_000), (1_500, 2_000), (2_501, 3_000)], [])
    assert part(found, A).talk_ms == 2_499
    assert part(found, A).turns == 1


@pytest.mark.parametrize(
    ("agent", "customer", "counted"),
    [
        pytest.param((0, 5_000), (4_000, 8_000), (0, 1), id="cuts in and takes the floor"),
        pytest.param((0, 5_000), (2_000, 3_200), (0, 1), id="cuts in and gives up"),
        pytest.param((0, 5_000), (2_000, 2_999), (0, 0), id="a listener's mhm"),
        pytest.param((0, 5_000), (4_501, 8_000), (0, 0), id="meets the last word"),
        pytest.param((0, 5_000), (4_500, 8_000), (0, 1), id="just no longer the last word"),
        pytest.param((0, 5_000), (199, 8_000), (0, 0), id="both begin at once"),
        pytest.param((0, 5_000), (200, 8_000), (0, 1), id="just after the other began"),
        pytest.param((4_000, 8_000), (0, 5_000), (1, 0), id="the agent cuts in"),
        pytest.param((0, 5_000), (5_000, 8_000), (0, 0), id="one ends as the other begins"),
    ],
)
def test_who_interrupts(
    agent: tuple[int, int], customer: tuple[int, int], counted: tuple[int, int]
) -> None:
    found = call([agent], [customer])
    assert (part(found, A).interruptions, part(found, C).interruptions) == counted


def test_talk_wholly_over_the_others_takes_no_turn_and_an_early_answer_has_a_delay_below_zero() -> (
    None
):
    found = call([(0, 10_000), (13_700, 15_000)], [(3_000, 3_600), (9_700, 13_500)])
    assert [part(found, party).turns for party in (A, C)] == [2, 1]
    assert (part(found, C).delay_ms, part(found, A).delay_ms) == (-300, 200)
    assert found.overlap_ms == 900


def test_the_delay_is_a_median_and_no_answer_across_music() -> None:
    agent = [(0, 1_000), (3_000, 4_000), (6_000, 7_000), (40_000, 41_000)]
    customer = [(1_100, 2_000), (4_300, 5_000), (8_000, 9_000)]
    found = call(agent, customer, music=[(10_000, 39_000)])
    assert (part(found, C).delays, part(found, C).delay_ms) == (3, 300)
    assert (part(found, A).delays, part(found, A).delay_ms) == (2, 1_000)


def test_music_is_no_silence_and_speech_over_it_is_talk() -> None:
    found = call([(0, 2_000)], [(12_000, 13_000)], music=[(3_000, 20_000)], audio_ms=30_000)
    assert (found.talk_ms, found.music_ms, found.silence_ms) == (3_000, 16_000, 11_000)
    assert (found.dead_airs, found.dead_air_ms, found.longest_silence_ms) == (1, 10_000, 10_000)
    assert found.marks == (
        (Mark.MUSIC, 3_000, 12_000),
        (Mark.MUSIC, 13_000, 20_000),
        (Mark.DEAD_AIR, 20_000, 30_000),
    )


def test_the_limit_of_dead_air_is_part_of_it() -> None:
    agent = [(0, 1_000), (6_000, 7_000), (11_999, 12_999)]
    found = call(agent, [], audio_ms=12_999, limit=5_000)
    assert (found.dead_airs, found.dead_air_ms, found.dead_air_limit_ms) == (1, 5_000, 5_000)
    assert found.silence_ms == 9_999


def test_of_one_channel_with_everybody_only_sound_and_words_are_told() -> None:
    said = [Said(U, "Good morning."), Said(U, "Hello, it's me.")]
    found = measure(Sounded(20_000, [(U, [(1_000, 3_000), (4_000, 6_000)])], said=said))
    assert (found.known, found.overlap_ms, found.talk_ms) == (False, None, 4_000)
    only = found.parties[0]
    assert (only.words, only.turns, only.interruptions, only.delays, only.delay_ms) == (
        5,
        None,
        None,
        None,
        None,
    )


def test_a_stereo_call_that_was_one_sound_for_a_while_does_not_guess() -> None:
    found = measure(Sounded(20_000, [(U, [(9_000, 9_900)]), (A, [(0, 4_000)]), (C, [])]))
    assert not found.known
    assert [each.party for each in found.parties] == [A, C, U]
    silent = measure(Sounded(20_000, [(U, []), (A, [(0, 4_000)]), (C, [])]))
    assert silent.known
    assert [each.party for each in silent.parties] == [A, C]


def test_nothing_at_all() -> None:
    empty = measure(Sounded(0, []))
    assert (empty.talk_ms, empty.silence_ms, empty.parties, empty.marks) == (0, 0, (), ())
    silent = measure(Sounded(15_000, [(A, []), (C, [])]))
    assert (silent.silence_ms, silent.dead_airs, part(silent, A).delay_ms) == (15_000, 1, None)


@pytest.mark.parametrize(
    ("text", "words", "characters"),
    [
        ("Don't worry, it's 3.5% a year.", 6, 0),
        ("您好，这里是 Northline。", 1, 5),
        ("我的 iPhone 15 坏了", 2, 4),
        ("我的iPhone坏了", 1, 4),
        ("〇八二一", 0, 4),
        ("こんにちは、カメラ", 0, 8),
        ("안녕하세요 고객님", 2, 0),
        (" – … ? ", 0, 0),
        ("", 0, 0),
    ],
)
def test_words_and_characters(text: str, words: int, characters: int) -> None:
    assert rules.count(text) == (words, characters)


def test_rates_have_the_unit_of_the_language() -> None:
    assert rules.units(2, 4, "zh") == (6, True)
    assert rules.units(2, 4, "en") == (6, False)
    assert rules.per_minute(150, 60_000) == pytest.approx(150)
    assert rules.per_minute(10, 4_000) == pytest.approx(150)
    assert rules.per_minute(3, 0) is None


spans = st.lists(
    st.tuples(st.integers(0, 70_000), st.integers(1, 9_000)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=12,
)


@given(spans, spans, spans, st.integers(0, 60_000))
def test_talk_music_and_silence_add_up_and_swapping_the_parties_swaps_their_figures(
    agent: list[tuple[int, int]],
    customer: list[tuple[int, int]],
    music: list[tuple[int, int]],
    audio_ms: int,
) -> None:
    found = call(agent, customer, audio_ms=audio_ms, music=music)
    assert found.talk_ms + found.music_ms + found.silence_ms == audio_ms
    talk = [part(found, party).talk_ms for party in (A, C)]
    assert sum(talk) - (found.overlap_ms or 0) == found.talk_ms
    assert found.dead_air_ms <= found.silence_ms
    assert found.longest_silence_ms <= found.silence_ms

    swapped = call(customer, agent, audio_ms=audio_ms, music=music)
    assert swapped.overlap_ms == found.overlap_ms
    assert swapped.marks == found.marks
    figures = [
        [getattr(part(each, party), name) for name in rules.PartyMeasures.__annotations__][1:]
        for each, party in ((found, A), (swapped, C), (found, C), (swapped, A))
    ]
    # Turns of talk that begins and ends at once have no order of their own.
    if not _tied(agent, customer):
        assert figures[0] == figures[1]
        assert figures[2] == figures[3]


def _tied(agent: list[tuple[int, int]], customer: list[tuple[int, int]]) -> bool:
    starts = [{start for start, _ in spans} for spans in (agent, customer)]
    return bool(starts[0] & starts[1])


@given(spans, spans)
def test_turns_alternate(agent: list[tuple[int, int]], customer: list[tuple[int, int]]) -> None:
    voices = {A: rules.united(agent, 500), C: rules.united(customer, 500)}
    turns = rules.in_turns(voices)
    assert all(before[0] is not after[0] for before, after in pairwise(turns))
    assert [span[0] for _, span in turns] == sorted(span[0] for _, span in turns)


@given(spans, spans)
def test_sets_of_spans(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    first, second = rules.united(one), rules.united(other)
    shared, rest = rules.both(first, second), rules.without(first, second)
    assert rules.both(second, first) == shared
    assert rules.length(shared) + rules.length(rest) == rules.length(first)
    assert rules.without(rest, shared) == rest
