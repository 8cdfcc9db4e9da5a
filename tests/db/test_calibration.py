"""Rounds, their blindness, what is agreed, and what counts nowhere else; on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from models import guards
from models.calibration import CalibrationItem, CalibrationRound, CalibrationSeat
from models.measures import DailyFact
from models.operations import AuditEntry
from models.reviews import Review, Task
from models.vocab import CalibrationState, Fact, Origin, ReviewState, Role, SkipKind, TaskState
from pipelines import evaluation
from pipelines.calibration import references, results, service
from pipelines.calibration.rules.agreement import Metric
from pipelines.measures.service import rebuild_day
from pipelines.outcomes import DomainError
from pipelines.retention.words import clear_words, clear_words_of_legs
from pipelines.review import service as tasks
from pipelines.review import verdicts
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import import_scorecard, version_rule
from qa_app.calibration.choosing import Filters, new_page, picked_at_random
from qa_app.calibration.queries import index_page, round_page
from qa_app.permissions import Action, Grant, Person
from qa_app.scopes import narrowed
from tests import factories as make
from tests.factories import NOW, SCORECARD

GOOD = {"greeting": "yes", "needs": "needs_good", "identity": "yes", "praise": "yes"}
FAIR = {"greeting": "yes", "needs": "needs_some", "identity": "yes", "praise": "no"}
STRICT = {"greeting": "no", "needs": "needs_none", "identity": "na"}
DUE = NOW + timedelta(days=7)


class World:
    """Three reviewers of a site, a leader, two recorded calls, and rows that nothing may touch."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.site = make.make_site(session)
        self.team = make.make_team(session, self.site)
        self.leader = make.make_user(session, roles=[(Role.MANAGER, self.site, None)])
        self.people = [
            make.make_user(session, name, roles=[(Role.REVIEWER, self.site, None)])
            for name in ("ann", "bob", "cora")
        ]
        self.agent_user = make.make_user(session, roles=[(Role.REVIEWER, self.site, None)])
        self.agent = make.make_agent(session, self.team, user=self.agent_user)
        self.version = import_scorecard(session, SCORECARD, now=NOW)
        self.project = make.make_project(session, self.site, scorecard_id=self.version.scorecard_id)
        self.legs = [self.recorded().legs[0] for _ in range(2)]
        (self.noise,) = make.make_tasks(session, self.agent, self.team)

    def recorded(self) -> Any:
        call = make.make_call(self.session, self.agent, self.team, self.project)
        make.make_recording(self.session, call)
        return call

    def begin(self, **more: Any) -> Any:
        given = {"legs": self.legs, "reviewers": self.people, "due_at": DUE, **more}
        return service.create_round(
            self.session,
            given.pop("title", "Greeting"),
            given.pop("legs"),
            given.pop("reviewers"),
            given.pop("version", self.version),
            user=self.leader,
            now=NOW,
            **given,
        )

    def sheet(self, answers: Any, why: str = "because") -> Any:
        return sheet_of(version_rule(self.session, self.version.id), answers, why)

    def score(self, made: Any, person: Any, *answers: Any) -> None:
        """Have a person submit these answers, call by call."""
        for item, given in zip(made.items, answers, strict=False):
            task = self.session.scalars(
                select(Task)
                .join(CalibrationSeat, CalibrationSeat.task_id == Task.id)
                .where(CalibrationSeat.item_id == item.id, Task.assignee_id == person.id)
            ).one()
            self.submit(task, person, given)

    def submit(self, task: Any, person: Any, answers: Any) -> Any:
        review = verdicts.start_or_get_review(self.session, task, person, now=NOW)
        evaluation.submit_review(
            self.session,
            review,
            self.sheet(answers),
            "summary",
            lock_version=review.lock_version,
            user=person,
            now=NOW,
        )
        return review

    def actions(self) -> Any:
        found = select(AuditEntry.action).where(AuditEntry.subject == "calibration_round")
        return list(self.session.scalars(found.order_by(AuditEntry.id)))

    def played(self) -> Any:
        """A closed round: Ann and Bob scored both calls, Cora one of them and began the other."""
        made = self.begin()
        ann, bob, cora = self.people
        self.score(made, ann, GOOD, GOOD)
        self.score(made, bob, FAIR, GOOD)
        self.score(made, cora, STRICT)
        begun = self.session.scalars(
            select(Task).where(Task.assignee_id == cora.id, Task.state == TaskState.CLAIMED)
        ).one()
        verdicts.start_or_get_review(self.session, begun, cora, now=NOW)
        self.left = service.close(self.session, made, self.leader, now=NOW)
        return made


