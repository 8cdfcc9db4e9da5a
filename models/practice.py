"""Learning from exemplars: playlists to listen to, quizzes to practise with, and the attempts.

Nothing here is a review, and nothing of it counts in any rate.
"""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.calls import Leg
from models.people import Team, User
from models.reviews import Exemplar, Review
from models.scorecards import ScorecardVersion
from models.vocab_learning import AttemptState, QuizState


class Playlist(Identified, Base):
    """Exemplars in an order, to be heard in a row; shared in the site, or in one team of it."""

    __tablename__ = "playlist"

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    title: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    made_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    made_at: Mapped[dt.datetime]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    team: Mapped[Team | None] = relationship()
    made_by: Mapped[User | None] = relationship()
    items: Mapped[list["PlaylistItem"]] = relationship(
        back_populates="playlist",
        order_by="PlaylistItem.position",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )


class PlaylistItem(Identified, Base):
    """An exemplar's place in a playlist, with a word on what to listen for."""

    __tablename__ = "playlist_item"
    __table_args__ = (UniqueConstraint("playlist_id", "exemplar_id"),)

    playlist_id: Mapped[int] = mapped_column(ForeignKey("playlist.id", ondelete="CASCADE"))
    exemplar_id: Mapped[int] = mapped_column(
        ForeignKey("exemplar.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    note: Mapped[str] = mapped_column(default="")

    playlist: Mapped[Playlist] = relationship(back_populates="items")
    exemplar: Mapped[Exemplar] = relationship()


class Quiz(Identified, Base):
    """Exemplars that some people score blind until a day, and then compare with the reference.

    ``criteria`` lists the lineages that are asked of ``version_id``; empty: the whole sheet.
    ``team_id`` null: of the whole site. It can be taken while it is open and ``due_at`` is ahead.
    """

    __tablename__ = "quiz"
    __table_args__ = (Index("ix_quiz_site_id_state", "site_id", "state"),)

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    title: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id", ondelete="RESTRICT"))
    criteria: Mapped[list[Any]]
    state: Mapped[QuizState] = mapped_column(default=QuizState.DRAFT)
    due_at: Mapped[dt.datetime]
    made_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    made_at: Mapped[dt.datetime]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    team: Mapped[Team | None] = relationship()
    version: Mapped[ScorecardVersion] = relationship()
    made_by: Mapped[User | None] = relationship()
    items: Mapped[list["QuizItem"]] = relationship(
        back_populates="quiz", order_by="QuizItem.position", cascade="all, delete-orphan"
    )
    people: Mapped[list["QuizPerson"]] = relationship(
        back_populates="quiz", order_by="QuizPerson.id", cascade="all, delete-orphan"
    )


class QuizItem(Identified, Base):
    """One exemplar of a quiz with its reference: how it should be scored, and why.

    The call, its span and ``why`` are copied, so that a withdrawn exemplar leaves what people did.
    ``reference`` is a sheet; it counts from ``reference_at`` on, when it is complete, and then has
    its points in hundredths. ``review_id`` is the review that it was taken from.
    """

    __tablename__ = "quiz_item"
    __table_args__ = (
        UniqueConstraint("quiz_id", "leg_id", "start_ms"),
        CheckConstraint("earned >= 0 AND attainable >= 0", name="points"),
    )

    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id", ondelete="CASCADE"))
    position: Mapped[int]
    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id", ondelete="CASCADE"), index=True)
    exemplar_id: Mapped[int | None] = mapped_column(
        ForeignKey("exemplar.id", ondelete="SET NULL"), index=True
    )
    review_id: Mapped[int | None] = mapped_column(ForeignKey("review.id", ondelete="SET NULL"))
    start_ms: Mapped[int | None]
    end_ms: Mapped[int | None]
    why: Mapped[str]
    reference: Mapped[dict[str, Any]]
    reference_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    reference_at: Mapped[dt.datetime | None]
    saved_at: Mapped[dt.datetime]
    earned: Mapped[int] = mapped_column(default=0)
    attainable: Mapped[int] = mapped_column(default=0)
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    quiz: Mapped[Quiz] = relationship(back_populates="items")
    leg: Mapped[Leg] = relationship()
    exemplar: Mapped[Exemplar | None] = relationship()
    review: Mapped[Review | None] = relationship()
    reference_by: Mapped[User | None] = relationship()


class QuizPerson(Base):
    """A person who is asked to take a quiz."""

    __tablename__ = "quiz_person"
    __table_args__ = (UniqueConstraint("quiz_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
    added_at: Mapped[dt.datetime]

    quiz: Mapped[Quiz] = relationship(back_populates="people")
    user: Mapped[User] = relationship()


class PracticeAttempt(Identified, Base):
    """One person's blind score of one exemplar of a quiz. Never a review, in no rate.

    ``sheet`` is the draft, and what was answered once it is submitted. ``compared`` maps each
    criterion's lineage to ``[own, reference, most]`` in hundredths, ``own`` or ``reference`` null
    where it did not apply, as ``pipelines.practice.rules`` writes it; ``agreed`` of them agree.
    """

    __tablename__ = "practice_attempt"
    __table_args__ = (
        UniqueConstraint("item_id", "user_id"),
        CheckConstraint("(state = 'submitted') = (submitted_at IS NOT NULL)", name="submitted"),
        CheckConstraint("earned >= 0 AND attainable >= 0 AND agreed >= 0", name="points"),
    )

    item_id: Mapped[int] = mapped_column(ForeignKey("quiz_item.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[AttemptState] = mapped_column(default=AttemptState.DRAFT)
    sheet: Mapped[dict[str, Any]]
    compared: Mapped[dict[str, Any]]
    earned: Mapped[int] = mapped_column(default=0)
    attainable: Mapped[int] = mapped_column(default=0)
    agreed: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[dt.datetime]
    saved_at: Mapped[dt.datetime]
    submitted_at: Mapped[dt.datetime | None]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    item: Mapped[QuizItem] = relationship()
    user: Mapped[User] = relationship()
