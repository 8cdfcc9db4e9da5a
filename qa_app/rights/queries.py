"""What the pages about requests, proofs and one's own data show."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask_babel import LazyString
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, joinedload

from models.calls import Call, Customer, Recording
from models.operations import AuditEntry
from models.people import Agent, Site
from models.rights import ErasureProof, RightsRequest, SiteLimits
from models.vocab import RecordingState
from models.vocab_rights import PersonFigures, RequestKind, RequestOf, RequestState
from pipelines.outcomes import DomainError
from pipelines.retention import proof as proofs
from pipelines.rights import rules
from pipelines.rights.service import limits_of
from qa_app.access import Action, Person, load, visible
from qa_app.rights.words import DELETED, FILE_KINDS, KINDS, OF, REMAINS, STATES

PAGE = 50


@dataclass(frozen=True)
class RequestRow:
    """A request in a list; ``overdue`` while it is open and its day has passed."""

    uid: uuid.UUID
    kind: LazyString
    whose: LazyString
    name: str
    site: str
    received_on: date
    due_on: date
    state: RequestState
    state_words: LazyString
    overdue: bool
    answer: str
    words: str


@dataclass(frozen=True)
class RegisterPage:
    """One page of the register: what is open, most urgent first, then what is answered."""

    rows: tuple[RequestRow, ...]
    open: int
    overdue: int
    state: str
    page: int
    pages: int


@dataclass(frozen=True)
class Reach:
    """What an erasure of a customer would reach, for the page that asks for it."""

    calls: int
    recordings: int
    held: int


@dataclass(frozen=True)
class RequestPage:
    """One request with what may be done about it now."""

    row: RequestRow
    filed_by: str
    filed_at: datetime
    closed_by: str
    closed_at: datetime | None
    timezone: str
    of_customer: bool
    is_erasure: bool
    reach: Reach | None
    erased: bool
    proofs: tuple[tuple[uuid.UUID, datetime], ...]
    agent: uuid.UUID | None
    own: bool


@dataclass(frozen=True)
class ProofPage:
    """A proof of erasure, ready to be printed.

    ``whole``: its content fits its digest, and this the one in the audit log, where that is still
    kept (``logged``).
    """

    uid: uuid.UUID
    at: datetime
    by: str
    site: str
    timezone: str
    subject_uid: uuid.UUID
    deleted: tuple[tuple[LazyString | str, int], ...]
    files: tuple[tuple[LazyString | str, str, int], ...]
    remains: tuple[tuple[LazyString | str, LazyString | str, int], ...]
    digest: str
    whole: bool
    logged: bool
    scrubbed_at: datetime | None
    request: uuid.UUID | None
    reference: str


@dataclass(frozen=True)
class OwnPage:
    """A person's own data: what they asked for, and whether they take calls."""

    is_agent: bool
    requests: tuple[RequestRow, ...]
    days: int


@dataclass(frozen=True)
class LimitsRow:
    """A site and what it has decided."""

    site: Site
    person_figures: PersonFigures
    request_days: int
    changed_at: datetime | None


def today_at(now: datetime, site: Site) -> date:
    """Return the day that it is at a site."""
    return now.astimezone(ZoneInfo(site.timezone)).date()


def _row(request: RightsRequest, now: datetime) -> RequestRow:
    named = request.agent.name if request.agent else request.reference
    return RequestRow(
        uid=request.uid,
        kind=KINDS[request.kind],
        whose=OF[request.whose],
        name=named,
        site=request.site.name,
        received_on=request.received_on,
        due_on=request.due_on,
        state=request.state,
        state_words=STATES[request.state],
        overdue=request.state is RequestState.OPEN
        and rules.is_overdue(request.due_on, today_at(now, request.site)),
        answer=request.answer,
        words=request.words,
    )


