"""What changed after a talk, read from reviews of drawn ordinary calls."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, distinct, func, or_, select, true
from sqlalchemy.orm import Session

from models.calls import Leg
from models.coaching import CoachingSession
from models.reviews import Review, ReviewRevision, SelfAssessment
from models.samples import Draw, DrawnCall, DrawStratum
from models.vocab import AssessmentState, DrawState, Origin, ReviewState
from models.vocab_learning import CoachingKind
from pipelines.coaching import rules

_ORDINARY = or_(DrawStratum.key == "ordinary", DrawStratum.key.like("ordinary:%"))


@dataclass(frozen=True)
class Report:
    """A change with the days it looks at, and how similar people without coaching moved.

    ``similar`` is (people, percentage points), null for fewer than five. ``open_until`` is the last
    day that will count, null once it has passed.
    """

    change: rules.Change
    before_from: date
    after_to: date
    open_until: date | None
    similar: tuple[int, float] | None
    everybody: int


def change_after(
    session: Session, coaching: CoachingSession, today: date, *, without: Select[Any] | None = None
) -> Report:
    """Return what changed in the 13 weeks after a talk against the 13 before it.

    ``without`` selects the ids of legs whose scores are kept from the reader.
    Counts the first drawn review of each leg of an ordinary call, by the day of the call, at the
    talk's site. The day of the talk belongs to neither side.
    """
    held = coaching.held_on
    start, end = held - rules.WINDOW, held + rules.WINDOW
    results = _results(session, coaching.site_id, start, end, without)
    before: dict[int, list[rules.Result]] = defaultdict(list)
    after: dict[int, list[rules.Result]] = defaultdict(list)
    for result in results:
        if result.day < held:
            before[result.agent_id].append(result)
        elif result.day > held:
            after[result.agent_id].append(result)
    spread = rules.components(
        [[result.score for result in before[agent]] for agent in sorted(before)]
    )
    own = rules.mean_of(before.get(coaching.agent_id, ()))
    found = rules.change(own, rules.mean_of(after.get(coaching.agent_id, ())), spread)
    coached = _coached(session, coaching.site_id, start, end) | {coaching.agent_id}
    others = [
        (rules.mean_of(before[agent]), rules.mean_of(after.get(agent, ())))
        for agent in sorted(before)
        if agent not in coached
    ]
    return Report(
        change=found,
        before_from=start,
        after_to=min(end, today),
        open_until=end if today < end else None,
        similar=rules.similar_change(own, others)
        if found.finding is not rules.Finding.TOO_FEW
        else None,
        everybody=spread.people if spread else 0,
    )


def _coached(session: Session, site_id: int, start: date, end: date) -> set[int]:
    return set(
        session.scalars(
            select(CoachingSession.agent_id).where(
                CoachingSession.site_id == site_id,
                CoachingSession.kind == CoachingKind.TALK,
                CoachingSession.held_on.between(start, end),
            )
        )
    )


def _results(
    session: Session, site_id: int, start: date, end: date, without: Select[Any] | None
) -> list[rules.Result]:
    rows = session.execute(
        select(
            Review.leg_id,
            Leg.agent_id,
            Leg.local_date,
            ReviewRevision.earned,
            ReviewRevision.attainable,
            DrawnCall.stratum_id,
            DrawStratum.n_frame,
        )
        .join(Leg, Leg.id == Review.leg_id)
        .join(ReviewRevision, ReviewRevision.id == Review.current_revision_id)
        .join(DrawnCall, DrawnCall.id == Review.drawn_call_id)
        .join(DrawStratum, DrawStratum.id == DrawnCall.stratum_id)
        .join(Draw, Draw.id == DrawnCall.draw_id)
        # Whoever is still asked for an own view of a call must not read its score out of a mean.
        .outerjoin(
            SelfAssessment,
            (SelfAssessment.leg_id == Review.leg_id)
            & (SelfAssessment.state == AssessmentState.ASKED),
        )
        .where(
            Leg.site_id == site_id,
            Leg.local_date.between(start, end),
            Leg.agent_id.is_not(None),
            Review.origin == Origin.DRAWN,
            Review.state == ReviewState.SUBMITTED,
            ReviewRevision.attainable > 0,
            SelfAssessment.id.is_(None),
            Draw.state != DrawState.VOID,
            true() if without is None else Review.leg_id.not_in(without),
            _ORDINARY,
        )
        .order_by(Review.submitted_at, Review.id)
    ).all()
    heard = _heard(session, {row.stratum_id for row in rows})
    first: dict[int, rules.Result] = {}
    for row in rows:
        first.setdefault(
            row.leg_id,
            rules.Result(
                agent_id=row.agent_id,
                day=row.local_date,
                score=100 * row.earned / row.attainable,
                weight=row.n_frame / heard[row.stratum_id],
            ),
        )
    return list(first.values())


def _heard(session: Session, strata: Iterable[int]) -> dict[int, int]:
    """Return stratum → how many of its drawn calls were reviewed."""
    ids: Sequence[int] = sorted(strata)
    rows = session.execute(
        select(DrawnCall.stratum_id, func.count(distinct(DrawnCall.id)))
        .join(Review, Review.drawn_call_id == DrawnCall.id)
        .where(
            DrawnCall.stratum_id.in_(ids),
            Review.origin == Origin.DRAWN,
            Review.state == ReviewState.SUBMITTED,
        )
        .group_by(DrawnCall.stratum_id)
    )
    return {row[0]: row[1] for row in rows}
