"""Quizzes: made, given to people, opened, scored blind, compared with the reference, closed."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Leg
from models.people import Agent, Site, Team, User
from models.practice import PracticeAttempt, Quiz, QuizItem, QuizPerson
from models.reviews import Answer, Exemplar, Review
from models.scorecards import Criterion, ScorecardVersion
from models.vocab import ReviewState, VersionState
from models.vocab_learning import (
    AttemptState,
    ExemplarAudience,
    ExemplarState,
    QuizState,
)
from models.vocab_rights import NoticeKind
from pipelines import audit, notices
from pipelines.outcomes import DomainError, Score, Sheet
from pipelines.practice import rules
from pipelines.practice.playlists import check_shared

USABLE = (VersionState.PUBLISHED, VersionState.RETIRED)
"""Versions that never change any more, so that all who practise are asked the same."""


def make_quiz(
    session: Session,
    site: Site,
    team: Team | None,
    version: ScorecardVersion,
    user: User,
    *,
    title: str,
    about: str,
    criteria: Sequence[str],
    due_at: datetime,
    now: datetime,
) -> Quiz:
    """Make a quiz, to be filled and opened; empty ``criteria`` asks for the whole sheet."""
    if version.state not in USABLE:
        raise DomainError("quiz_version_draft")
    quiz = Quiz(
        site_id=site.id,
        team_id=team.id if team else None,
        title=title.strip(),
        about=about.strip(),
        version_id=version.id,
        criteria=list(criteria),
        due_at=due_at,
        made_by_id=user.id,
        made_at=now,
    )
    session.add(quiz)
    session.flush()
    _record(session, quiz, user, "quiz.made", now)
    return quiz


def change_quiz(
    session: Session,
    quiz: Quiz,
    user: User,
    *,
    title: str,
    about: str,
    due_at: datetime,
    now: datetime,
) -> None:
    """Change what may change at any time before a quiz is closed."""
    if quiz.state is QuizState.CLOSED:
        raise DomainError("quiz_closed")
    quiz.title, quiz.about, quiz.due_at = title.strip(), about.strip(), due_at
    session.flush()
    _record(session, quiz, user, "quiz.changed", now)


def set_criteria(
    session: Session, quiz: Quiz, criteria: Sequence[str], user: User, *, now: datetime
) -> None:
    """Choose what a quiz asks for, by lineage; none: the whole sheet. Only before it is opened."""
    _draft(quiz)
    quiz.criteria = list(criteria)
    session.flush()
    _record(session, quiz, user, "quiz.criteria_set", now, criteria=len(quiz.criteria))


def delete_quiz(session: Session, quiz: Quiz, user: User, *, now: datetime) -> None:
    """Delete a quiz that was never opened."""
    _draft(quiz)
    _record(session, quiz, user, "quiz.deleted", now)
    session.delete(quiz)
    session.flush()


def _draft(quiz: Quiz) -> None:
    if quiz.state is not QuizState.DRAFT:
        raise DomainError("quiz_not_draft")


def add_item(
    session: Session, quiz: Quiz, exemplar: Exemplar, user: User, *, now: datetime
) -> QuizItem:
    """Put an exemplar into a quiz, with the reference of a review on this version if there is one.

    One that is in already is returned. Raises ``exemplar_not_shared_there`` like playlists, but for
    exemplars that are there to practise with only.
    """
    _draft(quiz)
    for item in quiz.items:
        if (item.leg_id, item.start_ms) == (exemplar.leg_id, exemplar.start_ms):
            return item
    if exemplar.audience is not ExemplarAudience.PRACTICE:
        check_shared(exemplar, quiz.site_id, quiz.team_id)
    elif exemplar.state is not ExemplarState.SHARED or exemplar.site_id != quiz.site_id:
        raise DomainError("exemplar_not_shared_there")
    review = _reference_review(session, exemplar, quiz.version_id)
    item = QuizItem(
        quiz_id=quiz.id,
        position=max((item.position for item in quiz.items), default=0) + 1,
        leg_id=exemplar.leg_id,
        exemplar_id=exemplar.id,
        review_id=review.id if review else None,
        start_ms=exemplar.start_ms,
        end_ms=exemplar.end_ms,
        why=exemplar.why,
        reference=_sheet_of(session, review) if review else {},
        reference_by_id=review.reviewer_id if review else None,
        saved_at=now,
    )
    session.add(item)
    session.flush()
    session.expire(quiz, ["items"])
    _record(session, quiz, user, "quiz.item_added", now, exemplar=str(exemplar.uid))
    return item


def _reference_review(session: Session, exemplar: Exemplar, version_id: int) -> Review | None:
    """Return the review that the exemplar was chosen from, else the newest, on this version."""
    return session.scalar(
        select(Review)
        .where(
            Review.leg_id == exemplar.leg_id,
            Review.version_id == version_id,
            Review.state == ReviewState.SUBMITTED,
        )
        .order_by((Review.id == (exemplar.review_id or 0)).desc(), Review.submitted_at.desc())
        .limit(1)
    )


def _sheet_of(session: Session, review: Review) -> Sheet:
    rows = session.execute(
        select(Answer, Criterion.lineage)
        .join(Criterion, Criterion.id == Answer.criterion_id)
        .where(Answer.revision_id == review.current_revision_id)
    )
    return {
        lineage: {
            "answer": answer.value["answer"],
            "comment": answer.comment,
            "reason": answer.reason,
            "evidence": list(answer.evidence),
        }
        for answer, lineage in rows
    }


def remove_item(session: Session, item: QuizItem, user: User, *, now: datetime) -> None:
    """Take an exemplar out of a quiz that was never opened."""
    quiz = item.quiz
    _draft(quiz)
    session.delete(item)
    session.flush()
    session.expire(quiz, ["items"])
    _record(session, quiz, user, "quiz.item_removed", now)


def save_reference(
    session: Session,
    item: QuizItem,
    sheet: Sheet,
    *,
    lock_version: int,
    user: User,
    now: datetime,
    score: Score | None = None,
) -> None:
    """Keep a reference as far as it is written; with its ``score`` it is complete and counts.

    Raises ``draft_conflict`` when another window saved since ``lock_version``, and
    ``quiz_not_draft`` once people may have scored against it.
    """
    session.refresh(item, with_for_update=True)
    _draft(item.quiz)
    if item.lock_version != lock_version:
        raise _conflict(item.reference, item.saved_at, item.lock_version)
    item.reference, item.reference_by_id, item.saved_at = sheet, user.id, now
    set_reference_score(item, score, now=now)
    session.flush()


def set_reference_score(item: QuizItem, score: Score | None, *, now: datetime) -> None:
    """Note what a complete reference earned; null: it is not complete yet."""
    item.reference_at = now if score else None
    item.earned, item.attainable = (score.earned, score.attainable) if score else (0, 0)


def _conflict(sheet: Sheet, saved_at: datetime, lock_version: int) -> DomainError:
    return DomainError(
        "draft_conflict",
        sheet=sheet,
        summary="",
        saved_at=saved_at.isoformat(),
        lock_version=lock_version,
    )


def set_people(
    session: Session, quiz: Quiz, users: Iterable[User], user: User, *, now: datetime
) -> None:
    """Ask exactly these people. Who has begun to score stays on the list."""
    if quiz.state is QuizState.CLOSED:
        raise DomainError("quiz_closed")
    wanted = {each.id for each in users}
    items = select(QuizItem.id).where(QuizItem.quiz_id == quiz.id)
    begun = set(
        session.scalars(select(PracticeAttempt.user_id).where(PracticeAttempt.item_id.in_(items)))
    )
    there = {person.user_id: person for person in quiz.people}
    for user_id, person in there.items():
        if user_id not in wanted and user_id not in begun:
            session.delete(person)
    session.add_all(
        QuizPerson(quiz_id=quiz.id, user_id=user_id, added_at=now)
        for user_id in sorted(wanted - there.keys())
    )
    session.flush()
    session.expire(quiz, ["people"])
    _record(session, quiz, user, "quiz.people_set", now, people=len(quiz.people))
    if quiz.state is QuizState.OPEN:
        asked = {person.user_id for person in quiz.people}
        notices.withdraw(session, NoticeKind.QUIZ_OPEN, subject_uid=quiz.uid, but_for=asked)
        _tell_open(session, quiz, asked - there.keys(), now)


def open_quiz(session: Session, quiz: Quiz, user: User, *, now: datetime) -> None:
    """Let people begin. From now on its exemplars are hidden from those who have not scored them.

    Needs exemplars, people, a day ahead, and a reference for each exemplar.
    """
    _draft(quiz)
    if not quiz.items:
        raise DomainError("quiz_empty")
    if not quiz.people:
        raise DomainError("quiz_without_people")
    missing = sum(item.reference_at is None for item in quiz.items)
    if missing:
        raise DomainError("quiz_reference_missing", missing=missing)
    if quiz.due_at <= now:
        raise DomainError("quiz_due_past")
    quiz.state = QuizState.OPEN
    session.flush()
    _record(session, quiz, user, "quiz.opened", now, people=len(quiz.people))
    _tell_open(session, quiz, {person.user_id for person in quiz.people}, now)


def _tell_open(session: Session, quiz: Quiz, to: Iterable[int], now: datetime) -> None:
    notices.tell(
        session,
        now=now,
        to=to,
        kind=NoticeKind.QUIZ_OPEN,
        subject="quiz",
        subject_uid=quiz.uid,
        until=quiz.due_at.isoformat(),
    )


def close_quiz(session: Session, quiz: Quiz, user: User, *, now: datetime) -> None:
    """End a quiz before its day. It cannot be opened again: references may be read from now on."""
    if quiz.state is QuizState.OPEN:
        quiz.state = QuizState.CLOSED
        session.flush()
        _record(session, quiz, user, "quiz.closed", now)
        notices.withdraw(session, NoticeKind.QUIZ_OPEN, subject_uid=quiz.uid)


def begin_attempt(
    session: Session, item: QuizItem, user: User, *, now: datetime
) -> PracticeAttempt:
    """Return the person's attempt at an exemplar, begun if it was not.

    Raises ``quiz_over``, ``quiz_not_yours``, ``quiz_item_gone`` (withdrawn, or no longer kept),
    ``own_call``, or ``practice_own_reference``.
    """
    begun = session.scalar(
        select(PracticeAttempt).where(
            PracticeAttempt.item_id == item.id, PracticeAttempt.user_id == user.id
        )
    )
    if begun is not None and begun.state is AttemptState.SUBMITTED:
        return begun
    check_can_be_scored(session, item, user, now)
    if begun is not None:
        return begun
    attempt = PracticeAttempt(
        item_id=item.id, user_id=user.id, sheet={}, compared={}, started_at=now, saved_at=now
    )
    session.add(attempt)
    session.flush()
    return attempt


def check_can_be_scored(session: Session, item: QuizItem, user: User, now: datetime) -> None:
    """Raise what keeps a person from scoring an exemplar of a quiz; see ``begin_attempt``."""
    quiz = item.quiz
    if not rules.can_be_taken(quiz.state, quiz.due_at, now):
        raise DomainError("quiz_over")
    asked = select(QuizPerson.id).where(
        QuizPerson.quiz_id == quiz.id, QuizPerson.user_id == user.id
    )
    if session.scalar(asked) is None:
        raise DomainError("quiz_not_yours")
    exemplar = session.get(Exemplar, item.exemplar_id) if item.exemplar_id else None
    if exemplar is None or exemplar.state is not ExemplarState.SHARED:
        raise DomainError("quiz_item_gone")
    agent_id = session.scalar(select(Agent.id).where(Agent.user_id == user.id))
    if agent_id is not None and session.get_one(Leg, item.leg_id).agent_id == agent_id:
        raise DomainError("own_call")
    review = session.get(Review, item.review_id) if item.review_id else None
    if user.id in {item.reference_by_id, review.reviewer_id if review else None}:
        raise DomainError("practice_own_reference")


def save_attempt(
    session: Session,
    attempt: PracticeAttempt,
    sheet: Sheet,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Keep what the person has written so far; ``draft_conflict`` as for reviews."""
    _writable(session, attempt, user, lock_version, now)
    attempt.sheet, attempt.saved_at = sheet, now
    session.flush()


