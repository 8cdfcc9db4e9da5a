"""Each act tells those whom it concerns, and nobody who judges the call it is about."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.notices import Notice
from models.people import User
from models.reviews import Review, SelfAssessment
from models.scorecards import Criterion
from models.vocab import GuideKind, Origin, Role, SkipKind, VersionState
from models.vocab_learning import CoachingKind, DisputeReason, DisputeResult, HelpKind
from pipelines import evaluation
from pipelines.calibration import service as calibration
from pipelines.coaching import help as helping
from pipelines.coaching import service as coaching
from pipelines.practice import exemplars
from pipelines.practice import service as practice
from pipelines.review import disputes, giving, skips, verdicts
from pipelines.review import service as review
from pipelines.scoring import drafts, guides
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import import_scorecard, version_rule
from tests import factories as make
from tests.factories import NOW, SCORECARD

GOOD = {"greeting": "no", "needs": "needs_good", "identity": "yes", "praise": "yes"}
DUE = NOW + timedelta(days=7)
PLANTED = "planted words"


class World:
    """A drawn call with a recording, its agent, a reviewer, and who leads or trains the team."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.site = make.make_site(session)
        self.team = make.make_team(session, self.site)
        self.manager, self.trainer, self.reviewer, self.other = (
            make.make_user(session, roles=[(role, self.site, None)])
            for role in (Role.MANAGER, Role.TRAINER, Role.REVIEWER, Role.REVIEWER)
        )
        self.user, self.partner_user = (
            make.make_user(session, roles=[(Role.AGENT, self.site, self.team)]) for _ in range(2)
        )
        self.agent = make.make_agent(session, self.team, user=self.user)
        self.partner = make.make_agent(session, self.team, user=self.partner_user)
        # Another site's manager and trainer are told of nothing below.
        far = make.make_site(session)
        self.far = make.make_user(
            session, roles=[(Role.MANAGER, far, None), (Role.AGENT, far, None)]
        )
        self.version = import_scorecard(session, SCORECARD, now=NOW)
        self.project = make.make_project(session, self.site, scorecard_id=self.version.scorecard_id)
        self.calls = [
            make.make_call(session, self.agent, self.team, self.project) for _ in range(2)
        ]
        for call in self.calls:
            make.make_recording(session, call)
        draw = make.make_draw(session, self.project, self.calls)
        self.tasks = review.create_tasks(session, draw, now=NOW)
        self.leg = self.tasks[0].leg

    def told(self, user: User) -> Mapping[str, Any]:
        """Return what a person was told, by kind; never words, whoever it is."""
        rows = self.session.scalars(select(Notice).where(Notice.user_id == user.id))
        found = {row.kind.value: row.params for row in rows}
        assert PLANTED not in str(found)
        assert self.session.scalars(select(Notice).where(Notice.user_id == self.far.id)).all() == []
        return found

    def sheet(self) -> Any:
        return sheet_of(version_rule(self.session, self.version.id), GOOD, PLANTED)

    def reviewed(self) -> Review:
        review.claim(self.session, self.tasks[0], self.reviewer, now=NOW)
        found = verdicts.start_or_get_review(self.session, self.tasks[0], self.reviewer, now=NOW)
        act = {"lock_version": found.lock_version, "user": self.reviewer, "now": NOW}
        evaluation.submit_review(self.session, found, self.sheet(), PLANTED, **act)
        return found

    def own_view(self) -> None:
        own = self.session.scalars(
            select(SelfAssessment).where(SelfAssessment.leg_id == self.leg.id)
        ).one()
        act = {"lock_version": own.lock_version, "user": self.user, "now": NOW}
        evaluation.submit_assessment(self.session, own, self.sheet(), **act)


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


def test_an_agent_hears_of_talks_and_exemplars_when_the_own_view_is_in(world: World) -> None:
    s, wish = world.session, exemplars.Wish(why=PLANTED)
    found = world.reviewed()
    talk = coaching.record_talk(
        s,
        world.agent,
        world.trainer,
        kind=CoachingKind.TALK,
        held_on=NOW.date(),
        words=PLANTED,
        review=found,
        now=NOW,
    )
    chosen = exemplars.choose(s, world.leg, None, world.trainer, wish, now=NOW)
    assert world.told(world.user) == {}
    world.own_view()
    assert world.told(world.user) == {"review_ready": {}, "coaching": {}, "exemplar_chosen": {}}
    coaching.drop_talk(s, talk, world.trainer, now=NOW)
    exemplars.ask_back(s, chosen, world.user, now=NOW)
    assert world.told(world.user) == {"review_ready": {}}
    assert world.told(world.trainer) == {"exemplar_asked_back": {}}
    exemplars.let_stand(s, chosen, world.user, now=NOW)
    assert world.told(world.trainer) == {}


def test_deciders_hear_of_a_dispute_and_its_agent_of_the_decision(world: World) -> None:
    s, found = world.session, world.reviewed()
    world.own_view()
    # This one leads too, but reads the same call a second time.
    busy = make.make_user(s, roles=[(Role.MANAGER, world.site, None)])
    again = make.make_tasks(s, world.agent, world.team)[0]
    again.leg_id, again.assignee_id, again.origin = world.leg.id, busy.id, Origin.SECOND
    s.flush()
    greeting = s.scalars(select(Criterion.id).where(Criterion.lineage == "greeting")).first()
    claim = disputes.Claim(greeting or 0, DisputeReason.OVERLOOKED, PLANTED)
    dispute = disputes.raise_dispute(s, found, world.agent, world.user, [claim], now=NOW)
    assert world.told(world.manager) == {"dispute_raised": {}}
    assert world.told(busy) == world.told(world.reviewer) == {}
    ruling = disputes.Ruling(DisputeResult.NOT_UPHELD, PLANTED)
    rulings = {item.id: ruling for item in dispute.items}
    evaluation.decide_dispute(s, dispute, world.manager, rulings, {}, now=NOW)
    assert world.told(world.manager) == {}
    assert world.told(world.user)["dispute_decided"] == {"count": 1}


