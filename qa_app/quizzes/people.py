"""Whom a quiz is given to, and whose own results a trainer may see."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from models.people import Team, User, UserRole
from models.practice import Quiz, QuizPerson
from models.vocab import Role
from qa_app import figures
from qa_app.access import Action, Person, visible

_LEAD = Action.PRACTICE_LEAD
_TAKERS = (Role.AGENT, Role.REVIEWER, Role.TRAINER, Role.MANAGER)


@dataclass(frozen=True)
class Group:
    """People to choose from, by team; ``uid`` is null for those without one."""

    uid: uuid.UUID | None
    name: str
    people: tuple[tuple[uuid.UUID, str, bool], ...]


def groups(session: Session, person: Person, quiz: Quiz) -> tuple[Group, ...]:
    """Return whom a quiz may be given to, by team; a whole-site role stands apart."""
    # An alias, since the rule for people asks for roles inside this query.
    held = aliased(UserRole)
    rows = session.execute(
        visible(person, User, _LEAD)
        .join(held, held.user_id == User.id)
        .where(
            held.site_id == quiz.site_id,
            held.role.in_(_TAKERS),
            User.disabled_at.is_(None),
            User.id != person.id,
        )
        .with_only_columns(User.uid, User.display_name, held.team_id)
        .order_by(User.display_name)
    ).all()
    chosen = {each.user.uid for each in quiz.people}
    teams = {
        team.id: team
        for team in session.scalars(
            select(Team).where(Team.id.in_({row.team_id for row in rows if row.team_id}))
        )
    }
    by_team: dict[int | None, dict[uuid.UUID, str]] = {}
    for uid, name, team_id in rows:
        # A quiz of one team is for its people, and for those of the whole site.
        if quiz.team_id is None or team_id in (None, quiz.team_id):
            by_team.setdefault(team_id, {})[uid] = name
    return tuple(
        Group(
            uid=teams[team_id].uid if team_id else None,
            name=teams[team_id].name if team_id else "",
            people=tuple((uid, name, uid in chosen) for uid, name in people.items()),
        )
        for team_id, people in sorted(
            by_team.items(), key=lambda pair: teams[pair[0]].name if pair[0] else "~"
        )
    )


def chosen_people(
    session: Session,
    person: Person,
    quiz: Quiz,
    people: Sequence[str],
    teams: Sequence[str],
) -> Sequence[User]:
    """Return the people who were ticked, alone or with their team; others are passed over."""
    offered = groups(session, person, quiz)
    wanted = {
        uid
        for group in offered
        for uid, _name, _chosen in group.people
        if str(uid) in set(people) or (group.uid is not None and str(group.uid) in set(teams))
    }
    return session.scalars(visible(person, User, _LEAD).where(User.uid.in_(wanted))).all()


def shown_of(session: Session, person: Person, quiz: Quiz) -> set[int]:
    """Return the takers (ids of users) whose own results the site lets the person see."""
    takers = select(QuizPerson.user_id).where(QuizPerson.quiz_id == quiz.id)
    return shown_people(session, person, session.scalars(takers).all(), [quiz.site_id])


def shown_people(
    session: Session, person: Person, user_ids: Sequence[int], site_ids: Collection[int]
) -> set[int]:
    """Return those of the people whose own figures the person may see, at one of the sites.

    A person belongs to the teams that they hold a role for; without one, to the whole site.
    """
    held = session.execute(
        select(UserRole.user_id, UserRole.site_id, UserRole.team_id).where(
            UserRole.user_id.in_(user_ids), UserRole.site_id.in_(site_ids)
        )
    )
    return {
        user_id
        for user_id, site_id, team_id in held
        if user_id == person.id or figures.shows(session, person, site_id, team_id)
    }
