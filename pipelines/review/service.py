"""Reviewers' tasks: made for a draw, claimed, given back, skipped."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from models.calls import Call, Leg, Project
from models.people import Agent, User
from models.reviews import Review, SelfAssessment, Task
from models.samples import Draw, DrawnCall
from models.scorecards import ScorecardVersion
from models.vocab import (
    AssessmentState,
    Origin,
    SkipKind,
    TaskState,
    VersionState,
)
from pipelines import audit, days
from pipelines.outcomes import DomainError
from pipelines.review import rules

_LIVE = (TaskState.OPEN, TaskState.CLAIMED, TaskState.DONE)


def create_tasks(session: Session, draw: Draw, *, now: datetime) -> list[Task]:
    """Make a task for every leg with talk of every drawn call, and ask its agent's own view.

    A leg that has a live task, or a call whose review belongs to an earlier draw, gets none, so
    that an extended draw may be given again. Agents who do not sign in are not asked.
    """
    legs = session.execute(
        select(Leg, DrawnCall.id, Call.project_id)
        .join(Call, Call.id == Leg.call_id)
        .join(DrawnCall, DrawnCall.call_id == Call.id)
        .where(
            DrawnCall.draw_id == draw.id,
            DrawnCall.skip_kind.is_(None),
            DrawnCall.earlier_id.is_(None),
            Leg.talk_ms > 0,
            ~_has_task(),
        )
        .order_by(DrawnCall.position, Leg.position)
    ).all()
    versions = {
        project_id: _version_for(session, draw, project_id)
        for project_id in dict.fromkeys(row.project_id for row in legs)
    }
    tasks = [
        Task(
            origin=Origin.DRAWN,
            site_id=leg.site_id,
            team_id=leg.team_id,
            leg_id=leg.id,
            drawn_call_id=drawn_call_id,
            version_id=versions[project_id],
            due_at=now + timedelta(days=draw.plan.due_days),
            created_at=now,
        )
        for leg, drawn_call_id, project_id in legs
    ]
    session.add_all(tasks)
    session.flush()
    asked = _ask_agents(
        session,
        list(zip(tasks, (leg for leg, _, _ in legs), strict=True)),
        due_at=now + timedelta(days=draw.plan.self_assessment_days),
    )
    audit.record(
        session,
        now=now,
        actor=None,
        action="tasks.created",
        subject="draw",
        subject_uid=draw.uid,
        tasks=len(tasks),
        asked=asked,
    )
    return tasks


def _has_task() -> ColumnElement[bool]:
    this_pick = Task.drawn_call_id == DrawnCall.id
    return (
        select(Task.id)
        .where(
            Task.leg_id == Leg.id,
            Task.origin == Origin.DRAWN,
            or_(Task.state.in_(_LIVE), this_pick),
        )
        .exists()
    )


def _version_for(session: Session, draw: Draw, project_id: int) -> int:
    scorecard_id = draw.plan.scorecard_id
    project = session.get_one(Project, project_id)
    version_id = session.scalar(
        select(ScorecardVersion.id)
        .where(
            ScorecardVersion.scorecard_id == (scorecard_id or project.scorecard_id),
            ScorecardVersion.state == VersionState.PUBLISHED,
        )
        .order_by(ScorecardVersion.number.desc())
        .limit(1)
    )
    if version_id is None:
        raise DomainError("no_scorecard_for_project", project=project.name)
    return version_id


def _ask_agents(session: Session, tasks: list[tuple[Task, Leg]], *, due_at: datetime) -> int:
    who_signs_in = set(
        session.scalars(
            select(Agent.id)
            .join(User, User.id == Agent.user_id)
            .where(User.disabled_at.is_(None), Agent.id.in_({leg.agent_id for _, leg in tasks}))
        )
    )
    already = {
        row.leg_id: row
        for row in session.scalars(
            select(SelfAssessment).where(SelfAssessment.leg_id.in_([leg.id for _, leg in tasks]))
        )
    }
    asked = 0
    asked_on = set()
    for task, leg in tasks:
        if leg.agent_id not in who_signs_in:
            continue
        existing = already.get(leg.id)
        if existing is None:
            session.add(
                SelfAssessment(
                    site_id=leg.site_id,
                    team_id=leg.team_id,
                    leg_id=leg.id,
                    agent_id=leg.agent_id,
                    version_id=task.version_id,
                    task_id=task.id,
                    draft={},
                    due_at=due_at,
                )
            )
        elif existing.state is AssessmentState.ASKED and existing.version_id == task.version_id:
            # What the agent had begun unasked goes on as what is now asked for.
            existing.voluntary, existing.task_id, existing.due_at = False, task.id, due_at
        else:
            continue
        asked += 1
        asked_on.add((leg.site_id, leg.local_date))
    session.flush()
    # How many were asked stands beside the gap.
    days.mark_dirty(session, asked_on)
    return asked


def _no_own_call(user: User) -> ColumnElement[bool]:
    """Narrow tasks to calls on which the person's own agent did not talk."""
    own, other = aliased(Leg), aliased(Leg)
    return ~(
        select(other.id)
        .join(own, own.call_id == other.call_id)
        .join(Agent, Agent.id == own.agent_id)
        .where(other.id == Task.leg_id, Agent.user_id == user.id)
        .exists()
    )


