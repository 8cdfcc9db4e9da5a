"""The web application's clock, and the days of sites by it."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from models.people import Site
from qa_app.surroundings import runtime


def now() -> datetime:
    """Return the present instant, aware, in UTC; the demo's lies at the time of its data."""
    return runtime().clock.now()


def local_day(instant: datetime, site: Site) -> date:
    """Return the day of an instant by the site's clock."""
    return instant.astimezone(ZoneInfo(site.timezone)).date()


def end_of_day(day: date, site: Site) -> datetime:
    """Return the last second of a day by the site's clock: shown, it is still that day."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=ZoneInfo(site.timezone))
