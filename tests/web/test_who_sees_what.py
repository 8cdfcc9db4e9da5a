"""Ways past blindness, scope and a site's limits that crossed from one area into another."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Leg
from models.coaching import CoachingSession, HelpRequest
from models.disputes import Dispute
from models.people import Agent, Site, User, UserRole
from models.practice import PracticeAttempt, Quiz, QuizItem
from models.reviewing import LiveReview
from models.reviews import Answer, Exemplar, Objection, Review, SelfAssessment, Task
from models.rights import SiteLimits
from models.vocab import AssessmentState, Origin, ReviewState, Role, TaskState
from models.vocab_learning import (
    AttemptState,
    CoachingKind,
    DisputeState,
    ExemplarAudience,
    ExemplarState,
    HelpKind,
    PartnerState,
    QuizState,
)
from models.vocab_rights import PersonFigures
from pipelines import audit
from qa_app.calls.blindness import blind_to
from qa_app.permissions import Person
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]


def words(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


@dataclass
class Desk:
    """A weak verdict on a call of the agent, by somebody who is not among the world's reviewers."""

    review: Any
    leg_id: int
    version_id: int
    made: dict[str, Any]


@pytest.fixture
def desk(add: Add, world: World) -> Desk:
    def make(session: Session) -> Desk:
        agent = session.scalars(select(Agent)).one()
        (task,) = factories.make_tasks(session, agent, session.merge(world.team))
        task.state, task.closed_at = TaskState.DONE, NOW
        task.assignee_id = world.people["admin"].id
        session.scalars(select(SelfAssessment)).one().state = AssessmentState.LAPSED
        review = factories.make_review(
            session,
            task.leg,
            task.version,
            earned=611,
            passed=False,
            excellent=False,
            reviewer_id=world.people["admin"].id,
            drawn_call_id=task.drawn_call_id,
            summary="planted verdict",
        )
        session.add(
            Answer(
                revision_id=review.current_revision_id,
                criterion_id=task.version.sections[0].criteria[0].id,
                value={"answer": "no"},
                earned=0,
                attainable=1_000,
                comment="",
                evidence=[],
            )
        )
        return Desk(review.uid, task.leg_id, task.version_id, {})

    return add(make)


def add_second(desk: Desk, world: World, who: str | None = None) -> Callable[[Session], Any]:
    """Give the call a second reading, open to all or claimed by one."""

    def make(session: Session) -> int:
        first = session.scalars(select(Review).where(Review.uid == desk.review)).one()
        task = Task(
            origin=Origin.SECOND,
            site_id=first.site_id,
            team_id=first.team_id,
            leg_id=desk.leg_id,
            drawn_call_id=first.drawn_call_id,
            version_id=desk.version_id,
            assignee_id=world.people[who].id if who else None,
            state=TaskState.CLAIMED if who else TaskState.OPEN,
            claimed_at=NOW if who else None,
            due_at=NOW,
            created_at=NOW,
        )
        session.add(task)
        session.flush()
        return task.id

    return make


def dispute(desk: Desk, world: World, **values: Any) -> Callable[[Session], Any]:
    def make(session: Session) -> Any:
        first = session.scalars(select(Review).where(Review.uid == desk.review)).one()
        row = Dispute(
            review_id=first.id,
            site_id=first.site_id,
            team_id=first.team_id,
            agent_id=session.scalars(select(Agent.id)).first(),
            raised_at=NOW,
            due_at=NOW + dt.timedelta(days=5),
            before_id=first.current_revision_id,
            **values,
        )
        session.add(row)
        session.flush()
        return row.uid

    return make


def led_elsewhere(world: World, who: str, role: Role) -> Callable[[Session], Any]:
    """Give a person a role for another team of the site."""

    def make(session: Session) -> None:
        team = factories.make_team(session, session.merge(world.site), "inbound")
        session.add(
            UserRole(
                user_id=world.people[who].id, role=role, site_id=world.site.id, team_id=team.id
            )
        )

    return make


