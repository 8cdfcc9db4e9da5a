"""Skill profiles of the teams in scope."""

from flask import Blueprint, Response

from qa_app import exports
from qa_app.access import Action, current_person, requires
from qa_app.asked import number
from qa_app.clock import now
from qa_app.db import session
from qa_app.scorecards.words import SKILLS
from qa_app.skills.queries import USUAL_DAYS, SkillsPage, skills_page, skills_rows
from qa_app.templating import render

bp = Blueprint("skills", __name__, url_prefix="/skills")


@bp.get("")
@requires(Action.SKILLS_READ)
def index() -> str:
    """Show what share of soft and hard points each team and agent earned."""
    return render("skills/index.html", page=_page(), names=SKILLS)


def _page() -> SkillsPage:
    return skills_page(session(), current_person(), now(), number("days") or USUAL_DAYS)


@bp.get("/profiles.csv")
@requires(Action.SKILLS_READ)
def index_file() -> Response:
    """Give the same figures as a file."""
    return exports.csv_response("skills.csv", *skills_rows(_page()))
