"""Which rows a person may see: every scoped table's rule, in one place.

A rule turns one grant into a condition. A person sees a row when one of the grants that allow the
action sees it. Managers and trainers see by site or team as they were at the time of the call;
agents see their own legs; reviewers what they were given to do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from models.base import Base
from models.calibration import CalibrationItem, CalibrationRound, CalibrationSeat
from models.calls import (
    Call,
    Complaint,
    Hotword,
    Leg,
    MediaFile,
    Project,
    Recording,
    Survey,
)
from models.coaching import CoachingSession, CoachingStep, HelpRequest, Target
from models.conversations import Conversation
from models.disputes import Dispute
from models.drafts import DraftComment
from models.guides import Guide, GuideVersion
from models.measures import DailyFact, DirtyDay
from models.operations import AuditEntry, ImportFile, Job, Listening, RetentionRule
from models.people import Agent, Site, Team, TeamMember, User, UserRole
from models.phrases import PhraseHit, PhraseRule, PhraseTrial
from models.practice import Playlist, PracticeAttempt, Quiz, QuizItem, QuizPerson
from models.reviewing import LiveReview
from models.reviews import Exemplar, Objection, Review, SelfAssessment, Task
from models.rights import CallAccess, ErasureProof, RightsRequest, SiteLimits
from models.samples import Draw, DrawnCall, SamplePlan
from models.scorecards import Scorecard, ScorecardVersion
from models.transcripts import Transcript
from models.vocab import (
    ExemplarAudience,
    ExemplarState,
    Origin,
    QuizState,
    ReviewState,
    Role,
    TaskState,
    VersionState,
)
from qa_app.permissions import Action, Grant, Person, grants_for

Condition = ColumnElement[bool]
Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True)
class Look:
    """One grant of a person, looking for something on a day."""

    person: Person
    grant: Grant
    action: Action
    today: date


def narrowed(person: Person, model: type[Base], action: Action, today: date) -> Condition:
    """Return the condition under which the person may see a row of ``model`` for ``action``."""
    rule = RULES[model]
    looks = (Look(person, grant, action, today) for grant in grants_for(person, action))
    return or_(false(), *(rule(look) for look in looks))


def select_visible(person: Person, model: type[Row], action: Action, today: date) -> Select[Row]:
    """Return ``select(model)`` narrowed to what the person may see for the action."""
    return select(model).where(narrowed(person, model, action, today))


def _area(
    look: Look,
    site: InstrumentedAttribute[int] | ColumnElement[int],
    team: InstrumentedAttribute[int | None] | ColumnElement[int | None] | None,
) -> Condition:
    """Rows of the grant's site, or of its team. Without a team column: for whole sites only."""
    if look.grant.team_id is None:
        return site == look.grant.site_id
    if team is None:
        return false()
    return and_(site == look.grant.site_id, team == look.grant.team_id)


def _site(look: Look, site: InstrumentedAttribute[int]) -> Condition:
    """Rows of the grant's site, shown to people of any of its teams too."""
    return site == look.grant.site_id


def _own(
    look: Look, agent: InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
) -> Condition:
    return false() if look.person.agent_id is None else agent == look.person.agent_id


def _leg(look: Look, *, of_call: bool = False) -> Condition:
    """Legs; ``of_call`` where they are asked for by their call, which is what an index is for."""
    if look.grant.role is Role.AGENT:
        return _own(look, Leg.agent_id)
    if look.grant.role is Role.REVIEWER:
        mine = exists().where(
            Task.leg_id == Leg.id,
            Task.assignee_id == look.person.id,
            _area(look, Task.site_id, Task.team_id),
        )
        if look.action is not Action.OBJECTIONS_ANSWER:
            return mine
        objected = exists().where(
            Objection.review_id == Review.id, Review.leg_id == Leg.id, _objection(look)
        )
        disputed = exists().where(
            Dispute.review_id == Review.id, Review.leg_id == Leg.id, _dispute(look)
        )
        return or_(mine, objected, disputed)
    if of_call:
        # "+ 0", or SQLite goes through all legs of the site for each call.
        return _area(look, Leg.site_id + 0, Leg.team_id + 0)
    return _area(look, Leg.site_id, Leg.team_id)


