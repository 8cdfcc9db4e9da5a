"""``hearback worker``: does the machine's jobs."""

import json
import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from qa_app.cli.context import runtime, settings

if TYPE_CHECKING:
    from pipelines.jobs import Report

GRACE_SECONDS = 10.0


@click.command(epilog="Example: hearback worker --name night-shift")
@click.option("--name", help="A name for this worker in lists; the machine's name unless given.")
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=GRACE_SECONDS,
    show_default=True,
    help="Seconds that running jobs have to end after SIGTERM.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each job's end as a JSON object.")
def command(name: str | None, grace: float, *, as_json: bool) -> None:
    """Do jobs until told to stop, and print a line for each that had something to do.

    On SIGTERM or Ctrl-C running jobs have a few seconds to end; what is not done by then goes back
    to its queue and loses nothing but time.
    """
    from pipelines import flow, jobs

    surroundings = runtime()
    # Ours from the level that was set; libraries only when something is wrong.
    logging.basicConfig(level="WARNING", stream=sys.stderr)
    logging.getLogger("pipelines").setLevel(settings().log_level.upper())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    speaking = threading.Lock()

    def announce(report: "Report") -> None:
        if report.outcome == "nothing" and not as_json:
            return  # a schedule that found nothing to do, every minute
        with speaking:
            click.echo(_as_json(report) if as_json else _as_line(report))

    unfinished = jobs.run_worker(
        surroundings,
        flow.JOBS,
        flow.SCHEDULES,
        worker_id=name,
        stop=stop,
        announce=announce,
        grace_seconds=grace,
    )
    if unfinished:
        # Their threads cannot be stopped and can no longer save; nobody should wait for them.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _as_line(report: "Report") -> str:
    why = f" [{report.code}]" if report.code else ""
    tries = f", attempt {report.attempt}" if report.attempt > 1 else ""
    return f"{report.name} {report.uid}: {report.outcome}{why} ({report.seconds:.1f} s{tries})"


def _as_json(report: "Report") -> str:
    return json.dumps(
        {
            "uid": str(report.uid),
            "name": report.name,
            "attempt": report.attempt,
            "outcome": report.outcome,
            "seconds": round(report.seconds, 3),
            "code": report.code,
            "params": dict(report.params) if report.params else None,
        },
        ensure_ascii=False,
    )
