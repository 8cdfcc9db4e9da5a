"""The player and its transcript in a real browser: keys, words, pictures, policies, barriers."""

import io
import json
import wave
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Call, MediaFile
from models.people import Agent
from models.transcripts import Transcript, Turn
from models.vocab import MediaKind, Party, TranscriptState
from pipelines.runtime import Runtime
from pipelines.transcription.sound import copies
from tests import factories
from tests.browser.conftest import Visitor
from tests.conftest import NOW
from tests.web.conftest import World

RATE = 8_000
SECONDS = 90


def sound() -> np.ndarray:
    """Make 90 s of two sides that hum by turns of three seconds."""
    t = np.arange(SECONDS * RATE) / RATE
    hum = 0.3 * np.sin(2 * np.pi * 220 * t)
    first = (t // 3) % 2 == 0
    return np.stack([hum * first, hum * ~first]).astype(np.float32)


def wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((2, 2, RATE, 0, "NONE", ""))
        out.writeframes((samples.T * 32_767).astype("<i2").tobytes())
    return file.getvalue()


@pytest.fixture
def call(add: Any, world: World, runtime: Runtime) -> Call:
    """Add a call with audio, picture and thirty turns of three seconds."""
    samples = sound()
    original = runtime.storage.put(io.BytesIO(wav(samples)), suffix=".wav")
    drawn = json.dumps(copies.peaks([samples], RATE)).encode()
    picture = runtime.storage.put(io.BytesIO(drawn), suffix=".json")

    def make(session: Session) -> Call:
        agent = session.scalars(select(Agent)).one()
        team, site = session.merge(world.team), session.merge(world.site)
        project = factories.make_project(session, site)
        call = factories.make_call(session, agent, team, project, talk_ms=SECONDS * 1_000)
        recording = factories.make_recording(session, call)
        for kind, file, mimetype in (
            (MediaKind.ORIGINAL, original, "audio/wav"),
            (MediaKind.PEAKS, picture, "application/json"),
        ):
            file_row = MediaFile(
                kind=kind,
                storage_key=file.key,
                mimetype=mimetype,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                created_at=NOW,
            )
            recording.files.append(file_row)
        transcript = Transcript(
            recording=recording,
            site_id=site.id,
            state=TranscriptState.DONE,
            language="en",
            model="test",
            options={},
            versions={},
            attempt=1,
            made_at=NOW,
        )
        transcript.turns = [
            Turn(
                position=n + 1,
                party=(Party.AGENT, Party.CUSTOMER)[n % 2],
                start_ms=3_000 * n,
                end_ms=3_000 * n + 2_900,
                text=f"turn {n}",
                masked_text=f"turn {n}",
                masks=[],
                confidence=0.9,
                words=[
                    ["turn", 3_000 * n, 3_000 * n + 1_000, 0.9],
                    [f" {n}", 3_000 * n + 1_000, 3_000 * n + 2_900, 0.3],
                ],
            )
            for n in range(SECONDS // 3)
        ]
        session.add(transcript)
        session.flush()
        return call

    return add(make)


def ms(page: Page) -> float:
    return page.evaluate("document.querySelector('audio').currentTime * 1000")


def test_a_recording_is_opened_heard_and_followed_by_keyboard_and_by_word(
    visitor: Visitor, call: Call
) -> None:
    page = visitor.page
    visitor.sign_in("manager1")
    visitor.go("/calls")
    page.locator(f"a[href='/calls/{call.uid}']").click()
    page.get_by_label("Why do you open this recording?").fill("Coaching")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-wave] > div")
    assert page.locator("audio").get_attribute("controls") is None

    page.locator("body").press("l")
    page.locator("body").press("l")
    page.locator("body").press("j")
    assert ms(page) == pytest.approx(5_000, abs=50)
    page.wait_for_function("() => document.querySelector('.hb-here')?.dataset.start === '3000'")
    page.locator("body").press(".")
    assert page.locator("audio").evaluate("audio => audio.playbackRate") == 1.25
    page.locator("body").press(" ")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 5.2")
    page.locator("body").press(" ")
    assert page.locator("audio").evaluate("audio => audio.paused")

    # A word far down is played from; the list follows, the page does not move.
    page.locator(".hb-turn").nth(20).locator(".hb-word").nth(1).click()
    page.wait_for_function("() => document.querySelector('.hb-here')?.dataset.start === '60000'")
    page.wait_for_selector(".hb-sounding")
    assert ms(page) >= 61_000
    page.locator("[data-act=play]").click()
    assert page.locator("audio").evaluate("audio => audio.paused")

    # Space in a field or on a button is theirs.
    page.locator("[data-act=back]").focus()
    before = ms(page)
    page.keyboard.press(" ")
    assert ms(page) == pytest.approx(before - 5_000, abs=50)
    assert visitor.complaints == []


def test_a_part_is_played_to_its_end_and_selected_words_are_known(
    visitor: Visitor, call: Call
) -> None:
    page = visitor.page
    visitor.sign_in("manager1")
    visitor.go(f"/calls/{call.uid}")
    page.get_by_label("Why do you open this recording?").fill("Coaching")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-wave] > div")
    page.evaluate(
        "() => { const part = document.querySelector('.hb-time');"
        " part.dataset.playFrom = '30000'; part.dataset.playTo = '30400'; part.click(); }"
    )
    page.wait_for_function(
        "() => { const audio = document.querySelector('audio');"
        " return audio.paused && audio.currentTime > 30.3; }"
    )
    assert ms(page) < 31_000
    picked = page.evaluate(
        "async () => { const words = document.querySelectorAll('.hb-word');"
        " const range = document.createRange();"
        " range.setStart(words[1].firstChild, 0); range.setEnd(words[4].firstChild, 2);"
        " document.getSelection().addRange(range);"
        " const { selectedWords } = await import('/static/js/transcript.js');"
        " return selectedWords(); }"
    )
    assert picked == {"start_ms": 1_000, "end_ms": 7_000, "words": "0turn 1turn"}


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_call_pages_have_no_barrier(visitor: Visitor, call: Call, theme: str, width: int) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
    visitor.sign_in("manager1")
    found = {}
    for path in ("/calls", f"/calls/{call.uid}"):
        visitor.go(path)
        found[path] = visitor.barriers()
    page.get_by_label("Why do you open this recording?").fill("Coaching")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-wave] > div")
    page.locator("body").press("l")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Axe copies the picture's own style sheet to look into it, which the page's policy refuses.
    assert visitor.complaints == []
    found["opened"] = visitor.barriers()
    assert {name: lines for name, lines in found.items() if lines} == {}
