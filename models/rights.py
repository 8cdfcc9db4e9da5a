"""What people whose data this is are owed: who saw it, requests, proofs of erasure, limits."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.calls import Call, Customer
from models.people import Agent, Site, User
from models.vocab_rights import AccessWay, PersonFigures, RequestKind, RequestOf, RequestState


class CallAccess(Base):
    """Words or figures of a call were shown or given to a person who did not open its recording.

    One row per person, call, way and hour, so that a list looked at twice is written once. Opened
    recordings stand in ``listening``. Ids only: it stays when the call is erased.
    """

    __tablename__ = "call_access"
    __table_args__ = (
        UniqueConstraint("user_id", "call_id", "way", "hour"),
        Index("ix_call_access_call_id_at", "call_id", "at"),
        Index("ix_call_access_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"))
    way: Mapped[AccessWay]
    hour: Mapped[dt.datetime]
    at: Mapped[dt.datetime]

    user: Mapped[User | None] = relationship()
    call: Mapped[Call] = relationship()


class SiteLimits(Base):
    """What a site decides about people's data; a site without a row has the column defaults.

    ``request_days`` is how long an answer to a request may take.
    """

    __tablename__ = "site_limits"
    __table_args__ = (CheckConstraint("request_days BETWEEN 1 AND 365", name="request_days"),)

    site_id: Mapped[int] = mapped_column(
        ForeignKey("site.id", ondelete="CASCADE"), primary_key=True
    )
    person_figures: Mapped[PersonFigures] = mapped_column(default=PersonFigures.MANAGER)
    request_days: Mapped[int] = mapped_column(default=30)
    changed_at: Mapped[dt.datetime]


class RightsRequest(Identified, Base):
    """An agent or a customer asked for access, a copy, a correction or erasure, by a due day.

    ``words`` is what they ask, ``answer`` what was done or why not. A customer is named by
    ``reference`` (a file number of the office) and, once looked up, by ``customer_id``; their
    telephone number never stands here.
    """

    __tablename__ = "rights_request"
    __table_args__ = (
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed"),
        CheckConstraint("due_on >= received_on", name="due"),
        Index("ix_rights_request_site_id_state_due_on", "site_id", "state", "due_on"),
        Index("ix_rights_request_agent_id", "agent_id"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    kind: Mapped[RequestKind]
    whose: Mapped[RequestOf]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="SET NULL"))
    reference: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    received_on: Mapped[dt.date]
    due_on: Mapped[dt.date]
    state: Mapped[RequestState] = mapped_column(default=RequestState.OPEN)
    answer: Mapped[str] = mapped_column(default="")
    filed_at: Mapped[dt.datetime]
    filed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    closed_at: Mapped[dt.datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )

    site: Mapped[Site] = relationship()
    agent: Mapped[Agent | None] = relationship()
    customer: Mapped[Customer | None] = relationship()
    filed_by: Mapped[User | None] = relationship(foreign_keys=[filed_by_id])
    closed_by: Mapped[User | None] = relationship(foreign_keys=[closed_by_id])
    proofs: Mapped[list["ErasureProof"]] = relationship(
        back_populates="request", order_by="ErasureProof.id"
    )


class ErasureProof(Identified, Base):
    """What an erasure deleted and what it left: counts by kind, hashes of the files, and why.

    ``digest`` is the SHA-256 of the content as ``pipelines.retention.rules.proof_digest`` writes
    it; the same value stands in the append-only log, so that a changed proof shows. ``scrubbed_at``
    is null while the database file still waits to be rewritten.
    """

    __tablename__ = "erasure_proof"
    __table_args__ = (Index("ix_erasure_proof_request_id", "request_id"),)

    request_id: Mapped[int | None] = mapped_column(
        ForeignKey("rights_request.id", ondelete="SET NULL")
    )
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id", ondelete="SET NULL"))
    subject_uid: Mapped[uuid.UUID]
    deleted: Mapped[dict[str, Any]]
    files: Mapped[list[Any]]
    remains: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    digest: Mapped[str]
    scrubbed_at: Mapped[dt.datetime | None]

    request: Mapped[RightsRequest | None] = relationship(back_populates="proofs")
    by: Mapped[User | None] = relationship()
