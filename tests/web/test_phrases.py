"""Phrase rules on the web: made, tried, used and judged, and who sees what they find."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import MediaFile
from models.people import Agent, UserRole
from models.phrases import PhraseHit, PhraseTrial, PhraseVersion
from models.reviews import Review, ReviewRevision, SelfAssessment, Task
from models.samples import SamplePlan
from models.session import read_session
from models.transcripts import Transcript, Turn
from models.vocab import (
    AssessmentState,
    MediaKind,
    Party,
    PhraseKind,
    PhraseVerdict,
    PhraseVersionState,
    TaskState,
)
from pipelines.phrases import looking, service
from pipelines.phrases.rules.settings import RuleSettings, Step, Suggestion
from pipelines.review import verdicts
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]

SAID = [
    (Party.AGENT, 0, "Thank you for calling"),
    (Party.CUSTOMER, 4_000, "planted refund of 12345"),
]
NAME = "Planted rule"


def text(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


@dataclass
class Scene:
    """A drawn call of the agent with a transcript, a rule that is on, and its hit."""

    task: Any
    call: Any
    project: Any
    rule: Any
    hit: Any


@pytest.fixture
def scene(add: Add, world: World) -> Scene:
    def make(session: Session) -> Scene:
        team = session.merge(world.team)
        agent = session.scalars(select(Agent)).one()
        (task,) = factories.make_tasks(session, agent, team)
        call = task.leg.call
        suggests = Suggestion("test-card", "greeting")
        rule = service.create_rule(
            session,
            call.project,
            NAME,
            RuleSettings(PhraseKind.SAYS, (Step(("planted refund",)),), suggests=suggests),
            now=NOW,
            actor=None,
        )
        version = service.newest_version(session, rule)
        service.switch_on(session, version, now=NOW, actor=None)
        recording = factories.make_recording(session, call)
        # The player shows marks where there is a sound to play.
        session.add(
            MediaFile(
                recording_id=recording.id,
                kind=MediaKind.ORIGINAL,
                storage_key="ab/none.wav",
                sha256="0" * 64,
                size_bytes=1,
                mimetype="audio/wav",
                created_at=NOW,
            )
        )
        transcript = factories.make_transcript(session, recording, SAID)
        looking.look_through(session, transcript.id, now=NOW)
        hit = session.scalars(select(PhraseHit)).one()
        # Noise: a call of another site with the same words.
        other = factories.make_site(session, "elsewhere")
        far = factories.make_project(session, other)
        far_team = factories.make_team(session, other)
        far_call = factories.make_call(
            session, factories.make_agent(session, far_team), far_team, far
        )
        factories.make_transcript(session, factories.make_recording(session, far_call), SAID)
        return Scene(task, call, call.project, rule, hit)

    return add(make)


def claimed(session: Session, scene: Scene, world: World) -> Review:
    """Give the task to the reviewer, who begins the review."""
    task = session.get_one(Task, scene.task.id)
    reviewer = session.merge(world.people["reviewer"])
    task.state, task.assignee_id = TaskState.CLAIMED, reviewer.id
    task.claimed_at = NOW
    session.flush()
    return verdicts.start_or_get_review(session, task, reviewer, now=NOW)


# ---- making and trying -------------------------------------------------------------------------


def test_a_rule_is_made_from_a_starter_tried_and_switched_on(
    signed_in: SignedIn, scene: Scene, add: Add
) -> None:
    manager = signed_in("manager")
    page = text(manager, f"/phrases/projects/{scene.project.uid}/new")
    assert "starter=greeting" in page
    page = text(manager, f"/phrases/projects/{scene.project.uid}/new?starter=greeting")
    assert "thank you for calling" in page
    assert "感谢您的来电" in page
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]  # type: ignore[index]  # the form has it
    rule = {
        "kind": "says",
        "name": "Greeting",
        "phrases_0": "thank you for calling\n您好",
        "party_0": "agent",
        "window": "first",
        "seconds": "15",
        "broken": "",
        "meaning": "good",
        "criterion": "test-card:greeting",
        "once": once,
    }
    path = f"/phrases/projects/{scene.project.uid}/rules"
    wrong = manager.post(path, {**rule, "phrases_0": "re*"})
    assert wrong.status_code == 422
    assert "at least 3 letters" in wrong.get_data(as_text=True)
    made = manager.post(path, rule)
    assert made.status_code == 303
    assert manager.post(path, rule).location == made.location
    page = text(manager, made.location)
    assert "draft" in page
    assert "Test card" in page
    day = scene.call.local_date.isoformat()
    tried = manager.post(
        f"{made.location}/trials?version=1", {"start": day, "end": day, "once": "x"}
    )
    assert tried.status_code == 303
    page = text(manager, tried.location)
    assert "<q>Thank you for calling</q>" in page
    assert "100.0 %" in page
    assert "Thank you for calling" in text(manager, f"{tried.location}/examples/1")
    assert text(manager, f"{tried.location}/examples/2", 404)
    assert manager.post(f"{made.location}/on?version=1", {"past": "yes"}).status_code == 303
    assert "Past calls are being looked through: 0 of 0" in text(manager, made.location)
    assert manager.post(f"{made.location}/on?version=1").status_code == 409
    changed = manager.post(f"{made.location}", {**rule, "name": "Greeting", "seen": "0"})
    assert changed.status_code == 409
    seen = add(
        lambda session: session.scalars(
            select(PhraseVersion.lock_version).order_by(PhraseVersion.id.desc())
        ).first()
    )
    changed = manager.post(f"{made.location}", {**rule, "phrases_0": "您好", "seen": str(seen)})
    assert changed.status_code == 303
    states = add(
        lambda session: session.scalars(
            select(PhraseVersion.state).order_by(PhraseVersion.id.desc())
        ).all()
    )
    assert states[:2] == [PhraseVersionState.DRAFT, PhraseVersionState.ON]
    assert manager.post(f"{made.location}/off?version=1").status_code == 303


def test_a_long_try_says_how_far_it_is(
    signed_in: SignedIn, scene: Scene, monkeypatch: pytest.MonkeyPatch, add: Add
) -> None:
    monkeypatch.setattr(looking, "AT_ONCE_MS", -1)
    manager = signed_in("manager")
    day = scene.call.local_date.isoformat()
    path = f"/phrases/rules/{scene.rule.uid}/trials?version=1"
    tried = manager.post(path, {"start": day, "end": day, "once": "x"})
    assert "0 of 1 calls" in text(manager, tried.location)
    trial = add(lambda session: session.scalars(select(PhraseTrial)).one())
    assert trial.done_at is None
    nothing = manager.post(path, {"start": "2001-01-01", "end": "2001-01-02", "once": "y"})
    assert nothing.status_code == 409
    assert "No call of these days" in nothing.get_data(as_text=True)


def test_an_example_of_a_try_goes_when_its_call_is_heard_anew(
    signed_in: SignedIn, scene: Scene, add: Add
) -> None:
    manager = signed_in("manager")
    day = scene.call.local_date.isoformat()
    path = f"/phrases/rules/{scene.rule.uid}/trials?version=1"
    tried = manager.post(path, {"start": day, "end": day, "once": "x"}).location
    assert f"{tried}/examples/1" in text(manager, tried)

    def heard_anew(session: Session) -> None:
        session.get_one(Transcript, scene.hit.transcript_id).attempt += 1

    add(heard_anew)
    assert "No examples" in text(manager, tried)
    assert text(manager, f"{tried}/examples/1", 404)


@pytest.mark.parametrize("kind", [*PhraseKind])
def test_every_kind_has_a_plain_form(signed_in: SignedIn, scene: Scene, kind: PhraseKind) -> None:
    manager = signed_in("manager")
    path = f"/phrases/projects/{scene.project.uid}"
    page = text(manager, f"{path}/new?kind={kind}")
    steps = {"says": 1, "absent": 1, "order": 2, "sequence": 6}[kind]
    assert len(re.findall(r'<textarea[^>]* name="phrases_', page)) == steps
    values = {
        "kind": kind.value,
        "name": kind.value,
        "phrases_0": "one",
        "phrases_1": "two",
        "window": "anywhere",
        "broken": "yes",
        "meaning": "note",
        "criterion": "",
        "once": kind.value,
    }
    made = manager.post(f"{path}/rules", values)
    assert made.status_code == 303
    assert "<q>one</q>" in text(manager, made.location)
    assert "one</textarea>" in text(manager, f"{made.location}/edit")


# ---- judging -----------------------------------------------------------------------------------


def test_hits_are_confirmed_and_rejected_and_precision_follows(
    signed_in: SignedIn, scene: Scene, add: Add
) -> None:
    trainer = signed_in("trainer")
    page = text(trainer, f"/phrases/rules/{scene.rule.uid}")
    assert "<q>planted refund</q>" in page
    assert "Switch off" not in page
    assert text(trainer, f"/phrases/rules/{scene.rule.uid}/edit", 403)
    path = f"/phrases/hits/{scene.hit.uid}"
    assert 'data-key="y"' in text(trainer, path)
    assert trainer.post(f"{path}/verdict", {"verdict": "nonsense"}).status_code == 400
    assert trainer.post(f"{path}/verdict", {"verdict": "confirmed"}).status_code == 303
    page = text(trainer, f"/phrases/rules/{scene.rule.uid}?shown=confirmed")
    assert "100 %" in page
    # Wilson's interval of 1 in 1, from 20.7 % on.
    assert "21 %–100 %" in page
    assert "Trainer1" in page
    hit = add(lambda session: session.scalars(select(PhraseHit)).one())
    assert hit.verdict is PhraseVerdict.CONFIRMED
    trainer.get(path)
    assert trainer.post(f"{path}/verdict", {"verdict": "none"}).status_code == 303
    assert "none judged yet" in text(trainer, f"/phrases/rules/{scene.rule.uid}")


# ---- who sees hits -----------------------------------------------------------------------------


def opened(browser: Browser, scene: Scene) -> str:
    """Open the recording from the call's page and return the page with player and transcript."""
    browser.get(f"/calls/{scene.call.uid}")
    answer = browser.post(f"/calls/{scene.call.uid}/open", {"purpose": "Coaching"})
    assert answer.status_code == 303
    return text(browser, answer.location)


