"""The transcription queue as people see and steer it, and what a call's page says of it."""

import errno
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models.calls import Leg, MediaFile, Recording
from models.operations import AuditEntry, Job, JobPause, Worker
from models.people import Agent
from models.reviews import SelfAssessment
from models.session import read_session
from models.transcripts import Transcript, Turn
from models.vocab import JobState, MediaKind, Party, TranscriptState
from pipelines import flow, job_table
from pipelines.runtime import Runtime
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
PAGE = "/jobs/transcription"


@dataclass
class Line:
    """Three calls of the own site in line, and one of another site."""

    runtime: Runtime
    uids: list[uuid.UUID]
    keys: list[str]
    recordings: list[uuid.UUID]
    calls: list[uuid.UUID]
    legs: list[int]

    def jobs(self) -> list[Job]:
        with read_session(self.runtime.engine) as session:
            rows = session.scalars(
                select(Job)
                .where(Job.name == "transcribe", Job.state == JobState.QUEUED)
                .order_by(Job.priority, Job.queued_at, Job.id)
            )
            return list(rows)

    def order(self) -> list[int]:
        return [self.uids.index(job.uid) for job in self.jobs()]


def make_line(session: Session, world: World, runtime: Runtime) -> Line:
    site, team = session.merge(world.site), session.merge(world.team)
    agent = session.scalars(select(Agent)).one()
    elsewhere = factories.make_site(session, "elsewhere")
    other_team = factories.make_team(session, elsewhere)
    other = factories.make_agent(session, other_team, "other")
    made = []
    for number in range(4):
        own = number < 3
        project = factories.make_project(session, site if own else elsewhere)
        call = factories.make_call(
            session,
            agent if own else other,
            team if own else other_team,
            project,
            source_key=f"key-{number}",
            talk_ms=90_000,
        )
        made.append(factories.make_recording(session, call))
    for recording in made:
        session.add(
            MediaFile(
                recording_id=recording.id,
                kind=MediaKind.ORIGINAL,
                storage_key=f"{recording.id}.wav",
                mimetype="audio/wav",
                sha256="0" * 64,
                size_bytes=1,
                created_at=NOW,
            )
        )
    flow._hear(session, [recording.id for recording in made], now=NOW)
    session.add(Worker(id="w", started_at=NOW, heartbeat_at=NOW))
    session.flush()
    jobs = session.scalars(select(Job).order_by(Job.id)).all()
    calls = [recording.call for recording in made]
    return Line(
        runtime,
        [job.uid for job in jobs],
        [call.source_key for call in calls],
        [recording.uid for recording in made],
        [call.uid for call in calls],
        [call.legs[0].id for call in calls],
    )


@pytest.fixture
def line(add: Add, world: World, runtime: Runtime) -> Line:
    return add(lambda session: make_line(session, world, runtime))


def change(add: Add, uid: uuid.UUID, **values: Any) -> None:
    def run(session: Session) -> None:
        job = session.scalars(select(Job).where(Job.uid == uid)).one()
        for name, value in values.items():
            setattr(job, name, value)

    add(run)


def actions(add: Add) -> list[str]:
    return add(lambda session: list(session.scalars(select(AuditEntry.action))))


def test_an_admin_sees_how_long_the_line_is_but_whose_calls_of_the_own_site_only(
    line: Line, signed_in: Callable[[str], Browser], add: Add
) -> None:
    change(add, line.uids[0], state=JobState.RUNNING, progress_done=45_000, progress_total=90_000)
    browser = signed_in("admin")
    admin = browser.get(PAGE).get_data(as_text=True)
    assert [key for key in line.keys if key in admin] == ["key-0", "key-1", "key-2"]
    assert browser.post(f"/jobs/{line.uids[3]}/first").status_code == 404
    assert browser.post(f"/jobs/{line.uids[2]}/first").status_code == 303
    assert "0:45 / 1:30" in admin
    assert "not known yet" in admin
    # An admin opens no call, a manager those of the own site.
    assert f"/calls/{line.calls[0]}" not in admin
    manager = signed_in("manager").get(PAGE).get_data(as_text=True)
    assert f"/calls/{line.calls[0]}" in manager
    assert "key-3" not in manager
    assert f"{PAGE}/pause" not in manager


