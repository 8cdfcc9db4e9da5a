"""Quizzes: made by a trainer, filled, given to people, opened, and read afterwards."""

import datetime as dt
import uuid
from typing import Any

from flask import Blueprint, Response, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from models.people import Site, User
from models.practice import Playlist, Quiz, QuizItem
from models.reviews import Exemplar
from models.scorecards import ScorecardVersion
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.practice import service
from qa_app import exports, once, security
from qa_app.access import Action, current_person, load, requires
from qa_app.clock import end_of_day, local_day, now
from qa_app.db import session
from qa_app.messages import sentence
from qa_app.practice.areas import area_of, areas
from qa_app.quizzes import queries, results
from qa_app.quizzes.forms import AddForm, CriteriaForm, PeopleForm, QuizForm
from qa_app.reviews.forms import build_form, sheet_of_form
from qa_app.reviews.sheets import SheetView, view_sheet
from qa_app.reviews.views import conflict_answer, saved_answer
from qa_app.templating import render, see_other

bp = Blueprint("quizzes", __name__, url_prefix="/quizzes")

_LEAD = Action.PRACTICE_LEAD
USUAL_DAYS = 14


def _user() -> User:
    return session().get_one(User, current_person().id)


def _quiz(uid: uuid.UUID) -> Quiz:
    return load(session(), current_person(), _LEAD, Quiz, uid)


