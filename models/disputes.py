"""Agents dispute single criteria of a review; somebody else decides, within days that are set."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.people import Agent, User
from models.reviews import Review, ReviewRevision
from models.scorecards import Criterion
from models.vocab_learning import DisputeReason, DisputeResult, DisputeState


class Dispute(Identified, Base):
    """What an agent disputes of one review in one go; decided as a whole, criterion by criterion.

    ``revision_id`` is the score that the decision made, null where none changed; ``before_id`` the
    score that was disputed.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("(state = 'decided') = (decided_at IS NOT NULL)", name="decided"),
        Index("ix_dispute_site_id_state_due_at", "site_id", "state", "due_at"),
        Index("ix_dispute_review_id", "review_id"),
    )

    review_id: Mapped[int] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    state: Mapped[DisputeState] = mapped_column(default=DisputeState.OPEN)
    raised_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    before_id: Mapped[int] = mapped_column(ForeignKey("review_revision.id", ondelete="CASCADE"))
    revision_id: Mapped[int | None] = mapped_column(
        ForeignKey("review_revision.id", ondelete="CASCADE")
    )

    review: Mapped[Review] = relationship()
    agent: Mapped[Agent] = relationship()
    decided_by: Mapped[User | None] = relationship()
    before: Mapped[ReviewRevision] = relationship(foreign_keys=[before_id])
    revision: Mapped[ReviewRevision | None] = relationship(foreign_keys=[revision_id])
    items: Mapped[list["DisputeItem"]] = relationship(
        back_populates="dispute", order_by="DisputeItem.id", cascade="all, delete-orphan"
    )


class DisputeItem(Base):
    """One criterion of a dispute: why, where in the call, and what was decided.

    Once per review and criterion. ``evidence`` is a list of spans as in ``answer``; ``answer`` are
    the decider's reasons.
    """

    __tablename__ = "dispute_item"
    __table_args__ = (UniqueConstraint("review_id", "criterion_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    dispute_id: Mapped[int] = mapped_column(
        ForeignKey("dispute.id", ondelete="CASCADE"), index=True
    )
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"))
    criterion_id: Mapped[int] = mapped_column(ForeignKey("criterion.id", ondelete="RESTRICT"))
    reason: Mapped[DisputeReason]
    words: Mapped[str]
    evidence: Mapped[list[Any]]
    result: Mapped[DisputeResult] = mapped_column(default=DisputeResult.OPEN)
    answer: Mapped[str] = mapped_column(default="")

    dispute: Mapped[Dispute] = relationship(back_populates="items")
    criterion: Mapped[Criterion] = relationship()


class DisputeRule(Base):
    """How long agents of a site, or of one project of it, may dispute, and how long deciding takes.

    Days. Without a row the defaults of ``pipelines.review.rules`` hold.
    """

    __tablename__ = "dispute_rule"
    __table_args__ = (
        UniqueConstraint("site_id", "project_id"),
        CheckConstraint(
            "window_days BETWEEN 1 AND 365 AND decide_days BETWEEN 1 AND 365", name="days"
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    window_days: Mapped[int]
    decide_days: Mapped[int]
