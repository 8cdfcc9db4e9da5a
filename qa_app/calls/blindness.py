"""While a person judges a call, nothing that judges it already reaches them, by any route.

A person is blind to a call while they have an open task on a leg of it, write a review of one,
are asked for a self-assessment of one that can still be given, or are asked to score it in a quiz.
Pages, lists and exports that show a reason, survey answer, complaint, outcome, customer value,
prediction or other score leave it out for calls that are blind (``is_blind``), and filter by none
of it without ``blind_to``.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

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
    """Return the condition under which the call ``call_id`` (a column) is blind to the person.

    Aliases everywhere: inside a question about legs, that leg alone would be looked at, and a task
    on another leg of the same call be missed.
    """
    leg, given, written = aliased(Leg), aliased(Task), aliased(Review)
    task = exists().where(
        leg.call_id == call_id,
        given.leg_id == leg.id,
        given.assignee_id == person.id,
        given.state.in_(OPEN_TASKS),
    )
    draft = exists().where(
        leg.call_id == call_id,
        written.leg_id == leg.id,
        written.reviewer_id == person.id,
        written.state == ReviewState.DRAFT,
    )
    practice = owed(person, call_id, now)
    if person.agent_id is None:
        return or_(task, draft, practice)
    own = aliased(SelfAssessment)
    asked = exists().where(
        leg.call_id == call_id,
        own.leg_id == leg.id,
        own.agent_id == person.agent_id,
        own.state == AssessmentState.ASKED,
        or_(own.due_at.is_(None), own.due_at > now),
    )
    return or_(task, draft, practice, asked)


def may_judge(person: Person, call_id: ColumnElement[int] | Any, now: datetime) -> Any:
    """Return the condition that the person judges the call, or as a reviewer may still take it."""
    own = blind_to(person, call_id, now)
    if Role.REVIEWER not in person.roles:
        return own
    leg, waiting = aliased(Leg), aliased(Task)
    takeable = exists().where(
        leg.call_id == call_id, waiting.leg_id == leg.id, waiting.state.in_(OPEN_TASKS)
    )
    if person.agent_id is None:
        return or_(own, takeable)
    # Nobody reviews a call that they took part in.
    talked = aliased(Leg)
    took_part = exists().where(talked.call_id == call_id, talked.agent_id == person.agent_id)
    return or_(own, and_(takeable, ~took_part))
