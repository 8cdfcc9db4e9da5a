"""The list of notices, opening one, and which ones are wanted."""

import uuid

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import update

from models.notices import Notice
from qa_app.access import Action, current_person, requires
from qa_app.asked import page_number
from qa_app.clock import now
from qa_app.db import session
from qa_app.notices.forms import ChoicesForm
from qa_app.notices.queries import (
    choices_page,
    notices_page,
    own_notice,
    set_choices,
    unread_count,
)
from qa_app.notices.words import target
from qa_app.surroundings import settings
from qa_app.templating import go, render, see_other

bp = Blueprint("notices", __name__, url_prefix="/notices")
bp.app_context_processor(lambda: {"unread_notices": unread_count})


@bp.get("")
@requires(Action.ACCOUNT)
def index() -> str:
    """List what the person was told."""
    return render(
        "notices/index.html", page=notices_page(session(), current_person(), page_number())
    )


@bp.post("/<uuid:uid>/open")
@requires(Action.ACCOUNT)
def open_notice(uid: uuid.UUID) -> Response:
    """Mark a notice as read and go where it leads."""
    notice = own_notice(session(), current_person(), uid)
    notice.read_at = notice.read_at or now()
    return go(target(notice))


@bp.post("/read")
@requires(Action.ACCOUNT)
def read_all() -> Response:
    """Mark everything as read that the page showed, and nothing that came in since."""
    given = request.form.getlist("notice", type=uuid.UUID)
    mine = (Notice.user_id == current_person().id, Notice.read_at.is_(None))
    session().execute(update(Notice).where(*mine, Notice.uid.in_(given)).values(read_at=now()))
    flash(_("Marked as read."), "success")
    return see_other("notices.index")


@bp.get("/choices")
@requires(Action.ACCOUNT)
def choices() -> str:
    """Show which kinds of notices the person wants, and where mail goes."""
    page = choices_page(session(), current_person(), mail=bool(settings().mail_host))
    return render(
        "notices/choices.html", page=page, form=ChoicesForm(formdata=None, address=page.address)
    )


@bp.post("/choices")
@requires(Action.ACCOUNT)
def choose() -> ResponseReturnValue:
    """Keep which kinds of notices the person wants."""
    person, form, mail = current_person(), ChoicesForm(), bool(settings().mail_host)
    if not form.validate():
        page = choices_page(session(), person, mail=mail)
        return render("notices/choices.html", page=page, form=form), 422
    set_choices(
        session(),
        person,
        shown=request.form.getlist("shown"),
        mailed=request.form.getlist("mailed") if mail else None,
        address=form.address.data or "" if mail else None,
    )
    flash(_("Kept."), "success")
    return see_other("notices.choices")
