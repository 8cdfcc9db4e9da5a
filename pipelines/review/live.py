"""Calls judged while they are heard: begun, kept as a draft, submitted, and found again later.

A live call is on no file yet, so its review waits outside of ``review`` (docs/decisions/0015) until
the call is imported; then ``pipelines.evaluation.settle_live`` makes the review that others see.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.calls import Call, Leg, Project
from models.people import Agent, TeamMember, User
from models.reviewing import LiveReview
from models.vocab import ReviewState
from pipelines import audit
from pipelines.outcomes import DomainError, Sheet
from pipelines.review import rules
from pipelines.review.service import published_version

LONGEST_CALL = timedelta(hours=12)
LOOKED_FOR = timedelta(days=90)
"""A call that was not imported by then is not expected any more."""


def begin(
    session: Session, agent: Agent, project: Project, user: User, *, now: datetime
) -> LiveReview:
    """Begin to judge a call that the agent is on.

    Raises ``own_call``, ``project_elsewhere`` and ``no_scorecard_for_project``.
    """
    if agent.user_id == user.id:
        raise DomainError("own_call")
    if agent.site_id != project.site_id:
        raise DomainError("project_elsewhere", project=project.name)
    live = LiveReview(
        site_id=agent.site_id,
        team_id=_team_of(session, agent, now),
        agent_id=agent.id,
        project_id=project.id,
        version_id=published_version(session, project.id, None),
        reviewer_id=user.id,
        draft={},
        begun_at=now,
        saved_at=now,
    )
    session.add(live)
    session.flush()
    _record(session, live, user, "live.begun", now)
    return live


def _team_of(session: Session, agent: Agent, now: datetime) -> int | None:
    today = now.date()
    return session.scalar(
        select(TeamMember.team_id)
        .where(
            TeamMember.agent_id == agent.id,
            TeamMember.valid_from <= today,
            or_(TeamMember.valid_to.is_(None), TeamMember.valid_to > today),
        )
        .order_by(TeamMember.valid_from.desc())
        .limit(1)
    )


def save(
    session: Session,
    live: LiveReview,
    sheet: Sheet,
    summary: str,
    *,
    lock_version: int,
    user: User,
    now: datetime,
    notes: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Keep what has been written so far; ``draft_conflict`` as for reviews."""
    _writable(session, live, user, lock_version)
    live.draft, live.summary, live.notes, live.saved_at = sheet, summary, list(notes), now
    session.flush()


def submit(
    session: Session,
    live: LiveReview,
    sheet: Sheet,
    summary: str,
    *,
    lock_version: int,
    user: User,
    now: datetime,
    notes: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Close the draft with a sheet that the caller has checked; it never changes again."""
    _writable(session, live, user, lock_version)
    live.draft, live.summary, live.notes = sheet, summary, list(notes)
    live.state, live.submitted_at, live.saved_at = ReviewState.SUBMITTED, now, now
    session.flush()
    _record(session, live, user, "live.submitted", now)


def discard(session: Session, live: LiveReview, user: User, *, now: datetime) -> None:
    """Delete a draft: the call was not the one, or not heard to its end."""
    _writable(session, live, user, live.lock_version)
    _record(session, live, user, "live.discarded", now)
    session.delete(live)
    session.flush()


def _writable(session: Session, live: LiveReview, user: User, lock_version: int) -> None:
    session.refresh(live, with_for_update=True)
    if live.reviewer_id != user.id:
        raise DomainError("review_not_yours")
    if live.state is not ReviewState.DRAFT:
        raise DomainError("review_already_submitted")
    if live.lock_version != lock_version:
        raise DomainError(
            "draft_conflict",
            sheet=live.draft,
            summary=live.summary,
            notes=live.notes,
            saved_at=live.saved_at.isoformat(),
            lock_version=live.lock_version,
        )


def waiting(session: Session, now: datetime) -> Sequence[LiveReview]:
    """Return submitted live reviews whose call has not been found, oldest first.

    All of the last ``LOOKED_FOR``: those whose call never comes keep no other waiting. They are
    held, so that two runs at once make one review of each.
    """
    return session.scalars(
        select(LiveReview)
        .where(
            LiveReview.state == ReviewState.SUBMITTED,
            LiveReview.leg_id.is_(None),
            # Without a reviewer it is anonymous already: nobody could answer for it.
            LiveReview.reviewer_id.is_not(None),
            LiveReview.begun_at > now - LOOKED_FOR,
        )
        .order_by(LiveReview.begun_at, LiveReview.id)
        .with_for_update(of=LiveReview)
        .execution_options(populate_existing=True)
    ).all()


def leg_of(session: Session, live: LiveReview) -> Leg | None:
    """Return the leg that was heard, by agent, project and time, once its call is imported.

    A leg that another live review was found to be about is not taken twice by the same person.
    """
    if live.submitted_at is None:
        return None
    taken = select(LiveReview.leg_id).where(
        LiveReview.reviewer_id == live.reviewer_id, LiveReview.leg_id.is_not(None)
    )
    legs = session.scalars(
        select(Leg)
        .join(Call, Call.id == Leg.call_id)
        .where(
            Leg.agent_id == live.agent_id,
            Call.project_id == live.project_id,
            Leg.talk_ms > 0,
            Leg.started_at.between(live.begun_at - LONGEST_CALL, live.submitted_at),
            Leg.id.not_in(taken),
        )
    ).all()
    found = rules.heard_live(
        live.begun_at,
        live.submitted_at,
        (
            rules.Talk(
                leg.id,
                leg.started_at,
                leg.started_at + timedelta(milliseconds=leg.talk_ms + leg.hold_ms),
            )
            for leg in legs
        ),
    )
    return next((leg for leg in legs if leg.id == found), None)


def _record(session: Session, live: LiveReview, user: User, action: str, now: datetime) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="live_review",
        subject_uid=live.uid,
    )
