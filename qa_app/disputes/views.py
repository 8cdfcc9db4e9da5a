"""Disputes: raised by agents, decided by somebody else, counted for managers."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, request
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from wtforms import SelectChoice

from models.calls import Project
from models.disputes import Dispute
from models.people import Agent, Site, User
from models.reviews import Review
from models.vocab_learning import DisputeResult, DisputeState
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.review import disputes
from pipelines.review.verdicts import current_sheet
from pipelines.scoring.service import version_rule
from qa_app import exports, once
from qa_app.access import Action, Person, current_person, load, requires
from qa_app.calls.accesses import note_words
from qa_app.clock import now
from qa_app.db import session
from qa_app.disputes.figures import COLUMNS, file_rows
from qa_app.disputes.forms import (
    ANSWER,
    MOMENT,
    PICK,
    RESULT,
    WORDS,
    DaysForm,
    decision_form,
    raise_form,
    reason_of,
)
from qa_app.disputes.queries import (
    days_page,
    decide_page,
    figures_page,
    hanging_on,
    load_dispute,
    queue_page,
)
from qa_app.feedback.queries import FeedbackPage, verdict_page
from qa_app.messages import sentence
from qa_app.moments import quoted
from qa_app.permissions import leads_site
from qa_app.reviews.forms import data_of_sheet, sheet_of_form
from qa_app.reviews.queries import said_in
from qa_app.reviews.sheets import view_sheet
from qa_app.templating import render, see_other

bp = Blueprint("disputes", __name__, url_prefix="/disputes")


def _user(person: Person) -> User:
    return session().get_one(User, person.id)


@bp.get("/")
@requires(Action.OBJECTIONS_ANSWER)
def index() -> str:
    """List what waits for a decision."""
    return render("disputes/index.html", page=queue_page(session(), current_person(), now()))


@bp.route("/of/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.FEEDBACK_RESPOND)
def begin(uid: uuid.UUID) -> Response | str:
    """Let the agent say which criteria of an own review are seen differently, and why."""
    person = current_person()
    review = load(session(), person, Action.FEEDBACK_RESPOND, Review, uid)
    page = verdict_page(session(), person, uid)
    lineages = [point.rule.lineage for point in page.after.disputable]
    form = raise_form(lineages)()
    if not form.is_submitted() and (wanted := request.args.get("criterion")) in lineages:
        form[f"{PICK}_{wanted}"].data = True
    if not form.validate_on_submit():
        return render("disputes/begin.html", page=page, form=form)
    if earlier := once.spent(form, person):
        return earlier
    if not form.chosen:
        trouble = sentence(DomainError("dispute_empty"))
        return render("disputes/begin.html", page=page, form=form, trouble=trouble)
    disputes.raise_dispute(
        session(),
        review,
        session().get_one(Agent, person.agent_id),
        _user(person),
        _claims(page, form, review),
        now=now(),
    )
    flash(_("Your dispute is in. Somebody other than the reviewer decides it."), "success")
    return once.done(form, person, "feedback.show", uid=uid)


def _claims(page: FeedbackPage, form: Any, review: Review) -> list[disputes.Claim]:
    said = said_in(session(), review.leg.call_id)
    ids = {point.rule.lineage: point.rule.id for point in page.after.disputable}
    claims = []
    for lineage in form.chosen:
        span = form[f"{MOMENT}_{lineage}"].span
        evidence = (
            {"start_ms": span[0], "end_ms": span[1], "words": quoted(said, span)} if span else None
        )
        claims.append(
            disputes.Claim(
                ids[lineage],
                reason_of(form, lineage),
                form[f"{WORDS}_{lineage}"].data,
                (evidence,) if evidence else (),
            )
        )
    return claims


@bp.post("/<uuid:uid>/withdraw")
@requires(Action.FEEDBACK_RESPOND)
def withdraw(uid: uuid.UUID) -> Response:
    """Take an undecided dispute back."""
    person = current_person()
    dispute = load(session(), person, Action.FEEDBACK_RESPOND, Dispute, uid)
    review = dispute.review.uid
    disputes.withdraw(session(), dispute, _user(person), now=now())
    flash(_("Taken back. You can dispute again while the days for it last."), "success")
    return see_other("feedback.show", uid=review)


def _form_of(dispute: Dispute) -> tuple[Any, Any, dict[str, Any], dict[str, Any]]:
    """Return the form, the sheet's view with the new answers, those answers, and the old sheet."""
    review = dispute.review
    version = version_rule(session(), review.version_id)
    stored = current_sheet(review)
    said = said_in(session(), review.leg.call_id)
    form = decision_form(version, [item.id for item in dispute.items])(
        data=data_of_sheet(version, stored, said)
    )
    own = [item.criterion.lineage for item in dispute.items]
    asked = {*own, *hanging_on(version, own)}
    sent = sheet_of_form(form, version) if form.is_submitted() else {}
    answers = {lineage: entry for lineage, entry in sent.items() if lineage in asked}
    sheet = disputes.decided_sheet(dispute, _rulings(dispute, form), answers)
    return form, view_sheet(version, form, sheet), answers, stored


