"""How long to wait before the next try to sign in: pure, from the tries of the last quarter hour.

Tries are counted per name, so that one account cannot be guessed from many addresses, and per
address, so that one machine cannot try many names. The wait doubles with each further failure; a
name's stays short, because anybody can fail on somebody else's name.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
FREE_BY_NAME = 5
FREE_BY_ADDRESS = 20
FIRST_WAIT_SECONDS = 5
LONGEST_BY_NAME = 60
LONGEST_BY_ADDRESS = 900


def wait_seconds(by_name: Sequence[datetime], by_address: Sequence[datetime], now: datetime) -> int:
    """Return the seconds until the next try is answered, 0 when at once.

    Both sequences hold the failures since the last success, newest first; those older than the
    window are passed over.
    """
    return max(
        _wait(by_name, now, FREE_BY_NAME, LONGEST_BY_NAME),
        _wait(by_address, now, FREE_BY_ADDRESS, LONGEST_BY_ADDRESS),
    )


def _wait(failures: Sequence[datetime], now: datetime, free: int, longest: int) -> int:
    recent = [at for at in failures if now - at < WINDOW]
    if len(recent) < free:
        return 0
    pause = min(FIRST_WAIT_SECONDS << min(len(recent) - free, 10), longest)
    left = pause - (now - max(recent)).total_seconds()
    return max(0, -int(-left // 1))
