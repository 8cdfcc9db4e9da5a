"""The command ``hearback jobs``: what is listed, and what is queued again."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select

from models.operations import Job
from models.session import write_session
from models.vocab import JobState
from pipelines import jobs
from pipelines.outcomes import DomainError
from qa_app.cli import root
from tests.conftest import NOW


@pytest.fixture
def surroundings(own_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARBACK_DATA_DIR", str(tmp_path / "data"))
    # The command would leave its connections to the end of the process.
    monkeypatch.setattr("qa_app.surroundings.make_engine", lambda _url: own_engine)


def listed(*arguments: str) -> list[dict[str, Any]]:
    return json.loads(CliRunner().invoke(root, ["jobs", "--json", *arguments]).stdout)


@pytest.mark.usefixtures("surroundings")
def test_failed_jobs_are_listed_and_queued_again(own_engine: Engine) -> None:
    with write_session(own_engine) as session:
        failed, waiting = (jobs.enqueue(session, "import_file", now=NOW, n=n) for n in (1, 2))
        job = session.scalars(select(Job).where(Job.uid == failed)).one()
        job.attempts = job.failures = 3
        job.state, job.error_code, job.error_params = JobState.FAILED, "job_crashed", {"error": "X"}
    (row,) = listed("--state", "failed")
    assert (row["uid"], row["ids"], row["error_params"]) == (str(failed), {"n": 1}, {"error": "X"})
    lines = CliRunner().invoke(root, ["jobs"]).stdout.splitlines()
    assert len(lines) == 2
    assert f"failed   import_file  {failed}  [job_crashed]" in lines[1]

    refused = CliRunner().invoke(root, ["jobs", "retry", str(failed), str(waiting)])
    assert isinstance(refused.exception, DomainError)
    assert refused.exception.code == "job_not_failed"
    assert CliRunner().invoke(root, ["jobs", "retry"]).exit_code == 2
    assert [row["uid"] for row in listed("--state", "failed")] == [str(failed)]
    assert CliRunner().invoke(root, ["jobs", "retry", "--all"]).stdout == "1 queued again\n"
    assert {row["state"] for row in listed()} == {"queued"}
