"""How a call went, on pages and as a file: figures, blindness, scope, and what is missing."""

import csv
import io
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Call, MediaFile, Recording
from models.conversations import Conversation
from models.operations import AuditEntry
from models.people import Agent, Site, User
from models.reviews import SelfAssessment, Task
from models.session import read_session
from models.transcripts import Transcript, Turn
from models.vocab import (
    AssessmentState,
    MediaKind,
    Origin,
    Party,
    TaskState,
    TranscriptState,
)
from pipelines.conversation import service
from pipelines.runtime import Runtime
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
VOICE = [
    ["agent", [[0, 6_000], [20_000, 22_000]]],
    ["customer", [[4_000, 9_000]]],
]
HEARD = ("How the call went", "Talk time", "Share of talk", "Dead air", "Both speak")
READ_INTO = ("Comes in while the other speaks", "Words a minute", "Usual wait")


def _call(session: Session, agent: Agent, key: str, **values: Any) -> Call:
    team = (
        agent.site_id
        and session.scalars(
            select(factories.Team).where(factories.Team.site_id == agent.site_id)
        ).first()
    )
    project = factories.make_project(session, agent.site)
    call = factories.make_call(session, agent, team, project, source_key=key)
    recording = factories.make_recording(session, call)
    session.add(
        MediaFile(
            recording=recording,
            kind=MediaKind.ORIGINAL,
            storage_key="gone",
            mimetype="audio/wav",
            sha256="0" * 64,
            size_bytes=1,
            created_at=NOW,
        )
    )
    values = {"voice": VOICE, "music": [[10_000, 12_000]], "language": "en"} | values
    transcript = Transcript(
        recording=recording,
        site_id=call.site_id,
        state=TranscriptState.DONE,
        model="m",
        options={},
        versions={},
        audio_ms=40_000,
        attempt=1,
        made_at=NOW,
        **values,
    )
    transcript.turns = [
        Turn(
            position=1,
            party=Party.AGENT,
            start_ms=0,
            end_ms=900,
            text="one two three four",
            confidence=0.7,
            words=[["one", 0, 400, 0.9]],
            masked_text="one two three four",
            masks=[],
        )
    ]
    session.add(transcript)
    session.flush()
    service.measure(session, transcript.id)
    return call


@dataclass
class Scene:
    call: uuid.UUID
    old: uuid.UUID
    mono: uuid.UUID


@pytest.fixture
def scene(add: Add, world: World) -> Scene:
    """Three calls of the agent, and one of another site."""

    def make(session: Session) -> Scene:
        agent = session.scalars(select(Agent)).one()
        mono = [["unknown", [[0, 6_000]]]]
        made = Scene(
            call=_call(session, agent, "=1+1").uid,
            old=_call(session, agent, "old", voice=None).uid,
            mono=_call(session, agent, "mono", voice=mono, language="zh").uid,
        )
        far = factories.make_team(session, factories.make_site(session, "far"))
        _call(session, factories.make_agent(session, far), "far")
        return made

    return add(make)


def opened(browser: Browser, call: uuid.UUID) -> str:
    browser.get(f"/calls/{call}")
    answer = browser.post(f"/calls/{call}/open", {"purpose": "coaching"})
    assert answer.status_code == 303
    return browser.get(answer.location).get_data(as_text=True)


def table(browser: Browser, query: str = "") -> list[dict[str, str]]:
    answer = browser.get(f"/calls/measures.csv{query}")
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))


def test_the_panel_of_a_call(signed_in: Callable[[str], Browser], scene: Scene) -> None:
    page = opened(signed_in("agent"), scene.call)
    for words in (*HEARD, *READ_INTO):
        assert words in page
    for figure in ("62 %", "38 %", "1 time, 0:18 in all", "longest 0:18", "30"):
        assert figure in page
    assert page.count('class="hb-course-') == 3


def test_voices_on_one_channel_and_chinese(
    signed_in: Callable[[str], Browser], scene: Scene
) -> None:
    page = opened(signed_in("manager"), scene.mono)
    assert "The voices lie on one channel" in page
    assert "Characters a minute" in page
    assert "Share of talk" not in page
    assert "Comes in while" not in page


def test_words_that_are_in_doubt_are_not_counted(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add
) -> None:
    counted = re.compile(r"Words a (?:minute|turn)</th><td[^>]*>([^<]*)")
    manager = signed_in("manager")
    assert counted.findall(opened(manager, scene.call)) == ["30", "2"]

    def doubt(session: Session) -> None:
        of_call = select(Transcript).join(Recording).join(Call).where(Call.uid == scene.call)
        transcript = session.scalars(of_call).one()
        transcript.doubt, transcript.doubt_params = "wordless", {"pct": 5}

    add(doubt)
    page = opened(manager, scene.call)
    assert counted.findall(page) == ["–", "–"]
    # Whose voice is heard when does not depend on words.
    assert "62 %" in page
    _mono, stereo = table(manager)
    assert (stereo["agent_words"], stereo["agent_characters"]) == ("", "")
    assert (stereo["agent_talk_ms"], stereo["agent_turns"]) == ("8000", "2")


def test_a_transcript_from_before_says_why_it_has_no_figures(
    signed_in: Callable[[str], Browser], scene: Scene
) -> None:
    page = opened(signed_in("trainer"), scene.old)
    assert "made before calls were measured" in page
    assert "Talk time" not in page


