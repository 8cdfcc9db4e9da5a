"""The reviewer's queue and the review form."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, jsonify, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from models.people import User
from models.reviews import Review, Task
from models.vocab import SkipKind, TaskState
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.review import service, skips, verdicts
from pipelines.scoring.service import version_rule
from qa_app.access import Action, Person, current_person, load, requires, visible
from qa_app.asked import page_number
from qa_app.clock import now
from qa_app.db import session
from qa_app.formats import rate
from qa_app.reviews.both import both_page
from qa_app.reviews.forms import ActForm, SkipForm, build_form, sheet_of_form
from qa_app.reviews.queries import own_draft, write_page
from qa_app.reviews.queue import queue_page, team_page
from qa_app.reviews.sheets import SheetView, form_for, same_content, summary_of, view_sheet
from qa_app.surroundings import runtime
from qa_app.templating import render, see_other

bp = Blueprint("reviews", __name__, url_prefix="/reviews")


def user_of(person: Person) -> User:
    """Return the row of the person who is signed in."""
    return session().get_one(User, person.id)


@bp.get("/")
@requires(Action.TASKS_WORK)
def queue() -> str:
    """Show what is mine, what waits, and what I have done."""
    page = queue_page(session(), current_person(), now())
    return render("reviews/queue.html", page=page, act=ActForm(formdata=None))


@bp.get("/team")
@requires(Action.TASKS_WORK)
def team() -> str:
    """List what waits for anybody of the team, in the order in which it is taken."""
    page = team_page(session(), current_person(), now(), page_number())
    return render("reviews/team.html", page=page, act=ActForm(formdata=None))


@bp.post("/next")
@requires(Action.TASKS_WORK)
def take_next() -> Response:
    """Claim the most urgent task and open its form."""
    return _take_next(current_person())


def _take_next(person: Person) -> Response:
    user = user_of(person)
    tasks = visible(person, Task, Action.TASKS_WORK)
    task = service.claim_next(session(), tasks, user, now=now())
    if task is None:
        flash(_("No call is waiting just now."), "info")
        return see_other("reviews.queue")
    verdicts.start_or_get_review(session(), task, user, now=now())
    _have_it_heard(task)
    return see_other("reviews.write", uid=task.uid)


def _have_it_heard(task: Task) -> None:
    """Have the call's words written down next, unless they are there."""
    # Loaded here: the other acts of reviewing need no job engine.
    from pipelines import flow

    flow.hear_first_of_leg(session(), task.leg_id, now=now())


@bp.post("/<uuid:uid>/claim")
@requires(Action.TASKS_WORK)
def claim(uid: uuid.UUID) -> Response:
    """Claim one task, or go on with it."""
    person = current_person()
    task = load(session(), person, Action.TASKS_WORK, Task, uid)
    user = user_of(person)
    service.claim(session(), task, user, now=now())
    verdicts.start_or_get_review(session(), task, user, now=now())
    _have_it_heard(task)
    return see_other("reviews.write", uid=task.uid)


@bp.post("/<uuid:uid>/release")
@requires(Action.TASKS_WORK)
def release(uid: uuid.UUID) -> Response:
    """Give a task back to the team."""
    person = current_person()
    task = load(session(), person, Action.TASKS_WORK, Task, uid)
    discard = request.form.get("discard") == "yes"
    service.release(session(), task, user_of(person), now=now(), discard=discard)
    flash(_("Given back. Somebody else can take this call."), "success")
    return see_other("reviews.queue")


@bp.route("/<uuid:uid>/skip", methods=["GET", "POST"])
@requires(Action.TASKS_WORK)
def skip(uid: uuid.UUID) -> Response | str:
    """Close a task without a review, with kind and reason."""
    person = current_person()
    review = own_draft(session(), person, uid)
    form = SkipForm()
    if not form.validate_on_submit():
        return render("reviews/skip.html", page=write_page(session(), person, review), form=form)
    task = load(session(), person, Action.TASKS_WORK, Task, uid)
    # Loaded here: a call drawn instead needs the job engine.
    from pipelines import skipping

    done = skipping.skip_task(
        session(),
        runtime(),
        task,
        user_of(person),
        kind=SkipKind(form.kind.data),
        reason=form.reason.data or "",
        now=now(),
    )
    if done.waits:
        flash(_("A manager decides about this skip. What you wrote is kept until then."), "info")
    elif done.instead:
        flash(_("Skipped, with your reason. Another call was drawn instead."), "success")
    else:
        flash(_("Skipped, with your reason."), "success")
    return see_other("reviews.queue")


