"""Scorecards to read: the list with its versions, one version in full, and what differs."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from models.calls import Project
from models.people import Site
from models.reviews import Review
from models.scorecards import ScorecardVersion
from models.vocab import Origin, ReviewState, VersionState
from pipelines.scoring.checks import faults
from pipelines.scoring.differences import Differences, compare
from pipelines.scoring.drafts import BEING_WRITTEN
from pipelines.scoring.rules import VersionRule
from pipelines.scoring.service import version_rule
from qa_app.access import Action, Person, grants_for, load, may, visible
from qa_app.guides.queries import GuideLink, guides_of
from qa_app.scorecards.comments import Thread, open_count, threads_of

READABLE = (VersionState.PUBLISHED, VersionState.RETIRED, VersionState.OPEN_FOR_COMMENT)


@dataclass(frozen=True)
class VersionLine:
    """One version in the list; ``comments`` are the threads of it that are not settled."""

    uid: uuid.UUID
    number: int
    state: VersionState
    published_at: dt.datetime | None
    comments: int = 0


@dataclass(frozen=True)
class CardLine:
    """One scorecard with its versions, newest first."""

    code: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    projects: tuple[str, ...]
    versions: tuple[VersionLine, ...]
    may_write: bool
    guides: tuple[GuideLink, ...]


@dataclass(frozen=True)
class IndexPage:
    """Every scorecard of the person's sites; who may write them may also begin one."""

    cards: tuple[CardLine, ...]
    may_begin: bool
    may_see_skills: bool

    @property
    def open(self) -> tuple[tuple[CardLine, VersionLine], ...]:
        """Drafts that are open for comment now."""
        return tuple(
            (card, version)
            for card in self.cards
            for version in card.versions
            if version.state is VersionState.OPEN_FOR_COMMENT
        )


@dataclass(frozen=True)
class ProjectLine:
    """A project, and whether its calls are judged by the scorecard at hand."""

    uid: uuid.UUID
    name: str
    site: str
    uses: bool


@dataclass(frozen=True)
class ShowPage:
    """A version: its lines, sections and criteria, what each can earn, what is said about it."""

    uid: uuid.UUID
    rule: VersionRule
    state: VersionState
    published_at: dt.datetime | None
    lock_version: int
    reviews: int
    others: tuple[VersionLine, ...]
    threads: tuple[Thread, ...]
    may_comment: bool
    may_write: bool
    may_analyse: bool
    faults: int
    projects: tuple[ProjectLine, ...]
    guides: tuple[GuideLink, ...]

    @property
    def attainable(self) -> int:
        """Points that can be earned where every condition of the sheet is met and none is N/A."""
        return sum(rule.maximum for rule in self.rule.criteria if not rule.bonus)

    @property
    def is_draft(self) -> bool:
        """Whether the version is still being written."""
        return self.state in BEING_WRITTEN

    @property
    def draft(self) -> VersionLine | None:
        """The other version that is being written, if any."""
        return next((line for line in self.others if line.state in BEING_WRITTEN), None)

    @property
    def users(self) -> tuple[str, ...]:
        """Names of the projects whose calls are judged by this scorecard."""
        return tuple(project.name for project in self.projects if project.uses)

    @property
    def unsettled(self) -> int:
        """Threads that wait for an answer or a change."""
        return sum(thread.settled_at is None for thread in self.threads)

    def at(self, place: str) -> tuple[Thread, ...]:
        """Return the threads about one criterion, or with "" about the whole."""
        return tuple(thread for thread in self.threads if thread.place == place)

    @property
    def orphans(self) -> tuple[Thread, ...]:
        """Threads about criteria that have been taken out since."""
        known = {rule.lineage for rule in self.rule.criteria} | {""}
        return tuple(thread for thread in self.threads if thread.place not in known)


@dataclass(frozen=True)
class ChangesPage:
    """Two versions of a scorecard side by side."""

    uid: uuid.UUID
    before: VersionRule
    after: VersionRule
    before_uid: uuid.UUID
    state: VersionState
    others: tuple[VersionLine, ...]
    found: Differences
    may_write: bool
    may_analyse: bool


def index_page(session: Session, person: Person) -> IndexPage:
    """List the scorecards that the person's sites use; drafts stay with their authors."""
    mine = visible(person, ScorecardVersion, Action.SCORECARDS_WRITE).with_only_columns(
        ScorecardVersion.id
    )
    versions = session.scalars(
        visible(person, ScorecardVersion, Action.SCORECARDS_READ)
        .where(or_(ScorecardVersion.state.in_(READABLE), ScorecardVersion.id.in_(mine)))
        .options(joinedload(ScorecardVersion.scorecard))
        .order_by(ScorecardVersion.number.desc())
    ).all()
    writable = set(session.scalars(mine))
    projects = session.scalars(
        visible(person, Project, Action.SCORECARDS_READ).order_by(Project.name)
    ).all()
    guides = guides_of(session, person, [project.id for project in projects])
    comments = open_count(session, [version.id for version in versions])
    cards: dict[int, list[ScorecardVersion]] = {}
    for version in versions:
        cards.setdefault(version.scorecard_id, []).append(version)
    lines = []
    for scorecard_id, own in cards.items():
        used = [item for item in projects if item.scorecard_id == scorecard_id]
        lines.append(
            CardLine(
                code=own[0].scorecard.code,
                title=own[0].title,
                description=own[0].description,
                projects=tuple(item.name for item in used),
                versions=tuple(_line(item, comments.get(item.id, 0)) for item in own),
                may_write=own[0].id in writable,
                guides=tuple(link for item in used for link in guides.get(item.id, ())),
            )
        )
    return IndexPage(
        cards=tuple(sorted(lines, key=lambda line: (line.title.get("en", ""), line.code))),
        may_begin=any(
            grant.team_id is None for grant in grants_for(person, Action.SCORECARDS_WRITE)
        ),
        may_see_skills=may(person, Action.SKILLS_READ),
    )