def _call(look: Look) -> Condition:
    return exists().where(Leg.call_id == Call.id, _leg(look, of_call=True))


def _managed_call(look: Look) -> Condition:
    # A call without legs (nobody answered) still belongs to its site.
    whole = look.grant.role in (Role.TRAINER, Role.MANAGER) and look.grant.team_id is None
    return _site(look, Call.site_id) if whole else _call(look)


def _recording(look: Look) -> Condition:
    return exists().where(Leg.call_id == Recording.call_id, _leg(look, of_call=True))


def _phrase_rule(look: Look) -> Condition:
    # Read by people of any team, since rules belong to a project; changed for whole sites only.
    if look.action is Action.PHRASES_WRITE:
        return _area(look, PhraseRule.site_id, None)
    return _site(look, PhraseRule.site_id)


def _phrase_hit(look: Look) -> Condition:
    # Reviewers and agents meet hits on their own pages only, where a plan or a feedback allows it.
    if look.grant.role not in (Role.TRAINER, Role.MANAGER):
        return false()
    return exists().where(
        Transcript.id == PhraseHit.transcript_id,
        Recording.id == Transcript.recording_id,
        _recording(look),
    )


def _job(look: Look) -> Condition:
    # Jobs carry ids only and belong to the installation; leading people opens those about calls.
    if look.grant.role is Role.ADMIN:
        if look.action is not Action.QUEUE_WRITE:
            return true()
        about = exists().where(
            Recording.id == Job.recording_id, _area(look, Recording.site_id, None)
        )
        return or_(Job.recording_id.is_(None), about.correlate(Job))
    # Lists of jobs name their recordings too, and must not lend them to this question.
    return exists().where(Recording.id == Job.recording_id, _recording(look)).correlate(Job)


def _survey(look: Look) -> Condition:
    # Agents and reviewers meet answers on feedback pages only, never by browsing.
    if look.grant.role not in (Role.TRAINER, Role.MANAGER):
        return false()
    return exists().where(Leg.call_id == Survey.call_id, _leg(look))


def _complaint(look: Look) -> Condition:
    if look.grant.role not in (Role.TRAINER, Role.MANAGER):
        return false()
    return _area(look, Complaint.site_id, Complaint.team_id)


def _task(look: Look) -> Condition:
    area = _area(look, Task.site_id, Task.team_id)
    if look.grant.role is Role.REVIEWER:
        return and_(area, or_(Task.assignee_id.is_(None), Task.assignee_id == look.person.id))
    return area if look.grant.role is Role.MANAGER else false()


AMONG_REVIEWERS = (Origin.SECOND, Origin.CALIBRATION, Origin.PRACTICE)
"""What reviewers do to agree with each other; it is no verdict on the agent's call."""


def _review(look: Look) -> Condition:
    area = _area(look, Review.site_id, Review.team_id)
    submitted = Review.state == ReviewState.SUBMITTED
    if look.grant.role is Role.AGENT:
        mine = exists().where(Leg.id == Review.leg_id, _own(look, Leg.agent_id))
        return and_(mine, submitted, Review.origin.not_in(AMONG_REVIEWERS))
    if look.action is Action.OBJECTIONS_ANSWER:
        others = and_(area, submitted, Review.reviewer_id.is_distinct_from(look.person.id))
        return and_(others, ~_second_open()) if Role.REVIEWER in look.person.roles else others
    if look.grant.role is Role.REVIEWER:
        return Review.reviewer_id == look.person.id
    if Role.REVIEWER in look.person.roles:
        # Who leads and reviews as well might take the second reading yet.
        return and_(area, submitted, ~_second_open())
    return and_(area, submitted)


def _second_open() -> Condition:
    """Return whether somebody may still read a second time: until then no reviewer learns more."""
    second = aliased(Task)
    return exists().where(
        second.leg_id == Review.leg_id,
        second.origin == Origin.SECOND,
        second.state.in_((TaskState.OPEN, TaskState.CLAIMED)),
    )


