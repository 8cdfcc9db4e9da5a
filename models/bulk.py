"""Insert very many rows of one table at once, column by column, on SQLite and PostgreSQL."""

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

from sqlalchemy import ARRAY, String, any_, bindparam, func, select, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import TypeEngine

from models.base import Base, Identified, UtcDateTime

_RANDOM_BYTES = 10


def reserve_ids(session: Session, model: type[Identified], count: int) -> Sequence[int]:
    """Take ``count`` inner ids that no other row has or will get, in rising order.

    On SQLite a write session is alone, so the ids behind the last one are free.
    """
    if session.get_bind().dialect.name == "sqlite":
        last = session.scalar(select(func.max(model.id))) or 0
        return range(last + 1, last + 1 + count)
    statement = text(
        "SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)"
    )
    table = f'"{model.__tablename__}"'  # type: ignore[attr-defined]  # every table has a name
    return list(session.scalars(statement, {"table": table, "count": count}))


def insert_columns(
    session: Session, model: type[Base], values: Mapping[str, Sequence[Any]]
) -> None:
    """Insert rows given as columns (name to its values, all of one length); makes the ``uid``.

    Column defaults are not applied: give every column that may not be null. About four times as
    fast as ``insert().values``, as each column's values are converted together.
    """
    count = len(next(iter(values.values())))
    if not count:
        return
    dialect = session.get_bind().dialect
    table = model.__table__
    columns = {name: _stored(table.c[name].type, dialect, values[name]) for name in values}
    if "uid" in table.c and "uid" not in columns:
        columns["uid"] = _uids(count)
    names = ", ".join(f'"{name}"' for name in columns)
    rows = list(zip(*columns.values(), strict=True))
    connection = session.connection()
    if dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(
            # Names of tables and columns come from the classes, never from a file.
            f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})',  # type: ignore[attr-defined]  # noqa: S608 - see above
            rows,
        )
        return
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy,  # type: ignore[attr-defined]
    ):
        for row in rows:
            copy.write_row(row)


def _stored(kind: TypeEngine[Any], dialect: Dialect, values: Sequence[Any]) -> Iterable[Any]:
    """Convert values as their type asks: each distinct one once, but for times, which all differ.

    SQLite's text for a time is written here directly, six times as fast as through the type; a
    test reads it back through the type.
    """
    if isinstance(kind, UtcDateTime) and dialect.name == "sqlite":
        if values[0] is values[-1] and all(value is values[0] for value in values):
            return repeat(_sqlite_time(values[0]), len(values))
        return [_sqlite_time(value) for value in values]
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    known = {value: process(value) for value in set(values)}
    return [known[value] for value in values]


def _sqlite_time(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone was given to the database")
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[: -len("+00:00")]


def _uids(count: int) -> list[str]:
    """Make UUIDv7 values as ``new_uid`` does, as hex digits, which both databases take."""
    head = (time.time_ns() // 1_000_000) << 80
    random = os.urandom(_RANDOM_BYTES * count)
    keep = ~((0xF << 76) | (0x3 << 62))
    mark = (0x7 << 76) | (0x2 << 62)
    return [
        f"{((head | int.from_bytes(random[at : at + _RANDOM_BYTES])) & keep) | mark:032x}"
        for at in range(0, len(random), _RANDOM_BYTES)
    ]


def among(session: Session, column: InstrumentedAttribute[Any], values: Sequence[Any]) -> Any:
    """Return the condition that a column holds one of very many texts or integers.

    They travel as one parameter: an ``IN`` with thousands of them costs more to write down than to
    look up.
    """
    if session.get_bind().dialect.name == "sqlite":
        given = bindparam("among", json.dumps(list(values)), unique=True, type_=String)
        return column.in_(select(text("value")).select_from(func.json_each(given)))
    array = bindparam("among", list(values), unique=True, type_=ARRAY(column.type))
    return column == any_(array)