def test_an_agents_copy_holds_verdicts_and_not_what_reviewers_do_to_agree(
    signed_in: SignedIn, add: Add, desk: Desk
) -> None:
    def make(session: Session) -> None:
        first = session.scalars(select(Review)).one()
        for origin in (Origin.SECOND, Origin.CALIBRATION):
            factories.make_review(
                session, first.leg, first.version, origin=origin, summary="planted among reviewers"
            )

    add(make)
    copy = signed_in("agent").get("/my-data/copy.zip")
    with zipfile.ZipFile(io.BytesIO(copy.data)) as archive:
        reviews = archive.read("reviews.csv").decode()
    assert "planted verdict" in reviews
    assert "planted among reviewers" not in reviews


def test_what_is_said_against_a_score_waits_for_the_second_reading(
    signed_in: SignedIn, add: Add, world: World, desk: Desk
) -> None:
    add(dispute(desk, world))

    def object_to(session: Session) -> None:
        first = session.scalars(select(Review)).one()
        session.add(
            Objection(
                review_id=first.id,
                site_id=first.site_id,
                team_id=first.team_id,
                agent_id=session.scalars(select(Agent.id)).one(),
                words="x",
                raised_at=NOW,
            )
        )

    add(object_to)
    task = add(add_second(desk, world))
    reviewer = signed_in("reviewer")
    tiles = ("objections to answer", "disputes to decide")
    assert all(f"<strong>0</strong>{tile}" in words(reviewer, "/") for tile in tiles)
    assert "Nothing to decide" in words(reviewer, "/disputes/")

    def done(session: Session) -> None:
        session.get_one(Task, task).state = TaskState.DONE

    add(done)
    assert all(f"<strong>1</strong>{tile}" in words(reviewer, "/") for tile in tiles)
    assert "20.4" in words(reviewer, "/disputes/")
    # Nor does the start page count what is said of a call that the person judges now.
    manager = signed_in("manager")
    assert all(f"<strong>1</strong>{tile}" in words(manager, "/") for tile in tiles)

    def judge(session: Session) -> None:
        row = session.get_one(Task, task)
        row.state, row.assignee_id = TaskState.CLAIMED, world.people["manager"].id
        row.claimed_at = NOW

    add(judge)
    assert all(f"<strong>0</strong>{tile}" in words(manager, "/") for tile in tiles)


def test_leading_one_team_lists_no_decisions_of_another(
    signed_in: SignedIn, add: Add, world: World, desk: Desk
) -> None:
    decided = {"state": DisputeState.DECIDED, "decided_at": NOW}
    add(dispute(desk, world, decided_by_id=world.people["manager"].id, **decided))
    add(led_elsewhere(world, "reviewer", Role.MANAGER))
    assert "Decided last" not in words(signed_in("reviewer"), "/disputes/")
    assert "Decided last" in words(signed_in("manager"), "/disputes/")


def test_a_colleague_who_leads_elsewhere_is_asked_to_pair_without_the_call(
    signed_in: SignedIn, add: Add, world: World, desk: Desk
) -> None:
    def make(session: Session) -> Any:
        leg = session.scalars(select(Review)).one().leg
        trainer = session.get_one(User, world.people["trainer"].id)
        session.query(UserRole).filter_by(user_id=trainer.id).delete()
        team = session.merge(world.team)
        mate = factories.make_agent(session, team, "sh102", trainer)
        session.add(UserRole(user_id=trainer.id, role=Role.AGENT, site_id=team.site_id))
        row = HelpRequest(
            site_id=leg.site_id,
            team_id=leg.team_id,
            leg_id=leg.id,
            agent_id=leg.agent_id,
            kind=HelpKind.PARTNER,
            at_ms=61_000,
            asked_at=NOW,
            partner_id=mate.id,
            partner_state=PartnerState.ASKED,
        )
        session.add(row)
        session.flush()
        desk.made["project"] = leg.call.project.name
        return row.uid

    request = add(make)
    add(led_elsewhere(world, "trainer", Role.TRAINER))
    trainer, manager = signed_in("trainer"), signed_in("manager")
    for path in ("/help/", f"/help/{request}"):
        assert desk.made["project"] in words(manager, path)
        assert desk.made["project"] not in words(trainer, path)


