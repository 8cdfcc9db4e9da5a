"""Draw calls from a period, and what may happen to a draw afterwards."""

import io
import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models.people import User
from models.reviews import Review
from models.samples import Draw, DrawnCall, DrawStratum, SamplePlan
from models.vocab import DrawState, PlanState, ReviewState, SkipKind
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.periods import FIRST_YEAR, LAST_YEAR
from pipelines.sampling.frame import LoadedFrame, load_frame, load_peers
from pipelines.sampling.rows import drawn_rows, named_rows, next_calls
from pipelines.sampling.rules.manifest import write_manifest
from pipelines.sampling.rules.numbers import parse_seed
from pipelines.sampling.rules.plan_draw import Drawing, make_drawing
from pipelines.sampling.rules.settings import ALREADY_REVIEWED, PlanSettings
from pipelines.sampling.rules.strata import Stratum
from pipelines.storage import Storage


@dataclass(frozen=True)
class Preview:
    """What a draw would take, as counts only: which calls they are is decided by the seed."""

    n_calls: int
    n_connected: int
    n_recorded: int
    excluded: dict[str, int]
    strata: tuple[Stratum, ...]


def draw(
    session: Session,
    storage: Storage,
    plan: SamplePlan,
    period_start: date,
    period_end: date,
    *,
    now: datetime,
    actor: User | None,
    as_of: datetime | None = None,
    seed: str | None = None,
) -> Draw:
    """Draw calls of the period (both days included) as the plan says, and write the manifest.

    ``as_of`` is ``now`` unless given. ``seed`` (16 hexadecimal digits) is for replay, sample data
    and tests; otherwise the server makes it here. Raises ``DomainError``: ``plan_archived``,
    ``period_reversed``, ``as_of_in_future``, ``draw_too_early``, ``draw_exists``, ``frame_empty``.
    """
    as_of = as_of or now
    session.get_one(SamplePlan, plan.id, with_for_update=True)
    _check(session, plan, period_start, period_end, as_of=as_of, now=now)
    settings = PlanSettings.from_json(plan.settings)
    seed = seed or secrets.token_hex(8)
    frame, drawing = _drawing(
        session, plan, settings, period_start, period_end, as_of=as_of, seed=seed
    )
    header = {
        "plan": plan.name,
        "site": plan.site.code,
        "period": [period_start.isoformat(), period_end.isoformat()],
        "as_of": as_of.isoformat(),
        "drawn_at": now.isoformat(),
        "seed": seed,
        "settings": settings.to_json(),
        "second_share_bp": plan.second_share_bp,
        "calls": frame.n_calls,
        "connected": frame.n_connected,
        "recorded": frame.n_recorded,
        "excluded": frame.excluded,
        "peers": drawing.peers.to_json(frame.projects),
        "strata": [
            {"key": stratum.key, "n_frame": stratum.n_frame, "n_drawn": stratum.n_drawn}
            for stratum in drawing.strata
        ],
        "model": None,
        "code_version": version("hearback"),
    }
    chosen = np.concatenate(drawing.chosen)
    call_ids = [int(frame.call_id[drawing.rows[row]]) for row in chosen]
    rows = drawn_rows(session, settings, header, drawing, call_ids, as_of=as_of)
    header["drawn"] = named_rows(session, rows, call_ids, drawing, chosen)
    stored = storage.put(
        io.BytesIO(
            write_manifest(header, drawing.frame.draw_key, drawing.stratum, drawing.bits),
        ),
        suffix=".zip",
    )
    result = Draw(
        plan=plan,
        site_id=plan.site_id,
        period_start=period_start,
        period_end=period_end,
        as_of=as_of,
        seed=seed,
        n_calls=frame.n_calls,
        n_connected=frame.n_connected,
        n_recorded=frame.n_recorded,
        excluded=frame.excluded,
        settings=settings.to_json(),
        second_share_bp=plan.second_share_bp,
        manifest_key=stored.key,
        manifest_sha256=stored.sha256,
        drawn_by_id=actor.id if actor else None,
        drawn_at=now,
    )
    result.strata = [
        DrawStratum(key=s.key, position=place, n_frame=s.n_frame, n_drawn=s.n_drawn)
        for place, s in enumerate(drawing.strata)
    ]
    session.add(result)
    session.flush()
    stratum_ids = {stratum.key: stratum.id for stratum in result.strata}
    session.execute(
        insert(DrawnCall),
        [
            {
                **row,
                "draw_id": result.id,
                "stratum_id": stratum_ids[row.pop("stratum")],
                "earlier_id": frame.earlier.get(row["call_id"]),
            }
            for row in rows
        ],
    )
    _record(session, result, "draw.made", now=now, actor=actor, drawn=len(rows))
    session.flush()
    return result


