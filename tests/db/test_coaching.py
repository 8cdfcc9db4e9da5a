"""Help, causes, talks, what changed after them, and targets, on both databases."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from models.calls import Leg
from models.coaching import CoachingSession, HelpRequest, ReviewCause
from models.reviews import SelfAssessment
from models.samples import DrawnCall, DrawStratum
from models.session import write_session
from models.vocab import AssessmentState, DrawState, RetentionSubject
from models.vocab_learning import CoachingKind, HelpKind, HelpState, PartnerState
from pipelines.coaching import changes, rules, service
from pipelines.coaching import help as helping
from pipelines.measures import targets
from pipelines.measures.rules.indicators import Indicator
from pipelines.outcomes import DomainError
from pipelines.retention import service as retention
from pipelines.retention.words import clear_words_of_legs
from pipelines.storage import LocalStorage
from tests import factories as make
from tests.factories import NOW

HELD = date(2026, 8, 17)


class World:
    """A site with a team, an agent who signs in, a coach, and a weak review."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.site = make.make_site(session)
        self.team = make.make_team(session, self.site)
        self.coach, self.user = make.make_user(session), make.make_user(session)
        self.agent = make.make_agent(session, self.team, user=self.user)
        self.project = make.make_project(session, self.site)
        self.call = make.make_call(session, self.agent, self.team, self.project)
        self.version = make.make_version(session)
        self.review = make.make_review(
            session,
            self.call.legs[0],
            self.version,
            earned=1200,
            excellent=False,
            passed=False,
            reviewer_id=self.coach.id,
        )

    def talk(self, **values: Any) -> CoachingSession:
        given = {
            "kind": CoachingKind.TALK,
            "held_on": HELD,
            "words": "We listened together.",
            "now": NOW,
            **values,
        }
        agent = given.pop("agent", self.agent)
        return service.record_talk(self.session, agent, self.coach, **given)


@pytest.fixture
def world(session: Any) -> World:
    return World(session)


def refused(code: str) -> Any:
    return pytest.raises(DomainError, match=f"^{code}\\(")


def test_a_weak_review_takes_a_cause_from_the_sites_list(world: World) -> None:
    s, say = world.session, {"user": world.coach, "now": NOW}
    service.set_cause(s, world.review, "tone", "a bit short", **say)
    own = [rules.Cause("own1", {"en": "Headset", "zh_Hans": "耳机"})]
    service.set_causes(s, world.site, own, **say)
    with refused("cause_unknown"):
        service.set_cause(s, world.review, "tone", "", **say)
    # What was named keeps the words it had.
    assert s.scalars(select(ReviewCause)).one().text["zh_Hans"] == "语气与用语"
    service.set_cause(s, world.review, "own1", "", **say)
    assert s.scalars(select(ReviewCause)).one().code == "own1"
    with refused("cause_language_missing"):
        service.set_causes(s, world.site, [rules.Cause("x", {"en": "Only"})], **say)
    service.set_causes(s, world.site, [], **say)
    assert service.causes_of(s, world.site.id) == rules.DEFAULT_CAUSES
    fine = make.make_review(s, world.call.legs[0], world.version)
    with refused("cause_not_asked"):
        service.set_cause(s, fine, "tone", "", **say)


def test_a_talk_has_steps_and_the_agents_words(world: World) -> None:
    s = world.session
    with refused("coaching_words_needed"):
        world.talk(words=" ")
    other = make.make_agent(s, world.team)
    with refused("coaching_other_agent"):
        world.talk(agent=other, review=world.review)
    steps = [service.Step("Listen to an exemplar", HELD), service.Step(" ", None)]
    talk = world.talk(review=world.review, steps=steps)
    assert (talk.team_id, len(talk.steps)) == (world.team.id, 1)
    (step,) = talk.steps
    service.mark_step(s, step, world.user, done=True, now=NOW)
    assert (step.done_at, step.done_by_id) == (NOW, world.user.id)
    service.mark_step(s, step, world.user, done=False, now=NOW)
    assert step.done_at is None
    with refused("coaching_not_yours"):
        service.answer_talk(s, talk, world.coach, "I agree", now=NOW)
    service.answer_talk(s, talk, world.user, "I agree", now=NOW)
    assert (talk.agent_words, talk.read_at) == ("I agree", NOW)
    with refused("coaching_was_read"):
        service.drop_talk(s, talk, world.coach, now=NOW)
    fresh = world.talk()
    service.drop_talk(s, fresh, world.coach, now=NOW)
    assert s.scalar(select(func.count(CoachingSession.id))) == 1
    clear_words_of_legs(s, [world.call.legs[0].id], "customer_erased")
    assert (talk.words, talk.agent_words, step.words) == ("", "", "")


