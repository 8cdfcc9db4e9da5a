"""Indicators as expressions over daily facts: one definition each, divided only for display."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from models.vocab import Fact
from pipelines.measures.rules.intervals import Interval

GROUP_OF_PEOPLE = 5
"""No figure about a group of fewer people than this is shown."""

COVERAGE_WARNING = Fraction(95, 100)


class Indicator(StrEnum):
    """Every indicator that facts of a day can give."""

    QA_EXCELLENCE_RATE = "qa_excellence_rate"
    MONITORING_PASS_RATE = "monitoring_pass_rate"  # noqa: S105 - "pass" is a verdict, not a word to sign in
    SMS_SATISFACTION_RATE = "sms_satisfaction_rate"
    SMS_RESPONSE_RATE = "sms_response_rate"
    COMPLAINT_RATE = "complaint_rate"
    ATTITUDE_COMPLAINT_RATE = "attitude_complaint_rate"
    ATTITUDE_COMPLAINT_RATE_CONNECTED = "attitude_complaint_rate_connected"
    SELF_ASSESSMENT_GAP = "self_assessment_gap"
    SELF_ASSESSMENT_ABS_GAP = "self_assessment_abs_gap"
    SELF_ASSESSMENT_RESPONSE = "self_assessment_response"
    RECORDING_COVERAGE = "recording_coverage"


class Unit(StrEnum):
    """How a quotient is meant to be read."""

    RATE = "rate"
    PER_THOUSAND = "per_thousand"
    BASIS_POINTS = "basis_points"


@dataclass(frozen=True)
class FactSum:
    """A fact summed over days and groups: its numerator and how many it was summed over."""

    total: int = 0
    count: int = 0

    def __add__(self, other: "FactSum") -> "FactSum":
        return FactSum(self.total + other.total, self.count + other.count)


Sums = Mapping[Fact, FactSum]
NOTHING = FactSum()


@dataclass(frozen=True)
class Ratio:
    """A numerator and its denominator, kept apart; ``value`` is null (no data) over zero."""

    numerator: int
    denominator: int

    @property
    def value(self) -> Fraction | None:
        """Return the exact quotient, or null."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None


@dataclass(frozen=True)
class Definition:
    """Numerator and denominator as facts to be added up. All of these roll up as sums.

    ``over_count`` takes as denominator how many rows the numerator was summed over: a mean.
    """

    numerator: tuple[Fact, ...]
    denominator: tuple[Fact, ...]
    unit: Unit = Unit.RATE
    over_count: bool = False


DEFINITIONS: Mapping[Indicator, Definition] = {
    Indicator.QA_EXCELLENCE_RATE: Definition((Fact.EXCELLENT,), (Fact.REVIEWED,)),
    Indicator.MONITORING_PASS_RATE: Definition((Fact.PASSED,), (Fact.REVIEWED,)),
    Indicator.SMS_SATISFACTION_RATE: Definition(
        (Fact.SURVEYS_SATISFIED,), (Fact.SURVEYS_TAKEN_PART,)
    ),
    Indicator.SMS_RESPONSE_RATE: Definition((Fact.SURVEYS_TAKEN_PART,), (Fact.SURVEYS_SENT,)),
    Indicator.COMPLAINT_RATE: Definition(
        (Fact.COMPLAINTS_OUT,), (Fact.CONNECTED_OUT,), Unit.PER_THOUSAND
    ),
    Indicator.ATTITUDE_COMPLAINT_RATE: Definition(
        (Fact.COMPLAINTS_ATTITUDE,), (Fact.ATTEMPTS_OUT, Fact.OFFERED_IN), Unit.PER_THOUSAND
    ),
    Indicator.ATTITUDE_COMPLAINT_RATE_CONNECTED: Definition(
        (Fact.COMPLAINTS_ATTITUDE,), (Fact.CONNECTED_OUT, Fact.CONNECTED_IN), Unit.PER_THOUSAND
    ),
    Indicator.SELF_ASSESSMENT_GAP: Definition(
        (Fact.SELF_GAP_BP,), (Fact.SELF_GAP_BP,), Unit.BASIS_POINTS, over_count=True
    ),
    Indicator.SELF_ASSESSMENT_ABS_GAP: Definition(
        (Fact.SELF_ABS_GAP_BP,), (Fact.SELF_ABS_GAP_BP,), Unit.BASIS_POINTS, over_count=True
    ),
    Indicator.SELF_ASSESSMENT_RESPONSE: Definition(
        (Fact.SELF_ASSESSED,), (Fact.SELF_ASSESSED,), over_count=True
    ),
    Indicator.RECORDING_COVERAGE: Definition(
        (Fact.RECORDED,), (Fact.CONNECTED_OUT, Fact.CONNECTED_IN)
    ),
}

