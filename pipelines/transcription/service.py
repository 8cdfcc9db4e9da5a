"""Transcripts in the database: what the transcription job loads, does and saves."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.calls import MediaFile, Recording
from models.transcripts import Transcript, Turn
from models.upsert import upsert
from models.vocab import ChannelLayout, MediaKind, RecordingState, TranscriptState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.runtime import Progress, Runtime
from pipelines.transcription import hearing, hotwords, kept
from pipelines.transcription.chinese import Writing
from pipelines.transcription.recognition import recogniser
from pipelines.transcription.sound import voices


@dataclass(frozen=True)
class Material:
    """A recording to transcribe. ``before`` is the attempt number that is stored already.

    Attempts of a job count from 1; a transcript made anew later must not look older than the one
    it replaces, so the number stored is ``before`` plus the attempt. ``hotwords`` are names likely
    to be said. ``sha256`` is the audio's.
    """

    recording_id: int
    storage_key: str
    layout: ChannelLayout
    before: int
    sha256: str = ""
    duration_ms: int = 0
    hotwords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What was heard in a recording."""

    material: Material
    transcribed: hearing.Transcribed


def without_transcript(session: Session, recording_ids: Iterable[int]) -> list[int]:
    """Return those of the recordings that can be heard and have no transcript, in order of id."""
    statement = (
        select(Recording.id)
        .outerjoin(Transcript, Transcript.recording_id == Recording.id)
        .where(
            Recording.id.in_(list(recording_ids)),
            Recording.state == RecordingState.PRESENT,
            Transcript.id.is_(None),
        )
        .order_by(Recording.id)
    )
    return list(session.scalars(statement))


def correct_layout(
    session: Session,
    recording: Recording,
    layout: ChannelLayout,
    *,
    now: datetime,
    actor: uuid.UUID | None,
) -> bool:
    """Set who is on which channel of a recording; tells whether that was a change.

    Raises ``recording_gone`` where there is no audio to hear again, ``layout_one_channel`` for a
    file with one channel. The transcript stays until a newer one replaces it.
    """
    if recording.state is not RecordingState.PRESENT:
        raise DomainError("recording_gone")
    if recording.channels == 1:
        raise DomainError("layout_one_channel")
    if recording.layout is layout:
        return False
    audit.record(
        session,
        now=now,
        actor=actor,
        action="recording.layout_set",
        subject="recording",
        subject_uid=recording.uid,
        before=recording.layout.value,
        after=layout.value,
    )
    recording.layout = layout
    session.flush()
    return True


def load(session: Session, _runtime: Runtime, args: Mapping[str, Any]) -> Material | None:
    """Return what to transcribe (``recording_id`` in ``args``), or nothing when it is gone."""
    row = session.execute(
        select(
            Recording.layout,
            MediaFile.storage_key,
            Transcript.attempt,
            MediaFile.sha256,
            Recording.duration_ms,
        )
        .join(MediaFile, MediaFile.recording_id == Recording.id)
        .outerjoin(Transcript, Transcript.recording_id == Recording.id)
        .where(
            Recording.id == args["recording_id"],
            Recording.state == RecordingState.PRESENT,
            MediaFile.kind == MediaKind.ORIGINAL,
        )
    ).first()
    if row is None:
        return None
    layout, storage_key, attempt, sha256, duration_ms = row
    return Material(
        recording_id=args["recording_id"],
        storage_key=storage_key,
        layout=layout,
        before=attempt or 0,
        sha256=sha256,
        duration_ms=duration_ms,
        hotwords=hotwords.of_recording(session, args["recording_id"]),
    )


def work(material: Material, runtime: Runtime, progress: Progress) -> Result:
    """Transcribe; raises ``DomainError`` for audio that cannot be decoded or missing weights."""
    listener = recogniser.of(runtime.recogniser, runtime.data_dir)
    if kept.is_long(material.duration_ms):
        made_of = f"{material.sha256} {material.layout.value}"
        listener = kept.Remembering(listener, runtime, material.recording_id, made_of)
    heard = hearing.transcribe(
        runtime.storage.local_path(material.storage_key),
        listener,
        layout=material.layout,
        writing=Writing(runtime.recogniser.writing),
        hotwords=", ".join(material.hotwords),
        ears=voices.of(),
        progress=progress,
    )
    return Result(material=material, transcribed=heard)


