"""The transcription queue in the terminal: once, or followed until somebody has seen enough."""

import time
from datetime import datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from sqlalchemy import select

from models.calls import Call, Recording
from models.operations import Job
from models.session import read_session
from models.vocab import JobState
from pipelines.line import Line, look
from pipelines.outcomes import DomainError
from pipelines.runtime import Runtime
from qa_app.messages import sentence

NAME = "transcribe"
SHOWN = 10
SECONDS = 2.0


def as_json(surroundings: Runtime) -> dict[str, Any]:
    """Return the queue for programs: counts, seconds, times in ISO 8601, who runs and waits."""
    line, running, waiting = _read(surroundings)
    return {
        "waiting": line.waiting,
        "waiting_audio_seconds": line.waiting_ms / 1_000,
        "running": [_job(*row) for row in running],
        "next": [_job(*row) for row in waiting],
        "remaining_audio_seconds": line.remaining_ms / 1_000,
        "done_24h": line.done,
        "done_24h_audio_seconds": line.done_ms / 1_000,
        "failed": line.failed,
        "waits_for": line.troubles,
        "paused_at": line.pause.paused_at.isoformat() if line.pause else None,
        "workers": line.workers,
        "audio_seconds_per_second": line.speed,
        "expected_finish": line.finish.isoformat() if line.finish else None,
        "estimate_missed_by": line.miss,
    }


def show(surroundings: Runtime, *, once: bool) -> None:
    """Print the queue; in a terminal follow it until Ctrl-C, unless ``once``."""
    console = Console()
    if once or not console.is_terminal:
        console.print(_picture(surroundings))
        return
    try:
        with Live(_picture(surroundings), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(SECONDS)
                live.update(_picture(surroundings), refresh=True)
    except KeyboardInterrupt:
        return


def _read(surroundings: Runtime) -> tuple[Line, list[Any], list[Any]]:
    jobs = (
        select(Job, Call.source_key)
        .outerjoin(Recording, Recording.id == Job.recording_id)
        .outerjoin(Call, Call.id == Recording.call_id)
        .where(Job.name == NAME)
        .limit(SHOWN)
    )
    with read_session(surroundings.engine) as session:
        line = look(session, NAME, surroundings.clock.now())
        running = session.execute(
            jobs.where(Job.state == JobState.RUNNING).order_by(Job.started_at)
        ).all()
        waiting = session.execute(
            jobs.where(Job.state == JobState.QUEUED).order_by(Job.priority, Job.queued_at, Job.id)
        ).all()
    return line, list(running), list(waiting)


def _job(job: Job, key: str | None) -> dict[str, Any]:
    return {
        "uid": str(job.uid),
        "call": key,
        "audio_seconds": job.audio_ms / 1_000,
        "done_seconds": job.progress_done / 1_000,
        "priority": job.priority,
        "error": job.error_code,
    }


def _picture(surroundings: Runtime) -> RenderableType:
    line, running, waiting = _read(surroundings)
    counts = (
        f"waiting {line.waiting} ({_hours(line.waiting_ms)})   being heard {line.running}   "
        f"done in 24 h {line.done} ({_hours(line.done_ms)})   failed {line.failed}"
    )
    parts: list[RenderableType] = [counts, f"expected finish: {_finish(line)}"]
    parts += [
        f"waits: {sentence(DomainError(code))}" for code in line.troubles if code == "disk_full"
    ]
    table = Table(box=None, pad_edge=False, show_header=False)
    for job, key in running:
        table.add_row(
            "heard",
            key or "-",
            ProgressBar(total=max(1, job.audio_ms), completed=job.progress_done, width=30),
        )
    for place, (job, key) in enumerate(waiting, start=1):
        table.add_row(str(place), key or "-", f"{job.audio_ms / 60_000:.1f} min")
    return Group(*parts, table)


def _hours(milliseconds: int) -> str:
    return f"{milliseconds / 3_600_000:.1f} h"


def _finish(line: Line) -> str:
    if not line.remaining_ms:
        return "nothing to do"
    if line.pause is not None:
        return f"paused since {_time(line.pause.paused_at)}"
    if not line.workers:
        return "no worker is running (hearback worker)"
    if line.finish is None or line.speed is None:
        return "not known yet"
    known = f"about {_time(line.finish)} ({line.speed:.1f} min of audio a minute)"
    return known + (f", lately to within {line.miss:.0%}" if line.miss is not None else "")


def _time(instant: datetime) -> str:
    return f"{instant.astimezone():%Y-%m-%d %H:%M}"
