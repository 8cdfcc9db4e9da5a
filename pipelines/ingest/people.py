"""Landing people: sites, teams, agents with memberships, users with roles."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Agent, Site, Team, TeamMember, User, UserRole
from pipelines.ingest.landing import Context, Landed, check, reject
from pipelines.ingest.reading import RawRow
from pipelines.ingest.rules import people as rules
from pipelines.ingest.rules.values import Invalid


class PeopleLander:
    """Lands rows of ``people.csv``. A row that came before may bring new values for its person."""

    columns: Sequence[str] = rules.COLUMNS
    required: Sequence[str] = rules.REQUIRED
    # Roles may name teams of any row, so all rows are looked at together.
    chunk_size = 50_000

    def __init__(self, _session: Session, context: Context) -> None:
        """Keep what all rows share."""
        self._context = context

    def _read(self, session: Session) -> None:
        self._sites = {site.code: site for site in session.scalars(select(Site))}
        self._teams = {(team.site_id, team.code): team for team in session.scalars(select(Team))}
        self._agents = {
            (agent.site_id, agent.code): agent for agent in session.scalars(select(Agent))
        }
        self._users = {user.username: user for user in session.scalars(select(User))}

    def land(self, session: Session, rows: list[RawRow]) -> Landed:
        """Add and update people; see ``Lander``. Sites and teams of all rows come first."""
        self._read(session)
        landed = Landed()
        valid: list[tuple[RawRow, rules.PersonRow, bool]] = []
        for raw in rows:
            try:
                check(raw)
                row = rules.parse(raw.cells)
                valid.append((raw, row, self._make_places(session, row)))
            except Invalid as finding:
                landed.rejects.append(reject(raw, self.columns, finding))
        seen: dict[tuple[str, str, str], rules.PersonRow] = {}
        for raw, row, made in valid:
            try:
                self._refuse_contradiction(row, seen)
                # Everything that can be refused is found before anything is written.
                grants = self._grants(row)
                team = self._check_agent(session, row)
                changed = self._save(session, row, grants, team) or made
            except Invalid as finding:
                landed.rejects.append(reject(raw, self.columns, finding))
                continue
            landed.added += changed
            landed.unchanged += not changed
        landed.rejects.sort(key=lambda found: found.row_number)
        return landed

    @staticmethod
    def _refuse_contradiction(
        row: rules.PersonRow, seen: dict[tuple[str, str, str], rules.PersonRow]
    ) -> None:
        """Refuse the second of two different rows about one person or agent."""
        keys = [("user", "", row.username)] if row.username else []
        keys += [("agent", row.site, row.agent)] if row.agent else []
        for key in keys:
            if seen.setdefault(key, row) != row:
                column = "username" if key[0] == "user" else "agent"
                raise Invalid(column, "duplicate_differs", value=key[2])

    def _make_places(self, session: Session, row: rules.PersonRow) -> bool:
        """Make the row's site and team when they are new; tell whether any was."""
        if not row.site:
            return False
        site = self._sites.get(row.site)
        made = False
        if site is None:
            if not row.timezone:
                raise Invalid("site_timezone", "timezone_missing", site=row.site)
            if self._context.site_id is not None:
                raise Invalid("site", "site_other", value=row.site)
            site = Site(code=row.site, name=row.site, timezone=row.timezone)
            session.add(site)
            session.flush()
            self._sites[row.site] = site
            made = True
        if row.timezone and row.timezone != site.timezone:
            raise Invalid(
                "site_timezone", "timezone_differs", value=row.timezone, stored=site.timezone
            )
        if self._context.site_id not in (None, site.id):
            raise Invalid("site", "site_other", value=row.site)
        if row.team and (site.id, row.team) not in self._teams:
            team = Team(site_id=site.id, code=row.team, name=row.team)
            session.add(team)
            session.flush()
            self._teams[site.id, row.team] = team
            made = True
        return made

    def _grants(self, row: rules.PersonRow) -> set[tuple[str, int, int | None]]:
        """Find the scopes of the row's roles: (role, site id, team id)."""
        grants: set[tuple[str, int, int | None]] = set()
        team_id: int | None
        for grant in row.roles:
            if grant.scope == "site":
                site = self._sites.get(grant.code)
                if site is None:
                    raise Invalid("roles", "site_unknown", value=grant.code[:80])
                site_id, team_id = site.id, None
            else:
                team = self._team_of_role(row, grant.code)
                site_id, team_id = team.site_id, team.id
            if self._context.site_id not in (None, site_id):
                raise Invalid("roles", "site_other", value=grant.code[:80])
            grants.add((grant.role.value, site_id, team_id))
        return grants

    def _team_of_role(self, row: rules.PersonRow, code: str) -> Team:
        home = self._sites.get(row.site)
        if home is not None and (home.id, code) in self._teams:
            return self._teams[home.id, code]
        found = [team for (_, other), team in self._teams.items() if other == code]
        if len(found) != 1:
            code_of = "team_at_several_sites" if found else "team_unknown"
            raise Invalid("roles", code_of, value=code[:80])
        return found[0]

    def _check_agent(self, session: Session, row: rules.PersonRow) -> Team | None:
        """Refuse an agent code of somebody else and a membership that cannot be."""
        if not row.agent:
            return None
        site = self._sites[row.site]
        team = self._teams[site.id, row.team]
        agent = self._agents.get((site.id, row.agent))
        user = self._users.get(row.username)
        held = agent is not None and agent.user_id is not None
        if held and row.username and (user is None or agent is None or agent.user_id != user.id):
            raise Invalid("agent", "agent_taken", value=row.agent)
        if user is not None:
            other = session.scalar(select(Agent.code).where(Agent.user_id == user.id))
            if other is not None and (agent is None or agent.user_id != user.id):
                raise Invalid("agent", "username_taken", value=row.username)
        last = _last_membership(session, agent)
        if last is not None and (last.team_id != team.id or last.valid_to is not None):
            if row.since is None:
                raise Invalid("from", "from_missing")
            if row.since <= last.valid_from or (last.valid_to and row.since < last.valid_to):
                raise Invalid("from", "from_too_early", since=last.valid_from.isoformat())
        return team

    def _save(
        self,
        session: Session,
        row: rules.PersonRow,
        grants: set[tuple[str, int, int | None]],
        team: Team | None,
    ) -> bool:
        """Write user, roles, agent and membership; tell whether anything changed."""
        changed = False
        user = None
        if row.username:
            user, changed = self._save_user(session, row, grants)
        if team is not None:
            agent, changed_agent = self._save_agent(session, row, team, user)
            changed = _join(session, agent, team, row.since) or changed_agent or changed
        session.flush()
        return changed

    def _save_user(
        self, session: Session, row: rules.PersonRow, grants: set[tuple[str, int, int | None]]
    ) -> tuple[User, bool]:
        user = self._users.get(row.username)
        changed = user is None
        if user is None:
            user = User(
                username=row.username,
                display_name=row.name,
                locale=row.locale,
                created_at=self._context.now,
            )
            session.add(user)
            self._users[row.username] = user
        only = self._context.site_id
        mine = [role for role in user.roles if only in (None, role.site_id)]
        # A person of several sites is described by an import for all of them only.
        if len(mine) == len(user.roles):
            locale = row.locale or user.locale
            if (user.display_name, user.locale) != (row.name, locale):
                user.display_name, user.locale = row.name, locale
                changed = True
        held = {(role.role.value, role.site_id, role.team_id): role for role in mine}
        if held.keys() != grants:
            for key in held.keys() - grants:
                user.roles.remove(held[key])
            for role, site_id, team_id in sorted(grants - held.keys(), key=str):
                user.roles.append(UserRole(role=role, site_id=site_id, team_id=team_id))
            # Ends every session that still carries the old roles.
            user.epoch = (user.epoch or 0) + 1
            changed = True
        session.flush()
        return user, changed

    def _save_agent(
        self, session: Session, row: rules.PersonRow, team: Team, user: User | None
    ) -> tuple[Agent, bool]:
        agent = self._agents.get((team.site_id, row.agent))
        changed = agent is None
        if agent is None:
            agent = Agent(site_id=team.site_id, code=row.agent, name=row.name)
            session.add(agent)
            self._agents[team.site_id, row.agent] = agent
        if agent.name != row.name:
            agent.name = row.name
            changed = True
        if user is not None and agent.user_id != user.id:
            agent.user_id = user.id
            changed = True
        session.flush()
        return agent, changed


def _last_membership(session: Session, agent: Agent | None) -> TeamMember | None:
    if agent is None:
        return None
    return session.scalars(
        select(TeamMember)
        .where(TeamMember.agent_id == agent.id)
        .order_by(TeamMember.valid_from.desc())
        .limit(1)
    ).first()


def _join(session: Session, agent: Agent, team: Team, since: date | None) -> bool:
    """Make the agent a member from a day on, ending the membership before; false if one stands."""
    last = _last_membership(session, agent)
    if last is not None and last.team_id == team.id and last.valid_to is None:
        return False
    start = since or rules.FAR_PAST
    if last is not None and last.valid_to is None:
        last.valid_to = start
    session.add(TeamMember(agent_id=agent.id, team_id=team.id, valid_from=start))
    session.flush()
    return True
