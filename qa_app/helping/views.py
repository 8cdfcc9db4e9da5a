"""Help: asked for from a moment of an own call, answered, and a colleague found."""

import uuid

from flask import Blueprint, Response, flash, request
from flask_babel import gettext as _

from models.coaching import HelpRequest
from models.people import Agent, User
from models.vocab_learning import HelpKind
from pipelines.coaching import help as helping
from qa_app import once
from qa_app.access import Action, current_person, load, requires
from qa_app.calls.accesses import note_words
from qa_app.clock import now
from qa_app.db import session
from qa_app.forms import choices
from qa_app.helping.forms import AnswerForm, AskForm, PartnerForm
from qa_app.helping.queries import ask_page, index_page, load_request, show_page
from qa_app.moments import parse_moment
from qa_app.templating import render, see_other

bp = Blueprint("helping", __name__, url_prefix="/help")


def _user() -> User:
    return session().get_one(User, current_person().id)


@bp.get("/")
@requires(Action.HELP_READ)
def index() -> str:
    """List requests for help."""
    return render("helping/index.html", page=index_page(session(), current_person(), now()))


@bp.route("/with/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.HELP_ASK)
def ask(uid: uuid.UUID) -> Response | str:
    """Ask for help with an own call, from a moment of it."""
    person = current_person()
    leg, page = ask_page(session(), person, uid)
    form = AskForm()
    wanted = request.args.get("at", "")
    if not form.is_submitted() and parse_moment(wanted):
        form.moment.data = wanted
    if not form.validate_on_submit():
        return render("helping/ask.html", page=page, form=form)
    if earlier := once.spent(form, person):
        return earlier
    span = form.moment.span
    made = helping.ask(
        session(),
        leg,
        session().get_one(Agent, person.agent_id),
        _user(),
        kind=HelpKind(form.kind.data),
        words=form.words.data or "",
        at_ms=span[0] if span else None,
        now=now(),
    )
    flash(_("Asked. Your trainers and managers see it, with the moment."), "success")
    return once.done(form, person, "helping.show", uid=made.uid)


def _shown(uid: uuid.UUID, form: AnswerForm | None = None, pair: PartnerForm | None = None) -> str:
    page = show_page(session(), current_person(), uid)
    if not page.is_mine:
        note_words(None, page.call_id)
    if pair is None:
        pair = PartnerForm(formdata=None)
    pair.partner.choices = choices([("", _("Please choose")), *page.colleagues])
    return render("helping/show.html", page=page, form=form or AnswerForm(formdata=None), pair=pair)


@bp.get("/<uuid:uid>")
@requires(Action.HELP_READ)
def show(uid: uuid.UUID) -> str:
    """Show a request with what was said to it."""
    return _shown(uid)


@bp.post("/<uuid:uid>/answer")
@requires(Action.HELP_READ)
def answer(uid: uuid.UUID) -> Response | str:
    """Add words to a request."""
    person, form = current_person(), AnswerForm()
    row = load_request(session(), person, uid)
    if not form.validate_on_submit() or not show_page(session(), person, uid).may_answer:
        return _shown(uid, form)
    if earlier := once.spent(form, person):
        return earlier
    helping.answer(session(), row, _user(), form.words.data, now=now())
    flash(_("Sent."), "success")
    return once.done(form, person, "helping.show", uid=uid)


@bp.post("/<uuid:uid>/partner")
@requires(Action.HELP_ANSWER)
def partner(uid: uuid.UUID) -> Response | str:
    """Ask a colleague to pair up with the agent."""
    person, form = current_person(), PartnerForm()
    row = load(session(), person, Action.HELP_ANSWER, HelpRequest, uid)
    page = show_page(session(), person, uid)
    form.partner.choices = choices([("", ""), *page.colleagues])
    if not form.validate_on_submit():
        return _shown(uid, pair=form)
    wanted = load(session(), person, Action.HELP_ANSWER, Agent, uuid.UUID(form.partner.data))
    helping.offer_partner(session(), row, wanted, _user(), now=now())
    flash(_("%(name)s is asked, and agrees or declines.", name=wanted.name), "success")
    return see_other("helping.show", uid=uid)


@bp.post("/<uuid:uid>/reply")
@requires(Action.HELP_ASK)
def reply(uid: uuid.UUID) -> Response:
    """Agree or decline to pair up."""
    row = load_request(session(), current_person(), uid)
    agrees = request.form.get("agrees") == "yes"
    helping.reply_as_partner(session(), row, _user(), agrees=agrees, now=now())
    flash(_("Thank you; both of you know now.") if agrees else _("Declined."), "success")
    return see_other("helping.show", uid=uid) if agrees else see_other("helping.index")


@bp.post("/<uuid:uid>/close")
@requires(Action.HELP_READ)
def close(uid: uuid.UUID) -> Response:
    """End a request, or open it again."""
    person = current_person()
    row = load_request(session(), person, uid)
    if show_page(session(), person, uid).may_close:
        if request.form.get("again") == "yes":
            helping.reopen(session(), row, _user(), now=now())
            flash(_("Open again."), "success")
        else:
            helping.close(session(), row, _user(), now=now())
            flash(_("Closed."), "success")
    return see_other("helping.show", uid=uid)
