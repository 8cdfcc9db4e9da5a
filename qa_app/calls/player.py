"""What the player and the transcript beside it show, on every page that has them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.calls import MediaFile, Recording
from models.transcripts import Transcript, Turn
from models.vocab import ChannelLayout, MediaKind, Party, RecordingState, TranscriptState
from pipelines.outcomes import DomainError
from pipelines.transcription.chinese import CODES as CHINESE
from pipelines.transcription.rules import UNSURE, unsure_spans
from qa_app.calls import findings, tokens
from qa_app.calls.hearing import HearingView, hearing_view
from qa_app.clock import now
from qa_app.messages import sentence
from qa_app.permissions import Person
from qa_app.surroundings import settings


class Purpose(StrEnum):
    """Why a page opens a recording by itself; outside these a person says it in words."""

    TASK = "task"
    SELF_ASSESSMENT = "self_assessment"
    FEEDBACK = "feedback"
    EXEMPLAR = "exemplar"


PURPOSES: dict[str, LazyString] = {
    Purpose.TASK: _l("Review"),
    Purpose.SELF_ASSESSMENT: _l("Self-assessment"),
    Purpose.FEEDBACK: _l("Feedback"),
    Purpose.EXEMPLAR: _l("Exemplar"),
}

PARTIES: dict[Party, LazyString] = {
    Party.AGENT: _l("Agent"),
    Party.CUSTOMER: _l("Customer"),
    Party.UNKNOWN: _l("Speaker"),
}


@dataclass(frozen=True)
class WordView:
    """A word of a turn, with the blank that stands before it.

    ``opens`` and ``closes`` mark the first and the last word of a run that is not to be relied on.
    """

    text: str
    start_ms: int
    end_ms: int
    unsure: bool
    opens: bool = False
    closes: bool = False


@dataclass(frozen=True)
class TurnView:
    """One party's words until the other speaks."""

    party: Party
    speaker: LazyString
    start_ms: int
    end_ms: int
    text: str
    words: tuple[WordView, ...]
    language: str = ""


@dataclass(frozen=True)
class PlayerView:
    """A recording on a page: where its sound and picture are, and what is said in it.

    ``audio_url`` is empty when the audio has been deleted (``state``); ``peaks_url`` until its
    picture has been made. ``transcript`` is done, failed (``trouble`` says why) or waiting.
    ``doubt`` says why one that is done is no more than a guess; ``findings`` are sentences about
    the recording itself.
    """

    uid: uuid.UUID
    state: RecordingState
    audio_url: str
    peaks_url: str
    duration_ms: int
    sides: tuple[Party, ...]
    transcript: str
    trouble: str
    language: str | None
    turns: tuple[TurnView, ...]
    hearing: HearingView | None = None
    findings: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def speakers(self) -> tuple[LazyString, ...]:
        """Return the names of the channels, top first."""
        return tuple(PARTIES[side] for side in self.sides)


def player_view(
    session: Session,
    person: Person,
    recording: Recording,
    purpose: str,
    *,
    token: tokens.PlayToken | None = None,
) -> PlayerView:
    """Return a recording for its player and transcript.

    The caller has checked that the person may hear it. ``purpose`` is a ``Purpose`` or a person's
    own words. The opening is written down when the sound is first asked for, or was already when
    ``token`` is given. Reads three tables (transcript with turns, files,
    the job that writes it down).
    """
    made = token or tokens.new(recording.uid, person, purpose, now())
    signed = tokens.sign(made)
    kinds = set(
        session.scalars(select(MediaFile.kind).where(MediaFile.recording_id == recording.id))
    )
    present = recording.state is RecordingState.PRESENT and MediaKind.ORIGINAL in kinds
    transcript = session.scalar(
        select(Transcript)
        .where(Transcript.recording_id == recording.id)
        .options(selectinload(Transcript.turns))
    )
    return PlayerView(
        uid=recording.uid,
        state=recording.state,
        audio_url=_url("audio", recording.uid, signed) if present else "",
        peaks_url=_url("peaks", recording.uid, signed)
        if present and MediaKind.PEAKS in kinds
        else "",
        duration_ms=recording.duration_ms,
        sides=_sides(recording, transcript),
        transcript=transcript.state.value if transcript else "waiting",
        trouble=_trouble(transcript),
        language=transcript.language if transcript else None,
        turns=_turns(transcript),
        hearing=hearing_view(session, person, recording, transcript),
        findings=findings.said(transcript.findings) if transcript else (),
        doubt=findings.reason(transcript.doubt, transcript.doubt_params) if transcript else "",
    )


def _url(what: str, uid: uuid.UUID, signed: str) -> str:
    return url_for(f"calls.{what}", uid=uid, token=signed)


def _sides(recording: Recording, transcript: Transcript | None) -> tuple[Party, ...]:
    one_sound = transcript is not None and findings.is_one_sound(transcript.findings)
    if recording.channels == 1 or recording.layout is ChannelLayout.MONO or one_sound:
        return (Party.UNKNOWN,)
    if recording.layout is ChannelLayout.AGENT_RIGHT:
        return (Party.CUSTOMER, Party.AGENT)
    return (Party.AGENT, Party.CUSTOMER)


def _trouble(transcript: Transcript | None) -> str:
    if transcript is None or transcript.state is not TranscriptState.FAILED:
        return ""
    return sentence(DomainError(transcript.error_code or "", **(transcript.error_params or {})))


def _turns(transcript: Transcript | None) -> tuple[TurnView, ...]:
    return tuple(
        TurnView(
            party=turn.party,
            speaker=_speaker(turn),
            start_ms=turn.start_ms,
            end_ms=turn.end_ms,
            text=turn.text,
            words=_words(turn.words),
            language=language_tag(turn.language or (transcript.language if transcript else None)),
        )
        for turn in (transcript.turns if transcript else ())
    )


def _speaker(turn: Turn) -> LazyString:
    if turn.party is Party.UNKNOWN and turn.speaker:
        return _l("Speaker %(number)s", number=turn.speaker)
    return PARTIES[turn.party]


def _words(words: Sequence[Sequence[Any]]) -> tuple[WordView, ...]:
    spans = unsure_spans([word[3] for word in words])
    opening, closing = {first for first, _ in spans}, {last for _, last in spans}
    return tuple(
        WordView(
            text,
            start_ms,
            end_ms,
            unsure=probability < UNSURE,
            opens=place in opening,
            closes=place in closing,
        )
        for place, (text, start_ms, end_ms, probability) in enumerate(words)
    )


def language_tag(code: str | None) -> str:
    """Return the ``lang`` of a recogniser's language code, Chinese by how it is written here."""
    if code is None:
        return ""
    if code not in CHINESE:
        return code
    written = {"simplified": "Hans", "traditional": "Hant"}.get(settings().whisper_chinese)
    return f"{code}-{written}" if written else code
