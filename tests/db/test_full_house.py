"""A house where every table of the people's work has rows: time, erasure and migrations pass it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.orm import Session

from models import schema
from models.calls import Call, Customer, Leg
from models.notices import MailAddress, NoticeChoice
from models.people import User
from models.registry import metadata
from models.reviews import Exemplar, Review, SelfAssessment, Task
from models.rights import RightsRequest
from models.scorecards import Criterion
from models.session import read_session, write_session
from models.vocab import AssessmentState, Origin, Party, RetentionSubject, Role, SkipKind
from models.vocab_learning import (
    CoachingKind,
    DisputeReason,
    DisputeResult,
    ExemplarAudience,
    HelpKind,
)
from models.vocab_rights import AccessWay, NoticeKind, PersonFigures, RequestKind, RequestOf
from pipelines import accesses, evaluation, notices
from pipelines.calibration import service as calibration
from pipelines.coaching import help as helping
from pipelines.coaching import rules as coaching_rules
from pipelines.coaching import service as coaching
from pipelines.measures import targets
from pipelines.measures.rules.indicators import AIMED_AT
from pipelines.practice import exemplars, playlists
from pipelines.practice import service as practice
from pipelines.retention import erasure, service
from pipelines.review import disputes, feedback, giving, live, verdicts
from pipelines.review import service as review_service
from pipelines.rights import service as rights
from pipelines.scoring import comments, drafts, guides
from pipelines.scoring.edits import with_section
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import import_scorecard, version_rule
from pipelines.storage import LocalStorage
from tests import factories as make
from tests.factories import NOW, SCORECARD

GOOD = {"greeting": "yes", "needs": "needs_good", "identity": "yes", "praise": "yes"}
WEAK = {"greeting": "no", "needs": "needs_some", "identity": "no"}
LATER = NOW + timedelta(days=30)
NUMBER = "+86 138-0013-8042"
WIDE = exemplars.Wish(why="calm", audience=ExemplarAudience.SITE, tags=("tone",))
TEXT = {"en": "Say who you are", "zh_Hans": "说明身份"}


class House:
    """An old call of a customer and a new one, with all that people do with calls."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.site = make.make_site(session)
        self.team = make.make_team(session, self.site)
        roles = (Role.REVIEWER, Role.REVIEWER, Role.MANAGER, Role.TRAINER, Role.AGENT, Role.AGENT)
        self.ann, self.bob, self.eve, self.tim, own, other = (
            make.make_user(session, roles=[(role, self.site, None)]) for role in roles
        )
        self.kim = make.make_user(session, roles=[(Role.REVIEWER, self.site, None)])
        self.own = own
        self.agent = make.make_agent(session, self.team, user=own)
        self.partner = make.make_agent(session, self.team, user=other)
        self.version = import_scorecard(session, SCORECARD, now=NOW)
        self.project = make.make_project(session, self.site, scorecard_id=self.version.scorecard_id)
        self.customer = Customer(number=NUMBER, number_key="keyed")
        session.add(self.customer)
        session.flush()
        self.calls = [
            self.call(started_at=NOW - timedelta(days=60), customer_id=self.customer.id),
            self.call(),
        ]
        self.besides()

    def enter(self, session: Session) -> None:
        """Go on in another session."""
        self.session = session
        session.add_all([self.site, self.team, self.agent, self.partner, self.version])
        session.add_all([self.project, self.ann, self.bob, self.eve, self.tim, self.kim])
        session.add(self.own)

    def call(self, **values: Any) -> Call:
        """Add a call with all that people do with one."""
        session = self.session
        call = make.make_call(session, self.agent, self.team, self.project, **values)
        recording = make.make_recording(session, call)
        make.make_transcript(session, recording, [(Party.AGENT, 0, "good morning")])
        draw = make.make_draw(session, self.project, [call])
        draw.second_share_bp = 10_000
        review_service.create_tasks(session, draw, now=NOW)
        self.judged(call.legs[0])
        return call

    def sheet(self, answers: dict[str, Any]) -> Any:
        return sheet_of(version_rule(self.session, self.version.id), answers, "because")

    def submitted(self, task: Task, user: User, answers: dict[str, Any]) -> Review:
        review_service.claim(self.session, task, user, now=NOW)
        review = verdicts.start_or_get_review(self.session, task, user, now=NOW)
        act = {"lock_version": review.lock_version, "user": user, "now": NOW}
        note = {"at_ms": 5, "text": "a note", "shared": True}
        sheet = self.sheet(answers)
        evaluation.submit_review(self.session, review, sheet, "summary", notes=[note], **act)
        return review

    def judged(self, leg: Leg) -> None:
        session, of_leg = self.session, select(Task).where(Task.leg_id == leg.id)
        first = session.scalars(of_leg.where(Task.origin == Origin.DRAWN)).one()
        second = session.scalars(of_leg.where(Task.origin == Origin.SECOND)).one()
        for asked in session.scalars(select(SelfAssessment)):
            asked.state, asked.draft = AssessmentState.LAPSED, {"note": {"answer": "mine"}}
        made = calibration.create_round(
            session,
            "Greeting",
            [leg],
            [self.ann, self.bob],
            self.version,
            due_at=LATER,
            user=self.eve,
            now=NOW,
        )
        for user in (self.ann, self.bob):
            tasks = of_leg.where(Task.assignee_id == user.id, Task.origin == Origin.CALIBRATION)
            self.submitted(session.scalars(tasks).one(), user, GOOD)
        calibration.close(session, made, self.eve, now=NOW)
        item = made.items[0]
        evaluation.agree_reference(
            session,
            item,
            self.sheet(GOOD),
            "agreed",
            lock_version=item.lock_version,
            user=self.eve,
            now=NOW,
        )
        review = self.submitted(first, self.ann, WEAK)
        review_service.claim(session, second, self.kim, now=NOW)
        review_service.skip(session, second, self.kim, SkipKind.NOT_REVIEWED, "noise", now=NOW)
        giving.ask_for_review(session, leg, self.bob, self.eve, "told", due_days=3, now=NOW)
        self.answered(leg, review)
        self.learned(leg, review)
        heard = live.begin(session, self.agent, self.project, self.bob, now=leg.started_at)
        evaluation.submit_live(
            session,
            heard,
            self.sheet(GOOD),
            "live",
            lock_version=heard.lock_version,
            user=self.bob,
            now=leg.started_at,
        )
        assert evaluation.settle_live(session, now=leg.started_at) == 1
        accesses.note(session, self.eve.id, [leg.call_id], AccessWay.EXPORT, now=NOW)

    def answered(self, leg: Leg, review: Review) -> None:
        session, ids = self.session, self.criteria()
        claim = disputes.Claim(ids["greeting"].id, DisputeReason.OVERLOOKED, "I did greet")
        dispute = disputes.raise_dispute(session, review, self.agent, self.own, [claim], now=NOW)
        ruling = {dispute.items[0].id: disputes.Ruling(DisputeResult.UPHELD, "heard it")}
        evaluation.decide_dispute(
            session, dispute, self.eve, ruling, {"greeting": {"answer": "yes"}}, now=NOW
        )
        feedback.object_to(session, review, self.agent, self.own, "unfair", now=NOW)
        coaching.set_cause(
            session,
            review,
            coaching.causes_of(session, self.site.id)[0].code,
            "noise",
            user=self.eve,
            now=NOW,
        )
        for about in ({"review": review, "criterion_ids": [ids["needs"].id]}, {"leg": leg}):
            talk = coaching.record_talk(
                session,
                self.agent,
                self.eve,
                kind=CoachingKind.TALK,
                words="calmly",
                held_on=leg.local_date,
                steps=[coaching.Step("breathe", None)],
                now=NOW,
                **about,
            )
            coaching.answer_talk(session, talk, self.own, "yes", now=NOW)
        asked = helping.ask(
            session,
            leg,
            self.agent,
            self.own,
            kind=HelpKind.PARTNER,
            words="help",
            at_ms=5,
            now=NOW,
        )
        helping.answer(session, asked, self.tim, "so", now=NOW)
        helping.offer_partner(session, asked, self.partner, self.tim, now=NOW)

    def learned(self, leg: Leg, review: Review) -> None:
        session = self.session
        one = exemplars.choose(
            session, leg, self.criteria()["greeting"], self.tim, WIDE, review=review, now=NOW
        )
        rest = playlists.make(session, self.site, None, "Calm", "", user=self.tim, now=NOW)
        playlists.note(session, playlists.add(session, rest, one, self.tim, now=NOW), "a note")
        quiz = practice.make_quiz(
            session,
            self.site,
            None,
            self.version,
            self.tim,
            title="Calm",
            about="",
            criteria=(),
            due_at=LATER,
            now=NOW,
        )
        item = evaluation.add_to_quiz(session, quiz, one, self.tim, now=NOW)
        evaluation.set_reference(
            session, item, self.sheet(GOOD), lock_version=item.lock_version, user=self.tim, now=NOW
        )
        practice.set_people(session, quiz, [self.bob], self.tim, now=NOW)
        practice.open_quiz(session, quiz, self.tim, now=NOW)
        attempt = practice.begin_attempt(session, item, self.bob, now=NOW)
        evaluation.submit_attempt(
            session,
            attempt,
            self.sheet(WEAK),
            user=self.bob,
            now=NOW,
            lock_version=attempt.lock_version,
        )

    def criteria(self) -> dict[str, Criterion]:
        return {row.lineage: row for part in self.version.sections for row in part.criteria}

    def besides(self) -> None:
        session, by = self.session, {"now": NOW, "actor": self.eve}
        user, site = self.eve, self.site
        giving.set_time(session, site, self.ann, 600, user, now=NOW)
        disputes.set_days(session, site, self.project, disputes.Days(5, 5), user=user, now=NOW)
        coaching.set_causes(session, site, coaching_rules.DEFAULT_CAUSES, user=user, now=NOW)
        targets.set_target(
            session,
            site,
            None,
            next(iter(AIMED_AT)),
            value=8_000,
            starts_on=NOW.date(),
            ends_on=LATER.date(),
            focus=True,
            user=user,
            now=NOW,
        )
        draft = drafts.next_draft(session, self.version, **by)
        rule = with_section(drafts.locked(session, draft), "end", TEXT)
        drafts.keep(session, draft, rule, "section", **by)
        guide = guides.begin(session, self.project, "script", TEXT, TEXT, **by)
        drafts.open_for_comment(session, draft, **by)
        said = comments.comment(session, draft, "too long", now=NOW, author=self.own)
        comments.answer(session, said, "where?", now=NOW, author=user)
        notices.tell(
            session,
            now=NOW,
            to=[user.id],
            kind=NoticeKind.DRAFT_OPEN,
            subject="guide_version",
            subject_uid=guide.uid,
        )
        session.add_all(
            [
                NoticeChoice(user_id=user.id, kind=NoticeKind.DRAFT_OPEN, mailed=False),
                MailAddress(user_id=user.id, address="eve@example.com"),
            ]
        )
        rights.set_limits(
            session,
            site,
            person_figures=PersonFigures.OFF,
            request_days=20,
            now=NOW,
            actor=user.uid,
        )
        self.request = rights.file_request(
            session,
            site,
            kind=RequestKind.ERASURE,
            whose=RequestOf.CUSTOMER,
            reference="file 7",
            words="please",
            received_on=NOW.date(),
            now=NOW,
            user=user,
        )
        rights.name_customer(session, self.request, self.customer, now=NOW, user=user)


