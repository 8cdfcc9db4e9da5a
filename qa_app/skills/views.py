"""Skill profiles of the teams in scope."""

from flask import Blueprint

from qa_app.access import Action, current_person, requires
from qa_app.asked import number
from qa_app.clock import now
from qa_app.db import session
from qa_app.scorecards.words import SKILLS
from qa_app.skills.queries import USUAL_DAYS, skills_page
from qa_app.templating import render

bp = Blueprint("skills", __name__, url_prefix="/skills")


@bp.get("")
@requires(Action.SKILLS_READ)
def index() -> str:
    """Show what share of soft and hard points each team and agent earned."""
    page = skills_page(session(), current_person(), now(), number("days") or USUAL_DAYS)
    return render("skills/index.html", page=page, names=SKILLS)
