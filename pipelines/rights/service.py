"""The register of requests, and the limits of a site: kept, answered, written down."""

import uuid
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Customer
from models.people import Agent, Site, User
from models.rights import RightsRequest, SiteLimits
from models.vocab import Role
from models.vocab_rights import (
    NoticeKind,
    PersonFigures,
    RequestKind,
    RequestOf,
    RequestState,
)
from pipelines import audit, notices
from pipelines.outcomes import DomainError
from pipelines.rights import rules

USUAL_DAYS = 30


def limits_of(session: Session, site_id: int) -> SiteLimits:
    """Return what a site has decided, or a row with the defaults that is not in the database."""
    return session.get(SiteLimits, site_id) or SiteLimits(
        site_id=site_id, person_figures=PersonFigures.MANAGER, request_days=USUAL_DAYS
    )


def set_limits(
    session: Session,
    site: Site,
    *,
    person_figures: PersonFigures,
    request_days: int,
    now: datetime,
    actor: uuid.UUID | None,
) -> None:
    """Decide who sees figures about single persons, and how long requests may take."""
    if not 1 <= request_days <= rules.LONGEST_DAYS:
        raise DomainError("request_days_unfit", longest=rules.LONGEST_DAYS)
    row = session.get(SiteLimits, site.id)
    if row is None:
        row = SiteLimits(site_id=site.id)
        session.add(row)
    row.person_figures, row.request_days, row.changed_at = person_figures, request_days, now
    session.flush()
    audit.record(
        session,
        now=now,
        actor=actor,
        action="limits.set",
        subject="site",
        subject_uid=site.uid,
        person_figures=person_figures.value,
        request_days=request_days,
    )


def file_request(
    session: Session,
    site: Site,
    *,
    kind: RequestKind,
    whose: RequestOf,
    agent: Agent | None = None,
    reference: str = "",
    words: str = "",
    received_on: date,
    due_on: date | None = None,
    now: datetime,
    user: User | None,
) -> RightsRequest:
    """Enter a request; without ``due_on`` it is due when the site says. Admins are told.

    Raises ``request_agent_missing`` or ``request_reference_missing`` when nobody is named,
    ``request_holds_number`` for a telephone number or e-mail address in its words,
    ``request_due_early`` when it would be due before it came.
    """
    if whose is RequestOf.AGENT and agent is None:
        raise DomainError("request_agent_missing")
    if agent is not None and agent.site_id != site.id:
        raise DomainError("request_agent_missing")
    if whose is RequestOf.CUSTOMER and not reference.strip():
        raise DomainError("request_reference_missing")
    if rules.names_a_person(reference) or rules.names_a_person(words):
        raise DomainError("request_holds_number")
    days = limits_of(session, site.id).request_days
    due = due_on or rules.due_on(received_on, days)
    if due < received_on:
        raise DomainError("request_due_early")
    request = RightsRequest(
        site_id=site.id,
        kind=kind,
        whose=whose,
        agent_id=agent.id if agent and whose is RequestOf.AGENT else None,
        reference=reference.strip(),
        words=words.strip(),
        received_on=received_on,
        due_on=due,
        filed_at=now,
        filed_by_id=user.id if user else None,
    )
    session.add(request)
    session.flush()
    _record(session, request, user, "request.filed", now)
    notices.tell(
        session,
        now=now,
        to=notices.holders(session, [Role.ADMIN], site.id, None) - {user.id if user else 0},
        kind=NoticeKind.REQUEST_FILED,
        subject="rights_request",
        subject_uid=request.uid,
        until=due.isoformat(),
    )
    return request


def close_request(
    session: Session,
    request: RightsRequest,
    *,
    granted: bool,
    answer: str,
    now: datetime,
    user: User,
) -> None:
    """Answer a request: what was done, or why it is refused. The agent concerned is told.

    Nobody answers a request about themselves (``request_own``).
    """
    _open(session, request)
    agent = session.get(Agent, request.agent_id) if request.agent_id else None
    if agent is not None and agent.user_id == user.id:
        raise DomainError("request_own")
    if not answer.strip():
        raise DomainError("request_answer_needed")
    if rules.names_a_person(answer):
        raise DomainError("request_holds_number")
    request.state = RequestState.DONE if granted else RequestState.REFUSED
    request.answer, request.closed_at, request.closed_by_id = answer.strip(), now, user.id
    session.flush()
    _record(session, request, user, "request.closed", now, state=request.state.value)
    notices.withdraw(session, NoticeKind.REQUEST_FILED, subject_uid=request.uid)
    if agent is not None:
        notices.tell(
            session,
            now=now,
            to=[agent.user_id],
            kind=NoticeKind.REQUEST_CLOSED,
            subject="rights_request",
            subject_uid=request.uid,
        )


def move_due(
    session: Session, request: RightsRequest, due_on: date, *, now: datetime, user: User
) -> None:
    """Give a request another due day, which the log keeps beside the old one."""
    _open(session, request)
    if due_on < request.received_on:
        raise DomainError("request_due_early")
    before, request.due_on = request.due_on, due_on
    session.flush()
    _record(
        session,
        request,
        user,
        "request.due_moved",
        now,
        before=before.isoformat(),
        due=due_on.isoformat(),
    )


def name_customer(
    session: Session, request: RightsRequest, customer: Customer, *, now: datetime, user: User
) -> None:
    """Tie a request to the customer that it is about."""
    _open(session, request)
    if request.whose is not RequestOf.CUSTOMER:
        raise DomainError("request_not_of_customer")
    request.customer_id = customer.id
    session.flush()
    session.expire(request, ["customer"])
    _record(session, request, user, "request.customer_named", now)


def _open(session: Session, request: RightsRequest) -> None:
    session.refresh(request, with_for_update=True)
    if request.state is not RequestState.OPEN:
        raise DomainError("request_closed")


def _record(
    session: Session,
    request: RightsRequest,
    user: User | None,
    action: str,
    now: datetime,
    **more: str,
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid if user else None,
        action=action,
        subject="rights_request",
        subject_uid=request.uid,
        kind=request.kind.value,
        whose=request.whose.value,
        **more,
    )


def figures_by_site(session: Session) -> dict[int, PersonFigures]:
    """Return the sites that have decided how far figures about single persons go."""
    rows = session.execute(select(SiteLimits.site_id, SiteLimits.person_figures))
    return dict(rows.all())
