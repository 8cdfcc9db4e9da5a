"""Why a call was picked, in words, for those who may know it: its agent, and whoever judged it."""

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.reviewing import ReviewRequest
from models.reviews import Review
from qa_app.reasons import reason_words


def picked_words(session: Session, review: Review) -> tuple[tuple[str, str], ...]:
    """Return (reason, its figures or words): of the draw, or of who asked for the review.

    The caller has checked that the person may see the verdict.
    """
    if review.drawn_call is not None:
        return tuple(reason_words(review.drawn_call.explanation))
    request = session.scalar(
        select(ReviewRequest)
        .where(ReviewRequest.task_id == review.task_id)
        .options(joinedload(ReviewRequest.asked_by))
    )
    if request is None:
        return ()
    name = request.asked_by.display_name if request.asked_by else "–"
    return ((_("asked for by %(name)s", name=name), request.reason),)
