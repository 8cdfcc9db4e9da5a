"""Words and names that calibration rounds hold about calls: gone with those of the reviews."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import CalibrationItem, CalibrationSeat
from models.scorecards import Criterion
from models.vocab import CriterionKind


def clear_rounds(session: Session, leg_ids: Collection[int], *, people: bool) -> None:
    """Remove reasons, evidence and free text of references of these legs; points stay.

    With ``people`` also who scored and who agreed. The caller holds the door of erasure open.
    """
    items = session.scalars(
        select(CalibrationItem).where(CalibrationItem.leg_id.in_(leg_ids))
    ).all()
    for item in items:
        texts = set(
            session.scalars(
                select(Criterion.lineage).where(
                    Criterion.version_id == item.round.version_id,
                    Criterion.kind == CriterionKind.TEXT,
                )
            )
        )
        item.reference = {
            lineage: _bare(entry, is_text=lineage in texts)
            for lineage, entry in item.reference.items()
        }
        item.words = ""
        if people:
            item.agreed_by_id = None
    if people:
        seats = select(CalibrationSeat).where(
            CalibrationSeat.item_id.in_([item.id for item in items])
        )
        for seat in session.scalars(seats):
            seat.reviewer_id = None


def _bare(entry: dict[str, Any], *, is_text: bool) -> dict[str, Any]:
    bare = {**entry, "comment": "", "evidence": []}
    return {**bare, "answer": ""} if is_text and entry.get("answer") else bare