def test_help_is_heard_by_who_trains_or_leads_and_its_answer_by_who_asked(world: World) -> None:
    s = world.session
    world.tasks[0].assignee_id = world.trainer.id
    asked = helping.ask(
        s,
        world.leg,
        world.agent,
        world.user,
        kind=HelpKind.PARTNER,
        words=PLANTED,
        at_ms=900,
        now=NOW,
    )
    assert world.told(world.manager) == {"help_asked": {"count": 0}}
    assert world.told(world.trainer) == {}
    helping.answer(s, asked, world.manager, PLANTED, now=NOW)
    assert world.told(world.manager) == {}
    assert world.told(world.user) == {"help_answered": {"count": 1}}
    helping.offer_partner(s, asked, world.partner, world.manager, now=NOW)
    assert world.told(world.partner_user) == {"partner_asked": {"count": 1}}
    helping.reply_as_partner(s, asked, world.partner_user, agrees=True, now=NOW)
    assert world.told(world.partner_user) == {}
    assert world.told(world.user) == {"help_answered": {"count": 2}}


def test_reviewers_hear_of_work_that_is_given_and_managers_of_skips_that_wait(
    world: World,
) -> None:
    s, (first, second) = world.session, world.tasks
    giving.give(s, first, world.reviewer, world.manager, now=NOW)
    assert world.told(world.reviewer) == {"task_given": {"count": 1}}
    giving.give(s, first, world.other, world.manager, now=NOW)
    assert world.told(world.reviewer) == {}
    for task in (first, second):
        giving.give(s, task, None, world.manager, now=NOW)
    giving.set_time(s, world.site, world.other, 600, world.manager, now=NOW)
    tasks = select(type(first)).where(type(first).site_id == world.site.id)
    giving.share(s, tasks, [world.other], [world.site.id], world.manager, now=NOW)
    assert world.told(world.other) == {"task_given": {"count": 2}}
    review.claim(s, first, world.other, now=NOW)
    skips.ask(s, first, world.other, SkipKind.NOT_REVIEWED, PLANTED, now=NOW)
    assert world.told(world.manager) == {"skip_asked": {}}
    skips.take_back(s, first, world.other, now=NOW)
    assert world.told(world.manager) == {}


def test_rounds_quizzes_and_drafts_are_announced_to_those_who_take_part(world: World) -> None:
    s, until = world.session, {"until": DUE.isoformat()}
    act = {"user": world.manager, "now": NOW}
    leg = make.make_call(s, world.agent, world.team, world.project).legs[0]
    make.make_recording(s, leg.call)
    both = [world.reviewer, world.other]
    made = calibration.create_round(s, PLANTED, [leg], both, world.version, due_at=DUE, **act)
    assert world.told(world.reviewer) == {"calibration_due": until}
    found = verdicts.start_or_get_review(s, made.items[0].seats[0].task, world.reviewer, now=NOW)
    done = {"lock_version": found.lock_version, "user": world.reviewer, "now": NOW}
    evaluation.submit_review(s, found, world.sheet(), "", **done)
    calibration.close(s, made, world.manager, now=NOW)
    assert world.told(world.reviewer) == world.told(world.other) == {"calibration_closed": {}}
    quiz = practice.make_quiz(
        s,
        world.site,
        None,
        world.version,
        world.trainer,
        title=PLANTED,
        about="",
        criteria=(),
        due_at=DUE,
        now=NOW,
    )
    wish = exemplars.Wish(why=PLANTED, audience=exemplars.ExemplarAudience.SITE)
    chosen = exemplars.choose(s, leg, None, world.trainer, wish, now=NOW)
    item = practice.add_item(s, quiz, chosen, world.trainer, now=NOW)
    item.reference_at = NOW
    practice.set_people(s, quiz, [world.partner_user], world.trainer, now=NOW)
    assert world.told(world.partner_user) == {}
    practice.open_quiz(s, quiz, world.trainer, now=NOW)
    assert world.told(world.partner_user) == {"quiz_open": until}
    practice.close_quiz(s, quiz, world.trainer, now=NOW)
    world.partner_user.locale = "zh_Hans"
    draft = drafts.next_draft(s, world.version, now=NOW, actor=world.manager)
    guide = guides.begin(
        s,
        world.project,
        GuideKind.SCRIPT,
        {"en": "Script"},
        {"en": "x"},
        now=NOW,
        actor=world.manager,
    )
    # The scorecard is every site's; a guide is its own site's.
    guides.set_state(s, guide, VersionState.OPEN_FOR_COMMENT, now=NOW, actor=world.manager)
    assert world.told(world.partner_user) == {"draft_open": {"title": "Script"}}
    guides.set_state(s, guide, VersionState.DRAFT, now=NOW, actor=world.manager)
    assert world.told(world.partner_user) == {}
    drafts.open_for_comment(s, draft, now=NOW, actor=world.manager)
    titles = s.execute(select(Notice.user_id, Notice.params).where(Notice.kind == "draft_open"))
    by_user = {row.user_id: row.params["title"] for row in titles}
    assert by_user[world.partner_user.id] == draft.title["zh_Hans"]
    assert by_user[world.far.id] == draft.title["en"]
    assert world.manager.id not in by_user