def test_help_is_asked_answered_paired_and_closed(world: World) -> None:
    s = world.session
    leg, mate_user = world.call.legs[0], make.make_user(s)
    mate = make.make_agent(s, world.team, user=mate_user)
    silent = make.make_agent(s, world.team)
    with refused("not_own_call"):
        helping.ask(s, leg, mate, mate_user, kind=HelpKind.ANSWER, words="", at_ms=None, now=NOW)
    request = helping.ask(
        s, leg, world.agent, world.user, kind=HelpKind.PARTNER, words="", at_ms=12_000, now=NOW
    )
    helping.answer(s, request, world.coach, "Try a pause.", now=NOW)
    assert request.state is HelpState.ANSWERED
    helping.answer(s, request, world.user, "Which one?", now=NOW)
    assert request.state is HelpState.OPEN
    for unfit, code in ((world.agent, "help_partner_self"), (silent, "help_partner_unfit")):
        with refused(code):
            helping.offer_partner(s, request, unfit, world.coach, now=NOW)
    helping.offer_partner(s, request, mate, world.coach, now=NOW)
    with refused("help_not_yours"):
        helping.reply_as_partner(s, request, world.user, agrees=True, now=NOW)
    helping.reply_as_partner(s, request, mate_user, agrees=True, now=NOW)
    assert (request.partner_state, request.state) == (PartnerState.AGREED, HelpState.ANSWERED)
    helping.close(s, request, world.user, now=NOW)
    with refused("help_closed"):
        helping.answer(s, request, world.coach, "more", now=NOW)
    helping.reopen(s, request, world.user, now=NOW)
    assert (request.state, request.closed_at) == (HelpState.OPEN, None)
    clear_words_of_legs(s, [leg.id], "customer_erased")
    assert s.scalars(select(HelpRequest)).all() == []


def _reviewed(world: World, agent: Any, day: date, score: int, *, key: str = "ordinary") -> Any:
    """Add a draw of two calls of a day, one of them reviewed: it stands for both."""
    s = world.session
    at = datetime.combine(day, NOW.timetz())
    calls = [make.make_call(s, agent, world.team, world.project, started_at=at) for _ in range(2)]
    draw = make.make_draw(s, world.project, calls)
    stratum = s.scalars(select(DrawStratum).where(DrawStratum.draw_id == draw.id)).one()
    stratum.key = key
    drawn = s.scalars(select(DrawnCall).where(DrawnCall.draw_id == draw.id)).first()
    make.make_review(
        s,
        drawn.call.legs[0],
        world.version,
        earned=score,
        attainable=100,
        excellent=False,
        passed=score >= 60,
        drawn_call_id=drawn.id,
    )
    s.flush()
    return draw


