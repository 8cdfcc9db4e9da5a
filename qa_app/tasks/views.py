"""The team's tasks: the list, giving, sharing out, hours, skips, and reviews that are asked for."""

import uuid

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.exceptions import BadRequest
from wtforms.fields.choices import SelectChoice

from models.calls import Leg
from models.people import Site, User
from models.reviews import Task
from pipelines.outcomes import DomainError
from pipelines.review import giving
from qa_app import once
from qa_app.access import Action, Person, current_person, load, requires
from qa_app.asked import page_number
from qa_app.clock import now
from qa_app.db import session
from qa_app.formats import duration
from qa_app.messages import sentence, status_of
from qa_app.surroundings import runtime
from qa_app.tasks.forms import UNFINISHED, AskForm, DecideForm, FilterForm, GiveForm, HoursForm
from qa_app.tasks.queries import (
    Wanted,
    ask_page,
    managed,
    plan_choices,
    reviewers,
    sites_of,
    tasks_page,
)
from qa_app.templating import go, is_local, render, see_other

bp = Blueprint("tasks", __name__, url_prefix="/tasks")


def _user(person: Person) -> User:
    return session().get_one(User, person.id)


@bp.get("/")
@requires(Action.TASKS_MANAGE)
def index() -> str:
    """List the tasks of the teams in scope, and how the work lies with the reviewers."""
    person, form = current_person(), FilterForm(request.args)
    people = [
        SelectChoice(str(user.uid), user.display_name)
        for user in reviewers(session(), person, Action.TASKS_MANAGE)
    ]
    form.reviewer.choices = [SelectChoice("", _("All")), *people]
    plans = plan_choices(session(), person)
    form.plan.choices = [SelectChoice("", _("All")), *(SelectChoice(*plan) for plan in plans)]
    wanted = Wanted(
        state=form.state.data or UNFINISHED,
        reviewer=_uid(form.reviewer.data),
        plan=_uid(form.plan.data),
        overdue=bool(form.overdue.data),
        page=page_number(),
    )
    suggest = request.args.get("suggest") == "1"
    page = tasks_page(session(), person, wanted, now(), suggest=suggest)
    give = GiveForm(formdata=None)
    give.to.choices = [SelectChoice("", _("Anybody")), *people]
    return render("tasks/index.html", page=page, form=form, give=give)


def _uid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


def _reviewer(person: Person, text: str | None, action: Action) -> User | None:
    """Return the reviewer that a form names, none for anybody; 400 for somebody out of scope."""
    if not text:
        return None
    named = {str(user.uid): user for user in reviewers(session(), person, action)}
    if text not in named:
        raise BadRequest
    return named[text]


def _back() -> Response:
    back = request.form.get("back", "")
    return go(back) if is_local(back) else see_other("tasks.index")


@bp.post("/give")
@requires(Action.TASKS_MANAGE)
def give() -> Response:
    """Give the ticked tasks to a reviewer, or back to anybody; says which could not be and why."""
    person, form = current_person(), GiveForm()
    if not form.validate():
        raise BadRequest
    to = _reviewer(person, form.to.data, Action.TASKS_MANAGE)
    given, refused = list[Task](), dict[str, int]()
    for uid in filter(None, (_uid(text) for text in form.task.data or ())):
        task = load(session(), person, Action.TASKS_MANAGE, Task, uid)
        try:
            giving.give(session(), task, to, _user(person), now=now(), tells=False)
        except DomainError as error:
            words = sentence(error)
            refused[words] = refused.get(words, 0) + 1
        else:
            given.append(task)
    if given:
        if to is not None and to.id != person.id:
            giving.tell_given(session(), given[-1], to.id, len(given), now())
        name = to.display_name if to else _("anybody")
        words = ngettext(
            "%(num)s task is with %(name)s now.",
            "%(num)s tasks are with %(name)s now.",
            len(given),
            name=name,
        )
        flash(words, "success")
    for words, count in refused.items():
        flash(f"{count} × {words}", "warning")
    if not given and not refused:
        flash(_("Tick the tasks to give first."), "info")
    return _back()


