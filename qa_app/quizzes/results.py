"""What came of a quiz, as a file: one row per person, call and criterion."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

from models.calls import Leg
from models.people import User
from models.practice import PracticeAttempt, Quiz, QuizItem
from models.vocab_learning import AttemptState
from pipelines import evaluation
from pipelines.practice import rules
from pipelines.scoring.rules import from_hundredths
from qa_app.access import Person
from qa_app.calls.blindness import blind_to
from qa_app.clock import now
from qa_app.exports import Cell
from qa_app.quizzes.people import shown_of
from qa_app.reviews.queries import with_leg

COLUMNS = ("person", "call", "project", "scored_at", "criterion", "points", "reference", "most")
"""Of the file: points as decimal numbers, empty where it was said not to apply."""


def file_rows(session: Session, person: Person, quiz: Quiz) -> Iterator[list[Cell]]:
    """Yield the attempts that are in, of people whose results the site shows the trainer.

    Calls that the trainer judges at the moment are left out.
    """
    judged = aliased(Leg)
    attempts = session.scalars(
        select(PracticeAttempt)
        .join(QuizItem, QuizItem.id == PracticeAttempt.item_id)
        .join(judged, judged.id == QuizItem.leg_id)
        .join(User, User.id == PracticeAttempt.user_id)
        .where(
            QuizItem.quiz_id == quiz.id,
            PracticeAttempt.state == AttemptState.SUBMITTED,
            PracticeAttempt.user_id.in_(shown_of(session, person, quiz)),
            ~blind_to(person, judged.call_id, now()),
        )
        .options(
            joinedload(PracticeAttempt.user),
            *(
                joinedload(PracticeAttempt.item).options(option)
                for option in with_leg(QuizItem.leg)
            ),
        )
        .order_by(User.display_name, User.id, QuizItem.position)
    )
    # In the order of the scorecard, which not every database keeps inside a document.
    order = [rule.lineage for rule in evaluation.practice_rule(session, quiz).criteria]
    for attempt in attempts.unique():
        compared = rules.from_json(attempt.compared)
        for row in sorted(compared, key=lambda row: order.index(row.lineage)):
            yield [
                attempt.user.display_name,
                attempt.item.position,
                attempt.item.leg.call.project.name,
                attempt.submitted_at.isoformat() if attempt.submitted_at else None,
                row.lineage,
                _points(row.own),
                _points(row.reference),
                _points(row.most),
            ]


def _points(hundredths: int | None) -> str | None:
    return None if hundredths is None else from_hundredths(hundredths)