def quiz_item(desk: Desk, world: World) -> Callable[[Session], Any]:
    """Make a quiz of another team with an exemplar of the agent that all of the site may hear."""

    def make(session: Session) -> Any:
        first = session.scalars(select(Review)).one()
        team = factories.make_team(session, session.merge(world.site), "outside")
        exemplar = Exemplar(
            leg_id=first.leg_id,
            review_id=first.id,
            site_id=first.site_id,
            team_id=first.team_id,
            why="planted why",
            audience=ExemplarAudience.SITE,
            state=ExemplarState.SHARED,
            chosen_at=NOW,
        )
        quiz = Quiz(
            site_id=first.site_id,
            team_id=team.id,
            title="Openings",
            version_id=first.version_id,
            criteria=[],
            state=QuizState.OPEN,
            due_at=NOW + dt.timedelta(days=5),
            made_at=NOW,
        )
        session.add_all([exemplar, quiz])
        session.flush()
        item = QuizItem(
            quiz_id=quiz.id,
            position=1,
            leg_id=first.leg_id,
            exemplar_id=exemplar.id,
            why="planted why",
            reference={},
            reference_at=NOW,
            saved_at=NOW,
            attainable=3_000,
        )
        session.add(item)
        session.flush()
        desk.made.update(team=team.id, quiz=quiz.uid, item=item.id, exemplar=exemplar.uid)

    return make


def test_a_quiz_of_another_team_names_no_agent_who_did_not_wish_it(
    signed_in: SignedIn, add: Add, world: World, desk: Desk
) -> None:
    add(quiz_item(desk, world))
    trainer, path = signed_in("trainer"), f"/quizzes/{desk.made['quiz']}"
    assert "Sh101" in words(trainer, path)

    def only_there(session: Session) -> None:
        held = session.scalars(select(UserRole).where(UserRole.role == Role.TRAINER)).one()
        held.team_id = desk.made["team"]

    add(only_there)
    assert "Sh101" not in words(trainer, path)


def test_a_reference_once_seen_is_no_blind_reading(
    signed_in: SignedIn, add: Add, world: World, desk: Desk
) -> None:
    add(quiz_item(desk, world))

    def practise(session: Session) -> Any:
        row = PracticeAttempt(
            item_id=desk.made["item"],
            user_id=world.people["reviewer"].id,
            state=AttemptState.SUBMITTED,
            sheet={},
            compared={},
            started_at=NOW,
            saved_at=NOW,
            submitted_at=NOW,
        )
        session.add(row)
        session.flush()
        return row.uid

    path = f"/practice/attempts/{add(practise)}/comparison"
    reviewer = signed_in("reviewer")
    assert "planted why" in words(reviewer, path)
    task = add(add_second(desk, world))
    uid = add(lambda session: session.get_one(Task, task).uid)
    assert reviewer.post(f"/reviews/{uid}/claim").status_code == 403
    # One that was given before hides the reference.

    def give(session: Session) -> None:
        row = session.get_one(Task, task)
        row.state, row.assignee_id, row.claimed_at = (
            TaskState.CLAIMED,
            world.people["reviewer"].id,
            NOW,
        )

    add(give)
    assert reviewer.get(path).status_code == 303


def test_second_readings_are_coached_by_nobody_and_shown_as_no_exemplar(
    signed_in: SignedIn, add: Add, desk: Desk
) -> None:
    def make(session: Session) -> Any:
        first = session.scalars(select(Review)).one()
        return factories.make_review(session, first.leg, first.version, origin=Origin.SECOND).uid

    second, trainer = add(make), signed_in("trainer")
    for path in ("/coaching/of/", "/coaching/cause/", "/exemplars/of/"):
        words(trainer, f"{path}{desk.review}")
        words(trainer, f"{path}{second}", 404)


def test_neither_talk_nor_exemplar_tells_who_may_yet_read_the_call(
    signed_in: SignedIn, add: Add, world: World, desk: Desk
) -> None:
    add(quiz_item(desk, world))

    def talk(session: Session) -> Any:
        first = session.scalars(select(Review)).one()
        row = CoachingSession(
            site_id=first.site_id,
            team_id=first.team_id,
            agent_id=first.leg.agent_id,
            kind=CoachingKind.TALK,
            held_on=NOW.date(),
            review_id=first.id,
            leg_id=first.leg_id,
            words="planted talk",
            created_at=NOW,
        )
        session.add(row)
        session.flush()
        return row.uid

    paths = (f"/coaching/{add(talk)}", f"/exemplars/{desk.made['exemplar']}")
    add(add_second(desk, world))
    add(led_elsewhere(world, "trainer", Role.REVIEWER))
    trainer, manager = signed_in("trainer"), signed_in("manager")
    for path in paths:
        words(manager, path)
        words(trainer, path, 404)


