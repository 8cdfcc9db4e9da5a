"""The people's queue: mine and the team's, skips, second readings, tasks given, live reviews."""

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.calls import Call
from models.people import Agent, User, UserRole
from models.reviewing import LiveReview
from models.reviews import Objection, Review, SelfAssessment, Task
from models.samples import DrawnCall, DrawStratum
from models.scorecards import ScorecardVersion
from models.vocab import AssessmentState, Origin, Role, SkipKind, TaskState, VersionState
from pipelines import evaluation, flow
from pipelines.sampling.plans import PlanValues, create_plan
from pipelines.sampling.rules.settings import PlanSettings, Quota
from pipelines.scoring.service import import_scorecard
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World
from tests.web.test_reviews import GOOD, begin, lock_of, submit, words

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]


@pytest.fixture
def draw(add: Add, world: World, runtime: Any) -> Any:
    """Draw 11 of 30 calls of the agent, half of them to be read twice."""

    def make(session: Session) -> Any:
        site, team = session.merge(world.site), session.merge(world.team)
        card = import_scorecard(session, factories.SCORECARD, now=NOW)
        project = factories.make_project(session, site, "renewal", scorecard_id=card.scorecard_id)
        agent = session.scalars(select(Agent)).one()
        for number in range(30):
            at = datetime(2026, 11, 16, 2, tzinfo=UTC) + timedelta(minutes=number)
            call = factories.make_call(session, agent, team, project, started_at=at)
            factories.make_recording(session, call)
        settings = PlanSettings(reasons=(), ordinary=Quota(count=11))
        values = PlanValues("weekly", settings, settling_days=0, second_share_bp=5_000)
        plan = create_plan(session, site, values, now=NOW, actor=None)
        day = at.date()
        return flow.draw(
            session, runtime, plan, day, day, now=NOW, actor=None, seed="0123456789abcdef"
        ).uid

    return add(make)


@pytest.fixture
def second_reviewer(add: Add, world: World) -> User:
    def make(session: Session) -> User:
        site = session.merge(world.site)
        known = world.people["reviewer"].password_hash
        roles = [(Role.REVIEWER, site, None)]
        return factories.make_user(session, "reviewer2", password_hash=known, roles=roles)

    return add(make)


@pytest.fixture
def other(app: Any, second_reviewer: User) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in(second_reviewer.username)
    return browser


def counts(add: Add) -> tuple[int, int, int]:
    """Return (drawn calls, n_drawn of the strata, first tasks)."""
    return add(
        lambda session: (
            session.scalar(select(func.count(DrawnCall.id))),
            session.scalar(select(func.sum(DrawStratum.n_drawn))),
            session.scalar(select(func.count(Task.id)).where(Task.origin == Origin.DRAWN)),
        )
    )


def skip(browser: Browser, path: str, reason: str = "no sound") -> str:
    browser.get(f"{path}/skip")
    answer = browser.post(f"{path}/skip", {"kind": "not_reviewed", "reason": reason})
    return words(browser.get(answer.location))


def test_a_skip_draws_another_call_is_undone_and_above_a_tenth_waits_for_a_manager(
    signed_in: SignedIn, draw: Any, add: Add
) -> None:
    reviewer, manager = signed_in("reviewer"), signed_in("manager")
    assert counts(add) == (11, 11, 11)
    path = begin(reviewer)
    page = skip(reviewer, path)
    assert "Another call was drawn instead." in page
    assert "Skipped by me" in page
    assert counts(add) == (12, 12, 12)
    assert "in place of a skipped call" in words(manager.get(f"/sampling/draws/{draw}"))
    # Nobody has begun with it: the skip can be taken back, and all is as it was.
    reviewer.get("/reviews/")
    assert reviewer.post(f"{path}/unskip").location == path
    assert counts(add) == (11, 11, 11)
    assert "Submit and next" in words(reviewer.get(path))
    skip(reviewer, path)
    # The second one of eleven is more than a tenth.
    path = begin(reviewer)
    reviewer.post(f"{path}/draft", {"answer_greeting": "yes", "lock_version": lock_of(reviewer)})
    page = skip(reviewer, path, "planted <b>words")
    assert "A manager decides about this skip." in page
    assert counts(add)[0] == 12
    page = words(manager.get("/tasks/"))
    assert "planted &lt;b&gt;words" in page
    decision = re.search(r'action="(/tasks/[0-9a-f-]+/skip)"', page)[1]
    assert manager.post(decision, {"decision": "refuse"}).status_code == 303
    assert 'value="yes" data-key="1" checked' in words(reviewer.get(path))
    skip(reviewer, path, "really")
    manager.get("/tasks/")
    assert manager.post(decision, {"decision": "confirm"}).status_code == 303
    page = words(manager.get("/tasks/?state=skipped"))
    assert "really" in page
    assert "How often calls are skipped" in page
    assert counts(add) == (13, 13, 13)


