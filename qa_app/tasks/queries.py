"""What the team's tasks page shows: where the work stands, and with whom.

It tells no score. A reason in words is left out while the person judges the call or may still take
it, and calls that the person took part in are left out wholly: others manage those.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from models.calls import Call, Leg
from models.people import Site, User, UserRole
from models.reviewing import ReviewerTime, ReviewRequest
from models.reviews import Task
from models.samples import Draw, DrawnCall, SamplePlan
from models.vocab import Origin, Role, SkipKind, TaskState
from pipelines.review import giving
from pipelines.review.claims import own_call
from qa_app.access import Action, Person, load, visible
from qa_app.calls.blindness import may_judge
from qa_app.reviews.queries import CallFacts, call_facts, with_leg
from qa_app.tasks.forms import STATES, UNFINISHED

PAGE = 50
MOST_SKIPS = 50
RATES_OF = dt.timedelta(days=90)
OPEN = (TaskState.OPEN, TaskState.CLAIMED)


@dataclass(frozen=True)
class Wanted:
    """Which tasks to list."""

    state: str = UNFINISHED
    reviewer: uuid.UUID | None = None
    plan: uuid.UUID | None = None
    overdue: bool = False
    page: int = 1


@dataclass(frozen=True)
class TaskRow:
    """A task: ``state`` is one of ``forms.STATES`` or ``waits`` (for a decision about a skip).

    ``words`` are those of who asked for the review, or of who skipped; null where they are hidden.
    """

    uid: uuid.UUID
    call: CallFacts
    reviewer: str
    due_at: dt.datetime
    late: bool
    state: str
    origin: Origin
    plan: str
    skip_kind: SkipKind | None
    words: str | None
    may_give: bool


@dataclass(frozen=True)
class ReviewerRow:
    """A reviewer of a site. Minutes: a week as set, a review as measured (null: not yet)."""

    uid: uuid.UUID
    site: uuid.UUID
    name: str
    site_name: str
    a_week: int
    a_review: float | None
    waiting: int
    minutes: float
    share: int

    @property
    def weeks(self) -> float | None:
        """Return how many weeks what waits would take; null without any time."""
        return self.minutes / self.a_week if self.a_week else None


@dataclass(frozen=True)
class SkipRate:
    """What a reviewer skipped of what they finished or skipped lately."""

    name: str
    finished: int
    ineligible: int
    not_reviewed: int

    @property
    def skipped(self) -> int:
        """Return the skips of both kinds."""
        return self.ineligible + self.not_reviewed


@dataclass(frozen=True)
class TasksPage:
    """The work of the teams in scope."""

    rows: tuple[TaskRow, ...]
    waits: tuple[TaskRow, ...]
    reviewers: tuple[ReviewerRow, ...]
    rates: tuple[SkipRate, ...]
    total: int
    free: int
    late: int
    page: int
    pages: int
    suggested: bool


def managed(session: Session, person: Person) -> Select[Any]:
    """Return the tasks that the person manages: those in scope but of calls of their own."""
    user = session.get_one(User, person.id)
    return visible(person, Task, Action.TASKS_MANAGE).where(~own_call(user))


def sites_of(session: Session, person: Person) -> Sequence[Site]:
    """Return the sites at which the person manages tasks."""
    return session.scalars(visible(person, Site, Action.TASKS_MANAGE).order_by(Site.name)).all()


def reviewers(session: Session, person: Person, action: Action) -> Sequence[User]:
    """Return those who review at the sites in scope and may enter, by name."""
    grants = {grant.site_id for grant in person.grants}
    reviews = exists().where(
        UserRole.user_id == User.id,
        UserRole.role == Role.REVIEWER,
        UserRole.site_id.in_(grants),
    )
    return session.scalars(
        visible(person, User, action)
        .where(reviews, User.disabled_at.is_(None))
        .order_by(User.display_name, User.id)
    ).all()


def tasks_page(
    session: Session, person: Person, wanted: Wanted, now: dt.datetime, *, suggest: bool
) -> TasksPage:
    """Gather the tasks in scope as asked for, and how the work lies with the reviewers."""
    mine = managed(session, person)
    found = _narrowed(mine, wanted, now)
    total = _count(session, found)
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    people = reviewers(session, person, Action.TASKS_MANAGE)
    sites = sites_of(session, person)
    waits = mine.where(Task.state == TaskState.CLAIMED, Task.skip_kind.is_not(None))
    shares: dict[int, int] = {}
    if suggest:
        ids = [site.id for site in sites]
        for who in giving.shares(session, mine, people, ids, now).values():
            shares[who] = shares.get(who, 0) + 1
    return TasksPage(
        rows=_rows(session, person, found, now, limit=PAGE, offset=(page - 1) * PAGE),
        waits=_rows(session, person, waits, now, limit=MOST_SKIPS, offset=0),
        reviewers=_reviewer_rows(session, people, sites, shares, now),
        rates=_rates(session, mine, now),
        total=total,
        free=_count(session, mine.where(Task.state == TaskState.OPEN, Task.assignee_id.is_(None))),
        late=_count(session, mine.where(Task.state.in_(OPEN), Task.due_at < now)),
        page=page,
        pages=pages,
        suggested=suggest,
    )


def _count(session: Session, tasks: Select[Any]) -> int:
    ids = tasks.with_only_columns(Task.id).subquery()
    return session.scalar(select(func.count()).select_from(ids)) or 0


def _narrowed(tasks: Select[Any], wanted: Wanted, now: dt.datetime) -> Select[Any]:
    state = wanted.state if wanted.state in STATES else UNFINISHED
    match state:
        case "open":
            tasks = tasks.where(Task.state == TaskState.OPEN, Task.assignee_id.is_(None))
        case "given":
            tasks = tasks.where(Task.state == TaskState.OPEN, Task.assignee_id.is_not(None))
        case "claimed":
            tasks = tasks.where(Task.state == TaskState.CLAIMED)
        case "done" | "skipped":
            tasks = tasks.where(Task.state == TaskState(state))
        case _:
            tasks = tasks.where(Task.state.in_(OPEN))
    if wanted.reviewer is not None:
        with_them = exists().where(User.id == Task.assignee_id, User.uid == wanted.reviewer)
        tasks = tasks.where(with_them)
    if wanted.plan is not None:
        of_plan = exists().where(
            DrawnCall.id == Task.drawn_call_id,
            Draw.id == DrawnCall.draw_id,
            SamplePlan.id == Draw.plan_id,
            SamplePlan.uid == wanted.plan,
        )
        tasks = tasks.where(of_plan)
    if wanted.overdue:
        tasks = tasks.where(Task.due_at < now, Task.state.in_(OPEN))
    return tasks


def _rows(
    session: Session,
    person: Person,
    tasks: Select[Any],
    now: dt.datetime,
    *,
    limit: int,
    offset: int,
) -> tuple[TaskRow, ...]:
    judged = aliased(Leg)
    hidden = exists().where(judged.id == Task.leg_id, may_judge(person, judged.call_id, now))
    rows = session.execute(
        tasks.outerjoin(ReviewRequest, ReviewRequest.task_id == Task.id)
        .outerjoin(DrawnCall, DrawnCall.id == Task.drawn_call_id)
        .outerjoin(Draw, Draw.id == DrawnCall.draw_id)
        .outerjoin(SamplePlan, SamplePlan.id == Draw.plan_id)
        .add_columns(ReviewRequest.reason, SamplePlan.name, hidden)
        .options(*with_leg(Task.leg), joinedload(Task.assignee))
        .order_by(Task.due_at, Task.id)
        .limit(limit)
        .offset(offset)
    ).unique()
    return tuple(
        TaskRow(
            uid=task.uid,
            call=call_facts(task.leg),
            reviewer=task.assignee.display_name if task.assignee else "",
            due_at=task.due_at,
            late=task.due_at < now and task.state in OPEN,
            state=_state(task),
            origin=task.origin,
            plan=plan or "",
            skip_kind=task.skip_kind,
            words=None if blind else (task.skip_reason or reason or ""),
            may_give=task.state in OPEN and task.skip_kind is None,
        )
        for task, reason, plan, blind in rows
    )


def _state(task: Task) -> str:
    if task.state is TaskState.OPEN:
        return "open" if task.assignee_id is None else "given"
    if task.state is TaskState.CLAIMED and task.skip_kind is not None:
        return "waits"
    return task.state.value


def _reviewer_rows(
    session: Session,
    people: Sequence[User],
    sites: Sequence[Site],
    shares: dict[int, int],
    now: dt.datetime,
) -> tuple[ReviewerRow, ...]:
    ids = [user.id for user in people]
    site_ids = {site.id: site for site in sites}
    by_hand = {hand.id: hand for hand in giving.hands(session, list(site_ids), ids, now)}
    measured, _usual = giving.measured_minutes(session, ids, now)
    times = {
        (row.user_id, row.site_id): row.minutes_a_week
        for row in session.scalars(select(ReviewerTime).where(ReviewerTime.user_id.in_(ids)))
    }
    places = session.execute(
        select(UserRole.user_id, UserRole.site_id)
        .where(
            UserRole.role == Role.REVIEWER,
            UserRole.user_id.in_(ids),
            UserRole.site_id.in_(list(site_ids)),
        )
        .distinct()
    )
    held: dict[int, list[int]] = {}
    for who, where in places:
        held.setdefault(who, []).append(where)
    return tuple(
        ReviewerRow(
            uid=user.uid,
            site=site_ids[where].uid,
            name=user.display_name,
            site_name=site_ids[where].name if len(site_ids) > 1 else "",
            a_week=times.get((user.id, where), 0),
            a_review=measured.get(user.id),
            waiting=round(by_hand[user.id].load / by_hand[user.id].a_review),
            minutes=by_hand[user.id].load,
            share=shares.get(user.id, 0),
        )
        for user in people
        for where in sorted(held.get(user.id, []))
    )


def _rates(session: Session, tasks: Select[Any], now: dt.datetime) -> tuple[SkipRate, ...]:
    """Return how often each reviewer skipped, first readings of drawn calls only."""
    recent = tasks.where(
        Task.origin == Origin.DRAWN,
        Task.assignee_id.is_not(None),
        Task.closed_at > now - RATES_OF,
        Task.state.in_((TaskState.DONE, TaskState.SKIPPED)),
    )

    def kind(which: SkipKind) -> Any:
        return func.count().filter(Task.state == TaskState.SKIPPED, Task.skip_kind == which)

    rows = session.execute(
        recent.join(User, User.id == Task.assignee_id)
        .with_only_columns(
            User.display_name,
            func.count(),
            kind(SkipKind.INELIGIBLE),
            kind(SkipKind.NOT_REVIEWED),
        )
        .group_by(User.id, User.display_name)
        .order_by(User.display_name)
    )
    return tuple(SkipRate(*row) for row in rows)


def plan_choices(session: Session, person: Person) -> list[tuple[str, str]]:
    """Return uid and name of the plans in scope."""
    plans = session.scalars(
        visible(person, SamplePlan, Action.PLANS_READ).order_by(SamplePlan.name)
    )
    return [(str(plan.uid), plan.name) for plan in plans]


@dataclass(frozen=True)
class AskPage:
    """A call of which a review may be asked for: its parts with talk, uid and facts."""

    call_uid: uuid.UUID
    legs: tuple[tuple[uuid.UUID, CallFacts], ...]


def ask_page(session: Session, person: Person, call_uid: uuid.UUID) -> AskPage:
    """Return the parts of a call in scope; none where the person took part in it."""
    call = load(session, person, Action.REVIEWS_DIRECT, Call, call_uid)
    legs = session.scalars(
        visible(person, Leg, Action.REVIEWS_DIRECT)
        .where(Leg.call_id == call.id, Leg.talk_ms > 0)
        .options(
            joinedload(Leg.agent),
            joinedload(Leg.call).joinedload(Call.site),
            joinedload(Leg.call).joinedload(Call.project),
        )
        .order_by(Leg.position)
    ).unique()
    return AskPage(call_uid, tuple((leg.uid, call_facts(leg)) for leg in legs))
