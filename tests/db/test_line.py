"""The line of jobs with real workers: who is first, pauses, and what waits for the installation."""

import errno
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from models.calls import Call, Recording
from models.operations import AuditEntry, Worker
from models.operations import Job as JobRow
from models.session import read_session, write_session
from models.transcripts import Transcript, Turn
from models.vocab import JobState, Party, RecordingState, TranscriptState
from pipelines import flow, job_table, jobs, line
from pipelines.jobs import Job
from pipelines.outcomes import DomainError
from pipelines.runtime import Runtime
from tests import factories
from tests.conftest import NOW
from tests.db.job_kit import Recorder, Trace, make_runtime, make_worker, put, row


@pytest.fixture
def runtime(own_engine: Engine, tmp_path: Path) -> Runtime:
    return make_runtime(own_engine, tmp_path)


def in_order(runtime: Runtime, order: list[int], **options: Any) -> None:
    """Carry out all that waits, one at a time, and note in which order."""

    def work(loaded: Any, _progress: Any) -> Any:
        order.append(loaded["call"])
        return loaded

    table = {"trace": Trace(work, queue="transcription").job()}
    jobs.work_through(runtime, table, limits={"transcription": 1}, **options)


def prefer(runtime: Runtime, uid: uuid.UUID) -> bool:
    with write_session(runtime.engine) as session:
        return jobs.prefer(session, uid, now=NOW)


def test_who_is_asked_for_comes_first_and_what_can_wait_comes_last(runtime: Runtime) -> None:
    with write_session(runtime.engine) as session:
        uids = {
            call: jobs.enqueue(session, "trace", now=NOW, priority=priority, call=call)
            for call, priority in [(1, jobs.LOW), (2, jobs.NORMAL), (3, jobs.NORMAL), (4, jobs.LOW)]
        }
    assert prefer(runtime, uids[4])
    assert prefer(runtime, uids[3])
    assert not prefer(runtime, uids[3])
    with read_session(runtime.engine) as session:
        shown = session.scalars(
            select(JobRow.arguments).order_by(JobRow.priority, JobRow.queued_at, JobRow.id)
        ).all()
    order: list[int] = []
    in_order(runtime, order)
    assert order == [4, 3, 2, 1]
    assert [arguments["call"] for arguments in shown] in ([4, 3, 2, 1], [3, 4, 2, 1])
    assert not prefer(runtime, uids[2])
    with pytest.raises(DomainError, match="job_not_found"):
        prefer(runtime, uuid.uuid4())


def test_what_a_worker_had_already_does_not_go_to_the_end_of_the_line(runtime: Runtime) -> None:
    had = put(runtime, "trace", call=1)
    for call in (2, 3):
        put(runtime, "trace", call=call)
    worker = make_worker(runtime, Recorder())
    assert worker.runs.put_back(had, 1)
    with write_session(runtime.engine) as session:
        job = job_table.locked(session, had)
        assert job is not None
        assert job_table.begin(session, had, 2, "dead", NOW)
        job_table.queue_again(session, job)
        jobs._dispatch(session, job)
    order: list[int] = []
    in_order(runtime, order)
    assert order == [1, 2, 3]


def started(runtime: Runtime, table: dict[str, Job], **options: Any) -> Callable[[], None]:
    stop = threading.Event()
    options = {"limits": {"transcription": 1}, "poll_seconds": 0.05, **options}
    thread = threading.Thread(
        target=lambda: jobs.run_worker(runtime, table, stop=stop, grace_seconds=1, **options)
    )
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()

    return end


def until(what: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.05)


def test_a_pause_lets_nothing_begin_and_the_one_asked_for_meanwhile_goes_first(
    runtime: Runtime,
) -> None:
    order: list[int] = []

    def work(loaded: Any, _progress: Any) -> Any:
        order.append(loaded["call"])
        return loaded

    table = {"trace": Trace(work, queue="transcription").job(), "other": Trace().job()}
    with write_session(runtime.engine) as session:
        assert job_table.pause(session, "trace", now=NOW, by=None)
        assert not job_table.pause(session, "trace", now=NOW, by=None)
    uids = {call: put(runtime, "trace", call=call) for call in (1, 2, 3)}
    other = put(runtime, "other", call=9)
    end = started(runtime, table)
    try:
        until(lambda: row(runtime, other).state == JobState.DONE)
        time.sleep(0.5)  # the worker has been handed the first and holds it
        assert prefer(runtime, uids[3])
        assert order == []
        with write_session(runtime.engine) as session:
            assert job_table.resume(session, "trace", now=NOW, by=None)
            assert not job_table.resume(session, "trace", now=NOW, by=None)
        until(lambda: all(row(runtime, uid).state == JobState.DONE for uid in uids.values()))
    finally:
        end()
    assert order == [3, 1, 2]
    assert {row(runtime, uid).failures for uid in uids.values()} == {0}
    with read_session(runtime.engine) as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [action for action in actions if action.startswith("jobs.")] == [
        "jobs.paused",
        "jobs.resumed",
    ]


