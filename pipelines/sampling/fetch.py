"""Whole columns of whole numbers out of the database, as fast as each driver can.

Objects per row would cost seconds on a million calls. PostgreSQL sends binary COPY, which numpy
reads as records; SQLite joins each column of a group into one text, which numpy parses.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Select, cast, func
from sqlalchemy.orm import InstrumentedAttribute, Session

from pipelines.sampling.rules.columns import I64

_COPY_HEADER = 19
_COPY_TRAILER = 2

Column = ColumnElement[Any] | InstrumentedAttribute[Any]


def fetch_columns(
    session: Session,
    statement: Select[Any],
    *,
    group_by: Sequence[Column] = (),
    constant: int = 0,
) -> list[I64]:
    """Return each column of ``statement`` as int64; every value must be a whole number, not null.

    ``group_by`` names columns in the order of an index, with some thousands of rows to a group; it
    only makes SQLite faster, and leaves the order of rows open. The first ``constant`` columns
    have one value in each group. Without it rows come in the statement's order.
    """
    columns: Sequence[ColumnElement[Any]] = list(statement.selected_columns)
    if session.get_bind().dialect.name == "postgresql":
        return _copy(session, statement, columns)
    if group_by:
        return _joined(session, statement, columns, group_by, constant)
    found = session.execute(statement).all()
    table = np.array([tuple(row) for row in found], dtype=np.int64).reshape(-1, len(columns))
    return [np.ascontiguousarray(column) for column in table.T]


def _joined(
    session: Session,
    statement: Any,
    columns: Sequence[ColumnElement[Any]],
    group_by: Sequence[Column],
    constant: int,
) -> list[I64]:
    wide = statement.with_only_columns(
        func.count().label("n"),
        *columns[:constant],
        *(
            func.group_concat(column).label(f"c{place}")
            for place, column in enumerate(columns[constant:])
        ),
        maintain_column_froms=True,
    ).group_by(*group_by)
    parts: list[list[I64]] = [[np.zeros(0, dtype=np.int64)] for _ in columns]
    # Each group's texts are let go before the next is read: they are far larger than the numbers.
    for size, *values in session.execute(wide):
        for place, value in enumerate(values):
            parts[place].append(
                np.full(size, value, dtype=np.int64)
                if place < constant
                else np.fromstring(value, dtype=np.int64, sep=",")
            )
    return [np.concatenate(column) for column in parts]


def _copy(session: Session, statement: Any, columns: Sequence[ColumnElement[Any]]) -> list[I64]:
    wide = statement.with_only_columns(
        *(cast(column, BigInteger).label(f"c{place}") for place, column in enumerate(columns)),
        maintain_column_froms=True,
    )
    bound = session.get_bind()
    compiled = wide.compile(dialect=bound.dialect, compile_kwargs={"literal_binds": True})
    # The compiler doubles percent signs for a driver that would fill in parameters; COPY has none.
    sql = str(compiled).replace("%%", "%")
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT BINARY)") as copy:
        content = b"".join(copy)
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for place in range(len(columns)):
        fields += [(f"size{place}", ">i4"), (f"c{place}", ">i8")]
    record: NDArray[Any] = np.frombuffer(
        content[_COPY_HEADER : len(content) - _COPY_TRAILER], dtype=np.dtype(fields)
    )
    return [record[f"c{place}"].astype(np.int64) for place in range(len(columns))]
