"""Masks in both databases: of new and old transcripts, by hand, and the muted copy of the sound."""

import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import MediaFile, Recording
from models.operations import AuditEntry, Job
from models.session import make_engine, read_session, write_session
from models.transcripts import Transcript, Turn
from models.vocab import MediaKind, Party, RecordingState, TranscriptState
from pipelines import reading
from pipelines.outcomes import DomainError
from pipelines.redaction import service
from pipelines.redaction.service import Screening
from pipelines.runtime import RecogniserSettings, Runtime, SystemClock
from pipelines.storage import LocalStorage
from pipelines.transcription import hearing
from pipelines.transcription import service as transcription
from pipelines.transcription.recognition.recogniser import Language, Made
from pipelines.transcription.rules import SpokenTurn, Word
from pipelines.transcription.sound import copies, media
from tests import factories
from tests.factories import NOW

RATE = 8_000
SECONDS = 12
KINDS = frozenset(service.MaskKind) - {service.MaskKind.MANUAL}


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


def hum() -> bytes:
    """Make a stereo file that hums on both sides all the time."""
    t = np.arange(SECONDS * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 440 * t) * 32_767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((2, 2, RATE, 0, "NONE", ""))
        out.writeframes(np.stack([tone, tone]).T.tobytes())
    return file.getvalue()


def spoken(party: Party, start: int, text: str) -> SpokenTurn:
    """Make a turn whose words last half a second each."""
    words = tuple(
        Word((" " if place else "") + word, start + 500 * place, start + 500 * place + 400, 0.9)
        for place, word in enumerate(text.split())
    )
    return SpokenTurn(party, start, words[-1].end_ms, text, 0.9, words)


SAID = (
    spoken(Party.AGENT, 0, "Which number please"),
    spoken(Party.CUSTOMER, 2_000, "It's 07700"),
    spoken(Party.AGENT, 3_200, "mm-hm 07700"),
    spoken(Party.CUSTOMER, 4_400, "900 123 thanks"),
    spoken(Party.AGENT, 8_000, "Thank you"),
)


def recorded(session: Session, runtime: Runtime) -> Recording:
    site = factories.make_site(session)
    team = factories.make_team(session, site)
    agent = factories.make_agent(session, team)
    call = factories.make_call(session, agent, team, factories.make_project(session, site))
    recording = factories.make_recording(session, call)
    stored = runtime.storage.put(io.BytesIO(hum()), suffix=".wav")
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
    return recording


def save(
    session: Session,
    runtime: Runtime,
    recording: Recording,
    *turns: SpokenTurn,
    attempt: int = 1,
    **heard_too: Any,
) -> Transcript:
    """Save a transcript as the transcription job does."""
    material = transcription.load(session, runtime, {"recording_id": recording.id})
    assert material is not None
    heard = hearing.Transcribed(
        channels=2,
        language=Language("en", 0.9),
        turns=turns,
        audio_ms=SECONDS * 1_000,
        work_ms=1,
        made=Made("parrot", {}, {}),
        **heard_too,
    )
    reading.save_transcript(session, runtime, transcription.Result(material, heard), attempt)
    session.expire_all()
    return session.scalars(select(Transcript).where(Transcript.recording_id == recording.id)).one()


def mute(session: Session, runtime: Runtime, recording: Recording) -> service.Muted:
    source = service.load(session, runtime, {"recording_id": recording.id})
    assert source is not None
    return reading.mute(source, runtime, lambda _done, _total: None)


def masked_file(session: Session, recording: Recording) -> MediaFile | None:
    return session.scalar(
        select(MediaFile).where(
            MediaFile.recording_id == recording.id, MediaFile.kind == MediaKind.MASKED
        )
    )


@pytest.fixture
def recording(session: Session, runtime: Runtime) -> Recording:
    save(session, runtime, recorded(session, runtime), SAID[0])
    return recorded(session, runtime)


