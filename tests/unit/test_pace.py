"""How fast calls are heard, and when the rest will be done."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.pace import ENOUGH, Heard, busy, finish, miss, pace

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def heard(audio_s: float, began_s: float, ended_s: float) -> Heard:
    return Heard(
        round(audio_s * 1_000), NOON + timedelta(seconds=began_s), NOON + timedelta(seconds=ended_s)
    )


ONE_AFTER_ANOTHER = [heard(60, start, start + 10) for start in range(0, 80, 10)]


def test_one_after_another() -> None:
    assert pace(ONE_AFTER_ANOTHER) == 6.0


def test_side_by_side_counts_the_time_once() -> None:
    both = [*ONE_AFTER_ANOTHER, *[heard(60, start + 1, start + 11) for start in range(0, 80, 10)]]
    assert busy(both) == timedelta(seconds=81)
    assert pace(both) == pytest.approx(960 / 81)


def test_idle_hours_count_for_nothing() -> None:
    later = [heard(60, start, start + 10) for start in (3_600, 3_610, 7_200, 90_000)]
    assert pace([*ONE_AFTER_ANOTHER, *later]) == 6.0


def test_nothing_is_said_before_enough_calls_were_heard() -> None:
    assert pace(ONE_AFTER_ANOTHER[: ENOUGH - 1]) is None
    assert pace([heard(60, 5, 5)] * ENOUGH) is None
    assert finish(60_000, None, NOON) is None
    assert miss(ONE_AFTER_ANOTHER[: 2 * ENOUGH - 1]) is None


def test_the_finish_is_what_is_left_at_that_pace() -> None:
    assert finish(3_600_000, 6.0, NOON) == NOON + timedelta(minutes=10)


def test_how_far_the_earlier_half_missed_the_later() -> None:
    assert miss(ONE_AFTER_ANOTHER) == 0
    slower = [heard(60, start, start + 20) for start in range(80, 160, 20)]
    assert miss([*ONE_AFTER_ANOTHER[:4], *slower]) == 0.5


@given(
    st.lists(
        st.tuples(st.integers(1, 9_000), st.integers(0, 10_000), st.integers(1, 600)), min_size=1
    )
)
def test_busy_is_never_longer_than_the_span_nor_than_the_sum(
    calls: list[tuple[int, int, int]],
) -> None:
    rows = [heard(audio, began, began + took) for audio, began, took in calls]
    span = max(row.ended for row in rows) - min(row.began for row in rows)
    assert timedelta(0) < busy(rows) <= span
    assert busy(rows) <= timedelta(seconds=sum(took for _, _, took in calls))
    assert busy(rows) == busy(rows[::-1])
