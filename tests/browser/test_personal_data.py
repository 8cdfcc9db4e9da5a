"""Hidden words before a reviewer and a manager: read, selected, shown and hidden by keyboard."""

import io
import json
from typing import Any

import numpy as np
from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import MediaFile
from models.people import Agent
from models.transcripts import Turn
from models.vocab import MediaKind, Party, TaskState
from pipelines.redaction import service
from pipelines.review import verdicts
from pipelines.runtime import Runtime
from tests import factories
from tests.browser.conftest import Visitor
from tests.browser.test_player import RATE, wav
from tests.conftest import NOW
from tests.web.conftest import World

SAID = [
    (Party.AGENT, 500, "what is your number"),
    (Party.CUSTOMER, 4_000, "it is 138 0013 8000 thank you"),
    (Party.AGENT, 9_000, "and you are Ann Lee"),
]
DIGITS = ("0013", "8000")


def make(session: Session, world: World, key: str) -> tuple[Any, Any]:
    """Add a claimed task on a call in which a number is said, with its muted copy."""
    team = session.merge(world.team)
    (task,) = factories.make_tasks(session, session.scalars(select(Agent)).one(), team)
    recording = factories.make_recording(session, task.leg.call)
    transcript = factories.make_transcript(session, recording, SAID)
    service.look_through(session, transcript.id, {"phone"})
    for kind in (MediaKind.ORIGINAL, MediaKind.MASKED):
        session.add(
            MediaFile(
                recording_id=recording.id,
                kind=kind,
                storage_key=key,
                mimetype="audio/wav",
                sha256="0" * 64,
                size_bytes=1,
                created_at=NOW,
            )
        )
    reviewer = session.merge(world.people["reviewer"])
    task.state, task.assignee_id, task.claimed_at = TaskState.CLAIMED, reviewer.id, NOW
    session.flush()
    verdicts.start_or_get_review(session, task, reviewer, now=NOW)
    return task.uid, task.leg.call.uid


def in_both_lights(visitor: Visitor) -> list[str]:
    found = []
    for theme, width in (("dark", 390), ("light", 1280)):
        visitor.page.set_viewport_size({"width": width, "height": 800})
        visitor.page.emulate_media(color_scheme=theme)
        # Colours change by degrees, and would be measured half-way.
        visitor.page.reload()
        found += visitor.barriers()
        if not visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append(f"wider than {width} px")
    return found


def select_words(page: Page, first: int, last: int) -> None:
    page.evaluate(
        "([first, last]) => { const words = document.querySelectorAll('.hb-word');"
        " document.getSelection().setBaseAndExtent(words[first], 0, words[last], 1); }",
        [first, last],
    )


def test_hidden_words_are_named_and_kept_and_who_may_shows_and_hides_them_by_keyboard(
    visitor: Visitor, world: World, add: Any, runtime: Runtime
) -> None:
    sound = wav(np.zeros((2, 12 * RATE), dtype=np.float32))
    key = runtime.storage.put(io.BytesIO(sound), suffix=".wav").key
    task, call = add(lambda session: make(session, world, key))
    page = visitor.page

    # A reviewer reads what is hidden as such; selected across it, it stays hidden.
    visitor.sign_in("reviewer1")
    visitor.go(f"/reviews/{task}")
    assert page.get_by_role("img", name="phone number hidden").inner_text().strip() == "•••"
    assert not any(digits in page.content() for digits in DIGITS)
    words = page.locator(".hb-word").all_inner_texts()
    select_words(page, 5, 7)
    page.locator("#c-greeting [data-mark]").click()
    page.locator('[data-save-state][data-kind="saved"]').wait_for()
    (moment,) = json.loads(page.locator("#c-greeting [data-evidence]").input_value())
    assert (words[5:8], moment["words"]) == ([" is", " •••", " thank"], "is ••• thank")
    assert (moment["start_ms"], moment["end_ms"]) == (4_500, 6_900)

    # A manager says why and sees it, by keyboard alone.
    page.context.clear_cookies()
    visitor.sign_in("manager1")
    visitor.go(f"/calls/{call}")
    page.get_by_label("Why do you open this recording?").fill("Coaching")
    page.keyboard.press("Enter")
    page.locator(".hb-masked").wait_for()
    assert in_both_lights(visitor) == []
    page.get_by_label("Why do you need to see personal data?").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".hb-revealed").first.wait_for()
    assert page.locator(".hb-revealed").all_inner_texts() == [" 138", " 0013", " 8000"]
    assert in_both_lights(visitor) == []

    # Words of two turns are not half hidden.
    hide = page.get_by_role("button", name="Hide the selected words")
    select_words(page, 9, 11)
    hide.press("Enter")
    page.get_by_text("Select words of one turn in the transcript first.").wait_for()
    # Two words by keyboard, from those that are selected on.
    select_words(page, 13, 13)
    page.locator("[data-turns]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.locator("[data-chosen]", has_text="Ann Lee").wait_for()
    hide.press("Enter")
    page.get_by_text("The words are hidden now.").wait_for()

    def masked() -> list[str]:
        return add(
            lambda session: session.scalars(select(Turn.masked_text).order_by(Turn.position)).all()
        )

    assert masked()[1:] == ["it is ••• thank you", "and you are •••"]
    number = page.locator("li", has_text="138 0013 8000", has=page.locator("form"))
    number.get_by_role("button").press("Enter")
    page.get_by_text("The words are shown again.").wait_for()
    assert masked()[1:] == ["it is 138 0013 8000 thank you", "and you are •••"]
    assert visitor.complaints == []
