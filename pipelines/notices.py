"""What people are told inside the product: any stage says it, in the transaction of the act.

    notices.tell(
        session, now=now, to=[user_id], kind=NoticeKind.X, subject="review", subject_uid=review.uid
    )

The sentence and where it leads are the web's (``qa_app.notices.words``), mail is sent by the stage
``reminders``. What a notice may carry is a short list, so that none can give a judgement away.
"""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from models.base import new_uid
from models.calls import Leg
from models.notices import Notice, NoticeChoice
from models.people import Agent, User, UserRole
from models.practice import PracticeAttempt, Quiz, QuizItem, QuizPerson
from models.reviews import Review, SelfAssessment, Task
from models.upsert import insert_missing
from models.vocab import AssessmentState, ReviewState, Role, TaskState
from models.vocab_learning import AttemptState, QuizState
from models.vocab_rights import NoticeKind

MAY_CARRY = frozenset({"count", "late", "until", "title"})
"""Names of what a notice may hold: two counts, a day or an instant in ISO 8601, a name of a thing.

Never points, a share, a verdict, a reason or words of a call: a notice reaches people who judge.
"""


def tell(
    session: Session,
    *,
    now: datetime,
    to: Iterable[int | None],
    kind: NoticeKind,
    subject: str,
    subject_uid: uuid.UUID,
    **params: str | int,
) -> int:
    """Tell people (ids of users; null is passed over) something about a row; return how many.

    People who cannot sign in or have switched the kind off are left out. The same thing told twice
    is one notice: it is brought up to date, and unread again only where its ``params`` changed.
    Raises ``ValueError`` for a parameter that no notice may carry.
    """
    if unfit := set(params) - MAY_CARRY:
        raise ValueError(f"a notice may not carry {', '.join(sorted(unfit))}")
    wanted = _who_wants(session, {user_id for user_id in to if user_id is not None}, kind)
    if not wanted:
        return 0
    about = (Notice.kind == kind, Notice.subject == subject, Notice.subject_uid == subject_uid)
    there = session.scalars(select(Notice).where(Notice.user_id.in_(wanted), *about)).all()
    for notice in there:
        if notice.params != params:
            notice.params, notice.at = dict(params), now
            notice.read_at = notice.mailed_at = None
    missing = wanted - {notice.user_id for notice in there}
    rows = [
        {
            "uid": new_uid(),
            "user_id": user_id,
            "kind": kind,
            "subject": subject,
            "subject_uid": subject_uid,
            "params": dict(params),
            "at": now,
        }
        for user_id in sorted(missing)
    ]
    insert_missing(session, Notice, rows)
    session.flush()
    return len(wanted)


def withdraw(
    session: Session,
    kind: NoticeKind,
    *,
    subject_uid: uuid.UUID | None = None,
    but_for: Collection[int] | None = None,
    also_read: bool = False,
) -> None:
    """Take back notices of a kind: about one row, or of all people but some.

    Those that were read stay, unless they lead nowhere any more (``also_read``).
    """
    told = select(Notice).where(Notice.kind == kind)
    if not also_read:
        told = told.where(Notice.read_at.is_(None))
    if subject_uid is not None:
        told = told.where(Notice.subject_uid == subject_uid)
    if but_for is not None:
        told = told.where(Notice.user_id.not_in(but_for))
    for notice in session.scalars(told):
        session.delete(notice)
    session.flush()


def holders(
    session: Session, roles: Collection[Role], site_id: int, team_id: int | None
) -> set[int]:
    """Return the users who hold one of the roles for the whole site, or for this team of it."""
    return set(
        session.scalars(
            select(UserRole.user_id)
            .join(User, User.id == UserRole.user_id)
            .where(
                UserRole.role.in_(roles),
                UserRole.site_id == site_id,
                or_(UserRole.team_id.is_(None), UserRole.team_id == team_id),
                User.disabled_at.is_(None),
            )
        )
    )


def judging(
    session: Session, user_ids: Iterable[int | None], call_id: int, now: datetime
) -> set[int]:
    """Return those of the people who judge a call at the moment: nobody tells them of it.

    They have a task on it, write a review of it, owe their own view of it, or are asked to practise
    on it.
    """
    people = {user_id for user_id in user_ids if user_id is not None}
    given = (
        select(Task.assignee_id)
        .join(Leg, Leg.id == Task.leg_id)
        .where(Leg.call_id == call_id, Task.state.in_((TaskState.OPEN, TaskState.CLAIMED)))
    )
    written = (
        select(Review.reviewer_id)
        .join(Leg, Leg.id == Review.leg_id)
        .where(Leg.call_id == call_id, Review.state == ReviewState.DRAFT)
    )
    owed = (
        select(Agent.user_id)
        .join(SelfAssessment, SelfAssessment.agent_id == Agent.id)
        .join(Leg, Leg.id == SelfAssessment.leg_id)
        .where(
            Leg.call_id == call_id,
            SelfAssessment.state == AssessmentState.ASKED,
            or_(SelfAssessment.due_at.is_(None), SelfAssessment.due_at > now),
        )
    )
    done = exists().where(
        PracticeAttempt.item_id == QuizItem.id,
        PracticeAttempt.user_id == QuizPerson.user_id,
        PracticeAttempt.state == AttemptState.SUBMITTED,
    )
    practised = (
        select(QuizPerson.user_id)
        .join(Quiz, Quiz.id == QuizPerson.quiz_id)
        .join(QuizItem, QuizItem.quiz_id == Quiz.id)
        .join(Leg, Leg.id == QuizItem.leg_id)
        .where(Leg.call_id == call_id, Quiz.state == QuizState.OPEN, Quiz.due_at > now, ~done)
    )
    found = given.union(written, owed, practised)
    return people & {user_id for user_id in session.scalars(found) if user_id is not None}


def _who_wants(session: Session, user_ids: set[int], kind: NoticeKind) -> set[int]:
    off = exists().where(
        NoticeChoice.user_id == User.id, NoticeChoice.kind == kind, NoticeChoice.shown.is_(False)
    )
    found = select(User.id).where(User.id.in_(user_ids), User.disabled_at.is_(None), ~off)
    return set(session.scalars(found))
