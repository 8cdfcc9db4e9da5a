"""Calibration rounds and their sessions, and how strict reviewers are over time."""

import datetime as dt
import uuid

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from models.calibration import CalibrationItem, CalibrationRound
from models.people import Site, User
from models.scorecards import ScorecardVersion
from models.vocab import CalibrationState
from models.vocab_rights import AccessWay
from pipelines import evaluation
from pipelines.calibration import references, service
from pipelines.calibration.rules.agreement import Scheme
from pipelines.outcomes import DomainError, Sheet
from pipelines.scoring.rules import VersionRule
from pipelines.scoring.service import version_rule
from qa_app import exports, once, security
from qa_app.access import Action, Person, current_person, load, may, requires, visible
from qa_app.asked import page_number
from qa_app.calibration import files
from qa_app.calibration.choosing import (
    USUAL_DAYS,
    Filters,
    legs_of,
    new_page,
    picked_at_random,
    project_choices,
    reviewers_at,
    version_choices,
)
from qa_app.calibration.forms import AgreementForm, ExtendForm, RoundForm, reference_form
from qa_app.calibration.queries import index_page, round_page
from qa_app.calibration.sessions import closed_round, facts_of, session_item, session_page
from qa_app.calibration.severities import COLUMNS, severity_page, severity_rows
from qa_app.calibration.sides import call_page
from qa_app.calls import accesses
from qa_app.clock import end_of_day, local_day, now
from qa_app.db import session
from qa_app.messages import sentence, status_of
from qa_app.reviews.forms import data_of_sheet, sheet_of_form
from qa_app.reviews.queries import said_in
from qa_app.reviews.sheets import SheetView, view_sheet
from qa_app.reviews.views import conflict_answer, saved_answer
from qa_app.templating import render, see_other

bp = Blueprint("calibration", __name__, url_prefix="/calibration")


def _user() -> User:
    return session().get_one(User, current_person().id)


@bp.get("/")
@requires(Action.CALIBRATION_READ)
def index() -> str:
    """List the rounds that the person leads or takes part in."""
    page = index_page(session(), current_person(), now(), page_number())
    severity = may(current_person(), Action.SEVERITY_READ)
    return render("calibration/index.html", page=page, severity=severity)


# A new round


@bp.get("/sites/<uuid:uid>/new")
@requires(Action.CALIBRATION_LEAD)
def new(uid: uuid.UUID) -> str:
    """Offer calls and reviewers for a new round."""
    person = current_person()
    site = load(session(), person, Action.CALIBRATION_LEAD, Site, uid)
    due = local_day(now() + dt.timedelta(days=USUAL_DAYS), site)
    form = RoundForm(formdata=None, data={"due": due, "random": 3})
    _offer(form, person, site)
    form.reviewers.data = [value for value, _label in _reviewer_choices(person, site)]
    return _new(form, person, site)


@bp.post("/sites/<uuid:uid>")
@requires(Action.CALIBRATION_LEAD)
def create(uid: uuid.UUID) -> ResponseReturnValue:
    """Begin a round, or show other calls to choose from with everything else kept."""
    person, form = current_person(), RoundForm()
    site = load(session(), person, Action.CALIBRATION_LEAD, Site, uid)
    _offer(form, person, site)
    if request.form.get("act") == "pick":
        _pick(form, person, site)
    if request.form.get("act") != "start":
        return _new(form, person, site)
    if not form.validate():
        return _new(form, person, site), 422
    if earlier := once.spent(form, person):
        return earlier
    version = session().scalars(
        visible(person, ScorecardVersion, Action.CALIBRATION_LEAD).where(
            ScorecardVersion.uid == uuid.UUID(form.version.data)
        )
    )
    try:
        made = service.create_round(
            session(),
            form.title.data,
            legs_of(session(), person, site, form.legs.data),
            _chosen_reviewers(form, person, site),
            version.one(),
            due_at=end_of_day(form.due.data, site),
            user=_user(),
            now=now(),
        )
    except DomainError as error:
        flash(sentence(error), "danger")
        return _new(form, person, site), status_of(error)
    flash(_("The round has begun. The calls are in the reviewers' queues."), "success")
    return once.done(form, person, "calibration.show", uid=made.uid)


def _reviewer_choices(person: Person, site: Site) -> list[tuple[str, str]]:
    return [(str(user.uid), user.display_name) for user in reviewers_at(session(), person, site)]


def _offer(form: RoundForm, person: Person, site: Site) -> None:
    form.offer(
        version_choices(session(), person),
        _reviewer_choices(person, site),
        project_choices(session(), person, site),
    )


def _chosen_reviewers(form: RoundForm, person: Person, site: Site) -> list[User]:
    chosen = set(form.reviewers.data or ())
    return [user for user in reviewers_at(session(), person, site) if str(user.uid) in chosen]


