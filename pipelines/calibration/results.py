"""What calibration has shown: answers side by side, agreement by criterion, severity over time.

Two kinds of reviews are comparable, because neither reviewer knew of the other: those of closed
rounds, and drawn reviews of legs that had a blind second review. All are taken as they were first
submitted, before any dispute.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from models.calibration import CalibrationItem, CalibrationRound, CalibrationSeat
from models.people import Site
from models.reviews import Answer, Review, ReviewRevision
from models.scorecards import Criterion, Section
from models.vocab import CalibrationState, Origin, ReviewState, RevisionCause
from pipelines.calibration.rules.agreement import Scheme
from pipelines.calibration.rules.ratings import (
    CriterionAgreement,
    Scale,
    agreement_on,
    quarters,
    scores_array,
)
from pipelines.calibration.rules.severity import Effect, Reliability, reliability, severity

QUARTERS = 6
"""How many quarters are shown, the present one included."""


@dataclass(frozen=True)
class Judgement:
    """One reviewer's first score of a leg; points in hundredths."""

    review_id: int
    leg_id: int
    version_id: int
    reviewer_id: int
    at: datetime
    earned: int
    attainable: int

    @property
    def score_bp(self) -> float | None:
        """The score in hundredths of a percent; null where nothing was attainable."""
        return self.earned * 10_000 / self.attainable if self.attainable else None


def scales_of(session: Session, version_id: int) -> list[Scale]:
    """Return the criteria of a version that can be compared, in order."""
    rows = session.scalars(
        select(Criterion)
        .join(Section, Section.id == Criterion.section_id)
        .where(Criterion.version_id == version_id)
        .options(selectinload(Criterion.options))
        .order_by(Section.position, Criterion.position)
    )
    scales = [
        Scale(
            lineage=row.lineage,
            kind=row.kind,
            options=tuple((option.lineage, option.points) for option in row.options),
            points=row.points,
            step=row.step,
        )
        for row in rows
    ]
    return [scale for scale in scales if scale.metric is not None]


def of_round(session: Session, made: CalibrationRound) -> list[Judgement]:
    """Return what was submitted in a round; for the session only, so never before it is closed."""
    if made.state is not CalibrationState.CLOSED:
        return []
    return _judgements(session, _in_rounds(CalibrationRound.id == made.id))


def comparable(
    session: Session,
    *,
    version_id: int | None = None,
    site_id: int | None = None,
    legs: Select[Any] | None = None,
) -> list[Judgement]:
    """Return all comparable scores of a version, a site, or some legs, by time of submission."""
    where: list[ColumnElement[bool]] = []
    if version_id is not None:
        where.append(Review.version_id == version_id)
    if site_id is not None:
        where.append(Review.site_id == site_id)
    if legs is not None:
        where.append(Review.leg_id.in_(legs))
    closed = _in_rounds(CalibrationRound.state == CalibrationState.CLOSED)
    return _judgements(session, or_(closed, _twice()), *where)


def _in_rounds(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        CalibrationSeat.task_id == Review.task_id,
        CalibrationItem.id == CalibrationSeat.item_id,
        CalibrationRound.id == CalibrationItem.round_id,
        Review.origin == Origin.CALIBRATION,
        *where,
    )


def _twice() -> ColumnElement[bool]:
    """Drawn or second, and both are in."""
    other = aliased(Review)
    pair = [Origin.DRAWN, Origin.SECOND]
    return Review.origin.in_(pair) & exists().where(
        other.leg_id == Review.leg_id,
        other.version_id == Review.version_id,
        other.state == ReviewState.SUBMITTED,
        other.origin.in_(pair),
        other.origin != Review.origin,
    )


def _judgements(session: Session, *where: ColumnElement[bool]) -> list[Judgement]:
    rows = session.execute(
        select(
            Review.id,
            Review.leg_id,
            Review.version_id,
            Review.reviewer_id,
            Review.submitted_at,
            ReviewRevision.earned,
            ReviewRevision.attainable,
        )
        .join(ReviewRevision, ReviewRevision.review_id == Review.id)
        .where(
            Review.state == ReviewState.SUBMITTED,
            ReviewRevision.cause == RevisionCause.SUBMITTED,
            *where,
        )
        .order_by(Review.submitted_at, Review.id)
    )
    first: dict[tuple[int, int, int], Judgement] = {}
    for row in rows:
        review_id, leg_id, version_id, reviewer_id, at, earned, attainable = row
        if reviewer_id is None or at is None:
            continue
        found = Judgement(review_id, leg_id, version_id, reviewer_id, at, earned, attainable)
        first.setdefault((found.leg_id, found.version_id, found.reviewer_id), found)
    return list(first.values())


