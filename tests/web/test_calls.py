"""The call pages: scope, purposes, play tokens, ranges, and blindness."""

import io
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models.calls import Call, Complaint, MediaFile, Recording, Survey
from models.operations import Job, Listening
from models.people import Agent, User
from models.reviews import SelfAssessment, Task
from models.session import read_session, write_session
from models.transcripts import Transcript, Turn
from models.vocab import (
    AssessmentState,
    ComplaintCause,
    ComplaintStatus,
    MediaKind,
    Origin,
    Outcome,
    Party,
    RecordingState,
    Role,
    Satisfaction,
    TaskState,
    TranscriptState,
)
from pipelines.runtime import Runtime
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, FixedClock, World

SOUND = b"RIFF" + bytes(range(256)) * 8
Add = Callable[[Callable[[Session], object]], object]


@dataclass
class Scene:
    call: uuid.UUID
    recording: uuid.UUID
    other_call: uuid.UUID


@pytest.fixture
def scene(add: Add, world: World, runtime: Runtime) -> Scene:
    """A recorded call of the agent with all that judges it, and a call of another site."""
    stored = runtime.storage.put(io.BytesIO(SOUND), suffix=".wav")
    drawn = runtime.storage.put(io.BytesIO(b'{"channels":[[1],[2]]}'), suffix=".json")

    def make(session: Session) -> Scene:
        agent = session.scalars(select(Agent)).one()
        team, site = session.merge(world.team), session.merge(world.site)
        project = factories.make_project(session, site, "renewal")
        call = factories.make_call(
            session,
            agent,
            team,
            project,
            source_key="c-17",
            legs=2,
            outcome=Outcome.SUCCESS,
            customer_tier="platinum",
            customer_value_minor=123_456,
            currency="CNY",
        )
        recording = factories.make_recording(session, call)
        for kind, file, mimetype in (
            (MediaKind.ORIGINAL, stored, "audio/wav"),
            (MediaKind.PEAKS, drawn, "application/json"),
        ):
            session.add(
                MediaFile(
                    recording=recording,
                    kind=kind,
                    storage_key=file.key,
                    mimetype=mimetype,
                    sha256=file.sha256,
                    size_bytes=file.size_bytes,
                    created_at=NOW,
                )
            )
        transcript = Transcript(
            recording=recording,
            site_id=site.id,
            state=TranscriptState.DONE,
            language="zh",
            model="m",
            options={},
            versions={},
            attempt=1,
            made_at=NOW,
        )
        transcript.turns = [
            Turn(
                position=1,
                party=Party.AGENT,
                start_ms=0,
                end_ms=900,
                text="您好",
                confidence=0.7,
                words=[["您", 0, 400, 0.9], ["好", 400, 900, 0.4]],
                masked_text="您好",
                masks=[],
            )
        ]
        session.add(transcript)
        session.add(
            Survey(
                source="test",
                source_key="s1",
                content_hash="s1",
                call_id=call.id,
                site_id=site.id,
                sent_at=NOW,
                answered_at=NOW,
                reply="awful service",
                satisfaction=Satisfaction.DISSATISFIED,
                level=1,
            )
        )
        session.add(
            Complaint(
                source="test",
                source_key="k1",
                content_hash="k1",
                site_id=site.id,
                team_id=team.id,
                agent_id=agent.id,
                call_id=call.id,
                local_date=call.local_date,
                received_at=NOW,
                cause=ComplaintCause.MISLEADING,
                status=ComplaintStatus.UPHELD,
            )
        )
        far = factories.make_site(session, "manchester", "Europe/London")
        far_team = factories.make_team(session, far, "service")
        noise = factories.make_call(
            session,
            factories.make_agent(session, far_team, "mn101"),
            far_team,
            factories.make_project(session, far, "uk"),
            source_key="c-99",
        )
        session.flush()
        return Scene(call.uid, recording.uid, noise.uid)

    return add(make)  # type: ignore[return-value]  # add gives what make gives


JUDGEMENTS = ("awful service", "Dissatisfied", "Misleading", "platinum", "1,234.56", "Success")


def opened(browser: Browser, scene: Scene, purpose: str = "coaching") -> str:
    browser.get(f"/calls/{scene.call}")
    answer = browser.post(f"/calls/{scene.call}/open", {"purpose": purpose})
    assert answer.status_code == 303
    return browser.get(answer.location).get_data(as_text=True)


