"""How long things are kept: seen by managers, set by admins."""

import uuid

from flask import Blueprint, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from models.calls import Project
from models.people import Site
from models.vocab import RetentionSubject
from pipelines.outcomes import DomainError
from pipelines.retention import recordings, service
from qa_app.access import Action, current_person, load, may, requires
from qa_app.clock import now
from qa_app.db import session
from qa_app.messages import sentence, status_of
from qa_app.retention.forms import ExemplarsForm, HoldForm, RuleForm
from qa_app.retention.queries import (
    held_recording,
    holds_page,
    recording_of,
    retention_page,
)
from qa_app.templating import render, see_other

bp = Blueprint("retention", __name__, url_prefix="/retention")


@bp.get("")
@requires(Action.RETENTION_READ)
def index() -> str:
    """Show the rules of every site in scope."""
    return _show()


def _show(site_uid: uuid.UUID | None = None, form: RuleForm | None = None) -> str:
    person = current_person()
    return render(
        "retention/index.html",
        page=retention_page(session(), person),
        form=form or RuleForm(formdata=None),
        form_site=site_uid,
        may_write=may(person, Action.RETENTION_WRITE),
    )


def _uid(written: str) -> uuid.UUID:
    try:
        return uuid.UUID(written)
    except ValueError:
        raise NotFound from None


@bp.post("/<uuid:uid>/rules")
@requires(Action.RETENTION_WRITE)
def set_rule(uid: uuid.UUID) -> ResponseReturnValue:
    """Set, change or remove the rule of a site or one of its projects."""
    person, form = current_person(), RuleForm()
    site = load(session(), person, Action.RETENTION_WRITE, Site, uid)
    if not form.validate():
        return _show(uid, form), 422
    project = None
    if form.project.data:
        project = load(session(), person, Action.RETENTION_WRITE, Project, _uid(form.project.data))
    service.set_rule(
        session(),
        site,
        project,
        RetentionSubject(form.subject.data),
        form.days.data,
        now=now(),
        actor=person.uid,
    )
    flash(_("The rule is set; it is applied in the next nightly run."), "success")
    return see_other("retention.index")


@bp.post("/<uuid:uid>/exemplars")
@requires(Action.RETENTION_WRITE)
def let_exemplars_keep(uid: uuid.UUID) -> ResponseReturnValue:
    """Say how long exemplars of a site may keep their recording."""
    person, form = current_person(), ExemplarsForm()
    site = load(session(), person, Action.RETENTION_WRITE, Site, uid)
    if not form.validate():
        raise DomainError("bad_retention_days", days=form.days.data, longest=recordings.MOST_KEPT)
    recordings.let_exemplars_keep(session(), site, form.days.data or 0, now=now(), actor=person.uid)
    flash(_("Saved."), "success")
    return see_other("retention.index")


@bp.get("/holds")
@requires(Action.RETENTION_READ)
def holds() -> str:
    """Show the recordings that stay whatever their rule says."""
    return _holds()


def _holds(form: HoldForm | None = None) -> str:
    person = current_person()
    return render(
        "retention/holds.html",
        rows=holds_page(session(), person),
        form=form or HoldForm(formdata=None),
        may_write=may(person, Action.RETENTION_WRITE),
    )


@bp.post("/holds")
@requires(Action.RETENTION_WRITE)
def hold() -> ResponseReturnValue:
    """Keep a recording whatever its rule says."""
    person, form = current_person(), HoldForm()
    if not form.validate():
        return _holds(form), 422
    try:
        recording = recording_of(session(), person, form.call.data)
    except DomainError as error:
        form.call.errors = [sentence(error)]
        return _holds(form), status_of(error)
    recordings.hold(session(), recording, form.reason.data, now=now(), actor=person.uid)
    flash(_("The recording stays until the hold is released."), "success")
    return see_other("retention.holds")


@bp.post("/holds/<uuid:uid>/release")
@requires(Action.RETENTION_WRITE)
def release(uid: uuid.UUID) -> ResponseReturnValue:
    """Let a held recording follow its rule again."""
    person = current_person()
    recording = held_recording(session(), person, uid)
    recordings.release_hold(session(), recording, now=now(), actor=person.uid)
    flash(_("Released; the recording follows its rule again, from tonight on."), "success")
    return see_other("retention.holds")
