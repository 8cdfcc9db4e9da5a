"""Copies of a person's data: a ZIP of tables that a spreadsheet opens, and a note on what is in it.

An agent's own copy holds what their pages show, words included, and like them nothing of a call
that they are still to assess. The office's copy, made for somebody without a sign-in or for a
customer, holds no words of reviews: who keeps the register hears and reads no call.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, joinedload

from models.calls import Call, Complaint, Customer, Leg, Survey
from models.notices import MailAddress
from models.people import Agent
from models.reviews import Objection, Review, SelfAssessment
from models.rights import RightsRequest
from models.vocab import AssessmentState, ReviewState
from pipelines.outcomes import DomainError
from qa_app.access import Person
from qa_app.accounts.queries import held_roles
from qa_app.calls.accesses import own_rows
from qa_app.calls.blindness import blind_to, may_judge
from qa_app.exports import Cell, csv_text

MOST_CALLS = 100_000


@dataclass(frozen=True)
class Table:
    """One file of a copy."""

    name: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def zipped(tables: Sequence[Table], about: Mapping[str, Any]) -> bytes:
    """Write tables as CSV, and what they are about as JSON, into a ZIP."""
    out = io.BytesIO()
    counts = {table.name: len(table.rows) for table in tables}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "about.json", json.dumps({**about, "rows": counts}, ensure_ascii=False, indent=2)
        )
        for table in tables:
            archive.writestr(f"{table.name}.csv", csv_text(table.header, table.rows))
    return out.getvalue()


def own_copy(session: Session, person: Person, now: datetime) -> tuple[bytes, int]:
    """Return the copy of everything about the person who is signed in, and how many rows it has."""
    tables: list[Table] = [
        Table(
            "roles",
            ("role", "site", "team"),
            [(held.role.value, held.site, held.team) for held in held_roles(session, person.id)],
        )
    ]
    agent = session.get(Agent, person.agent_id) if person.agent_id else None
    if agent is not None:
        asked = session.scalars(
            select(RightsRequest)
            .where(RightsRequest.agent_id == agent.id)
            .order_by(RightsRequest.id)
        )
        tables += [
            Table(
                "requests",
                ("received_on", "kind", "words", "due_on", "state", "answer"),
                [
                    (
                        row.received_on.isoformat(),
                        row.kind.value,
                        row.words,
                        row.due_on.isoformat(),
                        row.state.value,
                        row.answer,
                    )
                    for row in asked
                ],
            ),
            _calls(session, agent),
            _reviews(session, agent, now, person=person, words=True),
            _views(session, agent, words=True),
            _objections(session, agent, words=True),
            Table(
                "who_heard_read_or_exported",
                ("at", "who", "why", "call_id"),
                [
                    (row.at.isoformat(), row.who, row.why, str(row.call))
                    for row in own_rows(session, person)
                ],
            ),
        ]
    about = {
        "person": person.display_name,
        "user_name": person.username,
        "language": person.locale,
        "mail_address": session.scalar(
            select(MailAddress.address).where(MailAddress.user_id == person.id)
        ),
        "made_at": now.isoformat(),
        "left_out": "Reviews of calls that still wait for your own view.",
    }
    return zipped(tables, about), sum(len(table.rows) for table in tables)


def agent_copy(session: Session, agent: Agent, now: datetime) -> tuple[bytes, int]:
    """Return the office's copy of an agent's data, without words."""
    tables = [
        _calls(session, agent),
        _reviews(session, agent, now, person=None, words=False),
        _views(session, agent, words=False),
        _objections(session, agent, words=False),
    ]
    about = {
        "person": agent.name,
        "code": agent.code,
        "made_at": now.isoformat(),
        "left_out": "Words of reviews, self-assessments and objections; recordings, transcripts.",
    }
    return zipped(tables, about), sum(len(table.rows) for table in tables)


def customer_copy(session: Session, customer: Customer, now: datetime) -> tuple[bytes, int]:
    """Return the office's copy of a customer's data: calls, answers to surveys, complaints."""
    calls = session.scalars(
        select(Call)
        .where(Call.customer_id == customer.id)
        .options(joinedload(Call.project), joinedload(Call.recording))
        .order_by(Call.started_at)
        .limit(MOST_CALLS)
    ).all()
    keys = {call.id: call.source_key for call in calls}
    surveys = session.scalars(
        select(Survey).where(Survey.call_id.in_(keys), Survey.answered_at.is_not(None))
    )
    complaints = session.scalars(select(Complaint).where(Complaint.call_id.in_(keys)))
    tables = [
        Table(
            "calls",
            ("call_id", "started_at", "direction", "project", "talk_ms", "recording"),
            [
                (
                    call.source_key,
                    call.started_at.isoformat(),
                    call.direction.value,
                    call.project.name,
                    call.talk_ms,
                    call.recording.state.value if call.recording else "",
                )
                for call in calls
            ],
        ),
        Table(
            "survey_answers",
            ("call_id", "answered_at", "reply", "satisfaction"),
            [
                (
                    keys[row.call_id],
                    row.answered_at.isoformat() if row.answered_at else "",
                    row.reply,
                    row.satisfaction.value if row.satisfaction else "",
                )
                for row in surveys
            ],
        ),
        Table(
            "complaints",
            ("call_id", "received_at", "cause", "status"),
            [
                (
                    keys.get(row.call_id or 0, ""),
                    row.received_at.isoformat(),
                    row.cause.value,
                    row.status.value,
                )
                for row in complaints
            ],
        ),
    ]
    about = {
        "number": customer.number,
        "made_at": now.isoformat(),
        "left_out": "Recordings and transcripts: they hold the voice of an employee as well.",
    }
    return zipped(tables, about), sum(len(table.rows) for table in tables)


def check_unjudged(session: Session, person: Person, calls: Any, now: datetime) -> None:
    """Raise ``copy_judged`` when whoever makes a copy judges one of its calls, or may come to.

    It holds scores, answers to surveys and complaints; an incomplete copy would be no copy.
    """
    judged = select(Call.id).where(Call.id.in_(calls), may_judge(person, Call.id, now))
    if session.scalar(judged.limit(1)) is not None:
        raise DomainError("copy_judged")


def customer_calls(customer: Customer) -> Any:
    """Select the ids of a customer's calls, for the log."""
    return select(Call.id).where(Call.customer_id == customer.id)


