"""A request's one database session: opened when first asked for, ended before the response leaves.

Reading requests get a session that cannot write; all others begin with ``BEGIN IMMEDIATE``. The
view wrapper in ``qa_app.access`` calls ``end``: a response below 400 commits, anything else rolls
back, and a commit that fails becomes a 500. A streamed body therefore has no session: what it
needs is read in the view.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from flask import Flask, g, request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.session import read_session, write_session
from qa_app.surroundings import runtime

READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass
class _Open:
    session: Session
    stack: ExitStack
    writes: bool


def engine() -> Engine:
    """Return the application's engine."""
    return runtime().engine


def session() -> Session:
    """Return the request's session, opening it when this is the first call."""
    current: _Open | None = g.get("database")
    if current is None:
        writes = request.method not in READING
        stack = ExitStack()
        opened = stack.enter_context((write_session if writes else read_session)(engine()))
        current = g.database = _Open(opened, stack, writes)
    return current.session


def end(*, commit: bool) -> None:
    """End the request's session, if there is one: keep its work or undo it."""
    current: _Open | None = g.pop("database", None)
    if current is None:
        return
    if not commit:
        current.session.rollback()
    # Leaving a write session commits; after the rollback above there is nothing left to commit.
    current.stack.close()


@contextmanager
def apart() -> Iterator[Session]:
    """Give a session of its own, committed at the end of the block, whatever the request does.

    For what must survive a refusal. A request that holds the write lock lets go of it first (its
    work so far is undone), because SQLite has one writer and this one would wait for ever.
    """
    current: _Open | None = g.get("database")
    if current is not None and current.writes:
        end(commit=False)
    with write_session(engine()) as own:
        yield own


def init_app(app: Flask) -> None:
    """End whatever a refused or failed request left open."""

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        end(commit=False)