def test_a_number_in_groups_over_turns_is_masked_with_what_the_other_repeats(
    session: Session, runtime: Runtime, recording: Recording
) -> None:
    assert service.screening(session, recording.id) is Screening.NONE
    transcript = save(session, runtime, recording, *SAID)
    assert [turn.masked_text for turn in transcript.turns] == [
        "Which number please",
        "It's •••",
        "mm-hm •••",
        "••• thanks",
        "Thank you",
    ]
    assert transcript.turns[3].masks == [[0, 1, "phone", 4_400, 5_300]]
    assert transcript.turns[0].masks == []
    assert "900 123" in transcript.turns[3].text
    assert service.screening(session, recording.id) is Screening.MASKED
    jobs = session.execute(select(Job.name, Job.arguments).where(Job.name == "mute")).all()
    assert jobs == [("mute", {"recording_id": recording.id})]


def test_nothing_personal_means_no_copy(
    session: Session, runtime: Runtime, recording: Recording
) -> None:
    save(session, runtime, recording, SAID[0], SAID[4])
    assert service.screening(session, recording.id) is Screening.CLEAR
    assert service.load(session, runtime, {"recording_id": recording.id}) is None
    assert session.scalars(select(Job.name).where(Job.name == "mute")).all() == []


def test_kinds_that_an_installation_does_not_hide_stay(
    session: Session, runtime: Runtime, recording: Recording
) -> None:
    transcript = save(session, runtime, recording, *SAID)
    assert service.look_through(session, transcript.id, KINDS - {"phone", "number"}) is False
    assert [turn.masks for turn in transcript.turns] == [[]] * 5
    assert transcript.turns[3].masked_text == "900 123 thanks"


def levels(path: Path, spans: list[tuple[int, int]]) -> list[float]:
    """Return the loudest sample of each span (ms), over both channels."""
    samples = media.decode(path, 16_000)
    return [float(np.abs(samples[:, 16 * start : 16 * end]).max()) for start, end in spans]


def test_the_copy_is_silent_where_a_number_is_said_and_nowhere_else(
    session: Session, runtime: Runtime, recording: Recording
) -> None:
    save(session, runtime, recording, *SAID)
    muted = mute(session, runtime, recording)
    service.save(session, runtime, muted, 1)
    service.save(session, runtime, muted, 2)
    file = masked_file(session, recording)
    assert file is not None
    assert (file.mimetype, file.size_bytes) == ("audio/ogg", muted.file.size_bytes)
    # From the 07700 of the customer to the end of 123, with the margin and the gaps between.
    assert muted.source.spans == ((2_250, 5_550),)
    path = runtime.storage.local_path(file.storage_key)
    before, inside, after = levels(path, [(200, 2_200), (2_260, 5_540), (5_700, 11_900)])
    assert before > 0.25
    assert after > 0.25
    assert inside < 0.004
    assert media.probe(path).duration_ms == pytest.approx(SECONDS * 1_000, abs=30)
    session.expire_all()
    assert service.load(session, runtime, {"recording_id": recording.id}) is None


def test_a_copy_of_other_masks_or_of_a_recording_that_has_gone_is_not_kept(
    session: Session, runtime: Runtime, recording: Recording
) -> None:
    transcript = save(session, runtime, recording, *SAID)
    late = mute(session, runtime, recording)
    by = {"attempt": transcript.attempt, "now": NOW, "actor": factories.make_user(session).uid}
    reading.hide_words(session, transcript, (5, 0, 0), **by)
    service.save(session, runtime, late, 1)
    assert masked_file(session, recording) is None
    fresh = mute(session, runtime, recording)
    assert (7_750, 8_650) in fresh.source.spans
    recording.state = RecordingState.ERASED
    session.flush()
    service.save(session, runtime, fresh, 1)
    assert masked_file(session, recording) is None
    assert service.load(session, runtime, {"recording_id": recording.id}) is None