def test_managers_and_trainers_see_hits_in_the_call_and_agents_do_not(
    signed_in: SignedIn, scene: Scene
) -> None:
    for role in ("manager", "trainer"):
        page = opened(signed_in(role), scene)
        assert f"{NAME} at 0:04" in page
        assert page.count("hb-word hb-hit") == 2
    page = opened(signed_in("agent"), scene)
    assert "planted" in page
    assert NAME not in page
    assert "hb-hit" not in page


def test_hits_of_other_sites_and_teams_are_out_of_reach(
    signed_in: SignedIn, scene: Scene, add: Add, world: World
) -> None:
    def elsewhere(session: Session) -> None:
        team = factories.make_team(session, session.merge(world.site))
        for role in ("manager", "trainer"):
            row = session.scalars(
                select(UserRole).where(UserRole.user_id == world.people[role].id)
            ).one()
            row.team_id = team.id

    add(elsewhere)
    for role in ("manager", "trainer"):
        browser = signed_in(role)
        assert text(browser, f"/phrases/hits/{scene.hit.uid}", 404)
        page = text(browser, f"/phrases/rules/{scene.rule.uid}")
        assert "planted refund</q></div>" not in page
        assert str(scene.hit.uid) not in page
    # Rules are a whole site's to change, not a team's.
    manager = signed_in("manager")
    assert text(manager, f"/phrases/rules/{scene.rule.uid}/edit", 404)
    assert text(manager, f"/phrases/projects/{scene.project.uid}/new", 404)
    assert manager.post(f"/phrases/rules/{scene.rule.uid}/off").status_code == 404


