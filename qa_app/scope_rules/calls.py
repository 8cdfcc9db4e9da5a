"""Which calls, and what is judged of them, a grant reaches."""

from typing import Any

from sqlalchemy import and_, exists, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from models.calls import (
    Call,
    Complaint,
    Leg,
    Recording,
    Survey,
)
from models.disputes import Dispute
from models.operations import Job
from models.phrases import PhraseHit, PhraseRule
from models.reviewing import LiveReview
from models.reviews import Objection, Review, SelfAssessment, Task
from models.transcripts import Transcript
from models.vocab import Origin, ReviewState, Role, TaskState
from qa_app.permissions import Action
from qa_app.scope_rules.look import Condition, Look, at_site, in_area, of_own

AMONG_REVIEWERS = (Origin.SECOND, Origin.CALIBRATION, Origin.PRACTICE)
"""What reviewers do to agree with each other; it is no verdict on the agent's call."""


def legs(look: Look, *, of_call: bool = False) -> Condition:
    """Legs; ``of_call`` where they are asked for by their call, which is what an index is for."""
    if look.grant.role is Role.AGENT:
        return of_own(look, Leg.agent_id)
    if look.grant.role is Role.REVIEWER:
        mine = exists().where(
            Task.leg_id == Leg.id,
            Task.assignee_id == look.person.id,
            in_area(look, Task.site_id, Task.team_id),
        )
        if look.action is not Action.OBJECTIONS_ANSWER:
            return mine
        objected = exists().where(
            Objection.review_id == Review.id, Review.leg_id == Leg.id, objections(look)
        )
        disputed = exists().where(
            Dispute.review_id == Review.id, Review.leg_id == Leg.id, disputes(look)
        )
        return or_(mine, objected, disputed)
    if of_call:
        # "+ 0", or SQLite goes through all legs of the site for each call.
        return in_area(look, Leg.site_id + 0, Leg.team_id + 0)
    return in_area(look, Leg.site_id, Leg.team_id)


def calls(look: Look) -> Condition:
    """Return which calls the grant reaches."""
    return exists().where(Leg.call_id == Call.id, legs(look, of_call=True))


def managed_calls(look: Look) -> Condition:
    """Return which managed calls the grant reaches."""
    # A call without legs (nobody answered) still belongs to its site.
    whole = look.grant.role in (Role.TRAINER, Role.MANAGER) and look.grant.team_id is None
    return at_site(look, Call.site_id) if whole else calls(look)


def recordings(look: Look) -> Condition:
    """Return which recordings the grant reaches."""
    return exists().where(Leg.call_id == Recording.call_id, legs(look, of_call=True))


def phrase_rules(look: Look) -> Condition:
    """Return which phrase rules the grant reaches."""
    # Read by people of any team, since rules belong to a project; changed for whole sites only.
    if look.action is Action.PHRASES_WRITE:
        return in_area(look, PhraseRule.site_id, None)
    return at_site(look, PhraseRule.site_id)


def phrase_hits(look: Look) -> Condition:
    """Return which phrase hits the grant reaches."""
    # Reviewers and agents meet hits on their own pages only, where a plan or a feedback allows it.
    if look.grant.role not in (Role.TRAINER, Role.MANAGER):
        return false()
    return exists().where(
        Transcript.id == PhraseHit.transcript_id,
        Recording.id == Transcript.recording_id,
        recordings(look),
    )


def jobs(look: Look) -> Condition:
    """Return which jobs the grant reaches."""
    # Jobs carry ids only and belong to the installation; leading people opens those about calls.
    if look.grant.role is Role.ADMIN:
        if look.action is not Action.QUEUE_WRITE:
            return true()
        about = exists().where(
            Recording.id == Job.recording_id, in_area(look, Recording.site_id, None)
        )
        return or_(Job.recording_id.is_(None), about.correlate(Job))
    # Lists of jobs name their recordings too, and must not lend them to this question.
    return exists().where(Recording.id == Job.recording_id, recordings(look)).correlate(Job)


def surveys(look: Look) -> Condition:
    """Return which surveys the grant reaches."""
    # Agents and reviewers meet answers on feedback pages only, never by browsing.
    if look.grant.role not in (Role.TRAINER, Role.MANAGER):
        return false()
    return exists().where(Leg.call_id == Survey.call_id, legs(look))


def complaints(look: Look) -> Condition:
    """Return which complaints the grant reaches."""
    if look.grant.role not in (Role.TRAINER, Role.MANAGER):
        return false()
    return in_area(look, Complaint.site_id, Complaint.team_id)


