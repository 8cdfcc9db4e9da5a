"""Words about a call that reviews hold: gone with the customer or in time, the score stays."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Text, cast, exists, or_, select
from sqlalchemy.orm import Session

from models import guards
from models.reviews import Answer, Exemplar, Objection, Review, ReviewRevision, SelfAssessment
from models.scorecards import Criterion
from models.vocab import CriterionKind, ReviewState


def clear_words_of_legs(session: Session, leg_ids: Collection[int], reason: str) -> int:
    """Remove comments, evidence, free text, drafts and objections' words about these legs.

    Points, bands and revisions stay: an anonymous score. Returns the number of reviews.
    """
    reviews = list(session.scalars(select(Review).where(Review.leg_id.in_(leg_ids))))
    clear_words(session, reviews, reason)
    own = list(session.scalars(select(SelfAssessment).where(SelfAssessment.leg_id.in_(leg_ids))))
    with guards.erasure(session, reason):
        for assessment in own:
            assessment.draft = {}
        _clear_answers(session, Answer.self_assessment_id.in_([row.id for row in own]))
        session.flush()
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
        _clear_answers(session, Answer.revision_id.in_([row.id for row in revisions]))
        for objection in session.scalars(select(Objection).where(Objection.review_id.in_(ids))):
            objection.words = objection.answer = ""
            if people:
                objection.answered_by_id = None
        for exemplar in session.scalars(select(Exemplar).where(Exemplar.review_id.in_(ids))):
            session.delete(exemplar)
        session.flush()


def _clear_answers(session: Session, which: ColumnElement[bool]) -> None:
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
