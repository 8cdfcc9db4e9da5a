"""kill -9 in the middle of a long call: what was heard is not heard again, and nothing is torn."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from sqlalchemy import Engine, func, select

from models.calls import MediaFile
from models.operations import Job
from models.session import read_session, write_session
from models.transcripts import HeardStretch, Transcript, Turn
from models.vocab import JobState, MediaKind
from pipelines import flow
from pipelines.storage import LocalStorage
from tests import factories
from tests.conftest import NOW

PROGRAM = Path(__file__).with_name("hearing_process.py")


def until(what: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 25
    while not what():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.05)


def make_long_call(engine: Engine, folder: Path) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 9 * 16_000)
    soundfile.write(folder / "long.wav", sound, 16_000)
    with (folder / "long.wav").open("rb") as stream:
        stored = LocalStorage(folder / "files").put(stream, suffix=".wav")
    with write_session(engine) as session:
        site = factories.make_site(session)
        team = factories.make_team(session, site)
        agent = factories.make_agent(session, team)
        project = factories.make_project(session, site)
        call = factories.make_call(session, agent, team, project, talk_ms=9_000)
        recording = factories.make_recording(session, call)
        session.add(
            MediaFile(
                recording_id=recording.id,
                kind=MediaKind.ORIGINAL,
                storage_key=stored.key,
                mimetype="audio/wav",
                sha256=stored.sha256,
                size_bytes=stored.size_bytes,
                created_at=NOW,
            )
        )
        session.flush()
        flow.hear_first(session, recording.id, now=NOW)


def count(engine: Engine, model: Any) -> int:
    with read_session(engine) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_worker_killed_inside_a_long_call_costs_one_stretch(
    own_engine: Engine, database_url: str, tmp_path: Path
) -> None:
    make_long_call(own_engine, tmp_path)
    command = [sys.executable, str(PROGRAM), database_url, str(tmp_path)]
    first = subprocess.Popen(command)
    until((tmp_path / "waits").exists)
    first.kill()
    first.wait()
    assert (count(own_engine, HeardStretch), count(own_engine, Transcript)) == (2, 0)
    second = subprocess.Popen(command)

    def is_done() -> bool:
        with read_session(own_engine) as session:
            job = session.scalars(select(Job).where(Job.name == "transcribe")).one()
            return job.state is JobState.DONE

    try:
        (tmp_path / "release").touch()
        until(is_done)
    finally:
        second.kill()
        second.wait()
    turns = count(own_engine, Turn)
    assert turns >= 4
    # Every stretch was heard once, those of the first worker by it alone.
    assert len(list(tmp_path.glob("heard-*"))) == turns
    assert (count(own_engine, HeardStretch), count(own_engine, Transcript)) == (0, 1)
