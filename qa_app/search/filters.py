"""What a search is narrowed to: what a person may choose, and the conditions this puts on calls."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, cast, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload
from wtforms.fields.choices import SelectChoice

from models.calls import Call, Project
from models.people import Agent, Site, Team
from models.phrases import PhraseHit, PhraseRule, PhraseVersion
from models.samples import Draw, DrawnCall
from models.search import SearchEntry
from models.vocab import DrawState, Party, PhraseVerdict, Reason, Role
from pipelines.search import finding
from pipelines.search.rules import places, words
from qa_app.access import Action, visible
from qa_app.calls.blindness import may_judge
from qa_app.permissions import Person, grants_for, may
from qa_app.phrases.hits import hits_seen

FEW_HITS = 2_000
"""Calls with so many hits of a rule are looked up one by one; more are met among what is said."""

Scoped = type[Project] | type[Team] | type[Agent]
Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True)
class Asked:
    """What to look for. Days are those of the calls' sites, both included.

    ``rule`` is a phrase rule that must have found something in the call, in any of its versions.
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
    rule: uuid.UUID | None = None
    before: int | None = None

    @property
    def narrowed(self) -> bool:
        """Tell whether any filter is set."""
        filters = (self.speaker, self.project, self.team, self.agent, self.start, self.end)
        return any(filters) or self.leaves_judged_out

    @property
    def leaves_judged_out(self) -> bool:
        """Tell whether a filter is set by which calls that the person judges are never found."""
        return self.reason is not None or self.rule is not None


@dataclass(frozen=True)
class Choices:
    """What the filters offer; ``reasons`` tells whether the person may see why calls are drawn.

    ``rules`` are phrase rules that the person may read, if they were ever in use.
    """

    projects: tuple[SelectChoice, ...]
    teams: tuple[SelectChoice, ...]
    agents: tuple[SelectChoice, ...]
    reasons: bool
    rules: tuple[SelectChoice, ...]


@dataclass(frozen=True)
class Narrowed:
    """The calls and turns that filters leave.

    ``groups`` are tags that a turn must have, one of each group; ``within`` the ids that it may
    have. They only narrow what is looked up: ``conditions`` are what a call must meet as it is now.
    ``blocks`` are those of the few calls that are left, newest first, null where they are many.
    """

    groups: tuple[tuple[str, ...], ...]
    within: finding.Range
    conditions: tuple[ColumnElement[bool], ...]
    blocks: tuple[int, ...] | None


def choices(session: Session, person: Person) -> Choices:
    """Return the projects, teams, agents and phrase rules in scope, by name."""

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
        rules=_rules(session, person) if may(person, Action.PHRASES_READ) else (),
    )


def _rules(session: Session, person: Person) -> tuple[SelectChoice, ...]:
    rules = session.scalars(
        visible(person, PhraseRule, Action.PHRASES_READ)
        .where(PhraseRule.versions.any(PhraseVersion.switched_on_at.is_not(None)))
        .options(joinedload(PhraseRule.project))
        .order_by(PhraseRule.name, PhraseRule.id)
    )
    return tuple(
        SelectChoice(str(rule.uid), f"{rule.name} – {rule.project.name}") for rule in rules
    )


def narrowed(session: Session, person: Person, asked: Asked, now: datetime) -> Narrowed | None:
    """Return what the filters leave for the person; null when that is nothing."""
    groups = _groups(session, person, asked)
    rule_id = None
    if asked.rule is not None:
        rule = visible(person, PhraseRule, Action.PHRASES_READ).where(PhraseRule.uid == asked.rule)
        rule_id = session.scalar(rule.with_only_columns(PhraseRule.id))
    if groups is None or (asked.rule is not None and rule_id is None):
        return None
    conditions = _conditions(person, asked, rule_id, now)
    within = _within(session, person, asked)
    blocks = None
    if asked.reason:
        blocks = _blocks(session, person, conditions, within)
    elif rule_id is not None and (hit := _hit_entries(session, rule_id)) is not None:
        blocks = _blocks(session, person, (*conditions, SearchEntry.block.in_(hit)), within)
    return Narrowed(groups, within, conditions, blocks)


def _groups(session: Session, person: Person, asked: Asked) -> tuple[tuple[str, ...], ...] | None:
    """Return the tags that turns must have; null when none can fit."""
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


def _conditions(
    person: Person, asked: Asked, rule_id: int | None, now: datetime
) -> tuple[ColumnElement[bool], ...]:
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
    if rule_id is not None:
        hits, _transcript, recording = hits_seen(person, now)
        hit = hits.where(recording.call_id == Call.id, *_counts_for(rule_id))
        conditions.append(hit.exists())
    if asked.leaves_judged_out:
        # Whoever judges a call, or may come to, learns by no filter why it was drawn, nor what a
        # rule found in it.
        conditions.append(~may_judge(person, Call.id, now))
    return tuple(conditions)


def _counts_for(rule_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return what a hit must meet: found by any version of the rule, and rejected by nobody."""
    versions = select(PhraseVersion.id).where(PhraseVersion.rule_id == rule_id)
    return (
        PhraseHit.version_id.in_(versions),
        PhraseHit.verdict.is_distinct_from(PhraseVerdict.REJECTED),
    )


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


def _blocks(
    session: Session, person: Person, conditions: Conditions, within: finding.Range
) -> tuple[int, ...]:
    """Return the blocks of the few calls that filters leave, newest first."""
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
    return tuple(session.scalars(statement.with_only_columns(SearchEntry.block)))


def _hit_entries(session: Session, rule_id: int) -> set[int] | None:
    """Return the blocks of all calls that a rule hit, whoever asks; null when they are many.

    No more hits are read than tell that they are many.
    """
    hits = (
        select(SearchEntry.block)
        .join(PhraseHit, PhraseHit.transcript_id == SearchEntry.transcript_id)
        .where(*_counts_for(rule_id))
        .limit(FEW_HITS + 1)
    )
    found = session.scalars(hits).all()
    return None if len(found) > FEW_HITS else set(found)
