"""What an address asks for, read so that no address can break a page."""

from typing import Any
from urllib.parse import urlencode

from flask import request, url_for

MOST = 2**31 - 1
"""As far as ids and offsets go on every database, with room for a page's length."""


def number(name: str) -> int | None:
    """Return a whole number of the address, null when there is none or none that could be."""
    given = request.args.get(name, type=int)
    return given if given is not None and -MOST <= given <= MOST else None


def page_number() -> int:
    """Return which page of a list is asked for, 1 when that makes no sense."""
    given = number("page") or 1
    return min(max(given, 1), MOST // 1_000)


def address(endpoint: str, /, **changes: Any) -> str:
    """Return the address of a page with this address's query, changed.

    The query goes behind the path as it is: as arguments of ``url_for`` its names could choose
    the host, the scheme or another page.
    """
    query = {**request.args.to_dict(), **{name: str(value) for name, value in changes.items()}}
    path = url_for(endpoint, **(request.view_args or {}))
    return f"{path}?{urlencode(query)}" if query else path