def _filters(form: RoundForm) -> Filters:
    known = {value for value, *_rest in form.project.iter_choices()}
    project = form.project.data if form.project.data in known else ""
    minutes = form.minutes.data or 0
    return Filters(project or "", form.start.data, form.end.data, max(minutes, 0) * 60_000)


def _pick(form: RoundForm, person: Person, site: Site) -> None:
    chosen = legs_of(session(), person, site, form.legs.data or ())
    count = form.random.data or 0
    picked = picked_at_random(
        session(),
        person,
        site,
        _filters(form),
        count=max(0, min(count, service.MOST_CALLS - len(chosen))),
        chosen=chosen,
        reviewers=_chosen_reviewers(form, person, site),
        now=now(),
    )
    form.legs.data = [str(leg.uid) for leg in [*chosen, *picked]]
    if not picked:
        flash(_("No further call fits that all chosen reviewers could score blind."), "info")


def _new(form: RoundForm, person: Person, site: Site) -> str:
    page = new_page(
        session(),
        person,
        site,
        _filters(form),
        chosen=legs_of(session(), person, site, form.legs.data or ()),
        reviewers=_chosen_reviewers(form, person, site),
        now=now(),
    )
    return render("calibration/new.html", page=page, form=form)


# A round


@bp.get("/<uuid:uid>")
@requires(Action.CALIBRATION_READ)
def show(uid: uuid.UUID) -> str:
    """Show a round: who is done while it is open, the session once it is closed."""
    person = current_person()
    made = load(session(), person, Action.CALIBRATION_READ, CalibrationRound, uid)
    if made.state is CalibrationState.CLOSED:
        page = session_page(session(), person, made, _scheme(), now())
        return render("calibration/session.html", page=page)
    return _show(made, ExtendForm(formdata=None, data={"due": local_day(made.due_at, made.site)}))


def _show(made: CalibrationRound, form: ExtendForm) -> str:
    page = round_page(session(), current_person(), made, now())
    return render("calibration/show.html", page=page, form=form)


def _refused(made: CalibrationRound, error: DomainError) -> ResponseReturnValue:
    """Say on the round's own page why an act cannot be done, while it is open."""
    if made.state is not CalibrationState.OPEN:
        raise error
    flash(sentence(error), "danger")
    form = ExtendForm(formdata=None, data={"due": local_day(made.due_at, made.site)})
    return _show(made, form), status_of(error)


def _scheme() -> Scheme:
    given = request.args.get("weights", "")
    return Scheme(given) if given in set(Scheme) else Scheme.LINEAR


def _led(uid: uuid.UUID) -> CalibrationRound:
    return load(session(), current_person(), Action.CALIBRATION_LEAD, CalibrationRound, uid)


@bp.post("/<uuid:uid>/extend")
@requires(Action.CALIBRATION_LEAD)
def extend(uid: uuid.UUID) -> ResponseReturnValue:
    """Give a round another deadline."""
    made, form = _led(uid), ExtendForm()
    if not form.validate_on_submit():
        return _show(made, form), 422
    try:
        service.extend(session(), made, _user(), end_of_day(form.due.data, made.site), now=now())
    except DomainError as error:
        return _refused(made, error)
    flash(_("The round has another deadline."), "success")
    return see_other("calibration.show", uid=uid)


@bp.post("/<uuid:uid>/close")
@requires(Action.CALIBRATION_LEAD)
def close(uid: uuid.UUID) -> ResponseReturnValue:
    """End a round and open its session."""
    made = _led(uid)
    try:
        left = service.close(session(), made, _user(), now=now())
    except DomainError as error:
        return _refused(made, error)
    flash(_("Closed. The answers are side by side now."), "success")
    _say_left(left)
    return see_other("calibration.show", uid=uid)


@bp.post("/<uuid:uid>/withdraw")
@requires(Action.CALIBRATION_LEAD)
def withdraw(uid: uuid.UUID) -> Response:
    """End a round without a session."""
    left = service.withdraw(session(), _led(uid), _user(), now=now())
    flash(_("Withdrawn. Nobody sees what was answered."), "success")
    _say_left(left)
    return see_other("calibration.index")


def _say_left(left: int) -> None:
    if left:
        flash(ngettext("%(num)s score was not in.", "%(num)s scores were not in.", left), "info")


@bp.get("/<uuid:uid>/criteria.csv")
@requires(Action.CALIBRATION_READ)
def criteria_file(uid: uuid.UUID) -> Response:
    """Give the agreement by criterion as a file."""
    made = closed_round(session(), current_person(), uid)
    page = session_page(session(), current_person(), made, _scheme(), now())
    return exports.csv_response(
        "calibration-criteria.csv", files.CRITERIA, files.criteria_rows(page)
    )


