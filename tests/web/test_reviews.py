"""The ways of a review: queue, form, self-assessment, feedback, objection, exemplar."""

import re
import uuid
from typing import Any

import pytest
from sqlalchemy import delete, event, select

from models.calls import Recording
from models.people import Agent
from models.reviews import Objection, Review, SelfAssessment, Task
from models.transcripts import Transcript
from models.vocab import AssessmentState, Party, ReviewState, SkipKind, TaskState
from pipelines import moments
from tests import factories

GOOD = {
    "answer_greeting": "yes",
    "answer_needs": "needs_some",
    "answer_identity": "yes",
    "answer_praise": "no",
    "comment_needs": "Asked once.",
    "summary": "Calm and clear.",
}
LOCK = re.compile(r'name="lock_version"[^>]*value="(\d+)"')


@pytest.fixture
def tasks(add: Any, world: Any) -> Any:
    """Two drawn calls of the agent, to be reviewed by anybody of the site."""

    def make(session: Any) -> Any:
        agent = session.scalars(select(Agent)).one()
        made = factories.make_tasks(session, agent, session.merge(world.team), count=2)
        return [task.uid for task in made]

    return add(make)


def words(response: Any) -> Any:
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_data(as_text=True)


def lock_of(browser: Any) -> Any:
    return LOCK.search(browser.last.get_data(as_text=True)).group(1)


def begin(browser: Any) -> Any:
    browser.get("/reviews/")
    answer = browser.post("/reviews/next")
    assert answer.status_code == 303
    words(browser.get(answer.location))
    return answer.location


def submit(browser: Any, path: Any, answers: Any = GOOD, **more: Any) -> Any:
    return browser.post(f"{path}/submit", {**answers, "lock_version": lock_of(browser), **more})


def review_of(add: Any) -> Any:
    return add(
        lambda session: session.scalars(
            select(Review.uid).where(Review.state == ReviewState.SUBMITTED)
        ).one()
    )


def test_from_the_queue_to_the_next_call_in_two_steps(signed_in: Any, tasks: Any) -> None:
    browser = signed_in("reviewer")
    assert "Take the next call" in words(browser.get("/reviews/"))
    first = begin(browser)
    answer = submit(browser, first, then="next")
    assert answer.status_code == 303
    assert answer.location not in {first, "/reviews/"}
    assert "Submitted: 70.0 %." in words(browser.get(answer.location))
    assert "Done by me" in words(browser.get("/reviews/"))


def test_a_draft_saves_itself_with_the_running_total(signed_in: Any, tasks: Any, add: Any) -> None:
    browser = signed_in("reviewer")
    path = begin(browser)
    seen = lock_of(browser)
    form = {"answer_greeting": "yes", "answer_needs": "no such level", "lock_version": seen}
    answer = browser.post(f"{path}/draft", form)
    assert answer.status_code == 200
    assert answer.json["lock_version"] > int(seen)
    assert "<strong>5</strong> of 30 points" in answer.json["total"]
    assert answer.json["criteria"]["praise"]["open"] is True
    assert "not one of the choices" in answer.json["criteria"]["needs"]["problem"]
    stored = add(lambda session: session.scalars(select(Review)).one().draft)
    assert stored["needs"]["answer"] == "no such level"
    # What was written is there again when the page is opened anew.
    assert 'value="yes" data-key="1" checked' in words(browser.get(path))


def test_two_windows_do_not_overwrite_each_other(signed_in: Any, tasks: Any, add: Any) -> None:
    browser = signed_in("reviewer")
    path = begin(browser)
    seen = lock_of(browser)
    browser.get(path)
    browser.post(f"{path}/draft", {"answer_greeting": "yes", "lock_version": seen})
    browser.get(path)
    second = browser.post(f"{path}/draft", {"answer_greeting": "no", "lock_version": seen})
    assert second.status_code == 409
    assert "Saved elsewhere meanwhile" in second.json["html"]
    stored = add(lambda session: session.scalars(select(Review)).one().draft)
    assert stored["greeting"]["answer"] == "yes"
    browser.get(path)
    again = browser.post(f"{path}/submit", {**GOOD, "lock_version": seen})
    assert again.status_code == 409
    assert "was not submitted" in again.get_data(as_text=True)


