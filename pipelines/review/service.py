"""Reviewers' tasks: made for a draw, claimed, given, given back, skipped."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from models.calls import Call, Leg, Project
from models.people import Agent, User
from models.reviews import Review, SelfAssessment, Task
from models.samples import Draw, DrawnCall
from models.scorecards import ScorecardVersion
from models.vocab import (
    AssessmentState,
    DrawState,
    Origin,
    SkipKind,
    TaskState,
    VersionState,
)
from pipelines import audit, days
from pipelines.outcomes import DomainError
from pipelines.review import claims, rules


def create_tasks(session: Session, draw: Draw, *, now: datetime) -> list[Task]:
    """Make a task for every leg with talk of every drawn call, and ask its agent's own view.

    A leg that has a live task, or a call whose review belongs to an earlier draw, gets none, so
    that an extended draw may be given again. Agents who do not sign in are not asked. The legs of
    calls that the draw has read twice get a second task, for another reviewer. Returns the first
    ones.
    """
    legs = session.execute(
        select(Leg, DrawnCall.id, Call.project_id, DrawnCall.position)
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
        project_id: published_version(session, project_id, draw.plan.scorecard_id)
        for project_id in dict.fromkeys(row.project_id for row in legs)
    }
    due_at = now + timedelta(days=draw.plan.due_days)

    def task_for(
        origin: Origin, leg: Leg, drawn_call_id: int, project_id: int, _place: int
    ) -> Task:
        return Task(
            origin=origin,
            site_id=leg.site_id,
            team_id=leg.team_id,
            leg_id=leg.id,
            drawn_call_id=drawn_call_id,
            version_id=versions[project_id],
            due_at=due_at,
            created_at=now,
        )

    tasks = [task_for(Origin.DRAWN, *row) for row in legs]
    share = draw.second_share_bp
    seconds = [
        task_for(Origin.SECOND, *row)
        for row in legs
        if rules.read_twice(draw.seed, row.position, share)
    ]
    session.add_all(tasks)
    session.flush()
    session.add_all(seconds)
    session.flush()
    asked = _ask_agents(
        session,
        list(zip(tasks, (row[0] for row in legs), strict=True)),
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
        seconds=len(seconds),
        asked=asked,
    )
    return tasks


def _has_task() -> ColumnElement[bool]:
    this_pick = Task.drawn_call_id == DrawnCall.id
    # What is finished for a void draw counts nowhere: the leg is to be read for this one.
    pick = aliased(DrawnCall)
    void = exists().where(
        pick.id == Task.drawn_call_id, Draw.id == pick.draw_id, Draw.state == DrawState.VOID
    )
    return (
        select(Task.id)
        .where(
            Task.leg_id == Leg.id,
            Task.origin == Origin.DRAWN,
            or_(and_(Task.state.in_(claims.LIVE), ~void), this_pick),
        )
        .exists()
    )


def published_version(session: Session, project_id: int, scorecard_id: int | None) -> int:
    """Return the newest published version of a scorecard, of the project's unless one is given.

    Raises ``no_scorecard_for_project``.
    """
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


def ask_again(session: Session, task: Task, *, now: datetime) -> None:
    """Ask the agent of a task's leg for the own view once more, with the plan's days to give it."""
    leg = session.get_one(Leg, task.leg_id)
    drawn = session.get_one(DrawnCall, task.drawn_call_id)
    due_at = now + timedelta(days=drawn.draw.plan.self_assessment_days)
    _ask_agents(session, [(task, leg)], due_at=due_at)
    days.mark_dirty(session, [(leg.site_id, leg.local_date)])


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


def claimable(tasks: Select[Any], user: User, now: datetime) -> Select[Any]:
    """Narrow ``tasks`` (those in the person's scope) to what they may claim, first due first."""
    return claims.claimable(tasks, user, now)


def claim_next(session: Session, tasks: Select[Any], user: User, *, now: datetime) -> Task | None:
    """Claim the task among ``tasks`` whose turn it is for ``user``; None when there is none."""
    for task_id in claims.turn(session, tasks, user, now):
        # Two people who ask at once get two tasks: what another transaction holds is passed over.
        task = session.scalar(
            select(Task)
            .where(Task.id == task_id, Task.state == TaskState.OPEN)
            .with_for_update(of=Task, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        if task is not None and claims.obstacle(session, task, user, now) is None:
            _take(session, task, user, now)
            return task
    return None


def claim(session: Session, task: Task, user: User, *, now: datetime) -> None:
    """Claim one task. Claiming what one has already changes nothing.

    Raises ``task_taken``, and by what keeps the task from the person ``own_call``,
    ``colleague_call``, ``judged_before`` or ``reads_figures``.
    """
    session.refresh(task, with_for_update=True)
    if task.state is TaskState.CLAIMED and task.assignee_id == user.id:
        return
    if task.state is not TaskState.OPEN or task.assignee_id not in (None, user.id):
        raise DomainError("task_taken")
    if code := claims.obstacle(session, task, user, now):
        raise DomainError(code)
    _take(session, task, user, now)


def _take(session: Session, task: Task, user: User, now: datetime) -> None:
    task.state, task.assignee_id, task.claimed_at = TaskState.CLAIMED, user.id, now
    session.flush()
    record(session, task, user, "task.claimed", now)


def record(
    session: Session, task: Task, user: User, action: str, now: datetime, **more: Any
) -> None:
    """Write down what a person did with a task."""
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
    if task.origin is Origin.CALIBRATION:
        # Each reviewer of a round has their own; nobody else could take it.
        raise DomainError("calibration_not_released")
    drop_draft(session, task, discard=discard)
    task.skip_kind = task.skip_reason = None
    task.state, task.assignee_id, task.claimed_at = TaskState.OPEN, None, None
    session.flush()
    record(session, task, user, "task.released", now)


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
    close_skipped(session, task, kind, reason.strip(), now=now)
    record(session, task, user, "task.skipped", now, kind=kind.value)


def close_skipped(
    session: Session, task: Task, kind: SkipKind, reason: str, *, now: datetime
) -> None:
    """Close a task as skipped and mark its call so once all its legs are."""
    drop_draft(session, task, discard=True)
    task.state, task.skip_kind, task.skip_reason = TaskState.SKIPPED, kind, reason
    task.closed_at = now
    if task.origin is Origin.DRAWN:
        take_back_request(session, task)
        _drop_second(session, task)
        mark_call(session, task)
    leg = session.get_one(Leg, task.leg_id)
    days.mark_dirty(session, [(leg.site_id, leg.local_date)])
    session.flush()


def mark_call(session: Session, task: Task) -> None:
    """Mark the drawn call of a task as skipped once all its first readings are, else as not."""
    if task.drawn_call_id is None:
        return
    session.flush()
    states = session.execute(
        select(Task.state, Task.skip_kind).where(
            Task.drawn_call_id == task.drawn_call_id, Task.origin == Origin.DRAWN
        )
    )
    drawn = session.get_one(DrawnCall, task.drawn_call_id)
    drawn.skip_kind = rules.skip_of_call([(row.state, row.skip_kind) for row in states])
    drawn.skip_reason = task.skip_reason if drawn.skip_kind else None
    session.flush()


def _drop_second(session: Session, task: Task) -> None:
    """Take back the second reading of a leg that has no first, unless somebody works on it."""
    for second in session.scalars(
        select(Task).where(
            Task.leg_id == task.leg_id,
            Task.drawn_call_id == task.drawn_call_id,
            Task.origin == Origin.SECOND,
            Task.state == TaskState.OPEN,
        )
    ):
        session.delete(second)


def take_back_request(session: Session, task: Task) -> bool:
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


def drop_draft(session: Session, task: Task, *, discard: bool) -> None:
    """Delete the draft behind a task; ``draft_would_be_lost`` unless it is empty or ``discard``."""
    # What is being saved at this moment is waited for, and counts as written.
    review = session.scalar(
        select(Review)
        .where(Review.task_id == task.id)
        .with_for_update(of=Review)
        .execution_options(populate_existing=True)
    )
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
        .order_by(Task.id)
        .with_for_update(of=Task)
        .execution_options(populate_existing=True)
    ).all()
    taken = 0
    for task in waiting:
        if take_back_request(session, task):
            leg = session.get_one(Leg, task.leg_id)
            days.mark_dirty(session, [(leg.site_id, leg.local_date)])
        try:
            drop_draft(session, task, discard=False)
        except DomainError:
            continue
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
