"""Reviews: begun from a claimed task, kept as a draft, submitted, and every later score."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from models.calls import Leg
from models.people import User
from models.reviews import Answer, Review, ReviewRevision, Task
from models.vocab import Origin, ReviewState, RevisionCause, TaskState
from pipelines import audit, days
from pipelines.outcomes import AnswerState, DomainError, Score, Sheet
from pipelines.review.service import claimed_by


def start_or_get_review(session: Session, task: Task, user: User, *, now: datetime) -> Review:
    """Return the review that a claimed task of this person leads to, begun if it was not."""
    begun = select(Review).where(Review.task_id == task.id, Review.reviewer_id == user.id)
    review = session.scalar(begun)
    if review is not None:
        return review
    claimed_by(session, task, user)
    # Looked for once more: the same person may have opened it twice.
    review = session.scalar(begun)
    if review is not None:
        return review
    review = Review(
        task_id=task.id,
        origin=task.origin,
        site_id=task.site_id,
        team_id=task.team_id,
        leg_id=task.leg_id,
        version_id=task.version_id,
        drawn_call_id=task.drawn_call_id,
        reviewer_id=user.id,
        draft={},
        started_at=now,
        saved_at=now,
    )
    session.add(review)
    session.flush()
    return review


def save_draft(
    session: Session,
    review: Review,
    sheet: Sheet,
    summary: str,
    *,
    lock_version: int,
    user: User,
    now: datetime,
    notes: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Keep what has been written so far, valid or not.

    Raises ``draft_conflict`` with the stored text when another tab or device saved since
    ``lock_version``.
    """
    _writable(session, review, user, lock_version)
    review.draft, review.summary, review.saved_at = sheet, summary, now
    review.notes = list(notes)
    session.flush()


def _writable(session: Session, review: Review, user: User, lock_version: int) -> None:
    task = review.task
    try:
        if task is not None:
            # Task before review, as whoever gives, skips or withdraws it takes them: no deadlock.
            session.refresh(task, with_for_update=True)
        session.refresh(review, with_for_update=True)
    except InvalidRequestError as error:
        # Skipped, given away or withdrawn while it was being sent.
        raise DomainError("task_not_yours") from error
    if review.reviewer_id != user.id:
        raise DomainError("review_not_yours")
    if review.state is not ReviewState.DRAFT:
        raise DomainError("review_already_submitted")
    if task is not None and task.state is not TaskState.CLAIMED:
        # Closed behind an open page, as when the customer was erased: no word comes back.
        raise DomainError("task_not_yours")
    if review.lock_version != lock_version:
        raise DomainError(
            "draft_conflict",
            sheet=review.draft,
            summary=review.summary,
            notes=review.notes,
            saved_at=review.saved_at.isoformat(),
            lock_version=review.lock_version,
        )


def submit(
    session: Session,
    review: Review,
    sheet: Sheet,
    summary: str,
    score: Score,
    *,
    lock_version: int,
    user: User,
    now: datetime,
    notes: Sequence[Mapping[str, Any]] = (),
) -> ReviewRevision:
    """Turn a draft into the first revision, with its answers, and close the task.

    ``score`` is what the scoring rules made of ``sheet``; it may not be incomplete.
    """
    _writable(session, review, user, lock_version)
    review.state, review.submitted_at, review.saved_at = ReviewState.SUBMITTED, now, now
    review.draft, review.summary, review.notes = {}, summary, list(notes)
    revision = add_revision(
        session, review, sheet, score, cause=RevisionCause.SUBMITTED, user=user, now=now
    )
    task = review.task
    if task is not None:
        task.state, task.closed_at = TaskState.DONE, now
        # A question to skip it is settled by the review itself.
        task.skip_kind = task.skip_reason = None
    session.flush()
    return revision


def add_revision(
    session: Session,
    review: Review,
    sheet: Sheet,
    score: Score,
    *,
    cause: RevisionCause,
    user: User,
    now: datetime,
) -> ReviewRevision:
    """Add a score to a review's history and make it the current one."""
    if score.missing:
        raise DomainError("sheet_incomplete", criteria=list(score.missing))
    revision = ReviewRevision(
        review_id=review.id,
        number=len(review.revisions) + 1,
        cause=cause,
        earned=score.earned,
        attainable=score.attainable,
        failed_critical=list(score.failed_critical),
        excellent=score.excellent,
        passed=score.passed,
        by_id=user.id,
        at=now,
    )
    session.add(revision)
    session.flush()
    session.add_all(answers_of(sheet, score, revision_id=revision.id))
    review.current_revision_id = revision.id
    leg = session.get_one(Leg, review.leg_id)
    days.mark_dirty(session, [(leg.site_id, leg.local_date)])
    # Those of a calibration round are nobody's to read before it is closed, in the log neither.
    points = {"earned": score.earned, "attainable": score.attainable}
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action="review.scored",
        subject="review",
        subject_uid=review.uid,
        revision=revision.number,
        cause=cause.value,
        **({} if review.origin is Origin.CALIBRATION else points),
    )
    session.flush()
    session.expire(review, ["revisions", "current"])
    return revision


def current_sheet(review: Review) -> Sheet:
    """Turn the score of a review that stands now back into a sheet."""
    if review.current is None:
        return {}
    return {
        answer.criterion.lineage: {
            "answer": answer.value["answer"],
            "comment": answer.comment,
            "reason": answer.reason,
            "evidence": list(answer.evidence),
        }
        for answer in review.current.answers
    }


def answers_of(
    sheet: Sheet,
    score: Score,
    *,
    revision_id: int | None = None,
    self_assessment_id: int | None = None,
) -> Sequence[Answer]:
    """Make the rows for what was answered; closed and unanswered criteria have none."""
    kept = {AnswerState.ANSWERED, AnswerState.NOT_APPLICABLE}
    return [
        Answer(
            revision_id=revision_id,
            self_assessment_id=self_assessment_id,
            criterion_id=part.criterion_id,
            value={"answer": sheet[part.lineage]["answer"]},
            not_applicable=part.state is AnswerState.NOT_APPLICABLE,
            earned=part.earned,
            attainable=part.attainable,
            comment=str(sheet[part.lineage].get("comment") or ""),
            reason=sheet[part.lineage].get("reason") or None,
            evidence=list(sheet[part.lineage].get("evidence") or ()),
        )
        for part in score.criteria
        if part.state in kept
    ]