def answers_of(session: Session, review_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the first submitted answers of reviews: review id → lineage → answer."""
    rows = session.execute(
        select(ReviewRevision.review_id, Criterion.lineage, Answer.value)
        .join(Answer, Answer.revision_id == ReviewRevision.id)
        .join(Criterion, Criterion.id == Answer.criterion_id)
        .where(
            ReviewRevision.review_id.in_(list(review_ids)),
            ReviewRevision.cause == RevisionCause.SUBMITTED,
        )
    )
    found: dict[int, dict[str, Any]] = {}
    for review_id, lineage, value in rows:
        found.setdefault(review_id, {})[lineage] = value["answer"]
    return found


def _units(judgements: Iterable[Judgement]) -> list[list[Judgement]]:
    """Put together what was scored on the same leg with the same version."""
    units: dict[tuple[int, int], list[Judgement]] = {}
    for found in judgements:
        units.setdefault((found.leg_id, found.version_id), []).append(found)
    return list(units.values())


def agreement(
    scales: Sequence[Scale],
    judgements: Iterable[Judgement],
    answers: Mapping[int, Mapping[str, Any]],
    *,
    scheme: Scheme = Scheme.LINEAR,
    seed: int = 0,
) -> dict[str, CriterionAgreement]:
    """Measure the agreement on each criterion, by lineage, in the order of the scorecard."""
    units = _units(judgements)
    return {
        scale.lineage: agreement_on(
            scale,
            [
                {
                    found.reviewer_id: answers.get(found.review_id, {}).get(scale.lineage)
                    for found in unit
                }
                for unit in units
            ],
            scheme=scheme,
            seed=seed,
        )
        for scale in scales
    }


def agreement_by_criterion(
    session: Session,
    version_id: int,
    *,
    legs: Select[Any] | None = None,
    scheme: Scheme = Scheme.LINEAR,
    seed: int = 0,
) -> dict[str, CriterionAgreement]:
    """Return how far reviewers agree on each criterion of a scorecard version, by lineage.

    From closed rounds and blind second reviews of all sites, or of the legs whose ids ``legs``
    selects. No person is named in it but by the ids of ``pairs``, which are for those who may see
    reviewers' severity. Free words have no entry.
    """
    judgements = comparable(session, version_id=version_id, legs=legs)
    answers = answers_of(session, (found.review_id for found in judgements))
    return agreement(scales_of(session, version_id), judgements, answers, scheme=scheme, seed=seed)


def reliability_of(judgements: Iterable[Judgement], seed: int) -> Reliability:
    """Return how much of the differences between totals is due to the calls."""
    return reliability(scores_array(_scores(_units(judgements)))[1], seed)


def _scores(units: Iterable[Iterable[Judgement]]) -> list[dict[int, float]]:
    return [
        {found.reviewer_id: score for found in unit if (score := found.score_bp) is not None}
        for unit in units
    ]


@dataclass(frozen=True)
class Quarter:
    """Effects of a quarter in hundredths of a percent, by reviewer id; ``calls`` were shared."""

    year: int
    quarter: int
    calls: int
    effects: Mapping[int, Effect]


@dataclass(frozen=True)
class SiteSeverity:
    """Severity at a site: all quarters together, and each, oldest first."""

    whole: Quarter
    quarters: tuple[Quarter, ...]


def quarter_of(day: date) -> tuple[int, int]:
    """Return the year and the quarter, 1 to 4, of a day."""
    return day.year, (day.month - 1) // 3 + 1


def severity_at(session: Session, site: Site, *, now: datetime) -> SiteSeverity:
    """Return each reviewer's severity at a site, for the last quarters and together.

    A call belongs to the quarter, by the site's clock, in which its last score came in.
    """
    zone = ZoneInfo(site.timezone)
    units = [unit for unit in _units(comparable(session, site_id=site.id)) if len(unit) > 1]
    dated = [
        (quarter_of(max(found.at for found in unit).astimezone(zone).date()), unit)
        for unit in units
    ]
    last = quarter_of(now.astimezone(zone).date())
    before = last[0] * 4 + last[1] - QUARTERS
    shown = quarters((before // 4, before % 4 + 1), last)
    by_quarter = [
        _quarter(period, [unit for when, unit in dated if when == period], seed=site.id)
        for period in shown
    ]
    recent = [unit for when, unit in dated if when in set(shown)]
    return SiteSeverity(_quarter(last, recent, seed=site.id), tuple(by_quarter))


def _quarter(period: tuple[int, int], units: list[list[Judgement]], *, seed: int) -> Quarter:
    reviewers, scores = scores_array(_scores(units))
    effects = severity(scores, seed)
    return Quarter(*period, len(units), dict(zip(reviewers, effects, strict=True)))