def _line(version: ScorecardVersion, comments: int = 0) -> VersionLine:
    return VersionLine(version.uid, version.number, version.state, version.published_at, comments)


def readable(session: Session, person: Person, uid: uuid.UUID) -> ScorecardVersion:
    """Return a version the person may read, or answer 404."""
    version = load(session, person, Action.SCORECARDS_READ, ScorecardVersion, uid)
    if version.state not in READABLE:
        # A draft is its authors'; it opens to all when it is open for comment.
        return load(session, person, Action.SCORECARDS_WRITE, ScorecardVersion, uid)
    return version


def may_write(session: Session, person: Person, version: ScorecardVersion) -> bool:
    """Tell whether the person may change what this scorecard says."""
    own = visible(person, ScorecardVersion, Action.SCORECARDS_WRITE).where(
        ScorecardVersion.id == version.id
    )
    return may(person, Action.SCORECARDS_WRITE) and session.scalar(own) is not None


def versions_of(
    session: Session, person: Person, version: ScorecardVersion
) -> tuple[VersionLine, ...]:
    """List the other versions of the same scorecard that the person may read, newest first."""
    writes = may_write(session, person, version)
    rows = session.scalars(
        visible(person, ScorecardVersion, Action.SCORECARDS_READ)
        .where(
            ScorecardVersion.scorecard_id == version.scorecard_id,
            ScorecardVersion.id != version.id,
        )
        .order_by(ScorecardVersion.number.desc())
    )
    return tuple(_line(row) for row in rows if writes or row.state in READABLE)


def show_page(session: Session, person: Person, uid: uuid.UUID) -> ShowPage:
    """Gather a version with all that earns points."""
    version = readable(session, person, uid)
    rule = version_rule(session, version.id)
    used = session.scalar(
        select(func.count(Review.id)).where(
            Review.version_id == version.id,
            Review.state == ReviewState.SUBMITTED,
            Review.origin != Origin.CALIBRATION,
        )
    )
    writes = may_write(session, person, version)
    projects = project_lines(session, person, version)
    is_open = version.state is VersionState.OPEN_FOR_COMMENT
    return ShowPage(
        uid=version.uid,
        rule=rule,
        state=version.state,
        published_at=version.published_at,
        lock_version=version.lock_version,
        reviews=used or 0,
        others=versions_of(session, person, version),
        threads=threads_of(session, person, version),
        may_comment=is_open and may(person, Action.SCORECARDS_COMMENT),
        may_write=writes,
        may_analyse=_may_analyse(person, version),
        faults=len(faults(rule)) if writes and version.state in BEING_WRITTEN else 0,
        projects=projects,
        guides=_guides(session, person, version),
    )


def _guides(session: Session, person: Person, version: ScorecardVersion) -> tuple[GuideLink, ...]:
    used = session.scalars(
        visible(person, Project, Action.SCORECARDS_READ).where(
            Project.scorecard_id == version.scorecard_id
        )
    ).all()
    found = guides_of(session, person, [project.id for project in used])
    return tuple(link for project in used for link in found.get(project.id, ()))


def project_lines(
    session: Session, person: Person, version: ScorecardVersion
) -> tuple[ProjectLine, ...]:
    """List the projects that the person sees, and whether this scorecard judges their calls."""
    rows = session.execute(
        visible(person, Project, Action.SCORECARDS_READ)
        .join(Site, Site.id == Project.site_id)
        .add_columns(Site.name)
        .order_by(Site.name, Project.name)
    )
    return tuple(
        ProjectLine(
            project.uid, project.name, site, uses=project.scorecard_id == version.scorecard_id
        )
        for project, site in rows
    )


def changes_page(
    session: Session, person: Person, uid: uuid.UUID, earlier: uuid.UUID | None
) -> ChangesPage | None:
    """Compare a version with an earlier one, by itself the one before; null where there is none."""
    version = readable(session, person, uid)
    others = versions_of(session, person, version)
    before = next((line for line in others if line.number < version.number), None)
    if earlier is not None:
        before = next((line for line in others if line.uid == earlier), before)
    if before is None:
        return None
    other = readable(session, person, before.uid)
    rules = version_rule(session, other.id), version_rule(session, version.id)
    return ChangesPage(
        uid=uid,
        before=rules[0],
        after=rules[1],
        before_uid=before.uid,
        state=version.state,
        others=others,
        found=compare(*rules),
        may_write=may_write(session, person, version),
        may_analyse=_may_analyse(person, version),
    )


def _may_analyse(person: Person, version: ScorecardVersion) -> bool:
    return may(person, Action.SCORECARDS_ANALYSE) and version.published_at is not None
