"""What a new round is put together from: calls that can be scored blind, and who may score them."""

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased, joinedload

from models.calls import Call, Leg, Project, Recording
from models.people import Site, User, UserRole
from models.reviews import Task
from models.scorecards import ScorecardVersion
from models.vocab import RecordingState, Role, VersionState
from pipelines.calibration.service import unfit
from qa_app.access import Action, Person, visible
from qa_app.calls.blindness import OPEN_TASKS, blind_to
from qa_app.i18n import text_of
from qa_app.reviews.queries import CallFacts, call_facts

CANDIDATES = 40
DRAWN_FROM = 2_000
USUAL_DAYS = 7
"""How long reviewers have unless the leader says otherwise."""


@dataclass(frozen=True)
class Filters:
    """Which calls to offer; local days of the site, both included."""

    project: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    min_talk_ms: int = 0


@dataclass(frozen=True)
class Candidate:
    """A call that may be chosen; ``known`` names reviewers who could not score it blind."""

    uid: uuid.UUID
    call: CallFacts
    known: tuple[str, ...]
    chosen: bool


@dataclass(frozen=True)
class NewPage:
    """What a new round is put together from."""

    site: Site
    candidates: tuple[Candidate, ...]
    more: bool
    reviewers: tuple[User, ...]


def version_choices(session: Session, person: Person) -> list[tuple[str, str]]:
    """Return uid and name of the published scorecards."""
    versions = session.scalars(
        visible(person, ScorecardVersion, Action.CALIBRATION_LEAD)
        .where(ScorecardVersion.state == VersionState.PUBLISHED)
        .order_by(ScorecardVersion.scorecard_id, ScorecardVersion.number.desc())
    )
    return [
        (str(version.uid), f"{text_of(version.title)} · {version.number}") for version in versions
    ]


def project_choices(session: Session, person: Person, site: Site) -> list[tuple[str, str]]:
    """Return uid and name of a site's projects."""
    projects = session.scalars(
        visible(person, Project, Action.CALIBRATION_LEAD)
        .where(Project.site_id == site.id)
        .order_by(Project.name)
    )
    return [(str(project.uid), project.name) for project in projects]


def reviewers_at(session: Session, person: Person, site: Site) -> list[User]:
    """Return who may score calls of a site, by name."""
    holds = select(UserRole.user_id).where(
        UserRole.site_id == site.id, UserRole.role == Role.REVIEWER
    )
    return list(
        session.scalars(
            visible(person, User, Action.CALIBRATION_LEAD)
            .where(User.id.in_(holds), User.disabled_at.is_(None))
            .order_by(User.display_name, User.id)
        )
    )


def _fitting(person: Person, site: Site, filters: Filters, now: dt.datetime) -> Select[tuple[Leg]]:
    """Legs that can be heard, that nobody waits to review, and that the leader does not judge."""
    waiting = aliased(Leg)
    query = (
        visible(person, Leg, Action.CALIBRATION_LEAD)
        .join(Call, Call.id == Leg.call_id)
        .join(Recording, Recording.call_id == Call.id)
        .where(
            Leg.site_id == site.id,
            Leg.talk_ms >= max(filters.min_talk_ms, 1),
            Recording.state == RecordingState.PRESENT,
            ~blind_to(person, Leg.call_id, now),
            # A reviewer who knew it from the session could not review it afterwards.
            ~select(Task.id)
            .join(waiting, waiting.id == Task.leg_id)
            .where(waiting.call_id == Leg.call_id, Task.state.in_(OPEN_TASKS))
            .exists(),
        )
    )
    if filters.project:
        query = query.join(Project, Project.id == Call.project_id).where(
            Project.uid == uuid.UUID(filters.project)
        )
    if filters.start:
        query = query.where(Leg.local_date >= filters.start)
    if filters.end:
        query = query.where(Leg.local_date <= filters.end)
    return query


def new_page(
    session: Session,
    person: Person,
    site: Site,
    filters: Filters,
    *,
    chosen: Sequence[Leg],
    reviewers: Sequence[User],
    now: dt.datetime,
) -> NewPage:
    """Offer the newest calls that fit, those already chosen first."""
    ids = [leg.id for leg in chosen]
    found = session.scalars(
        _fitting(person, site, filters, now)
        .where(Leg.id.not_in(ids))
        .options(*_loaded())
        .order_by(Leg.started_at.desc(), Leg.id.desc())
        .limit(CANDIDATES + 1)
    ).unique()
    offered = list(found)
    legs = [*chosen, *offered[:CANDIDATES]]
    names = {user.id: user.display_name for user in reviewers}
    known: dict[int, list[str]] = {}
    for user_id, leg_id in unfit(session, legs, reviewers):
        known.setdefault(leg_id, []).append(names[user_id])
    return NewPage(
        site=site,
        candidates=tuple(
            Candidate(leg.uid, call_facts(leg), tuple(known.get(leg.id, ())), leg.id in ids)
            for leg in legs
        ),
        more=len(offered) > CANDIDATES,
        reviewers=tuple(reviewers_at(session, person, site)),
    )


def _loaded() -> list[object]:
    call = joinedload(Leg.call)
    return [
        call.joinedload(Call.site),
        call.joinedload(Call.project),
        joinedload(Leg.agent),
    ]


def legs_of(session: Session, person: Person, site: Site, given: Sequence[str]) -> list[Leg]:
    """Return the legs with these public ids that the person leads, in the order given."""
    uids = [uid for text in given if (uid := _uid(text)) is not None]
    found = session.scalars(
        visible(person, Leg, Action.CALIBRATION_LEAD)
        .where(Leg.uid.in_(uids), Leg.site_id == site.id)
        .options(*_loaded())
    ).unique()
    by_uid = {leg.uid: leg for leg in found}
    return [by_uid[uid] for uid in dict.fromkeys(uids) if uid in by_uid]


def _uid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def picked_at_random(
    session: Session,
    person: Person,
    site: Site,
    filters: Filters,
    *,
    count: int,
    chosen: Sequence[Leg],
    reviewers: Sequence[User],
    now: dt.datetime,
) -> list[Leg]:
    """Choose calls by chance among the newest that fit, known to none of the reviewers."""
    ids = [leg.id for leg in chosen]
    found = list(
        session.scalars(
            _fitting(person, site, filters, now)
            .where(Leg.id.not_in(ids))
            .options(*_loaded())
            .order_by(Leg.started_at.desc(), Leg.id.desc())
            .limit(DRAWN_FROM)
        ).unique()
    )
    known = {leg_id for _user, leg_id in unfit(session, found, reviewers)}
    blind = [leg for leg in found if leg.id not in known]
    return secrets.SystemRandom().sample(blind, min(count, len(blind)))
