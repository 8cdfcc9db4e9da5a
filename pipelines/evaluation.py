"""The acts that need scoring and another stage: a sheet is checked, scored and kept.

A part of the flow of its own, so that the pages that score load neither the job engine nor any
other stage.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import guards
from models.calibration import CalibrationItem
from models.calls import Leg
from models.coaching import CoachingSession
from models.disputes import Dispute
from models.people import Agent, User
from models.practice import PracticeAttempt, Quiz, QuizItem
from models.reviewing import LiveReview
from models.reviews import Exemplar, Objection, Review, ReviewRevision, SelfAssessment, Task
from models.samples import Draw, DrawnCall
from models.vocab import AssessmentState, Origin, ReviewState, RevisionCause
from models.vocab_learning import ExemplarState
from models.vocab_rights import NoticeKind
from pipelines import notices
from pipelines.calibration import references
from pipelines.coaching import service as coaching
from pipelines.outcomes import AnswerState, DomainError, Score, Sheet
from pipelines.practice import exemplars
from pipelines.practice import service as practice
from pipelines.review import assessments, disputes, feedback, live, verdicts
from pipelines.scoring import rules
from pipelines.scoring.parts import part_of
from pipelines.scoring.service import version_rule


def checked_score(session: Session, version_id: int, sheet: Sheet) -> tuple[Sheet, Score]:
    """Score a complete sheet, or raise ``sheet_incomplete`` with its problems.

    Answers to criteria whose condition is closed are left out of the sheet returned.
    """
    return _checked(version_rule(session, version_id), sheet)


def _checked(version: rules.VersionRule, sheet: Sheet) -> tuple[Sheet, Score]:
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
    revision = verdicts.submit(session, review, kept, summary, score, **act)
    tell_ready(session, [review.leg_id], now=now)
    return revision


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
    tell_ready(session, [assessment.leg_id], now=now)


def submit_live(
    session: Session,
    live_: LiveReview,
    sheet: Sheet,
    summary: str,
    *,
    lock_version: int,
    user: User,
    now: datetime,
    notes: Sequence[Mapping[str, Any]] = (),
) -> Score:
    """Submit the review of a call heard live: checked like any, kept until the call is known."""
    kept, score = checked_score(session, live_.version_id, sheet)
    act: dict[str, Any] = {"lock_version": lock_version, "user": user, "now": now, "notes": notes}
    live.submit(session, live_, kept, summary, **act)
    return score


def settle_live(session: Session, *, now: datetime) -> int:
    """Make the reviews of calls that were heard live and are on file by now; return how many."""
    settled = 0
    for waiting in live.waiting(session, now):
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
            notes=list(waiting.notes),
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
            waiting.draft, waiting.summary, waiting.notes = {}, "", []
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
    before: int | None = None,
    now: datetime,
) -> None:
    """Decide an objection; an upheld one may bring a new sheet, which is checked and scored.

    ``before`` is the number of the revision that the decider saw: raises ``score_changed`` when a
    dispute has made another since, which a sheet made from the older one would take back.
    """
    _hold(session, objection.review, before)
    score: Score | None = None
    if sheet is not None:
        sheet, score = checked_score(session, objection.review.version_id, sheet)
    feedback.answer_objection(
        session, objection, user, answer, upheld=upheld, sheet=sheet, score=score, now=now
    )


def _hold(session: Session, review: Review, seen: int | None) -> None:
    """Hold a review, so that two decisions about it come one by one, each on the score it saw."""
    session.refresh(review, with_for_update=True)
    session.expire(review, ["current", "revisions"])
    if seen is not None and review.current is not None and review.current.number != seen:
        raise DomainError("score_changed")


def decide_dispute(
    session: Session,
    dispute: Dispute,
    user: User,
    rulings: Mapping[int, disputes.Ruling],
    answers: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    """Decide a dispute criterion by criterion; ``answers`` are the new ones, by lineage."""
    _hold(session, dispute.review, None)
    sheet = disputes.decided_sheet(dispute, rulings, answers)
    kept, score = checked_score(session, dispute.review.version_id, sheet)
    disputes.decide(session, dispute, user, rulings, sheet=kept, score=score, now=now)


def practice_rule(session: Session, quiz: Quiz) -> rules.VersionRule:
    """Return the part of a scorecard version that a quiz asks for."""
    return part_of(version_rule(session, quiz.version_id), quiz.criteria)


def add_to_quiz(
    session: Session, quiz: Quiz, exemplar: Exemplar, user: User, *, now: datetime
) -> QuizItem:
    """Put an exemplar into a quiz; a review's answers become its reference if they are whole."""
    item = practice.add_item(session, quiz, exemplar, user, now=now)
    _settle_reference(item, practice_rule(session, quiz), now)
    session.flush()
    return item


def ask_in_quiz(
    session: Session, quiz: Quiz, criteria: Sequence[str], user: User, *, now: datetime
) -> None:
    """Choose what a quiz asks for; none asks for the whole sheet. References are looked at anew."""
    practice.set_criteria(session, quiz, criteria, user, now=now)
    version = practice_rule(session, quiz)
    for item in quiz.items:
        _settle_reference(item, version, now)
    session.flush()


