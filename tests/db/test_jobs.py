"""Jobs in one process: what is queued, carried out, tried again, failed, taken over."""

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models.operations import AuditEntry, Worker
from models.operations import Job as JobRow
from models.session import make_engine, read_session, session_is_open, write_session
from models.vocab import JobState
from pipelines import audit, job_table, job_worker, jobs
from pipelines.jobs import Job, Report, Schedule
from pipelines.outcomes import DomainError
from pipelines.runtime import RecogniserSettings, Runtime
from pipelines.storage import LocalStorage
from tests.conftest import NOW


@dataclass
class FrozenClock:
    instant: datetime = NOW

    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def runtime(own_engine: Engine, tmp_path: Path) -> Runtime:
    return Runtime(
        engine=own_engine,
        storage=LocalStorage(tmp_path / "files"),
        data_dir=tmp_path,
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


def listening() -> set[str]:
    """Return the inodes of the sockets on which this process listens."""
    own = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:  # the very listing was open a moment ago
            continue
        own.add(target.removeprefix("socket:[").removesuffix("]"))
    lines = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
    ]
    return {fields[9] for fields in lines if fields[3] == "0A"} & own


def test_a_job_is_invisible_before_the_commit_and_gone_after_a_rollback(runtime: Runtime) -> None:
    def enqueue_and_think_better_of_it() -> None:
        with write_session(runtime.engine) as session:
            jobs.enqueue(session, "trace", now=NOW, call=1)
            with read_session(runtime.engine) as other:
                assert other.scalars(select(JobRow)).all() == []
            assert entries(make_reader(runtime)) == 0
            raise Rollback

    with pytest.raises(Rollback):
        enqueue_and_think_better_of_it()
    assert entries(runtime.engine) == 0
    uid = put(runtime, "trace", call=1)
    assert (row(runtime, uid).state, row(runtime, uid).attempts) == (JobState.QUEUED, 0)
    assert entries(runtime.engine) == 1


class Rollback(Exception):  # noqa: N818 - not an error
    pass


def make_reader(runtime: Runtime) -> Engine:
    # Our own connections begin with the write lock, for which this very thread would wait.
    return runtime.engine.execution_options(writes=False)


@pytest.mark.parametrize(
    "value",
    [1.5, True, None, [1], "two words", "", "+86 138 0000 0000", "x" * 201],
    ids=repr,
)
def test_a_job_takes_ids_only(session: Session, value: Any) -> None:
    with pytest.raises(ValueError, match="'call'"):
        jobs.enqueue(session, "trace", now=NOW, call=value)
    assert session.scalars(select(JobRow)).all() == []


def test_load_work_save(runtime: Runtime) -> None:
    before = listening()
    seen = []

    def work(loaded: Any, progress: Any) -> Any:
        progress(1, 4)
        progress(3, 4)
        seen.append(listening())
        return loaded["call"] + 1

    trace = Trace(work)
    uid = put(runtime, "trace", call=6, day="2026-11-23")
    reports: list[Report] = []
    jobs.work_through(runtime, {"trace": trace.job()}, announce=reports.append)
    assert trace.events == [
        ("load", {"call": 6, "day": "2026-11-23"}),
        ("work", False, str(uid)),
        ("save", 7, 1),
    ]
    job = row(runtime, uid)
    assert (job.state, job.attempts, job.failures) == (JobState.DONE, 1, 0)
    assert (job.progress_done, job.progress_total) == (3, 4)
    assert (job.started_at, job.finished_at) == (NOW, NOW)
    assert [(report.uid, report.outcome) for report in reports] == [(uid, "done")]
    assert seen == [before]
    with read_session(runtime.engine) as session:
        assert session.scalars(select(AuditEntry.request_id)).all() == [str(uid)]


def test_nothing_to_do_any_more_is_done(runtime: Runtime) -> None:
    trace = Trace()
    uid = put(runtime, "trace", gone=1)
    jobs.work_through(runtime, {"trace": trace.job()})
    assert trace.events == [("load", {"gone": 1})]
    assert row(runtime, uid).state == JobState.DONE