def test_a_reviewer_sees_hits_while_scoring_only_if_the_plan_allows_it(
    signed_in: SignedIn, scene: Scene, add: Add, world: World
) -> None:
    add(lambda session: claimed(session, scene, world))
    reviewer = signed_in("reviewer")
    path = f"/reviews/{scene.task.uid}"
    page = text(reviewer, path)
    assert "planted" in page
    assert NAME not in page
    assert "data-suggest" not in page

    def allow(session: Session) -> None:
        session.scalars(select(SamplePlan)).one().phrase_hits = True

    add(allow)
    page = text(reviewer, path)
    assert f"{NAME} at 0:04" in page
    assert 'data-words="planted refund"' in page
    # Hits are offered beside the criterion that the rule names, and beside no other.
    assert page.count("data-suggest ") == 1
    greeting = page[page.index('id="c-greeting"') : page.index('id="c-needs"')]
    assert "data-suggest " in greeting
    for address in (f"/phrases/hits/{scene.hit.uid}", f"/phrases/rules/{scene.rule.uid}"):
        assert text(reviewer, address, 403)


def test_a_suggestion_fills_no_answer_and_scores_nothing(
    signed_in: SignedIn, scene: Scene, add: Add, world: World, runtime: Any
) -> None:
    def prepare(session: Session) -> None:
        claimed(session, scene, world)
        session.scalars(select(SamplePlan)).one().phrase_hits = True

    add(prepare)
    reviewer = signed_in("reviewer")
    path = f"/reviews/{scene.task.uid}"
    page = text(reviewer, path)
    assert " checked" not in page[page.index("data-sheet") :]
    # What the button does: the span is sent as evidence, the answer is not touched.
    span = '[{"start_ms": 4000, "end_ms": 4900, "words": "planted refund"}]'
    saved = reviewer.post(f"{path}/draft", {"evidence_greeting": span, "lock_version": "1"})
    assert saved.status_code == 200
    with read_session(runtime.engine) as session:
        review = session.scalars(select(Review)).one()
        assert review.draft["greeting"]["answer"] is None
        assert review.draft["greeting"]["evidence"][0]["words"] == "planted refund"
        assert session.scalars(select(ReviewRevision)).all() == []


