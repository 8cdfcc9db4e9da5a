"""Points from zero: literals worked by hand, and the laws that hold for every sheet."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import CommentRule, CriterionKind
from pipelines.outcomes import AnswerState
from pipelines.scoring.rules import (
    ConditionRule,
    CriterionRule,
    OptionRule,
    ReasonRule,
    SectionRule,
    VersionRule,
    from_hundredths,
    problems,
    score,
    sheet_of,
    to_hundredths,
)

GREETING = CriterionRule("greeting", CriterionKind.YES_NO, points=500)
IDENTITY = CriterionRule(
    "identity",
    CriterionKind.YES_NO,
    points=1000,
    critical=True,
    critical_min=1000,
    na_allowed=True,
    comment_when=CommentRule.ZERO,
    reasons=(ReasonRule("not_asked"),),
)
NEEDS = CriterionRule(
    "needs",
    CriterionKind.LEVELS,
    options=(OptionRule("good", 1500), OptionRule("some", 800), OptionRule("none_asked", 0)),
    comment_when=CommentRule.NOT_FULL,
)
LISTENING = CriterionRule("listening", CriterionKind.POINTS, points=1000, step=50)
OFFER = CriterionRule(
    "offer",
    CriterionKind.CHECKLIST,
    options=(OptionRule("price", 500), OptionRule("term", 333), OptionRule("start", 167)),
)
OUTCOME = CriterionRule(
    "outcome", CriterionKind.CHOICE, options=(OptionRule("agreed", 500), OptionRule("open", 0))
)
RECAP = CriterionRule(
    "recap",
    CriterionKind.YES_NO,
    points=1000,
    condition=ConditionRule("outcome", frozenset({"agreed"})),
)
PRAISE = CriterionRule(
    "praise",
    CriterionKind.YES_NO,
    points=200,
    condition=ConditionRule("recap", frozenset({"yes"})),
    na_allowed=True,
)
EXTRA = CriterionRule("extra", CriterionKind.YES_NO, points=300, bonus=True)
NOTE = CriterionRule("note", CriterionKind.TEXT)
RULES = (GREETING, IDENTITY, NEEDS, LISTENING, OFFER, OUTCOME, RECAP, PRAISE, EXTRA, NOTE)


def version_of(*rules: CriterionRule) -> VersionRule:
    section = SectionRule("all", {}, rules)
    return VersionRule("card", 1, pass_bp=6000, excellent_bp=9000, sections=(section,))


VERSION = version_of(*RULES)
FULL = {
    "greeting": "yes",
    "identity": "yes",
    "needs": "good",
    "listening": "10",
    "offer": ["price", "term", "start"],
    "outcome": "agreed",
    "recap": "yes",
    "praise": "yes",
    "extra": "yes",
    "note": "kept calm",
}


def of(answers: Any, version: Any = VERSION) -> Any:
    return score(version, sheet_of(version, answers))


def test_an_empty_sheet_starts_at_zero_and_names_what_is_missing() -> None:
    empty = of({})
    assert (empty.earned, empty.attainable, empty.percent) == (0, 5500, 0)
    assert empty.missing == ("greeting", "identity", "needs", "listening", "offer", "outcome")
    assert (empty.excellent, empty.passed) == (False, False)


def test_everything_done_with_the_bonus_goes_above_a_hundred() -> None:
    full = of(FULL)
    assert (full.earned, full.attainable, full.bonus) == (7000, 6700, 300)
    assert full.percent == Fraction(7000, 67)
    assert (full.excellent, full.passed, full.missing) == (True, True, ())


def test_the_lines_are_reached_exactly_not_nearly() -> None:
    on_line = of({**FULL, "extra": "no", "listening": "3.5", "needs": "good", "praise": "na"})
    # 6500 - 650 of 6500 is 90 % exactly.
    assert on_line.percent == 90
    assert on_line.excellent is True
    assert of({**FULL, "extra": "no", "listening": "3", "praise": "na"}).excellent is False


def test_a_critical_criterion_not_met_keeps_the_points_but_neither_band() -> None:
    failed = of({**FULL, "identity": "no"})
    assert (failed.earned, failed.failed_critical) == (6000, ("identity",))
    assert (failed.excellent, failed.passed) == (False, False)


def test_not_applicable_takes_its_points_out_of_the_total_and_is_not_a_failure() -> None:
    without = of({**FULL, "identity": "na"})
    assert (without.earned, without.attainable) == (6000, 5700)
    assert (without.failed_critical, without.excellent) == ((), True)


def test_closed_conditions_close_what_hangs_on_them() -> None:
    result = of({**FULL, "outcome": "open"})
    states = {part.lineage: part.state for part in result.criteria}
    assert states["recap"] is AnswerState.CLOSED
    assert states["praise"] is AnswerState.CLOSED
    assert (result.earned, result.attainable) == (5300, 5500)
    # A parent that is not applicable opens nothing either.
    assert of({**FULL, "recap": "na"}).criteria[7].state is AnswerState.CLOSED


def test_nothing_attainable_gives_no_score() -> None:
    version = version_of(replace(IDENTITY, critical=False), EXTRA, NOTE)
    result = of({"identity": "na", "extra": "yes"}, version)
    assert (result.earned, result.attainable) == (300, 0)
    assert (result.percent, result.excellent, result.passed) == (None, None, None)


@pytest.mark.parametrize(
    ("lineage", "answer", "code"),
    [
        ("greeting", "maybe", "unknown_option"),
        ("greeting", ["yes"], "unknown_option"),
        ("greeting", "na", "na_not_allowed"),
        ("greeting", "", "unanswered"),
        ("needs", "excellent", "unknown_option"),
        ("listening", "ten", "not_a_number"),
        ("listening", "10.5", "out_of_range"),
        ("listening", "-1", "out_of_range"),
        ("listening", "7.25", "not_a_step"),
        ("listening", "NaN", "not_a_number"),
        ("offer", ["price", "colour"], "unknown_option"),
        ("offer", "price", "unknown_option"),
        ("offer", None, "unanswered"),
    ],
)
def test_an_answer_that_cannot_be_read_earns_nothing_and_is_named(
    lineage: Any, answer: Any, code: Any
) -> None:
    sheet = sheet_of(VERSION, {**FULL, lineage: answer}, "because")
    assert [(item.criterion, item.code) for item in problems(VERSION, sheet)] == [(lineage, code)]
    assert lineage in score(VERSION, sheet).missing


def test_words_are_asked_where_the_scorecard_says_so() -> None:
    sheet = sheet_of(VERSION, {**FULL, "identity": "no", "needs": "some"})
    found = [(item.criterion, item.code) for item in problems(VERSION, sheet)]
    assert found == [("identity", "comment_needed"), ("needs", "comment_needed")]
    sheet["identity"]["reason"] = "not_asked"
    sheet["needs"]["comment"] = "one closed question"
    assert problems(VERSION, sheet) == []
    sheet["identity"]["reason"] = "was_tired"
    assert [item.code for item in problems(VERSION, sheet)] == ["unknown_reason"]


def test_not_applicable_asks_why() -> None:
    sheet = sheet_of(VERSION, {**FULL, "identity": "na"})
    assert [item.code for item in problems(VERSION, sheet)] == ["na_reason_needed"]


def test_an_empty_checklist_is_an_answer_and_ticking_twice_earns_once() -> None:
    assert "offer" not in of({**FULL, "offer": []}).missing
    assert (
        of({**FULL, "offer": ["price", "price"]}).earned == of({**FULL, "offer": ["price"]}).earned
    )


def test_answers_to_closed_or_unknown_criteria_earn_nothing() -> None:
    assert of({**FULL, "outcome": "open", "recap": "yes"}).earned == 5300
    sheet = sheet_of(VERSION, {**FULL, "charm": "yes"})
    assert [item.code for item in problems(VERSION, sheet)] == ["unknown_criterion"]


def test_evidence_must_be_spans_of_time() -> None:
    sheet = sheet_of(VERSION, FULL)
    sheet["greeting"]["evidence"] = [{"start_ms": 10, "end_ms": 5, "words": "hello"}]
    assert [item.code for item in problems(VERSION, sheet)] == ["evidence_unreadable"]
    sheet["greeting"]["evidence"] = [{"start_ms": 0, "end_ms": 900, "words": "hello"}]
    assert problems(VERSION, sheet) == []


def test_points_are_read_exactly() -> None:
    assert (to_hundredths("7.5"), to_hundredths(" 10 "), to_hundredths("0.01")) == (750, 1000, 1)
    assert (to_hundredths("0.001"), to_hundredths("x"), to_hundredths("1e400")) == (None,) * 3
    assert (from_hundredths(750), from_hundredths(1000), from_hundredths(1)) == (
        "7.5",
        "10",
        "0.01",
    )


# The laws of the product, for any version and sheet.

points = st.integers(0, 20).map(lambda n: n * 100)


@st.composite
def criteria(draw: Any, index: Any) -> Any:
    kind = draw(st.sampled_from(list(CriterionKind)))
    options = tuple(
        OptionRule(f"c{index}o{n}", draw(points)) for n in range(draw(st.integers(1, 4)))
    )
    return CriterionRule(
        f"c{index}",
        kind,
        points=draw(points),
        options=options,
        bonus=draw(st.booleans()),
        critical=draw(st.booleans()),
        critical_min=draw(points),
        na_allowed=draw(st.booleans()),
    )


def possible(rule: Any) -> Any:
    """List every readable answer of a criterion with the points it earns."""
    match rule.kind:
        case CriterionKind.YES_NO:
            return [("no", 0), ("yes", rule.points)]
        case CriterionKind.LEVELS | CriterionKind.CHOICE:
            return [(option.lineage, option.points) for option in rule.options]
        case CriterionKind.POINTS:
            return [(str(n), n * 100) for n in range(rule.points // 100 + 1)]
        case CriterionKind.CHECKLIST:
            return [
                (
                    [option.lineage for option in rule.options[:n]],
                    sum(option.points for option in rule.options[:n]),
                )
                for n in range(len(rule.options) + 1)
            ]
        case CriterionKind.TEXT:
            return [("words", 0)]


@st.composite
def sheets(draw: Any) -> Any:
    rules = [draw(criteria(index)) for index in range(draw(st.integers(1, 6)))]
    answers = {}
    for rule in rules:
        choices = [answer for answer, _ in possible(rule)]
        if rule.na_allowed:
            choices.append("na")
        answers[rule.lineage] = draw(st.sampled_from([None, *choices]))
    return version_of(*rules), answers


@given(sheets(), st.data())
def test_a_better_answer_never_lowers_points_percentage_or_band(made: Any, data: Any) -> None:
    version, answers = made
    rule = data.draw(st.sampled_from(version.criteria))
    if answers[rule.lineage] == "na":
        return
    before = of(answers, version)
    now_earned = next(part.earned for part in before.criteria if part.lineage == rule.lineage)
    better = [answer for answer, earned in possible(rule) if earned >= now_earned]
    after = of({**answers, rule.lineage: data.draw(st.sampled_from(better))}, version)
    assert after.earned >= before.earned
    assert after.attainable == before.attainable
    if before.percent is not None:
        assert after.percent >= before.percent
        # Judged only where both are answered: a failed critical answer is new information.
        if answers[rule.lineage] is not None:
            assert (after.excellent, after.passed) >= (before.excellent, before.passed)


@given(sheets(), st.data())
def test_not_applicable_removes_exactly_its_own_attainable_points(made: Any, data: Any) -> None:
    version, answers = made
    allowed = [
        rule for rule in version.criteria if rule.na_allowed and rule.kind is not CriterionKind.TEXT
    ]
    if not allowed:
        return
    rule = data.draw(st.sampled_from(allowed))
    with_answer = {**answers, rule.lineage: possible(rule)[0][0]}
    before, after = of(with_answer, version), of({**answers, rule.lineage: "na"}, version)
    part = next(part for part in before.criteria if part.lineage == rule.lineage)
    assert before.attainable - after.attainable == (0 if rule.bonus else rule.maximum)
    assert before.earned - after.earned == part.earned


@given(sheets())
def test_a_score_is_the_exact_sum_of_its_parts_and_never_below_zero(made: Any) -> None:
    version, answers = made
    result = of(answers, version)
    assert result.earned == sum(part.earned for part in result.criteria) >= 0
    assert result.attainable == sum(part.attainable for part in result.criteria)
    if result.attainable:
        assert result.percent * result.attainable == result.earned * 100
        assert result.passed or not result.excellent
    else:
        assert (result.percent, result.excellent, result.passed) == (None, None, None)
    if result.failed_critical:
        assert not result.excellent
        assert not result.passed
