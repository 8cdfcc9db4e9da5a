"""How calls went, as a file for those who lead."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.calls import Call, Recording
from models.conversations import Conversation
from models.transcripts import Transcript
from models.vocab import Party
from qa_app import figures
from qa_app.access import Action, Person, visible
from qa_app.calls.blindness import blind_to
from qa_app.calls.queries import Wanted, fitting
from qa_app.clock import now
from qa_app.exports import Cell

MOST_ROWS = 50_000

CALL_COLUMNS = (
    "audio_ms",
    "talk_ms",
    "silence_ms",
    "longest_silence_ms",
    "dead_airs",
    "dead_air_ms",
    "dead_air_limit_ms",
    "music_ms",
    "overlap_ms",
)
OF_WORDS = ("words", "characters")
PARTY_COLUMNS = (
    "talk_ms",
    "turns",
    *OF_WORDS,
    "interruptions",
    "delays",
    "delay_ms",
)
COLUMNS = (
    "call_id",
    "started_at",
    "project",
    "team",
    "agent",
    "language",
    *CALL_COLUMNS,
    *(f"{party.value}_{name}" for party in Party for name in PARTY_COLUMNS),
)
"""Of the file: times in ms, counts; empty where there is nothing to tell."""


def _calls(session: Session, person: Person, wanted: Wanted) -> Select[Any]:
    """Select the calls of the file: measured ones, but for those that the person judges.

    Calls of agents about whom the person may see no figures are left out as well.
    """
    return (
        fitting(visible(person, Call, Action.CALLS_EXPORT), wanted)
        .join(Recording, Recording.call_id == Call.id)
        .join(Transcript, Transcript.recording_id == Recording.id)
        .join(Conversation, Conversation.transcript_id == Transcript.id)
        .where(
            ~blind_to(person, Call.id, now()),
            figures.shown(session, person, Call.site_id, Call.team_id),
        )
        .order_by(Call.started_at.desc(), Call.id.desc())
        .limit(MOST_ROWS)
    )


def file_calls(session: Session, person: Person, wanted: Wanted) -> Select[Any]:
    """Select the ids of the calls that the file holds, for the log."""
    return _calls(session, person, wanted).with_only_columns(Call.id)


def file_rows(session: Session, person: Person, wanted: Wanted) -> Iterator[list[Cell]]:
    """Yield the measures of the calls that fit, newest first, but for calls the person judges."""
    statement = (
        _calls(session, person, wanted)
        .with_only_columns(Call, Transcript.language, Transcript.doubt, Conversation)
        .options(
            joinedload(Call.project),
            joinedload(Call.team),
            joinedload(Call.agent),
            selectinload(Conversation.parties),
        )
    )
    for call, language, doubt, row in session.execute(statement):
        sides = {side.party: side for side in row.parties}
        yield [
            call.source_key,
            call.started_at.isoformat(),
            call.project.name,
            call.team.name if call.team else "",
            call.agent.name if call.agent else "",
            language,
            *(getattr(row, name) for name in CALL_COLUMNS),
            *(
                # Words that are not to be relied on are not counted either.
                getattr(sides[party], name)
                if party in sides and not (doubt and name in OF_WORDS)
                else None
                for party in Party
                for name in PARTY_COLUMNS
            ),
        ]