AIMED_AT: Mapping[Indicator, bool] = {
    Indicator.QA_EXCELLENCE_RATE: True,
    Indicator.MONITORING_PASS_RATE: True,
    Indicator.SMS_SATISFACTION_RATE: True,
    Indicator.SMS_RESPONSE_RATE: True,
    Indicator.COMPLAINT_RATE: False,
    Indicator.ATTITUDE_COMPLAINT_RATE: False,
    Indicator.SELF_ASSESSMENT_ABS_GAP: False,
    Indicator.SELF_ASSESSMENT_RESPONSE: True,
}
"""Indicators that may have a target, and whether more is better."""

_WITH_DIRECTED: Mapping[Fact, Fact] = {
    Fact.REVIEWED: Fact.REVIEWED_DIRECTED,
    Fact.EXCELLENT: Fact.EXCELLENT_DIRECTED,
    Fact.PASSED: Fact.PASSED_DIRECTED,
}


def evaluate(indicator: Indicator, sums: Sums, *, directed: bool = False) -> Ratio:
    """Return an indicator's numerator and denominator; ``directed`` adds directed reviews."""
    definition = DEFINITIONS[indicator]
    return Ratio(
        sum(_sum(fact, sums, directed=directed).total for fact in definition.numerator),
        sum(
            _sum(fact, sums, directed=directed).count
            if definition.over_count
            else _sum(fact, sums, directed=directed).total
            for fact in definition.denominator
        ),
    )


def _sum(fact: Fact, sums: Sums, *, directed: bool) -> FactSum:
    own = sums.get(fact, NOTHING)
    if directed and fact in _WITH_DIRECTED:
        return own + sums.get(_WITH_DIRECTED[fact], NOTHING)
    return own


def add_up(rows: Iterable[tuple[Fact, int, int]]) -> dict[Fact, FactSum]:
    """Add rows of (fact, total, count) up per fact."""
    sums: dict[Fact, FactSum] = {}
    for fact, total, count in rows:
        sums[fact] = sums.get(fact, NOTHING) + FactSum(total, count)
    return sums


def satisfaction_bounds(sums: Sums) -> Interval | None:
    """Return satisfied / asked if all silent customers had been dissatisfied, or satisfied."""
    asked = sums.get(Fact.SURVEYS_SENT, NOTHING).total
    answered = sums.get(Fact.SURVEYS_TAKEN_PART, NOTHING).total
    satisfied = sums.get(Fact.SURVEYS_SATISFIED, NOTHING).total
    if not asked:
        return None
    return Interval(satisfied / asked, (satisfied + asked - answered) / asked)


def gap_bp(earned: int, attainable: int, other_earned: int, other_attainable: int) -> int | None:
    """Return score % minus the other's score %, in basis points, rounded half away from zero.

    Null where either had nothing attainable, hence no score.
    """
    if not attainable or not other_attainable:
        return None
    gap = 10_000 * (Fraction(earned, attainable) - Fraction(other_earned, other_attainable))
    return round_half_away(gap)


def round_half_away(value: Fraction) -> int:
    """Round to the nearest integer, halves away from zero, alike for both signs."""
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return size if value >= 0 else -size


class Measure(StrEnum):
    """What is estimated of a reviewed leg: a rate (0 or 1), or the score in basis points."""

    EXCELLENT = "excellent"
    PASSED = "passed"
    SCORE_BP = "score_bp"

    @property
    def is_rate(self) -> bool:
        """Tell whether the measure is 0 or 1 per leg."""
        return self is not Measure.SCORE_BP


def measure_values(
    earned: int, attainable: int, *, excellent: bool | None, passed: bool | None
) -> dict[Measure, int]:
    """Return every measure of one result; empty where nothing was attainable, hence no score."""
    if not attainable or excellent is None or passed is None:
        return {}
    return {
        Measure.EXCELLENT: int(excellent),
        Measure.PASSED: int(passed),
        Measure.SCORE_BP: round_half_away(Fraction(10_000 * earned, attainable)),
    }


def groups_shown(sizes: Mapping[int | None, int]) -> set[int]:
    """Return which groups' figures may stand beside the total, from their numbers of people.

    Small groups are left out. Where all that is left out is itself a small group, its figures
    would be the total less what is shown: then the smallest shown groups go too. The group ``None``
    (people without one) is never shown.
    """
    shown = {key for key, size in sizes.items() if key is not None and size >= GROUP_OF_PEOPLE}
    hidden = sum(size for key, size in sizes.items() if key not in shown)
    while shown and 0 < hidden < GROUP_OF_PEOPLE:
        smallest = min(shown, key=lambda key: (sizes[key], key))
        shown.remove(smallest)
        hidden += sizes[smallest]
    return shown
