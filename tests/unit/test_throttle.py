from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_app.accounts.throttle import (
    FREE_BY_ADDRESS,
    FREE_BY_NAME,
    LONGEST_BY_ADDRESS,
    WINDOW,
    wait_seconds,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def _failures(count: int, seconds_ago: float = 0) -> list[datetime]:
    return [NOW - timedelta(seconds=seconds_ago)] * count


@pytest.mark.parametrize(
    ("by_name", "by_address", "seconds"),
    [
        (0, 0, 0),
        (4, 4, 0),
        (5, 5, 5),
        (6, 6, 10),
        (7, 7, 20),
        (9, 9, 60),
        (50, 0, 60),
        (0, 19, 0),
        (0, 20, 5),
        (0, 24, 80),
        (0, 99, 900),
    ],
)
def test_the_wait_doubles_up_to_a_limit(by_name: int, by_address: int, seconds: int) -> None:
    assert wait_seconds(_failures(by_name), _failures(by_address), NOW) == seconds


def test_the_wait_runs_from_the_newest_failure() -> None:
    assert wait_seconds(_failures(5, seconds_ago=3.5), [], NOW) == 2
    assert wait_seconds(_failures(5, seconds_ago=5), [], NOW) == 0


def test_old_failures_are_forgotten() -> None:
    assert wait_seconds([NOW - WINDOW] * 50, [NOW - WINDOW] * 50, NOW) == 0


@given(
    st.lists(st.floats(min_value=0, max_value=2_000), max_size=40),
    st.lists(st.floats(min_value=0, max_value=2_000), max_size=40),
)
def test_waiting_as_long_as_told_is_enough(by_name: list[float], by_address: list[float]) -> None:
    names = [NOW - timedelta(seconds=ago) for ago in by_name]
    addresses = [NOW - timedelta(seconds=ago) for ago in by_address]
    wait = wait_seconds(names, addresses, NOW)
    assert 0 <= wait <= LONGEST_BY_ADDRESS
    assert wait_seconds(names, addresses, NOW + timedelta(seconds=wait)) == 0
    if len(names) < FREE_BY_NAME and len(addresses) < FREE_BY_ADDRESS:
        assert wait == 0
