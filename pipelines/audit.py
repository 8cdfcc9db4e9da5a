"""The append-only log of who did what: ids and codes only, never words or numbers of people."""

import uuid
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.operations import AuditEntry

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the web request or job at work, set where it begins."""


def record(
    session: Session,
    *,
    now: datetime,
    actor: uuid.UUID | None,
    action: str,
    subject: str,
    subject_uid: uuid.UUID | None = None,
    **details: Any,
) -> None:
    """Add an entry: ``actor`` did ``action`` (such as ``review.submitted``) to a row.

    ``actor`` is null for the machine itself. ``details`` are ids, codes and counts.
    """
    session.add(
        AuditEntry(
            at=now,
            actor_uid=actor,
            action=action,
            subject=subject,
            subject_uid=subject_uid,
            details=details,
            request_id=request_id.get(),
        )
    )
