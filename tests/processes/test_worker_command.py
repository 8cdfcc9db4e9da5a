"""The command ``hearback worker``, as a person runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from models.operations import Job
from models.session import make_engine, read_session, write_session
from models.vocab import JobState
from pipelines import jobs
from tests.conftest import NOW

HEARBACK = [str(Path(sys.executable).with_name("hearback"))]


@pytest.fixture
def surroundings(sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "HEARBACK_DATA_DIR": str(tmp_path / "data"),
        "HEARBACK_DATABASE_URL": sqlite_url,
    }


def test_no_worker_before_the_upgrade(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*HEARBACK, "worker"],
        env=os.environ | {"HEARBACK_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "hearback db upgrade" in ended.stderr
    assert ended.stdout == ""


def test_a_worker_does_a_job_says_so_and_stops_when_told(
    surroundings: dict[str, str], sqlite_url: str
) -> None:
    engine = make_engine(sqlite_url)
    with write_session(engine) as session:
        # A job of the product that fails of itself, since there is no such file.
        uid = jobs.enqueue(session, "import_file", now=NOW, import_file_id=999)
    with subprocess.Popen(
        [*HEARBACK, "worker", "--json"], env=surroundings, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        said = json.loads(worker.stdout.readline())
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    assert (said["uid"], said["name"]) == (str(uid), "import_file")
    with read_session(engine) as session:
        job = session.scalars(select(Job).where(Job.uid == uid)).one()
    assert job.state in {JobState.DONE, JobState.FAILED}
    assert (job.error_code, job.attempts) == (said["code"], 1)
    engine.dispose()
