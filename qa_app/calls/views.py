"""Calls and their recordings: the list, one call, opening a recording, and its sound."""

import uuid

from flask import Blueprint, Response, flash, request, send_file
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import BadRequest
from wtforms.fields.choices import SelectChoice

from models.calls import Recording
from models.operations import Listening
from models.people import User
from models.upsert import insert_missing
from models.vocab import ChannelLayout, Direction
from models.vocab_rights import AccessWay
from pipelines import audit
from pipelines.outcomes import DomainError
from qa_app import db, exports, security
from qa_app.access import Action, current_person, load, may, requires
from qa_app.asked import MOST, page_number
from qa_app.calls import accesses, measures, queries, sides, sounds, tokens
from qa_app.calls.forms import FilterForm, LayoutForm, MaskForm, PurposeForm, UnmaskForm
from qa_app.calls.purposes import UNMASK
from qa_app.calls.tokens import PlayToken
from qa_app.clock import now
from qa_app.db import session
from qa_app.exemplars import choosing
from qa_app.surroundings import runtime
from qa_app.templating import go, is_local, render, see_other

bp = Blueprint("calls", __name__)

ANY = SelectChoice("", _l("All"))


@bp.get("/calls")
@requires(Action.CALLS_READ)
def index() -> str:
    """List the calls in the person's scope."""
    person = current_person()
    form = FilterForm(request.args)
    form.project.choices = [ANY, *queries.project_choices(session(), person)]
    form.agent.choices = [ANY, *queries.agent_choices(session(), person)]
    form.validate()
    asked = any(request.args.get(name) for name in ("start", "end", "key"))
    if not asked and not form.start.data:
        form.start.data = queries.usual_start(now().date())
    page = queries.index_page(session(), person, _wanted(form))
    return render("calls/index.html", page=page, form=form)


def _wanted(form: FilterForm) -> queries.Wanted:
    """Return what the form asks for; a field that makes no sense asks for nothing."""
    direction = form.direction.data if not form.direction.errors else ""
    return queries.Wanted(
        start=form.start.data,
        end=form.end.data,
        project=_uid(form.project.data),
        agent=_uid(form.agent.data),
        direction=Direction(direction) if direction else None,
        key=form.key.data or "",
        recorded=bool(form.recorded.data),
        page=page_number(),
    )


def _uid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


@bp.get("/calls/measures.csv")
@requires(Action.CALLS_EXPORT)
def measures_file() -> Response:
    """Give how the calls of the list went as a file."""
    form = FilterForm(request.args)
    form.validate()
    person, wanted = current_person(), _wanted(form)
    rows = list(measures.file_rows(session(), person, wanted))
    accesses.note_all(measures.file_calls(session(), person, wanted), AccessWay.EXPORT)
    security.record(
        "calls.exported",
        "call",
        actor=person.uid,
        file="call-measures.csv",
        rows=len(rows),
        start=wanted.start.isoformat() if wanted.start else None,
        end=wanted.end.isoformat() if wanted.end else None,
        project=str(wanted.project) if wanted.project else None,
        agent=str(wanted.agent) if wanted.agent else None,
    )
    return exports.csv_response("call-measures.csv", measures.COLUMNS, rows)


@bp.get("/calls/<uuid:uid>")
@requires(Action.CALLS_READ)
def show(uid: uuid.UUID) -> str:
    """Show a call; its recording once the person has said why."""
    person = current_person()
    token = _token(request.args.get("opened", ""))
    page = queries.show_page(session(), person, uid, token, _spot())
    return _shown(page, PurposeForm(), expired=_expired(token))


def _spot() -> int:
    """Return the millisecond to begin at, such as that of a word that was looked for."""
    given = request.values.get("at", type=int) or 0
    return min(max(given, 0), MOST)


