"""Tasks, drafts, reviews, self-assessments and what follows them, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from models.measures import DirtyDay
from models.operations import AuditEntry
from models.reviews import SelfAssessment, Task
from models.samples import DrawnCall
from models.vocab import (
    AssessmentState,
    ObjectionState,
    ReviewState,
    RevisionCause,
    SkipKind,
    TaskState,
)
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.review import assessments, feedback, service, verdicts
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import import_scorecard, version_rule
from tests import factories as make
from tests.factories import NOW, SCORECARD

GOOD = {"greeting": "yes", "needs": "needs_good", "identity": "yes", "praise": "yes"}
FAIR = {"greeting": "yes", "needs": "needs_some", "identity": "yes", "praise": "no"}


class World:
    """A draw of one call with two legs and one with one leg, its people, and its tasks."""

    def __init__(self, session: Any) -> Any:
        self.session = session
        self.site = make.make_site(session)
        self.team = make.make_team(session, self.site)
        self.ann, self.bob = make.make_user(session), make.make_user(session)
        self.agent_user = make.make_user(session)
        self.agent = make.make_agent(session, self.team, user=self.agent_user)
        self.silent = make.make_agent(session, self.team)
        self.version = import_scorecard(session, SCORECARD, now=NOW)
        self.project = make.make_project(session, self.site, scorecard_id=self.version.scorecard_id)
        self.two_legs = make.make_call(session, self.silent, self.team, self.project, legs=2)
        self.call = make.make_call(session, self.agent, self.team, self.project)
        self.draw = make.make_draw(session, self.project, [self.two_legs, self.call])
        self.tasks = service.create_tasks(session, self.draw, now=NOW)
        self.task = self.tasks[2]
        # Other rows of the same kind, which nothing below may touch or count.
        noise = make.make_call(session, self.silent, self.team, self.project)
        make.make_draw(session, self.project, [noise])

    def sheet(self, answers: Any) -> Any:
        return sheet_of(version_rule(self.session, self.version.id), answers, "because")

    def claimed(self, user: Any = None) -> Any:
        service.claim(self.session, self.task, user or self.ann, now=NOW)
        return verdicts.start_or_get_review(self.session, self.task, user or self.ann, now=NOW)

    def reviewed(self, answers: Any = GOOD) -> Any:
        review = self.claimed()
        evaluation.submit_review(
            self.session,
            review,
            self.sheet(answers),
            "well done",
            lock_version=review.lock_version,
            user=self.ann,
            now=NOW,
        )
        return review

    def asked(self) -> Any:
        return self.session.scalars(
            select(SelfAssessment).where(SelfAssessment.agent_id == self.agent.id)
        ).one()

    def assessed(self, answers: Any = FAIR) -> Any:
        own = self.asked()
        evaluation.submit_assessment(
            self.session,
            own,
            self.sheet(answers),
            lock_version=own.lock_version,
            user=self.agent_user,
            now=NOW,
        )
        return own

    def actions(self) -> Any:
        return list(self.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.fixture
def world(session: Any) -> Any:
    return World(session)


def refused(code: Any) -> Any:
    return pytest.raises(DomainError, match=f"^{code}\\(")


def test_every_leg_with_talk_gets_a_task_and_agents_who_sign_in_are_asked(world: Any) -> None:
    assert [task.leg_id for task in world.tasks] == [
        *(leg.id for leg in world.two_legs.legs),
        world.call.legs[0].id,
    ]
    assert {task.due_at for task in world.tasks} == {NOW + timedelta(days=7)}
    assert {task.version_id for task in world.tasks} == {world.version.id}
    asked = world.session.scalars(select(SelfAssessment)).all()
    assert [(own.agent_id, own.task_id) for own in asked] == [(world.agent.id, world.task.id)]
    assert service.create_tasks(world.session, world.draw, now=NOW) == []


def test_a_project_without_a_scorecard_is_named(world: Any) -> None:
    project = make.make_project(world.session, world.site, code="bare")
    call = make.make_call(world.session, world.agent, world.team, project)
    draw = make.make_draw(world.session, project, [call])
    with refused("no_scorecard_for_project"):
        service.create_tasks(world.session, draw, now=NOW)


def test_the_most_urgent_task_is_claimed_and_never_twice(world: Any) -> None:
    scope = select(Task).where(Task.site_id == world.site.id)
    world.tasks[1].due_at = NOW
    world.session.flush()
    first = service.claim_next(world.session, scope, world.ann, now=NOW)
    assert first is world.tasks[1]
    assert (first.state, first.assignee_id) == (TaskState.CLAIMED, world.ann.id)
    second = service.claim_next(world.session, scope, world.bob, now=NOW)
    # Due alike, so the agent comes first of whom nobody has heard a call yet.
    assert second is world.task
    with refused("task_taken"):
        service.claim(world.session, first, world.bob, now=NOW)
    service.claim(world.session, first, world.ann, now=NOW)
    assert world.actions().count("task.claimed") == 2


def test_nobody_is_given_a_call_they_talked_on(world: Any) -> None:
    scope = select(Task).where(Task.id == world.task.id)
    assert service.claim_next(world.session, scope, world.agent_user, now=NOW) is None
    with refused("own_call"):
        service.claim(world.session, world.task, world.agent_user, now=NOW)


def test_a_draft_is_kept_valid_or_not_and_two_tabs_cannot_overwrite_each_other(world: Any) -> None:
    review = world.claimed()
    seen = review.lock_version
    half = {"needs": {"answer": "no such level", "comment": "", "reason": None, "evidence": []}}
    verdicts.save_draft(world.session, review, half, "", lock_version=seen, user=world.ann, now=NOW)
    assert review.draft == half
    assert review.lock_version > seen
    with refused("draft_conflict") as conflict:
        verdicts.save_draft(
            world.session, review, {}, "lost", lock_version=seen, user=world.ann, now=NOW
        )
    assert conflict.value.params["sheet"] == half
    assert conflict.value.params["lock_version"] == review.lock_version
    with refused("review_not_yours"):
        verdicts.save_draft(
            world.session, review, {}, "", lock_version=seen, user=world.bob, now=NOW
        )


def test_giving_back_a_task_does_not_lose_a_draft_unasked(world: Any) -> None:
    review = world.claimed()
    verdicts.save_draft(
        world.session,
        review,
        world.sheet(GOOD),
        "",
        lock_version=review.lock_version,
        user=world.ann,
        now=NOW,
    )
    with refused("draft_would_be_lost"):
        service.release(world.session, world.task, world.ann, now=NOW, discard=False)
    service.release(world.session, world.task, world.ann, now=NOW, discard=True)
    assert (world.task.state, world.task.assignee_id) == (TaskState.OPEN, None)
    # Whoever comes next starts with an empty sheet.
    assert world.claimed(world.bob).draft == {}
    with refused("task_not_yours"):
        service.release(world.session, world.task, world.ann, now=NOW, discard=True)


def test_a_submitted_review_has_a_revision_with_the_points_of_every_answer(world: Any) -> None:
    review = world.reviewed()
    revision = review.current
    assert (review.state, review.submitted_at) == (ReviewState.SUBMITTED, NOW)
    assert (revision.number, revision.cause) == (1, RevisionCause.SUBMITTED)
    assert (revision.earned, revision.attainable) == (3200, 3000)
    assert (revision.excellent, revision.passed) == (True, True)
    earned = {answer.criterion.lineage: answer.earned for answer in revision.answers}
    assert earned == {"greeting": 500, "needs": 1500, "identity": 1000, "praise": 200}
    assert (world.task.state, world.task.closed_at) == (TaskState.DONE, NOW)
    days = world.session.execute(select(DirtyDay.site_id, DirtyDay.local_date)).all()
    # Once since the agent was asked, once since the review is in.
    assert [tuple(day) for day in days] == [(world.site.id, world.call.local_date)] * 2
    with refused("review_already_submitted"):
        verdicts.save_draft(world.session, review, {}, "", lock_version=1, user=world.ann, now=NOW)


def test_an_incomplete_sheet_is_refused_with_all_that_is_missing(world: Any) -> None:
    review = world.claimed()
    with refused("sheet_incomplete") as error:
        evaluation.submit_review(
            world.session,
            review,
            world.sheet({"greeting": "yes", "needs": "best"}),
            "",
            lock_version=review.lock_version,
            user=world.ann,
            now=NOW,
        )
    assert [(item["criterion"], item["code"]) for item in error.value.params["problems"]] == [
        ("needs", "unknown_option"),
        ("identity", "unanswered"),
    ]
    assert review.state is ReviewState.DRAFT


def test_a_closed_condition_leaves_no_answer(world: Any) -> None:
    review = world.reviewed({**GOOD, "greeting": "no", "praise": "yes"})
    lineages = {answer.criterion.lineage for answer in review.current.answers}
    assert lineages == {"greeting", "needs", "identity"}
    assert review.current.earned == 2500


def test_submitted_scores_cannot_be_changed(world: Any) -> None:
    review = world.reviewed()
    review.current.earned = 0
    with pytest.raises(DBAPIError, match="submitted score"):
        world.session.flush()


def test_skipping_closes_the_task_with_kind_and_words(world: Any) -> None:
    service.claim(world.session, world.task, world.ann, now=NOW)
    with refused("skip_reason_needed"):
        service.skip(world.session, world.task, world.ann, SkipKind.INELIGIBLE, " ", now=NOW)
    service.skip(world.session, world.task, world.ann, SkipKind.INELIGIBLE, "a voicemail", now=NOW)
    drawn = world.session.get_one(DrawnCall, world.task.drawn_call_id)
    assert (world.task.state, world.task.skip_reason) == (TaskState.SKIPPED, "a voicemail")
    assert (drawn.skip_kind, drawn.skip_reason) == (SkipKind.INELIGIBLE, "a voicemail")
    # The untouched request to the agent is taken back.
    assert world.session.scalar(select(func.count(SelfAssessment.id))) == 0
    assert service.create_tasks(world.session, world.draw, now=NOW) == []


def test_asking_an_agent_and_taking_it_back_sums_the_day_again(world: Any) -> None:
    day = (world.site.id, world.call.legs[0].local_date)
    marks = select(DirtyDay.site_id, DirtyDay.local_date)
    assert world.session.execute(marks).all() == [day]
    service.withdraw_tasks(world.session, world.draw, now=NOW)
    assert world.session.scalar(select(func.count(SelfAssessment.id))) == 0
    assert world.session.execute(marks).all() == [day, day]


def test_one_skipped_leg_does_not_skip_the_call(world: Any) -> None:
    service.claim(world.session, world.tasks[0], world.ann, now=NOW)
    service.skip(
        world.session, world.tasks[0], world.ann, SkipKind.NOT_REVIEWED, "no sound", now=NOW
    )
    assert world.session.get_one(DrawnCall, world.tasks[0].drawn_call_id).skip_kind is None
    assert service.create_tasks(world.session, world.draw, now=NOW) == []


def test_both_stay_blind_until_both_are_in(world: Any) -> None:
    review = world.reviewed()
    assert not feedback.verdict_is_visible(world.session, review, NOW)
    with refused("verdict_not_open"):
        feedback.acknowledge(world.session, review, world.agent, world.agent_user, now=NOW)
    own = world.assessed()
    assert (own.state, own.earned, own.attainable) == (AssessmentState.SUBMITTED, 2100, 3000)
    assert feedback.verdict_is_visible(world.session, review, NOW)
    feedback.acknowledge(world.session, review, world.agent, world.agent_user, now=NOW)
    assert review.acknowledged_at == NOW


def test_a_self_assessment_lapses_when_its_time_runs_out(world: Any) -> None:
    review = world.reviewed()
    assert assessments.lapse_assessments(world.session, now=NOW) == 0
    late = NOW + timedelta(days=7)
    assert feedback.verdict_is_visible(world.session, review, late)
    own = world.asked()
    with refused("assessment_lapsed"):
        assessments.save_assessment_draft(
            world.session, own, {}, lock_version=own.lock_version, user=world.agent_user, now=late
        )
    assert assessments.lapse_assessments(world.session, now=late) == 1
    assert own.state is AssessmentState.LAPSED
    assert assessments.lapse_assessments(world.session, now=late) == 0


def test_an_agent_may_assess_any_own_call_unasked(world: Any) -> None:
    other = make.make_call(world.session, world.agent, world.team, world.project)
    own = assessments.start_voluntary(
        world.session, other.legs[0], world.agent, world.version.id, now=NOW
    )
    assert own.voluntary
    with refused("not_own_call"):
        assessments.start_voluntary(
            world.session, world.two_legs.legs[0], world.agent, world.version.id, now=NOW
        )
    # Once the call is drawn, what was begun unasked is what is asked for.
    draw = make.make_draw(world.session, world.project, [other])
    service.create_tasks(world.session, draw, now=NOW)
    assert (own.voluntary, own.due_at) == (False, NOW + timedelta(days=7))
    with refused("assessment_not_discardable"):
        assessments.discard_voluntary(world.session, own, world.agent_user, now=NOW)


def test_an_objection_is_decided_by_somebody_else_and_the_old_score_is_kept(world: Any) -> None:
    review = world.reviewed({**GOOD, "needs": "needs_some"})
    world.assessed()
    objection = feedback.object_to(
        world.session, review, world.agent, world.agent_user, "I did ask", now=NOW
    )
    with refused("objection_already_open"):
        feedback.object_to(world.session, review, world.agent, world.agent_user, "!", now=NOW)
    for person, code in ((world.ann, "objection_by_reviewer"), (world.agent_user, "own_call")):
        with refused(code):
            evaluation.answer_objection(
                world.session, objection, person, "so it is", upheld=True, now=NOW
            )
    evaluation.answer_objection(
        world.session,
        objection,
        world.bob,
        "You did, at 0:14.",
        upheld=True,
        sheet=world.sheet(GOOD),
        now=NOW,
    )
    history = [(item.number, item.cause, item.earned) for item in review.revisions]
    assert history == [(1, RevisionCause.SUBMITTED, 2300), (2, RevisionCause.OBJECTION, 3200)]
    assert review.current.number == 2
    assert (objection.state, objection.answered_by_id) == (ObjectionState.UPHELD, world.bob.id)
    with refused("objection_already_answered"):
        evaluation.answer_objection(
            world.session, objection, world.bob, "again", upheld=False, now=NOW
        )
    # Whoever decided once gave a score too, and does not decide again.
    second = feedback.object_to(
        world.session, review, world.agent, world.agent_user, "still", now=NOW
    )
    with refused("objection_by_reviewer"):
        evaluation.answer_objection(world.session, second, world.bob, "no", upheld=False, now=NOW)


def test_every_act_is_in_the_log_with_who_did_it(world: Any) -> None:
    world.reviewed()
    world.assessed()
    rows = world.session.execute(
        select(AuditEntry.action, AuditEntry.actor_uid)
        .where(AuditEntry.subject.in_(["task", "review", "self_assessment"]))
        .order_by(AuditEntry.id)
    ).all()
    assert [tuple(row) for row in rows] == [
        ("task.claimed", world.ann.uid),
        ("review.scored", world.ann.uid),
        ("self_assessment.submitted", world.agent_user.uid),
    ]
