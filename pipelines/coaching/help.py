"""Agents ask for help, or for a colleague to pair up with, at a moment of an own call."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.calls import Leg
from models.coaching import HelpAnswer, HelpRequest
from models.people import Agent, User
from models.vocab_learning import HelpKind, HelpState, PartnerState
from pipelines import audit
from pipelines.outcomes import DomainError


def ask(
    session: Session,
    leg: Leg,
    agent: Agent,
    user: User,
    *,
    kind: HelpKind,
    words: str,
    at_ms: int | None,
    now: datetime,
) -> HelpRequest:
    """Ask the team's trainers and managers; ``at_ms`` is the moment in the recording, if any."""
    if leg.agent_id != agent.id:
        raise DomainError("not_own_call")
    request = HelpRequest(
        site_id=leg.site_id,
        team_id=leg.team_id,
        leg_id=leg.id,
        agent_id=agent.id,
        kind=kind,
        at_ms=at_ms,
        words=words.strip(),
        asked_at=now,
    )
    session.add(request)
    session.flush()
    _record(session, request, user, "help.asked", now, kind=kind.value)
    return request


def answer(
    session: Session, request: HelpRequest, user: User, words: str, *, now: datetime
) -> None:
    """Add words to a request: those who help answer it, the agent who asked opens it again."""
    _open(session, request)
    if not words.strip():
        raise DomainError("help_words_needed")
    session.add(HelpAnswer(request_id=request.id, by_id=user.id, words=words.strip(), at=now))
    asker = session.get_one(Agent, request.agent_id).user_id == user.id
    request.state = HelpState.OPEN if asker else HelpState.ANSWERED
    session.flush()
    session.expire(request, ["answers"])
    _record(session, request, user, "help.answered", now)


def offer_partner(
    session: Session, request: HelpRequest, partner: Agent, user: User, *, now: datetime
) -> None:
    """Ask a colleague of the same site, who signs in here, to pair up with the agent."""
    _open(session, request)
    if partner.id == request.agent_id:
        raise DomainError("help_partner_self")
    if partner.site_id != request.site_id or partner.user_id is None:
        raise DomainError("help_partner_unfit")
    request.partner_id, request.partner_state = partner.id, PartnerState.ASKED
    session.flush()
    session.expire(request, ["partner"])
    _record(session, request, user, "help.partner_asked", now)


def reply_as_partner(
    session: Session, request: HelpRequest, user: User, *, agrees: bool, now: datetime
) -> None:
    """Let the colleague who was asked agree or decline; agreeing answers the request."""
    _open(session, request)
    partner = session.get(Agent, request.partner_id) if request.partner_id else None
    if partner is None or partner.user_id != user.id:
        raise DomainError("help_not_yours")
    request.partner_state = PartnerState.AGREED if agrees else PartnerState.DECLINED
    request.state = HelpState.ANSWERED if agrees else HelpState.OPEN
    session.flush()
    _record(session, request, user, "help.partner_replied", now, agrees=agrees)


def close(session: Session, request: HelpRequest, user: User, *, now: datetime) -> None:
    """End a request: by the agent who asked, or by whoever helps."""
    _open(session, request)
    request.state, request.closed_at = HelpState.CLOSED, now
    session.flush()
    _record(session, request, user, "help.closed", now)


def reopen(session: Session, request: HelpRequest, user: User, *, now: datetime) -> None:
    """Take the closing back."""
    session.refresh(request, with_for_update=True)
    if request.state is HelpState.CLOSED:
        request.state, request.closed_at = HelpState.OPEN, None
        session.flush()
        _record(session, request, user, "help.reopened", now)


def _open(session: Session, request: HelpRequest) -> None:
    session.refresh(request, with_for_update=True)
    if request.state is HelpState.CLOSED:
        raise DomainError("help_closed")


def _record(
    session: Session, request: HelpRequest, user: User, action: str, now: datetime, **more: object
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="help_request",
        subject_uid=request.uid,
        **more,
    )