def test_the_expected_finish_is_named_after_some_calls(
    line: Line, signed_in: Callable[[str], Browser], add: Add
) -> None:
    def heard(session: Session) -> None:
        for number in range(4):
            job = job_table.add(session, "transcribe", {"n": number}, NOW, audio_ms=60_000)
            job.state = JobState.DONE
            job.started_at = NOW - timedelta(minutes=5 - number)
            job.finished_at = job.started_at + timedelta(seconds=10)

    add(heard)
    page = signed_in("admin").get(PAGE).get_data(as_text=True)
    # Six minutes of audio at six minutes a minute, told in the site's own time.
    assert "about 23 Nov 2026 09:01" in page
    assert "6.0 minutes of audio a minute" in page


def test_pause_and_resume(line: Line, signed_in: Callable[[str], Browser], add: Add) -> None:
    admin = signed_in("admin")
    assert "Pause after the calls being heard" in admin.get(PAGE).get_data(as_text=True)
    assert admin.post(f"{PAGE}/pause").status_code == 303
    page = admin.get(PAGE).get_data(as_text=True)
    assert "Paused by" in page
    assert "stands still" in page
    assert add(lambda session: session.scalars(select(JobPause.name)).all()) == ["transcribe"]
    seen = open_call(signed_in("manager"), line, 1)
    assert "Writing down is paused for the moment." in seen
    assert admin.post(f"{PAGE}/resume").status_code == 303
    assert "Paused by" not in admin.get(PAGE).get_data(as_text=True)
    assert {"jobs.paused", "jobs.resumed"} <= set(actions(add))


def test_first_please(line: Line, signed_in: Callable[[str], Browser], add: Add) -> None:
    manager = signed_in("manager")
    page = manager.get(PAGE).get_data(as_text=True)
    assert page.index("key-0") < page.index("key-2")
    assert manager.post(f"/jobs/{line.uids[2]}/first").status_code == 303
    assert line.order() == [2, 0, 1, 3]
    page = manager.get(PAGE).get_data(as_text=True)
    assert page.index("key-2") < page.index("key-0")
    assert manager.post(f"/jobs/{line.uids[3]}/first").status_code == 404
    assert line.order() == [2, 0, 1, 3]
    assert "job.preferred" in actions(add)


def test_what_failed_says_why_and_can_be_tried_again(
    line: Line, signed_in: Callable[[str], Browser], add: Add
) -> None:
    for number in (0, 1, 3):
        change(
            add,
            line.uids[number],
            state=JobState.FAILED,
            error_code="out_of_memory",
            error_params={},
            finished_at=NOW,
        )
    change(add, line.uids[2], state=JobState.FAILED, error_code="audio_unreadable", finished_at=NOW)
    manager = signed_in("manager")
    page = manager.get(PAGE).get_data(as_text=True)
    assert "Memory ran out." in page
    assert "This is no audio file" in page
    assert re.search(r"2 ×</strong> Memory ran out", page)
    retry = f"/jobs/{line.uids[2]}/retry"
    assert retry in page
    answer = manager.post(retry, {"back": PAGE})
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert manager.post(f"{PAGE}/retry", {"code": "out_of_memory"}).status_code == 303
    assert sorted(line.order()) == [0, 1, 2]
    assert "1 ×" in signed_in("admin").get(PAGE).get_data(as_text=True)
    # Nobody is sent elsewhere by what a form says.
    change(add, line.uids[2], state=JobState.FAILED)
    assert manager.post(retry, {"back": "//elsewhere.example/"}).location == PAGE


def test_a_queue_that_waits_for_the_installation_says_for_what(
    line: Line, signed_in: Callable[[str], Browser], add: Add
) -> None:
    change(add, line.uids[0], error_code="disk_full", error_params={})
    page = signed_in("manager").get(PAGE).get_data(as_text=True)
    assert "The disk is full." in page
    change(add, line.uids[0], error_code="weights_missing", error_params={"folder": ""})
    assert "The weights of speech recognition" in signed_in("admin").get(PAGE).get_data(True)


@contextmanager
def counted(runtime: Runtime) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(runtime.engine, "before_cursor_execute", note)
    yield statements
    event.remove(runtime.engine, "before_cursor_execute", note)