def test_while_a_leader_judges_a_call_its_hits_are_nowhere(
    signed_in: SignedIn, scene: Scene, add: Add, world: World
) -> None:
    def judging(session: Session) -> None:
        task = session.get_one(Task, scene.task.id)
        task.state, task.assignee_id = TaskState.CLAIMED, world.people["manager"].id
        task.claimed_at = NOW
        version = session.scalars(select(PhraseVersion)).one()
        day = scene.call.local_date
        trial, _done = looking.begin_trial(session, version, day, day, now=NOW, actor=None)
        # Many others change nothing: another try without the one would give the difference.
        trial.calls = trial.total = 1_000
        trainer = session.merge(world.people["trainer"])
        hit = session.get_one(PhraseHit, scene.hit.id)
        service.judge(session, hit, PhraseVerdict.CONFIRMED, now=NOW, actor=trainer)

    add(judging)
    manager = signed_in("manager")
    trial = add(lambda session: session.scalars(select(PhraseTrial.uid)).one())
    assert NAME not in opened(manager, scene)
    assert text(manager, f"/phrases/hits/{scene.hit.uid}", 404)
    assert manager.post(f"/phrases/hits/{scene.hit.uid}/verdict").status_code == 404
    for path in ("/phrases", f"/phrases/rules/{scene.rule.uid}"):
        assert "hidden while you judge" in text(manager, path)
        assert "(21 %–100 %, 1 judged)" not in text(manager, path)
        assert "(21 %–100 %, 1 judged)" in text(signed_in("trainer"), path)
    rule = text(manager, f"/phrases/rules/{scene.rule.uid}")
    assert str(scene.hit.uid) not in rule
    assert "Confirm hits" not in rule
    page = text(manager, f"/phrases/trials/{trial}")
    assert "stays hidden from you" in page
    assert "<dt>Hits</dt>" not in page
    assert "No examples" in page
    assert text(manager, f"/phrases/trials/{trial}/examples/1", 404)
    assert "<dt>Hits</dt>" in text(signed_in("trainer"), f"/phrases/trials/{trial}")


