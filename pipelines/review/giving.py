"""What managers do with tasks: give them to reviewers, share work out, ask for a review."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.calls import Leg, Recording
from models.people import Site, User
from models.reviewing import ReviewerTime, ReviewRequest
from models.reviews import Review, Task
from models.vocab import Origin, RecordingState, ReviewState, TaskState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.review import claims, rules
from pipelines.review.service import drop_draft, published_version, record

MEASURED = timedelta(days=90)
"""Reviews of so long show how many minutes a person needs."""
MOST_SHARED = 500
MOST_MINUTES = 6_000


def give(session: Session, task: Task, to: User | None, by: User, *, now: datetime) -> None:
    """Give a task that nobody has begun to a reviewer, or with ``to`` None to anybody.

    Raises ``task_closed``, ``task_begun`` where answers were written, ``own_call`` for a call of
    ``by``, ``reviewer_elsewhere``, and what keeps the task from the reviewer as ``claim`` does.
    """
    session.refresh(task, with_for_update=True)
    if task.state not in (TaskState.OPEN, TaskState.CLAIMED) or task.skip_kind is not None:
        raise DomainError("task_closed")
    if task.origin is Origin.CALIBRATION:
        # Each reviewer of a round has their own; nobody else could take it.
        raise DomainError("calibration_not_given")
    not_of_own_call(session, task, by)
    if to is not None:
        there = select(Task.id).where(Task.id == task.id, claims.reviews_there(to))
        if session.scalar(there) is None:
            raise DomainError("reviewer_elsewhere", name=to.display_name)
        if code := claims.obstacle(session, task, to, now):
            raise DomainError(f"given_{code}", name=to.display_name)
    if to is not None and task.assignee_id == to.id:
        return
    try:
        drop_draft(session, task, discard=False)
    except DomainError as error:
        raise DomainError("task_begun") from error
    task.state, task.claimed_at = TaskState.OPEN, None
    task.assignee_id = to.id if to else None
    session.flush()
    record(session, task, by, "task.given", now, to=str(to.uid) if to else None)


def not_of_own_call(session: Session, task: Task, user: User) -> None:
    """Raise ``own_call`` where the person talked on the task's call: others manage it."""
    mine = select(Task.id).where(Task.id == task.id, claims.own_call(user))
    if session.scalar(mine) is not None:
        raise DomainError("own_call")


