"""What people read when something cannot be done: code → status and sentence, never a trace."""

from typing import Any

import structlog
from flask import Flask, Response, current_app, g, make_response, redirect, request, url_for
from flask import session as cookie
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from pipelines.job_troubles import trouble_of
from pipelines.outcomes import DomainError
from qa_app import db, security
from qa_app.access import OutOfScope, Refused, SignInNeeded, current_person_or_none
from qa_app.messages import MESSAGES, sentence, status_of
from qa_app.templating import render

_log = structlog.get_logger("hearback.web")

HTTP_MESSAGES: dict[int, tuple[LazyString, LazyString]] = {
    400: (_l("That did not work"), _l("The request could not be understood.")),
    401: (_l("Please sign in"), _l("Your session has ended. Sign in to go on.")),
    403: (_l("Not for your role"), _l("You do not hold a role that may do this.")),
    404: (_l("Nothing here"), _l("The page or entry does not exist, or is not yours to see.")),
    405: (_l("That did not work"), _l("This address does not answer to that kind of request.")),
    409: (_l("That is not possible now"), _l("Somebody or something has changed meanwhile.")),
    410: (_l("No longer here"), _l("What was here has been deleted.")),
    413: (_l("Too large"), _l("What was sent is larger than this installation accepts.")),
    429: (_l("Please wait"), _l("There were too many tries. Wait a little and try again.")),
    500: (_l("Something went wrong here"), _l("It is not your fault. Nothing was saved.")),
}


def _page(status: int, words: str | None = None, headers: dict[str, str] | None = None) -> Response:
    title, usual = HTTP_MESSAGES.get(status, HTTP_MESSAGES[500 if status >= 500 else 400])  # noqa: PLR2004
    partial = "HX-Request" in request.headers
    try:
        current_person_or_none()
    except Exception:  # noqa: BLE001 - the error page must come whatever state the database is in
        g.person = None
    template = "errors/partial.html" if partial else "errors/page.html"
    body = render(template, status=status, title=title, words=words or usual)
    return make_response(body, status, headers or {})


def _domain(error: DomainError) -> Response:
    if error.code not in MESSAGES:
        _log.warning("unknown_error_code", code=error.code, request_id=g.get("request_id"))
    return _page(status_of(error), sentence(error))


def _sign_in_needed(_error: SignInNeeded) -> Response:
    if request.method != "GET" or "HX-Request" in request.headers:
        return _page(401)
    target = request.full_path.rstrip("?")
    return redirect(url_for("accounts.sign_in", next=target if target != "/" else None), 303)


def _refused(error: Refused) -> Response:
    person = current_person_or_none()
    security.record(
        "access.refused",
        "route",
        actor=person.uid if person else None,
        endpoint=request.endpoint,
        needs=sorted(error.actions),
    )
    return _page(403)


def _out_of_scope(error: OutOfScope) -> Response:
    person = current_person_or_none()
    security.record(
        "access.refused",
        error.subject,
        subject_uid=error.uid,
        actor=person.uid if person else None,
        endpoint=request.endpoint,
        needs=[error.action],
    )
    return _page(404)


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # noqa: PLR2004 - redirects raised by routing
        return make_response(error.get_response())
    headers = {
        name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")
    }
    return _page(error.code, headers=headers)


def _cross_site(_error: CSRFError) -> Response:
    return _page(400, str(_l("This form has gone stale. Open the page again and repeat.")))


# What PostgreSQL calls two transactions that waited for each other, could not be put in a row, or
# made the same row. SQLite has one writer at a time.
_RACED = frozenset({"40P01", "40001", "23505"})


def _came_second(error: BaseException) -> bool:
    """Tell whether somebody else changed or deleted the same rows at the same moment."""
    if isinstance(error, StaleDataError):
        return True
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None) in _RACED
    # What the session was about to lock is gone.
    return isinstance(error, InvalidRequestError) and "not refresh instance" in str(error)


def _unexpected(error: Exception) -> Response:
    if _came_second(error):
        _log.warning("came_second", request_id=g.get("request_id"), error=type(error).__name__)
        cookie.pop("_flashes", None)
        db.end(commit=False)
        return _page(409)
    _log.error("failed", request_id=g.get("request_id"), exc_info=error)
    # A message such as "saved" must not greet the next page when nothing was.
    cookie.pop("_flashes", None)
    db.end(commit=False)
    if trouble := trouble_of(error):
        return _domain(DomainError(trouble))
    if current_app.testing and current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    return _page(500)


def init_app(app: Flask) -> None:
    """Answer every kind of error with a page or a partial in the person's language."""
    handlers: list[tuple[Any, Any]] = [
        (DomainError, _domain),
        (SignInNeeded, _sign_in_needed),
        (Refused, _refused),
        (OutOfScope, _out_of_scope),
        (CSRFError, _cross_site),
        (HTTPException, _http),
        (Exception, _unexpected),
    ]
    for kind, handler in handlers:
        app.register_error_handler(kind, handler)
