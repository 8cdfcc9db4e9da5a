"""The settings sheet: what a works council or an impact assessment asks about, as it stands."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import LazyString
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Call, Project, Recording
from models.notices import MailAddress
from models.operations import RetentionRule
from models.people import Agent, Site, Team, User, UserRole
from models.rights import RightsRequest
from models.vocab import RecordingState, RetentionSubject, Role
from models.vocab_rights import RequestState
from pipelines.rights.service import limits_of
from qa_app.access import Action, Person, visible
from qa_app.permissions import ALLOWED
from qa_app.rights.words import FIGURES

WHO = (
    Action.CALLS_LISTEN,
    Action.CALLS_UNMASK,
    Action.CALLS_EXPORT,
    Action.REVIEWS_WRITE,
    Action.OBJECTIONS_ANSWER,
    Action.DASHBOARDS_READ,
    Action.AUDIT_READ,
    Action.RETENTION_WRITE,
    Action.REQUESTS_WRITE,
)
"""The acts that the sheet names with the roles that may do them."""


@dataclass(frozen=True)
class SheetSite:
    """A site on the settings sheet: sizes, who may what, and how long what is kept.

    ``limitless`` are the kinds without any rule for the whole site: kept until one is set.
    """

    site: Site
    teams: int
    agents: int
    recordings: int
    held: int
    without_notice: int
    roles: tuple[tuple[Role, int], ...]
    retention: tuple[tuple[RetentionSubject, str | None, int], ...]
    limitless: tuple[RetentionSubject, ...]
    figures: LazyString
    request_days: int
    open_requests: int
    changed_at: datetime | None


@dataclass(frozen=True)
class SettingsSheet:
    """The person's sites, which roles may do what, and how many people have mail sent."""

    sites: tuple[SheetSite, ...]
    who: tuple[tuple[Action, tuple[Role, ...]], ...]
    with_mail: int


def settings_sheet(session: Session, person: Person) -> SettingsSheet:
    """Read the settings of every site in scope."""
    sites = session.scalars(visible(person, Site, Action.SETTINGS_READ).order_by(Site.name)).all()
    return SettingsSheet(
        sites=tuple(_site(session, site) for site in sites),
        who=tuple(
            (action, tuple(role for role in Role if role in ALLOWED[action])) for action in WHO
        ),
        with_mail=session.scalar(select(func.count(MailAddress.user_id))) or 0,
    )


def _site(session: Session, site: Site) -> SheetSite:
    roles = session.execute(
        select(UserRole.role, func.count(UserRole.user_id.distinct()))
        .join(User, User.id == UserRole.user_id)
        .where(UserRole.site_id == site.id, User.disabled_at.is_(None))
        .group_by(UserRole.role)
    ).all()
    rules = session.execute(
        select(RetentionRule.subject, Project.name, RetentionRule.days)
        .outerjoin(Project, Project.id == RetentionRule.project_id)
        .where(RetentionRule.site_id == site.id)
        .order_by(RetentionRule.subject, Project.name)
    ).all()
    limits = limits_of(session, site.id)
    whole = {subject for subject, project, _days in rules if project is None}
    # A transcript without a rule of its own goes with its recording.
    if RetentionSubject.RECORDING in whole:
        whole.add(RetentionSubject.TRANSCRIPT)
    present = Recording.state == RecordingState.PRESENT

    def count(statement: object) -> int:
        return session.scalar(statement) or 0  # type: ignore[call-overload, no-any-return]  # a count

    return SheetSite(
        site=site,
        teams=count(select(func.count(Team.id)).where(Team.site_id == site.id)),
        agents=count(select(func.count(Agent.id)).where(Agent.site_id == site.id)),
        recordings=count(
            select(func.count(Recording.id)).where(Recording.site_id == site.id, present)
        ),
        held=count(
            select(func.count(Recording.id)).where(
                Recording.site_id == site.id, Recording.legal_hold.is_not(None)
            )
        ),
        without_notice=count(
            select(func.count(Call.id)).where(
                Call.site_id == site.id, Call.recording_notice.is_(False)
            )
        ),
        roles=tuple(sorted(roles, key=lambda pair: list(Role).index(pair[0]))),
        retention=tuple(rules),
        limitless=tuple(subject for subject in RetentionSubject if subject not in whole),
        figures=FIGURES[limits.person_figures],
        request_days=limits.request_days,
        open_requests=count(
            select(func.count(RightsRequest.id)).where(
                RightsRequest.site_id == site.id, RightsRequest.state == RequestState.OPEN
            )
        ),
        changed_at=limits.changed_at,
    )
