"""What our own table says of a job: its attempts, who has it, and how it ended.

The engine only carries a job to a worker; who may save is decided here, under the lock of the job's
row. None of these functions touches the engine.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from models.operations import Job, JobPause, Worker
from models.people import User
from models.vocab import JobState
from pipelines import audit

MAX_FAILURES = 3
FIRST, NORMAL, LOW = 10, 20, 30
"""Places in the line: somebody waits, as usual, whenever there is nothing else to do."""

BEGUN_BEFORE = 5
"""How much further to the front a job stands that a worker has had already."""

ACTIVE = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True)
class Begun:
    """An attempt at a job that a worker holds: nobody else may save while it does."""

    uid: uuid.UUID
    name: str
    attempt: int
    worker: str
    ids: Mapping[str, Any]


def add(
    session: Session,
    name: str,
    ids: Mapping[str, Any],
    now: datetime,
    uid: uuid.UUID | None = None,
    *,
    priority: int = NORMAL,
    audio_ms: int = 0,
) -> Job:
    """Add a queued job; ``uid`` is given where the same job must not be added twice."""
    job = Job(
        name=name,
        arguments=dict(ids),
        queued_at=now,
        priority=priority,
        recording_id=ids.get("recording_id"),
        audio_ms=audio_ms,
    )
    if uid is not None:
        job.uid = uid
    session.add(job)
    session.flush()
    return job


def find(session: Session, uid: uuid.UUID) -> Job | None:
    """Return the job."""
    return session.scalar(select(Job).where(Job.uid == uid))


def locked(session: Session, uid: uuid.UUID) -> Job | None:
    """Return the job with its row locked until the end of the transaction."""
    return session.scalar(select(Job).where(Job.uid == uid).with_for_update())


def held(session: Session, begun: Begun) -> Job | None:
    """Return the locked job if this attempt still holds it, or null when a newer one may."""
    job = locked(session, begun.uid)
    if job is None or job.state != JobState.RUNNING:
        return None
    return job if (job.attempts, job.worker) == (begun.attempt, begun.worker) else None


def begin(
    session: Session, uid: uuid.UUID, attempt: int, worker: str, now: datetime
) -> Begun | None:
    """Let ``worker`` hold the job for this attempt; null when the attempt is out of date."""
    job = locked(session, uid)
    if job is None or job.state != JobState.QUEUED or job.attempts + 1 != attempt:
        return None
    job.state = JobState.RUNNING
    job.attempts = attempt
    job.worker = worker
    job.started_at = now
    job.finished_at = None
    job.progress_done = job.progress_total = 0
    session.flush()
    return Begun(uid=uid, name=job.name, attempt=attempt, worker=worker, ids=dict(job.arguments))


def finish(session: Session, job: Job, now: datetime, progress: tuple[int, int] | None) -> None:
    """Mark a held job as done."""
    job.state = JobState.DONE
    job.finished_at = now
    job.error_code = job.error_params = None
    if progress is not None:
        job.progress_done, job.progress_total = progress
    session.flush()


def fail(
    session: Session, job: Job, code: str, params: Mapping[str, Any], now: datetime, *, final: bool
) -> bool:
    """Count a bad end of a held job; return whether it was the last (``final``, or the third)."""
    job.failures += 1
    job.error_code, job.error_params = code, dict(params)
    if final or job.failures >= MAX_FAILURES:
        job.state = JobState.FAILED
        job.finished_at = now
    else:
        queue_again(session, job)
    session.flush()
    return job.state == JobState.FAILED


def queue_again(session: Session, job: Job) -> None:
    """Put a held job back; the attempt that had it can no longer save."""
    job.state = JobState.QUEUED
    job.worker = None
    _step_forward(job)
    session.flush()


def put_off(session: Session, job: Job, code: str, params: Mapping[str, Any]) -> None:
    """Put a held job back that waits for the installation, as for disk space: no failure of its."""
    job.error_code, job.error_params = code, dict(params)
    queue_again(session, job)


def _step_forward(job: Job) -> None:
    # Behind everybody who came meanwhile, a long line would be waited through a second time.
    job.priority = -(-job.priority // FIRST) * FIRST - BEGUN_BEFORE


def prefer(session: Session, job: Job, now: datetime) -> bool:
    """Move a locked job to the front; false when it no longer waits, or stands there already.

    The number of its next attempt is used up, so that the entry at its old place does nothing.
    """
    if job.state != JobState.QUEUED or job.priority <= FIRST:
        return False
    job.attempts += 1
    job.priority = FIRST
    job.queued_at = now
    session.flush()
    return True


def is_outranked(session: Session, uid: uuid.UUID) -> bool:
    """Tell whether a job of the same name, further to the front, waits as well."""
    job = find(session, uid)
    if job is None:
        return False
    ahead = select(Job.id).where(
        Job.name == job.name, Job.state == JobState.QUEUED, Job.priority < job.priority
    )
    return session.scalar(ahead.limit(1)) is not None


def skip(session: Session, uid: uuid.UUID, attempt: int) -> Job | None:
    """Use up the number of an attempt that was handed out and never begun; null if it was begun."""
    job = locked(session, uid)
    if job is None or job.state != JobState.QUEUED or job.attempts + 1 != attempt:
        return None
    job.attempts = attempt
    _step_forward(job)
    session.flush()
    return job


def pause(session: Session, name: str, *, now: datetime, by: User | None) -> bool:
    """Let no job of this name begin; false when none may begin already."""
    if session.get(JobPause, name) is not None:
        return False
    session.add(JobPause(name=name, paused_at=now, paused_by_id=by.id if by else None))
    _record(session, "jobs.paused", name, now, by)
    return True


def resume(session: Session, name: str, *, now: datetime, by: User | None) -> bool:
    """Let jobs of this name begin again; false when they were not paused."""
    row = session.get(JobPause, name)
    if row is None:
        return False
    session.delete(row)
    _record(session, "jobs.resumed", name, now, by)
    return True


def _record(session: Session, action: str, name: str, now: datetime, by: User | None) -> None:
    actor = by.uid if by else None
    audit.record(session, now=now, actor=actor, action=action, subject="job_pause", name=name)
    session.flush()


def is_paused(session: Session, name: str) -> bool:
    """Tell whether jobs of this name may not begin."""
    return session.scalar(select(JobPause.name).where(JobPause.name == name)) is not None


def save_progress(session: Session, begun: Begun, done: int, total: int) -> None:
    """Note how far an attempt is, unless a newer one has begun."""
    session.execute(
        update(Job)
        .where(Job.uid == begun.uid, Job.attempts == begun.attempt, Job.worker == begun.worker)
        .values(progress_done=done, progress_total=total)
    )


def held_by_others(session: Session, alive: Collection[str]) -> list[Begun]:
    """Return the attempts whose worker is not among the living."""
    jobs = session.scalars(
        select(Job).where(Job.state == JobState.RUNNING, Job.worker.not_in(alive)).order_by(Job.id)
    )
    return [_begun(job) for job in jobs]


def held_by(session: Session, worker: str) -> list[Begun]:
    """Return the attempts that ``worker`` holds."""
    jobs = session.scalars(
        select(Job).where(Job.state == JobState.RUNNING, Job.worker == worker).order_by(Job.id)
    )
    return [_begun(job) for job in jobs]


def _begun(job: Job) -> Begun:
    return Begun(
        uid=job.uid,
        name=job.name,
        attempt=job.attempts,
        worker=job.worker or "",
        ids=dict(job.arguments),
    )


def is_active(session: Session, name: str, ids: Mapping[str, Any] | None = None) -> bool:
    """Tell whether a job of this name waits or runs; with ``ids``, one that has all of these."""
    active = session.scalars(select(Job.arguments).where(Job.state.in_(ACTIVE), Job.name == name))
    return any((ids or {}).items() <= arguments.items() for arguments in active)


def next_attempts(session: Session, names: Collection[str]) -> list[tuple[uuid.UUID, int]]:
    """Return the waiting jobs of these names, each with the number of its next attempt."""
    waiting = select(Job.uid, Job.attempts + 1).where(
        Job.state == JobState.QUEUED, Job.name.in_(names)
    )
    return [(uid, attempt) for uid, attempt in session.execute(waiting.order_by(Job.id))]


def count_active(session: Session, names: Collection[str]) -> int:
    """Return how many jobs of these names wait or run."""
    active = select(func.count()).where(Job.state.in_(ACTIVE), Job.name.in_(names))
    return session.scalar(active) or 0


def heartbeat(session: Session, worker: str, now: datetime) -> None:
    """Note that ``worker`` lives; it may have been forgotten while the machine slept."""
    row = session.get(Worker, worker)
    if row is None:
        session.add(Worker(id=worker, started_at=now, heartbeat_at=now))
    else:
        row.heartbeat_at = now
    session.flush()


def alive(session: Session, since: datetime) -> set[str]:
    """Return the workers whose heart beat after ``since``."""
    return set(session.scalars(select(Worker.id).where(Worker.heartbeat_at > since)))


def last_heartbeat(session: Session) -> datetime | None:
    """Return when any worker was last known to live."""
    return session.scalar(select(func.max(Worker.heartbeat_at)))


def forget(session: Session, before: datetime) -> None:
    """Remove done jobs and workers that have been silent since ``before``."""
    session.execute(delete(Job).where(Job.state == JobState.DONE, Job.finished_at < before))
    session.execute(delete(Worker).where(Worker.heartbeat_at < before))
