"""How a grant is looked through, and the areas it reaches."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, false
from sqlalchemy.orm import InstrumentedAttribute

from qa_app.permissions import Action, Grant, Person

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Look:
    """One grant of a person, looking for something on a day."""

    person: Person
    grant: Grant
    action: Action
    today: date


def in_area(
    look: Look,
    site: InstrumentedAttribute[int] | ColumnElement[int],
    team: InstrumentedAttribute[int | None] | ColumnElement[int | None] | None,
) -> Condition:
    """Rows of the grant's site, or of its team. Without a team column: for whole sites only."""
    if look.grant.team_id is None:
        return site == look.grant.site_id
    if team is None:
        return false()
    return and_(site == look.grant.site_id, team == look.grant.team_id)


def at_site(look: Look, site: InstrumentedAttribute[int]) -> Condition:
    """Rows of the grant's site, shown to people of any of its teams too."""
    return site == look.grant.site_id


def of_own(
    look: Look, agent: InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
) -> Condition:
    """Rows of the person who takes calls."""
    return false() if look.person.agent_id is None else agent == look.person.agent_id
