"""Coaching: causes named, talks written down and answered, steps done, and a site's causes."""

import uuid

from flask import Blueprint, Response, flash, request
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from models.calls import Leg
from models.coaching import CoachingStep, HelpRequest
from models.people import Agent, Site, User
from models.reviews import Review
from models.vocab_learning import CoachingKind
from pipelines.coaching import service
from pipelines.outcomes import DomainError
from qa_app import once
from qa_app.access import Action, current_person, load, requires
from qa_app.asked import page_number
from qa_app.calls.accesses import note_words
from qa_app.clock import now
from qa_app.coaching.forms import (
    CauseForm,
    StepForm,
    TalkForm,
    WordsForm,
    causes_form,
    causes_of,
)
from qa_app.coaching.queries import (
    cause_of,
    figures_of,
    index_page,
    led_review,
    load_talk,
    open_criteria,
    talk_page,
    today_at,
)
from qa_app.db import session
from qa_app.forms import choices
from qa_app.helping.queries import load_request
from qa_app.i18n import text_of
from qa_app.messages import sentence
from qa_app.permissions import leads_site
from qa_app.templating import render, see_other

bp = Blueprint("coaching", __name__, url_prefix="/coaching")


def _user() -> User:
    return session().get_one(User, current_person().id)


@bp.get("/")
@requires(Action.COACHING_READ)
def index() -> str:
    """List talks, and reviews that ask for a cause."""
    return render(
        "coaching/index.html", page=index_page(session(), current_person(), now(), page_number())
    )


