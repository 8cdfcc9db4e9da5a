"""How strict reviewers are over time: one's own first, then those that the person leads."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Site, User, UserRole
from models.vocab import Role
from pipelines.calibration.results import Quarter, SiteSeverity, severity_at
from pipelines.calibration.rules.severity import Effect
from qa_app import figures
from qa_app.access import Action, Person, grants_for, visible
from qa_app.exports import Cell

FEWEST_CALLS = 10
"""Under so many shared calls a person gets the count alone, as everywhere."""

FEWEST_PEOPLE = 5
"""Under so many reviewers the effects lean on one another, and the page says so."""

COLUMNS = (
    "site",
    "reviewer",
    "year",
    "quarter",
    "shared_calls",
    "compared_with",
    "effect_points",
    "low",
    "high",
)
"""Of the file: effects in percentage points; empty where there are too few calls."""


@dataclass(frozen=True)
class EffectCell:
    """An effect in percentage points with its interval; null values where calls are too few."""

    calls: int
    others: int
    effect: float | None
    low: float | None
    high: float | None

    @property
    def scale(self) -> tuple[float, float, float] | None:
        """Return where effect and interval stand in a picture of 100 from -20 to +20 points."""
        if self.effect is None or self.low is None or self.high is None:
            return None
        effect, low, high = (
            min(100.0, max(0.0, 50 + value * 2.5)) for value in (self.effect, self.low, self.high)
        )
        return effect, low, high


@dataclass(frozen=True)
class ReviewerRow:
    """One reviewer: all quarters together, then each, oldest first; null without a shared call."""

    name: str
    is_me: bool
    group: int
    whole: EffectCell | None
    quarters: tuple[EffectCell | None, ...]


@dataclass(frozen=True)
class SitePart:
    """The reviewers of a site. ``groups`` above 1: some share no call, and are not comparable.

    ``hidden``: the site does not let figures about single persons go to this manager.
    """

    site: Site
    mine: ReviewerRow | None
    others: tuple[ReviewerRow, ...]
    quarters: tuple[tuple[int, int], ...]
    calls: int
    people: int
    groups: int
    hidden: bool = False

    @property
    def few(self) -> bool:
        """Whether fewer than five reviewers share calls."""
        return self.people < FEWEST_PEOPLE


@dataclass(frozen=True)
class SeverityPage:
    """Severity at the person's sites; ``leads``: with reviewers other than oneself."""

    parts: tuple[SitePart, ...]
    leads: bool
    fewest: int = FEWEST_CALLS


def severity_page(session: Session, person: Person, now: dt.datetime) -> SeverityPage:
    """Gather severity by site: reviewers see their own, managers that of the reviewers they lead.

    Nobody else is named to a reviewer.
    """
    sites = session.scalars(visible(person, Site, Action.SEVERITY_READ).order_by(Site.name)).all()
    leads = any(grant.role is Role.MANAGER for grant in grants_for(person, Action.SEVERITY_READ))
    parts = tuple(_part(session, person, site, now) for site in sites)
    return SeverityPage(parts, leads)


def _led(session: Session, person: Person, site: Site) -> set[int]:
    """Return the reviewers whom the person leads as a manager, where their figures are shown."""
    led: set[int] = set()
    for grant in grants_for(person, Action.SEVERITY_READ):
        if grant.role is not Role.MANAGER or grant.site_id != site.id:
            continue
        if not figures.shows(session, person, site.id, grant.team_id):
            continue
        held = select(UserRole.user_id).where(
            UserRole.site_id == site.id, UserRole.role == Role.REVIEWER
        )
        if grant.team_id is not None:
            held = held.where(UserRole.team_id == grant.team_id)
        led.update(session.scalars(held))
    return led


def _leads(person: Person, site: Site) -> bool:
    grants = grants_for(person, Action.SEVERITY_READ)
    return any(grant.role is Role.MANAGER and grant.site_id == site.id for grant in grants)


def _part(session: Session, person: Person, site: Site, now: dt.datetime) -> SitePart:
    found = severity_at(session, site, now=now)
    compared = {
        reviewer for reviewer, effect in found.whole.effects.items() if effect.group_size > 1
    }
    led = _led(session, person, site)
    shown = (led | {person.id}) & compared
    known = session.execute(select(User.id, User.display_name).where(User.id.in_(shown)))
    names = {row.id: row.display_name for row in known}
    rows = [
        _row(found, reviewer, name, is_me=reviewer == person.id)
        for reviewer, name in sorted(names.items(), key=lambda pair: pair[1])
    ]
    # What lies before the first shared call tells nothing.
    empty = next((n for n, quarter in enumerate(found.quarters) if quarter.calls), 0)
    rows = [replace(row, quarters=row.quarters[empty:]) for row in rows]
    return SitePart(
        site=site,
        mine=next((row for row in rows if row.is_me), None),
        others=tuple(row for row in rows if not row.is_me),
        quarters=tuple((quarter.year, quarter.quarter) for quarter in found.quarters[empty:]),
        calls=found.whole.calls,
        people=len(compared),
        hidden=_leads(person, site) and not led,
        groups=len({found.whole.effects[reviewer].group for reviewer in compared}),
    )


def _row(found: SiteSeverity, reviewer: int, name: str, *, is_me: bool) -> ReviewerRow:
    return ReviewerRow(
        name=name,
        is_me=is_me,
        group=found.whole.effects[reviewer].group,
        whole=_cell(found.whole, reviewer),
        quarters=tuple(_cell(quarter, reviewer) for quarter in found.quarters),
    )


def _cell(quarter: Quarter, reviewer: int) -> EffectCell | None:
    effect: Effect | None = quarter.effects.get(reviewer)
    if effect is None or effect.group_size < 2:  # noqa: PLR2004 - nobody to compare with
        return None
    others = effect.group_size - 1
    measured = effect.effect
    if effect.calls < FEWEST_CALLS:
        return EffectCell(effect.calls, others, None, None, None)
    return EffectCell(
        effect.calls,
        others,
        *(_points(one) for one in (measured.value, measured.low, measured.high)),
    )


def _points(basis_points: float | None) -> float | None:
    return None if basis_points is None else basis_points / 100


def severity_rows(page: SeverityPage) -> Iterator[Sequence[Cell]]:
    """Yield what the page shows, a row per reviewer and quarter; the first has no quarter."""
    for part in page.parts:
        for row in [*([part.mine] if part.mine else []), *part.others]:
            periods = [(None, None), *part.quarters]
            for (year, quarter), cell in zip(periods, [row.whole, *row.quarters], strict=True):
                if cell is not None:
                    yield [
                        part.site.code,
                        row.name,
                        year,
                        quarter,
                        cell.calls,
                        cell.others,
                        *(_short(one) for one in (cell.effect, cell.low, cell.high)),
                    ]


def _short(value: float | None) -> Cell:
    return None if value is None else round(value, 2)
