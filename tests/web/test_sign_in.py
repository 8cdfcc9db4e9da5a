from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from models.operations import AuditEntry
from models.people import SignInAttempt, User
from pipelines.runtime import Runtime
from tests.web.conftest import PASSWORD, Browser, FixedClock, World

Add = Callable[[Callable[..., object]], object]


def test_every_role_reaches_its_start_page(
    signed_in: Callable[[str], Browser], world: World
) -> None:
    for role in world.people:
        page = signed_in(role).get("/")
        assert page.status_code == 200
        assert world.people[role].display_name in page.get_data(as_text=True)


def test_nobody_is_sent_to_sign_in_and_on_to_where_they_were_going(
    browser: Browser, world: World
) -> None:
    first = browser.get("/people?q=a")
    assert first.status_code == 303
    browser.get(first.location)
    assert 'value="/people?q=a"' in browser.last.get_data(as_text=True)
    after = browser.post(
        "/sign-in", {"username": "admin1", "password": PASSWORD, "next": "/people?q=a"}
    )
    assert after.location == "/people?q=a"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", ""],
)
def test_sign_in_never_leads_to_another_site(browser: Browser, world: World, target: str) -> None:
    browser.get("/sign-in")
    after = browser.post("/sign-in", {"username": "admin1", "password": PASSWORD, "next": target})
    assert after.location == "/"


def test_a_wrong_password_and_an_unknown_name_read_the_same(browser: Browser, world: World) -> None:
    pages = [browser.sign_in(name, "not the password") for name in ("admin1", "stranger")]
    assert [page.status_code for page in pages] == [200, 200]
    assert all("do not fit together" in page.get_data(as_text=True) for page in pages)
    assert browser.get("/").status_code == 303


def test_a_disabled_person_may_not_enter_and_an_open_session_ends(
    signed_in: Callable[[str], Browser], add: Add, clock: FixedClock
) -> None:
    inside = signed_in("reviewer")

    def disable(session) -> None:  # noqa: ANN001 - a session
        user = session.scalar(select(User).where(User.username == "reviewer1"))
        user.disabled_at = clock.now()

    add(disable)
    assert inside.get("/").status_code == 303
    assert inside.sign_in("reviewer1").status_code == 200


def test_guessing_is_slowed_down_and_forgiven_after_a_while(
    browser: Browser, world: World, clock: FixedClock
) -> None:
    for _guess in range(5):
        assert browser.sign_in("admin1", "a guess").status_code == 200
    waiting = browser.sign_in("admin1")
    assert waiting.status_code == 429
    assert int(waiting.headers["Retry-After"]) == 5
    clock.move(seconds=6)
    assert browser.sign_in("admin1").status_code == 303
    # A success wipes the failures of the name.
    Browser(browser.client.application.test_client()).sign_in("admin1", "a guess")
    assert browser.client.get("/").status_code == 200


def test_one_address_cannot_try_many_names(browser: Browser, world: World) -> None:
    for guess in range(20):
        assert browser.sign_in(f"name{guess}", "a guess").status_code == 200
    assert browser.sign_in("admin1").status_code == 429


def test_tries_hold_no_name_and_no_address(
    browser: Browser, world: World, runtime: Runtime
) -> None:
    browser.sign_in("admin1", "a guess")
    with runtime.engine.connect() as connection:
        stored = str(connection.execute(select(SignInAttempt.__table__)).all())
    assert "admin1" not in stored
    assert "127.0.0.1" not in stored


def test_a_new_session_begins_with_signing_in(app: Flask, world: World) -> None:
    browser = Browser(app.test_client())
    browser.get("/sign-in")
    before = browser.token()
    browser.sign_in("admin1")
    after = browser.get("/account")
    with browser.client.session_transaction() as cookie:
        assert cookie["uid"] == str(world.people["admin"].uid)
    # A token from before the sign-in is worthless after it.
    browser.last = after
    refused = browser.client.post("/sign-out", data={"csrf_token": before})
    assert refused.status_code == 400


def test_changing_the_password_ends_other_sessions_only(
    signed_in: Callable[[str], Browser],
) -> None:
    here, elsewhere = signed_in("manager"), signed_in("manager")
    here.get("/account")
    new = "another long phrase"
    answer = here.post("/account/password", {"present": PASSWORD, "password": new, "again": new})
    assert answer.status_code == 303
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 303
    assert elsewhere.sign_in("manager1").status_code == 200
    assert elsewhere.sign_in("manager1", new).status_code == 303


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"present": "wrong", "password": "long enough 1", "again": "long enough 1"}, "present"),
        ({"present": PASSWORD, "password": "short", "again": "short"}, "at least 10"),
        ({"present": PASSWORD, "password": "long enough 1", "again": "other"}, "not the same"),
    ],
)
def test_a_password_that_does_not_fit_is_refused_in_place(
    signed_in: Callable[[str], Browser], values: dict[str, object], words: str
) -> None:
    browser = signed_in("agent")
    browser.get("/account")
    page = browser.post("/account/password", values)
    assert page.status_code == 200
    assert words in page.get_data(as_text=True)


def test_signing_out_ends_the_session_and_is_noted(
    signed_in: Callable[[str], Browser], runtime: Runtime
) -> None:
    browser = signed_in("trainer")
    browser.get("/")
    assert browser.post("/sign-out").status_code == 303
    assert browser.get("/").status_code == 303
    with runtime.engine.connect() as connection:
        actions = connection.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["session.begun", "session.ended"]


def test_a_kept_cookie_ends_with_signing_out(
    app: Flask, signed_in: Callable[[str], Browser]
) -> None:
    browser = signed_in("trainer")
    kept = browser.client.get_cookie("hearback")
    assert kept is not None
    thief = Browser(app.test_client())
    thief.client.set_cookie("hearback", kept.value)
    assert thief.get("/account").status_code == 200
    browser.get("/")
    browser.post("/sign-out")
    assert thief.get("/account").status_code == 303
    # Signing in again does not bring the old cookie back.
    assert signed_in("trainer").get("/account").status_code == 200
    assert thief.get("/account").status_code == 303
