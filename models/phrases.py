"""Phrases: rules about what is said, their versions, what they found, and tries before use."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.calls import Project
from models.people import User
from models.transcripts import Transcript
from models.vocab import Party, PhraseVerdict, PhraseVersionState


class PhraseRule(Identified, Base):
    """Something to be noticed in the calls of a project; its versions say what exactly."""

    __tablename__ = "phrase_rule"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str]
    created_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    created_at: Mapped[dt.datetime]

    project: Mapped[Project] = relationship()
    versions: Mapped[list["PhraseVersion"]] = relationship(
        back_populates="rule", order_by="PhraseVersion.number"
    )


class PhraseVersion(Identified, Base):
    """One wording of a rule. From the day it is switched on its ``settings`` never change.

    ``settings`` is what ``pipelines.phrases.rules.settings.RuleSettings`` writes. ``confirmed`` and
    ``rejected`` count people's verdicts and outlive the hits, which go with their transcripts.
    ``filled_to`` is the cursor of the job that looks through past calls (id of a transcript), with
    ``filled_at`` when it was done.
    """

    __tablename__ = "phrase_version"
    __table_args__ = (
        UniqueConstraint("rule_id", "number"),
        CheckConstraint("confirmed >= 0 AND rejected >= 0", name="tallies"),
        CheckConstraint("(state = 'draft') = (switched_on_at IS NULL)", name="switched_on"),
        # One at most is on: a second switch at the same moment is refused by the database.
        Index(
            "ix_phrase_version_on",
            "rule_id",
            unique=True,
            sqlite_where=text("state = 'on'"),
            postgresql_where=text("state = 'on'"),
        ),
    )

    rule_id: Mapped[int] = mapped_column(ForeignKey("phrase_rule.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[PhraseVersionState] = mapped_column(default=PhraseVersionState.DRAFT)
    settings: Mapped[dict[str, Any]]
    created_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    created_at: Mapped[dt.datetime]
    switched_on_at: Mapped[dt.datetime | None]
    confirmed: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    filled_to: Mapped[int] = mapped_column(BigId, default=0)
    filled_at: Mapped[dt.datetime | None]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    rule: Mapped[PhraseRule] = relationship(back_populates="versions")


class PhraseHit(Identified, Base):
    """A rule's version found something in a transcript, and perhaps a person has judged it.

    ``runs`` names the words, ``[turn position, first word, last word]`` from 0, and keeps none of
    them: pages read them from the turns, with what is masked there masked. ``absent`` hits are
    about what was not said within the span; ``missing`` counts the absent steps of a sequence.
    ``probability`` is that of the least sure word. ``party`` is null where several are meant.
    """

    __tablename__ = "phrase_hit"
    __table_args__ = (
        CheckConstraint("end_ms >= start_ms AND start_ms >= 0", name="times"),
        CheckConstraint("(verdict IS NULL) = (judged_at IS NULL)", name="judged"),
        Index("ix_phrase_hit_transcript_id_start_ms", "transcript_id", "start_ms"),
        Index("ix_phrase_hit_version_id_verdict", "version_id", "verdict"),
    )

    version_id: Mapped[int] = mapped_column(ForeignKey("phrase_version.id", ondelete="CASCADE"))
    transcript_id: Mapped[int] = mapped_column(ForeignKey("transcript.id", ondelete="CASCADE"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    party: Mapped[Party | None]
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    runs: Mapped[list[Any]]
    absent: Mapped[bool] = mapped_column(default=False)
    missing: Mapped[list[Any]]
    probability: Mapped[float | None]
    found_at: Mapped[dt.datetime]
    verdict: Mapped[PhraseVerdict | None]
    judged_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    judged_at: Mapped[dt.datetime | None]

    version: Mapped[PhraseVersion] = relationship()
    transcript: Mapped[Transcript] = relationship()
    judged_by: Mapped[User | None] = relationship()


class PhraseTrial(Identified, Base):
    """A version was run over the past calls of a period, without leaving any hit.

    ``cursor`` is the id of the last transcript looked at; the sums grow with it. ``examples`` are
    hits as ``PhraseHit`` keeps them, with ``transcript_id`` and its ``attempt``, without words.
    """

    __tablename__ = "phrase_trial"
    __table_args__ = (
        CheckConstraint("period_end >= period_start", name="period"),
        CheckConstraint("calls_hit <= calls AND calls <= total", name="sums"),
    )

    version_id: Mapped[int] = mapped_column(
        ForeignKey("phrase_version.id", ondelete="CASCADE"), index=True
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    period_start: Mapped[dt.date]
    period_end: Mapped[dt.date]
    settings: Mapped[dict[str, Any]]
    total: Mapped[int]
    cursor: Mapped[int] = mapped_column(BigId, default=0)
    calls: Mapped[int] = mapped_column(default=0)
    calls_hit: Mapped[int] = mapped_column(default=0)
    hits: Mapped[int] = mapped_column(default=0)
    unsure: Mapped[int] = mapped_column(default=0)
    examples: Mapped[list[Any]]
    error_code: Mapped[str | None]
    asked_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    asked_at: Mapped[dt.datetime]
    done_at: Mapped[dt.datetime | None]

    version: Mapped[PhraseVersion] = relationship()