def test_a_long_line_needs_no_more_queries(
    line: Line, signed_in: Callable[[str], Browser], add: Add
) -> None:
    manager = signed_in("manager")
    with counted(line.runtime) as few:
        manager.get(PAGE)

    def many(session: Session) -> None:
        recording = session.scalars(select(Recording.id)).first()
        rows = [
            {
                "uid": uuid.uuid4(),
                "name": "transcribe",
                "arguments": {"recording_id": recording},
                "recording_id": recording,
                "audio_ms": 1_000,
                "state": JobState.FAILED if number % 9 == 0 else JobState.QUEUED,
                "error_code": "audio_empty" if number % 9 == 0 else None,
                "queued_at": NOW,
            }
            for number in range(900)
        ]
        session.execute(insert(Job), rows)

    add(many)
    with counted(line.runtime) as statements:
        page = manager.get(PAGE).get_data(as_text=True)
    assert len(statements) == len(few)
    assert "20 of 804 are shown." in page
    plan = next(one for one in statements if "sum(job.audio_ms)" in one)
    with line.runtime.engine.connect() as connection:
        explained = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN " + plan, ("transcribe", "done")
        ).all()
    assert "COVERING INDEX ix_job_line" in str(explained)


# The pages on which somebody waits.


def open_call(browser: Browser, line: Line, number: int) -> str:
    browser.get(f"/calls/{line.calls[number]}")
    answer = browser.post(f"/calls/{line.calls[number]}/open", {"purpose": "coaching"})
    return browser.get(answer.location).get_data(as_text=True)


def test_a_call_says_how_far_it_is_and_who_may_hear_it_asks_for_it_first(
    line: Line, signed_in: Callable[[str], Browser], add: Add
) -> None:
    manager = signed_in("manager")
    page = open_call(manager, line, 2)
    assert "2 calls are written down before it." in page
    action = f"/recordings/{line.recordings[2]}/first"
    assert action in page
    assert manager.post(action, {"back": f"/calls/{line.calls[2]}"}).status_code == 303
    assert line.order()[0] == 2
    assert action not in open_call(manager, line, 2)
    assert manager.post(f"/recordings/{line.recordings[3]}/first").status_code == 404
    assert actions(add).count("recording.preferred") == 1
    change(add, line.uids[2], state=JobState.RUNNING, progress_done=30_000)
    assert "It is being written down: 0:30 of 1:30." in open_call(manager, line, 2)


def give_text(session: Session, recording_uid: uuid.UUID) -> None:
    recording = session.scalars(select(Recording).where(Recording.uid == recording_uid)).one()
    transcript = Transcript(
        recording_id=recording.id,
        site_id=recording.site_id,
        state=TranscriptState.DONE,
        model="whisper-base",
        options={"compute_type": "int8"},
        versions={},
        attempt=1,
        made_at=NOW,
    )
    words = [["good", 0, 400, 0.9], [" day", 400, 800, 0.9]]
    transcript.turns = [
        Turn(
            position=1,
            party=Party.AGENT,
            start_ms=0,
            end_ms=800,
            text="good day",
            confidence=0.9,
            words=words,
            masked_text="good day",
            masks=[],
        )
    ]
    session.add(transcript)


def test_a_call_is_heard_anew_and_keeps_its_text_until_then(
    line: Line, signed_in: Callable[[str], Browser], add: Add
) -> None:
    add(lambda session: give_text(session, line.recordings[0]))
    change(add, line.uids[0], state=JobState.DONE, finished_at=NOW)
    manager = signed_in("manager")
    page = open_call(manager, line, 0)
    assert "Heard by whisper-base int8, 23 Nov 2026." in page
    again = f"/recordings/{line.recordings[0]}/hear-again"
    assert again in page
    assert manager.post(again, {"back": f"/calls/{line.calls[0]}"}).status_code == 303
    page = open_call(manager, line, 0)
    assert "It will be heard anew; this text stays until that is done." in page
    assert "good" in page
    assert again not in page
    # It waits behind everybody else.
    assert [job.priority for job in line.jobs()] == [20, 20, 20, 30]
    change(
        add,
        line.jobs()[-1].uid,
        state=JobState.FAILED,
        error_code="out_of_memory",
        error_params={},
        finished_at=NOW,
    )
    page = open_call(manager, line, 0)
    assert "Hearing it anew did not work, so this text stays: Memory ran out." in page
    assert "good" in page
    assert "hear-again" not in open_call(signed_in("trainer"), line, 0)


