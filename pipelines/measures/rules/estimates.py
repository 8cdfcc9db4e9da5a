"""What reviewed calls say about all recorded calls: weighted estimates from stratified draws.

Inside a stratum h of N calls, r of the drawn calls are resolved: reviewed, or found ineligible.
Each resolved call i carries x_i, its reviewed legs inside the domain asked about (0 when it lies
outside, or is ineligible), and y_i, the sum of the measure over them. The estimate is the ratio
R = Σ N ȳ / Σ N x̄ (Hájek), which is the stratified mean where every call has one leg inside; calls
not reviewed raise the weight of the others in their stratum. Its variance is that of the
residuals e = y - R x: Σ N² (1 - r/N) s_e² / r, divided by (Σ N x̄)². A call is one unit, so its
legs are one cluster. Source: W. G. Cochran, Sampling Techniques (3rd ed.), sections 5A and 6.

Everything needed of a stratum is a handful of sums, so rows may come in any order and be added up
anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipelines.measures.rules.intervals import Interval, normal, wilson

CLOSED_ENOUGH = 0.9
FEW = 10


class Note(StrEnum):
    """What a reader must know about an estimate."""

    NO_DATA = "no_data"
    COMPLETE = "complete"
    PROVISIONAL = "provisional"
    JOINED = "joined"
    LEFT_OUT = "left_out"
    TOO_FEW = "too_few"
    VARIANCE_UNKNOWN = "variance_unknown"


@dataclass(frozen=True)
class StratumSums:
    """The sums of one stratum for one domain and measure.

    ``draw`` and ``key`` name it; ``frame`` is N (calls), ``drawn`` the calls drawn, of which
    ``drawn_inside`` touch the domain. Over resolved calls: ``resolved`` = r, ``calls`` those with
    legs inside, ``x``, ``y`` and the sums of their squares and products. ``open_calls`` are drawn
    and not yet closed, with ``open_x`` legs inside.
    """

    draw: str
    key: str
    frame: int
    drawn: int
    drawn_inside: int
    resolved: int
    calls: int
    x: int
    y: int
    xx: int
    xy: int
    yy: int
    open_calls: int = 0
    open_x: int = 0

    @property
    def weight(self) -> float:
        """How many calls of the frame a resolved call stands for."""
        return self.frame / self.resolved

    def residual_variance(self, ratio: float) -> float:
        """Return s² of e = y - ratio·x over resolved calls, with r - 1; needs r of at least 2."""
        squares = self.yy - 2 * ratio * self.xy + ratio * ratio * self.xx
        total = self.y - ratio * self.x
        return max(0.0, squares - total * total / self.resolved) / (self.resolved - 1)


@dataclass(frozen=True)
class Estimate:
    """A figure for all recorded calls, with everything that must be shown beside it.

    ``value``, ``interval``, ``worst_case`` and ``best_case`` are in the unit of the measure (a
    rate 0 to 1, or basis points); null where nothing may be said. ``numerator`` / ``denominator``
    is the plain figure over reviewed legs. ``population`` is N in calls, exact or estimated.
    ``left_out`` is the share of the frame in strata without any review, named in
    ``left_out_strata``; ``joined`` names strata whose spread was taken with their neighbour's.
    """

    value: float | None
    interval: Interval | None
    numerator: int
    denominator: int
    calls: int
    population: int
    population_exact: bool
    effective_n: float | None
    closed: float
    worst_case: float | None
    best_case: float | None
    left_out: float
    left_out_strata: tuple[str, ...]
    joined: tuple[str, ...]
    notes: tuple[Note, ...]


def estimate(strata: Sequence[StratumSums], *, is_rate: bool = True) -> Estimate:
    """Estimate the mean of a measure over all recorded calls of a domain.

    ``strata`` stand in the order fixed before the draw. ``is_rate`` says that the measure is 0 or
    1 per leg: then the interval is Wilson's at the effective sample size, else normal.
    """
    touched = [s for s in strata if s.drawn_inside]
    heard = [s for s in touched if s.resolved]
    numerator = sum(s.y for s in heard)
    denominator = sum(s.x for s in heard)
    drawn = sum(s.drawn for s in touched)
    closed = 1 - sum(s.open_calls for s in touched) / drawn if drawn else 0.0
    provisional = any(s.open_calls > (1 - CLOSED_ENOUGH) * s.drawn for s in touched)
    silent = [s for s in touched if not s.resolved]
    inside = {id(s): s.frame * s.drawn_inside / s.drawn for s in touched}
    whole = sum(inside.values())
    left_out = sum(inside[id(s)] for s in silent) / whole if whole else 0.0
    notes = [Note.PROVISIONAL] if provisional else []
    if silent:
        notes.append(Note.LEFT_OUT)
    worst, best = _extremes(touched) if provisional and is_rate else (None, None)
    result = Estimate(
        value=None,
        interval=None,
        numerator=numerator,
        denominator=denominator,
        calls=sum(s.calls for s in heard),
        population=round(sum(s.weight * s.calls for s in heard)),
        population_exact=all(s.calls == s.resolved for s in heard),
        effective_n=None,
        closed=closed,
        worst_case=worst,
        best_case=best,
        left_out=left_out,
        left_out_strata=tuple(s.key for s in silent),
        joined=(),
        notes=tuple(notes),
    )
    if not denominator:
        return replace(result, notes=(Note.NO_DATA, *result.notes))
    if not silent and all(s.resolved == s.frame for s in heard):
        ratio = numerator / denominator
        return replace(result, value=ratio, notes=(*result.notes, Note.COMPLETE))
    return _with_interval(result, heard, is_rate=is_rate)


def _with_interval(result: Estimate, heard: list[StratumSums], *, is_rate: bool) -> Estimate:
    total_x = sum(s.weight * s.x for s in heard)
    ratio = sum(s.weight * s.y for s in heard) / total_x
    variance, joined, known = _variance(heard, ratio)
    variance /= total_x * total_x
    effective = _effective(result, heard, ratio, variance if known else 0.0, is_rate=is_rate)
    notes = list(result.notes)
    if joined:
        notes.append(Note.JOINED)
    if not known:
        notes.append(Note.VARIANCE_UNKNOWN)
    result = replace(result, effective_n=effective, joined=joined)
    if effective < FEW:
        # Counts alone: so few reviews carry no verdict on a person or a group.
        notes.append(Note.TOO_FEW)
        return replace(result, worst_case=None, best_case=None, notes=tuple(notes))
    interval = None
    if is_rate:
        interval = wilson(min(1.0, max(0.0, ratio)), effective)
    elif known:
        interval = normal(ratio, variance**0.5)
    return replace(result, value=ratio, interval=interval, notes=tuple(notes))


def _variance(heard: list[StratumSums], ratio: float) -> tuple[float, tuple[str, ...], bool]:
    variance = 0.0
    joined = []
    known = True
    for place, stratum in enumerate(heard):
        if stratum.resolved == stratum.frame:
            continue
        spread_of = stratum
        if stratum.resolved == 1:
            neighbour = _neighbour(heard, place)
            if neighbour is None:
                known = False
                continue
            spread_of = _together(stratum, neighbour)
            joined.append(stratum.key)
        # The neighbour lends its spread only: size and number of reviews stay the stratum's own.
        variance += (
            stratum.frame
            * (stratum.frame - stratum.resolved)
            * spread_of.residual_variance(ratio)
            / stratum.resolved
        )
    return variance, tuple(joined), known


def _neighbour(heard: list[StratumSums], place: int) -> StratumSums | None:
    own = heard[place].draw
    after = [s for s in heard[place + 1 :] if s.draw == own]
    before = [s for s in heard[:place] if s.draw == own]
    if after:
        return after[0]
    return before[-1] if before else None


def _together(one: StratumSums, other: StratumSums) -> StratumSums:
    return replace(
        one,
        resolved=one.resolved + other.resolved,
        x=one.x + other.x,
        y=one.y + other.y,
        xx=one.xx + other.xx,
        xy=one.xy + other.xy,
        yy=one.yy + other.yy,
    )


def _effective(
    result: Estimate, heard: list[StratumSums], ratio: float, variance: float, *, is_rate: bool
) -> float:
    """Return n*: the size of a simple random sample that would say as much."""
    weights = sum(s.weight * s.x for s in heard)
    kish = weights * weights / sum(s.weight * s.weight * s.x for s in heard)
    if not is_rate:
        return kish
    if variance <= 0 or not 0 < ratio < 1:
        return kish
    population = sum(s.weight * s.calls for s in heard)
    share_left = 1 - result.calls / population
    # Near 0 and 1 the estimated variance is too small by chance: no sample says more than a
    # simple one of the same size with its finite population correction.
    cap = result.calls / share_left if share_left > 0 else float("inf")
    return min(ratio * (1 - ratio) / variance, cap)


def _extremes(touched: list[StratumSums]) -> tuple[float | None, float | None]:
    """Return the estimate if every open leg earned nothing, and if every one earned it."""
    full = [
        replace(s, resolved=s.resolved + s.open_calls, x=s.x + s.open_x)
        for s in touched
        if s.resolved + s.open_calls
    ]
    total = sum(s.weight * s.x for s in full)
    if not total:
        return None, None
    worst = sum(s.weight * s.y for s in full) / total
    best = sum(s.weight * (s.y + s.open_x) for s in full) / total
    return worst, best
