"""What a person is told inside the product, and by mail where that is set up."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.people import User
from models.vocab_rights import NoticeKind


class Notice(Identified, Base):
    """One person is told one thing about one row; the sentence is made when it is read.

    ``params`` are counts, days and names of things, never a score, a reason or words of a call.
    Told again it is the same row: brought up to date, and unread again where it says something new.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "subject", "subject_uid"),
        Index("ix_notice_user_id_read_at", "user_id", "read_at"),
        Index("ix_notice_at", "at"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind]
    subject: Mapped[str]
    subject_uid: Mapped[uuid.UUID]
    params: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]
    mailed_at: Mapped[dt.datetime | None]

    user: Mapped[User] = relationship()


class NoticeChoice(Base):
    """A person wants one kind of notice otherwise than usual; without a row both are on."""

    __tablename__ = "notice_choice"
    __table_args__ = (UniqueConstraint("user_id", "kind"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind]
    shown: Mapped[bool] = mapped_column(default=True)
    mailed: Mapped[bool] = mapped_column(default=True)


class MailAddress(Base):
    """Where a person wants mail sent; entered and removed by the person alone."""

    __tablename__ = "mail_address"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    address: Mapped[str]
