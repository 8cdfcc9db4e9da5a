"""Jobs in one process: what is queued, carried out, tried again, failed."""

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models.operations import AuditEntry
from models.operations import Job as JobRow
from models.session import make_engine, read_session, write_session
from models.vocab import JobState
from pipelines import jobs
from pipelines.jobs import Job, Report
from pipelines.outcomes import DomainError
from pipelines.runtime import Runtime
from tests.conftest import NOW
from tests.db.job_kit import Trace, entries, make_runtime, put, row, saved


@pytest.fixture
def runtime(own_engine: Engine, tmp_path: Path) -> Runtime:
    return make_runtime(own_engine, tmp_path)


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