def claimable(tasks: Select[Task], user: User) -> Select[Task]:
    """Narrow ``tasks`` (those in the person's scope) to what they may claim, most urgent first."""
    return tasks.where(Task.state == TaskState.OPEN, _no_own_call(user)).order_by(
        Task.due_at, Task.id
    )


def claim_next(session: Session, tasks: Select[Task], user: User, *, now: datetime) -> Task | None:
    """Claim the most urgent open task among ``tasks`` for ``user``; None when there is none."""
    found = claimable(tasks, user).limit(1).with_for_update(of=Task, skip_locked=True)
    task = session.scalar(found)
    if task is not None:
        _take(session, task, user, now)
    return task


def claim(session: Session, task: Task, user: User, *, now: datetime) -> None:
    """Claim one task. Claiming what one has already changes nothing."""
    session.refresh(task, with_for_update=True)
    if task.state is TaskState.CLAIMED and task.assignee_id == user.id:
        return
    if task.state is not TaskState.OPEN:
        raise DomainError("task_taken")
    agents = session.scalars(
        select(Leg.agent_id).where(
            Leg.call_id == select(Leg.call_id).where(Leg.id == task.leg_id).scalar_subquery()
        )
    )
    agent_id = session.scalar(select(Agent.id).where(Agent.user_id == user.id))
    if rules.is_own_call(agent_id, agents):
        raise DomainError("own_call")
    _take(session, task, user, now)


def _take(session: Session, task: Task, user: User, now: datetime) -> None:
    task.state, task.assignee_id, task.claimed_at = TaskState.CLAIMED, user.id, now
    session.flush()
    _record(session, task, user, "task.claimed", now)


def _record(
    session: Session, task: Task, user: User, action: str, now: datetime, **more: Any
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="task",
        subject_uid=task.uid,
        **more,
    )


def claimed_by(session: Session, task: Task, user: User) -> None:
    """Lock a task and raise ``task_not_yours`` unless this person has claimed it."""
    session.refresh(task, with_for_update=True)
    if task.state is not TaskState.CLAIMED or task.assignee_id != user.id:
        raise DomainError("task_not_yours")


def release(session: Session, task: Task, user: User, *, now: datetime, discard: bool) -> None:
    """Give a claimed task back to the team.

    Raises ``draft_would_be_lost`` when answers were written and ``discard`` is false: the next
    reviewer must start blind, so a draft cannot be handed on.
    """
    claimed_by(session, task, user)
    _drop_draft(session, task, discard=discard)
    task.state, task.assignee_id, task.claimed_at = TaskState.OPEN, None, None
    session.flush()
    _record(session, task, user, "task.released", now)


