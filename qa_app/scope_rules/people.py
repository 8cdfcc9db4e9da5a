"""Which people, scorecards, guides and figures a grant reaches."""

from sqlalchemy import and_, exists, false, or_

from models.calls import (
    Project,
)
from models.drafts import DraftComment
from models.guides import Guide, GuideVersion
from models.measures import DailyFact
from models.operations import AuditEntry
from models.people import Agent, TeamMember, User, UserRole
from models.scorecards import Scorecard, ScorecardVersion
from models.vocab import Role, VersionState
from qa_app.permissions import Action
from qa_app.scope_rules.look import Condition, Look, at_site, in_area, of_own


def agents(look: Look) -> Condition:
    """Return which agents the grant reaches."""
    if look.grant.role is Role.AGENT:
        return of_own(look, Agent.id)
    if look.grant.team_id is None:
        return at_site(look, Agent.site_id)
    return exists().where(
        TeamMember.agent_id == Agent.id,
        TeamMember.team_id == look.grant.team_id,
        TeamMember.valid_from <= look.today,
        or_(TeamMember.valid_to.is_(None), TeamMember.valid_to > look.today),
    )


def users(look: Look) -> Condition:
    """Return which users the grant reaches."""
    held = exists().where(UserRole.user_id == User.id, UserRole.site_id == look.grant.site_id)
    # A person without any role would otherwise be out of everybody's reach.
    unplaced = ~exists().where(UserRole.user_id == User.id)
    return or_(held, unplaced)


def projects(look: Look) -> Condition:
    """Return which projects the grant reaches."""
    # What a whole project is told is not for those who lead one of its teams to change.
    if look.action in (Action.HOTWORDS_WRITE, Action.SCORECARDS_WRITE, Action.GUIDES_WRITE):
        return in_area(look, Project.site_id, None)
    return at_site(look, Project.site_id)


def scorecards(look: Look) -> Condition:
    """Return which scorecards the grant reaches."""
    # A scorecard without a site is every site's. What all go by, leading one team does not change.
    if look.action is Action.SCORECARDS_WRITE and look.grant.team_id is not None:
        return false()
    return or_(Scorecard.site_id.is_(None), Scorecard.site_id == look.grant.site_id)


def scorecard_versions(look: Look) -> Condition:
    """Return which scorecard versions the grant reaches."""
    return exists().where(Scorecard.id == ScorecardVersion.scorecard_id, scorecards(look))


def guides(look: Look) -> Condition:
    """Return which guides the grant reaches."""
    if look.action is Action.GUIDES_WRITE:
        return in_area(look, Guide.site_id, None)
    return at_site(look, Guide.site_id)


def guide_versions(look: Look) -> Condition:
    """Return which guide versions the grant reaches."""
    # A draft is its authors'; it opens to all when it is open for comment.
    there = exists().where(Guide.id == GuideVersion.guide_id, guides(look))
    if look.action is Action.GUIDES_WRITE or look.grant.role is Role.MANAGER:
        return there
    return and_(there, GuideVersion.state != VersionState.DRAFT)


def draft_comments(look: Look) -> Condition:
    """Return which draft comments the grant reaches."""
    # Whoever may read a draft reads what is said about it.
    of_card = exists().where(
        ScorecardVersion.id == DraftComment.version_id,
        ScorecardVersion.state != VersionState.DRAFT,
        scorecard_versions(look),
    )
    of_guide = exists().where(
        GuideVersion.id == DraftComment.guide_version_id, guide_versions(look)
    )
    if look.grant.role is Role.MANAGER:
        of_card = exists().where(
            ScorecardVersion.id == DraftComment.version_id, scorecard_versions(look)
        )
    return or_(of_card, of_guide)


def facts(look: Look) -> Condition:
    """Return which facts the grant reaches."""
    if look.grant.role is Role.AGENT:
        return of_own(look, DailyFact.agent_id)
    return in_area(look, DailyFact.site_id, DailyFact.team_id)


def audit_entries(look: Look) -> Condition:
    """Return which audit entries the grant reaches."""
    # Entries carry no site: an admin reads those of the machine and of people of the own sites.
    known = exists().where(User.uid == AuditEntry.actor_uid, users(look))
    return or_(AuditEntry.actor_uid.is_(None), known)
