"""A newcomer reviews a call, by keys alone and by mouse; what is written is never lost."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from models.people import Agent
from models.reviews import Review
from models.vocab import ReviewState
from tests import factories
from tests.browser.conftest import Visitor, transcribed
from tests.web.conftest import World


@pytest.fixture
def reviewer(visitor: Visitor, world: World, add: Any) -> Visitor:
    """Sign a reviewer in, with two calls waiting."""

    def make(session: Any) -> None:
        agent = session.scalars(select(Agent)).one()
        for task in factories.make_tasks(session, agent, session.merge(world.team), count=2):
            transcribed(session, task.leg.call)

    add(make)
    visitor.sign_in("reviewer1")
    return visitor


def open_next(visitor: Visitor) -> Page:
    """Take the next call and wait until its form is alive."""
    visitor.go("/reviews/")
    visitor.page.click("text=Take the next call")
    visitor.page.wait_for_selector("[data-sheet]")
    visitor.page.wait_for_load_state("networkidle")
    return visitor.page


def drafts(add: Any, state: ReviewState = ReviewState.DRAFT) -> list[Review]:
    return add(lambda session: session.scalars(select(Review).where(Review.state == state)).all())


def test_from_sign_in_to_a_submitted_review_with_the_keyboard_alone(
    reviewer: Visitor, add: Any
) -> None:
    page = reviewer.page
    keys = page.keyboard
    reviewer.go("/reviews/")
    assert reviewer.barriers() == []
    # The way on is in focus already.
    keys.press("Enter")
    page.wait_for_selector("[data-sheet]")
    assert reviewer.barriers() == []
    first = page.url
    keys.press("n")
    keys.press("1")
    # The answer opens another criterion.
    page.wait_for_selector("#c-praise", state="visible")
    for key in ("n", "2", "n", "1", "n", "2"):
        keys.press(key)
    page.wait_for_selector("text=21 of 30 points")
    page.wait_for_selector("text=3 of 3 answered")
    keys.press("n")
    keys.type("kept calm, 1 2 n")
    keys.press("Escape")
    keys.press("?")
    page.wait_for_selector("dialog[open]")
    assert reviewer.barriers() == []
    keys.press("Escape")
    keys.press("Control+Enter")
    page.wait_for_url(lambda url: url != first)
    page.wait_for_selector("text=Submitted: 70.0 %.")
    page.wait_for_selector("text=0 of 30 points")
    [done] = drafts(add, ReviewState.SUBMITTED)
    note = add(
        lambda session: [
            answer.value["answer"]
            for answer in session.get_one(Review, done.id).current.answers
            if answer.criterion.lineage == "note"
        ]
    )
    assert note == ["kept calm, 1 2 n"]
    assert reviewer.complaints == []


def test_what_is_missing_is_shown_in_place_and_conditions_open_and_close(
    reviewer: Visitor,
) -> None:
    page = open_next(reviewer)
    assert page.locator("#c-praise").is_hidden()
    page.check("#greeting-yes")
    page.wait_for_selector("#c-praise", state="visible")
    page.check("#greeting-no")
    page.wait_for_selector("#c-praise", state="hidden")
    # This answer asks for words.
    page.wait_for_selector("#c-greeting textarea", state="visible")
    page.click("text=Submit and next")
    page.wait_for_selector("#missing")
    assert page.locator("#missing li").count() == 3
    assert reviewer.barriers() == []
    page.click("#missing a >> nth=2")
    assert page.evaluate("document.activeElement.closest('[data-criterion]').id") == "c-identity"


def test_selected_words_become_evidence(reviewer: Visitor, add: Any) -> None:
    page = open_next(reviewer)
    page.evaluate(
        "() => { const words = document.querySelectorAll('.hb-word');"
        " getSelection().setBaseAndExtent(words[0].firstChild, 0, words[1].firstChild, 8); }"
    )
    page.click("#c-greeting [data-mark]")
    page.wait_for_selector("#c-greeting q:has-text('Good morning')")
    page.wait_for_selector("[data-save-state][data-kind=saved]")
    [draft] = drafts(add)
    assert draft.draft["greeting"]["evidence"] == [
        {"start_ms": 0, "end_ms": 900, "words": "Good morning,"}
    ]
    page.reload()
    page.wait_for_selector("#c-greeting q:has-text('Good morning')")
    page.click("#c-greeting [data-moments] .btn-close")
    page.wait_for_selector("[data-save-state][data-kind=saved]")
    page.wait_for_timeout(200)
    assert drafts(add)[0].draft == {}


def test_answers_given_without_a_connection_are_sent_when_it_is_back(
    reviewer: Visitor, add: Any
) -> None:
    page = open_next(reviewer)
    page.context.set_offline(True)
    page.check("#greeting-yes")
    page.wait_for_selector("[data-save-state][data-kind=unsaved]:has-text('No connection')")
    assert drafts(add)[0].draft == {}
    page.context.set_offline(False)
    page.wait_for_selector("[data-save-state][data-kind=saved]")
    assert drafts(add)[0].draft["greeting"]["answer"] == "yes"


def test_a_session_that_ends_loses_nothing(reviewer: Visitor, add: Any) -> None:
    page = open_next(reviewer)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.check("#greeting-yes")
    page.wait_for_selector("text=Your session has ended")
    assert drafts(add)[0].draft == {}
    # Signing in again in another window gives this one a session too.
    page.context.add_cookies(cookies)
    page.wait_for_selector("[data-save-state][data-kind=saved]", timeout=15_000)
    assert drafts(add)[0].draft["greeting"]["answer"] == "yes"


def test_two_windows_ask_which_answers_to_keep(reviewer: Visitor, add: Any) -> None:
    page = open_next(reviewer)
    other = page.context.new_page()
    other.goto(page.url)
    other.check("#greeting-yes")
    other.wait_for_selector("[data-save-state][data-kind=saved]")
    page.check("#identity-no")
    page.wait_for_selector("#conflict[open]")
    assert reviewer.barriers() == []
    page.click("[data-keep-mine]")
    page.wait_for_selector("[data-save-state][data-kind=saved]")
    [draft] = drafts(add)
    assert set(draft.draft) == {"identity"}


def test_a_telephone_shows_all_of_it(reviewer: Visitor) -> None:
    reviewer.page.set_viewport_size({"width": 390, "height": 844})
    page = open_next(reviewer)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert re.search(r"0 of 30 points", page.inner_text("#total"))
    # At the page's end nothing lies under the bar that keeps the total in sight.
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert reviewer.barriers() == []
