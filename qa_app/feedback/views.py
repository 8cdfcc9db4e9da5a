"""Feedback: read, acknowledged, objected to, and objections decided by somebody else."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash
from flask_babel import gettext as _

from models.people import Agent, User
from models.reviews import Objection, Review
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.review import feedback
from pipelines.review.verdicts import current_sheet
from pipelines.scoring.service import version_rule
from qa_app import once
from qa_app.access import Action, Person, current_person, load, requires
from qa_app.asked import page_number
from qa_app.calls.accesses import note_transcript
from qa_app.clock import now
from qa_app.db import session
from qa_app.feedback.forms import CORRECTED, NOT_UPHELD, ObjectForm, decision_form
from qa_app.feedback.queries import index_page, load_verdict, verdict_page
from qa_app.messages import sentence
from qa_app.reviews.forms import data_of_sheet, sheet_of_form
from qa_app.reviews.queries import said_in
from qa_app.reviews.sheets import view_sheet
from qa_app.reviews.views import saved_answer
from qa_app.templating import render, see_other

bp = Blueprint("feedback", __name__, url_prefix="/feedback")


@bp.get("/")
@requires(Action.FEEDBACK_READ)
def index() -> str:
    """List the verdicts that the person may see."""
    return render(
        "feedback/index.html", page=index_page(session(), current_person(), now(), page_number())
    )


@bp.get("/<uuid:uid>")
@requires(Action.FEEDBACK_READ)
def show(uid: uuid.UUID) -> str:
    """Show a verdict: what earned points, then what is still open."""
    page = verdict_page(session(), current_person(), uid)
    if not page.is_own:
        note_transcript(page.player)
    return render("feedback/show.html", page=page, form=ObjectForm(formdata=None))


def _agent_of(person: Person) -> tuple[Agent, User]:
    return session().get_one(Agent, person.agent_id), session().get_one(User, person.id)


@bp.post("/<uuid:uid>/acknowledge")
@requires(Action.FEEDBACK_RESPOND)
def acknowledge(uid: uuid.UUID) -> Response:
    """Note that the agent has read it."""
    person = current_person()
    review = load(session(), person, Action.FEEDBACK_RESPOND, Review, uid)
    feedback.acknowledge(session(), review, *_agent_of(person), now=now())
    flash(_("Thank you for reading."), "success")
    return see_other("feedback.show", uid=uid)


@bp.post("/<uuid:uid>/object")
@requires(Action.FEEDBACK_RESPOND)
def object_to(uid: uuid.UUID) -> Response | str:
    """Take the agent's objection in words."""
    person = current_person()
    review = load(session(), person, Action.FEEDBACK_RESPOND, Review, uid)
    form = ObjectForm()
    if not form.validate_on_submit():
        page = verdict_page(session(), person, uid)
        return render("feedback/show.html", page=page, form=form)
    if earlier := once.spent(form, person):
        return earlier
    feedback.object_to(session(), review, *_agent_of(person), form.words.data, now=now())
    flash(_("Your objection is in. Somebody other than the reviewer answers it."), "success")
    return once.done(form, person, "feedback.show", uid=uid)


def _objection(person: Person, uid: uuid.UUID) -> tuple[Objection, User]:
    objection = load(session(), person, Action.OBJECTIONS_ANSWER, Objection, uid)
    load_verdict(session(), person, objection.review.uid)
    user = session().get_one(User, person.id)
    feedback.check_answerer(session(), objection, user)
    return objection, user


@bp.route("/objections/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.OBJECTIONS_ANSWER)
def answer(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Decide an objection, with the reason in words and, if need be, a corrected score."""
    person = current_person()
    objection, user = _objection(person, uid)
    review = objection.review
    version = version_rule(session(), review.version_id)
    stored = current_sheet(review)
    said = said_in(session(), review.leg.call_id)
    number = review.current.number if review.current else 0
    data: dict[str, Any] = {**data_of_sheet(version, stored, said), "summary": review.summary}
    form = decision_form(version)(data=data, before=number)
    sheet = sheet_of_form(form, version) if form.is_submitted() else stored
    view = view_sheet(version, form, sheet)
    corrected = form.decision.data == CORRECTED
    # A sheet made from an older score would take back what a dispute has given since.
    changed = form.is_submitted() and corrected and form.before.data not in ("", str(number))
    if changed or not form.validate_on_submit() or (corrected and view.problems):
        page = verdict_page(session(), person, review.uid)
        tried = form.is_submitted() and corrected
        trouble = sentence(DomainError("score_changed")) if changed else ""
        shown = render(
            "feedback/answer.html",
            page=page,
            objection=objection,
            sheet=view,
            tried=tried,
            number=number,
            trouble=trouble,
        )
        return (shown, 409) if changed else shown
    evaluation.answer_objection(
        session(),
        objection,
        user,
        form.answer.data,
        upheld=form.decision.data != NOT_UPHELD,
        sheet=sheet if corrected else None,
        before=number,
        now=now(),
    )
    flash(_("Answered."), "success")
    return see_other("feedback.show", uid=review.uid)


@bp.post("/objections/<uuid:uid>/preview")
@requires(Action.OBJECTIONS_ANSWER)
def preview(uid: uuid.UUID) -> Response:
    """Give the total of a corrected sheet, keeping nothing."""
    objection, _user = _objection(current_person(), uid)
    version = version_rule(session(), objection.review.version_id)
    form = decision_form(version)()
    return saved_answer(view_sheet(version, form, sheet_of_form(form, version)), 0)
