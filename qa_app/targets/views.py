"""Targets: seen by everybody of the site, set by managers."""

import uuid

from flask import Blueprint, Response, flash
from flask_babel import gettext as _

from models.coaching import Target
from models.people import Site, Team, User
from pipelines.measures import targets
from pipelines.measures.rules.indicators import Indicator
from pipelines.outcomes import DomainError
from qa_app import once
from qa_app.access import Action, current_person, load, requires
from qa_app.clock import now
from qa_app.db import session
from qa_app.forms import choices
from qa_app.messages import sentence
from qa_app.targets.forms import TargetForm
from qa_app.targets.queries import places, targets_page
from qa_app.targets.words import INDICATORS, hundredths
from qa_app.templating import render, see_other

bp = Blueprint("targets", __name__, url_prefix="/targets")

_MISFIT = {"period_reversed", "target_focus_full"}


def _user() -> User:
    return session().get_one(User, current_person().id)


@bp.get("/")
@requires(Action.TARGETS_READ)
def index() -> str:
    """Show the targets of every site in scope."""
    return _shown()


def _shown(form: TargetForm | None = None, site: uuid.UUID | None = None, trouble: str = "") -> str:
    return render(
        "targets/index.html",
        sites=targets_page(session(), current_person(), now().date()),
        form=form or TargetForm(formdata=None),
        form_site=site,
        trouble=trouble,
        indicators=INDICATORS,
    )


@bp.post("/<uuid:uid>")
@requires(Action.TARGETS_WRITE)
def create(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Set a target of a site or of one of its teams."""
    person, form = current_person(), TargetForm()
    site = load(session(), person, Action.TARGETS_WRITE, Site, uid)
    form.team.choices = choices(places(session(), person, site))
    if not form.validate_on_submit():
        return _shown(form, uid), 422
    if earlier := once.spent(form, person):
        return earlier
    team = None
    if form.team.data:
        team = load(session(), person, Action.TARGETS_WRITE, Team, uuid.UUID(form.team.data))
    try:
        targets.set_target(
            session(),
            site,
            team,
            Indicator(form.indicator.data),
            value=hundredths(form.value.data),
            starts_on=form.starts_on.data,
            ends_on=form.ends_on.data,
            focus=bool(form.focus.data),
            user=_user(),
            now=now(),
        )
    except DomainError as error:
        if error.code not in _MISFIT:
            raise
        return _shown(form, uid, sentence(error)), 422
    flash(_("The target is set. Everybody of the site sees it."), "success")
    return once.done(form, person, "targets.index")


@bp.post("/<uuid:uid>/remove")
@requires(Action.TARGETS_WRITE)
def remove(uid: uuid.UUID) -> Response:
    """Take a target away."""
    person = current_person()
    target = load(session(), person, Action.TARGETS_WRITE, Target, uid)
    targets.remove_target(session(), target, _user(), now=now())
    flash(_("The target is taken away."), "success")
    return see_other("targets.index")
