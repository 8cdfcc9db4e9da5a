"""The reference of a calibrated call: written in the session, agreed on, and kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import CalibrationItem, CalibrationSeat
from models.people import User
from models.reviews import Review
from models.vocab import (
    CalibrationState,
    ReviewState,
)
from pipelines.calibration.entries import record
from pipelines.calibration.results import answers_of, scales_of
from pipelines.calibration.rules.ratings import common_answers, unlike_reference
from pipelines.outcomes import DomainError, Score, Sheet


def save_reference(
    session: Session,
    item: CalibrationItem,
    sheet: Sheet,
    words: str,
    *,
    lock_version: int,
    now: datetime,
) -> None:
    """Keep what the session has written of a reference, valid or not; may conflict."""
    _writable(session, item, lock_version)
    item.reference, item.words, item.saved_at = sheet, words, now
    session.flush()


def agree_reference(
    session: Session,
    item: CalibrationItem,
    sheet: Sheet,
    words: str,
    score: Score,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Keep what the session agreed on a call: from now on it never changes.

    ``score`` is what the scoring rules made of ``sheet``. Raises ``reference_reason_needed`` with
    the criteria on which somebody answered otherwise and no reason is given.
    """
    _writable(session, item, lock_version)
    if score.missing:
        raise DomainError("sheet_incomplete", criteria=list(score.missing))
    silent = unexplained(session, item, sheet)
    if silent:
        raise DomainError("reference_reason_needed", criteria=silent)
    item.reference, item.words, item.saved_at = sheet, words.strip(), now
    item.points = {part.lineage: part.earned for part in score.criteria}
    item.earned, item.attainable = score.earned, score.attainable
    item.agreed_at, item.agreed_by_id = now, user.id
    session.flush()
    record(session, item.round, user, "calibration.agreed", now, call=item.position)


def first_reference(session: Session, item: CalibrationItem) -> Sheet:
    """Return what a reference begins with: the answers that everybody gave alike."""
    alike = common_answers(_given(session, item), _compared(session, item))
    return {
        lineage: {"answer": answer, "comment": "", "reason": None, "evidence": []}
        for lineage, answer in alike.items()
    }


def _given(session: Session, item: CalibrationItem) -> list[dict[str, Any]]:
    submitted = session.scalars(
        select(Review.id)
        .join(CalibrationSeat, CalibrationSeat.task_id == Review.task_id)
        .where(CalibrationSeat.item_id == item.id, Review.state == ReviewState.SUBMITTED)
    ).all()
    given = answers_of(session, submitted)
    return [given.get(review_id, {}) for review_id in submitted]


def _compared(session: Session, item: CalibrationItem) -> list[str]:
    return [scale.lineage for scale in scales_of(session, item.round.version_id)]


def unexplained(session: Session, item: CalibrationItem, sheet: Sheet) -> list[str]:
    """Return the criteria on which anybody differs from a reference that gives no reason."""
    found = unlike_reference(
        {lineage: entry.get("answer") for lineage, entry in sheet.items()},
        _given(session, item),
        _compared(session, item),
    )
    return [
        lineage
        for lineage in found
        if not str((sheet.get(lineage) or {}).get("comment") or "").strip()
    ]


def _writable(session: Session, item: CalibrationItem, lock_version: int) -> None:
    session.refresh(item, with_for_update=True)
    if item.round.state is not CalibrationState.CLOSED:
        raise DomainError("calibration_not_closed")
    if item.agreed_at is not None:
        raise DomainError("reference_agreed")
    if item.lock_version != lock_version:
        saved_at = item.saved_at
        raise DomainError(
            "draft_conflict",
            sheet=item.reference,
            summary=item.words,
            saved_at=saved_at.isoformat() if saved_at else None,
            lock_version=item.lock_version,
        )