@pytest.fixture
def world(session: Any) -> Any:
    return World(session)


def refused(code: Any) -> Any:
    return pytest.raises(DomainError, match=f"^{code}\\(")


def test_a_round_gives_every_reviewer_a_task_of_their_own(world: Any) -> None:
    made = world.begin()
    given = world.session.scalars(select(Task).where(Task.origin == Origin.CALIBRATION)).all()
    assert len(given) == 6
    assert {task.state for task in given} == {TaskState.CLAIMED}
    assert {task.due_at for task in given} == {DUE}
    assert {task.assignee_id for task in given} == {person.id for person in world.people}
    with refused("calibration_not_released"):
        tasks.release(world.session, given[0], world.people[0], now=NOW, discard=True)
    # Nobody takes one by asking for the next call.
    other = make.make_user(world.session, roles=[(Role.REVIEWER, world.site, None)])
    assert tasks.claim_next(world.session, select(Task), other, now=NOW) is world.noise
    service.extend(world.session, made, world.leader, DUE + timedelta(days=2), now=NOW)
    assert {task.due_at for task in given} == {DUE + timedelta(days=2)}
    assert world.actions() == ["calibration.started", "calibration.extended"]


def test_a_round_that_could_not_be_blind_is_refused(world: Any) -> None:
    ann, bob, _cora = world.people
    far = make.make_user(
        world.session,
        roles=[(Role.REVIEWER, world.site, make.make_team(world.session, world.site))],
    )
    draft = make.make_version(world.session)
    for code, given in (
        ("calibration_title_needed", {"title": " "}),
        ("calibration_calls", {"legs": []}),
        ("calibration_calls", {"legs": world.legs[:1] * 2}),
        ("calibration_reviewers", {"reviewers": [ann]}),
        ("calibration_due_past", {"due_at": NOW}),
        ("calibration_version", {"version": draft}),
        ("calibration_out_of_scope", {"reviewers": [ann, far]}),
        ("calibration_not_blind", {"reviewers": [ann, world.agent_user]}),
    ):
        with refused(code):
            world.begin(**given)
    make.make_review(world.session, world.legs[1], world.version, reviewer_id=bob.id)
    with refused("calibration_not_blind"):
        world.begin()
    assert world.begin(legs=world.legs[:1]).team_id == world.team.id


def test_nothing_is_told_before_the_round_is_closed(world: Any) -> None:
    made = world.begin()
    with refused("calibration_empty"):
        service.close(world.session, made, world.leader, now=NOW)
    for person in world.people:
        world.score(made, person, GOOD, FAIR)
    assert results.of_round(world.session, made) == []
    assert results.comparable(world.session, site_id=world.site.id) == []
    found = results.agreement_by_criterion(world.session, world.version.id)
    assert {item.units for item in found.values()} == {0}
    service.withdraw(world.session, made, world.leader, now=NOW)
    assert results.comparable(world.session, site_id=world.site.id) == []
    with refused("calibration_ended"):
        service.close(world.session, made, world.leader, now=NOW)


def test_closing_takes_back_what_is_not_in_and_compares_the_rest(world: Any) -> None:
    made = world.played()
    assert (made.state, world.left) == (CalibrationState.CLOSED, 1)
    drafts = select(func.count()).where(Review.state == ReviewState.DRAFT)
    assert world.session.scalar(drafts) == 0
    waiting = select(func.count()).where(
        Task.origin == Origin.CALIBRATION, Task.state != TaskState.DONE
    )
    assert world.session.scalar(waiting) == 0
    judged = results.of_round(world.session, made)
    assert [found.earned for found in judged] == [3_200, 3_200, 2_100, 3_200, 0]
    found = results.agreement_by_criterion(world.session, world.version.id)
    assert list(found) == ["greeting", "needs", "identity", "praise"]
    needs = found["needs"]
    assert (needs.units, needs.answers, needs.metric) == (2, 5, Metric.ORDINAL)
    # Four pairs: Ann and Bob agree on the second call; three pairs differ on the first.
    assert needs.exact.value == 0.25
    assert needs.near.value == 0.75
    # Not applicable is an answer; a bonus whose condition is closed is none.
    assert found["identity"].exact.value == 0.5
    assert found["praise"].answers == 4
    severe = results.severity_at(world.session, world.site, now=NOW)
    effects = [severe.whole.effects[person.id].effect.value for person in world.people]
    assert sum(effects) == pytest.approx(0, abs=1e-6)
    assert effects[0] > effects[1] > effects[2]
    assert [quarter.calls for quarter in severe.quarters] == [0, 0, 0, 0, 0, 2]
    share = results.reliability_of(judged, 1)
    assert not share.complete


