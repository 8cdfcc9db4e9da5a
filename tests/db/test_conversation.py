"""Measures of a call in both databases: stored with the transcript, gone with it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.calls import Recording
from models.conversations import Conversation, ConversationParty
from models.people import Site
from models.session import make_engine
from models.transcripts import Transcript, Turn
from models.vocab import Party, TranscriptState
from pipelines import flow
from pipelines.conversation import service
from pipelines.retention.recordings import expire_recording
from pipelines.runtime import RecogniserSettings, Runtime, SystemClock
from pipelines.storage import LocalStorage
from pipelines.transcription.hearing import Transcribed
from pipelines.transcription.recognition.recogniser import Language, Made
from pipelines.transcription.rules import SpokenTurn
from pipelines.transcription.service import Material, Result
from tests import factories

VOICE = [["agent", [[0, 4_000], [20_000, 22_000]]], ["customer", [[4_200, 8_000]]]]


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(
        engine=make_engine("sqlite://"),
        storage=LocalStorage(tmp_path / "files"),
        data_dir=tmp_path,
        clock=SystemClock(),
        recogniser=RecogniserSettings(None, "cpu", "int8", 1),
        customer_key=b"key",
    )


def make_recording(session: Session) -> Recording:
    site = factories.make_site(session)
    team = factories.make_team(session, site)
    agent = factories.make_agent(session, team)
    call = factories.make_call(session, agent, team, factories.make_project(session, site))
    return factories.make_recording(session, call)


def make_transcript(session: Session, recording: Recording, **values: Any) -> Transcript:
    transcript = Transcript(
        recording_id=recording.id,
        site_id=recording.site_id,
        state=values.pop("state", TranscriptState.DONE),
        language="en",
        model="m",
        options={},
        versions={},
        audio_ms=40_000,
        attempt=1,
        made_at=datetime(2026, 11, 24, tzinfo=UTC),
        **values,
    )
    transcript.turns = [
        Turn(
            position=position,
            party=party,
            start_ms=0,
            end_ms=10,
            text=text,
            confidence=1,
            words=[],
        )
        for position, (party, text) in enumerate(
            [(Party.AGENT, "Good morning."), (Party.CUSTOMER, "Yes, 您好")], start=1
        )
    ]
    session.add(transcript)
    session.flush()
    return transcript


@pytest.fixture
def transcript(session: Session) -> Transcript:
    service.measure(session, make_transcript(session, make_recording(session), voice=VOICE).id)
    return make_transcript(
        session, make_recording(session), voice=VOICE, music=[[22_500, 30_000]], speech=[]
    )


def stored(session: Session, transcript: Transcript) -> Conversation | None:
    session.expire_all()
    return session.scalar(select(Conversation).where(Conversation.transcript_id == transcript.id))


def test_measures_are_stored_and_replaced(session: Session, transcript: Transcript) -> None:
    for _ in range(2):
        service.measure(session, transcript.id)
        row = stored(session, transcript)
        assert row is not None
        assert (row.audio_ms, row.talk_ms, row.music_ms, row.silence_ms) == (
            40_000,
            9_800,
            7_500,
            22_700,
        )
        assert (row.overlap_ms, row.dead_airs, row.dead_air_ms) == (0, 2, 22_000)
        assert row.marks == [
            ["dead_air", 8_000, 20_000],
            ["music", 22_500, 30_000],
            ["dead_air", 30_000, 40_000],
        ]
        agent, customer = row.parties
        assert (agent.party, agent.talk_ms, agent.words, agent.turns) == (Party.AGENT, 6_000, 2, 2)
        assert (customer.words, customer.characters, customer.delay_ms) == (1, 2, 200)


def test_the_limit_of_the_site_counts_and_is_kept(session: Session, transcript: Transcript) -> None:
    session.get_one(Site, transcript.site_id).dead_air_ms = 11_000
    service.measure(session, transcript.id)
    session.get_one(Site, transcript.site_id).dead_air_ms = 1_000
    session.flush()
    row = stored(session, transcript)
    assert row is not None
    assert (row.dead_airs, row.dead_air_limit_ms) == (1, 11_000)


def test_what_was_not_heard_has_no_figures(session: Session, transcript: Transcript) -> None:
    old = make_transcript(session, make_recording(session), voice=None)
    assert service.measure(session, old.id) is None
    assert service.measure(session, None) is None
    service.measure(session, transcript.id)
    transcript.voice = None
    session.flush()
    service.measure(session, transcript.id)
    assert stored(session, transcript) is None


def test_an_impossible_sum_is_refused(session: Session, transcript: Transcript) -> None:
    service.measure(session, transcript.id)
    row = stored(session, transcript)
    assert row is not None
    row.silence_ms += 1
    with pytest.raises(IntegrityError), session.begin_nested():
        session.flush()


def test_figures_go_with_the_transcript_and_with_the_audio_it_was_made_from(
    session: Session, transcript: Transcript, runtime: Runtime
) -> None:
    service.measure(session, transcript.id)
    row = stored(session, transcript)
    assert row is not None
    conversation_id = row.id
    session.execute(delete(Transcript).where(Transcript.id == transcript.id))
    parties = select(ConversationParty).where(ConversationParty.conversation_id == conversation_id)
    assert session.scalars(parties).all() == []
    assert len(session.scalars(select(Conversation)).all()) == 1, "the other call's"

    recording = session.scalars(select(Recording).join(Transcript)).one()
    expire_recording(session, runtime.storage, recording, now=factories.NOW)
    assert session.scalars(select(Conversation)).all() == []


def test_the_job_measures_what_it_heard_in_its_own_transaction(
    session: Session, runtime: Runtime
) -> None:
    recording = make_recording(session)
    heard = Transcribed(
        channels=2,
        audio_ms=12_000,
        work_ms=1,
        language=Language("en", 1.0),
        turns=(SpokenTurn(Party.AGENT, 0, 3_000, "One two three.", 0.9, ()),),
        made=Made("m", {}, {}),
        voice=((Party.AGENT, ((0, 3_000),)), (Party.CUSTOMER, ())),
        music=((4_000, 11_000),),
    )
    material = Material(recording.id, "key", recording.layout, 0)
    flow.JOBS["transcribe"].save(session, runtime, Result(material, heard), 1)
    row = session.scalars(select(Conversation)).one()
    assert (row.talk_ms, row.music_ms, row.silence_ms) == (3_000, 7_000, 2_000)
    assert [(each.party, each.words) for each in row.parties] == [
        (Party.AGENT, 3),
        (Party.CUSTOMER, 0),
    ]
