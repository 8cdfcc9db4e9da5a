"""Drawn calls with what came of them, summed per stratum for any domain: the input of estimates.

Several draws may have looked at one period. Each is a frame of its own with its own strata. A call
that a later draw knows too (it stands there as already reviewed) counts in that later frame alone,
so no part of the period is counted twice.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum, auto
from functools import cached_property

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from models.calls import Call, Leg
from models.reviews import Review, ReviewRevision, Task
from models.samples import Draw, DrawnCall, DrawStratum
from models.vocab import DrawState, Origin, ReviewState, SkipKind, TaskState
from pipelines.measures.rules.estimates import Estimate, StratumSums, estimate
from pipelines.measures.rules.indicators import Measure, measure_values
from pipelines.periods import Period


@dataclass(frozen=True)
class Scope:
    """Whose figures: sites, and within them teams, an agent or a project; null asks for all."""

    site_ids: tuple[int, ...]
    team_ids: tuple[int, ...] | None = None
    agent_id: int | None = None
    project_id: int | None = None


class _State(Enum):
    REVIEWED = auto()
    INELIGIBLE = auto()
    NOT_REVIEWED = auto()
    OPEN = auto()


_SKIPPED = {
    SkipKind.INELIGIBLE: _State.INELIGIBLE,
    SkipKind.NOT_REVIEWED: _State.NOT_REVIEWED,
}


# What a void draw asked for counts in no rate (``facts.results_of_legs`` says the same).
_PICK, _OF = aliased(DrawnCall), aliased(Draw)
_NOT_VOID = func.coalesce(_OF.state, DrawState.OPEN) != DrawState.VOID


@dataclass
class _Leg:
    team_id: int | None
    agent_id: int | None
    state: _State
    values: dict[Measure, int] = field(default_factory=dict)


@dataclass
class _DrawnCall:
    stratum_id: int
    day: date
    project_id: int
    superseded: bool
    skip: SkipKind | None
    legs: list[_Leg]

    def state(self, inside: Sequence[_Leg]) -> _State:
        """Say what became of the legs inside a domain: reviewed as soon as one of them is.

        A call without a leg inside is taken as a whole: it only tells how many calls stand so.
        """
        states = {leg.state for leg in inside or self.legs}
        if _State.REVIEWED in states:
            return _State.REVIEWED
        if _State.OPEN in states:
            return _State.OPEN if self.skip is None else _SKIPPED[self.skip]
        return _State.NOT_REVIEWED if _State.NOT_REVIEWED in states else _State.INELIGIBLE

    def inside(self, scope: Scope, period: Period) -> list[_Leg]:
        if self.superseded or not period.start <= self.day <= period.end:
            return []
        if scope.project_id is not None and scope.project_id != self.project_id:
            return []
        return [
            leg
            for leg in self.legs
            if (scope.team_ids is None or leg.team_id in scope.team_ids)
            and (scope.agent_id is None or leg.agent_id == scope.agent_id)
        ]


@dataclass
class _Stratum:
    draw: str
    key: str
    frame: int
    calls: list[_DrawnCall] = field(default_factory=list)

    @cached_property
    def days(self) -> set[date]:
        return {call.day for call in self.calls}


class Sample:
    """The drawn calls of every draw that touches a period, ready to be summed for any domain."""

    def __init__(self, strata: Sequence[_Stratum]) -> None:
        """Keep strata in the order fixed before their draws."""
        self._strata = strata

    def estimate(self, measure: Measure, scope: Scope, period: Period) -> Estimate:
        """Estimate a measure for all recorded calls of a domain inside the loaded sites, days."""
        sums = [
            _sums(stratum, measure, scope, period)
            for stratum in self._strata
            if any(period.start <= day <= period.end for day in stratum.days)
        ]
        return estimate(sums, is_rate=measure.is_rate)

    def without(self, days: Collection[date]) -> "Sample":
        """Return the same draws as if calls of these days lay outside every domain."""
        return Sample(
            [
                replace(
                    stratum,
                    calls=[
                        replace(call, superseded=call.superseded or call.day in days)
                        for call in stratum.calls
                    ],
                )
                for stratum in self._strata
            ]
        )


def _sums(stratum: _Stratum, measure: Measure, scope: Scope, period: Period) -> StratumSums:
    drawn_inside = resolved = calls = open_calls = open_x = 0
    x = y = xx = xy = yy = 0
    for call in stratum.calls:
        legs = call.inside(scope, period)
        drawn_inside += bool(legs)
        state = call.state(legs)
        if state is _State.OPEN:
            open_calls += 1
            open_x += len(legs)
        if state not in {_State.REVIEWED, _State.INELIGIBLE}:
            continue
        resolved += 1
        values = [leg.values[measure] for leg in legs if measure in leg.values]
        calls += bool(values)
        own_x, own_y = len(values), sum(values)
        x, y = x + own_x, y + own_y
        xx, xy, yy = xx + own_x * own_x, xy + own_x * own_y, yy + own_y * own_y
    return StratumSums(
        draw=stratum.draw,
        key=stratum.key,
        frame=stratum.frame,
        drawn=len(stratum.calls),
        drawn_inside=drawn_inside,
        resolved=resolved,
        calls=calls,
        x=x,
        y=y,
        xx=xx,
        xy=xy,
        yy=yy,
        open_calls=open_calls,
        open_x=open_x,
    )


def load_sample(session: Session, site_ids: Sequence[int], period: Period) -> Sample:
    """Load the draws, not void, of these sites whose period touches ``period``."""
    draws = (
        select(Draw.id)
        .where(
            Draw.site_id.in_(site_ids),
            Draw.state != DrawState.VOID,
            Draw.period_start <= period.end,
            Draw.period_end >= period.start,
        )
        .scalar_subquery()
    )
    strata = {
        row.id: _Stratum(draw=str(row.draw_id), key=row.key, frame=row.n_frame)
        for row in session.execute(
            select(DrawStratum.id, DrawStratum.draw_id, DrawStratum.key, DrawStratum.n_frame)
            .where(DrawStratum.draw_id.in_(draws))
            .order_by(DrawStratum.draw_id, DrawStratum.position)
        )
    }
    legs = _legs(session, draws)
    rows = session.execute(
        select(
            DrawnCall.stratum_id,
            DrawnCall.call_id,
            DrawnCall.skip_kind,
            Call.local_date,
            Call.project_id,
        )
        .join(Call, Call.id == DrawnCall.call_id)
        .where(DrawnCall.draw_id.in_(draws))
        .order_by(DrawnCall.draw_id.desc(), DrawnCall.id)
    )
    known: set[int] = set()
    for stratum_id, call_id, skip_kind, day, project_id in rows:
        call = _DrawnCall(
            stratum_id=stratum_id,
            day=day,
            project_id=project_id,
            superseded=call_id in known,
            skip=skip_kind,
            legs=legs.get(call_id, []),
        )
        known.add(call_id)
        strata[stratum_id].calls.append(call)
    return Sample(list(strata.values()))


def _legs(session: Session, draws: object) -> dict[int, list[_Leg]]:
    """Return call id → its legs with talk, each with its first drawn result or its task's state."""
    calls = select(DrawnCall.call_id).where(DrawnCall.draw_id.in_(draws))  # type: ignore[arg-type]  # a subquery
    by_id: dict[int, _Leg] = {}
    by_call: dict[int, list[_Leg]] = {}
    for leg_id, call_id, team_id, agent_id in session.execute(
        select(Leg.id, Leg.call_id, Leg.team_id, Leg.agent_id)
        .where(Leg.call_id.in_(calls), Leg.talk_ms > 0)
        .order_by(Leg.id)
    ):
        leg = _Leg(team_id, agent_id, _State.OPEN)
        by_id[leg_id] = leg
        by_call.setdefault(call_id, []).append(leg)
    inside = select(Leg.id).where(Leg.call_id.in_(calls))
    for leg_id, state, skip_kind in session.execute(
        select(Task.leg_id, Task.state, Task.skip_kind)
        .outerjoin(_PICK, _PICK.id == Task.drawn_call_id)
        .outerjoin(_OF, _OF.id == _PICK.draw_id)
        .where(Task.leg_id.in_(inside), Task.origin == Origin.DRAWN, _NOT_VOID)
        # A leg that was skipped and drawn anew stands as its last task does.
        .order_by(Task.id)
    ):
        if leg_id not in by_id:
            continue
        skipped = _SKIPPED[skip_kind] if skip_kind else _State.NOT_REVIEWED
        by_id[leg_id].state = skipped if state is TaskState.SKIPPED else _State.OPEN
    results = session.execute(
        select(
            Review.leg_id,
            ReviewRevision.earned,
            ReviewRevision.attainable,
            ReviewRevision.excellent,
            ReviewRevision.passed,
        )
        .join(ReviewRevision, ReviewRevision.id == Review.current_revision_id)
        .outerjoin(_PICK, _PICK.id == Review.drawn_call_id)
        .outerjoin(_OF, _OF.id == _PICK.draw_id)
        .where(
            Review.leg_id.in_(inside),
            Review.origin == Origin.DRAWN,
            Review.state == ReviewState.SUBMITTED,
            _NOT_VOID,
        )
        # The first review of a leg counts: written last, so that it stays.
        .order_by(Review.submitted_at.desc(), Review.id.desc())
    )
    for leg_id, earned, attainable, excellent, passed in results:
        if leg_id not in by_id:
            continue
        leg = by_id[leg_id]
        leg.values = measure_values(earned, attainable, excellent=excellent, passed=passed)
        # Nothing attainable gives no score: such a leg leaves the domain.
        leg.state = _State.REVIEWED if leg.values else _State.INELIGIBLE
    return by_call


def estimate_rate(
    session: Session, scope: Scope, period: Period, measure: Measure = Measure.EXCELLENT
) -> Estimate:
    """Estimate a measure for all recorded calls of a scope and period, by date of the call."""
    return load_sample(session, scope.site_ids, period).estimate(measure, scope, period)
