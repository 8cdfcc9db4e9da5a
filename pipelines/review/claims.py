"""What keeps a task from a person, and in which turn the others are taken."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from models.calls import Leg
from models.people import Agent, Site, TeamMember, User, UserRole
from models.practice import PracticeAttempt, QuizItem
from models.reviews import Review, ReviewRevision, Task
from models.samples import Draw, DrawnCall, SamplePlan
from models.vocab import Origin, ReviewState, Role, TaskState
from models.vocab_learning import AttemptState
from pipelines.review import rules

LATELY = timedelta(days=28)
"""Calls of an agent that were given out since then count as heard."""
MOST_CANDIDATES = 5_000
READINGS = (Origin.DRAWN, Origin.SECOND)
LIVE = (TaskState.OPEN, TaskState.CLAIMED, TaskState.DONE)


def own_call(user: User) -> ColumnElement[bool]:
    """Return whether the person's own agent talked on any leg of a task's call."""
    own, other = aliased(Leg), aliased(Leg)
    return exists().where(
        other.id == Task.leg_id,
        own.call_id == other.call_id,
        Agent.id == own.agent_id,
        Agent.user_id == user.id,
    )


def _colleague_call(user: User, today: date) -> ColumnElement[bool]:
    """Return whether the plan keeps a task from the person as a close colleague of its agent.

    Close are people of one team, today or on the day of the call: who works beside the agent now
    has a stake in them, and who did then may have one in that very call. It is about the agent
    whose leg is judged, not about those of the call's other legs.
    """
    forbidden = exists().where(
        DrawnCall.id == Task.drawn_call_id,
        Draw.id == DrawnCall.draw_id,
        SamplePlan.id == Draw.plan_id,
        SamplePlan.no_colleagues,
    )
    leg, me = aliased(Leg), aliased(Agent)
    mine, theirs = aliased(TeamMember), aliased(TeamMember)
    now_together = exists().where(
        leg.id == Task.leg_id,
        me.user_id == user.id,
        mine.agent_id == me.id,
        theirs.agent_id == leg.agent_id,
        theirs.team_id == mine.team_id,
        _on(mine, today),
        _on(theirs, today),
    )
    leg2, me2, mine2 = aliased(Leg), aliased(Agent), aliased(TeamMember)
    then_together = exists().where(
        leg2.id == Task.leg_id,
        me2.user_id == user.id,
        mine2.agent_id == me2.id,
        mine2.team_id == leg2.team_id,
        _on(mine2, leg2.local_date),
    )
    return and_(forbidden, or_(now_together, then_together))


def _on(member: Any, day: Any) -> ColumnElement[bool]:
    return and_(member.valid_from <= day, or_(member.valid_to.is_(None), member.valid_to > day))


def _judged_before(user: User) -> ColumnElement[bool]:
    """Return whether the person reads this leg already, or knows a score of it.

    The two readings of a call are by two people, and the second is blind: whoever wrote or decided
    a score of the leg does not make it. Whoever practised on it was shown its reference.
    """
    other = aliased(Task)
    reads = exists().where(
        other.leg_id == Task.leg_id,
        other.id != Task.id,
        other.assignee_id == user.id,
        other.origin.in_(READINGS),
        other.state.in_(LIVE),
    )
    gave = exists().where(
        Review.leg_id == Task.leg_id,
        ReviewRevision.review_id == Review.id,
        ReviewRevision.by_id == user.id,
    )
    writes = exists().where(
        Review.leg_id == Task.leg_id,
        Review.reviewer_id == user.id,
        Review.state == ReviewState.DRAFT,
        Review.task_id.is_distinct_from(Task.id),
    )
    practised = exists().where(
        QuizItem.leg_id == Task.leg_id,
        PracticeAttempt.item_id == QuizItem.id,
        PracticeAttempt.user_id == user.id,
        PracticeAttempt.state == AttemptState.SUBMITTED,
    )
    return or_(
        and_(Task.origin.in_(READINGS), or_(reads, practised)),
        and_(Task.origin == Origin.SECOND, or_(gave, writes)),
    )


def _reads_figures(user: User) -> ColumnElement[bool]:
    """Return whether a second reading is blind for nobody who reads the figures of its team.

    On a day with few reviews the rate itself tells the first reader's verdict.
    """
    held = aliased(UserRole)
    leads = exists().where(
        held.user_id == user.id,
        held.role.in_((Role.MANAGER, Role.TRAINER)),
        held.site_id == Task.site_id,
        or_(held.team_id.is_(None), held.team_id == Task.team_id),
    )
    return and_(Task.origin == Origin.SECOND, leads)


def _obstacles(user: User, today: date) -> tuple[tuple[str, ColumnElement[bool]], ...]:
    return (
        ("own_call", own_call(user)),
        ("colleague_call", _colleague_call(user, today)),
        ("judged_before", _judged_before(user)),
        ("reads_figures", _reads_figures(user)),
    )


def obstacle(session: Session, task: Task, user: User, now: datetime) -> str | None:
    """Return the code of what keeps a task from a person: the first reason, or null."""
    for code, condition in _obstacles(user, now.date()):
        if session.scalar(select(Task.id).where(Task.id == task.id, condition)) is not None:
            return code
    return None


def takeable(user: User, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a task is open and nothing keeps it from the person."""
    return and_(
        Task.state == TaskState.OPEN,
        or_(Task.assignee_id.is_(None), Task.assignee_id == user.id),
        *(~condition for _code, condition in _obstacles(user, now.date())),
    )


