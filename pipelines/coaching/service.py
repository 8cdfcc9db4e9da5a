"""Causes of weak reviews, and talks with agents: what was said, what comes next, what is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.calls import Leg
from models.coaching import (
    CoachingCause,
    CoachingSession,
    CoachingStep,
    CoachingTopic,
    ReviewCause,
)
from models.people import Agent, Site, TeamMember, User
from models.reviews import Answer, Review
from models.vocab import ReviewState
from models.vocab_learning import CoachingKind
from models.vocab_rights import NoticeKind
from pipelines import audit, notices
from pipelines.coaching import rules
from pipelines.outcomes import DomainError

MOST_CAUSES, MOST_STEPS = 30, 20


@dataclass(frozen=True)
class Step:
    """A next step to agree on."""

    words: str
    due_on: date | None


def causes_of(session: Session, site_id: int) -> tuple[rules.Cause, ...]:
    """Return a site's list of causes, or the ready-made one."""
    rows = session.scalars(
        select(CoachingCause)
        .where(CoachingCause.site_id == site_id)
        .order_by(CoachingCause.position)
    ).all()
    return tuple(rules.Cause(row.code, dict(row.text)) for row in rows) or rules.DEFAULT_CAUSES


def set_causes(
    session: Session,
    site: Site,
    causes: Sequence[rules.Cause],
    *,
    user: User,
    now: datetime,
) -> None:
    """Replace a site's list; an empty one brings the ready-made list back.

    Causes that were given before keep the text they had.
    """
    if len(causes) > MOST_CAUSES:
        raise DomainError("causes_too_many", most=MOST_CAUSES)
    if any(not all(cause.text.get(name) for name in ("en", "zh_Hans")) for cause in causes):
        raise DomainError("cause_language_missing")
    codes = [cause.code for cause in causes]
    if len(set(codes)) < len(codes):
        raise DomainError("cause_twice")
    session.execute(delete(CoachingCause).where(CoachingCause.site_id == site.id))
    session.add_all(
        CoachingCause(site_id=site.id, code=cause.code, position=place, text=cause.text)
        for place, cause in enumerate(causes, start=1)
    )
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action="coaching.causes_set",
        subject="site",
        subject_uid=site.uid,
        causes=codes,
    )
    session.flush()


def set_cause(
    session: Session, review: Review, code: str, words: str, *, user: User, now: datetime
) -> ReviewCause:
    """Say what lies behind a review below the pass line; said again, it replaces what was said."""
    current = review.current
    if review.state is not ReviewState.SUBMITTED or current is None:
        raise DomainError("cause_not_asked")
    if not rules.asks_for_cause(passed=current.passed, failed_critical=current.failed_critical):
        raise DomainError("cause_not_asked")
    cause = next((one for one in causes_of(session, review.site_id) if one.code == code), None)
    if cause is None:
        raise DomainError("cause_unknown")
    row = session.scalar(select(ReviewCause).where(ReviewCause.review_id == review.id))
    if row is None:
        row = ReviewCause(review_id=review.id, site_id=review.site_id)
        session.add(row)
    row.code, row.text, row.words = cause.code, cause.text, words.strip()
    row.by_id, row.at = user.id, now
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action="coaching.cause_set",
        subject="review",
        subject_uid=review.uid,
        cause=cause.code,
    )
    session.flush()
    return row


