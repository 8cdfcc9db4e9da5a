"""What admins watch: the audit log, jobs and workers."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from models.calls import Leg
from models.disputes import Dispute
from models.operations import AuditEntry, Job, Worker
from models.people import User
from models.reviews import Review
from models.vocab import JobState
from pipelines.line import WORKER_SILENT
from qa_app.access import Action, Person, visible
from qa_app.calls.blindness import may_judge

PAGE = 100
JOBS_SHOWN = 200


@dataclass(frozen=True)
class Logged:
    """An entry of the log with the name of who did it, and the particulars that may be shown."""

    entry: AuditEntry
    who: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class AuditPage:
    """One page of the audit log, newest first; ``older`` is where the next page begins."""

    entries: tuple[Logged, ...]
    actions: tuple[str, ...]
    action: str
    who: str
    older: int | None


def audit_page(
    session: Session, person: Person, now: datetime, *, action: str, who: str, before: int | None
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
    judged = _judged(session, person, shown, now)
    return AuditPage(
        entries=tuple(
            Logged(
                entry,
                names.get(entry.actor_uid) if entry.actor_uid else None,
                {} if entry.subject_uid in judged else entry.details,
            )
            for entry in shown
        ),
        actions=tuple(actions),
        action=action,
        who=who,
        older=shown[-1].id if len(entries) > PAGE else None,
    )


def _judged(
    session: Session, person: Person, entries: Sequence[AuditEntry], now: datetime
) -> set[uuid.UUID | None]:
    """Return the reviews and disputes among the entries whose calls the person judges, or may.

    An admin who also reviews or takes calls does not read their points out of the log.
    """
    uids = [entry.subject_uid for entry in entries if entry.subject in ("review", "dispute")]
    leg, scored, disputed = aliased(Leg), aliased(Review), aliased(Dispute)
    of_reviews = (
        select(scored.uid)
        .join(leg, leg.id == scored.leg_id)
        .where(scored.uid.in_(uids), may_judge(person, leg.call_id, now))
    )
    of_disputes = (
        select(disputed.uid)
        .join(scored, scored.id == disputed.review_id)
        .join(leg, leg.id == scored.leg_id)
        .where(disputed.uid.in_(uids), may_judge(person, leg.call_id, now))
    )
    return {*session.scalars(of_reviews), *session.scalars(of_disputes)}


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
