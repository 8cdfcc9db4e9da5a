"""What pages show of targets: all of a scope, and those that hold for one person today."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.coaching import Target
from models.people import Site, Team
from pipelines.measures.targets import targets_for
from qa_app.access import Action, Person, may, visible
from qa_app.permissions import leads_site
from qa_app.targets.words import indicator_name, target_words


@dataclass(frozen=True)
class TargetView:
    """A target in words."""

    uid: uuid.UUID
    indicator: str
    name: str
    words: str
    place: str
    starts_on: dt.date
    ends_on: dt.date
    focus: bool
    may_remove: bool = False


@dataclass(frozen=True)
class SiteTargets:
    """A site with its targets, and where the person may set some: (team uid or empty, name)."""

    site: Site
    now: tuple[TargetView, ...]
    others: tuple[TargetView, ...]
    places: tuple[tuple[str, str], ...]


def _view(row: Target, *, may_remove: bool = False) -> TargetView:
    return TargetView(
        uid=row.uid,
        indicator=row.indicator,
        name=indicator_name(row.indicator),
        words=target_words(row.indicator, row.value),
        place=row.team.name if row.team else "",
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        focus=row.focus,
        may_remove=may_remove,
    )


def held_by(
    session: Session, site_id: int, team_ids: tuple[int, ...], day: dt.date
) -> tuple[TargetView, ...]:
    """Return the targets that hold for people of these teams on a day, those in focus first."""
    return tuple(_view(row) for row in targets_for(session, site_id, team_ids, day))


def targets_page(session: Session, person: Person, today: dt.date) -> tuple[SiteTargets, ...]:
    """Gather the targets of every site in scope."""
    writable = set()
    if may(person, Action.TARGETS_WRITE):
        writable = set(
            session.scalars(
                visible(person, Target, Action.TARGETS_WRITE).with_only_columns(Target.id)
            )
        )
    found = []
    for site in session.scalars(visible(person, Site, Action.TARGETS_READ).order_by(Site.name)):
        rows = session.scalars(
            select(Target)
            .where(Target.site_id == site.id)
            .options(joinedload(Target.team))
            .order_by(Target.focus.desc(), Target.starts_on.desc(), Target.indicator, Target.id)
        ).all()
        views = [_view(row, may_remove=row.id in writable) for row in rows]
        found.append(
            SiteTargets(
                site=site,
                now=tuple(one for one in views if one.starts_on <= today <= one.ends_on),
                others=tuple(one for one in views if not one.starts_on <= today <= one.ends_on),
                places=places(session, person, site),
            )
        )
    return tuple(found)


def places(session: Session, person: Person, site: Site) -> tuple[tuple[str, str], ...]:
    """Return where at a site the person may set targets: the whole site is named by nothing."""
    if not may(person, Action.TARGETS_WRITE):
        return ()
    teams = session.scalars(
        visible(person, Team, Action.TARGETS_WRITE)
        .where(Team.site_id == site.id)
        .order_by(Team.name)
    )
    whole = (("", ""),) if leads_site(person, Action.TARGETS_WRITE, site.id) else ()
    return (*whole, *((str(team.uid), team.name) for team in teams))
