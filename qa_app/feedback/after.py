"""What follows a verdict: disputes with the scores before and after, the cause, talks about it."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.coaching import CoachingSession, ReviewCause
from models.disputes import Dispute, DisputeItem
from models.reviews import Answer, Review, ReviewRevision
from models.vocab_learning import (
    CoachingKind,
    DisputeReason,
    DisputeResult,
    DisputeState,
)
from pipelines.coaching.rules import asks_for_cause
from pipelines.review import disputes, rules
from qa_app.access import Action, Person, may, visible
from qa_app.feedback.points import Point
from qa_app.quotes import SaidTurn, masked_spans
from qa_app.scope_rules.calls import AMONG_REVIEWERS


@dataclass(frozen=True)
class DisputedPoint:
    """One disputed criterion: what was said of it, and what it earned before and after."""

    lineage: str
    text: Mapping[str, str]
    reason: DisputeReason
    words: str
    evidence: tuple[Mapping[str, Any], ...]
    result: DisputeResult
    answer: str
    before: int
    after: int | None


@dataclass(frozen=True)
class DisputeView:
    """A dispute as both sides read it; scores are (earned, attainable) in hundredths."""

    uid: uuid.UUID
    raised_at: dt.datetime
    due_at: dt.datetime
    late: bool
    decided_at: dt.datetime | None
    decided_by: str
    items: tuple[DisputedPoint, ...]
    before: tuple[int, int]
    after: tuple[int, int] | None
    may_decide: bool
    may_withdraw: bool


@dataclass(frozen=True)
class CauseView:
    """What somebody saw behind a weak review."""

    text: Mapping[str, str]
    words: str
    by: str
    at: dt.datetime


@dataclass(frozen=True)
class TalkLink:
    """A talk that began with this review."""

    uid: uuid.UUID
    kind: CoachingKind
    held_on: dt.date
    coach: str


@dataclass(frozen=True)
class Aftermath:
    """What followed a verdict, and what may follow still.

    ``disputable`` are criteria that can be disputed until ``dispute_until``; ``settled`` says of
    those that were, what became of it.
    """

    disputes: tuple[DisputeView, ...]
    disputable: tuple[Point, ...]
    dispute_until: dt.datetime | None
    settled: Mapping[str, DisputeResult]
    cause: CauseView | None
    asks_cause: bool
    may_coach: bool
    talks: tuple[TalkLink, ...]

    @property
    def may_dispute(self) -> bool:
        """Whether there is something left to dispute."""
        return bool(self.disputable)

    @property
    def to_decide(self) -> uuid.UUID | None:
        """The dispute that the reader may decide, if any."""
        return next((one.uid for one in self.disputes if one.may_decide), None)


def aftermath(
    session: Session,
    person: Person,
    review: Review,
    points: Sequence[Point],
    said: Sequence[SaidTurn],
    *,
    is_own: bool,
    now: dt.datetime,
) -> Aftermath:
    """Gather what followed a verdict that the person may see."""
    rows = session.scalars(
        select(Dispute)
        .where(Dispute.review_id == review.id)
        .options(
            selectinload(Dispute.items).joinedload(DisputeItem.criterion),
            joinedload(Dispute.decided_by),
            *(
                selectinload(revision)
                .selectinload(ReviewRevision.answers)
                .joinedload(Answer.criterion)
                for revision in (Dispute.before, Dispute.revision)
            ),
        )
        .order_by(Dispute.id)
    ).all()
    settled = {item.criterion.lineage: item.result for row in rows for item in row.items}
    until = disputes.window_ends(session, review) if is_own else None
    may_still = is_own and until is not None and now < until
    current = review.current
    weak = current is not None and asks_for_cause(
        passed=current.passed, failed_critical=current.failed_critical
    )
    # A second reading is no verdict, and nothing that its agent is told of.
    leads = (
        review.origin not in AMONG_REVIEWERS
        and may(person, Action.COACHING_WRITE)
        and _in_scope(session, person, review)
    )
    return Aftermath(
        disputes=tuple(_view(row, review, person, said, now, is_own=is_own) for row in rows),
        disputable=tuple(
            point
            for point in points
            if may_still and point.rule.lineage not in settled and can_be_disputed(point)
        ),
        dispute_until=until if may_still else None,
        settled=settled,
        cause=_cause(session, review) if leads or is_own else None,
        asks_cause=weak and leads,
        may_coach=leads and not is_own,
        talks=_talks(session, person, review),
    )


def can_be_disputed(point: Point) -> bool:
    """Tell whether a judged criterion could have earned more."""
    judged = point.answer is not None
    return judged and point.maximum > 0 and (point.not_applicable or point.earned < point.maximum)


def _in_scope(session: Session, person: Person, review: Review) -> bool:
    mine = visible(person, Review, Action.COACHING_WRITE).where(Review.id == review.id)
    return session.scalar(mine) is not None


def may_decide(person: Person, dispute: Dispute, review: Review) -> bool:
    """Tell whether the person may decide: never who gave a score of it, or talked on the call."""
    gave = [revision.by_id for revision in review.revisions]
    own = person.agent_id is not None and review.leg.agent_id == person.agent_id
    return (
        dispute.state is DisputeState.OPEN
        and may(person, Action.OBJECTIONS_ANSWER)
        and rules.may_answer_objection(person.id, review.reviewer_id, gave)
        and not own
    )


def _view(
    row: Dispute,
    review: Review,
    person: Person,
    said: Sequence[SaidTurn],
    now: dt.datetime,
    *,
    is_own: bool,
) -> DisputeView:
    before = {answer.criterion_id: answer.earned for answer in row.before.answers}
    after = (
        {answer.criterion_id: answer.earned for answer in row.revision.answers}
        if row.revision
        else {}
    )
    is_open = row.state is DisputeState.OPEN
    return DisputeView(
        uid=row.uid,
        raised_at=row.raised_at,
        due_at=row.due_at,
        late=is_open and row.due_at < now,
        decided_at=row.decided_at,
        decided_by=row.decided_by.display_name if row.decided_by else "–",
        items=tuple(
            DisputedPoint(
                lineage=item.criterion.lineage,
                text=item.criterion.text,
                reason=item.reason,
                words=item.words,
                evidence=tuple(masked_spans(item.evidence, said)),
                result=item.result,
                answer=item.answer,
                before=before.get(item.criterion_id, 0),
                after=after.get(item.criterion_id),
            )
            for item in row.items
        ),
        before=(row.before.earned, row.before.attainable),
        after=(row.revision.earned, row.revision.attainable) if row.revision else None,
        may_decide=may_decide(person, row, review),
        may_withdraw=is_open and is_own,
    )


def _cause(session: Session, review: Review) -> CauseView | None:
    row = session.scalar(
        select(ReviewCause)
        .where(ReviewCause.review_id == review.id)
        .options(joinedload(ReviewCause.by))
    )
    if row is None:
        return None
    return CauseView(row.text, row.words, row.by.display_name if row.by else "–", row.at)


def _talks(session: Session, person: Person, review: Review) -> tuple[TalkLink, ...]:
    rows = session.scalars(
        visible(person, CoachingSession, Action.COACHING_READ)
        .where(CoachingSession.review_id == review.id)
        .options(joinedload(CoachingSession.coach))
        .order_by(CoachingSession.held_on.desc(), CoachingSession.id.desc())
    )
    return tuple(
        TalkLink(row.uid, row.kind, row.held_on, row.coach.display_name if row.coach else "–")
        for row in rows
    )