def test_a_call_that_failed_says_why_and_can_be_tried_again(
    line: Line, signed_in: Callable[[str], Browser], add: Add
) -> None:
    def fail(session: Session) -> None:
        recording = session.scalars(
            select(Recording).where(Recording.uid == line.recordings[0])
        ).one()
        session.add(
            Transcript(
                recording_id=recording.id,
                site_id=recording.site_id,
                state=TranscriptState.FAILED,
                model="",
                options={},
                versions={},
                attempt=1,
                error_code="audio_unreadable",
                error_params={},
                made_at=NOW,
            )
        )

    add(fail)
    change(add, line.uids[0], state=JobState.FAILED, error_code="audio_unreadable", finished_at=NOW)
    page = open_call(signed_in("manager"), line, 0)
    assert "This is no audio file" in page
    retry = f"/jobs/{line.uids[0]}/retry"
    assert retry in page
    assert retry not in open_call(signed_in("trainer"), line, 0)
    assert signed_in("manager").post(retry).status_code == 303
    assert "is written down before it" in open_call(signed_in("trainer"), line, 0) or (
        "calls are written down before it" in open_call(signed_in("trainer"), line, 0)
    )


def test_an_agent_who_assesses_has_the_own_call_heard_first(
    line: Line, signed_in: Callable[[str], Browser], add: Add
) -> None:
    version = add(factories.make_version).id

    def publish(session: Session) -> uuid.UUID:
        leg = session.get_one(Leg, line.legs[2])
        asked = SelfAssessment(
            site_id=leg.site_id,
            team_id=leg.team_id,
            leg_id=leg.id,
            agent_id=leg.agent_id,
            version_id=version,
            voluntary=True,
            draft={},
            saved_at=NOW,
        )
        session.add(asked)
        session.flush()
        return asked.uid

    asked = add(publish)
    agent = signed_in("agent")
    page = agent.get(f"/my-calls/{asked}").get_data(as_text=True)
    action = f"/recordings/{line.recordings[2]}/first"
    # The page asks by itself as soon as it is open; without scripts the button is there.
    assert f'hx-post="{action}"' in page
    assert agent.post(action, {"quiet": "yes"}).status_code == 204
    assert line.order()[0] == 2
    assert f'hx-post="{action}"' not in agent.get(f"/my-calls/{asked}").get_data(as_text=True)


@pytest.mark.parametrize("how", ["next", "claim"])
def test_a_reviewer_who_claims_a_task_has_its_call_heard_first(
    line: Line, signed_in: Callable[[str], Browser], add: Add, world: World, how: str
) -> None:
    def draw(session: Session) -> tuple[uuid.UUID, int]:
        team = session.merge(world.team)
        elder = factories.make_agent(session, team, "sh102")
        (task,) = factories.make_tasks(session, elder, team)
        recording = factories.make_recording(session, task.leg.call)
        flow._hear(session, [recording.id], now=NOW)
        return task.uid, recording.id

    task, recording = add(draw)
    assert line.jobs()[-1].recording_id == recording
    reviewer = signed_in("reviewer")
    assert (
        reviewer.post(
            f"/reviews/{task if how == 'claim' else ''}/{how}".replace("//", "/")
        ).status_code
        == 303
    )
    assert line.jobs()[0].recording_id == recording
    # Going on with it later moves nothing more.
    attempts = line.jobs()[0].attempts
    assert reviewer.post(f"/reviews/{task}/claim").status_code == 303
    assert line.jobs()[0].attempts == attempts


def test_a_full_disk_is_said_plainly_by_every_page(
    line: Line, signed_in: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **_named: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    admin = signed_in("admin")
    monkeypatch.setattr("qa_app.operations.views.queue_page", full)
    answer = admin.get(PAGE)
    assert answer.status_code == 507
    assert "The disk is full." in answer.get_data(as_text=True)
    assert len(line.uids) == 4


def test_whoever_comes_second_is_told_so(
    line: Line, signed_in: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*_: Any, **_named: Any) -> None:
        raise StaleDataError

    monkeypatch.setattr("qa_app.operations.views.queue_page", changed)
    answer = signed_in("admin").get(PAGE)
    assert answer.status_code == 409
    assert "Somebody or something has changed meanwhile." in answer.get_data(as_text=True)
