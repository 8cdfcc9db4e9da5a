"""What the retention page shows: the rules of every site in scope, and what they reach."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import LazyString
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.calls import Project, Recording
from models.operations import RetentionRule
from models.people import Site
from models.vocab import RecordingState, RetentionSubject
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
