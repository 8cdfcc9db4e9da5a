"""Two people act at the same moment, on both databases: nothing is lost, nobody gets an error."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session, joinedload

from models.disputes import Dispute
from models.people import Agent, User
from models.reviewing import LiveReview
from models.reviews import Objection, Review, SelfAssessment, Task
from models.samples import Draw, DrawnCall
from models.scorecards import Criterion
from models.session import write_session
from models.vocab import AssessmentState, DrawState, Role, SkipKind, TaskState
from models.vocab_learning import DisputeReason, DisputeResult
from pipelines import evaluation, flow, skipping
from pipelines.outcomes import DomainError
from pipelines.review import disputes, feedback, giving, live, service, verdicts
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import import_scorecard, version_rule
from tests import factories as make
from tests.db.job_kit import make_runtime
from tests.factories import NOW, SCORECARD

GOOD = {"greeting": "yes", "needs": "needs_good", "identity": "yes", "praise": "yes"}
WEAK = {"greeting": "no", "needs": "needs_some", "identity": "yes"}
Act = Callable[[Session], Any]


def draft_of(session: Session, task_id: int) -> Review:
    """Load a review as its page does, which finds nothing once it has been taken away."""
    review = session.scalar(select(Review).where(Review.task_id == task_id))
    if review is None:
        raise DomainError("task_not_yours")
    return review


class World:
    """A draw of 19 calls, one of them with two legs; three reviewers, one of them a manager."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.runtime = engine, make_runtime(engine, folder)
        with write_session(engine) as session:
            site = make.make_site(session)
            team = make.make_team(session, site)
            self.ann, self.bob, self.eve, self.own = (
                make.make_user(session, roles=[(role, site, None)]).id
                for role in (Role.REVIEWER, Role.REVIEWER, Role.MANAGER, Role.AGENT)
            )
            agent = make.make_agent(session, team, user=session.get_one(User, self.own))
            self.agent = agent.id
            version = import_scorecard(session, SCORECARD, now=NOW)
            self.version = version.id
            project = make.make_project(session, site, scorecard_id=version.scorecard_id)
            calls = [
                make.make_call(session, agent, team, project, legs=1 + (n == 0)) for n in range(19)
            ]
            self.draw = make.make_draw(session, project, calls).id
            service.create_tasks(session, session.get_one(Draw, self.draw), now=NOW)
            self.tasks = list(session.scalars(select(Task.id).order_by(Task.id)))
            for own in session.scalars(select(SelfAssessment)):
                own.state = AssessmentState.LAPSED

    def sheet(self, session: Session, answers: dict[str, Any]) -> Any:
        return sheet_of(version_rule(session, self.version), answers, "because")

    def begin(self, session: Session, task_id: int, user_id: int) -> Review:
        task, user = session.get_one(Task, task_id), session.get_one(User, user_id)
        service.claim(session, task, user, now=NOW)
        return verdicts.start_or_get_review(session, task, user, now=NOW)

    def submit(self, task_id: int, answers: dict[str, Any] = GOOD) -> Act:
        def act(session: Session) -> None:
            task = session.get_one(Task, task_id)
            review = draft_of(session, task_id)
            evaluation.submit_review(
                session,
                review,
                self.sheet(session, answers),
                "",
                lock_version=review.lock_version,
                user=session.get_one(User, task.assignee_id),
                now=NOW,
            )

        return act

    def together(self, *acts: Act) -> list[str]:
        """Do acts at the same moment, each slow after every lock; return what each ended with."""
        start = Barrier(len(acts))

        def run(act: Act) -> str:
            start.wait()
            try:
                with write_session(self.engine) as session:
                    act(session)
            except DomainError as error:
                return error.code
            return "done"

        with ThreadPoolExecutor(len(acts)) as pool:
            return [one.result(timeout=60) for one in [pool.submit(run, act) for act in acts]]


def slowly(*details: Any) -> None:
    if "FOR UPDATE" in details[2]:
        time.sleep(0.05)


@pytest.fixture
def world(own_engine: Engine, tmp_path: Path) -> Iterator[World]:
    made = World(own_engine, tmp_path)
    event.listen(own_engine, "after_cursor_execute", slowly)
    yield made
    event.remove(own_engine, "after_cursor_execute", slowly)


def test_both_legs_of_a_call_skipped_at_once_are_a_skipped_call(world: World) -> None:
    first, second = world.tasks[:2]
    with write_session(world.engine) as session:
        world.begin(session, first, world.ann)
        world.begin(session, second, world.bob)

    def skip(task_id: int, user_id: int) -> Act:
        return lambda session: skipping.skip_task(
            session,
            world.runtime,
            session.get_one(Task, task_id),
            session.get_one(User, user_id),
            kind=SkipKind.NOT_REVIEWED,
            reason="no sound",
            now=NOW,
        )

    done = world.together(skip(first, world.ann), skip(second, world.bob))
    assert done == ["done", "done"]
    with write_session(world.engine) as session:
        task = session.get_one(Task, first)
        drawn = session.get_one(DrawnCall, task.drawn_call_id)
        assert drawn.skip_kind is SkipKind.NOT_REVIEWED
        # The skip can be taken back, and the draw declared void at that very moment.
        undo: Act = lambda session: skipping.undo_skip(  # noqa: E731 - an act like the others
            session, session.get_one(Task, first), session.get_one(User, world.ann), now=NOW
        )
    void: Act = lambda session: flow.void_draw(  # noqa: E731 - an act like the others
        session, session.get_one(Draw, world.draw), "wrong week", now=NOW, actor=None
    )
    assert sorted(world.together(undo, void)) in (["done", "done"], ["done", "draw_not_open"])
    with write_session(world.engine) as session:
        assert session.get_one(Draw, world.draw).state is DrawState.VOID
        left = select(func.count()).where(Task.state.in_((TaskState.OPEN, TaskState.CLAIMED)))
        assert session.scalar(left) == 0
    assert world.together(void) == ["draw_not_open"]


