"""The dashboard of a person's scope, and an agent's own results."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from models.people import Agent, Site, Team, TeamMember
from pipelines.measures import overview as measures
from pipelines.measures.overview import Figures, Mine, Overview
from pipelines.measures.rules.estimates import Note
from pipelines.measures.samples import Scope
from pipelines.outcomes import DomainError
from pipelines.periods import Period, last_weeks, parse_period
from qa_app.access import Action, Person, grants_for, visible
from qa_app.dashboards.charts import Chart, charts, own_charts
from qa_app.targets.queries import TargetView, held_by

LAST_WEEK = "week"
FOUR_WEEKS = "4weeks"
TEN_WEEKS = "10weeks"
THIS_MONTH = "month"


@dataclass(frozen=True)
class Choice:
    """Something to choose in the bar above the figures."""

    value: str
    label: LazyString | str
    chosen: bool


@dataclass(frozen=True)
class DashboardPage:
    """Figures of a scope with what the bar above them offers."""

    site: Site | None
    sites: tuple[Choice, ...]
    teams: tuple[Choice, ...]
    periods: tuple[Choice, ...]
    written: str
    directed: bool
    overview: Overview | None
    charts: tuple[Chart, ...]
    warnings: tuple[LazyString | str, ...]


@dataclass(frozen=True)
class MinePage:
    """An agent's own results; null figures where the person takes no calls."""

    mine: Mine | None
    charts: tuple[Chart, ...]
    targets: tuple[TargetView, ...] = ()

    def target(self, indicator: str) -> TargetView | None:
        """Return the target of an indicator, if one holds."""
        return next((one for one in self.targets if one.indicator == indicator), None)


def dashboard_page(
    session: Session,
    person: Person,
    now: datetime,
    *,
    site_uid: uuid.UUID | None,
    team_uid: uuid.UUID | None,
    written: str,
    directed: bool,
) -> DashboardPage:
    """Return the figures of one site, or one team of it, that the person may see.

    Weeks and months end at the site's own midnight.
    """
    sites = session.scalars(visible(person, Site, Action.DASHBOARDS_READ).order_by(Site.name)).all()
    site = next((row for row in sites if row.uid == site_uid), sites[0] if sites else None)
    teams: list[Team] = []
    found = None
    if site is not None:
        period = chosen_period(written, _today(now, site))
        teams = list(
            session.scalars(
                visible(person, Team, Action.DASHBOARDS_READ)
                .where(Team.site_id == site.id)
                .order_by(Team.name)
            )
        )
        scope = _scope(person, site, teams, team_uid)
        found = measures.overview(session, scope, period, directed=directed)
    return DashboardPage(
        site=site,
        sites=tuple(Choice(str(row.uid), row.name, row is site) for row in sites),
        teams=tuple(Choice(str(row.uid), row.name, row.uid == team_uid) for row in teams),
        periods=_periods(written),
        written=written if written not in _PERIODS else "",
        directed=directed,
        overview=found,
        charts=charts(found.weeks) if found else (),
        warnings=tuple(_warnings(found)) if found else (),
    )


def _scope(person: Person, site: Site, teams: list[Team], team_uid: uuid.UUID | None) -> Scope:
    chosen = tuple(team.id for team in teams if team.uid == team_uid)
    if chosen:
        return Scope((site.id,), chosen)
    whole = any(
        grant.site_id == site.id and grant.team_id is None
        for grant in grants_for(person, Action.DASHBOARDS_READ)
    )
    return Scope((site.id,), None if whole else tuple(team.id for team in teams))


def _today(now: datetime, site: Site) -> date:
    return now.astimezone(ZoneInfo(site.timezone)).date()


def mine_page(session: Session, person: Person, now: datetime) -> MinePage:
    """Return an agent's own figures of the last ten weeks beside the own team's."""
    if person.agent_id is None:
        return MinePage(None, ())
    agent = session.scalars(
        visible(person, Agent, Action.DASHBOARDS_MINE).where(Agent.id == person.agent_id)
    ).one()
    period = last_weeks(_today(now, agent.site), measures.WEEKS)
    teams = session.scalars(
        visible(person, Team, Action.DASHBOARDS_MINE)
        .join(TeamMember, TeamMember.team_id == Team.id)
        .where(TeamMember.agent_id == agent.id, TeamMember.valid_to.is_(None))
    ).all()
    scope = Scope((agent.site_id,), tuple(team.id for team in teams), agent.id)
    found = measures.mine(session, scope, period)
    held = held_by(session, agent.site_id, scope.team_ids or (), _today(now, agent.site))
    return MinePage(found, own_charts(found.weeks), held)


_PERIODS: dict[str, LazyString] = {
    LAST_WEEK: _l("Last week"),
    FOUR_WEEKS: _l("Last four weeks"),
    TEN_WEEKS: _l("Last ten weeks"),
    THIS_MONTH: _l("This month"),
}


def chosen_period(written: str, today: date) -> Period:
    """Read a named period, or one written as ``parse_period`` takes it."""
    if written in {"", FOUR_WEEKS}:
        return last_weeks(today, 4)
    if written == LAST_WEEK:
        return last_weeks(today, 1)
    if written == TEN_WEEKS:
        return last_weeks(today, 10)
    if written == THIS_MONTH:
        return parse_period(f"{today:%Y-%m}")
    return parse_period(written)


def _periods(written: str) -> tuple[Choice, ...]:
    named = written or FOUR_WEEKS
    return tuple(Choice(value, label, value == named) for value, label in _PERIODS.items())


def _warnings(found: Overview) -> list[LazyString | str]:
    total = found.total
    if total is None:
        return []
    said: list[LazyString | str] = []
    share = total.coverage.value
    if total.coverage_is_low and share is not None:
        said.append(
            _l(
                "Only %(share)s %% of connected calls have a recording; estimates speak for those.",
                share=f"{100 * float(share):.1f}",
            )
        )
    said += _estimate_warnings(total)
    if found.behind:
        said.append(_l("Figures of %(count)s days are being summed again.", count=found.behind))
    return said


def _estimate_warnings(total: Figures) -> list[LazyString | str]:
    guess = total.estimate
    said: list[LazyString | str] = []
    if Note.PROVISIONAL in guess.notes:
        closed = f"{100 * guess.closed:.0f}"
        if guess.worst_case is None or guess.best_case is None:
            said.append(
                _l("Provisional: %(share)s %% of the drawn calls are closed.", share=closed)
            )
        else:
            said.append(
                _l(
                    "Provisional: %(share)s %% of the drawn calls are closed; with the others the "
                    "estimate ends between %(low)s %% and %(high)s %%.",
                    share=closed,
                    low=f"{100 * guess.worst_case:.1f}",
                    high=f"{100 * guess.best_case:.1f}",
                )
            )
    if Note.LEFT_OUT in guess.notes:
        said.append(
            _l(
                "The estimate leaves out %(share)s %% of calls, whose strata have no review yet.",
                share=f"{100 * guess.left_out:.1f}",
            )
        )
    if guess.joined:
        said.append(
            _l(
                "%(count)s strata have one review; their spread is taken with their neighbour's.",
                count=len(guess.joined),
            )
        )
    return said


def checked_period(written: str, today: date) -> tuple[str, DomainError | None]:
    """Return the text if it names a period, else none with what is wrong with it."""
    try:
        chosen_period(written, today)
    except DomainError as error:
        return "", error
    return written, None
