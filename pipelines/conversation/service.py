"""Measures of a conversation in the database: read from a transcript, stored beside it."""

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.conversations import Conversation, ConversationParty
from models.people import Site
from models.transcripts import Transcript, Turn
from models.vocab import Party
from pipelines.conversation import rules


def measure(session: Session, transcript_id: int | None) -> rules.Measures | None:
    """Store how the call of this transcript went, in place of what was stored before.

    None for a transcript that was not stored, or holds no voices (it failed, or was made before
    they were kept). The site's limit of dead air at this moment is used and kept.
    """
    if transcript_id is None:
        return None
    transcript = session.get_one(Transcript, transcript_id, populate_existing=True)
    session.execute(delete(Conversation).where(Conversation.transcript_id == transcript.id))
    if transcript.voice is None:
        return None
    said = session.execute(
        select(Turn.party, Turn.text)
        .where(Turn.transcript_id == transcript.id)
        .order_by(Turn.position)
    )
    found = rules.measure(
        rules.Sounded(
            audio_ms=transcript.audio_ms,
            voice=[(Party(party), _spans(spans)) for party, spans in transcript.voice],
            music=_spans(transcript.music),
            said=[rules.Said(party, text) for party, text in said],
        ),
        session.get_one(Site, transcript.site_id).dead_air_ms,
    )
    _store(session, transcript.id, found)
    return found


def _spans(stored: list[list[int]]) -> tuple[rules.Span, ...]:
    return tuple((start, end) for start, end in stored)


def _store(session: Session, transcript_id: int, found: rules.Measures) -> None:
    row = Conversation(
        transcript_id=transcript_id,
        audio_ms=found.audio_ms,
        talk_ms=found.talk_ms,
        overlap_ms=found.overlap_ms,
        silence_ms=found.silence_ms,
        longest_silence_ms=found.longest_silence_ms,
        dead_air_limit_ms=found.dead_air_limit_ms,
        dead_airs=found.dead_airs,
        dead_air_ms=found.dead_air_ms,
        music_ms=found.music_ms,
        marks=[[kind.value, start, end] for kind, start, end in found.marks],
    )
    session.add(row)
    session.flush()
    parties = [
        {
            "conversation_id": row.id,
            "party": each.party,
            "talk_ms": each.talk_ms,
            "turns": each.turns,
            "words": each.words,
            "characters": each.characters,
            "interruptions": each.interruptions,
            "delays": each.delays,
            "delay_ms": each.delay_ms,
        }
        for each in found.parties
    ]
    if parties:
        session.execute(insert(ConversationParty), parties)
