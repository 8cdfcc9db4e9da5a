"""How far figures about single persons go: asked by every page and file that shows some.

A site decides: nobody but the person (off), leads of the person's own team, or all managers and
trainers in scope. What a person did themselves (own reviews, own results) is always theirs to see,
and deciding an objection shows what it is about. A page that lists people or their scores asks
``shows`` for each row, a query narrows itself with ``shown``.
"""

from typing import Any

from flask import g
from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import Session

from models.vocab import Role
from models.vocab_rights import PersonFigures
from pipelines.rights.service import figures_by_site
from qa_app.permissions import Person

_LEADING = frozenset({Role.MANAGER, Role.TRAINER})


def level_of(session: Session, site_id: int) -> PersonFigures:
    """Return what a site has decided; managers where it has not."""
    return _levels(session).get(site_id, PersonFigures.MANAGER)


def shows(session: Session, person: Person, site_id: int, team_id: int | None) -> bool:
    """Tell whether the person may see figures about one agent of this team, other than their own.

    ``team_id`` is the team at the time of what the figure is about.
    """
    level = level_of(session, site_id)
    return any(
        _lets(level, grant.role, grant.team_id) and grant.team_id in (None, team_id)
        for grant in person.grants
        if grant.site_id == site_id
    )


def shown(
    session: Session, person: Person, site_id: ColumnElement[int] | Any, team_id: Any
) -> ColumnElement[bool]:
    """Return the same as a condition on the columns of a row's site and team."""
    levels = _levels(session)
    found: list[ColumnElement[bool]] = [false()]
    for grant in person.grants:
        level = levels.get(grant.site_id, PersonFigures.MANAGER)
        if _lets(level, grant.role, grant.team_id):
            own = true() if grant.team_id is None else team_id == grant.team_id
            found.append(and_(site_id == grant.site_id, own))
    return or_(*found)


def _lets(level: PersonFigures, role: Role, team_id: int | None) -> bool:
    if level is PersonFigures.MANAGER:
        return role in _LEADING
    # A team's own lead holds the role for that team; whoever leads the whole site does not.
    return level is PersonFigures.TEAM_LEAD and role is Role.MANAGER and team_id is not None


def _levels(session: Session) -> dict[int, PersonFigures]:
    """Return what each site decided, read once a request."""
    if "person_figures" not in g:
        g.person_figures = figures_by_site(session)
    levels: dict[int, PersonFigures] = g.person_figures
    return levels
