"""Exemplars, playlists and quizzes, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from models import schema
from models.operations import AuditEntry
from models.people import Site
from models.practice import PracticeAttempt, Quiz, QuizItem
from models.reviews import Exemplar, Review
from models.scorecards import Criterion
from models.session import write_session
from models.vocab import Party, RecordingState
from models.vocab_learning import (
    AttemptState,
    ExemplarAudience,
    ExemplarState,
    QuizState,
)
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.practice import exemplars, playlists, service
from pipelines.practice.exemplars import Wish
from pipelines.retention import service as retention
from pipelines.retention.recordings import expire_recording, let_exemplars_keep
from pipelines.retention.words import clear_words, clear_words_of_legs
from pipelines.review import service as tasks
from pipelines.review import verdicts
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import import_scorecard, version_rule
from pipelines.storage import LocalStorage
from tests import factories as make
from tests.factories import NOW, SCORECARD

GOOD = {"greeting": "yes", "needs": "needs_good", "identity": "yes", "praise": "yes"}
FAIR = {"greeting": "yes", "needs": "needs_some", "identity": "yes", "praise": "no"}
WIDE = Wish(why="calm", audience=ExemplarAudience.SITE)


def refused(code: str) -> Any:
    return pytest.raises(DomainError, match=f"^{code}\\(")


class World:
    """A reviewed call with a recording, and people who learn from it."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.site = make.make_site(session)
        self.team, self.other_team = (
            make.make_team(session, self.site),
            make.make_team(session, self.site),
        )
        self.reviewer, self.trainer = make.make_user(session), make.make_user(session)
        self.agent_user, self.taker = make.make_user(session), make.make_user(session)
        self.agent = make.make_agent(session, self.team, user=self.agent_user)
        self.version = import_scorecard(session, SCORECARD, now=NOW)
        self.task = make.make_tasks(session, self.agent, self.team)[0]
        self.leg = self.task.leg
        self.recording = make.make_recording(session, self.leg.call)
        make.make_transcript(session, self.recording, [(Party.AGENT, 0, "good morning")])
        # Another call of the same kind, which nothing below may touch.
        other = make.make_call(session, self.agent, self.team, self.leg.call.project)
        make.make_recording(session, other)
        self.noise = exemplars.choose(session, other.legs[0], None, self.trainer, WIDE, now=NOW)

    def reviewed(self) -> Review:
        tasks.claim(self.session, self.task, self.reviewer, now=NOW)
        review = verdicts.start_or_get_review(self.session, self.task, self.reviewer, now=NOW)
        evaluation.submit_review(
            self.session,
            review,
            self.sheet(GOOD),
            "",
            lock_version=review.lock_version,
            user=self.reviewer,
            now=NOW,
        )
        return review

    def sheet(self, answers: Any) -> Any:
        return sheet_of(version_rule(self.session, self.version.id), answers, "because")

    def criterion(self, lineage: str = "greeting") -> Criterion:
        return self.session.scalars(
            select(Criterion).where(
                Criterion.version_id == self.version.id, Criterion.lineage == lineage
            )
        ).one()

    def chosen(self, wish: Wish = WIDE, **more: Any) -> Exemplar:
        return exemplars.choose(
            self.session, self.leg, self.criterion(), self.trainer, wish, now=NOW, **more
        )

    def quiz(self, *exemplars_: Exemplar, criteria: Any = (), team: Any = None) -> Quiz:
        quiz = service.make_quiz(
            self.session,
            self.site,
            team,
            self.version,
            self.trainer,
            title="openings",
            about="",
            criteria=criteria,
            due_at=NOW + timedelta(days=7),
            now=NOW,
        )
        for exemplar in exemplars_:
            evaluation.add_to_quiz(self.session, quiz, exemplar, self.trainer, now=NOW)
        return quiz

    def opened(self, *exemplars_: Exemplar, people: Any = None) -> Quiz:
        quiz = self.quiz(*exemplars_)
        service.set_people(self.session, quiz, people or [self.taker], self.trainer, now=NOW)
        service.open_quiz(self.session, quiz, self.trainer, now=NOW)
        return quiz

    def begun(self, quiz: Quiz, user: Any = None) -> PracticeAttempt:
        return service.begin_attempt(self.session, quiz.items[0], user or self.taker, now=NOW)

    def submitted(self, quiz: Quiz, answers: Any = FAIR) -> PracticeAttempt:
        attempt = self.begun(quiz)
        evaluation.submit_attempt(
            self.session,
            attempt,
            self.sheet(answers),
            lock_version=attempt.lock_version,
            user=self.taker,
            now=NOW,
        )
        return attempt


