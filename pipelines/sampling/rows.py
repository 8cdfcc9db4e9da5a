"""The rows of drawn calls: made from a drawing, or from the manifest for those that follow."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Call
from models.samples import Draw, DrawnCall, DrawStratum
from pipelines.outcomes import DomainError
from pipelines.sampling.facts import AT_ONCE, call_facts
from pipelines.sampling.rules.explain import explain
from pipelines.sampling.rules.manifest import Manifest, ReplayedCall, read_manifest, replay
from pipelines.sampling.rules.numbers import to_signed
from pipelines.sampling.rules.plan_draw import Drawing
from pipelines.sampling.rules.reasons import reasons_of
from pipelines.sampling.rules.settings import PlanSettings
from pipelines.storage import Storage


def drawn_rows(
    session: Session,
    settings: PlanSettings,
    header: dict[str, Any],
    drawing: Drawing,
    call_ids: Sequence[int],
    *,
    as_of: datetime,
) -> list[dict[str, Any]]:
    """Return the values of each drawn call's row, stratum by stratum in order of number."""
    facts = call_facts(session, call_ids, as_of=as_of)
    rows: list[dict[str, Any]] = []
    for stratum, chosen in zip(drawing.strata, drawing.chosen, strict=True):
        for row in chosen:
            call_id = call_ids[len(rows)]
            reasons = reasons_of(int(drawing.bits[row]), settings.order)
            rows.append(
                {
                    "call_id": call_id,
                    "stratum": stratum.key,
                    "position": len(rows) + 1,
                    "random_number": to_signed(int(drawing.numbers[row])),
                    "reasons": [reason.value for reason in reasons],
                    "explanation": explain(reasons, facts[call_id], header),
                }
            )
    return rows


def named_rows(
    session: Session,
    rows: Sequence[dict[str, Any]],
    call_ids: Sequence[int],
    drawing: Drawing,
    chosen: NDArray[np.intp],
) -> list[dict[str, Any]]:
    """Return the drawn calls as the manifest names them, readable without the database."""
    names: dict[int, tuple[str, str]] = {}
    for start in range(0, len(call_ids), AT_ONCE):
        some = call_ids[start : start + AT_ONCE]
        statement = select(Call.id, Call.source, Call.source_key).where(Call.id.in_(some))
        names |= {call_id: (source, key) for call_id, source, key in session.execute(statement)}
    return [
        {
            "source": names[row["call_id"]][0],
            "source_key": names[row["call_id"]][1],
            "draw_key": f"{int(drawing.frame.draw_key[place]):016x}",
            "stratum": row["stratum"],
            "position": row["position"],
            "reasons": row["reasons"],
            "explanation": row["explanation"],
        }
        for row, place in zip(rows, chosen, strict=True)
    ]


def load_manifest(storage: Storage, draw: Draw) -> Manifest:
    """Read the draw's manifest; ``DomainError("manifest_missing")`` where the file is gone."""
    try:
        with storage.open(draw.manifest_key) as stream:
            return read_manifest(stream.read())
    except FileNotFoundError as error:
        raise DomainError("manifest_missing") from error


def next_calls(
    session: Session, storage: Storage, draw: Draw, stratum: DrawStratum, count: int
) -> list[DrawnCall]:
    """Add calls that follow those drawn; reasons stay as they were frozen in the manifest."""
    wanted = min(stratum.n_drawn + count, stratum.n_frame)
    if wanted <= stratum.n_drawn:
        raise DomainError("stratum_exhausted", stratum=stratum.key)
    manifest = load_manifest(storage, draw)
    following = [
        call for call in replay(manifest, {stratum.key: wanted}) if call.stratum == stratum.key
    ][stratum.n_drawn :]
    call_ids = _call_ids(session, draw, manifest, following)
    facts = call_facts(session, call_ids, as_of=draw.as_of)
    position = session.scalar(
        select(func.max(DrawnCall.position)).where(DrawnCall.draw_id == draw.id)
    )
    order = PlanSettings.from_json(draw.settings).order
    added = []
    for call_id, call in zip(call_ids, following, strict=True):
        position = (position or 0) + 1
        reasons = reasons_of(call.bits, order)
        added.append(
            DrawnCall(
                draw=draw,
                call_id=call_id,
                stratum=stratum,
                position=position,
                random_number=to_signed(call.random_number),
                reasons=[reason.value for reason in reasons],
                explanation=explain(reasons, facts[call_id], manifest.header),
            )
        )
    stratum.n_drawn = wanted
    session.add_all(added)
    session.flush()
    return added


def _call_ids(
    session: Session, draw: Draw, manifest: Manifest, calls: Sequence[ReplayedCall]
) -> list[int]:
    """Find the calls by key within the period; equal keys stand in order of their source key."""
    statement = (
        select(Call.draw_key, Call.id)
        .where(
            Call.site_id == draw.site_id,
            Call.local_date.between(draw.period_start, draw.period_end),
            Call.draw_key.in_([to_signed(call.draw_key) for call in calls]),
        )
        .order_by(Call.source, Call.source_key)
    )
    found: dict[int, list[int]] = {}
    for key, call_id in session.execute(statement):
        found.setdefault(key, []).append(call_id)
    ids = []
    for call in calls:
        first = int(np.searchsorted(manifest.draw_key, np.uint64(call.draw_key)))
        same = found.get(to_signed(call.draw_key), [])
        if call.row - first >= len(same):
            raise DomainError("call_gone", draw_key=f"{call.draw_key:016x}")
        ids.append(same[call.row - first])
    return ids
