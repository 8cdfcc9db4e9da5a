"""What happens to drafts before they are published: steps that can be undone, and comments.

Comments hold words of the people who work here, about what is measured and not about calls or
customers. They stay with the version they speak of, as the reason why it became what it is; their
author can take them back. Retention therefore leaves them alone.
"""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.guides import GuideVersion
from models.people import User
from models.scorecards import ScorecardVersion


class DraftStep(Base):
    """A scorecard draft as it was before one change, in the file format, so that it can be undone.

    Steps go when the draft is published or thrown away: they are a help while writing only.
    """

    __tablename__ = "draft_step"
    __table_args__ = (UniqueConstraint("version_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id", ondelete="CASCADE"))
    number: Mapped[int]
    act: Mapped[str]
    card: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))


class DraftComment(Identified, Base):
    """What somebody says about a draft of a scorecard or guide, or an answer to that.

    ``place`` is the lineage of a criterion, or empty for the whole. An answer has a ``parent`` and
    the parent's place; only a comment that is no answer can be settled.
    """

    __tablename__ = "draft_comment"
    __table_args__ = (
        CheckConstraint("(version_id IS NULL) <> (guide_version_id IS NULL)", name="one_draft"),
        CheckConstraint("parent_id IS NULL OR settled_at IS NULL", name="answers_stay_open"),
        Index("ix_draft_comment_version_id", "version_id"),
        Index("ix_draft_comment_guide_version_id", "guide_version_id"),
    )

    version_id: Mapped[int | None] = mapped_column(
        ForeignKey("scorecard_version.id", ondelete="CASCADE")
    )
    guide_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("guide_version.id", ondelete="CASCADE")
    )
    place: Mapped[str] = mapped_column(default="")
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("draft_comment.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    words: Mapped[str]
    at: Mapped[dt.datetime]
    settled_at: Mapped[dt.datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )

    version: Mapped[ScorecardVersion | None] = relationship()
    guide_version: Mapped[GuideVersion | None] = relationship()
    author: Mapped[User | None] = relationship(foreign_keys=[author_id])
    settled_by: Mapped[User | None] = relationship(foreign_keys=[settled_by_id])
