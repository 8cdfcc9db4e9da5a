"""People helping people: requests for help, causes, talks with their steps, and targets."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified, Texts
from models.calls import Leg
from models.people import Agent, Team, User
from models.reviews import Review
from models.scorecards import Criterion
from models.vocab_learning import CoachingKind, HelpKind, HelpState, PartnerState


class HelpRequest(Identified, Base):
    """An agent asks for help, or for a colleague to pair up with, at a moment of an own call.

    ``at_ms`` is counted from the beginning of the recording, null for the call as a whole. The
    partner is asked by whoever answers, and agrees or declines.
    """

    __tablename__ = "help_request"
    __table_args__ = (
        CheckConstraint("at_ms >= 0", name="moment"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("(partner_id IS NULL) = (partner_state IS NULL)", name="partner"),
        Index("ix_help_request_site_id_state", "site_id", "state"),
        Index("ix_help_request_agent_id", "agent_id"),
        Index("ix_help_request_partner_id", "partner_id"),
        Index("ix_help_request_leg_id", "leg_id"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id", ondelete="RESTRICT"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    kind: Mapped[HelpKind]
    at_ms: Mapped[int | None]
    words: Mapped[str] = mapped_column(default="")
    state: Mapped[HelpState] = mapped_column(default=HelpState.OPEN)
    asked_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    partner_state: Mapped[PartnerState | None]

    leg: Mapped[Leg] = relationship()
    agent: Mapped[Agent] = relationship(foreign_keys=[agent_id])
    partner: Mapped[Agent | None] = relationship(foreign_keys=[partner_id])
    answers: Mapped[list["HelpAnswer"]] = relationship(
        back_populates="request", order_by="HelpAnswer.id", cascade="all, delete-orphan"
    )


class HelpAnswer(Base):
    """What somebody said to a request for help; the agent may write back."""

    __tablename__ = "help_answer"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    request_id: Mapped[int] = mapped_column(
        ForeignKey("help_request.id", ondelete="CASCADE"), index=True
    )
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    words: Mapped[str]
    at: Mapped[dt.datetime]

    request: Mapped[HelpRequest] = relationship(back_populates="answers")
    by: Mapped[User | None] = relationship()


class CoachingCause(Base):
    """One entry of a site's list of causes; a site without entries uses the ready-made list."""

    __tablename__ = "coaching_cause"
    __table_args__ = (UniqueConstraint("site_id", "code"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    code: Mapped[str]
    position: Mapped[int]
    text: Mapped[Texts]


class ReviewCause(Base):
    """What a manager or trainer sees behind a review below the pass line; one per review.

    ``text`` keeps the entry as it read then, since the list may change.
    """

    __tablename__ = "review_cause"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    code: Mapped[str]
    text: Mapped[Texts]
    words: Mapped[str] = mapped_column(default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    at: Mapped[dt.datetime]

    review: Mapped[Review] = relationship()
    by: Mapped[User | None] = relationship()


class CoachingSession(Identified, Base):
    """A talk with an agent, or a note for one, on a day; the agent reads it and may add words.

    ``review_id`` is the review it began with, if any, and ``leg_id`` the call. ``team_id`` is the
    agent's team at that time.
    """

    __tablename__ = "coaching_session"
    __table_args__ = (
        Index("ix_coaching_session_site_id_held_on", "site_id", "held_on"),
        Index("ix_coaching_session_agent_id_held_on", "agent_id", "held_on"),
        Index("ix_coaching_session_review_id", "review_id"),
        Index("ix_coaching_session_leg_id", "leg_id"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    coach_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    kind: Mapped[CoachingKind]
    held_on: Mapped[dt.date]
    review_id: Mapped[int | None] = mapped_column(ForeignKey("review.id", ondelete="SET NULL"))
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("leg.id", ondelete="SET NULL"))
    words: Mapped[str]
    agent_words: Mapped[str] = mapped_column(default="")
    created_at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]

    agent: Mapped[Agent] = relationship()
    coach: Mapped[User | None] = relationship()
    review: Mapped[Review | None] = relationship()
    leg: Mapped[Leg | None] = relationship()
    topics: Mapped[list["CoachingTopic"]] = relationship(
        back_populates="coaching", order_by="CoachingTopic.id", cascade="all, delete-orphan"
    )
    steps: Mapped[list["CoachingStep"]] = relationship(
        back_populates="coaching", order_by="CoachingStep.id", cascade="all, delete-orphan"
    )


class CoachingTopic(Base):
    """A criterion that a talk is about."""

    __tablename__ = "coaching_topic"
    __table_args__ = (UniqueConstraint("session_id", "criterion_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("coaching_session.id", ondelete="CASCADE"))
    criterion_id: Mapped[int] = mapped_column(ForeignKey("criterion.id", ondelete="RESTRICT"))

    coaching: Mapped[CoachingSession] = relationship(back_populates="topics")
    criterion: Mapped[Criterion] = relationship()


class CoachingStep(Identified, Base):
    """A next step that was agreed, with its day, and when it was done."""

    __tablename__ = "coaching_step"
    __table_args__ = (Index("ix_coaching_step_session_id", "session_id"),)

    session_id: Mapped[int] = mapped_column(ForeignKey("coaching_session.id", ondelete="CASCADE"))
    words: Mapped[str]
    due_on: Mapped[dt.date | None]
    done_at: Mapped[dt.datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )

    coaching: Mapped[CoachingSession] = relationship(back_populates="steps")


class Target(Identified, Base):
    """What a site, or one team of it, wants to reach with an indicator in a period.

    ``value`` is in hundredths of the unit the indicator is shown in: of a percent, of a complaint
    per 1,000 calls, of a percentage point. ``focus`` marks the one or two that matter most now.
    """

    __tablename__ = "target"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="period"),
        CheckConstraint("value >= 0", name="value"),
        Index("ix_target_site_id_starts_on", "site_id", "starts_on"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    indicator: Mapped[str]
    value: Mapped[int]
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date]
    focus: Mapped[bool] = mapped_column(default=False, server_default=false())
    set_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    set_at: Mapped[dt.datetime]

    team: Mapped[Team | None] = relationship()
