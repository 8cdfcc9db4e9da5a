"""Calibration rounds: begun, extended, closed or withdrawn."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import CalibrationItem, CalibrationRound, CalibrationSeat
from models.calls import Leg
from models.people import Agent, User, UserRole
from models.practice import PracticeAttempt, QuizItem
from models.reviews import Review, Task
from models.scorecards import ScorecardVersion
from models.vocab import (
    CalibrationState,
    Origin,
    ReviewState,
    Role,
    TaskState,
    VersionState,
)
from models.vocab_rights import NoticeKind
from pipelines import notices
from pipelines.calibration.entries import record
from pipelines.outcomes import DomainError

MOST_CALLS = 30
MOST_REVIEWERS = 30
_UNFINISHED = (TaskState.OPEN, TaskState.CLAIMED)


def create_round(
    session: Session,
    title: str,
    legs: Sequence[Leg],
    reviewers: Sequence[User],
    version: ScorecardVersion,
    *,
    due_at: datetime,
    user: User,
    now: datetime,
) -> CalibrationRound:
    """Begin a round: every reviewer gets a task of origin ``calibration`` for every leg.

    Raises ``DomainError`` where a reviewer could not be blind or may not hear a leg: it is outside
    of their roles, of a call of their own, or one that they have judged or are judging already.
    """
    _check(session, title, legs, reviewers, version, due_at=due_at, now=now)
    teams = {leg.team_id for leg in legs}
    made = CalibrationRound(
        site_id=legs[0].site_id,
        team_id=teams.pop() if len(teams) == 1 else None,
        version_id=version.id,
        title=title.strip(),
        due_at=due_at,
        created_by_id=user.id,
        created_at=now,
    )
    session.add(made)
    session.flush()
    for position, leg in enumerate(legs, start=1):
        item = CalibrationItem(
            round_id=made.id, leg_id=leg.id, position=position, reference={}, points={}
        )
        session.add(item)
        session.flush()
        for reviewer in reviewers:
            task = _task(made, leg, reviewer, now)
            session.add(task)
            session.flush()
            session.add(CalibrationSeat(item_id=item.id, reviewer_id=reviewer.id, task_id=task.id))
    session.flush()
    record(
        session, made, user, "calibration.started", now, calls=len(legs), reviewers=len(reviewers)
    )
    _tell_due(session, made, {reviewer.id for reviewer in reviewers}, now)
    return made


def _tell_due(session: Session, made: CalibrationRound, to: set[int], now: datetime) -> None:
    notices.tell(
        session,
        now=now,
        to=to,
        kind=NoticeKind.CALIBRATION_DUE,
        subject="calibration_round",
        subject_uid=made.uid,
        until=made.due_at.isoformat(),
    )


def _task(made: CalibrationRound, leg: Leg, reviewer: User, now: datetime) -> Task:
    # Claimed from the first: it is this person's alone, and blind from the moment it is given.
    return Task(
        origin=Origin.CALIBRATION,
        site_id=leg.site_id,
        team_id=leg.team_id,
        leg_id=leg.id,
        version_id=made.version_id,
        assignee_id=reviewer.id,
        state=TaskState.CLAIMED,
        due_at=made.due_at,
        created_at=now,
        claimed_at=now,
    )


def _check(
    session: Session,
    title: str,
    legs: Sequence[Leg],
    reviewers: Sequence[User],
    version: ScorecardVersion,
    *,
    due_at: datetime,
    now: datetime,
) -> None:
    if not title.strip():
        raise DomainError("calibration_title_needed")
    if not 0 < len({leg.id for leg in legs}) == len(legs) <= MOST_CALLS:
        raise DomainError("calibration_calls", most=MOST_CALLS)
    if not 1 < len({user.id for user in reviewers}) == len(reviewers) <= MOST_REVIEWERS:
        raise DomainError("calibration_reviewers", most=MOST_REVIEWERS)
    if len({leg.site_id for leg in legs}) > 1:
        raise DomainError("calibration_one_site")
    if version.state is not VersionState.PUBLISHED:
        raise DomainError("calibration_version")
    if due_at <= now:
        raise DomainError("calibration_due_past")
    names = {user.id: user.display_name for user in reviewers}
    for user_id, leg in _out_of_reach(session, legs, reviewers):
        raise DomainError("calibration_out_of_scope", who=names[user_id], call=legs.index(leg) + 1)
    for user_id, leg_id in unfit(session, legs, reviewers):
        place = next(number for number, leg in enumerate(legs, start=1) if leg.id == leg_id)
        raise DomainError("calibration_not_blind", who=names[user_id], call=place)


def _out_of_reach(
    session: Session, legs: Sequence[Leg], reviewers: Sequence[User]
) -> list[tuple[int, Leg]]:
    held = session.execute(
        select(UserRole.user_id, UserRole.site_id, UserRole.team_id).where(
            UserRole.user_id.in_([user.id for user in reviewers]), UserRole.role == Role.REVIEWER
        )
    ).all()
    return [
        (user.id, leg)
        for user in reviewers
        for leg in legs
        if user.disabled_at is not None
        or not any(
            row.user_id == user.id
            and row.site_id == leg.site_id
            and row.team_id in (None, leg.team_id)
            for row in held
        )
    ]


def unfit(
    session: Session, legs: Sequence[Leg], reviewers: Sequence[User]
) -> list[tuple[int, int]]:
    """Return (reviewer id, leg id) where the reviewer knows the call already: no blind score.

    They talked on it, have reviewed a leg of it, have a task on one, or have practised on one.
    """
    people = [user.id for user in reviewers]
    calls = {leg.call_id for leg in legs}
    talked = session.execute(
        select(Agent.user_id, Leg.call_id)
        .join(Leg, Leg.agent_id == Agent.id)
        .where(Agent.user_id.in_(people), Leg.call_id.in_(calls))
    )
    judged = session.execute(
        select(Review.reviewer_id, Leg.call_id)
        .join(Leg, Leg.id == Review.leg_id)
        .where(Review.reviewer_id.in_(people), Leg.call_id.in_(calls))
    )
    given = session.execute(
        select(Task.assignee_id, Leg.call_id)
        .join(Leg, Leg.id == Task.leg_id)
        .where(Task.assignee_id.in_(people), Leg.call_id.in_(calls), Task.state.in_(_UNFINISHED))
    )
    practised = session.execute(
        select(PracticeAttempt.user_id, Leg.call_id)
        .join(QuizItem, QuizItem.id == PracticeAttempt.item_id)
        .join(Leg, Leg.id == QuizItem.leg_id)
        .where(PracticeAttempt.user_id.in_(people), Leg.call_id.in_(calls))
    )
    known = {tuple(row) for rows in (talked, judged, given, practised) for row in rows}
    return [
        (user.id, leg.id) for leg in legs for user in reviewers if (user.id, leg.call_id) in known
    ]


def extend(
    session: Session, made: CalibrationRound, user: User, due_at: datetime, *, now: datetime
) -> None:
    """Give a round another deadline, and the tasks that are not done with it."""
    _open(session, made)
    if due_at <= now:
        raise DomainError("calibration_due_past")
    made.due_at = due_at
    left = _unfinished(session, made)
    for task in left:
        task.due_at = due_at
    session.flush()
    record(session, made, user, "calibration.extended", now)
    _tell_due(session, made, {task.assignee_id for task in left if task.assignee_id}, now)


def close(session: Session, made: CalibrationRound, user: User, *, now: datetime) -> int:
    """End a round and open its session: from now on its answers are seen side by side.

    What is not submitted is taken back, drafts with it; returns how many tasks those were. Raises
    ``calibration_empty`` while nobody has submitted anything: there is nothing to talk about.
    """
    _open(session, made)
    if not _submitted(session, made):
        raise DomainError("calibration_empty")
    left = _end(session, made, CalibrationState.CLOSED, now)
    record(session, made, user, "calibration.closed", now, unfinished=left)
    seats = select(CalibrationSeat.reviewer_id).where(
        CalibrationSeat.item_id.in_([item.id for item in made.items])
    )
    notices.tell(
        session,
        now=now,
        to=set(session.scalars(seats)) - {user.id},
        kind=NoticeKind.CALIBRATION_CLOSED,
        subject="calibration_round",
        subject_uid=made.uid,
    )
    return left


def withdraw(session: Session, made: CalibrationRound, user: User, *, now: datetime) -> int:
    """End a round without a session. Reviews that were submitted stay unseen and count nowhere."""
    _open(session, made)
    left = _end(session, made, CalibrationState.WITHDRAWN, now)
    record(session, made, user, "calibration.withdrawn", now, unfinished=left)
    return left


def _open(session: Session, made: CalibrationRound) -> None:
    session.refresh(made, with_for_update=True)
    if made.state is not CalibrationState.OPEN:
        raise DomainError("calibration_ended")


def _tasks_of(made: CalibrationRound) -> Any:
    return (
        select(CalibrationSeat.task_id)
        .join(CalibrationItem, CalibrationItem.id == CalibrationSeat.item_id)
        .where(CalibrationItem.round_id == made.id, CalibrationSeat.task_id.is_not(None))
    )


def _unfinished(session: Session, made: CalibrationRound) -> Sequence[Task]:
    return session.scalars(
        select(Task).where(Task.id.in_(_tasks_of(made)), Task.state.in_(_UNFINISHED))
    ).all()


def _submitted(session: Session, made: CalibrationRound) -> int:
    done = select(Review.id).where(
        Review.task_id.in_(_tasks_of(made)), Review.state == ReviewState.SUBMITTED
    )
    return len(session.scalars(done).all())


def _end(session: Session, made: CalibrationRound, state: CalibrationState, now: datetime) -> int:
    # Tasks are locked before drafts, as a submission takes them, so that none is lost half in.
    session.scalars(
        select(Task)
        .where(Task.id.in_(_tasks_of(made)))
        .order_by(Task.id)
        .with_for_update(of=Task)
        .execution_options(populate_existing=True)
    ).all()
    for draft in session.scalars(
        select(Review)
        .where(Review.task_id.in_(_tasks_of(made)), Review.state == ReviewState.DRAFT)
        .with_for_update(of=Review)
        .execution_options(populate_existing=True)
    ).all():
        session.delete(draft)
    session.flush()
    left = _unfinished(session, made)
    for task in left:
        seat = session.scalars(
            select(CalibrationSeat).where(CalibrationSeat.task_id == task.id)
        ).one()
        seat.task_id = None
        session.flush()
        session.expire(task, ["review"])
        session.delete(task)
    made.state, made.ended_at = state, now
    session.flush()
    notices.withdraw(session, NoticeKind.CALIBRATION_DUE, subject_uid=made.uid)
    session.expire(made, ["items"])
    return len(left)