@bp.route("/cause/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.COACHING_WRITE)
def cause(uid: uuid.UUID) -> Response | str:
    """Name what lies behind a review below the pass line."""
    review = led_review(session(), current_person(), uid)
    before = cause_of(session(), review)
    given = {"cause": before.code, "words": before.words} if before else {}
    form = CauseForm(data=given)
    causes = service.causes_of(session(), review.site_id)
    form.cause.choices = choices((one.code, text_of(one.text)) for one in causes)
    if not form.validate_on_submit():
        figures = figures_of(session(), review)
        return render("coaching/cause.html", page=figures, form=form)
    service.set_cause(
        session(), review, form.cause.data, form.words.data or "", user=_user(), now=now()
    )
    flash(_("The cause is kept."), "success")
    return see_other("feedback.show", uid=uid)


@bp.route("/of/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.COACHING_WRITE)
def record(uid: uuid.UUID) -> Response | str:
    """Write down a talk that begins with a review."""
    review = led_review(session(), current_person(), uid)
    return _record(session().get_one(Agent, review.leg.agent_id), review)


@bp.route("/with/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.COACHING_WRITE)
def record_with(uid: uuid.UUID) -> Response | str:
    """Write down a talk with an agent."""
    return _record(load(session(), current_person(), Action.COACHING_WRITE, Agent, uid), None)


@bp.route("/after/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.COACHING_WRITE)
def record_after(uid: uuid.UUID) -> Response | str:
    """Write down a talk that began with a request for help."""
    person = current_person()
    load(session(), person, Action.HELP_ANSWER, HelpRequest, uid)
    row = load_request(session(), person, uid)
    return _record(session().get_one(Agent, row.agent_id), None, row.leg)


@bp.get("/with")
@requires(Action.COACHING_WRITE)
def choose() -> Response:
    """Go to the form for the agent that was chosen."""
    try:
        wanted = uuid.UUID(request.args.get("agent", ""))
    except ValueError:
        return see_other("coaching.index")
    return see_other("coaching.record_with", uid=wanted)


def _record(agent: Agent, review: Review | None, leg: Leg | None = None) -> Response | str:
    person, form = current_person(), TalkForm()
    criteria = open_criteria(session(), review) if review else ()
    form.criteria.choices = choices((str(rule.id), text_of(dict(rule.text))) for rule in criteria)
    if not form.is_submitted():
        form.held_on.data = today_at(agent.site, now())
    if not form.validate_on_submit():
        figures = figures_of(session(), review) if review else None
        return render("coaching/record.html", form=form, agent=agent, page=figures)
    if earlier := once.spent(form, person):
        return earlier
    made = service.record_talk(
        session(),
        agent,
        _user(),
        kind=CoachingKind(form.kind.data),
        held_on=form.held_on.data,
        words=form.words.data,
        review=review,
        leg=leg,
        criterion_ids=[int(value) for value in form.criteria.data or ()],
        steps=[service.Step(words, due) for words, due in form.steps],
        now=now(),
    )
    flash(_("Kept. The agent can read it and add words."), "success")
    return once.done(form, person, "coaching.show", uid=made.uid)


def _shown(uid: uuid.UUID, step: StepForm | None = None, words: WordsForm | None = None) -> str:
    page = talk_page(session(), current_person(), uid, now())
    if page.call_id is not None and not page.is_mine:
        note_words(None, page.call_id)
    return render(
        "coaching/show.html",
        page=page,
        step_form=step or StepForm(formdata=None),
        words_form=words or WordsForm(formdata=None, agent_words=page.agent_words),
    )


@bp.get("/<uuid:uid>")
@requires(Action.COACHING_READ)
def show(uid: uuid.UUID) -> str:
    """Show a talk, its steps, and what changed afterwards."""
    return _shown(uid)


@bp.post("/<uuid:uid>/answer")
@requires(Action.COACHING_READ)
def answer(uid: uuid.UUID) -> Response | str:
    """Let the agent add words, and know that it was read."""
    row = load_talk(session(), current_person(), uid, Action.COACHING_READ)
    form = WordsForm()
    if not form.validate_on_submit():
        return _shown(uid, words=form)
    service.answer_talk(session(), row, _user(), form.agent_words.data or "", now=now())
    flash(_("Thank you for reading."), "success")
    return see_other("coaching.show", uid=uid)


@bp.post("/<uuid:uid>/steps")
@requires(Action.COACHING_READ)
def add_step(uid: uuid.UUID) -> Response | str:
    """Agree on one more step."""
    person, form = current_person(), StepForm()
    row = load_talk(session(), person, uid, Action.COACHING_READ)
    if not form.validate_on_submit():
        return _shown(uid, step=form)
    if earlier := once.spent(form, person):
        return earlier
    step = service.Step(form.step.data, form.due.data)
    service.add_step(session(), row, step, _user(), now=now())
    flash(_("Added."), "success")
    return once.done(form, person, "coaching.show", uid=uid)


@bp.post("/steps/<uuid:uid>")
@requires(Action.COACHING_READ)
def mark_step(uid: uuid.UUID) -> Response:
    """Mark a step as done, or take the mark back."""
    person = current_person()
    step = load(session(), person, Action.COACHING_READ, CoachingStep, uid)
    talk = load_talk(session(), person, step.coaching.uid, Action.COACHING_READ)
    done = request.form.get("done") == "yes"
    service.mark_step(session(), step, _user(), done=done, now=now())
    return see_other("coaching.show", uid=talk.uid)


@bp.post("/<uuid:uid>/drop")
@requires(Action.COACHING_WRITE)
def drop(uid: uuid.UUID) -> Response:
    """Delete what was written, before the agent has read it."""
    row = load_talk(session(), current_person(), uid, Action.COACHING_WRITE)
    service.drop_talk(session(), row, _user(), now=now())
    flash(_("Deleted."), "success")
    return see_other("coaching.index")


@bp.route("/causes/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.COACHING_SET)
def causes(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Show and set a site's list of causes."""
    person = current_person()
    site = load(session(), person, Action.COACHING_SET, Site, uid)
    if not leads_site(person, Action.COACHING_SET, site.id):
        raise NotFound
    form = causes_form(service.causes_of(session(), site.id))()
    if not form.validate_on_submit():
        return render("coaching/causes.html", site=site, form=form, trouble="")
    try:
        service.set_causes(session(), site, causes_of(form), user=_user(), now=now())
    except DomainError as error:
        return render("coaching/causes.html", site=site, form=form, trouble=sentence(error)), 422
    flash(_("The list is kept. Causes named before keep the words they had."), "success")
    return see_other("coaching.causes", uid=uid)
