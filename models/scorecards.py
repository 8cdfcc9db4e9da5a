"""What is measured: scorecards, their versions, sections, criteria and options.

Points are integers in hundredths, percentages in hundredths of a percent (basis points): SQLite
keeps decimals as binary fractions. No column for points can hold a negative value.
"""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified, Texts
from models.vocab import CommentRule, CriterionKind, Skill, VersionState


class Scorecard(Identified, Base):
    """A named way to measure one kind of call; its versions say how. No site: all sites use it."""

    __tablename__ = "scorecard"

    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    code: Mapped[str] = mapped_column(unique=True)

    versions: Mapped[list["ScorecardVersion"]] = relationship(
        back_populates="scorecard", order_by="ScorecardVersion.number"
    )


class ScorecardVersion(Identified, Base):
    """One wording and weighting of a scorecard. Once published it never changes."""

    __tablename__ = "scorecard_version"
    __table_args__ = (
        UniqueConstraint("scorecard_id", "number"),
        CheckConstraint("pass_bp >= 0 AND excellent_bp >= pass_bp", name="bands"),
    )

    scorecard_id: Mapped[int] = mapped_column(ForeignKey("scorecard.id", ondelete="RESTRICT"))
    number: Mapped[int]
    state: Mapped[VersionState] = mapped_column(default=VersionState.DRAFT)
    title: Mapped[Texts]
    description: Mapped[Texts]
    pass_bp: Mapped[int]
    excellent_bp: Mapped[int]
    created_at: Mapped[dt.datetime]
    published_at: Mapped[dt.datetime | None]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    scorecard: Mapped[Scorecard] = relationship(back_populates="versions")
    sections: Mapped[list["Section"]] = relationship(
        back_populates="version", order_by="Section.position", cascade="all, delete-orphan"
    )


class Section(Base):
    """A group of criteria under one heading; ``lineage`` names it across versions."""

    __tablename__ = "section"
    __table_args__ = (UniqueConstraint("version_id", "lineage"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id", ondelete="CASCADE"))
    lineage: Mapped[str]
    position: Mapped[int]
    title: Mapped[Texts]

    version: Mapped[ScorecardVersion] = relationship(back_populates="sections")
    criteria: Mapped[list["Criterion"]] = relationship(
        back_populates="section", order_by="Criterion.position", cascade="all, delete-orphan"
    )


class Criterion(Base):
    """One thing that earns points. ``lineage`` is unique in a version and kept across versions.

    ``points`` is the maximum for yes/no and number-of-points criteria; levels, choices and
    checklists take theirs from the options. ``condition`` is ``{"criterion": lineage, "in":
    [answers]}`` or null. ``reasons`` is a list of ``{"lineage": …, "text": {locale: …}}``.
    """

    __tablename__ = "criterion"
    __table_args__ = (
        UniqueConstraint("version_id", "lineage"),
        CheckConstraint("points >= 0 AND step > 0 AND critical_min >= 0", name="points"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id", ondelete="CASCADE"))
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id", ondelete="CASCADE"))
    lineage: Mapped[str]
    position: Mapped[int]
    kind: Mapped[CriterionKind]
    text: Mapped[Texts]
    guidance: Mapped[Texts]
    examples: Mapped[Texts]
    points: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=100)
    bonus: Mapped[bool] = mapped_column(default=False)
    critical: Mapped[bool] = mapped_column(default=False)
    critical_min: Mapped[int] = mapped_column(default=0)
    na_allowed: Mapped[bool] = mapped_column(default=False)
    comment_when: Mapped[CommentRule] = mapped_column(default=CommentRule.NEVER)
    reasons: Mapped[list[Any]]
    condition: Mapped[dict[str, Any] | None]
    skill: Mapped[Skill | None]

    section: Mapped[Section] = relationship(back_populates="criteria")
    options: Mapped[list["CriterionOption"]] = relationship(
        back_populates="criterion",
        order_by="CriterionOption.position",
        cascade="all, delete-orphan",
    )


class CriterionOption(Base):
    """A level, a choice or a checklist item, with the points it earns."""

    __tablename__ = "criterion_option"
    __table_args__ = (
        UniqueConstraint("criterion_id", "lineage"),
        CheckConstraint("points >= 0", name="points"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    criterion_id: Mapped[int] = mapped_column(ForeignKey("criterion.id", ondelete="CASCADE"))
    lineage: Mapped[str]
    position: Mapped[int]
    points: Mapped[int]
    text: Mapped[Texts]

    criterion: Mapped[Criterion] = relationship(back_populates="options")
