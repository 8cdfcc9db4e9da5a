"""What a review costs a reviewer: keys, milliseconds from key to picture, and to open a long call.

Run: ``python -m tests.benchmarks.bench_review [--runs N]`` (or ``make bench-review``). A real
Chromium before the application on SQLite; one JSON object per line: name, value, unit, bar, met;
the exit code is 1 when a bar is missed. The card has 20 criteria; the call that is scored lasts
90 s, the long one an hour, with 600 turns and 7,050 words. *Key to paint* is from the key's own
time stamp to the first moment after the next frame, of all keys of a review. *Open* is from the
click to a page that takes keys and shows its picture, with the transcript, the median of the runs.
*Shift* is the sum of the browser's layout-shift scores while a comment is typed, those right after
a key included. Nothing here is a test; machines differ.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select
from waitress.server import create_server

from models import schema
from models.people import Agent
from models.session import make_engine, write_session
from pipelines import jobs
from pipelines.runtime import RecogniserSettings, Runtime, SystemClock
from pipelines.storage import LocalStorage
from qa_app import create_app
from qa_app.settings import Settings
from tests.browser.conftest import FLAGS
from tests.browser.install_chromium import installed_chromium
from tests.browser.scoring import CRITERIA, EVIDENCES, WATCH, Strokes, score_by_keys
from tests.desk import add_desk
from tests.web.conftest import PASSWORD, make_world

HOUR_S = 3_600
SHORT_S = 90
PACE_MS = 60
COMMENT = "She asked twice, waited for the answer, and offered what fits. "
READY = """
new MutationObserver(() => {
  if (window.readyAt || !document.querySelector('[data-drawn]')) return;
  window.readyAt = true;
  requestAnimationFrame(() => setTimeout(() => (window.readyAt = performance.now())));
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Serve an installation with two calls to review; give its address."""
    settings = Settings(
        data_dir=home,
        database_url=f"sqlite:///{home / 'bench.db'}",
        secret_key="a secret of the benchmark",
        customer_key="a customer key of the benchmark",
        log_level="error",
    )
    engine = make_engine(settings.database_url)
    schema.upgrade(engine)
    jobs.upgrade_engine(engine)
    runtime = Runtime(
        engine=engine,
        storage=LocalStorage(settings.storage_dir),
        data_dir=home,
        clock=SystemClock(),
        recogniser=RecogniserSettings(None, "cpu", "int8", 1),
        customer_key=b"a key of the benchmark",
    )
    with write_session(engine) as session:
        world = make_world(session)
        agent = session.scalars(select(Agent)).one()
        add_desk(session, runtime, agent, world.team, [SHORT_S, HOUR_S])
    server = create_server(create_app(settings, runtime), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=5)
    engine.dispose()


def sign_in(browser: Browser, address: str) -> Page:
    """Open a window in which the reviewer is signed in."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB").new_page()
    page.goto(f"{address}/sign-in")
    page.fill("[name=username]", "reviewer1")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


def score(page: Page) -> dict[str, Any]:
    """Score the short call by keys alone; return what was counted and measured."""
    page.wait_for_selector("[data-drawn]")
    page.evaluate(WATCH)
    before = page.evaluate("seen.page")
    strokes = Strokes(page, pace_ms=PACE_MS)
    score_by_keys(strokes)
    page.wait_for_selector(f"text={CRITERIA} of {CRITERIA} answered")
    paints = page.evaluate("seen.paints")
    page.keyboard.press("c")
    page.wait_for_timeout(800)
    page.evaluate("seen.shift = 0, seen.paints = []")
    page.keyboard.type(COMMENT, delay=PACE_MS)
    page.wait_for_selector("[data-save-state][data-kind=saved]")
    seen = page.evaluate("seen")
    chips = page.locator(".hb-chip").count()
    page.keyboard.press("Escape")
    strokes.press("Control+Enter")
    page.wait_for_selector("text=Submitted: ")
    return {
        "keys": len(strokes.pressed),
        "evidences": chips,
        "pointer": seen["pointer"],
        "loads": int(seen["page"] != before),
        "shift": seen["shift"],
        "paints": paints + seen["paints"],
    }


def opened(page: Page, address: str, path: str) -> float:
    """Open the long call from the queue; return ms from the click to a page ready to work on."""
    page.goto(f"{address}/reviews/")
    page.click(f"a[href='{path}']")
    page.wait_for_function("() => window.readyAt > 1")
    return float(page.evaluate("readyAt"))


def report(name: str, value: float, unit: str, bar: float, *, least: bool = False) -> bool:
    """Print one figure; tell whether it holds its bar."""
    met = value >= bar if least else value <= bar
    line = {"name": name, "value": round(value, 4), "unit": unit, "bar": bar, "met": met}
    sys.stdout.write(json.dumps(line) + "\n")
    return met


def main() -> int:
    """Measure; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    chromium = installed_chromium()
    if chromium is None:
        sys.exit("no Chromium on this machine; make browser installs one")
    with (
        tempfile.TemporaryDirectory(prefix="hearback-bench-") as home,
        served(Path(home)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = sign_in(browser, address)
        page.goto(f"{address}/reviews/")
        page.click("text=Take the next call")
        found = score(page)
        page.context.add_init_script(READY)
        # Submitting has taken the long call.
        path = page.url.removeprefix(address)
        opened(page, address, path)
        waits = [opened(page, address, path) for _ in range(options.runs)]
        browser.close()
    p95 = statistics.quantiles(found["paints"], n=20)[-1]
    held = [
        report("keys_for_20_criteria_8_evidences", found["keys"], "keys", 60),
        report("evidences", found["evidences"], "spans", EVIDENCES, least=True),
        report("pointer_events", found["pointer"], "events", 0),
        report("full_page_loads", found["loads"], "loads", 0),
        report("layout_shift_while_typing", found["shift"], "score", 0),
        report("key_to_paint_p95", p95, "ms", 100),
        report("open_an_hour", statistics.median(waits), "ms", 1_000),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
