"""The acts that need both scoring and review: a sheet is checked, scored and kept.

A part of the flow of its own, so that the pages that score load neither the job engine nor any
other stage.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.people import User
from models.reviews import Objection, Review, ReviewRevision, SelfAssessment
from pipelines.outcomes import AnswerState, DomainError, Score, Sheet
from pipelines.review import assessments, feedback, verdicts
from pipelines.scoring import rules
from pipelines.scoring.service import version_rule


def checked_score(session: Session, version_id: int, sheet: Sheet) -> tuple[Sheet, Score]:
    """Score a complete sheet, or raise ``sheet_incomplete`` with its problems.

    Answers to criteria whose condition is closed are left out of the sheet returned.
    """
    version = version_rule(session, version_id)
    found = rules.problems(version, sheet)
    if found:
        raise DomainError("sheet_incomplete", problems=[_plain(problem) for problem in found])
    score = rules.score(version, sheet)
    closed = {part.lineage for part in score.criteria if part.state is AnswerState.CLOSED}
    kept = {lineage: entry for lineage, entry in sheet.items() if lineage not in closed}
    return kept, score


def _plain(problem: rules.Problem) -> dict[str, Any]:
    return {"criterion": problem.criterion, "code": problem.code, "params": dict(problem.params)}


def submit_review(
    session: Session,
    review: Review,
    sheet: Sheet,
    summary: str,
    *,
    lock_version: int,
    user: User,
    now: datetime,
    notes: Sequence[Mapping[str, Any]] = (),
) -> ReviewRevision:
    """Submit a review: checked and scored by the version it was begun with."""
    kept, score = checked_score(session, review.version_id, sheet)
    act: dict[str, Any] = {"lock_version": lock_version, "user": user, "now": now, "notes": notes}
    return verdicts.submit(session, review, kept, summary, score, **act)


def submit_assessment(
    session: Session,
    assessment: SelfAssessment,
    sheet: Sheet,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Submit an agent's own evaluation: checked and scored like a review."""
    kept, score = checked_score(session, assessment.version_id, sheet)
    assessments.submit_assessment(
        session, assessment, kept, score, lock_version=lock_version, user=user, now=now
    )


def answer_objection(
    session: Session,
    objection: Objection,
    user: User,
    answer: str,
    *,
    upheld: bool,
    sheet: Sheet | None = None,
    now: datetime,
) -> None:
    """Decide an objection; an upheld one may bring a new sheet, which is checked and scored."""
    score: Score | None = None
    if sheet is not None:
        sheet, score = checked_score(session, objection.review.version_id, sheet)
    feedback.answer_objection(
        session, objection, user, answer, upheld=upheld, sheet=sheet, score=score, now=now
    )