def _live(look: Look) -> Condition:
    submitted = LiveReview.state == ReviewState.SUBMITTED
    if look.grant.role is Role.AGENT:
        return and_(_own(look, LiveReview.agent_id), submitted)
    mine = LiveReview.reviewer_id == look.person.id
    area = _area(look, LiveReview.site_id, LiveReview.team_id)
    if look.action is Action.LIVE_WRITE or look.grant.role is Role.REVIEWER:
        return mine
    return or_(mine, and_(area, submitted))


def _review_outside_rounds(look: Look) -> Condition:
    # A review of a calibration round is met in the round's own session, and nowhere else.
    if look.action is Action.REVIEWS_WRITE:
        return _review(look)
    return and_(_review(look), Review.origin != Origin.CALIBRATION)


def _round(look: Look) -> Condition:
    if look.grant.role is Role.REVIEWER:
        # An alias, since the rule for items asks this inside a query about items.
        scored = aliased(CalibrationItem)
        return exists().where(
            scored.round_id == CalibrationRound.id,
            CalibrationSeat.item_id == scored.id,
            CalibrationSeat.reviewer_id == look.person.id,
        )
    # Who leads several teams may have put calls of all of them into one round.
    mine = and_(
        CalibrationRound.created_by_id == look.person.id, _site(look, CalibrationRound.site_id)
    )
    return or_(mine, _area(look, CalibrationRound.site_id, CalibrationRound.team_id))


def _objection(look: Look) -> Condition:
    area = _area(look, Objection.site_id, Objection.team_id)
    if look.grant.role is Role.AGENT:
        return _own(look, Objection.agent_id)
    # An alias, since the rule for legs asks this inside a query about reviews.
    written = aliased(Review)
    mine = exists().where(written.id == Objection.review_id, written.reviewer_id == look.person.id)
    if look.action is Action.OBJECTIONS_ANSWER:
        # Somebody other than the reviewer answers, whatever role they hold.
        return and_(area, ~mine)
    return mine if look.grant.role is Role.REVIEWER else area


def _dispute(look: Look) -> Condition:
    area = _area(look, Dispute.site_id, Dispute.team_id)
    if look.grant.role is Role.AGENT:
        return _own(look, Dispute.agent_id)
    written = aliased(Review)
    mine = exists().where(written.id == Dispute.review_id, written.reviewer_id == look.person.id)
    if look.action is Action.OBJECTIONS_ANSWER:
        return and_(area, ~mine)
    return mine if look.grant.role is Role.REVIEWER else area


def _help(look: Look) -> Condition:
    if look.grant.role is Role.AGENT:
        # The colleague who was asked to pair up reads the request too, but never the call.
        asked = _own(look, HelpRequest.agent_id)
        if look.action is Action.HELP_ASK:
            return asked
        return or_(asked, _own(look, HelpRequest.partner_id))
    return _area(look, HelpRequest.site_id, HelpRequest.team_id)


def _coaching(look: Look) -> Condition:
    if look.grant.role is Role.AGENT:
        return _own(look, CoachingSession.agent_id)
    return _area(look, CoachingSession.site_id, CoachingSession.team_id)


def _target(look: Look) -> Condition:
    # Read by everybody of the site, set for the own team or the whole site.
    if look.action is Action.TARGETS_WRITE:
        return _area(look, Target.site_id, Target.team_id)
    return _site(look, Target.site_id)


def _assessment(look: Look) -> Condition:
    if look.grant.role is Role.AGENT:
        return _own(look, SelfAssessment.agent_id)
    if look.grant.role is Role.REVIEWER:
        return false()
    return _area(look, SelfAssessment.site_id, SelfAssessment.team_id)


