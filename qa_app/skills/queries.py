"""Skill profiles of the teams and people in scope, and one's own.

Shares are of the points that reviewed calls could earn, so they describe those calls and estimate
nothing about others. Under ten reviews a person gets the count alone, and a team of fewer than five
people no figure at all.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from models.people import Agent, Team
from models.vocab import Origin, Skill
from pipelines.scoring.analysis import GROUP_OF_PEOPLE, AgentSkills, SkillShare, skills
from pipelines.scoring.rules import from_hundredths
from qa_app import figures
from qa_app.access import Action, Person, visible
from qa_app.exports import Cell
from qa_app.scorecards.reviewed import reviewed

FEWEST_REVIEWS = 10
DAYS = (28, 90, 365)
USUAL_DAYS = 90


@dataclass(frozen=True)
class ShareView:
    """A share with its basis; ``enough`` says whether it is shown, or only how many reviews."""

    share: SkillShare
    enough: bool


Profile = Mapping[Skill, ShareView]


@dataclass(frozen=True)
class PersonLine:
    """One agent's profile."""

    uid: uuid.UUID
    name: str
    profile: Profile


@dataclass(frozen=True)
class TeamLine:
    """A team's profile; null where fewer than five of its people were reviewed.

    ``hidden``: its people are, since the site lets figures about single persons go less far.
    """

    uid: uuid.UUID | None
    name: str
    people: int
    profile: Profile | None
    persons: tuple[PersonLine, ...]
    hidden: bool = False


@dataclass(frozen=True)
class SkillsPage:
    """The teams of the person's scope over the last days."""

    days: int
    choices: tuple[int, ...]
    since: date
    teams: tuple[TeamLine, ...]
    fewest: int = FEWEST_REVIEWS


@dataclass(frozen=True)
class OwnSkills:
    """An agent's own profile over the last days, for the page of own results."""

    days: int
    profile: Profile
    fewest: int = FEWEST_REVIEWS


def skills_page(session: Session, person: Person, now: datetime, days: int) -> SkillsPage:
    """Gather the profiles of every team in scope; of its people where the site lets them go."""
    days = days if days in DAYS else USUAL_DAYS
    since = now.date() - timedelta(days=days)
    found = skills(
        session, reviewed(person, Action.SKILLS_READ, now, origins=(Origin.DRAWN,), since=since)
    )
    agents = {
        agent.id: agent for agent in session.scalars(visible(person, Agent, Action.SKILLS_READ))
    }
    teams = session.scalars(visible(person, Team, Action.SKILLS_READ).order_by(Team.name)).all()
    return SkillsPage(
        days=days,
        choices=DAYS,
        since=since,
        teams=tuple(
            _team(
                team,
                [row for row in found if row.team_id == team.id],
                agents,
                single=figures.shows(session, person, team.site_id, team.id),
            )
            for team in teams
        ),
    )


def _team(
    team: Team, rows: list[AgentSkills], agents: Mapping[int, Agent], *, single: bool
) -> TeamLine:
    people = {row.agent_id for row in rows}
    enough = len(people) >= GROUP_OF_PEOPLE
    persons = [
        PersonLine(agents[row.agent_id].uid, agents[row.agent_id].name, profile_of([row]))
        for row in rows
        if single and row.agent_id in agents
    ]
    return TeamLine(
        uid=team.uid,
        name=team.name,
        people=len(people),
        profile=profile_of(rows) if enough else None,
        persons=tuple(sorted(persons, key=lambda line: line.name)),
        hidden=bool(rows) and not single,
    )


def profile_of(rows: Iterable[AgentSkills]) -> Profile:
    """Add shares up, skill by skill; under ten reviews the share is not shown."""
    sums: dict[Skill, list[int]] = {}
    for row in rows:
        for skill, share in row.shares.items():
            total = sums.setdefault(skill, [0, 0, 0])
            for place, value in enumerate((share.earned, share.attainable, share.reviews)):
                total[place] += value
    return {
        skill: ShareView(SkillShare(*sums[skill]), enough=sums[skill][2] >= FEWEST_REVIEWS)
        for skill in Skill
        if skill in sums
    }


def skills_rows(page: SkillsPage) -> tuple[list[str], list[list[Cell]]]:
    """Return the page as a table; what is not shown there is empty here."""
    header = ["team", "person", "skill", "reviews", "earned", "attainable"]
    rows: list[list[Cell]] = []
    for team in page.teams:
        profiles = [("", team.profile or {}), *((line.name, line.profile) for line in team.persons)]
        rows.extend(
            [
                team.name,
                name,
                skill.value,
                view.share.reviews,
                from_hundredths(view.share.earned) if view.enough else None,
                from_hundredths(view.share.attainable) if view.enough else None,
            ]
            for name, profile in profiles
            for skill, view in profile.items()
        )
    return header, rows


def own_skills(session: Session, person: Person, now: datetime) -> OwnSkills | None:
    """Return an agent's own profile; null for who takes no calls.

    A call that the agent has yet to assess is left out, so that nothing gives its score away.
    """
    if person.agent_id is None:
        return None
    since = now.date() - timedelta(days=USUAL_DAYS)
    found = skills(
        session, reviewed(person, Action.DASHBOARDS_MINE, now, origins=(Origin.DRAWN,), since=since)
    )
    mine = [row for row in found if row.agent_id == person.agent_id]
    return OwnSkills(days=USUAL_DAYS, profile=profile_of(mine))