@pytest.fixture
def world(session: Any) -> World:
    return World(session)


def test_an_exemplar_is_chosen_where_consent_sound_and_reason_are_there(world: World) -> None:
    draft = Review(leg_id=world.leg.id, state="draft")
    with refused("exemplar_needs_review"):
        world.chosen(review=draft)
    with refused("exemplar_reason_needed"):
        world.chosen(Wish(why=" "))
    for span in ((900, 900), (40_000, 41_000)):
        with refused("exemplar_span_unreadable"):
            world.chosen(Wish(why="x", span=span))
    made = world.chosen(Wish(why=" calm ", span=(100, 900), tags=("opening", "warm")))
    assert (made.why, made.start_ms, made.end_ms, made.team_id, made.language, made.named) == (
        "calm",
        100,
        900,
        world.team.id,
        "en",
        False,
    )
    assert [tag.tag for tag in made.tags] == ["opening", "warm"]
    with refused("exemplar_already_chosen"):
        world.chosen(Wish(why="calm", span=(100, 900)))
    exemplars.change(
        world.session,
        made,
        None,
        world.trainer,
        Wish(why="warm", span=(200, 900), tags=("warm", "close")),
        now=NOW,
    )
    assert [tag.tag for tag in made.tags] == ["warm", "close"]
    world.leg.call.recording_notice = False
    with refused("exemplar_no_notice"):
        world.chosen(Wish(why="x"))
    world.leg.call.recording_notice, world.recording.state = True, RecordingState.EXPIRED
    with refused("exemplar_no_recording"):
        world.chosen(Wish(why="x"))


def test_withdrawing_can_be_undone_but_the_agents_wish_is_the_agents(world: World) -> None:
    made = world.chosen()
    assert exemplars.withdraw(world.session, made, world.trainer, now=NOW)
    assert made.state is ExemplarState.WITHDRAWN
    exemplars.restore(world.session, made, world.trainer, now=NOW)
    with refused("not_own_call"):
        exemplars.ask_back(world.session, made, world.trainer, now=NOW)
    exemplars.ask_back(world.session, made, world.agent_user, now=NOW)
    with refused("exemplar_asked_back"):
        exemplars.restore(world.session, made, world.trainer, now=NOW)
    with refused("exemplar_asked_back"):
        world.chosen(Wish(why="another part", span=(0, 500)))
    exemplars.let_stand(world.session, made, world.agent_user, now=NOW)
    exemplars.show_name(world.session, made, world.agent_user, named=True, now=NOW)
    assert (made.state, made.named) == (ExemplarState.SHARED, True)
    exemplars.ask_back(world.session, made, world.agent_user, now=NOW)
    assert not exemplars.withdraw(world.session, made, world.trainer, now=NOW)
    assert world.session.scalars(select(Exemplar.id)).all() == [world.noise.id]
    actions = world.session.scalars(
        select(AuditEntry.action)
        .where(AuditEntry.subject == "exemplar", AuditEntry.subject_uid == made.uid)
        .order_by(AuditEntry.id)
    ).all()
    assert [action.removeprefix("exemplar.") for action in actions] == [
        "chosen",
        "withdrawn",
        "restored",
        "asked_back",
        "let_stand",
        "named",
        "asked_back",
        "withdrawn",
    ]


