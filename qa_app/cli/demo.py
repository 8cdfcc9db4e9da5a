"""``hearback demo``: the main job on sample data, then the pages to try it on."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.outcomes import DomainError

if TYPE_CHECKING:
    from pipelines.runtime import Runtime
    from qa_app.demo.folder import DemoFolder
    from qa_app.settings import Settings

HOST = "127.0.0.1"
SIGN_INS = (
    ("reviewer", "rachel (English), mei (中文)"),
    ("agent", "emma (English), lina (中文)"),
    ("trainer", "grace (English), ran (中文)"),
    ("manager", "martin (English), bo (中文)"),
    ("admin", "alex"),
)


@click.command(epilog="Example: hearback demo --once --data-dir demo-data")
@click.option("--once", is_flag=True, help="Do the main job, print its figures as JSON, and end.")
@click.option(
    "--data-dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-data"),
    show_default=True,
    help="A folder of the demo's own; one with other data is refused.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option(
    "--samples",
    "samples_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another folder of sample files, laid out as recordings_sample/.",
)
def command(*, once: bool, folder: Path, port: int, samples_folder: Path | None) -> None:
    """Load the sample data, do the product's main job on it, and serve the pages.

    Calls and recordings come in, outlier calls and an honest random part are drawn, the drawn ones
    are transcribed, people review and assess themselves, and rates are computed. The pages are
    served on this machine only. The second run goes on where the first one was.
    """
    from qa_app.demo.folder import SAMPLES, open_folder
    from qa_app.demo.samples import Samples
    from qa_app.surroundings import make_runtime

    opened = open_folder(folder.resolve(), _machine_now())
    settings = _settings(opened)
    runtime = make_runtime(settings)
    samples = Samples(samples_folder or SAMPLES)
    figures = _load(runtime, opened, samples)
    if once:
        click.echo(json.dumps(figures, ensure_ascii=False))
        return
    _serve(settings, port)


def _machine_now() -> "object":
    from pipelines.runtime import SystemClock

    return SystemClock(timedelta(0)).now()


def _settings(folder: "DemoFolder") -> "Settings":
    from qa_app.settings import Settings

    return Settings.from_env(data_dir=folder.path, clock_offset_seconds=folder.clock_offset_seconds)


def _load(runtime: "Runtime", folder: "DemoFolder", samples: "object") -> dict[str, object]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from models import schema
    from models.session import read_session
    from pipelines import jobs
    from pipelines.transcription.recognition import weights
    from qa_app.demo.figures import figures
    from qa_app.demo.loading import Loader, count_rows

    weights.find(runtime.recogniser, runtime.data_dir)
    schema.upgrade(runtime.engine)
    jobs.upgrade_engine(runtime.engine)
    with read_session(runtime.engine) as session:
        before = count_rows(session)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:

        def announce(title: str) -> "object":
            bar = bars.add_task(title, total=None)
            return lambda done, total: bars.update(bar, completed=done, total=total)

        loader = Loader(runtime, folder, samples, announce)
        loader.load()
        loader.transcribe()
        loader.finish()
    with read_session(runtime.engine) as session:
        return figures(session, samples, added=count_rows(session) - before)


def _serve(settings: "Settings", port: int) -> None:
    """Serve the pages with the worker as a child process; both end together."""
    from qa_app.demo.loading import PASSWORD

    environment = {
        **os.environ,
        "HEARBACK_DATA_DIR": str(settings.data_dir),
        "HEARBACK_CLOCK_OFFSET_SECONDS": str(settings.clock_offset_seconds),
        "HEARBACK_HOST": HOST,
        "HEARBACK_PORT": str(port),
    }
    click.echo(f"\nSign in at http://{HOST}:{port} — the password of all is {PASSWORD}")
    for role, names in SIGN_INS:
        click.echo(f"  {role:<9} {names}")
    click.echo("Press Ctrl-C to stop.\n")
    run = [sys.executable, "-m", "qa_app.cli"]
    # Being told to end ends the children too, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as children:

        def start(name: str) -> subprocess.Popen[bytes]:
            child = subprocess.Popen([*run, name], env=environment)  # noqa: S603 - our own command
            children.callback(_end, child)
            return child

        server, worker = start("serve"), start("worker")
        try:
            while server.poll() is None:
                if worker.poll() is not None:
                    worker = start("worker")
                time.sleep(1)
        except KeyboardInterrupt:
            return
    if server.returncode:
        raise DomainError("demo_not_served", port=port)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    child.wait()
