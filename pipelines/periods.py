"""Periods as people write them, and the ISO weeks inside."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.outcomes import DomainError

DAYS_OF_WEEK = 7
LONGEST = 3_660
FIRST_YEAR, LAST_YEAR = 1970, 2999
"""Periods are compared with those before them, so they keep away from the ends of the calendar."""


@dataclass(frozen=True)
class Period:
    """Local days from ``start`` to ``end``, both included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """Return how many days it holds."""
        return (self.end - self.start).days + 1

    def before(self) -> "Period":
        """Return the period of the same length that ends the day before this one."""
        return Period(self.start - timedelta(days=self.days), self.start - timedelta(days=1))

    def weeks(self) -> Iterator["Period"]:
        """Yield the ISO weeks (Monday to Sunday) that the period touches, each whole."""
        monday = monday_of(self.start)
        while monday <= self.end:
            yield Period(monday, monday + timedelta(days=6))
            monday += timedelta(days=7)

    @property
    def text(self) -> str:
        """Write it as ``parse_period`` reads it: 2026-W47 for a whole week, else two days."""
        if self.days == DAYS_OF_WEEK and self.start.weekday() == 0:
            year, week, _day = self.start.isocalendar()
            return f"{year}-W{week:02d}"
        return f"{self.start.isoformat()}..{self.end.isoformat()}"


def monday_of(day: date) -> date:
    """Return the Monday of a day's ISO week."""
    return day - timedelta(days=day.weekday())


def last_weeks(today: date, count: int) -> Period:
    """Return the ``count`` complete ISO weeks before the week of ``today``."""
    monday = monday_of(today)
    return Period(monday - timedelta(days=7 * count), monday - timedelta(days=1))


def parse_period(text: str) -> Period:
    """Read 2026-W46 (ISO week), 2026-11 (month), 2026-11-16 (day) or 2026-11-16..2026-11-22.

    Raises ``DomainError("bad_period", text=…)`` for anything else, an end before its start, or
    more than ten years, and for days before 1970 or after 2999.
    """
    text = text.strip()
    try:
        period = _parse(text)
    except (ValueError, OverflowError):
        raise DomainError("bad_period", text=text) from None
    if period.start.year < FIRST_YEAR or period.end.year > LAST_YEAR:
        raise DomainError("bad_period", text=text)
    if period.end < period.start or period.days > LONGEST:
        raise DomainError("bad_period", text=text)
    return period


def _parse(text: str) -> Period:
    if week := re.fullmatch(r"(\d{4})-?W(\d{1,2})", text, re.IGNORECASE):
        monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        return Period(monday, monday + timedelta(days=6))
    if month := re.fullmatch(r"(\d{4})-(\d{2})", text):
        first = date(int(month[1]), int(month[2]), 1)
        following = (first + timedelta(days=31)).replace(day=1)
        return Period(first, following - timedelta(days=1))
    start, dots, end = text.partition("..")
    first = date.fromisoformat(start)
    return Period(first, date.fromisoformat(end) if dots else first)
