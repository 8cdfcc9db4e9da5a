"""A session in a real browser: no barrier on its pages, and a reference that saves itself."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Agent, Role
from pipelines import evaluation
from pipelines.calibration import service
from pipelines.review import verdicts
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import import_scorecard, version_rule
from tests import factories
from tests.browser.conftest import Visitor, transcribed
from tests.conftest import NOW
from tests.web.conftest import World

GOOD = {"greeting": "yes", "needs": "needs_good", "identity": "yes", "praise": "yes"}
FAIR = {**GOOD, "needs": "needs_some"}


@pytest.fixture
def rounds(add: Any, world: World) -> Any:
    """A closed round of one call, scored by two, and one that has just begun."""

    def make(session: Session) -> list[str]:
        site, team = session.merge(world.site), session.merge(world.team)
        agent = session.scalars(select(Agent)).one()
        version = import_scorecard(session, factories.SCORECARD, now=NOW)
        project = factories.make_project(session, site, scorecard_id=version.scorecard_id)
        people = [
            session.merge(world.people["reviewer"]),
            factories.make_user(session, "bob", roles=[(Role.REVIEWER, site, None)]),
        ]
        leader = session.merge(world.people["manager"])
        made = []
        for title in ("closed", "open"):
            call = factories.make_call(session, agent, team, project)
            transcribed(session, call)
            due = NOW + timedelta(days=3)
            made.append(
                service.create_round(
                    session, title, call.legs, people, version, due_at=due, user=leader, now=NOW
                )
            )
        for seat, given in zip(made[0].items[0].seats, (GOOD, FAIR), strict=True):
            review = verdicts.start_or_get_review(session, seat.task, seat.reviewer, now=NOW)
            evaluation.submit_review(
                session,
                review,
                sheet_of(version_rule(session, version.id), given, "because"),
                "",
                lock_version=review.lock_version,
                user=seat.reviewer,
                now=NOW,
            )
        service.close(session, made[0], leader, now=NOW)
        return [f"/calibration/{one.uid}" for one in made]

    return add(make)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_a_session_from_the_list_to_the_agreed_reference(
    visitor: Visitor, world: World, rounds: Any, theme: str, width: int
) -> None:
    page, (closed, running) = visitor.page, rounds
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
    visitor.sign_in("manager1")
    visitor.go("/calibration/")
    new = page.get_by_role("link", name="New round").get_attribute("href")
    found = {}
    for path in ("/calibration/", new, running, closed, "/calibration/reviewers"):
        visitor.go(path)
        found[path] = visitor.barriers()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    visitor.go(closed)
    page.get_by_role("link", name="Agree on a reference").click()
    # What both answered alike is there; what differs is not.
    assert page.locator("[name=answer_greeting][value=yes]").is_checked()
    assert not page.locator("[name=answer_needs]:checked").count()
    needs = page.locator("[data-criterion=needs]")
    needs.get_by_text("some").check()
    needs.get_by_role("button", name="Comment").click()
    needs.get_by_role("textbox").fill("Asked once only.")
    page.get_by_text("Saved").wait_for()
    page.reload()
    assert needs.get_by_role("textbox").input_value() == "Asked once only."
    found["reference"] = visitor.barriers()
    page.get_by_label("All of us agree.").check()
    page.get_by_role("button", name="Agree and keep").click()
    page.get_by_text("Agreed and kept.").wait_for()
    assert page.get_by_text("Reference: 76.7 %").is_visible()
    found["call"] = visitor.barriers()
    assert {path: lines for path, lines in found.items() if lines} == {}
    assert visitor.complaints == []
