"""``hearback jobs``: what the machine has to do, does and did."""

import json
import uuid
from typing import TYPE_CHECKING, Any

import click

from qa_app.cli.context import now, refuse, runtime

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from models.operations import Job

TRANSCRIBE = "transcribe"
STATES = ["queued", "running", "done", "failed"]


@click.group(
    invoke_without_command=True, epilog="Example: hearback jobs --state failed --json | less"
)
@click.option("--state", type=click.Choice(STATES), help="Only jobs in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.pass_context
def command(context: click.Context, state: str | None, limit: int, *, as_json: bool) -> None:
    """List the newest jobs; the commands below follow and steer the transcription queue."""
    if context.invoked_subcommand is not None:
        return
    from sqlalchemy import select

    from models.operations import Job
    from models.session import read_session

    chosen = select(Job).order_by(Job.id.desc()).limit(limit)
    if state is not None:
        chosen = chosen.where(Job.state == state)
    with read_session(runtime().engine) as session:
        rows = [_row(job) for job in session.scalars(chosen)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("No jobs.")


@command.command(epilog="Example: hearback jobs retry 01937b5e-7c1a-7000-8000-000000000000")
@click.argument("uids", nargs=-1, type=click.UUID)
@click.option("--all", "everything", is_flag=True, help="Try every failed job again.")
@click.option("--kind", help="Try again all that failed with this code, such as out_of_memory.")
def retry(uids: tuple[uuid.UUID, ...], *, everything: bool, kind: str | None) -> None:
    """Put failed jobs back into their queue."""
    if [everything, bool(uids), kind is not None].count(True) != 1:
        refuse("Give the ids of failed jobs, or --all, or --kind.", "jobs_unnamed")
    from sqlalchemy import select

    from models.operations import Job
    from models.session import write_session
    from models.vocab import JobState
    from pipelines import jobs

    with write_session(runtime().engine) as session:
        if not uids:
            failed = select(Job.uid).where(Job.state == JobState.FAILED).order_by(Job.id)
            if kind is not None:
                failed = failed.where(Job.error_code == kind)
            uids = tuple(session.scalars(failed))
        for uid in uids:
            jobs.retry(session, uid, now=now())
    click.echo(f"{len(uids)} queued again")


@command.command(epilog="Example: hearback jobs queue --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--once", is_flag=True, help="Print once rather than follow until Ctrl-C.")
def queue(*, as_json: bool, once: bool) -> None:
    """Show the transcription queue: how far it is, and when it will be done."""
    from qa_app.cli import queue as view

    surroundings = runtime()
    if as_json:
        click.echo(json.dumps(view.as_json(surroundings), ensure_ascii=False, indent=1))
    else:
        view.show(surroundings, once=once)


@command.command(epilog="Example: hearback jobs pause")
def pause() -> None:
    """Let no further call be heard; those being heard are heard to their end."""
    from models.session import write_session
    from pipelines import job_table

    with write_session(runtime().engine) as session:
        changed = job_table.pause(session, TRANSCRIBE, now=now(), by=None)
    click.echo("paused" if changed else "was paused already")


@command.command(epilog="Example: hearback jobs resume")
def resume() -> None:
    """Let calls be heard again."""
    from models.session import write_session
    from pipelines import job_table

    with write_session(runtime().engine) as session:
        changed = job_table.resume(session, TRANSCRIBE, now=now(), by=None)
    click.echo("going on" if changed else "was not paused")


@command.command(epilog="Example: hearback jobs first 2026-11-25-000123")
@click.argument("key", metavar="CALL-OR-JOB")
def first(key: str) -> None:
    """Have a call heard next, named by its id in the call records or by its job's id."""
    from models.session import write_session
    from pipelines import flow, jobs

    with write_session(runtime().engine) as session:
        job = _uuid(key)
        if job is not None:
            changed = jobs.prefer(session, job, now=now())
        else:
            moved = [flow.hear_first(session, one, now=now()) for one in _recordings(session, key)]
            changed = any(moved)
    click.echo(
        "is heard next" if changed else "nothing to do: heard, being heard, or first already"
    )


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _recordings(session: "Session", key: str) -> list[int]:
    from sqlalchemy import select

    from models.calls import Call, Recording

    found = session.scalars(
        select(Recording.id).join(Call, Call.id == Recording.call_id).where(Call.source_key == key)
    ).all()
    if not found:
        refuse(f"There is no recording of a call {key}.", "call_unknown")
    return list(found)


@command.command(epilog="Example: hearback jobs retranscribe --project sales --since 2026-11-01")
@click.option("--project", help="Only calls of this project (its code).")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only calls from this day on.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Only calls up to this day.")
@click.option("--model", help="Only those heard by this model, such as whisper-base.")
@click.option("--dry-run", is_flag=True, help="Only say how many that would be.")
def retranscribe(
    *,
    project: str | None,
    since: "datetime | None",
    until: "datetime | None",
    model: str | None,
    dry_run: bool,
) -> None:
    """Have calls heard anew, when there is nothing else to do, by the model that is set now.

    What was heard before stays until the new text of a call is complete.
    """
    if not (project or since or until or model):
        refuse("Say which: --project, --since, --until or --model.", "calls_unnamed")
    from sqlalchemy import select

    from models.calls import Call, Project, Recording
    from models.session import in_chunks, read_session
    from models.transcripts import Transcript
    from models.vocab import RecordingState
    from pipelines import flow

    chosen = (
        select(Recording.id)
        .join(Call, Call.id == Recording.call_id)
        .join(Transcript, Transcript.recording_id == Recording.id)
        .where(Recording.state == RecordingState.PRESENT)
        .order_by(Call.started_at)
    )
    if project:
        chosen = chosen.join(Project, Project.id == Call.project_id).where(Project.code == project)
    if since:
        chosen = chosen.where(Call.local_date >= since.date())
    if until:
        chosen = chosen.where(Call.local_date <= until.date())
    if model:
        chosen = chosen.where(Transcript.model == model)
    engine = runtime().engine
    with read_session(engine) as session:
        recordings = session.scalars(chosen).all()
    if dry_run:
        click.echo(f"{len(recordings)} would be heard anew")
        return
    asked: list[int] = []
    in_chunks(
        engine,
        recordings,
        lambda session, some: asked.append(flow.hear_again(session, some, now=now(), actor=None)),
        size=200,
    )
    click.echo(f"{sum(asked)} of {len(recordings)} queued; the others are in the queue already")


def _row(job: "Job") -> dict[str, Any]:
    times = {"queued_at": job.queued_at, "started_at": job.started_at}
    return {
        "uid": str(job.uid),
        "name": job.name,
        "ids": job.arguments,
        "state": job.state.value,
        "attempts": job.attempts,
        "failures": job.failures,
        "worker": job.worker,
        "progress": {"done": job.progress_done, "total": job.progress_total},
        "error": job.error_code,
        "error_params": job.error_params,
        **{
            name: value.isoformat() if value else None
            for name, value in {**times, "finished_at": job.finished_at}.items()
        },
    }


def _line(row: dict[str, Any]) -> str:
    progress = row["progress"]
    parts = [row["queued_at"][:19], f"{row['state']:<7}", row["name"], row["uid"]]
    if row["state"] == "running" and progress["total"]:
        parts.append(f"{progress['done'] * 100 // progress['total']} %")
    if row["error"]:
        parts.append(f"[{row['error']}]")
    return "  ".join(parts)
