"""One week of everybody's work in real Chromium: from the draw to what the dashboard says of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.people import Agent
from models.reviews import Review, Task
from models.vocab import Origin, ReviewState, Role, TaskState
from pipelines.measures import service as facts
from pipelines.runtime import Runtime
from pipelines.scoring.service import import_scorecard
from tests import factories
from tests.browser.conftest import Visitor
from tests.conftest import NOW
from tests.desk import add_words, put_sound, scorecard
from tests.web.conftest import _PASSWORD_HASH, FixedClock, World

CARD = scorecard(8)
KEYS = "11152111"
"""Yes, the best level, yes, five points, the second box: one point of the list stays open."""

LESS = "12132121"
"""Only the second level, and three points of five."""


class Week:
    """Windows of several people, each of whom signs in once."""

    def __init__(self, chromium: Browser, address: str) -> None:
        self._chromium, self._address = chromium, address
        self._windows: dict[str, Visitor] = {}

    def of(self, username: str, path: str) -> Page:
        """Return the person's page, at a path."""
        if username not in self._windows:
            context = self._chromium.new_context(
                viewport={"width": 1280, "height": 900}, locale="en-GB"
            )
            page = context.new_page()
            page.set_default_timeout(10_000)
            visitor = Visitor(page, self._address, [])
            page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
            self._windows[username] = visitor
            visitor.sign_in(username)
        visitor = self._windows[username]
        visitor.go(path)
        return visitor.page

    def close(self) -> list[str]:
        """Close all windows; return what their scripts complained of."""
        for visitor in self._windows.values():
            visitor.page.context.close()
        return [line for visitor in self._windows.values() for line in visitor.complaints]


@pytest.fixture
def week(chromium: Browser, address: str) -> Iterator[Week]:
    windows = Week(chromium, address)
    yield windows
    assert windows.close() == []


@pytest.fixture
def calls(world: World, runtime: Runtime, add: Any) -> None:
    """Add last week's ten calls of one agent, a colleague, and a second reviewer."""

    def make(session: Session) -> None:
        site, team = session.merge(world.site), session.merge(world.team)
        agent = session.scalars(select(Agent)).one()
        for name, role in (("reviewer2", Role.REVIEWER), ("agent2", Role.AGENT)):
            user = factories.make_user(
                session,
                name,
                password_hash=_PASSWORD_HASH,
                roles=[(role, site, team if role is Role.AGENT else None)],
            )
            if role is Role.AGENT:
                factories.make_agent(session, team, "sh102", user)
        # Figures are shown of five people and more.
        others = [factories.make_agent(session, team, f"sh11{number}") for number in range(4)]
        card = import_scorecard(session, CARD, now=NOW)
        project = factories.make_project(session, site, "renewal", scorecard_id=card.scorecard_id)
        for number in range(10):
            seconds = 30 + number
            call = factories.make_call(
                session,
                agent,
                team,
                project,
                started_at=datetime(2026, 11, 16, 2, number * 5, tzinfo=UTC),
                talk_ms=seconds * 1000,
                source_key=f"week-{number}",
            )
            add_words(session, call, put_sound(runtime, seconds), seconds)
        for other in others:
            started_at = datetime(2026, 11, 16, 3, tzinfo=UTC)
            factories.make_call(session, other, team, project, started_at=started_at)

    add(make)


def counted(add: Any, *which: Any) -> int:
    return add(lambda session: session.scalar(select(func.count(Task.id)).where(*which)))


def score(page: Page, keys: str, *, evidence: bool = True) -> None:
    """Answer the sheet before one by keys and send it."""
    page.wait_for_selector("[data-drawn=yes]")
    for place, key in enumerate(keys):
        if place == 0 and evidence:
            page.keyboard.press("a")
            page.keyboard.press("e")
        page.keyboard.press(key)
        if place < len(keys) - 1:
            page.keyboard.press("n")
    page.wait_for_selector(f"text={len(keys)} of {len(keys)} answered")
    page.get_by_role("button", name="Submit", exact=True).click()


def test_one_week(week: Week, world: World, calls: None, clock: FixedClock, add: Any) -> None:
    draw_the_sample(week, add)
    review_it(week, add)
    clock.move(days=1)
    assess_and_dispute(week)
    clock.move(days=1)
    decide(week)
    learn(week)
    clock.move(days=1)
    calibrate(week, add)
    look_at_the_week(week, add)


def draw_the_sample(week: Week, add: Any) -> None:
    page = week.of("manager1", "/sampling")
    page.get_by_role("link", name="New plan").first.click()
    page.get_by_label("Name of the plan").fill("Every week")
    page.locator("[name='ordinary-amount']").fill("3")
    page.locator("[name=second_share]").fill("50")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("First day").first.fill("2026-11-16")
    page.get_by_label("Last day").first.fill("2026-11-16")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Draw", exact=True).click()
    page.locator("dialog[open]").get_by_role("button", name="Draw", exact=True).click()
    page.wait_for_url(lambda url: "/draws/" in url)
    assert counted(add, Task.origin == Origin.DRAWN) >= 3
    assert counted(add, Task.origin == Origin.SECOND) >= 1


def review_it(week: Week, add: Any) -> None:
    """Both reviewers take what there is, in turn; no call is read twice by one of them."""
    keys = {"reviewer1": KEYS, "reviewer2": LESS}
    for _round in range(10):
        for name, answers in keys.items():
            page = week.of(name, "/reviews/")
            take = page.get_by_role("button", name="Take the next call")
            if take.count():
                take.first.click()
                score(page, answers)
                page.get_by_text("Submitted").first.wait_for()
        if not counted(add, Task.state.in_([TaskState.OPEN, TaskState.CLAIMED])):
            break
    pairs = add(
        lambda session: session.execute(
            select(Review.leg_id, func.count(func.distinct(Review.reviewer_id)))
            .where(Review.state == ReviewState.SUBMITTED)
            .group_by(Review.leg_id)
            .having(func.count() > 1)
        ).all()
    )
    assert pairs
    assert all(who == 2 for _leg, who in pairs)