def _uid(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise BadRequest from None


@bp.get("/")
@requires(_LEAD)
def index() -> str:
    """List the quizzes in scope."""
    return render("quizzes/index.html", rows=queries.index_page(session(), current_person(), now()))


@bp.route("/new", methods=["GET", "POST"])
@requires(_LEAD)
def new() -> Response | str:
    """Make a quiz, empty or with the exemplars of a playlist."""
    person = current_person()
    form = QuizForm(data={"due": now().date() + dt.timedelta(days=USUAL_DAYS)})
    form.offer(
        areas=areas(session(), person, _LEAD),
        versions=queries.versions(session(), person),
        playlists=queries.playlists(session(), person),
    )
    if not form.validate_on_submit():
        return render("quizzes/form.html", form=form, quiz=None)
    if earlier := once.spent(form, person):
        return earlier
    site, team = area_of(session(), person, _LEAD, form.area.data)
    version = load(session(), person, _LEAD, ScorecardVersion, _uid(form.version.data))
    made = service.make_quiz(
        session(),
        site,
        team,
        version,
        _user(),
        title=form.title.data or "",
        about=form.about.data or "",
        criteria=(),
        due_at=end_of_day(form.due.data, site),
        now=now(),
    )
    if form.playlist.data:
        _fill(made, _uid(form.playlist.data))
    return once.done(form, person, "quizzes.show", uid=made.uid)


def _fill(quiz: Quiz, playlist_uid: uuid.UUID) -> None:
    playlist = load(session(), current_person(), Action.EXEMPLARS_READ, Playlist, playlist_uid)
    left = 0
    for item in playlist.items:
        try:
            evaluation.add_to_quiz(session(), quiz, item.exemplar, _user(), now=now())
        except DomainError as error:
            if error.code != "exemplar_not_shared_there":
                raise
            left += 1
    if left:
        flash(_("Left out, since not everybody may hear them: %(left)s.", left=left), "warning")


@bp.get("/<uuid:uid>")
@requires(_LEAD)
def show(uid: uuid.UUID) -> str:
    """Show a quiz: its exemplars, people and results."""
    page = queries.show_page(session(), current_person(), uid, now())
    return render("quizzes/show.html", page=page, form=AddForm(formdata=None))


@bp.get("/<uuid:uid>/results.csv")
@requires(_LEAD)
def results_file(uid: uuid.UUID) -> Response:
    """Give what came of a quiz as a file; that it names people is written down."""
    person, quiz = current_person(), _quiz(uid)
    rows = list(results.file_rows(session(), person, quiz))
    security.record("quiz.exported", "quiz", actor=person.uid, subject_uid=uid, rows=len(rows))
    return exports.csv_response("quiz-results.csv", results.COLUMNS, rows)


@bp.route("/<uuid:uid>/edit", methods=["GET", "POST"])
@requires(_LEAD)
def edit(uid: uuid.UUID) -> Response | str:
    """Change title, words and last day."""
    quiz = _quiz(uid)
    site = session().get_one(Site, quiz.site_id)
    due = local_day(quiz.due_at, site)
    form = QuizForm(data={"title": quiz.title, "about": quiz.about, "due": due})
    # What people are asked stays: it is chosen before the quiz is filled.
    del form.area, form.version, form.playlist
    if not form.validate_on_submit():
        return render("quizzes/form.html", form=form, quiz=quiz)
    service.change_quiz(
        session(),
        quiz,
        _user(),
        title=form.title.data or "",
        about=form.about.data or "",
        due_at=end_of_day(form.due.data, site),
        now=now(),
    )
    flash(_("Changed."), "success")
    return see_other("quizzes.show", uid=uid)


@bp.post("/<uuid:uid>/criteria")
@requires(_LEAD)
def criteria(uid: uuid.UUID) -> Response:
    """Choose which criteria are asked."""
    form, quiz = CriteriaForm(), _quiz(uid)
    page = queries.show_page(session(), current_person(), uid, now())
    every = [lineage for lineage, _words, _asked in page.criteria]
    ticked = [lineage for lineage in every if lineage in set(form.criteria.data or ())]
    # All of them is the whole sheet, free words included.
    asked = [] if len(ticked) == len(every) else ticked
    evaluation.ask_in_quiz(session(), quiz, asked, _user(), now=now())
    flash(_("Saved."), "success")
    return see_other("quizzes.show", uid=uid)


@bp.post("/<uuid:uid>/items")
@requires(_LEAD)
def add(uid: uuid.UUID) -> Response:
    """Put an exemplar in."""
    quiz, form = _quiz(uid), AddForm()
    exemplar = load(
        session(),
        current_person(),
        Action.EXEMPLARS_CHOOSE,
        Exemplar,
        _uid(form.exemplar.data),
    )
    evaluation.add_to_quiz(session(), quiz, exemplar, _user(), now=now())
    return see_other("quizzes.show", uid=uid)


@bp.post("/items/<uuid:uid>/remove")
@requires(_LEAD)
def remove(uid: uuid.UUID) -> Response:
    """Take an exemplar out."""
    item = queries.item_of(session(), current_person(), uid)
    quiz = item.quiz.uid
    service.remove_item(session(), item, _user(), now=now())
    flash(_("Taken out of the quiz."), "success")
    return see_other("quizzes.show", uid=quiz)


@bp.get("/items/<uuid:uid>/reference")
@requires(_LEAD)
def reference(uid: uuid.UUID) -> str:
    """Show the form in which an exemplar's reference is set."""
    person = current_person()
    item = queries.item_of(session(), person, uid)
    return render("quizzes/reference.html", page=queries.reference_page(session(), person, item))


def _sent(item: QuizItem) -> tuple[SheetView, dict[str, Any], dict[str, Any]]:
    version = evaluation.practice_rule(session(), item.quiz)
    form = build_form(version)()
    sheet = sheet_of_form(form, version)
    act = {"lock_version": form.seen_version, "user": _user(), "now": now()}
    return view_sheet(version, form, sheet), sheet, act


@bp.post("/items/<uuid:uid>/reference/draft")
@requires(_LEAD)
def save_reference(uid: uuid.UUID) -> Response:
    """Keep a reference as far as it is written; 409 when another tab saved."""
    item = queries.item_of(session(), current_person(), uid)
    view, sheet, act = _sent(item)
    try:
        service.save_reference(session(), item, sheet, **act)
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        return conflict_answer(view, error)
    return saved_answer(view, item.lock_version)


@bp.post("/items/<uuid:uid>/reference")
@requires(_LEAD)
def set_reference(uid: uuid.UUID) -> ResponseReturnValue:
    """Set a reference; what is missing is shown in place."""
    person = current_person()
    item = queries.item_of(session(), person, uid)
    view, sheet, act = _sent(item)
    try:
        if view.problems:
            service.save_reference(session(), item, sheet, **act)
            view.form.lock_version.data = str(item.lock_version)
            page = queries.reference_page(session(), person, item, view)
            return render("quizzes/reference.html", page=page, tried=True)
        evaluation.set_reference(session(), item, sheet, **act)
    except DomainError as error:
        if error.code != "draft_conflict":
            raise
        page = queries.reference_page(session(), person, item)
        return render("quizzes/reference.html", page=page, conflict=view), 409
    flash(_("The reference is set."), "success")
    return see_other("quizzes.show", uid=item.quiz.uid)


@bp.route("/<uuid:uid>/people", methods=["GET", "POST"])
@requires(_LEAD)
def people(uid: uuid.UUID) -> Response | str:
    """Choose who takes the quiz."""
    person, quiz, form = current_person(), _quiz(uid), PeopleForm()
    if not form.is_submitted():
        groups = queries.groups(session(), person, quiz)
        return render("quizzes/people.html", quiz=quiz, groups=groups, form=form)
    chosen = queries.chosen_people(
        session(), person, quiz, form.people.data or (), form.teams.data or ()
    )
    service.set_people(session(), quiz, chosen, _user(), now=now())
    flash(_("Saved."), "success")
    return see_other("quizzes.show", uid=uid)


@bp.get("/people/<uuid:uid>")
@requires(_LEAD)
def person(uid: uuid.UUID) -> str:
    """Show what a person has practised."""
    return render("quizzes/person.html", page=queries.person_page(session(), current_person(), uid))


@bp.post("/<uuid:uid>/open")
@requires(_LEAD)
def open_quiz(uid: uuid.UUID) -> Response:
    """Let people begin."""
    try:
        service.open_quiz(session(), _quiz(uid), _user(), now=now())
    except DomainError as error:
        # What is still missing is said on the page where it can be mended.
        flash(sentence(error), "danger")
        return see_other("quizzes.show", uid=uid)
    flash(_("The quiz is open. Those who take it find it in their practice room."), "success")
    return see_other("quizzes.show", uid=uid)


@bp.post("/<uuid:uid>/close")
@requires(_LEAD)
def close_quiz(uid: uuid.UUID) -> Response:
    """End a quiz before its day."""
    service.close_quiz(session(), _quiz(uid), _user(), now=now())
    flash(_("The quiz is closed."), "success")
    return see_other("quizzes.show", uid=uid)


@bp.post("/<uuid:uid>/delete")
@requires(_LEAD)
def delete(uid: uuid.UUID) -> Response:
    """Delete a quiz that was never opened."""
    service.delete_quiz(session(), _quiz(uid), _user(), now=now())
    flash(_("The quiz is deleted."), "success")
    return see_other("quizzes.index")
