"""What the queue shows: mine, what waits for the team, what I have done or skipped.

Nothing here tells why a call was picked, or what anybody else made of it.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from models.calibration import CalibrationItem, CalibrationRound, CalibrationSeat
from models.people import User
from models.reviews import Review, Task
from models.samples import Draw, DrawnCall
from models.vocab import DrawState, Origin, ReviewState, SkipKind, TaskState
from pipelines.review.claims import claimable, turn
from qa_app.access import Action, Person, visible
from qa_app.reviews.queries import CallFacts, Part, call_facts, parts_of, with_leg
from qa_app.reviews.sheets import band_of

RECENT = 10
TEAM_A_PAGE = 25
UNDO_FOR = dt.timedelta(days=14)


@dataclass(frozen=True)
class Mine:
    """A task with the person: claimed, or given by a manager and not begun (``given``).

    ``waits``: a manager decides whether it may be skipped. ``round``: it belongs to a calibration
    round, and is this person's alone.
    """

    uid: uuid.UUID
    call: CallFacts
    due_at: dt.datetime
    late: bool
    begun: bool
    answered: int
    given: bool
    waits: bool
    parts: tuple[Part, ...]
    round: "Round | None" = None


@dataclass(frozen=True)
class Round:
    """The calibration round that a task belongs to."""

    uid: uuid.UUID
    title: str


@dataclass(frozen=True)
class Done:
    """A review that the person has submitted; ``both``: the other reading is in as well.

    Only then a ``second`` reading is called one: who knows while reading would read otherwise.
    """

    uid: uuid.UUID
    call: CallFacts
    submitted_at: dt.datetime
    earned: int
    attainable: int
    band: str
    both: bool
    second: bool


@dataclass(frozen=True)
class SkippedRow:
    """A call that the person skipped lately and may take back, while its draw is open."""

    uid: uuid.UUID
    call: CallFacts
    kind: SkipKind
    reason: str
    closed_at: dt.datetime


@dataclass(frozen=True)
class QueuePage:
    """A reviewer's day: what is mine, what waits for anybody, what I have done."""

    mine: tuple[Mine, ...]
    waiting: int
    waiting_late: int
    next_due: dt.datetime | None
    done_today: int
    done: tuple[Done, ...]
    skipped: tuple[SkippedRow, ...]


@dataclass(frozen=True)
class TeamRow:
    """A task that the person may take."""

    uid: uuid.UUID
    call: CallFacts
    due_at: dt.datetime
    late: bool
    given: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class TeamPage:
    """What waits for anybody, in the order in which it is taken."""

    rows: tuple[TeamRow, ...]
    total: int
    mine: int
    page: int
    pages: int


def queue_page(session: Session, person: Person, now: dt.datetime) -> QueuePage:
    """Gather a reviewer's queue, most urgent first."""
    in_scope = visible(person, Task, Action.TASKS_WORK)
    mine = (
        session.scalars(
            in_scope.where(
                Task.assignee_id == person.id,
                Task.state.in_((TaskState.CLAIMED, TaskState.OPEN)),
            )
            .options(*with_leg(Task.leg), joinedload(Task.review))
            .order_by(Task.due_at, Task.id)
        )
        .unique()
        .all()
    )
    parts, rounds = parts_of(session, person, mine, now), rounds_of(session, mine)
    user = session.get_one(User, person.id)
    open_ones = claimable(in_scope, user, now).order_by(None).subquery()
    waiting, late, next_due = session.execute(
        select(
            func.count(),
            func.count().filter(open_ones.c.due_at < now),
            func.min(open_ones.c.due_at),
        ).select_from(open_ones)
    ).one()
    reviews = visible(person, Review, Action.REVIEWS_WRITE).where(
        # Those of calibration rounds are met in the rounds' sessions.
        Review.state == ReviewState.SUBMITTED,
        Review.origin != Origin.CALIBRATION,
    )
    done = (
        session.scalars(
            reviews.options(*with_leg(Review.leg), joinedload(Review.current))
            .order_by(Review.submitted_at.desc(), Review.id.desc())
            .limit(RECENT)
        )
        .unique()
        .all()
    )
    today = reviews.where(Review.submitted_at > now - dt.timedelta(hours=12)).subquery()
    both = _read_by_both(session, [review.task_id for review in done])
    return QueuePage(
        mine=tuple(_mine(task, now, parts.get(task.id, ()), rounds.get(task.id)) for task in mine),
        waiting=waiting,
        waiting_late=late,
        next_due=next_due,
        done_today=session.scalar(select(func.count()).select_from(today)) or 0,
        done=tuple(_done(review, both=review.task_id in both) for review in done),
        skipped=_skipped(session, person, now),
    )


