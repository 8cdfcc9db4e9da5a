"""Landing complaints: about a call, a leg of it, or an agent on a day."""

from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Complaint, Leg
from models.vocab import ComplaintStatus
from pipelines.ingest.landing import Context, Landed, Place, Places, check, reject
from pipelines.ingest.reading import RawRow
from pipelines.ingest.rules import complaints as rules
from pipelines.ingest.rules.values import Invalid
from pipelines.ingest.surveys import call_of, calls_by_key


class ComplaintsLander:
    """Lands rows of ``complaints.csv``. Only the status of a known complaint may change."""

    columns: Sequence[str] = rules.COLUMNS
    required: Sequence[str] = rules.REQUIRED
    chunk_size = 5_000

    def __init__(self, session: Session, context: Context) -> None:
        """Read sites and agents."""
        self._context = context
        self._places = Places(session, context.site_id)

    def land(self, session: Session, rows: list[RawRow]) -> Landed:
        """Add new complaints and new statuses of known ones; see ``Lander``."""
        landed = Landed()
        calls = calls_by_key(session, self._context, [row.cells[2].strip() for row in rows])
        legs: dict[int, list[Leg]] = {}
        for leg in session.scalars(
            select(Leg)
            .where(Leg.call_id.in_([call.id for call in calls.values()]))
            .order_by(Leg.position)
        ):
            legs.setdefault(leg.call_id, []).append(leg)
        known = {
            complaint.source_key: complaint
            for complaint in session.scalars(
                select(Complaint).where(
                    Complaint.source == self._context.source,
                    Complaint.source_key.in_({row.cells[0].strip() for row in rows}),
                )
            )
        }
        for raw in rows:
            try:
                check(raw)
                changed, day = self._land_row(session, raw, calls, legs, known)
            except Invalid as finding:
                landed.rejects.append(reject(raw, self.columns, finding))
                continue
            landed.added += changed
            landed.unchanged += not changed
            if changed:
                landed.dirty.add(day)
        session.flush()
        return landed

    def _land_row(
        self,
        session: Session,
        raw: RawRow,
        calls: dict[str, Any],
        legs: dict[int, list[Leg]],
        known: dict[str, Complaint],
    ) -> tuple[bool, tuple[int, date]]:
        """Add or update one complaint; return whether anything changed, and its site and day."""
        call_id, agent = raw.cells[2].strip(), raw.cells[4].strip()
        if call_id:
            call = call_of(calls, call_id)
            zone = self._places.zones[call.site_id]
            row = rules.parse(raw.cells, zone, self._context.now, call.started_at)
            place = self._places.find(raw.cells[8], agent) if agent else None
            leg = _leg_of(legs[call.id], row, place)
            about = _about_call(call, leg, place)
        else:
            if not agent:
                raise Invalid("agent", "value_missing")
            place = self._places.find(raw.cells[8], agent)
            row = rules.parse(raw.cells, place.zone, self._context.now, None)
            about = _about_agent(place, row)
        content = rules.row_hash(row, str(about["call_id"]), str(about["agent_id"]))
        day = (about["site_id"], about["local_date"])
        there = known.get(row.complaint_id)
        if there is None:
            complaint = Complaint(
                source=self._context.source,
                source_key=row.complaint_id,
                content_hash=content,
                received_at=row.received_at,
                cause=row.cause,
                status=row.status,
                **about,
            )
            session.add(complaint)
            known[row.complaint_id] = complaint
            return True, day
        decided = there.status is not ComplaintStatus.OPEN
        reopened = row.status is ComplaintStatus.OPEN and decided
        if there.content_hash != content or reopened:
            raise Invalid("complaint_id", "duplicate_differs", value=row.complaint_id)
        changed = there.status is not row.status
        there.status = row.status
        return changed, day


def _leg_of(legs: list[Leg], row: rules.ComplaintRow, place: Place | None) -> Leg | None:
    """Find the leg that a complaint names by position or by agent, or null when it names none."""
    if row.leg is not None:
        found = next((leg for leg in legs if leg.position == row.leg), None)
        if found is None:
            raise Invalid("leg", "leg_unknown", value=str(row.leg))
        if place is not None and found.agent_id != place.agent_id:
            raise Invalid("agent", "agent_not_in_call")
        return found
    if place is None:
        return None
    mine = [leg for leg in legs if leg.agent_id == place.agent_id]
    if not mine:
        raise Invalid("agent", "agent_not_in_call")
    return max(mine, key=attrgetter("talk_ms"))


def _about_call(call: Any, leg: Leg | None, place: Place | None) -> dict[str, Any]:
    """Say whom a complaint about a call concerns: the leg's agent, else the call's."""
    by_leg = leg is not None and (leg.agent_id is not None or place is not None)
    person: Any = leg if by_leg else call
    return {
        "site_id": call.site_id,
        "team_id": person.team_id,
        "agent_id": person.agent_id,
        "call_id": call.id,
        "leg_id": leg.id if leg else None,
        "direction": call.direction,
        "local_date": call.local_date,
    }


def _about_agent(place: Place, row: rules.ComplaintRow) -> dict[str, Any]:
    if row.day is None:
        raise Invalid("date", "value_missing")
    return {
        "site_id": place.site_id,
        "team_id": place.team_on(row.day),
        "agent_id": place.agent_id,
        "call_id": None,
        "leg_id": None,
        "direction": None,
        "local_date": row.day,
    }
