"""Scorecards: read and compared, commented on, begun, and moved along their life."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.calls import Project
from models.drafts import DraftComment
from models.people import Site, User
from models.scorecards import ScorecardVersion
from models.vocab import VersionState
from pipelines.outcomes import DomainError
from pipelines.scoring import comments, drafts
from pipelines.scoring.service import export_scorecard, use_for_project
from qa_app import exports, once
from qa_app.access import Action, current_person, load, requires
from qa_app.clock import now
from qa_app.db import session
from qa_app.forms import choices
from qa_app.i18n import text_of
from qa_app.messages import sentence, status_of
from qa_app.scorecards import queries, words
from qa_app.scorecards.forms import CommentForm
from qa_app.scorecards.items import items_page, items_rows
from qa_app.studio.forms import FileForm, NewForm, texts_of
from qa_app.studio.queries import sites_to_write
from qa_app.studio.views import read_file
from qa_app.templating import render, see_other

bp = Blueprint("scorecards", __name__, url_prefix="/scorecards")


def _actor() -> User:
    return session().get_one(User, current_person().id)


def _own(uid: uuid.UUID) -> ScorecardVersion:
    return load(session(), current_person(), Action.SCORECARDS_WRITE, ScorecardVersion, uid)


@bp.get("/")
@requires(Action.SCORECARDS_READ)
def index() -> str:
    """List scorecards and their versions."""
    page = queries.index_page(session(), current_person())
    return render("scorecards/index.html", page=page, words=words)


@bp.get("/<uuid:uid>")
@requires(Action.SCORECARDS_READ)
def show(uid: uuid.UUID) -> str:
    """Show one version with guidance and examples, and what is said about it."""
    return _show(uid, CommentForm(formdata=None))


def _show(uid: uuid.UUID, form: CommentForm) -> str:
    page = queries.show_page(session(), current_person(), uid)
    return render("scorecards/show.html", page=page, form=form, words=words)


@bp.get("/<uuid:uid>.json")
@requires(Action.SCORECARDS_READ)
def export(uid: uuid.UUID) -> Response:
    """Give one version in the file format, to be changed and taken in again."""
    version = queries.readable(session(), current_person(), uid)
    data = export_scorecard(session(), version.id)
    response = Response(json.dumps(data, ensure_ascii=False, indent=1), mimetype="application/json")
    name = f"{data['code']}-{version.number}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@bp.get("/<uuid:uid>/changes")
@requires(Action.SCORECARDS_READ)
def changes(uid: uuid.UUID) -> str:
    """Show what differs between two versions, in words."""
    earlier = request.args.get("from", "")
    try:
        wanted = uuid.UUID(earlier) if earlier else None
    except ValueError:
        wanted = None
    page = queries.changes_page(session(), current_person(), uid, wanted)
    if page is None:
        version = queries.readable(session(), current_person(), uid)
        return render("scorecards/first.html", version=version, words=words)
    return render("scorecards/changes.html", page=page, words=words)


@bp.get("/<uuid:uid>/items")
@requires(Action.SCORECARDS_ANALYSE)
def items(uid: uuid.UUID) -> str:
    """Show how the criteria of a version are answered."""
    page = items_page(session(), current_person(), uid, now())
    return render("scorecards/items.html", page=page, words=words)


@bp.get("/<uuid:uid>/items.csv")
@requires(Action.SCORECARDS_ANALYSE)
def items_file(uid: uuid.UUID) -> Response:
    """Give the same figures as a file."""
    page = items_page(session(), current_person(), uid, now())
    name = f"{page.rule.code}-{page.rule.number}-items.csv"
    return exports.csv_response(name, *items_rows(page))


# ---- comments --------------------------------------------------------------------------------


@bp.post("/<uuid:uid>/comments")
@requires(Action.SCORECARDS_COMMENT)
def comment(uid: uuid.UUID) -> ResponseReturnValue:
    """Say something about a draft that is open for comment, or answer what was said."""
    person, form = current_person(), CommentForm()
    version = queries.readable(session(), person, uid)
    if not form.validate():
        return _show(uid, form), 422
    if earlier := once.spent(form, person):
        return earlier
    act: dict[str, Any] = {"now": now(), "author": _actor()}
    if form.parent.data:
        parent = comment_by_uid(form.parent.data)
        if parent.version_id != version.id:
            raise DomainError("scorecard_part_gone", lineage="")
        row = comments.answer(session(), parent, form.words.data or "", **act)
    else:
        place = form.place.data or ""
        row = comments.comment(session(), version, form.words.data or "", place=place, **act)
    flash(_("Your comment is there for everybody who reads this draft."), "success")
    return once.done(form, person, "scorecards.show", uid=uid, _anchor=f"said-{row.uid}")


def comment_by_uid(uid: str | uuid.UUID) -> DraftComment:
    """Return a comment that the person may read, or answer 404."""
    try:
        wanted = uuid.UUID(str(uid))
    except ValueError:
        raise DomainError("scorecard_part_gone", lineage="") from None
    return load(session(), current_person(), Action.SCORECARDS_COMMENT, DraftComment, wanted)


@bp.post("/comments/<uuid:uid>/settle")
@requires(Action.SCORECARDS_WRITE)
def settle(uid: uuid.UUID) -> Response:
    """Mark a thread as settled, or open it again; for the authors of the draft."""
    row = comment_by_uid(uid)
    _authored(row)
    settled = request.form.get("settled") == "yes"
    comments.settle(session(), row, settled=settled, now=now(), actor=_actor())
    return _back(row)


def _authored(row: DraftComment) -> None:
    draft = comments.draft_of(session(), row)
    if isinstance(draft, ScorecardVersion):
        _own(draft.uid)
    else:
        load(session(), current_person(), Action.GUIDES_WRITE, type(draft), draft.uid)


@bp.post("/comments/<uuid:uid>/withdraw")
@requires(Action.SCORECARDS_COMMENT)
def withdraw(uid: uuid.UUID) -> Response:
    """Take an own comment back that nobody has answered."""
    row = comment_by_uid(uid)
    way = _back(row, gone=True)
    comments.withdraw(session(), row, now=now(), author=_actor())
    flash(_("Taken back."), "success")
    return way


def _back(row: DraftComment, *, gone: bool = False) -> Response:
    draft = comments.draft_of(session(), row)
    area = "scorecards" if isinstance(draft, ScorecardVersion) else "guides"
    anchor = f"c-{row.place}" if gone else f"said-{row.uid}"
    return see_other(f"{area}.show", uid=draft.uid, _anchor=anchor)


# ---- begun -----------------------------------------------------------------------------------


@bp.get("/new")
@requires(Action.SCORECARDS_WRITE)
def new() -> str:
    """Offer to begin a scorecard: blank, as a copy, or from a file."""
    form = NewForm(formdata=None, data={"source": request.args.get("source", "")})
    return _new(form, FileForm(formdata=None))


def _new(form: NewForm, file: FileForm) -> str:
    _offer(form, file)
    return render("scorecards/new.html", form=form, file=file)


def _offer(*forms: Any) -> None:
    person = current_person()
    sites = sites_to_write(session(), person)
    places = [("", _("every site")), *((str(site.uid), site.name) for site in sites)]
    page = queries.index_page(session(), person)
    copies = [
        (str(version.uid), f"{text_of(dict(card.title))} · {_('Version %(n)s', n=version.number)}")
        for card in page.cards
        for version in card.versions
    ]
    for form in forms:
        form.site.choices = choices(places)
        if "source" in form:
            form.source.choices = choices([("", _("nothing: a blank scorecard")), *copies])


@bp.post("/new")
@requires(Action.SCORECARDS_WRITE)
def create() -> ResponseReturnValue:
    """Begin a scorecard, blank or as a copy."""
    person, form = current_person(), NewForm()
    _offer(form)
    title = texts_of(form, "title")
    fine = form.validate()
    if not title:
        form.title_en.errors = [*form.title_en.errors, _("Write a title in one language at least.")]
    if not fine or not title:
        return _new(form, FileForm(formdata=None)), 422
    if earlier := once.spent(form, person):
        return earlier
    act: dict[str, Any] = {"site_id": _site_id(form.site.data), "now": now(), "actor": _actor()}
    try:
        if form.source.data:
            source = queries.readable(session(), person, uuid.UUID(form.source.data))
            made = drafts.begin_copy(session(), source, form.code.data or "", title, **act)
        else:
            made = drafts.begin_blank(session(), form.code.data or "", title, **act)
    except DomainError as error:
        form.code.errors = [sentence(error)]
        return _new(form, FileForm(formdata=None)), status_of(error)
    return once.done(form, person, "studio.edit", uid=made.uid)


def _site_id(uid: str | None) -> int | None:
    if not uid:
        return None
    site = load(session(), current_person(), Action.SCORECARDS_WRITE, Site, uuid.UUID(uid))
    return site.id


@bp.post("/files")
@requires(Action.SCORECARDS_WRITE)
def create_from_file() -> ResponseReturnValue:
    """Begin a scorecard with what a file holds."""
    person, form = current_person(), FileForm()
    _offer(form)
    if not form.validate():
        return _new(NewForm(formdata=None), form), 422
    data = read_file()
    if earlier := once.spent(form, person):
        return earlier
    made = drafts.begin_from_file(
        session(), data, site_id=_site_id(form.site.data), now=now(), actor=_actor()
    )
    return once.done(form, person, "studio.edit", uid=made.uid)


@bp.post("/<uuid:uid>/draft")
@requires(Action.SCORECARDS_WRITE)
def next_draft(uid: uuid.UUID) -> Response:
    """Begin the next version as a copy of this one, or go on with the one being written."""
    draft = drafts.next_draft(session(), _own(uid), now=now(), actor=_actor())
    return see_other("studio.edit", uid=draft.uid)


# ---- life ------------------------------------------------------------------------------------


def _step(uid: uuid.UUID, act: Callable[..., Any], said: str) -> Response:
    act(session(), _own(uid), now=now(), actor=_actor())
    flash(said, "success")
    return see_other("scorecards.show", uid=uid)


@bp.post("/<uuid:uid>/open")
@requires(Action.SCORECARDS_WRITE)
def open_for_comment(uid: uuid.UUID) -> Response:
    """Let agents and reviewers read a draft and comment on it."""
    said = _("Open for comments. Agents, reviewers and trainers find it under Scorecards.")
    return _step(uid, drafts.open_for_comment, said)


@bp.post("/<uuid:uid>/close")
@requires(Action.SCORECARDS_WRITE)
def close_comments(uid: uuid.UUID) -> Response:
    """Take a draft back to its authors."""
    return _step(uid, drafts.close_comments, _("Comments are closed. What was said stays here."))


@bp.post("/<uuid:uid>/publish")
@requires(Action.SCORECARDS_WRITE)
def publish(uid: uuid.UUID) -> Response:
    """Publish a draft without faults."""
    given = request.form.get("seen", "")
    seen = int(given) if given.isdecimal() else 0
    version = _own(uid)
    drafts.publish(session(), version, seen=seen, now=now(), actor=_actor())
    flash(_("Published. New reviews are made with version %(n)s.", n=version.number), "success")
    return see_other("scorecards.show", uid=uid)


@bp.post("/<uuid:uid>/retire")
@requires(Action.SCORECARDS_WRITE)
def retire(uid: uuid.UUID) -> Response:
    """Have no new review made with a version."""
    said = _("Retired. Reviews made with it keep it.")
    return _step(uid, drafts.retire, said)


@bp.post("/<uuid:uid>/discard")
@requires(Action.SCORECARDS_WRITE)
def discard(uid: uuid.UUID) -> Response:
    """Throw a draft away."""
    drafts.discard(session(), _own(uid), now=now(), actor=_actor())
    flash(_("The draft is gone."), "success")
    return see_other("scorecards.index")


@bp.post("/<uuid:uid>/use")
@requires(Action.SCORECARDS_WRITE)
def use(uid: uuid.UUID) -> Response:
    """Have the calls of a project judged by this scorecard from now on."""
    person, version = current_person(), _own(uid)
    if version.state is not VersionState.PUBLISHED:
        raise DomainError("scorecard_not_in_use", number=version.number)
    project = load(session(), person, Action.SCORECARDS_WRITE, Project, _given("project"))
    site = load(session(), person, Action.SCORECARDS_WRITE, Site, project.site.uid)
    use_for_project(
        session(), version.scorecard_id, site.code, project.code, now=now(), actor=person.uid
    )
    flash(_("New reviews of %(project)s use this scorecard.", project=project.name), "success")
    return see_other("scorecards.show", uid=uid)


def _given(name: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        raise DomainError("project_unknown", project="", site="") from None