def test_what_changed_is_told_beside_the_rebound_that_chance_brings(world: World) -> None:
    # Six agents with ten reviews before; the coached one with ten after as well.
    level = {0: 60, 1: 70, 2: 80, 3: 75, 4: 65}
    agents = [world.agent, *(make.make_agent(world.session, world.team) for _ in range(4))]
    for number, agent in enumerate(agents):
        for step in range(10):
            wobble = 6 if step % 2 else -6
            _reviewed(world, agent, HELD - timedelta(days=3 + step), level[number] + wobble)
    for step in range(10):
        _reviewed(world, world.agent, HELD + timedelta(days=3 + step), 84 + (step % 2))
    # Noise that may not count: other strata, the day itself, void draws, views still asked for.
    _reviewed(world, world.agent, HELD + timedelta(days=2), 0, key="worst")
    _reviewed(world, world.agent, HELD, 0)
    _reviewed(world, world.agent, HELD + timedelta(days=92), 0)
    _reviewed(world, world.agent, HELD + timedelta(days=2), 0).state = DrawState.VOID
    draw = _reviewed(world, world.agent, HELD + timedelta(days=2), 0)
    leg = world.session.scalars(select(DrawnCall).where(DrawnCall.draw_id == draw.id)).first()
    world.session.add(
        SelfAssessment(
            site_id=world.site.id,
            leg_id=leg.call.legs[0].id,
            agent_id=world.agent.id,
            version_id=world.version.id,
            state=AssessmentState.ASKED,
            draft={},
        )
    )
    world.session.flush()
    report = changes.change_after(world.session, world.talk(), HELD + timedelta(days=40))
    found = report.change
    assert (found.before.count, found.after.count) == (10, 10)
    assert (found.before.value, found.after.value) == (pytest.approx(60), pytest.approx(84.5))
    assert report.everybody == 5
    # σ_w² = 40, σ_b² = 62.5 - 4 = 58.5: ρ = 58.5 / 62.5, so 70 - 0.936 · 10 is to be expected.
    assert found.expected == pytest.approx(60.64)
    assert found.finding is rules.Finding.HIGHER
    assert report.similar is None
    assert report.open_until == HELD + timedelta(days=91)
    # Scores of calls that the reader still judges are in no mean.
    kept = select(Leg.id).where(Leg.local_date > HELD)
    told = changes.change_after(
        world.session, world.talk(), HELD + timedelta(days=40), without=kept
    )
    assert (told.change.before.count, told.change.after.count) == (10, 0)


def test_few_reviews_give_counts_alone(world: World) -> None:
    for step in range(9):
        _reviewed(world, world.agent, HELD - timedelta(days=3 + step), 50)
        _reviewed(world, world.agent, HELD + timedelta(days=3 + step), 90)
    found = changes.change_after(world.session, world.talk(), HELD + timedelta(days=91)).change
    assert (found.finding, found.before.count, found.moved) == (rules.Finding.TOO_FEW, 9, None)


def test_targets_have_two_in_focus_at_most_and_a_teams_own_wins(world: World) -> None:
    def aim(indicator: Indicator, value: int, *, team: Any = None, focus: bool = True) -> Any:
        return targets.set_target(
            world.session,
            world.site,
            team,
            indicator,
            value=value,
            starts_on=date(2026, 10, 1),
            ends_on=date(2026, 12, 31),
            focus=focus,
            user=world.coach,
            now=NOW,
        )

    aim(Indicator.QA_EXCELLENCE_RATE, 8_500)
    aim(Indicator.COMPLAINT_RATE, 150)
    with refused("target_focus_full"):
        aim(Indicator.SMS_SATISFACTION_RATE, 9_000)
    aim(Indicator.SMS_SATISFACTION_RATE, 9_000, focus=False)
    with refused("target_indicator_unfit"):
        aim(Indicator.RECORDING_COVERAGE, 9_000)
    # Set again, it is the same target.
    own = aim(Indicator.QA_EXCELLENCE_RATE, 8_600)
    aim(Indicator.QA_EXCELLENCE_RATE, 9_100, team=world.team)
    assert own.value == 8_600
    held = targets.targets_for(world.session, world.site.id, (world.team.id,), date(2026, 11, 1))
    assert [(row.indicator, row.value, row.focus) for row in held] == [
        ("complaint_rate", 150, True),
        ("qa_excellence_rate", 9_100, True),
        ("sms_satisfaction_rate", 9_000, False),
    ]
    assert targets.targets_for(world.session, world.site.id, (), date(2027, 1, 1)) == ()


def test_help_and_notes_without_a_review_go_in_time(own_engine: Any, tmp_path: Any) -> None:
    with write_session(own_engine) as session:
        world = World(session)
        old = make.make_call(
            session, world.agent, world.team, world.project, started_at=NOW - timedelta(days=60)
        )
        for call in (old, world.call):
            helping.ask(
                session,
                call.legs[0],
                world.agent,
                world.user,
                kind=HelpKind.ANSWER,
                words="x",
                at_ms=None,
                now=NOW,
            )
        world.talk(held_on=NOW.date() - timedelta(days=60))
        world.talk(held_on=NOW.date())
        retention.set_rule(
            session, world.site, None, RetentionSubject.REVIEW, 30, now=NOW, actor=None
        )
    retention.run_retention(own_engine, LocalStorage(tmp_path / "files"), NOW)
    with write_session(own_engine) as session:
        assert session.scalar(select(func.count(HelpRequest.id))) == 1
        assert session.scalar(select(func.count(CoachingSession.id))) == 1