def audio_of(page: str) -> str:
    found = re.search(r'<audio[^>]*src="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def fetch(browser: Browser, address: str, **options: object) -> TestResponse:
    """Get a file and close it."""
    return browser.get(address, buffered=True, **options)


def listenings(runtime: Runtime) -> list[Listening]:
    with read_session(runtime.engine) as session:
        return list(session.scalars(select(Listening).order_by(Listening.id)))


def test_the_list_holds_the_calls_in_scope_and_nothing_that_judges_them(
    signed_in: Callable[[str], Browser], scene: Scene
) -> None:
    for role in ("manager", "trainer", "agent"):
        page = signed_in(role).get("/calls").get_data(as_text=True)
        assert str(scene.call) in page
        assert str(scene.other_call) not in page
        assert not [words for words in JUDGEMENTS if words in page]


def test_filters(signed_in: Callable[[str], Browser], scene: Scene) -> None:
    manager = signed_in("manager")
    wanted = {
        "key=c-17": True,
        "key=c-18": False,
        "start=2026-11-16&end=2026-11-16": True,
        "start=2026-11-17": False,
        "end=2026-11-15": False,
        "direction=out&recorded=y": True,
        "direction=in": False,
        "project=00000000-0000-0000-0000-000000000000": False,
        "agent=nobody&start=nonsense&page=9999999&direction=sideways": True,
    }
    for query, found in wanted.items():
        page = manager.get(f"/calls?{query}").get_data(as_text=True)
        assert (str(scene.call) in page) is found, query
        assert ("No calls here" in page) is not found, query


def test_a_list_of_many_calls_needs_no_more_queries(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add, runtime: Runtime, world: World
) -> None:
    from sqlalchemy import event

    browser = signed_in("manager")
    seen: list[str] = []

    def count(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(runtime.engine, "before_cursor_execute", count)

    def asked() -> int:
        seen.clear()
        assert browser.get("/calls").status_code == 200
        return len(seen)

    few = asked()

    def more(session: Session) -> None:
        call = session.scalars(select(Call).where(Call.uid == scene.call)).one()
        for _ in range(10):
            extra = factories.make_call(session, call.agent, call.team, call.project)
            factories.make_recording(session, extra)

    add(more)
    assert asked() == few


def test_a_call_of_another_site_is_not_there(
    signed_in: Callable[[str], Browser], scene: Scene
) -> None:
    assert signed_in("manager").get(f"/calls/{scene.other_call}").status_code == 404


def test_a_recording_is_opened_with_a_purpose_that_the_agent_reads(
    signed_in: Callable[[str], Browser], scene: Scene, runtime: Runtime
) -> None:
    manager = signed_in("manager")
    before = manager.get(f"/calls/{scene.call}").get_data(as_text=True)
    assert "您" not in before
    assert "<audio" not in before
    assert manager.post(f"/calls/{scene.call}/open", {"purpose": " "}).status_code == 422
    assert listenings(runtime) == []
    page = opened(manager, scene, "Coaching of newcomers")
    assert re.search(r'hb-word hb-unsure"[^>]*>好<', page)
    (row,) = listenings(runtime)
    assert row.purpose == "Coaching of newcomers"
    fetch(manager, audio_of(page))
    assert len(listenings(runtime)) == 1
    seen = signed_in("agent").get(f"/calls/{scene.call}").get_data(as_text=True)
    assert "Manager1" in seen
    assert "Coaching of newcomers" in seen


def test_opening_a_recording_without_its_picture_has_one_made(
    signed_in: Callable[[str], Browser], scene: Scene, runtime: Runtime
) -> None:
    def waiting() -> list[str]:
        with read_session(runtime.engine) as session:
            return list(session.scalars(select(Job.name)))

    opened(signed_in("manager"), scene)
    assert waiting() == []
    with write_session(runtime.engine) as session:
        session.execute(delete(MediaFile).where(MediaFile.kind == MediaKind.PEAKS))
    opened(signed_in("manager"), scene)
    assert waiting() == ["prepare_media"]


def test_the_sound_comes_in_ranges_and_is_not_kept_by_the_browser(
    signed_in: Callable[[str], Browser], scene: Scene
) -> None:
    manager = signed_in("manager")
    page = opened(manager, scene)
    part = fetch(manager, audio_of(page), headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.data) == (206, SOUND[4:8])
    assert part.headers["Content-Range"] == f"bytes 4-7/{len(SOUND)}"
    assert part.headers["Cache-Control"] == "private, no-store"
    whole = fetch(manager, audio_of(page))
    assert (whole.status_code, whole.data, whole.mimetype) == (200, SOUND, "audio/wav")
    picture = re.search(r'data-peaks="([^"]+)"', page)
    assert picture
    assert fetch(manager, picture[1].replace("&amp;", "&")).get_json() == {"channels": [[1], [2]]}


def test_a_token_is_for_one_person_one_recording_and_some_hours(
    signed_in: Callable[[str], Browser], scene: Scene, clock: FixedClock
) -> None:
    manager = signed_in("manager")
    address = audio_of(opened(manager, scene))
    assert signed_in("trainer").get(address).status_code == 410
    assert manager.get(address.replace(str(scene.recording), str(uuid.uuid4()))).status_code == 410
    assert manager.get(address[:-2]).status_code == 410
    assert manager.get(f"/recordings/{scene.recording}/audio").status_code == 410
    clock.move(hours=3)
    assert fetch(manager, address).status_code == 200
    clock.move(hours=2)
    assert manager.get(address).status_code == 410


def test_a_token_ends_with_the_roles_under_which_it_was_given(
    signed_in: Callable[[str], Browser], scene: Scene, world: World, add: Add
) -> None:
    manager = signed_in("manager")
    address = audio_of(opened(manager, scene))
    assert fetch(manager, address).status_code == 200

    def change_roles(session: Session) -> None:
        user = session.get_one(User, world.people["manager"].id)
        user.epoch += 1
        user.roles[0].role = Role.AGENT

    add(change_roles)
    assert manager.get(address).status_code == 303
    # Signed in again, now as somebody who could not open this call.
    assert signed_in("manager").get(address).status_code == 410


def test_a_stale_opening_asks_again(
    signed_in: Callable[[str], Browser], scene: Scene, clock: FixedClock
) -> None:
    manager = signed_in("manager")
    manager.get(f"/calls/{scene.call}")
    location = manager.post(f"/calls/{scene.call}/open", {"purpose": "coaching"}).location
    clock.move(hours=5)
    page = manager.get(location).get_data(as_text=True)
    assert "open too long" in page
    assert "<audio" not in page


def test_an_opening_of_one_call_does_not_open_another(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add
) -> None:
    def second(session: Session) -> uuid.UUID:
        first = session.scalars(select(Call).where(Call.uid == scene.call)).one()
        call = factories.make_call(session, first.agent, first.team, first.project)
        factories.make_recording(session, call)
        return call.uid

    other = add(second)
    manager = signed_in("manager")
    manager.get(f"/calls/{scene.call}")
    location = manager.post(f"/calls/{scene.call}/open", {"purpose": "coaching"}).location
    page = manager.get(location.replace(str(scene.call), str(other))).get_data(as_text=True)
    assert "Open the recording" in page
    assert "data-player" not in page


def test_expired_audio_is_gone_and_the_page_says_so(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add
) -> None:
    manager = signed_in("manager")
    address = audio_of(opened(manager, scene))

    def expire(session: Session) -> None:
        recording = session.scalars(select(Recording)).one()
        recording.state, recording.ended_at = RecordingState.EXPIRED, NOW

    add(expire)
    assert manager.get(address).status_code == 410
    assert "no longer kept" in opened(manager, scene)


def test_leaders_see_what_is_on_record_and_agents_do_not(
    signed_in: Callable[[str], Browser], scene: Scene
) -> None:
    page = signed_in("manager").get(f"/calls/{scene.call}").get_data(as_text=True)
    assert [words for words in JUDGEMENTS if words not in page] == []
    page = signed_in("agent").get(f"/calls/{scene.call}").get_data(as_text=True)
    assert not [words for words in JUDGEMENTS if words in page]


def test_who_judges_a_call_sees_nothing_that_judges_it(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add, world: World, clock: FixedClock
) -> None:
    opened(signed_in("trainer"), scene, "about the complaint of this customer")

    def give_task(session: Session) -> None:
        call = session.scalars(select(Call).where(Call.uid == scene.call)).one()
        task = Task(
            origin=Origin.DIRECTED,
            site_id=call.site_id,
            team_id=call.team_id,
            leg_id=call.legs[1].id,
            version_id=factories.make_version(session).id,
            assignee_id=world.people["manager"].id,
            state=TaskState.CLAIMED,
            due_at=NOW,
            created_at=NOW,
            claimed_at=NOW,
        )
        session.add(task)

    add(give_task)
    manager = signed_in("manager")
    for page in (
        manager.get(f"/calls/{scene.call}").get_data(as_text=True),
        opened(manager, scene),
    ):
        assert not [words for words in JUDGEMENTS if words in page]
        assert "about the complaint" not in page
        assert "You are judging this call" in page


def test_an_agent_is_blind_while_a_self_assessment_is_asked_for(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add, clock: FixedClock
) -> None:
    def ask(session: Session) -> None:
        call = session.scalars(select(Call).where(Call.uid == scene.call)).one()
        leg = call.legs[0]
        assessment = SelfAssessment(
            site_id=leg.site_id,
            team_id=leg.team_id,
            leg_id=leg.id,
            agent_id=leg.agent_id,
            version_id=factories.make_version(session).id,
            state=AssessmentState.ASKED,
            draft={},
            due_at=datetime(2026, 11, 24, tzinfo=UTC),
        )
        session.add(assessment)

    add(ask)
    agent = signed_in("agent")
    assert "You are judging" in agent.get(f"/calls/{scene.call}").get_data(as_text=True)
    clock.at += timedelta(days=2)
    agent = signed_in("agent")
    assert "You are judging" not in agent.get(f"/calls/{scene.call}").get_data(as_text=True)


def _change_transcript(add: Add, recording: uuid.UUID, **values: object) -> None:
    def change(session: Session) -> None:
        row = session.scalars(
            select(Transcript).join(Recording).where(Recording.uid == recording)
        ).one()
        for name, value in values.items():
            setattr(row, name, value)

    add(change)


def test_what_was_noticed_stands_above_the_transcript(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add
) -> None:
    found = [["swapped", {}], ["bleed", {"party": "agent", "pct": 12}], ["of_tomorrow", {}]]
    _change_transcript(add, scene.recording, findings=found)
    page = opened(signed_in("manager"), scene)
    assert "The sides may be swapped" in page
    assert "12 % of the time" in page
    assert "of_tomorrow" not in page
    assert 'lang="zh-Hans"' in page
    assert 'data-name="Customer"' in page
    _change_transcript(add, scene.recording, findings=[["dual_mono", {}]])
    page = opened(signed_in("manager"), scene)
    assert "Both channels carry the same sound" in page
    assert 'data-name="Customer"' not in page


def test_an_abstained_call_shows_its_reason_and_its_guess_behind_a_control(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add
) -> None:
    _change_transcript(add, scene.recording, doubt="unsure", doubt_params={"pct": 41})
    page = opened(signed_in("trainer"), scene)
    assert "believes only 41 % of its own words" in page
    guess = page[page.index('<details class="hb-guess">') :]
    assert guess.index("This is a guess") < guess.index("您") < guess.index("</details>")
    assert "您" not in page[: page.index('<details class="hb-guess">')]


def test_runs_of_unsure_words_are_marked_in_words_too(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add
) -> None:
    def unsure(session: Session) -> None:
        turn = session.scalars(select(Turn).join(Transcript).join(Recording)).first()
        assert turn is not None
        turn.words = [[f"w{n}", n, n + 1, 0.9 if n in (0, 4) else 0.2] for n in range(5)]

    add(unsure)
    page = opened(signed_in("manager"), scene)
    marked = page[page.index("unclear from here") : page.index("end of the unclear part")]
    assert [f"w{n}" in marked for n in range(5)] == [False, True, True, True, False]


def test_a_manager_sets_the_sides_right_and_the_call_is_written_down_again(
    signed_in: Callable[[str], Browser], scene: Scene, runtime: Runtime
) -> None:
    assert "Are the sides wrong?" not in opened(signed_in("trainer"), scene)
    manager = signed_in("manager")
    page = opened(manager, scene)
    signed = re.search(r'name="opened"[^>]*value="([^"]+)"', page)
    assert signed
    form = {"layout": "agent_right", "opened": signed[1]}
    answer = manager.post(f"/calls/{scene.call}/layout", form)
    assert answer.status_code == 303
    assert "written down again" in manager.get(answer.location).get_data(as_text=True)
    manager.post(f"/calls/{scene.call}/layout", form)
    assert manager.post(f"/calls/{scene.call}/layout", {"layout": "upside"}).status_code == 400
    assert manager.post(f"/calls/{scene.other_call}/layout", form).status_code == 404
    with read_session(runtime.engine) as session:
        changed = session.scalars(select(Recording).where(Recording.uid == scene.recording)).one()
        assert changed.layout.value == "agent_right"
        jobs = session.scalars(select(Job).where(Job.name == "transcribe")).all()
        assert [job.arguments for job in jobs] == [{"recording_id": changed.id}]
