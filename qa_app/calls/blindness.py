"""While a person judges a call, nothing that judges it already reaches them, by any route.

A person is blind to a call while they have an open task on a leg of it, write a review of one,
are asked for a self-assessment of one that can still be given, or are asked to score it in a quiz.
Pages, lists and exports that show a reason, survey answer, complaint, outcome, customer value,
prediction or other score leave it out for calls that are blind (``is_blind``), and filter by none
of it without ``blind_to``.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from models.calls import Call, Leg
from models.reviews import Review, SelfAssessment, Task
from models.vocab import AssessmentState, ReviewState, Role, TaskState
from qa_app.clock import now as clock_now
from qa_app.permissions import Person
from qa_app.practice.owed import owed

OPEN_TASKS = (TaskState.OPEN, TaskState.CLAIMED)


def is_blind(session: Session, person: Person, call_id: int) -> bool:
    """Tell whether the person is judging this call at the moment."""
    condition = blind_to(person, Call.id, clock_now())
    return session.scalar(select(Call.id).where(Call.id == call_id, condition)) is not None


def blind_to(person: Person, call_id: ColumnElement[int] | Any, now: datetime) -> Any:
    """Return the condition under which the call ``call_id`` (a column) is blind to the person."""
    task = exists().where(
        Leg.call_id == call_id,
        Task.leg_id == Leg.id,
        Task.assignee_id == person.id,
        Task.state.in_(OPEN_TASKS),
    )
    draft = exists().where(
        Leg.call_id == call_id,
        Review.leg_id == Leg.id,
        Review.reviewer_id == person.id,
        Review.state == ReviewState.DRAFT,
    )
    practice = owed(person, call_id, now)
    if person.agent_id is None:
        return or_(task, draft, practice)
    asked = exists().where(
        Leg.call_id == call_id,
        SelfAssessment.leg_id == Leg.id,
        SelfAssessment.agent_id == person.agent_id,
        SelfAssessment.state == AssessmentState.ASKED,
        or_(SelfAssessment.due_at.is_(None), SelfAssessment.due_at > now),
    )
    return or_(task, draft, practice, asked)


def may_judge(person: Person, call_id: ColumnElement[int] | Any, now: datetime) -> Any:
    """Return the condition that the person judges the call, or as a reviewer may still take it."""
    own = blind_to(person, call_id, now)
    if Role.REVIEWER not in person.roles:
        return own
    takeable = exists().where(
        Leg.call_id == call_id, Task.leg_id == Leg.id, Task.state.in_(OPEN_TASKS)
    )
    return or_(own, takeable)
