"""What the pages of names show."""

import uuid
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.orm import Session, joinedload

from models.calls import Hotword, Project
from qa_app.access import Action, load, visible
from qa_app.permissions import Person


@dataclass(frozen=True)
class ProjectRow:
    """A project, and how many names it has."""

    uid: uuid.UUID
    name: str
    site: str
    words: int
    agent_names: bool


def index_page(session: Session, person: Person) -> tuple[ProjectRow, ...]:
    """Return the projects whose names the person may set."""
    action = Action.HOTWORDS_WRITE
    rows = session.execute(
        visible(person, Hotword, action)
        .with_only_columns(Hotword.project_id, func.count())
        .group_by(Hotword.project_id)
    )
    counts = {project_id: count for project_id, count in rows}  # noqa: C416 - rows are no pairs
    projects = session.scalars(
        visible(person, Project, action).options(joinedload(Project.site)).order_by(Project.name)
    ).all()
    return tuple(
        ProjectRow(
            project.uid,
            project.name,
            project.site.name,
            counts.get(project.id, 0),
            project.agent_names_heard,
        )
        for project in projects
    )


@dataclass(frozen=True)
class ProjectPage:
    """One project and its names in order."""

    uid: uuid.UUID
    name: str
    words: tuple[str, ...]
    agent_names: bool


def show_page(session: Session, person: Person, uid: uuid.UUID) -> ProjectPage:
    """Return a project's names, or 404."""
    project = load(session, person, Action.HOTWORDS_WRITE, Project, uid)
    words = session.scalars(
        visible(person, Hotword, Action.HOTWORDS_WRITE)
        .where(Hotword.project_id == project.id)
        .order_by(Hotword.id)
    ).all()
    return ProjectPage(
        project.uid,
        project.name,
        tuple(word.text for word in words),
        project.agent_names_heard,
    )
