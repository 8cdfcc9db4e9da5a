"""How far raters agree: shares, kappas, Krippendorff's alpha; with bootstrap intervals over units.

Ratings are a float array of shape (units, raters); NaN where a rater did not rate a unit. Nominal
categories are any numbers; levels and points are numbers in their order. Every measure that
resamples takes *weights*, an array of shape (resamples, units) that says how often each unit is in
each resample (`resamples` makes it); a single row of ones gives the measure itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
_ROUNDING = 1e-9
RESAMPLES = 1_000
RESAMPLES_OF_MANY, MANY = 200, 200
"""Over many units the interval is narrow, and fewer resamples find it well enough."""

MOST_UNDEFINED = 0.1
"""Above this share of resamples without a value there is no interval."""

FEWEST_UNITS = 3
"""Below this many units an interval over units says nothing."""


class Metric(StrEnum):
    """How far two ratings lie apart: by being different, by rank, or by their numbers."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


class Scheme(StrEnum):
    """How much a disagreement between two levels weighs: by its distance, or by its square."""

    LINEAR = "linear"
    QUADRATIC = "quadratic"


@dataclass(frozen=True)
class Measured:
    """A measure with its interval; null where it is not defined, such as where nothing varied."""

    value: float | None
    low: float | None = None
    high: float | None = None


def resamples(units: int, seed: int, count: int = RESAMPLES) -> Floats:
    """Return how often each unit is drawn, with replacement: shape (count, units), rows sum to it.

    ``seed`` is the caller's, so that the same data always show the same interval.
    """
    generator = np.random.default_rng(seed)
    return generator.multinomial(units, np.full(units, 1 / units), size=count).astype(float)


