"""Disputes of single criteria, on both databases: raised once, in time, decided by others."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.disputes import DisputeItem
from models.operations import AuditEntry
from models.reviews import SelfAssessment
from models.scorecards import Criterion
from models.vocab import AssessmentState, RevisionCause
from models.vocab_learning import DisputeReason, DisputeResult, DisputeState
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.retention.words import clear_words, clear_words_of_legs
from pipelines.review import disputes, service, verdicts
from pipelines.review.disputes import Claim, Days, Ruling
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import version_rule
from tests import factories as make
from tests.factories import NOW

DAY = timedelta(days=1)
WEAK = {"greeting": "no", "needs": "needs_some", "identity": "yes"}
UPHELD, PARTLY, STANDS = DisputeResult.UPHELD, DisputeResult.PARTLY, DisputeResult.NOT_UPHELD


class World:
    """A reviewed call of an agent, and another one that nothing below may touch."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.site = make.make_site(session)
        team = make.make_team(session, self.site)
        self.ann, self.bob = make.make_user(session), make.make_user(session)
        self.agent_user = make.make_user(session)
        self.agent = make.make_agent(session, team, user=self.agent_user)
        task, other = make.make_tasks(session, self.agent, team, count=2)
        self.project = task.leg.call.project
        self.ids = {row.lineage: row.id for row in session.scalars(select(Criterion))}
        self.review, self.other = self.reviewed(task), self.reviewed(other)
        for own in session.scalars(select(SelfAssessment)):
            own.state, own.due_at = AssessmentState.LAPSED, NOW + DAY
        session.flush()

    def reviewed(self, task: Any) -> Any:
        service.claim(self.session, task, self.ann, now=NOW)
        review = verdicts.start_or_get_review(self.session, task, self.ann, now=NOW)
        sheet = sheet_of(version_rule(self.session, review.version_id), WEAK, "not heard")
        evaluation.submit_review(
            self.session,
            review,
            sheet,
            "",
            lock_version=review.lock_version,
            user=self.ann,
            now=NOW,
        )
        return review

    def claims(self, *lineages: str) -> list[Claim]:
        span = {"start_ms": 0, "end_ms": 900, "words": "Good morning"}
        return [
            Claim(self.ids[one], DisputeReason.OVERLOOKED, f"about {one}", (span,))
            for one in lineages
        ]

    def disputed(self, *lineages: str, at: Any = NOW + 2 * DAY) -> Any:
        return disputes.raise_dispute(
            self.session, self.review, self.agent, self.agent_user, self.claims(*lineages), now=at
        )

    def decided(self, dispute: Any, rulings: Any, answers: Any, user: Any = None) -> None:
        by_id = {item.id: Ruling(*rulings[item.criterion.lineage]) for item in dispute.items}
        given = {lineage: {"answer": answer} for lineage, answer in answers.items()}
        evaluation.decide_dispute(
            self.session, dispute, user or self.bob, by_id, given, now=NOW + 3 * DAY
        )


@pytest.fixture
def world(session: Any) -> World:
    return World(session)


def refused(code: str) -> Any:
    return pytest.raises(DomainError, match=f"^{code}\\(")


def test_each_criterion_once_within_the_days_that_are_set(world: World) -> None:
    with refused("dispute_empty"):
        world.disputed()
    # The time for the own view ended a day after the review: the window counts from there.
    with refused("dispute_too_late"):
        world.disputed("greeting", at=NOW + 15 * DAY)
    first = world.disputed("greeting", at=NOW + 15 * DAY - timedelta(seconds=1))
    assert first.due_at == NOW + 22 * DAY - timedelta(seconds=1)
    with refused("dispute_once"):
        world.disputed("needs", "greeting")
    with refused("dispute_not_judged"):
        world.disputed("praise")
    disputes.set_days(world.session, world.site, None, Days(3, 2), user=world.bob, now=NOW)
    disputes.set_days(
        world.session, world.site, world.project, Days(30, 5), user=world.bob, now=NOW
    )
    second = world.disputed("needs", at=NOW + 30 * DAY)
    assert second.due_at == NOW + 35 * DAY
    disputes.set_days(world.session, world.site, world.project, None, user=world.bob, now=NOW)
    assert disputes.window_ends(world.session, world.review) == NOW + 4 * DAY
    # An own view that nobody asked for, given late, opens no window anew.
    own = world.session.scalars(
        select(SelfAssessment).where(SelfAssessment.leg_id == world.review.leg_id)
    ).one()
    own.voluntary, own.state, own.submitted_at = True, AssessmentState.SUBMITTED, NOW + 9 * DAY
    world.session.flush()
    assert disputes.window_ends(world.session, world.review) == NOW + 3 * DAY
    with refused("dispute_days_unfit"):
        disputes.set_days(world.session, world.site, None, Days(0, 2), user=world.bob, now=NOW)


