"""Scorecards, to read and to take along as files."""

import json
import uuid

from flask import Blueprint, Response

from pipelines.scoring.service import export_scorecard
from qa_app.access import Action, current_person, requires
from qa_app.db import session
from qa_app.scorecards.queries import index_page, readable, show_page
from qa_app.templating import render

bp = Blueprint("scorecards", __name__, url_prefix="/scorecards")


@bp.get("/")
@requires(Action.SCORECARDS_READ)
def index() -> str:
    """List scorecards and their versions."""
    return render("scorecards/index.html", cards=index_page(session(), current_person()))


@bp.get("/<uuid:uid>")
@requires(Action.SCORECARDS_READ)
def show(uid: uuid.UUID) -> str:
    """Show one version with guidance and examples."""
    return render("scorecards/show.html", page=show_page(session(), current_person(), uid))


@bp.get("/<uuid:uid>.json")
@requires(Action.SCORECARDS_READ)
def export(uid: uuid.UUID) -> Response:
    """Give one version in the file format, to be changed and taken in again."""
    version = readable(session(), current_person(), uid)
    data = export_scorecard(session(), version.id)
    response = Response(json.dumps(data, ensure_ascii=False, indent=1), mimetype="application/json")
    name = f"{data['code']}-{version.number}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
