"""Periods as people write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.outcomes import DomainError
from pipelines.periods import Period, last_weeks, parse_period


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-W47", date(2026, 11, 16), date(2026, 11, 22)),
        ("2026w01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        (" 2026-11-16 ", date(2026, 11, 16), date(2026, 11, 16)),
        ("2026-11-02..2026-11-15", date(2026, 11, 2), date(2026, 11, 15)),
    ],
)
def test_weeks_months_days_and_spans_are_read(text: str, start: date, end: date) -> None:
    assert parse_period(text) == Period(start, end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-W54",
        "2026-13",
        "2026-11-31",
        "2026-11-15..2026-11-02",
        "x..y",
        "2000-01-01..2026-01-01",
        "2026-11-02..",
        "2026-11-02..2026-11-03..2026-11-04",
        "9999-12",
        "9999-W52",
        "0001-01",
        "1969-12-31..1970-01-05",
    ],
)
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(DomainError, match="bad_period"):
        parse_period(text)


days = st.dates(date(2000, 1, 1), date(2099, 1, 1))


@given(start=days, length=st.integers(1, 400))
def test_a_period_is_read_back_as_it_is_written(start: date, length: int) -> None:
    period = Period(start, date.fromordinal(start.toordinal() + length - 1))
    assert parse_period(period.text) == period
    before = period.before()
    assert (before.days, (period.start - before.end).days) == (period.days, 1)
    weeks = list(period.weeks())
    assert weeks[0].start <= period.start
    assert weeks[-1].end >= period.end
    assert {week.start.weekday() for week in weeks} == {0}


def test_the_last_weeks_are_whole_and_over() -> None:
    assert last_weeks(date(2026, 11, 23), 1) == parse_period("2026-W47")
    assert last_weeks(date(2026, 11, 22), 2) == Period(date(2026, 11, 2), date(2026, 11, 15))