def test_a_skip_stands_where_no_scorecard_is_left_for_another_call(
    signed_in: SignedIn, draw: Any, add: Add
) -> None:
    reviewer = signed_in("reviewer")
    path = begin(reviewer)
    retired = update(ScorecardVersion).values(state=VersionState.RETIRED)
    add(lambda session: session.execute(retired))
    assert "Skipped by me" in skip(reviewer, path)
    assert counts(add) == (11, 11, 11)


def test_two_readings_stay_apart_until_both_are_in(
    signed_in: SignedIn, other: Browser, draw: Any, add: Add, world: World
) -> None:
    first, agent = signed_in("reviewer"), signed_in("agent")

    def pair(session: Session) -> Any:
        second = session.scalars(select(Task).where(Task.origin == Origin.SECOND)).first()
        mine = session.scalars(
            select(Task).where(Task.leg_id == second.leg_id, Task.origin == Origin.DRAWN)
        ).one()
        for own in session.scalars(select(SelfAssessment)):
            own.state = AssessmentState.LAPSED
        return f"/reviews/{mine.uid}", f"/reviews/{second.uid}"

    one, two = add(pair)
    first.get("/reviews/team")
    first.post(f"{one}/claim")
    first.get(one)
    assert submit(first, one).status_code == 303
    first.get("/reviews/")
    assert first.post(f"{two}/claim").status_code == 403
    verdict = add(lambda session: session.scalars(select(Review.uid)).one())
    assert first.get(f"/reviews/{verdict}/both").status_code == 404

    def object_to_it(session: Session) -> Any:
        review = session.scalars(select(Review)).one()
        objection = Objection(
            review_id=review.id,
            site_id=review.site_id,
            team_id=review.team_id,
            agent_id=review.leg.agent_id,
            words="I did ask",
            raised_at=NOW,
        )
        session.add(objection)
        session.flush()
        return objection.uid

    objection = f"/feedback/objections/{add(object_to_it)}"
    # Whoever may still read it the second time does not decide about the first.
    assert other.get(objection).status_code == 404
    # To the draw the call is done with: its second reading is nobody's to wait for.
    manager = signed_in("manager")
    page = words(manager.get(f"/sampling/draws/{draw}"))
    assert page.count('<span class="badge bg-green-lt">reviewed</span>') == 1
    assert manager.get(f"/feedback/{verdict}").status_code == 200
    # Nor does a manager who reviews too, and could take it, see what the first one said.
    add(
        lambda session: session.add(
            UserRole(user_id=world.people["manager"].id, role=Role.REVIEWER, site_id=world.site.id)
        )
    )
    assert manager.get(f"/feedback/{verdict}").status_code == 404
    assert str(verdict) not in words(manager.get("/feedback/"))
    other.get("/reviews/team")
    other.post(f"{two}/claim")
    page = words(other.get(two))
    assert str(verdict) not in page
    assert other.get(f"/feedback/{verdict}").status_code == 404
    other.get(two)
    assert submit(other, two, {**GOOD, "answer_needs": "needs_good"}).status_code == 303
    page = words(first.get("/reviews/"))
    link = re.search(r'href="(/reviews/[0-9a-f-]+/both)"', page)[1]
    page = words(first.get(link))
    assert re.search(r"(\d of \d) criteria alike", page)[1] == "3 of 4"
    assert page.count("differs") == 1
    assert "I did ask" in words(other.get(objection))
    # The agent is told one verdict: the one that counts.
    page = words(agent.get("/feedback/"))
    assert re.findall(r'href="/feedback/([0-9a-f-]{36})"', page) == [str(verdict)]


