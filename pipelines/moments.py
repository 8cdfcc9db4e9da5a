"""Moments of a recording that stay muted whatever becomes of the transcript that named them.

Kept in ``Recording.muted`` as ``[party, start_ms, end_ms, why]``. Whoever changes what is masked in
a recording holds its row first, so that no two do so at once and none acts on what was before.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Recording
from models.transcripts import Transcript, Turn
from models.vocab import MaskKind

Moments = list[list[Any]]


class Why(StrEnum):
    """Why a moment is muted.

    ``manual``: a person hid it; ``found``: there was personal data in its words; ``guessed``: so it
    seemed, but the words were not to be relied on, and there may have been more.
    """

    MANUAL = "manual"
    FOUND = "found"
    GUESSED = "guessed"


def hold(session: Session, recording_id: int) -> Recording | None:
    """Return the recording as it is now, held until the transaction ends; null when it is gone."""
    return session.scalar(
        select(Recording)
        .where(Recording.id == recording_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def moments(session: Session, recording: Recording) -> Moments:
    """Return what is muted now: what was kept, and what the transcript that is there masks."""
    rows = session.execute(
        select(Turn.party, Turn.masks, Transcript.doubt)
        .join(Transcript)
        .where(Transcript.recording_id == recording.id)
    )
    found = {tuple(row) for row in recording.muted}
    for party, masks, doubt in rows:
        for _first, _last, kind, start_ms, end_ms in masks or ():
            by_hand = kind == MaskKind.MANUAL.value
            if by_hand:
                found.add((party.value, start_ms, end_ms, Why.MANUAL.value))
            if doubt or not by_hand:
                why = Why.GUESSED if doubt else Why.FOUND
                found.add((party.value, start_ms, end_ms, why.value))
    return [list(row) for row in sorted(found)]


def remember(session: Session, recording: Recording) -> None:
    """Keep what is muted now, since the transcript that says so is about to go."""
    recording.muted = moments(session, recording)
    session.flush()