def test_agents_and_who_leads_them_see_hits_with_the_feedback_and_not_before(
    signed_in: SignedIn, scene: Scene, add: Add, world: World
) -> None:
    agent = signed_in("agent")
    assert NAME not in opened(agent, scene)

    def reviewed(session: Session) -> Any:
        task = session.get_one(Task, scene.task.id)
        reviewer = world.people["reviewer"].id
        task.state, task.closed_at = TaskState.DONE, NOW
        for asked in session.scalars(select(SelfAssessment)):
            asked.state = AssessmentState.LAPSED
        review = factories.make_review(
            session, task.leg, task.version, reviewer_id=reviewer, task_id=task.id
        )
        return review.uid

    review = add(reviewed)
    for role in ("agent", "trainer", "manager"):
        assert f"{NAME} at 0:04" in text(signed_in(role), f"/feedback/{review}")
    # The reviewer's plan allows no hits, and no plan allows any but while scoring.
    page = text(signed_in("reviewer"), f"/feedback/{review}")
    assert "planted" in page
    assert NAME not in page
    assert NAME not in opened(agent, scene)


def test_masked_words_are_quoted_nowhere(
    signed_in: SignedIn, scene: Scene, add: Add, world: World
) -> None:
    def mask(session: Session) -> None:
        turn = session.scalars(
            select(Turn).where(
                Turn.transcript_id == scene.hit.transcript_id, Turn.party == Party.CUSTOMER
            )
        ).one()
        turn.masks = [[1, 1, "manual", 4_500, 4_900]]
        session.scalars(select(SamplePlan)).one().phrase_hits = True
        claimed(session, scene, world)

    add(mask)
    manager = signed_in("manager")
    for path in (f"/phrases/rules/{scene.rule.uid}", f"/phrases/hits/{scene.hit.uid}"):
        page = text(manager, path)
        assert "<q>planted •••</q>" in page
        assert "<q>planted refund</q></div>" not in page
    sheet = text(signed_in("reviewer"), f"/reviews/{scene.task.uid}")
    assert 'data-words="planted •••"' in sheet

    def unseen(session: Session) -> None:
        for turn in session.scalars(select(Turn)):
            turn.masks = None

    add(unseen)
    assert "words not shown" in text(manager, f"/phrases/rules/{scene.rule.uid}")
    assert "data-suggest " not in text(signed_in("reviewer"), f"/reviews/{scene.task.uid}")


def test_the_plan_keeps_whether_reviewers_see_hits(
    signed_in: SignedIn, scene: Scene, add: Add
) -> None:
    plan = add(lambda session: session.scalars(select(SamplePlan)).one())
    assert plan.phrase_hits is False
    page = text(signed_in("manager"), f"/sampling/plans/{plan.uid}/edit")
    found = re.search(r'<input[^>]*name="phrase_hits"[^>]*>', page)
    assert found
    assert "checked" not in found[0]


def test_rules_are_listed_by_project(signed_in: SignedIn, scene: Scene) -> None:
    page = text(signed_in("manager"), "/phrases")
    assert f'href="/phrases/rules/{scene.rule.uid}"' in page
    assert f"/phrases/projects/{scene.project.uid}/new" in page
    page = text(signed_in("trainer"), "/phrases")
    assert NAME in page
    assert "/new" not in page
