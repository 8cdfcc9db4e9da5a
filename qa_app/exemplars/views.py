"""Exemplars: found, played, chosen, changed, withdrawn, and the agent's say in it."""

import uuid

from flask import Blueprint, Response, flash, jsonify, request
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from models.calls import Leg
from models.people import User
from models.practice import Playlist, Quiz
from models.reviews import Exemplar, Review
from models.vocab_learning import ExemplarAudience, ExemplarLevel, ExemplarState
from pipelines import evaluation
from pipelines.outcomes import DomainError
from pipelines.practice import exemplars, playlists
from qa_app import once
from qa_app.access import Action, current_person, load, may, requires
from qa_app.asked import MOST, page_number
from qa_app.calls.accesses import note_transcript
from qa_app.clock import now
from qa_app.db import session
from qa_app.exemplars import choosing, own, queries
from qa_app.exemplars.choosing import ChoosePage
from qa_app.exemplars.forms import ChooseForm, FilterForm, KeepForm, PutForm, moment_data
from qa_app.exemplars.words import AUDIENCES, LEVELS
from qa_app.forms import choices
from qa_app.messages import sentence, status_of
from qa_app.templating import render, see_other

bp = Blueprint("exemplars", __name__, url_prefix="/exemplars")


def _user() -> User:
    return session().get_one(User, current_person().id)


def _loaded(action: Action, uid: uuid.UUID) -> Exemplar:
    return load(session(), current_person(), action, Exemplar, uid)


@bp.get("/")
@requires(Action.EXEMPLARS_READ)
def index() -> str:
    """List the exemplars in scope."""
    person = current_person()
    form = FilterForm(request.args)
    shows = []
    if may(person, Action.EXEMPLARS_CHOOSE):
        shows = [
            (ExemplarAudience.PRACTICE.value, _("Only to practise with")),
            (ExemplarState.ASKED_BACK.value, _("Asked back by the agent")),
            (ExemplarState.WITHDRAWN.value, _("Withdrawn")),
        ]
    show = request.args.get("show", "")
    show = show if show in dict(shows) else ""
    form.offer(shows=shows, **vars(queries.choices(session(), person, now(), show)))
    wanted = {**form.wanted(), "show": show}
    page = queries.index_page(session(), person, now(), wanted, page_number())
    return render("exemplars/index.html", page=page, form=form, levels=LEVELS)


@bp.get("/<uuid:uid>")
@requires(Action.EXEMPLARS_READ)
def show(uid: uuid.UUID) -> str:
    """Play one exemplar."""
    page = queries.show_page(session(), current_person(), uid, now())
    note_transcript(page.player)
    return _shown(page, KeepForm(formdata=None))


def _shown(page: queries.ShowPage, keep_form: KeepForm) -> str:
    put_form = PutForm(formdata=None)
    if page.entry.mine_to_change:
        put_form.place.choices = choices(choosing.places(session(), current_person()))
    return render(
        "exemplars/show.html",
        page=page,
        levels=LEVELS,
        audiences=AUDIENCES,
        keep_form=keep_form,
        put_form=put_form,
    )


@bp.post("/<uuid:uid>/put")
@requires(Action.EXEMPLARS_CHOOSE)
def put(uid: uuid.UUID) -> Response:
    """Put an exemplar into a playlist, or into a quiz that is being made."""
    person, row = current_person(), _loaded(Action.EXEMPLARS_CHOOSE, uid)
    kind, _colon, given = (PutForm().place.data or "").partition(":")
    try:
        place = uuid.UUID(given)
    except ValueError:
        raise BadRequest from None
    if kind == "quiz":
        quiz = load(session(), person, Action.PRACTICE_LEAD, Quiz, place)
        evaluation.add_to_quiz(session(), quiz, row, _user(), now=now())
        return see_other("quizzes.show", uid=place)
    playlist = load(session(), person, Action.EXEMPLARS_CHOOSE, Playlist, place)
    playlists.add(session(), playlist, row, _user(), now=now())
    return see_other("playlists.show", uid=place)


