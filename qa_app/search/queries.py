"""What the search page shows: the newest turns in a person's scope that hold what was asked for."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import LazyString
from sqlalchemy import ColumnElement, String, cast, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload
from wtforms.fields.choices import SelectChoice

from models.calls import Call, Project
from models.people import Agent, Site, Team
from models.samples import Draw, DrawnCall
from models.search import SearchEntry, SearchTurn
from models.transcripts import Turn
from models.vocab import DrawState, Party, Reason, Role
from pipelines.masking import masked_words
from pipelines.search import finding
from pipelines.search.rules import places, query, words
from pipelines.search.rules.places import Piece
from qa_app.access import Action, visible
from qa_app.calls.blindness import may_judge
from qa_app.calls.player import PARTIES
from qa_app.permissions import Person, grants_for, may

CALLS = 20
TURNS = 3
"""Turns of a call that are shown; the call itself shows the others."""
_ROUNDS = 5

Scoped = type[Project] | type[Team] | type[Agent]


@dataclass(frozen=True)
class Asked:
    """What to look for. Days are those of the calls' sites, both included.

    ``before`` is the block of the last call that was shown; null from the newest on.
    """

    words: str = ""
    speaker: Party | None = None
    project: uuid.UUID | None = None
    team: uuid.UUID | None = None
    agent: uuid.UUID | None = None
    start: date | None = None
    end: date | None = None
    reason: Reason | None = None
    before: int | None = None

    @property
    def narrowed(self) -> bool:
        """Tell whether any filter is set."""
        filters = (self.speaker, self.project, self.team, self.agent, self.start, self.end)
        return any(filters) or self.reason is not None


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


@dataclass(frozen=True)
class Choices:
    """What the filters offer; ``reasons`` tells whether the person may see why calls are drawn."""

    projects: tuple[SelectChoice, ...]
    teams: tuple[SelectChoice, ...]
    agents: tuple[SelectChoice, ...]
    reasons: bool


def choices(session: Session, person: Person) -> Choices:
    """Return the projects, teams and agents in scope, by name."""

    def offered(model: Scoped, name: InstrumentedAttribute[str]) -> tuple[SelectChoice, ...]:
        rows: Sequence[Any] = session.scalars(
            visible(person, model, Action.CALLS_READ).order_by(name)
        ).all()
        return tuple(SelectChoice(str(row.uid), row.name) for row in rows)

    return Choices(
        projects=offered(Project, Project.name),
        teams=offered(Team, Team.name),
        agents=offered(Agent, Agent.name),
        reasons=may(person, Action.DRAWS_READ),
    )


def search_page(session: Session, person: Person, asked: Asked, now: datetime) -> SearchPage:
    """Return a page of the turns in scope that fit, newest call first."""
    what = query.parse(asked.words)
    if not what.terms:
        return SearchPage(understood=False)
    groups = _groups(session, person, asked)
    if groups is None:
        return SearchPage(understood=True, count=0)
    wanted = query.Wanted(what, groups)
    conditions = _conditions(person, asked, now)
    within = _within(session, person, asked)
    drawn = _drawn_blocks(session, person, conditions, within) if asked.reason else None
    calls: dict[int, int] = {}
    ids: list[int] = []
    for _round in range(_ROUNDS):
        found = (
            finding.newest(session, wanted, within, calls=CALLS + 1)
            if drawn is None
            else finding.newest_of(session, wanted, drawn, calls=CALLS + 1)
        )
        seen = _whole_calls(found)
        here = _allowed(session, person, conditions, seen)
        calls |= here
        ids += [row_id for row_id in found.ids if places.block_at(row_id) in here]
        if found.all_of_them or len(calls) > CALLS or not seen:
            break
        # What the index still took for fitting no longer does: look on behind it.
        within = finding.Range(within.low, places.ids_of(seen[-1])[0])
        if drawn is not None:
            drawn = [block for block in drawn if block < seen[-1]]
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


def _groups(session: Session, person: Person, asked: Asked) -> tuple[tuple[str, ...], ...] | None:
    """Return the tags that turns must have, one of each group; null when none can fit.

    Tags only narrow what is looked up: who may see a call is asked of the call itself.
    """
    scope = set()
    for grant in grants_for(person, Action.CALLS_READ):
        if grant.role is Role.AGENT:
            scope.add(words.tag("a", person.agent_id or 0))
        elif grant.team_id is None:
            scope.add(words.tag("s", grant.site_id))
        else:
            scope.add(words.tag("t", grant.team_id))
    groups = [tuple(sorted(scope))]
    chosen: tuple[tuple[str, Scoped, uuid.UUID | None], ...] = (
        ("p", Project, asked.project),
        ("t", Team, asked.team),
        ("a", Agent, asked.agent),
    )
    for kind, model, uid in chosen:
        if uid is None:
            continue
        row: Any = session.scalar(
            visible(person, model, Action.CALLS_READ).where(model.__table__.c.uid == uid)
        )
        if row is None:
            return None
        groups.append((words.tag(kind, row.id),))
    if asked.speaker:
        groups.append((words.tag("k", asked.speaker.value),))
    return tuple(groups)


def _conditions(person: Person, asked: Asked, now: datetime) -> list[ColumnElement[bool]]:
    """Return what a call must meet as it is now."""
    conditions: list[ColumnElement[bool]] = []
    if asked.start:
        conditions.append(Call.local_date >= asked.start)
    if asked.end:
        conditions.append(Call.local_date <= asked.end)
    if asked.reason:
        drawn = (
            visible(person, DrawnCall, Action.DRAWS_READ)
            .where(
                DrawnCall.draw.has(Draw.state != DrawState.VOID),
                cast(DrawnCall.reasons, String).contains(f'"{asked.reason.value}"'),
            )
            .with_only_columns(DrawnCall.call_id)
        )
        conditions.append(Call.id.in_(drawn))
        # Whoever judges a call, or may come to, learns by no filter why it was drawn.
        conditions.append(~may_judge(person, Call.id, now))
    return conditions


def _within(session: Session, person: Person, asked: Asked) -> finding.Range:
    """Return the ids that calls of the period can have, in whatever zone their site lies."""
    low, high = 0, finding.Range().high
    if asked.start or asked.end:
        sites = session.scalars(visible(person, Site, Action.CALLS_READ)).all()
        zones = {ZoneInfo(site.timezone) for site in sites} or {UTC}
        if asked.start:
            low = min(_first_id(asked.start, zone) for zone in zones)
        if asked.end and asked.end < date.max:
            high = max(_first_id(asked.end + timedelta(days=1), zone) for zone in zones)
    if asked.before is not None:
        high = min(high, places.ids_of(asked.before)[0])
    return finding.Range(low, high)


def _first_id(day: date, zone: Any) -> int:
    try:
        return places.first_id(datetime.combine(day, time(), zone).astimezone(UTC))
    except OverflowError:
        return 0


def _drawn_blocks(
    session: Session,
    person: Person,
    conditions: Sequence[ColumnElement[bool]],
    within: finding.Range,
) -> list[int]:
    """Return the blocks of the few calls that a filter leaves, newest first."""
    statement = (
        visible(person, Call, Action.CALLS_READ)
        .join(SearchEntry, SearchEntry.call_id == Call.id)
        .where(
            *conditions,
            SearchEntry.block >= places.block_at(within.low),
            SearchEntry.block < places.block_at(within.high),
        )
        .order_by(SearchEntry.block.desc())
    )
    return list(session.scalars(statement.with_only_columns(SearchEntry.block)))


def _whole_calls(found: finding.Found) -> list[int]:
    """Return the blocks of what was found, newest first, but for one that may be cut off."""
    blocks = list(dict.fromkeys(map(places.block_at, found.ids)))
    return blocks if found.all_of_them or len(blocks) < 2 else blocks[:-1]  # noqa: PLR2004 - one must stay


def _allowed(
    session: Session,
    person: Person,
    conditions: Sequence[ColumnElement[bool]],
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