@bp.post("/share")
@requires(Action.TASKS_MANAGE)
def share() -> Response:
    """Share what is with nobody among the reviewers, in the measure of their hours."""
    person = current_person()
    people = reviewers(session(), person, Action.TASKS_MANAGE)
    sites = [site.id for site in sites_of(session(), person)]
    given = giving.share(
        session(), managed(session(), person), people, sites, _user(person), now=now()
    )
    names = {user.id: user.display_name for user in people}
    for who, count in given.items():
        words = ngettext(
            "%(num)s task is with %(name)s now.",
            "%(num)s tasks are with %(name)s now.",
            count,
            name=names[who],
        )
        flash(words, "success")
    if not given:
        flash(_("Nothing to share: set reviewers' hours, or look at what keeps them."), "info")
    return see_other("tasks.index")


@bp.post("/hours")
@requires(Action.TASKS_MANAGE)
def hours() -> Response:
    """Set how many hours a week a reviewer has at a site."""
    person, form = current_person(), HoursForm()
    if not form.validate():
        raise DomainError("reviewer_time_range", hours=giving.MOST_MINUTES // 60)
    user = _reviewer(person, form.person.data, Action.TASKS_MANAGE)
    uid = _uid(form.site.data)
    if user is None or uid is None:
        raise BadRequest
    site = load(session(), person, Action.TASKS_MANAGE, Site, uid)
    minutes = round(form.hours.data * 60)
    giving.set_time(session(), site, user, minutes, _user(person), now=now())
    flash(_("Saved."), "success")
    return see_other("tasks.index")


@bp.post("/<uuid:uid>/skip")
@requires(Action.TASKS_MANAGE)
def decide(uid: uuid.UUID) -> Response:
    """Confirm a skip that waits, or have the call reviewed after all."""
    person, form = current_person(), DecideForm()
    task = load(session(), person, Action.TASKS_MANAGE, Task, uid)
    if not form.validate() or form.decision.data not in {"confirm", "refuse"}:
        raise BadRequest
    # Loaded here: a call drawn instead needs the job engine.
    from pipelines import skipping

    confirmed = form.decision.data == "confirm"
    done = skipping.decide_skip(
        session(), runtime(), task, _user(person), confirmed=confirmed, now=now()
    )
    if not confirmed:
        flash(_("The call stays with its reviewer."), "success")
    elif done.instead:
        flash(_("Skipped. Another call was drawn instead."), "success")
    else:
        flash(_("Skipped. No other call was left to draw."), "success")
    return see_other("tasks.index")


@bp.route("/ask/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.REVIEWS_DIRECT)
def ask(uid: uuid.UUID) -> ResponseReturnValue:
    """Ask for the review of a call, with the reason, by a certain reviewer or anybody."""
    person, form = current_person(), AskForm()
    page = ask_page(session(), person, uid)
    form.leg.choices = [
        SelectChoice(
            str(leg),
            _(
                "Part %(leg)s: %(agent)s, %(talk)s",
                leg=call.leg,
                agent=call.agent,
                talk=duration(call.talk_ms),
            ),
        )
        for leg, call in page.legs
    ]
    form.to.choices = [
        SelectChoice("", _("Anybody")),
        *(
            SelectChoice(str(user.uid), user.display_name)
            for user in reviewers(session(), person, Action.REVIEWS_DIRECT)
        ),
    ]
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return render("tasks/ask.html", page=page, form=form), status
    if earlier := once.spent(form, person):
        return earlier
    leg = load(session(), person, Action.REVIEWS_DIRECT, Leg, uuid.UUID(form.leg.data))
    to = _reviewer(person, form.to.data, Action.REVIEWS_DIRECT)
    try:
        giving.ask_for_review(
            session(),
            leg,
            to,
            _user(person),
            form.reason.data or "",
            due_days=form.days.data or 1,
            now=now(),
        )
    except DomainError as error:
        form.to.errors = [sentence(error)]
        return render("tasks/ask.html", page=page, form=form), status_of(error)
    flash(_("The review is asked for. It counts as directed, not as drawn."), "success")
    return once.done(form, person, "calls.show", uid=uid)