def test_a_full_disk_costs_no_try_and_the_work_goes_on_when_there_is_room(
    runtime: Runtime,
) -> None:
    full = [True]

    def work(loaded: Any, _progress: Any) -> Any:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return loaded

    trace = Trace(work, queue="transcription")
    uids = [put(runtime, "trace", call=call) for call in range(5)]
    end = started(runtime, {"trace": trace.job()}, rest_seconds=1.0)
    try:
        until(lambda: row(runtime, uids[0]).error_code == "disk_full")
        time.sleep(0.5)
        # The whole queue rests: nobody else has run into the same wall meanwhile.
        assert len(trace.named("work")) == 1
        with read_session(runtime.engine) as session:
            assert line.look(session, "trace", NOW).troubles == {"disk_full": 1}
        full.clear()
        until(lambda: all(row(runtime, uid).state == JobState.DONE for uid in uids))
    finally:
        end()
    assert {row(runtime, uid).failures for uid in uids} == {0}
    assert trace.named("fail") == []
    assert row(runtime, uids[0]).error_code is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_cannot_grow_costs_no_try_either(runtime: Runtime) -> None:
    """The end cannot be written down while the disk is full; the take-over writes it later."""
    pages = [0]

    def limit(connection: Any) -> None:
        if pages[0]:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages[0]}")

    def work(loaded: Any, _progress: Any) -> Any:
        with runtime.engine.connect() as connection:
            size = connection.exec_driver_sql("PRAGMA page_count").scalar()
            free = connection.exec_driver_sql("PRAGMA freelist_count").scalar()
        pages[0] = int(size or 0) - int(free or 0)
        return loaded

    def save(session: Session, _runtime: Runtime, _result: Any, _attempt: int) -> None:
        session.add_all(
            AuditEntry(at=NOW, action="x" * 3_000, subject="job", details={}) for _ in range(50)
        )
        session.flush()

    trace, recorder = Trace(work), Recorder()
    table = {"trace": Job(trace.load, trace.work, save, trace.fail)}
    worker = make_worker(runtime, recorder, table)
    uid = put(runtime, "trace", call=1)
    event.listen(runtime.engine, "begin", limit)
    worker.runs.attempt(uid, 1)
    pages[0] = 1_000_000
    worker._take_over()
    job = row(runtime, uid)
    assert (job.state, job.error_code, job.failures) == (JobState.QUEUED, "disk_full", 0)
    assert recorder.dispatched == [(uid, 2, 60)]
    assert worker.runs.bad_ends == {}


def test_what_ran_out_of_memory_is_tried_again_and_then_says_so(runtime: Runtime) -> None:
    def work(_loaded: Any, _progress: Any) -> None:
        message = "std::bad_alloc"
        raise RuntimeError(message)

    trace = Trace(work)
    uid = put(runtime, "trace", call=1)
    jobs.work_through(runtime, {"trace": trace.job()})
    assert trace.named("fail") == [({"call": 1}, "out_of_memory", {}, 3)]
    assert row(runtime, uid).error_code == "out_of_memory"


def test_a_job_waits_for_what_the_installation_lacks_but_not_where_nobody_would_bring_it(
    runtime: Runtime,
) -> None:
    def work(_loaded: Any, _progress: Any) -> None:
        raise DomainError("weights_missing", folder="")

    trace, recorder = Trace(work), Recorder()
    job = Job(
        trace.load, trace.work, trace.save, trace.fail, waits_for=frozenset({"weights_missing"})
    )
    uid = put(runtime, "trace", call=1)
    reports: list[str] = []
    worker = make_worker(
        runtime, recorder, {"trace": job}, announce=lambda report: reports.append(report.outcome)
    )
    worker.runs.attempt(uid, 1)
    waiting = row(runtime, uid)
    assert (waiting.state, waiting.error_code) == (JobState.QUEUED, "weights_missing")
    assert (reports, recorder.dispatched) == (["waits"], [(uid, 2, 60)])
    with write_session(runtime.engine) as session:
        waiting = job_table.locked(session, uid)
        assert waiting is not None
        jobs._dispatch(session, waiting)
    jobs.work_through(runtime, {"trace": job})
    assert (row(runtime, uid).state, len(trace.named("fail"))) == (JobState.FAILED, 1)


# The line of recordings.


