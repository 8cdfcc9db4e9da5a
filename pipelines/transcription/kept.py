"""What is heard of a long call is kept stretch by stretch, so that a killed worker costs minutes.

Rows rather than files: whichever machine takes over finds them, they go in the transaction that
saves the transcript, and erasure reaches them as it reaches every other row.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.calls import Recording
from models.session import read_session, write_session
from models.transcripts import HeardStretch
from models.upsert import upsert
from models.vocab import RecordingState
from pipelines.runtime import Runtime
from pipelines.transcription.recognition.recogniser import (
    NO_HINTS,
    Heard,
    Hints,
    Language,
    Made,
    Recogniser,
)
from pipelines.transcription.rules import Word
from pipelines.transcription.sound import media

FORMAT = 1
"""Raised when what is kept, or how calls are cut into stretches, changes."""


@dataclass(frozen=True)
class _Kept:
    samples: tuple[int, ...]
    heard: Heard


class Remembering:
    """A recogniser for one long recording that need not hear again what is kept of it.

    Stretches come in the same order and at the same cuts each time, since the audio is the same.
    """

    def __init__(
        self, recogniser: Recogniser, runtime: Runtime, recording_id: int, made_of: str
    ) -> None:
        """Keep what ``made_of`` names: the audio, and what beside the model shapes its hearing."""
        self._recogniser = recogniser
        self._runtime = runtime
        self._recording_id = recording_id
        self._made_of = made_of
        self._position = 0
        self._kept: Sequence[_Kept] | None = None

    def made(self) -> Made:
        """Return the model, options and versions at work."""
        return self._recogniser.made()

    def hear(
        self, samples: media.Samples, language: Language | None, hints: Hints = NO_HINTS
    ) -> Heard:
        """Return the words in ``samples``: those that are kept, else newly heard ones."""
        position, self._position = self._position, self._position + 1
        key = _key(self._made_of, self.made(), hints)
        if self._kept is None:
            with read_session(self._runtime.engine) as session:
                self._kept = _read(session, self._recording_id, key)
        if position < len(self._kept):
            if self._kept[position].samples == samples.shape:
                return self._kept[position].heard
            self._kept = self._kept[:position]
        heard = self._recogniser.hear(samples, language, hints)
        self._keep(position, key, samples.shape, heard)
        return heard

    def _keep(self, position: int, key: str, shape: tuple[int, ...], heard: Heard) -> None:
        row = {
            "recording_id": self._recording_id,
            "position": position,
            "key": key,
            "samples": list(shape),
            "heard": as_json(heard),
            "made_at": self._runtime.clock.now(),
        }
        with write_session(self._runtime.engine) as session:
            # Held until the commit: what is erased meanwhile must not come back.
            present = session.scalar(
                select(Recording.id)
                .where(
                    Recording.id == self._recording_id,
                    Recording.state == RecordingState.PRESENT,
                )
                .with_for_update()
            )
            if present is not None:
                upsert(session, HeardStretch, [row], key=["recording_id", "position"])


def is_long(duration_ms: int) -> bool:
    """Tell whether a recording has so many stretches that keeping them pays."""
    return duration_ms > 2 * media.STRETCH_S * 1_000


def forget(session: Session, recording_id: int) -> None:
    """Remove what is kept of a recording: its transcript is saved, or will not be."""
    session.execute(delete(HeardStretch).where(HeardStretch.recording_id == recording_id))


def _key(made_of: str, made: Made, hints: Hints) -> str:
    given = [made.model, made.options, made.versions, asdict(hints)]
    parts = [FORMAT, media.STRETCH_S, made_of, *given]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _read(session: Session, recording_id: int, key: str) -> Sequence[_Kept]:
    rows = session.scalars(
        select(HeardStretch)
        .where(HeardStretch.recording_id == recording_id)
        .order_by(HeardStretch.position)
    ).all()
    kept: list[_Kept] = []
    for row in rows:
        if row.key != key or row.position != len(kept):
            break
        kept.append(_Kept(tuple(row.samples), from_json(row.heard)))
    return kept


def as_json(heard: Heard) -> dict[str, Any]:
    """Return what was heard in a stretch as plain values."""
    return {
        "language": asdict(heard.language) if heard.language else None,
        "channels": [
            [
                [word.text, word.start_ms, word.end_ms, word.probability, word.language]
                for word in words
            ]
            for words in heard.channels
        ],
        "speech": heard.speech,
    }


def from_json(values: dict[str, Any]) -> Heard:
    """Return what ``as_json`` was given."""
    return Heard(
        language=Language(**values["language"]) if values["language"] else None,
        channels=tuple(tuple(Word(*word) for word in words) for words in values["channels"]),
        speech=tuple(tuple((start, end) for start, end in spans) for spans in values["speech"]),
    )
