"""What the list of rounds, a new round and one under way show: who is done, and no answer."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from models.calibration import CalibrationItem, CalibrationRound, CalibrationSeat
from models.people import Site, User
from models.reviews import Task
from models.vocab import (
    CalibrationState,
    TaskState,
)
from qa_app.access import Action, Person, may, visible
from qa_app.calls.blindness import OPEN_TASKS
from qa_app.i18n import text_of
from qa_app.reviews.queries import CallFacts, call_facts, with_leg

PAGE = 25


@dataclass(frozen=True)
class RoundRow:
    """A round in the list: how many scores are in, and how many of them wait for this person."""

    uid: uuid.UUID
    title: str
    site: str
    timezone: str
    state: CalibrationState
    due_at: dt.datetime
    ended_at: dt.datetime | None
    late: bool
    calls: int
    reviewers: int
    done: int
    of: int
    agreed: int
    mine_left: int


@dataclass(frozen=True)
class IndexPage:
    """Rounds in scope; ``sites`` are those where this person may begin one."""

    sites: tuple[Site, ...]
    running: tuple[RoundRow, ...]
    ended: tuple[RoundRow, ...]
    page: int
    pages: int


@dataclass(frozen=True)
class Seat:
    """How far a reviewer is; ``gone`` where the person is no longer known."""

    name: str
    is_me: bool
    done: int
    of: int


@dataclass(frozen=True)
class MyCall:
    """A call that this person scores; ``task`` is null once it was taken back."""

    number: int
    call: CallFacts
    task: uuid.UUID | None
    state: TaskState | None
    begun: bool


@dataclass(frozen=True)
class RoundPage:
    """A round under way, or withdrawn: its calls and who is done."""

    row: RoundRow
    card: str
    number: int
    leader: str
    calls: tuple[CallFacts, ...]
    seats: tuple[Seat, ...]
    mine: tuple[MyCall, ...]
    leads: bool


def index_page(session: Session, person: Person, now: dt.datetime, page: int) -> IndexPage:
    """List the rounds that the person leads or takes part in, newest first."""
    seen = visible(person, CalibrationRound, Action.CALIBRATION_READ).options(
        joinedload(CalibrationRound.site)
    )
    running = session.scalars(
        seen.where(CalibrationRound.state == CalibrationState.OPEN).order_by(
            CalibrationRound.due_at, CalibrationRound.id
        )
    ).all()
    over = seen.where(CalibrationRound.state != CalibrationState.OPEN)
    total = session.scalar(select(func.count()).select_from(over.subquery())) or 0
    ended = session.scalars(
        over.order_by(CalibrationRound.ended_at.desc(), CalibrationRound.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    rows = _rows(session, person, [*running, *ended], now)
    sites: Sequence[Site] = ()
    if may(person, Action.CALIBRATION_LEAD):
        sites = session.scalars(
            visible(person, Site, Action.CALIBRATION_LEAD).order_by(Site.name)
        ).all()
    return IndexPage(
        sites=tuple(sites),
        running=tuple(rows[made.id] for made in running),
        ended=tuple(rows[made.id] for made in ended),
        page=page,
        pages=-(-total // PAGE),
    )


def _rows(
    session: Session, person: Person, rounds: Sequence[CalibrationRound], now: dt.datetime
) -> dict[int, RoundRow]:
    ids = [made.id for made in rounds]
    counted = {
        row.round_id: row
        for row in session.execute(
            select(
                CalibrationItem.round_id,
                func.count(CalibrationItem.id.distinct()).label("calls"),
                func.count(CalibrationSeat.reviewer_id.distinct()).label("reviewers"),
                func.count(CalibrationSeat.id).label("of"),
                func.count(Task.id).filter(Task.state == TaskState.DONE).label("done"),
                func.count(Task.id)
                .filter(Task.state.in_(OPEN_TASKS), Task.assignee_id == person.id)
                .label("mine"),
                func.count(CalibrationItem.id.distinct())
                .filter(CalibrationItem.agreed_at.is_not(None))
                .label("agreed"),
            )
            .join(CalibrationSeat, CalibrationSeat.item_id == CalibrationItem.id)
            .outerjoin(Task, Task.id == CalibrationSeat.task_id)
            .where(CalibrationItem.round_id.in_(ids))
            .group_by(CalibrationItem.round_id)
        )
    }
    return {
        made.id: RoundRow(
            uid=made.uid,
            title=made.title,
            site=made.site.name,
            timezone=made.site.timezone,
            state=made.state,
            due_at=made.due_at,
            ended_at=made.ended_at,
            late=made.state is CalibrationState.OPEN and made.due_at < now,
            calls=counted[made.id].calls,
            reviewers=counted[made.id].reviewers,
            done=counted[made.id].done,
            of=counted[made.id].of,
            agreed=counted[made.id].agreed,
            mine_left=counted[made.id].mine,
        )
        for made in rounds
    }


def round_page(
    session: Session, person: Person, made: CalibrationRound, now: dt.datetime
) -> RoundPage:
    """Show who is done with a round, and nothing of what they answered."""
    items = session.scalars(
        select(CalibrationItem)
        .where(CalibrationItem.round_id == made.id)
        .options(*with_leg(CalibrationItem.leg))
        .order_by(CalibrationItem.position)
    ).all()
    seats = session.execute(
        select(CalibrationSeat.item_id, User.id, User.display_name, Task)
        .join(CalibrationItem, CalibrationItem.id == CalibrationSeat.item_id)
        .outerjoin(User, User.id == CalibrationSeat.reviewer_id)
        .outerjoin(Task, Task.id == CalibrationSeat.task_id)
        .where(CalibrationItem.round_id == made.id)
        .options(joinedload(Task.review))
    ).all()
    names: dict[int, str] = {}
    for _item, user_id, name, _task in seats:
        names.setdefault(user_id or 0, name or "–")
    my_tasks = {item_id: task for item_id, user_id, _name, task in seats if user_id == person.id}
    leads = may(person, Action.CALIBRATION_LEAD) and (
        session.scalar(
            visible(person, CalibrationRound, Action.CALIBRATION_LEAD).where(
                CalibrationRound.id == made.id
            )
        )
        is not None
    )
    return RoundPage(
        row=_rows(session, person, [made], now)[made.id],
        card=text_of(made.version.title),
        number=made.version.number,
        leader=made.created_by.display_name if made.created_by else "–",
        calls=tuple(call_facts(item.leg) for item in items),
        seats=tuple(
            Seat(
                name=name,
                is_me=user_id == person.id,
                done=sum(
                    task is not None and task.state is TaskState.DONE
                    for _item, who, _name, task in seats
                    if (who or 0) == user_id
                ),
                of=sum((who or 0) == user_id for _item, who, _name, _task in seats),
            )
            for user_id, name in sorted(names.items(), key=lambda pair: pair[1])
        ),
        mine=tuple(
            MyCall(
                number=item.position,
                call=call_facts(item.leg),
                task=task.uid if task else None,
                state=task.state if task else None,
                begun=bool(task and task.review),
            )
            for item in items
            if item.id in my_tasks
            for task in [my_tasks[item.id]]
        ),
        leads=leads,
    )