def submit_attempt(
    session: Session,
    attempt: PracticeAttempt,
    sheet: Sheet,
    score: Score,
    reference: Score,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Close an attempt with its score, and keep how it lies to the reference."""
    _writable(session, attempt, user, lock_version, now)
    compared = rules.compare(score, reference)
    attempt.state, attempt.submitted_at, attempt.saved_at = AttemptState.SUBMITTED, now, now
    attempt.sheet, attempt.compared = sheet, rules.to_json(compared)
    attempt.earned, attempt.attainable = score.earned, score.attainable
    attempt.agreed = sum(row.agrees for row in compared)
    session.flush()
    _record(session, attempt.item.quiz, user, "quiz.item_scored", now, item=str(attempt.item.uid))


def _writable(
    session: Session, attempt: PracticeAttempt, user: User, lock_version: int, now: datetime
) -> None:
    session.refresh(attempt, with_for_update=True)
    if attempt.user_id != user.id:
        raise DomainError("quiz_not_yours")
    if attempt.state is AttemptState.SUBMITTED:
        raise DomainError("attempt_submitted")
    check_can_be_scored(session, attempt.item, user, now)
    if attempt.lock_version != lock_version:
        raise _conflict(attempt.sheet, attempt.saved_at, attempt.lock_version)


def _record(
    session: Session, quiz: Quiz, user: User, action: str, now: datetime, **more: object
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="quiz",
        subject_uid=quiz.uid,
        **more,
    )
