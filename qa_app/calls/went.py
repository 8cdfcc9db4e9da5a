"""How a call went: what the panel beside a transcript shows.

These are facts of the sound, no verdicts. Still a count of interruptions is a machine's reading of
somebody's conduct: while a person judges the call, they get only what ears and the picture of the
sound tell as well (who speaks how long, silences, both at once, music).
"""

from dataclasses import dataclass

from flask_babel import LazyString
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.conversations import Conversation, ConversationParty
from models.transcripts import Transcript
from models.vocab import Party, TranscriptState
from pipelines.conversation import rules
from qa_app.calls.parties import PARTIES


@dataclass(frozen=True)
class SideView:
    """One party's part. ``pace`` is in words a minute, or characters (``by_character``).

    Everything from ``turns`` on is null where it is unknown, or the person judges the call;
    ``words_per_turn`` and ``pace`` also where the words are not to be relied on.
    """

    party: Party
    speaker: LazyString
    talk_ms: int
    turns: int | None
    words_per_turn: float | None
    pace: float | None
    by_character: bool
    interruptions: int | None
    delay_ms: int | None


@dataclass(frozen=True)
class MarkView:
    """A stretch of the recording that is worth a look."""

    kind: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class WentView:
    """How a call went; ``measured`` is false for transcripts made before it was measured."""

    measured: bool
    blind: bool = False
    audio_ms: int = 0
    talk_ms: int = 0
    overlap_ms: int | None = None
    silence_ms: int = 0
    longest_silence_ms: int = 0
    dead_air_limit_ms: int = 0
    dead_airs: int = 0
    dead_air_ms: int = 0
    music_ms: int = 0
    sides: tuple[SideView, ...] = ()
    marks: tuple[MarkView, ...] = ()

    @property
    def both_ms(self) -> int:
        """Return the talk of all parties together, of which each has a share."""
        return sum(side.talk_ms for side in self.sides)

    @property
    def known(self) -> bool:
        """Tell whether it is known which voice is whose."""
        return self.overlap_ms is not None

    @property
    def silences(self) -> tuple[MarkView, ...]:
        """Return where dead air is."""
        return tuple(mark for mark in self.marks if mark.kind == rules.Mark.DEAD_AIR)


def went_view(session: Session, transcript: Transcript | None, *, blind: bool) -> WentView | None:
    """Return how the call of a transcript went; null where there is no transcript to tell it.

    The caller has checked that the person may read the transcript.
    """
    if transcript is None or transcript.state is not TranscriptState.DONE:
        return None
    row = session.scalar(
        select(Conversation)
        .where(Conversation.transcript_id == transcript.id)
        .options(selectinload(Conversation.parties))
    )
    if row is None:
        return WentView(measured=False)
    return WentView(
        measured=True,
        blind=blind,
        audio_ms=row.audio_ms,
        talk_ms=row.talk_ms,
        overlap_ms=row.overlap_ms,
        silence_ms=row.silence_ms,
        longest_silence_ms=row.longest_silence_ms,
        dead_air_limit_ms=row.dead_air_limit_ms,
        dead_airs=row.dead_airs,
        dead_air_ms=row.dead_air_ms,
        music_ms=row.music_ms,
        sides=tuple(_side(each, transcript, blind=blind) for each in row.parties),
        marks=tuple(MarkView(*mark) for mark in row.marks),
    )


def _side(row: ConversationParty, transcript: Transcript, *, blind: bool) -> SideView:
    spoken, by_character = rules.units(row.words, row.characters, transcript.language)
    uncounted = blind or transcript.doubt is not None
    return SideView(
        party=row.party,
        speaker=PARTIES[row.party],
        talk_ms=row.talk_ms,
        turns=None if blind else row.turns,
        words_per_turn=None if uncounted or not row.turns else spoken / row.turns,
        pace=None if uncounted else rules.per_minute(spoken, row.talk_ms),
        by_character=by_character,
        interruptions=None if blind else row.interruptions,
        delay_ms=None if blind else row.delay_ms,
    )
