"""No address breaks a page, and none makes it lead elsewhere."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask import Flask

from tests import factories
from tests.web.conftest import Browser, World

HUGE = "9" * 30
QUERIES = [
    f"page={HUGE}",
    "page=-3",
    "endpoint=x&page=2",
    "_method=POST&_anchor=x",
    "_external=1&_scheme=https",
    f"before={HUGE}",
    "period=9999-12",
    "period=0001-01",
    "written=9999-W52",
]
PAGES = {
    "agent": ("/my-calls/", "/calls", "/feedback/"),
    "manager": ("/dashboard", "/dashboard/weeks.csv", "/calls", "/sampling", "/feedback/"),
    "admin": ("/audit", "/people", "/imports", "/jobs"),
}


@pytest.fixture
def app(fresh_app: Flask) -> Flask:
    """Give these tests an application that they may change."""
    return fresh_app


@pytest.mark.parametrize("role", PAGES)
def test_no_address_breaks_a_page(
    app: Flask, signed_in: Callable[[str], Browser], role: str
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    browser = signed_in(role)
    answers = {
        f"{page}?{query}": browser.get(f"{page}?{query}").status_code
        for page in PAGES[role]
        for query in QUERIES
    }
    assert {address: status for address, status in answers.items() if status != 200} == {}


def test_the_ways_to_other_pages_stay_here_and_keep_what_was_asked(
    signed_in: Callable[[str], Browser], add: Callable[..., object], world: World
) -> None:
    def many(session: object) -> None:
        for number in range(60):
            factories.make_user(session, f"person{number}", roles=[("agent", world.site, None)])

    add(many)
    admin = signed_in("admin")
    evil = "_external=1&_scheme=javascript&endpoint=accounts.show"
    page = admin.get(f"/people?q={quote('person')}&{evil}").get_data(as_text=True)
    following = page.split('rel="next" href="')[1].split('"')[0]
    assert following.startswith("/people?q=person&amp;")
    assert following.endswith("page=2")
