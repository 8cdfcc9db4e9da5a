"""Who saw words or figures of which call without opening its recording: written once an hour."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.base import UtcDateTime
from models.calls import Call
from models.rights import CallAccess
from models.upsert import insert_missing
from models.vocab_rights import AccessWay


def note(
    session: Session, user_id: int, call_ids: Iterable[int], way: AccessWay, *, now: datetime
) -> None:
    """Write down that a person was shown something of these calls; within an hour only once."""
    rows = [
        {"user_id": user_id, "call_id": call_id, "way": way, "hour": _hour(now), "at": now}
        for call_id in dict.fromkeys(call_ids)
    ]
    insert_missing(session, CallAccess, rows)


def note_all(
    session: Session, user_id: int, calls: Select[Any], way: AccessWay, *, now: datetime
) -> None:
    """Do the same for all of ``calls`` (a select of ids), however many, in one statement."""
    ids = calls.subquery()
    column = next(iter(ids.c))
    found = select(
        literal(user_id).label("user_id"),
        Call.id,
        literal(way, CallAccess.way.type),
        literal(_hour(now), UtcDateTime()),
        literal(now, UtcDateTime()),
    ).where(Call.id.in_(select(column)))
    make = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert: Any = make.insert(CallAccess)
    names = ["user_id", "call_id", "way", "hour", "at"]
    session.execute(insert.from_select(names, found).on_conflict_do_nothing())


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)