def make_calls(session: Session, count: int) -> list[Recording]:
    site = factories.make_site(session)
    team = factories.make_team(session, site)
    agent = factories.make_agent(session, team)
    project = factories.make_project(session, site)
    return [
        factories.make_recording(
            session, factories.make_call(session, agent, team, project, talk_ms=60_000)
        )
        for _ in range(count)
    ]


def waiting(session: Session) -> list[tuple[int | None, int, int]]:
    rows = session.scalars(select(JobRow).order_by(JobRow.priority, JobRow.queued_at, JobRow.id))
    return [(job.recording_id, job.priority, job.audio_ms) for job in rows]


def test_somebody_who_waits_has_a_call_heard_first(session: Session) -> None:
    one, two, three, gone = make_calls(session, 4)
    gone.state = RecordingState.ERASED
    flow._hear(session, [one.id, two.id], now=NOW)
    flow._hear(session, [one.id, two.id], now=NOW)
    assert flow.hear_first(session, two.id, now=NOW)
    assert not flow.hear_first(session, two.id, now=NOW)
    assert flow.hear_first(session, three.id, now=NOW)
    assert not flow.hear_first(session, gone.id, now=NOW)
    leg = session.get_one(Call, one.call_id).legs[0]
    assert waiting(session) == [
        (two.id, 10, 60_000),
        (three.id, 10, 60_000),
        (one.id, 20, 60_000),
    ]
    assert flow.hear_first_of_leg(session, leg.id, now=NOW)
    assert {priority for _, priority, _ in waiting(session)} == {10}


def transcript(session: Session, recording: Recording, state: TranscriptState) -> Transcript:
    made = Transcript(
        recording_id=recording.id,
        site_id=recording.site_id,
        state=state,
        model="base",
        options={},
        versions={},
        attempt=1,
        error_code="audio_empty" if state is TranscriptState.FAILED else None,
        made_at=NOW,
    )
    made.turns = [
        Turn(
            position=1,
            party=Party.AGENT,
            start_ms=0,
            end_ms=9,
            text="old",
            confidence=1.0,
            words=[["old", 0, 9, 1.0]],
        )
    ]
    session.add(made)
    session.flush()
    return made


def test_hearing_anew_is_last_in_line_and_clears_the_failure_before(session: Session) -> None:
    old, busy, gone = make_calls(session, 3)
    transcript(session, old, TranscriptState.DONE)
    gone.state = RecordingState.EXPIRED
    failed = job_table.add(session, "transcribe", {"recording_id": old.id}, NOW)
    failed.state, failed.error_code = JobState.FAILED, "audio_empty"
    flow._hear(session, [busy.id], now=NOW)
    asked = [recording.id for recording in (old, busy, gone)]
    assert flow.hear_again(session, asked, now=NOW, actor=None) == 1
    assert waiting(session) == [(busy.id, 20, 60_000), (old.id, 30, 60_000)]
    assert not flow.hear_first(session, gone.id, now=NOW)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.details) == ("transcripts.asked_anew", {"count": 1})
    assert session.scalars(select(Turn.text)).all() == ["old"]


def test_how_the_line_stands(session: Session) -> None:
    recordings = make_calls(session, 9)
    flow._hear(session, [recording.id for recording in recordings], now=NOW)
    put_off, failed, running, *others = session.scalars(select(JobRow).order_by(JobRow.id)).all()
    put_off.error_code = "disk_full"
    failed.state, failed.error_code = JobState.FAILED, "audio_empty"
    running.state, running.progress_done, running.progress_total = JobState.RUNNING, 15_000, 60_000
    for number, job in enumerate(others[:4]):
        job.state = JobState.DONE
        job.started_at = NOW - timedelta(minutes=10) + timedelta(seconds=6 * number)
        job.finished_at = job.started_at + timedelta(seconds=6)
    job_table.add(session, "noise", {"n": 1}, NOW, audio_ms=5)
    session.flush()

    stands = line.look(session, "transcribe", NOW)
    assert (stands.waiting, stands.waiting_ms) == (3, 180_000)
    assert (stands.running, stands.remaining_ms) == (1, 225_000)
    assert (stands.done, stands.done_ms, stands.failed) == (4, 240_000, 1)
    assert (stands.speed, stands.miss, stands.troubles) == (10.0, None, {"disk_full": 1})
    assert (stands.workers, stands.finish) == (0, None)

    session.add(Worker(id="w", started_at=NOW, heartbeat_at=NOW))
    session.flush()
    assert line.look(session, "transcribe", NOW).finish == NOW + timedelta(seconds=22.5)
    job_table.pause(session, "transcribe", now=NOW, by=None)
    paused = line.look(session, "transcribe", NOW)
    assert paused.finish is None
    assert paused.pause is not None
    assert line.look(session, "noise", NOW).waiting == 1
