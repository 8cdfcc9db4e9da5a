"""Calibration rounds: begun, extended, closed or withdrawn; the reference that a session agrees."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import CalibrationItem, CalibrationRound, CalibrationSeat
from models.calls import Leg
from models.people import Agent, User, UserRole
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
from pipelines import audit
from pipelines.calibration.results import answers_of, scales_of
from pipelines.calibration.rules.ratings import common_answers, unlike_reference
from pipelines.outcomes import DomainError, Score, Sheet

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
    _record(
        session, made, user, "calibration.started", now, calls=len(legs), reviewers=len(reviewers)
    )
    return made


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

    They talked on it, have reviewed a leg of it, or have a task on one.
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
    known = {tuple(row) for rows in (talked, judged, given) for row in rows}
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
    for task in _unfinished(session, made):
        task.due_at = due_at
    session.flush()
    _record(session, made, user, "calibration.extended", now)


def close(session: Session, made: CalibrationRound, user: User, *, now: datetime) -> int:
    """End a round and open its session: from now on its answers are seen side by side.

    What is not submitted is taken back, drafts with it; returns how many tasks those were. Raises
    ``calibration_empty`` while nobody has submitted anything: there is nothing to talk about.
    """
    _open(session, made)
    if not _submitted(session, made):
        raise DomainError("calibration_empty")
    left = _end(session, made, CalibrationState.CLOSED, now)
    _record(session, made, user, "calibration.closed", now, unfinished=left)
    return left


def withdraw(session: Session, made: CalibrationRound, user: User, *, now: datetime) -> int:
    """End a round without a session. Reviews that were submitted stay unseen and count nowhere."""
    _open(session, made)
    left = _end(session, made, CalibrationState.WITHDRAWN, now)
    _record(session, made, user, "calibration.withdrawn", now, unfinished=left)
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
    session.expire(made, ["items"])
    return len(left)


def save_reference(
    session: Session,
    item: CalibrationItem,
    sheet: Sheet,
    words: str,
    *,
    lock_version: int,
    now: datetime,
) -> None:
    """Keep what the session has written of a reference, valid or not; may conflict."""
    _writable(session, item, lock_version)
    item.reference, item.words, item.saved_at = sheet, words, now
    session.flush()


def agree_reference(
    session: Session,
    item: CalibrationItem,
    sheet: Sheet,
    words: str,
    score: Score,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Keep what the session agreed on a call: from now on it never changes.

    ``score`` is what the scoring rules made of ``sheet``. Raises ``reference_reason_needed`` with
    the criteria on which somebody answered otherwise and no reason is given.
    """
    _writable(session, item, lock_version)
    if score.missing:
        raise DomainError("sheet_incomplete", criteria=list(score.missing))
    silent = unexplained(session, item, sheet)
    if silent:
        raise DomainError("reference_reason_needed", criteria=silent)
    item.reference, item.words, item.saved_at = sheet, words.strip(), now
    item.points = {part.lineage: part.earned for part in score.criteria}
    item.earned, item.attainable = score.earned, score.attainable
    item.agreed_at, item.agreed_by_id = now, user.id
    session.flush()
    _record(session, item.round, user, "calibration.agreed", now, call=item.position)


def first_reference(session: Session, item: CalibrationItem) -> Sheet:
    """Return what a reference begins with: the answers that everybody gave alike."""
    alike = common_answers(_given(session, item), _compared(session, item))
    return {
        lineage: {"answer": answer, "comment": "", "reason": None, "evidence": []}
        for lineage, answer in alike.items()
    }


def _given(session: Session, item: CalibrationItem) -> list[dict[str, Any]]:
    submitted = session.scalars(
        select(Review.id)
        .join(CalibrationSeat, CalibrationSeat.task_id == Review.task_id)
        .where(CalibrationSeat.item_id == item.id, Review.state == ReviewState.SUBMITTED)
    ).all()
    given = answers_of(session, submitted)
    return [given.get(review_id, {}) for review_id in submitted]


def _compared(session: Session, item: CalibrationItem) -> list[str]:
    return [scale.lineage for scale in scales_of(session, item.round.version_id)]


def unexplained(session: Session, item: CalibrationItem, sheet: Sheet) -> list[str]:
    """Return the criteria on which anybody differs from a reference that gives no reason."""
    found = unlike_reference(
        {lineage: entry.get("answer") for lineage, entry in sheet.items()},
        _given(session, item),
        _compared(session, item),
    )
    return [
        lineage
        for lineage in found
        if not str((sheet.get(lineage) or {}).get("comment") or "").strip()
    ]


def _writable(session: Session, item: CalibrationItem, lock_version: int) -> None:
    session.refresh(item, with_for_update=True)
    if item.round.state is not CalibrationState.CLOSED:
        raise DomainError("calibration_not_closed")
    if item.agreed_at is not None:
        raise DomainError("reference_agreed")
    if item.lock_version != lock_version:
        saved_at = item.saved_at
        raise DomainError(
            "draft_conflict",
            sheet=item.reference,
            summary=item.words,
            saved_at=saved_at.isoformat() if saved_at else None,
            lock_version=item.lock_version,
        )


def _record(
    session: Session,
    made: CalibrationRound,
    user: User,
    action: str,
    now: datetime,
    **more: object,
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="calibration_round",
        subject_uid=made.uid,
        **more,
    )