def set_time(
    session: Session, site: Site, user: User, minutes: int, by: User, *, now: datetime
) -> None:
    """Set how many minutes a week a person has for reviewing at a site."""
    if not 0 <= minutes <= MOST_MINUTES:
        raise DomainError("reviewer_time_range", hours=MOST_MINUTES // 60)
    known = session.scalar(
        select(ReviewerTime).where(ReviewerTime.user_id == user.id, ReviewerTime.site_id == site.id)
    )
    if known is None:
        session.add(ReviewerTime(user_id=user.id, site_id=site.id, minutes_a_week=minutes))
    elif known.minutes_a_week == minutes:
        return
    else:
        known.minutes_a_week = minutes
    session.flush()
    audit.record(
        session,
        now=now,
        actor=by.uid,
        action="reviewer.time_set",
        subject="user",
        subject_uid=user.uid,
        minutes=minutes,
    )


def measured_minutes(
    session: Session, user_ids: Iterable[int], now: datetime
) -> tuple[dict[int, float], float]:
    """Return user id → typical minutes of a review, where measured, and what others are taken for.

    The latter is the typical time of all of them together, else ``rules.USUAL_MINUTES``.
    """
    spans: dict[int, list[timedelta]] = {}
    rows = session.execute(
        select(Review.reviewer_id, Review.started_at, Review.submitted_at).where(
            Review.reviewer_id.in_(list(user_ids)),
            Review.state == ReviewState.SUBMITTED,
            Review.origin.not_in((Origin.LIVE, Origin.CALIBRATION)),
            Review.submitted_at > now - MEASURED,
        )
    )
    for who, begun, ended in rows:
        if who is not None and ended is not None:
            spans.setdefault(who, []).append(ended - begun)
    own = {who: rules.typical_minutes(times) for who, times in spans.items()}
    everybody = rules.typical_minutes(span for times in spans.values() for span in times)
    measured = {who: minutes for who, minutes in own.items() if minutes is not None}
    return measured, everybody or rules.USUAL_MINUTES


def hands(
    session: Session, site_ids: Sequence[int], user_ids: Sequence[int], now: datetime
) -> list[rules.Hand]:
    """Return the reviewers as work is shared out: their time, pace and what waits with them."""
    pace, usual = measured_minutes(session, user_ids, now)
    weeks = session.execute(
        select(ReviewerTime.user_id, func.sum(ReviewerTime.minutes_a_week))
        .where(ReviewerTime.user_id.in_(user_ids), ReviewerTime.site_id.in_(site_ids))
        .group_by(ReviewerTime.user_id)
    )
    a_week = {row[0]: int(row[1]) for row in weeks}
    waiting = session.execute(
        select(Task.assignee_id, func.count())
        .where(
            Task.assignee_id.in_(user_ids),
            Task.state.in_((TaskState.OPEN, TaskState.CLAIMED)),
        )
        .group_by(Task.assignee_id)
    )
    loads = {row[0]: int(row[1]) for row in waiting}
    found = []
    for who in user_ids:
        minutes = pace.get(who, usual)
        found.append(rules.Hand(who, loads.get(who, 0) * minutes, a_week.get(who, 0), minutes))
    return found


def shares(
    session: Session,
    tasks: Select[Any],
    users: Sequence[User],
    site_ids: Sequence[int],
    now: datetime,
) -> dict[int, int]:
    """Return how the unassigned tasks among ``tasks`` would be shared: task id → user id.

    At most `MOST_SHARED`, those due first.
    """
    free = tasks.where(Task.state == TaskState.OPEN, Task.assignee_id.is_(None))
    legs = {
        row.id: row.leg_id
        for row in session.execute(
            free.with_only_columns(Task.id, Task.leg_id)
            .order_by(Task.due_at, Task.id)
            .limit(MOST_SHARED)
        )
    }
    order = list(legs)
    allowed: dict[int, set[int]] = {}
    for user in users:
        able = free.where(
            claims.takeable(user, now), claims.reviews_there(user), Task.id.in_(order)
        )
        for task_id in session.scalars(able.with_only_columns(Task.id)):
            allowed.setdefault(task_id, set()).add(user.id)
    found = hands(session, site_ids, [user.id for user in users], now)
    return rules.share_out(order, found, allowed, legs)


def share(
    session: Session,
    tasks: Select[Any],
    users: Sequence[User],
    site_ids: Sequence[int],
    by: User,
    *,
    now: datetime,
) -> dict[int, int]:
    """Give out what `shares` says; return user id → how many tasks were given."""
    people = {user.id: user for user in users}
    given: dict[int, int] = {}
    for task_id, who in shares(session, tasks, users, site_ids, now).items():
        task = session.get_one(Task, task_id, with_for_update=True)
        if task.state is not TaskState.OPEN or task.assignee_id is not None:
            # Somebody took it while the shares were worked out.
            continue
        give(session, task, people[who], by, now=now)
        given[who] = given.get(who, 0) + 1
    return given


def ask_for_review(
    session: Session,
    leg: Leg,
    to: User | None,
    by: User,
    reason: str,
    *,
    due_days: int,
    now: datetime,
) -> Task:
    """Have a leg reviewed outside of any draw, by ``to`` or by anybody, for a reason in words.

    Raises ``reason_needed``, ``own_call`` (the asker's or the reviewer's), ``recording_gone``,
    ``review_asked_already`` while such a review is under way, ``no_scorecard_for_project``.
    """
    if not reason.strip():
        raise DomainError("reason_needed")
    # Two who ask for the same at once make one review of it.
    session.refresh(leg, with_for_update={"key_share": True})
    there = select(Recording.id).where(
        Recording.call_id == leg.call_id, Recording.state == RecordingState.PRESENT
    )
    if session.scalar(there) is None:
        raise DomainError("recording_gone")
    under_way = select(Task.id).where(
        Task.leg_id == leg.id,
        Task.origin == Origin.DIRECTED,
        Task.state.in_((TaskState.OPEN, TaskState.CLAIMED)),
    )
    if session.scalar(under_way) is not None:
        raise DomainError("review_asked_already")
    task = Task(
        origin=Origin.DIRECTED,
        site_id=leg.site_id,
        team_id=leg.team_id,
        leg_id=leg.id,
        version_id=published_version(session, leg.call.project_id, None),
        due_at=now + timedelta(days=due_days),
        created_at=now,
    )
    session.add(task)
    session.flush()
    session.add(
        ReviewRequest(task_id=task.id, asked_by_id=by.id, reason=reason.strip(), asked_at=now)
    )
    session.flush()
    record(session, task, by, "task.asked_for", now)
    give(session, task, to, by, now=now)
    return task
