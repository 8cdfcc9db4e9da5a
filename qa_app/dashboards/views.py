"""The manager's dashboard with its files, and an agent's own results."""

import uuid

from flask import Blueprint, Response, flash, request

from qa_app import exports, security
from qa_app.access import Action, current_person, requires
from qa_app.clock import now
from qa_app.dashboards import plain
from qa_app.dashboards.queries import DashboardPage, checked_period, dashboard_page, mine_page
from qa_app.db import session
from qa_app.errors import sentence
from qa_app.scorecards.words import SKILLS
from qa_app.skills.queries import own_skills
from qa_app.templating import render

bp = Blueprint("dashboards", __name__, url_prefix="/dashboard")


def _uid(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args.get(name, ""))
    except ValueError:
        return None


def _page() -> DashboardPage:
    written = request.args.get("written", "").strip() or request.args.get("period", "")
    period, trouble = checked_period(written[:40], now().date())
    if trouble is not None:
        flash(sentence(trouble), "danger")
    return dashboard_page(
        session(),
        current_person(),
        now(),
        site_uid=_uid("site"),
        team_uid=_uid("team"),
        written=period,
        directed=request.args.get("directed") == "1",
    )


@bp.get("")
@requires(Action.DASHBOARDS_READ)
def index() -> str:
    """Show the figures of a site or team."""
    return render("dashboards/index.html", page=_page())


def _record(file: str, rows: int) -> None:
    """Write down that figures leave as a file, with what was asked for."""
    security.record(
        "figures.exported",
        "figures",
        actor=current_person().uid,
        file=file,
        rows=rows,
        site=str(_uid("site") or "") or None,
        team=str(_uid("team") or "") or None,
        period=(request.args.get("written", "").strip() or request.args.get("period", ""))[:40],
    )


@bp.get("/weeks.csv")
@requires(Action.DASHBOARDS_READ)
def weeks_file() -> Response:
    """Give the week-by-week figures as a file."""
    found = _page().overview
    rows = plain.week_rows(found.weeks) if found else []
    _record("weeks.csv", len(rows))
    return exports.csv_response("weeks.csv", ["week", *plain.COLUMNS], rows)


@bp.get("/teams.csv")
@requires(Action.DASHBOARDS_READ)
def teams_file() -> Response:
    """Give the teams' figures as a file."""
    found = _page().overview
    rows = plain.team_rows(found) if found else []
    _record("teams.csv", len(rows))
    return exports.csv_response("teams.csv", ["team", "name", "people", *plain.COLUMNS], rows)


@bp.get("/mine")
@requires(Action.DASHBOARDS_MINE)
def mine() -> str:
    """Show an agent the own results beside the team's."""
    person = current_person()
    return render(
        "dashboards/mine.html",
        page=mine_page(session(), person, now()),
        skills=own_skills(session(), person, now()),
        skill_names=SKILLS,
    )


@bp.get("/mine.csv")
@requires(Action.DASHBOARDS_MINE)
def mine_file() -> Response:
    """Give the own week-by-week figures as a file."""
    found = mine_page(session(), current_person(), now()).mine
    rows = plain.week_rows(found.weeks) if found else []
    _record("my-results.csv", len(rows))
    return exports.csv_response("my-results.csv", ["week", *plain.COLUMNS], rows)