def _exemplar(look: Look) -> Condition:
    area = _area(look, Exemplar.site_id, Exemplar.team_id)
    if look.action is Action.EXEMPLARS_CHOOSE:
        return area
    owner = aliased(Leg)
    mine = exists().where(owner.id == Exemplar.leg_id, _own(look, owner.agent_id))
    if look.action is Action.EXEMPLARS_OWN:
        return and_(mine, Exemplar.state != ExemplarState.WITHDRAWN)
    everywhere = and_(Exemplar.audience == ExemplarAudience.SITE, _site(look, Exemplar.site_id))
    return and_(
        Exemplar.state == ExemplarState.SHARED,
        or_(everywhere, and_(Exemplar.audience == ExemplarAudience.TEAM, area)),
    )


def _playlist(look: Look) -> Condition:
    area = _area(look, Playlist.site_id, Playlist.team_id)
    if look.action is Action.EXEMPLARS_CHOOSE:
        return area
    everywhere = and_(Playlist.team_id.is_(None), _site(look, Playlist.site_id))
    return or_(area, everywhere)


def _quiz(look: Look) -> Condition:
    if look.action is Action.PRACTICE_LEAD:
        return _area(look, Quiz.site_id, Quiz.team_id)
    # Asked for by name; what is still being made is nobody's to see.
    asked = exists().where(QuizPerson.quiz_id == Quiz.id, QuizPerson.user_id == look.person.id)
    return and_(asked, Quiz.state != QuizState.DRAFT)


def _quiz_item(look: Look) -> Condition:
    return exists().where(Quiz.id == QuizItem.quiz_id, _quiz(look))


def _attempt(look: Look) -> Condition:
    if look.action is not Action.PRACTICE_LEAD:
        return PracticeAttempt.user_id == look.person.id
    return exists().where(QuizItem.id == PracticeAttempt.item_id, _quiz_item(look))


def _agent(look: Look) -> Condition:
    if look.grant.role is Role.AGENT:
        return _own(look, Agent.id)
    if look.grant.team_id is None:
        return _site(look, Agent.site_id)
    return exists().where(
        TeamMember.agent_id == Agent.id,
        TeamMember.team_id == look.grant.team_id,
        TeamMember.valid_from <= look.today,
        or_(TeamMember.valid_to.is_(None), TeamMember.valid_to > look.today),
    )


def _user(look: Look) -> Condition:
    held = exists().where(UserRole.user_id == User.id, UserRole.site_id == look.grant.site_id)
    # A person without any role would otherwise be out of everybody's reach.
    unplaced = ~exists().where(UserRole.user_id == User.id)
    return or_(held, unplaced)


def _project(look: Look) -> Condition:
    # What a whole project is told is not for those who lead one of its teams to change.
    if look.action in (Action.HOTWORDS_WRITE, Action.SCORECARDS_WRITE, Action.GUIDES_WRITE):
        return _area(look, Project.site_id, None)
    return _site(look, Project.site_id)


def _scorecard(look: Look) -> Condition:
    # A scorecard without a site is every site's. What all go by, leading one team does not change.
    if look.action is Action.SCORECARDS_WRITE and look.grant.team_id is not None:
        return false()
    return or_(Scorecard.site_id.is_(None), Scorecard.site_id == look.grant.site_id)


def _scorecard_version(look: Look) -> Condition:
    return exists().where(Scorecard.id == ScorecardVersion.scorecard_id, _scorecard(look))


def _guide(look: Look) -> Condition:
    if look.action is Action.GUIDES_WRITE:
        return _area(look, Guide.site_id, None)
    return _site(look, Guide.site_id)


def _guide_version(look: Look) -> Condition:
    # A draft is its authors'; it opens to all when it is open for comment.
    there = exists().where(Guide.id == GuideVersion.guide_id, _guide(look))
    if look.action is Action.GUIDES_WRITE or look.grant.role is Role.MANAGER:
        return there
    return and_(there, GuideVersion.state != VersionState.DRAFT)


def _draft_comment(look: Look) -> Condition:
    # Whoever may read a draft reads what is said about it.
    of_card = exists().where(
        ScorecardVersion.id == DraftComment.version_id,
        ScorecardVersion.state != VersionState.DRAFT,
        _scorecard_version(look),
    )
    of_guide = exists().where(
        GuideVersion.id == DraftComment.guide_version_id, _guide_version(look)
    )
    if look.grant.role is Role.MANAGER:
        of_card = exists().where(
            ScorecardVersion.id == DraftComment.version_id, _scorecard_version(look)
        )
    return or_(of_card, of_guide)


