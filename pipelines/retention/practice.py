"""What people practised: gone with the customer's words, or in time like the words of reviews."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from models.calls import Call, Leg
from models.practice import PracticeAttempt, Quiz, QuizItem
from models.scorecards import Criterion
from models.session import in_chunks, read_session
from models.vocab import CriterionKind

_PER_TRANSACTION = 200


def clear_practice_of_legs(session: Session, leg_ids: Collection[int]) -> None:
    """Remove what quizzes and those who took them said of these legs; points and counts stay."""
    items = session.scalars(select(QuizItem).where(QuizItem.leg_id.in_(leg_ids))).all()
    for item in items:
        item.reference, item.why = {}, ""
    for attempt in session.scalars(
        select(PracticeAttempt).where(PracticeAttempt.item_id.in_([item.id for item in items]))
    ):
        attempt.sheet = {}
    session.flush()


def clear_references(session: Session, review_ids: Collection[int], *, people: bool) -> None:
    """Remove the words that references took from these reviews; what to answer stays."""
    rows = session.execute(
        select(QuizItem, Quiz.version_id)
        .join(Quiz, Quiz.id == QuizItem.quiz_id)
        .where(QuizItem.review_id.in_(review_ids))
    )
    for item, version_id in rows.all():
        free = set(
            session.scalars(
                select(Criterion.lineage).where(
                    Criterion.version_id == version_id, Criterion.kind == CriterionKind.TEXT
                )
            )
        )
        item.reference = {
            lineage: {**entry, "comment": "", "evidence": []}
            for lineage, entry in item.reference.items()
            if lineage not in free
        }
        if people:
            item.reference_by_id = None
    session.flush()


def delete_attempts(engine: Engine, site_id: int, project_id: int, before: datetime) -> int:
    """Delete what people practised on calls of a project before a moment; return how many."""
    with read_session(engine) as session:
        ids = session.scalars(
            select(PracticeAttempt.id)
            .join(QuizItem, QuizItem.id == PracticeAttempt.item_id)
            .join(Leg, Leg.id == QuizItem.leg_id)
            .join(Call, Call.id == Leg.call_id)
            .where(
                Call.site_id == site_id,
                Call.project_id == project_id,
                PracticeAttempt.saved_at < before,
            )
        ).all()

    def remove(session: Session, chunk: list[int]) -> None:
        session.execute(delete(PracticeAttempt).where(PracticeAttempt.id.in_(chunk)))

    in_chunks(engine, ids, remove, size=_PER_TRANSACTION)
    return len(ids)