def test_an_incomplete_review_says_what_is_missing_and_keeps_what_is_there(
    signed_in: Any, tasks: Any, add: Any
) -> None:
    browser = signed_in("reviewer")
    path = begin(browser)
    page = words(submit(browser, path, {"answer_greeting": "no"}))
    assert "3 answers are still open" in page
    assert 'href="#c-identity"' in page
    assert "A comment or a reason is needed" in page
    review = add(lambda session: session.scalars(select(Review)).one())
    assert (review.state, review.draft["greeting"]["answer"]) == (ReviewState.DRAFT, "no")
    # The version that the page now carries is the one just saved.
    assert submit(browser, path).status_code == 303


def test_evidence_is_kept_with_its_words(signed_in: Any, tasks: Any, add: Any) -> None:
    browser = signed_in("reviewer")
    path = begin(browser)
    span = '[{"start_ms": 1200, "end_ms": 2500, "words": "Good <b>morning"}]'
    assert submit(browser, path, {**GOOD, "evidence_greeting": span}).status_code == 303
    page = words(browser.get(f"/feedback/{review_of(add)}"))
    assert 'data-play-from="1200" data-play-to="2500"' in page
    assert "Good &lt;b&gt;morning" in page


def test_notes_are_the_reviewers_own_unless_they_are_shared(
    signed_in: Any, tasks: Any, add: Any
) -> None:
    browser = signed_in("reviewer")
    path = begin(browser)
    # There is no recording, as of a call that was heard live: nothing to mark, all else works.
    page = words(browser.last)
    assert "judged by what was heard" in page
    assert "data-mark" not in page
    seen = lock_of(browser)
    notes = (
        '[{"at_ms": 61000, "text": "asks twice <b>", "shared": true}, {"at_ms": null,'
        ' "text": "ring 13912345678 back", "shared": false}, "no note", {"at_ms": 1}]'
    )
    sent = {"notes": notes, "lock_version": seen}
    saved = browser.post(f"{path}/draft", sent).json
    assert saved["lock_version"] > int(seen)
    assert "asks twice" in words(browser.get(path))
    # Sent again because the answer was lost on the way: no conflict, since nothing differs.
    assert browser.post(f"{path}/draft", sent).json["lock_version"] == saved["lock_version"]
    assert browser.post(f"{path}/draft", {**sent, "notes": "[]"}).status_code == 409
    # Notes are work: they are not dropped unasked.
    browser.get(path)
    assert browser.post(f"{path}/release").status_code == 409
    browser.get(path)
    assert submit(browser, path, notes=notes).status_code == 303
    own = words(browser.get(f"/feedback/{review_of(add)}"))
    assert 'data-play-from="61000"' in own
    assert "ring" in own
    assert "only you see this" in own
    assert "13912345678" not in own
    other = words(signed_in("manager").get(f"/feedback/{review_of(add)}"))
    assert "asks twice &lt;b&gt;" in other
    assert "ring" not in other


