"""What tests of jobs share: a job that writes down what is asked of it, and a stand-in engine."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models.operations import AuditEntry, Worker
from models.operations import Job as JobRow
from models.session import read_session, session_is_open, write_session
from pipelines import audit, job_table, job_worker, jobs
from pipelines.jobs import Job, Report, Schedule
from pipelines.runtime import RecogniserSettings, Runtime
from pipelines.storage import LocalStorage
from tests.conftest import NOW


@dataclass
class FrozenClock:
    instant: datetime = NOW

    def now(self) -> datetime:
        return self.instant


def make_runtime(engine: Engine, folder: Path) -> Runtime:
    return Runtime(
        engine=engine,
        storage=LocalStorage(folder / "files"),
        data_dir=folder,
        clock=FrozenClock(),
        recogniser=RecogniserSettings(None, "cpu", "int8", 1),
        customer_key=b"a key of the tests",
    )


@dataclass
class Trace:
    """A job that writes down what is asked of it."""

    work_does: Callable[[Any, Any], Any] = lambda loaded, _progress: loaded
    queue: str = "work"
    events: list[tuple[Any, ...]] = field(default_factory=list)

    def job(self) -> Job:
        return Job(load=self.load, work=self.work, save=self.save, fail=self.fail, queue=self.queue)

    def load(self, _session: Session, _runtime: Runtime, ids: Mapping[str, Any]) -> Any:
        self.events.append(("load", dict(ids)))
        return None if ids.get("gone") else dict(ids)

    def work(self, loaded: Any, _runtime: Runtime, progress: Any) -> Any:
        self.events.append(("work", session_is_open(), audit.request_id.get()))
        return self.work_does(loaded, progress)

    def save(self, session: Session, runtime: Runtime, result: Any, attempt: int) -> None:
        audit.record(
            session, now=runtime.clock.now(), actor=None, action="test.saved", subject="job"
        )
        self.events.append(("save", result, attempt))

    def fail(
        self,
        _session: Session,
        _runtime: Runtime,
        ids: Mapping[str, Any],
        code: str,
        params: dict[str, Any],
        attempt: int,
    ) -> None:
        self.events.append(("fail", dict(ids), code, params, attempt))

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [event[1:] for event in self.events if event[0] == name]


def put(runtime: Runtime, name: str, **ids: str | int) -> uuid.UUID:
    with write_session(runtime.engine) as session:
        return jobs.enqueue(session, name, now=NOW, **ids)


def row(runtime: Runtime, uid: uuid.UUID) -> JobRow:
    with read_session(runtime.engine) as session:
        return session.scalars(select(JobRow).where(JobRow.uid == uid)).one()


def entries(engine: Engine) -> int:
    """Count what the engine holds."""
    schema = "" if engine.dialect.name == "sqlite" else "dbos."
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {schema}workflow_status")).scalar()  # noqa: S608 - a literal


def saved(runtime: Runtime) -> int:
    with read_session(runtime.engine) as session:
        return len(session.scalars(select(AuditEntry)).all())


@dataclass
class Recorder:
    """Stands where the engine is: says which entries are left and notes what it is told."""

    left: list[job_worker.Entry] = field(default_factory=list)
    dispatched: list[tuple[uuid.UUID, int, float]] = field(default_factory=list)
    withdrawn: list[job_worker.Entry] = field(default_factory=list)
    queued: set[job_worker.Entry] = field(default_factory=set)

    def carrier(self) -> job_worker.Carrier:
        return job_worker.Carrier(
            self.dispatch, self.left_behind, self.withdrawn.extend, lambda: self.queued
        )

    def dispatch(self, _session: Session, job: JobRow, seconds: float) -> None:
        self.dispatched.append((job.uid, job.attempts + 1, seconds))

    def left_behind(self, _alive: Any) -> list[job_worker.Entry]:
        return self.left


def make_worker(
    runtime: Runtime,
    recorder: Recorder,
    table: Mapping[str, Job] | None = None,
    schedules: list[Schedule] | None = None,
    *,
    announce: Callable[[Report], None] = lambda _report: None,
    rest_seconds: float | None = 60,
) -> job_worker.Worker:
    return job_worker.Worker(
        runtime,
        table or {"trace": Trace().job()},
        schedules or [],
        recorder.carrier(),
        name="test",
        limits={},
        announce=announce,
        take_over_seconds=60,
        retry_seconds=10,
        rest_seconds=rest_seconds,
    )


def begin_elsewhere(runtime: Runtime, worker: str, heartbeat: datetime) -> uuid.UUID:
    with write_session(runtime.engine) as session:
        if session.get(Worker, worker) is None:
            session.add(Worker(id=worker, started_at=heartbeat, heartbeat_at=heartbeat))
        uid = job_table.add(session, "trace", {"call": 1}, NOW).uid
        assert job_table.begin(session, uid, 1, worker, NOW)
    return uid
