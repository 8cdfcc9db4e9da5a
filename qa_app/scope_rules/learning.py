"""Which coaching, exemplars, practice and rounds a grant reaches."""

from sqlalchemy import and_, exists, or_
from sqlalchemy.orm import aliased

from models.calibration import CalibrationItem, CalibrationRound, CalibrationSeat
from models.calls import Leg
from models.coaching import CoachingSession, HelpRequest, Target
from models.practice import Playlist, PracticeAttempt, Quiz, QuizItem, QuizPerson
from models.reviews import Exemplar
from models.vocab import Role
from models.vocab_learning import ExemplarAudience, ExemplarState, PartnerState, QuizState
from qa_app.permissions import Action
from qa_app.scope_rules.look import Condition, Look, at_site, in_area, of_own


def rounds(look: Look) -> Condition:
    """Return which rounds the grant reaches."""
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
        CalibrationRound.created_by_id == look.person.id, at_site(look, CalibrationRound.site_id)
    )
    return or_(mine, in_area(look, CalibrationRound.site_id, CalibrationRound.team_id))


def help_requests(look: Look) -> Condition:
    """Return which help requests the grant reaches."""
    if look.grant.role is Role.AGENT:
        # The colleague who was asked to pair up reads the request too, until they decline, but
        # never the call.
        asked = of_own(look, HelpRequest.agent_id)
        if look.action is Action.HELP_ASK:
            return asked
        partner = of_own(look, HelpRequest.partner_id)
        return or_(
            asked, and_(partner, HelpRequest.partner_state.is_distinct_from(PartnerState.DECLINED))
        )
    return in_area(look, HelpRequest.site_id, HelpRequest.team_id)


def coaching(look: Look) -> Condition:
    """Return which coaching the grant reaches."""
    if look.grant.role is Role.AGENT:
        return of_own(look, CoachingSession.agent_id)
    return in_area(look, CoachingSession.site_id, CoachingSession.team_id)


def targets(look: Look) -> Condition:
    """Return which targets the grant reaches."""
    # Read by everybody of the site, set for the own team or the whole site.
    if look.action is Action.TARGETS_WRITE:
        return in_area(look, Target.site_id, Target.team_id)
    return at_site(look, Target.site_id)


def exemplars(look: Look) -> Condition:
    """Return which exemplars the grant reaches."""
    area = in_area(look, Exemplar.site_id, Exemplar.team_id)
    if look.action is Action.EXEMPLARS_CHOOSE:
        return area
    owner = aliased(Leg)
    mine = exists().where(owner.id == Exemplar.leg_id, of_own(look, owner.agent_id))
    if look.action is Action.EXEMPLARS_OWN:
        return and_(mine, Exemplar.state != ExemplarState.WITHDRAWN)
    everywhere = and_(Exemplar.audience == ExemplarAudience.SITE, at_site(look, Exemplar.site_id))
    return and_(
        Exemplar.state == ExemplarState.SHARED,
        or_(everywhere, and_(Exemplar.audience == ExemplarAudience.TEAM, area)),
    )


def playlists(look: Look) -> Condition:
    """Return which playlists the grant reaches."""
    area = in_area(look, Playlist.site_id, Playlist.team_id)
    if look.action is Action.EXEMPLARS_CHOOSE:
        return area
    everywhere = and_(Playlist.team_id.is_(None), at_site(look, Playlist.site_id))
    return or_(area, everywhere)


def quizzes(look: Look) -> Condition:
    """Return which quizzes the grant reaches."""
    if look.action is Action.PRACTICE_LEAD:
        return in_area(look, Quiz.site_id, Quiz.team_id)
    # Asked for by name; what is still being made is nobody's to see.
    asked = exists().where(QuizPerson.quiz_id == Quiz.id, QuizPerson.user_id == look.person.id)
    return and_(asked, Quiz.state != QuizState.DRAFT)


def quiz_items(look: Look) -> Condition:
    """Return which quiz items the grant reaches."""
    return exists().where(Quiz.id == QuizItem.quiz_id, quizzes(look))


def attempts(look: Look) -> Condition:
    """Return which attempts the grant reaches."""
    if look.action is not Action.PRACTICE_LEAD:
        return PracticeAttempt.user_id == look.person.id
    return exists().where(QuizItem.id == PracticeAttempt.item_id, quiz_items(look))