def claimable(tasks: Select[Any], user: User, now: datetime) -> Select[Any]:
    """Narrow ``tasks`` (those in the person's scope) to what they may claim, first due first."""
    return tasks.where(takeable(user, now)).order_by(Task.due_at, Task.id)


def turn(session: Session, tasks: Select[Any], user: User, now: datetime) -> list[int]:
    """Return the ids of the tasks that a person may claim, in the order of `rules.in_turn`."""
    leg, call = aliased(Leg), aliased(DrawnCall)
    rows = session.execute(
        claimable(tasks, user, now)
        .join(leg, leg.id == Task.leg_id)
        .join(Site, Site.id == Task.site_id)
        .outerjoin(call, call.id == Task.drawn_call_id)
        .with_only_columns(
            Task.id,
            Task.due_at,
            Task.assignee_id,
            Site.timezone,
            leg.agent_id,
            leg.position.label("leg"),
            func.coalesce(call.position, 0).label("place"),
        )
        .limit(MOST_CANDIDATES)
    ).all()
    heard = _heard_lately(session, {row.agent_id for row in rows}, now)
    return rules.in_turn(
        rules.Waiting(
            id=row.id,
            due=row.due_at.astimezone(ZoneInfo(row.timezone)).date(),
            given=row.assignee_id == user.id,
            heard=heard.get(row.agent_id, 0),
            position=row.place,
            leg=row.leg,
        )
        for row in rows
    )


def _heard_lately(
    session: Session, agents: set[int | None], now: datetime
) -> dict[int | None, int]:
    rows = session.execute(
        select(Leg.agent_id, func.count())
        .join(Task, Task.leg_id == Leg.id)
        .where(
            Leg.agent_id.in_(agents),
            Task.origin == Origin.DRAWN,
            Task.state.in_((TaskState.CLAIMED, TaskState.DONE)),
            Task.created_at > now - LATELY,
        )
        .group_by(Leg.agent_id)
    )
    return {row[0]: row[1] for row in rows}


def reviews_there(user: User) -> ColumnElement[bool]:
    """Return the condition that a task lies where the person reviews, and that they may enter."""
    return exists().where(
        UserRole.user_id == user.id,
        UserRole.role == Role.REVIEWER,
        UserRole.site_id == Task.site_id,
        or_(UserRole.team_id.is_(None), UserRole.team_id == Task.team_id),
        User.id == UserRole.user_id,
        User.disabled_at.is_(None),
    )
