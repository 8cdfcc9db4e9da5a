"""When a job that nobody asked for is due."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.schedules import Schedule

instants = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001 - likewise
    timezones=st.just(UTC),
)


def test_a_time_of_day_is_the_sites_own() -> None:
    nightly = Schedule("draw", at=time(2, 30), zone="Asia/Shanghai")
    assert nightly.latest(datetime(2026, 11, 23, 1, 0, tzinfo=UTC)) == datetime(
        2026, 11, 22, 18, 30, tzinfo=UTC
    )
    assert nightly.latest(datetime(2026, 11, 22, 18, 30, tzinfo=UTC)) == datetime(
        2026, 11, 22, 18, 30, tzinfo=UTC
    )
    assert nightly.latest(datetime(2026, 11, 22, 18, 29, 59, tzinfo=UTC)) == datetime(
        2026, 11, 21, 18, 30, tzinfo=UTC
    )


def test_a_weekday_is_the_sites_own() -> None:
    weekly = Schedule("draw", at=time(1, 0), weekday=0, zone="Asia/Shanghai")
    due = weekly.latest(datetime(2026, 11, 25, 12, 0, tzinfo=UTC))
    assert due == datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    assert due.astimezone(ZoneInfo("Asia/Shanghai")).weekday() == 0


@pytest.mark.parametrize(
    ("now", "due"),
    [
        # Clocks skip 02:00-03:00 on 2026-03-29 and pass it twice on 2026-10-25 in Berlin.
        ("2026-03-29T12:00+00:00", "2026-03-29T01:30+00:00"),
        ("2026-10-25T12:00+00:00", "2026-10-25T00:30+00:00"),
    ],
)
def test_a_change_of_clocks_makes_neither_two_nor_none(now: str, due: str) -> None:
    nightly = Schedule("draw", at=time(2, 30), zone="Europe/Berlin")
    assert nightly.latest(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


@given(instants, st.integers(1, 100_000))
def test_every_so_often_means_the_same_instants_to_all(now: datetime, seconds: int) -> None:
    schedule = Schedule("rebuild", every=timedelta(seconds=seconds))
    due = schedule.latest(now)
    assert due <= now < due + timedelta(seconds=seconds)
    assert schedule.latest(due) == due
    assert schedule.latest(now.astimezone(ZoneInfo("Asia/Tokyo"))) == due


@given(instants, st.times(), st.none() | st.integers(0, 6))
def test_the_latest_due_time_is_its_own(now: datetime, at: time, weekday: int | None) -> None:
    schedule = Schedule("draw", at=at.replace(microsecond=0), weekday=weekday, zone="Europe/Paris")
    due = schedule.latest(now)
    assert due <= now
    assert now - due <= timedelta(days=1 if weekday is None else 7, hours=1)
    assert schedule.latest(due) == due


def test_one_id_for_one_due_time() -> None:
    due = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    nightly = Schedule("draw", at=time(2, 30), zone="Asia/Shanghai", ids={"site": 1})
    assert nightly.uid(due) == Schedule("draw", every=timedelta(days=1), ids={"site": 1}).uid(due)
    others = [
        Schedule("draw", at=time(2, 30), ids={"site": 2}).uid(due),
        Schedule("retention", at=time(2, 30), ids={"site": 1}).uid(due),
        nightly.uid(due + timedelta(days=1)),
    ]
    assert len({nightly.uid(due), *others}) == 4
    assert nightly.uid(due).version == 7
    assert nightly.uid(due).int >> 80 == int(due.timestamp() * 1000)


def test_a_schedule_says_one_thing() -> None:
    with pytest.raises(ValueError, match="either"):
        Schedule("draw")
    with pytest.raises(ValueError, match="either"):
        Schedule("draw", at=time(2), every=timedelta(hours=1))
    with pytest.raises(ValueError, match="second"):
        Schedule("draw", every=timedelta(0))