@bp.get("/<uuid:uid>/sound")
@requires(Action.EXEMPLARS_READ)
def sound(uid: uuid.UUID) -> Response:
    """Tell a list where the sound of an exemplar is, and which part of it is meant."""
    page = queries.show_page(session(), current_person(), uid, now())
    player = page.player
    if player is None or not player.audio_url:
        raise DomainError("exemplar_no_recording")
    return jsonify(
        url=player.audio_url,
        start_ms=page.entry.start_ms or 0,
        end_ms=page.entry.end_ms or player.duration_ms,
    )


@bp.route("/of/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.EXEMPLARS_CHOOSE)
def choose(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Make a reviewed call, or a part of it, an exemplar."""
    review, page = choosing.of_review(session(), current_person(), uid)
    return _choose(page, review)


@bp.route("/calls/<uuid:uid>", methods=["GET", "POST"])
@requires(Action.EXEMPLARS_CHOOSE)
def choose_call(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Make any call, or a part of it, an exemplar; its recording has been opened for a purpose."""
    signed = request.args.get("opened", "")
    page = choosing.of_call(session(), current_person(), uid, signed)
    if page is None:
        return see_other("calls.show", uid=uid)
    return _choose(page, None)


def _choose(page: ChoosePage, review: Review | None) -> Response | str | tuple[str, int]:
    person = current_person()
    form = ChooseForm(data=_proposed(page)) if request.method == "GET" else ChooseForm()
    _offer(form, page)
    if not form.validate_on_submit():
        return render("exemplars/choose.html", page=page, form=form, review=review)
    if earlier := once.spent(form, person):
        return earlier
    try:
        made = exemplars.choose(
            session(),
            _leg(form, page),
            choosing.criterion_of(session(), page.version_id, form.criterion.data),
            _user(),
            _wish(form),
            review=review,
            now=now(),
        )
    except DomainError as error:
        form.why.errors = [sentence(error)]
        return render("exemplars/choose.html", page=page, form=form, review=review), status_of(
            error
        )
    flash(_("It is in the library now. The agent of the call can see that, and ask it back."))
    return once.done(form, person, "exemplars.show", uid=made.uid)


def _proposed(page: ChoosePage) -> dict[str, str]:
    """Fill the form with what the address names, such as a suggestion's moment."""
    start, end = request.args.get("start", type=int), request.args.get("end", type=int)
    given = start is not None and end is not None and 0 <= start <= end <= MOST
    return {
        "criterion": request.args.get("criterion", ""),
        "language": page.language,
        **(moment_data((start, end)) if given else {}),
    }


def _offer(form: ChooseForm, page: ChoosePage) -> None:
    form.offer(
        legs=[(str(leg.uid), choosing.leg_label(leg)) for leg in page.legs],
        criteria=page.criteria,
        languages=page.languages,
        wide=page.wide,
    )


def _leg(form: ChooseForm, page: ChoosePage) -> Leg:
    return next((leg for leg in page.legs if str(leg.uid) == form.leg.data), page.legs[0])


def _wish(form: ChooseForm) -> exemplars.Wish:
    return exemplars.Wish(
        why=form.why.data or "",
        level=ExemplarLevel(form.level.data),
        audience=ExemplarAudience(form.audience.data),
        span=form.span,
        tags=form.tag_list,
        language=form.language.data or None,
    )


@bp.route("/<uuid:uid>/edit", methods=["GET", "POST"])
@requires(Action.EXEMPLARS_CHOOSE)
def edit(uid: uuid.UUID) -> Response | str | tuple[str, int]:
    """Say something else of an exemplar."""
    row, page = choosing.of_exemplar(session(), current_person(), uid, now())
    form = ChooseForm(
        data={
            **moment_data((row.start_ms, row.end_ms)),
            "criterion": row.criterion.lineage if row.criterion else "",
            "level": row.level.value,
            "why": row.why,
            "tags": ", ".join(tag.tag for tag in row.tags),
            "language": row.language or "",
            "audience": row.audience.value,
        }
    )
    _offer(form, page)
    if not form.validate_on_submit():
        return render("exemplars/choose.html", page=page, form=form, row=row)
    criterion = choosing.criterion_of(session(), page.version_id, form.criterion.data)
    try:
        exemplars.change(session(), row, criterion, _user(), _wish(form), now=now())
    except DomainError as error:
        form.why.errors = [sentence(error)]
        return render("exemplars/choose.html", page=page, form=form, row=row), status_of(error)
    flash(_("Changed."), "success")
    return see_other("exemplars.show", uid=uid)


@bp.post("/<uuid:uid>/withdraw")
@requires(Action.EXEMPLARS_CHOOSE)
def withdraw(uid: uuid.UUID) -> Response:
    """Take an exemplar out of the library."""
    row = _loaded(Action.EXEMPLARS_CHOOSE, uid)
    if exemplars.withdraw(session(), row, _user(), now=now()):
        flash(_("Withdrawn. You can share it again here."), "success")
        return see_other("exemplars.show", uid=uid)
    flash(_("Withdrawn for good, as the agent of the call asked."), "success")
    return see_other("exemplars.index")


@bp.post("/<uuid:uid>/restore")
@requires(Action.EXEMPLARS_CHOOSE)
def restore(uid: uuid.UUID) -> Response:
    """Share a withdrawn exemplar again."""
    exemplars.restore(session(), _loaded(Action.EXEMPLARS_CHOOSE, uid), _user(), now=now())
    flash(_("Shared again."), "success")
    return see_other("exemplars.show", uid=uid)


@bp.post("/<uuid:uid>/keep")
@requires(Action.EXEMPLARS_CHOOSE)
def keep(uid: uuid.UUID) -> Response | tuple[str, int]:
    """Keep the recording of an exemplar beyond its rule, where the site allows it."""
    form, row = KeepForm(), _loaded(Action.EXEMPLARS_CHOOSE, uid)
    if not form.validate_on_submit():
        page = queries.show_page(session(), current_person(), uid, now())
        return _shown(page, form), 422
    exemplars.keep(session(), row, _user(), form.days.data, form.reason.data, now=now())
    flash(_("The recording is kept."), "success")
    return see_other("exemplars.show", uid=uid)


@bp.post("/<uuid:uid>/release")
@requires(Action.EXEMPLARS_CHOOSE)
def release(uid: uuid.UUID) -> Response:
    """Let the recording follow its rule again."""
    exemplars.release(session(), _loaded(Action.EXEMPLARS_CHOOSE, uid), _user(), now=now())
    flash(_("The recording follows its rule again."), "success")
    return see_other("exemplars.show", uid=uid)


@bp.get("/suggestions")
@requires(Action.EXEMPLARS_CHOOSE)
def suggestions() -> str:
    """Offer moments that earned all points of a criterion."""
    found = choosing.suggestions(session(), current_person(), now())
    return render("exemplars/suggestions.html", found=found, days=choosing.SUGGESTED_DAYS)


@bp.get("/mine")
@requires(Action.EXEMPLARS_OWN)
def mine() -> str:
    """Show an agent which of the own calls are exemplars."""
    page = own.mine_page(session(), current_person(), now())
    return render("exemplars/mine.html", page=page, levels=LEVELS, audiences=AUDIENCES)


@bp.post("/<uuid:uid>/ask-back")
@requires(Action.EXEMPLARS_OWN)
def ask_back(uid: uuid.UUID) -> Response:
    """Let the agent ask for withdrawal."""
    exemplars.ask_back(session(), _loaded(Action.EXEMPLARS_OWN, uid), _user(), now=now())
    flash(_("Nobody but your trainers meets it now. They take it out for good."), "success")
    return see_other("exemplars.mine")


@bp.post("/<uuid:uid>/let-stand")
@requires(Action.EXEMPLARS_OWN)
def let_stand(uid: uuid.UUID) -> Response:
    """Let the agent take that wish back."""
    exemplars.let_stand(session(), _loaded(Action.EXEMPLARS_OWN, uid), _user(), now=now())
    flash(_("It is shared again."), "success")
    return see_other("exemplars.mine")


@bp.post("/<uuid:uid>/name")
@requires(Action.EXEMPLARS_OWN)
def name(uid: uuid.UUID) -> Response:
    """Let the agent say whether the own name stands beside the call."""
    named = request.form.get("named") == "yes"
    row = _loaded(Action.EXEMPLARS_OWN, uid)
    exemplars.show_name(session(), row, _user(), named=named, now=now())
    shown, hidden = _("Your name is shown with it."), _("Your name is hidden.")
    flash(shown if named else hidden, "success")
    return see_other("exemplars.mine")
