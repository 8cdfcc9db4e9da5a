"""What the player and the transcript beside it show, on every page that has them."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from flask import url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.calls import MediaFile, Recording
from models.transcripts import Transcript
from models.vocab import ChannelLayout, MediaKind, Party, RecordingState, TranscriptState
from pipelines.outcomes import DomainError
from qa_app.calls import tokens
from qa_app.calls.hearing import HearingView, hearing_view
from qa_app.clock import now
from qa_app.messages import sentence
from qa_app.permissions import Person

UNSURE = 0.5
"""Words that the recogniser itself believes less than this are marked."""


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
    """A word of a turn, with the blank that stands before it."""

    text: str
    start_ms: int
    end_ms: int
    unsure: bool


@dataclass(frozen=True)
class TurnView:
    """One party's words until the other speaks."""

    party: Party
    speaker: LazyString
    start_ms: int
    end_ms: int
    text: str
    words: tuple[WordView, ...]


@dataclass(frozen=True)
class PlayerView:
    """A recording on a page: where its sound and picture are, and what is said in it.

    ``audio_url`` is empty when the audio has been deleted (``state``); ``peaks_url`` until its
    picture has been made. ``transcript`` is done, failed (``trouble`` says why) or waiting.
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
        sides=_sides(recording),
        transcript=transcript.state.value if transcript else "waiting",
        trouble=_trouble(transcript),
        language=transcript.language if transcript else None,
        turns=_turns(transcript),
        hearing=hearing_view(session, person, recording, transcript),
    )


def _url(what: str, uid: uuid.UUID, signed: str) -> str:
    return url_for(f"calls.{what}", uid=uid, token=signed)


def _sides(recording: Recording) -> tuple[Party, ...]:
    if recording.channels == 1 or recording.layout is ChannelLayout.MONO:
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
            speaker=PARTIES[turn.party],
            start_ms=turn.start_ms,
            end_ms=turn.end_ms,
            text=turn.text,
            words=tuple(
                WordView(text, start_ms, end_ms, probability < UNSURE)
                for text, start_ms, end_ms, probability in turn.words
            ),
        )
        for turn in (transcript.turns if transcript else ())
    )
