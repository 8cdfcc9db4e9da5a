"""A real Chromium before the real application, which listens on this machine only."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy.orm import Session
from waitress.server import create_server

from tests.browser.install_chromium import installed_chromium
from tests.web.conftest import PASSWORD, World, add, app, clock, make_world, runtime, settings

__all__ = ["add", "app", "clock", "runtime", "settings"]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the machine's Chromium once per module.

    Not once per run: while Playwright is open its event loop runs in this thread, and the job
    engine refuses to work there in the tests of other folders that follow.
    """
    path = installed_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine; make setup installs one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def world(add: Any) -> World:
    """Add a site, a team and a person of every role."""
    return add(make_world)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Serve the application from a thread; give its address."""
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=5)


@dataclass
class Visitor:
    """A person before a browser; every message of the page's console is kept."""

    page: Page
    address: str
    complaints: list[str]

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def sign_in(self, username: str) -> None:
        """Sign in with the keyboard alone."""
        self.go("/sign-in")
        self.page.locator("[name=username]").focus()
        self.page.keyboard.type(username)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def barriers(self) -> list[str]:
        """Return what axe finds wrong with the page, one line each."""
        # Evaluated by the browser's own tools, so that the page's policy stays as strict as it is.
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa',"
            " 'wcag22aa', 'best-practice']})).violations"
            ".map(v => [v.id, v.nodes.map(n => n.html.slice(0, 160))])"
        )
        return [json.dumps(item, ensure_ascii=False) for item in found]


@pytest.fixture
def visitor(chromium: Browser, address: str) -> Iterator[Visitor]:
    """Give a fresh browser window; scripts and policies may not have complained at its end."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    yield Visitor(page, address, complaints)
    context.close()


def transcribed(session: Session, call: Any) -> None:
    """Give a call a recording whose audio is gone, and a transcript of two turns."""
    from models.transcripts import Transcript, Turn
    from models.vocab import Party, RecordingState, TranscriptState
    from tests import factories

    recording = factories.make_recording(session, call, state=RecordingState.EXPIRED)
    said = [(Party.AGENT, 0, "Good morning, this is Ann."), (Party.CUSTOMER, 4000, "Hello.")]
    transcript = Transcript(
        recording_id=recording.id,
        site_id=call.site_id,
        state=TranscriptState.DONE,
        language="en",
        model="test",
        options={},
        versions={},
        attempt=1,
        made_at=call.started_at,
    )
    for position, (party, start, text) in enumerate(said, start=1):
        words = [
            [(" " if place else "") + word, start + place * 500, start + place * 500 + 400, 0.9]
            for place, word in enumerate(text.split())
        ]
        transcript.turns.append(
            Turn(
                position=position,
                party=party,
                start_ms=start,
                end_ms=start + 3000,
                text=text,
                masked_text=text,
                masks=[],
                confidence=0.9,
                words=words,
            )
        )
    session.add(transcript)