def tasks(look: Look) -> Condition:
    """Return which tasks the grant reaches."""
    area = in_area(look, Task.site_id, Task.team_id)
    if look.grant.role is Role.REVIEWER:
        return and_(area, or_(Task.assignee_id.is_(None), Task.assignee_id == look.person.id))
    return area if look.grant.role is Role.MANAGER else false()


def reviews(look: Look) -> Condition:
    """Return which reviews the grant reaches."""
    area = in_area(look, Review.site_id, Review.team_id)
    submitted = Review.state == ReviewState.SUBMITTED
    if look.grant.role is Role.AGENT:
        mine = exists().where(Leg.id == Review.leg_id, of_own(look, Leg.agent_id))
        return and_(mine, submitted, Review.origin.not_in(AMONG_REVIEWERS))
    if look.action is Action.OBJECTIONS_ANSWER:
        others = and_(area, submitted, Review.reviewer_id.is_distinct_from(look.person.id))
        return and_(others, ~second_open()) if Role.REVIEWER in look.person.roles else others
    if look.grant.role is Role.REVIEWER:
        return Review.reviewer_id == look.person.id
    if Role.REVIEWER in look.person.roles:
        # Who leads and reviews as well might take the second reading yet.
        return and_(area, submitted, ~second_open())
    return and_(area, submitted)


def second_open(leg_id: Any = Review.leg_id) -> Condition:
    """Return whether somebody may still read a second time: until then no reviewer learns more."""
    second = aliased(Task)
    return exists().where(
        second.leg_id == leg_id,
        second.origin == Origin.SECOND,
        second.state.in_((TaskState.OPEN, TaskState.CLAIMED)),
    )


def live_reviews(look: Look) -> Condition:
    """Return which live reviews the grant reaches."""
    submitted = LiveReview.state == ReviewState.SUBMITTED
    if look.grant.role is Role.AGENT:
        return and_(of_own(look, LiveReview.agent_id), submitted)
    mine = LiveReview.reviewer_id == look.person.id
    area = in_area(look, LiveReview.site_id, LiveReview.team_id)
    if look.action is Action.LIVE_WRITE or look.grant.role is Role.REVIEWER:
        return mine
    return or_(mine, and_(area, submitted))


def reviews_outside_rounds(look: Look) -> Condition:
    """Return which reviews outside rounds the grant reaches."""
    # A review of a calibration round is met in the round's own session, and nowhere else.
    if look.action is Action.REVIEWS_WRITE:
        return reviews(look)
    return and_(reviews(look), Review.origin != Origin.CALIBRATION)


def objections(look: Look) -> Condition:
    """Return which objections the grant reaches."""
    area = in_area(look, Objection.site_id, Objection.team_id)
    if look.grant.role is Role.AGENT:
        return of_own(look, Objection.agent_id)
    # An alias, since the rule for legs asks this inside a query about reviews.
    written = aliased(Review)
    mine = exists().where(written.id == Objection.review_id, written.reviewer_id == look.person.id)
    if look.action is Action.OBJECTIONS_ANSWER:
        # Somebody other than the reviewer answers, whatever role they hold.
        return and_(area, ~mine, ~_may_be_read_again(look, Objection.review_id))
    return mine if look.grant.role is Role.REVIEWER else area


def _may_be_read_again(look: Look, review_id: InstrumentedAttribute[int]) -> Condition:
    """Return whether the person might take the second reading yet of a review objected to."""
    if Role.REVIEWER not in look.person.roles:
        return false()
    first = aliased(Review)
    return exists().where(first.id == review_id, second_open(first.leg_id))


def disputes(look: Look) -> Condition:
    """Return which disputes the grant reaches."""
    area = in_area(look, Dispute.site_id, Dispute.team_id)
    if look.grant.role is Role.AGENT:
        return of_own(look, Dispute.agent_id)
    written = aliased(Review)
    mine = exists().where(written.id == Dispute.review_id, written.reviewer_id == look.person.id)
    unread = ~_may_be_read_again(look, Dispute.review_id)
    if look.action is Action.OBJECTIONS_ANSWER:
        return and_(area, ~mine, unread)
    return mine if look.grant.role is Role.REVIEWER else and_(area, unread)


def assessments(look: Look) -> Condition:
    """Return which assessments the grant reaches."""
    if look.grant.role is Role.AGENT:
        return of_own(look, SelfAssessment.agent_id)
    if look.grant.role is Role.REVIEWER:
        return false()
    return in_area(look, SelfAssessment.site_id, SelfAssessment.team_id)
