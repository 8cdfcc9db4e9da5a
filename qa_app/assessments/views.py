"""An agent's own calls and the self-assessments of them."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash
from flask_babel import gettext as _

from models.calls import Leg
from models.people import Agent, User
from models.reviews import SelfAssessment
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.review import assessments, rules
from pipelines.scoring.service import version_rule
from qa_app.access import Action, current_person, load, requires
from qa_app.asked import page_number
from qa_app.assessments.queries import (
    index_page,
    own_assessment,
    published_version,
    verdict_of,
    write_page,
)
from qa_app.clock import now
from qa_app.db import session
from qa_app.reviews.forms import build_form, sheet_of_form
from qa_app.reviews.sheets import SheetView, view_sheet
from qa_app.reviews.views import conflict_answer, saved_answer
from qa_app.templating import render, see_other

bp = Blueprint("assessments", __name__, url_prefix="/my-calls")


@bp.get("/")
@requires(Action.ASSESSMENTS_WRITE)
def index() -> str:
    """List the agent's own calls, with what is asked on top."""
    return render(
        "assessments/index.html", page=index_page(session(), current_person(), now(), page_number())
    )


@bp.post("/legs/<uuid:uid>/assess")
@requires(Action.ASSESSMENTS_WRITE)
def begin(uid: uuid.UUID) -> Response:
    """Begin an unasked self-assessment of an own call."""
    person = current_person()
    leg = load(session(), person, Action.ASSESSMENTS_WRITE, Leg, uid)
    agent = session().get_one(Agent, person.agent_id)
    version_id = published_version(session(), leg)
    made = assessments.start_voluntary(session(), leg, agent, version_id, now=now())
    # Loaded here: the other acts need no job engine.
    from pipelines import flow

    flow.hear_first_of_leg(session(), leg.id, now=now())
    return see_other("assessments.write", uid=made.uid)


@bp.get("/<uuid:uid>")
@requires(Action.ASSESSMENTS_WRITE)
def write(uid: uuid.UUID) -> Response | str:
    """Show the self-assessment form; what is over leads to the feedback."""
    person = current_person()
    assessment = own_assessment(session(), person, uid)
    if not rules.assessment_is_open(assessments.facts_of(assessment), now()):
        return _after(assessment)
    return render("assessments/write.html", page=write_page(session(), person, assessment))


def _after(assessment: SelfAssessment) -> Response:
    verdict = verdict_of(session(), current_person(), assessment.leg_id)
    if verdict is not None:
        return see_other("feedback.show", uid=verdict)
    return see_other("assessments.index")


def _sent(assessment: SelfAssessment) -> tuple[SheetView, dict[str, Any]]:
    version = version_rule(session(), assessment.version_id)
    form = build_form(version)()
    sheet = sheet_of_form(form, version)
    return view_sheet(version, form, sheet), sheet


def _act(view: SheetView) -> dict[str, Any]:
    user = session().get_one(User, current_person().id)
    return {"lock_version": view.form.seen_version, "user": user, "now": now()}


@bp.post("/<uuid:uid>/draft")
@requires(Action.ASSESSMENTS_WRITE)
def save(uid: uuid.UUID) -> Response:
    """Keep the draft and answer with the running total; 409 when another tab saved."""
    assessment = own_assessment(session(), current_person(), uid)
    view, sheet = _sent(assessment)
    try:
        assessments.save_assessment_draft(session(), assessment, sheet, **_act(view))
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        return conflict_answer(view, error)
    return saved_answer(view, assessment.lock_version)


@bp.post("/<uuid:uid>/submit")
@requires(Action.ASSESSMENTS_WRITE)
def submit(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Submit the agent's own view; what is missing is shown in place."""
    person = current_person()
    assessment = own_assessment(session(), person, uid)
    view, sheet = _sent(assessment)
    try:
        if view.problems:
            assessments.save_assessment_draft(session(), assessment, sheet, **_act(view))
            view.form.lock_version.data = str(assessment.lock_version)
            page = write_page(session(), person, assessment, view)
            return render("assessments/write.html", page=page, tried=True)
        evaluation.submit_assessment(session(), assessment, sheet, **_act(view))
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        page = write_page(session(), person, assessment)
        return render("assessments/write.html", page=page, conflict=view), 409
    if verdict_of(session(), person, assessment.leg_id) is None:
        flash(
            _("Thank you. The reviewer's view opens here as soon as it is in as well."), "success"
        )
    return _after(assessment)


@bp.post("/<uuid:uid>/discard")
@requires(Action.ASSESSMENTS_WRITE)
def discard(uid: uuid.UUID) -> Response:
    """Drop an unasked self-assessment."""
    person = current_person()
    assessment = own_assessment(session(), person, uid)
    user = session().get_one(User, person.id)
    assessments.discard_voluntary(session(), assessment, user, now=now())
    flash(_("Dropped."), "success")
    return see_other("assessments.index")
