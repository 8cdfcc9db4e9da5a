"""An agent disputes with a moment of the recording, somebody else decides: in a real browser."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Call
from models.disputes import DisputeItem
from models.people import Agent, User
from models.reviews import SelfAssessment
from models.vocab import AssessmentState
from pipelines import evaluation
from pipelines.review import service, verdicts
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import version_rule
from tests import factories
from tests.browser.conftest import Visitor, transcribed
from tests.conftest import NOW
from tests.web.conftest import World


@pytest.fixture
def review(add: Any, world: World) -> Any:
    """A weak review of a call with a transcript, whose time for an own view is over."""

    def make(session: Session) -> Any:
        agent = session.scalars(select(Agent)).one()
        (task,) = factories.make_tasks(session, agent, session.merge(world.team))
        transcribed(session, session.get_one(Call, task.leg.call_id))
        user = session.get_one(User, world.people["reviewer"].id)
        service.claim(session, task, user, now=NOW)
        begun = verdicts.start_or_get_review(session, task, user, now=NOW)
        answers = {"greeting": "no", "needs": "needs_some", "identity": "yes"}
        sheet = sheet_of(version_rule(session, begun.version_id), answers, "not heard")
        evaluation.submit_review(
            session, begun, sheet, "", lock_version=begun.lock_version, user=user, now=NOW
        )
        session.scalars(select(SelfAssessment)).one().state = AssessmentState.LAPSED
        return begun.uid

    return add(make)


def test_a_dispute_takes_its_moment_and_shows_what_it_would_change(
    visitor: Visitor, review: Any, add: Any
) -> None:
    page = visitor.page
    visitor.sign_in("agent1")
    visitor.go(f"/feedback/{review}")
    assert visitor.barriers() == []
    page.get_by_role("link", name="I see this differently").first.click()
    page.wait_for_url("**/disputes/of/**")
    # Only what is ticked asks for more.
    assert page.locator("[name=words_greeting]").is_visible()
    assert not page.locator("[name=words_needs]").is_visible()
    page.select_option("[name=reason_greeting]", "overlooked")
    page.fill("[name=words_greeting]", "The greeting is there.")
    page.evaluate(
        "() => { const words = document.querySelectorAll('.hb-word');"
        " getSelection().setBaseAndExtent(words[0], 0, words[1], 1); }"
    )
    page.locator("[data-take-moment=moment_greeting]").click()
    assert page.input_value("[name=moment_greeting]") == "0:00-0:01"
    assert visitor.barriers() == []
    page.get_by_role("button", name="Send the dispute").click()
    page.wait_for_url(f"**/feedback/{review}")
    item = add(lambda session: session.scalars(select(DisputeItem)).one())
    assert item.evidence == [{"start_ms": 0, "end_ms": 1_000, "words": "Good morning,"}]
    page.context.clear_cookies()
    visitor.sign_in("manager1")
    visitor.go("/disputes/")
    page.get_by_role("link", name="Project").click()
    page.wait_for_url("**/disputes/*-*")
    page.get_by_label("The agent is right").check()
    page.locator("[name=answer_greeting][value=yes]").check()
    page.locator("[name=answer_praise][value=no]").check()
    page.locator("#decided-total").get_by_text("70.0 %").wait_for()
    assert visitor.barriers() == []
    page.get_by_label("Your reasons").fill("It is there, at 0:00.")
    page.get_by_role("button", name="Decide").click()
    page.wait_for_url("**/disputes/")
    page.get_by_text("Decided last").wait_for()
    assert visitor.complaints == []


def test_help_is_asked_for_with_the_moment_that_is_selected(visitor: Visitor, review: Any) -> None:
    page = visitor.page
    visitor.sign_in("agent1")
    visitor.go(f"/feedback/{review}")
    page.evaluate(
        "() => { const word = document.querySelectorAll('.hb-turn')[1].querySelector('.hb-word');"
        " getSelection().setBaseAndExtent(word, 0, word, 1); }"
    )
    page.get_by_role("link", name="Help with this moment").click()
    page.wait_for_url("**/help/with/**")
    assert page.input_value("[name=moment]") == "0:04"
    page.get_by_role("button", name="Ask for help").click()
    page.get_by_text("waits for an answer").wait_for()
    assert visitor.barriers() == []
    assert visitor.complaints == []
