"""Call scripts and evaluation guides: read, commented on, written, published."""

import uuid
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.calls import Project
from models.guides import GuideVersion
from models.people import User
from models.vocab import GuideKind, VersionState
from pipelines.outcomes import DomainError
from pipelines.scoring import comments, guides
from qa_app import once
from qa_app.access import Action, current_person, load, requires
from qa_app.clock import now
from qa_app.db import session
from qa_app.guides import queries
from qa_app.guides.forms import GuideForm
from qa_app.guides.words import KINDS
from qa_app.messages import sentence, status_of
from qa_app.scorecards import words
from qa_app.scorecards.forms import CommentForm
from qa_app.scorecards.views import comment_by_uid
from qa_app.studio.forms import texts_of
from qa_app.templating import render, see_other

bp = Blueprint("guides", __name__, url_prefix="/guides")


def _actor() -> User:
    return session().get_one(User, current_person().id)


def _own(uid: uuid.UUID) -> GuideVersion:
    return load(session(), current_person(), Action.GUIDES_WRITE, GuideVersion, uid)


@bp.get("")
@requires(Action.GUIDES_READ)
def index() -> str:
    """List the guides of every project."""
    projects = queries.index_page(session(), current_person())
    return render("guides/index.html", projects=projects, kinds=KINDS, words=words)


@bp.get("/<uuid:uid>")
@requires(Action.GUIDES_READ)
def show(uid: uuid.UUID) -> str:
    """Show one version, and what is said about it while it is a draft."""
    return _show(uid, CommentForm(formdata=None))


def _show(uid: uuid.UUID, form: CommentForm) -> str:
    page = queries.show_page(session(), current_person(), uid)
    return render("guides/show.html", page=page, form=form, kinds=KINDS, words=words)


@bp.get("/projects/<uuid:uid>/new")
@requires(Action.GUIDES_WRITE)
def new(uid: uuid.UUID) -> str:
    """Offer the form of a new guide."""
    kind = request.args.get("kind", GuideKind.SCRIPT.value)
    form = GuideForm(formdata=None, data={"kind": kind if kind in set(GuideKind) else None})
    return _form(form, project=_project(uid))


def _project(uid: uuid.UUID) -> Project:
    return load(session(), current_person(), Action.GUIDES_WRITE, Project, uid)


def _form(form: GuideForm, **context: Any) -> str:
    return render("guides/form.html", form=form, kinds=KINDS, **context)


@bp.post("/projects/<uuid:uid>/new")
@requires(Action.GUIDES_WRITE)
def create(uid: uuid.UUID) -> ResponseReturnValue:
    """Make a guide; it is a draft."""
    person, form, project = current_person(), GuideForm(), _project(uid)
    if not _titled(form):
        return _form(form, project=project), 422
    if earlier := once.spent(form, person):
        return earlier
    version = guides.begin(
        session(),
        project,
        GuideKind(form.kind.data),
        texts_of(form, "title"),
        texts_of(form, "body"),
        now=now(),
        actor=_actor(),
    )
    flash(_("The draft is saved. Open it for comments, or publish it."), "success")
    return once.done(form, person, "guides.show", uid=version.uid)


def _titled(form: GuideForm) -> bool:
    fine = bool(form.validate())
    if not texts_of(form, "title"):
        form.title_en.errors = [*form.title_en.errors, _("Write a title in one language at least.")]
        fine = False
    return fine


@bp.get("/<uuid:uid>/edit")
@requires(Action.GUIDES_WRITE)
def edit(uid: uuid.UUID) -> str:
    """Offer the form of a draft."""
    version = _own(uid)
    if version.state not in guides.BEING_WRITTEN:
        raise DomainError("guide_published")
    data = {
        "kind": version.guide.kind.value,
        "seen": str(version.lock_version),
        "title_en": version.title.get("en", ""),
        "title_zh": version.title.get("zh_Hans", ""),
        "body_en": version.body.get("en", ""),
        "body_zh": version.body.get("zh_Hans", ""),
    }
    form = GuideForm(formdata=None, data=data)
    return _form(form, project=version.guide.project, version=version)


