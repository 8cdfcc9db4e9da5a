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
RESAMPLES = 1_000
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
    # In parts, since a measure may need a square array of all values for each resample.
    parts = np.array_split(resamples(units, seed), RESAMPLES // 100)
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
    K. Krippendorff, Content Analysis, 2nd ed. (2004), chapter 11; the ordinal distance is taken
    from the resample's own frequencies, as the definition has it.
    """
    known = np.unique(ratings[~np.isnan(ratings)])
    counts = counts_of(ratings)
    raters = counts.sum(axis=1)
    pairable = raters > 1
    counts = np.where(pairable[:, None], counts, 0.0)
    diagonal = counts[:, :, None] * np.eye(len(known))
    pairs = counts[:, :, None] * counts[:, None, :] - diagonal
    coincidences = pairs / np.where(pairable, raters - 1, 1.0)[:, None, None]

    def of(weights: Floats) -> Floats:
        observed = np.tensordot(weights, coincidences, axes=1)
        totals = observed.sum(axis=2)
        apart = _apart(known, totals, metric)
        n: Floats = totals.sum(axis=1)
        seen = (observed * apart).sum(axis=(1, 2))
        expected = (totals[:, :, None] * totals[:, None, :] * apart).sum(axis=(1, 2))
        return 1 - (n - 1) * _ratio(seen, expected)

    return of


def _apart(known: Floats, totals: Floats, metric: Metric) -> Floats:
    """Return the squared distance of every two values, per resample where it hangs on it."""
    if metric is Metric.NOMINAL:
        return (1 - np.eye(len(known)))[None]
    if metric is Metric.INTERVAL:
        return cast("Floats", (np.subtract.outer(known, known) ** 2)[None])
    middle = np.cumsum(totals, axis=1) - totals / 2
    return (middle[:, :, None] - middle[:, None, :]) ** 2