def test_a_playlist_keeps_its_order_and_takes_what_all_may_hear(world: World) -> None:
    made = world.chosen()
    theirs = world.chosen(Wish(why="x", span=(1, 9)))
    lists = [
        playlists.make(world.session, world.site, team, "a", "", user=world.trainer, now=NOW)
        for team in (None, world.team, world.other_team)
    ]
    everywhere, own, other = lists
    for playlist in lists:
        playlists.add(world.session, playlist, made, world.trainer, now=NOW)
    playlists.add(world.session, own, theirs, world.trainer, now=NOW)
    for playlist in (everywhere, other):
        with refused("exemplar_not_shared_there"):
            playlists.add(world.session, playlist, theirs, world.trainer, now=NOW)
    first, second = (item.uid for item in own.items)
    playlists.reorder(world.session, own, [second, first], world.trainer, now=NOW)
    assert [item.exemplar_id for item in own.items] == [theirs.id, made.id]
    with refused("playlist_changed"):
        playlists.reorder(world.session, own, [second], world.trainer, now=NOW)
    # The same again stays one.
    playlists.add(world.session, own, made, world.trainer, now=NOW)
    assert len(own.items) == 2
    playlists.remove(world.session, own.items[0], world.trainer, now=NOW)
    playlists.delete(world.session, everywhere, world.trainer, now=NOW)
    assert [item.exemplar_id for item in own.items] == [made.id]


def test_a_quiz_opens_when_it_is_whole(world: World) -> None:
    made = world.chosen()
    quiz = world.quiz()
    for code, mend in (
        (
            "quiz_empty",
            lambda: evaluation.add_to_quiz(world.session, quiz, made, world.trainer, now=NOW),
        ),
        (
            "quiz_without_people",
            lambda: service.set_people(world.session, quiz, [world.taker], world.trainer, now=NOW),
        ),
        (
            "quiz_reference_missing",
            lambda: evaluation.set_reference(
                world.session,
                quiz.items[0],
                world.sheet(GOOD),
                lock_version=quiz.items[0].lock_version,
                user=world.trainer,
                now=NOW,
            ),
        ),
    ):
        with refused(code):
            service.open_quiz(world.session, quiz, world.trainer, now=NOW)
        mend()
    with refused("draft_conflict"):
        service.save_reference(
            world.session, quiz.items[0], {}, lock_version=0, user=world.trainer, now=NOW
        )
    with refused("quiz_due_past"):
        service.open_quiz(world.session, quiz, world.trainer, now=NOW + timedelta(days=9))
    service.open_quiz(world.session, quiz, world.trainer, now=NOW)
    item = quiz.items[0]
    assert (quiz.state, item.earned, item.attainable) == (QuizState.OPEN, 3_200, 3_000)
    for change in (
        lambda: service.remove_item(world.session, item, world.trainer, now=NOW),
        lambda: service.delete_quiz(world.session, quiz, world.trainer, now=NOW),
        lambda: evaluation.ask_in_quiz(world.session, quiz, ["greeting"], world.trainer, now=NOW),
        lambda: evaluation.set_reference(
            world.session,
            item,
            world.sheet(FAIR),
            lock_version=item.lock_version,
            user=world.trainer,
            now=NOW,
        ),
    ):
        with refused("quiz_not_draft"):
            change()


