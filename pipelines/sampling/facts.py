"""What reasons look at, read for the few calls that were drawn."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Call, Complaint, Project, Survey
from models.vocab import ComplaintStatus, Direction, Satisfaction
from pipelines.sampling.rules.explain import CallFacts

# SQLite before 3.32 takes 999 values in a statement.
AT_ONCE = 900


def call_facts(
    session: Session, call_ids: Sequence[int], *, as_of: datetime
) -> dict[int, CallFacts]:
    """Return the facts of each call, with the complaints and answers known at ``as_of``."""
    return {
        call_id: fact
        for start in range(0, len(call_ids), AT_ONCE)
        for call_id, fact in _facts(session, call_ids[start : start + AT_ONCE], as_of)
    }


def _facts(
    session: Session, call_ids: Sequence[int], as_of: datetime
) -> Iterator[tuple[int, CallFacts]]:
    complaints: dict[int, list[tuple[str, str]]] = {}
    statement = (
        select(Complaint.call_id, Complaint.cause, Complaint.status)
        .where(
            Complaint.call_id.in_(call_ids),
            Complaint.received_at <= as_of,
            Complaint.status != ComplaintStatus.NOT_UPHELD,
        )
        .order_by(Complaint.received_at, Complaint.source, Complaint.source_key)
    )
    for call_id, cause, status in session.execute(statement):
        if call_id is not None:
            complaints.setdefault(call_id, []).append((cause.value, status.value))
    answers: dict[int, tuple[str, int | None]] = {
        call_id: (satisfaction.value, level)
        for call_id, satisfaction, level in session.execute(
            select(Survey.call_id, Survey.satisfaction, Survey.level)
            .where(
                Survey.call_id.in_(call_ids),
                Survey.answered_at <= as_of,
                Survey.satisfaction != Satisfaction.INVALID,
            )
            .order_by(Survey.answered_at, Survey.source, Survey.source_key)
        )
        if satisfaction is not None
    }
    calls = select(Call, Project.code).join(Project).where(Call.id.in_(call_ids))
    for call, project in session.execute(calls):
        satisfaction, level = answers.get(call.id, (None, None))
        yield (
            call.id,
            CallFacts(
                project=project,
                outbound=call.direction is Direction.OUT,
                talk_ms=call.talk_ms,
                transfers=call.transfers,
                tier=call.customer_tier,
                value_minor=call.customer_value_minor,
                currency=call.currency,
                outcome=call.outcome.value,
                complaints=tuple(complaints.get(call.id, ())),
                satisfaction=satisfaction,
                level=level,
            ),
        )
