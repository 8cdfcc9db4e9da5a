"""The transcription queue as a page: what waits in which order, what runs, what failed and why."""

import shutil
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func
from sqlalchemy.orm import Session

from models.calls import Call, Project, Recording
from models.operations import Job
from models.people import Site
from models.vocab import JobState
from pipelines.job_table import FIRST, NORMAL
from pipelines.line import Line, look
from pipelines.outcomes import DomainError
from qa_app.access import Action, Person, may, visible
from qa_app.messages import sentence
from qa_app.permissions import grants_for

NAME = "transcribe"
SHOWN = 20
FAILED_SHOWN = 50
SCARCE_BYTES = 2 << 30
"""Free space below which the page says so."""


@dataclass(frozen=True)
class JobView:
    """A recording in the queue; ``call`` is null where the person may not open calls."""

    uid: uuid.UUID
    call: uuid.UUID | None
    key: str
    project: str
    started_at: datetime | None
    timezone: str
    audio_ms: int
    done_ms: int
    since: datetime
    first: bool
    again: bool
    trouble: str
    code: str


@dataclass(frozen=True)
class Kind:
    """Recordings that failed for one reason: how many, and the reason in words."""

    code: str
    count: int
    words: str


@dataclass(frozen=True)
class QueuePage:
    """The line as a whole, its head, and those of the person's scope that failed.

    ``free_bytes`` is set where the disk runs low. ``timezone`` is in which times are told.
    """

    line: Line
    running: tuple[JobView, ...]
    waiting: tuple[JobView, ...]
    failed: tuple[JobView, ...]
    kinds: tuple[Kind, ...]
    waits_for: tuple[str, ...]
    timezone: str
    free_bytes: int | None
    may_pause: bool


def queue_page(session: Session, person: Person, *, data_dir: Path, now: datetime) -> QueuePage:
    """Read the queue; rows of calls are those in the person's scope."""
    line = look(session, NAME, now)
    seen = visible(person, Job, Action.QUEUE_READ).where(Job.name == NAME)
    line_order = (Job.priority, Job.queued_at, Job.id)
    running = seen.where(Job.state == JobState.RUNNING).order_by(Job.started_at).limit(SHOWN)
    waiting = seen.where(Job.state == JobState.QUEUED).order_by(*line_order).limit(SHOWN)
    failed = (
        seen.where(Job.state == JobState.FAILED)
        .order_by(Job.finished_at.desc(), Job.id.desc())
        .limit(FAILED_SHOWN)
    )
    views = tuple(_views(session, person, rows) for rows in (running, waiting, failed))
    zone = session.scalar(
        visible(person, Site, Action.QUEUE_READ)
        .with_only_columns(Site.timezone)
        .order_by(Site.name)
        .limit(1)
    )
    free = shutil.disk_usage(data_dir).free
    return QueuePage(
        line=line,
        running=views[0],
        waiting=views[1],
        failed=views[2],
        kinds=_kinds(session, seen, views[2]),
        waits_for=tuple(_words(code, {}) for code in sorted(line.troubles) if code in WAITED_FOR),
        timezone=zone or "UTC",
        free_bytes=free if free < SCARCE_BYTES else None,
        may_pause=may(person, Action.JOBS_WRITE),
    )


WAITED_FOR = frozenset({"disk_full", "weights_missing", "weights_incomplete", "weights_damaged"})
"""Codes of the installation's troubles, for which jobs wait."""


def failed_uids(session: Session, person: Person, code: str, most: int) -> Sequence[uuid.UUID]:
    """Return the failed recordings in scope that failed for this reason, the oldest first."""
    return session.scalars(
        visible(person, Job, Action.QUEUE_WRITE)
        .where(Job.name == NAME, Job.state == JobState.FAILED, Job.error_code == code)
        .with_only_columns(Job.uid)
        .order_by(Job.finished_at, Job.id)
        .limit(most)
    ).all()


def _kinds(
    session: Session, seen: "Select[tuple[Job]]", shown: Sequence[JobView]
) -> tuple[Kind, ...]:
    words = {view.code: view.trouble for view in reversed(shown)}
    rows = session.execute(
        seen.where(Job.state == JobState.FAILED)
        .with_only_columns(Job.error_code, func.count())
        .group_by(Job.error_code)
    ).all()
    kinds = [Kind(code or "", count, words.get(code or "", code or "")) for code, count in rows]
    return tuple(sorted(kinds, key=lambda kind: (-kind.count, kind.code)))


def _views(session: Session, person: Person, jobs: "Select[tuple[Job]]") -> tuple[JobView, ...]:
    rows = session.execute(
        jobs.outerjoin(Recording, Recording.id == Job.recording_id)
        .outerjoin(Call, Call.id == Recording.call_id)
        .outerjoin(Project, Project.id == Call.project_id)
        .outerjoin(Site, Site.id == Recording.site_id)
        .add_columns(
            Recording.site_id,
            Call.uid,
            Call.source_key,
            Call.started_at,
            Project.name,
            Site.timezone,
        )
    ).all()
    opens = may(person, Action.CALLS_READ)
    sites = {grant.site_id for grant in grants_for(person, Action.QUEUE_READ)}
    return tuple(_view(row, opens=opens, sites=sites) for row in rows)


def _view(row: Any, *, opens: bool, sites: Collection[int]) -> JobView:
    job, site_id, call, key, started_at, project, timezone = row
    # An administrator of one site sees how long the line is, not which calls of another wait.
    own = site_id in sites
    return JobView(
        uid=job.uid,
        call=call if opens and own else None,
        key=(key or "") if own else "",
        project=(project or "") if own else "",
        started_at=started_at if own else None,
        timezone=timezone or "UTC",
        audio_ms=job.audio_ms,
        done_ms=min(job.progress_done, job.audio_ms),
        since=job.queued_at,
        first=job.priority <= FIRST,
        again=job.priority > NORMAL,
        trouble=_words(job.error_code, job.error_params) if job.error_code else "",
        code=job.error_code or "",
    )


def _words(code: str, params: dict[str, Any] | None) -> str:
    # The sentence of missing weights names no folder; its code is known without parameters.
    return sentence(DomainError(code, **(params or {})))
