"""Where playlists and quizzes belong: a whole site, or one team of it."""

import uuid

from flask_babel import gettext as _
from sqlalchemy.orm import Session, joinedload
from werkzeug.exceptions import NotFound

from models.people import Site, Team
from qa_app.access import Action, Person, grants_for, load, visible


def areas(session: Session, person: Person, action: Action) -> list[tuple[str, str]]:
    """Return (value, name) of the sites and teams for which the person may do something."""
    whole = {grant.site_id for grant in grants_for(person, action) if grant.team_id is None}
    sites = session.scalars(visible(person, Site, action).order_by(Site.name)).all()
    teams = session.scalars(
        visible(person, Team, action).options(joinedload(Team.site)).order_by(Team.name)
    ).all()
    return [
        *(
            (f"site:{site.uid}", _("Whole site: %(site)s", site=site.name))
            for site in sites
            if site.id in whole
        ),
        *(
            (f"team:{team.uid}", _("Team: %(team)s, %(site)s", team=team.name, site=team.site.name))
            for team in teams
        ),
    ]


def area_of(
    session: Session, person: Person, action: Action, value: str
) -> tuple[Site, Team | None]:
    """Return the site, and team, of one of these values, or answer 404."""
    kind, _colon, given = value.partition(":")
    try:
        uid = uuid.UUID(given)
    except ValueError:
        raise NotFound from None
    if kind == "team":
        team = load(session, person, action, Team, uid)
        return team.site, team
    return load(session, person, action, Site, uid), None
