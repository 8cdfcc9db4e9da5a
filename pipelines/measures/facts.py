"""Facts of one site and day, counted from rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, exists, func, literal, select
from sqlalchemy.orm import Session

from models.calls import Call, Complaint, Leg, Recording, Survey
from models.reviews import Review, ReviewRevision, SelfAssessment
from models.samples import Draw, DrawnCall
from models.vocab import (
    AssessmentState,
    ComplaintCause,
    ComplaintStatus,
    Direction,
    DrawState,
    Fact,
    Origin,
    ReviewState,
    Satisfaction,
)
from pipelines.measures.rules.indicators import NOTHING, FactSum, gap_bp


@dataclass(frozen=True)
class Cell:
    """Whom and what a fact is about; null where the rows name none."""

    team_id: int | None
    agent_id: int | None
    project_id: int | None
    direction: Direction | None


Facts = dict[tuple[Cell, Fact], FactSum]


def count_day(session: Session, site_id: int, day: date) -> Facts:
    """Count every fact of a site's day from its rows."""
    facts: Facts = {}
    for part in (_calls, _talk, _surveys, _complaints, _reviews):
        for cell, fact, total, count in part(session, site_id, day):
            if total or count:
                key = (cell, fact)
                facts[key] = facts.get(key, NOTHING) + FactSum(total, count)
    return facts


Counted = Iterator[tuple[Cell, Fact, int, int]]
_CELL = (Call.team_id, Call.agent_id, Call.project_id, Call.direction)


def _cell(row: Sequence[Any]) -> Cell:
    """Read the first four columns: team, agent, project, direction."""
    team_id, agent_id, project_id, direction = row[:4]
    return Cell(team_id, agent_id, project_id, direction)


def _calls(session: Session, site_id: int, day: date) -> Counted:
    # "Connected" is a call that a person talked in; "attempts" are all dials.
    connected = (Call.talk_ms > 0) & Call.by_robot.is_(False)
    recorded = connected & exists().where(Recording.call_id == Call.id)
    rows = session.execute(
        select(
            *_CELL,
            func.count(),
            func.sum(case((connected, 1), else_=0)),
            func.sum(case((recorded, 1), else_=0)),
        )
        .where(Call.site_id == site_id, Call.local_date == day)
        .group_by(*_CELL)
    )
    for row in rows:
        out = row[3] is Direction.OUT
        every, talked, kept = row[4:]
        yield _cell(row), Fact.ATTEMPTS_OUT if out else Fact.OFFERED_IN, every, every
        yield _cell(row), Fact.CONNECTED_OUT if out else Fact.CONNECTED_IN, talked, talked
        yield _cell(row), Fact.RECORDED, kept, kept


def _talk(session: Session, site_id: int, day: date) -> Counted:
    cell = (Leg.team_id, Leg.agent_id, Call.project_id, Call.direction)
    rows = session.execute(
        select(*cell, func.sum(Leg.talk_ms), func.count())
        .join(Call, Call.id == Leg.call_id)
        .where(Leg.site_id == site_id, Leg.local_date == day, Leg.talk_ms > 0)
        .group_by(*cell)
    )
    for row in rows:
        yield _cell(row), Fact.TALK_MS, int(row[4]), row[5]


def _surveys(session: Session, site_id: int, day: date) -> Counted:
    # One valid answer per call, the last, on the call's day; asking twice is asking once.
    rows = session.execute(
        select(*_CELL, Call.id, Survey.satisfaction)
        .join(Survey, Survey.call_id == Call.id)
        .where(Call.site_id == site_id, Call.local_date == day)
        .order_by(Call.id, Survey.answered_at, Survey.id)
    )
    cells: dict[int, Cell] = {}
    answers: dict[int, Satisfaction] = {}
    for row in rows:
        cells[row[4]] = _cell(row)
        if row[5] not in {None, Satisfaction.INVALID}:
            answers[row[4]] = row[5]
    for call_id, cell in cells.items():
        yield cell, Fact.SURVEYS_SENT, 1, 1
        answer = answers.get(call_id)
        if answer is None:
            continue
        yield cell, Fact.SURVEYS_TAKEN_PART, 1, 1
        if answer is Satisfaction.SATISFIED:
            yield cell, Fact.SURVEYS_SATISFIED, 1, 1
        if answer is Satisfaction.DISSATISFIED:
            yield cell, Fact.SURVEYS_DISSATISFIED, 1, 1