def test_a_domain_error_fails_at_once_and_anything_else_at_the_third_time(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_loaded: Any, _progress: Any) -> None:
        raise DomainError("recording_unreadable", seconds=3)

    def crash(_loaded: Any, _progress: Any) -> None:
        message = "the customer said 13800000000"
        raise ValueError(message)

    refused, crashed = Trace(refuse), Trace(crash)
    first, second = put(runtime, "refused", call=1), put(runtime, "crashed", call=2)
    jobs.work_through(runtime, {"refused": refused.job(), "crashed": crashed.job()})

    assert refused.named("fail") == [({"call": 1}, "recording_unreadable", {"seconds": 3}, 1)]
    assert len(refused.named("work")) == 1
    assert crashed.named("fail") == [({"call": 2}, "job_crashed", {"error": "ValueError"}, 3)]
    assert len(crashed.named("work")) == 3
    job = row(runtime, first)
    assert (job.state, job.error_code, job.error_params) == (
        JobState.FAILED,
        "recording_unreadable",
        {"seconds": 3},
    )
    job = row(runtime, second)
    assert (job.state, job.attempts, job.failures) == (JobState.FAILED, 3, 3)
    assert saved(runtime) == 0
    assert "ValueError" in caplog.text
    assert "13800000000" not in caplog.text


def test_a_failed_job_can_be_tried_again_and_no_other(runtime: Runtime) -> None:
    broken = [True]

    def work(loaded: Any, _progress: Any) -> Any:
        if broken:
            raise DomainError("disk_full")
        return loaded

    trace = Trace(work)
    uid = put(runtime, "trace", call=1)
    jobs.work_through(runtime, {"trace": trace.job()})
    broken.clear()
    with write_session(runtime.engine) as session:
        jobs.retry(session, uid, now=NOW)
    jobs.work_through(runtime, {"trace": trace.job()})
    assert trace.named("save") == [({"call": 1}, 2)]
    assert (row(runtime, uid).state, row(runtime, uid).error_code) == (JobState.DONE, None)
    with write_session(runtime.engine) as session:
        with pytest.raises(DomainError, match="job_not_failed"):
            jobs.retry(session, uid, now=NOW)
        with pytest.raises(DomainError, match="job_not_found"):
            jobs.retry(session, uuid.uuid4(), now=NOW)


def test_a_save_that_fails_leaves_nothing_and_may_enqueue(runtime: Runtime) -> None:
    trace = Trace()

    def save(session: Session, runtime: Runtime, result: Any, attempt: int) -> None:
        trace.save(session, runtime, result, attempt)
        jobs.enqueue(session, "next", now=NOW, call=1)
        if attempt == 1:
            message = "the first time"
            raise OSError(message)

    following = Trace()
    table = {"trace": Job(trace.load, trace.work, save), "next": following.job()}
    put(runtime, "trace", call=1)
    jobs.work_through(runtime, table)
    assert len(following.named("save")) == 1
    assert saved(runtime) == 2


def test_a_long_transcription_keeps_its_queue_but_no_other(runtime: Runtime) -> None:
    quick_is_done = threading.Event()
    at_once, most = [0], [0]

    def transcribe(loaded: Any, _progress: Any) -> Any:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        assert quick_is_done.wait(10)
        at_once[0] -= 1
        return loaded

    def quick(loaded: Any, _progress: Any) -> Any:
        quick_is_done.set()
        return loaded

    table = {
        "transcribe": Trace(transcribe, queue="transcription").job(),
        "translate": Trace(transcribe, queue="transcription").job(),
        "quick": Trace(quick).job(),
    }
    for name in ("transcribe", "transcribe", "translate", "quick"):
        put(runtime, name, call=1)
    jobs.work_through(runtime, table, limits={"transcription": 1})
    assert saved(runtime) == 4
    assert most == [1]


def test_the_engine_is_not_called_with_a_session_open(runtime: Runtime) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: jobs.run_worker(runtime, {}),
        lambda: jobs.work_through(runtime, {}),
        lambda: jobs.engine_is_ready(runtime.engine),
        lambda: jobs.upgrade_engine(runtime.engine),
    ]
    for call in calls:
        with (
            read_session(runtime.engine),
            pytest.raises(RuntimeError, match="while a Session is open"),
        ):
            call()


