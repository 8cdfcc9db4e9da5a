"""Filters of the search page that could tell more than the person may know: reasons and rules."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from models.calls import Call, Project
from models.people import Agent, Team, User, UserRole
from models.phrases import PhraseHit, PhraseRule
from models.reviews import SelfAssessment, Task
from models.samples import DrawnCall
from models.transcripts import Transcript
from models.vocab import (
    AssessmentState,
    Origin,
    PhraseKind,
    PhraseVerdict,
    Reason,
    Role,
    TaskState,
)
from pipelines.phrases import service as phrases
from pipelines.phrases.rules.settings import RuleSettings, Step
from pipelines.runtime import Runtime
from qa_app.search import filters
from tests import factories
from tests.conftest import NOW
from tests.web import test_search
from tests.web.conftest import Browser, World
from tests.web.test_search import found, page_of, place_of, say

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]
scene = test_search.scene


# ---- reasons -----------------------------------------------------------------------------------


def drawn(session: Session, world: World, reviewer: User | None) -> list[str]:
    """Draw two calls as very long; the first of them is the reviewer's task."""
    place = place_of(session, world)
    calls = [factories.make_call(session, *place) for _ in range(3)]
    for call in calls:
        say(session, call, "hello")
    factories.make_draw(session, place[2], calls[:2])
    session.execute(update(DrawnCall).values(reasons=[Reason.VERY_LONG.value]))
    leg = calls[0].legs[0]
    session.add(
        Task(
            origin=Origin.DRAWN,
            site_id=leg.site_id,
            team_id=leg.team_id,
            leg_id=leg.id,
            drawn_call_id=session.scalars(select(DrawnCall.id).order_by(DrawnCall.id)).first(),
            version_id=factories.make_version(session).id,
            assignee_id=reviewer.id if reviewer else None,
            state=TaskState.CLAIMED if reviewer else TaskState.OPEN,
            due_at=NOW,
            created_at=NOW,
            claimed_at=NOW if reviewer else None,
        )
    )
    session.flush()
    return [str(call.uid) for call in calls]


