"""The reviewer's one screen: worked by keys alone, and nothing that is typed is lost."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from models.people import Agent
from models.reviews import Review
from models.vocab import ReviewState
from pipelines.runtime import Runtime
from tests.browser.conftest import Visitor
from tests.browser.scoring import CRITERIA, EVIDENCES, WATCH, Strokes, score_by_keys
from tests.desk import add_desk
from tests.web.conftest import PASSWORD, World

SAVED = "[data-save-state][data-kind=saved]"
UNSAVED = "[data-save-state][data-kind=unsaved]"


@pytest.fixture
def page(visitor: Visitor, world: World, runtime: Runtime, add: Any) -> Page:
    """Open the workspace on a call of 60 s, with twenty criteria; another call waits."""

    def make(session: Any) -> None:
        agent = session.scalars(select(Agent)).one()
        add_desk(session, runtime, agent, session.merge(world.team), [60, 60])

    add(make)
    visitor.sign_in("reviewer1")
    visitor.go("/reviews/")
    visitor.page.click("text=Take the next call")
    visitor.page.wait_for_selector("[data-drawn=yes]")
    return visitor.page


def review(add: Any) -> Review:
    return add(lambda session: session.scalars(select(Review).order_by(Review.id)).first())


def at_ms(page: Page) -> float:
    return page.evaluate("document.querySelector('audio').currentTime * 1000")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_twenty_criteria_with_eight_evidences_in_sixty_keys(
    visitor: Visitor, page: Page, add: Any
) -> None:
    # One screen: it is the transcript and the scorecard that scroll, not the page.
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    for part in (".hb-turns", ".hb-judge"):
        assert page.evaluate(
            "(part) => { const box = document.querySelector(part);"
            " return box.scrollHeight > box.clientHeight + 50 && box.clientHeight > 200; }",
            part,
        ), part
    assert page.locator(".hb-lane rect").count() == 10
    page.evaluate(WATCH)
    before = page.evaluate("seen.page")
    strokes = Strokes(page)
    score_by_keys(strokes)
    page.wait_for_selector("text=20 of 20 answered")
    page.wait_for_selector(SAVED)
    # A comment is typed while the form saves itself: nothing moves.
    page.evaluate("seen.shift = 0")
    press(page, "c")
    page.wait_for_timeout(600)
    page.evaluate("seen.shift = 0")
    page.keyboard.type("asked twice, then waited: n 1 e", delay=30)
    page.wait_for_selector(SAVED)
    page.wait_for_timeout(100)
    seen = page.evaluate("seen")
    assert (seen["pointer"], seen["shift"], seen["page"]) == (0, 0, before)
    press(page, "Escape")
    draft = review(add).draft
    assert len(draft) == CRITERIA
    marked = {name: entry["evidence"] for name, entry in draft.items() if entry["evidence"]}
    assert list(marked) == [f"point{number + 1}" for number in range(EVIDENCES)]
    assert marked["point2"][0]["words"].startswith("I am sorry about that")
    assert draft["point20"]["comment"] == "asked twice, then waited: n 1 e"
    strokes.press("Control+Enter")
    assert len(strokes.pressed) <= 60
    page.wait_for_selector("text=Submitted: ")
    assert review(add).state is ReviewState.SUBMITTED
    assert visitor.complaints == []


def test_the_sound_obeys_the_keys(visitor: Visitor, page: Page, add: Any) -> None:
    # Another script asks for the player by its plain address: it is not begun twice.
    assert page.evaluate("import('/static/js/player.js').then(m => m.playerOn().ms)") == 0
    page.click("[data-act=forward]")
    assert at_ms(page) == pytest.approx(5_000, abs=50)
    page.evaluate("document.querySelector('audio').currentTime = 0; document.activeElement.blur()")
    rate = "document.querySelector('audio').playbackRate"
    press(page, *"...........")
    assert page.evaluate(rate) == 3
    press(page, *",,,,,,,,,,,")
    assert page.evaluate(rate) == 0.5
    press(page, *"..")
    # Dead air and overlap as the call was measured; each is played from.
    press(page, "d")
    assert at_ms(page) == pytest.approx(10_000, abs=400)
    press(page, "k", "v")
    assert at_ms(page) == pytest.approx(24_000, abs=400)
    press(page, "k", "Shift+D")
    assert at_ms(page) == pytest.approx(10_000, abs=400)
    press(page, "k")
    # Turns of one side; the transcript comes along.
    press(page, "u")
    here = page.locator(".hb-turn.hb-here")
    assert (here.get_attribute("data-start"), here.get_attribute("data-party")) == (
        "18000",
        "customer",
    )
    press(page, "Shift+A")
    assert here.get_attribute("data-start") == "12000"
    # Silence is skipped: 15.8 s is in a pause that ends at 18 s.
    press(page, "f", "l")
    page.evaluate("document.querySelector('audio').currentTime = 16.5")
    press(page, " ")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 17.7", timeout=900)
    press(page, " ", "f")
    # A span marked by keys is repeated, and becomes evidence with its words.
    page.evaluate("document.querySelector('audio').currentTime = 0.5")
    press(page, "i")
    page.evaluate("document.querySelector('audio').currentTime = 1.2")
    press(page, "o", "r")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 1")
    page.wait_for_function("() => document.querySelector('audio').currentTime < 0.8")
    press(page, "r", " ", "e")
    page.wait_for_selector("#c-point1 .hb-chip:has-text('morning this')")
    # One side alone, in both ears, and both again.
    press(page, "b")
    page.wait_for_selector("[data-player-says]:has-text('Only heard: Agent')")
    press(page, "b", "b")
    page.wait_for_selector("[data-player-says]:has-text('Both sides are heard')")
    # Found words become evidence too; the search gives the focus back.
    press(page, "/")
    page.keyboard.type("bill is")
    press(page, "Enter", "Enter")
    page.wait_for_selector("[data-found-count]:has-text('2 of 3')")
    assert at_ms(page) == pytest.approx(30_000, abs=500)
    press(page, "Escape", "e")
    page.wait_for_selector("#c-point1 .hb-chip:has-text('bill is') >> text=0:30")
    page.wait_for_selector(SAVED)
    found = review(add).draft["point1"]["evidence"][1]
    assert found["words"] == "bill is"
    assert visitor.complaints == []


def test_what_was_done_is_taken_back_and_keys_can_be_turned_off(
    visitor: Visitor, page: Page, add: Any
) -> None:
    press(page, "a", "e", "1", "n", "2", "2", "z")
    page.wait_for_selector(SAVED)
    assert set(review(add).draft) == {"point1"}
    # A chip plays, is removed by key, and comes back.
    page.locator("#c-point1 .hb-chip-play").focus()
    press(page, "Enter")
    page.wait_for_function("() => !document.querySelector('audio').paused")
    press(page, "Delete")
    page.wait_for_selector("#c-point1 .hb-chip", state="detached")
    press(page, "z")
    page.wait_for_selector("#c-point1 .hb-chip")
    # Notes keep the moment at which they were begun.
    press(page, "k")
    page.evaluate("document.querySelector('audio').currentTime = 7")
    press(page, "m")
    page.keyboard.type("n 1 asks for the number")
    press(page, "Enter")
    page.locator(".hb-note-share input").focus()
    press(page, " ")
    page.wait_for_timeout(100)
    page.wait_for_selector(SAVED)
    assert review(add).notes == [{"at_ms": 7000, "text": "n 1 asks for the number", "shared": True}]
    # With single keys off, a word said to the computer answers nothing.
    press(page, "Escape", "?")
    page.wait_for_selector("dialog[open]:has-text('search in the transcript')")
    page.locator("[data-choice=keys]").focus()
    press(page, " ", "Escape", "n", "1", "x")
    page.wait_for_timeout(600)
    assert set(review(add).draft) == {"point1"}
    page.reload()
    page.wait_for_selector("[data-drawn=yes]")
    press(page, "n", "1")
    assert page.locator("#c-point2 :checked").count() == 0
    # Axe copies the picture's own style sheet to look into it, which the page's policy refuses.
    assert visitor.complaints == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(400)  # colours change softly
    assert visitor.barriers() == []
    page.click("text=Keys")
    assert visitor.barriers() == []


def test_a_closed_tab_and_a_newer_window_lose_nothing(
    visitor: Visitor, page: Page, add: Any
) -> None:
    page.context.set_offline(True)
    page.check("#point1-yes")
    page.wait_for_selector(f"{UNSAVED}:has-text('No connection')")
    address = page.url
    page.close()
    page.context.set_offline(False)
    # The next day it is there again, and is sent.
    again = page.context.new_page()
    again.goto(address)
    again.wait_for_selector(SAVED)
    assert again.is_checked("#point1-yes")
    assert review(add).draft["point1"]["answer"] == "yes"
    # Written without a connection here, and meanwhile with one elsewhere: both are shown.
    other = again.context.new_page()
    other.goto(address)
    other.check("#point3-yes")
    other.wait_for_selector(SAVED)
    again.route("**/draft", lambda route: route.abort())
    again.check("#point1-no")
    again.wait_for_selector(UNSAVED)
    again.close()
    third = other.context.new_page()
    third.goto(address)
    third.wait_for_selector("#conflict[open]")
    third.click("[data-keep-mine]")
    third.wait_for_selector(SAVED)
    draft = review(add).draft
    assert draft["point1"]["answer"] == "no"
    assert "point3" not in draft


def test_a_session_that_ended_is_renewed_in_place(visitor: Visitor, page: Page, add: Any) -> None:
    page.context.clear_cookies()
    page.evaluate("window.same = true")
    press(page, "1")
    page.wait_for_selector(f"{UNSAVED}:has-text('Your session has ended')")
    press(page, "Control+Enter")
    page.wait_for_selector("#session[open]")
    assert visitor.barriers() == []
    page.keyboard.type("not it")
    press(page, "Enter")
    page.wait_for_selector("#session [data-said]:has-text('do not fit together')")
    page.locator("#session-password").fill(PASSWORD)
    press(page, "Enter")
    page.wait_for_selector("#session:not([open])", state="attached")
    page.wait_for_selector(SAVED)
    assert page.evaluate("window.same")
    assert review(add).draft["point1"]["answer"] == "yes"
    # Refused saves, and what axe does to the picture, are written to the console.
    assert all(re.search(r"40[01]|Security Policy", line) for line in visitor.complaints)
