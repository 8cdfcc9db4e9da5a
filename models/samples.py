"""Which calls were chosen to be heard, how likely each was, and why."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.calls import Call
from models.people import Site
from models.scorecards import Scorecard
from models.vocab import DrawState, PlanState, SkipKind


class SamplePlan(Identified, Base):
    """What to draw, again and again: filters, reasons with their settings, quotas, due days.

    ``settings`` holds the plan's rules as ``pipelines.sampling.rules.PlanSettings`` writes them.
    ``phrase_hits`` lets reviewers see, while they score, what phrase rules found.
    ``second_share_bp`` is the share of calls, in basis points, that a second reviewer scores blind;
    ``no_colleagues`` keeps calls from reviewers who are in one team with the agent.
    """

    __tablename__ = "sample_plan"
    __table_args__ = (
        UniqueConstraint("site_id", "name"),
        CheckConstraint("settling_days >= 0 AND due_days >= 1", name="days"),
        CheckConstraint("second_share_bp BETWEEN 0 AND 5000", name="second_share"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    name: Mapped[str]
    scorecard_id: Mapped[int | None] = mapped_column(
        ForeignKey("scorecard.id", ondelete="RESTRICT")
    )
    settings: Mapped[dict[str, Any]]
    settling_days: Mapped[int] = mapped_column(default=3)
    due_days: Mapped[int] = mapped_column(default=7)
    self_assessment_days: Mapped[int] = mapped_column(default=7)
    nightly: Mapped[bool] = mapped_column(default=False)
    phrase_hits: Mapped[bool] = mapped_column(default=False, server_default=false())
    second_share_bp: Mapped[int] = mapped_column(default=0, server_default="0")
    no_colleagues: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[PlanState] = mapped_column(default=PlanState.ACTIVE)
    created_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    created_at: Mapped[dt.datetime]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    site: Mapped[Site] = relationship()
    scorecard: Mapped[Scorecard | None] = relationship()
    draws: Mapped[list["Draw"]] = relationship(back_populates="plan", order_by="Draw.id")


class Draw(Identified, Base):
    """One run of a plan over one period, frozen as of one moment.

    ``seed`` is 16 hexadecimal digits, shown only when the draw is closed. ``n_connected`` and
    ``n_recorded`` (= N) count calls of the frame's period and filters; ``excluded`` counts what
    was left out, by kind. ``extended_at`` is the first time that calls were added after reviews of
    this draw were in: every figure made from it says so. ``second_share_bp`` is the plan's, as it
    was when the draw was made.
    """

    __tablename__ = "draw"
    __table_args__ = (
        CheckConstraint("period_end >= period_start", name="period"),
        CheckConstraint("n_recorded >= 0 AND n_connected >= n_recorded", name="frame"),
        Index("ix_draw_site_id_period_start", "site_id", "period_start"),
    )

    plan_id: Mapped[int] = mapped_column(
        ForeignKey("sample_plan.id", ondelete="RESTRICT"), index=True
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    period_start: Mapped[dt.date]
    period_end: Mapped[dt.date]
    as_of: Mapped[dt.datetime]
    seed: Mapped[str]
    state: Mapped[DrawState] = mapped_column(default=DrawState.OPEN)
    void_reason: Mapped[str | None]
    extended_at: Mapped[dt.datetime | None]
    n_calls: Mapped[int]
    n_connected: Mapped[int]
    n_recorded: Mapped[int]
    excluded: Mapped[dict[str, Any]]
    settings: Mapped[dict[str, Any]]
    second_share_bp: Mapped[int] = mapped_column(default=0, server_default="0")
    manifest_key: Mapped[str]
    manifest_sha256: Mapped[str]
    drawn_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    drawn_at: Mapped[dt.datetime]

    plan: Mapped[SamplePlan] = relationship(back_populates="draws")
    strata: Mapped[list["DrawStratum"]] = relationship(
        back_populates="draw", order_by="DrawStratum.position"
    )
    calls: Mapped[list["DrawnCall"]] = relationship(
        back_populates="draw", order_by="DrawnCall.position"
    )


class DrawStratum(Base):
    """A part of a draw's frame in which every call has the same chance: ``n_drawn`` of ``n_frame``.

    ``position`` is the order fixed before the draw, used to join a stratum with one review to its
    neighbour for variance.
    """

    __tablename__ = "draw_stratum"
    __table_args__ = (
        UniqueConstraint("draw_id", "key"),
        CheckConstraint("n_drawn BETWEEN 0 AND n_frame", name="counts"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id", ondelete="CASCADE"))
    key: Mapped[str]
    position: Mapped[int]
    n_frame: Mapped[int]
    n_drawn: Mapped[int]

    draw: Mapped[Draw] = relationship(back_populates="strata")


class DrawnCall(Identified, Base):
    """A call of a draw: its stratum, all its reasons with their figures, and its place in the list.

    The inclusion probability is the stratum's ``n_drawn / n_frame``, kept as these two integers.
    ``explanation`` maps each reason to its figures; words are made from them when shown.
    ``earlier_id`` is set in the stratum ``already_reviewed`` alone: the call was drawn before, its
    review belongs to that earlier row and counts here with weight 1; no new task is made.
    """

    __tablename__ = "drawn_call"
    __table_args__ = (UniqueConstraint("draw_id", "call_id"),)

    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id", ondelete="CASCADE"))
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="RESTRICT"), index=True)
    stratum_id: Mapped[int] = mapped_column(ForeignKey("draw_stratum.id", ondelete="CASCADE"))
    position: Mapped[int]
    random_number: Mapped[int] = mapped_column(BigInteger)
    reasons: Mapped[list[Any]]
    explanation: Mapped[dict[str, Any]]
    replaces_id: Mapped[int | None] = mapped_column(
        ForeignKey("drawn_call.id", ondelete="SET NULL")
    )
    earlier_id: Mapped[int | None] = mapped_column(
        ForeignKey("drawn_call.id", ondelete="RESTRICT"), index=True
    )
    skip_kind: Mapped[SkipKind | None]
    skip_reason: Mapped[str | None]

    draw: Mapped[Draw] = relationship(back_populates="calls")
    stratum: Mapped[DrawStratum] = relationship()
    call: Mapped[Call] = relationship()
