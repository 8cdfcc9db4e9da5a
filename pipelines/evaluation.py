"""The acts that need both scoring and review: a sheet is checked, scored and kept.

A part of the flow of its own, so that the pages that score load neither the job engine nor any
other stage.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models import guards
from models.people import User
from models.reviewing import LiveReview
from models.reviews import Objection, Review, ReviewRevision, SelfAssessment
from models.vocab import Origin, ReviewState, RevisionCause
from pipelines.outcomes import AnswerState, DomainError, Score, Sheet
from pipelines.review import assessments, feedback, live, verdicts
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
) -> ReviewRevision:
    """Submit a review: checked and scored by the version it was begun with."""
    kept, score = checked_score(session, review.version_id, sheet)
    return verdicts.submit(
        session, review, kept, summary, score, lock_version=lock_version, user=user, now=now
    )


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


def submit_live(
    session: Session,
    live_: LiveReview,
    sheet: Sheet,
    summary: str,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> Score:
    """Submit the review of a call heard live: checked like any, kept until the call is known."""
    kept, score = checked_score(session, live_.version_id, sheet)
    live.submit(session, live_, kept, summary, lock_version=lock_version, user=user, now=now)
    return score


def settle_live(session: Session, *, now: datetime) -> int:
    """Make the reviews of calls that were heard live and are on file by now; return how many."""
    settled = 0
    for waiting in live.waiting(session):
        leg = live.leg_of(session, waiting)
        if leg is None:
            continue
        user = session.get_one(User, waiting.reviewer_id)
        kept, score = checked_score(session, waiting.version_id, waiting.draft)
        review = Review(
            origin=Origin.LIVE,
            site_id=leg.site_id,
            team_id=leg.team_id,
            leg_id=leg.id,
            version_id=waiting.version_id,
            reviewer_id=waiting.reviewer_id,
            state=ReviewState.SUBMITTED,
            draft={},
            summary=waiting.summary,
            started_at=waiting.begun_at,
            saved_at=waiting.saved_at,
            submitted_at=waiting.submitted_at,
        )
        session.add(review)
        session.flush()
        verdicts.add_revision(
            session, review, kept, score, cause=RevisionCause.SUBMITTED, user=user, now=now
        )
        # The words live in one place only: in the review, where retention and erasure find them.
        with guards.erasure(session, "live.settled"):
            waiting.leg_id, waiting.review_id = leg.id, review.id
            waiting.draft, waiting.summary = {}, ""
            session.flush()
        settled += 1
    return settled


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