def _fact(look: Look) -> Condition:
    if look.grant.role is Role.AGENT:
        return _own(look, DailyFact.agent_id)
    return _area(look, DailyFact.site_id, DailyFact.team_id)


def _audit(look: Look) -> Condition:
    # Entries carry no site: an admin reads those of the machine and of people of the own sites.
    known = exists().where(User.uid == AuditEntry.actor_uid, _user(look))
    return or_(AuditEntry.actor_uid.is_(None), known)


RULES: dict[type[Base], Callable[[Look], Condition]] = {
    Agent: _agent,
    AuditEntry: _audit,
    # Not an "exists": a question that names its rounds too must not lend them to this one.
    CalibrationItem: lambda look: CalibrationItem.round_id.in_(
        select(CalibrationRound.id).where(_round(look)).correlate(None)
    ),
    CalibrationRound: _round,
    Call: _managed_call,
    CoachingSession: _coaching,
    CoachingStep: lambda look: exists().where(
        CoachingSession.id == CoachingStep.session_id, _coaching(look)
    ),
    Complaint: _complaint,
    Conversation: lambda look: exists().where(
        Transcript.id == Conversation.transcript_id,
        Recording.id == Transcript.recording_id,
        _recording(look),
    ),
    DailyFact: _fact,
    DirtyDay: lambda look: _area(look, DirtyDay.site_id, None),
    Dispute: _dispute,
    DraftComment: _draft_comment,
    Draw: lambda look: _area(look, Draw.site_id, None),
    DrawnCall: lambda look: exists().where(
        Draw.id == DrawnCall.draw_id, _area(look, Draw.site_id, None)
    ),
    Exemplar: _exemplar,
    Guide: _guide,
    GuideVersion: _guide_version,
    HelpRequest: _help,
    ImportFile: lambda look: or_(
        ImportFile.site_id.is_(None), ImportFile.site_id == look.grant.site_id
    ),
    Job: _job,
    Leg: _leg,
    Listening: lambda look: exists().where(
        Recording.id == Listening.recording_id, _recording(look)
    ),
    LiveReview: _live,
    MediaFile: lambda look: exists().where(
        Recording.id == MediaFile.recording_id, _recording(look)
    ),
    Objection: _objection,
    Hotword: lambda look: _area(look, Hotword.site_id, None),
    PhraseHit: _phrase_hit,
    PhraseRule: _phrase_rule,
    PhraseTrial: lambda look: _site(look, PhraseTrial.site_id),
    Playlist: _playlist,
    PracticeAttempt: _attempt,
    Project: _project,
    Quiz: _quiz,
    QuizItem: _quiz_item,
    Recording: _recording,
    RetentionRule: lambda look: _area(look, RetentionRule.site_id, None),
    Review: _review_outside_rounds,
    CallAccess: lambda look: exists().where(
        Leg.call_id == CallAccess.call_id, _leg(look, of_call=True)
    ),
    ErasureProof: lambda look: _area(look, ErasureProof.site_id, None),
    RightsRequest: lambda look: _area(look, RightsRequest.site_id, None),
    SiteLimits: lambda look: SiteLimits.site_id == look.grant.site_id,
    SamplePlan: lambda look: _area(look, SamplePlan.site_id, None),
    Scorecard: _scorecard,
    ScorecardVersion: _scorecard_version,
    SelfAssessment: _assessment,
    Site: lambda look: Site.id == look.grant.site_id,
    Survey: _survey,
    Target: _target,
    Task: _task,
    Team: lambda look: _area(look, Team.site_id, Team.id),
    Transcript: lambda look: exists().where(
        Recording.id == Transcript.recording_id, _recording(look)
    ),
    User: _user,
    UserRole: lambda look: _area(look, UserRole.site_id, UserRole.team_id),
}
