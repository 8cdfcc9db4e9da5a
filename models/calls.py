"""What the switch and the customers said: calls, legs, recordings, survey answers, complaints."""

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.people import Agent, Site, Team
from models.vocab import (
    ChannelLayout,
    ComplaintCause,
    ComplaintStatus,
    Direction,
    MediaKind,
    Outcome,
    RecordingState,
    Satisfaction,
)


class Project(Identified, Base):
    """A campaign or a queue: the work that calls of one kind belong to.

    ``agent_names_heard``: the recogniser is told the names of the project's agents.
    """

    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("site_id", "code"),)

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    code: Mapped[str]
    name: Mapped[str]
    channel_layout: Mapped[ChannelLayout] = mapped_column(default=ChannelLayout.AGENT_LEFT)
    scorecard_id: Mapped[int | None] = mapped_column(
        ForeignKey("scorecard.id", ondelete="SET NULL")
    )
    agent_names_heard: Mapped[bool] = mapped_column(default=False, server_default=false())
    site: Mapped[Site] = relationship()


class Hotword(Base):
    """A name that is said in a project's calls and that the recogniser would not guess."""

    __tablename__ = "hotword"
    __table_args__ = (UniqueConstraint("project_id", "text"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    text: Mapped[str]


class Customer(Identified, Base):
    """The only place where a customer's number stands: a keyed hash to find it, the value to show.

    Erasure empties ``number`` and ``number_key``; calls keep pointing at the empty row.
    """

    __tablename__ = "customer"

    number_key: Mapped[str | None] = mapped_column(unique=True)
    number: Mapped[str | None]
    erased_at: Mapped[dt.datetime | None]


class Call(Identified, Base):
    """One conversation, or the attempt at one, as its source recorded it; all its legs together.

    ``draw_key`` is the first 8 bytes of SHA-256(source, 0x1F, source key), stored as a signed
    64-bit integer with the same bits. ``agent_id`` and ``team_id`` are those of the leg with the
    longest talk. ``local_date`` and ``local_slot`` (half-hour 0-47) are the site's.
    """

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("source", "source_key"),
        CheckConstraint("talk_ms >= 0 AND wait_ms >= 0 AND hold_ms >= 0", name="durations"),
        CheckConstraint("transfers >= 0", name="transfers"),
        CheckConstraint("local_slot BETWEEN 0 AND 47", name="local_slot"),
        CheckConstraint("customer_value_minor IS NULL OR currency IS NOT NULL", name="currency"),
        Index("ix_call_site_id_local_date", "site_id", "local_date"),
        # Holds all that a draw asks about a call's peers, so that 28 days are read from it alone.
        Index(
            "ix_call_peers",
            "site_id",
            "local_date",
            "project_id",
            "direction",
            "currency",
            "by_robot",
            "talk_ms",
            "customer_value_minor",
        ),
        Index("ix_call_agent_id_local_date", "agent_id", "local_date"),
    )

    source: Mapped[str]
    source_key: Mapped[str]
    draw_key: Mapped[int] = mapped_column(BigInteger)
    content_hash: Mapped[str]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    project_id: Mapped[int] = mapped_column(
        ForeignKey("project.id", ondelete="RESTRICT"), index=True
    )
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customer.id", ondelete="RESTRICT"), index=True
    )
    direction: Mapped[Direction]
    started_at: Mapped[dt.datetime]
    local_date: Mapped[dt.date]
    local_slot: Mapped[int]
    wait_ms: Mapped[int] = mapped_column(default=0)
    talk_ms: Mapped[int]
    hold_ms: Mapped[int] = mapped_column(default=0)
    transfers: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[Outcome] = mapped_column(default=Outcome.UNKNOWN)
    customer_tier: Mapped[str | None]
    customer_value_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    recording_notice: Mapped[bool] = mapped_column(default=True)
    by_robot: Mapped[bool] = mapped_column(default=False)
    imported_at: Mapped[dt.datetime]

    project: Mapped[Project] = relationship()
    site: Mapped[Site] = relationship()
    agent: Mapped[Agent | None] = relationship()
    team: Mapped[Team | None] = relationship()
    customer: Mapped[Customer | None] = relationship()
    legs: Mapped[list["Leg"]] = relationship(back_populates="call", order_by="Leg.position")
    recording: Mapped["Recording | None"] = relationship(back_populates="call")


