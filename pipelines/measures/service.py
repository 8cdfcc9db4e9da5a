"""Rebuild the facts of days from rows: one site and day at a time, whole."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.orm import Session

from models.calls import Leg
from models.measures import DailyFact, DirtyDay, DrawStratumDay
from models.reviews import Review, ReviewRevision
from models.samples import Draw, DrawnCall, DrawStratum
from models.session import in_chunks, read_session
from models.vocab import DrawState, Origin, ReviewState
from pipelines.measures.facts import count_day
from pipelines.measures.rules.indicators import measure_values
from pipelines.runtime import Progress

_DAYS_PER_TRANSACTION = 10


def rebuild_day(session: Session, site_id: int, day: date) -> int:
    """Count a site's day again from its rows and put the facts in place of the old ones.

    Returns how many rows of facts the day has.
    """
    session.execute(
        delete(DailyFact).where(DailyFact.site_id == site_id, DailyFact.local_date == day)
    )
    rows = [
        {
            "local_date": day,
            "site_id": site_id,
            "team_id": cell.team_id,
            "agent_id": cell.agent_id,
            "project_id": cell.project_id,
            "direction": cell.direction,
            "fact": fact,
            "numerator_sum": value.total,
            "count": value.count,
        }
        for (cell, fact), value in count_day(session, site_id, day).items()
    ]
    if rows:
        session.execute(insert(DailyFact), rows)
    _rebuild_strata(session, site_id, day)
    return len(rows)


def _rebuild_strata(session: Session, site_id: int, day: date) -> None:
    strata = (
        select(DrawStratum.id)
        .join(Draw, Draw.id == DrawStratum.draw_id)
        .where(Draw.site_id == site_id, Draw.period_start <= day, Draw.period_end >= day)
    )
    session.execute(
        delete(DrawStratumDay).where(
            DrawStratumDay.local_date == day, DrawStratumDay.stratum_id.in_(strata)
        )
    )
    sums: dict[tuple[int, int | None, str], list[int]] = {}
    rows = session.execute(
        select(
            DrawnCall.stratum_id,
            Leg.team_id,
            ReviewRevision.earned,
            ReviewRevision.attainable,
            ReviewRevision.excellent,
            ReviewRevision.passed,
        )
        .join(Review, Review.drawn_call_id == DrawnCall.id)
        .join(ReviewRevision, ReviewRevision.id == Review.current_revision_id)
        .join(Leg, Leg.id == Review.leg_id)
        .join(Draw, Draw.id == DrawnCall.draw_id)
        .where(
            Leg.site_id == site_id,
            Leg.local_date == day,
            Draw.state != DrawState.VOID,
            Review.origin == Origin.DRAWN,
            Review.state == ReviewState.SUBMITTED,
        )
    )
    for stratum_id, team_id, earned, attainable, excellent, passed in rows:
        values = measure_values(earned, attainable, excellent=excellent, passed=passed)
        for measure, y in values.items():
            cell = sums.setdefault((stratum_id, team_id, measure), [0, 0, 0])
            cell[0] += 1
            cell[1] += y
            cell[2] += y * y
    if sums:
        session.execute(
            insert(DrawStratumDay),
            [
                {
                    "stratum_id": stratum_id,
                    "local_date": day,
                    "team_id": team_id,
                    "measure": measure,
                    "n": n,
                    "sum_y": y,
                    "sum_y2": yy,
                }
                for (stratum_id, team_id, measure), (n, y, yy) in sums.items()
            ],
        )


def dirty_days(session: Session) -> dict[tuple[int, date], list[int]]:
    """Return (site id, day) → the marks that say its facts are behind, in order."""
    marks: dict[tuple[int, date], list[int]] = {}
    rows = session.execute(
        select(DirtyDay.site_id, DirtyDay.local_date, DirtyDay.id).order_by(
            DirtyDay.site_id, DirtyDay.local_date
        )
    )
    for site_id, day, mark in rows:
        marks.setdefault((site_id, day), []).append(mark)
    return marks


def rebuild_dirty(engine: Engine, progress: Progress | None = None) -> int:
    """Rebuild every dirty day, some days per transaction; returns how many days it were.

    Must be called without a session open. Safe to repeat and to be killed: a day's marks go in
    the transaction that rebuilds it, and only those that were seen before its rows were read.
    """
    with read_session(engine) as session:
        days = dirty_days(session)

    def one_by_one() -> Iterator[tuple[int, date]]:
        # Asked for between two transactions: while one is open nothing may be reported.
        for done, site_day in enumerate(days):
            if progress is not None and done and done % _DAYS_PER_TRANSACTION == 0:
                progress(done, len(days))
            yield site_day

    def rebuild(session: Session, chunk: list[tuple[int, date]]) -> None:
        for site_id, day in chunk:
            session.execute(delete(DirtyDay).where(DirtyDay.id.in_(days[site_id, day])))
            rebuild_day(session, site_id, day)

    in_chunks(engine, one_by_one(), rebuild, size=_DAYS_PER_TRANSACTION)
    if progress is not None and days:
        progress(len(days), len(days))
    return len(days)
