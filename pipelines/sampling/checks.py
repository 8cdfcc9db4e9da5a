"""Whether a draw still stands as it was made: against its manifest, and against today's calls."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from models.calls import Recording
from models.samples import Draw, DrawnCall
from models.vocab import RecordingState
from pipelines.outcomes import DomainError
from pipelines.sampling.frame import eligible, load_frame, load_peers
from pipelines.sampling.rules.manifest import Manifest, replay
from pipelines.sampling.rules.numbers import to_signed
from pipelines.sampling.rules.plan_draw import make_drawing
from pipelines.sampling.rules.settings import PlanSettings


@dataclass(frozen=True)
class Differences:
    """How today's database differs from a manifest; calls are named by draw key (hexadecimal).

    ``list_differs`` tells that the calls of the draw are not those that its seed gives.
    ``changed`` holds calls whose stratum or reasons would be others today, with both strata.
    """

    list_differs: bool
    gone: tuple[str, ...]
    joined: tuple[str, ...]
    changed: tuple[tuple[str, str, str], ...]

    @property
    def any(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.list_differs or self.gone or self.joined or self.changed)


def find_draw(session: Session, manifest_sha256: str) -> Draw:
    """Return the draw whose manifest has this SHA-256, or raise ``draw_unknown``."""
    found = session.scalar(select(Draw).where(Draw.manifest_sha256 == manifest_sha256))
    if found is None:
        raise DomainError("draw_unknown")
    return found


def compare(session: Session, draw: Draw, manifest: Manifest) -> Differences:
    """Draw again from the manifest and from today's database, and say what differs."""
    sizes = {stratum.key: stratum.n_drawn for stratum in draw.strata}
    replayed = sorted(to_signed(call.random_number) for call in replay(manifest, sizes))
    stored = sorted(
        session.scalars(select(DrawnCall.random_number).where(DrawnCall.draw_id == draw.id))
    )
    start, end = (date.fromisoformat(day) for day in manifest.header["period"])
    settings = PlanSettings.from_json(manifest.header["settings"])
    frame = load_frame(
        session,
        draw.site_id,
        settings,
        start,
        end,
        as_of=datetime.fromisoformat(manifest.header["as_of"]),
        before_draw=draw.id,
    )
    today = np.unique(frame.columns.draw_key)
    then = np.unique(manifest.draw_key)
    changed: list[tuple[str, str, str]] = []
    if frame.n_recorded:
        peers = load_peers(session, draw.site_id, start, end, frame)
        drawing = make_drawing(frame.columns, peers, settings, frame.agents, manifest.seed)
        both, here, there = np.intersect1d(
            drawing.frame.draw_key, manifest.draw_key, return_indices=True
        )
        old = [stratum.key for stratum in manifest.strata]
        new = [stratum.key for stratum in drawing.strata]
        for key, now_row, then_row in zip(both, here, there, strict=True):
            before, after = old[manifest.stratum[then_row]], new[drawing.stratum[now_row]]
            if before != after or drawing.bits[now_row] != manifest.bits[then_row]:
                changed.append((_hex(key), before, after))
    return Differences(
        list_differs=replayed != stored,
        gone=tuple(_hex(key) for key in np.setdiff1d(then, today)),
        joined=tuple(_hex(key) for key in np.setdiff1d(today, then)),
        changed=tuple(changed),
    )


def late_calls(session: Session, draw: Draw) -> int:
    """Count the calls that would belong to the frame today but came after the draw.

    Recordings that have expired since count as present, as they were then.
    """
    settings = PlanSettings.from_json(draw.settings)
    here = or_(
        Recording.state == RecordingState.PRESENT,
        and_(Recording.ended_at.is_not(None), Recording.ended_at > draw.drawn_at),
    )
    conditions = eligible(session, draw.site_id, settings, draw.period_start, draw.period_end)
    count = select(func.count()).select_from(Recording).join(Recording.call).where(here, conditions)
    return max(0, (session.scalar(count) or 0) - draw.n_recorded)


def _hex(key: np.uint64) -> str:
    return f"{int(key):016x}"
