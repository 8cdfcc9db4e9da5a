"""Words about a call that reviews hold: gone with the customer or in time, the score stays."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Text, cast, exists, or_, select
from sqlalchemy.orm import Session

from models import guards
from models.coaching import CoachingSession, HelpRequest, ReviewCause
from models.disputes import Dispute, DisputeItem
from models.reviews import Answer, Exemplar, Objection, Review, ReviewRevision, SelfAssessment
from models.scorecards import Criterion
from models.vocab import CriterionKind, ReviewState
from pipelines.retention.calibration import clear_rounds
from pipelines.retention.practice import clear_practice_of_legs, clear_references
from pipelines.retention.tasks import clear_task_words


def clear_words_of_legs(session: Session, leg_ids: Collection[int], reason: str) -> int:
    """Remove comments, evidence, free text, drafts and objections' words about these legs.

    Points, bands and revisions stay: an anonymous score. Returns the number of reviews.
    """
    reviews = list(session.scalars(select(Review).where(Review.leg_id.in_(leg_ids))))
    clear_words(session, reviews, reason)
    # Those that were chosen without a review have words about these legs too.
    for exemplar in session.scalars(select(Exemplar).where(Exemplar.leg_id.in_(leg_ids))):
        session.delete(exemplar)
    clear_practice_of_legs(session, leg_ids)
    own = list(session.scalars(select(SelfAssessment).where(SelfAssessment.leg_id.in_(leg_ids))))
    with guards.erasure(session, reason):
        for assessment in own:
            assessment.draft = {}
        clear_answers(session, Answer.self_assessment_id.in_([row.id for row in own]))
        clear_rounds(session, leg_ids, people=False)
        session.flush()
    for request in session.scalars(select(HelpRequest).where(HelpRequest.leg_id.in_(leg_ids))):
        session.delete(request)
    _clear_said(session, CoachingSession.leg_id.in_(leg_ids), people=False)
    session.flush()
    clear_task_words(session, leg_ids)
    return len(reviews)


def clear_words(
    session: Session, reviews: Collection[Review], reason: str, *, people: bool = False
) -> None:
    """Remove all words of these reviews; with ``people`` also who wrote and decided them."""
    ids = [review.id for review in reviews]
    with guards.erasure(session, reason):
        for review in reviews:
            review.draft = {}
            review.summary = ""
            review.notes = []
            if people:
                review.reviewer_id = None
        revisions = session.scalars(
            select(ReviewRevision).where(ReviewRevision.review_id.in_(ids))
        ).all()
        if people:
            for revision in revisions:
                revision.by_id = None
        clear_answers(session, Answer.revision_id.in_([row.id for row in revisions]))
        for objection in session.scalars(select(Objection).where(Objection.review_id.in_(ids))):
            objection.words = objection.answer = ""
            if people:
                objection.answered_by_id = None
        _clear_talks(session, ids, people=people)
        for exemplar in session.scalars(select(Exemplar).where(Exemplar.review_id.in_(ids))):
            session.delete(exemplar)
        clear_rounds(session, {review.leg_id for review in reviews}, people=people)
        session.flush()
    clear_references(session, ids, people=people)


def _clear_talks(session: Session, review_ids: Collection[int], *, people: bool) -> None:
    """Remove what disputes, causes and talks say about these reviews; results and days stay."""
    for item in session.scalars(select(DisputeItem).where(DisputeItem.review_id.in_(review_ids))):
        item.words = item.answer = ""
        item.evidence = []
    for cause in session.scalars(select(ReviewCause).where(ReviewCause.review_id.in_(review_ids))):
        cause.words = ""
        cause.by_id = None if people else cause.by_id
    _clear_said(session, CoachingSession.review_id.in_(review_ids), people=people)
    if people:
        for dispute in session.scalars(select(Dispute).where(Dispute.review_id.in_(review_ids))):
            dispute.decided_by_id = None


def _clear_said(session: Session, which: ColumnElement[bool], *, people: bool) -> None:
    for talk in session.scalars(select(CoachingSession).where(which)):
        talk.words = talk.agent_words = ""
        talk.coach_id = None if people else talk.coach_id
        for step in talk.steps:
            step.words = ""


def clear_answers(session: Session, which: ColumnElement[bool]) -> None:
    """Remove comments, evidence and free text of answers; the caller holds the door open."""
    rows = session.execute(
        select(Answer, Criterion.kind)
        .join(Criterion, Criterion.id == Answer.criterion_id)
        .where(which)
    )
    for answer, kind in rows:
        answer.comment = ""
        answer.evidence = []
        if kind is CriterionKind.TEXT and answer.value:
            answer.value = {**answer.value, "answer": ""}


def has_words() -> ColumnElement[bool]:
    """Return the condition that a submitted review still says who wrote it, or holds words."""
    return (Review.state == ReviewState.SUBMITTED) & or_(
        Review.reviewer_id.is_not(None),
        Review.summary != "",
        cast(Review.notes, Text) != "[]",
        exists().where(
            ReviewRevision.review_id == Review.id,
            Answer.revision_id == ReviewRevision.id,
            Answer.comment != "",
        ),
    )
