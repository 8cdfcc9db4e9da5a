"""People's judgements of legs: tasks, reviews and their history, self-assessments, objections."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.calls import Leg
from models.people import Agent, User
from models.samples import DrawnCall
from models.scorecards import Criterion, ScorecardVersion
from models.vocab import (
    AssessmentState,
    ObjectionState,
    Origin,
    ReviewState,
    RevisionCause,
    SkipKind,
    TaskState,
)
from models.vocab_learning import ExemplarAudience, ExemplarLevel, ExemplarState


class Task(Identified, Base):
    """A reviewer's piece of work: one leg to be scored with one scorecard version by a due day.

    An open task with an assignee was given to that person, who has not begun. A claimed one with a
    ``skip_kind`` waits for a manager to confirm the skip.
    """

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("leg_id", "origin", "drawn_call_id"),
        CheckConstraint("(state = 'claimed') <= (assignee_id IS NOT NULL)", name="claimed"),
        Index("ix_task_site_id_state_due_at", "site_id", "state", "due_at"),
        Index("ix_task_assignee_id_state", "assignee_id", "state"),
    )

    origin: Mapped[Origin]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id", ondelete="RESTRICT"))
    drawn_call_id: Mapped[int | None] = mapped_column(
        ForeignKey("drawn_call.id", ondelete="RESTRICT"), index=True
    )
    version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id", ondelete="RESTRICT"))
    assignee_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    state: Mapped[TaskState] = mapped_column(default=TaskState.OPEN)
    skip_kind: Mapped[SkipKind | None]
    skip_reason: Mapped[str | None]
    due_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]
    claimed_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    leg: Mapped[Leg] = relationship()
    drawn_call: Mapped[DrawnCall | None] = relationship()
    version: Mapped[ScorecardVersion] = relationship()
    assignee: Mapped[User | None] = relationship()
    review: Mapped["Review | None"] = relationship(back_populates="task")


class Review(Identified, Base):
    """A person's evaluation of one leg on one scorecard version.

    While it is a draft its answers stand in ``draft`` (criterion lineage to answer, comment,
    reason, evidence) and may be incomplete; ``lock_version`` guards against two open tabs. Once
    submitted its scores stand in revisions, of which ``current_revision_id`` is the one shown.
    ``notes`` are the reviewer's own, in order of time: ``{"at_ms": … or null, "text": …, "shared":
    …}``; only those that are shared stand in the feedback.
    """

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("(state = 'submitted') = (submitted_at IS NOT NULL)", name="submitted"),
        Index("ix_review_site_id_submitted_at", "site_id", "submitted_at"),
        Index("ix_review_leg_id", "leg_id"),
        Index("ix_review_drawn_call_id", "drawn_call_id"),
    )

    task_id: Mapped[int | None] = mapped_column(
        ForeignKey("task.id", ondelete="RESTRICT"), unique=True
    )
    origin: Mapped[Origin]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id", ondelete="RESTRICT"))
    version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id", ondelete="RESTRICT"))
    drawn_call_id: Mapped[int | None] = mapped_column(
        ForeignKey("drawn_call.id", ondelete="RESTRICT")
    )
    reviewer_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL"), index=True
    )
    state: Mapped[ReviewState] = mapped_column(default=ReviewState.DRAFT)
    draft: Mapped[dict[str, Any]]
    summary: Mapped[str] = mapped_column(default="")
    notes: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    started_at: Mapped[dt.datetime]
    saved_at: Mapped[dt.datetime]
    submitted_at: Mapped[dt.datetime | None]
    acknowledged_at: Mapped[dt.datetime | None]
    current_revision_id: Mapped[int | None] = mapped_column(
        ForeignKey("review_revision.id", ondelete="RESTRICT", use_alter=True)
    )
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    task: Mapped[Task | None] = relationship(back_populates="review")
    leg: Mapped[Leg] = relationship()
    version: Mapped[ScorecardVersion] = relationship()
    drawn_call: Mapped[DrawnCall | None] = relationship()
    reviewer: Mapped[User | None] = relationship()
    revisions: Mapped[list["ReviewRevision"]] = relationship(
        back_populates="review",
        order_by="ReviewRevision.number",
        foreign_keys="ReviewRevision.review_id",
    )
    current: Mapped["ReviewRevision | None"] = relationship(
        foreign_keys=[current_revision_id], post_update=True
    )
    objections: Mapped[list["Objection"]] = relationship(
        back_populates="review", order_by="Objection.id"
    )


class ReviewRevision(Base):
    """A score that was shown to somebody, kept for ever. Points are hundredths.

    ``excellent`` and ``passed`` are null where nothing was attainable (no score).
    """

    __tablename__ = "review_revision"
    __table_args__ = (
        UniqueConstraint("review_id", "number"),
        CheckConstraint("earned >= 0 AND attainable >= 0", name="points"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id", ondelete="RESTRICT"))
    number: Mapped[int]
    cause: Mapped[RevisionCause]
    earned: Mapped[int]
    attainable: Mapped[int]
    failed_critical: Mapped[list[Any]]
    excellent: Mapped[bool | None]
    passed: Mapped[bool | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    at: Mapped[dt.datetime]

    review: Mapped[Review] = relationship(back_populates="revisions", foreign_keys=[review_id])
    answers: Mapped[list["Answer"]] = relationship(back_populates="revision", order_by="Answer.id")


class SelfAssessment(Identified, Base):
    """An agent's own evaluation of one of their legs, asked for beside a review or voluntary."""

    __tablename__ = "self_assessment"
    __table_args__ = (
        UniqueConstraint("leg_id", "agent_id"),
        CheckConstraint("(state = 'submitted') = (submitted_at IS NOT NULL)", name="submitted"),
        CheckConstraint("earned IS NULL OR (earned >= 0 AND attainable >= 0)", name="points"),
        Index("ix_self_assessment_agent_id_state", "agent_id", "state"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id", ondelete="RESTRICT"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id", ondelete="RESTRICT"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id", ondelete="SET NULL"))
    voluntary: Mapped[bool] = mapped_column(default=False)
    state: Mapped[AssessmentState] = mapped_column(default=AssessmentState.ASKED)
    draft: Mapped[dict[str, Any]]
    earned: Mapped[int | None]
    attainable: Mapped[int | None]
    due_at: Mapped[dt.datetime | None]
    saved_at: Mapped[dt.datetime | None]
    submitted_at: Mapped[dt.datetime | None]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    leg: Mapped[Leg] = relationship()
    agent: Mapped[Agent] = relationship()
    version: Mapped[ScorecardVersion] = relationship()
    answers: Mapped[list["Answer"]] = relationship(
        back_populates="self_assessment", order_by="Answer.id"
    )


class Answer(Base):
    """What was said to one criterion, and the points it earned (hundredths).

    Belongs to a revision of a review or to a submitted self-assessment. ``value`` is
    ``{"answer": …}`` in the encoding of ``pipelines.scoring.rules``; ``evidence`` is a list of
    ``{"start_ms": …, "end_ms": …, "words": …}``.
    """

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("revision_id", "criterion_id"),
        UniqueConstraint("self_assessment_id", "criterion_id"),
        CheckConstraint("(revision_id IS NULL) <> (self_assessment_id IS NULL)", name="one_owner"),
        CheckConstraint("earned >= 0 AND attainable >= 0", name="points"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    revision_id: Mapped[int | None] = mapped_column(
        ForeignKey("review_revision.id", ondelete="CASCADE")
    )
    self_assessment_id: Mapped[int | None] = mapped_column(
        ForeignKey("self_assessment.id", ondelete="CASCADE")
    )
    criterion_id: Mapped[int] = mapped_column(
        ForeignKey("criterion.id", ondelete="RESTRICT"), index=True
    )
    value: Mapped[dict[str, Any]]
    not_applicable: Mapped[bool] = mapped_column(default=False)
    earned: Mapped[int]
    attainable: Mapped[int]
    comment: Mapped[str] = mapped_column(default="")
    reason: Mapped[str | None]
    evidence: Mapped[list[Any]]

    criterion: Mapped[Criterion] = relationship()
    revision: Mapped[ReviewRevision | None] = relationship(back_populates="answers")
    self_assessment: Mapped[SelfAssessment | None] = relationship(back_populates="answers")


class Objection(Identified, Base):
    """An agent disagrees with a review, in words; somebody other than the reviewer answers."""

    __tablename__ = "objection"
    __table_args__ = (
        CheckConstraint("(state = 'open') = (answered_at IS NULL)", name="answered"),
        Index("ix_objection_site_id_state", "site_id", "state"),
    )

    review_id: Mapped[int] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    words: Mapped[str]
    raised_at: Mapped[dt.datetime]
    state: Mapped[ObjectionState] = mapped_column(default=ObjectionState.OPEN)
    answer: Mapped[str] = mapped_column(default="")
    answered_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    answered_at: Mapped[dt.datetime | None]

    review: Mapped[Review] = relationship(back_populates="objections")
    agent: Mapped[Agent] = relationship()
    answered_by: Mapped[User | None] = relationship()


class Exemplar(Identified, Base):
    """A call, or a part of it, that is worth hearing, chosen by a trainer, with the reason.

    ``review_id`` where it was chosen from a review; ``criterion_id`` null: it shows the call as a
    whole. ``language`` is the recogniser's code. The agent's name is shown where they said so
    (``named``). ``kept_until`` keeps the recording beyond its retention rule, for ``keep_reason``,
    where the site allows it.
    """

    __tablename__ = "exemplar"
    __table_args__ = (
        Index("ix_exemplar_site_id", "site_id"),
        CheckConstraint("(start_ms IS NULL) = (end_ms IS NULL)", name="span"),
        CheckConstraint("(kept_until IS NULL) = (keep_reason IS NULL)", name="kept"),
        CheckConstraint("(state = 'shared') = (state_at IS NULL)", name="ended"),
    )

    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id", ondelete="CASCADE"), index=True)
    review_id: Mapped[int | None] = mapped_column(
        ForeignKey("review.id", ondelete="CASCADE"), index=True
    )
    criterion_id: Mapped[int | None] = mapped_column(
        ForeignKey("criterion.id", ondelete="RESTRICT")
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    why: Mapped[str]
    level: Mapped[ExemplarLevel] = mapped_column(
        default=ExemplarLevel.MODEL, server_default=ExemplarLevel.MODEL.value
    )
    language: Mapped[str | None]
    start_ms: Mapped[int | None]
    end_ms: Mapped[int | None]
    audience: Mapped[ExemplarAudience] = mapped_column(
        default=ExemplarAudience.TEAM, server_default=ExemplarAudience.TEAM.value
    )
    state: Mapped[ExemplarState] = mapped_column(
        default=ExemplarState.SHARED, server_default=ExemplarState.SHARED.value
    )
    state_at: Mapped[dt.datetime | None]
    named: Mapped[bool] = mapped_column(default=False, server_default=false())
    kept_until: Mapped[dt.datetime | None]
    keep_reason: Mapped[str | None]
    chosen_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    chosen_at: Mapped[dt.datetime]

    leg: Mapped[Leg] = relationship()
    review: Mapped[Review | None] = relationship()
    criterion: Mapped[Criterion | None] = relationship()
    chosen_by: Mapped[User | None] = relationship()
    tags: Mapped[list["ExemplarTag"]] = relationship(
        order_by="ExemplarTag.tag", cascade="all, delete-orphan"
    )


class ExemplarTag(Base):
    """A trainer's word for an exemplar, by which it is found again."""

    __tablename__ = "exemplar_tag"

    exemplar_id: Mapped[int] = mapped_column(
        ForeignKey("exemplar.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(primary_key=True)
