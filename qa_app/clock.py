"""The web application's clock."""

from datetime import datetime

from qa_app.surroundings import runtime


def now() -> datetime:
    """Return the present instant, aware, in UTC; the demo's lies at the time of its data."""
    return runtime().clock.now()