def _complaints(session: Session, site_id: int, day: date) -> Counted:
    # On the day of the call it is about, for the leg named in it, else for the call's team; one
    # without a call counts on its own day for the agent it names.
    about_call = (
        select(
            func.coalesce(Leg.team_id, Call.team_id),
            func.coalesce(Leg.agent_id, Complaint.agent_id),
            Call.project_id,
            Call.direction,
            Complaint.cause,
            Complaint.status,
        )
        .join(Call, Call.id == Complaint.call_id)
        .outerjoin(Leg, Leg.id == Complaint.leg_id)
        .where(Call.site_id == site_id, Call.local_date == day)
    )
    about_agent = select(
        Complaint.team_id,
        Complaint.agent_id,
        literal(None),
        Complaint.direction,
        Complaint.cause,
        Complaint.status,
    ).where(Complaint.call_id.is_(None), Complaint.site_id == site_id, Complaint.local_date == day)
    rows: list[Sequence[Any]] = [*session.execute(about_call), *session.execute(about_agent)]
    for row in rows:
        cell = _cell(row)
        if cell.direction is Direction.OUT:
            yield cell, Fact.COMPLAINTS_OUT, 1, 1
        if cell.direction is Direction.IN:
            yield cell, Fact.COMPLAINTS_IN, 1, 1
        if row[4] is ComplaintCause.ATTITUDE:
            yield cell, Fact.COMPLAINTS_ATTITUDE, 1, 1
        if row[5] is ComplaintStatus.UPHELD:
            yield cell, Fact.COMPLAINTS_UPHELD, 1, 1


_BY_ORIGIN = {
    Origin.DRAWN: (Fact.REVIEWED, Fact.EXCELLENT, Fact.PASSED),
    Origin.DIRECTED: (Fact.REVIEWED_DIRECTED, Fact.EXCELLENT_DIRECTED, Fact.PASSED_DIRECTED),
}


def _reviews(session: Session, site_id: int, day: date) -> Counted:
    results = results_of_legs(session, site_id, day)
    for result in results.values():
        if result.excellent is None or result.passed is None:
            continue
        reviewed, excellent, passed = _BY_ORIGIN[result.origin]
        yield result.cell, reviewed, 1, 1
        yield result.cell, excellent, int(result.excellent), 1
        yield result.cell, passed, int(result.passed), 1
    asked = session.execute(
        select(Leg.team_id, Leg.agent_id, Call.project_id, Call.direction, SelfAssessment)
        .join(Leg, Leg.id == SelfAssessment.leg_id)
        .join(Call, Call.id == Leg.call_id)
        .where(Leg.site_id == site_id, Leg.local_date == day, SelfAssessment.voluntary.is_(False))
    )
    for row in asked:
        cell, own = _cell(row), row[4]
        gap = _gap(own, results.get(own.leg_id))
        yield cell, Fact.SELF_ASSESSED, int(gap is not None), 1
        if gap is not None:
            yield cell, Fact.SELF_GAP_BP, gap, 1
            yield cell, Fact.SELF_ABS_GAP_BP, abs(gap), 1


def _gap(own: SelfAssessment, result: "LegResult | None") -> int | None:
    """Return the gap in basis points where both judged the same leg by the same version."""
    if own.state is not AssessmentState.SUBMITTED or result is None:
        return None
    if result.version_id != own.version_id:
        return None
    return gap_bp(own.earned or 0, own.attainable or 0, result.earned, result.attainable)


@dataclass(frozen=True)
class LegResult:
    """The one review result of a leg that counts. Points are hundredths."""

    cell: Cell
    origin: Origin
    version_id: int
    earned: int
    attainable: int
    excellent: bool | None
    passed: bool | None


def results_of_legs(session: Session, site_id: int, day: date) -> dict[int, LegResult]:
    """Return leg id → the result that counts: its first drawn review, else its first directed one.

    A later decision about that review (an objection upheld) shows in its current revision. What a
    void draw asked for counts in no rate.
    """
    rows = session.execute(
        select(
            Leg.team_id,
            Leg.agent_id,
            Call.project_id,
            Call.direction,
            Review.leg_id,
            Review.origin,
            Review.version_id,
            ReviewRevision.earned,
            ReviewRevision.attainable,
            ReviewRevision.excellent,
            ReviewRevision.passed,
        )
        .join(Leg, Leg.id == Review.leg_id)
        .join(Call, Call.id == Leg.call_id)
        .join(ReviewRevision, ReviewRevision.id == Review.current_revision_id)
        .outerjoin(DrawnCall, DrawnCall.id == Review.drawn_call_id)
        .outerjoin(Draw, Draw.id == DrawnCall.draw_id)
        .where(
            Leg.site_id == site_id,
            Leg.local_date == day,
            Review.state == ReviewState.SUBMITTED,
            Review.origin.in_(_BY_ORIGIN),
            func.coalesce(Draw.state, DrawState.OPEN) != DrawState.VOID,
        )
        .order_by(Review.submitted_at, Review.id)
    )
    results: dict[int, LegResult] = {}
    for row in rows:
        result = LegResult(_cell(row), *row[5:])
        known = results.get(row[4])
        better = known is not None and (
            known.origin is Origin.DIRECTED and result.origin is Origin.DRAWN
        )
        if known is None or better:
            results[row[4]] = result
    return results
