"""The practice room: scoring an exemplar blind, then comparing with the reference."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.people import User
from models.practice import PracticeAttempt
from models.vocab_learning import AttemptState
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.practice import service
from qa_app.access import Action, current_person, requires
from qa_app.calls.accesses import note_words
from qa_app.clock import now
from qa_app.db import session
from qa_app.practice import queries
from qa_app.reviews.forms import build_form, sheet_of_form
from qa_app.reviews.sheets import SheetView, view_sheet
from qa_app.reviews.views import conflict_answer, saved_answer
from qa_app.templating import render, see_other

bp = Blueprint("practice", __name__, url_prefix="/practice")


def _user() -> User:
    return session().get_one(User, current_person().id)


@bp.get("/")
@requires(Action.PRACTICE_DO)
def index() -> str:
    """Show what the person is asked to score, and the own practice record."""
    page = queries.index_page(session(), current_person(), now())
    return render("practice/index.html", page=page)


@bp.post("/items/<uuid:uid>/begin")
@requires(Action.PRACTICE_DO)
def begin(uid: uuid.UUID) -> Response:
    """Open the form of a call, or what became of it."""
    item = queries.item_of(session(), current_person(), uid)
    attempt = service.begin_attempt(session(), item, _user(), now=now())
    # Loaded here: the other acts need no job engine.
    from pipelines import flow

    flow.hear_first_of_leg(session(), item.leg_id, now=now())
    return _after(attempt)


def _after(attempt: PracticeAttempt) -> Response:
    done = attempt.state is AttemptState.SUBMITTED
    return see_other("practice.compare" if done else "practice.write", uid=attempt.uid)


@bp.get("/attempts/<uuid:uid>")
@requires(Action.PRACTICE_DO)
def write(uid: uuid.UUID) -> ResponseReturnValue:
    """Show the blind form; what is in leads to the comparison."""
    person = current_person()
    attempt = queries.own_attempt(session(), person, uid)
    if attempt.state is AttemptState.SUBMITTED:
        return _after(attempt)
    service.check_can_be_scored(session(), attempt.item, _user(), now())
    return render("practice/write.html", page=queries.write_page(session(), person, attempt))


def _sent(attempt: PracticeAttempt) -> tuple[SheetView, dict[str, Any]]:
    version = queries.version_of(session(), attempt.item.quiz)
    form = build_form(version)()
    sheet = sheet_of_form(form, version)
    return view_sheet(version, form, sheet), sheet


def _act(view: SheetView) -> dict[str, Any]:
    return {"lock_version": view.form.seen_version, "user": _user(), "now": now()}


@bp.post("/attempts/<uuid:uid>/draft")
@requires(Action.PRACTICE_DO)
def save(uid: uuid.UUID) -> Response:
    """Keep the draft and answer with the running total; 409 when another tab saved."""
    attempt = queries.own_attempt(session(), current_person(), uid)
    view, sheet = _sent(attempt)
    try:
        service.save_attempt(session(), attempt, sheet, **_act(view))
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        return conflict_answer(view, error)
    return saved_answer(view, attempt.lock_version)


@bp.post("/attempts/<uuid:uid>/submit")
@requires(Action.PRACTICE_DO)
def submit(uid: uuid.UUID) -> ResponseReturnValue:
    """Submit the attempt; what is missing is shown in place."""
    person = current_person()
    attempt = queries.own_attempt(session(), person, uid)
    view, sheet = _sent(attempt)
    try:
        if view.problems:
            service.save_attempt(session(), attempt, sheet, **_act(view))
            view.form.lock_version.data = str(attempt.lock_version)
            page = queries.write_page(session(), person, attempt, view)
            return render("practice/write.html", page=page, tried=True)
        evaluation.submit_attempt(session(), attempt, sheet, **_act(view))
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        page = queries.write_page(session(), person, attempt)
        return render("practice/write.html", page=page, conflict=view), 409
    return see_other("practice.compare", uid=uid)


@bp.get("/attempts/<uuid:uid>/comparison")
@requires(Action.PRACTICE_DO)
def compare(uid: uuid.UUID) -> ResponseReturnValue:
    """Show an attempt that is in beside the reference, unless the person judges the call anew."""
    person = current_person()
    attempt = queries.own_attempt(session(), person, uid)
    if queries.is_judged(session(), person, attempt):
        flash(_("You judge this call elsewhere now; the comparison opens when that is in."), "info")
        return see_other("practice.index")
    page = queries.compare_page(session(), person, attempt, now())
    note_words(page.player, attempt.item.leg.call_id)
    return render("practice/compare.html", page=page)