def save(session: Session, runtime: Runtime, result: Result, attempt: int) -> int | None:
    """Store the transcript and its turns and return its id.

    Null where a newer attempt has stored one already, or the recording has gone meanwhile.
    """
    material, heard = result.material, result.transcribed
    recording = _still_present(session, material.recording_id)
    if recording is None or recording.layout is not material.layout:
        # Somebody has said meanwhile who is on which side; a job that knows it is on its way.
        return None
    kept.forget(session, recording.id)
    transcript_id = _store(
        session,
        recording,
        material.before + attempt,
        state=TranscriptState.DONE,
        language=heard.language.code if heard.language else None,
        language_confidence=heard.language.probability if heard.language else None,
        model=heard.made.model,
        options=heard.made.options | {"hotwords": len(material.hotwords)},
        versions=heard.made.versions,
        audio_ms=heard.audio_ms,
        work_ms=heard.work_ms,
        speech=[[party, [list(span) for span in spans]] for party, spans in heard.speech],
        findings=[finding.as_json() for finding in heard.findings],
        trust=heard.trust.as_json() if heard.trust else {},
        doubt=heard.doubt.cause.value if heard.doubt else None,
        doubt_params=heard.doubt.params if heard.doubt else None,
        voice=[[party, [list(span) for span in spans]] for party, spans in heard.voice],
        music=[list(span) for span in heard.music],
        error_code=None,
        error_params=None,
        made_at=runtime.clock.now(),
    )
    if transcript_id is None or not heard.turns:
        return transcript_id
    rows = [
        {
            "transcript_id": transcript_id,
            "position": position,
            "party": turn.party,
            "start_ms": turn.start_ms,
            "end_ms": turn.end_ms,
            "text": turn.text,
            "confidence": turn.confidence,
            "language": turn.language,
            "speaker": turn.speaker,
            "words": [
                [word.text, word.start_ms, word.end_ms, round(word.probability, 3)]
                for word in turn.words
            ],
        }
        for position, turn in enumerate(heard.turns, start=1)
    ]
    session.execute(insert(Turn), rows)
    return transcript_id


def fail(  # noqa: PLR0917 - the contract of a job
    session: Session,
    runtime: Runtime,
    args: Mapping[str, Any],
    code: str,
    params: dict[str, Any],
    attempt: int,
) -> None:
    """Store why there is no transcript; a good one that is there already stays.

    The job's own row keeps the reason then, and the call's page says it.
    """
    recording = _still_present(session, args["recording_id"])
    if recording is None:
        return
    kept.forget(session, recording.id)
    stored = session.execute(
        select(Transcript.state, Transcript.attempt).where(Transcript.recording_id == recording.id)
    ).first()
    if stored is not None and stored.state is TranscriptState.DONE:
        return
    _store(
        session,
        recording,
        max(attempt, stored.attempt if stored else 0),
        state=TranscriptState.FAILED,
        language=None,
        language_confidence=None,
        model="",
        options={},
        versions={},
        audio_ms=recording.duration_ms,
        work_ms=0,
        speech=[],
        findings=[],
        trust={},
        doubt=None,
        doubt_params=None,
        voice=None,
        music=[],
        error_code=code,
        error_params=params,
        made_at=runtime.clock.now(),
    )


def _still_present(session: Session, recording_id: int) -> Recording | None:
    """Return the recording, held until the transaction ends, unless its audio has gone.

    Whoever expires or erases a recording deletes its transcript; one that comes later would bring
    the words back.
    """
    return session.scalar(
        select(Recording)
        .where(Recording.id == recording_id, Recording.state == RecordingState.PRESENT)
        .with_for_update()
    )


def _store(session: Session, recording: Recording, attempt: int, **values: Any) -> int | None:
    """Write the one row of a recording, without turns; null when a newer attempt is there."""
    session.flush()
    stored = session.scalar(
        select(Transcript.attempt).where(Transcript.recording_id == recording.id)
    )
    if stored is not None and stored > attempt:
        return None
    row = {
        "recording_id": recording.id,
        "site_id": recording.site_id,
        "attempt": attempt,
        **values,
    }
    upsert(session, Transcript, [row], key=["recording_id"])
    transcript_id = session.scalars(
        select(Transcript.id).where(Transcript.recording_id == recording.id)
    ).one()
    session.execute(delete(Turn).where(Turn.transcript_id == transcript_id))
    return transcript_id
