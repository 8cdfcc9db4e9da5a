"""``hearback metrics``: the figures of the dashboard, in a terminal or as JSON."""

import json
from typing import TYPE_CHECKING

import click

from qa_app.cli.context import now, refuse, runtime

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from pipelines.measures.overview import Figures, Overview
    from pipelines.measures.samples import Scope

_WIDTH = 34


@click.command(epilog="Example: hearback metrics --period 2026-W47 --site shanghai --json")
@click.option(
    "--period",
    "written",
    help="2026-W47, 2026-11, 2026-11-16 or 2026-11-16..2026-11-22. Default: last complete week.",
)
@click.option("--site", "site_code", help="Only this site (its code). Default: all sites.")
@click.option("--team", "team_code", help="Only this team (its code).")
@click.option("--directed", is_flag=True, help="Add directed reviews to the plain rates.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    *,
    written: str | None,
    site_code: str | None,
    team_code: str | None,
    directed: bool,
    as_json: bool,
) -> None:
    """Print rates with numerator, denominator and interval, week by week and per team."""
    from models.session import read_session
    from pipelines.measures.overview import overview
    from pipelines.measures.service import rebuild_dirty
    from pipelines.periods import last_weeks, parse_period
    from qa_app.dashboards import plain

    engine = runtime().engine
    period = parse_period(written) if written else None
    # What changed since the last rebuild counts too; the worker does this every minute.
    rebuild_dirty(engine)
    with read_session(engine) as session:
        scope = _scope(session, site_code, team_code)
        period = period or last_weeks(_today(session, scope), 1)
        found = overview(session, scope, period, directed=directed)
    if as_json:
        click.echo(json.dumps(plain.overview(found), ensure_ascii=False))
        return
    _say(found)


def _scope(session: "Session", site_code: str | None, team_code: str | None) -> "Scope":
    from sqlalchemy import select

    from models.people import Site, Team
    from pipelines.measures.samples import Scope

    sites = select(Site.id)
    if site_code is not None:
        sites = sites.where(Site.code == site_code)
    site_ids = tuple(session.scalars(sites.order_by(Site.id)))
    if site_code is not None and not site_ids:
        refuse(f"There is no site with the code {site_code}.", "site_unknown")
    if team_code is None:
        return Scope(site_ids)
    teams = select(Team.id).where(Team.site_id.in_(site_ids), Team.code == team_code)
    team_ids = tuple(session.scalars(teams))
    if not team_ids:
        refuse(f"There is no team with the code {team_code} here.", "team_unknown")
    return Scope(site_ids, team_ids)


def _today(session: "Session", scope: "Scope") -> "date":
    """Return the day it is where the figures come from: at the last of the sites to begin it."""
    from zoneinfo import ZoneInfo

    from sqlalchemy import select

    from models.people import Site

    zones = session.scalars(select(Site.timezone).where(Site.id.in_(scope.site_ids)))
    return min((now().astimezone(ZoneInfo(zone)).date() for zone in zones), default=now().date())


def _say(found: "Overview") -> None:
    click.echo(f"{found.period.text}, {found.people} people")
    if found.total is None:
        click.echo("No figures: fewer than five people talked to customers in this period.")
        return
    for line in _lines(found.total):
        click.echo(line)
    for team in found.teams:
        click.echo(f"\n{team.name} ({team.code}), {team.people} people")
        if team.figures is None:
            click.echo("  no figures: fewer than five people")
            continue
        for line in _lines(team.figures):
            click.echo(line)


def _lines(figures: "Figures") -> list[str]:
    from qa_app.dashboards import plain

    guess, bounds = figures.estimate, plain.interval(figures.bounds)
    limits = plain.interval(guess.interval)
    spread = f", between {_percent(limits[0])} and {_percent(limits[1])}" if limits else ""
    notes = f" [{', '.join(note.value for note in guess.notes)}]" if guess.notes else ""
    about = "" if guess.population_exact else "about "
    gap = plain.figures(figures)
    assessed = gap["self_assessment_gap"] if gap else {}
    rows = [
        ("QA excellence rate, reviewed", _rate(figures.excellence)),
        (
            "QA excellence rate, all recorded",
            (
                f"{_percent(guess.value)}{spread}; {guess.calls} of {about}{guess.population} calls"
                f"{notes}"
            ),
        ),
        ("Monitoring pass rate, reviewed", _rate(figures.passed)),
        ("SMS satisfaction", _rate(figures.satisfaction)),
        (
            "  answered",
            _rate(figures.response)
            + (f"; bounds {_percent(bounds[0])} to {_percent(bounds[1])}" if bounds else ""),
        ),
        (
            "Complaints per 1,000 outbound",
            (
                f"{_thousand(figures.complaints)} ({figures.complaints.numerator} of "
                f"{figures.complaints.denominator}), upheld {figures.upheld}"
            ),
        ),
        (
            "Self-assessment gap, points",
            (
                f"mean {_number(assessed['mean_points'])}, absolute "
                f"{_number(assessed['mean_absolute_points'])}; "
                f"{assessed['n']} of {assessed['asked']} asked"
            ),
        ),
        ("Recorded of connected", _rate(figures.coverage)),
    ]
    return [f"  {label:<{_WIDTH}} {value}" for label, value in rows]


def _rate(value: object) -> str:
    from qa_app.dashboards import plain

    found = plain.ratio(value)  # type: ignore[arg-type]  # a Ratio, named lazily
    return f"{_percent(found['value'])} ({found['numerator']} of {found['denominator']})"


def _percent(share: float | None) -> str:
    return "no data" if share is None else f"{100 * share:.1f} %"


def _thousand(value: object) -> str:
    from qa_app.dashboards import plain

    share = plain.ratio(value)["value"]  # type: ignore[arg-type]  # likewise
    return "no data" if share is None else f"{1_000 * share:.2f}"


def _number(value: float | None) -> str:
    return "no data" if value is None else f"{value:+.1f}"
