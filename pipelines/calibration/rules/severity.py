"""How strict reviewers are on the same calls, and how much of a score is the call's own.

The model is score = call + reviewer + rest, over calls with at least two scores. Scores are an
array of shape (calls, reviewers) with NaN where a reviewer did not score a call. All that is
computed are sums over calls, so that resampling calls only weighs them (see `agreement`).
"""

from dataclasses import dataclass

import numpy as np

from pipelines.calibration.rules.agreement import (
    FEWEST_UNITS,
    Floats,
    Measured,
    interval_of,
    resamples,
)

_TINY = 1e-9
RESAMPLES = 400


@dataclass(frozen=True)
class Effect:
    """How much more (or, below 0, less) a reviewer gives than the others on the same calls.

    ``group`` numbers the reviewers who can be compared: those linked by calls in common, directly
    or through others. ``group_size`` is how many they are; alone there is no effect. ``calls`` is
    how many calls the reviewer shares with anybody.
    """

    group: int
    group_size: int
    calls: int
    effect: Measured


@dataclass(frozen=True)
class Reliability:
    """How much of the differences between scores is due to the calls themselves.

    ``complete``: all rated all, and ``share`` is ICC(2,1). Else it is the calls' share of the
    variance components ``call``, ``reviewer`` and ``rest`` (in squared units of the scores, 0
    where the estimate is below it).
    """

    complete: bool
    share: Measured
    call: float | None
    reviewer: float | None
    rest: float | None


@dataclass(frozen=True)
class _Sums:
    """What the model needs of each call: its Gram matrix, right side, sizes and sums of squares."""

    gram: Floats
    right: Floats
    there: Floats
    scores: Floats
    within: Floats


def _sums(scores: Floats) -> _Sums:
    there = ~np.isnan(scores)
    there &= (there.sum(axis=1) > 1)[:, None]
    seen = there.astype(float)
    sizes = np.maximum(seen.sum(axis=1), 1)
    given = np.where(there, scores, 0.0)
    apart = np.where(there, given - (given.sum(axis=1) / sizes)[:, None], 0.0)
    diagonal = seen[:, :, None] * np.eye(scores.shape[1])
    gram = diagonal - seen[:, :, None] * seen[:, None, :] / sizes[:, None, None]
    return _Sums(gram, apart, seen, given, (apart**2).sum(axis=1))