@bp.post("/<uuid:uid>/unskip")
@requires(Action.TASKS_WORK)
def unskip(uid: uuid.UUID) -> Response:
    """Take one's own skip back, or the question for it, and go on with the review."""
    person = current_person()
    task = load(session(), person, Action.TASKS_WORK, Task, uid)
    user = user_of(person)
    if task.state is TaskState.CLAIMED:
        skips.take_back(session(), task, user, now=now())
    else:
        from pipelines import skipping

        skipping.undo_skip(session(), task, user, now=now())
        verdicts.start_or_get_review(session(), task, user, now=now())
    flash(_("The skip is taken back. The call is with you again."), "success")
    return see_other("reviews.write", uid=uid)


@bp.get("/<uuid:uid>")
@requires(Action.REVIEWS_WRITE)
def write(uid: uuid.UUID) -> str:
    """Show the review form beside player and transcript."""
    person = current_person()
    review = own_draft(session(), person, uid)
    return render("reviews/write.html", page=write_page(session(), person, review))


def _sent(review: Review) -> tuple[SheetView, dict[str, Any]]:
    version = version_rule(session(), review.version_id)
    form = build_form(version)()
    sheet = sheet_of_form(form, version)
    return view_sheet(version, form, sheet), sheet


@bp.get("/<uuid:uid>/both")
@requires(Action.REVIEWS_READ)
def both(uid: uuid.UUID) -> str:
    """Show both readings of a call side by side, once both are in."""
    return render("reviews/both.html", page=both_page(session(), current_person(), uid))


@bp.post("/<uuid:uid>/draft")
@requires(Action.REVIEWS_WRITE)
def save(uid: uuid.UUID) -> Response:
    """Keep the draft as it is and answer with the running total; 409 when another tab saved."""
    person = current_person()
    review = own_draft(session(), person, uid)
    view, sheet = _sent(review)
    try:
        verdicts.save_draft(
            session(),
            review,
            sheet,
            str(view.form.summary.data or ""),
            lock_version=view.form.seen_version,
            user=user_of(person),
            now=now(),
            notes=view.notes,
        )
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        return conflict_answer(view, error)
    return saved_answer(view, review.lock_version)


def saved_answer(view: SheetView, lock_version: int) -> Response:
    """Answer an autosave: the new version, the total and the state of every criterion."""
    return jsonify(
        lock_version=lock_version,
        total=render("reviews/_total.html", total=view.total),
        criteria=summary_of(view),
    )


def conflict_answer(view: SheetView, error: DomainError) -> Response:
    """Answer 409 with what is stored beside what was sent; where they are the same, all is well.

    They are when a save arrived whose answer was lost on the way, and is sent again.
    """
    stored = error.params
    version, lock, summary = view.version, stored["lock_version"], stored["summary"]
    form = form_for(version, stored["sheet"], lock, summary, notes=stored.get("notes", ()))
    other = view_sheet(version, form, stored["sheet"])
    if same_content(view, other):
        return saved_answer(view, lock)
    response = jsonify(
        lock_version=stored["lock_version"],
        html=render("reviews/_conflict.html", mine=view, stored=other),
    )
    response.status_code = 409
    return response


@bp.get("/token")
@requires(Action.HOME)
def token() -> Response:
    """Give the form token of the present session, for a page that outlived its own."""
    return jsonify(token=generate_csrf())


@bp.post("/<uuid:uid>/submit")
@requires(Action.REVIEWS_WRITE)
def submit(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Submit the review; what is missing is shown in place, with the draft kept."""
    person = current_person()
    review = own_draft(session(), person, uid)
    view, sheet = _sent(review)
    summary, seen = str(view.form.summary.data or ""), view.form.seen_version
    act = {"lock_version": seen, "user": user_of(person), "now": now(), "notes": view.notes}
    try:
        if view.problems:
            verdicts.save_draft(session(), review, sheet, summary, **act)
            view.form.lock_version.data = str(review.lock_version)
            page = write_page(session(), person, review, view)
            return render("reviews/write.html", page=page, tried=True)
        revision = evaluation.submit_review(session(), review, sheet, summary, **act)
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        page = write_page(session(), person, review)
        return render("reviews/write.html", page=page, conflict=view), 409
    flash(_("Submitted: %(score)s.", score=rate(revision.earned, revision.attainable)), "success")
    if request.form.get("then") == "next":
        return _take_next(person)
    return see_other("reviews.queue")