def agent_calls(agent: Agent) -> Any:
    """Select the ids of an agent's calls, for the log."""
    return select(Leg.call_id).where(Leg.agent_id == agent.id)


def _calls(session: Session, agent: Agent) -> Table:
    legs = session.scalars(
        select(Leg)
        .where(Leg.agent_id == agent.id)
        .options(
            joinedload(Leg.team),
            joinedload(Leg.call).joinedload(Call.project),
            joinedload(Leg.call).joinedload(Call.recording),
        )
        .order_by(Leg.started_at)
        .limit(MOST_CALLS)
    )
    rows = [
        (
            str(leg.call.uid),
            leg.call.source_key,
            leg.started_at.isoformat(),
            leg.call.direction.value,
            leg.call.project.name,
            leg.team.name if leg.team else "",
            leg.talk_ms,
            leg.call.recording.state.value if leg.call.recording else "",
        )
        for leg in legs
    ]
    header = (
        "uid",
        "call_id",
        "started_at",
        "direction",
        "project",
        "team",
        "talk_ms",
        "recording",
    )
    return Table("calls", header, rows)


def _reviews(
    session: Session, agent: Agent, now: datetime, *, person: Person | None, words: bool
) -> Table:
    legs = select(Leg.id).where(Leg.agent_id == agent.id)
    # As `verdict_is_visible` has it, for all of them at once.
    still_asked = exists().where(
        SelfAssessment.leg_id == Review.leg_id,
        SelfAssessment.state == AssessmentState.ASKED,
        or_(SelfAssessment.due_at.is_(None), SelfAssessment.due_at > now),
    )
    statement = (
        select(Review)
        .where(Review.leg_id.in_(legs), Review.state == ReviewState.SUBMITTED, ~still_asked)
        .options(
            joinedload(Review.leg).joinedload(Leg.call),
            joinedload(Review.current),
            joinedload(Review.reviewer),
        )
        .order_by(Review.submitted_at)
    )
    if person is not None:
        judged = (
            select(Leg.id)
            .join(Call, Call.id == Leg.call_id)
            .where(Leg.agent_id == agent.id, blind_to(person, Call.id, now))
        )
        statement = statement.where(Review.leg_id.not_in(judged))
    found = [review for review in session.scalars(statement) if review.current is not None]
    rows = [
        (
            str(review.leg.call.uid),
            review.submitted_at.isoformat() if review.submitted_at else "",
            review.reviewer.display_name if review.reviewer else "",
            review.current.earned if review.current else None,
            review.current.attainable if review.current else None,
            review.acknowledged_at.isoformat() if review.acknowledged_at else "",
            review.summary if words else "",
        )
        for review in found
    ]
    header = (
        "call_uid",
        "submitted_at",
        "reviewer",
        "earned_hundredths",
        "attainable_hundredths",
        "read_at",
        "summary",
    )
    return Table("reviews", header, rows)


def _views(session: Session, agent: Agent, *, words: bool) -> Table:
    rows = session.scalars(
        select(SelfAssessment)
        .where(SelfAssessment.agent_id == agent.id)
        .options(
            joinedload(SelfAssessment.leg).joinedload(Leg.call),
            joinedload(SelfAssessment.answers),
        )
        .order_by(SelfAssessment.id)
    ).unique()
    return Table(
        "self_assessments",
        (
            "call_uid",
            "state",
            "submitted_at",
            "earned_hundredths",
            "attainable_hundredths",
            "comments",
        ),
        [
            (
                str(row.leg.call.uid),
                row.state.value,
                row.submitted_at.isoformat() if row.submitted_at else "",
                row.earned,
                row.attainable,
                "\n".join(one.comment for one in row.answers if one.comment) if words else "",
            )
            for row in rows
            if row.state is not AssessmentState.ASKED or words
        ],
    )


def _objections(session: Session, agent: Agent, *, words: bool) -> Table:
    rows = session.scalars(
        select(Objection)
        .where(Objection.agent_id == agent.id)
        .options(joinedload(Objection.review).joinedload(Review.leg).joinedload(Leg.call))
        .order_by(Objection.id)
    )
    return Table(
        "objections",
        ("call_uid", "raised_at", "state", "answered_at", "words", "answer"),
        [
            (
                str(row.review.leg.call.uid),
                row.raised_at.isoformat(),
                row.state.value,
                row.answered_at.isoformat() if row.answered_at else "",
                row.words if words else "",
                row.answer if words else "",
            )
            for row in rows
        ],
    )
