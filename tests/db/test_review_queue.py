"""Who gets which call: turns, colleagues, second readings, tasks given, skips, live reviews."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from models.people import TeamMember
from models.reviewing import LiveReview, ReviewRequest
from models.reviews import Review, SelfAssessment, Task
from models.samples import DrawnCall
from models.vocab import DrawState, Origin, RecordingState, ReviewState, Role, SkipKind, TaskState
from pipelines import evaluation
from pipelines.measures import facts
from pipelines.outcomes import DomainError
from pipelines.review import claims, giving, live, rules, service, skips, verdicts
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import import_scorecard, version_rule
from tests import factories as make
from tests.factories import NOW, SCORECARD

GOOD = {"greeting": "yes", "needs": "needs_good", "identity": "yes", "praise": "yes"}
SKIP = (SkipKind.NOT_REVIEWED, "no sound")


class World:
    """Two agents of two teams, two reviewers, a manager; a draw of six calls read twice by half."""

    def __init__(self, session: Any, *, share: int = 5_000, calls: int = 6) -> None:
        self.session = session
        self.site = make.make_site(session)
        self.red, self.blue = (make.make_team(session, self.site) for _ in range(2))
        everywhere = [(Role.REVIEWER, self.site, None)]
        self.ann, self.bob = (make.make_user(session, roles=everywhere) for _ in range(2))
        self.eve = make.make_user(session, roles=[(Role.MANAGER, self.site, None), *everywhere])
        self.mei, self.tom = (make.make_agent(session, team) for team in (self.red, self.blue))
        self.version = import_scorecard(session, SCORECARD, now=NOW)
        self.project = make.make_project(session, self.site, scorecard_id=self.version.scorecard_id)
        self.calls = [
            make.make_call(session, agent, team, self.project)
            for agent, team in ((self.mei, self.red), (self.tom, self.blue)) * (calls // 2)
        ]
        for call in self.calls:
            make.make_recording(session, call)
        self.draw = make.make_draw(session, self.project, self.calls)
        self.draw.second_share_bp = share
        self.tasks = service.create_tasks(session, self.draw, now=NOW)
        # Noise: work elsewhere, which nobody here may be given.
        far = make.make_team(session, make.make_site(session))
        make.make_tasks(session, make.make_agent(session, far), far, code=f"far{far.id}")

    @property
    def here(self) -> Any:
        return select(Task).where(Task.site_id == self.site.id)

    def seconds(self) -> Any:
        return self.session.scalars(self.here.where(Task.origin == Origin.SECOND)).all()

    def submit(self, task: Any, user: Any, *, at: Any = NOW) -> Any:
        if task.state is not TaskState.CLAIMED:
            service.claim(self.session, task, user, now=at)
        draft = verdicts.start_or_get_review(self.session, task, user, now=at)
        sheet = sheet_of(version_rule(self.session, self.version.id), GOOD, "because")
        evaluation.submit_review(
            self.session, draft, sheet, "", lock_version=draft.lock_version, user=user, now=at
        )
        return draft


@pytest.fixture
def world(session: Any) -> Any:
    return World(session)


def refused(code: str) -> Any:
    return pytest.raises(DomainError, match=f"^{code}\\(")


def test_half_of_the_calls_are_read_twice_by_two_people_and_count_once(world: Any) -> None:
    seconds = world.seconds()
    assert len(seconds) == 3
    assert [task.leg_id for task in seconds] == [
        task.leg_id
        for task, place in zip(world.tasks, range(1, 7), strict=True)
        if rules.read_twice(world.draw.seed, place, 5_000)
    ]
    second = seconds[0]
    first = next(task for task in world.tasks if task.leg_id == second.leg_id)
    service.claim(world.session, first, world.ann, now=NOW)
    with refused("judged_before"):
        service.claim(world.session, second, world.ann, now=NOW)
    world.submit(first, world.ann)
    with refused("judged_before"):
        service.claim(world.session, second, world.ann, now=NOW)
    with refused("given_judged_before"):
        giving.give(world.session, second, world.ann, world.eve, now=NOW)
    # On a thin day the rate alone would tell who leads the team what the first reader said.
    with refused("reads_figures"):
        service.claim(world.session, second, world.eve, now=NOW)
    taken = world.submit(second, world.bob)
    # The second one feeds agreement only, even where it was in first.
    leg = first.leg
    results = facts.results_of_legs(world.session, world.site.id, leg.local_date)
    assert set(results) == {leg.id}
    assert results[leg.id].origin is Origin.DRAWN
    assert taken.origin is Origin.SECOND
    # An extended draw decides about its new calls alone.
    assert service.create_tasks(world.session, world.draw, now=NOW) == []
    assert len(world.seconds()) == 3


def test_the_next_call_is_of_the_agent_who_was_heard_least(world: Any) -> None:
    for task in world.seconds():
        world.session.delete(task)
    world.session.flush()
    order = []
    for _ in range(4):
        task = service.claim_next(world.session, world.here, world.ann, now=NOW)
        order.append(task.leg.agent_id)
    assert order == [world.mei.id, world.tom.id] * 2
    # What a manager gave to somebody else is nobody's to take; one's own comes first.
    left = [task for task in world.tasks if task.state is TaskState.OPEN]
    giving.give(world.session, left[1], world.bob, world.eve, now=NOW)
    with refused("task_taken"):
        service.claim(world.session, left[1], world.ann, now=NOW)
    assert service.claim_next(world.session, world.here, world.bob, now=NOW) is left[1]
    assert service.claim_next(world.session, world.here, world.eve, now=NOW) is left[0]
    assert service.claim_next(world.session, world.here, world.eve, now=NOW) is None


def test_a_plan_keeps_calls_from_close_colleagues_of_now_and_then(world: Any) -> None:
    mine = make.make_agent(world.session, world.red, user=world.ann)
    mei, tom = world.tasks[0], world.tasks[1]
    assert claims.obstacle(world.session, mei, world.ann, NOW) is None
    world.draw.plan.no_colleagues = True
    world.session.flush()
    assert claims.obstacle(world.session, mei, world.ann, NOW) == "colleague_call"
    assert claims.obstacle(world.session, tom, world.ann, NOW) is None
    with refused("colleague_call"):
        service.claim(world.session, mei, world.ann, now=NOW)
    with refused("given_colleague_call"):
        giving.give(world.session, mei, world.ann, world.eve, now=NOW)
    got = service.claim_next(world.session, world.here, world.ann, now=NOW)
    assert got.leg.agent_id == world.tom.id
    # Ann moves to the other team after the calls: she was with one then, and is with the other now.
    member = world.session.scalars(select(TeamMember).where(TeamMember.agent_id == mine.id)).one()
    member.valid_to = date(2026, 11, 20)
    world.session.add(
        TeamMember(agent_id=mine.id, team_id=world.blue.id, valid_from=date(2026, 11, 20))
    )
    world.session.flush()
    for task in (mei, world.tasks[3]):
        assert claims.obstacle(world.session, task, world.ann, NOW) == "colleague_call"
    # Had she left before that call, she would have been with its agent neither then nor now.
    member.valid_to = date(2026, 11, 10)
    world.session.flush()
    assert claims.obstacle(world.session, mei, world.ann, NOW) is None


def test_a_task_is_given_unless_it_was_begun_or_is_the_managers_own_call(world: Any) -> None:
    task = world.tasks[0]
    service.claim(world.session, task, world.ann, now=NOW)
    draft = verdicts.start_or_get_review(world.session, task, world.ann, now=NOW)
    giving.give(world.session, task, world.bob, world.eve, now=NOW)
    assert (task.state, task.assignee_id) == (TaskState.OPEN, world.bob.id)
    assert world.session.scalar(select(Review.id).where(Review.id == draft.id)) is None
    service.claim(world.session, task, world.bob, now=NOW)
    draft = verdicts.start_or_get_review(world.session, task, world.bob, now=NOW)
    answers = {"greeting": {"answer": "yes"}}
    verdicts.save_draft(
        world.session, draft, answers, "", lock_version=draft.lock_version, user=world.bob, now=NOW
    )
    with refused("task_begun"):
        giving.give(world.session, task, None, world.eve, now=NOW)
    stranger = make.make_user(
        world.session, roles=[(Role.REVIEWER, make.make_site(world.session), None)]
    )
    with refused("reviewer_elsewhere"):
        giving.give(world.session, world.tasks[1], stranger, world.eve, now=NOW)
    # A manager who takes calls manages no task of their own ones.
    world.mei.user_id = world.eve.id
    world.session.flush()
    with refused("own_call"):
        giving.give(world.session, world.tasks[2], world.bob, world.eve, now=NOW)
    giving.give(world.session, world.tasks[3], world.bob, world.eve, now=NOW)


def test_work_is_shared_in_the_measure_of_time(session: Any) -> None:
    world = World(session, share=0, calls=12)
    people, sites = [world.ann, world.bob, world.eve], [world.site.id]
    assert giving.share(session, world.here, people, sites, world.eve, now=NOW) == {}
    giving.set_time(session, world.site, world.ann, 600, world.eve, now=NOW)
    giving.set_time(session, world.site, world.bob, 300, world.eve, now=NOW)
    with refused("reviewer_time_range"):
        giving.set_time(session, world.site, world.bob, -1, world.eve, now=NOW)
    # Ann takes part in half of the calls, so she is given others only.
    world.mei.user_id = world.ann.id
    session.flush()
    given = giving.share(session, world.here, people, sites, world.eve, now=NOW)
    assert given == {world.ann.id: 6, world.bob.id: 6}
    assert {task.leg.agent_id for task in world.tasks if task.assignee_id == world.ann.id} == {
        world.tom.id
    }
    for task in world.tasks[1:6:2]:
        who = world.ann if task.assignee_id == world.ann.id else world.bob
        draft = world.submit(task, who)
        draft.started_at = NOW - timedelta(minutes=8)
    session.flush()
    pace, usual = giving.measured_minutes(session, [world.ann.id, world.bob.id], NOW)
    assert (pace[world.ann.id], usual) == (8, 8)


def test_sharing_leaves_alone_what_was_taken_meanwhile(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = world.tasks[0]
    service.claim(world.session, task, world.ann, now=NOW)
    monkeypatch.setattr(giving, "shares", lambda *_: {task.id: world.bob.id})
    here = (world.here, [world.bob], [world.site.id], world.eve)
    assert giving.share(world.session, *here, now=NOW) == {}
    assert (task.state, task.assignee_id) == (TaskState.CLAIMED, world.ann.id)


def test_a_skip_above_a_tenth_waits_for_a_manager_with_all_that_was_written(world: Any) -> None:
    task = world.tasks[0]
    service.claim(world.session, task, world.ann, now=NOW)
    draft = verdicts.start_or_get_review(world.session, task, world.ann, now=NOW)
    assert skips.needs_manager(world.session, task, world.ann)
    skips.ask(world.session, task, world.ann, *SKIP, now=NOW)
    assert (task.state, task.skip_kind) == (TaskState.CLAIMED, SkipKind.NOT_REVIEWED)
    skips.take_back(world.session, task, world.ann, now=NOW)
    skips.ask(world.session, task, world.ann, *SKIP, now=NOW)
    with refused("skip_own"):
        skips.decide(world.session, task, world.ann, confirmed=True, now=NOW)
    skips.decide(world.session, task, world.eve, confirmed=False, now=NOW)
    assert (task.skip_kind, task.review) == (None, draft)
    with refused("skip_not_asked"):
        skips.decide(world.session, task, world.eve, confirmed=True, now=NOW)
    skips.ask(world.session, task, world.ann, *SKIP, now=NOW)
    skips.decide(world.session, task, world.eve, confirmed=True, now=NOW)
    drawn = world.session.get_one(DrawnCall, task.drawn_call_id)
    assert (task.state, drawn.skip_kind) == (TaskState.SKIPPED, SkipKind.NOT_REVIEWED)
    # Nobody reads a call a second time that has no first reading.
    assert task.leg_id not in {second.leg_id for second in world.seconds()}


def test_a_second_reading_that_is_skipped_leaves_the_call_in_the_sample(world: Any) -> None:
    second = world.seconds()[0]
    service.claim(world.session, second, world.bob, now=NOW)
    assert not skips.needs_manager(world.session, second, world.bob)
    service.skip(world.session, second, world.bob, *SKIP, now=NOW)
    drawn = world.session.get_one(DrawnCall, second.drawn_call_id)
    assert drawn.skip_kind is None


def test_a_skip_is_undone_while_nobody_has_touched_the_other_call(world: Any) -> None:
    for agent in (world.mei, world.tom):
        agent.user_id = make.make_user(world.session).id
    twice = {second.leg_id for second in world.seconds()}
    task = next(task for task in world.tasks if task.leg_id in twice)
    instead = next(task for task in world.tasks if task.leg_id not in twice)
    world.session.flush()
    service.claim(world.session, task, world.ann, now=NOW)
    service.skip(world.session, task, world.ann, *SKIP, now=NOW)
    with refused("skip_not_yours"):
        skips.check_undoable(world.session, task, world.bob)
    other = world.session.get_one(DrawnCall, instead.drawn_call_id)
    other.replaces_id = task.drawn_call_id
    world.session.flush()
    assert skips.check_undoable(world.session, task, world.ann) is other
    service.claim(world.session, instead, world.bob, now=NOW)
    with refused("skip_final"):
        skips.check_undoable(world.session, task, world.ann)
    service.release(world.session, instead, world.bob, now=NOW, discard=False)
    skips.withdraw_call(world.session, other)
    skips.undo(world.session, task, world.ann, now=NOW)
    drawn = world.session.get_one(DrawnCall, task.drawn_call_id)
    assert (task.state, task.assignee_id) == (TaskState.CLAIMED, world.ann.id)
    assert (drawn.skip_kind, task.skip_reason) == (None, None)
    asked = world.session.scalars(select(SelfAssessment.leg_id)).all()
    assert asked == [task.leg_id]
    assert {second.leg_id for second in world.seconds()} == twice


def test_a_void_draw_leaves_its_legs_to_the_next_one(world: Any) -> None:
    kept = world.tasks[0]
    draft = world.submit(kept, world.ann)
    world.draw.state = DrawState.VOID
    service.withdraw_tasks(world.session, world.draw, now=NOW)
    again = make.make_draw(world.session, world.project, world.calls)
    made = service.create_tasks(world.session, again, now=NOW)
    assert {task.leg_id for task in made} == {call.legs[0].id for call in world.calls}
    # Whoever has read the call knows a score of it.
    new = next(task for task in made if task.leg_id == draft.leg_id)
    with refused("judged_before"):
        service.claim(world.session, new, world.ann, now=NOW)
    service.claim(world.session, new, world.bob, now=NOW)


def test_live_reviews_whose_call_never_comes_keep_no_other_waiting(world: Any) -> None:
    leg = world.calls[0].legs[0]
    sheet = sheet_of(version_rule(world.session, world.version.id), GOOD, "because")

    def heard(minutes: int) -> Any:
        return LiveReview(
            site_id=world.site.id,
            agent_id=world.mei.id,
            project_id=world.project.id,
            version_id=world.version.id,
            reviewer_id=world.ann.id,
            state=ReviewState.SUBMITTED,
            draft=sheet,
            begun_at=leg.started_at - timedelta(minutes=minutes),
            saved_at=leg.started_at,
            submitted_at=leg.started_at - timedelta(minutes=minutes - 1),
        )

    found = heard(0)
    world.session.add_all([*(heard(1_000 + number) for number in range(201)), found])
    world.session.flush()
    assert evaluation.settle_live(world.session, now=NOW) == 1
    assert found.leg_id == leg.id


def test_a_review_is_asked_for_with_a_reason_and_counts_as_directed(world: Any) -> None:
    leg = make.make_call(world.session, world.tom, world.blue, world.project).legs[0]

    def ask(to: Any = None, reason: str = "a complaint", by: Any = None) -> Any:
        return giving.ask_for_review(
            world.session, leg, to, by or world.eve, reason, due_days=3, now=NOW
        )

    with refused("recording_gone"):
        ask()
    make.make_recording(world.session, leg.call, state=RecordingState.PRESENT)
    with refused("reason_needed"):
        ask(reason=" ")
    task = ask(world.bob)
    request = world.session.scalars(select(ReviewRequest)).one()
    assert (request.reason, request.asked_by_id) == ("a complaint", world.eve.id)
    assert (task.origin, task.assignee_id) == (Origin.DIRECTED, world.bob.id)
    assert task.due_at == NOW + timedelta(days=3)
    with refused("review_asked_already"):
        ask()
    world.submit(task, world.bob)
    results = facts.results_of_legs(world.session, world.site.id, leg.local_date)
    assert results[leg.id].origin is Origin.DIRECTED
    world.tom.user_id = world.eve.id
    world.session.flush()
    with refused("own_call"):
        ask()


def test_a_live_review_finds_its_call_once_it_is_imported_and_never_changes(world: Any) -> None:
    now = NOW + timedelta(hours=2)
    heard = live.begin(world.session, world.mei, world.project, world.ann, now=now)
    assert heard.team_id == world.red.id
    sheet = sheet_of(version_rule(world.session, world.version.id), GOOD, "because")
    live.save(
        world.session, heard, {}, "calm", lock_version=heard.lock_version, user=world.ann, now=now
    )
    with refused("draft_conflict"):
        live.save(world.session, heard, {}, "lost", lock_version=1, user=world.ann, now=now)
    with refused("sheet_incomplete"):
        evaluation.submit_live(
            world.session, heard, {}, "", lock_version=heard.lock_version, user=world.ann, now=now
        )
    score = evaluation.submit_live(
        world.session,
        heard,
        sheet,
        "calm",
        lock_version=heard.lock_version,
        user=world.ann,
        now=now + timedelta(minutes=9),
    )
    assert score.earned == 3_200
    changed = update(LiveReview).values(summary="other")
    with pytest.raises(DBAPIError, match="submitted review"), world.session.begin_nested():
        world.session.execute(changed)
    assert evaluation.settle_live(world.session, now=now) == 0
    # The call of that time comes in, and others of the agent: before, later, of another project.
    other = make.make_project(world.session, world.site)
    for start, project in ((-30, world.project), (-2, other), (12, world.project)):
        make.make_call(
            world.session,
            world.mei,
            world.red,
            project,
            started_at=now + timedelta(minutes=start),
            talk_ms=600_000,
        )
    call = make.make_call(
        world.session,
        world.mei,
        world.red,
        world.project,
        started_at=now - timedelta(minutes=1),
        talk_ms=300_000,
    )
    assert evaluation.settle_live(world.session, now=now) == 1
    made = world.session.get_one(Review, heard.review_id)
    assert (made.origin, made.leg_id, made.state) == (
        Origin.LIVE,
        call.legs[0].id,
        ReviewState.SUBMITTED,
    )
    assert (made.current.earned, made.summary) == (3_200, "calm")
    assert (heard.draft, heard.summary) == ({}, "")
    assert facts.results_of_legs(world.session, world.site.id, call.legs[0].local_date) == {}
    assert evaluation.settle_live(world.session, now=now) == 0
    with refused("own_call"):
        world.mei.user_id = world.bob.id
        world.session.flush()
        live.begin(world.session, world.mei, world.project, world.bob, now=now)
    assert world.session.scalars(select(LiveReview)).all() == [heard]
