"""Sign in and out, language and theme, one's own account and password."""

from flask import Blueprint, Response, flash, make_response, request
from flask import session as cookie
from flask_babel import gettext as _
from flask_babel import refresh

from models.people import User
from models.session import read_session
from pipelines import audit
from pipelines.outcomes import DomainError
from qa_app import access, security
from qa_app.access import Action, current_person, current_person_or_none, public, requires
from qa_app.accounts.forms import PasswordForm, SignInForm
from qa_app.accounts.queries import Attempt, account_page, find_user
from qa_app.clock import now
from qa_app.db import engine, session
from qa_app.i18n import LOCALES
from qa_app.messages import sentence
from qa_app.people.passwords import change_own_password
from qa_app.templating import THEMES, go, is_local, render, see_other

bp = Blueprint("accounts", __name__)


@bp.get("/sign-in")
@public
def sign_in() -> str | Response:
    """Ask for name and password."""
    target = request.args.get("next")
    if current_person_or_none():
        return go(target if is_local(target) else "/")  # type: ignore[arg-type]  # checked
    return render("accounts/sign_in.html", form=SignInForm(next=target))


@bp.post("/sign-in")
@public
def sign_in_now() -> str | Response:
    """Check name and password, slowly when there were many failures."""
    form = SignInForm()
    if not form.validate():
        return render("accounts/sign_in.html", form=form)
    attempt = Attempt(form.username.data, request.remote_addr or "")
    if wait := attempt.begin():
        body = render("accounts/sign_in.html", form=form, wait=wait)
        return make_response(body, 429, {"Retry-After": str(wait)})
    # The password is checked without holding the database: it takes a while on purpose.
    with read_session(engine()) as reading:
        user = find_user(reading, form.username.data)
    if not security.password_fits(user.password_hash if user else None, form.password.data):
        if user:
            security.record("session.refused", "user_account", actor=None, subject_uid=user.uid)
        return render("accounts/sign_in.html", form=form, refused=True)
    assert user is not None  # noqa: S101 - the password of nobody fits nothing
    attempt.succeed()
    access.sign_in(user)
    refresh()
    security.record("session.begun", "user_account", actor=user.uid, subject_uid=user.uid)
    return go(form.next.data if is_local(form.next.data) else "/")


@bp.post("/sign-out")
@public
def sign_out() -> Response:
    """End the person's sessions.

    A cookie cannot be taken back: whoever kept a copy of it would stay signed in. So all of them
    end, on other computers too.
    """
    if person := current_person_or_none():
        security.record("session.ended", "user_account", actor=person.uid, subject_uid=person.uid)
        session().get_one(User, person.id).epoch += 1
    access.sign_out()
    flash(_("You are signed out."), "success")
    return see_other("accounts.sign_in")


@bp.post("/language")
@public
def language() -> Response:
    """Choose the language: of this browser, and of the person when signed in."""
    chosen = request.form.get("locale")
    if chosen in LOCALES:
        cookie["locale"] = chosen
        if user := _own_user():
            user.locale = chosen
    return _back()


@bp.post("/theme")
@public
def theme() -> Response:
    """Choose light, dark, or what the system says."""
    chosen = request.form.get("theme")
    if chosen in THEMES:
        cookie["theme"] = chosen
        if user := _own_user():
            user.theme = chosen
    return _back()


def _own_user() -> User | None:
    person = current_person_or_none()
    return session().get(User, person.id) if person else None


def _back() -> Response:
    target = request.form.get("back")
    return go(target.rstrip("?") if target and is_local(target) else "/")


@bp.get("/account")
@requires(Action.ACCOUNT)
def show() -> str:
    """Show one's own roles and sign-ins, and the form for a new password."""
    return render(
        "accounts/show.html", page=account_page(session(), current_person()), form=PasswordForm()
    )


@bp.post("/account/password")
@requires(Action.ACCOUNT)
def password() -> str | Response:
    """Change one's own password; every other session of the person ends."""
    person, form = current_person(), PasswordForm()
    if form.validate():
        user = session().get_one(User, person.id)
        try:
            change_own_password(user, form.present.data, form.password.data)
        except DomainError as error:
            field = form.present if error.code == "password_wrong" else form.password
            field.errors = [*field.errors, sentence(error)]
        else:
            audit.record(
                session(),
                now=now(),
                actor=person.uid,
                action="password.changed",
                subject="user_account",
                subject_uid=user.uid,
            )
            access.sign_in(user)
            flash(_("Your password is changed. Other sessions of yours have ended."), "success")
            return see_other("accounts.show")
    return render("accounts/show.html", page=account_page(session(), person), form=form)