def test_a_manager_gives_and_shares_out_work_and_learns_no_reason_of_what_they_judge(
    signed_in: SignedIn, draw: Any, add: Add, world: World, second_reviewer: User
) -> None:
    def also_reviewer(session: Session) -> Any:
        manager = world.people["manager"]
        session.add(UserRole(user_id=manager.id, role=Role.REVIEWER, site_id=world.site.id))
        tasks = session.scalars(
            select(Task).where(Task.origin == Origin.DRAWN).order_by(Task.id)
        ).all()
        waits, own = tasks[0], tasks[1]
        waits.state, waits.assignee_id = TaskState.CLAIMED, second_reviewer.id
        waits.skip_kind, waits.skip_reason = SkipKind.NOT_REVIEWED, "planted words"
        # A call of the manager's own: an agent of theirs talked on it.
        agent = factories.make_agent(session, session.merge(world.team), "boss", manager)
        own.leg.agent_id = agent.id
        own.state, own.assignee_id = TaskState.CLAIMED, second_reviewer.id
        own.skip_kind, own.skip_reason = SkipKind.NOT_REVIEWED, "own words"
        return waits.uid, own.uid, [str(task.uid) for task in tasks[2:5]]

    waits, own, some = add(also_reviewer)
    manager = signed_in("manager")
    page = words(manager.get("/tasks/"))
    # As a reviewer the manager might take that call yet, so its words stay hidden.
    assert "the words are hidden while you judge this call" in page
    assert "planted words" not in page
    assert str(waits) in page
    assert str(own) not in page
    assert manager.post(f"/tasks/{own}/skip", {"decision": "confirm"}).status_code == 403
    to = str(world.people["reviewer"].uid)
    manager.get("/tasks/")
    manager.post("/tasks/give", {"task": [*some, str(own), str(waits)], "to": to})
    page = words(manager.get("/tasks/?state=given"))
    assert "3 tasks are with" in page
    # What waits for a decision is not given to anybody else meanwhile.
    assert "2 × This task is closed" in page
    assert [uid in page for uid in some] == [True] * 3
    assert words(signed_in("reviewer").get("/reviews/")).count("given to me") == 3
    for name, hours in ((to, "10"), (str(second_reviewer.uid), "2.5")):
        manager.get("/tasks/")
        form = {"person": name, "site": str(world.site.uid), "hours": hours}
        assert manager.post("/tasks/hours", form).status_code == 303
    page = words(manager.get("/tasks/?suggest=1"))
    assert 'value="2.5"' in page
    suggested = [int(text) for text in re.findall(r'data-label="Suggested"[^>]*>\+(\d+)', page)]
    assert manager.post("/tasks/share").status_code == 303

    def with_whom(session: Session) -> dict[int, int]:
        given = session.execute(
            select(Task.assignee_id, func.count())
            .where(Task.state == TaskState.OPEN, Task.assignee_id.is_not(None))
            .group_by(Task.assignee_id)
        )
        return {row[0]: row[1] for row in given}

    given = add(with_whom)
    assert sorted(suggested) == sorted(
        (given[world.people["reviewer"].id] - 3, given[second_reviewer.id])
    )
    assert world.people["manager"].id not in given
    page = words(manager.get(f"/tasks/?reviewer={to}&overdue=y"))
    assert "No such task" in page


def test_a_review_is_asked_for_from_a_call_and_its_reason_told_afterwards(
    signed_in: SignedIn, draw: Any, add: Add, world: World
) -> None:
    def free_call(session: Session) -> Any:
        drawn = select(DrawnCall.call_id)
        return session.scalars(select(Call).where(Call.id.not_in(drawn))).first().uid

    call = add(free_call)
    trainer, reviewer = signed_in("trainer"), signed_in("reviewer")
    page = words(trainer.get(f"/calls/{call}"))
    assert f"/tasks/ask/{call}" in page
    page = words(trainer.get(f"/tasks/ask/{call}"))
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    leg = re.search(r'<option[^>]*value="([0-9a-f-]{36})">Part 1', page)[1]
    form = {"leg": leg, "to": str(world.people["reviewer"].uid), "once": once, "days": "5"}
    refused = trainer.post(f"/tasks/ask/{call}", form)
    assert refused.status_code == 422
    assert "Say in a few words why." in refused.get_data(as_text=True)
    form["reason"] = "planted reason"
    for _ in range(2):
        assert trainer.post(f"/tasks/ask/{call}", form).location == f"/calls/{call}"
    assert "planted" not in words(reviewer.get("/reviews/"))
    assert words(reviewer.get("/reviews/team")).count("given to me") == 1
    task = add(
        lambda session: session.scalars(
            select(Task.uid).where(Task.origin == Origin.DIRECTED)
        ).one()
    )
    reviewer.post(f"/reviews/{task}/claim")
    assert "planted" not in words(reviewer.get(f"/reviews/{task}"))
    submit(reviewer, f"/reviews/{task}")
    verdict = add(lambda session: session.scalars(select(Review.uid)).one())
    for role in ("agent", "reviewer"):
        page = words(signed_in(role).get(f"/feedback/{verdict}"))
        assert "planted reason" in page