def test_what_is_agreed_is_kept_with_reasons(world: Any) -> None:
    made = world.played()
    first, second = made.items

    def agree(item: Any, answers: Any, why: str, **more: Any) -> None:
        sheet = world.sheet(answers)
        for entry in sheet.values():
            entry["comment"] = why
        evaluation.agree_reference(
            world.session,
            item,
            sheet,
            "next time the same",
            **{"lock_version": item.lock_version, "user": world.leader, "now": NOW, **more},
        )

    with pytest.raises(DomainError) as silent:
        agree(first, FAIR, "")
    assert silent.value.code == "reference_reason_needed"
    assert silent.value.params["criteria"] == ["greeting", "needs", "identity", "praise"]
    agree(second, GOOD, "")
    references.save_reference(
        world.session, first, {}, "", lock_version=first.lock_version, now=NOW
    )
    with refused("draft_conflict"):
        agree(first, FAIR, "as the guide says", lock_version=first.lock_version - 1)
    agree(first, FAIR, "as the guide says")
    assert (first.earned, first.attainable) == (2_100, 3_000)
    assert first.points["needs"] == 600
    with refused("reference_agreed"):
        agree(first, GOOD, "changed our minds")
    for statement in (
        "UPDATE calibration_item SET earned = 0",
        "DELETE FROM calibration_item",
    ):
        with pytest.raises(DBAPIError, match="agreed reference"), world.session.begin_nested():
            world.session.execute(text(statement))
    with guards.erasure(world.session, "test"):
        world.session.execute(text("UPDATE calibration_item SET words = 'x'"))


def test_a_calibration_review_counts_in_no_fact(world: Any) -> None:
    world.played()
    leg = world.legs[0]
    rebuild_day(world.session, leg.site_id, leg.local_date)
    counted = select(func.count()).where(
        DailyFact.fact.in_([Fact.REVIEWED, Fact.PASSED, Fact.REVIEWED_DIRECTED])
    )
    assert world.session.scalar(counted) == 0
    world.submit(claimed(world), world.people[0], GOOD)
    rebuild_day(world.session, leg.site_id, leg.local_date)
    assert world.session.scalar(counted) == 2


def claimed(world: Any) -> Any:
    tasks.claim(world.session, world.noise, world.people[0], now=NOW)
    return world.noise


def test_a_blind_second_review_is_comparable_once_both_are_in(world: Any) -> None:
    ann, bob, _cora = world.people
    drawn = world.submit(claimed(world), ann, GOOD)
    assert results.comparable(world.session) == []
    leg = world.noise.leg
    second = Task(
        origin=Origin.SECOND,
        site_id=leg.site_id,
        team_id=leg.team_id,
        leg_id=leg.id,
        version_id=world.version.id,
        assignee_id=bob.id,
        state=TaskState.CLAIMED,
        due_at=DUE,
        created_at=NOW,
    )
    world.session.add(second)
    world.session.flush()
    other = world.submit(second, bob, FAIR)
    # A later score, after a dispute, is not what the reviewer gave.
    make.make_revision(world.session, drawn, 0, 3_000, excellent=False, passed=False)
    world.session.execute(text("INSERT INTO erasure_door (reason) VALUES ('test')"))
    world.session.execute(
        text("UPDATE review_revision SET cause = 'dispute' WHERE earned = 0 AND attainable = 3000")
    )
    world.session.execute(text("DELETE FROM erasure_door"))
    found = results.comparable(world.session, version_id=world.version.id)
    assert [(one.review_id, one.earned) for one in found] == [(drawn.id, 3_200), (other.id, 2_100)]


def test_words_and_names_go_with_the_call(world: Any) -> None:
    made = world.played()
    item = made.items[0]
    sheet = world.sheet(GOOD)
    sheet["needs"]["comment"] = "planted words"
    references.save_reference(
        world.session, item, sheet, "planted words", lock_version=item.lock_version, now=NOW
    )
    clear_words_of_legs(world.session, [item.leg_id], "customer")
    world.session.refresh(item)
    assert (item.words, item.reference["needs"]["comment"]) == ("", "")
    assert item.reference["needs"]["answer"] == "needs_good"
    seats = select(func.count()).where(
        CalibrationSeat.item_id == item.id, CalibrationSeat.reviewer_id.is_not(None)
    )
    assert world.session.scalar(seats) == 3
    reviews = world.session.scalars(select(Review).where(Review.leg_id == item.leg_id)).all()
    clear_words(world.session, reviews, "retention", people=True)
    assert world.session.scalar(seats) == 0
    other = select(func.count()).where(
        CalibrationSeat.item_id == made.items[1].id, CalibrationSeat.reviewer_id.is_not(None)
    )
    assert world.session.scalar(other) == 3