def test_a_review_is_submitted_or_taken_away_never_half_of_each(world: World) -> None:
    def save(session: Session) -> None:
        review = draft_of(session, kept)
        user = session.get_one(User, world.ann)
        sheet = world.sheet(session, {"greeting": "yes"})
        verdicts.save_draft(
            session, review, sheet, "", lock_version=review.lock_version, user=user, now=NOW
        )

    def give(task_id: int) -> Act:
        return lambda session: giving.give(
            session,
            session.get_one(Task, task_id),
            session.get_one(User, world.bob),
            session.get_one(User, world.eve),
            now=NOW,
        )

    def skip(session: Session) -> None:
        user = session.get_one(User, world.ann)
        task = session.get_one(Task, skipped)
        service.skip(session, task, user, SkipKind.NOT_REVIEWED, "no sound", now=NOW)

    kept, skipped = world.tasks[2:4]
    with write_session(world.engine) as session:
        for task_id in (kept, skipped):
            world.begin(session, task_id, world.ann)
    assert sorted(world.together(world.submit(skipped), skip)) == ["done", "task_not_yours"]
    with write_session(world.engine) as session:
        task = session.get_one(Task, skipped)
        review = session.scalar(select(Review).where(Review.task_id == skipped))
        assert (task.state is TaskState.DONE) == (review is not None)
    assert sorted(world.together(save, give(kept))) in (
        ["done", "task_begun"],
        ["done", "task_not_yours"],
    )
    with write_session(world.engine) as session:
        task = session.get_one(Task, kept)
        review = session.scalar(select(Review).where(Review.task_id == kept))
        assert (task.assignee_id == world.ann) == (review is not None and bool(review.draft))


def test_a_dispute_and_an_objection_decided_at_once_keep_both_decisions(world: World) -> None:
    with write_session(world.engine) as session:
        world.begin(session, world.tasks[2], world.ann)
        world.submit(world.tasks[2], WEAK)(session)
        review = session.scalars(select(Review)).one()
        agent, own = session.get_one(Agent, world.agent), session.get_one(User, world.own)
        ids = dict(session.execute(select(Criterion.lineage, Criterion.id)).all())
        claim = disputes.Claim(ids["greeting"], DisputeReason.OVERLOOKED, "I did greet")
        dispute = disputes.raise_dispute(session, review, agent, own, [claim], now=NOW)
        dispute_id, item_id = dispute.id, dispute.items[0].id
        objection_id = feedback.object_to(session, review, agent, own, "no", now=NOW).id

    def decide(session: Session) -> None:
        evaluation.decide_dispute(
            session,
            session.get_one(Dispute, dispute_id),
            session.get_one(User, world.bob),
            {item_id: disputes.Ruling(DisputeResult.UPHELD, "heard it")},
            {"greeting": {"answer": "yes"}},
            now=NOW,
        )

    def answer(session: Session) -> None:
        objection = session.get_one(Objection, objection_id)
        sheet = world.sheet(session, {**WEAK, "needs": "needs_good"})
        evaluation.answer_objection(
            session,
            objection,
            session.get_one(User, world.eve),
            "you are right",
            upheld=True,
            sheet=sheet,
            before=1,
            now=NOW,
        )

    # The answer was written on the first score: after the dispute it would take the points back.
    ended = world.together(decide, answer)
    assert ended in (["done", "done"], ["done", "score_changed"])
    with write_session(world.engine) as session:
        review = session.scalars(select(Review)).one()
        numbers = [revision.number for revision in review.revisions]
        given = {one.criterion.lineage: one.value["answer"] for one in review.current.answers}
        assert numbers == list(range(1, 2 + ended.count("done")))
        assert given["greeting"] == "yes"
        assert (given["needs"] == "needs_good") == (ended[1] == "done")


def test_a_live_review_is_settled_once(world: World) -> None:
    with write_session(world.engine) as session:
        task = session.get_one(Task, world.tasks[2])
        user, leg = session.get_one(User, world.ann), task.leg
        heard = live.begin(session, leg.agent, leg.call.project, user, now=leg.started_at)
        evaluation.submit_live(
            session,
            heard,
            world.sheet(session, GOOD),
            "",
            lock_version=heard.lock_version,
            user=user,
            now=leg.started_at,
        )

    def settle(session: Session) -> None:
        evaluation.settle_live(session, now=NOW)

    assert world.together(settle, settle) == ["done", "done"]
    with write_session(world.engine) as session:
        made = session.scalars(select(Review)).one()
        assert session.scalars(select(LiveReview.review_id)).one() == made.id


def test_what_was_loaded_with_its_surroundings_can_be_locked(world: World) -> None:
    with_all = select(Task).options(joinedload(Task.review), joinedload(Task.assignee)).limit(1)
    with write_session(world.engine) as session:
        task = session.scalars(with_all).unique().one()
        service.claim(session, task, session.get_one(User, world.ann), now=NOW)
        assert task.state is TaskState.CLAIMED