def test_only_the_agent_disputes_and_takes_back_while_nothing_is_decided(world: World) -> None:
    stranger = make.make_agent(world.session, make.make_team(world.session, world.site))
    with refused("not_own_call"):
        disputes.raise_dispute(
            world.session, world.review, stranger, world.bob, world.claims("greeting"), now=NOW
        )
    dispute = world.disputed("greeting")
    with refused("not_own_call"):
        disputes.withdraw(world.session, dispute, world.bob, now=NOW)
    disputes.withdraw(world.session, dispute, world.agent_user, now=NOW + 2 * DAY)
    assert world.session.scalars(select(DisputeItem)).all() == []
    assert world.disputed("greeting").state is DisputeState.OPEN


def test_somebody_else_decides_wholly_in_part_or_not_and_the_old_score_is_kept(
    world: World,
) -> None:
    dispute = world.disputed("greeting", "needs")
    rulings = {"greeting": (UPHELD, "You did, at 0:00."), "needs": (STANDS, "Once is little.")}
    for person, code in ((world.ann, "dispute_by_reviewer"), (world.agent_user, "own_call")):
        with refused(code):
            world.decided(dispute, rulings, {"greeting": "yes", "praise": "no"}, person)
    # What was not disputed stays, whatever is sent for it; a condition that opens is answered.
    world.decided(dispute, rulings, {"greeting": "yes", "praise": "yes", "identity": "no"})
    history = [(row.cause, row.earned, row.attainable) for row in world.review.revisions]
    assert history == [(RevisionCause.SUBMITTED, 1600, 3000), (RevisionCause.DISPUTE, 2300, 3000)]
    assert (dispute.before.earned, dispute.revision.earned) == (1600, 2300)
    assert [item.result for item in dispute.items] == [UPHELD, STANDS]
    answers = {row.criterion.lineage: row for row in world.review.current.answers}
    assert answers["greeting"].comment == "You did, at 0:00."
    assert answers["greeting"].evidence[0]["words"] == "Good morning"
    assert answers["needs"].comment == ""
    with refused("dispute_decided"):
        world.decided(dispute, rulings, {"greeting": "yes"})
    # Whoever decided gave a score: the next dispute is for a third person.
    later = world.disputed("identity", at=NOW + 4 * DAY)
    with refused("dispute_by_reviewer"):
        world.decided(later, {"identity": (STANDS, "no")}, {})
    assert len(world.other.revisions) == 1
    actions = world.session.scalars(
        select(AuditEntry.action).where(AuditEntry.subject == "dispute").order_by(AuditEntry.id)
    ).all()
    assert actions == ["dispute.raised", "dispute.decided", "dispute.raised"]


@pytest.mark.parametrize(
    ("lineage", "result", "answer", "code"),
    [
        ("needs", PARTLY, "needs_none", "dispute_lowers"),
        ("needs", UPHELD, "needs_some", "dispute_unchanged"),
        ("greeting", UPHELD, "no such", "sheet_incomplete"),
        # Out of the attainable points with all that it earned: the percentage would fall.
        ("identity", UPHELD, "na", "dispute_lowers"),
    ],
)
def test_a_dispute_never_lowers_a_score(
    world: World, lineage: str, result: DisputeResult, answer: str, code: str
) -> None:
    dispute = world.disputed(lineage)
    with refused(code), world.session.begin_nested():
        world.decided(dispute, {lineage: (result, "so")}, {lineage: answer})
    world.session.refresh(dispute)
    assert dispute.state is DisputeState.OPEN
    assert len(world.review.revisions) == 1


def test_an_answer_that_stands_makes_no_new_score(world: World) -> None:
    dispute = world.disputed("greeting")
    with refused("objection_answer_needed"), world.session.begin_nested():
        world.decided(dispute, {"greeting": (STANDS, " ")}, {})
    world.decided(dispute, {"greeting": (STANDS, "Not heard.")}, {"greeting": "yes"})
    assert (dispute.revision_id, len(world.review.revisions)) == (None, 1)


def test_words_of_disputes_go_with_the_customer_and_in_time(world: World) -> None:
    dispute = world.disputed("greeting")
    world.decided(dispute, {"greeting": (STANDS, "Not heard.")}, {})
    clear_words_of_legs(world.session, [world.review.leg_id], "customer_erased")
    (item,) = dispute.items
    assert (item.words, item.answer, item.evidence) == ("", "", [])
    assert (item.result, dispute.decided_by_id) == (STANDS, world.bob.id)
    clear_words(world.session, [world.review], "retention", people=True)
    assert dispute.decided_by_id is None
