"""Rendering: where templates lie, what every one of them can use, and answers that go elsewhere."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, redirect, render_template, request, url_for
from flask import session as cookie
from markupsafe import Markup
from werkzeug.routing import BuildError

from qa_app import asked, formats, reasons, words
from qa_app.disputes import words as disputes
from qa_app.navigation import Group, is_here, ways_for

THEMES = ("auto", "light", "dark")
_HERE = Path(__file__).parent


def template_folder() -> str:
    """Return the checkout's ``templates/``, or the copy inside an installed package."""
    checkout = _HERE.parent / "templates"
    return str(checkout if (checkout / "base.html").exists() else _HERE / "_templates")


def render(template: str, **context: Any) -> str:
    """Render a template with what its page needs."""
    return render_template(template, **context)


def see_other(endpoint: str, **values: Any) -> Response:
    """Answer a POST by sending the browser to a page (303); htmx is told to go there whole."""
    return go(url_for(endpoint, **values))


def go(location: str) -> Response:
    """Send the browser to a local address (303); htmx is told to go there whole."""
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": location})
    return redirect(location, 303)  # type: ignore[return-value]  # Flask's own response class


def is_local(target: str | None) -> bool:
    """Tell whether ``target`` is a path of this site, so that sign-in never leads elsewhere."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return False
    return not any(sign in target for sign in ("\\", "\n", "\r", "\t"))


@cache
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """Return the address of a static file, with a mark of its content so that it may be cached."""
    return url_for("static", filename=name, v=_version(_HERE / "static" / name))


def icon(name: str, label: str | None = None) -> Markup:
    """Return an icon of the sprite; hidden from readers of the screen unless it has a label."""
    said = Markup('role="img" aria-label="{}"').format(label)
    return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(
        said if label else Markup('aria-hidden="true"'), asset("icons.svg"), name
    )


def theme() -> str:
    """Return the chosen theme: auto, light or dark."""
    chosen = cookie.get("theme")
    return chosen if chosen in THEMES else "auto"


def has_route(endpoint: str) -> bool:
    """Tell whether an area's page exists in this installation and needs no further values."""
    try:
        url_for(endpoint)
    except BuildError:
        return False
    return True


def init_app(app: Flask) -> None:
    """Give every template its filters and helpers."""
    app.jinja_env.filters.update(
        formats.FILTERS | words.FILTERS | reasons.FILTERS | disputes.FILTERS
    )
    app.jinja_env.globals.update(
        address=asked.address,
        asset=asset,
        has_route=has_route,
        icon=icon,
        is_group=lambda entry: isinstance(entry, Group),
        is_here=is_here,
        rate=formats.rate,
        theme=theme,
        themes=THEMES,
        ways_for=ways_for,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    # Modules import each other by their plain names: only marked addresses may be kept for good.
    app.get_send_file_max_age = lambda _name: 31_536_000 if "v" in request.args else None  # type: ignore[method-assign]  # Flask's own hook

    @app.context_processor
    def person() -> dict[str, Any]:
        return {"person": g.get("person")}
