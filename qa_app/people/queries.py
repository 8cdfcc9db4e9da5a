"""What the pages about people, sites and teams show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.people import Agent, Site, Team, TeamMember, User, UserRole
from models.vocab import Role
from qa_app.access import Action, Person, visible
from qa_app.accounts.queries import HeldRole

PAGE = 50


@dataclass(frozen=True)
class PersonRow:
    """A line of the list of people."""

    user: User
    roles: tuple[HeldRole, ...]


@dataclass(frozen=True)
class PeoplePage:
    """The list of people: one page of it."""

    rows: tuple[PersonRow, ...]
    search: str
    role: str
    page: int
    pages: int
    total: int


def people_page(
    session: Session, person: Person, *, search: str, role: str, page: int
) -> PeoplePage:
    """Read the people of the admin's sites whose name fits, fifty a page."""
    found = visible(person, User, Action.PEOPLE_READ)
    if search:
        wanted = f"%{search}%"
        found = found.where(or_(User.username.ilike(wanted), User.display_name.ilike(wanted)))
    if role in set(Role):
        found = found.where(User.roles.any(UserRole.role == Role(role)))
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 1), pages)
    users = session.scalars(
        found.options(selectinload(User.roles), joinedload(User.agent))
        .order_by(User.disabled_at.is_not(None), User.display_name, User.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    names = _scope_names(session, users)
    rows = tuple(
        PersonRow(user, tuple(_held(held, names) for held in user.roles)) for user in users
    )
    return PeoplePage(rows, search, role, page, pages, total)


Names = tuple[dict[int, str], dict[int, str]]


def _scope_names(session: Session, users: Sequence[User]) -> Names:
    sites = {role.site_id for user in users for role in user.roles}
    teams = {role.team_id for user in users for role in user.roles if role.team_id}
    site_names = session.execute(select(Site.id, Site.name).where(Site.id.in_(sites)))
    team_names = session.execute(select(Team.id, Team.name).where(Team.id.in_(teams)))
    return dict(site_names.all()), dict(team_names.all())


def _held(role: UserRole, names: Names) -> HeldRole:
    return HeldRole(role.role, names[0][role.site_id], names[1].get(role.team_id or 0))


@dataclass(frozen=True)
class PersonPage:
    """One person, as an admin sees them."""

    user: User
    roles: tuple[tuple[UserRole, HeldRole], ...]
    within: bool
    agent: Agent | None
    scopes: tuple[tuple[str, str], ...]
    agents: tuple[tuple[str, str], ...]


def person_page(session: Session, person: Person, user: User, whole_site: str) -> PersonPage:
    """Read a person with the roles that the admin may give and take."""
    names = _scope_names(session, [user])
    sites = session.scalars(visible(person, Site, Action.PEOPLE_WRITE).order_by(Site.name)).all()
    teams = session.scalars(visible(person, Team, Action.PEOPLE_WRITE).order_by(Team.name)).all()
    scopes = []
    for site in sites:
        scopes.append((str(site.uid), f"{site.name} · {whole_site}"))
        scopes += [
            (f"{site.uid}/{team.uid}", f"{site.name} · {team.name}")
            for team in teams
            if team.site_id == site.id
        ]
    free = visible(person, Agent, Action.PEOPLE_WRITE).where(
        or_(Agent.user_id.is_(None), Agent.user_id == user.id)
    )
    agents = [
        (str(agent.uid), f"{agent.name} ({agent.code})")
        for agent in session.scalars(free.order_by(Agent.name))
    ]
    return PersonPage(
        user=user,
        roles=tuple((role, _held(role, names)) for role in user.roles),
        within=is_within(person, user),
        agent=user.agent,
        scopes=tuple(scopes),
        agents=tuple(agents),
    )


def is_within(person: Person, user: User) -> bool:
    """Tell whether every role of the user lies at a site of which the person is admin.

    An admin of one site who could set the password of another site's admin would be admin there.
    """
    mine = {grant.site_id for grant in person.grants if grant.role is Role.ADMIN}
    return all(role.site_id in mine for role in user.roles)


@dataclass(frozen=True)
class TeamRow:
    """A team with how many agents belong to it today."""

    team: Team
    members: int


@dataclass(frozen=True)
class SiteRow:
    """A site with its teams."""

    site: Site
    teams: tuple[TeamRow, ...]


def sites_page(session: Session, person: Person, today: date) -> tuple[SiteRow, ...]:
    """Read the admin's sites and their teams."""
    members = dict(
        session.execute(
            select(TeamMember.team_id, func.count())
            .where(
                TeamMember.valid_from <= today,
                or_(TeamMember.valid_to.is_(None), TeamMember.valid_to > today),
            )
            .group_by(TeamMember.team_id)
        ).all()
    )
    teams = session.scalars(visible(person, Team, Action.PEOPLE_READ).order_by(Team.name)).all()
    sites = session.scalars(visible(person, Site, Action.PEOPLE_READ).order_by(Site.name))
    return tuple(
        SiteRow(
            site,
            tuple(
                TeamRow(team, members.get(team.id, 0)) for team in teams if team.site_id == site.id
            ),
        )
        for site in sites
    )
