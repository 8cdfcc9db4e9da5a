"""A row of ``people.csv``: a person with roles and their scopes, an agent with a team, or both."""

import re
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.vocab import Role
from pipelines.ingest.rules.values import Invalid, date_of, text_of

COLUMNS = ("username", "name", "roles", "site", "site_timezone", "team", "agent", "locale", "from")
REQUIRED = ("username", "name", "roles", "site", "team", "agent")
FAR_PAST = date(1990, 1, 1)

_ROLE = re.compile(r"(\w+)@(site|team):(\S+)")
_USERNAME = re.compile(r"[\w.@+-]{1,80}")
_CODE = re.compile(r"[^\s;,@:/\\]{1,80}")
_LOCALES = {
    "": None,
    "en": "en",
    "en-gb": "en",
    "en-us": "en",
    "zh": "zh_Hans",
    "zh-cn": "zh_Hans",
    "zh-hans": "zh_Hans",
}


class RoleGrant(NamedTuple):
    """A role in the scope of a site or a team, by its code."""

    role: Role
    scope: str
    code: str


class PersonRow(NamedTuple):
    """A valid row; empty texts where the person has no sign-in, site, team or agent code."""

    username: str
    name: str
    roles: tuple[RoleGrant, ...]
    site: str
    timezone: str
    team: str
    agent: str
    locale: str | None
    since: date | None


def roles_of(cell: str) -> tuple[RoleGrant, ...]:
    """Read ``reviewer@site:shanghai;agent@team:sh-service``; each role once per scope."""
    grants: dict[RoleGrant, None] = {}
    for part in cell.replace("；", ";").split(";"):
        entry = part.strip()
        if not entry:
            continue
        match = _ROLE.fullmatch(entry)
        if match is None:
            raise Invalid("roles", "role_invalid", value=entry[:80])
        name, scope, code = match.groups()
        try:
            grants[RoleGrant(Role(name.casefold()), scope, code)] = None
        except ValueError:
            raise Invalid("roles", "role_unknown", value=name[:40]) from None
    return tuple(grants)


def parse(cells: tuple[str, ...]) -> PersonRow:
    """Read the cells of one row, in the order of ``COLUMNS``, or raise ``Invalid``."""
    username = text_of(cells[0], "username", required=False).casefold()
    if username and not _USERNAME.fullmatch(username):
        raise Invalid("username", "username_invalid", value=username[:80])
    site, team, agent = (
        _code(cells[index], name) for index, name in ((3, "site"), (5, "team"), (6, "agent"))
    )
    roles = roles_of(cells[2])
    if not username and not agent:
        raise Invalid("username", "person_missing")
    if not username and roles:
        raise Invalid("username", "value_missing")
    if not site and (agent or team):
        raise Invalid("site", "value_missing")
    if agent and not team:
        raise Invalid("team", "value_missing")
    if not agent and any(grant.role is Role.AGENT for grant in roles):
        raise Invalid("agent", "agent_code_missing")
    locale = cells[7].strip().casefold().replace("_", "-")
    if locale not in _LOCALES:
        raise Invalid("locale", "locale_unknown", value=locale[:40])
    return PersonRow(
        username=username,
        name=text_of(cells[1], "name"),
        roles=roles,
        site=site,
        timezone=zone_name(cells[4]),
        team=team,
        agent=agent,
        locale=_LOCALES[locale],
        since=date_of(cells[8], "from", required=False),
    )


def _code(cell: str, column: str) -> str:
    code = text_of(cell, column, required=False)
    if code and not _CODE.fullmatch(code):
        raise Invalid(column, "code_invalid", value=code[:80])
    return code


def zone_name(cell: str) -> str:
    """Return the cell as the name of a time zone that the tz database knows, or empty."""
    name = text_of(cell, "site_timezone", required=False)
    if name:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise Invalid("site_timezone", "timezone_unknown", value=name[:80]) from None
    return name