def preview(
    session: Session, plan: SamplePlan, period_start: date, period_end: date, *, now: datetime
) -> Preview:
    """Count what a draw of the period would take now; which calls stays open until it is made."""
    settings = PlanSettings.from_json(plan.settings)
    frame, drawing = _drawing(
        session, plan, settings, period_start, period_end, as_of=now, seed=secrets.token_hex(8)
    )
    return Preview(
        frame.n_calls,
        frame.n_connected,
        frame.n_recorded,
        frame.excluded,
        tuple(drawing.strata),
    )


def settled_at(plan: SamplePlan, period_end: date) -> datetime:
    """Return the instant from which a period that ends with this day may be drawn."""
    midnight = datetime.combine(
        period_end + timedelta(days=1), time(), tzinfo=ZoneInfo(plan.site.timezone)
    )
    return midnight + timedelta(days=plan.settling_days)


def _check(
    session: Session,
    plan: SamplePlan,
    start: date,
    end: date,
    *,
    as_of: datetime,
    now: datetime,
) -> None:
    if plan.state is not PlanState.ACTIVE:
        raise DomainError("plan_archived", plan=plan.name)
    _check_days(start, end)
    if as_of > now:
        raise DomainError("as_of_in_future", as_of=as_of.isoformat())
    ready = settled_at(plan, end)
    if plan.settling_days and as_of < ready:
        raise DomainError("draw_too_early", ready=ready.date().isoformat(), days=plan.settling_days)
    same = select(func.count()).where(
        Draw.plan_id == plan.id,
        Draw.period_start == start,
        Draw.period_end == end,
        Draw.state != DrawState.VOID,
    )
    if session.scalar(same):
        raise DomainError("draw_exists", start=start.isoformat(), end=end.isoformat())


def _check_days(start: date, end: date) -> None:
    if end < start:
        raise DomainError("period_reversed", start=start.isoformat(), end=end.isoformat())
    if start.year < FIRST_YEAR or end.year > LAST_YEAR:
        raise DomainError("bad_period", text=f"{start.isoformat()}..{end.isoformat()}")


def _drawing(
    session: Session,
    plan: SamplePlan,
    settings: PlanSettings,
    start: date,
    end: date,
    *,
    as_of: datetime,
    seed: str,
) -> tuple[LoadedFrame, Drawing]:
    _check_days(start, end)
    frame = load_frame(session, plan.site_id, settings, start, end, as_of=as_of)
    if not frame.n_recorded:
        raise DomainError(
            "frame_empty",
            calls=frame.n_calls,
            connected=frame.n_connected,
            no_recording=frame.excluded["no_recording"],
        )
    peers = load_peers(session, plan.site_id, start, end, frame)
    return frame, make_drawing(frame.columns, peers, settings, frame.agents, parse_seed(seed))


def extend(
    session: Session,
    storage: Storage,
    draw: Draw,
    stratum_key: str,
    count: int,
    *,
    now: datetime,
    actor: User | None,
) -> list[DrawnCall]:
    """Add the next ``count`` calls of a stratum's order (fewer where it ends), or raise.

    Raises ``draw_not_open``, ``stratum_unknown``, ``stratum_exhausted``.
    """
    stratum = _stratum(session, draw, stratum_key)
    seen = select(func.count()).where(
        Review.drawn_call_id == DrawnCall.id,
        DrawnCall.draw_id == draw.id,
        Review.state == ReviewState.SUBMITTED,
    )
    if session.scalar(seen) and draw.extended_at is None:
        draw.extended_at = now
    added = next_calls(session, storage, draw, stratum, count)
    _record(
        session, draw, "draw.extended", now=now, actor=actor, stratum=stratum_key, added=len(added)
    )
    return added


