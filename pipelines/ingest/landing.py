"""What every kind of file shares on its way into the tables: context, counts, rejects, places."""

import re
import uuid
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Agent, Site, TeamMember
from pipelines.ingest.reading import RawRow
from pipelines.ingest.rules.values import Invalid, without_numbers

# Codes that people need to see whole to correct a row; they are the source's own, not customers'.
_KEYS = frozenset(
    {"call_id", "survey_id", "complaint_id", "leg", "file", "agent", "site", "team", "username"}
)
TOKEN = "customer:"  # noqa: S105 - the mark of a public id, no secret
_TOKEN = re.compile(TOKEN + r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ]\d{1,2}:\d{2}[\d:.]{0,10}([+-]\d{2}:?\d{2}|Z)?)?"
)


@dataclass(frozen=True)
class Context:
    """What all rows of one import share.

    ``site_id`` keeps an import inside one site (null: any). ``customer_key`` keys the hash under
    which customers are found.
    """

    source: str
    site_id: int | None
    now: datetime
    customer_key: bytes


class Reject(NamedTuple):
    """A row that did not land; ``content`` has its cells by column name."""

    row_number: int
    column: str | None
    code: str
    params: dict[str, Any]
    content: dict[str, str]


@dataclass
class Landed:
    """What became of the rows of one chunk."""

    added: int = 0
    unchanged: int = 0
    rejects: list[Reject] = field(default_factory=list)
    dirty: set[tuple[int, date]] = field(default_factory=set)


class Lander(Protocol):
    """Lands the rows of one kind of file."""

    columns: Sequence[str]
    required: Sequence[str]
    chunk_size: int

    def land(self, session: Session, rows: list[RawRow]) -> Landed:
        """Write what is valid and new among ``rows``; flushes, never commits."""


def check(row: RawRow) -> None:
    """Raise ``Invalid`` for a row that is unreadable as a whole."""
    if row.problem:
        raise Invalid(None, row.problem)


def reject(row: RawRow, columns: Sequence[str], finding: Invalid) -> Reject:
    """Make a reject of a row, without what might be a customer's number.

    Where the whole row is unreadable any cell may hold the number, else any but keys and times.
    """
    content = {
        name: cell if name in _KEYS and row.problem is None else _safe(cell)
        for name, cell in zip(columns, row.cells, strict=False)
        if cell
    }
    params = {
        name: _safe(value) if isinstance(value, str) and finding.column not in _KEYS else value
        for name, value in finding.params.items()
    }
    return Reject(row.number, finding.column, finding.code, params, content)


def _safe(cell: str) -> str:
    kept = _TIME.fullmatch(cell.strip()) or _TOKEN.fullmatch(cell)
    return cell if kept else without_numbers(cell)


class Place(NamedTuple):
    """Where a row belongs: a site with its clock, and an agent with the teams over time."""

    site_id: int
    zone: ZoneInfo
    agent_id: int | None
    members: tuple["Membership", ...]

    def team_on(self, day: date) -> int | None:
        """Return the team that the agent belonged to on a local day, or null."""
        at = bisect_right(self.members, day, key=attrgetter("valid_from")) - 1
        if at < 0:
            return None
        member = self.members[at]
        return member.team_id if member.valid_to is None or day < member.valid_to else None


class Membership(NamedTuple):
    """An agent in a team, from a day until (not including) another."""

    valid_from: date
    valid_to: date | None
    team_id: int


class Places:
    """Sites, agents and memberships, read once and found by the codes that files use."""

    def __init__(self, session: Session, site_id: int | None) -> None:
        """Read them; ``site_id`` keeps an import inside one site."""
        self._only = site_id
        rows = session.execute(select(Site.id, Site.code, Site.timezone)).all()
        self._sites = {code: (key, ZoneInfo(zone)) for key, code, zone in rows}
        self.zones = dict(self._sites.values())
        self._codes = {key: code for key, code, _ in rows}
        self._agents: dict[str, list[tuple[int, int]]] = {}
        for key, site, code in session.execute(select(Agent.id, Agent.site_id, Agent.code)):
            self._agents.setdefault(code, []).append((site, key))
        self._members: dict[int, list[Membership]] = {}
        for member in session.scalars(select(TeamMember).order_by(TeamMember.valid_from)):
            self._members.setdefault(member.agent_id, []).append(
                Membership(member.valid_from, member.valid_to, member.team_id)
            )
        self._found: dict[tuple[str, str], Place] = {}

    def find(self, site: str, agent: str) -> Place:
        """Return the place that two cells name, or raise ``Invalid``."""
        place = self._found.get((site, agent))
        if place is None:
            place = self._found[site, agent] = self._look_up(site.strip(), agent.strip())
        return place

    def of_site(self, site_id: int) -> Place:
        """Return a site without an agent."""
        return Place(site_id, self.zones[site_id], None, ())

    def members_of(self, agent_id: int) -> tuple[Membership, ...]:
        """Return an agent's memberships in order of time."""
        return tuple(self._members.get(agent_id, ()))

    def _look_up(self, site: str, agent: str) -> Place:
        site_id = self._site_id(site)
        if not agent:
            if site_id is None:
                raise Invalid("site", "site_missing")
            return self.of_site(site_id)
        known = self._agents.get(agent, [])
        here = [found for found in known if site_id in (None, found[0])]
        if not here:
            raise Invalid("agent", "agent_unknown", value=agent[:80], site=site)
        if len(here) > 1:
            raise Invalid("site", "agent_at_several_sites", value=agent[:80])
        site_id, agent_id = here[0]
        return Place(site_id, self.zones[site_id], agent_id, self.members_of(agent_id))

    def _site_id(self, site: str) -> int | None:
        if not site:
            return self._only
        if site not in self._sites:
            raise Invalid("site", "site_unknown", value=site[:80])
        site_id = self._sites[site][0]
        if self._only not in (None, site_id):
            raise Invalid("site", "site_other", value=site[:80])
        return site_id


def uid_of(text: str) -> uuid.UUID | None:
    """Read a public id, or return null."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
