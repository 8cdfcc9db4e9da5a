"""Calibration: rounds in which several reviewers score the same legs, blind, and what they agreed.

Each reviewer's own answers are a review of origin ``calibration``, found through the seat's task.
"""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.calls import Leg
from models.people import Site, User
from models.reviews import Task
from models.scorecards import ScorecardVersion
from models.vocab import CalibrationState


class CalibrationRound(Identified, Base):
    """A set of legs that a set of reviewers scores by a due time, on one scorecard version.

    ``team_id`` is set where all legs are of one team, so that those who lead it alone see it.
    """

    __tablename__ = "calibration_round"
    __table_args__ = (
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        Index("ix_calibration_round_site_id_state", "site_id", "state"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    version_id: Mapped[int] = mapped_column(
        ForeignKey("scorecard_version.id", ondelete="RESTRICT"), index=True
    )
    title: Mapped[str]
    state: Mapped[CalibrationState] = mapped_column(default=CalibrationState.OPEN)
    due_at: Mapped[dt.datetime]
    created_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    site: Mapped[Site] = relationship()
    version: Mapped[ScorecardVersion] = relationship()
    created_by: Mapped[User | None] = relationship()
    items: Mapped[list["CalibrationItem"]] = relationship(
        back_populates="round", order_by="CalibrationItem.position"
    )


class CalibrationItem(Identified, Base):
    """One leg of a round, and the reference score that the session agreed on it.

    ``reference`` maps a criterion's lineage to answer, comment (the reason) and evidence, as a
    draft until ``agreed_at``; ``points`` maps lineages to what the agreed answers earned, in
    hundredths. Once agreed, a row never changes.
    """

    __tablename__ = "calibration_item"
    __table_args__ = (
        UniqueConstraint("round_id", "leg_id"),
        UniqueConstraint("round_id", "position"),
        CheckConstraint("(agreed_at IS NULL) = (earned IS NULL)", name="agreed"),
        CheckConstraint("earned IS NULL OR (earned >= 0 AND attainable >= 0)", name="points"),
        Index("ix_calibration_item_leg_id", "leg_id"),
    )

    round_id: Mapped[int] = mapped_column(ForeignKey("calibration_round.id", ondelete="RESTRICT"))
    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id", ondelete="RESTRICT"))
    position: Mapped[int]
    reference: Mapped[dict[str, Any]]
    points: Mapped[dict[str, Any]]
    words: Mapped[str] = mapped_column(default="")
    earned: Mapped[int | None]
    attainable: Mapped[int | None]
    saved_at: Mapped[dt.datetime | None]
    agreed_at: Mapped[dt.datetime | None]
    agreed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    round: Mapped[CalibrationRound] = relationship(back_populates="items")
    leg: Mapped[Leg] = relationship()
    agreed_by: Mapped[User | None] = relationship()
    seats: Mapped[list["CalibrationSeat"]] = relationship(
        back_populates="item", order_by="CalibrationSeat.id"
    )


class CalibrationSeat(Base):
    """One reviewer's part in one leg of a round; without a task where it was never finished."""

    __tablename__ = "calibration_seat"
    __table_args__ = (UniqueConstraint("item_id", "reviewer_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("calibration_item.id", ondelete="RESTRICT"))
    reviewer_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL"), index=True
    )
    task_id: Mapped[int | None] = mapped_column(
        ForeignKey("task.id", ondelete="SET NULL"), unique=True
    )

    item: Mapped[CalibrationItem] = relationship(back_populates="seats")
    reviewer: Mapped[User | None] = relationship()
    task: Mapped[Task | None] = relationship()