def test_progress_is_not_reported_inside_a_transaction(runtime: Runtime) -> None:
    def work(_loaded: Any, progress: Any) -> None:
        with write_session(runtime.engine):
            progress(1, 2)

    trace = Trace(work)
    put(runtime, "trace", call=1)
    jobs.work_through(runtime, {"trace": trace.job()})
    assert trace.named("fail")[0][2] == {"error": "RuntimeError"}


def test_no_worker_before_the_upgrade(tmp_path: Path, runtime: Runtime) -> None:
    empty = make_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    assert not jobs.engine_is_ready(empty)
    assert jobs.engine_is_ready(runtime.engine)
    behind = replace(runtime, engine=empty)
    with pytest.raises(DomainError, match="database_not_upgraded"):
        jobs.run_worker(behind, {})
    empty.dispose()


def test_one_worker_for_an_sqlite_file_and_one_in_a_process(runtime: Runtime) -> None:
    refusals: list[str] = []

    def work(_loaded: Any, _progress: Any) -> int:
        try:
            jobs.work_through(runtime, {})
        except DomainError as error:
            refusals.append(error.code)
        return 1

    put(runtime, "trace", call=1)
    jobs.work_through(runtime, {"trace": Trace(work).job()})
    assert refusals == ["worker_already_runs"]


def test_the_engine_keeps_nothing_of_jobs_that_have_ended(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in range(3):
        put(runtime, "trace", call=call)
    jobs.work_through(runtime, {"trace": Trace().job()})
    jobs.work_through(runtime, {"trace": Trace().job()})
    assert entries(runtime.engine) == 0


def test_importing_jobs_does_not_import_the_engine() -> None:
    code = "import sys, pipelines.jobs; sys.exit('dbos' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# What a worker does with the jobs of others; the engine is played by a recorder.


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
    announce: Callable[[Report], None] = lambda _report: None,
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
    )


def begin_elsewhere(runtime: Runtime, worker: str, heartbeat: datetime) -> uuid.UUID:
    with write_session(runtime.engine) as session:
        if session.get(Worker, worker) is None:
            session.add(Worker(id=worker, started_at=heartbeat, heartbeat_at=heartbeat))
        uid = job_table.add(session, "trace", {"call": 1}, NOW).uid
        assert job_table.begin(session, uid, 1, worker, NOW)
    return uid


def test_a_dead_workers_job_is_queued_anew_and_a_living_ones_is_not(runtime: Runtime) -> None:
    dead = begin_elsewhere(runtime, "dead", NOW - timedelta(seconds=61))
    slow = begin_elsewhere(runtime, "slow", NOW - timedelta(seconds=59))
    recorder = Recorder()
    make_worker(runtime, recorder)._take_over()
    # One worker at a time writes to an SQLite file: whoever is not this one is dead.
    expected = {dead, slow} if runtime.engine.dialect.name == "sqlite" else {dead}
    assert {uid for uid, _, _ in recorder.dispatched} == expected
    assert {attempt for _, attempt, _ in recorder.dispatched} == {2}
    job = row(runtime, dead)
    assert (job.state, job.attempts, job.failures, job.worker) == (JobState.QUEUED, 1, 1, None)


def test_the_third_death_is_the_last(runtime: Runtime) -> None:
    trace, recorder = Trace(), Recorder()
    worker = make_worker(runtime, recorder, {"trace": trace.job()})
    uid = begin_elsewhere(runtime, "dead", NOW - timedelta(days=1))
    for attempt in (2, 3):
        worker._take_over()
        with write_session(runtime.engine) as session:
            assert job_table.begin(session, uid, attempt, "dead", NOW)
    worker._take_over()
    job = row(runtime, uid)
    assert (job.state, job.error_code, job.failures) == (JobState.FAILED, "worker_stopped", 3)
    assert trace.named("fail") == [({"call": 1}, "worker_stopped", {"times": 3}, 3)]
    assert len(recorder.dispatched) == 2
    worker._take_over()
    assert len(recorder.dispatched) == 2


