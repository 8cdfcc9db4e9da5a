"""What admins change about people, sites and teams: each takes a session, flushes, and is audited.

Every change of a password, a role or the right to enter raises the person's epoch, which ends
their sessions.
"""

import re
import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.people import Agent, Site, Team, User, UserRole
from models.vocab import Role
from pipelines import audit
from pipelines.outcomes import DomainError
from qa_app.people.passwords import change_password

_USERNAME = re.compile(r"[\w.-]{2,64}")


class Changes:
    """Changes by one actor (``None``: the command line) at one moment, in one session."""

    def __init__(self, session: Session, *, now: datetime, actor: uuid.UUID | None) -> None:
        """Keep where, when and by whom."""
        self.session, self.now, self.actor = session, now, actor

    def _note(self, action: str, subject: str, uid: uuid.UUID | None, **details: Any) -> None:
        audit.record(
            self.session,
            now=self.now,
            actor=self.actor,
            action=action,
            subject=subject,
            subject_uid=uid,
            **details,
        )

    def create_user(
        self, username: str, name: str, *, password: str | None = None, locale: str | None = None
    ) -> User:
        """Add a person; without a password nobody can sign in as them yet."""
        if not _USERNAME.fullmatch(username):
            raise DomainError("username_unfit")
        if self.session.scalar(select(User.id).where(User.username == username)):
            raise DomainError("username_taken", username=username)
        user = User(
            username=username, display_name=name, locale=locale, created_at=self.now, epoch=0
        )
        if password is not None:
            change_password(user, password)
        self.session.add(user)
        self.session.flush()
        self._note("user.created", "user_account", user.uid)
        return user

    def set_password(self, user: User, password: str) -> None:
        """Give the person a new password."""
        change_password(user, password)
        self.session.flush()
        self._note("password.set", "user_account", user.uid)

    def disable(self, user: User) -> None:
        """Let the person in no more, from the next request on."""
        if user.disabled_at is not None:
            return
        for role in user.roles:
            self._keep_an_admin(role)
        user.disabled_at = self.now
        user.epoch += 1
        self.session.flush()
        self._note("user.disabled", "user_account", user.uid)

    def enable(self, user: User) -> None:
        """Let the person in again."""
        user.disabled_at = None
        user.epoch += 1
        self.session.flush()
        self._note("user.enabled", "user_account", user.uid)

    def grant(self, user: User, role: Role, site: Site, team: Team | None = None) -> UserRole:
        """Give a role for a site or one of its teams; admins always hold theirs for a site."""
        if team is not None and (team.site_id != site.id or role is Role.ADMIN):
            raise DomainError("role_scope_unfit")
        team_id = team.id if team else None
        held = ((held.role, held.site_id, held.team_id) for held in user.roles)
        if (role, site.id, team_id) in held:
            raise DomainError("role_held")
        given = UserRole(role=role, site_id=site.id, team_id=team_id)
        user.roles.append(given)
        user.epoch += 1
        self.session.flush()
        self._note(
            "role.given",
            "user_account",
            user.uid,
            role=role.value,
            site=str(site.uid),
            team=str(team.uid) if team else None,
        )
        return given

    def revoke(self, user: User, role: UserRole) -> None:
        """Take a role away."""
        self._keep_an_admin(role)
        user.roles.remove(role)
        user.epoch += 1
        self.session.flush()
        self._note("role.taken", "user_account", user.uid, role=role.role.value)

    def _keep_an_admin(self, going: UserRole) -> None:
        if going.role is not Role.ADMIN:
            return
        others = self.session.scalar(
            select(func.count())
            .select_from(UserRole)
            .join(User, User.id == UserRole.user_id)
            .where(
                UserRole.role == Role.ADMIN,
                UserRole.site_id == going.site_id,
                UserRole.user_id != going.user_id,
                User.disabled_at.is_(None),
            )
        )
        if not others:
            raise DomainError("last_admin")

    def create_site(self, code: str, name: str, timezone: str) -> Site:
        """Add a site; its days and half-hours are counted in ``timezone``."""
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise DomainError("timezone_unknown", timezone=timezone) from error
        if self.session.scalar(select(Site.id).where(Site.code == code)):
            raise DomainError("code_taken", taken=code)
        site = Site(code=code, name=name, timezone=timezone)
        self.session.add(site)
        self.session.flush()
        self._note("site.created", "site", site.uid)
        return site

    def set_dead_air(self, site: Site, seconds: int) -> None:
        """Say from how long a silence on is dead air, in calls transcribed from now on."""
        site.dead_air_ms = seconds * 1_000
        self.session.flush()
        self._note("site.dead_air_set", "site", site.uid, seconds=seconds)

    def create_team(self, site: Site, code: str, name: str) -> Team:
        """Add a team to a site."""
        taken = select(Team.id).where(Team.site_id == site.id, Team.code == code)
        if self.session.scalar(taken):
            raise DomainError("code_taken", taken=code)
        team = Team(site_id=site.id, code=code, name=name)
        self.session.add(team)
        self.session.flush()
        self._note("team.created", "team", team.uid)
        return team

    def link_agent(self, user: User, agent: Agent | None) -> None:
        """Say which agent of the call records the person is; ``None`` takes the link away."""
        if agent is not None and agent.user_id not in (None, user.id):
            raise DomainError("agent_linked")
        if user.agent is not None and user.agent is not agent:
            user.agent.user_id = None
            self.session.flush()
        if agent is not None:
            agent.user_id = user.id
        user.epoch += 1
        self.session.flush()
        self.session.expire(user, ["agent"])
        self._note(
            "agent.linked", "user_account", user.uid, agent=str(agent.uid) if agent else None
        )


def find_user(session: Session, username: str) -> User:
    """Return the person with this user name, or raise ``DomainError('person_unknown')``."""
    user = session.scalar(select(User).where(User.username == username))
    if user is None:
        raise DomainError("person_unknown", username=username)
    return user


def find_site(session: Session, code: str) -> Site | None:
    """Return the site with this code, if there is one."""
    return session.scalar(select(Site).where(Site.code == code))