def skip(
    session: Session,
    drawn_call: DrawnCall,
    kind: SkipKind,
    reason: str,
    *,
    now: datetime,
    actor: User | None,
) -> None:
    """Mark a drawn call as not to be reviewed: ineligible, or not reviewed (non-response)."""
    drawn_call.skip_kind = kind
    drawn_call.skip_reason = reason
    _record(
        session,
        drawn_call.draw,
        "draw.call_skipped",
        now=now,
        actor=actor,
        kind=kind.value,
        drawn_call=str(drawn_call.uid),
    )
    session.flush()


def replace(
    session: Session,
    storage: Storage,
    drawn_call: DrawnCall,
    kind: SkipKind,
    reason: str,
    *,
    now: datetime,
    actor: User | None,
) -> DrawnCall | None:
    """Skip a call, unless it has been skipped, and draw the next number of its stratum.

    Returns None where the stratum has no more calls; raises ``call_not_replaceable`` for a call
    that was replaced already or whose review belongs to an earlier draw.
    """
    stratum = _stratum(session, drawn_call.draw, drawn_call.stratum.key)
    replaced = select(func.count()).where(DrawnCall.replaces_id == drawn_call.id)
    if drawn_call.earlier_id is not None or session.scalar(replaced):
        raise DomainError("call_not_replaceable")
    if drawn_call.skip_kind is None:
        skip(session, drawn_call, kind, reason, now=now, actor=actor)
    if stratum.n_drawn == stratum.n_frame:
        return None
    (added,) = next_calls(session, storage, drawn_call.draw, stratum, 1)
    added.replaces_id = drawn_call.id
    session.flush()
    return added


def take_back(
    session: Session, drawn_call: DrawnCall, *, now: datetime, actor: User | None
) -> None:
    """Take a replacement out of an open draw again: the call it stood for is reviewed after all.

    Its tasks must be gone. Raises ``draw_not_open``, and ``replacement_not_last`` where further
    calls of the stratum were drawn since: what is drawn is always the beginning of its order.
    """
    draw = drawn_call.draw
    stratum = _stratum(session, draw, drawn_call.stratum.key)
    last = session.scalar(
        select(func.max(DrawnCall.position)).where(DrawnCall.stratum_id == stratum.id)
    )
    if drawn_call.position != last:
        raise DomainError("replacement_not_last")
    session.delete(drawn_call)
    stratum.n_drawn -= 1
    session.flush()
    session.expire(draw, ["calls"])
    _record(session, draw, "draw.replacement_taken_back", now=now, actor=actor)


def _open(session: Session, draw: Draw) -> None:
    """Hold a draw that is open, as it is now: whoever adds to it or ends it comes one by one."""
    session.refresh(draw, ["state", "extended_at"], with_for_update=True)
    if draw.state is not DrawState.OPEN:
        raise DomainError("draw_not_open", state=draw.state.value)


def _stratum(session: Session, draw: Draw, key: str) -> DrawStratum:
    _open(session, draw)
    found = session.scalar(
        select(DrawStratum)
        .where(DrawStratum.draw_id == draw.id, DrawStratum.key == key)
        .execution_options(populate_existing=True)
    )
    if found is None or key == ALREADY_REVIEWED:
        raise DomainError("stratum_unknown", stratum=key)
    return found


def void(session: Session, draw: Draw, reason: str, *, now: datetime, actor: User | None) -> None:
    """Declare an open draw void, with a reason, so that its period can be drawn again."""
    _open(session, draw)
    if not reason.strip():
        raise DomainError("reason_needed")
    draw.state = DrawState.VOID
    draw.void_reason = reason.strip()
    _record(session, draw, "draw.voided", now=now, actor=actor)
    session.flush()


def close(session: Session, draw: Draw, *, now: datetime, actor: User | None) -> None:
    """Close an open draw: nothing is added any more, and its seed may be seen."""
    _open(session, draw)
    draw.state = DrawState.CLOSED
    _record(session, draw, "draw.closed", now=now, actor=actor)
    session.flush()


def _record(
    session: Session,
    draw: Draw,
    action: str,
    *,
    now: datetime,
    actor: User | None,
    **details: Any,
) -> None:
    audit.record(
        session,
        now=now,
        actor=actor.uid if actor else None,
        action=action,
        subject="draw",
        subject_uid=draw.uid,
        **details,
    )
