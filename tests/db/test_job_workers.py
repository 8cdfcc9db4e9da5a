"""What a worker does with the jobs of others; the engine is played by a recorder."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from models.operations import Job as JobRow
from models.session import read_session, write_session
from models.vocab import JobState
from pipelines import job_table
from pipelines.jobs import Job, Schedule
from pipelines.runtime import Runtime
from tests.conftest import NOW
from tests.db.job_kit import (
    FrozenClock,
    Recorder,
    Trace,
    begin_elsewhere,
    make_runtime,
    make_worker,
    put,
    row,
    saved,
)


@pytest.fixture
def runtime(own_engine: Engine, tmp_path: Path) -> Runtime:
    return make_runtime(own_engine, tmp_path)


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
