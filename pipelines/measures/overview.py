"""Everything that the dashboard shows and ``hearback metrics`` prints, from one function."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, distinct, func, select
from sqlalchemy.orm import Session

from models.calls import Call, Leg
from models.measures import DailyFact, DirtyDay
from models.people import Team
from models.reviews import SelfAssessment
from models.vocab import AssessmentState, Fact
from pipelines.measures.rules.estimates import Estimate
from pipelines.measures.rules.indicators import (
    COVERAGE_WARNING,
    GROUP_OF_PEOPLE,
    NOTHING,
    FactSum,
    Indicator,
    Measure,
    Ratio,
    add_up,
    evaluate,
    groups_shown,
    satisfaction_bounds,
)
from pipelines.measures.rules.intervals import Interval
from pipelines.measures.samples import Sample, Scope, load_sample
from pipelines.periods import DAYS_OF_WEEK, Period

WEEKS = 10

Facts = Mapping[Fact, FactSum]


@dataclass(frozen=True)
class Figures:
    """The figures of one scope over one period; ratios keep numerator and denominator.

    Gaps are sums of basis points over assessments. ``estimate`` is the excellence rate for all
    recorded calls. ``bounds`` is satisfaction had all silent customers been dissatisfied, or
    satisfied. ``upheld`` counts complaints found justified, inbound ones included.
    """

    period: Period
    excellence: Ratio
    passed: Ratio
    estimate: Estimate
    satisfaction: Ratio
    response: Ratio
    bounds: Interval | None
    complaints: Ratio
    attitude: Ratio
    upheld: int
    gap: Ratio
    abs_gap: Ratio
    assessed: Ratio
    coverage: Ratio

    @property
    def coverage_is_low(self) -> bool:
        """Tell whether so few connected calls are recorded that estimates need a warning."""
        share = self.coverage.value
        return share is not None and share < COVERAGE_WARNING


@dataclass(frozen=True)
class Group:
    """A team with its figures; null where fewer than five people worked in it.

    Also null where those of a smaller team could be worked out from the total otherwise.
    """

    team_id: int
    code: str
    name: str
    people: int
    figures: Figures | None


@dataclass(frozen=True)
class Overview:
    """A scope's figures: now, in the period before, week by week, and per team in name order.

    ``total`` is null where fewer than five people worked in the scope. ``behind`` counts days
    whose rows changed since their facts were summed.
    """

    period: Period
    people: int
    total: Figures | None
    before: Figures | None
    weeks: tuple[Figures, ...]
    teams: tuple[Group, ...]
    directed: bool
    behind: int


@dataclass(frozen=True)
class Mine:
    """An agent's own figures beside those of the period before, and of the own teams.

    ``waiting`` days are left out of the own figures: the agent has yet to assess a call of theirs,
    and until then no figure may give away what others said of it.
    """

    period: Period
    figures: Figures
    before: Figures
    weeks: tuple[Figures, ...]
    team: Figures | None
    waiting: int


_DayFacts = list[tuple[date, int | None, Fact, int, int]]


def overview(session: Session, scope: Scope, period: Period, *, directed: bool = False) -> Overview:
    """Return the figures of a scope, with the ten weeks that end with the period.

    ``directed`` adds directed reviews to the plain rates; estimates use drawn ones only.
    """
    weeks = _weeks_to(period)
    before = period.before()
    span = Period(min(before.start, weeks[0].start), max(period.end, weeks[-1].end))
    rows = _fact_rows(session, scope, span)
    at_work = _at_work(session, scope, span)
    people = _people_of(at_work, period)
    reader = _Reader(rows, load_sample(session, scope.site_ids, span), directed=directed)
    everybody = _count(people)
    enough = everybody >= GROUP_OF_PEOPLE

    def of(part: Period) -> Figures:
        # A week in which few people worked is a small group of its own.
        few = _count(_people_of(at_work, part)) < GROUP_OF_PEOPLE
        return reader.nothing(part) if few else reader.figures(scope, part)

    return Overview(
        period=period,
        people=everybody,
        total=reader.figures(scope, period) if enough else None,
        before=of(before) if enough else None,
        weeks=tuple(of(week) for week in weeks) if enough else (),
        teams=tuple(_groups(session, scope, people, reader, period)),
        directed=directed,
        behind=_behind(session, scope, span),
    )


def mine(session: Session, scope: Scope, period: Period) -> Mine:
    """Return an agent's own figures (``scope.agent_id``) beside the past and the scope's teams."""
    weeks = _weeks_to(period)
    before = period.before()
    span = Period(min(before.start, weeks[0].start), max(period.end, weeks[-1].end))
    sample = load_sample(session, scope.site_ids, span)
    waiting = _days_waiting(session, scope, span)
    own_rows = [row for row in _fact_rows(session, scope, span) if row[0] not in waiting]
    own = _Reader(own_rows, sample.without(waiting))
    teams = Scope(scope.site_ids, scope.team_ids)
    team = None
    colleagues = _people_of(_at_work(session, teams, period), period) if scope.team_ids else {}
    if _count(colleagues) >= GROUP_OF_PEOPLE:
        team = _Reader(_fact_rows(session, teams, span), sample).figures(teams, period)
    # Calls that the agent took while in another team are the agent's own too.
    person = Scope(scope.site_ids, None, scope.agent_id)
    return Mine(
        period=period,
        figures=own.figures(person, period),
        before=own.figures(person, before),
        weeks=tuple(own.figures(person, week) for week in weeks),
        team=team,
        waiting=sum(period.start <= day <= period.end for day in waiting),
    )


class _Reader:
    """Facts and drawn calls, loaded once and read for many groups and periods."""

    def __init__(self, rows: _DayFacts, sample: Sample, *, directed: bool = False) -> None:
        self._directed = directed
        self._sample = sample
        self._rows: dict[date, list[tuple[int | None, Fact, int, int]]] = defaultdict(list)
        for day, team_id, fact, total, count in rows:
            self._rows[day].append((team_id, fact, total, count))

    def figures(self, scope: Scope, period: Period) -> Figures:
        days = (period.start + timedelta(days=i) for i in range(period.days))
        facts = add_up(
            (fact, total, count)
            for day in days
            for team_id, fact, total, count in self._rows.get(day, ())
            if scope.team_ids is None or team_id in scope.team_ids
        )
        return self._read(facts, self._sample.estimate(Measure.EXCELLENT, scope, period), period)

    def nothing(self, period: Period) -> Figures:
        """Return figures without any data, for a group that is too small."""
        nobody = Sample([]).estimate(Measure.EXCELLENT, Scope(()), period)
        return self._read({}, nobody, period)

    def _read(self, facts: Facts, estimate: Estimate, period: Period) -> Figures:
        def ratio(indicator: Indicator) -> Ratio:
            return evaluate(indicator, facts, directed=self._directed)

        return Figures(
            period=period,
            excellence=ratio(Indicator.QA_EXCELLENCE_RATE),
            passed=ratio(Indicator.MONITORING_PASS_RATE),
            estimate=estimate,
            satisfaction=ratio(Indicator.SMS_SATISFACTION_RATE),
            response=ratio(Indicator.SMS_RESPONSE_RATE),
            bounds=satisfaction_bounds(facts),
            complaints=ratio(Indicator.COMPLAINT_RATE),
            attitude=ratio(Indicator.ATTITUDE_COMPLAINT_RATE),
            upheld=facts.get(Fact.COMPLAINTS_UPHELD, NOTHING).total,
            gap=ratio(Indicator.SELF_ASSESSMENT_GAP),
            abs_gap=ratio(Indicator.SELF_ASSESSMENT_ABS_GAP),
            assessed=ratio(Indicator.SELF_ASSESSMENT_RESPONSE),
            coverage=ratio(Indicator.RECORDING_COVERAGE),
        )


def _weeks_to(period: Period) -> list[Period]:
    last = list(period.weeks())[-1]
    first = last.start - timedelta(days=DAYS_OF_WEEK * (WEEKS - 1))
    return list(Period(first, last.end).weeks())


def _where(scope: Scope, period: Period) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        DailyFact.site_id.in_(scope.site_ids),
        DailyFact.local_date.between(period.start, period.end),
    ]
    if scope.agent_id is not None:
        found.append(DailyFact.agent_id == scope.agent_id)
    elif scope.team_ids is not None:
        found.append(DailyFact.team_id.in_(scope.team_ids))
    if scope.project_id is not None:
        found.append(DailyFact.project_id == scope.project_id)
    return found


def _fact_rows(session: Session, scope: Scope, period: Period) -> _DayFacts:
    group = (DailyFact.local_date, DailyFact.team_id, DailyFact.fact)
    rows = session.execute(
        select(*group, func.sum(DailyFact.numerator_sum), func.sum(DailyFact.count))
        .where(*_where(scope, period))
        .group_by(*group)
    )
    return [
        (day, team_id, fact, int(total), int(count)) for day, team_id, fact, total, count in rows
    ]


_AtWork = list[tuple[date, int | None, int]]


def _at_work(session: Session, scope: Scope, period: Period) -> _AtWork:
    """Return (day, team id, agent id) of everybody who talked in the period."""
    rows = session.execute(
        select(DailyFact.local_date, DailyFact.team_id, DailyFact.agent_id)
        .where(
            *_where(scope, period),
            DailyFact.fact == Fact.TALK_MS,
            DailyFact.agent_id.is_not(None),
        )
        .distinct()
    )
    return [(day, team_id, agent) for day, team_id, agent in rows if agent is not None]


def _people_of(at_work: _AtWork, period: Period) -> dict[int | None, set[int]]:
    """Return team id → the agents who talked in a part of the period."""
    found: dict[int | None, set[int]] = defaultdict(set)
    for day, team_id, agent_id in at_work:
        if period.start <= day <= period.end:
            found[team_id].add(agent_id)
    return found


def _count(people: Mapping[int | None, set[int]]) -> int:
    return len({agent for agents in people.values() for agent in agents})


def _groups(
    session: Session,
    scope: Scope,
    people: Mapping[int | None, set[int]],
    reader: _Reader,
    period: Period,
) -> Iterable[Group]:
    teams = select(Team).where(Team.site_id.in_(scope.site_ids)).order_by(Team.name, Team.id)
    if scope.team_ids is not None:
        teams = teams.where(Team.id.in_(scope.team_ids))
    shown = groups_shown({team_id: len(agents) for team_id, agents in people.items()})
    for team in session.scalars(teams):
        own = Scope(scope.site_ids, (team.id,), project_id=scope.project_id)
        yield Group(
            team_id=team.id,
            code=team.code,
            name=team.name,
            people=len(people.get(team.id, ())),
            figures=reader.figures(own, period) if team.id in shown else None,
        )


def _behind(session: Session, scope: Scope, period: Period) -> int:
    days = select(func.count(distinct(DirtyDay.local_date))).where(
        DirtyDay.site_id.in_(scope.site_ids),
        DirtyDay.local_date.between(period.start, period.end),
    )
    return session.scalar(days) or 0


def _days_waiting(session: Session, scope: Scope, period: Period) -> set[date]:
    """Return the days on which the agent has yet to assess a call.

    A leg after midnight has its own day, while answers and complaints count on the call's.
    """
    rows = session.execute(
        select(Leg.local_date, Call.local_date)
        .join(SelfAssessment, SelfAssessment.leg_id == Leg.id)
        .join(Call, Call.id == Leg.call_id)
        .where(
            SelfAssessment.agent_id == scope.agent_id,
            SelfAssessment.state == AssessmentState.ASKED,
            Leg.local_date.between(period.start, period.end + timedelta(days=1)),
        )
    )
    return {day for days in rows for day in days if period.start <= day <= period.end}
