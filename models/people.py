"""Who works here: sites, teams, agents, users and the roles they hold within a scope."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.vocab import Role


class Site(Identified, Base):
    """One call-centre location with its own clock; days and half-hours are counted in its zone.

    Silences of ``dead_air_ms`` and longer count as dead air in calls transcribed from then on.
    An exemplar may keep its recording for ``exemplar_keep_days`` beyond the rule; 0: not at all.
    """

    __tablename__ = "site"
    __table_args__ = (
        CheckConstraint("dead_air_ms BETWEEN 1000 AND 600000", name="dead_air"),
        CheckConstraint("exemplar_keep_days BETWEEN 0 AND 3650", name="exemplar_keep"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]
    dead_air_ms: Mapped[int] = mapped_column(default=10_000, server_default="10000")
    exemplar_keep_days: Mapped[int] = mapped_column(default=0, server_default="0")


class Team(Identified, Base):
    """A group of agents at one site, led together."""

    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("site_id", "code"),)

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    code: Mapped[str]
    name: Mapped[str]
    site: Mapped[Site] = relationship()


class Agent(Identified, Base):
    """A person who talks to customers, as call records name them."""

    __tablename__ = "agent"
    __table_args__ = (UniqueConstraint("site_id", "code"),)

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    code: Mapped[str]
    name: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL"), unique=True
    )
    user: Mapped["User | None"] = relationship(back_populates="agent")
    site: Mapped[Site] = relationship()


class TeamMember(Base):
    """An agent belonged to a team from one day until (not including) another; null: until now."""

    __tablename__ = "team_member"
    __table_args__ = (
        UniqueConstraint("agent_id", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="period"),
        Index("ix_team_member_team_id_valid_from", "team_id", "valid_from"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]


class User(Identified, Base):
    """A person who signs in. ``epoch`` rises when a password, role or the right to enter changes,
    and ends every older session.
    """

    __tablename__ = "user_account"

    username: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
    locale: Mapped[str | None]
    theme: Mapped[str | None]
    epoch: Mapped[int] = mapped_column(default=0)
    disabled_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    roles: Mapped[list["UserRole"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", order_by="UserRole.id"
    )
    agent: Mapped[Agent | None] = relationship(back_populates="user")


class UserRole(Base):
    """A user holds a role for one whole site, or for one team of it."""

    __tablename__ = "user_role"
    __table_args__ = (UniqueConstraint("user_id", "role", "site_id", "team_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    role: Mapped[Role]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), index=True)
    team_id: Mapped[int | None] = mapped_column(
        ForeignKey("team.id", ondelete="CASCADE"), index=True
    )
    user: Mapped[User] = relationship(back_populates="roles")


class SignInAttempt(Base):
    """One try to sign in, kept so that guessing can be slowed down. Holds keyed hashes only."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_name_key_at", "name_key", "at"),
        Index("ix_sign_in_attempt_address_key_at", "address_key", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name_key: Mapped[str]
    address_key: Mapped[str]
    succeeded: Mapped[bool]
    at: Mapped[dt.datetime]
