"""What agents do about their calls, and others for them: disputes, help, coaching, targets."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from models.coaching import CoachingSession, HelpRequest
from models.disputes import Dispute
from models.people import Agent, User
from models.reviews import Review, SelfAssessment, Task
from models.vocab import AssessmentState, Role
from models.vocab_learning import CoachingKind, HelpKind, PartnerState
from pipelines import evaluation
from pipelines.review import service, verdicts
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import version_rule
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]
WEAK = {"greeting": "no", "needs": "needs_some", "identity": "yes"}


def words(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def sent(browser: Browser, path: str, data: dict[str, Any], page: str = "") -> Any:
    """Open a page, send its form with its one-time key, and give the answer."""
    text = words(browser.get(page or path))
    once = re.findall(r'name="once"[^>]*value="([^"]+)"', text)
    return browser.post(path, {**({"once": once[-1]} if once else {}), **data})


@pytest.fixture
def review(add: Add, world: World) -> Any:
    """A weak review of a call of the agent, whose time for an own view is over."""

    def make(session: Session) -> Any:
        agent = session.scalars(select(Agent)).one()
        team = session.merge(world.team)
        (task,) = factories.make_tasks(session, agent, team)
        user = session.get_one(User, world.people["reviewer"].id)
        service.claim(session, task, user, now=NOW)
        begun = verdicts.start_or_get_review(session, task, user, now=NOW)
        sheet = sheet_of(version_rule(session, begun.version_id), WEAK, "not heard")
        evaluation.submit_review(
            session, begun, sheet, "", lock_version=begun.lock_version, user=user, now=NOW
        )
        own = session.scalars(select(SelfAssessment)).one()
        own.state = AssessmentState.LAPSED
        # A colleague at the same desk, whose calls and pages are nobody else's.
        mate = factories.make_user(
            session,
            "mate",
            password_hash=world.people["agent"].password_hash,
            roles=[(Role.AGENT, session.merge(world.site), team)],
        )
        factories.make_agent(session, team, "sh102", mate)
        return begun.uid

    return add(make)


def enter(app: Any, name: str) -> Browser:
    browser = Browser(app.test_client())
    assert browser.sign_in(name).status_code == 303
    return browser


def test_a_criterion_is_disputed_decided_and_counted(
    signed_in: SignedIn, app: Any, review: Any, add: Add
) -> None:
    agent, reviewer, manager = signed_in("agent"), signed_in("reviewer"), signed_in("manager")
    verdict, form = f"/feedback/{review}", f"/disputes/of/{review}"
    page = words(agent.get(verdict))
    assert f'href="{form}?criterion=greeting"' in page
    ticked = words(agent.get(f"{form}?criterion=greeting"))
    assert re.search(r'<input[^>]*checked[^>]*name="pick_greeting"', ticked)
    # What was fully earned cannot be disputed.
    assert "pick_identity" not in ticked
    page = words(agent.post(form, {"pick_greeting": "y", "moment_greeting": "soon"}))
    for complaint in ("Choose the reason that fits best.", "Say in your words", "such as 0:34"):
        assert complaint in page
    claim = {
        "pick_greeting": "y",
        "reason_greeting": "overlooked",
        "words_greeting": "I said <i>hello",
        "moment_greeting": "0:02-0:05",
    }
    assert "Choose at least one criterion" in words(sent(agent, form, {"pick_greeting": ""}))
    answer = sent(agent, form, claim)
    assert answer.location == verdict
    page = words(agent.get(verdict))
    assert "I said &lt;i&gt;hello" in page
    assert 'data-play-from="2000" data-play-to="5000"' in page
    dispute = add(lambda session: session.scalars(select(Dispute.uid)).one())
    # Neither who gave the score nor another agent comes near it.
    mate = enter(app, "mate")
    for browser, path in (
        (reviewer, f"/disputes/{dispute}"),
        (mate, verdict),
        (mate, form),
    ):
        assert browser.get(path).status_code == 404
    mate.get("/")
    assert mate.post(f"/disputes/{dispute}/withdraw").status_code == 404
    assert "Nothing to decide" in words(reviewer.get("/disputes/"))
    assert "<strong>1</strong>disputes to decide" in words(manager.get("/"))
    path = f"/disputes/{dispute}"
    assert path in words(manager.get("/disputes/"))
    item = re.search(r'name="result_(\d+)"', words(manager.get(path)))[1]
    right = {f"result_{item}": "upheld", f"why_{item}": "You did.", "answer_greeting": "yes"}
    preview = words(manager.post(f"{path}/preview", {**right, "answer_praise": "no"}))
    assert "<strong>70.0 %</strong>" in preview
    manager.get(path)
    assert "Choose a decision." in words(manager.post(path, {}))
    # The answer that was disputed, given again, is no answer.
    assert "earns more than before" in words(
        manager.post(path, {**right, "answer_greeting": "no"}), 422
    )
    manager.get(path)
    assert manager.post(path, {**right, "answer_praise": "no"}).location == "/disputes/"
    page = words(agent.get(verdict))
    assert "Was 53.3 %, after the dispute 70.0 %." in page
    assert "You did." in page
    assert f"{form}?criterion=greeting" not in page
    assert "dispute decided" in words(agent.get("/my-calls/"))
    assert "<strong>1</strong>disputes decided in the last seven days" in words(agent.get("/"))
    figures = words(manager.get("/disputes/figures"))
    # How the disputes of fewer than five people ended is nobody's figure.
    assert "Fewer than five people were reviewed" in figures
    assert "Reviewer1" not in figures
    assert "greeting" not in words(manager.get("/disputes/figures.csv"))


def test_disputes_end_with_their_days_and_stay_away_from_who_judges(
    signed_in: SignedIn, review: Any, add: Add, world: World, clock: Any
) -> None:
    agent, manager = signed_in("agent"), signed_in("manager")
    form = f"/disputes/of/{review}"
    claim = {"pick_needs": "y", "reason_needs": "unclear", "words_needs": "planted words"}
    assert sent(agent, form, claim).status_code == 303
    days = f"/disputes/days/{world.site.uid}"
    assert sent(manager, days, {"window": "3", "decide": ""}, "/disputes/days").status_code == 422
    assert sent(manager, days, {"window": "9", "decide": "2"}, "/disputes/days").status_code == 303

    def judge(session: Session) -> None:
        """Give the manager a second look at the very call, not yet begun."""
        done = session.scalars(select(Task)).one()
        (task,) = factories.make_tasks(
            session, session.scalars(select(Agent)).first(), session.merge(world.team)
        )
        task.leg.position, task.leg.call_id = 2, done.leg.call_id
        task.assignee_id = world.people["manager"].id

    add(judge)
    dispute = add(lambda session: session.scalars(select(Dispute.uid)).one())
    assert manager.get(f"/disputes/{dispute}").status_code == 404
    for path in ("/", "/disputes/", "/disputes/figures", "/feedback/", "/coaching/"):
        page = words(manager.get(path))
        assert "planted words" not in page
        assert str(dispute) not in page
        assert str(review) not in page
    # Seven days for the own view, then the nine that were set.
    clock.move(days=16)
    agent.sign_in("agent1")
    assert "There is nothing left to dispute" in words(agent.get(form))


def test_help_is_asked_for_from_a_moment_and_a_colleague_agrees(
    signed_in: SignedIn, app: Any, review: Any, add: Add
) -> None:
    agent, trainer, mate = signed_in("agent"), signed_in("trainer"), enter(app, "mate")
    leg = add(lambda session: session.scalars(select(Review)).one().leg.uid)
    call = add(lambda session: session.scalars(select(Review)).one().leg.call.uid)
    ask = f"/help/with/{leg}"
    for path in (f"/feedback/{review}", f"/calls/{call}", "/my-calls/"):
        assert f'href="{ask}"' in words(agent.get(path))
    assert 'value="0:12"' in words(agent.get(f"{ask}?at=0:12"))
    assert mate.get(ask).status_code == 404
    request = {"kind": "partner", "moment": "0:12", "words": "How do I slow down?"}
    answer = sent(agent, ask, request)
    page = words(agent.get(answer.location))
    assert "waits for an answer" in page
    uid = add(lambda session: session.scalars(select(HelpRequest.uid)).one())
    path = f"/help/{uid}"
    assert mate.get(path).status_code == 404
    assert "<strong>1</strong>agents who ask for help" in words(trainer.get("/"))
    page = words(trainer.get(path))
    assert f'href="/calls/{call}?at=12000"' in page
    assert sent(trainer, f"{path}/answer", {"words": "Breathe first."}, path).status_code == 303
    partner = re.search(r'value="([0-9a-f-]{36})">Sh102', words(trainer.get(path)))[1]
    assert trainer.post(f"{path}/partner", {"partner": partner}).status_code == 303
    page = words(mate.get(path))
    assert "How do I slow down?" in page
    # The colleague neither reaches the call nor, before agreeing, what was said about it.
    assert str(call) not in page
    assert "Breathe first." not in page
    assert mate.get(f"/calls/{call}").status_code == 404
    assert mate.post(f"{path}/reply", {"agrees": "yes"}).status_code == 303
    assert "Breathe first." in words(mate.get(path))
    page = words(agent.get(path))
    assert "paired with Sh102" in page
    assert "Breathe first." in page

    def decline(session: Session) -> None:
        session.scalars(select(HelpRequest)).one().partner_state = PartnerState.DECLINED

    add(decline)
    assert mate.get(path).status_code == 404

    # What was asked for once may become a talk about that very call.
    talk = {"kind": "note", "held_on": "2026-11-23", "words": "Pauses"}
    answer = sent(trainer, f"/coaching/after/{uid}", talk)
    assert f'href="/calls/{call}"' in words(agent.get(answer.location))

    def ask_again(session: Session) -> None:
        own = session.scalars(select(SelfAssessment)).one()
        own.state, own.due_at = AssessmentState.ASKED, None

    add(ask_again)
    assert agent.get(answer.location).status_code == 404
    page = words(agent.get(path))
    assert "Breathe first." not in page
    assert "It opens when your own view" in page
    assert agent.post(f"{path}/close").status_code == 303
    assert "Open again" in words(agent.get(path))


def test_a_weak_review_leads_to_a_cause_and_a_talk_that_the_agent_answers(
    signed_in: SignedIn, app: Any, review: Any, add: Add, world: World
) -> None:
    agent, manager, mate = signed_in("agent"), signed_in("manager"), enter(app, "mate")
    assert f"/coaching/cause/{review}" in words(manager.get("/coaching/"))
    cause = f"/coaching/cause/{review}"
    assert "Choose a cause from the list." in words(sent(manager, cause, {"words": "x"}))
    assert sent(manager, cause, {"cause": "system", "words": "slow"}).status_code == 303
    assert "Nothing asks for a cause" in words(manager.get("/coaching/"))
    form = f"/coaching/of/{review}"
    page = words(manager.get(form))
    greeting = re.search(r'name="criteria"[^>]*value="(\d+)"', page)[1]
    talk = {
        "kind": "talk",
        "held_on": "2026-11-23",
        "criteria": greeting,
        "words": "We listened <b>together",
        "step_1": "Two exemplars",
        "due_1": "2026-11-30",
    }
    assert sent(manager, form, talk).status_code == 303
    uid = add(lambda session: session.scalars(select(CoachingSession.uid)).one())
    path = f"/coaching/{uid}"
    assert mate.get(path).status_code == 404
    start = words(agent.get("/"))
    assert "<strong>1</strong>talks to read" in start
    page = words(agent.get(path))
    assert "We listened &lt;b&gt;together" in page
    assert "Too few reviews to say anything" in page
    step = re.search(r"/coaching/steps/[0-9a-f-]+", page)[0]
    mate.get("/")
    assert mate.post(step, {"done": "yes"}).status_code == 404
    agent.get(path)
    assert agent.post(step, {"done": "yes"}).status_code == 303
    assert sent(agent, f"{path}/answer", {"agent_words": "It helped."}, path).status_code == 303
    page = words(manager.get(path))
    assert "It helped." in page
    assert "Not done yet" in page
    assert "System or tools" in words(agent.get(f"/feedback/{review}"))

    def ask_again(session: Session) -> None:
        own = session.scalars(select(SelfAssessment)).one()
        own.state, own.due_at = AssessmentState.ASKED, None

    add(ask_again)
    # A talk about a call tells how it was judged: not while the own view is still asked for.
    assert agent.get(path).status_code == 404
    assert str(uid) not in words(agent.get("/coaching/"))
    assert "<strong>0</strong>agreed steps to take" in words(agent.get("/"))
    causes = f"/coaching/causes/{world.site.uid}"
    page = words(sent(manager, causes, {"code_11": "", "en_11": "Headset"}), 422)
    assert "both languages" in page


def test_targets_are_set_by_managers_and_in_sight_of_agents(
    signed_in: SignedIn, review: Any, world: World
) -> None:
    manager, agent = signed_in("manager"), signed_in("agent")
    path = f"/targets/{world.site.uid}"
    target = {
        "indicator": "qa_excellence_rate",
        "team": "",
        "value": "85.5",
        "starts_on": "2026-10-01",
        "ends_on": "2026-12-31",
        "focus": "y",
    }
    page = words(sent(manager, path, {**target, "ends_on": "2026-09-01"}, "/targets/"), 422)
    assert "The period ends before it begins." in page
    assert sent(manager, path, target, "/targets/").status_code == 303
    for where in ("/", "/dashboard/mine", "/targets/"):
        page = words(agent.get(where))
        assert "QA excellence rate" in page
        assert "at least 85.5 %" in page
        assert "in focus" in page
    assert "Take away" not in page
    removed = re.search(r"/targets/[0-9a-f-]+/remove", words(manager.get("/targets/")))[0]
    assert manager.post(removed).status_code == 303
    assert "No target holds today" in words(manager.get("/targets/"))


def test_lists_ask_the_database_the_same_few_times_however_long_they_are(
    signed_in: SignedIn, review: Any, add: Add, world: World, runtime: Any
) -> None:
    def more(session: Session) -> None:
        """Add a weak review with a dispute, a talk and a request for help, of another agent."""
        team = session.merge(world.team)
        agent = factories.make_agent(session, team)
        project = factories.make_project(session, session.merge(world.site))
        leg = factories.make_call(session, agent, team, project).legs[0]
        made = factories.make_review(
            session,
            leg,
            factories.make_version(session),
            excellent=False,
            passed=False,
            reviewer_id=world.people["reviewer"].id,
        )
        place = {"site_id": leg.site_id, "team_id": leg.team_id, "agent_id": agent.id}
        session.add_all(
            [
                Dispute(
                    review_id=made.id,
                    before_id=made.current_revision_id,
                    raised_at=NOW,
                    due_at=NOW,
                    **place,
                ),
                HelpRequest(leg_id=leg.id, kind=HelpKind.ANSWER, asked_at=NOW, **place),
                CoachingSession(
                    kind=CoachingKind.NOTE,
                    held_on=NOW.date(),
                    words="x",
                    created_at=NOW,
                    leg_id=leg.id,
                    **place,
                ),
            ]
        )

    add(more)
    manager = signed_in("manager")
    counted: list[int] = []
    event.listen(runtime.engine, "before_cursor_execute", lambda *_: counted.append(1))

    def count(path: str) -> int:
        counted.clear()
        words(manager.get(path))
        return len(counted)

    paths = ("/disputes/", "/disputes/figures", "/help/", "/coaching/", "/feedback/", "/")
    before = [count(path) for path in paths]
    for _ in range(4):
        add(more)
    assert [count(path) for path in paths] == before