def counted(engine: Engine) -> dict[str, int]:
    with read_session(engine) as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in metadata.tables.items()
        }


@pytest.fixture
def house(own_engine: Engine) -> House:
    with write_session(own_engine) as session:
        return House(session)


def test_time_and_erasure_pass_a_full_house(
    own_engine: Engine, house: House, tmp_path: Path
) -> None:
    storage, before = LocalStorage(tmp_path / "files"), counted(own_engine)
    with write_session(own_engine) as session:
        customer = session.get_one(Customer, house.customer.id)
        request = session.get_one(RightsRequest, house.request.id)
        erasure.erase_customer(
            session, storage, customer, now=NOW, actor=house.eve.uid, request=request
        )
        rights.close_request(session, request, granted=True, answer="done", now=NOW, user=house.eve)
        for subject in RetentionSubject:
            service.set_rule(session, house.site, None, subject, 1, now=NOW, actor=None)
    # First what is old by now goes, then, much later, all of it.
    for now in (NOW, NOW + timedelta(days=400)):
        service.run_retention(own_engine, storage, now)
        after = counted(own_engine)
        for kept in ("review", "review_revision", "answer", "dispute", "drawn_call", "task"):
            assert after[kept] == before[kept], kept
    with read_session(own_engine) as session:
        assert session.scalars(select(SelfAssessment.draft)).all() == [{}, {}]
    assert after["exemplar"] == after["help_request"] == after["rights_request"] == 0
    assert after["erasure_proof"] == 1


def test_exemplars_notes_and_tasks_of_before_pass_the_migrations(
    own_engine: Engine, house: House
) -> None:
    before = counted(own_engine)
    schema.downgrade(own_engine, "0009")
    new = set(metadata.tables) - set(inspect(own_engine).get_table_names())
    # The house is full: only an erasure leaves a proof.
    assert {name for name in new if not before[name]} == {"erasure_proof"}
    schema.upgrade(own_engine)
    assert schema.differences(own_engine) == []
    after = counted(own_engine)
    kept = ("exemplar", "review", "review_revision", "answer", "task", "drawn_call", "objection")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    with read_session(own_engine) as session:
        legs = session.scalars(select(Exemplar.leg_id).order_by(Exemplar.id)).all()
        assert legs == [call.legs[0].id for call in house.calls]
        assert session.scalars(select(Review.notes).distinct()).all() == [[]]