def test_what_is_hidden_later_is_hidden_in_the_evidence_too(
    signed_in: Any, tasks: Any, add: Any
) -> None:
    browser = signed_in("reviewer")
    path = begin(browser)
    span = '[{"start_ms": 0, "end_ms": 1400, "words": "ask for Planted"}]'
    assert submit(browser, path, {**GOOD, "evidence_greeting": span}).status_code == 303

    def hide(session: Any) -> None:
        call = session.scalars(select(Review)).one().leg.call
        recording = factories.make_recording(session, call)
        said = [(Party.CUSTOMER, 0, "ask for Planted")]
        turn = factories.make_transcript(session, recording, said).turns[0]
        turn.masks, turn.masked_text = [[2, 2, "manual", 1_000, 1_400]], "ask for •••"

    add(hide)
    review = review_of(add)
    for role, address in (
        ("reviewer", f"/feedback/{review}"),
        ("trainer", f"/exemplars/of/{review}"),
    ):
        page = words(signed_in(role).get(address))
        assert "ask for •••" in page
        assert "Planted" not in page

    def forget(session: Any) -> None:
        # As retention does: the words go, the moment stays.
        moments.remember(session, session.scalars(select(Recording)).one())
        session.execute(delete(Transcript))

    add(forget)
    page = words(signed_in("reviewer").get(f"/feedback/{review}"))
    assert "Planted" not in page
    assert "•••" in page


def test_a_task_of_somebody_else_is_out_of_reach(
    signed_in: Any, tasks: Any, add: Any, world: Any
) -> None:
    mine = begin(signed_in("reviewer"))

    def other(session: Any) -> Any:
        site = session.merge(world.site)
        return factories.make_user(
            session,
            "other",
            password_hash=world.people["reviewer"].password_hash,
            roles=[("reviewer", site, None)],
        ).username

    name = add(other)
    browser = signed_in("agent")
    assert browser.get(mine).status_code == 403
    browser.post("/sign-out")
    browser.sign_in(name)
    assert browser.get(mine).status_code == 404
    assert browser.post(f"{mine}/draft", {"lock_version": "1"}).status_code == 404


def test_skipping_needs_kind_and_words(signed_in: Any, tasks: Any, add: Any) -> None:
    browser = signed_in("reviewer")
    path = begin(browser)
    words(browser.get(f"{path}/skip"))
    assert "Choose one of the two." in words(browser.post(f"{path}/skip", {"reason": ""}))
    answer = browser.post(f"{path}/skip", {"kind": "ineligible", "reason": "a voicemail"})
    assert answer.status_code == 303
    uid = uuid.UUID(path.rsplit("/", 1)[1])
    task = add(lambda session: session.scalars(select(Task).where(Task.uid == uid)).one())
    # Half of the draw would be skipped: a manager decides first.
    assert (task.state, task.skip_kind) == (TaskState.CLAIMED, SkipKind.INELIGIBLE)
    assert task.skip_reason == "a voicemail"


def test_giving_back_asks_before_a_draft_is_lost(signed_in: Any, tasks: Any, add: Any) -> None:
    browser = signed_in("reviewer")
    path = begin(browser)
    browser.post(f"{path}/draft", {**GOOD, "lock_version": lock_of(browser)})
    browser.get("/reviews/")
    assert browser.post(f"{path}/release").status_code == 409
    browser.get("/reviews/")
    assert browser.post(f"{path}/release", {"discard": "yes"}).status_code == 303
    assert add(lambda session: session.scalars(select(Review)).all()) == []


def test_an_agent_sees_the_verdict_only_after_the_own_view(
    signed_in: Any, tasks: Any, add: Any
) -> None:
    reviewer, agent = signed_in("reviewer"), signed_in("agent")
    path = begin(reviewer)
    submit(reviewer, path)
    verdict = f"/feedback/{review_of(add)}"
    assert agent.get(verdict).status_code == 404
    assert str(review_of(add)) not in words(agent.get("/my-calls/"))
    assert "No feedback yet" in words(agent.get("/feedback/"))
    assert agent.post(verdict + "/acknowledge").status_code == 409

    def judge(session: Any) -> Any:
        leg = session.scalars(select(Review)).one().leg_id
        return session.scalars(select(SelfAssessment).where(SelfAssessment.leg_id == leg)).one()

    own = add(judge)
    words(agent.get(f"/my-calls/{own.uid}"))
    answer = submit(agent, f"/my-calls/{own.uid}", {**GOOD, "answer_needs": "needs_good"})
    assert answer.location == verdict
    page = words(agent.get(verdict))
    earned, still_open, side = (
        page.index(part) for part in ("What earned points", "Points still open", "Side by side")
    )
    assert earned < still_open < side
    assert "9 more possible" in page
    assert "30.0 percentage points above the reviewer" in page
    assert agent.post(verdict + "/acknowledge").status_code == 303
    assert "Thank you for reading." in words(agent.get(verdict))