def record_talk(
    session: Session,
    agent: Agent,
    coach: User,
    *,
    kind: CoachingKind,
    held_on: date,
    words: str,
    review: Review | None = None,
    leg: Leg | None = None,
    criterion_ids: Sequence[int] = (),
    steps: Sequence[Step] = (),
    now: datetime,
) -> CoachingSession:
    """Write down a talk or a note, about a review with some of its criteria, or about a call."""
    if agent.user_id == coach.id:
        raise DomainError("coaching_oneself")
    if not words.strip():
        raise DomainError("coaching_words_needed")
    if review is not None:
        if review.leg.agent_id != agent.id or review.state is not ReviewState.SUBMITTED:
            raise DomainError("coaching_other_agent")
        known = set(
            session.scalars(
                select(Answer.criterion_id).where(Answer.revision_id == review.current_revision_id)
            )
        )
        criterion_ids = [one for one in criterion_ids if one in known]
        leg = review.leg
    if leg is not None and leg.agent_id != agent.id:
        raise DomainError("coaching_other_agent")
    kept = [step for step in steps if step.words.strip()]
    if len(kept) > MOST_STEPS:
        raise DomainError("coaching_steps_many", most=MOST_STEPS)
    made = CoachingSession(
        site_id=agent.site_id,
        team_id=_team_on(session, agent, held_on),
        agent_id=agent.id,
        coach_id=coach.id,
        kind=kind,
        held_on=held_on,
        review_id=review.id if review else None,
        leg_id=leg.id if leg else None,
        words=words.strip(),
        created_at=now,
        topics=[
            CoachingTopic(criterion_id=one)
            for one in (dict.fromkeys(criterion_ids) if review else ())
        ],
        steps=[CoachingStep(words=step.words.strip(), due_on=step.due_on) for step in kept],
    )
    session.add(made)
    session.flush()
    _record(session, made, coach, "coaching.recorded", now, steps=len(kept))
    tell_agent(session, made, now=now)
    return made


def tell_agent(session: Session, coaching: CoachingSession, *, now: datetime) -> None:
    """Tell the agent of a talk or note; not yet while their own view of its call is asked for."""
    user_id = session.get_one(Agent, coaching.agent_id).user_id
    call_id = coaching.leg.call_id if coaching.leg else None
    if call_id is not None and notices.judging(session, [user_id], call_id, now):
        return
    notices.tell(
        session,
        now=now,
        to=[user_id],
        kind=NoticeKind.COACHING,
        subject="coaching_session",
        subject_uid=coaching.uid,
    )


def _team_on(session: Session, agent: Agent, day: date) -> int | None:
    return session.scalar(
        select(TeamMember.team_id)
        .where(
            TeamMember.agent_id == agent.id,
            TeamMember.valid_from <= day,
            TeamMember.valid_to.is_(None) | (TeamMember.valid_to > day),
        )
        .order_by(TeamMember.valid_from.desc())
        .limit(1)
    )


def add_step(
    session: Session, coaching: CoachingSession, step: Step, user: User, *, now: datetime
) -> CoachingStep:
    """Agree on one more step; by the coach or by the agent."""
    if not step.words.strip():
        raise DomainError("coaching_step_words")
    if len(coaching.steps) >= MOST_STEPS:
        raise DomainError("coaching_steps_many", most=MOST_STEPS)
    row = CoachingStep(session_id=coaching.id, words=step.words.strip(), due_on=step.due_on)
    session.add(row)
    session.flush()
    session.expire(coaching, ["steps"])
    _record(session, coaching, user, "coaching.step_added", now)
    return row


def mark_step(
    session: Session, step: CoachingStep, user: User, *, done: bool, now: datetime
) -> None:
    """Mark a step as done, or take the mark back."""
    if done == (step.done_at is not None):
        return
    step.done_at, step.done_by_id = (now, user.id) if done else (None, None)
    session.flush()
    action = "coaching.step_done" if done else "coaching.step_reopened"
    _record(session, step.coaching, user, action, now)


def answer_talk(
    session: Session, coaching: CoachingSession, user: User, words: str, *, now: datetime
) -> None:
    """Let the agent say that it was read, and add own words; nobody else may."""
    if session.get_one(Agent, coaching.agent_id).user_id != user.id:
        raise DomainError("coaching_not_yours")
    coaching.agent_words = words.strip()
    coaching.read_at = coaching.read_at or now
    session.flush()
    _record(session, coaching, user, "coaching.answered", now)


def drop_talk(session: Session, coaching: CoachingSession, user: User, *, now: datetime) -> None:
    """Delete what was written, by its author, before the agent has read it."""
    if coaching.coach_id != user.id:
        raise DomainError("coaching_not_yours")
    if coaching.read_at is not None:
        raise DomainError("coaching_was_read")
    _record(session, coaching, user, "coaching.dropped", now)
    notices.withdraw(session, NoticeKind.COACHING, subject_uid=coaching.uid, also_read=True)
    session.delete(coaching)
    session.flush()


def _record(
    session: Session,
    coaching: CoachingSession,
    user: User,
    action: str,
    now: datetime,
    **more: object,
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="coaching_session",
        subject_uid=coaching.uid,
        **more,
    )