def _shown(
    page: queries.CallPage,
    form: PurposeForm,
    unmask: UnmaskForm | None = None,
    *,
    expired: bool = False,
) -> str:
    return render(
        "calls/show.html",
        page=page,
        form=form,
        unmask=unmask or UnmaskForm(),
        masks=MaskForm(),
        layout_form=LayoutForm(
            formdata=None, layout=page.layout, opened=request.args.get("opened", "")
        ),
        expired=expired,
        at=_spot(),
        may_choose=page.player is not None
        and choosing.may_choose_call(session(), current_person(), page.row.uid),
        may_ask=page.opens and may(current_person(), Action.REVIEWS_DIRECT),
    )


def _token(signed: str) -> PlayToken | None:
    try:
        return tokens.read(signed, current_person(), now()) if signed else None
    except DomainError:
        return None


def _expired(token: PlayToken | None) -> bool:
    return token is None and "opened" in request.args


@bp.post("/calls/<uuid:uid>/open")
@requires(Action.CALLS_READ)
def open_recording(uid: uuid.UUID) -> Response | tuple[str, int]:
    """Write down who opens the recording and why, and show it."""
    person = current_person()
    recording = queries.openable(session(), person, uid)
    if recording is None:
        raise DomainError("recording_gone")
    form = PurposeForm()
    if not form.validate_on_submit():
        page = queries.show_page(session(), person, uid, None)
        return _shown(page, form), 422
    token = tokens.new(recording.uid, person, form.purpose.data or "", now())
    session().add(_row(token, person.id, recording.id))
    # Loaded here: only who opens a call needs the job engine.
    from pipelines import flow

    flow.prepare_media(session(), recording.id, now=now())
    spot = {"at": at} if (at := _spot()) else {}
    return see_other("calls.show", uid=uid, opened=tokens.sign(token), **spot)


@bp.post("/calls/<uuid:uid>/layout")
@requires(Action.CALLS_CORRECT)
def correct_layout(uid: uuid.UUID) -> Response:
    """Set who is on which side of a call's recording, and have it written down again."""
    person, form = current_person(), LayoutForm()
    recording = sides.correctable(session(), person, uid)
    if recording is None:
        raise DomainError("recording_gone")
    if not form.validate_on_submit():
        raise BadRequest
    # Loaded here: only who corrects a call needs the job engine.
    from pipelines import flow

    changed = flow.correct_layout(
        session(), recording, ChannelLayout(form.layout.data), now=now(), actor=person.uid
    )
    if changed:
        flash(_("The sides are set. The call is being written down again."), "success")
    return see_other("calls.show", uid=uid, opened=form.opened.data or None)


@bp.post("/calls/<uuid:uid>/unmask")
@requires(Action.CALLS_UNMASK)
def unmask(uid: uuid.UUID) -> Response | tuple[str, int]:
    """Write down who has to see the personal data in a call and why, and show it."""
    person = current_person()
    recording = queries.openable(session(), person, uid, Action.CALLS_UNMASK)
    if recording is None:
        raise DomainError("recording_gone")
    form = UnmaskForm()
    if not form.validate_on_submit():
        page = queries.show_page(session(), person, uid, None)
        return _shown(page, PurposeForm(), form), 422
    token = tokens.new(recording.uid, person, UNMASK + form.why.data, now(), unmasked=True)
    session().add(_row(token, person.id, recording.id))
    audit.record(
        session(),
        now=now(),
        actor=person.uid,
        action="recording.unmasked",
        subject="recording",
        subject_uid=recording.uid,
        purpose=form.why.data,
    )
    return see_other("calls.show", uid=uid, opened=tokens.sign(token))


@bp.post("/calls/<uuid:uid>/masks")
@requires(Action.CALLS_UNMASK)
def masks(uid: uuid.UUID) -> Response:
    """Hide words of the call by hand, or take a false mask away; only who sees them may."""
    person = current_person()
    recording = queries.openable(session(), person, uid, Action.CALLS_UNMASK)
    form = MaskForm()
    token = _token(form.opened.data or "")
    transcript = queries.transcript_of(session(), recording) if recording else None
    if recording is None or transcript is None:
        raise DomainError("recording_gone")
    if token is None or not token.unmasked or token.recording_uid != recording.uid:
        raise DomainError("play_link_expired")
    if not form.validate_on_submit():
        raise DomainError("mask_unfit")
    from pipelines import reading

    change = reading.hide_words if form.act.data == "hide" else reading.show_words
    change(
        session(),
        transcript,
        (form.position.data, form.first.data, form.last.data),
        attempt=form.attempt.data,
        now=now(),
        actor=person.uid,
    )
    hidden = form.act.data == "hide"
    flash(_("The words are hidden now.") if hidden else _("The words are shown again."), "success")
    return see_other("calls.show", uid=uid, opened=form.opened.data)


