"""A session on each kind of database, undone after every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from models.session import make_engine


@pytest.fixture(scope="session")
def sqlite_engine(migrated_file: Path) -> Iterator[Engine]:
    """Share one migrated SQLite file."""
    engine = make_engine(f"sqlite:///{migrated_file}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_engine(shared_postgres_url: str) -> Iterator[Engine]:
    """Share one migrated PostgreSQL database."""
    engine = make_engine(shared_postgres_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """Give a connection inside a transaction that is rolled back."""
    name = "sqlite_engine" if request.param == "sqlite" else "postgres_engine"
    engine: Engine = request.getfixturevalue(name)
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """Give a session whose commits are savepoints: the shortest way to an untouched database."""
    with Session(
        connection, join_transaction_mode="create_savepoint", expire_on_commit=False
    ) as session:
        yield session
