"""Closed by default: every view says who may enter; every row is asked for on somebody's behalf.

``@requires(Action.X)`` and ``@public`` are the view wrappers: they check, run the view, and end
the request's database session before the response leaves.
"""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, g, request
from flask import session as cookie
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, joinedload, selectinload
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from models.base import Base
from models.people import User
from qa_app import db, scopes
from qa_app.clock import now
from qa_app.permissions import ALLOWED, Action, Grant, Person, grants_for, may

__all__ = [
    "ALLOWED",
    "Action",
    "Grant",
    "OutOfScope",
    "Person",
    "Refused",
    "SignInNeeded",
    "current_person",
    "current_person_or_none",
    "grants_for",
    "load",
    "may",
    "public",
    "requires",
    "sign_in",
    "sign_out",
    "visible",
]

View = Callable[..., Any]
Row = TypeVar("Row", bound=Base)


class SignInNeeded(Unauthorized):
    """Nobody is signed in, or the session has ended."""


class Refused(Forbidden):
    """The person holds no role that allows what the route is for."""

    def __init__(self, *actions: Action) -> None:
        """Keep the actions that the route would have needed."""
        super().__init__()
        self.actions = actions


class OutOfScope(NotFound):
    """The row is there, but not for this person; told as if it were not."""

    def __init__(self, model: type[Base], uid: uuid.UUID, action: Action) -> None:
        """Keep what was asked for, for the audit log."""
        super().__init__()
        self.subject, self.uid, self.action = model.__tablename__, uid, action


def requires(*actions: Action) -> Callable[[View], View]:
    """Let in people who may do one of ``actions``; ends the request's transaction."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**values: Any) -> Response:
            person = current_person()
            if not may(person, *actions):
                raise Refused(*actions)
            return _run(view, values)

        guarded.permission = frozenset(actions)  # type: ignore[attr-defined]  # read by tests
        return guarded

    return decorate


def public(view: View) -> View:
    """Let anybody in; ends the request's transaction."""

    @wraps(view)
    def opened(**values: Any) -> Response:
        return _run(view, values)

    opened.permission = frozenset()  # type: ignore[attr-defined]  # read by tests and by the gate
    return opened


def _run(view: View, values: dict[str, Any]) -> Response:
    """Run the view and end its transaction: kept below 400, undone otherwise."""
    try:
        response = current_app.make_response(view(**values))
    except BaseException:
        db.end(commit=False)
        raise
    db.end(commit=response.status_code < 400)  # noqa: PLR2004 - where HTTP errors begin
    return response


def current_person() -> Person:
    """Return who is signed in, or raise ``SignInNeeded``."""
    person = current_person_or_none()
    if person is None:
        raise SignInNeeded
    return person


def current_person_or_none() -> Person | None:
    """Return who is signed in, if anybody; the answer is kept for the request."""
    if "person" not in g:
        g.person = _person_of_cookie()
    person: Person | None = g.person
    return person


def _person_of_cookie() -> Person | None:
    if "uid" not in cookie:
        return None
    user = db.session().scalar(
        select(User)
        .where(User.uid == uuid.UUID(cookie["uid"]))
        .options(selectinload(User.roles), joinedload(User.agent))
    )
    # The epoch rises with every change of password or role, and ends older sessions.
    if user is None or user.disabled_at is not None or user.epoch != cookie.get("epoch"):
        return None
    return Person(
        id=user.id,
        uid=user.uid,
        username=user.username,
        display_name=user.display_name,
        locale=user.locale,
        grants=tuple(Grant(role.role, role.site_id, role.team_id) for role in user.roles),
        agent_id=user.agent.id if user.agent else None,
        epoch=user.epoch,
    )


def sign_in(user: User) -> None:
    """Begin a new session for the user; nothing of the old one stays but language and theme."""
    kept = {name: cookie[name] for name in ("locale", "theme") if name in cookie}
    cookie.clear()
    cookie.update(kept)
    cookie.permanent = True
    cookie["uid"] = str(user.uid)
    cookie["epoch"] = user.epoch
    for name in ("locale", "theme"):
        if chosen := getattr(user, name):
            cookie[name] = chosen


def sign_out() -> None:
    """End the session, keeping the language and theme of the browser."""
    kept = {name: cookie[name] for name in ("locale", "theme") if name in cookie}
    cookie.clear()
    cookie.update(kept)
    g.person = None


def visible(person: Person, model: type[Row], action: Action) -> Select[Row]:
    """Return ``select(model)`` narrowed to the rows that the person may see for the action."""
    return scopes.select_visible(person, model, action, now().date())


def load(session: Session, person: Person, action: Action, model: type[Row], uid: uuid.UUID) -> Row:
    """Return the row with this public id, or answer 404 when the person may not see it."""
    wanted: ColumnElement[bool] = model.__table__.c.uid == uid
    row = session.scalar(visible(person, model, action).where(wanted))
    if row is not None:
        return row
    if session.scalar(select(model).where(wanted)) is not None:
        raise OutOfScope(model, uid, action)
    raise NotFound


def init_app(app: Flask) -> None:
    """Refuse any route that does not say who may enter it."""

    @app.before_request
    def closed_by_default() -> None:
        if request.endpoint is None or request.endpoint == "static":
            return
        if not hasattr(app.view_functions[request.endpoint], "permission"):
            abort(500)
