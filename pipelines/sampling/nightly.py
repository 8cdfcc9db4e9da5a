"""Draws that nobody asks for: each settled day of a nightly plan, once, in its site's night."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.samples import Draw, SamplePlan
from models.vocab import DrawState, PlanState
from pipelines.days import local_day

FROM_SLOT = 4
"""Half-hour of the site's day (02:00) from which its nightly draws are made."""
CATCH_UP_DAYS = 7
"""How far back days are drawn that no worker was there for."""


@dataclass(frozen=True)
class Due:
    """A draw to be made: of which plan, and of which local days (both included)."""

    plan_id: int
    start: date
    end: date


def due_draws(session: Session, now: datetime) -> list[Due]:
    """Return the draws that nightly plans owe at ``now``, oldest first within each plan."""
    plans = select(SamplePlan).where(
        SamplePlan.nightly.is_(True), SamplePlan.state == PlanState.ACTIVE
    )
    found: list[Due] = []
    for plan in session.scalars(plans.order_by(SamplePlan.id)):
        zone = ZoneInfo(plan.site.timezone)
        today, slot = local_day(now, zone)
        if slot < FROM_SLOT:
            continue
        newest = today - timedelta(days=plan.settling_days + 1)
        oldest = max(
            newest - timedelta(days=CATCH_UP_DAYS - 1), local_day(plan.created_at, zone)[0]
        )
        drawn = set(
            session.scalars(
                select(Draw.period_end).where(
                    Draw.plan_id == plan.id,
                    Draw.state != DrawState.VOID,
                    Draw.period_end >= oldest,
                )
            )
        )
        days = (oldest + timedelta(days=step) for step in range((newest - oldest).days + 1))
        found += [Due(plan.id, day, day) for day in days if day not in drawn]
    return found