def test_the_log_tells_an_admin_who_reviews_no_points_of_a_call_to_judge(
    signed_in: SignedIn, add: Add, world: World, desk: Desk
) -> None:
    def log(session: Session) -> None:
        audit.record(
            session,
            now=NOW,
            actor=world.people["manager"].uid,
            action="review.scored",
            subject="review",
            subject_uid=desk.review,
            earned=611,
        )

    add(log)
    admin, path = signed_in("admin"), "/audit?action=review.scored"
    assert "611" in words(admin, path)
    add(add_second(desk, world, "admin"))
    assert "611" not in words(admin, path)
    assert "review.scored" in words(admin, path)


def test_no_area_shows_figures_of_a_person_where_the_site_lets_none_go(
    signed_in: SignedIn, add: Add, world: World, desk: Desk
) -> None:
    def make(session: Session) -> Any:
        first = session.scalars(select(Review)).one()
        factories.make_review(
            session,
            first.leg,
            first.version,
            origin=Origin.SECOND,
            drawn_call_id=first.drawn_call_id,
        )
        live = LiveReview(
            site_id=first.site_id,
            team_id=first.team_id,
            project_id=first.leg.call.project_id,
            agent_id=first.leg.agent_id,
            reviewer_id=world.people["reviewer"].id,
            version_id=first.version_id,
            state=ReviewState.SUBMITTED,
            draft={},
            begun_at=NOW,
            saved_at=NOW,
            submitted_at=NOW,
        )
        session.add(live)
        session.flush()
        return live.uid

    live = add(make)
    decided = {"state": DisputeState.DECIDED, "decided_at": NOW}
    add(dispute(desk, world, decided_by_id=world.people["admin"].id, **decided))
    manager = signed_in("manager")
    pages = (f"/reviews/{desk.review}/both", f"/reviews/live/{live}")
    lists = {"/skills": "Sh101", "/coaching/": f"/coaching/cause/{desk.review}"}
    lists |= {"/disputes/": "Decided last", "/reviews/live/": str(live)}
    for path in pages:
        words(manager, path)
    for path, told in lists.items():
        assert told in words(manager, path)

    def close(session: Session) -> None:
        site = session.get_one(Site, world.site.id)
        session.add(SiteLimits(site_id=site.id, person_figures=PersonFigures.OFF, changed_at=NOW))

    add(close)
    for path in pages:
        words(manager, path, 404)
    for path, told in lists.items():
        assert told not in words(manager, path), path
    # What a person did themselves is theirs to see.
    words(signed_in("reviewer"), f"/reviews/live/{live}")


def test_a_task_on_one_leg_keeps_what_is_said_of_the_others(
    add: Add, world: World, desk: Desk
) -> None:
    def make(session: Session) -> None:
        first = session.scalars(select(Review)).one().leg
        leg = Leg(
            call_id=first.call_id,
            position=2,
            content_hash="2",
            local_slot=0,
            site_id=first.site_id,
            team_id=first.team_id,
            agent_id=factories.make_agent(session, session.merge(world.team), "sh102").id,
            started_at=first.started_at,
            local_date=first.local_date,
            talk_ms=60_000,
        )
        session.add(leg)
        session.flush()
        desk.leg_id = leg.id
        add_second(desk, world, "reviewer")(session)

    add(make)

    def blind(session: Session) -> list[int]:
        user = session.get_one(User, world.people["reviewer"].id)
        person = Person(user.id, user.uid, user.username, "x", None, (), None)
        # Asked as pages do, inside a question about legs.
        legs = select(Leg.position).where(blind_to(person, Leg.call_id, NOW))
        return sorted(session.scalars(legs))

    assert add(blind) == [1, 2]
