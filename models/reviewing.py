"""What stands around reviews: who asked for one, reviewers' time, and calls heard live."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.calls import Leg, Project
from models.people import Agent, Site, User
from models.reviews import Review, Task
from models.scorecards import ScorecardVersion
from models.vocab import ReviewState


class ReviewerTime(Base):
    """How many minutes a week a person has for reviewing at a site, as a manager set it."""

    __tablename__ = "reviewer_time"
    __table_args__ = (
        UniqueConstraint("user_id", "site_id"),
        CheckConstraint("minutes_a_week BETWEEN 0 AND 6000", name="minutes"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), index=True)
    minutes_a_week: Mapped[int]

    user: Mapped[User] = relationship()


class ReviewRequest(Base):
    """A manager or trainer asked for the review of a call (origin ``directed``), for a reason.

    The reviewer reads the reason after submitting only; the agent reads it with the feedback.
    """

    __tablename__ = "review_request"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), unique=True)
    asked_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    reason: Mapped[str]
    asked_at: Mapped[dt.datetime]

    task: Mapped[Task] = relationship()
    asked_by: Mapped[User | None] = relationship()


class LiveReview(Identified, Base):
    """A call judged while it was heard, before any record of it was on file.

    Its answers stand in ``draft`` as in a review, its notes in ``notes``. Once the call is
    imported, the leg is found by agent and time, ``review_id`` points at the review made from it,
    and the words here are gone. A submitted one never changes otherwise (a trigger).
    """

    __tablename__ = "live_review"
    __table_args__ = (
        CheckConstraint("(state = 'submitted') = (submitted_at IS NOT NULL)", name="submitted"),
        CheckConstraint("(leg_id IS NULL) = (review_id IS NULL)", name="found"),
        Index("ix_live_review_agent_id_begun_at", "agent_id", "begun_at"),
        Index("ix_live_review_site_id_begun_at", "site_id", "begun_at"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="RESTRICT"))
    version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id", ondelete="RESTRICT"))
    reviewer_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL"), index=True
    )
    state: Mapped[ReviewState] = mapped_column(default=ReviewState.DRAFT)
    draft: Mapped[dict[str, Any]]
    summary: Mapped[str] = mapped_column(default="")
    notes: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    begun_at: Mapped[dt.datetime]
    saved_at: Mapped[dt.datetime]
    submitted_at: Mapped[dt.datetime | None]
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("leg.id", ondelete="RESTRICT"))
    review_id: Mapped[int | None] = mapped_column(
        ForeignKey("review.id", ondelete="RESTRICT"), unique=True
    )
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    site: Mapped[Site] = relationship()
    agent: Mapped[Agent] = relationship()
    project: Mapped[Project] = relationship()
    version: Mapped[ScorecardVersion] = relationship()
    reviewer: Mapped[User | None] = relationship()
    leg: Mapped[Leg | None] = relationship()
    review: Mapped[Review | None] = relationship()
