"""Keep the index: a transcript's masked turns go in whole, in the transaction that changes them.

They go out by themselves: with their turns, and when a turn's masked text changes (see
``models.search``). Only ``turn.masked_text`` is read here.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from models.calls import Call, Leg, Recording
from models.search import SearchEntry, SearchTurn
from models.session import in_chunks, read_session
from models.transcripts import Transcript, Turn
from models.vocab import TranscriptState
from pipelines.runtime import Progress
from pipelines.search.rules import places, words

_PER_TRANSACTION = 100

# transcript, call, its begin, site, project
_Call = Row[int, int, datetime, int, int]
# call → (site, team, agent) of its legs
_Legs = dict[int, list[tuple[int, int | None, int | None]]]


def index(session: Session, transcript_id: int | None, *, now: datetime) -> int:
    """Put a transcript into the index in place of what is there of it; return how many turns.

    Turns without a masked text, and transcripts that are gone or no longer hold, leave nothing.
    """
    return 0 if transcript_id is None else index_many(session, [transcript_id], now=now)


def index_many(session: Session, transcript_ids: Sequence[int], *, now: datetime) -> int:
    """Put transcripts into the index; see ``index``."""
    session.flush()
    # Held until the transaction ends: the hourly job may come to what is being saved just now.
    session.execute(
        select(Transcript.id)
        .where(Transcript.id.in_(transcript_ids))
        .order_by(Transcript.id)
        .with_for_update()
    ).all()
    turns = select(Turn.id).where(Turn.transcript_id.in_(transcript_ids))
    session.execute(delete(SearchTurn).where(SearchTurn.turn_id.in_(turns)))
    session.execute(delete(SearchEntry).where(SearchEntry.transcript_id.in_(transcript_ids)))
    found = session.execute(
        select(
            Transcript.id,
            Call.id.label("call_id"),
            Call.started_at,
            Call.site_id,
            Call.project_id,
        )
        .join(Recording, Recording.id == Transcript.recording_id)
        .join(Call, Call.id == Recording.call_id)
        .where(Transcript.id.in_(transcript_ids), _reliable())
        .order_by(Call.started_at, Transcript.id)
    ).all()
    blocks = _blocks(session, found)
    legs = _legs(session, [row.call_id for row in found])
    entries = [
        {
            "transcript_id": row.id,
            "call_id": row.call_id,
            "block": blocks[row.id],
            "legs": len(legs.get(row.call_id, ())),
            "indexed_at": now,
        }
        for row in found
    ]
    if entries:
        session.execute(insert(SearchEntry), entries)
    documents = list(_documents(session, found, blocks, legs))
    if documents:
        session.execute(insert(SearchTurn), documents)
    return len(documents)


def _reliable() -> ColumnElement[bool]:
    """Return the condition that a transcript's words are there, and may be relied on.

    One in doubt is shown to nobody as fact, so that it is not found either.
    """
    return and_(Transcript.state == TranscriptState.DONE, Transcript.doubt.is_(None))


def _blocks(session: Session, found: Sequence[_Call]) -> dict[int, int]:
    """Return transcript id → a block that no other transcript has."""
    blocks: dict[int, int] = {}
    for row in found:
        for twin in range(places.TWINS):
            block = places.block_of(row.started_at, row.call_id + twin)
            other = select(SearchEntry.block).where(SearchEntry.block == block)
            if block not in blocks.values() and session.scalar(other) is None:
                blocks[row.id] = block
                break
    return blocks


def _legs(session: Session, call_ids: Sequence[int]) -> _Legs:
    """Return call id → (site, team, agent) of its legs, as they were at the call."""
    legs: _Legs = {}
    rows = session.execute(
        select(Leg.call_id, Leg.site_id, Leg.team_id, Leg.agent_id).where(Leg.call_id.in_(call_ids))
    )
    for call_id, site_id, team_id, agent_id in rows:
        legs.setdefault(call_id, []).append((site_id, team_id, agent_id))
    return legs


def _documents(
    session: Session,
    found: Sequence[_Call],
    blocks: dict[int, int],
    legs: _Legs,
) -> Iterator[dict[str, object]]:
    calls = {row.id: row for row in found}
    write = (
        words.sqlite_document
        if session.get_bind().dialect.name == "sqlite"
        else words.postgresql_document
    )
    rows = session.execute(
        select(Turn.id, Turn.transcript_id, Turn.position, Turn.party, Turn.masked_text)
        .where(
            Turn.transcript_id.in_(calls),
            Turn.masked_text.is_not(None),
            Turn.position.between(1, places.TURNS),
        )
        .order_by(Turn.transcript_id, Turn.position)
    )
    for turn_id, transcript_id, position, party, masked in rows:
        call = calls[transcript_id]
        tags = {
            words.tag("s", call.site_id),
            words.tag("p", call.project_id),
            words.month_tag(call.started_at),
            words.tag("k", party.value),
        }
        for site_id, team_id, agent_id in legs.get(call.call_id, ()):
            belongs = {"s": site_id, "t": team_id, "a": agent_id}
            tags |= {words.tag(kind, row) for kind, row in belongs.items() if row is not None}
        yield {
            "id": places.id_of(blocks[transcript_id], position),
            "turn_id": turn_id,
            "document": write(words.document(masked or "", sorted(tags))),
        }


def behind(session: Session) -> list[int]:
    """Return the transcripts that are not in the index as they are now, newest first."""
    legs = select(func.count()).where(Leg.call_id == SearchEntry.call_id).scalar_subquery()
    statement = (
        select(Transcript.id)
        .outerjoin(SearchEntry, SearchEntry.transcript_id == Transcript.id)
        .where(
            _reliable(),
            or_(SearchEntry.transcript_id.is_(None), SearchEntry.legs != legs),
        )
        .order_by(Transcript.id.desc())
    )
    return list(session.scalars(statement))


def refresh(
    engine: Engine, now: datetime, progress: Progress | None = None, *, everything: bool = False
) -> int:
    """Index what is behind, or ``everything`` anew, some transcripts per transaction.

    Returns how many transcripts it were. Must be called without a session open; safe to repeat and
    to be killed, and the search goes on meanwhile.
    """
    with read_session(engine) as session:
        newest = select(Transcript.id).order_by(Transcript.id.desc())
        ids = list(session.scalars(newest)) if everything else behind(session)

    def one_by_one() -> Iterable[int]:
        # Asked for between two transactions: while one is open nothing may be reported.
        for done, transcript_id in enumerate(ids):
            if progress is not None and done and done % _PER_TRANSACTION == 0:
                progress(done, len(ids))
            yield transcript_id

    in_chunks(
        engine,
        one_by_one(),
        lambda session, chunk: _index_chunk(session, chunk, now),
        size=_PER_TRANSACTION,
    )
    if progress is not None and ids:
        progress(len(ids), len(ids))
    return len(ids)


def _index_chunk(session: Session, chunk: list[int], now: datetime) -> None:
    index_many(session, chunk, now=now)