def test_a_reason_narrows_to_calls_drawn_for_it(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    calls = add(lambda session: drawn(session, world, None))
    manager = signed_in("manager")
    assert set(found(page_of(manager, "hello"))) == set(calls)
    page = page_of(manager, "hello", reason="very_long")
    assert set(found(page)) == set(calls[:2])
    assert "Said in 2 turns" in page
    assert found(page_of(manager, "hello", reason="best")) == []
    assert found(page_of(manager, "nothing", reason="very_long")) == []


@pytest.mark.parametrize("claimed", [True, False])
def test_no_filter_tells_why_a_call_was_drawn_that_one_judges_or_may_come_to(
    signed_in: SignedIn, add: Add, world: World, *, claimed: bool
) -> None:
    def make(session: Session) -> list[str]:
        manager = session.get_one(User, world.people["manager"].id)
        if not claimed:
            # As a reviewer too, the person may still take the open task.
            session.add(UserRole(user=manager, role=Role.REVIEWER, site_id=world.site.id))
        return drawn(session, world, manager if claimed else None)

    calls = add(make)
    manager = signed_in("manager")
    page = page_of(manager, "hello", reason="very_long")
    assert found(page) == [calls[1]]
    assert "Said in 1 turn<" in page
    assert calls[0] in found(page_of(manager, "hello"))


def test_reasons_are_no_filter_for_who_may_not_see_draws(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    calls = add(lambda session: drawn(session, world, None))
    for role in ("trainer", "agent"):
        page = page_of(signed_in(role), "hello", reason="best")
        assert set(found(page)) == set(calls)
        assert 'name="reason"' not in page
        assert "Said in 3 turns" in page


# ---- what phrase rules found -------------------------------------------------------------------

NAME = "Planted rule"


def call_of(session: Session, uid: str) -> Call:
    return session.scalars(select(Call).where(Call.uid == uuid.UUID(uid))).one()


def hit(session: Session, rule: PhraseRule, call: Call, verdict: PhraseVerdict | None) -> None:
    """Let the newest version of a rule have found something in a call."""
    transcript = session.scalars(
        select(Transcript).where(Transcript.recording.has(call_id=call.id))
    ).one()
    session.add(
        PhraseHit(
            version_id=phrases.newest_version(session, rule).id,
            transcript_id=transcript.id,
            site_id=call.site_id,
            start_ms=1_000,
            end_ms=1_900,
            runs=[[1, 0, 0]],
            missing=[],
            found_at=NOW,
            verdict=verdict,
            judged_at=NOW if verdict else None,
        )
    )
    session.flush()


@pytest.fixture
def ruled(add: Add, scene: dict[str, Any]) -> dict[str, Any]:
    """Add rules: one with hits in "own" and "both" and a rejected one in "other", and noise."""

    def make(session: Session) -> dict[str, Any]:
        calls = {name: call_of(session, uid) for name, uid in scene.items()}

        def rule(project: Project, name: str, *, on: bool = True) -> PhraseRule:
            settings = RuleSettings(PhraseKind.SAYS, (Step(("hello",)),))
            made = phrases.create_rule(session, project, name, settings, now=NOW, actor=None)
            if on:
                version = phrases.newest_version(session, made)
                phrases.switch_on(session, version, now=NOW, actor=None)
            return made

        here, there = calls["own"].project, calls["far"].project
        rules = {
            "planted": rule(here, NAME),
            "noise": rule(here, "Noise"),
            "draft": rule(here, "Draft", on=False),
            "far": rule(there, "Far"),
        }
        hit(session, rules["planted"], calls["own"], None)
        # A hit stays one when its rule has been changed since.
        version = phrases.change_rule(
            session,
            rules["planted"],
            NAME,
            RuleSettings(PhraseKind.SAYS, (Step(("hello there",)),)),
            seen=phrases.newest_version(session, rules["planted"]).lock_version,
            now=NOW,
            actor=None,
        )
        phrases.switch_on(session, version, now=NOW, actor=None)
        hit(session, rules["planted"], calls["both"], PhraseVerdict.CONFIRMED)
        hit(session, rules["planted"], calls["both"], PhraseVerdict.REJECTED)
        hit(session, rules["planted"], calls["other"], PhraseVerdict.REJECTED)
        hit(session, rules["noise"], calls["other"], None)
        hit(session, rules["far"], calls["far"], None)
        return {"calls": scene, **{name: made.uid for name, made in rules.items()}}

    return add(make)


@pytest.fixture(params=["few", "many"])
def often(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the way for rules with few hits, and then that for rules with many."""
    if request.param == "many":
        monkeypatch.setattr(filters, "FEW_HITS", 0)


def names(scene: dict[str, Any], page: str) -> set[str]:
    return {name for name, uid in scene.items() if uid in found(page)}


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize(
    ("role", "expected"),
    [("manager", {"own", "both"}), ("trainer", {"own", "both"}), ("lead", {"both"})],
)
def test_a_rule_narrows_to_calls_in_scope_in_which_it_found_something(
    signed_in: SignedIn,
    scene: dict[str, Any],
    ruled: dict[str, Any],
    role: str,
    expected: set[str],
) -> None:
    browser = signed_in(role)
    page = page_of(browser, "hello", rule=ruled["planted"])
    assert names(scene, page) == expected
    assert f"Said in {len(expected)} turn" in page
    assert names(scene, page_of(browser, "hello", rule=ruled["noise"])) == {"other"}
    assert names(scene, page_of(browser, "hello", rule=ruled["planted"], speaker="customer")) == (
        set()
    )
    for none in ("draft", "far"):
        page = page_of(browser, "hello", rule=ruled[none])
        assert (names(scene, page), "Nothing found" in page) == (set(), True)
    assert "since it was switched on" in page
    assert re.findall(r"<option[^>]*>([^<]+) – Renewal</option>", page) == ["Noise", NAME]
    assert "Far –" not in page


def test_rules_are_no_filter_for_who_may_not_read_them(
    signed_in: SignedIn, scene: dict[str, Any], ruled: dict[str, Any]
) -> None:
    page = page_of(signed_in("agent"), "hello", rule=ruled["noise"])
    assert names(scene, page) == {"own", "both"}
    assert 'name="rule"' not in page
    assert NAME not in page


@pytest.mark.usefixtures("often")
def test_who_leads_others_learns_nothing_of_own_calls_by_it(
    signed_in: SignedIn, add: Add, world: World, scene: dict[str, Any], ruled: dict[str, Any]
) -> None:
    def lead(session: Session) -> None:
        inbound = session.scalars(select(Team).where(Team.code == "inbound")).one()
        user = session.get_one(User, world.people["agent"].id)
        session.add(
            UserRole(user=user, role=Role.TRAINER, site_id=world.site.id, team_id=inbound.id)
        )

    add(lead)
    agent = signed_in("agent")
    assert names(scene, page_of(agent, "hello")) == {"own", "both", "other"}
    page = page_of(agent, "hello", rule=ruled["planted"])
    assert names(scene, page) == {"both"}
    assert "Said in 1 turn<" in page


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("how", ["task", "may take", "own view"])
def test_no_rule_matches_a_call_that_one_judges_or_may_come_to(
    signed_in: SignedIn,
    add: Add,
    world: World,
    ruled: dict[str, Any],
    how: str,
) -> None:
    scene = ruled["calls"]

    def judge(session: Session) -> None:
        manager = session.get_one(User, world.people["manager"].id)
        leg = call_of(session, scene["own"]).legs[0]
        place: dict[str, Any] = {
            "site_id": leg.site_id,
            "team_id": leg.team_id,
            "leg_id": leg.id,
            "version_id": factories.make_version(session).id,
        }
        if how == "own view":
            # A manager who takes calls too, and is asked how this one went.
            asked = session.scalars(select(Agent).where(Agent.code == "sh101")).one()
            asked.user = None
            session.flush()
            asked.user = manager
            session.add(
                SelfAssessment(agent_id=asked.id, state=AssessmentState.ASKED, draft={}, **place)
            )
            return
        claimed = how == "task"
        if not claimed:
            session.add(UserRole(user=manager, role=Role.REVIEWER, site_id=world.site.id))
        session.add(
            Task(
                origin=Origin.DIRECTED,
                assignee_id=manager.id if claimed else None,
                state=TaskState.CLAIMED if claimed else TaskState.OPEN,
                due_at=NOW,
                created_at=NOW,
                claimed_at=NOW if claimed else None,
                **place,
            )
        )

    add(judge)
    manager = signed_in("manager")
    page = page_of(manager, "hello", rule=ruled["planted"])
    assert names(scene, page) == {"both"}
    assert "Said in 1 turn<" in page
    assert "are left out when you filter by this" in page
    assert names(scene, page_of(manager, "hello")) == {"own", "both", "other"}
    assert names(scene, page_of(signed_in("trainer"), "hello", rule=ruled["planted"])) == {
        "own",
        "both",
    }


def test_a_rule_and_a_reason_narrow_together(
    signed_in: SignedIn, add: Add, scene: dict[str, Any], ruled: dict[str, Any]
) -> None:
    def draw(session: Session) -> None:
        calls = [call_of(session, scene[name]) for name in ("both", "other")]
        factories.make_draw(session, calls[0].project, calls)
        session.execute(update(DrawnCall).values(reasons=[Reason.VERY_LONG.value]))

    add(draw)
    manager = signed_in("manager")
    page = page_of(manager, "hello", reason="very_long", rule=ruled["planted"])
    assert names(scene, page) == {"both"}
    assert names(scene, page_of(manager, "hello", reason="best", rule=ruled["planted"])) == set()


@pytest.mark.usefixtures("often")
def test_a_rule_with_more_hits_needs_no_more_queries(
    signed_in: SignedIn,
    add: Add,
    world: World,
    ruled: dict[str, Any],
    runtime: Runtime,
) -> None:
    asked: list[str] = []
    manager = signed_in("manager")
    event.listen(runtime.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert len(found(page_of(manager, "hello", rule=ruled["planted"]))) == 2
    few = len(asked)

    def make(session: Session) -> None:
        rule = session.scalars(select(PhraseRule).where(PhraseRule.name == NAME)).one()
        for _number in range(10):
            call = factories.make_call(session, *place_of(session, world))
            say(session, call, "hello")
            hit(session, rule, call, None)

    add(make)
    asked.clear()
    assert len(found(page_of(manager, "hello", rule=ruled["planted"]))) == 12
    # One for the bell, and three to write down once whose words were shown.
    assert len(asked) == few <= 18 + 1 + 3
