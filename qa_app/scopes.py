"""Which rows a person may see: every scoped table's rule, in one place.

A rule turns one grant into a condition. A person sees a row when one of the grants that allow the
action sees it. Managers and trainers see by site or team as they were at the time of the call;
agents see their own legs; reviewers what they were given to do.
"""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from sqlalchemy import Select, exists, false, or_, select

from models.base import Base
from models.calibration import CalibrationItem, CalibrationRound
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
from models.people import Agent, Site, Team, User, UserRole
from models.phrases import PhraseHit, PhraseRule, PhraseTrial
from models.practice import Playlist, PracticeAttempt, Quiz, QuizItem
from models.reviewing import LiveReview
from models.reviews import Exemplar, Objection, Review, SelfAssessment, Task
from models.rights import CallAccess, ErasureProof, RightsRequest, SiteLimits
from models.samples import Draw, DrawnCall, SamplePlan
from models.scorecards import Scorecard, ScorecardVersion
from models.transcripts import Transcript
from qa_app.permissions import Action, Person, grants_for
from qa_app.scope_rules.calls import (
    assessments,
    complaints,
    disputes,
    jobs,
    legs,
    live_reviews,
    managed_calls,
    objections,
    phrase_hits,
    phrase_rules,
    recordings,
    reviews_outside_rounds,
    surveys,
    tasks,
)
from qa_app.scope_rules.learning import (
    attempts,
    coaching,
    exemplars,
    help_requests,
    playlists,
    quiz_items,
    quizzes,
    rounds,
    targets,
)
from qa_app.scope_rules.look import Condition, Look, at_site, in_area
from qa_app.scope_rules.people import (
    agents,
    audit_entries,
    draft_comments,
    facts,
    guide_versions,
    guides,
    projects,
    scorecard_versions,
    scorecards,
    users,
)

Row = TypeVar("Row", bound=Base)


def narrowed(person: Person, model: type[Base], action: Action, today: date) -> Condition:
    """Return the condition under which the person may see a row of ``model`` for ``action``."""
    rule = RULES[model]
    looks = (Look(person, grant, action, today) for grant in grants_for(person, action))
    return or_(false(), *(rule(look) for look in looks))


def select_visible(person: Person, model: type[Row], action: Action, today: date) -> Select[Row]:
    """Return ``select(model)`` narrowed to what the person may see for the action."""
    return select(model).where(narrowed(person, model, action, today))


RULES: dict[type[Base], Callable[[Look], Condition]] = {
    Agent: agents,
    AuditEntry: audit_entries,
    # Not an "exists": a question that names its rounds too must not lend them to this one.
    CalibrationItem: lambda look: CalibrationItem.round_id.in_(
        select(CalibrationRound.id).where(rounds(look)).correlate(None)
    ),
    CalibrationRound: rounds,
    Call: managed_calls,
    CoachingSession: coaching,
    CoachingStep: lambda look: exists().where(
        CoachingSession.id == CoachingStep.session_id, coaching(look)
    ),
    Complaint: complaints,
    Conversation: lambda look: exists().where(
        Transcript.id == Conversation.transcript_id,
        Recording.id == Transcript.recording_id,
        recordings(look),
    ),
    DailyFact: facts,
    DirtyDay: lambda look: in_area(look, DirtyDay.site_id, None),
    Dispute: disputes,
    DraftComment: draft_comments,
    Draw: lambda look: in_area(look, Draw.site_id, None),
    DrawnCall: lambda look: exists().where(
        Draw.id == DrawnCall.draw_id, in_area(look, Draw.site_id, None)
    ),
    Exemplar: exemplars,
    Guide: guides,
    GuideVersion: guide_versions,
    HelpRequest: help_requests,
    ImportFile: lambda look: or_(
        ImportFile.site_id.is_(None), ImportFile.site_id == look.grant.site_id
    ),
    Job: jobs,
    Leg: legs,
    Listening: lambda look: exists().where(
        Recording.id == Listening.recording_id, recordings(look)
    ),
    LiveReview: live_reviews,
    MediaFile: lambda look: exists().where(
        Recording.id == MediaFile.recording_id, recordings(look)
    ),
    Objection: objections,
    Hotword: lambda look: in_area(look, Hotword.site_id, None),
    PhraseHit: phrase_hits,
    PhraseRule: phrase_rules,
    PhraseTrial: lambda look: at_site(look, PhraseTrial.site_id),
    Playlist: playlists,
    PracticeAttempt: attempts,
    Project: projects,
    Quiz: quizzes,
    QuizItem: quiz_items,
    Recording: recordings,
    RetentionRule: lambda look: in_area(look, RetentionRule.site_id, None),
    Review: reviews_outside_rounds,
    CallAccess: lambda look: exists().where(
        Leg.call_id == CallAccess.call_id, legs(look, of_call=True)
    ),
    ErasureProof: lambda look: in_area(look, ErasureProof.site_id, None),
    RightsRequest: lambda look: in_area(look, RightsRequest.site_id, None),
    SiteLimits: lambda look: SiteLimits.site_id == look.grant.site_id,
    SamplePlan: lambda look: in_area(look, SamplePlan.site_id, None),
    Scorecard: scorecards,
    ScorecardVersion: scorecard_versions,
    SelfAssessment: assessments,
    Site: lambda look: Site.id == look.grant.site_id,
    Survey: surveys,
    Target: targets,
    Task: tasks,
    Team: lambda look: in_area(look, Team.site_id, Team.id),
    Transcript: lambda look: exists().where(
        Recording.id == Transcript.recording_id, recordings(look)
    ),
    User: users,
    UserRole: lambda look: in_area(look, UserRole.site_id, UserRole.team_id),
}