def skip(
    session: Session,
    task: Task,
    user: User,
    kind: SkipKind,
    reason: str,
    *,
    now: datetime,
) -> None:
    """Close a claimed task without a review, with the kind and the reason in words.

    A draft is dropped, an untouched request for a self-assessment is taken back, and the drawn
    call is marked as skipped once all its legs are.
    """
    if not reason.strip():
        raise DomainError("skip_reason_needed")
    claimed_by(session, task, user)
    _drop_draft(session, task, discard=True)
    task.state, task.skip_kind, task.skip_reason = TaskState.SKIPPED, kind, reason.strip()
    task.closed_at = now
    _take_back_request(session, task)
    if task.drawn_call_id is not None:
        states = session.execute(
            select(Task.state, Task.skip_kind).where(Task.drawn_call_id == task.drawn_call_id)
        )
        drawn = session.get_one(DrawnCall, task.drawn_call_id)
        drawn.skip_kind = rules.skip_of_call([(row.state, row.skip_kind) for row in states])
        drawn.skip_reason = task.skip_reason if drawn.skip_kind else None
    leg = session.get_one(Leg, task.leg_id)
    days.mark_dirty(session, [(leg.site_id, leg.local_date)])
    session.flush()
    _record(session, task, user, "task.skipped", now, kind=kind.value)


def _take_back_request(session: Session, task: Task) -> bool:
    """Take back the self-assessment asked for beside a task, unless it was begun; tell if so."""
    untouched = [
        asked
        for asked in session.scalars(
            select(SelfAssessment).where(
                SelfAssessment.task_id == task.id, SelfAssessment.state == AssessmentState.ASKED
            )
        )
        if not asked.draft
    ]
    for asked in untouched:
        session.delete(asked)
    session.flush()
    return bool(untouched)


def _drop_draft(session: Session, task: Task, *, discard: bool) -> None:
    review = session.scalar(select(Review).where(Review.task_id == task.id))
    if review is None:
        return
    if (review.draft or review.summary or review.notes) and not discard:
        raise DomainError("draft_would_be_lost", answers=len(review.draft))
    session.delete(review)
    session.flush()
    session.expire(task, ["review"])


def withdraw_tasks(session: Session, draw: Draw, *, now: datetime) -> int:
    """Take back what a draw asked for and nobody has begun: its tasks and self-assessments.

    What somebody has written stays theirs to finish or give back; it counts in no rate. Returns
    how many tasks were taken back.
    """
    waiting = session.scalars(
        select(Task)
        .join(DrawnCall, DrawnCall.id == Task.drawn_call_id)
        .where(DrawnCall.draw_id == draw.id, Task.state.in_([TaskState.OPEN, TaskState.CLAIMED]))
    ).all()
    taken = 0
    for task in waiting:
        if _take_back_request(session, task):
            leg = session.get_one(Leg, task.leg_id)
            days.mark_dirty(session, [(leg.site_id, leg.local_date)])
        review = session.scalar(select(Review).where(Review.task_id == task.id))
        if review is not None and (review.draft or review.summary or review.notes):
            continue
        _drop_draft(session, task, discard=True)
        session.delete(task)
        taken += 1
    session.flush()
    judged = session.execute(
        select(Leg.site_id, Leg.local_date)
        .join(Task, Task.leg_id == Leg.id)
        .join(DrawnCall, DrawnCall.id == Task.drawn_call_id)
        .where(DrawnCall.draw_id == draw.id, Task.state == TaskState.DONE)
    )
    days.mark_dirty(session, [(row.site_id, row.local_date) for row in judged])
    audit.record(
        session,
        now=now,
        actor=None,
        action="tasks.withdrawn",
        subject="draw",
        subject_uid=draw.uid,
        tasks=taken,
    )
    return taken
