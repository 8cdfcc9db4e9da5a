"""Which exemplars a person is asked to score in a quiz, and has not scored yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.orm import aliased

from models.calls import Leg
from models.practice import PracticeAttempt, Quiz, QuizItem, QuizPerson
from models.reviews import Exemplar, Review
from models.vocab_learning import AttemptState, ExemplarState, QuizState
from qa_app.permissions import Person


def owed(person: Person, call_id: ColumnElement[int] | Any, now: datetime) -> Any:
    """Return the condition that a call (a column) is in a quiz that the person still owes."""
    item, leg = aliased(QuizItem), aliased(Leg)
    # Asked once for a whole list, since few calls are in quizzes: not for each row of it.
    return call_id.in_(
        select(leg.call_id).join(item, item.leg_id == leg.id).where(is_owed(person, item, leg, now))
    )


def is_owed(person: Person, item: Any, leg: Any, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the person can and shall score the item, whose leg is ``leg``.

    Aliases everywhere, since pages ask it inside queries about the same tables.
    """
    submitted = aliased(PracticeAttempt)
    done = exists().where(
        submitted.item_id == item.id,
        submitted.user_id == person.id,
        submitted.state == AttemptState.SUBMITTED,
    )
    return and_(is_asked(person, item, leg, now), ~done)


def is_asked(person: Person, item: Any, leg: Any, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the person may score the item, or has: the quiz can be taken.

    Nobody practises on a call of their own, nor on one whose reference is theirs.
    """
    quiz, asked, exemplar = aliased(Quiz), aliased(QuizPerson), aliased(Exemplar)
    review = aliased(Review)
    running = item.quiz_id.in_(
        select(asked.quiz_id)
        .join(quiz, quiz.id == asked.quiz_id)
        .where(asked.user_id == person.id, quiz.state == QuizState.OPEN, quiz.due_at > now)
    )
    there = exists().where(exemplar.id == item.exemplar_id, exemplar.state == ExemplarState.SHARED)
    own = false() if person.agent_id is None else leg.agent_id == person.agent_id
    reference = or_(
        item.reference_by_id == person.id,
        exists().where(review.id == item.review_id, review.reviewer_id == person.id),
    )
    # Null is nobody: then it is neither an own call nor an own reference.
    return and_(running, there, own.is_not(True), reference.is_not(True))
