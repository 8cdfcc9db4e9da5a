"""When a request is due, and what may not stand in its words: pure."""

import re
from datetime import date, timedelta

LONGEST_DAYS = 365
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}")
_NUMBER = re.compile(r"\+?\d(?:[\s().\-]{0,2}\d){6,}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def due_on(received_on: date, days: int) -> date:
    """Return the day by which a request is to be answered, counted from its receipt."""
    return received_on + timedelta(days=days)


def is_overdue(due: date, today: date) -> bool:
    """Tell whether an open request's day has passed."""
    return today > due


def names_a_person(text: str) -> bool:
    """Tell whether a text holds what looks like a telephone number or an e-mail address.

    Seven digits or more, however set apart; dates are none. A customer's number stands in one
    table only, where erasure finds it.
    """
    without_dates = _DATE.sub(" ", text)
    return bool(_NUMBER.search(without_dates) or _MAIL.search(text))
