"""What changed after a talk, beyond what chance alone would bring; and the list of causes.

Agents are coached after a bad stretch, and after a bad stretch things get better by themselves:
part of it was chance. How much is known from the variances of all agents. With a true mean of each
agent that varies by ``between`` (σ_b²) around the common mean μ, and reviews of one agent by
``within`` (σ_w²), the mean of n reviews has reliability ρ = σ_b² / (σ_b² + σ_w² / n), and what is
to be expected later of somebody whose mean was x̄ is μ + ρ (x̄ - μ) (Kelley's regressed score; the
rebound (1 - ρ)(μ - x̄) is regression to the mean). Sources: T. L. Kelley, Fundamentals of
Statistics (1947); C. E. Davis, Am. J. Epidemiol. 104 (1976), 493-498; A. G. Barnett, J. C. van der
Pols, A. J. Dobson, Int. J. Epidemiol. 34 (2005), 215-220. Variances by analysis of variance for
unequal groups: S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992), chapter 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import sqrt
from statistics import NormalDist

FEW = 10
"""Under this many effective reviews only counts are told."""

GROUP_OF_PEOPLE = 5
"""No figure about a group of fewer people than this is told."""

WINDOW = timedelta(days=91)
"""How far before and after a talk reviews are looked at."""

ALIKE = 5.0
"""Agents within so many percentage points before the talk are called similar."""

LEVEL = 0.95


@dataclass(frozen=True)
class Cause:
    """An entry of the list of causes: a code that is kept, and its text by locale."""

    code: str
    text: dict[str, str]


DEFAULT_CAUSES = tuple(
    Cause(code, {"en": english, "zh_Hans": chinese})
    for code, english, chinese in (
        ("product", "Knowledge of product or rules", "产品或规则知识"),
        ("needs", "Listening and asking", "倾听与提问"),
        ("structure", "Order of the conversation", "通话流程与条理"),
        ("tone", "Tone and wording", "语气与用语"),
        ("system", "System or tools", "系统或工具"),
        ("process", "Process or script", "流程或话术"),
        ("customer", "An unusually difficult call", "通话本身特别困难"),
        ("load", "Workload or a bad day", "工作负荷或状态不佳"),
        ("scorecard", "The scorecard does not fit this call", "评分表不适合这通电话"),
        ("other", "Something else", "其他"),
    )
)
"""What a site uses until it makes a list of its own: half of it is nobody's skill."""


def asks_for_cause(*, passed: bool | None, failed_critical: Sequence[str]) -> bool:
    """Tell whether a review asks for a cause: below the pass line, or a critical item not met."""
    return passed is False or bool(failed_critical)


@dataclass(frozen=True)
class Result:
    """A review of an ordinary drawn call: score in percent, and the calls it stands for."""

    agent_id: int
    day: date
    score: float
    weight: float


@dataclass(frozen=True)
class Mean:
    """A design-weighted mean in percent, the number of reviews, and what they are worth.

    ``effective`` is (Σw)² / Σw² (Kish). ``value`` is null without a review.
    """

    value: float | None
    count: int
    effective: float


def mean_of(results: Sequence[Result]) -> Mean:
    """Return the weighted mean of results."""
    total = sum(result.weight for result in results)
    if not total:
        return Mean(None, 0, 0.0)
    value = sum(result.weight * result.score for result in results) / total
    squares = sum(result.weight * result.weight for result in results)
    return Mean(value, len(results), total * total / squares)


@dataclass(frozen=True)
class Components:
    """The common mean, and the variances between and within agents, in squared percent."""

    mean: float
    between: float
    within: float
    people: int