def _rulings(dispute: Dispute, form: Any) -> dict[int, disputes.Ruling]:
    rulings = {}
    for item in dispute.items:
        given = form[f"{RESULT}_{item.id}"].data
        if given in {result.value for result in DisputeResult}:
            words = str(form[f"{ANSWER}_{item.id}"].data or "")
            rulings[item.id] = disputes.Ruling(DisputeResult(given), words)
    return rulings


@bp.route("/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.OBJECTIONS_ANSWER)
def decide(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Decide a dispute, criterion by criterion, with reasons."""
    person = current_person()
    dispute = load_dispute(session(), person, uid)
    if dispute.state is not DisputeState.OPEN:
        return see_other("feedback.show", uid=dispute.review.uid)
    disputes.check_decider(session(), dispute, _user(person))
    form, view, answers, stored = _form_of(dispute)
    trouble = ""
    if form.validate_on_submit():
        try:
            evaluation.decide_dispute(
                session(), dispute, _user(person), _rulings(dispute, form), answers, now=now()
            )
        except DomainError as error:
            if error.code not in {"dispute_unchanged", "dispute_lowers", "sheet_incomplete"}:
                raise
            trouble = sentence(error)
        else:
            flash(_("Decided. The agent reads your reasons with the feedback."), "success")
            return see_other("disputes.index")
    page = decide_page(session(), person, dispute, view, stored)
    note_words(page.verdict.player, dispute.review.leg.call_id)
    shown = render("disputes/decide.html", page=page, form=form, trouble=trouble)
    # A refusal undoes what the service had begun.
    return (shown, 422) if trouble else shown


@bp.post("/<uuid:uid>/preview")
@requires(Action.OBJECTIONS_ANSWER)
def preview(uid: uuid.UUID) -> str:
    """Give the total that these decisions would make, keeping nothing."""
    dispute = load_dispute(session(), current_person(), uid)
    _form, view, _answers, _stored = _form_of(dispute)
    current = dispute.review.current
    return render(
        "disputes/_total.html",
        before=(current.earned, current.attainable) if current else (0, 0),
        total=view.total,
    )


@bp.get("/figures")
@requires(Action.DISPUTES_READ)
def figures() -> str:
    """Show what is disputed, and how it ends."""
    return render("disputes/figures.html", page=figures_page(session(), current_person(), now()))


@bp.get("/figures.csv")
@requires(Action.DISPUTES_READ)
def figures_file() -> Response:
    """Give the figures as a file."""
    rows = file_rows(figures_page(session(), current_person(), now()))
    return exports.csv_response("disputes.csv", COLUMNS, rows)


@bp.get("/days")
@requires(Action.DISPUTES_SET)
def days() -> str:
    """Show how long reviews can be disputed."""
    return _days(None, None)


def _days(uid: uuid.UUID | None, form: DaysForm | None) -> str:
    return render(
        "disputes/days.html",
        sites=days_page(session(), current_person()),
        form=form or DaysForm(formdata=None),
        form_site=uid,
    )


@bp.post("/days/<uuid:uid>")
@requires(Action.DISPUTES_SET)
def set_days(uid: uuid.UUID) -> Response | tuple[str, int]:
    """Set, change or remove the days of a site or one of its projects."""
    person, form = current_person(), DaysForm()
    form.project.choices = [SelectChoice("", "")]
    site = load(session(), person, Action.DISPUTES_SET, Site, uid)
    if not leads_site(person, Action.DISPUTES_SET, site.id):
        raise NotFound
    if not form.validate() or (form.window.data is None) != (form.decide.data is None):
        return _days(uid, form), 422
    project = None
    if form.project.data:
        try:
            wanted = uuid.UUID(form.project.data)
        except ValueError:
            raise NotFound from None
        project = load(session(), person, Action.DISPUTES_SET, Project, wanted)
    window, decide_in = form.window.data, form.decide.data
    disputes.set_days(
        session(),
        site,
        project,
        disputes.Days(window, decide_in) if window and decide_in else None,
        user=_user(person),
        now=now(),
    )
    flash(_("The days are set; they hold for reviews from now on."), "success")
    return see_other("disputes.days")
