"""Agents ask for help, or for a colleague to pair up with, at a moment of an own call."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from models.calls import Leg
from models.coaching import HelpAnswer, HelpRequest
from models.people import Agent, User
from models.vocab import Role
from models.vocab_learning import HelpKind, HelpState, PartnerState
from models.vocab_rights import NoticeKind
from pipelines import audit, notices
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
    _tell_helpers(session, request, user, now)
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
    if asker:
        _tell_helpers(session, request, user, now)
    else:
        _tell_asker(session, request, now)


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
    notices.withdraw(session, NoticeKind.PARTNER_ASKED, subject_uid=request.uid, also_read=True)
    asked = {partner.user_id}
    _tell(
        session,
        request,
        NoticeKind.PARTNER_ASKED,
        asked - notices.judging(session, asked, request.leg.call_id, now),
        now,
    )


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
    notices.withdraw(session, NoticeKind.PARTNER_ASKED, subject_uid=request.uid)
    if agrees:
        _tell_asker(session, request, now)


def close(session: Session, request: HelpRequest, user: User, *, now: datetime) -> None:
    """End a request: by the agent who asked, or by whoever helps."""
    _open(session, request)
    request.state, request.closed_at = HelpState.CLOSED, now
    session.flush()
    _record(session, request, user, "help.closed", now)
    for kind in (NoticeKind.HELP_ASKED, NoticeKind.PARTNER_ASKED):
        notices.withdraw(session, kind, subject_uid=request.uid)


def reopen(session: Session, request: HelpRequest, user: User, *, now: datetime) -> None:
    """Take the closing back."""
    session.refresh(request, with_for_update=True)
    if request.state is HelpState.CLOSED:
        request.state, request.closed_at = HelpState.OPEN, None
        session.flush()
        _record(session, request, user, "help.reopened", now)


def _tell_helpers(session: Session, request: HelpRequest, by: User, now: datetime) -> None:
    """Tell who trains or leads the team, but for those who judge the call at the moment."""
    helpers = notices.holders(
        session, [Role.TRAINER, Role.MANAGER], request.site_id, request.team_id
    ) - {by.id}
    judging = notices.judging(session, helpers, request.leg.call_id, now)
    _tell(session, request, NoticeKind.HELP_ASKED, helpers - judging, now)


def _tell_asker(session: Session, request: HelpRequest, now: datetime) -> None:
    notices.withdraw(session, NoticeKind.HELP_ASKED, subject_uid=request.uid)
    asker = session.get_one(Agent, request.agent_id).user_id
    _tell(session, request, NoticeKind.HELP_ANSWERED, {asker}, now)


def _tell(
    session: Session,
    request: HelpRequest,
    kind: NoticeKind,
    to: Collection[int | None],
    now: datetime,
) -> None:
    """Tell of a request; each answer, and a colleague who agrees, is news to who has read of it."""
    agreed = request.partner_state is PartnerState.AGREED
    notices.tell(
        session,
        now=now,
        to=to,
        kind=kind,
        subject="help_request",
        subject_uid=request.uid,
        count=len(request.answers) + agreed,
    )


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