def rounds_of(session: Session, tasks: Sequence[Task]) -> dict[int, Round]:
    """Return task id → the calibration round that the task belongs to."""
    ids = [task.id for task in tasks if task.origin is Origin.CALIBRATION]
    if not ids:
        return {}
    rows = session.execute(
        select(CalibrationSeat.task_id, CalibrationRound.uid, CalibrationRound.title)
        .join(CalibrationItem, CalibrationItem.id == CalibrationSeat.item_id)
        .join(CalibrationRound, CalibrationRound.id == CalibrationItem.round_id)
        .where(CalibrationSeat.task_id.in_(ids))
    )
    return {task_id: Round(uid, title) for task_id, uid, title in rows}


def _mine(task: Task, now: dt.datetime, parts: tuple[Part, ...], of_round: Round | None) -> Mine:
    draft = task.review.draft if task.review else {}
    return Mine(
        uid=task.uid,
        call=call_facts(task.leg),
        due_at=task.due_at,
        late=task.due_at < now,
        begun=task.review is not None,
        answered=sum(entry.get("answer") is not None for entry in draft.values()),
        given=task.state is TaskState.OPEN,
        waits=task.state is TaskState.CLAIMED and task.skip_kind is not None,
        parts=parts,
        round=of_round,
    )


def _done(review: Review, *, both: bool) -> Done:
    current = review.current
    if current is None or review.submitted_at is None:
        message = "a submitted review has a revision"
        raise ValueError(message)
    return Done(
        uid=review.uid,
        call=call_facts(review.leg),
        submitted_at=review.submitted_at,
        earned=current.earned,
        attainable=current.attainable,
        band=band_of(excellent=current.excellent, passed=current.passed),
        both=both,
        second=both and review.origin is Origin.SECOND,
    )


def _read_by_both(session: Session, task_ids: list[int | None]) -> set[int]:
    """Return those of these tasks whose other reading is in too."""
    mine = select(Task.id, Task.leg_id, Task.drawn_call_id).where(
        Task.id.in_([one for one in task_ids if one is not None]),
        Task.origin.in_((Origin.DRAWN, Origin.SECOND)),
    )
    own = mine.subquery()
    found = session.scalars(
        select(own.c.id).join(
            Task,
            (Task.leg_id == own.c.leg_id)
            & (Task.drawn_call_id == own.c.drawn_call_id)
            & (Task.id != own.c.id)
            & Task.origin.in_((Origin.DRAWN, Origin.SECOND))
            & (Task.state == TaskState.DONE),
        )
    )
    return set(found)


def _skipped(session: Session, person: Person, now: dt.datetime) -> tuple[SkippedRow, ...]:
    """List the person's own skips that can still be undone, unless something stands against it."""
    tasks = session.scalars(
        visible(person, Task, Action.TASKS_WORK)
        .outerjoin(DrawnCall, DrawnCall.id == Task.drawn_call_id)
        .outerjoin(Draw, Draw.id == DrawnCall.draw_id)
        .where(
            Task.assignee_id == person.id,
            Task.state == TaskState.SKIPPED,
            Task.closed_at > now - UNDO_FOR,
            or_(Draw.id.is_(None), Draw.state == DrawState.OPEN),
        )
        .options(*with_leg(Task.leg))
        .order_by(Task.closed_at.desc(), Task.id.desc())
        .limit(RECENT)
    ).unique()
    return tuple(
        SkippedRow(
            uid=task.uid,
            call=call_facts(task.leg),
            kind=task.skip_kind or SkipKind.NOT_REVIEWED,
            reason=task.skip_reason or "",
            closed_at=task.closed_at or now,
        )
        for task in tasks
    )


def team_page(session: Session, person: Person, now: dt.datetime, page: int) -> TeamPage:
    """List what the person may take, in the order that *Take the next call* follows."""
    in_scope = visible(person, Task, Action.TASKS_WORK)
    order = turn(session, in_scope, session.get_one(User, person.id), now)
    pages = max(1, -(-len(order) // TEAM_A_PAGE))
    page = min(max(1, page), pages)
    shown = order[(page - 1) * TEAM_A_PAGE : page * TEAM_A_PAGE]
    tasks = {
        task.id: task
        for task in session.scalars(
            in_scope.where(Task.id.in_(shown)).options(*with_leg(Task.leg))
        ).unique()
    }
    parts = parts_of(session, person, list(tasks.values()), now)
    mine = in_scope.where(
        Task.assignee_id == person.id, Task.state.in_((TaskState.CLAIMED, TaskState.OPEN))
    )
    return TeamPage(
        rows=tuple(
            TeamRow(
                uid=task.uid,
                call=call_facts(task.leg),
                due_at=task.due_at,
                late=task.due_at < now,
                given=task.assignee_id is not None,
                parts=parts.get(task.id, ()),
            )
            for task in (tasks[task_id] for task_id in shown if task_id in tasks)
        ),
        total=len(order),
        mine=session.scalar(select(func.count()).select_from(mine.subquery())) or 0,
        page=page,
        pages=pages,
    )
