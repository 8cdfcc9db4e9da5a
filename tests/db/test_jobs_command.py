"""The command ``hearback jobs``: what is listed, and what is queued again."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select

from models.operations import Job
from models.session import write_session
from models.transcripts import Transcript
from models.vocab import JobState, TranscriptState
from pipelines import flow, jobs
from pipelines.outcomes import DomainError
from qa_app.cli import root
from tests import factories
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
    assert CliRunner().invoke(root, ["jobs", "retry", "--all", "--kind", "x"]).exit_code == 2
    none = CliRunner().invoke(root, ["jobs", "retry", "--kind", "disk_full"])
    assert none.stdout == "0 queued again\n"
    some = CliRunner().invoke(root, ["jobs", "retry", "--kind", "job_crashed"])
    assert some.stdout == "1 queued again\n"
    assert {row["state"] for row in listed()} == {"queued"}


def said(*arguments: str) -> str:
    result = CliRunner().invoke(root, ["jobs", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.usefixtures("surroundings")
def test_the_queue_is_followed_and_steered(own_engine: Engine) -> None:
    with write_session(own_engine) as session:
        site = factories.make_site(session)
        team = factories.make_team(session, site)
        agent = factories.make_agent(session, team)
        project = factories.make_project(session, site, "sales")
        recordings = [
            factories.make_recording(
                session,
                factories.make_call(
                    session, agent, team, project, source_key=f"key-{n}", talk_ms=60_000
                ),
            )
            for n in range(3)
        ]
        flow._hear(session, [recording.id for recording in recordings[:2]], now=NOW)
        session.add(
            Transcript(
                recording_id=recordings[2].id,
                site_id=site.id,
                state=TranscriptState.DONE,
                model="base",
                options={},
                versions={},
                attempt=1,
                made_at=NOW,
            )
        )
    assert said("first", "key-1") == "is heard next\n"
    assert said("first", "key-2").startswith("nothing to do")
    unknown = CliRunner().invoke(root, ["jobs", "first", "key-9"])
    assert (unknown.exit_code, "[call_unknown]" in unknown.stderr) == (2, True)
    assert CliRunner().invoke(root, ["jobs", "retranscribe"]).exit_code == 2
    chosen = ["--project", "sales", "--since", "2026-11-01", "--model", "base"]
    assert said("retranscribe", *chosen, "--dry-run") == "1 would be heard anew\n"
    assert said("retranscribe", *chosen).startswith("1 of 1 queued")
    assert said("retranscribe", *chosen).startswith("0 of 1 queued")
    assert said("retranscribe", "--until", "2026-11-01").startswith("0 of 0")

    queue = json.loads(said("queue", "--json"))
    assert [row["call"] for row in queue["next"]] == ["key-1", "key-0", "key-2"]
    assert (queue["waiting"], queue["waiting_audio_seconds"]) == (3, 180.0)
    assert (queue["expected_finish"], queue["paused_at"]) == (None, None)
    assert said("pause") == "paused\n"
    assert said("pause") == "was paused already\n"
    shown = said("queue", "--once")
    assert "waiting 3 (0.1 h)" in shown
    assert "paused since" in shown
    assert shown.index("key-1") < shown.index("key-0") < shown.index("key-2")
    assert said("resume") == "going on\n"
    assert json.loads(said("queue", "--json"))["paused_at"] is None
