"""Requests for help and notes of coaching that hang on no review: gone with the reviews' rule."""

from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.calls import Call, Leg, Recording
from models.coaching import CoachingSession, HelpRequest
from models.session import in_chunks, read_session

_PER_TRANSACTION = 200


def delete_help(engine: Engine, project_id: int, before: datetime | None) -> None:
    """Delete requests for help about a project's calls from before a moment, but for held ones."""
    if before is None:
        return
    old = (
        select(HelpRequest.id)
        .join(Leg, Leg.id == HelpRequest.leg_id)
        .join(Call, Call.id == Leg.call_id)
        .outerjoin(Recording, Recording.call_id == Call.id)
        .where(
            Call.project_id == project_id,
            Call.started_at < before,
            Recording.legal_hold.is_(None),
        )
    )
    with read_session(engine) as session:
        ids = session.scalars(old).all()

    def remove(session: Session, chunk: list[int]) -> None:
        for row in session.scalars(select(HelpRequest).where(HelpRequest.id.in_(chunk))):
            session.delete(row)

    in_chunks(engine, ids, remove, size=_PER_TRANSACTION)


def delete_notes(engine: Engine, site_id: int, before: datetime | None) -> None:
    """Delete a site's talks and notes from before a day that began with no review."""
    if before is None:
        return
    with read_session(engine) as session:
        ids = session.scalars(
            select(CoachingSession.id).where(
                CoachingSession.site_id == site_id,
                CoachingSession.review_id.is_(None),
                CoachingSession.held_on < before.date(),
            )
        ).all()

    def remove(session: Session, chunk: list[int]) -> None:
        for row in session.scalars(select(CoachingSession).where(CoachingSession.id.in_(chunk))):
            session.delete(row)

    in_chunks(engine, ids, remove, size=_PER_TRANSACTION)
