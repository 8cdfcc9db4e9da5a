"""Answers to a criterion as ratings that can be compared, and how far reviewers agree on them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from models.vocab import CriterionKind
from pipelines.calibration.rules.agreement import (
    Floats,
    Measured,
    Metric,
    Scheme,
    alpha,
    counts_of,
    fleiss_kappa,
    measured,
    pair_kappas,
    shares,
)

NOT_APPLICABLE = "na"

METRICS: dict[CriterionKind, Metric] = {
    CriterionKind.YES_NO: Metric.NOMINAL,
    CriterionKind.CHOICE: Metric.NOMINAL,
    CriterionKind.LEVELS: Metric.ORDINAL,
    CriterionKind.POINTS: Metric.INTERVAL,
    CriterionKind.CHECKLIST: Metric.INTERVAL,
}
"""How answers of each kind are compared; free words are not."""


@dataclass(frozen=True)
class Scale:
    """A criterion as far as comparing needs it.

    ``options`` are (lineage, points in hundredths) of levels, choices or items; ``step`` is that
    of a number of points, in hundredths, and ``points`` its maximum.
    """

    lineage: str
    kind: CriterionKind
    options: tuple[tuple[str, int], ...] = ()
    points: int = 0
    step: int = 100

    @property
    def metric(self) -> Metric | None:
        """How two answers are compared; null for free words."""
        return METRICS.get(self.kind)

    @property
    def ranks(self) -> Mapping[str, int]:
        """Return the rank of each level by its points, from 0; levels of equal points share it."""
        order = sorted({points for _, points in self.options})
        return {lineage: order.index(points) for lineage, points in self.options}

    @property
    def positions(self) -> int | None:
        """How many steps the scale has, where they are known beforehand."""
        match self.kind:
            case CriterionKind.LEVELS:
                return max(len(set(self.ranks.values())), 1)
            case CriterionKind.POINTS:
                return self.points // self.step + 1
            case CriterionKind.CHECKLIST:
                return len(self.options) + 1
            case _:
                return None


def category(answer: Any) -> str | None:
    """Return what two equal answers have in common; null for none. *Not applicable* is one too."""
    if answer is None:
        return None
    if isinstance(answer, list):
        return "+".join(sorted({str(item) for item in answer}))
    return str(answer)


def position(scale: Scale, answer: Any) -> float:
    """Return where on its scale an answer stands, in steps from 0; NaN where it stands nowhere.

    Levels by rank, points by steps, a checklist by how many items were done.
    """
    if answer is None or answer == NOT_APPLICABLE:
        return float("nan")
    match scale.kind:
        case CriterionKind.LEVELS:
            return float(scale.ranks.get(str(answer), float("nan")))
        case CriterionKind.POINTS:
            try:
                return float(answer) * 100 / scale.step
            except ValueError:
                return float("nan")
        case CriterionKind.CHECKLIST:
            return float(len(set(answer)))
        case _:
            return float("nan")


Answers = Sequence[Mapping[int, Any]]
"""For each unit (a leg on a version) the answers that there are, by reviewer."""


@dataclass(frozen=True)
class CriterionAgreement:
    """How far reviewers agree on one criterion.

    ``exact`` counts *not applicable* as an answer like any other; ``near`` (at most one step
    apart), the kappas and alpha of ordered scales leave it out. ``kappa`` is the mean over pairs of
    reviewers, weighted by distance on ordered scales; ``pairs`` holds each. ``fleiss`` is given
    where all units have equally many answers. ``varied``: not all answers were the same.
    """

    lineage: str
    metric: Metric
    units: int
    answers: int
    varied: bool
    exact: Measured
    near: Measured
    kappa: float | None
    pairs: Mapping[tuple[int, int], float]
    fleiss: float | None
    alpha: Measured


def agreement_on(
    scale: Scale, answers: Answers, *, scheme: Scheme, seed: int
) -> CriterionAgreement:
    """Measure the agreement on one criterion; units with a single answer tell nothing."""
    metric = scale.metric
    if metric is None:
        message = f"answers to {scale.lineage} are words, which are not compared"
        raise ValueError(message)
    told = [
        {reviewer: answer for reviewer, answer in unit.items() if answer is not None}
        for unit in answers
    ]
    shared = [unit for unit in told if len(unit) > 1]
    reviewers = sorted({reviewer for unit in shared for reviewer in unit})
    categories = {
        name: float(code)
        for code, name in enumerate(
            sorted({category(answer) or "" for unit in shared for answer in unit.values()})
        )
    }
    same = _array(shared, reviewers, lambda answer: categories[category(answer) or ""])
    ordered = metric is not Metric.NOMINAL
    placed = _array(shared, reviewers, lambda answer: position(scale, answer))
    rated = placed if ordered else same
    units = len(shared)
    kappas = pair_kappas(rated, scheme if ordered else None, scale.positions if ordered else None)
    counts = counts_of(same)
    return CriterionAgreement(
        lineage=scale.lineage,
        metric=metric,
        units=units,
        answers=sum(len(unit) for unit in shared),
        varied=len(categories) > 1,
        exact=measured(units, seed, shares(same)),
        near=measured(units, seed, shares(placed, 1.0)) if ordered else Measured(None),
        kappa=fmean(kappas.values()) if kappas else None,
        pairs={(reviewers[one], reviewers[two]): value for (one, two), value in kappas.items()},
        fleiss=fleiss_kappa(counts),
        alpha=measured(units, seed, alpha(rated, metric)),
    )


def _array(
    units: Sequence[Mapping[int, Any]], reviewers: Sequence[int], code: Callable[[Any], float]
) -> Floats:
    rows = [
        [code(unit[reviewer]) if reviewer in unit else float("nan") for reviewer in reviewers]
        for unit in units
    ]
    return np.array(rows, dtype=float).reshape(len(units), len(reviewers))


def scores_array(
    units: Sequence[Mapping[int, float]],
) -> tuple[list[int], Floats]:
    """Return the reviewers in order, and an array (units, reviewers) of scores, NaN for none."""
    reviewers = sorted({reviewer for unit in units for reviewer in unit})
    return reviewers, _array(units, reviewers, float)


def differ(answers: Iterable[Any]) -> bool:
    """Tell whether reviewers gave different answers; who gave none does not count."""
    return len({category(answer) for answer in answers if answer is not None}) > 1


def unlike_reference(
    reference: Mapping[str, Any], given: Iterable[Mapping[str, Any]], compared: Iterable[str]
) -> list[str]:
    """Return the criteria on which anybody's answer is not that of the reference, in order.

    ``reference`` and each of ``given`` map lineages to answers; no answer on both sides is the
    same, and on one side only is a difference, since then a condition was seen differently.
    """
    sheets = list(given)
    return [
        lineage
        for lineage in compared
        if any(category(sheet.get(lineage)) != category(reference.get(lineage)) for sheet in sheets)
    ]


def common_answers(given: Sequence[Mapping[str, Any]], compared: Iterable[str]) -> dict[str, Any]:
    """Return the answers that everybody gave alike, by lineage."""
    if not given:
        return {}
    return {
        lineage: given[0][lineage]
        for lineage in compared
        if given[0].get(lineage) is not None
        and len({category(sheet.get(lineage)) for sheet in given}) == 1
    }


@dataclass(frozen=True)
class Distance:
    """How far a reviewer's answers lie from the agreed references, over the calls of both.

    ``same`` of ``compared`` answers are those of the reference; ``points_bp`` is the mean of own
    score less reference score, in hundredths of a percent of what was attainable.
    """

    calls: int
    same: int
    compared: int
    points_bp: float | None


def distance_of(
    pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    scores: Sequence[tuple[float | None, float | None]],
    compared: Sequence[str],
) -> Distance:
    """Compare a reviewer with the references: ``pairs`` and ``scores`` are (own, reference)."""
    same = total = 0
    for own, reference in pairs:
        for lineage in compared:
            mine, agreed = category(own.get(lineage)), category(reference.get(lineage))
            if mine is None and agreed is None:
                continue
            total += 1
            same += mine == agreed
    gaps = [own - agreed for own, agreed in scores if own is not None and agreed is not None]
    return Distance(len(pairs), same, total, fmean(gaps) if gaps else None)


@dataclass(frozen=True)
class Spread:
    """Scores of one call, in hundredths of a percent: mean, lowest, highest, standard deviation."""

    mean: float
    low: float
    high: float
    deviation: float | None


def spread_of(scores: Iterable[float]) -> Spread | None:
    """Say how far the scores of a call lie apart; null where nobody gave one."""
    given = np.array(sorted(scores), dtype=float)
    if not len(given):
        return None
    deviation = float(given.std(ddof=1)) if len(given) > 1 else None
    return Spread(float(given.mean()), float(given[0]), float(given[-1]), deviation)


def quarters(first: tuple[int, int], last: tuple[int, int]) -> list[tuple[int, int]]:
    """List the quarters (year, 1 to 4) from the first to the last, both included."""
    begin, end = first[0] * 4 + first[1] - 1, last[0] * 4 + last[1] - 1
    return [(number // 4, number % 4 + 1) for number in range(begin, end + 1)]