def assess_and_dispute(week: Week) -> None:
    page = week.of("agent1", "/my-calls/")
    # Nothing of the verdict is known before the own view is given.
    assert "new" not in page.locator("table").last.inner_text().split()
    page.get_by_role("link", name="Assess it").first.click()
    page.wait_for_selector("[data-sheet]")
    for place, key in enumerate(KEYS):
        page.keyboard.press(key)
        if place < len(KEYS) - 1:
            page.keyboard.press("n")
    page.wait_for_selector("text=8 of 8 answered")
    page.get_by_role("button", name="Submit").first.click()
    page.wait_for_url(lambda url: not url.endswith("/submit"))
    page = week.of("agent1", "/my-calls/")
    page.get_by_role("link", name="Feedback", exact=True).last.click()
    page.get_by_role("heading", name="What earned points").wait_for()
    page.get_by_role("heading", name="Points still open").wait_for()
    page.get_by_role("link", name="I see this differently").click()
    claim = page.locator(".hb-dispute").last
    claim.get_by_role("checkbox").first.check()
    claim.locator("select").select_option("overlooked")
    claim.locator("textarea").fill("I said the date as well.")
    page.get_by_role("button", name="Send the dispute").click()
    page.get_by_text("Disputed:").first.wait_for()


def decide(week: Week) -> None:
    page = week.of("manager1", "/disputes/")
    page.locator("main table a").first.click()
    page.get_by_label("The agent is right").check()
    for box in page.locator(".hb-new-answer [type=checkbox]").all():
        box.check()
    page.get_by_label("Your reasons").fill("The date is said at 0:12.")
    page.get_by_role("button", name="Decide").click()
    page.wait_for_url(lambda url: "/decide" not in url)
    page = week.of("agent1", "/feedback/")
    page.locator("main table a").first.click()
    page.get_by_text("after the dispute").first.wait_for()


def learn(week: Week) -> None:
    page = week.of("trainer1", "/exemplars/suggestions")
    page.get_by_role("link", name="Make it an exemplar").first.click()
    page.locator("[name=why]").fill("A warm welcome that names the company.")
    page.locator("[name=audience][value=site]").check()
    page.get_by_role("button", name="Make it an exemplar").click()
    page.wait_for_url(lambda url: "/of/" not in url)
    page.goto(page.url.split("/exemplars")[0] + "/quizzes/new")
    page.locator("[name=title]").fill("Welcomes")
    page.locator("[name=due]").fill("2026-12-11")
    page.get_by_role("button", name="Make the quiz").click()
    page.get_by_role("button", name="Put in").click()
    page.get_by_role("link", name="Choose people").click()
    page.get_by_label("agent2").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Open the quiz").click()
    page = week.of("agent2", "/practice/")
    page.get_by_role("button", name="Score it").first.click()
    page.wait_for_selector("[data-sheet]")
    for place, key in enumerate(LESS):
        page.keyboard.press(key)
        if place < len(LESS) - 1:
            page.keyboard.press("n")
    page.wait_for_selector("text=8 of 8 answered")
    page.get_by_role("button", name="Submit and compare").click()
    page.get_by_text("A warm welcome that names the company.").first.wait_for()


def calibrate(week: Week, add: Any) -> None:
    page = week.of("manager1", "/calibration/")
    page.get_by_role("link", name="New round").first.click()
    page.get_by_label("Name of the round").fill("November")
    for box in page.locator("[name=reviewers]").all():
        box.check()
    page.locator("[name=random]").fill("1")
    page.get_by_role("button", name="Choose by chance").click()
    page.get_by_role("button", name="Begin the round").click()
    page.wait_for_url(lambda url: "/new" not in url)
    session_page = page.url
    for name, keys in (("reviewer1", KEYS), ("reviewer2", LESS)):
        page = week.of(name, "/reviews/")
        page.get_by_role("button", name="Begin the review").or_(
            page.get_by_role("link", name="Begin the review")
        ).first.click()
        score(page, keys, evidence=False)
        page.get_by_text("Submitted").first.wait_for()
    page = week.of("manager1", "/calibration" + session_page.partition("/calibration")[2])
    page.get_by_role("button", name="Close the round").click()
    page.get_by_role("button", name="Close and compare").click()
    page.get_by_role("link", name="Agree on a reference").first.click()
    page.wait_for_selector("[data-sheet]")
    for lineage in ("point2", "point4", "point7"):
        # What they saw differently is open; they agree on the better answer, and say why.
        differing = page.locator(f"[data-criterion={lineage}]")
        radios = differing.get_by_role("radio")
        (radios.last if lineage == "point4" else radios.first).check()
        differing.get_by_role("button", name="Comment").click()
        differing.get_by_role("textbox").last.fill("We listened again.")
    page.get_by_text("Saved").wait_for()
    page.get_by_label("All of us agree.").check()
    page.get_by_role("button", name="Agree and keep").click()
    page.get_by_text("Agreed and kept.").wait_for()


def look_at_the_week(week: Week, add: Any) -> None:
    """Only drawn reviews count: neither the second, nor the calibrated, nor the practised ones."""
    drawn = counted(add, Task.origin == Origin.DRAWN, Task.state == TaskState.DONE)
    add(lambda session: facts.rebuild_dirty(session.get_bind()))
    page = week.of("manager1", "/dashboard?written=2026-W47")
    shown = page.get_by_text("Of reviewed calls").locator("xpath=..").inner_text()
    assert f" of {drawn})" in shown, shown
