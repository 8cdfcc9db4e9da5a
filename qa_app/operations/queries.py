"""What admins watch: the audit log, jobs and workers."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.operations import AuditEntry, Job, Worker
from models.people import User
from models.vocab import JobState
from pipelines.line import WORKER_SILENT
from qa_app.access import Action, Person, visible

PAGE = 100
JOBS_SHOWN = 200


@dataclass(frozen=True)
class AuditPage:
    """One page of the audit log, newest first; ``older`` is where the next page begins."""

    entries: tuple[tuple[AuditEntry, str | None], ...]
    actions: tuple[str, ...]
    action: str
    who: str
    older: int | None


def audit_page(
    session: Session, person: Person, *, action: str, who: str, before: int | None
) -> AuditPage:
    """Read the entries that the admin may see, by action and by the actor's user name."""
    seen = visible(person, AuditEntry, Action.AUDIT_READ)
    actions = session.scalars(
        seen.with_only_columns(AuditEntry.action).distinct().order_by(AuditEntry.action)
    ).all()
    if action:
        seen = seen.where(AuditEntry.action == action)
    if who:
        # An unknown name finds nothing, rather than everything.
        actor = session.scalar(
            visible(person, User, Action.AUDIT_READ)
            .where(User.username == who)
            .with_only_columns(User.uid)
        )
        seen = seen.where(AuditEntry.actor_uid == (actor or uuid.UUID(int=0)))
    if before:
        seen = seen.where(AuditEntry.id < before)
    entries = session.scalars(seen.order_by(AuditEntry.id.desc()).limit(PAGE + 1)).all()
    shown = entries[:PAGE]
    names = dict(
        session.execute(
            visible(person, User, Action.AUDIT_READ)
            .where(User.uid.in_({entry.actor_uid for entry in shown if entry.actor_uid}))
            .with_only_columns(User.uid, User.username)
        ).all()
    )
    return AuditPage(
        entries=tuple(
            (entry, names.get(entry.actor_uid) if entry.actor_uid else None) for entry in shown
        ),
        actions=tuple(actions),
        action=action,
        who=who,
        older=shown[-1].id if len(entries) > PAGE else None,
    )


@dataclass(frozen=True)
class JobsPage:
    """The machine's work: how much in each state, the newest jobs, and the workers."""

    counts: dict[JobState, int]
    jobs: tuple[Job, ...]
    workers: tuple[tuple[Worker, bool], ...]
    state: str

    @property
    def nobody_works(self) -> bool:
        """Jobs wait, and no worker is alive to do them."""
        return bool(self.counts.get(JobState.QUEUED)) and not any(
            alive for _worker, alive in self.workers
        )


def jobs_page(session: Session, person: Person, *, state: str, now: datetime) -> JobsPage:
    """Read jobs (newest first, at most two hundred) and the workers of the last days."""
    # What comes every few minutes would hide everything else within a day.
    routine = Job.name.in_(("rebuild_measures", "send_mail", "settle_live")) & (
        Job.state == JobState.DONE
    )
    seen = visible(person, Job, Action.JOBS_READ).where(~routine)
    counts = session.execute(
        seen.with_only_columns(Job.state, func.count()).group_by(Job.state)
    ).all()
    if state in set(JobState):
        seen = seen.where(Job.state == JobState(state))
    workers = session.scalars(select(Worker).order_by(Worker.heartbeat_at.desc()).limit(10))
    return JobsPage(
        counts=dict(counts),
        jobs=tuple(session.scalars(seen.order_by(Job.id.desc()).limit(JOBS_SHOWN))),
        workers=tuple((worker, now - worker.heartbeat_at < WORKER_SILENT) for worker in workers),
        state=state,
    )