def test_a_skipped_call_stays_skipped(world: Any) -> None:
    made = world.begin()
    task = world.session.scalars(
        select(Task).where(Task.assignee_id == world.people[0].id).order_by(Task.id)
    ).first()
    tasks.skip(
        world.session, task, world.people[0], SkipKind.NOT_REVIEWED, "cannot hear it", now=NOW
    )
    world.score(made, world.people[1], GOOD, GOOD)
    assert service.close(world.session, made, world.leader, now=NOW) == 3
    world.session.refresh(task)
    assert task.state is TaskState.SKIPPED
    assert world.session.scalars(select(CalibrationItem)).all() == made.items


def _person(user: Any, role: Role, site: Any, team: Any = None) -> Person:
    grant = Grant(role, site.id, team.id if team else None)
    return Person(user.id, user.uid, user.username, user.display_name, None, (grant,), None)


def test_a_round_is_seen_by_those_who_score_in_it_and_those_who_lead_its_calls(world: Any) -> None:
    other = make.make_team(world.session, world.site)
    agent = make.make_agent(world.session, other)
    mixed = [world.legs[0], make.make_call(world.session, agent, other, world.project).legs[0]]
    own = world.begin(title="own")
    wide = world.begin(title="wide", legs=[mixed[1]], reviewers=world.people[:2])
    far = make.make_site(world.session)
    ann, _bob, cora = world.people
    stranger = make.make_user(world.session)

    def seen(*who: Any) -> set[str]:
        person = _person(*who)
        rounds = narrowed(person, CalibrationRound, Action.CALIBRATION_READ, NOW.date())
        items = narrowed(person, CalibrationItem, Action.CALIBRATION_READ, NOW.date())
        titles = set(world.session.scalars(select(CalibrationRound.title).where(rounds)))
        through = world.session.scalars(
            select(CalibrationRound.title).join(CalibrationItem).where(items)
        )
        assert set(through) == titles
        return titles

    assert seen(ann, Role.REVIEWER, world.site) == {"own", "wide"}
    assert seen(cora, Role.REVIEWER, world.site) == {"own"}
    assert seen(stranger, Role.REVIEWER, world.site) == set()
    assert seen(stranger, Role.MANAGER, world.site) == {"own", "wide"}
    assert seen(stranger, Role.TRAINER, world.site, world.team) == {"own"}
    assert seen(stranger, Role.MANAGER, world.site, other) == {"wide"}
    assert seen(stranger, Role.MANAGER, far) == set()
    # Who began it sees it, whatever teams its calls are of.
    assert seen(world.leader, Role.MANAGER, world.site, other) == {"own", "wide"}
    assert (own.team_id, wide.team_id) == (world.team.id, other.id)


def test_what_the_pages_ask_is_understood_by_both_databases(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_app.access.now", lambda: NOW)
    made = world.played()
    leader = _person(world.leader, Role.MANAGER, world.site)
    ann = _person(world.people[0], Role.REVIEWER, world.site)
    page = index_page(world.session, leader, NOW, 1)
    (row,) = page.ended
    assert (row.calls, row.reviewers, row.done, row.of, row.mine_left) == (2, 3, 5, 6, 0)
    assert [site.id for site in page.sites] == [world.site.id]
    assert index_page(world.session, ann, NOW, 1).sites == ()
    shown = round_page(world.session, ann, made, NOW)
    assert [(seat.name, seat.done, seat.of) for seat in shown.seats] == [
        ("Ann", 2, 2),
        ("Bob", 2, 2),
        ("Cora", 1, 2),
    ]
    # Calls of the round are known to its reviewers; a fresh one is free for all.
    fresh = world.recorded().legs[0]
    fitting = {"chosen": [], "reviewers": world.people, "now": NOW}
    offered = new_page(world.session, leader, world.site, Filters(), **fitting)
    known = {one.uid: one.known for one in offered.candidates}
    assert known[fresh.uid] == ()
    assert sorted(known[world.legs[0].uid]) == ["Ann", "Bob", "Cora"]
    assert world.noise.leg.uid not in known
    picked = picked_at_random(world.session, leader, world.site, Filters(), count=5, **fitting)
    assert picked == [fresh]
    narrow = Filters(project=str(world.project.uid), start=NOW.date(), min_talk_ms=1)
    assert picked_at_random(world.session, leader, world.site, narrow, count=5, **fitting) == []
