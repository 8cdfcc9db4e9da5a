"""Agents' evaluations of their own legs: asked for beside a review, or begun unasked."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Leg
from models.people import Agent, User
from models.reviews import SelfAssessment
from models.vocab import AssessmentState
from pipelines import audit, days
from pipelines.outcomes import DomainError, Score, Sheet
from pipelines.review import rules
from pipelines.review.verdicts import answers_of


def facts_of(assessment: SelfAssessment | None) -> rules.AssessmentFacts | None:
    """Give the rules what they need of a row."""
    if assessment is None:
        return None
    return rules.AssessmentFacts(assessment.state, assessment.due_at)


def start_voluntary(
    session: Session, leg: Leg, agent: Agent, version_id: int, *, now: datetime
) -> SelfAssessment:
    """Begin an unasked self-assessment of one's own leg, or return the one there is."""
    if leg.agent_id != agent.id:
        raise DomainError("not_own_call")
    existing = session.scalar(
        select(SelfAssessment).where(
            SelfAssessment.leg_id == leg.id, SelfAssessment.agent_id == agent.id
        )
    )
    if existing is not None:
        return existing
    assessment = SelfAssessment(
        site_id=leg.site_id,
        team_id=leg.team_id,
        leg_id=leg.id,
        agent_id=agent.id,
        version_id=version_id,
        voluntary=True,
        draft={},
        saved_at=now,
    )
    session.add(assessment)
    session.flush()
    return assessment


def save_assessment_draft(
    session: Session,
    assessment: SelfAssessment,
    sheet: Sheet,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Keep what the agent has written so far, valid or not; ``draft_conflict`` as for reviews."""
    _writable(session, assessment, user, lock_version, now)
    assessment.draft, assessment.saved_at = sheet, now
    session.flush()


def submit_assessment(
    session: Session,
    assessment: SelfAssessment,
    sheet: Sheet,
    score: Score,
    *,
    lock_version: int,
    user: User,
    now: datetime,
) -> None:
    """Turn a draft into the agent's own score, with its answers."""
    _writable(session, assessment, user, lock_version, now)
    if score.missing:
        raise DomainError("sheet_incomplete", criteria=list(score.missing))
    assessment.state, assessment.submitted_at = AssessmentState.SUBMITTED, now
    assessment.earned, assessment.attainable = score.earned, score.attainable
    assessment.draft, assessment.saved_at = {}, now
    session.add_all(answers_of(sheet, score, self_assessment_id=assessment.id))
    session.flush()
    _mark(session, assessment)
    _record(session, assessment, user, "self_assessment.submitted", now)


def discard_voluntary(
    session: Session, assessment: SelfAssessment, user: User, *, now: datetime
) -> None:
    """Drop an unasked self-assessment that was never submitted."""
    session.refresh(assessment, with_for_update=True)
    if not assessment.voluntary or assessment.state is not AssessmentState.ASKED:
        raise DomainError("assessment_not_discardable")
    _record(session, assessment, user, "self_assessment.discarded", now)
    session.delete(assessment)
    session.flush()


def lapse_assessments(session: Session, *, now: datetime) -> int:
    """Close asked self-assessments whose time ran out; what was written stays in the draft."""
    late = session.scalars(
        select(SelfAssessment)
        .where(
            SelfAssessment.state == AssessmentState.ASKED,
            SelfAssessment.due_at.is_not(None),
            SelfAssessment.due_at <= now,
        )
        # One that is being saved in its last second is passed over until the next run.
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for assessment in late:
        assessment.state = AssessmentState.LAPSED
        _mark(session, assessment)
        _record(session, assessment, None, "self_assessment.lapsed", now)
    session.flush()
    return len(late)


def _writable(
    session: Session, assessment: SelfAssessment, user: User, lock_version: int, now: datetime
) -> None:
    session.refresh(assessment, with_for_update=True)
    agent = session.get_one(Agent, assessment.agent_id)
    if agent.user_id != user.id:
        raise DomainError("assessment_not_yours")
    if assessment.state is AssessmentState.SUBMITTED:
        raise DomainError("assessment_already_submitted")
    if not rules.assessment_is_open(facts_of(assessment), now):
        raise DomainError("assessment_lapsed")
    if assessment.lock_version != lock_version:
        saved_at = assessment.saved_at
        raise DomainError(
            "draft_conflict",
            sheet=assessment.draft,
            summary="",
            saved_at=saved_at.isoformat() if saved_at else None,
            lock_version=assessment.lock_version,
        )


def _mark(session: Session, assessment: SelfAssessment) -> None:
    leg = session.get_one(Leg, assessment.leg_id)
    days.mark_dirty(session, [(leg.site_id, leg.local_date)])


def _record(
    session: Session, assessment: SelfAssessment, user: User | None, action: str, now: datetime
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid if user else None,
        action=action,
        subject="self_assessment",
        subject_uid=assessment.uid,
    )
