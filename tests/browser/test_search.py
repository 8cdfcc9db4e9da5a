"""Searching by keyboard alone: from the field to the hit, and to the spot where it is said."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.calls import Call
from models.transcripts import Transcript, Turn
from pipelines.search import service
from tests.browser.conftest import Visitor
from tests.browser.test_player import call, ms
from tests.conftest import NOW

__all__ = ["call"]


def test_what_was_said_is_found_and_played_at_the_spot(
    visitor: Visitor, add: Any, call: Call
) -> None:
    def masked(session: Session) -> None:
        session.execute(update(Turn).values(masked_text=Turn.text))
        service.index(session, session.scalars(select(Transcript.id)).one(), now=NOW)

    add(masked)
    page = visitor.page
    visitor.sign_in("manager1")
    visitor.go("/search")
    page.keyboard.type("turn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?*")
    assert page.locator("[data-hit]").count() == 3
    for theme, width in (("light", 1280), ("dark", 390)):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme)
        page.reload()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert visitor.barriers() == []
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type('"turn 7"')
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=%22*")
    assert page.locator("mark").all_inner_texts() == ["turn 7"]
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/*?at=21000")
    page.get_by_label("Why do you open this recording?").fill("coaching")
    page.keyboard.press("Enter")
    page.locator("audio").wait_for(state="attached")
    page.wait_for_function("() => (document.querySelector('audio')?.currentTime ?? 0) >= 21")
    assert 21_000 <= ms(page) < 21_500
    page.locator(".hb-turn.hb-here", has_text="turn 7").wait_for()
    assert visitor.complaints == []