def test_words_are_hidden_and_shown_by_hand_and_it_is_written_down(
    session: Session, runtime: Runtime, recording: Recording
) -> None:
    transcript = save(session, runtime, recording, *SAID)
    service.save(session, runtime, mute(session, runtime, recording), 1)
    by = {"attempt": transcript.attempt, "now": NOW, "actor": factories.make_user(session).uid}
    reading.hide_words(session, transcript, (1, 1, 2), **by)
    assert masked_file(session, recording) is None
    assert transcript.turns[0].masked_text == "Which •••"
    assert transcript.turns[0].masks == [[1, 2, "manual", 500, 1_400]]
    reading.show_words(session, transcript, (4, 0, 1), **by)
    assert transcript.turns[3].masked_text == "900 123 thanks"
    entries = session.execute(
        select(AuditEntry.action, AuditEntry.details).where(AuditEntry.subject_uid == recording.uid)
    ).all()
    assert entries == [
        ("recording.mask_added", {"turn": 1, "words": 2}),
        ("recording.mask_removed", {"turn": 4, "words": 2}),
    ]
    assert session.scalar(select(func.count()).where(Job.name == "mute")) == 3
    for place, code in (
        ((1, 2, 9), "mask_unfit"),
        ((1, 2, 1), "mask_unfit"),
        ((9, 0, 0), "mask_unfit"),
    ):
        with pytest.raises(DomainError, match=code):
            service.hide(session, transcript, place, **by)
    with pytest.raises(DomainError, match="mask_unfit"):
        service.show(session, transcript, (5, 0, 0), **by)
    with pytest.raises(DomainError, match="transcript_changed"):
        service.hide(session, transcript, (1, 0, 0), **{**by, "attempt": 7})


def test_what_was_hidden_by_hand_stays_hidden_in_a_new_transcript(
    session: Session, runtime: Runtime, recording: Recording
) -> None:
    transcript = save(session, runtime, recording, *SAID)
    by = {"attempt": transcript.attempt, "now": NOW, "actor": factories.make_user(session).uid}
    service.hide(session, transcript, (1, 1, 2), **by)
    again = save(session, runtime, recording, spoken(Party.AGENT, 0, "What number it is"))
    assert again.turns[0].masked_text == "What ••• is"
    service.look_through(session, again.id, KINDS)
    assert again.turns[0].masked_text == "What ••• is"


def old_transcript(session: Session, recording: Recording, words: list[Any]) -> None:
    """Add a transcript as the version before wrote it: nobody looked through."""
    transcript = Transcript(
        recording_id=recording.id,
        site_id=recording.site_id,
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
            party=Party.CUSTOMER,
            start_ms=0,
            end_ms=2_000,
            text="我的手机号是幺三八零零幺三八零零零",
            confidence=0.9,
            words=words,
        )
    ]
    session.add(transcript)


def test_transcripts_of_before_are_looked_through_once(own_engine: Any, runtime: Runtime) -> None:
    from dataclasses import replace

    runtime = replace(runtime, engine=own_engine)
    text = "我的手机号是幺三八零零幺三八零零零"
    words = [[each, 100 * place, 100 * place + 100, 0.9] for place, each in enumerate(text)]
    with write_session(own_engine) as session:
        for kept in (words, []):
            old_transcript(session, recorded(session, runtime), kept)
    with read_session(own_engine) as session:
        ids = session.scalars(select(Recording.id).order_by(Recording.id)).all()
        assert [service.screening(session, each) for each in ids] == [Screening.WAITING] * 2
    told: list[tuple[int, int]] = []
    assert reading.look_through(runtime, lambda done, total: told.append((done, total))) == 2
    assert reading.look_through(runtime, lambda *_: None) == 0
    assert told == [(2, 2)]
    with read_session(own_engine) as session:
        turns = session.scalars(select(Turn).order_by(Turn.id)).all()
        # A text without words has no place to hide a part of it.
        assert [turn.masked_text for turn in turns] == ["我的手机号是•••", "•••"]
        assert turns[0].masks == [[6, 16, "phone", 600, 1_700]]
        jobs = session.scalars(select(Job.arguments).where(Job.name == "mute")).all()
        assert [job["recording_id"] for job in jobs] == list(ids)
    assert reading.look_through(runtime, lambda *_: None, again=True) == 2


def test_muting_touches_nothing_of_the_original(
    session: Session, runtime: Runtime, recording: Recording
) -> None:
    save(session, runtime, recording, *SAID)
    original = runtime.storage.local_path(recording.files[0].storage_key).read_bytes()
    mute(session, runtime, recording)
    assert runtime.storage.local_path(recording.files[0].storage_key).read_bytes() == original
    assert copies.PLAYBACK_RATE == 16_000