def components(groups: Sequence[Sequence[float]]) -> Components | None:
    """Estimate variance components from each agent's scores; null where they cannot be told.

    Needs two agents with reviews, one of them with two. A negative estimate between is 0.
    """
    told = [group for group in groups if group]
    n = sum(len(group) for group in told)
    a = len(told)
    if a < 2 or n <= a:  # noqa: PLR2004 - nothing varies between one
        return None
    means = [sum(group) / len(group) for group in told]
    grand = sum(sum(group) for group in told) / n
    between_squares = sum(
        len(group) * (own - grand) ** 2 for group, own in zip(told, means, strict=True)
    )
    within_squares = sum(
        (score - own) ** 2 for group, own in zip(told, means, strict=True) for score in group
    )
    within = within_squares / (n - a)
    size = (n - sum(len(group) ** 2 for group in told) / n) / (a - 1)
    between = max(0.0, (between_squares / (a - 1) - within) / size)
    return Components(grand, between, within, a)


def reliability(spread: Components, n: float) -> float:
    """Return the share of what differs between agents' means of n reviews that is no chance."""
    total = spread.between + spread.within / n
    return spread.between / total if total else 0.0


def expected_after(spread: Components, before: float, n: float) -> float:
    """Return the mean to be expected later of somebody whose mean of n reviews was ``before``."""
    return spread.mean + reliability(spread, n) * (before - spread.mean)


def margin_after(spread: Components, n_before: float, n_after: float) -> float:
    """Return how far the later mean of n_after reviews may lie from the expected one, by chance.

    Percentage points, to either side, in 95 of 100 cases.
    """
    left = spread.between * (1 - reliability(spread, n_before))
    variance = left + spread.within / n_after
    return NormalDist().inv_cdf((1 + LEVEL) / 2) * sqrt(variance)


class Finding(StrEnum):
    """What may be said of a change."""

    TOO_FEW = "too_few"
    UNKNOWN = "unknown"
    AS_EXPECTED = "as_expected"
    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True)
class Change:
    """Before and after a talk, and what would have been expected without it. Percent, points.

    ``expected`` and ``margin`` are null while the finding is ``too_few`` or ``unknown``.
    """

    before: Mean
    after: Mean
    expected: float | None
    margin: float | None
    finding: Finding

    @property
    def moved(self) -> float | None:
        """Percentage points from before to after; null where too few reviews carry it."""
        if self.finding is Finding.TOO_FEW or self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value

    @property
    def rebound(self) -> float | None:
        """Percentage points to be expected without any coaching."""
        if self.expected is None or self.before.value is None:
            return None
        return self.expected - self.before.value

    @property
    def beyond(self) -> float | None:
        """Percentage points more, or less, than expected."""
        if self.expected is None or self.after.value is None:
            return None
        return self.after.value - self.expected


def change(before: Mean, after: Mean, spread: Components | None) -> Change:
    """Judge a change against what chance alone would bring."""
    enough = before.effective >= FEW and after.effective >= FEW
    if not enough or before.value is None or after.value is None:
        return Change(before, after, None, None, Finding.TOO_FEW)
    if spread is None:
        return Change(before, after, None, None, Finding.UNKNOWN)
    expected = expected_after(spread, before.value, before.effective)
    margin = margin_after(spread, before.effective, after.effective)
    beyond = after.value - expected
    finding = Finding.AS_EXPECTED
    if abs(beyond) > margin:
        finding = Finding.HIGHER if beyond > 0 else Finding.LOWER
    return Change(before, after, expected, margin, finding)


def similar_change(own: Mean, others: Sequence[tuple[Mean, Mean]]) -> tuple[int, float] | None:
    """Return how many similar people without coaching there are, and how their means moved.

    ``others`` are (before, after). Null for fewer than five: then there is no figure about them.
    """
    if own.value is None:
        return None
    moved = [
        after.value - before.value
        for before, after in others
        if before.value is not None
        and after.value is not None
        and min(before.effective, after.effective) >= FEW
        and abs(before.value - own.value) <= ALIKE
    ]
    if len(moved) < GROUP_OF_PEOPLE:
        return None
    return len(moved), sum(moved) / len(moved)
