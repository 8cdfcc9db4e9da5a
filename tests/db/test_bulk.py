"""Many rows at once are the same rows as one by one, on both databases."""

import uuid
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.bulk import among, insert_columns, reserve_ids
from models.calls import Customer
from models.measures import DirtyDay
from tests import factories

TIMES = [
    datetime(2026, 11, 16, 1, 5, tzinfo=UTC),
    datetime(2026, 11, 16, 9, 5, 0, 120_000, tzinfo=timezone(timedelta(hours=8))),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]


def test_times_and_ids_come_back_as_their_types_read_them(session: Session) -> None:
    before = datetime.now(UTC)
    found = _customers(session, TIMES)
    assert [row.erased_at for row in found] == TIMES
    assert len({row.uid for row in found}) == 3
    for row in found:
        assert row.uid.version == 7
        assert row.uid.variant == uuid.RFC_4122
        made = datetime.fromtimestamp((row.uid.int >> 80) / 1000, UTC)
        assert abs(made - before) < timedelta(minutes=1)


def _customers(session: Session, times: list[datetime | None]) -> list[Customer]:
    ids = reserve_ids(session, Customer, len(times))
    columns = {"id": ids, "number": [str(key) for key in ids], "erased_at": times}
    insert_columns(session, Customer, columns)
    rows = session.scalars(select(Customer).where(Customer.id.in_(list(ids))).order_by(Customer.id))
    return list(rows)


def test_one_time_for_all_rows_and_none_at_all(session: Session) -> None:
    assert {row.erased_at for row in _customers(session, [TIMES[0]] * 3)} == {TIMES[0]}
    assert {row.erased_at for row in _customers(session, [None] * 3)} == {None}
    assert _customers(session, []) == []


def test_a_naive_time_is_refused(session: Session) -> None:
    with pytest.raises(Exception, match="without a time zone"):
        _customers(session, [datetime(2026, 1, 1), TIMES[0]])  # noqa: DTZ001 - the naive value is the point


def test_reserved_ids_meet_no_other_rows(session: Session) -> None:
    _customers(session, TIMES)
    session.add(Customer(number="one by one"))
    session.flush()
    _customers(session, TIMES)
    assert session.scalar(select(func.count(Customer.id.distinct()))) == 7


def test_among_finds_what_is_asked_for(session: Session) -> None:
    rows = _customers(session, TIMES)
    numbers = [rows[0].number or "", rows[2].number or "", 'it\'s "odd" 李']
    found = session.scalars(select(Customer.id).where(among(session, Customer.number, numbers)))
    assert set(found) == {rows[0].id, rows[2].id}
    by_id = session.scalars(select(Customer.id).where(among(session, Customer.id, [rows[1].id])))
    assert list(by_id) == [rows[1].id]
    assert list(session.scalars(select(Customer.id).where(among(session, Customer.id, [])))) == []


def test_days_are_stored_as_days(session: Session) -> None:
    site = factories.make_site(session)
    days = [date(2026, 11, 16), date(2026, 11, 17)]
    insert_columns(
        session,
        DirtyDay,
        {
            "id": reserve_ids(session, DirtyDay, 2),
            "site_id": [site.id] * 2,
            "local_date": days,
        },
    )
    found = select(DirtyDay.local_date).where(DirtyDay.site_id == site.id)
    assert set(session.scalars(found)) == set(days)
