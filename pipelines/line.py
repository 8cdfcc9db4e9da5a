"""The line of jobs of one name: how much waits, who holds it up, and when it will be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from models.operations import Job, JobPause, Worker
from models.vocab import JobState
from pipelines import pace

# Twice the limit after which a worker's jobs are taken over.
WORKER_SILENT = timedelta(seconds=120)
LATELY = timedelta(days=7)
LOOKED_AT = 40
"""Calls of the last days from which the pace is taken."""


@dataclass(frozen=True)
class Line:
    """What waits and runs, in jobs and in milliseconds of audio.

    ``done`` are those of the last 24 hours. ``troubles`` are codes of what waiting jobs wait for,
    or failed by the last time, with their number. ``speed`` is seconds of audio per second, null
    before enough calls were heard; ``finish`` is null as well while nobody works or may work.
    ``miss`` is the share by which the speed was off lately.
    """

    waiting: int
    waiting_ms: int
    running: int
    remaining_ms: int
    done: int
    done_ms: int
    failed: int
    troubles: dict[str, int]
    pause: JobPause | None
    workers: int
    speed: float | None
    finish: datetime | None
    miss: float | None


def look(session: Session, name: str, now: datetime) -> Line:
    """Read the line of the jobs of this name; six short queries, whatever its length."""
    counts = session.execute(
        select(Job.state, Job.error_code, func.count(), func.sum(Job.audio_ms))
        .where(Job.name == name, Job.state != JobState.DONE)
        .group_by(Job.state, Job.error_code)
    ).all()
    waiting = [row for row in counts if row[0] is JobState.QUEUED]
    running = session.execute(
        select(func.count(), func.sum(Job.audio_ms), func.sum(Job.progress_done)).where(
            Job.name == name, Job.state == JobState.RUNNING
        )
    ).one()
    done, done_ms = session.execute(
        select(func.count(), func.sum(Job.audio_ms)).where(
            Job.name == name,
            Job.state == JobState.DONE,
            Job.finished_at >= now - timedelta(hours=24),
        )
    ).one()
    waiting_ms = sum(int(row[3] or 0) for row in waiting)
    remaining_ms = waiting_ms + max(0, int(running[1] or 0) - int(running[2] or 0))
    heard = _heard(session, name, now)
    speed = pace.pace(heard)
    pause = session.scalar(
        select(JobPause).where(JobPause.name == name).options(joinedload(JobPause.paused_by))
    )
    workers = session.scalar(select(func.count()).where(Worker.heartbeat_at > now - WORKER_SILENT))
    works = bool(workers) and pause is None and remaining_ms > 0
    return Line(
        waiting=sum(row[2] for row in waiting),
        waiting_ms=waiting_ms,
        running=running[0],
        remaining_ms=remaining_ms,
        done=done,
        done_ms=int(done_ms or 0),
        failed=sum(row[2] for row in counts if row[0] is JobState.FAILED),
        troubles={row[1]: row[2] for row in waiting if row[1]},
        pause=pause,
        workers=workers or 0,
        speed=speed,
        finish=pace.finish(remaining_ms, speed, now) if works else None,
        miss=pace.miss(heard),
    )


def _heard(session: Session, name: str, now: datetime) -> list[pace.Heard]:
    rows = session.execute(
        select(Job.audio_ms, Job.started_at, Job.finished_at)
        .where(
            Job.name == name,
            Job.finished_at >= now - LATELY,
            Job.state == JobState.DONE,
            Job.audio_ms > 0,
        )
        .order_by(Job.finished_at.desc())
        .limit(LOOKED_AT)
    )
    return [
        pace.Heard(audio_ms, began, ended) for audio_ms, began, ended in rows if began and ended
    ]
