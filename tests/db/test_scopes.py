"""Who sees which rows: each rule against a world of two sites, three teams and every role."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Call, Leg, Recording
from models.coaching import CoachingSession, HelpRequest, Target
from models.disputes import Dispute
from models.people import Agent, Site, Team, TeamMember, User
from models.reviews import Objection, Review, SelfAssessment, Task
from models.samples import Draw
from models.vocab import AssessmentState, ObjectionState, Role
from models.vocab_learning import CoachingKind, HelpKind, PartnerState
from qa_app.permissions import ALLOWED, Action, Grant, Person, grants_for
from qa_app.scopes import RULES, Look, narrowed
from tests import factories
from tests.factories import NOW

TODAY = date(2026, 11, 23)


@dataclass
class Scene:
    """Two teams at one site and one at another; an agent, a call and a review in each."""

    sites: dict[str, Site] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)


@pytest.fixture
def scene(session: Session) -> Scene:
    scene = Scene()
    version = factories.make_version(session)
    scene.users["reviewer"] = factories.make_user(session)
    scene.users["colleague"] = factories.make_user(session)
    for site_name, names in (("near", ("red", "blue")), ("far", ("green",))):
        site = scene.sites[site_name] = factories.make_site(session, site_name)
        project = factories.make_project(session, site)
        for name in names:
            team = scene.teams[name] = factories.make_team(session, site, name)
            user = scene.users[name] = factories.make_user(session, f"agent-{name}")
            agent = scene.agents[name] = factories.make_agent(session, team, name, user)
            call = factories.make_call(session, agent, team, project, source_key=name)
            factories.make_recording(session, call)
            scene.reviews[name] = factories.make_review(
                session, call.legs[0], version, reviewer_id=scene.users["reviewer"].id
            )
    return scene


def _person(scene: Scene, who: str, role: Role, place: str) -> Person:
    """Make a person with one role at a site (``near``) or for a team (``red``)."""
    user = scene.users.get(who)
    team = scene.teams.get(place)
    site = scene.sites.get(place)
    grant = Grant(role, team.site_id if team else site.id, team.id if team else None)
    agent = scene.agents.get(who)
    return Person(
        id=user.id if user else 0,
        uid=user.uid if user else scene.users["reviewer"].uid,
        username=who,
        display_name=who,
        locale=None,
        grants=(grant,),
        agent_id=agent.id if agent else None,
    )


def _seen(session: Session, person: Person, model: Any, action: Action) -> set[int]:
    statement = select(model.id).where(narrowed(person, model, action, TODAY))
    return set(session.scalars(statement))


def _calls(session: Session, person: Person, action: Action = Action.CALLS_READ) -> set[str]:
    statement = select(Call.source_key).where(narrowed(person, Call, action, TODAY))
    return set(session.scalars(statement))


@pytest.mark.parametrize(
    ("holder", "calls"),
    [
        (("", Role.MANAGER, "near"), {"red", "blue"}),
        (("", Role.MANAGER, "red"), {"red"}),
        (("", Role.TRAINER, "far"), {"green"}),
        (("red", Role.AGENT, "red"), {"red"}),
        (("red", Role.AGENT, "near"), {"red"}),
        (("", Role.AGENT, "near"), set()),
        (("", Role.ADMIN, "near"), set()),
        (("reviewer", Role.REVIEWER, "near"), set()),
    ],
)
def test_calls_are_seen_within_the_scope(
    session: Session, scene: Scene, holder: tuple[str, Role, str], calls: set[str]
) -> None:
    assert _calls(session, _person(scene, *holder)) == calls


@pytest.mark.parametrize("action", [Action.CALLS_READ, Action.CALLS_LISTEN, Action.REVIEWS_READ])
@pytest.mark.parametrize("model", [Call, Leg, Recording, Review, SelfAssessment, Objection])
def test_an_admin_hears_and_reads_no_call(
    session: Session, scene: Scene, model: Any, action: Action
) -> None:
    assert _seen(session, _person(scene, "", Role.ADMIN, "near"), model, action) == set()


def test_a_call_of_two_legs_is_seen_by_both_teams_but_each_agent_sees_the_own_leg(
    session: Session, scene: Scene
) -> None:
    call = session.scalars(select(Call).where(Call.source_key == "red")).one()
    red, blue = scene.agents["red"], scene.agents["blue"]
    second = Leg(
        call_id=call.id,
        position=2,
        content_hash="x",
        site_id=call.site_id,
        team_id=scene.teams["blue"].id,
        agent_id=blue.id,
        started_at=call.started_at,
        local_date=call.local_date,
        local_slot=call.local_slot,
        talk_ms=1,
    )
    session.add(second)
    session.flush()
    assert _calls(session, _person(scene, "", Role.MANAGER, "blue")) == {"red", "blue"}
    own = _seen(session, _person(scene, "red", Role.AGENT, "red"), Leg, Action.CALLS_READ)
    assert own == set(session.scalars(select(Leg.id).where(Leg.agent_id == red.id)))
    assert second.id not in own


def test_a_reviewer_hears_what_was_taken_on_only(session: Session, scene: Scene) -> None:
    me = _person(scene, "reviewer", Role.REVIEWER, "near")
    tasks = factories.make_tasks(session, scene.agents["red"], scene.teams["red"], count=2)
    assert _seen(session, me, Task, Action.TASKS_WORK) == {task.id for task in tasks}
    assert _seen(session, me, Recording, Action.CALLS_LISTEN) == set()
    tasks[0].assignee_id = me.id
    tasks[1].assignee_id = scene.users["colleague"].id
    session.flush()
    assert _seen(session, me, Task, Action.TASKS_WORK) == {tasks[0].id}
    assert _seen(session, me, Leg, Action.CALLS_LISTEN) == {tasks[0].leg_id}
    far = _person(scene, "reviewer", Role.REVIEWER, "far")
    assert _seen(session, far, Task, Action.TASKS_WORK) == set()


def test_reviews_are_read_by_their_writer_the_agent_and_the_leads(
    session: Session, scene: Scene
) -> None:
    every = {name: review.id for name, review in scene.reviews.items()}
    see = lambda who, role, place, action: _seen(  # noqa: E731 - a table follows
        session, _person(scene, who, role, place), Review, action
    )
    read = Action.REVIEWS_READ
    assert see("reviewer", Role.REVIEWER, "near", read) == set(every.values())
    assert see("colleague", Role.REVIEWER, "near", read) == set()
    assert see("red", Role.AGENT, "red", Action.FEEDBACK_READ) == {every["red"]}
    assert see("", Role.TRAINER, "blue", read) == {every["blue"]}
    assert see("", Role.MANAGER, "near", read) == {every["red"], every["blue"]}


def test_somebody_else_than_the_reviewer_answers_an_objection(
    session: Session, scene: Scene
) -> None:
    review, agent = scene.reviews["red"], scene.agents["red"]
    objection = Objection(
        review_id=review.id,
        site_id=review.site_id,
        team_id=review.team_id,
        agent_id=agent.id,
        words="no",
        raised_at=NOW,
        state=ObjectionState.OPEN,
    )
    session.add(objection)
    session.flush()
    answer = Action.OBJECTIONS_ANSWER
    for model, row in ((Objection, objection), (Review, review)):
        writer = _person(scene, "reviewer", Role.REVIEWER, "near")
        assert row.id not in _seen(session, writer, model, answer)
        colleague = _person(scene, "colleague", Role.REVIEWER, "near")
        assert row.id in _seen(session, colleague, model, answer)
    # The reviewer who is a manager too is still the reviewer.
    both = _person(scene, "reviewer", Role.MANAGER, "near")
    assert _seen(session, both, Objection, answer) == set()
    assert _seen(session, both, Review, answer) == set()
    far = _person(scene, "colleague", Role.REVIEWER, "far")
    assert _seen(session, far, Objection, answer) == set()


def test_agents_are_seen_by_membership_of_today(session: Session, scene: Scene) -> None:
    lead = _person(scene, "", Role.MANAGER, "red")
    moved = scene.agents["red"]
    assert _seen(session, lead, Agent, Action.DASHBOARDS_READ) == {moved.id}
    membership = session.scalars(select(TeamMember).where(TeamMember.agent_id == moved.id)).one()
    membership.valid_to = TODAY
    session.add(TeamMember(agent_id=moved.id, team_id=scene.teams["blue"].id, valid_from=TODAY))
    session.flush()
    assert _seen(session, lead, Agent, Action.DASHBOARDS_READ) == set()
    # The call stays with the team of its time.
    assert _calls(session, lead) == {"red"}


def test_a_self_assessment_is_its_agents(session: Session, scene: Scene) -> None:
    leg_id = scene.reviews["red"].leg_id
    asked = SelfAssessment(
        site_id=scene.sites["near"].id,
        team_id=scene.teams["red"].id,
        leg_id=leg_id,
        agent_id=scene.agents["red"].id,
        version_id=scene.reviews["red"].version_id,
        state=AssessmentState.ASKED,
        draft={},
        due_at=NOW + timedelta(days=7),
    )
    session.add(asked)
    session.flush()
    own = _person(scene, "red", Role.AGENT, "red")
    other = _person(scene, "blue", Role.AGENT, "near")
    assert _seen(session, own, SelfAssessment, Action.ASSESSMENTS_WRITE) == {asked.id}
    assert _seen(session, other, SelfAssessment, Action.ASSESSMENTS_WRITE) == set()


def test_a_team_lead_sees_no_draws_of_the_whole_site(session: Session, scene: Scene) -> None:
    factories.make_tasks(session, scene.agents["red"], scene.teams["red"])
    whole = _person(scene, "", Role.MANAGER, "near")
    team = _person(scene, "", Role.MANAGER, "red")
    assert len(_seen(session, whole, Draw, Action.DRAWS_READ)) == 1
    assert _seen(session, team, Draw, Action.DRAWS_READ) == set()


def test_every_rule_can_be_asked_by_every_role(session: Session, scene: Scene) -> None:
    dialect = session.get_bind().dialect
    for model, rule in RULES.items():
        for action in Action:
            for role in ALLOWED[action]:
                person = _person(scene, "red", role, "red")
                for grant in grants_for(person, action):
                    condition = rule(Look(person, grant, action, TODAY))
                    assert str(select(model).where(condition).compile(dialect=dialect))


def test_without_a_role_nothing_is_seen(session: Session, scene: Scene) -> None:
    nobody = Person(0, scene.users["red"].uid, "x", "x", None, (), scene.agents["red"].id)
    for model in RULES:
        for action in Action:
            statement = select(model).where(narrowed(nobody, model, action, TODAY)).limit(1)
            if action in (Action.CALLS_READ, Action.PEOPLE_READ, Action.AUDIT_READ):
                assert session.scalar(statement) is None


def test_disputes_talks_and_help_reach_those_they_are_for(session: Session, scene: Scene) -> None:
    review, agent = scene.reviews["red"], scene.agents["red"]
    place = {"site_id": review.site_id, "team_id": review.team_id, "agent_id": agent.id}
    dispute = Dispute(
        review_id=review.id,
        before_id=review.current_revision_id,
        raised_at=NOW,
        due_at=NOW,
        **place,
    )
    talk = CoachingSession(
        kind=CoachingKind.TALK, held_on=TODAY, words="x", created_at=NOW, **place
    )
    request = HelpRequest(
        leg_id=review.leg_id,
        kind=HelpKind.PARTNER,
        asked_at=NOW,
        partner_id=scene.agents["blue"].id,
        partner_state=PartnerState.ASKED,
        **place,
    )
    target = Target(
        site_id=review.site_id,
        indicator="complaint_rate",
        value=1,
        starts_on=TODAY,
        ends_on=TODAY,
        set_at=NOW,
    )
    session.add_all([dispute, talk, request, target])
    session.flush()

    def seen(who: str, role: Role, place: str, row: Any, action: Action) -> bool:
        return row.id in _seen(session, _person(scene, who, role, place), type(row), action)

    answer, read, ask = Action.OBJECTIONS_ANSWER, Action.HELP_READ, Action.HELP_ASK
    assert seen("colleague", Role.REVIEWER, "near", dispute, answer)
    assert seen("", Role.MANAGER, "red", dispute, answer)
    assert not seen("reviewer", Role.REVIEWER, "near", dispute, answer)
    assert not seen("reviewer", Role.MANAGER, "near", dispute, answer)
    assert not seen("", Role.MANAGER, "blue", dispute, answer)
    assert seen("red", Role.AGENT, "red", dispute, Action.FEEDBACK_RESPOND)
    assert not seen("blue", Role.AGENT, "near", dispute, Action.FEEDBACK_RESPOND)
    # The colleague who is asked reads the request, and that is all.
    assert seen("red", Role.AGENT, "red", request, ask)
    assert seen("blue", Role.AGENT, "blue", request, read)
    assert not seen("blue", Role.AGENT, "blue", request, ask)
    assert not seen("green", Role.AGENT, "far", request, read)
    assert seen("", Role.TRAINER, "red", request, Action.HELP_ANSWER)
    assert not seen("", Role.TRAINER, "blue", request, Action.HELP_ANSWER)
    assert seen("red", Role.AGENT, "red", talk, Action.COACHING_READ)
    assert not seen("blue", Role.AGENT, "near", talk, Action.COACHING_READ)
    assert not seen("", Role.MANAGER, "blue", talk, Action.COACHING_WRITE)
    # A site's target is read by its teams and changed by who leads the whole site.
    assert seen("", Role.MANAGER, "red", target, Action.TARGETS_READ)
    assert not seen("", Role.MANAGER, "red", target, Action.TARGETS_WRITE)
    assert seen("", Role.MANAGER, "near", target, Action.TARGETS_WRITE)
    assert not seen("", Role.MANAGER, "far", target, Action.TARGETS_READ)
