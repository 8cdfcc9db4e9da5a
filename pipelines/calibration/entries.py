"""Entries of the audit log about rounds."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.calibration import CalibrationRound
from models.people import User
from pipelines import audit


def record(
    session: Session,
    made: CalibrationRound,
    user: User,
    action: str,
    now: datetime,
    **more: object,
) -> None:
    """Add an entry about a round."""
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="calibration_round",
        subject_uid=made.uid,
        **more,
    )