class Leg(Identified, Base):
    """One agent's part of a call, with site and team as they were at the time of the call."""

    __tablename__ = "leg"
    __table_args__ = (
        UniqueConstraint("call_id", "position"),
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("talk_ms >= 0 AND hold_ms >= 0 AND acw_ms >= 0", name="durations"),
        Index("ix_leg_site_id_local_date", "site_id", "local_date"),
        Index("ix_leg_agent_id_local_date", "agent_id", "local_date"),
    )

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"))
    position: Mapped[int]
    content_hash: Mapped[str]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    started_at: Mapped[dt.datetime]
    local_date: Mapped[dt.date]
    local_slot: Mapped[int]
    talk_ms: Mapped[int]
    hold_ms: Mapped[int] = mapped_column(default=0)
    acw_ms: Mapped[int] = mapped_column(default=0)

    call: Mapped[Call] = relationship(back_populates="legs")
    agent: Mapped[Agent | None] = relationship()
    team: Mapped[Team | None] = relationship()


class Recording(Identified, Base):
    """What the source gave for a call. Outlives its audio: sizes and times stay when it expires.

    ``muted`` lists moments that stay muted without, or beside, those that the transcript's masks
    name: ``[party, start_ms, end_ms, why]``; see ``pipelines.moments``.
    """

    __tablename__ = "recording"
    __table_args__ = (
        CheckConstraint("channels >= 1 AND duration_ms >= 0", name="sizes"),
        Index("ix_recording_site_id_state_call_id", "site_id", "state", "call_id"),
    )

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    sha256: Mapped[str] = mapped_column(index=True)
    codec: Mapped[str]
    channels: Mapped[int]
    sample_rate: Mapped[int]
    duration_ms: Mapped[int]
    layout: Mapped[ChannelLayout]
    state: Mapped[RecordingState] = mapped_column(default=RecordingState.PRESENT)
    received_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    legal_hold: Mapped[str | None]
    muted: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))

    call: Mapped[Call] = relationship(back_populates="recording")
    files: Mapped[list["MediaFile"]] = relationship(
        back_populates="recording", cascade="all, delete-orphan"
    )


class MediaFile(Identified, Base):
    """A stored file of a recording; its key comes from its hash, never from a user's file name."""

    __tablename__ = "media_file"
    __table_args__ = (UniqueConstraint("recording_id", "kind", "storage_key"),)

    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"))
    kind: Mapped[MediaKind]
    storage_key: Mapped[str] = mapped_column(index=True)
    mimetype: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[dt.datetime]

    recording: Mapped[Recording] = relationship(back_populates="files")


class Survey(Identified, Base):
    """An SMS question sent after a call, and what came back. Unanswered ones have no reply."""

    __tablename__ = "survey"
    __table_args__ = (
        UniqueConstraint("source", "source_key"),
        CheckConstraint("level IS NULL OR level BETWEEN 1 AND 5", name="level"),
        Index("ix_survey_call_id_answered_at", "call_id", "answered_at"),
    )

    source: Mapped[str]
    source_key: Mapped[str]
    content_hash: Mapped[str]
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    sent_at: Mapped[dt.datetime]
    answered_at: Mapped[dt.datetime | None]
    reply: Mapped[str | None]
    satisfaction: Mapped[Satisfaction | None]
    level: Mapped[int | None]


class Complaint(Identified, Base):
    """A customer complained about a call, or only about an agent on a day."""

    __tablename__ = "complaint"
    __table_args__ = (
        UniqueConstraint("source", "source_key"),
        CheckConstraint("call_id IS NOT NULL OR agent_id IS NOT NULL", name="about"),
        Index("ix_complaint_site_id_local_date", "site_id", "local_date"),
    )

    source: Mapped[str]
    source_key: Mapped[str]
    content_hash: Mapped[str]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="RESTRICT"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="RESTRICT"))
    call_id: Mapped[int | None] = mapped_column(
        ForeignKey("call.id", ondelete="CASCADE"), index=True
    )
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("leg.id", ondelete="SET NULL"))
    direction: Mapped[Direction | None]
    local_date: Mapped[dt.date]
    received_at: Mapped[dt.datetime]
    cause: Mapped[ComplaintCause]
    status: Mapped[ComplaintStatus]
