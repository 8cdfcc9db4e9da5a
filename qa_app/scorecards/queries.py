"""Scorecards to read: the list with its versions, and one version as it is judged by."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from models.calls import Project
from models.reviews import Review
from models.scorecards import ScorecardVersion
from models.vocab import Origin, ReviewState, VersionState
from pipelines.scoring.rules import VersionRule
from pipelines.scoring.service import version_rule
from qa_app.access import Action, Person, load, visible

READABLE = (VersionState.PUBLISHED, VersionState.RETIRED, VersionState.OPEN_FOR_COMMENT)


@dataclass(frozen=True)
class VersionLine:
    """One version in the list."""

    uid: uuid.UUID
    number: int
    state: VersionState
    published_at: dt.datetime | None


@dataclass(frozen=True)
class CardLine:
    """One scorecard with its versions, newest first."""

    title: Mapping[str, str]
    description: Mapping[str, str]
    projects: tuple[str, ...]
    versions: tuple[VersionLine, ...]


@dataclass(frozen=True)
class ShowPage:
    """A version: its lines, sections and criteria, what each can earn."""

    uid: uuid.UUID
    rule: VersionRule
    state: VersionState
    published_at: dt.datetime | None
    reviews: int

    @property
    def attainable(self) -> int:
        """Points that can be earned where every condition of the sheet is met and none is N/A."""
        return sum(rule.maximum for rule in self.rule.criteria if not rule.bonus)


def index_page(session: Session, person: Person) -> tuple[CardLine, ...]:
    """List the scorecards that the person's sites use; drafts stay with their authors."""
    versions = session.scalars(
        visible(person, ScorecardVersion, Action.SCORECARDS_READ)
        .where(ScorecardVersion.state.in_(READABLE))
        .options(joinedload(ScorecardVersion.scorecard))
        .order_by(ScorecardVersion.number.desc())
    ).all()
    projects = session.scalars(
        visible(person, Project, Action.SCORECARDS_READ).order_by(Project.name)
    ).all()
    cards: dict[int, list[ScorecardVersion]] = {}
    for version in versions:
        cards.setdefault(version.scorecard_id, []).append(version)
    lines = [
        CardLine(
            title=own[0].title,
            description=own[0].description,
            projects=tuple(item.name for item in projects if item.scorecard_id == scorecard_id),
            versions=tuple(
                VersionLine(item.uid, item.number, item.state, item.published_at) for item in own
            ),
        )
        for scorecard_id, own in cards.items()
    ]
    return tuple(sorted(lines, key=lambda line: line.title.get("en", "")))


def readable(session: Session, person: Person, uid: uuid.UUID) -> ScorecardVersion:
    """Return a version the person may read, or answer 404."""
    version = load(session, person, Action.SCORECARDS_READ, ScorecardVersion, uid)
    if version.state not in READABLE:
        # A draft is its authors'; it opens to all when it is open for comment.
        return load(session, person, Action.SCORECARDS_WRITE, ScorecardVersion, uid)
    return version


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
    return ShowPage(
        uid=version.uid,
        rule=rule,
        state=version.state,
        published_at=version.published_at,
        reviews=used or 0,
    )