def test_a_review_is_the_reference_and_an_attempt_is_compared_with_it(world: World) -> None:
    review = world.reviewed()
    quiz = world.opened(world.chosen(review=review))
    item = quiz.items[0]
    assert (item.review_id, item.reference_by_id, item.earned) == (
        review.id,
        world.reviewer.id,
        3_200,
    )
    # Before: a draft that may be incomplete, guarded against two windows.
    attempt = world.begun(quiz)
    seen = attempt.lock_version
    service.save_attempt(world.session, attempt, {}, lock_version=seen, user=world.taker, now=NOW)
    service.save_attempt(
        world.session,
        attempt,
        world.sheet({"greeting": "no"}),
        lock_version=attempt.lock_version,
        user=world.taker,
        now=NOW,
    )
    with refused("draft_conflict"):
        service.save_attempt(
            world.session, attempt, {}, lock_version=seen, user=world.taker, now=NOW
        )
    with refused("sheet_incomplete"):
        world.submitted(quiz, {"greeting": "yes"})
    done = world.submitted(quiz)
    assert done.id == attempt.id
    assert (done.state, done.earned, done.attainable, done.agreed) == (
        AttemptState.SUBMITTED,
        2_100,
        3_000,
        2,
    )
    assert done.compared["needs"] == [600, 1_500, 1_500]
    assert world.begun(quiz).id == attempt.id
    with refused("attempt_submitted"):
        service.save_attempt(
            world.session, done, {}, lock_version=done.lock_version, user=world.taker, now=NOW
        )
    # It is no review, and in no rate.
    assert world.session.scalar(select(func.count(Review.id))) == 1


def test_some_criteria_of_a_review_are_enough_for_a_reference(world: World) -> None:
    review = world.reviewed()
    quiz = world.quiz(world.chosen(review=review), criteria=["praise"])
    assert [rule.lineage for rule in evaluation.practice_rule(world.session, quiz).criteria] == [
        "greeting",
        "praise",
    ]
    assert (quiz.items[0].earned, quiz.items[0].attainable) == (700, 500)
    evaluation.ask_in_quiz(world.session, quiz, [], world.trainer, now=NOW)
    assert (quiz.items[0].earned, quiz.items[0].attainable) == (3_200, 3_000)


def test_who_is_not_asked_does_not_score(world: World) -> None:
    review = world.reviewed()
    made = world.chosen(review=review)
    quiz = world.opened(made, people=[world.taker, world.agent_user, world.reviewer])
    for user, code in (
        (world.trainer, "quiz_not_yours"),
        (world.agent_user, "own_call"),
        (world.reviewer, "practice_own_reference"),
    ):
        with refused(code):
            world.begun(quiz, user)
    exemplars.ask_back(world.session, made, world.agent_user, now=NOW)
    with refused("quiz_item_gone"):
        world.begun(quiz)
    exemplars.let_stand(world.session, made, world.agent_user, now=NOW)
    attempt = world.begun(quiz)
    # Whoever has begun stays on the list.
    service.set_people(world.session, quiz, [world.reviewer], world.trainer, now=NOW)
    assert {each.user_id for each in quiz.people} == {world.taker.id, world.reviewer.id}
    service.close_quiz(world.session, quiz, world.trainer, now=NOW)
    with refused("quiz_over"):
        service.save_attempt(
            world.session,
            attempt,
            {},
            lock_version=attempt.lock_version,
            user=world.taker,
            now=NOW,
        )


def test_what_was_practised_loses_its_words_and_keeps_its_points(
    world: World, tmp_path: Any
) -> None:
    review = world.reviewed()
    quiz = world.opened(world.chosen(review=review))
    done, item = world.submitted(quiz), quiz.items[0]
    clear_words(world.session, [review], "retention", people=True)
    world.session.expire_all()
    assert item.exemplar_id is None
    assert item.reference["needs"] == {
        "answer": "needs_good",
        "comment": "",
        "reason": None,
        "evidence": [],
    }
    clear_words_of_legs(world.session, [world.leg.id], "customer_erased")
    world.session.expire_all()
    assert (item.reference, item.why, done.sheet) == ({}, "", {})
    assert (done.earned, done.agreed, len(done.compared)) == (2_100, 2, 4)
    # Of a whole call that nobody reviewed, the exemplar goes as well, and others stay.
    world.chosen()
    storage = LocalStorage(tmp_path)
    expire_recording(world.session, storage, world.recording, now=NOW)
    assert world.session.scalars(select(Exemplar.id)).all() == [world.noise.id]


