"""Live reviews: begun, written while the call is heard, submitted, read."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from models.calls import Project
from models.people import Agent, User
from models.reviewing import LiveReview
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.review import live as service
from pipelines.scoring.service import version_rule
from qa_app import once
from qa_app.access import Action, current_person, load, requires
from qa_app.clock import now
from qa_app.db import session
from qa_app.formats import rate
from qa_app.live.forms import BeginForm
from qa_app.live.queries import (
    agent_choices,
    index_page,
    own_draft,
    project_choices,
    show_page,
    shown,
    write_page,
)
from qa_app.messages import sentence, status_of
from qa_app.reviews.forms import build_form, sheet_of_form
from qa_app.reviews.sheets import SheetView, view_sheet
from qa_app.reviews.views import conflict_answer, saved_answer
from qa_app.templating import render, see_other

bp = Blueprint("live", __name__, url_prefix="/reviews/live")


def _user() -> User:
    return session().get_one(User, current_person().id)


def _offered(form: BeginForm) -> BeginForm:
    person = current_person()
    # Nobody is chosen beforehand: a review of the wrong agent would be worse than none.
    none = SelectChoice("", _("Choose …"))
    agents, projects = agent_choices(session(), person), project_choices(session(), person)
    form.agent.choices = [none, *(SelectChoice(*pair) for pair in agents)]
    form.project.choices = [none, *(SelectChoice(*pair) for pair in projects)]
    return form


@bp.get("/")
@requires(Action.LIVE_READ)
def index() -> str:
    """List live reviews, and offer to begin one."""
    page = index_page(session(), current_person(), now())
    form = _offered(BeginForm(formdata=None)) if page.may_begin else None
    return render("live/index.html", page=page, form=form)


@bp.post("/")
@requires(Action.LIVE_WRITE)
def begin() -> ResponseReturnValue:
    """Begin to judge a call that an agent is on."""
    person, form = current_person(), _offered(BeginForm())
    page = index_page(session(), person, now())
    if not form.validate():
        return render("live/index.html", page=page, form=form), 422
    if earlier := once.spent(form, person):
        return earlier
    agent = load(session(), person, Action.LIVE_WRITE, Agent, uuid.UUID(form.agent.data))
    project = load(session(), person, Action.LIVE_WRITE, Project, uuid.UUID(form.project.data))
    try:
        made = service.begin(session(), agent, project, _user(), now=now())
    except DomainError as error:
        form.agent.errors = [sentence(error)]
        return render("live/index.html", page=page, form=form), status_of(error)
    return once.done(form, person, "live.write", uid=made.uid)


@bp.get("/<uuid:uid>/write")
@requires(Action.LIVE_WRITE)
def write(uid: uuid.UUID) -> str:
    """Show the scorecard of a call that is being heard."""
    draft = own_draft(session(), current_person(), uid)
    return render("live/write.html", page=write_page(session(), current_person(), draft))


def _sent(draft: LiveReview) -> tuple[SheetView, dict[str, Any]]:
    version = version_rule(session(), draft.version_id)
    form = build_form(version)()
    sheet = sheet_of_form(form, version)
    return view_sheet(version, form, sheet), sheet


@bp.post("/<uuid:uid>/draft")
@requires(Action.LIVE_WRITE)
def save(uid: uuid.UUID) -> Response:
    """Keep the draft and answer with the running total; 409 when another tab saved."""
    draft = own_draft(session(), current_person(), uid)
    view, sheet = _sent(draft)
    act: dict[str, Any] = {
        "lock_version": view.form.seen_version,
        "user": _user(),
        "now": now(),
        "notes": view.notes,
    }
    try:
        service.save(session(), draft, sheet, view.summary, **act)
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        return conflict_answer(view, error)
    return saved_answer(view, draft.lock_version)


@bp.post("/<uuid:uid>/submit")
@requires(Action.LIVE_WRITE)
def submit(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Submit the live review; what is missing is shown in place, with the draft kept."""
    draft = own_draft(session(), current_person(), uid)
    view, sheet = _sent(draft)
    act: dict[str, Any] = {
        "lock_version": view.form.seen_version,
        "user": _user(),
        "now": now(),
        "notes": view.notes,
    }
    try:
        if view.problems:
            service.save(session(), draft, sheet, view.summary, **act)
            view.form.lock_version.data = str(draft.lock_version)
            page = write_page(session(), current_person(), draft, view)
            return render("live/write.html", page=page, tried=True)
        score = evaluation.submit_live(session(), draft, sheet, view.summary, **act)
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        page = write_page(session(), current_person(), draft)
        return render("live/write.html", page=page, conflict=view), 409
    flash(_("Submitted: %(score)s.", score=rate(score.earned, score.attainable)), "success")
    return see_other("live.show", uid=uid)


@bp.post("/<uuid:uid>/discard")
@requires(Action.LIVE_WRITE)
def discard(uid: uuid.UUID) -> Response:
    """Drop a live review that was not submitted."""
    draft = own_draft(session(), current_person(), uid)
    service.discard(session(), draft, _user(), now=now())
    flash(_("Dropped."), "success")
    return see_other("live.index")


@bp.get("/<uuid:uid>")
@requires(Action.LIVE_READ)
def show(uid: uuid.UUID) -> ResponseReturnValue:
    """Show a live review; once its call is on file, its feedback."""
    found = shown(session(), current_person(), uid, now())
    if found.review is not None:
        return see_other("feedback.show", uid=found.review.uid)
    return render("live/show.html", page=show_page(session(), found))
