"""Passwords, headers, cross-site protection, size limits and records that survive a refusal."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, Response, g, request
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from pipelines import audit
from pipelines.outcomes import DomainError
from qa_app import db
from qa_app.clock import now
from qa_app.demo.folder import is_demo
from qa_app.settings import Settings
from qa_app.surroundings import settings

PASSWORD_MIN_LENGTH = 10
FORM_MAX_BYTES = 1 << 20
FORM_MAX_PARTS = 1_000

# The lesser of OWASP's recommended settings: 19 MiB a check, so that eight threads fit anywhere.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_nobody = _hasher.hash(secrets.token_hex(8))
csrf = CSRFProtect()

View = TypeVar("View", bound=Callable[..., Any])


def hash_password(password: str) -> str:
    """Return the argon2 hash of a password."""
    return _hasher.hash(password)


def password_fits(password_hash: str | None, password: str) -> bool:
    """Check a password; takes as long for a person who does not exist (``None``)."""
    try:
        fits = _hasher.verify(password_hash or _nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return fits and password_hash is not None


def keyed_hash(kind: str, value: str) -> str:
    """Return a hash of ``value`` that only this installation can make, for ``kind`` of value."""
    key = settings().secret_key.encode()
    return hmac.new(key, f"{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()


def record(
    action: str,
    subject: str,
    *,
    actor: uuid.UUID | None,
    subject_uid: uuid.UUID | None = None,
    **details: Any,
) -> None:
    """Add an audit entry in its own committed transaction, so that it survives a refusal."""
    with db.apart() as own:
        audit.record(
            own,
            now=now(),
            actor=actor,
            action=action,
            subject=subject,
            subject_uid=subject_uid,
            **details,
        )


def csp_nonce() -> str:
    """Return this response's nonce for scripts and styles, made when first asked for."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def accepts_upload(view: View) -> View:
    """Let a route take files up to the installation's upload limit."""
    view.takes_upload = True  # type: ignore[attr-defined]  # read before the form is parsed
    return view


def _set_limits(app: Flask) -> None:
    # Before anything reads the form, the cross-site check included.
    view = app.view_functions.get(request.endpoint or "")
    if getattr(view, "takes_upload", False):
        request.max_content_length = settings().upload_max_mb << 20
    request.max_form_parts = FORM_MAX_PARTS


def _refuse_other_machines() -> None:
    # Everybody knows the demo's passwords.
    address = request.remote_addr or ""
    if not (address and ip_address(address).is_loopback):
        raise DomainError("demo_elsewhere")


def _add_headers(response: Response) -> Response:
    nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    headers = response.headers
    headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; "
        f"script-src 'self'{nonce}; style-src 'self'{nonce}; "
        "img-src 'self' data:; font-src 'self'; media-src 'self' blob:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
    )
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if settings().cookie_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static" and "Cache-Control" not in headers:
        headers["Cache-Control"] = "private, no-store"
    return response


def init_app(app: Flask, chosen: Settings) -> None:
    """Harden cookies, limit sizes, check every form's origin, and add the headers."""
    app.config.update(
        SECRET_KEY=chosen.secret_key,
        SESSION_COOKIE_NAME="__Host-hearback" if chosen.cookie_secure else "hearback",
        SESSION_COOKIE_SECURE=chosen.cookie_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=chosen.session_hours),
        MAX_CONTENT_LENGTH=FORM_MAX_BYTES,
        MAX_FORM_MEMORY_SIZE=FORM_MAX_BYTES,
        # A token lives as long as its session: an hour would kill autosave in a long review.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    if chosen.proxy_count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # how Werkzeug documents it
            app.wsgi_app,
            x_for=chosen.proxy_count,
            x_proto=chosen.proxy_count,
            x_host=chosen.proxy_count,
        )
    if is_demo(chosen.data_dir):
        app.before_request(_refuse_other_machines)
    app.before_request(lambda: _set_limits(app))
    csrf.init_app(app)
    app.after_request(_add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
