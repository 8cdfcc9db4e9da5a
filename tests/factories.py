"""Rows for tests: each function adds what it needs, with plain defaults, and flushes."""

import hashlib
import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.calls import Call, Leg, Project, Recording
from models.people import Agent, Site, Team, TeamMember, User, UserRole
from models.vocab import ChannelLayout, Direction, Role

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def _add(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row


def make_site(session: Session, code: str | None = None, timezone: str = "Asia/Shanghai") -> Site:
    code = code or f"site{next(_numbers)}"
    return _add(session, Site(code=code, name=code.title(), timezone=timezone))


def make_team(session: Session, site: Site, code: str | None = None) -> Team:
    code = code or f"team{next(_numbers)}"
    return _add(session, Team(site=site, code=code, name=code.title()))


def make_user(
    session: Session,
    username: str | None = None,
    *,
    roles: list[tuple[Role, Site, Team | None]] | None = None,
    **values: Any,
) -> User:
    username = username or f"user{next(_numbers)}"
    user = User(username=username, display_name=username.title(), created_at=NOW, **values)
    user.roles = [
        UserRole(role=role, site_id=site.id, team_id=team.id if team else None)
        for role, site, team in roles or []
    ]
    return _add(session, user)


def make_agent(
    session: Session, team: Team, code: str | None = None, user: User | None = None
) -> Agent:
    code = code or f"agent{next(_numbers)}"
    agent = _add(session, Agent(site=team.site, code=code, name=code.title(), user=user))
    _add(session, TeamMember(agent_id=agent.id, team_id=team.id, valid_from=date(2020, 1, 1)))
    return agent


def make_project(session: Session, site: Site, code: str | None = None, **values: Any) -> Project:
    code = code or f"project{next(_numbers)}"
    return _add(session, Project(site=site, code=code, name=code.title(), **values))


def make_call(
    session: Session,
    agent: Agent,
    team: Team,
    project: Project,
    *,
    started_at: datetime = datetime(2026, 11, 16, 2, 0, tzinfo=UTC),
    talk_ms: int = 40_000,
    legs: int = 1,
    **values: Any,
) -> Call:
    """Add a connected call; its legs share the talk time and the agent."""
    key = values.pop("source_key", None) or f"call{next(_numbers)}"
    site = team.site
    local = started_at.astimezone(ZoneInfo(site.timezone))
    when = {
        "started_at": started_at,
        "local_date": local.date(),
        "local_slot": local.hour * 2 + local.minute // 30,
    }
    digest = hashlib.sha256(f"test\x1f{key}".encode()).digest()
    values.setdefault("direction", Direction.OUT)
    call = Call(
        source="test",
        source_key=key,
        draw_key=int.from_bytes(digest[:8], "big", signed=True),
        content_hash=key,
        site_id=site.id,
        project_id=project.id,
        team_id=team.id,
        agent_id=agent.id,
        talk_ms=talk_ms,
        transfers=legs - 1,
        imported_at=NOW,
        **when,
        **values,
    )
    call.legs = [
        Leg(
            position=position,
            content_hash=f"{key}-{position}",
            site_id=site.id,
            team_id=team.id,
            agent_id=agent.id,
            talk_ms=talk_ms // legs,
            **when,
        )
        for position in range(1, legs + 1)
    ]
    return _add(session, call)


def make_recording(session: Session, call: Call, **values: Any) -> Recording:
    """Add a recording on file, without any stored file."""
    return _add(
        session,
        Recording(
            call_id=call.id,
            site_id=call.site_id,
            sha256=values.pop("sha256", hashlib.sha256(call.source_key.encode()).hexdigest()),
            codec="pcm_mulaw",
            channels=2,
            sample_rate=8_000,
            duration_ms=call.talk_ms,
            layout=ChannelLayout.AGENT_LEFT,
            received_at=call.started_at + timedelta(hours=1),
            **values,
        ),
    )