def register_page(
    session: Session, person: Person, now: datetime, *, state: str, page: int
) -> RegisterPage:
    """Return one page of the requests of the admin's sites."""
    seen = visible(person, RightsRequest, Action.REQUESTS_READ)
    waiting = session.scalars(
        seen.where(RightsRequest.state == RequestState.OPEN).options(joinedload(RightsRequest.site))
    ).all()
    if state in set(RequestState):
        seen = seen.where(RightsRequest.state == RequestState(state))
    total = session.scalar(select(func.count()).select_from(seen.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    first = case((RightsRequest.state == RequestState.OPEN, 0), else_=1)
    rows = session.scalars(
        seen.options(joinedload(RightsRequest.site), joinedload(RightsRequest.agent))
        .order_by(first, case((first == 0, RightsRequest.due_on)), RightsRequest.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return RegisterPage(
        rows=tuple(_row(row, now) for row in rows),
        open=len(waiting),
        overdue=sum(rules.is_overdue(row.due_on, today_at(now, row.site)) for row in waiting),
        state=state if state in set(RequestState) else "",
        page=page,
        pages=pages,
    )


def site_choices(session: Session, person: Person) -> list[tuple[str, str]]:
    """Return uid and name of the sites whose requests the person enters."""
    sites = session.scalars(visible(person, Site, Action.REQUESTS_WRITE).order_by(Site.name))
    return [(str(site.uid), site.name) for site in sites]


def agent_choices(session: Session, person: Person) -> list[tuple[str, str]]:
    """Return uid and name of the agents of these sites."""
    agents = session.scalars(
        visible(person, Agent, Action.REQUESTS_WRITE)
        .options(joinedload(Agent.site))
        .order_by(Agent.name)
    )
    return [(str(one.uid), f"{one.name} ({one.code}, {one.site.name})") for one in agents]


def request_page(session: Session, person: Person, uid: uuid.UUID, now: datetime) -> RequestPage:
    """Return one request of the admin's sites."""
    request = load(session, person, Action.REQUESTS_READ, RightsRequest, uid)
    customer = request.customer
    return RequestPage(
        row=_row(request, now),
        filed_by=request.filed_by.display_name if request.filed_by else "",
        filed_at=request.filed_at,
        closed_by=request.closed_by.display_name if request.closed_by else "",
        closed_at=request.closed_at,
        timezone=request.site.timezone,
        of_customer=request.whose is RequestOf.CUSTOMER,
        is_erasure=request.kind is RequestKind.ERASURE,
        reach=_reach(session, customer) if customer and customer.erased_at is None else None,
        erased=customer is not None and customer.erased_at is not None,
        proofs=tuple((one.uid, one.at) for one in request.proofs),
        agent=request.agent.uid if request.agent else None,
        own=request.agent_id is not None and request.agent_id == person.agent_id,
    )


def check_within(session: Session, person: Person, customer: Customer) -> None:
    """Raise ``customer_elsewhere`` when the customer has calls at a site that is not the admin's.

    An erasure reaches all calls of a customer, so it takes somebody who answers for all of them.
    """
    sites = visible(person, Site, Action.REQUESTS_WRITE).with_only_columns(Site.id)
    beyond = select(Call.id).where(Call.customer_id == customer.id, Call.site_id.not_in(sites))
    if session.scalar(beyond.limit(1)) is not None:
        raise DomainError("customer_elsewhere")


def _reach(session: Session, customer: Customer) -> Reach:
    """Count what an erasure would reach; an admin hears none of it."""
    calls = select(Call.id).where(Call.customer_id == customer.id)
    recordings = select(func.count(Recording.id)).where(
        Recording.call_id.in_(calls), Recording.state != RecordingState.ERASED
    )
    return Reach(
        calls=session.scalar(select(func.count()).select_from(calls.subquery())) or 0,
        recordings=session.scalar(recordings) or 0,
        held=session.scalar(recordings.where(Recording.legal_hold.is_not(None))) or 0,
    )


def proof_page(session: Session, person: Person, uid: uuid.UUID) -> ProofPage:
    """Return a proof of erasure of the admin's sites."""
    found = load(session, person, Action.REQUESTS_READ, ErasureProof, uid)
    site = session.get(Site, found.site_id) if found.site_id else None
    logged = _logged_digest(session, found)
    return ProofPage(
        uid=found.uid,
        at=found.at,
        by=found.by.display_name if found.by else "",
        site=site.name if site else "",
        timezone=site.timezone if site else "UTC",
        subject_uid=found.subject_uid,
        deleted=tuple(
            (DELETED.get(name, name), found.deleted.get(name, 0))
            for name in {**DELETED, **found.deleted}
        ),
        files=tuple(
            (FILE_KINDS.get(file["kind"], file["kind"]), file["sha256"], file["bytes"])
            for file in found.files
        ),
        remains=tuple(
            (*REMAINS.get(name, (name, "")), found.remains.get(name, 0))
            for name in {**REMAINS, **found.remains}
        ),
        digest=found.digest,
        whole=proofs.is_whole(found) and logged in (None, found.digest),
        logged=logged is not None,
        scrubbed_at=found.scrubbed_at,
        request=found.request.uid if found.request else None,
        reference=found.request.reference if found.request else "",
    )


def _logged_digest(session: Session, proof: ErasureProof) -> str | None:
    """Return the digest that the audit log keeps of a proof; null once the entry is gone."""
    entries = session.scalars(
        select(AuditEntry.details).where(
            AuditEntry.subject == "customer",
            AuditEntry.subject_uid.in_([proof.subject_uid]),
            AuditEntry.action == "customer.erased",
        )
    )
    found = [entry["digest"] for entry in entries if entry.get("proof") == str(proof.uid)]
    return str(found[0]) if found else None


def own_page(session: Session, person: Person, now: datetime) -> OwnPage:
    """Return what a person asked for about the data on them."""
    agent = session.get(Agent, person.agent_id) if person.agent_id else None
    requests: Sequence[RightsRequest] = ()
    if agent is not None:
        requests = session.scalars(
            select(RightsRequest)
            .where(RightsRequest.agent_id == person.agent_id)
            .options(joinedload(RightsRequest.site), joinedload(RightsRequest.agent))
            .order_by(RightsRequest.id.desc())
        ).all()
    return OwnPage(
        is_agent=agent is not None,
        requests=tuple(_row(request, now) for request in requests),
        days=limits_of(session, agent.site_id).request_days if agent else 0,
    )


def limits_page(session: Session, person: Person) -> tuple[LimitsRow, ...]:
    """Return what every site in scope has decided."""
    sites = session.scalars(visible(person, Site, Action.SETTINGS_READ).order_by(Site.name)).all()
    rows = {
        row.site_id: row
        for row in session.scalars(visible(person, SiteLimits, Action.SETTINGS_READ))
    }
    return tuple(
        LimitsRow(
            site=site,
            person_figures=(rows.get(site.id) or limits_of(session, site.id)).person_figures,
            request_days=(rows.get(site.id) or limits_of(session, site.id)).request_days,
            changed_at=rows[site.id].changed_at if site.id in rows else None,
        )
        for site in sites
    )