def _solved(sums: _Sums, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return effects (resamples, reviewers), the sum of squares they explain, and the rank.

    The solution of least length sums to zero within each group of linked reviewers.
    """
    gram = np.tensordot(weights, sums.gram, axes=1)
    right = weights @ sums.right
    values, vectors = np.linalg.eigh(gram)
    kept = values > _TINY * np.maximum(values[:, -1:], 1)
    inverse = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
    along = np.einsum("brk,br->bk", vectors, right) * inverse
    effects = np.einsum("brk,bk->br", vectors, along)
    return effects, (effects * right).sum(axis=1), kept.sum(axis=1).astype(float)


def groups(scores: Floats) -> list[int]:
    """Return which group of comparable reviewers each column is in, numbered from the left."""
    there = ~np.isnan(scores)
    linked = (there.astype(int).T @ there.astype(int)) > 0
    found = [-1] * scores.shape[1]
    for start in range(scores.shape[1]):
        if found[start] >= 0:
            continue
        waiting, number = [start], max(found) + 1
        while waiting:
            here = waiting.pop()
            if found[here] < 0:
                found[here] = number
                waiting.extend(int(other) for other in np.flatnonzero(linked[here]))
    return found


def severity(scores: Floats, seed: int) -> list[Effect]:
    """Return each reviewer's effect by least squares, in the scores' unit, with its interval.

    Effects sum to zero within a group; those of different groups are not comparable. A resample
    that cuts a group apart gives no value.
    """
    calls, reviewers = scores.shape
    group = groups(scores)
    sizes = {number: group.count(number) for number in group}
    sums = _sums(scores)
    effects, _, rank = _solved(sums, np.ones((1, calls)))
    shared = sums.there.sum(axis=0)
    intervals: list[tuple[float | None, float | None]] = [(None, None)] * reviewers
    if np.count_nonzero(sums.there.sum(axis=1)) >= FEWEST_UNITS:
        drawn, _, ranks = _solved(sums, resamples(calls, seed, RESAMPLES))
        drawn = np.where((ranks == rank[0])[:, None], drawn, np.nan)
        intervals = [interval_of(drawn[:, column]) for column in range(reviewers)]
    return [
        Effect(
            group=group[column],
            group_size=sizes[group[column]],
            calls=int(shared[column]),
            effect=Measured(float(effects[0, column]), *intervals[column])
            if sizes[group[column]] > 1
            else Measured(None),
        )
        for column in range(reviewers)
    ]


def reliability(scores: Floats, seed: int) -> Reliability:
    """Return the calls' share of the variance, by Henderson's third method, with its interval.

    Where all rated all this is ICC(2,1) of P. E. Shrout and J. L. Fleiss, Psychological Bulletin
    86 (1979), 420-428: the components are then those of the analysis of variance. Source of the
    method: C. R. Henderson, Biometrics 9 (1953), 226-252.
    """
    raters = ~np.isnan(scores)
    scores = scores[raters.sum(axis=1) > 1]
    scores = scores[:, (~np.isnan(scores)).any(axis=0)]
    calls = len(scores)
    complete = bool(calls) and not np.isnan(scores).any()
    if calls < 2:  # noqa: PLR2004 - one call has no spread
        return Reliability(complete, Measured(None), None, None, None)
    # Near zero, so that rounding of large sums does not pass for variance.
    sums = _sums(scores - np.nanmean(scores))
    (parts,) = _components(sums, np.ones((1, calls)))
    share = _share(parts[None])[0]
    if np.isnan(share):
        return Reliability(complete, Measured(None), None, None, None)
    low, high = None, None
    if calls >= FEWEST_UNITS:
        low, high = interval_of(_share(_components(sums, resamples(calls, seed, RESAMPLES))))
    call, reviewer, rest = (max(0.0, float(part)) for part in parts)
    return Reliability(complete, Measured(float(share), low, high), call, reviewer, rest)


def _share(components: Floats) -> Floats:
    """Return the first component's share of all three; NaN where nothing varies."""
    total = components.sum(axis=1)
    out = np.full(total.shape, np.nan)
    np.divide(components[:, 0], total, out=out, where=total > _TINY)
    return out


def _components(sums: _Sums, weights: Floats) -> Floats:
    """Return the components of calls, reviewers and rest: shape (resamples, 3).

    Each call of a resample is a call of its own. With P the projections on calls (a) and reviewers
    (b): E R(b|a) = s_b tr Z_b'(I - P_a)Z_b + s_e rank(b|a), likewise with a and b exchanged.
    """
    _, explained, rank = _solved(sums, weights)
    calls = weights.sum(axis=1)
    per_reviewer = weights @ sums.there
    ratings = per_reviewer.sum(axis=1)
    present = (per_reviewer > 0).sum(axis=1)
    within = weights @ sums.within
    errors = within - explained
    freedom = ratings - calls - rank
    squares = weights @ (sums.scores**2).sum(axis=1)
    totals = weights @ sums.scores
    by_reviewer = (totals**2 / np.maximum(per_reviewer, 1)).sum(axis=1)
    # All that calls and reviewers explain together, less what reviewers explain alone.
    by_call = squares - errors - by_reviewer
    rank_call = calls + rank - present
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = errors / freedom
        reviewer = (explained - rank * rest) / (ratings - calls)
        call = (by_call - rank_call * rest) / (ratings - present)
    found = np.stack([call, reviewer, rest], axis=1)
    usable = (freedom > 0) & (ratings > present)
    return np.where(usable[:, None], found, np.nan)
