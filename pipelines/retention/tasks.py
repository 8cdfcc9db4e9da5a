"""Words that stand beside reviews: why one was asked for, why a call was skipped, heard live.

They go with the reviews' words: when a customer is erased, and when a project's time for reviews
is over. A live review whose call was never found belongs to no customer, so only time ends it.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from models import guards
from models.calls import Leg
from models.reviewing import LiveReview, ReviewRequest
from models.reviews import Task
from models.samples import DrawnCall
from models.vocab import ReviewState


def clear_task_words(session: Session, leg_ids: Collection[int]) -> None:
    """Remove why reviews of these legs were asked for or skipped; that they were stays."""
    tasks = select(Task.id).where(Task.leg_id.in_(leg_ids))
    session.execute(delete(ReviewRequest).where(ReviewRequest.task_id.in_(tasks)))
    session.execute(
        update(Task)
        .where(Task.leg_id.in_(leg_ids), Task.skip_reason.is_not(None))
        .values(skip_reason="", lock_version=Task.lock_version + 1)
    )
    calls = select(Leg.call_id).where(Leg.id.in_(leg_ids))
    session.execute(
        update(DrawnCall)
        .where(DrawnCall.call_id.in_(calls), DrawnCall.skip_reason.is_not(None))
        .values(skip_reason="")
    )


def legs_with_task_words() -> ColumnElement[bool]:
    """Return the condition that a leg (``Leg``) has such words."""
    asked = select(ReviewRequest.id).where(ReviewRequest.task_id == Task.id, Task.leg_id == Leg.id)
    skipped = select(Task.id).where(Task.leg_id == Leg.id, Task.skip_reason.not_in([""]))
    return or_(asked.exists(), skipped.exists())


def old_live(site_id: int, project_id: int, before: datetime) -> ColumnElement[bool]:
    """Return the condition that a live review is past its time and still says something."""
    return (
        (LiveReview.site_id == site_id)
        & (LiveReview.project_id == project_id)
        & (LiveReview.begun_at < before)
        & LiveReview.reviewer_id.is_not(None)
    )


def clear_live(session: Session, ids: Collection[int]) -> None:
    """Make submitted live reviews anonymous and wordless; delete drafts that were never sent."""
    chosen = LiveReview.id.in_(ids)
    session.execute(delete(LiveReview).where(chosen, LiveReview.state == ReviewState.DRAFT))
    with guards.erasure(session, "retention"):
        for live in session.scalars(select(LiveReview).where(chosen)):
            live.draft, live.summary, live.notes, live.reviewer_id = {}, "", [], None
        session.flush()
