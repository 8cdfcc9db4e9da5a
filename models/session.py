"""Engines and the two kinds of session: one that only reads, one that writes at once.

On SQLite a deferred transaction that reads and then writes fails immediately with "database is
locked", whatever the busy timeout. So writers begin with ``BEGIN IMMEDIATE`` and readers cannot
write at all.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

Row = TypeVar("Row")

BUSY_TIMEOUT_MS = 30_000

_open_sessions: ContextVar[int] = ContextVar("open_sessions", default=0)


class LockingSession(Session):
    """A session whose ``refresh(…, with_for_update=True)`` locks the one row and nothing beside it.

    What a page has loaded along with a row by an outer join is read again with it. PostgreSQL
    refuses to lock the far side of such a join, and nobody means it.
    """

    def refresh(
        self,
        instance: object,
        attribute_names: Iterable[str] | None = None,
        with_for_update: Any = None,
    ) -> None:
        """Read a row anew; see ``Session.refresh``."""
        if with_for_update:
            how = {} if with_for_update is True else with_for_update
            with_for_update = {"of": type(instance), **how}
        super().refresh(instance, attribute_names, with_for_update)


def make_engine(url: str, **options: Any) -> Engine:
    """Make an engine for SQLite (``sqlite:///…``) or PostgreSQL (``postgresql+psycopg://…``)."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, **options)
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling would commit before savepoints; ours is explicit.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def session_is_open() -> bool:
    """Tell whether this thread of control is inside a read or write session."""
    return _open_sessions.get() > 0


@contextmanager
def read_session(engine: Engine) -> Iterator[Session]:
    """Open a session in which any write fails; nothing of it is ever committed."""
    with _session(engine, writes=False) as session:
        yield session


@contextmanager
def write_session(engine: Engine) -> Iterator[Session]:
    """Open a session that commits when the block ends well and rolls back when it raises."""
    with _session(engine, writes=True) as session:
        yield session
        session.commit()


@contextmanager
def _session(engine: Engine, *, writes: bool) -> Iterator[Session]:
    bind = engine.execution_options(writes=writes)
    token = _open_sessions.set(_open_sessions.get() + 1)
    try:
        with LockingSession(bind, expire_on_commit=False) as session:
            if not writes and engine.dialect.name == "postgresql":
                session.execute(text("SET TRANSACTION READ ONLY"))
            yield session
    finally:
        _open_sessions.reset(token)


def in_chunks(
    engine: Engine,
    rows: Iterable[Row],
    fn: Callable[[Session, list[Row]], None],
    *,
    size: int = 5_000,
) -> int:
    """Give ``rows`` to ``fn`` in lists of ``size``, each in a transaction of its own.

    ``fn`` saves its cursor in the same transaction, so that a killed run goes on where it stopped.
    The only place where a service's work is committed in parts. Returns the number of chunks.
    """
    chunks = 0
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        with write_session(engine) as session:
            fn(session, chunk)
        chunks += 1
    return chunks
