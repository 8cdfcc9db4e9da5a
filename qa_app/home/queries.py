"""What each role wants first, counted."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from qa_app.permissions import Person


@dataclass(frozen=True)
class StartPage:
    """The start page of one person."""

    has_roles: bool


def start_page(_session: Session, person: Person) -> StartPage:
    """Count what waits for the person."""
    return StartPage(has_roles=bool(person.grants))
