"""Disputes: single criteria of a review, raised by its agent, decided by somebody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Call, Leg, Project
from models.disputes import Dispute, DisputeItem, DisputeRule
from models.people import Agent, Site, User
from models.reviews import Answer, Review, SelfAssessment
from models.vocab import RevisionCause
from models.vocab_learning import DisputeReason, DisputeResult, DisputeState
from models.vocab_rights import NoticeKind
from pipelines import audit, notices
from pipelines.outcomes import AnswerState, DomainError, Score, Sheet
from pipelines.review import rules
from pipelines.review.feedback import deciders, verdict_is_visible
from pipelines.review.verdicts import add_revision, current_sheet

LONGEST_DAYS = 365


@dataclass(frozen=True)
class Days:
    """How long a review may be disputed, and how long deciding may take, in days."""

    window: int
    decide: int


@dataclass(frozen=True)
class Claim:
    """What an agent says of one criterion: why it is seen differently, and where in the call."""

    criterion_id: int
    reason: DisputeReason
    words: str
    evidence: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Ruling:
    """What the decider says of one disputed criterion."""

    result: DisputeResult
    answer: str


def days_of(session: Session, site_id: int, project_id: int | None) -> Days:
    """Return the days that hold for a project: its own, its site's, or the defaults."""
    rows = session.scalars(
        select(DisputeRule).where(
            DisputeRule.site_id == site_id,
            DisputeRule.project_id.is_(None) | (DisputeRule.project_id == project_id),
        )
    ).all()
    own = [row for row in rows if row.project_id is not None] or list(rows)
    if not own:
        return Days(rules.DISPUTE_DAYS, rules.DECIDE_DAYS)
    return Days(own[0].window_days, own[0].decide_days)


def set_days(
    session: Session,
    site: Site,
    project: Project | None,
    days: Days | None,
    *,
    user: User,
    now: datetime,
) -> None:
    """Set, change or (``days`` null) remove the days of a site or of one of its projects."""
    if project is not None and project.site_id != site.id:
        raise DomainError("project_elsewhere", project=project.code, site=site.code)
    if days is not None and not all(
        1 <= value <= LONGEST_DAYS for value in (days.window, days.decide)
    ):
        raise DomainError("dispute_days_unfit", longest=LONGEST_DAYS)
    project_id = project.id if project else None
    row = session.scalar(
        select(DisputeRule).where(
            DisputeRule.site_id == site.id,
            DisputeRule.project_id.is_(None)
            if project_id is None
            else DisputeRule.project_id == project_id,
        )
    )
    if days is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(
            DisputeRule(
                site_id=site.id,
                project_id=project_id,
                window_days=days.window,
                decide_days=days.decide,
            )
        )
    else:
        row.window_days, row.decide_days = days.window, days.decide
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action="dispute.days_set",
        subject="site",
        subject_uid=site.uid,
        project=str(project.uid) if project else None,
        window=days.window if days else None,
        decide=days.decide if days else None,
    )
    session.flush()


def window_ends(session: Session, review: Review) -> datetime:
    """Return until when a submitted review can be disputed."""
    if review.submitted_at is None:
        raise DomainError("verdict_not_open")
    # One that nobody asked for may be begun at any time, and would open the window anew.
    assessment = session.scalar(
        select(SelfAssessment).where(
            SelfAssessment.leg_id == review.leg_id, SelfAssessment.voluntary.is_(False)
        )
    )
    opened = rules.verdict_opened_at(
        review.submitted_at,
        assessment.submitted_at if assessment else None,
        assessment.due_at if assessment else None,
    )
    return opened + timedelta(days=_days_of_review(session, review).window)


def _days_of_review(session: Session, review: Review) -> Days:
    leg = session.get_one(Leg, review.leg_id)
    call = session.get_one(Call, leg.call_id)
    return days_of(session, review.site_id, call.project_id)


def raise_dispute(
    session: Session,
    review: Review,
    agent: Agent,
    user: User,
    claims: Sequence[Claim],
    *,
    now: datetime,
) -> Dispute:
    """Take what an agent disputes of an own review; each criterion once, within the window."""
    session.refresh(review, with_for_update=True)
    if review.leg.agent_id != agent.id:
        raise DomainError("not_own_call")
    if not verdict_is_visible(session, review, now) or review.current_revision_id is None:
        raise DomainError("verdict_not_open")
    if not claims:
        raise DomainError("dispute_empty")
    if now >= window_ends(session, review):
        raise DomainError("dispute_too_late")
    _check_claims(session, review, claims)
    dispute = Dispute(
        review_id=review.id,
        site_id=review.site_id,
        team_id=review.team_id,
        agent_id=agent.id,
        raised_at=now,
        due_at=now + timedelta(days=_days_of_review(session, review).decide),
        before_id=review.current_revision_id,
        items=[
            DisputeItem(
                review_id=review.id,
                criterion_id=claim.criterion_id,
                reason=claim.reason,
                words=claim.words.strip(),
                evidence=list(claim.evidence),
            )
            for claim in claims
        ],
    )
    session.add(dispute)
    session.flush()
    _record(session, dispute, user, "dispute.raised", now, criteria=len(claims))
    notices.tell(
        session,
        now=now,
        to=deciders(session, review, agent, now),
        kind=NoticeKind.DISPUTE_RAISED,
        subject="dispute",
        subject_uid=dispute.uid,
    )
    return dispute


def _check_claims(session: Session, review: Review, claims: Sequence[Claim]) -> None:
    asked = [claim.criterion_id for claim in claims]
    before = set(
        session.scalars(select(DisputeItem.criterion_id).where(DisputeItem.review_id == review.id))
    )
    if before & set(asked) or len(set(asked)) < len(asked):
        raise DomainError("dispute_once")
    judged = set(
        session.scalars(
            select(Answer.criterion_id).where(Answer.revision_id == review.current_revision_id)
        )
    )
    if not set(asked) <= judged:
        raise DomainError("dispute_not_judged")
    if not all(claim.words.strip() for claim in claims):
        raise DomainError("objection_words_needed")


