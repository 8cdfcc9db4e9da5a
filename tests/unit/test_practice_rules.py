"""Practice: moments and tags as written, comparisons, counts, and what suggests itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import CriterionKind
from models.vocab_learning import QuizState
from pipelines.practice import rules
from pipelines.practice.rules import Candidate, Compared, Tally
from pipelines.scoring.parts import part_of
from pipelines.scoring.rules import (
    ConditionRule,
    CriterionRule,
    SectionRule,
    VersionRule,
    problems,
    score,
    sheet_of,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1:05", 65_000),
        ("62.5", 62_500),
        ("0:00", 0),
        ("1:00:02", 3_602_000),
        (" 2：03,25 ", 123_250),
        ("", None),
        ("soon", None),
        ("-1:00", None),
        ("1:2:3:4", None),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, ms: int | None) -> None:
    assert rules.read_moment(text) == ms


@given(st.integers(0, 5_999_949))
def test_a_written_moment_reads_as_the_same_tenth(ms: int) -> None:
    back = rules.read_moment(rules.write_moment(ms))
    assert back is not None
    assert abs(back - ms) <= 50


def test_tags_are_small_each_once_and_few() -> None:
    assert rules.tags_of("Opening, de-escalation；opening，  Price   talk,,") == (
        "opening",
        "de-escalation",
        "price talk",
    )
    assert len(rules.tags_of(",".join(f"t{n}" for n in range(40)))) == rules.MOST_TAGS


def test_a_part_lies_inside_the_recording() -> None:
    assert rules.is_fit((0, 1), 10)
    assert not rules.is_fit((5, 5), 10)
    assert not rules.is_fit((10, 11), 10)
    assert not rules.is_fit((-1, 5), 10)


def test_a_quiz_is_taken_while_it_is_open_and_its_day_ahead() -> None:
    later = NOW + timedelta(seconds=1)
    assert rules.can_be_taken(QuizState.OPEN, later, NOW)
    assert not rules.can_be_taken(QuizState.OPEN, NOW, NOW)
    assert not rules.can_be_taken(QuizState.DRAFT, later, NOW)
    assert not rules.can_be_taken(QuizState.CLOSED, later, NOW)


def _yes_no(lineage: str, points: int = 500, **more: object) -> CriterionRule:
    return CriterionRule(lineage, CriterionKind.YES_NO, points=points, **more)  # type: ignore[arg-type]  # plain values


VERSION = VersionRule(
    "card",
    1,
    6_000,
    9_000,
    (
        SectionRule("a", {}, (_yes_no("greeting"), _yes_no("identity", 1_000, na_allowed=True))),
        SectionRule(
            "b",
            {},
            (
                _yes_no("praise", 200, condition=ConditionRule("greeting", frozenset({"yes"}))),
                _yes_no("thanks", 300, condition=ConditionRule("praise", frozenset({"yes"}))),
                CriterionRule("note", CriterionKind.TEXT),
            ),
        ),
    ),
)


def test_two_scores_are_put_side_by_side_where_points_can_be_earned() -> None:
    own = score(VERSION, sheet_of(VERSION, {"greeting": "no", "identity": "na"}, "x"))
    reference = score(
        VERSION,
        sheet_of(VERSION, {"greeting": "yes", "identity": "na", "praise": "no", "note": "x"}, "x"),
    )
    rows = rules.compare(own, reference)
    # Neither was asked for thanks; a note earns nothing.
    assert rows == (
        Compared("greeting", 0, 500, 500),
        Compared("identity", None, None, 1_000),
        Compared("praise", None, 0, 200),
    )
    assert [row.agrees for row in rows] == [False, True, False]
    assert [row.gap for row in rows] == [-500, 0, 0]
    assert rules.from_json(rules.to_json(rows)) == rows
    assert rules.tally([rows, rules.compare(reference, reference)]) == (
        Tally("greeting", times=2, agreed=1, above=0, below=1),
        Tally("identity", times=2, agreed=2, above=0, below=0),
        Tally("praise", times=2, agreed=1, above=0, below=0),
    )


@given(
    st.fixed_dictionaries(
        {
            name: st.sampled_from(["yes", "no"])
            for name in ("greeting", "identity", "praise", "thanks")
        }
    )
)
def test_who_answers_as_the_reference_agrees_everywhere(answers: dict[str, str]) -> None:
    one = score(VERSION, sheet_of(VERSION, answers, "x"))
    assert all(row.agrees for row in rules.compare(one, one))


def test_a_part_of_a_scorecard_brings_what_its_conditions_ask_about() -> None:
    part = part_of(VERSION, ["thanks"])
    assert [rule.lineage for rule in part.criteria] == ["greeting", "praise", "thanks"]
    assert [section.lineage for section in part.sections] == ["a", "b"]
    assert [section.lineage for section in part_of(VERSION, ["identity"]).sections] == ["a"]
    assert part_of(VERSION, []) is VERSION
    whole = sheet_of(VERSION, {"identity": "yes"}, "x")
    assert problems(part_of(VERSION, ["identity"]), whole) == []


def _candidate(number: int, criterion: str, agent: int | None, rate: float) -> Candidate:
    return Candidate(number, criterion, agent, rate, 1, NOW)


def test_suggestions_are_the_best_of_different_agents() -> None:
    found = rules.suggest(
        [
            _candidate(1, "needs", 7, 0.7),
            _candidate(2, "needs", 7, 0.9),
            _candidate(3, "needs", 8, 0.8),
            _candidate(4, "needs", None, 0.6),
            _candidate(5, "greeting", 7, 0.5),
        ],
        per_criterion=3,
    )
    chosen = {name: [one.answer_id for one in rows] for name, rows in found.items()}
    assert chosen == {"greeting": [5], "needs": [2, 3, 4]}
    few = rules.suggest([_candidate(n, "x", n, 0.5) for n in range(9)], per_criterion=2)
    assert len(few["x"]) == 2


@given(st.lists(st.integers(), unique=True), st.randoms())
def test_an_order_of_the_same_things_is_taken_and_no_other(
    things: list[int], chance: object
) -> None:
    wanted = list(things)
    chance.shuffle(wanted)  # type: ignore[attr-defined]  # hypothesis gives a Random
    assert rules.moved(things, wanted) == wanted
    assert rules.moved(things, [*wanted, -1]) is None
    assert rules.moved(things, wanted[1:]) is None or not things
