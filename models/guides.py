"""Call scripts and evaluation guides: words for the people of one project, in versions."""

import datetime as dt

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Identified, Texts
from models.calls import Project
from models.vocab import GuideKind, VersionState


class Guide(Identified, Base):
    """A call script or an evaluation guide of one project; its versions hold the words."""

    __tablename__ = "guide"

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[int] = mapped_column(
        ForeignKey("project.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[GuideKind]
    created_at: Mapped[dt.datetime]

    project: Mapped[Project] = relationship()
    versions: Mapped[list["GuideVersion"]] = relationship(
        back_populates="guide", order_by="GuideVersion.number"
    )


class GuideVersion(Identified, Base):
    """One wording of a guide, in both languages. Once published it never changes.

    ``body`` is plain text: paragraphs stand apart by an empty line, a line that begins with ``#``
    is a heading and one that begins with ``-`` an entry of a list.
    """

    __tablename__ = "guide_version"
    __table_args__ = (UniqueConstraint("guide_id", "number"),)

    guide_id: Mapped[int] = mapped_column(ForeignKey("guide.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[VersionState] = mapped_column(default=VersionState.DRAFT)
    title: Mapped[Texts]
    body: Mapped[Texts]
    created_at: Mapped[dt.datetime]
    published_at: Mapped[dt.datetime | None]
    lock_version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012 - SQLAlchemy's own name

    guide: Mapped[Guide] = relationship(back_populates="versions")