def measured(units: int, seed: int, measure: Callable[[Floats], Floats]) -> Measured:
    """Return a measure and its percentile interval; ``measure`` maps weights to values."""
    if not units:
        return Measured(None)
    (value,) = measure(np.ones((1, units)))
    if np.isnan(value):
        return Measured(None)
    if units < FEWEST_UNITS:
        return Measured(float(value))
    count = RESAMPLES if units <= MANY else RESAMPLES_OF_MANY
    # In parts, since a measure may need a square array of all levels for each resample.
    parts = np.array_split(resamples(units, seed, count), count // 100)
    low, high = interval_of(np.concatenate([measure(part) for part in parts]))
    return Measured(float(value), low, high)


def interval_of(values: Floats) -> tuple[float | None, float | None]:
    """Return the percentile interval of resampled values, none where too many are undefined."""
    defined = values[~np.isnan(values)]
    if len(defined) < (1 - MOST_UNDEFINED) * len(values):
        return None, None
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def _ratio(above: Floats, below: Floats) -> Floats:
    """Divide, with NaN where there is nothing to divide by."""
    out = np.full(below.shape, np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def shares(ratings: Floats, reach: float | None = None) -> Callable[[Floats], Floats]:
    """Return the share of pairs of ratings of one unit that agree, as a function of weights.

    They agree when they are equal, or with ``reach`` when they lie at most that far apart.
    """
    first, second = (np.array(side, dtype=int) for side in _pairs(ratings.shape[1]))
    apart = np.abs(ratings[:, first] - ratings[:, second])
    there = ~np.isnan(apart)
    near = (there & (np.nan_to_num(apart) <= (reach or 0.0))).sum(axis=1).astype(float)
    all_pairs = there.sum(axis=1).astype(float)
    return lambda weights: _ratio(weights @ near, weights @ all_pairs)


def _pairs(raters: int) -> tuple[Sequence[int], Sequence[int]]:
    both = list(combinations(range(raters), 2))
    return [one for one, _ in both], [other for _, other in both]


def distances(levels: int, scheme: Scheme | None) -> Floats:
    """Return the weights of disagreement between ``levels``; without a scheme all weigh the same.

    For ``weighted_kappa``, which takes any other square array with a zero diagonal as well.
    """
    apart = np.abs(np.subtract.outer(np.arange(levels), np.arange(levels))).astype(float)
    if scheme is None:
        return (apart > 0).astype(float)
    return apart if scheme is Scheme.LINEAR else apart**2


def weighted_kappa(table: Floats, weights: Floats) -> float | None:
    """Return Cohen's weighted kappa of two raters; null where chance alone leaves no disagreement.

    ``table`` counts units (or shares of them) by the first rater's level (row) and the second's;
    ``weights`` say how much each disagreement weighs, 0 on the diagonal. Unweighted kappa is that
    with 1 everywhere else. Source: J. Cohen, Psychological Bulletin 70 (1968), 213-220.
    """
    total = table.sum()
    if not total:
        return None
    by_chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    expected = float((weights * by_chance).sum())
    return 1 - float((weights * table).sum()) / expected if expected else None


def pair_kappas(
    ratings: Floats, scheme: Scheme | None, positions: int | None = None
) -> dict[tuple[int, int], float]:
    """Return the kappa of each pair of raters where it is defined, by their columns.

    Levels are 0 … ``positions`` - 1 where the scale is known; else the ratings that occur, in
    order, are the levels.
    """
    if positions is None:
        known = np.unique(ratings[~np.isnan(ratings)])
        codes = np.where(np.isnan(ratings), -1, np.searchsorted(known, np.nan_to_num(ratings)))
        positions = len(known)
    else:
        codes = np.where(np.isnan(ratings), -1, np.nan_to_num(ratings))
    codes = codes.astype(int)
    weights = distances(positions, scheme)
    found = {}
    for one, other in combinations(range(ratings.shape[1]), 2):
        both = (codes[:, one] >= 0) & (codes[:, other] >= 0)
        table = np.zeros((positions, positions))
        np.add.at(table, (codes[both, one], codes[both, other]), 1)
        kappa = weighted_kappa(table, weights)
        if kappa is not None:
            found[one, other] = kappa
    return found


def counts_of(ratings: Floats) -> Floats:
    """Return how many raters gave each unit each category that occurs: (units, categories)."""
    known = np.unique(ratings[~np.isnan(ratings)])
    return cast("Floats", (ratings[:, :, None] == known).sum(axis=1).astype(float))


def fleiss_kappa(counts: Floats) -> float | None:
    """Return Fleiss' kappa; null where raters per unit differ or only one category occurs.

    ``counts`` is as `counts_of` gives it. Source: J. L. Fleiss, Psychological Bulletin 76 (1971),
    378-382.
    """
    raters = counts.sum(axis=1)
    if not len(counts) or np.ptp(raters) or raters[0] < 2:  # noqa: PLR2004 - a pair
        return None
    n = raters[0]
    observed = float(((counts**2).sum(axis=1) - n).mean() / (n * (n - 1)))
    expected = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return (observed - expected) / (1 - expected) if expected < 1 else None


def alpha(ratings: Floats, metric: Metric) -> Callable[[Floats], Floats]:
    """Return Krippendorff's alpha, for any number of raters and missing ratings, of weights.

    NaN where all ratings are the same, since nothing tells agreement from chance then. Source:
    K. Krippendorff, Content Analysis, 2nd ed. (2004), chapter 11. With the squared distances of
    values d, alpha is 1 - (n - 1) S / E, where S sums d over the ordered pairs of each unit, each
    pair weighing 1 / (raters of the unit - 1), E sums d over all ordered pairs of the n ratings
    that have a partner.
    """
    known = np.unique(ratings[~np.isnan(ratings)])
    counts = counts_of(ratings)
    raters = counts.sum(axis=1)
    pairable = raters > 1
    counts = np.where(pairable[:, None], counts, 0.0)
    size, partners = counts.sum(axis=1), np.where(pairable, raters - 1, 1.0)
    if metric is Metric.ORDINAL:
        seen_and_expected = _by_rank(counts, partners)
    elif metric is Metric.NOMINAL:
        seen_and_expected = _by_category(counts, partners)
    else:
        seen_and_expected = _by_number(counts, known, partners)

    def of(weights: Floats) -> Floats:
        seen, expected = seen_and_expected(weights)
        n: Floats = weights @ size
        return 1 - (n - 1) * _ratio(seen, expected)

    return of


_SeenAndExpected = Callable[[Floats], tuple[Floats, Floats]]


def _by_category(counts: Floats, partners: Floats) -> _SeenAndExpected:
    """Count pairs that differ."""
    apart = (counts.sum(axis=1) ** 2 - (counts**2).sum(axis=1)) / partners

    def of(weights: Floats) -> tuple[Floats, Floats]:
        totals = weights @ counts
        return weights @ apart, totals.sum(axis=1) ** 2 - (totals**2).sum(axis=1)

    return of


def _by_number(counts: Floats, known: Floats, partners: Floats) -> _SeenAndExpected:
    """Sum squared differences; by moments, since there may be many values."""
    centred = known - known.mean() if len(known) else known
    size, first, second = counts.sum(axis=1), counts @ centred, counts @ centred**2
    apart = 2 * (size * second - first**2) / partners

    def of(weights: Floats) -> tuple[Floats, Floats]:
        n, total, squares = (weights @ moment for moment in (size, first, second))
        expected = 2 * (n * squares - total**2)
        # Where a resample holds one value only, rounding must not pass for a difference.
        return weights @ apart, np.where(expected > _ROUNDING * n * squares, expected, 0.0)

    return of


def _by_rank(counts: Floats, partners: Floats) -> _SeenAndExpected:
    """Sum squared differences of rank; ranks come from the resample's own frequencies."""
    levels = counts.shape[1]
    diagonal = counts[:, :, None] * np.eye(levels)
    pairs = counts[:, :, None] * counts[:, None, :] - diagonal
    coincidences = pairs / partners[:, None, None]

    def of(weights: Floats) -> tuple[Floats, Floats]:
        totals = weights @ counts
        middle = np.cumsum(totals, axis=1) - totals / 2
        apart = (middle[:, :, None] - middle[:, None, :]) ** 2
        observed = np.tensordot(weights, coincidences, axes=1)
        seen = (observed * apart).sum(axis=(1, 2))
        return seen, (totals[:, :, None] * totals[:, None, :] * apart).sum(axis=(1, 2))

    return of
