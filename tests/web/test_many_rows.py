"""Every page without an address of its own: as many queries for many rows as for few."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from models.people import UserRole
from models.vocab import Role
from pipelines.runtime import Runtime
from tests.db.test_full_house import House
from tests.web.conftest import Browser, World

MORE = 4


def test_no_page_asks_the_database_more_often_for_more_rows(
    app: Flask,
    runtime: Runtime,
    world: World,
    add: Callable[[Callable[[Session], Any]], Any],
) -> None:
    def build(session: Session) -> House:
        house = House(session)
        for user in (house.eve, house.bob, house.own):
            user.password_hash = world.people["manager"].password_hash
        for role in (Role.TRAINER, Role.ADMIN):
            house.eve.roles.append(UserRole(role=role, site_id=house.site.id))
        return house

    def more(session: Session) -> None:
        house.enter(session)
        for _ in range(MORE):
            house.call()

    house = add(build)
    browsers = []
    for user in (house.eve, house.bob, house.own):
        browsers.append(Browser(app.test_client()))
        assert browsers[-1].sign_in(user.username).status_code == 303
    pages = sorted(
        str(rule)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and str(rule) != "/sign-in"
    )
    seen: list[str] = []
    listen = ("before_cursor_execute", lambda *rest: seen.append(rest[2]))

    def asked(browser: Browser, page: str) -> int:
        """Count what a page asks; 0 where it is not for the person."""
        seen.clear()
        status = browser.get(page).status_code
        assert status in (200, 302, 303, 403, 404), page
        return len(seen) if status == 200 else 0

    def counted() -> dict[tuple[int, str], int]:
        return {
            (number, page): asked(browser, page)
            for number, browser in enumerate(browsers)
            for page in pages
        }

    event.listen(runtime.engine, *listen)
    try:
        counted()
        few = counted()
        add(more)
        many = counted()
    finally:
        event.remove(runtime.engine, *listen)
    assert sum(map(bool, few.values())) > 50
    assert {page: (few[page], many[page]) for page in few if many[page] > few[page]} == {}
