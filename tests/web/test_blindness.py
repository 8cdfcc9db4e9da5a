"""Ways on which a judgement could reach a person who is judging the call, all of them closed."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Agent, User, UserRole
from models.reviews import Exemplar, Objection, Task
from models.samples import DrawnCall
from models.scorecards import Criterion, ScorecardVersion
from models.vocab import DrawState, ObjectionState, Origin, Role, TaskState
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]


def text(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.fixture
def draw(add: Add, world: World, runtime: Any) -> Any:
    """Add a closed draw of three calls, with a manifest."""
    stored = runtime.storage.put(io.BytesIO(b"PK planted manifest"), suffix=".zip")

    def make(session: Session) -> Any:
        site, team = session.merge(world.site), session.merge(world.team)
        other = factories.make_agent(session, team, "sh102")
        project = factories.make_project(session, site, "renewal")
        calls = [factories.make_call(session, other, team, project) for _ in range(3)]
        made = factories.make_draw(session, project, calls)
        made.state, made.manifest_key = DrawState.CLOSED, stored.key
        session.flush()
        return made.uid

    return add(make)


def judge_first(session: Session, user: User) -> Any:
    """Give the person the task of the call that was drawn first."""
    drawn = session.scalars(select(DrawnCall).order_by(DrawnCall.position)).first()
    assert drawn is not None
    leg = drawn.call.legs[0]
    session.add(
        Task(
            origin=Origin.DRAWN,
            site_id=leg.site_id,
            team_id=leg.team_id,
            leg_id=leg.id,
            drawn_call_id=drawn.id,
            version_id=factories.make_version(session).id,
            assignee_id=user.id,
            state=TaskState.CLAIMED,
            due_at=NOW,
            created_at=NOW,
            claimed_at=NOW,
        )
    )
    session.flush()
    return drawn.call.uid


def test_neither_manifest_nor_place_tells_why_a_call_was_picked(
    signed_in: SignedIn, add: Add, world: World, draw: Any
) -> None:
    manager = signed_in("manager")
    manifest = f"/sampling/draws/{draw}/manifest"
    assert b"planted manifest" in manager.get(manifest).data
    judged = add(lambda session: judge_first(session, world.people["manager"]))
    refused = manager.get(manifest)
    assert refused.status_code == 409
    assert b"planted manifest" not in refused.data
    page = text(manager, f"/sampling/draws/{draw}")
    # Nor do the other calls, taken from the numbers of the strata.
    assert page.count("hidden while you judge a call of this draw") == 2
    shown = re.findall(r'href="/calls/([0-9a-f-]+)"', page)
    assert len(shown) == 3
    # Those in view stand stratum by stratum; the one that is judged stands apart.
    assert shown[-1] == str(judged)


def test_leading_one_team_opens_no_record_of_a_call_taken_for_another(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    def make(session: Session) -> Any:
        site, team = session.merge(world.site), session.merge(world.team)
        agent = session.scalars(select(Agent)).one()
        project = factories.make_project(session, site, "renewal")
        call = factories.make_call(session, agent, team, project, customer_tier="planted-tier")
        led = factories.make_team(session, site, "inbound")
        session.add(
            UserRole(
                user_id=world.people["agent"].id, role=Role.MANAGER, site_id=site.id, team_id=led.id
            )
        )
        session.flush()
        return call.uid

    call = add(make)
    assert "planted-tier" not in text(signed_in("agent"), f"/calls/{call}")
    assert "planted-tier" in text(signed_in("manager"), f"/calls/{call}")


def test_nothing_counts_or_names_an_exemplar_of_a_call_that_is_judged(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    def make(session: Session) -> None:
        site, team = session.merge(world.site), session.merge(world.team)
        agent = session.scalars(select(Agent)).one()
        # The agent is asked for an own view of the call.
        (task,) = factories.make_tasks(session, agent, team)
        review = factories.make_review(session, task.leg, task.version)
        criterion = session.scalars(select(Criterion).order_by(Criterion.id)).first()
        assert criterion is not None
        session.add(
            Exemplar(
                leg_id=review.leg_id,
                review_id=review.id,
                criterion_id=criterion.id,
                site_id=site.id,
                team_id=team.id,
                why="x",
                chosen_at=NOW,
            )
        )

    add(make)
    agent, trainer = signed_in("agent"), signed_in("trainer")
    offered = re.compile(r'<option[^>]* value="greeting"')
    assert offered.search(text(trainer, "/exemplars/"))
    assert not offered.search(text(agent, "/exemplars/"))

    def tile(browser: Browser, words: str) -> str:
        found = re.search(rf"<strong>(\d+)</strong>{words}", text(browser, "/"))
        assert found, words
        return found[1]

    assert tile(trainer, "exemplary calls chosen") == "1"
    assert tile(agent, "exemplary calls to learn from") == "0"
    assert tile(agent, "reviews with feedback to read") == "0"


def test_reviews_of_others_are_no_feedback_of_ones_own(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    def make(session: Session) -> None:
        team = session.merge(world.team)
        other = factories.make_agent(session, team, "sh102")
        project = factories.make_project(session, session.merge(world.site), "renewal")
        leg = factories.make_call(session, other, team, project).legs[0]
        person = world.people["agent"].id
        factories.make_review(session, leg, factories.make_version(session), reviewer_id=person)
        session.add(UserRole(user_id=person, role=Role.REVIEWER, site_id=world.site.id))

    add(make)
    page = text(signed_in("agent"), "/")
    assert "<strong>0</strong>reviews with feedback to read" in page


def test_a_draft_of_a_scorecard_stays_with_its_authors(signed_in: SignedIn, add: Add) -> None:
    draft = add(lambda session: factories.make_version(session).uid)
    agent, manager = signed_in("agent"), signed_in("manager")
    for path in (f"/scorecards/{draft}", f"/scorecards/{draft}.json"):
        assert manager.get(path).status_code == 200
        assert agent.get(path).status_code == 404


def test_a_reviewer_reads_the_verdict_of_another_only_to_decide_an_objection(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    def make(session: Session) -> tuple[Any, Any]:
        site, team = session.merge(world.site), session.merge(world.team)
        agent = session.scalars(select(Agent)).one()
        leg = factories.make_tasks(session, agent, team)[0].leg
        version = session.scalars(select(ScorecardVersion)).one()
        review = factories.make_review(session, leg, version, reviewer_id=world.people["admin"].id)
        objection = Objection(
            review_id=review.id,
            site_id=site.id,
            team_id=team.id,
            agent_id=agent.id,
            words="planted words",
            raised_at=NOW,
        )
        session.add(objection)
        session.flush()
        return review.uid, objection.uid

    review, objection = add(make)
    reviewer = signed_in("reviewer")
    paths = (f"/feedback/{review}", f"/feedback/objections/{objection}")
    for path in paths:
        assert "planted words" in text(reviewer, path)

    def decide(session: Session) -> None:
        row = session.scalars(select(Objection)).one()
        row.state, row.answer, row.answered_at = ObjectionState.NOT_UPHELD, "no", NOW
        row.answered_by_id = world.people["manager"].id

    add(decide)
    for path in paths:
        assert reviewer.get(path).status_code == 404
