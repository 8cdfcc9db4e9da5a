"""What follows a verdict: acknowledged or objected to, and answered."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Leg
from models.people import Agent, User
from models.reviews import Objection, Review, SelfAssessment, Task
from models.vocab import ObjectionState, RevisionCause, Role, TaskState
from models.vocab_rights import NoticeKind
from pipelines import audit, notices
from pipelines.outcomes import DomainError, Score, Sheet
from pipelines.review import rules
from pipelines.review.assessments import facts_of
from pipelines.review.verdicts import add_revision


def acknowledge(
    session: Session, review: Review, agent: Agent, user: User, *, now: datetime
) -> None:
    """Note that the agent has read the feedback. A second time changes nothing."""
    _own_and_visible(session, review, agent, now)
    if review.acknowledged_at is None:
        review.acknowledged_at = now
        session.flush()
        _record(session, review, user, "review.acknowledged", now)


def object_to(
    session: Session, review: Review, agent: Agent, user: User, words: str, *, now: datetime
) -> Objection:
    """Let the agent say in words why the verdict is wrong; one objection at a time."""
    session.refresh(review, with_for_update=True)
    session.expire(review, ["objections"])
    _own_and_visible(session, review, agent, now)
    if not words.strip():
        raise DomainError("objection_words_needed")
    if any(objection.state is ObjectionState.OPEN for objection in review.objections):
        raise DomainError("objection_already_open")
    objection = Objection(
        review_id=review.id,
        site_id=review.site_id,
        team_id=review.team_id,
        agent_id=agent.id,
        words=words.strip(),
        raised_at=now,
    )
    session.add(objection)
    session.flush()
    session.expire(review, ["objections"])
    _record(session, review, user, "review.objected", now)
    notices.tell(
        session,
        now=now,
        to=_deciders(session, review, agent),
        kind=NoticeKind.OBJECTION_RAISED,
        subject="review",
        subject_uid=review.uid,
        count=len(review.objections),
    )
    return objection


def _deciders(session: Session, review: Review, agent: Agent) -> set[int]:
    """Return who may decide an objection: those who lead, but for whoever judged or still does."""
    busy = session.scalars(
        select(Task.assignee_id)
        .join(Leg, Leg.id == Task.leg_id)
        .where(
            Leg.call_id == review.leg.call_id,
            Task.state == TaskState.CLAIMED,
            Task.assignee_id.is_not(None),
        )
    )
    gave = {review.reviewer_id, agent.user_id, *(revision.by_id for revision in review.revisions)}
    return notices.holders(session, [Role.MANAGER], review.site_id, review.team_id) - gave - {*busy}


def answer_objection(
    session: Session,
    objection: Objection,
    user: User,
    answer: str,
    *,
    upheld: bool,
    sheet: Sheet | None = None,
    score: Score | None = None,
    now: datetime,
) -> None:
    """Decide an objection, with the reason in words; ``sheet`` and ``score`` change the verdict.

    Whoever gave a score of this review, and the agent, may not. The old score stays in the history.
    """
    session.refresh(objection, with_for_update=True)
    if objection.state is not ObjectionState.OPEN:
        raise DomainError("objection_already_answered")
    check_answerer(session, objection, user)
    if not answer.strip():
        raise DomainError("objection_answer_needed")
    if sheet is not None and score is not None:
        if not upheld:
            raise DomainError("objection_not_upheld_keeps_score")
        add_revision(
            session,
            objection.review,
            sheet,
            score,
            cause=RevisionCause.OBJECTION,
            user=user,
            now=now,
        )
    objection.state = ObjectionState.UPHELD if upheld else ObjectionState.NOT_UPHELD
    objection.answer, objection.answered_by_id, objection.answered_at = answer.strip(), user.id, now
    session.flush()
    _record(session, objection.review, user, "review.objection_answered", now, upheld=upheld)
    notices.withdraw(session, NoticeKind.OBJECTION_RAISED, subject_uid=objection.review.uid)
    notices.tell(
        session,
        now=now,
        to=[session.get_one(Agent, objection.agent_id).user_id],
        kind=NoticeKind.OBJECTION_DECIDED,
        subject="review",
        subject_uid=objection.review.uid,
        count=len(objection.review.objections),
    )


def check_answerer(session: Session, objection: Objection, user: User) -> None:
    """Raise ``DomainError`` when this person may not decide this objection."""
    review = objection.review
    revised_by = [revision.by_id for revision in review.revisions]
    if not rules.may_answer_objection(user.id, review.reviewer_id, revised_by):
        raise DomainError("objection_by_reviewer")
    if session.get_one(Agent, objection.agent_id).user_id == user.id:
        raise DomainError("own_call")


def verdict_is_visible(session: Session, review: Review, now: datetime) -> bool:
    """Tell whether the agent of the leg may see this review now."""
    assessment = session.scalar(
        select(SelfAssessment).where(SelfAssessment.leg_id == review.leg_id)
    )
    return rules.verdict_is_visible(review.state, facts_of(assessment), now)


def _own_and_visible(session: Session, review: Review, agent: Agent, now: datetime) -> None:
    if review.leg.agent_id != agent.id:
        raise DomainError("not_own_call")
    if not verdict_is_visible(session, review, now):
        raise DomainError("verdict_not_open")


def _record(
    session: Session, review: Review, user: User, action: str, now: datetime, **more: object
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="review",
        subject_uid=review.uid,
        **more,
    )
