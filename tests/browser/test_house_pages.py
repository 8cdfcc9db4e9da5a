"""Pages of the house in a real browser: no policy broken, no barrier, none wider than a phone."""

import pytest

from tests.browser.conftest import Visitor
from tests.web.conftest import World

PAGES = [
    "/",
    "/account",
    "/people",
    "/people/new",
    "/people/{uid}",
    "/sites",
    "/audit",
    "/jobs",
    "/settings-sheet",
    "/notices",
    "/my-data",
    "/requests",
    "/requests/new",
    "/limits",
    "/retention/holds",
]


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_pages_have_no_barrier(visitor: Visitor, world: World, theme: str, width: int) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
    visitor.go("/sign-in")
    found = {"/sign-in": visitor.barriers()}
    visitor.sign_in("admin1")
    for path in PAGES:
        visitor.go(path.format(uid=world.people["agent"].uid))
        assert page.locator("html").get_attribute("data-bs-theme") == theme
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        found[path] = visitor.barriers()
    assert {path: lines for path, lines in found.items() if lines} == {}
    assert visitor.complaints == []


@pytest.mark.parametrize("chosen", ["auto", "dark"])
def test_a_dark_page_is_printed_light(visitor: Visitor, world: World, chosen: str) -> None:
    page = visitor.page
    page.emulate_media(color_scheme="dark")
    visitor.sign_in("admin1")
    visitor.go("/settings-sheet")
    if chosen == "dark":
        page.get_by_role("button", name="Light or dark").click()
        page.get_by_role("button", name="Dark", exact=True).click()
    html = page.locator("html")
    assert html.get_attribute("data-bs-theme") == "dark"
    page.evaluate(
        "addEventListener('beforeprint', () =>"
        " { document.body.dataset.printed = document.documentElement.dataset.bsTheme; })"
    )
    page.pdf()
    assert page.locator("body").get_attribute("data-printed") == "light"
    assert html.get_attribute("data-bs-theme") == "dark"


def test_menus_open_by_keyboard_and_a_choice_is_kept(visitor: Visitor, world: World) -> None:
    page = visitor.page
    visitor.sign_in("admin1")
    visitor.go("/people")
    page.get_by_role("button", name="Light or dark").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Dark", exact=True).click()
    assert page.url.endswith("/people")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.get_by_role("button", name="Language").click()
    page.get_by_role("button", name="简体中文").click()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert visitor.complaints == []


def test_a_question_comes_before_a_person_is_let_in_no_more(visitor: Visitor, world: World) -> None:
    page = visitor.page
    visitor.sign_in("admin1")
    visitor.go(f"/people/{world.people['agent'].uid}")
    page.get_by_role("button", name="Let in no more").click()
    page.wait_for_selector("dialog[open]")
    assert visitor.barriers() == []
    page.get_by_role("button", name="Cancel").click()
    assert page.locator("dialog[open]").count() == 0
    page.get_by_role("button", name="Let in no more").click()
    page.locator("dialog[open] .btn-danger").click()
    page.wait_for_selector("text=can no longer sign in")
    assert visitor.complaints == []


def test_the_first_tab_leads_past_the_navigation(visitor: Visitor, world: World) -> None:
    visitor.sign_in("manager1")
    visitor.go("/")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.getAttribute('href')") == "#main"
