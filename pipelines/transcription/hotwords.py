"""The names that a project's calls are likely to hold: products, plans, and its agents."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.calls import Call, Hotword, Leg, Project, Recording
from models.people import Agent
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.transcription import hotword_rules as rules


def of_recording(session: Session, recording_id: int) -> tuple[str, ...]:
    """Return what to tell the recogniser before it hears a recording, the project's list first.

    With it the names of the call's own agents, where the project wants that; at most
    ``hotword_rules.MOST_LETTERS`` letters in all, since what is told leaves less room for the text.
    """
    call_id, project_id, names_too = session.execute(
        select(Call.id, Project.id, Project.agent_names_heard)
        .join(Recording, Recording.call_id == Call.id)
        .join(Project, Project.id == Call.project_id)
        .where(Recording.id == recording_id)
    ).one()
    words = list(of_project(session, project_id))
    if names_too:
        words += session.scalars(
            select(Agent.name)
            .join(Leg, Leg.agent_id == Agent.id)
            .where(Leg.call_id == call_id)
            .order_by(Leg.position)
        )
    return rules.fitting(words)


def of_project(session: Session, project_id: int) -> Sequence[str]:
    """Return a project's list in the order in which it was written."""
    return session.scalars(
        select(Hotword.text).where(Hotword.project_id == project_id).order_by(Hotword.id)
    ).all()


def replace(
    session: Session,
    project: Project,
    lines: Sequence[str],
    *,
    agent_names: bool,
    now: datetime,
    actor: uuid.UUID | None,
) -> list[str]:
    """Set a project's list and return it as kept: trimmed, no word twice.

    Raises ``hotwords_unfit`` with the numbers of the lines that cannot be used. Transcripts that
    are there already stay as they are.
    """
    words, faults = rules.checked(lines)
    if faults:
        raise DomainError("hotwords_unfit", lines=", ".join(str(line) for line, _ in faults))
    session.execute(delete(Hotword).where(Hotword.project_id == project.id))
    if words:
        session.execute(
            insert(Hotword),
            [
                {"site_id": project.site_id, "project_id": project.id, "text": word}
                for word in words
            ],
        )
    project.agent_names_heard = agent_names
    audit.record(
        session,
        now=now,
        actor=actor,
        action="hotwords.set",
        subject="project",
        subject_uid=project.uid,
        words=len(words),
        agent_names=agent_names,
    )
    session.flush()
    return words
