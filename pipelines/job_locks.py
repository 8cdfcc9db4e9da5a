"""What a worker has to itself: connections for the engine, and being the only one where it must be.

Knows neither the engine nor our tables.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, create_engine, event

from models.session import BUSY_TIMEOUT_MS
from pipelines.outcomes import DomainError


def engine_connections(engine: Engine) -> Engine:
    """Make the engine's own connections: on SQLite its reads must not take the write lock."""
    if engine.dialect.name != "sqlite":
        return create_engine(engine.url, pool_pre_ping=True, pool_size=5, max_overflow=20)
    own = create_engine(engine.url, pool_size=5, max_overflow=20)

    @event.listens_for(own, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")

    return own


_engine_lock = threading.Lock()


@contextlib.contextmanager
def only_engine() -> Iterator[None]:
    """Let nobody else in this process launch the engine, which is one per process."""
    if not _engine_lock.acquire(blocking=False):
        raise DomainError("worker_already_runs")
    try:
        yield
    finally:
        _engine_lock.release()


@contextlib.contextmanager
def only_worker(engine: Engine) -> Iterator[None]:
    """Hold the lock that makes this the only worker of an SQLite file; it dies with us."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path:
        yield
        return
    import fcntl

    with open(f"{path}-worker.lock", "a") as lock:  # noqa: PTH123 - a suffix on the database's own path
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DomainError("worker_already_runs") from error
        yield
