"""How fast calls are heard, and when the rest will be done: arithmetic on what was done lately.

The pace counts audio against the time in which *anybody* was at work on any of the calls, so that
calls heard side by side, by one worker or many, count as what they are, and idle hours not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ENOUGH = 4
"""Calls that must have been heard before a time is named."""


@dataclass(frozen=True)
class Heard:
    """A call that was heard: how much audio, and from when to when."""

    audio_ms: int
    began: datetime
    ended: datetime


def busy(heard: Sequence[Heard]) -> timedelta:
    """Return the time in which at least one of the calls was being heard."""
    total = timedelta(0)
    until: datetime | None = None
    for call in sorted(heard, key=lambda call: call.began):
        begins = call.began if until is None else max(call.began, until)
        total += max(call.ended - begins, timedelta(0))
        until = call.ended if until is None else max(until, call.ended)
    return total


def pace(heard: Sequence[Heard]) -> float | None:
    """Return seconds of audio heard per second at work; null before enough calls were heard."""
    worked = busy(heard).total_seconds()
    if len(heard) < ENOUGH or worked <= 0:
        return None
    return sum(call.audio_ms for call in heard) / 1_000 / worked


def finish(remaining_ms: int, speed: float | None, now: datetime) -> datetime | None:
    """Return when ``remaining_ms`` of audio will be heard, if nobody adds to it or pauses."""
    if not speed:
        return None
    return now + timedelta(seconds=remaining_ms / 1_000 / speed)


def miss(heard: Sequence[Heard]) -> float | None:
    """Return by how much the pace of the earlier half missed the time of the later, as a share.

    0.1 means: what was foreseen to take an hour took between 54 and 66 minutes. Null where the
    halves are too short to say.
    """
    ordered = sorted(heard, key=lambda call: call.ended)
    middle = len(ordered) // 2
    before, after = ordered[:middle], ordered[middle:]
    speed = pace(before)
    took = busy(after).total_seconds()
    if not speed or len(after) < ENOUGH or took <= 0:
        return None
    foreseen = sum(call.audio_ms for call in after) / 1_000 / speed
    return abs(foreseen - took) / took
