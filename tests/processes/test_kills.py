"""Workers that are killed, frozen, stopped and upgraded: nothing is lost, nothing done twice."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from models.operations import AuditEntry, Job
from models.session import read_session, write_session
from models.vocab import JobState
from pipelines import jobs
from tests.conftest import NOW

PROGRAM = Path(__file__).with_name("worker_process.py")
PATIENCE = 25.0

started: list["subprocess.Popen[bytes]"] = []

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Start a worker process; whatever is left of them is killed in the end."""
    started.clear()

    def begin(
        name: str, *, version: str = "1", take_over: float = 1.0, grace: float = 20.0
    ) -> "subprocess.Popen[bytes]":
        arguments = [database_url, str(tmp_path), name, version, str(take_over), str(grace)]
        process = subprocess.Popen([sys.executable, str(PROGRAM), *arguments])
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert not any(process.poll() == 1 for process in started), "a worker crashed"
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.05)
    return found


def put(engine: Engine, name: str, n: int) -> None:
    with write_session(engine) as session:
        jobs.enqueue(session, name, now=NOW, n=n)


def states(engine: Engine) -> dict[int, Job]:
    with read_session(engine) as session:
        return {job.arguments["n"]: job for job in session.scalars(select(Job))}


def are_done(engine: Engine, *numbers: int) -> bool:
    found = states(engine)
    return all(found[n].state == JobState.DONE for n in numbers)


def effects(engine: Engine) -> list[tuple[str, int]]:
    """Return what the jobs have left behind for all to see."""
    with read_session(engine) as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return sorted((entry.action, entry.details["n"]) for entry in entries)


def is_alone(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def test_a_worker_killed_in_the_middle_loses_and_repeats_nothing(
    own_engine: Engine, start: Start, tmp_path: Path
) -> None:
    put(own_engine, "quick", 1)
    put(own_engine, "linger", 2)
    first = start("first")
    until(lambda: (tmp_path / "begun-2-1").exists() and are_done(own_engine, 1))
    if not is_alone(own_engine):
        start("second")  # alive before the other dies
        until((tmp_path / "log-second").exists)
    first.kill()
    first.wait()
    put(own_engine, "quick", 3)
    if is_alone(own_engine):
        start("second", take_over=60.0)  # need not wait: nobody else can be at work
    until((tmp_path / "begun-2-2").exists)
    (tmp_path / "release").touch()
    until(lambda: are_done(own_engine, 1, 2, 3))
    assert effects(own_engine) == [("test.saved", 1), ("test.saved", 2), ("test.saved", 3)]
    job = states(own_engine)[2]
    assert (job.attempts, job.failures) == (2, 1)


def test_a_job_that_kills_its_worker_fails_and_the_next_one_runs(
    own_engine: Engine, start: Start, tmp_path: Path
) -> None:
    put(own_engine, "poison", 1)
    put(own_engine, "quick", 3)
    put(own_engine, "dawdle", 4)  # at work beside it, and innocent
    put(own_engine, "quick", 5)
    deaths = 0
    while True:
        process = start(f"w{deaths}", take_over=0.5)
        until(
            lambda process=process: (
                process.poll() is not None or states(own_engine)[1].state == JobState.FAILED
            )
        )
        if process.poll() is None:
            break
        assert process.returncode == -signal.SIGKILL
        deaths += 1
        if deaths == 1:
            put(own_engine, "neighbour", 2)  # in the very queue of the poison
        assert deaths <= 3
    until(lambda: are_done(own_engine, 2, 3, 4, 5))
    assert deaths == 3
    poison = states(own_engine)[1]
    assert (poison.error_code, poison.error_params) == ("worker_stopped", {"times": 3})
    assert effects(own_engine) == [
        ("test.failed.worker_stopped", 1),
        *[("test.saved", n) for n in (2, 3, 4, 5)],
    ]
    assert len(list(tmp_path.glob("begun-1-*"))) == 3


def test_an_upgrade_strands_nothing(own_engine: Engine, start: Start, tmp_path: Path) -> None:
    put(own_engine, "linger", 1)
    old = start("old", version="1")
    until((tmp_path / "begun-1-1").exists)
    old.kill()
    old.wait()
    put(own_engine, "quick", 2)
    (tmp_path / "release").touch()
    new = start("new", version="2")
    until(lambda: are_done(own_engine, 1, 2))
    # And back again, should the upgrade have been a mistake.
    new.send_signal(signal.SIGTERM)
    assert new.wait(PATIENCE) == 10
    put(own_engine, "quick", 3)
    start("old-again", version="1")
    until(lambda: are_done(own_engine, 3))
    assert effects(own_engine) == [("test.saved", n) for n in (1, 2, 3)]


def test_a_worker_told_to_stop_gives_back_what_it_has_not_done(
    own_engine: Engine, start: Start, tmp_path: Path
) -> None:
    put(own_engine, "linger", 1)
    first = start("first", grace=0.1)
    until((tmp_path / "begun-1-1").exists)
    first.send_signal(signal.SIGTERM)
    assert first.wait(PATIENCE) == 11  # one job was given back
    job = states(own_engine)[1]
    assert (job.state, job.attempts, job.failures) == (JobState.QUEUED, 1, 0)
    (tmp_path / "release").touch()
    start("second")
    until(lambda: are_done(own_engine, 1))
    assert effects(own_engine) == [("test.saved", 1)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_told_to_stop_lets_its_job_end(
    own_engine: Engine, start: Start, tmp_path: Path
) -> None:
    put(own_engine, "linger", 1)
    worker = start("first", grace=20)
    until((tmp_path / "begun-1-1").exists)
    worker.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    (tmp_path / "release").touch()
    assert worker.wait(PATIENCE) == 10
    assert are_done(own_engine, 1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_slow_worker_may_not_save_what_another_has_taken_over(
    own_engine: Engine, start: Start, tmp_path: Path
) -> None:
    put(own_engine, "linger", 1)
    slow = start("slow")
    until((tmp_path / "begun-1-1").exists)
    slow.send_signal(signal.SIGSTOP)
    start("other")
    until((tmp_path / "begun-1-2").exists)
    (tmp_path / "release").touch()
    until(lambda: are_done(own_engine, 1))
    slow.send_signal(signal.SIGCONT)
    until(lambda: "linger superseded" in (tmp_path / "log-slow").read_text())
    # The slow one is well again and goes on working.
    put(own_engine, "quick", 2)
    until(lambda: are_done(own_engine, 2))
    assert effects(own_engine) == [("test.saved", 1), ("test.saved", 2)]
    assert slow.poll() is None
