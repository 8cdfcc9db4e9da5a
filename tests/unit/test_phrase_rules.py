"""Phrases: words in one form, matching, and what each kind of rule finds."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import Party, PhraseKind, PhraseMeaning, PhraseWindow
from pipelines.outcomes import DomainError
from pipelines.phrases.rules.finding import MOST_HITS, Conversation, Found, Spoken, look
from pipelines.phrases.rules.matching import Stream, find, parse
from pipelines.phrases.rules.settings import RuleSettings, Step, Suggestion
from pipelines.phrases.rules.starters import STARTERS
from pipelines.phrases.rules.tokens import tokens

A, C, U = Party.AGENT, Party.CUSTOMER, Party.UNKNOWN


def texts(*pieces: str) -> list[str]:
    return [token.text for token in tokens(pieces)]


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ("Thank YOU, don’t worry!", "thank you dont worry"),
        ("ＡＢＣ １２", "abc 12"),
        ("sign-up", "sign up"),
        ("ninety nine dollars", "99 dollars"),
        ("$99.50 or 1,200", "99.50 dollars or 1200"),
        ("only £ 35, ￥100", "only 35 pounds 100 元"),
        ("one hundred and fifty yuan", "150 yuan"),
        ("two thousand and five", "2005"),
        ("a hundred and a thousand", "a 100 and a thousand"),
        ("one two twenty twenty", "1 2 20 20"),
        ("hundreds and hundred and", "hundreds and 100 and"),
        ("九十九元", "99 元"),
        ("一百零五块", "105 块"),
        ("两万三千 3千", "23000 3000"),
        ("二零二六年", "2026 年"),
        ("价 格、價格", "价 格 价 格"),
        ("万一，十分", "万 1 10 分"),
        ("第一，一百元", "第 1 100 元"),
        ("一 百 元", "100 元"),
        ("", ""),
    ],
)
def test_words_have_one_form(said: str, form: str) -> None:
    assert texts(said) == form.split()


@pytest.mark.parametrize(
    "pieces",
    [
        ("我要退款。",),
        ("我", "要", "退", "款"),
        (" 我", " 要", " 退", " 款"),
        ("我要退", "款吧"),
        ("我要退 款",),
    ],
)
def test_pieces_of_chinese_make_no_difference(pieces: tuple[str, ...]) -> None:
    found = find(["退款"], Stream(tokens(pieces)))
    assert len(found) == 1


def test_pieces_of_one_word_are_one_word() -> None:
    assert texts(" un", "believ", "able", " and", " don", "'t") == ["unbelievable", "and", "dont"]
    first, *_rest = tokens([" un", "happy"])
    assert (first.first, first.last) == (0, 1)


@pytest.mark.parametrize(
    ("phrase", "said", "there"),
    [
        ("thank you", "Well, thank you.", True),
        ("thank you", "thankyou", False),
        ("rate", "separate", False),
        ("complain*", "I made a complaint", True),
        ("complain*", "no complexity", False),
        ("price … yuan", "the price is now about ninety yuan", True),
        ("price … yuan", "price one of two of three of four of five yuan", False),
        ("price ... yuan", "the price yuan", True),
        ("99 dollars", "ninety-nine dollars", True),
        ("ninety-nine dollars", "it is $99", True),
        ("九十九元", "一共99元", True),
        ("99元", "一共九十九元", True),
        ("價格…元", "价格是每个月一百元", True),
        ("退款", "我要退一下款", False),
        ("I'm sorry", "i’m SORRY", True),
        ("12315", "我打一二三一五", True),
    ],
)
def test_a_phrase_is_found_where_it_is_said(phrase: str, said: str, there: bool) -> None:  # noqa: FBT001 - a column of the table
    assert bool(find([phrase], Stream(tokens([said])))) == there


def test_of_overlapping_phrases_the_longest_counts() -> None:
    said = tokens(["thank you for calling us thank you"])
    assert find(["thank you", "thank you for calling", "for"], Stream(said)) == [(0, 3), (5, 6)]


@pytest.mark.parametrize(
    ("phrase", "code"),
    [
        ("…", "phrase_empty"),
        ("?!", "phrase_empty"),
        ("re*", "phrase_star"),
        ("a " * 41, "phrase_long"),
    ],
)
def test_a_phrase_that_means_nothing_is_refused(phrase: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        parse(phrase)
    assert refused.value.code == code


# ---- rules -----------------------------------------------------------------------------------


def turn(position: int, party: Party, start_ms: int, text: str, sure: float = 0.9) -> Spoken:
    """Each word of the text lasts 400 ms and begins 500 ms after the one before."""
    words: list[Any] = [
        [(" " if place else "") + word, start_ms + 500 * place, start_ms + 500 * place + 400, sure]
        for place, word in enumerate(text.split())
    ]
    return Spoken(position, party, start_ms, words[-1][2] if words else start_ms, words)


CALL = [
    turn(1, A, 1_000, "Good morning, this is Ann."),
    turn(2, C, 5_000, "I want my money back", 0.4),
    turn(3, A, 9_000, "The price is ninety yuan"),
    turn(4, C, 13_000, "I agree"),
    turn(5, A, 60_000, "Have a nice day"),
]


def says(
    *phrases: str, party: Party | None = None, kind: PhraseKind = PhraseKind.SAYS, **how: Any
) -> RuleSettings:
    return RuleSettings(kind, (Step(phrases, party),), **how)


def found(settings: RuleSettings, call: list[Spoken] | None = None) -> tuple[Found, ...]:
    return look(settings, Conversation(CALL if call is None else call))


def test_a_hit_says_who_when_which_words_and_how_sure() -> None:
    (hit,) = found(says("money back"))
    assert hit == Found(C, 6_500, 7_400, ((2, 3, 4),), 0.4)


def test_only_the_party_that_is_meant_is_listened_to() -> None:
    assert not found(says("money back", party=A))
    assert found(says("money back", party=C))


def test_where_it_is_not_known_who_speaks_anybody_may_be_meant() -> None:
    mono = [turn(1, U, 0, "I want my money back")]
    (hit,) = found(says("money back", party=C), mono)
    assert hit.party is U


def test_a_window_counts_from_the_partys_first_or_last_word() -> None:
    first = {"window": PhraseWindow.FIRST, "party": A}
    last = {"window": PhraseWindow.LAST, "party": A}
    assert found(says("good morning", seconds=1, **first))
    assert not found(says("price", seconds=8, **first))
    # The agent begins at 1 s, so that nine seconds end at 10 s; "price" begins at 9.5 s.
    assert found(says("price", seconds=9, **first))
    assert found(says("nice day", seconds=2, **last))
    assert not found(says("price", seconds=30, **last))


def test_absence_gives_the_span_that_was_looked_at() -> None:
    how = {"kind": PhraseKind.ABSENT, "window": PhraseWindow.FIRST, "seconds": 15, "party": A}
    (hit,) = found(says("good evening", **how))
    assert (hit.start_ms, hit.end_ms, hit.runs, hit.absent) == (1_000, 16_000, (), True)
    assert hit.probability == pytest.approx(0.9)
    assert not found(says("good morning", **how))


def test_where_the_party_is_not_heard_nothing_is_called_absent() -> None:
    how = {"kind": PhraseKind.ABSENT, "party": A}
    assert not found(says("hello", **how), [turn(1, C, 0, "anybody there")])
    assert not found(says("hello", **how), [])
    assert not found(says("hello", **how), [turn(1, A, 0, "")])


@pytest.mark.parametrize(
    ("first", "then", "kept", "broken"),
    [
        ("price", "agree", (3, 1, 1), None),
        ("nice day", "agree", None, (4, 1, 1)),
        ("never said", "agree", None, (4, 1, 1)),
        ("price", "never said", None, None),
    ],
)
def test_an_order_is_kept_or_not(first: str, then: str, kept: Any, broken: Any) -> None:
    for wanted, is_broken in ((kept, False), (broken, True)):
        rule = RuleSettings(PhraseKind.ORDER, (Step((first,)), Step((then,))), broken=is_broken)
        assert [hit.runs for hit in found(rule)] == ([(wanted,)] if wanted else [])


def test_a_sequence_says_which_step_is_missing() -> None:
    steps = tuple(Step((phrase,)) for phrase in ("good morning", "price", "never said", "nice day"))
    (broken,) = found(RuleSettings(PhraseKind.SEQUENCE, steps, broken=True))
    assert broken.missing == (2,)
    assert broken.absent
    assert [run[0] for run in broken.runs] == [1, 3, 5]
    assert not found(RuleSettings(PhraseKind.SEQUENCE, steps))
    whole = RuleSettings(PhraseKind.SEQUENCE, (steps[0], steps[1], steps[3]))
    (kept,) = found(whole)
    assert (kept.start_ms, kept.end_ms, kept.missing, kept.party) == (1_000, 61_900, (), A)
    backwards = RuleSettings(PhraseKind.SEQUENCE, (steps[1], steps[0]))
    assert not found(backwards)


def test_a_phrase_goes_on_in_the_next_turn_after_a_short_pause_only() -> None:
    def call(pause_ms: int, ending: str = "") -> list[Spoken]:
        before = turn(1, A, 0, "thank you" + ending)
        between = turn(2, C, 950, "mhm")
        return [before, between, turn(3, A, before.end_ms + pause_ms, "for calling")]

    (hit,) = found(says("thank you for calling"), call(1_000))
    assert hit.runs == ((1, 0, 1), (3, 0, 1))
    assert found(says("thank you for calling"), call(1_000, "."))
    assert not found(says("thank you for calling"), call(3_000))
    assert not found(says("thank you for calling"), call(1_000, "?"))
    assert not found(says("thank you … calling"), call(3_000))


def test_one_rule_has_a_bounded_number_of_hits() -> None:
    many = [turn(1, A, 0, "yes " * 200)]
    assert len(found(says("yes"), many)) == MOST_HITS


def test_a_rule_is_read_back_as_it_was_written() -> None:
    rules = [
        *STARTERS.values(),
        says("a", suggests=Suggestion("card", "greeting"), meaning=PhraseMeaning.GOOD),
    ]
    for rule in rules:
        assert RuleSettings.from_json(rule.to_json()) == rule


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "regex"},
        {"steps": []},
        {"steps": [{"phrases": []}]},
        {"steps": [{"phrases": ["?"]}]},
        {"steps": [{"phrases": ["a"], "party": "somebody"}]},
        {"steps": [{"phrases": ["a"]}] * 2},
        {"window": "first", "seconds": 0},
        {"seconds": "many"},
    ],
)
def test_a_rule_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DomainError):
        RuleSettings.from_json({**says("a").to_json(), **change})


@given(st.lists(st.text(max_size=12), max_size=8))
def test_tokens_stand_in_order_and_point_at_their_pieces(pieces: list[str]) -> None:
    made = tokens(pieces)
    places = [(token.first, token.last) for token in made]
    assert places == sorted(places)
    assert all(0 <= first <= last < len(pieces) for first, last in places)


@given(st.lists(st.sampled_from(["price", "is", "一百", "元", "thank", "you"]), max_size=30))
def test_what_is_said_is_found_by_its_own_words(words: list[str]) -> None:
    said = tokens([f" {word}" for word in words])
    for start in range(0, len(said), 3):
        phrase = " ".join(token.text for token in said[start : start + 3])
        alike = [token.text for token in tokens([phrase])]
        if alike == [token.text for token in said[start : start + 3]]:
            assert find([phrase], Stream(said))


def test_a_hundred_rules_look_through_an_hour_in_well_under_a_second() -> None:
    text = "well the price is one hundred yuan 您好 价格 a month thank you for calling"
    call = [turn(place, A if place % 2 else C, place * 7_000, text) for place in range(1, 600)]
    begun = time.perf_counter()
    hour = Conversation(call)
    for number in range(100):
        look(list(STARTERS.values())[number % len(STARTERS)], hour)
    # Seen: 0.2 s. The bound is wide, for machines at work; quadratic matching would pass it.
    assert time.perf_counter() - begun < 5
