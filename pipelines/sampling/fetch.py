"""Whole columns of whole numbers out of the database, without an object for every row.

Rows as objects would cost seconds on a million calls. So the database joins each column of a group
into one value: PostgreSQL as bytes, eight to a number, SQLite as a text that numpy parses.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, literal_column
from sqlalchemy.orm import InstrumentedAttribute, Session

from pipelines.sampling.rules.columns import I64

Column = ColumnElement[Any] | InstrumentedAttribute[Any]


def fetch_columns(
    session: Session,
    statement: Select[Any],
    *,
    group_by: Sequence[Column] = (),
    constant: int = 0,
) -> list[I64]:
    """Return each column of ``statement`` as int64; every value must be a whole number, not null.

    ``group_by`` names columns, best in the order of an index and with some thousands of rows to a
    group; the first ``constant`` columns of the statement have one value in each group. Rows come
    in any order, the same one in all columns. Without ``group_by`` they come as objects, in the
    statement's order: for few.
    """
    columns: Sequence[ColumnElement[Any]] = list(statement.selected_columns)
    parts: list[list[I64]] = [[np.zeros(0, dtype=np.int64)] for _ in columns]
    if not group_by:
        table = np.array([tuple(row) for row in session.execute(statement)], dtype=np.int64)
        return [np.ascontiguousarray(column) for column in table.reshape(-1, len(columns)).T]
    postgresql = session.get_bind().dialect.name == "postgresql"
    joined: Any = statement.with_only_columns(
        func.count(),
        *columns[:constant],
        *(
            (_bytes(column) if postgresql else func.group_concat(column)).label(f"c{place}")
            for place, column in enumerate(columns[constant:])
        ),
        maintain_column_froms=True,
    ).group_by(*group_by)
    # Each group's texts are let go before the next is read: they are far larger than the numbers.
    for size, *values in session.execute(joined):
        for place, value in enumerate(values):
            parts[place].append(
                np.full(size, value, dtype=np.int64) if place < constant else _numbers(value)
            )
    return [np.concatenate(column) for column in parts]


def _bytes(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.string_agg(
        func.int8send(cast(column, BigInteger)), literal_column("CAST('' AS bytea)")
    )


def _numbers(value: bytes | str) -> I64:
    if isinstance(value, str):
        return np.fromstring(value, dtype=np.int64, sep=",")
    return np.frombuffer(value, dtype=">i8").astype(np.int64)
