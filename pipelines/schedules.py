"""When jobs that nobody asks for are due: every so many minutes, or at a local time of day."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Schedule:
    """A job that is enqueued by itself: give either ``every`` or ``at``.

    ``every`` counts from the epoch, so that all workers mean the same instants. ``at`` is a time of
    day in ``zone``, on every day or only on ``weekday`` (Monday is 0). The job gets ``ids`` and
    ``due``, the instant in ISO 8601, UTC.
    """

    job: str
    every: timedelta | None = None
    at: time | None = None
    weekday: int | None = None
    zone: str = "UTC"
    ids: Mapping[str, str | int] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuse a schedule that says two things, or nothing."""
        if (self.every is None) == (self.at is None):
            raise ValueError("a schedule has either `every` or `at`")
        if self.every is not None and self.every < timedelta(seconds=1):
            raise ValueError("a schedule's `every` is at least a second")

    def latest(self, now: datetime) -> datetime:
        """Return the newest instant at or before ``now`` (aware) at which the job is due, in UTC.

        A local time that the clocks skip in spring is due an hour later, and one that they pass
        twice in autumn is due the first time (PEP 495, ``fold`` 0).
        """
        if self.every is not None:
            epoch = datetime(1970, 1, 1, tzinfo=UTC)
            return now.astimezone(UTC) - (now - epoch) % self.every
        zone = ZoneInfo(self.zone)
        day = now.astimezone(zone).date()
        while True:
            due = datetime.combine(day, self.at or time(), zone).astimezone(UTC)
            if due <= now and self.weekday in (None, day.weekday()):
                return due
            day -= timedelta(days=1)

    def uid(self, due: datetime) -> uuid.UUID:
        """Return the id that this schedule's job has for ``due``, the same for every worker.

        Shaped like a UUIDv7 of that instant; a unique key on it makes one job of many workers.
        """
        text = "\x1f".join(
            [self.job, due.isoformat(), *(f"{key}={value}" for key, value in self.ids.items())]
        )
        random = int.from_bytes(hashlib.sha256(text.encode()).digest()[:10])
        value = (int(due.timestamp() * 1000) << 80) | random
        value = (value & ~(0xF << 76)) | (0x7 << 76)
        value = (value & ~(0x3 << 62)) | (0x2 << 62)
        return uuid.UUID(int=value)
