"""The site's own day and half-hour, and the list of days whose facts are behind their rows."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.measures import DirtyDay


def local_day(at: datetime, zone: ZoneInfo) -> tuple[date, int]:
    """Return the local date and half-hour slot (0-47) of an aware instant in ``zone``."""
    local = at.astimezone(zone)
    return local.date(), local.hour * 2 + local.minute // 30


def mark_dirty(session: Session, days: Iterable[tuple[int, date]]) -> None:
    """Note that the facts of these (site id, local date) pairs must be summed again."""
    rows = [{"site_id": site_id, "local_date": day} for site_id, day in sorted(set(days))]
    if rows:
        session.execute(insert(DirtyDay), rows)