@bp.post("/<uuid:uid>/edit")
@requires(Action.GUIDES_WRITE)
def change(uid: uuid.UUID) -> ResponseReturnValue:
    """Keep a draft's words; 409 with what is stored when somebody else saved meanwhile."""
    version, form = _own(uid), GuideForm()
    by_script = request.accept_mimetypes.best == "application/json"
    context: dict[str, Any] = {"project": version.guide.project, "version": version}
    if not _titled(form):
        said = {field.name: [str(error) for error in field.errors] for field in form}
        return (jsonify(errors=said) if by_script else _form(form, **context)), 422
    title, body = texts_of(form, "title"), texts_of(form, "body")
    try:
        guides.change(session(), version, title, body, seen=form.seen_version)
    except DomainError as error:
        if error.code != "guide_conflict":
            raise
        if by_script:
            return jsonify(conflict=sentence(error)), status_of(error)
        form.seen.data = str(version.lock_version)
        return _form(form, conflict=sentence(error), **context), status_of(error)
    if by_script:
        return jsonify(seen=str(version.lock_version))
    flash(_("Saved."), "success")
    return see_other("guides.show", uid=uid)


@bp.post("/<uuid:uid>/draft")
@requires(Action.GUIDES_WRITE)
def next_draft(uid: uuid.UUID) -> Response:
    """Begin the next version as a copy, or go on with the one being written."""
    draft = guides.next_draft(session(), _own(uid).guide, now=now(), actor=_actor())
    return see_other("guides.edit", uid=draft.uid)


_SAID = {
    VersionState.DRAFT: lambda: _("Comments are closed. What was said stays here."),
    VersionState.OPEN_FOR_COMMENT: lambda: _("Open for comments."),
    VersionState.PUBLISHED: lambda: _("Published."),
    VersionState.RETIRED: lambda: _("Retired."),
}


@bp.post("/<uuid:uid>/state")
@requires(Action.GUIDES_WRITE)
def set_state(uid: uuid.UUID) -> Response:
    """Open a draft for comments, close them, publish it, or retire what is in use."""
    given = request.form.get("state", "")
    version = _own(uid)
    if given not in set(VersionState):
        abort(400)
    state = VersionState(given)
    guides.set_state(session(), version, state, now=now(), actor=_actor())
    flash(_SAID[state](), "success")
    return see_other("guides.show", uid=uid)


@bp.post("/<uuid:uid>/discard")
@requires(Action.GUIDES_WRITE)
def discard(uid: uuid.UUID) -> Response:
    """Throw a draft away."""
    guides.discard(session(), _own(uid), now=now(), actor=_actor())
    flash(_("The draft is gone."), "success")
    return see_other("guides.index")


@bp.post("/<uuid:uid>/comments")
@requires(Action.SCORECARDS_COMMENT)
def comment(uid: uuid.UUID) -> ResponseReturnValue:
    """Say something about a draft that is open for comment, or answer what was said."""
    person, form = current_person(), CommentForm()
    version = load(session(), person, Action.GUIDES_READ, GuideVersion, uid)
    if not form.validate():
        return _show(uid, form), 422
    if earlier := once.spent(form, person):
        return earlier
    act: dict[str, Any] = {"now": now(), "author": _actor()}
    if form.parent.data:
        parent = comment_by_uid(form.parent.data)
        if parent.guide_version_id != version.id:
            abort(404)
        row = comments.answer(session(), parent, form.words.data or "", **act)
    else:
        row = comments.comment(session(), version, form.words.data or "", **act)
    flash(_("Your comment is there for everybody who reads this draft."), "success")
    return once.done(form, person, "guides.show", uid=uid, _anchor=f"said-{row.uid}")
