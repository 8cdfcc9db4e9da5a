"""The names that a project's calls are likely to hold: seen and set by managers and admins."""

import uuid

from flask import Blueprint, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.calls import Project
from pipelines.transcription import hotwords
from qa_app.access import Action, current_person, load, requires
from qa_app.clock import now
from qa_app.db import session
from qa_app.hotwords.forms import HotwordsForm
from qa_app.hotwords.queries import ProjectPage, index_page, show_page
from qa_app.templating import render, see_other

bp = Blueprint("hotwords", __name__, url_prefix="/names")


@bp.get("")
@requires(Action.HOTWORDS_WRITE)
def index() -> str:
    """List the projects, with how many names each has."""
    return render("hotwords/index.html", projects=index_page(session(), current_person()))


@bp.get("/<uuid:uid>")
@requires(Action.HOTWORDS_WRITE)
def show(uid: uuid.UUID) -> str:
    """Show a project's names in a form."""
    page = show_page(session(), current_person(), uid)
    return render("hotwords/show.html", page=page, form=_filled(page))


def _filled(page: ProjectPage) -> HotwordsForm:
    return HotwordsForm(
        formdata=None,
        data={"words": "\n".join(page.words), "agent_names": page.agent_names},
    )


@bp.post("/<uuid:uid>")
@requires(Action.HOTWORDS_WRITE)
def replace(uid: uuid.UUID) -> ResponseReturnValue:
    """Set a project's names; calls transcribed from now on are heard with them."""
    person, form = current_person(), HotwordsForm()
    project = load(session(), person, Action.HOTWORDS_WRITE, Project, uid)
    if not form.validate():
        page = show_page(session(), person, uid)
        return render("hotwords/show.html", page=page, form=form), 422
    hotwords.replace(
        session(),
        project,
        form.lines,
        agent_names=form.agent_names.data,
        now=now(),
        actor=person.uid,
    )
    flash(_("The names are kept. Calls are heard with them from now on."), "success")
    return see_other("hotwords.show", uid=uid)
