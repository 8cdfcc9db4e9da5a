"""What pages about help show: requests of the reader's scope, and one of them."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calls import Call, Leg
from models.coaching import HelpAnswer, HelpRequest
from models.people import Agent
from models.vocab_learning import HelpKind, HelpState, PartnerState
from qa_app.access import Action, OutOfScope, Person, load, may, visible
from qa_app.calls.blindness import blind_to, is_blind
from qa_app.reviews.queries import CallFacts, call_facts

RECENT = 50


@dataclass(frozen=True)
class Entry:
    """A request in a list. ``call`` is null for the colleague who was asked to pair up."""

    uid: uuid.UUID
    who: str
    kind: HelpKind
    state: HelpState
    asked_at: dt.datetime
    timezone: str
    call: CallFacts | None
    at_ms: int | None
    partner: str
    partner_state: PartnerState | None
    answers: int


@dataclass(frozen=True)
class IndexPage:
    """Requests: those that wait, those that go on, those that are closed; what I am asked for."""

    asked_of_me: tuple[Entry, ...]
    waiting: tuple[Entry, ...]
    going_on: tuple[Entry, ...]
    closed: tuple[Entry, ...]
    helps: bool


@dataclass(frozen=True)
class Said:
    """Words to a request."""

    who: str
    mine: bool
    words: str
    at: dt.datetime


@dataclass(frozen=True)
class ShowPage:
    """A request with what was said to it and what the reader may do; ``call_id`` is not shown."""

    entry: Entry
    words: str
    call_uid: uuid.UUID | None
    call_id: int
    said: tuple[Said, ...]
    hidden: bool
    is_mine: bool
    is_partner: bool
    may_answer: bool
    may_pair: bool
    may_reply: bool
    may_close: bool
    colleagues: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AskPage:
    """The call that help is asked with."""

    leg_uid: uuid.UUID
    call_uid: uuid.UUID
    call: CallFacts


def _loading() -> list[Any]:
    call = joinedload(HelpRequest.leg).joinedload(Leg.call)
    return [
        call.joinedload(Call.site),
        call.joinedload(Call.project),
        joinedload(HelpRequest.leg).joinedload(Leg.agent),
        joinedload(HelpRequest.agent),
        joinedload(HelpRequest.partner),
        selectinload(HelpRequest.answers),
    ]


def index_page(session: Session, person: Person, now: dt.datetime) -> IndexPage:
    """List requests that the person made, is asked to join, or may answer."""
    helps = may(person, Action.HELP_ANSWER)
    judged = aliased(Leg)
    query = (
        visible(person, HelpRequest, Action.HELP_READ)
        .join(judged, judged.id == HelpRequest.leg_id)
        .options(*_loading())
        .order_by(HelpRequest.asked_at.desc(), HelpRequest.id.desc())
        .limit(RECENT)
    )
    # Whoever judges a call at the moment does not meet what its agent says of it.
    own = HelpRequest.agent_id == (person.agent_id or 0)
    rows = session.scalars(query.where(own | ~blind_to(person, judged.call_id, now))).unique().all()
    asked = [
        row
        for row in rows
        if row.partner_state is PartnerState.ASKED
        and row.state is not HelpState.CLOSED
        and _is_partner(row, person)
    ]
    rest = [row for row in rows if row not in asked]
    led = _led(session, person, rows)

    def entries(state: HelpState) -> tuple[Entry, ...]:
        return tuple(_entry(row, person, led) for row in rest if row.state is state)

    return IndexPage(
        asked_of_me=tuple(_entry(row, person, led) for row in asked),
        waiting=entries(HelpState.OPEN),
        going_on=entries(HelpState.ANSWERED),
        closed=entries(HelpState.CLOSED),
        helps=helps,
    )


def _is_partner(row: HelpRequest, person: Person) -> bool:
    return person.agent_id is not None and row.partner_id == person.agent_id


def _led(session: Session, person: Person, rows: Sequence[HelpRequest]) -> set[int]:
    """Return which of the requests the person may answer as one who leads there."""
    mine = visible(person, HelpRequest, Action.HELP_ANSWER).with_only_columns(HelpRequest.id)
    return set(session.scalars(mine.where(HelpRequest.id.in_([row.id for row in rows]))))


def _entry(row: HelpRequest, person: Person, led: Collection[int]) -> Entry:
    # Which call it is know its agent, and who leads there: not a colleague who leads elsewhere.
    knows = row.agent_id == person.agent_id or row.id in led
    return Entry(
        uid=row.uid,
        who=row.agent.name,
        kind=row.kind,
        state=row.state,
        asked_at=row.asked_at,
        timezone=row.leg.call.site.timezone,
        call=call_facts(row.leg) if knows else None,
        at_ms=row.at_ms if knows else None,
        partner=row.partner.name if row.partner else "",
        partner_state=row.partner_state,
        answers=len(row.answers),
    )


def load_request(session: Session, person: Person, uid: uuid.UUID) -> HelpRequest:
    """Return a request that the person may read now, else 404."""
    found = load(session, person, Action.HELP_READ, HelpRequest, uid)
    row = session.scalars(
        select(HelpRequest)
        .where(HelpRequest.id == found.id)
        .options(*_loading(), selectinload(HelpRequest.answers).joinedload(HelpAnswer.by))
    ).one()
    mine = row.agent_id == person.agent_id
    if not mine and is_blind(session, person, row.leg.call_id):
        raise OutOfScope(HelpRequest, uid, Action.HELP_READ)
    return row


def show_page(session: Session, person: Person, uid: uuid.UUID) -> ShowPage:
    """Gather a request. What others said stays hidden while its agent is asked for an own view."""
    row = load_request(session, person, uid)
    mine, partner = row.agent_id == person.agent_id, _is_partner(row, person)
    hidden = mine and is_blind(session, person, row.leg.call_id)
    is_open = row.state is not HelpState.CLOSED
    led = _led(session, person, [row])
    leads = row.id in led
    agreed = partner and row.partner_state is PartnerState.AGREED
    # Until they agree, a colleague reads no more than what was asked.
    reads = mine or leads or agreed
    return ShowPage(
        entry=_entry(row, person, led),
        words=row.words,
        call_uid=row.leg.call.uid if mine or leads else None,
        call_id=row.leg.call_id,
        said=tuple(
            Said(
                who=answer.by.display_name if answer.by else "–",
                mine=answer.by_id == person.id,
                words=answer.words,
                at=answer.at,
            )
            for answer in row.answers
            if answer.by_id == person.id or (reads and not hidden)
        ),
        hidden=hidden and any(answer.by_id != person.id for answer in row.answers),
        is_mine=mine,
        is_partner=partner,
        may_answer=is_open
        and (mine or leads or (partner and row.partner_state is PartnerState.AGREED)),
        may_pair=is_open and leads and not mine,
        may_reply=is_open and partner and row.partner_state is PartnerState.ASKED,
        may_close=mine or leads,
        colleagues=_colleagues(session, person, row) if leads else (),
    )


def _colleagues(session: Session, person: Person, row: HelpRequest) -> tuple[tuple[str, str], ...]:
    agents = session.scalars(
        visible(person, Agent, Action.HELP_ANSWER)
        .where(Agent.site_id == row.site_id, Agent.user_id.is_not(None), Agent.id != row.agent_id)
        .order_by(Agent.name, Agent.id)
    )
    return tuple((str(agent.uid), f"{agent.name} ({agent.code})") for agent in agents)


def ask_page(session: Session, person: Person, uid: uuid.UUID) -> tuple[Leg, AskPage]:
    """Return one of the agent's own legs with what the form shows of it, else 404."""
    found = load(session, person, Action.HELP_ASK, Leg, uid)
    leg = session.scalars(
        select(Leg)
        .where(Leg.id == found.id)
        .options(
            joinedload(Leg.agent),
            joinedload(Leg.call).joinedload(Call.site),
            joinedload(Leg.call).joinedload(Call.project),
        )
    ).one()
    return leg, AskPage(leg.uid, leg.call.uid, call_facts(leg))


def waiting_for(session: Session, person: Person, now: dt.datetime) -> int:
    """Count what waits for the person: requests to answer, or to pair up."""
    judged = aliased(Leg)
    if may(person, Action.HELP_ANSWER):
        statement = visible(person, HelpRequest, Action.HELP_ANSWER).where(
            HelpRequest.state == HelpState.OPEN,
            exists().where(judged.id == HelpRequest.leg_id, ~blind_to(person, judged.call_id, now)),
        )
    else:
        statement = visible(person, HelpRequest, Action.HELP_READ).where(
            HelpRequest.partner_id == person.agent_id,
            HelpRequest.partner_state == PartnerState.ASKED,
            HelpRequest.state != HelpState.CLOSED,
        )
    return len(session.scalars(statement.with_only_columns(HelpRequest.id)).all())
