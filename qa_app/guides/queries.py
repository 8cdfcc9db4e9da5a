"""Call scripts and evaluation guides, to read and to write."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, joinedload

from models.calls import Project
from models.guides import Guide, GuideVersion
from models.people import Site
from models.vocab import GuideKind, VersionState
from pipelines.scoring.guides import BEING_WRITTEN, missing
from qa_app.access import Action, Person, grants_for, load, may, visible
from qa_app.guides.layout import Block, blocks
from qa_app.i18n import text_of
from qa_app.scorecards.comments import Thread, threads_of


@dataclass(frozen=True)
class GuideLink:
    """The way to the version of a guide that is in use."""

    uid: uuid.UUID
    kind: GuideKind
    title: Mapping[str, str]


@dataclass(frozen=True)
class GuideVersionLine:
    """One version in a list."""

    uid: uuid.UUID
    number: int
    state: VersionState
    title: Mapping[str, str]
    published_at: dt.datetime | None


@dataclass(frozen=True)
class GuideLine:
    """A guide with the versions that the person may read, newest first."""

    kind: GuideKind
    versions: tuple[GuideVersionLine, ...]


@dataclass(frozen=True)
class ProjectGuides:
    """A project with its guides."""

    uid: uuid.UUID
    name: str
    site: str
    may_write: bool
    guides: tuple[GuideLine, ...]


@dataclass(frozen=True)
class GuidePage:
    """One version of a guide, in the reader's language."""

    uid: uuid.UUID
    kind: GuideKind
    number: int
    state: VersionState
    title: Mapping[str, str]
    blocks: tuple[Block, ...]
    project: str
    published_at: dt.datetime | None
    others: tuple[GuideVersionLine, ...]
    threads: tuple[Thread, ...]
    may_write: bool
    may_comment: bool
    lacks: tuple[tuple[str, str], ...]

    @property
    def is_draft(self) -> bool:
        """Whether the version is still being written."""
        return self.state in BEING_WRITTEN


def guides_of(
    session: Session, person: Person, project_ids: Sequence[int]
) -> dict[int, list[GuideLink]]:
    """Return the guides in use of projects, by the project's id."""
    rows = session.scalars(
        visible(person, GuideVersion, Action.GUIDES_READ)
        .where(
            GuideVersion.state == VersionState.PUBLISHED,
            GuideVersion.guide.has(Guide.project_id.in_(project_ids)),
        )
        .options(joinedload(GuideVersion.guide))
        .order_by(GuideVersion.guide_id)
    )
    found: dict[int, list[GuideLink]] = {}
    for row in rows:
        link = GuideLink(row.uid, row.guide.kind, row.title)
        found.setdefault(row.guide.project_id, []).append(link)
    return found


def whole_sites(person: Person) -> frozenset[int]:
    """Return the sites whose guides the person may write."""
    return frozenset(
        grant.site_id for grant in grants_for(person, Action.GUIDES_WRITE) if grant.team_id is None
    )


def index_page(session: Session, person: Person) -> tuple[ProjectGuides, ...]:
    """List the projects of the person's sites with their guides."""
    projects = session.execute(
        visible(person, Project, Action.GUIDES_READ)
        .join(Site, Site.id == Project.site_id)
        .add_columns(Site.name)
        .order_by(Site.name, Project.name)
    ).all()
    versions = session.scalars(
        visible(person, GuideVersion, Action.GUIDES_READ)
        .options(joinedload(GuideVersion.guide))
        .order_by(GuideVersion.guide_id, GuideVersion.number.desc())
    ).all()
    found: dict[int, dict[int, list[GuideVersion]]] = {}
    for version in versions:
        guides = found.setdefault(version.guide.project_id, {})
        guides.setdefault(version.guide_id, []).append(version)
    writable = whole_sites(person)
    return tuple(
        ProjectGuides(
            uid=project.uid,
            name=project.name,
            site=site,
            may_write=project.site_id in writable,
            guides=tuple(
                GuideLine(own[0].guide.kind, tuple(_line(row) for row in own))
                for own in found.get(project.id, {}).values()
            ),
        )
        for project, site in projects
    )


def _line(row: GuideVersion) -> GuideVersionLine:
    return GuideVersionLine(row.uid, row.number, row.state, row.title, row.published_at)


def show_page(session: Session, person: Person, uid: uuid.UUID) -> GuidePage:
    """Gather one version of a guide with what is said about it."""
    version = load(session, person, Action.GUIDES_READ, GuideVersion, uid)
    others = session.scalars(
        visible(person, GuideVersion, Action.GUIDES_READ)
        .where(GuideVersion.guide_id == version.guide_id, GuideVersion.id != version.id)
        .order_by(GuideVersion.number.desc())
    )
    own = visible(person, GuideVersion, Action.GUIDES_WRITE).where(GuideVersion.id == version.id)
    is_open = version.state is VersionState.OPEN_FOR_COMMENT
    return GuidePage(
        uid=version.uid,
        kind=version.guide.kind,
        number=version.number,
        state=version.state,
        title=version.title,
        blocks=blocks(text_of(version.body)),
        project=version.guide.project.name,
        published_at=version.published_at,
        others=tuple(_line(row) for row in others),
        threads=threads_of(session, person, version),
        may_write=may(person, Action.GUIDES_WRITE) and session.scalar(own) is not None,
        may_comment=is_open and may(person, Action.SCORECARDS_COMMENT),
        lacks=missing(version.title, version.body),
    )
