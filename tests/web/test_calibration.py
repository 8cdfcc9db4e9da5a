"""A round from its beginning to its session, and who sees what of it meanwhile."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import CalibrationItem, CalibrationRound
from models.calls import Leg
from models.people import Agent, Role, UserRole
from models.reviews import Review, Task
from models.scorecards import ScorecardVersion
from models.vocab import Origin, TaskState
from pipelines.scoring.service import import_scorecard
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import _PASSWORD_HASH, Browser, World

LOCK = re.compile(r'name="lock_version"[^>]*value="(\d+)"')
ANN = {
    "answer_greeting": "yes",
    "answer_needs": "needs_good",
    "answer_identity": "yes",
    "answer_praise": "yes",
    "comment_needs": "planted comment of ann",
    "evidence_needs": '[{"start_ms": 1000, "end_ms": 3000, "words": "planted evidence"}]',
    "summary": "planted summary",
}
BOB = {**ANN, "answer_needs": "needs_none", "comment_needs": "planted comment of bob"}
SHOWN = ("planted", "Krippendorff", "ICC", "Answers that differ")


def text(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return html.unescape(answer.get_data(as_text=True))


class Stage:
    """Two recorded calls of the agent, a second reviewer, and a stranger who reviews elsewhere."""

    def __init__(self, session: Session, world: World) -> None:
        site, team = session.merge(world.site), session.merge(world.team)
        agent = session.scalars(select(Agent)).one()
        version = import_scorecard(session, factories.SCORECARD, now=NOW)
        project = factories.make_project(
            session, site, "renewal", scorecard_id=version.scorecard_id
        )
        calls = [factories.make_call(session, agent, team, project) for _ in range(2)]
        for call in calls:
            factories.make_recording(session, call)
        self.calls = [call.uid for call in calls]
        for name, place in (("bob", site), ("stranger", factories.make_site(session, "far"))):
            factories.make_user(
                session,
                name,
                password_hash=_PASSWORD_HASH,
                roles=[(Role.REVIEWER, place, None)],
            )
        self.site = site.uid


@pytest.fixture
def stage(add: Any, world: World) -> Stage:
    return add(lambda session: Stage(session, world))


@pytest.fixture
def enter(app: Any) -> Callable[[str], Browser]:
    def signed(username: str) -> Browser:
        browser = Browser(app.test_client())
        assert browser.sign_in(username).status_code == 303
        return browser

    return signed


def values(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)"', page)


def begin(leader: Browser) -> str:
    page = text(leader, "/calibration/")
    (path,) = re.findall(r'href="(/calibration/sites/[^"]+/new)"', page)
    page = text(leader, path)
    form = {
        "once": re.search(r'name="once"[^>]*value="([^"]+)"', page)[1],
        "title": "Planted round",
        "version": re.search(
            r'<option selected value="([^"]+)"|<option value="([0-9a-f-]{36})"',
            page[page.index('id="version"') :],
        )[2],
        "due": re.search(r'name="due"[^>]*value="([^"]+)"', page)[1],
        "reviewers": values(page, "reviewers"),
        "legs": values(page, "legs"),
    }
    action = path.removesuffix("/new")
    picked = leader.post(action, {**form, "legs": [], "random": "1", "act": "pick"})
    assert picked.get_data(as_text=True).count('name="legs"') == 2
    assert len(re.findall(r'name="legs"[^>]*checked', picked.get_data(as_text=True))) == 1
    missing = leader.post(action, {**form, "legs": [], "act": "start"})
    assert missing.status_code == 422
    assert "Choose at least one call." in missing.get_data(as_text=True)
    made = leader.post(action, {**form, "act": "start"})
    again = leader.post(action, {**form, "act": "start"})
    assert (made.status_code, again.location) == (303, made.location)
    return made.location


def score(browser: Browser, answers: dict[str, Any]) -> int:
    """Score every call that stands in the queue with me; give how many they were."""
    done = 0
    while True:
        page = text(browser, "/reviews/")
        claim = re.search(r'action="(/reviews/[0-9a-f-]+)/claim"', page)
        if claim is None:
            return done
        # The reviewer's own from the first: it says which round it is of, and nobody gives it back.
        assert "Calibration: Planted round" in page
        assert "Give back" not in page
        path = browser.post(f"{claim[1]}/claim").location
        page = text(browser, path)
        lock = LOCK.search(page)[1]
        assert browser.post(f"{path}/submit", {**answers, "lock_version": lock}).status_code == 303
        done += 1


EVERYWHERE = (
    "/",
    "/feedback/",
    "/reviews/",
    "/exemplars/",
    "/my-calls/",
    "/search?q=greeting",
    "/dashboard",
    "/calibration/reviewers",
)


def tell_nothing(browsers: tuple[Browser, ...], places: list[str]) -> None:
    """Check that no page of anybody holds a word of an answer, or how far people agree."""
    for browser in browsers:
        for place in places:
            page = browser.get(place).get_data(as_text=True)
            assert not any(word in page for word in SHOWN), place


def everything_told(browser: Browser, path: str, item: Any) -> None:
    """Check that the session and the call show who said what, with the moments."""
    page = text(browser, path)
    for word in ("ICC(2,1)", "Krippendorff's alpha", "Where the answers differ", "Bob", "good"):
        assert word in page, word
    side = text(browser, f"/calibration/calls/{item}")
    assert "planted comment of ann" in side
    assert "planted comment of bob" in side
    assert 'data-play-from="1000" data-play-to="3000"' in side


def test_a_round_is_blind_until_it_is_closed_and_then_a_session(
    enter: Any, stage: Stage, add: Any, world: World
) -> None:
    leader, ann, bob = enter("manager1"), enter("reviewer1"), enter("bob")
    path = begin(leader)
    uid = path.rsplit("/", 1)[1]
    items = add(lambda session: [item.uid for item in session.scalars(select(CalibrationItem))])
    closed_only = [
        f"{path}/criteria.csv",
        f"{path}/answers.csv",
        *(f"/calibration/calls/{item}" for item in items),
        *(f"/calibration/calls/{item}/reference" for item in items),
    ]
    assert score(ann, ANN) == 2
    review = add(lambda session: session.scalars(select(Review.uid)).first())
    # Whoever asks, and by whatever way: nothing before the round is closed, and nothing elsewhere.
    trainer, agent, stranger = enter("trainer1"), enter("agent1"), enter("stranger")
    for browser in (leader, trainer, ann, bob):
        shown = text(browser, path)
        assert "2 of 2" in shown
        for closed in closed_only:
            assert browser.get(closed).status_code in (403, 404), closed
    others = (trainer, agent)
    places = [*EVERYWHERE, f"/feedback/{review}", f"/exemplars/of/{review}"]
    places += [f"/calls/{call}" for call in stage.calls]
    tell_nothing(others, places)
    for browser in (stranger, agent):
        assert browser.get(path).status_code in (403, 404)
    admin = enter("admin1")
    log = text(admin, "/audit?action=review.scored")
    assert "reviewer1" in log
    assert ">earned<" not in log
    assert bob.post(f"{path}/close").status_code == 403
    assert score(bob, BOB) == 2

    text(leader, path)
    assert leader.post(f"{path}/close").status_code == 303
    for browser in (leader, trainer, ann, bob):
        everything_told(browser, path, items[0])
    assert "planted comment of bob" in text(ann, f"{path}/answers.csv")
    assert "needs," in text(ann, f"{path}/criteria.csv?weights=quadratic")
    for browser in (stranger, agent):
        for place in (path, *closed_only):
            assert browser.get(place).status_code in (403, 404)
    tell_nothing(others, places)
    assert "calibration.exported" in text(admin, "/audit")

    # Somebody who judges a call of it at the moment, or may take it, sees nothing of that call.
    def judged(session: Session) -> None:
        leg = session.scalars(
            select(Leg).join(CalibrationItem).where(CalibrationItem.uid == items[0])
        ).one()
        session.add(
            Task(
                origin=Origin.DIRECTED,
                site_id=leg.site_id,
                leg_id=leg.id,
                version_id=session.scalars(select(ScorecardVersion.id)).one(),
                state=TaskState.OPEN,
                due_at=NOW,
                created_at=NOW,
            )
        )

    add(judged)
    assert "1 call is left out here" in text(bob, path)
    assert bob.get(f"/calibration/calls/{items[0]}").status_code == 404
    assert str(items[0]) not in text(bob, path)
    assert len(text(bob, f"{path}/answers.csv").splitlines()) < len(
        text(leader, f"{path}/answers.csv").splitlines()
    )
    assert uid in path


def test_the_leader_agrees_on_a_reference_that_nobody_changes(
    enter: Any, stage: Stage, add: Any, world: World
) -> None:
    leader, ann, bob = enter("trainer1"), enter("reviewer1"), enter("bob")
    path = begin(leader)
    score(ann, ANN)
    score(bob, BOB)
    text(leader, path)
    assert leader.post(f"{path}/close").status_code == 303
    page = text(leader, path)
    form = re.search(r'href="(/calibration/calls/[^"]+/reference)"', page)[1]
    assert ann.get(form).status_code == 403
    page = text(leader, form)
    assert "planted comment of ann" in page
    given = {**ANN, "comment_needs": "", "answer_note": "kept", "agreed": "y"}
    seen = LOCK.search(page)[1]
    saved = leader.post(form.replace("/reference", "/draft"), {**given, "lock_version": seen})
    assert (saved.status_code, "of 30 points" in saved.json["total"]) == (200, True)
    conflict = leader.post(form, {**given, "lock_version": seen})
    assert conflict.status_code == 409
    assert "nothing was agreed" in conflict.get_data(as_text=True)
    seen = LOCK.search(text(leader, form))[1]
    silent = leader.post(form, {**given, "lock_version": seen}).get_data(as_text=True)
    assert "Give the reason here" in silent
    given["comment_needs"] = "He asked twice, as the guide says."
    del given["agreed"]
    open_ = leader.post(form, {**given, "lock_version": LOCK.search(silent)[1]})
    assert "Tick this once you agree." in open_.get_data(as_text=True)
    seen = LOCK.search(open_.get_data(as_text=True))[1]
    agreed = leader.post(form, {**given, "agreed": "y", "lock_version": seen})
    assert agreed.status_code == 303
    page = text(bob, agreed.location)
    assert "He asked twice, as the guide says." in page
    assert "Reference: 106.7 %" in page
    assert leader.get(form).status_code == 303
    refused = leader.post(form, {**given, "agreed": "y", "lock_version": seen})
    assert refused.status_code == 409
    session_page = text(bob, path)
    assert "Distance to the agreed references" in session_page
    assert "-50.0" in session_page
    for place in ("/calibration/reviewers", "/calibration/reviewers.csv", "/calibration/"):
        assert "Planted" not in text(bob, "/calibration/reviewers.csv")
        text(bob, place)


def test_a_deadline_moves_and_a_withdrawn_round_shows_nothing(
    enter: Any, stage: Stage, add: Any
) -> None:
    leader, ann = enter("manager1"), enter("reviewer1")
    path = begin(leader)
    text(leader, path)
    early = leader.post(f"{path}/close")
    assert early.status_code == 409
    assert "nothing to compare" in early.get_data(as_text=True)
    score(ann, ANN)
    text(leader, path)
    past = leader.post(f"{path}/extend", {"due": "2026-11-01"})
    assert past.status_code == 400
    assert "Choose a day that has not passed." in past.get_data(as_text=True)
    assert "Who is done" in past.get_data(as_text=True)
    assert leader.post(f"{path}/extend", {"due": ""}).status_code == 422
    assert leader.post(f"{path}/extend", {"due": "2026-12-24"}).status_code == 303
    assert "24 Dec 2026" in text(leader, path)
    assert leader.post(f"{path}/withdraw").status_code == 303
    assert "was withdrawn" in text(ann, path)
    assert "planted" not in text(ann, path)
    assert leader.post(f"{path}/close").status_code == 409
    row = add(lambda session: session.scalars(select(CalibrationRound)).one().state.value)
    assert row == "withdrawn"


def test_reviewers_see_their_own_severity_and_managers_that_of_those_they_lead(
    enter: Any, stage: Stage, add: Any, world: World
) -> None:
    def shared(session: Session) -> None:
        """Give three reviewers twelve calls in common, drawn and second."""
        version = session.scalars(select(ScorecardVersion)).one()
        site, team = session.merge(world.site), session.merge(world.team)
        agent = session.scalars(select(Agent)).one()
        project = factories.make_project(session, site)
        led = factories.make_team(session, site, "led")
        people = [
            factories.make_user(session, name, roles=[(Role.REVIEWER, site, place)])
            for name, place in (("cora", led), ("dan", None))
        ]
        session.add(
            UserRole(
                user_id=world.people["trainer"].id,
                role=Role.MANAGER,
                site_id=site.id,
                team_id=led.id,
            )
        )
        ids = [world.people["reviewer"].id, *(person.id for person in people)]
        for number in range(12):
            leg = factories.make_call(session, agent, team, project).legs[0]
            for reviewer, origin, more in (
                (number % 3, Origin.DRAWN, 0),
                ((number + 1) % 3, Origin.SECOND, 0),
            ):
                factories.make_review(
                    session,
                    leg,
                    version,
                    origin=origin,
                    attainable=10_000,
                    earned=7_000 + number * 10 + reviewer * 300 + more,
                    reviewer_id=ids[reviewer],
                )

    add(shared)
    ann, manager, lead = enter("reviewer1"), enter("manager1"), enter("trainer1")
    own, whole, part = (text(one, "/calibration/reviewers") for one in (ann, manager, lead))
    assert "8 calls" in own
    assert "Cora" not in own
    assert "Only 3 reviewers share calls here." in own
    assert {"Cora", "Dan", "Reviewer1"} <= set(re.findall(r"Cora|Dan|Reviewer1", whole))
    assert "Cora" in part
    assert "Dan" not in part
    # Eight calls are too few for a figure about a person.
    assert "-3.0" not in own + whole

    add(shared_again := lambda session: [shared_more(session, world) for _ in range(2)])
    assert shared_again
    assert "-3.0" in text(ann, "/calibration/reviewers")
    rows = text(manager, "/calibration/reviewers.csv")
    assert "shanghai,Cora,,,12,2,0.0" in rows


def shared_more(session: Session, world: World) -> None:
    """Give each pair of the three two more calls in common."""
    version = session.scalars(select(ScorecardVersion)).one()
    agent = session.scalars(select(Agent)).one()
    project = factories.make_project(session, session.merge(world.site))
    people = session.scalars(
        select(Review.reviewer_id).distinct().order_by(Review.reviewer_id)
    ).all()
    for one, other in ((0, 1), (1, 2), (2, 0)):
        leg = factories.make_call(session, agent, session.merge(world.team), project).legs[0]
        for reviewer, origin in ((one, Origin.DRAWN), (other, Origin.SECOND)):
            factories.make_review(
                session,
                leg,
                version,
                origin=origin,
                attainable=10_000,
                earned=6_000 + reviewer * 300,
                reviewer_id=people[reviewer],
            )