def test_the_verdict_opens_when_the_time_for_the_own_view_runs_out(
    signed_in: Any, tasks: Any, add: Any, clock: Any
) -> None:
    reviewer, agent = signed_in("reviewer"), signed_in("agent")
    submit(reviewer, begin(reviewer))
    clock.move(days=8)
    agent.sign_in("agent1")
    page = words(agent.get(f"/feedback/{review_of(add)}"))
    assert "What earned points" in page
    own = add(lambda session: session.scalars(select(SelfAssessment.uid)).first())
    assert agent.get(f"/my-calls/{own}").status_code == 303


def objected(signed_in: Any, add: Any) -> Any:
    reviewer, agent = signed_in("reviewer"), signed_in("agent")
    submit(reviewer, begin(reviewer))

    def lapse(session: Any) -> None:
        for own in session.scalars(select(SelfAssessment)):
            own.state = AssessmentState.LAPSED

    add(lapse)
    verdict = f"/feedback/{review_of(add)}"
    words(agent.get(verdict))
    once = re.search(r'name="once"[^>]*value="([^"]+)"', words(agent.get(verdict))).group(1)
    sent = {"words": "I asked twice.", "once": once}
    assert agent.post(verdict + "/object", sent).status_code == 303
    agent.get(verdict)
    # A double click is one objection.
    assert agent.post(verdict + "/object", sent).status_code == 303
    objection = add(lambda session: session.scalars(select(Objection.uid)).one())
    return reviewer, agent, verdict, f"/feedback/objections/{objection}"


def test_an_objection_is_answered_by_a_manager_who_corrects_the_score(
    signed_in: Any, tasks: Any, add: Any
) -> None:
    reviewer, agent, verdict, path = objected(signed_in, add)
    assert reviewer.get(path).status_code == 404
    manager = signed_in("manager")
    assert "Objections that wait for an answer" in words(manager.get("/feedback/"))
    page = words(manager.get(path))
    assert "I asked twice." in page
    answers = {**GOOD, "answer_needs": "needs_good", "decision": "corrected", "answer": "You did."}
    preview = manager.post(path + "/preview", answers)
    assert "<strong>30</strong> of 30 points" in preview.json["total"]
    # A correction made on an older score would take back what a dispute gave since.
    manager.get(path)
    late = manager.post(path, {**answers, "before": "7"})
    page = late.get_data(as_text=True)
    assert (late.status_code, 'name="before" value="1"' in page) == (409, True)
    assert "A dispute has changed the score" in page
    assert "You did." in page
    assert manager.post(path, {**answers, "before": "1"}).status_code == 303
    page = words(agent.get(verdict))
    assert "You did." in page
    assert "100.0 %" in page
    assert "Earlier scores" in page


def test_an_objection_needs_a_decision_and_a_reason(signed_in: Any, tasks: Any, add: Any) -> None:
    *_others, path = objected(signed_in, add)
    manager = signed_in("manager")
    manager.get(path)
    page = words(manager.post(path, GOOD))
    assert "Choose a decision." in page
    assert "Give the reason for the decision." in page


