"""An application on a database of its own, and people to sign in with."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models.people import Site, Team, User
from models.session import make_engine, write_session
from models.vocab import Role
from pipelines.runtime import RecogniserSettings, Runtime
from pipelines.storage import LocalStorage
from qa_app import create_app
from qa_app.settings import Settings
from tests import factories
from tests.conftest import NOW

PASSWORD = "a long pass phrase"
# A cheap hash of the same kind: hundreds of sign-ins need not be slow to be true.
_PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class World:
    """A site with a team, and a person of every role in it."""

    site: Site
    team: Team
    people: dict[str, User]


class Browser:
    """A test client that goes the ways of a real one: forms carry the page's token."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.last: TestResponse | None = None

    def get(self, path: str, **options: object) -> TestResponse:
        self.last = self.client.get(path, **options)
        return self.last

    def token(self) -> str:
        """Return the cross-site token of the last page, fetching the sign-in page if need be."""
        found = _TOKEN.search(self.last.get_data(as_text=True)) if self.last else None
        if found is None:
            self.get("/account")
            if self.last is not None and self.last.status_code != 200:
                self.get("/sign-in")
            found = _TOKEN.search(self.last.get_data(as_text=True))
        assert found, "the page has no form"
        return found.group(1)

    def post(
        self, path: str, data: dict[str, object] | None = None, **options: object
    ) -> TestResponse:
        values = {"csrf_token": self.token(), **(data or {})}
        self.last = self.client.post(path, data=values, **options)
        return self.last

    def sign_in(self, username: str, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        return self.post("/sign-in", {"username": username, "password": password})


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'hearback.db'}",
        secret_key="a secret of the tests",
        customer_key="a customer key of the tests",
        log_level="error",
    )


@pytest.fixture
def runtime(migrated_file: Path, settings: Settings, clock: FixedClock) -> Iterator[Runtime]:
    shutil.copyfile(migrated_file, settings.data_dir / "hearback.db")
    engine = make_engine(settings.database_url)
    yield Runtime(
        engine=engine,
        storage=LocalStorage(settings.storage_dir),
        data_dir=settings.data_dir,
        clock=clock,
        recogniser=RecogniserSettings(None, "cpu", "int8", 1),
        customer_key=b"a key of the tests",
    )
    engine.dispose()


_APPLICATIONS: dict[Settings, Flask] = {}


@pytest.fixture
def app(settings: Settings, runtime: Runtime) -> Flask:
    """Make the application as ``serve`` does; cross-site protection stays on.

    Making one costs more than most tests, so that tests share one for the same settings, each with
    its own folder and database. Who changes the application itself makes a ``fresh_app``.
    """
    alike = replace(settings, data_dir=Path(), database_url="")
    if alike not in _APPLICATIONS:
        _APPLICATIONS[alike] = _make_app(settings, runtime)
    application = _APPLICATIONS[alike]
    application.extensions["hearback.settings"] = settings
    application.extensions["hearback.runtime"] = runtime
    return application


def _make_app(settings: Settings, runtime: Runtime) -> Flask:
    application = create_app(settings, runtime)
    application.testing = True
    application.config["PROPAGATE_EXCEPTIONS"] = True
    return application


@pytest.fixture
def fresh_app(settings: Settings, runtime: Runtime) -> Flask:
    """Make an application of this test's own."""
    return _make_app(settings, runtime)


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def add(runtime: Runtime) -> Callable[[Callable[[Session], object]], object]:
    """Run a function with a session that is committed, and give what it returns."""

    def run(fn: Callable[[Session], object]) -> object:
        with write_session(runtime.engine) as session:
            return fn(session)

    return run


def make_world(session: Session) -> World:
    """Add a site, a team and one person per role, all with the password of the tests."""
    site = factories.make_site(session, "shanghai")
    team = factories.make_team(session, site, "outbound")
    people = {
        role.value: factories.make_user(
            session,
            f"{role.value}1",
            password_hash=_PASSWORD_HASH,
            roles=[(role, site, team if role is Role.AGENT else None)],
        )
        for role in Role
    }
    factories.make_agent(session, team, "sh101", people["agent"])
    people["nobody"] = factories.make_user(session, "newcomer", password_hash=_PASSWORD_HASH)
    return World(site, team, people)


@pytest.fixture
def world(add: Callable[[Callable[[Session], object]], object]) -> World:
    return add(make_world)  # type: ignore[return-value]  # add gives what make_world gives


@pytest.fixture
def signed_in(app: Flask, world: World) -> Callable[[str], Browser]:
    """Give a browser in which the person of a role is signed in."""

    def enter(role: str) -> Browser:
        browser = Browser(app.test_client())
        response = browser.sign_in(world.people[role].username)
        assert response.status_code == 303
        return browser

    return enter
