"""Landing call records: legs become calls, whichever order and file they come in."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from models.bulk import among, insert_columns, reserve_ids
from models.calls import Call, Leg, Project
from pipelines.days import local_day
from pipelines.ingest.customers import Customers
from pipelines.ingest.landing import Context, Landed, Place, Places, check, reject
from pipelines.ingest.reading import RawRow
from pipelines.ingest.rules import calls as rules
from pipelines.ingest.rules.values import Invalid, draw_key

_SITE, _AGENT, _CUSTOMER = (rules.COLUMNS.index(name) for name in ("site", "agent", "customer"))


class _NewLeg(NamedTuple):
    """A row that lands, with what its codes mean."""

    row: rules.LegRow
    place: Place
    project_id: int
    team_id: int | None
    local_date: date
    local_slot: int
    customer: str | None
    content_hash: str

    def part(self) -> rules.LegPart:
        row = self.row
        return rules.LegPart(
            row.leg, row.started_at, row.talk_ms, row.hold_ms, self.place.agent_id, self.team_id
        )


class _Known(NamedTuple):
    """A call that stands in the tables already, with its legs by position."""

    id: int
    site_id: int
    local_date: date
    hashes: dict[int, str]
    parts: list[rules.LegPart]


class CallsLander:
    """Lands rows of ``calls.csv``."""

    columns: Sequence[str] = rules.COLUMNS
    required: Sequence[str] = rules.REQUIRED
    chunk_size = 20_000

    def __init__(self, session: Session, context: Context) -> None:
        """Read sites, agents and projects."""
        self._context = context
        self._places = Places(session, context.site_id)
        self._customers = Customers(context.customer_key)
        self._projects = {
            (site_id, code): key
            for key, site_id, code in session.execute(
                select(Project.id, Project.site_id, Project.code)
            )
        }

    def land(self, session: Session, rows: list[RawRow]) -> Landed:
        """Add the calls and legs that are new; see ``Lander``."""
        landed = Landed()
        known = self._known(session, {row.cells[0].strip() for row in rows if row.cells})
        new: dict[str, dict[int, _NewLeg]] = {}
        for raw in rows:
            try:
                check(raw)
                leg = self._read(session, raw)
                if self._is_new(leg, known, new):
                    new.setdefault(leg.row.call_id, {})[leg.row.leg] = leg
                    landed.added += 1
                else:
                    landed.unchanged += 1
            except Invalid as finding:
                landed.rejects.append(self._reject(session, raw, finding))
        for legs in new.values():
            landed.dirty.update((leg.place.site_id, leg.local_date) for leg in legs.values())
        self._add_calls(session, {key: legs for key, legs in new.items() if key not in known})
        for key in new.keys() & known.keys():
            self._grow(session, known[key], new[key], landed)
        return landed

    def _read(self, session: Session, raw: RawRow) -> _NewLeg:
        cells = raw.cells
        place = self._places.find(cells[_SITE], cells[_AGENT])
        row = rules.parse(cells, place.zone, self._context.now)
        local_date, local_slot = local_day(row.started_at, place.zone)
        customer = self._customers.key_of(session, row.customer)
        return _NewLeg(
            row,
            place,
            self._project_id(session, place.site_id, row.project),
            place.team_on(local_date),
            local_date,
            local_slot,
            customer,
            rules.row_hash(row, str(place.site_id), str(place.agent_id), customer),
        )

    def _reject(self, session: Session, raw: RawRow, finding: Invalid) -> Any:
        """Keep the row for correction; its customer's number goes to where numbers stand."""
        if raw.problem is None and raw.cells[_CUSTOMER].strip():
            cells = list(raw.cells)
            cells[_CUSTOMER] = self._customers.token(session, cells[_CUSTOMER])
            raw = raw._replace(cells=tuple(cells))
        return reject(raw, self.columns, finding)

    def _is_new(
        self, leg: _NewLeg, known: dict[str, _Known], new: dict[str, dict[int, _NewLeg]]
    ) -> bool:
        """Tell whether a leg is not there yet; raise when another content stands in its place."""
        call_id, position = leg.row.call_id, leg.row.leg
        there = known.get(call_id)
        standing = there.hashes.get(position) if there else None
        if standing is None and call_id in new and position in new[call_id]:
            standing = new[call_id][position].content_hash
        if standing is not None and standing != leg.content_hash:
            raise Invalid("call_id", "duplicate_differs", value=call_id)
        if there and self._context.site_id not in (None, there.site_id):
            raise Invalid("call_id", "duplicate_differs", value=call_id)
        return standing is None

    def _project_id(self, session: Session, site_id: int, code: str) -> int:
        found = self._projects.get((site_id, code))
        if found is None:
            project = Project(site_id=site_id, code=code, name=code)
            session.add(project)
            session.flush()
            found = self._projects[site_id, code] = project.id
        return found

    def _known(self, session: Session, keys: set[str]) -> dict[str, _Known]:
        """Find the calls of these keys, with their legs."""
        calls: dict[int, tuple[str, _Known]] = {}
        found = session.execute(
            select(Call.id, Call.source_key, Call.site_id, Call.local_date).where(
                Call.source == self._context.source,
                among(session, Call.source_key, sorted(keys)),
            )
        )
        for key, source_key, site_id, day in found:
            calls[key] = (source_key, _Known(key, site_id, day, {}, []))
        if not calls:
            return {}
        legs = session.execute(
            select(
                Leg.call_id,
                Leg.position,
                Leg.content_hash,
                Leg.started_at,
                Leg.talk_ms,
                Leg.hold_ms,
                Leg.agent_id,
                Leg.team_id,
            ).where(among(session, Leg.call_id, sorted(calls)))
        )
        for leg in legs:
            known = calls[leg.call_id][1]
            known.hashes[leg.position] = leg.content_hash
            known.parts.append(rules.LegPart(leg.position, *leg[3:]))
        return dict(calls.values())

    def _add_calls(self, session: Session, new: dict[str, dict[int, _NewLeg]]) -> None:
        if not new:
            return
        leads = [legs[min(legs)] for legs in new.values()]
        totals = [rules.totals([leg.part() for leg in legs.values()]) for legs in new.values()]
        ids = reserve_ids(session, Call, len(leads))
        customers = self._customers.ids(session, [lead.row.customer for lead in leads])
        source = self._context.source
        count = len(leads)
        insert_columns(
            session,
            Call,
            {
                "id": ids,
                "source": [source] * count,
                "source_key": list(new),
                "draw_key": [draw_key(source, key) for key in new],
                "content_hash": [lead.content_hash for lead in leads],
                "site_id": [lead.place.site_id for lead in leads],
                "project_id": [lead.project_id for lead in leads],
                "team_id": [total.team_id for total in totals],
                "agent_id": [total.agent_id for total in totals],
                "customer_id": customers,
                "direction": [lead.row.direction for lead in leads],
                "started_at": [lead.row.started_at for lead in leads],
                "local_date": [lead.local_date for lead in leads],
                "local_slot": [lead.local_slot for lead in leads],
                "wait_ms": [lead.row.wait_ms for lead in leads],
                "talk_ms": [total.talk_ms for total in totals],
                "hold_ms": [total.hold_ms for total in totals],
                "transfers": [total.transfers for total in totals],
                "outcome": [lead.row.outcome for lead in leads],
                "customer_tier": [lead.row.customer_tier for lead in leads],
                "customer_value_minor": [lead.row.customer_value_minor for lead in leads],
                "currency": [lead.row.currency for lead in leads],
                "recording_notice": [lead.row.recording_notice for lead in leads],
                "by_robot": [lead.row.by_robot for lead in leads],
                "imported_at": [self._context.now] * count,
            },
        )
        self._add_legs(
            session,
            [
                (key, leg)
                for key, legs in zip(ids, new.values(), strict=True)
                for leg in legs.values()
            ],
        )

    def _add_legs(self, session: Session, legs: list[tuple[int, _NewLeg]]) -> None:
        insert_columns(
            session,
            Leg,
            {
                "call_id": [key for key, _ in legs],
                "position": [leg.row.leg for _, leg in legs],
                "content_hash": [leg.content_hash for _, leg in legs],
                "site_id": [leg.place.site_id for _, leg in legs],
                "team_id": [leg.team_id for _, leg in legs],
                "agent_id": [leg.place.agent_id for _, leg in legs],
                "started_at": [leg.row.started_at for _, leg in legs],
                "local_date": [leg.local_date for _, leg in legs],
                "local_slot": [leg.local_slot for _, leg in legs],
                "talk_ms": [leg.row.talk_ms for _, leg in legs],
                "hold_ms": [leg.row.hold_ms for _, leg in legs],
                "acw_ms": [leg.row.acw_ms for _, leg in legs],
            },
        )

    def _grow(
        self, session: Session, known: _Known, legs: dict[int, _NewLeg], landed: Landed
    ) -> None:
        """Give a call that stands already its further legs; an earlier first leg decides it."""
        self._add_legs(session, [(known.id, leg) for leg in legs.values()])
        totals = rules.totals([*known.parts, *(leg.part() for leg in legs.values())])
        values: dict[str, Any] = totals._asdict()
        landed.dirty.add((known.site_id, known.local_date))
        lead = legs[min(legs)]
        if not known.hashes or lead.row.leg < min(known.hashes):
            row = lead.row
            values |= {
                "content_hash": lead.content_hash,
                "site_id": lead.place.site_id,
                "project_id": lead.project_id,
                "customer_id": self._customers.ids(session, [row.customer])[0],
                "local_date": lead.local_date,
                "local_slot": lead.local_slot,
                **{name: getattr(row, name) for name in rules.CALL_VALUES},
            }
        session.execute(
            update(Call).where(Call.id == bindparam("call")).values(values), {"call": known.id}
        )