def test_who_judges_a_call_gets_what_can_be_heard_only(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add
) -> None:
    def ask(session: Session) -> None:
        leg = session.scalars(select(Call).where(Call.uid == scene.call)).one().legs[0]
        version = factories.make_version(session)
        manager = session.scalars(select(User).where(User.username == "manager1")).one()
        session.add(
            Task(
                origin=Origin.DIRECTED,
                leg_id=leg.id,
                site_id=leg.site_id,
                team_id=leg.team_id,
                version_id=version.id,
                state=TaskState.CLAIMED,
                assignee_id=manager.id,
                due_at=NOW,
                created_at=NOW,
            )
        )
        session.add(
            SelfAssessment(
                leg_id=leg.id,
                site_id=leg.site_id,
                team_id=leg.team_id,
                agent_id=leg.agent_id,
                version_id=version.id,
                state=AssessmentState.ASKED,
                draft={},
            )
        )

    manager = signed_in("manager")
    assert [row["call_id"] for row in table(manager)] == ["mono", "'=1+1"]
    add(ask)
    for role in ("manager", "agent"):
        page = opened(signed_in(role), scene.call)
        for words in HEARD:
            assert words in page
        for words in READ_INTO:
            assert words not in page
    assert [row["call_id"] for row in table(manager)] == ["mono"]
    # Another call stays whole, and so does this one to those who do not judge it.
    assert "Characters a minute" in opened(manager, scene.mono)
    assert "Words a minute" in opened(signed_in("trainer"), scene.call)


def test_the_file_holds_the_calls_in_scope_that_the_list_shows(
    signed_in: Callable[[str], Browser], scene: Scene, world: World, runtime: Runtime
) -> None:
    manager = signed_in("manager")
    page = manager.get("/calls?start=2026-11-01&recorded=y").get_data(as_text=True)
    assert "/calls/measures.csv?start=2026-11-01&amp;recorded=y" in page
    assert "measures.csv" not in signed_in("trainer").get("/calls").get_data(as_text=True)
    mono, stereo = table(manager)
    assert (stereo["call_id"], stereo["audio_ms"], stereo["talk_ms"]) == (
        "'=1+1",
        "40000",
        "11000",
    )
    assert (stereo["agent_talk_ms"], stereo["customer_talk_ms"]) == ("8000", "5000")
    assert (stereo["overlap_ms"], stereo["music_ms"]) == ("2000", "2000")
    assert (stereo["customer_interruptions"], stereo["agent_words"]) == ("1", "4")
    assert (mono["overlap_ms"], mono["unknown_talk_ms"], mono["agent_talk_ms"]) == ("", "6000", "")
    assert table(manager, "?start=2026-11-17") == []
    with read_session(runtime.engine) as session:
        taken = select(AuditEntry).where(AuditEntry.action == "calls.exported")
        whole, empty = session.scalars(taken.order_by(AuditEntry.id)).all()
    assert whole.actor_uid == world.people["manager"].uid
    assert (whole.details["rows"], whole.details["start"]) == (2, None)
    assert (empty.details["rows"], empty.details["start"]) == (0, "2026-11-17")


def test_an_admin_sets_what_dead_air_is_at_an_own_site(
    signed_in: Callable[[str], Browser], scene: Scene, world: World, runtime: Runtime
) -> None:
    admin = signed_in("admin")
    page = admin.get("/sites").get_data(as_text=True)
    assert f'action="/sites/{world.site.uid}"' in page
    path = f"/sites/{world.site.uid}"
    assert admin.post(path, {"dead_air_s": "5"}).status_code == 303
    for wrong in ("0", "601", "x", ""):
        answer = admin.post(path, {"dead_air_s": wrong})
        assert answer.status_code == 422
        assert "invalid-feedback" in answer.get_data(as_text=True)
    with read_session(runtime.engine) as session:
        far = session.scalars(select(Site).where(Site.code == "far")).one().uid
        near = session.scalars(select(Site).where(Site.code == "shanghai")).one()
        assert near.dead_air_ms == 5_000
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "site.dead_air_set")
        ).one()
        assert entry.details == {"seconds": 5}
        limits = session.scalars(select(Conversation.dead_air_limit_ms)).all()
        assert set(limits) == {10_000}, "what was counted keeps its limit"
    assert admin.post(f"/sites/{far}", {"dead_air_s": "5"}).status_code == 404


def test_a_reviewers_page_shows_no_reading_of_conduct(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add
) -> None:
    def give(session: Session) -> uuid.UUID:
        agent = session.scalars(select(Agent).join(Site).where(Site.code == "shanghai")).one()
        team = session.scalars(
            select(factories.Team).where(factories.Team.site_id == agent.site_id)
        ).one()
        task = factories.make_tasks(session, agent, team)[0]
        call = task.leg.call
        recording = factories.make_recording(session, call)
        transcript = session.scalars(
            select(Transcript).join(Recording).join(Call).where(Call.uid == scene.call)
        ).one()
        transcript.recording = recording
        session.flush()
        return task.uid

    uid = add(give)
    reviewer = signed_in("reviewer")
    reviewer.get("/reviews")
    assert reviewer.post(f"/reviews/{uid}/claim").status_code == 303
    page = reviewer.get(f"/reviews/{uid}").get_data(as_text=True)
    assert "How the call went" in page
    for words in READ_INTO:
        assert words not in page
