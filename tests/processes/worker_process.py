"""A worker with jobs that linger, kill their worker or are quick; started by test_kills.

Arguments: database URL, folder, name, engine version, take-over seconds, grace seconds. In the
folder it notes what it does (``begun-<n>-<attempt>``, ``ended-…`` lines in ``log-<name>``), and
lingering jobs look there for a file ``release``.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from models.session import make_engine
from pipelines import audit, jobs
from pipelines.jobs import Job, Report
from pipelines.runtime import RecogniserSettings, Runtime, SystemClock
from pipelines.storage import LocalStorage


def load(_session: Session, runtime: Runtime, ids: Mapping[str, Any]) -> dict[str, Any]:
    return {"n": ids["n"], "folder": runtime.data_dir}


def linger(loaded: dict[str, Any], _runtime: Runtime, _progress: Any) -> int:
    mark(loaded)
    deadline = time.monotonic() + 60
    while not (loaded["folder"] / "release").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return loaded["n"]


def kill_the_worker(loaded: dict[str, Any], _runtime: Runtime, _progress: Any) -> int:
    mark(loaded)
    time.sleep(0.3)  # long enough for a neighbour to have begun
    os.kill(os.getpid(), signal.SIGKILL)
    return loaded["n"]


def dawdle(loaded: dict[str, Any], _runtime: Runtime, _progress: Any) -> int:
    mark(loaded)
    time.sleep(1.0)
    return loaded["n"]


def quick(loaded: dict[str, Any], _runtime: Runtime, _progress: Any) -> int:
    mark(loaded)
    return loaded["n"]


def mark(loaded: dict[str, Any]) -> None:
    begun = len(list(loaded["folder"].glob(f"begun-{loaded['n']}-*")))
    (loaded["folder"] / f"begun-{loaded['n']}-{begun + 1}").touch()


def save(session: Session, runtime: Runtime, n: int, attempt: int) -> None:
    audit.record(
        session,
        now=runtime.clock.now(),
        actor=None,
        action="test.saved",
        subject="job",
        n=n,
        attempt=attempt,
    )


def fail(
    session: Session,
    runtime: Runtime,
    ids: Mapping[str, Any],
    code: str,
    _params: dict[str, Any],
    attempt: int,
) -> None:
    audit.record(
        session,
        now=runtime.clock.now(),
        actor=None,
        action=f"test.failed.{code}",
        subject="job",
        n=ids["n"],
        attempt=attempt,
    )


TABLE = {
    "linger": Job(load, linger, save, fail, queue="long"),
    "poison": Job(load, kill_the_worker, save, fail, queue="transcription"),
    "neighbour": Job(load, dawdle, save, fail, queue="transcription"),
    "dawdle": Job(load, dawdle, save, fail),
    "quick": Job(load, quick, save, fail),
}


def main() -> None:
    url, folder, name, version, take_over, grace = sys.argv[1:]
    jobs.ENGINE_VERSION = version
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    log = Path(folder, f"log-{name}").open("a", buffering=1)  # noqa: SIM115 - closed by the end

    def announce(report: Report) -> None:
        log.write(f"{report.name} {report.outcome} {report.code or '-'}\n")

    unfinished = jobs.run_worker(
        Runtime(
            make_engine(url),
            LocalStorage(Path(folder, "files")),
            Path(folder),
            SystemClock(),
            RecogniserSettings(None, "cpu", "int8", 1),
            b"a key of the tests",
        ),
        TABLE,
        worker_id=name,
        stop=stop,
        announce=announce,
        take_over_seconds=float(take_over),
        poll_seconds=0.1,
        retry_seconds=0,
        grace_seconds=float(grace),
    )
    os._exit(10 + unfinished)


if __name__ == "__main__":
    main()