def test_a_job_ends_even_if_its_fail_raises(runtime: Runtime) -> None:
    def fail(*_: Any) -> None:
        message = "no"
        raise OSError(message)

    trace = Trace()
    worker = make_worker(
        runtime, Recorder(), {"trace": Job(trace.load, trace.work, trace.save, fail)}
    )
    uid = begin_elsewhere(runtime, "dead", NOW - timedelta(days=1))
    with write_session(runtime.engine) as session:
        job = job_table.find(session, uid)
        assert job is not None
        job.attempts, job.failures = 3, 2
    worker._take_over()
    assert row(runtime, uid).state == JobState.FAILED


def test_what_a_dead_worker_took_and_never_began_is_queued_anew_once(runtime: Runtime) -> None:
    uid = put(runtime, "trace", call=1)
    recorder = Recorder(left=[(uid, 1)])
    worker = make_worker(runtime, recorder)
    worker._take_over()
    worker._take_over()
    assert recorder.dispatched == [(uid, 2, 0)]
    assert recorder.withdrawn == [(uid, 1), (uid, 1)]
    with write_session(runtime.engine) as session:
        assert job_table.begin(session, uid, 1, "late", NOW) is None
        assert job_table.begin(session, uid, 2, "test", NOW) is not None


def test_a_waiting_job_that_the_engine_lost_is_queued_anew(runtime: Runtime) -> None:
    lost, queued, other = (put(runtime, name, call=1) for name in ("trace", "trace", "elsewhere"))
    running = begin_elsewhere(runtime, "busy", NOW)
    recorder = Recorder(queued={(queued, 1)})
    make_worker(runtime, recorder)._reconcile()
    assert recorder.dispatched == [(lost, 2, 0)]
    assert {row(runtime, uid).attempts for uid in (queued, other)} == {0}
    assert row(runtime, running).state == JobState.RUNNING


