"""What keeps the installation honest: audit, jobs, imports, retention, one-time keys."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.people import User
from models.vocab import ImportKind, ImportState, JobState, RetentionSubject


class AuditEntry(Base):
    """Who did what, when, to which row. Append-only by a trigger; holds ids and codes, no text."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_subject_subject_uid", "subject", "subject_uid"),
        Index("ix_audit_entry_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[dt.datetime]
    actor_uid: Mapped[uuid.UUID | None]
    action: Mapped[str]
    subject: Mapped[str]
    subject_uid: Mapped[uuid.UUID | None]
    details: Mapped[dict[str, Any]]
    request_id: Mapped[str | None]


class Listening(Base):
    """A person opened a recording on a page: one row per person, recording and page opening.

    ``purpose`` is a code (task, self-assessment, feedback, exemplar) or the words a person gave.
    """

    __tablename__ = "listening"
    __table_args__ = (Index("ix_listening_recording_id_opened_at", "recording_id", "opened_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_id: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    opened_at: Mapped[dt.datetime]

    user: Mapped[User | None] = relationship()


class Job(Identified, Base):
    """A piece of the machine's work, as people see it; the engine's own tables hold its course.

    ``attempts`` is the number of the newest attempt, across workers and restarts: what an older one
    wants to save is refused. ``failures`` counts the attempts that raised or whose worker died;
    after three the job is failed. ``arguments`` holds ids only. ``error_code`` of a job that waits
    says what it waits for, or how it ended the last time.

    ``priority`` is its place in the line, the lowest number first (``pipelines.job_table``); equal
    ones go by ``queued_at``. ``recording_id`` and ``audio_ms`` are what a job is about and how much
    there is to hear, for lists and estimates.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("failures BETWEEN 0 AND attempts", name="failures"),
        CheckConstraint("priority >= 1 AND audio_ms >= 0", name="line"),
        Index("ix_job_state_name", "state", "name"),
        # Holds all that the page of the line counts and sums, so that 100,000 jobs are read from
        # it alone.
        Index(
            "ix_job_line", "name", "state", "priority", "queued_at", "id", "audio_ms", "error_code"
        ),
        Index("ix_job_name_finished_at", "name", "finished_at"),
        Index("ix_job_recording_id", "recording_id"),
    )

    name: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    state: Mapped[JobState] = mapped_column(default=JobState.QUEUED)
    priority: Mapped[int] = mapped_column(default=20, server_default=text("20"))
    recording_id: Mapped[int | None] = mapped_column(
        ForeignKey("recording.id", ondelete="SET NULL")
    )
    audio_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    attempts: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None]
    progress_done: Mapped[int] = mapped_column(BigInteger, default=0)
    progress_total: Mapped[int] = mapped_column(BigInteger, default=0)
    error_code: Mapped[str | None]
    error_params: Mapped[dict[str, Any] | None]
    queued_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]


class JobPause(Base):
    """Jobs of this name are not begun until somebody says so; the row goes when they are again."""

    __tablename__ = "job_pause"

    name: Mapped[str] = mapped_column(primary_key=True)
    paused_at: Mapped[dt.datetime]
    paused_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )

    paused_by: Mapped[User | None] = relationship()


class Worker(Base):
    """A worker process that is, or was, alive: its last heartbeat tells which."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[dt.datetime]
    heartbeat_at: Mapped[dt.datetime]


class ImportFile(Identified, Base):
    """A file somebody gave us, and how far it has been read: the cursor of a resumable import.

    ``name_template`` says where a recording's name carries the call's id. ``storage_key`` is null
    for files read where they lay, and once an upload has been read.
    """

    __tablename__ = "import_file"
    __table_args__ = (UniqueConstraint("kind", "site_id", "source", "sha256"),)

    kind: Mapped[ImportKind]
    source: Mapped[str]
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    sha256: Mapped[str]
    name: Mapped[str]
    name_template: Mapped[str | None]
    storage_key: Mapped[str | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    encoding: Mapped[str | None]
    state: Mapped[ImportState] = mapped_column(default=ImportState.STORED)
    byte_offset: Mapped[int] = mapped_column(BigInteger, default=0)
    row_number: Mapped[int] = mapped_column(default=0)
    rows_added: Mapped[int] = mapped_column(default=0)
    rows_unchanged: Mapped[int] = mapped_column(default=0)
    rows_rejected: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None]
    error_params: Mapped[dict[str, Any] | None]
    imported_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]

    rejects: Mapped[list["ImportReject"]] = relationship(
        back_populates="file", order_by="ImportReject.row_number"
    )


class ImportReject(Base):
    """A row that did not land: where, which column, why, and its content for correction."""

    __tablename__ = "import_reject"
    __table_args__ = (Index("ix_import_reject_file_id_row_number", "file_id", "row_number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="CASCADE"))
    row_number: Mapped[int]
    column: Mapped[str | None]
    code: Mapped[str]
    params: Mapped[dict[str, Any]]
    content: Mapped[dict[str, Any]]

    file: Mapped[ImportFile] = relationship(back_populates="rejects")


class RetentionRule(Identified, Base):
    """How many days a project's (or a whole site's) recordings, transcripts, reviews, logs stay."""

    __tablename__ = "retention_rule"
    __table_args__ = (
        UniqueConstraint("site_id", "project_id", "subject"),
        CheckConstraint("days >= 1", name="days"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    subject: Mapped[RetentionSubject]
    days: Mapped[int]


class OneTimeKey(Base):
    """A form that creates something was sent once: a double click is one row."""

    __tablename__ = "one_time_key"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    key: Mapped[str]
    location: Mapped[str] = mapped_column(default="")
    at: Mapped[dt.datetime]


class ErasureDoor(Base):
    """Holds a row only inside the transaction that erases: the named door in the guards."""

    __tablename__ = "erasure_door"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reason: Mapped[str]
