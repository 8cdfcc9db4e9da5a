"""``hearback jobs``: what the machine has to do, does and did."""

import json
import uuid
from typing import TYPE_CHECKING, Any

import click

from qa_app.cli.context import now, refuse, runtime

if TYPE_CHECKING:
    from models.operations import Job

STATES = ["queued", "running", "done", "failed"]


@click.group(
    invoke_without_command=True, epilog="Example: hearback jobs --state failed --json | less"
)
@click.option("--state", type=click.Choice(STATES), help="Only jobs in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.pass_context
def command(context: click.Context, state: str | None, limit: int, *, as_json: bool) -> None:
    """List the newest jobs; with ``retry``, try failed ones again."""
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
def retry(uids: tuple[uuid.UUID, ...], *, everything: bool) -> None:
    """Put failed jobs back into their queue."""
    if everything == bool(uids):
        refuse("Give the ids of failed jobs, or --all.", "jobs_unnamed")
    from sqlalchemy import select

    from models.operations import Job
    from models.session import write_session
    from models.vocab import JobState
    from pipelines import jobs

    with write_session(runtime().engine) as session:
        if everything:
            failed = select(Job.uid).where(Job.state == JobState.FAILED)
            uids = tuple(session.scalars(failed))
        for uid in uids:
            jobs.retry(session, uid, now=now())
    click.echo(f"{len(uids)} queued again")


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
