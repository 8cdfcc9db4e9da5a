"""The invented call centre: sites, teams, people, projects, and how its weeks went."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

SEED = 20261123
FIRST_DAY = dt.date(2026, 9, 14)
WEEKS = 10
SETTLED = dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC)
"""Every answer and complaint is in by then, so that the demo's draw sees all of them."""
INCIDENT = (dt.date(2026, 10, 19), dt.date(2026, 10, 25))
INCIDENT_SITE = "manchester"
IMPROVING_TEAM = "man-outbound"

ZONES = {"shanghai": ZoneInfo("Asia/Shanghai"), "manchester": ZoneInfo("Europe/London")}


@dataclass(frozen=True)
class Project:
    """One project: its team, its kind of calls, and how they are spread."""

    code: str
    direction: str
    language: str
    site: str
    team: str
    scorecard: str
    currency: str
    median_talk_s: float
    median_value: float


PROJECTS = (
    Project(
        "broadband-renewal",
        "out",
        "zh",
        "shanghai",
        "sh-outbound",
        "outbound-sales",
        "CNY",
        37,
        940,
    ),
    Project("service-cn", "in", "zh", "shanghai", "sh-service", "service", "CNY", 41, 880),
    Project(
        "mobile-upgrade",
        "out",
        "en",
        "manchester",
        "man-outbound",
        "outbound-sales",
        "GBP",
        36,
        210,
    ),
    Project("service-uk", "in", "en", "manchester", "man-service", "service", "GBP", 42, 195),
)

AGENTS: dict[str, tuple[str, str, str, float]] = {
    # agent code: login, name, team, how well they work (0 is average, 1 is very well)
    "sh101": ("lina", "李娜", "sh-outbound", 0.9),
    "sh102": ("qiang", "王强", "sh-outbound", -0.2),
    "sh103": ("min", "赵敏", "sh-outbound", 0.6),
    "sh104": ("wei", "何伟", "sh-outbound", -1.2),
    "sh105": ("jing", "吴静", "sh-outbound", 0.3),
    "sh106": ("chao", "马超", "sh-outbound", 0.1),
    "sh201": ("ting", "周婷", "sh-service", 0.8),
    "sh202": ("yang", "何洋", "sh-service", 0.2),
    "sh203": ("chen", "陈晨", "sh-service", 0.9),
    "sh204": ("gang", "罗刚", "sh-service", -0.4),
    "sh205": ("li", "孙丽", "sh-service", 0.0),
    "sh206": ("dong", "韩冬", "sh-service", -1.1),
    "mn101": ("emma", "Emma Hartley", "man-outbound", 0.9),
    "mn102": ("george", "George Pell", "man-outbound", -0.1),
    "mn103": ("priya", "Priya Nair", "man-outbound", 0.6),
    "mn104": ("liam", "Liam Doyle", "man-outbound", -1.1),
    "mn105": ("alice", "Alice Moss", "man-outbound", 0.4),
    "mn106": ("tom", "Tom Ashworth", "man-outbound", -0.2),
    "mn201": ("sarah", "Sarah Whitlock", "man-service", 0.7),
    "mn202": ("michael", "Michael Stott", "man-service", 0.0),
    "mn203": ("lily", "Lily Brand", "man-service", 1.0),
    "mn204": ("georgea", "George Akers", "man-service", -0.1),
    "mn205": ("isabel", "Isabel Frost", "man-service", 0.3),
    "mn206": ("eric", "Eric Vance", "man-service", -1.2),
}
TEAM_SITE = {project.team: project.site for project in PROJECTS}
TEAM_SCORECARD = {project.team: project.scorecard for project in PROJECTS}
TEAM_LEAD = "mn201"
"""Reviewer of her own team and agent in it: her own calls must never come to her."""

STAFF: tuple[tuple[str, str, str, str], ...] = (
    # login, name, roles, site
    ("rachel", "Rachel Stone", "reviewer@site:manchester", "manchester"),
    ("owen", "Owen Pike", "reviewer@site:manchester", "manchester"),
    ("mei", "薛梅", "reviewer@site:shanghai", "shanghai"),
    ("yuan", "方圆", "reviewer@site:shanghai", "shanghai"),
    ("grace", "Grace Hill", "trainer@site:manchester", "manchester"),
    ("ran", "陶然", "trainer@site:shanghai", "shanghai"),
    ("martin", "Martin Webb", "manager@site:manchester", "manchester"),
    ("bo", "洪波", "manager@site:shanghai", "shanghai"),
    ("alex", "Alex Quinn", "admin@site:manchester;admin@site:shanghai", "manchester"),
)
REVIEWERS = {"manchester": ("rachel", "owen"), "shanghai": ("mei", "yuan")}


def agents_of(team: str) -> list[str]:
    """Agent codes of a team, sorted."""
    return sorted(code for code, row in AGENTS.items() if row[2] == team)


def agent_site(agent: str) -> str:
    """Site of an agent."""
    return TEAM_SITE[AGENTS[agent][2]]


def quality(agent: str, day: dt.date) -> float:
    """How well an agent works on a day: the person, the improving team, the bad week."""
    _, _, team, level = AGENTS[agent]
    week = (day - FIRST_DAY).days // 7
    if team == IMPROVING_TEAM:
        level += -0.75 + 1.4 * week / (WEEKS - 1)
    if in_incident(TEAM_SITE[team], day):
        level -= 0.35
    return level


def in_incident(site: str, day: dt.date) -> bool:
    """Whether a call falls into the week of the failure at one site."""
    return site == INCIDENT_SITE and INCIDENT[0] <= day <= INCIDENT[1]


def people() -> list[dict[str, str]]:
    """Rows of people.csv."""
    rows = []
    for code, (login, name, team, _) in AGENTS.items():
        roles = f"agent@team:{team}"
        if code == TEAM_LEAD:
            roles += f";reviewer@team:{team}"
        rows.append(_person(login, name, roles, TEAM_SITE[team]) | {"team": team, "agent": code})
    rows += [_person(*staff) for staff in STAFF]
    return [row | {"locale": "zh_Hans" if row["site"] == "shanghai" else "en"} for row in rows]


def _person(login: str, name: str, roles: str, site: str) -> dict[str, str]:
    return {
        "username": login,
        "name": name,
        "roles": roles,
        "site": site,
        "site_timezone": ZONES[site].key,
        "team": "",
        "agent": "",
    }
