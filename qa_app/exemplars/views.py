"""Exemplars: listed, played, chosen by a trainer, removed."""

import uuid

from flask import Blueprint, Response, flash, request
from flask_babel import gettext as _
from wtforms import SelectChoice

from models.people import User
from models.reviews import Exemplar
from pipelines.review import feedback
from qa_app import once
from qa_app.access import Action, current_person, load, requires
from qa_app.calls.accesses import note_transcript
from qa_app.clock import now
from qa_app.db import session
from qa_app.exemplars.forms import ChooseForm, FilterForm
from qa_app.exemplars.queries import choices, choose_page, criterion_of, index_page, show_page
from qa_app.formats import duration
from qa_app.templating import render, see_other

bp = Blueprint("exemplars", __name__, url_prefix="/exemplars")


@bp.get("/")
@requires(Action.EXEMPLARS_READ)
def index() -> str:
    """List the exemplars in scope."""
    person = current_person()
    offered = choices(session(), person, now())
    form = FilterForm(request.args)
    form.offer(offered.criteria, offered.scorecards, offered.teams)
    chosen = {
        name: form[name].data if form[name].validate(form) and form[name].data else ""
        for name in ("criterion", "scorecard", "team")
    }
    return render(
        "exemplars/index.html", page=index_page(session(), person, now(), **chosen), form=form
    )


@bp.get("/<uuid:uid>")
@requires(Action.EXEMPLARS_READ)
def show(uid: uuid.UUID) -> str:
    """Play one exemplar."""
    page = show_page(session(), current_person(), uid, now())
    note_transcript(page.player)
    return render("exemplars/show.html", page=page)


@bp.route("/of/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.EXEMPLARS_CHOOSE)
def choose(uid: uuid.UUID) -> Response | str:
    """Hold a reviewed call up for one criterion."""
    person = current_person()
    review, page = choose_page(session(), person, uid)
    form = ChooseForm()
    form.criterion.choices = [SelectChoice(value, label) for value, label in page.criteria]
    whole = _("The whole call")
    form.moment.choices = [
        SelectChoice("", whole),
        *(
            SelectChoice(value, f"{duration(int(value.split('-')[0]))} {said}")
            for value, said in page.moments
        ),
    ]
    if not form.validate_on_submit():
        return render("exemplars/choose.html", page=page, form=form)
    if earlier := once.spent(form, person):
        return earlier
    moment = form.moment.data or ""
    start, _dash, end = moment.partition("-")
    made = feedback.choose_exemplar(
        session(),
        review,
        criterion_of(session(), review, form.criterion.data),
        session().get_one(User, person.id),
        form.why.data,
        span=(int(start), int(end)) if moment else None,
        now=now(),
    )
    flash(_("Held up as an exemplar."), "success")
    return once.done(form, person, "exemplars.show", uid=made.uid)


@bp.post("/<uuid:uid>/remove")
@requires(Action.EXEMPLARS_CHOOSE)
def remove(uid: uuid.UUID) -> Response:
    """Take a call off the list."""
    person = current_person()
    exemplar = load(session(), person, Action.EXEMPLARS_CHOOSE, Exemplar, uid)
    user = session().get_one(User, person.id)
    feedback.remove_exemplar(session(), exemplar, user, now=now())
    flash(_("Taken off the list."), "success")
    return see_other("exemplars.index")