def test_an_exemplar_keeps_its_recording_where_the_site_allows_it(
    own_engine: Any, tmp_path: Any
) -> None:
    storage = LocalStorage(tmp_path)
    with write_session(own_engine) as session:
        world = World(session)
        made = world.chosen()
        retention.set_rule(
            session, world.site, None, retention.RetentionSubject.RECORDING, 1, now=NOW, actor=None
        )

        def keep(days: int, why: str = "for newcomers") -> None:
            exemplars.keep(session, made, world.trainer, days, why, now=NOW)

        with refused("exemplar_keep_not_allowed"):
            keep(5)
        with refused("bad_retention_days"):
            let_exemplars_keep(session, world.site, 9_999, now=NOW, actor=None)
        let_exemplars_keep(session, world.site, 30, now=NOW, actor=None)
        with refused("exemplar_keep_too_long"):
            keep(31)
        with refused("hold_needs_reason"):
            keep(5, " ")
        keep(30)
        recording_id, site_id, made_id = world.recording.id, world.site.id, made.id
        other = world.noise.leg.call.recording.id
    # The other call goes by the rule; the one that is kept stays until its last day.
    retention.run_retention(own_engine, storage, NOW)
    assert _states(own_engine, recording_id, other) == ["present", "expired"]
    with write_session(own_engine) as session:
        let_exemplars_keep(session, session.get_one(Site, site_id), 0, now=NOW, actor=None)
    with write_session(own_engine) as session:
        assert session.get(Exemplar, made_id) is not None
        let_exemplars_keep(session, session.get_one(Site, site_id), 30, now=NOW, actor=None)
    retention.run_retention(own_engine, storage, NOW + timedelta(days=29))
    assert _states(own_engine, recording_id) == ["present"]
    retention.run_retention(own_engine, storage, NOW + timedelta(days=31))
    assert _states(own_engine, recording_id) == ["expired"]
    with write_session(own_engine) as session:
        assert session.get(Exemplar, made_id) is None


def _states(engine: Any, *ids: int) -> list[str]:
    from models.calls import Recording

    with write_session(engine) as session:
        return [session.get_one(Recording, each).state.value for each in ids]


def test_attempts_end_with_the_words_of_reviews(own_engine: Any, tmp_path: Any) -> None:
    with write_session(own_engine) as session:
        world = World(session)
        quiz = world.opened(world.chosen(review=world.reviewed()))
        world.submitted(quiz)
        retention.set_rule(
            session, world.site, None, retention.RetentionSubject.REVIEW, 30, now=NOW, actor=None
        )
    for days, left in ((29, 1), (31, 0)):
        retention.run_retention(own_engine, LocalStorage(tmp_path), NOW + timedelta(days=days))
        with write_session(own_engine) as session:
            assert session.scalar(select(func.count(PracticeAttempt.id))) == left
            assert session.scalar(select(func.count(QuizItem.id))) == 1


def test_exemplars_of_the_version_before_come_along_and_go_back(own_engine: Any) -> None:
    with write_session(own_engine) as session:
        world = World(session)
        review = world.reviewed()
        kept = world.chosen(Wish(why="kept", span=(100, 900)), review=review).uid
        # What the version before cannot hold: a second part, and a call without a review.
        world.chosen(Wish(why="second", span=(200, 900)), review=review)
        leg_id = world.leg.id
    schema.downgrade(own_engine, "0009")
    with own_engine.connect() as connection:
        assert connection.execute(text("SELECT why FROM exemplar")).scalars().all() == ["kept"]
    schema.upgrade(own_engine)
    with write_session(own_engine) as session:
        row = session.scalars(select(Exemplar)).one()
        assert (row.uid, row.leg_id, row.language, row.start_ms) == (kept, leg_id, "en", 100)
        assert (row.audience, row.state) == (ExemplarAudience.TEAM, ExemplarState.SHARED)