@bp.get("/<uuid:uid>/answers.csv")
@requires(Action.CALIBRATION_READ)
def answers_file(uid: uuid.UUID) -> Response:
    """Give all answers of a session as a file; who asked for it is written down."""
    person = current_person()
    made = closed_round(session(), person, uid)
    rows = list(files.answer_rows(session(), person, made, now()))
    calls = (item.leg.call_id for item in facts_of(session(), person, made, now()).items)
    accesses.note(calls, AccessWay.EXPORT)
    security.record(
        "calibration.exported",
        "calibration_round",
        subject_uid=made.uid,
        actor=person.uid,
        file="calibration-answers.csv",
        rows=len(rows),
    )
    return exports.csv_response("calibration-answers.csv", files.ANSWERS, rows)


# A call of a session


@bp.get("/calls/<uuid:uid>")
@requires(Action.CALIBRATION_READ)
def call(uid: uuid.UUID) -> str:
    """Show one call of a session, side by side."""
    person = current_person()
    item = session_item(session(), person, uid, Action.CALIBRATION_READ, now())
    page = call_page(session(), person, item, now())
    accesses.note_words(page.player, item.leg.call_id)
    return render("calibration/call.html", page=page)


def _item(uid: uuid.UUID) -> CalibrationItem:
    return session_item(session(), current_person(), uid, Action.CALIBRATION_LEAD, now())


def _sent(version: VersionRule) -> tuple[AgreementForm, Sheet, SheetView]:
    form = reference_form(version)()
    sheet = sheet_of_form(form, version)
    return form, sheet, view_sheet(version, form, sheet)


def _stored(item: CalibrationItem, version: VersionRule) -> SheetView:
    said = said_in(session(), item.leg.call_id)
    sheet = item.reference or references.first_reference(session(), item)
    data = {
        **data_of_sheet(version, sheet, said),
        "summary": item.words,
        "lock_version": str(item.lock_version),
    }
    form = reference_form(version)(formdata=None, data=data)
    return view_sheet(version, form, sheet)


@bp.get("/calls/<uuid:uid>/reference")
@requires(Action.CALIBRATION_LEAD)
def reference(uid: uuid.UUID) -> ResponseReturnValue:
    """Show the form of a call's reference beside what everybody answered."""
    item = _item(uid)
    if item.agreed_at is not None:
        return see_other("calibration.call", uid=uid)
    version = version_rule(session(), item.round.version_id)
    return _reference(item, _stored(item, version))


def _reference(item: CalibrationItem, sheet: SheetView, **more: object) -> str:
    page = call_page(session(), current_person(), item, now())
    accesses.note_words(page.player, item.leg.call_id)
    return render("calibration/reference.html", page=page, sheet=sheet, **more)


@bp.post("/calls/<uuid:uid>/draft")
@requires(Action.CALIBRATION_LEAD)
def save_reference(uid: uuid.UUID) -> Response:
    """Keep what the session has written so far; 409 when another window saved."""
    item = _item(uid)
    form, sheet, view = _sent(version_rule(session(), item.round.version_id))
    try:
        references.save_reference(
            session(), item, sheet, view.summary, lock_version=form.seen_version, now=now()
        )
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        return conflict_answer(view, error)
    return saved_answer(view, item.lock_version)


@bp.post("/calls/<uuid:uid>/reference")
@requires(Action.CALIBRATION_LEAD)
def agree(uid: uuid.UUID) -> ResponseReturnValue:
    """Keep the reference for good; what is missing is shown in place, with the draft kept."""
    item = _item(uid)
    version = version_rule(session(), item.round.version_id)
    form, sheet, view = _sent(version)
    act = {"lock_version": form.seen_version, "now": now()}
    try:
        open_ones = {found.rule.lineage for found, _words in view.problems}
        lacking = set(references.unexplained(session(), item, sheet)) - open_ones
        silent = [
            found
            for section in view.sections
            for found in section.criteria
            if found.rule.lineage in lacking
        ]
        valid = form.validate_on_submit()
        if view.problems or silent or not valid:
            references.save_reference(session(), item, sheet, view.summary, **act)
            form.lock_version.data = str(item.lock_version)
            return _reference(item, view, tried=bool(view.problems), silent=silent, form=form)
        evaluation.agree_reference(session(), item, sheet, view.summary, user=_user(), **act)
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        return _reference(item, _stored(item, version), conflict=True), 409
    flash(_("Agreed and kept."), "success")
    return see_other("calibration.call", uid=uid)


# Over time


@bp.get("/reviewers")
@requires(Action.SEVERITY_READ)
def severity() -> str:
    """Show how strict reviewers are, the person's own first."""
    page = severity_page(session(), current_person(), now())
    return render("calibration/severity.html", page=page)


@bp.get("/reviewers.csv")
@requires(Action.SEVERITY_READ)
def severity_file() -> Response:
    """Give what the page shows as a file; who asked for it is written down."""
    person = current_person()
    rows = list(severity_rows(severity_page(session(), person, now())))
    security.record(
        "severity.exported",
        "user",
        subject_uid=person.uid,
        actor=person.uid,
        file="severity.csv",
        rows=len(rows),
    )
    return exports.csv_response("severity.csv", COLUMNS, rows)