def test_a_call_is_judged_live_and_becomes_feedback_when_it_is_imported(
    signed_in: SignedIn, add: Add, world: World, clock: Any
) -> None:
    def prepare(session: Session) -> None:
        card = import_scorecard(session, factories.SCORECARD, now=NOW)
        site, team = session.merge(world.site), session.merge(world.team)
        factories.make_project(session, site, "renewal", scorecard_id=card.scorecard_id)
        factories.make_agent(session, team, "sh102")

    add(prepare)
    reviewer, agent, trainer = signed_in("reviewer"), signed_in("agent"), signed_in("trainer")
    page = words(reviewer.get("/reviews/live/"))
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    whom = re.search(r'<option value="([0-9a-f-]{36})">Sh101 ', page)[1]
    project = re.search(r'<option value="([0-9a-f-]{36})">Renewal', page)[1]
    form = {"agent": whom, "project": project, "once": once}
    assert reviewer.post("/reviews/live/", {**form, "agent": str(uuid.uuid4())}).status_code == 422
    answer = reviewer.post("/reviews/live/", form)
    path = answer.location.removesuffix("/write")
    page = words(reviewer.get(answer.location))
    assert "data-mark" not in page.replace("data-marks", "")
    saved = reviewer.post(
        f"{path}/draft", {"answer_greeting": "yes", "lock_version": lock_of(reviewer)}
    )
    assert "<strong>5</strong> of 30 points" in saved.json["total"]
    for other in (agent, trainer):
        assert other.get(path).status_code == 404
    reviewer.get(answer.location)
    page = words(reviewer.post(f"{path}/submit", {"lock_version": lock_of(reviewer)}))
    assert "are still open" in page
    clock.move(minutes=6)
    note = [{"at_ms": None, "text": "planted note", "shared": True}]
    assert submit(reviewer, path, notes=json.dumps(note)).location == path
    assert reviewer.get(f"{path}/write").status_code == 404
    page = words(agent.get(path))
    assert page.index("What earned points") < page.index("Points still open")
    assert path in words(agent.get("/reviews/live/"))

    def imported(session: Session) -> Any:
        heard = session.scalars(select(LiveReview)).one()
        agent_, project_ = heard.agent, heard.project
        factories.make_call(
            session, agent_, session.merge(world.team), project_, started_at=NOW, talk_ms=200_000
        )
        assert evaluation.settle_live(session, now=clock.now()) == 1
        return heard.review.uid

    verdict = add(imported)
    assert agent.get(path).location == f"/feedback/{verdict}"
    page = words(agent.get(f"/feedback/{verdict}"))
    assert "What earned points" in page
    assert "planted note" in page


def test_a_manager_who_takes_calls_is_drawn_and_reviewed_like_anybody(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    def make(session: Session) -> Any:
        manager, team = world.people["manager"], session.merge(world.team)
        agent = factories.make_agent(session, team, "boss", session.merge(manager))
        (task,) = factories.make_tasks(session, agent, team)
        return task.uid, task.leg.call.uid

    task, call = add(make)
    manager, reviewer = signed_in("manager"), signed_in("reviewer")
    path = begin(reviewer)
    assert path == f"/reviews/{task}"
    submit(reviewer, path)
    verdict = f"/feedback/{add(lambda session: session.scalars(select(Review.uid)).one())}"
    # Asked for the own view, and blind until it is given, whatever else the person may see.
    assert manager.get(verdict).status_code == 404
    assert verdict not in words(manager.get("/feedback/"))
    assert str(task) not in words(manager.get("/tasks/?state=done"))
    page = words(manager.get(f"/calls/{call}"))
    assert verdict not in page
    page = words(manager.get(f"/tasks/ask/{call}"))
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    leg = re.search(r'<option[^>]*value="([0-9a-f-]{36})">Part 1', page)[1]
    form = {"leg": leg, "once": once, "reason": "again", "days": "5", "to": ""}
    assert manager.post(f"/tasks/ask/{call}", form).status_code in (403, 410)