def _row(token: PlayToken, user_id: int, recording_id: int) -> Listening:
    return Listening(
        token_id=token.id,
        user_id=user_id,
        recording_id=recording_id,
        purpose=token.purpose,
        opened_at=now(),
    )


@bp.post("/recordings/<uuid:uid>/first")
@requires(Action.CALLS_LISTEN)
def hear_first(uid: uuid.UUID) -> Response:
    """Have a recording written down next: somebody waits for it."""
    person = current_person()
    recording = load(session(), person, Action.CALLS_LISTEN, Recording, uid)
    from pipelines import flow

    changed = flow.hear_first(session(), recording.id, now=now())
    if changed:
        audit.record(
            session(),
            now=now(),
            actor=person.uid,
            action="recording.preferred",
            subject="recording",
            subject_uid=uid,
        )
    if request.form.get("quiet"):
        # A page that asks by itself; it stays as it is.
        return Response(status=204)
    if changed:
        flash(_("This call is written down next."), "success")
    return _back()


@bp.post("/recordings/<uuid:uid>/hear-again")
@requires(Action.TRANSCRIPTS_RENEW)
def hear_again(uid: uuid.UUID) -> Response:
    """Have a recording heard anew; its text stays until the new one is complete."""
    person = current_person()
    recording = load(session(), person, Action.TRANSCRIPTS_RENEW, Recording, uid)
    from pipelines import flow

    user = session().get_one(User, person.id)
    if flow.hear_again(session(), [recording.id], now=now(), actor=user):
        flash(_("It will be heard anew; the text of now stays until that is done."), "success")
    return _back()


def _back() -> Response:
    """Send the browser to where the form stood."""
    back = request.form.get("back", "")
    return go(back) if is_local(back) else see_other("home.start")


@bp.get("/recordings/<uuid:uid>/audio")
@requires(Action.CALLS_LISTEN)
def audio(uid: uuid.UUID) -> Response:
    """Send a recording's sound, or the part of it that the browser asks for."""
    token = _redeem(uid)
    sound = sounds.sound(session(), uid, unmasked=token.unmasked)
    if sound is None:
        raise DomainError("recording_gone")
    if not sounds.is_written_down(session(), token.id):
        # The one thing a GET writes: that somebody listens, once per opening of a page.
        row = {
            "token_id": token.id,
            "user_id": current_person().id,
            "recording_id": sound.recording_id,
            "purpose": token.purpose,
            "opened_at": now(),
        }
        with db.apart() as own:
            insert_missing(own, Listening, [row])
    return _send(sound)


@bp.get("/recordings/<uuid:uid>/peaks")
@requires(Action.CALLS_LISTEN)
def peaks(uid: uuid.UUID) -> Response:
    """Send the picture of a recording's sound."""
    token = _redeem(uid)
    sound, content = sounds.picture(session(), uid, unmasked=token.unmasked)
    if sound is None:
        raise DomainError("recording_gone")
    if not content:
        return _send(sound)
    response = Response(content, mimetype=sound.mimetype)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _redeem(uid: uuid.UUID) -> PlayToken:
    token = tokens.read(request.args.get("token", ""), current_person(), now())
    if token.recording_uid != uid:
        raise DomainError("play_link_expired")
    return token


def _send(sound: sounds.Sound) -> Response:
    try:
        response = send_file(
            runtime().storage.local_path(sound.storage_key),
            mimetype=sound.mimetype,
            conditional=True,
            etag=sound.sha256,
        )
    except FileNotFoundError as error:
        raise DomainError("recording_gone") from error
    # What was said must not stay behind in a shared computer's cache.
    response.headers["Cache-Control"] = "private, no-store"
    return response
