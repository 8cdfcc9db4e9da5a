"""Skips that a manager confirms, and skips that are undone."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.people import User
from models.reviews import Review, SelfAssessment, Task
from models.samples import Draw, DrawnCall
from models.vocab import AssessmentState, DrawState, Origin, SkipKind, TaskState
from pipelines.outcomes import DomainError
from pipelines.review import rules, service
from pipelines.review.giving import not_of_own_call

_FINISHED = (TaskState.DONE, TaskState.SKIPPED)


def needs_manager(session: Session, task: Task, user: User) -> bool:
    """Tell whether a manager confirms this skip: see ``rules.skip_needs_manager``.

    Only first readings of drawn calls are counted: no other skip touches an estimate.
    """
    if task.drawn_call_id is None or task.origin is not Origin.DRAWN:
        return False
    drawn = session.get_one(DrawnCall, task.drawn_call_id)
    skipped = func.count().filter(Task.state == TaskState.SKIPPED)
    finished = func.count().filter(Task.state.in_(_FINISHED))
    of_draw = (
        select(func.count(), skipped)
        .join(DrawnCall, DrawnCall.id == Task.drawn_call_id)
        .where(DrawnCall.draw_id == drawn.draw_id, Task.origin == Origin.DRAWN)
    )
    in_draw = session.execute(of_draw).one()
    own = session.execute(
        of_draw.where(Task.assignee_id == user.id).with_only_columns(finished, skipped)
    ).one()
    return rules.skip_needs_manager(
        rules.Skips(in_draw[1] + 1, in_draw[0]), rules.Skips(own[1] + 1, own[0] + 1)
    )


def ask(
    session: Session, task: Task, user: User, kind: SkipKind, reason: str, *, now: datetime
) -> None:
    """Ask a manager to confirm a skip. Until then the task stays, with all that was written."""
    if not reason.strip():
        raise DomainError("skip_reason_needed")
    service.claimed_by(session, task, user)
    task.skip_kind, task.skip_reason = kind, reason.strip()
    session.flush()
    service.record(session, task, user, "task.skip_asked", now, kind=kind.value)


def take_back(session: Session, task: Task, user: User, *, now: datetime) -> None:
    """Take back one's own question to skip; the review goes on where it stood."""
    service.claimed_by(session, task, user)
    if task.skip_kind is None:
        raise DomainError("skip_not_asked")
    task.skip_kind = task.skip_reason = None
    session.flush()
    service.record(session, task, user, "task.skip_taken_back", now)


def decide(session: Session, task: Task, manager: User, *, confirmed: bool, now: datetime) -> None:
    """Confirm a skip that somebody asked for, or have the call reviewed after all."""
    session.refresh(task, with_for_update=True)
    if task.state is not TaskState.CLAIMED or task.skip_kind is None:
        raise DomainError("skip_not_asked")
    if task.assignee_id == manager.id:
        raise DomainError("skip_own")
    not_of_own_call(session, task, manager)
    kind, reason = task.skip_kind, task.skip_reason or ""
    if confirmed:
        service.close_skipped(session, task, kind, reason, now=now)
    else:
        task.skip_kind = task.skip_reason = None
        session.flush()
    action = "task.skip_confirmed" if confirmed else "task.skip_refused"
    service.record(session, task, manager, action, now, kind=kind.value)


def check_undoable(session: Session, task: Task, user: User) -> DrawnCall | None:
    """Raise unless this person skipped the task and its draw is open; return its replacement.

    ``skip_not_yours``, ``draw_not_open``; ``skip_final`` when anybody has begun with the call drawn
    instead, or its agent with the own view of it.
    """
    session.refresh(task, with_for_update=True)
    if task.state is not TaskState.SKIPPED or task.assignee_id != user.id:
        raise DomainError("skip_not_yours")
    if task.drawn_call_id is None:
        return None
    drawn = session.get_one(DrawnCall, task.drawn_call_id)
    draw = session.get_one(Draw, drawn.draw_id)
    if draw.state is not DrawState.OPEN:
        raise DomainError("draw_not_open", state=draw.state.value)
    instead = session.scalar(select(DrawnCall).where(DrawnCall.replaces_id == drawn.id))
    if instead is not None and _is_touched(session, instead):
        raise DomainError("skip_final")
    return instead


def _is_touched(session: Session, drawn: DrawnCall) -> bool:
    tasks = session.scalars(
        select(Task).where(Task.drawn_call_id == drawn.id).with_for_update()
    ).all()
    if any(task.state is not TaskState.OPEN or task.assignee_id is not None for task in tasks):
        return True
    if session.scalar(select(Review.id).where(Review.drawn_call_id == drawn.id)) is not None:
        return True
    asked = session.scalars(
        select(SelfAssessment).where(SelfAssessment.task_id.in_([task.id for task in tasks]))
    )
    return any(own.draft or own.state is not AssessmentState.ASKED for own in asked)


def withdraw_call(session: Session, drawn: DrawnCall) -> None:
    """Take back the tasks of a drawn call that nobody has touched, and what its agent was asked."""
    tasks = session.scalars(select(Task).where(Task.drawn_call_id == drawn.id)).all()
    for task in tasks:
        service.take_back_request(session, task)
        session.delete(task)
    session.flush()


def undo(session: Session, task: Task, user: User, *, now: datetime) -> None:
    """Put a skipped task back to the person who skipped it; its agent is asked again.

    The caller has withdrawn the call drawn instead (``check_undoable``).
    """
    task.state, task.skip_kind, task.skip_reason = TaskState.CLAIMED, None, None
    task.closed_at = None
    session.flush()
    if task.origin is Origin.DRAWN:
        service.mark_call(session, task)
        _read_again(session, task, now=now)
        service.ask_again(session, task, now=now)
    service.record(session, task, user, "task.skip_undone", now)


def _read_again(session: Session, task: Task, *, now: datetime) -> None:
    """Make the second reading of a leg anew that its skip took back, if its draw has one."""
    drawn = session.get_one(DrawnCall, task.drawn_call_id)
    there = select(Task.id).where(
        Task.leg_id == task.leg_id,
        Task.drawn_call_id == drawn.id,
        Task.origin == Origin.SECOND,
    )
    draw = drawn.draw
    if not rules.read_twice(draw.seed, drawn.position, draw.second_share_bp) or session.scalar(
        there
    ):
        return
    session.add(
        Task(
            origin=Origin.SECOND,
            site_id=task.site_id,
            team_id=task.team_id,
            leg_id=task.leg_id,
            drawn_call_id=drawn.id,
            version_id=task.version_id,
            due_at=max(task.due_at, now),
            created_at=now,
        )
    )
    session.flush()
