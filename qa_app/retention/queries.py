"""What the retention page shows: the rules of every site in scope, and what they reach."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import LazyString
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload
from werkzeug.exceptions import NotFound

from models.calls import Call, Project, Recording
from models.operations import AuditEntry, RetentionRule
from models.people import Site, User
from models.vocab import RecordingState, RetentionSubject
from pipelines.outcomes import DomainError
from qa_app.access import Action, Person, visible
from qa_app.retention.forms import SUBJECTS


@dataclass(frozen=True)
class RuleRow:
    """A project (none: all of the site) with the days of each subject; null: no rule of its own."""

    project: Project | None
    days: dict[RetentionSubject, int | None]


@dataclass(frozen=True)
class SiteRules:
    """A site's rules, its projects to choose from, and how many recordings are on file."""

    site: Site
    rows: tuple[RuleRow, ...]
    projects: tuple[Project, ...]
    on_file: int
    on_hold: int


@dataclass(frozen=True)
class RetentionPage:
    """All sites in scope."""

    sites: tuple[SiteRules, ...]
    subjects: tuple[tuple[RetentionSubject, LazyString], ...]


def retention_page(session: Session, person: Person) -> RetentionPage:
    """Return the rules of the sites that the person may see."""
    action = Action.RETENTION_READ
    sites = session.scalars(visible(person, Site, action).order_by(Site.name)).all()
    projects = session.scalars(visible(person, Project, action).order_by(Project.name)).all()
    rules = session.scalars(visible(person, RetentionRule, action)).all()
    return RetentionPage(
        tuple(_site(session, site, projects, rules) for site in sites), tuple(SUBJECTS.items())
    )


def _site(
    session: Session, site: Site, projects: Sequence[Project], rules: Sequence[RetentionRule]
) -> SiteRules:
    own = tuple(project for project in projects if project.site_id == site.id)
    days = {(rule.project_id, rule.subject): rule.days for rule in rules if rule.site_id == site.id}
    # Only projects with a rule of their own get a row; all others follow the site's.
    special = [project for project in own if any(key[0] == project.id for key in days)]
    rows = tuple(
        RuleRow(
            project,
            {
                subject: days.get((project.id if project else None, subject))
                for subject in RetentionSubject
            },
        )
        for project in [None, *special]
    )
    return SiteRules(
        site=site,
        rows=rows,
        projects=own,
        on_file=_recordings(session, site),
        on_hold=_recordings(session, site, Recording.legal_hold.is_not(None)),
    )


def _recordings(session: Session, site: Site, *where: ColumnElement[bool]) -> int:
    """Count recordings on file; an admin hears none of them but answers for their number."""
    counted = select(func.count(Recording.id)).where(
        Recording.site_id == site.id, Recording.state == RecordingState.PRESENT, *where
    )
    return session.scalar(counted) or 0


@dataclass(frozen=True)
class HoldRow:
    """A recording on legal hold; ``since`` and ``by`` are those of the newest setting of it."""

    uid: uuid.UUID
    key: str
    site: str
    project: str
    started_at: datetime
    timezone: str
    reason: str
    since: datetime | None
    by: str


def holds_page(session: Session, person: Person) -> tuple[HoldRow, ...]:
    """Return the recordings on hold at the sites in scope, oldest call first.

    What a call says of itself is read (id, day, project), never its recording.
    """
    sites = visible(person, Site, Action.RETENTION_READ).with_only_columns(Site.id)
    held = session.scalars(
        select(Recording)
        .join(Call, Call.id == Recording.call_id)
        .where(Recording.legal_hold.is_not(None), Recording.site_id.in_(sites))
        .options(
            joinedload(Recording.call).joinedload(Call.project),
            joinedload(Recording.call).joinedload(Call.site),
        )
        .order_by(Call.started_at)
    ).all()
    acts = session.execute(
        select(AuditEntry.subject_uid, AuditEntry.at, User.display_name)
        .outerjoin(User, User.uid == AuditEntry.actor_uid)
        .where(
            AuditEntry.action == "recording.held",
            AuditEntry.subject == "recording",
            AuditEntry.subject_uid.in_([row.uid for row in held]),
        )
        .order_by(AuditEntry.id)
    )
    newest = {uid: (at, name) for uid, at, name in acts}
    return tuple(
        HoldRow(
            uid=row.uid,
            key=row.call.source_key,
            site=row.call.site.name,
            project=row.call.project.name,
            started_at=row.call.started_at,
            timezone=row.call.site.timezone,
            reason=row.legal_hold or "",
            since=newest[row.uid][0] if row.uid in newest else None,
            by=(newest[row.uid][1] or "") if row.uid in newest else "",
        )
        for row in held
    )


def recording_of(session: Session, person: Person, key: str) -> Recording:
    """Return the one recording of a call with this id at the admin's sites.

    Raises ``DomainError`` ``hold_call_unknown``.
    """
    sites = visible(person, Site, Action.RETENTION_WRITE).with_only_columns(Site.id)
    found = session.scalars(
        select(Recording)
        .join(Call, Call.id == Recording.call_id)
        .where(Call.source_key == key, Recording.site_id.in_(sites))
    ).all()
    if len(found) != 1:
        raise DomainError("hold_call_unknown", key=key)
    return found[0]


def held_recording(session: Session, person: Person, uid: uuid.UUID) -> Recording:
    """Return a recording on hold at the admin's sites, or answer 404."""
    sites = visible(person, Site, Action.RETENTION_WRITE).with_only_columns(Site.id)
    found = session.scalar(
        select(Recording).where(
            Recording.uid == uid,
            Recording.legal_hold.is_not(None),
            Recording.site_id.in_(sites),
        )
    )
    if found is None:
        raise NotFound
    return found
