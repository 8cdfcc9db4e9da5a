"""What the search page shows: the newest turns in a person's scope that hold what was asked for."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import LazyString
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.calls import Call
from models.search import SearchEntry, SearchTurn
from models.transcripts import Turn
from models.vocab import Party
from pipelines.masking import masked_words
from pipelines.search import finding
from pipelines.search.rules import places, query
from pipelines.search.rules.places import Piece
from qa_app.access import Action, visible
from qa_app.calls.player import PARTIES
from qa_app.permissions import Person
from qa_app.search.filters import Asked, Conditions, narrowed

CALLS = 20
TURNS = 3
"""Turns of a call that are shown; the call itself shows the others."""
_ROUNDS = 5


@dataclass(frozen=True)
class TurnHit:
    """A turn that fits: its masked text in pieces, hits marked, and when the first hit is said."""

    party: Party
    speaker: LazyString
    at_ms: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class CallHit:
    """A call with turns that fit, the first of them in full; ``further`` counts the others."""

    call_id: int
    uid: uuid.UUID
    started_at: datetime
    timezone: str
    project: str
    agent: str
    team: str
    turns: tuple[TurnHit, ...]
    further: int


@dataclass(frozen=True)
class SearchPage:
    """One page of what was found, newest call first.

    ``understood`` is false when nothing was asked for that could be looked up. ``count`` is how
    many turns fit, or how many at least when there are ``more``; null on later pages. ``following``
    is the block to go on behind, null at the end.
    """

    understood: bool
    calls: tuple[CallHit, ...] = ()
    count: int | None = None
    more: bool = False
    following: int | None = None


def search_page(session: Session, person: Person, asked: Asked, now: datetime) -> SearchPage:
    """Return a page of the turns in scope that fit, newest call first."""
    what = query.parse(asked.words)
    if not what.terms:
        return SearchPage(understood=False)
    left = narrowed(session, person, asked, now)
    if left is None:
        return SearchPage(understood=True, count=0)
    wanted, within, blocks = query.Wanted(what, left.groups), left.within, left.blocks
    # Where a rule's hits are many, most calls that fit may still have none: look at more at a time.
    most = finding.MOST if asked.rule else CALLS + 1
    calls: dict[int, int] = {}
    ids: list[int] = []
    for _round in range(_ROUNDS):
        found = (
            finding.newest(session, wanted, within, calls=most)
            if blocks is None
            else finding.newest_of(session, wanted, blocks, calls=most)
        )
        seen = _whole_calls(found)
        here = _allowed(session, person, left.conditions, seen)
        calls |= here
        ids += [row_id for row_id in found.ids if places.block_at(row_id) in here]
        if found.all_of_them or len(calls) > CALLS or not seen:
            break
        # What the index still took for fitting no longer does: look on behind it.
        within = finding.Range(within.low, places.ids_of(seen[-1])[0])
        if blocks is not None:
            blocks = tuple(block for block in blocks if block < seen[-1])
    shown = sorted(calls, reverse=True)[:CALLS]
    rest = not found.all_of_them or len(calls) > CALLS
    return SearchPage(
        understood=True,
        calls=_call_hits(session, what, {block: calls[block] for block in shown}, ids),
        count=(len(ids) if found.all_of_them else min(len(ids), finding.MOST))
        if asked.before is None
        else None,
        more=not found.all_of_them,
        following=(shown[-1] if len(calls) > CALLS else seen[-1]) if rest and seen else None,
    )


def _whole_calls(found: finding.Found) -> list[int]:
    """Return the blocks of what was found, newest first, but for one that may be cut off."""
    blocks = list(dict.fromkeys(map(places.block_at, found.ids)))
    return blocks if found.all_of_them or len(blocks) < 2 else blocks[:-1]  # noqa: PLR2004 - one must stay


def _allowed(
    session: Session,
    person: Person,
    conditions: Conditions,
    blocks: Sequence[int],
) -> dict[int, int]:
    """Return block → call of those that the person may see and that meet the conditions."""
    statement = (
        visible(person, Call, Action.CALLS_READ)
        .join(SearchEntry, SearchEntry.call_id == Call.id)
        .where(SearchEntry.block.in_(blocks), *conditions)
        .with_only_columns(SearchEntry.block, Call.id)
    )
    return {row.block: row.id for row in session.execute(statement)}


def _call_hits(
    session: Session, what: query.Query, calls: dict[int, int], ids: Sequence[int]
) -> tuple[CallHit, ...]:
    fitting: dict[int, list[int]] = {block: [] for block in calls}
    for row_id in ids:
        if places.block_at(row_id) in fitting:
            fitting[places.block_at(row_id)].append(row_id)
    turns = _turns(
        session, what, [row_id for every in fitting.values() for row_id in every[:TURNS]]
    )
    rows = {
        call.id: call
        for call in session.scalars(
            select(Call)
            .where(Call.id.in_(calls.values()))
            .options(
                joinedload(Call.project),
                joinedload(Call.site),
                joinedload(Call.agent),
                joinedload(Call.team),
            )
        )
    }
    return tuple(
        CallHit(
            call_id=call.id,
            uid=call.uid,
            started_at=call.started_at,
            timezone=call.site.timezone,
            project=call.project.name,
            agent=call.agent.name if call.agent else "",
            team=call.team.name if call.team else "",
            turns=tuple(turns[row_id] for row_id in fitting[block][:TURNS] if row_id in turns),
            further=max(0, len(fitting[block]) - TURNS),
        )
        for block, call in ((block, rows[call_id]) for block, call_id in calls.items())
    )


def _turns(session: Session, what: query.Query, ids: Sequence[int]) -> dict[int, TurnHit]:
    rows = session.execute(
        select(SearchTurn.id, Turn.party, Turn.start_ms, Turn.masked_text, Turn.words, Turn.masks)
        .join(Turn, Turn.id == SearchTurn.turn_id)
        .where(SearchTurn.id.in_(ids))
    )
    return {
        row_id: TurnHit(
            party=party,
            speaker=PARTIES[party],
            at_ms=places.spot(masked_words(spoken, masks), start_ms, what),
            pieces=tuple(places.snippet(masked or "", what)),
        )
        for row_id, party, start_ms, masked, spoken, masks in rows
    }