def _settle_reference(item: QuizItem, version: rules.VersionRule, now: datetime) -> None:
    """Tell whether a reference is whole for what is asked, and what it earns then."""
    sheet = asked_of(version, item.reference)
    whole = not rules.problems(version, sheet)
    practice.set_reference_score(item, rules.score(version, sheet) if whole else None, now=now)


def asked_of(version: rules.VersionRule, sheet: Sheet) -> Sheet:
    """Return what a sheet says to the criteria of a version, or a part of one."""
    asked = {criterion.lineage for criterion in version.criteria}
    return {lineage: entry for lineage, entry in sheet.items() if lineage in asked}


def set_reference(
    session: Session,
    item: QuizItem,
    sheet: Sheet,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Set how an exemplar of a quiz should be scored: checked and scored like a review."""
    kept, score = _checked(practice_rule(session, item.quiz), sheet)
    practice.save_reference(
        session, item, kept, lock_version=lock_version, user=user, now=now, score=score
    )


def submit_attempt(
    session: Session,
    attempt: PracticeAttempt,
    sheet: Sheet,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Submit a person's blind score of an exemplar; it is compared with the reference and kept."""
    version = practice_rule(session, attempt.item.quiz)
    kept, score = _checked(version, sheet)
    practice.submit_attempt(
        session,
        attempt,
        kept,
        score,
        rules.score(version, asked_of(version, attempt.item.reference)),
        lock_version=lock_version,
        user=user,
        now=now,
    )


def agree_reference(
    session: Session,
    item: CalibrationItem,
    sheet: Sheet,
    words: str,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Keep the reference of a calibrated call: checked and scored like a review."""
    kept, score = checked_score(session, item.round.version_id, sheet)
    references.agree_reference(
        session, item, kept, words, score, lock_version=lock_version, user=user, now=now
    )


_FOR_AGENTS = (Origin.DRAWN, Origin.DIRECTED, Origin.LIVE)
_LATELY = timedelta(days=3)


def tell_ready(session: Session, leg_ids: Sequence[int], *, now: datetime) -> None:
    """Tell the agents of these legs of each verdict that they may read from now on.

    With it comes what waited so that it gave no verdict away: talks, and exemplars of the call.
    """
    rows = session.execute(
        select(Review, Agent.user_id)
        .join(Leg, Leg.id == Review.leg_id)
        .join(Agent, Agent.id == Leg.agent_id)
        .where(
            Review.leg_id.in_(leg_ids),
            Review.state == ReviewState.SUBMITTED,
            Review.origin.in_(_FOR_AGENTS),
            Review.acknowledged_at.is_(None),
            Agent.user_id.is_not(None),
        )
    ).all()
    for review, user_id in rows:
        if feedback.verdict_is_visible(session, review, now):
            notices.tell(
                session,
                now=now,
                to=[user_id],
                kind=NoticeKind.REVIEW_READY,
                subject="review",
                subject_uid=review.uid,
            )
    talks = select(CoachingSession).where(
        CoachingSession.leg_id.in_(leg_ids), CoachingSession.read_at.is_(None)
    )
    for talk in session.scalars(talks):
        coaching.tell_agent(session, talk, now=now)
    chosen = select(Exemplar).where(
        Exemplar.leg_id.in_(leg_ids), Exemplar.state == ExemplarState.SHARED
    )
    for exemplar in session.scalars(chosen):
        exemplars.tell_agent(session, exemplar, now=now)


def tell_lapsed(session: Session, *, now: datetime) -> None:
    """Tell agents of the verdicts that opened because the time for their own view ran out."""
    legs = session.scalars(
        select(SelfAssessment.leg_id).where(
            SelfAssessment.state == AssessmentState.LAPSED,
            SelfAssessment.due_at.between(now - _LATELY, now),
        )
    ).all()
    tell_ready(session, legs, now=now)


def tell_asked(session: Session, draw: Draw, *, now: datetime) -> None:
    """Tell agents how many of their calls of this draw wait for their own view, and until when."""
    rows = session.execute(
        select(Agent.user_id, func.count(), func.min(SelfAssessment.due_at))
        .join(Task, Task.id == SelfAssessment.task_id)
        .join(DrawnCall, DrawnCall.id == Task.drawn_call_id)
        .join(Agent, Agent.id == SelfAssessment.agent_id)
        .where(
            DrawnCall.draw_id == draw.id,
            SelfAssessment.state == AssessmentState.ASKED,
            SelfAssessment.due_at > now,
            Agent.user_id.is_not(None),
        )
        .group_by(Agent.user_id)
    ).all()
    for user_id, count, due_at in rows:
        if due_at is None:
            continue
        notices.tell(
            session,
            now=now,
            to=[user_id],
            kind=NoticeKind.ASSESSMENT_ASKED,
            subject="draw",
            subject_uid=draw.uid,
            count=count,
            until=due_at.isoformat(),
        )