def test_a_job_without_an_entry_in_the_engine_is_carried_out(runtime: Runtime) -> None:
    uid = put(runtime, "trace", call=1)
    schema = "" if runtime.engine.dialect.name == "sqlite" else "dbos."
    with runtime.engine.begin() as connection:
        connection.execute(text(f"DELETE FROM {schema}workflow_status"))  # noqa: S608 - a literal
    jobs.work_through(runtime, {"trace": Trace().job()})
    assert row(runtime, uid).state == JobState.DONE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_twelve_writers_and_a_worker_see_no_lock(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    stop, begin, errors = threading.Event(), threading.Barrier(13), []

    def write() -> None:
        begin.wait()
        try:
            for call in range(8):
                with write_session(runtime.engine) as session:
                    session.scalars(select(JobRow.id)).all()
                    jobs.enqueue(session, "trace", now=NOW, call=call)
        except Exception as error:  # noqa: BLE001 - reported by the assertion below
            errors.append(error)

    def work() -> None:
        begin.wait()
        jobs.run_worker(runtime, {"trace": Trace().job()}, stop=stop, poll_seconds=0.05)

    threads = [threading.Thread(target=write) for _ in range(12)]
    worker = threading.Thread(target=work)
    for thread in [worker, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    deadline = time.monotonic() + 30
    while saved(runtime) < 96 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    worker.join()
    assert errors == []
    assert saved(runtime) == 96
    assert caplog.records == []


@pytest.mark.parametrize(
    ("attempts", "by", "state"),
    [
        (2, "another", JobState.RUNNING),
        (2, "itself", JobState.RUNNING),
        (1, "another", JobState.RUNNING),
        (2, "another", JobState.DONE),
        (1, "itself", JobState.QUEUED),
    ],
)
def test_an_attempt_that_no_longer_holds_the_job_may_not_save(
    runtime: Runtime, attempts: int, by: str, state: JobState
) -> None:
    def work(loaded: Any, _progress: Any) -> Any:
        # What happens meanwhile: a take-over, a newer attempt, a worker that gives it back.
        with write_session(runtime.engine) as session:
            job = session.scalars(select(JobRow)).one()
            job.attempts, job.state = attempts, state
            job.worker = job.worker if by == "itself" else by
        return loaded

    trace, recorder, reports = Trace(work), Recorder(), []
    worker = make_worker(runtime, recorder, {"trace": trace.job()}, announce=reports.append)
    uid = put(runtime, "trace", call=1)
    worker.runs.attempt(uid, 1)
    assert [report.outcome for report in reports] == ["superseded"]
    assert trace.named("save") == []
    assert saved(runtime) == 0
    assert (row(runtime, uid).state, recorder.dispatched) == (state, [])


def test_an_attempt_that_is_out_of_date_does_nothing(runtime: Runtime) -> None:
    trace = Trace()
    worker = make_worker(runtime, Recorder(), {"trace": trace.job()})
    uid = put(runtime, "trace", call=1)
    worker.runs.attempt(uid, 2)
    assert trace.events == []
    worker.runs.attempt(uid, 1)
    worker.runs.attempt(uid, 1)
    assert len(trace.named("save")) == 1


def test_a_worker_that_stops_gives_back_what_it_was_handed(runtime: Runtime) -> None:
    trace, recorder = Trace(), Recorder()
    worker = make_worker(runtime, recorder, {"trace": trace.job()})
    uid = put(runtime, "trace", call=1)
    worker.runs.stopping.set()
    worker.runs.attempt(uid, 1)
    assert (trace.events, recorder.dispatched) == ([], [(uid, 2, 0)])
    assert (row(runtime, uid).state, row(runtime, uid).failures) == (JobState.QUEUED, 0)


def test_a_try_again_waits_longer_each_time(runtime: Runtime) -> None:
    def crash(_loaded: Any, _progress: Any) -> None:
        raise OSError

    recorder = Recorder()
    worker = make_worker(runtime, recorder, {"trace": Trace(crash).job()})
    uid = put(runtime, "trace", call=1)
    for attempt in (1, 2, 3):
        worker.runs.attempt(uid, attempt)
    assert recorder.dispatched == [(uid, 2, 10), (uid, 3, 20)]


def test_a_schedule_is_kept_once_whatever_the_workers(runtime: Runtime) -> None:
    nightly = Schedule("trace", every=timedelta(hours=1), ids={"site": 1})
    recorder = Recorder()
    workers = [make_worker(runtime, recorder, schedules=[nightly]) for _ in range(2)]
    for worker in workers:
        worker.join()
        worker._enqueue_due()
    assert recorder.dispatched == []  # nothing was due since the first worker ever joined

    assert isinstance(runtime.clock, FrozenClock)
    runtime.clock.instant = NOW + timedelta(hours=1, minutes=5)
    late = make_worker(runtime, recorder, schedules=[nightly])
    late.join()
    for worker in [*workers, late]:
        worker._enqueue_due()
        worker._enqueue_due()
    assert len(recorder.dispatched) == 1
    with read_session(runtime.engine) as session:
        job = session.scalars(select(JobRow)).one()
    assert job.arguments == {"site": 1, "due": "2026-11-23T02:00:00+00:00"}
    assert job.uid == nightly.uid(NOW + timedelta(hours=1))

    # While that one is not done, the next due time passes: nothing piles up.
    runtime.clock.instant = NOW + timedelta(hours=2)
    late._enqueue_due()
    assert len(recorder.dispatched) == 1


def test_what_fell_due_while_no_worker_ran_is_caught_up_once(runtime: Runtime) -> None:
    hourly = Schedule("trace", every=timedelta(hours=1))
    make_worker(runtime, Recorder()).join()
    assert isinstance(runtime.clock, FrozenClock)
    runtime.clock.instant = NOW + timedelta(hours=7, minutes=30)
    recorder = Recorder()
    worker = make_worker(runtime, recorder, schedules=[hourly])
    worker.join()
    worker._enqueue_due()
    assert [uid for uid, _, _ in recorder.dispatched] == [hourly.uid(NOW + timedelta(hours=7))]


def test_a_schedule_names_a_known_job(runtime: Runtime) -> None:
    with pytest.raises(ValueError, match="unknown"):
        make_worker(runtime, Recorder(), schedules=[Schedule("x", every=timedelta(hours=1))])