def test_an_agent_begins_and_drops_a_view_nobody_asked_for(
    signed_in: Any, tasks: Any, add: Any
) -> None:
    def quiet(session: Any) -> Any:
        task = session.scalars(select(Task)).first()
        call = factories.make_call(session, task.leg.agent, task.leg.team, task.leg.call.project)
        return call.legs[0].uid

    leg = add(quiet)
    agent = signed_in("agent")
    assert f"/my-calls/legs/{leg}/assess" in words(agent.get("/my-calls/"))
    answer = agent.post(f"/my-calls/legs/{leg}/assess")
    assert "Drop it" in words(agent.get(answer.location))
    assert agent.post(f"{answer.location}/discard").status_code == 303


def test_scorecards_are_read_by_everybody_and_taken_along(signed_in: Any, tasks: Any) -> None:
    agent = signed_in("agent")
    page = words(agent.get("/scorecards/"))
    path = re.search(r'href="(/scorecards/[0-9a-f-]+)"', page).group(1)
    shown = words(agent.get(path))
    assert "30 points can be earned" in shown
    assert "Asked only if" in shown
    assert agent.get(path + ".json").json == factories.SCORECARD


def test_lists_ask_the_database_the_same_few_times_however_long_they_are(
    signed_in: Any, tasks: Any, add: Any, runtime: Any, world: Any
) -> None:
    reviewer, agent = signed_in("reviewer"), signed_in("agent")
    submit(reviewer, begin(reviewer))
    counted = []
    event.listen(runtime.engine, "before_cursor_execute", lambda *_: counted.append(1))

    def count(browser: Any, path: Any) -> Any:
        counted.clear()
        words(browser.get(path))
        return len(counted)

    paths = [(reviewer, "/reviews/"), (agent, "/my-calls/"), (reviewer, "/feedback/")]
    before = [count(*path) for path in paths]

    def more(session: Any) -> None:
        site, team = session.merge(world.site), session.merge(world.team)
        owner = session.scalars(select(Agent)).one()
        factories.make_tasks(session, owner, team, count=5)
        assert site is not None

    add(more)
    begin(reviewer)
    begin(reviewer)
    for _ in range(2):
        submit(reviewer, begin(reviewer))
    assert [count(*path) for path in paths] == before


def test_why_a_call_was_picked_is_told_with_the_feedback_and_not_before(
    signed_in: Any, tasks: Any, add: Any, clock: Any
) -> None:
    def plant(session: Any) -> None:
        for task in session.scalars(select(Task)):
            task.drawn_call.reasons = ["multi_transfer"]
            task.drawn_call.explanation = {"multi_transfer": {"transfers": 7219}}
            task.leg.call.customer_tier = "planted-tier"

    add(plant)
    browser = signed_in("reviewer")
    path = begin(browser)
    for address in (path, "/reviews/", f"{path}/skip"):
        page = words(browser.get(address))
        assert "7,219" not in page
        assert "7219" not in page
        assert "planted-tier" not in page
    browser.get(path)
    submit(browser, path)
    clock.move(days=8)
    agent = signed_in("agent")
    page = words(agent.get(f"/feedback/{review_of(add)}"))
    assert "Several transfers: transferred 7219 times" in page
    assert "planted-tier" not in page


def test_a_manager_who_judges_a_call_meets_no_score_of_it(
    signed_in: Any, tasks: Any, add: Any, world: Any
) -> None:
    reviewer = signed_in("reviewer")
    submit(reviewer, begin(reviewer))
    manager = signed_in("manager")
    verdict = f"/feedback/{review_of(add)}"
    assert verdict in words(manager.get("/feedback/"))

    def second_leg(session: Any) -> None:
        done = session.scalars(select(Task).where(Task.state == TaskState.DONE)).one()
        other = session.scalars(select(Task).where(Task.state == TaskState.OPEN)).one()
        # Another leg of the very call that was judged is now with the manager.
        other.leg.position, other.leg.call_id = 2, done.leg.call_id
        other.state, other.assignee_id = TaskState.CLAIMED, world.people["manager"].id

    add(second_leg)
    assert verdict not in words(manager.get("/feedback/"))
    assert manager.get(verdict).status_code == 404
