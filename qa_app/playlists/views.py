"""Playlists: listed, played in a row, made, ordered."""

import uuid

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from models.people import User
from models.practice import Playlist, PlaylistItem
from models.reviews import Exemplar
from pipelines.practice import playlists
from qa_app import once
from qa_app.access import Action, current_person, load, requires
from qa_app.clock import now
from qa_app.db import session
from qa_app.exemplars.words import LEVELS
from qa_app.playlists import queries
from qa_app.playlists.forms import AddForm, NoteForm, PlaylistForm
from qa_app.practice.areas import area_of, areas
from qa_app.templating import render, see_other

bp = Blueprint("playlists", __name__, url_prefix="/playlists")

_WRITE = Action.EXEMPLARS_CHOOSE


def _user() -> User:
    return session().get_one(User, current_person().id)


def _playlist(uid: uuid.UUID) -> Playlist:
    return load(session(), current_person(), _WRITE, Playlist, uid)


def _uid(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise BadRequest from None


@bp.get("/")
@requires(Action.EXEMPLARS_READ)
def index() -> str:
    """List the playlists in scope."""
    return render("playlists/index.html", page=queries.index_page(session(), current_person()))


@bp.get("/<uuid:uid>")
@requires(Action.EXEMPLARS_READ)
def show(uid: uuid.UUID) -> str:
    """Show a playlist, to be played in a row; who may change it changes it here."""
    page = queries.show_page(session(), current_person(), uid, now())
    return render("playlists/show.html", page=page, levels=LEVELS, form=AddForm(formdata=None))


@bp.route("/new", methods=["GET", "POST"])
@requires(_WRITE)
def new() -> Response | str:
    """Make an empty playlist."""
    person, form = current_person(), PlaylistForm()
    form.offer(areas(session(), person, _WRITE))
    if not form.validate_on_submit():
        return render("playlists/form.html", form=form, row=None)
    if earlier := once.spent(form, person):
        return earlier
    site, team = area_of(session(), person, _WRITE, form.area.data)
    made = playlists.make(
        session(),
        site,
        team,
        form.title.data or "",
        form.about.data or "",
        user=_user(),
        now=now(),
    )
    flash(_("Now put exemplars in."), "success")
    return once.done(form, person, "playlists.show", uid=made.uid)


@bp.route("/<uuid:uid>/edit", methods=["GET", "POST"])
@requires(_WRITE)
def edit(uid: uuid.UUID) -> Response | str:
    """Change title and description."""
    row = _playlist(uid)
    form = PlaylistForm(data={"title": row.title, "about": row.about})
    # Who meets it stays: its exemplars were chosen for them.
    del form.area
    if not form.validate_on_submit():
        return render("playlists/form.html", form=form, row=row)
    title, about = form.title.data or "", form.about.data or ""
    playlists.change(session(), row, title, about, _user(), now=now())
    flash(_("Changed."), "success")
    return see_other("playlists.show", uid=uid)


@bp.post("/<uuid:uid>/delete")
@requires(_WRITE)
def delete(uid: uuid.UUID) -> Response:
    """Delete a playlist; its exemplars stay."""
    playlists.delete(session(), _playlist(uid), _user(), now=now())
    flash(_("The playlist is deleted; its exemplars stay."), "success")
    return see_other("playlists.index")


@bp.post("/<uuid:uid>/items")
@requires(_WRITE)
def add(uid: uuid.UUID) -> Response:
    """Put an exemplar at the end."""
    row, form = _playlist(uid), AddForm()
    exemplar = load(
        session(),
        current_person(),
        Action.EXEMPLARS_READ,
        Exemplar,
        _uid(form.exemplar.data),
    )
    playlists.add(session(), row, exemplar, _user(), now=now())
    return see_other("playlists.show", uid=uid)


def _item(uid: uuid.UUID, item: uuid.UUID) -> PlaylistItem:
    row = _playlist(uid)
    found = next((each for each in row.items if each.uid == item), None)
    if found is None:
        raise BadRequest
    return found


@bp.post("/<uuid:uid>/items/<uuid:item>/remove")
@requires(_WRITE)
def remove(uid: uuid.UUID, item: uuid.UUID) -> Response:
    """Take an exemplar out."""
    playlists.remove(session(), _item(uid, item), _user(), now=now())
    flash(_("Taken out of the playlist."), "success")
    return see_other("playlists.show", uid=uid)


@bp.post("/<uuid:uid>/items/<uuid:item>/note")
@requires(_WRITE)
def note(uid: uuid.UUID, item: uuid.UUID) -> Response:
    """Write what to listen for."""
    form, found = NoteForm(), _item(uid, item)
    if not form.validate_on_submit():
        raise BadRequest
    playlists.note(session(), found, form.note.data or "")
    flash(_("Saved."), "success")
    return see_other("playlists.show", uid=uid)


@bp.post("/<uuid:uid>/order")
@requires(_WRITE)
def order(uid: uuid.UUID) -> ResponseReturnValue:
    """Put the items in the order sent; ``move`` takes one of them a place up or down first."""
    row = _playlist(uid)
    wanted = [_uid(each) for each in request.form.getlist("item")]
    moved, _colon, way = request.form.get("move", "").partition(":")
    if moved:
        place = next((n for n, each in enumerate(wanted) if str(each) == moved), None)
        if place is None:
            raise BadRequest
        other = max(0, min(len(wanted) - 1, place + (-1 if way == "up" else 1)))
        wanted[place], wanted[other] = wanted[other], wanted[place]
    playlists.reorder(session(), row, wanted, _user(), now=now())
    if request.headers.get("Accept") == "application/json":
        return Response(status=204)
    return see_other("playlists.show", uid=uid)
