"""The start page."""

from flask import Blueprint

from qa_app.access import Action, current_person, requires
from qa_app.clock import now
from qa_app.db import session
from qa_app.home.queries import start_page
from qa_app.templating import render

bp = Blueprint("home", __name__)


@bp.get("/")
@requires(Action.HOME)
def start() -> str:
    """Show what each of the person's roles wants first."""
    return render("home/start.html", page=start_page(session(), current_person(), now()))