def withdraw(session: Session, dispute: Dispute, user: User, *, now: datetime) -> None:
    """Take an undecided dispute back; its criteria may then be disputed anew."""
    session.refresh(dispute, with_for_update=True)
    if session.get_one(Agent, dispute.agent_id).user_id != user.id:
        raise DomainError("not_own_call")
    if dispute.state is not DisputeState.OPEN:
        raise DomainError("dispute_decided")
    _record(session, dispute, user, "dispute.withdrawn", now)
    notices.withdraw(session, NoticeKind.DISPUTE_RAISED, subject_uid=dispute.uid, also_read=True)
    session.delete(dispute)
    session.flush()


def check_decider(session: Session, dispute: Dispute, user: User) -> None:
    """Raise ``DomainError`` when this person may not decide this dispute."""
    review = dispute.review
    gave = [revision.by_id for revision in review.revisions]
    if not rules.may_answer_objection(user.id, review.reviewer_id, gave):
        raise DomainError("dispute_by_reviewer")
    if session.get_one(Agent, dispute.agent_id).user_id == user.id:
        raise DomainError("own_call")


def decide(
    session: Session,
    dispute: Dispute,
    user: User,
    rulings: Mapping[int, Ruling],
    *,
    sheet: Sheet,
    score: Score,
    now: datetime,
) -> None:
    """Decide every criterion of a dispute (``rulings`` by item id), with reasons.

    ``sheet`` and ``score`` are the whole sheet with the new answers; they become the next revision
    when something was upheld. The score that was disputed stays in the history.
    """
    session.refresh(dispute, with_for_update=True)
    if dispute.state is not DisputeState.OPEN:
        raise DomainError("dispute_decided")
    check_decider(session, dispute, user)
    before = _earned(session, dispute)
    after = {part.criterion_id: part for part in score.criteria}
    for item in dispute.items:
        ruling = rulings.get(item.id)
        if ruling is None:
            raise DomainError("dispute_result_needed")
        if not ruling.answer.strip():
            raise DomainError("objection_answer_needed")
        part = after[item.criterion_id]
        problem = rules.decision_problem(
            rules.Decision(
                ruling.result,
                before.get(item.criterion_id, 0),
                part.earned,
                not_applicable=part.state is AnswerState.NOT_APPLICABLE,
            )
        )
        if problem:
            raise DomainError(problem, criterion=item.criterion.lineage)
        item.result, item.answer = ruling.result, ruling.answer.strip()
    upheld = [item for item in dispute.items if item.result is not DisputeResult.NOT_UPHELD]
    if upheld:
        current = dispute.review.current
        if current is not None and rules.score_falls(
            (current.earned, current.attainable), (score.earned, score.attainable)
        ):
            raise DomainError("dispute_lowers")
        revision = add_revision(
            session,
            dispute.review,
            sheet,
            score,
            cause=RevisionCause.DISPUTE,
            user=user,
            now=now,
        )
        dispute.revision_id = revision.id
    dispute.state, dispute.decided_at, dispute.decided_by_id = DisputeState.DECIDED, now, user.id
    session.flush()
    _record(
        session,
        dispute,
        user,
        "dispute.decided",
        now,
        upheld=len(upheld),
        criteria=len(dispute.items),
    )
    notices.withdraw(session, NoticeKind.DISPUTE_RAISED, subject_uid=dispute.uid)
    decided = select(func.count(Dispute.id)).where(
        Dispute.review_id == dispute.review_id, Dispute.state == DisputeState.DECIDED
    )
    notices.tell(
        session,
        now=now,
        to=[session.get_one(Agent, dispute.agent_id).user_id],
        kind=NoticeKind.DISPUTE_DECIDED,
        subject="review",
        subject_uid=dispute.review.uid,
        count=session.scalar(decided) or 0,
    )


def _earned(session: Session, dispute: Dispute) -> dict[int, int]:
    """Return what each criterion earns in the score that stands now."""
    rows = session.execute(
        select(Answer.criterion_id, Answer.earned).where(
            Answer.revision_id == dispute.review.current_revision_id
        )
    )
    return {row.criterion_id: row.earned for row in rows}


def decided_sheet(
    dispute: Dispute, rulings: Mapping[int, Ruling], answers: Mapping[str, Any]
) -> Sheet:
    """Return the sheet that stands after these rulings.

    ``answers`` (lineage to a sheet's entry) count for criteria that are upheld, and for those that
    had no answer because their condition was closed; all others keep what they were given. The
    reasons of the ruling and the agent's evidence stand beside an upheld answer.
    """
    sheet = current_sheet(dispute.review)
    for lineage, entry in answers.items():
        if lineage not in sheet and entry.get("answer") not in (None, ""):
            sheet[lineage] = dict(entry)
    for item in dispute.items:
        lineage, ruling = item.criterion.lineage, rulings.get(item.id)
        if ruling is None or ruling.result in {DisputeResult.OPEN, DisputeResult.NOT_UPHELD}:
            continue
        known = sheet.get(lineage, {})
        given = answers.get(lineage, {}).get("answer")
        sheet[lineage] = {
            "answer": known.get("answer") if given in (None, "") else given,
            "comment": ruling.answer.strip(),
            "reason": None,
            "evidence": [*known.get("evidence", ()), *item.evidence],
        }
    return sheet


def _record(
    session: Session, dispute: Dispute, user: User, action: str, now: datetime, **more: object
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="dispute",
        subject_uid=dispute.uid,
        **more,
    )
