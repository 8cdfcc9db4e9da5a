"""Facts equal an independent recount of raw rows; estimates read draws as they were drawn."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from models.calls import Call, Complaint, Leg, Recording, Survey
from models.measures import DailyFact, DirtyDay, DrawStratumDay
from models.reviews import Review, ReviewRevision, SelfAssessment, Task
from models.samples import DrawnCall, DrawStratum
from models.session import session_is_open, write_session
from models.vocab import (
    AssessmentState,
    ComplaintCause,
    ComplaintStatus,
    Direction,
    DrawState,
    Fact,
    Origin,
    Satisfaction,
    SkipKind,
    TaskState,
)
from pipelines.days import mark_dirty
from pipelines.measures import service
from pipelines.measures.rules.estimates import Note
from pipelines.measures.rules.indicators import Measure
from pipelines.measures.samples import Scope, estimate_rate
from pipelines.periods import Period
from tests import factories as make
from tests.factories import NOW

MONDAY = date(2026, 11, 16)
WEEK = Period(MONDAY, date(2026, 11, 22))
START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)


class World:
    """Two teams with agents at one site, and a site beside it that nothing may count."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.site = make.make_site(session)
        self.teams = [make.make_team(session, self.site) for _ in range(2)]
        self.agents = [make.make_agent(session, self.teams[i % 2]) for i in range(4)]
        self.projects = [make.make_project(session, self.site) for _ in range(2)]
        self.version = make.make_version(session)
        self.other_version = make.make_version(session)
        self.elsewhere = make.make_site(session)
        team = make.make_team(session, self.elsewhere)
        agent, project = (
            make.make_agent(session, team),
            make.make_project(session, self.elsewhere),
        )
        noise = make.make_call(session, agent, team, project)
        make.make_recording(session, noise)
        make.make_review(session, noise.legs[0], self.version)

    def call(self, number: int = 0, **values: Any) -> Call:
        agent = values.pop("agent", None) or number % 4
        return make.make_call(
            self.session, self.agents[agent], self.teams[agent % 2], self.projects[0], **values
        )

    def survey(self, call: Call, satisfaction: Satisfaction | None, minutes: int = 5) -> Survey:
        number = next(make._numbers)
        row = Survey(
            source="sms",
            source_key=f"s{number}",
            content_hash="x",
            call_id=call.id,
            site_id=call.site_id,
            sent_at=call.started_at,
            answered_at=call.started_at + timedelta(minutes=minutes) if satisfaction else None,
            satisfaction=satisfaction,
        )
        self.session.add(row)
        self.session.flush()
        return row

    def complaint(self, call: Call | None = None, **values: Any) -> Complaint:
        row = Complaint(
            source="desk",
            source_key=f"c{next(make._numbers)}",
            content_hash="x",
            site_id=self.site.id,
            call_id=call.id if call else None,
            received_at=NOW,
            **{
                "local_date": MONDAY,
                "cause": ComplaintCause.PRODUCT,
                "status": ComplaintStatus.OPEN,
                **values,
            },
        )
        self.session.add(row)
        self.session.flush()
        return row

    def asked(self, leg: Leg, **values: Any) -> SelfAssessment:
        row = SelfAssessment(
            site_id=leg.site_id,
            team_id=leg.team_id,
            leg_id=leg.id,
            agent_id=leg.agent_id,
            draft={},
            **{"version_id": self.version.id, **values},
        )
        self.session.add(row)
        self.session.flush()
        return row

    def totals(self, day: date = MONDAY) -> dict[Fact, int]:
        service.rebuild_day(self.session, self.site.id, day)
        rows = self.session.execute(
            select(DailyFact.fact, func.sum(DailyFact.numerator_sum))
            .where(DailyFact.site_id == self.site.id, DailyFact.local_date == day)
            .group_by(DailyFact.fact)
        )
        return {fact: int(total) for fact, total in rows if total}


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


def test_only_the_last_valid_answer_of_a_call_counts(world: World) -> None:
    call = world.call()
    world.survey(call, Satisfaction.SATISFIED, 5)
    world.survey(call, Satisfaction.DISSATISFIED, 9)
    world.survey(call, Satisfaction.INVALID, 12)
    world.survey(world.call(), None)
    totals = world.totals()
    assert totals[Fact.SURVEYS_SENT] == 2
    assert totals[Fact.SURVEYS_TAKEN_PART] == 1
    assert totals[Fact.SURVEYS_DISSATISFIED] == 1
    assert Fact.SURVEYS_SATISFIED not in totals


def test_a_complaint_counts_on_its_calls_day_for_the_leg_it_names(world: World) -> None:
    call = world.call(legs=2)
    second = call.legs[1]
    second.agent_id, second.team_id = world.agents[1].id, world.teams[1].id
    world.complaint(
        call,
        leg_id=second.id,
        local_date=MONDAY + timedelta(days=3),
        cause=ComplaintCause.ATTITUDE,
        status=ComplaintStatus.UPHELD,
    )
    world.complaint(call)
    world.complaint(agent_id=world.agents[0].id, direction=Direction.IN)
    service.rebuild_day(world.session, world.site.id, MONDAY)
    rows = world.session.execute(
        select(DailyFact.fact, DailyFact.team_id, DailyFact.agent_id).where(
            DailyFact.site_id == world.site.id, DailyFact.fact.like("complaints%")
        )
    )
    assert set(rows) == {
        (Fact.COMPLAINTS_OUT, world.teams[1].id, world.agents[1].id),
        (Fact.COMPLAINTS_ATTITUDE, world.teams[1].id, world.agents[1].id),
        (Fact.COMPLAINTS_UPHELD, world.teams[1].id, world.agents[1].id),
        (Fact.COMPLAINTS_OUT, world.teams[0].id, None),
        (Fact.COMPLAINTS_IN, None, world.agents[0].id),
    }


def test_a_leg_has_one_result_its_first_drawn_review_as_it_stands_now(world: World) -> None:
    leg = world.call().legs[0]
    make.make_review(world.session, leg, world.version, origin=Origin.DIRECTED, submitted_at=START)
    first = make.make_review(
        world.session, leg, world.version, excellent=False, submitted_at=START + timedelta(days=1)
    )
    make.make_review(world.session, leg, world.version)
    make.make_review(world.session, leg, world.version, origin=Origin.SECOND)
    directed = world.call().legs[0]
    make.make_review(world.session, directed, world.version, origin=Origin.DIRECTED)
    nothing = world.call().legs[0]
    make.make_review(
        world.session, nothing, world.version, earned=0, attainable=0, excellent=None, passed=None
    )
    totals = world.totals()
    assert totals[Fact.REVIEWED] == 1
    assert Fact.EXCELLENT not in totals
    assert totals[Fact.REVIEWED_DIRECTED] == 1
    make.make_revision(world.session, first, 2_900, 3_000, excellent=True, passed=True)
    assert world.totals()[Fact.EXCELLENT] == 1


def test_what_a_void_draw_asked_for_counts_in_no_rate(world: World) -> None:
    call = world.call()
    draw = make.make_draw(world.session, world.projects[0], [call])
    make.make_review(world.session, call.legs[0], world.version, drawn_call_id=draw.calls[0].id)
    assert world.totals()[Fact.REVIEWED] == 1
    draw.state = DrawState.VOID
    world.session.flush()
    assert Fact.REVIEWED not in world.totals()


def test_no_other_reading_and_no_void_draw_moves_an_estimate(world: World) -> None:
    calls = drawn_week(world, 20, 10, 4)
    scope = Scope(site_ids=(world.site.id,))
    before = estimate_rate(world.session, scope, WEEK)
    totals = world.totals()
    void = make.make_draw(world.session, world.projects[0], calls)
    void.state = DrawState.VOID
    for call, drawn in zip(calls, void.calls, strict=True):
        leg = call.legs[0]
        early = {"submitted_at": START, "excellent": True}
        make.make_review(world.session, leg, world.version, drawn_call_id=drawn.id, **early)
        for origin in set(Origin) - {Origin.DRAWN, Origin.DIRECTED}:
            make.make_review(world.session, leg, world.version, origin=origin, **early)
        world.session.add(
            Task(
                origin=Origin.DRAWN,
                site_id=leg.site_id,
                leg_id=leg.id,
                drawn_call_id=drawn.id,
                version_id=world.version.id,
                state=TaskState.SKIPPED,
                skip_kind=SkipKind.INELIGIBLE,
                due_at=NOW,
                created_at=NOW,
            )
        )
    world.session.flush()
    after = estimate_rate(world.session, scope, WEEK)
    # Recounted: of the ten legs read for the draw that stands, four are excellent.
    assert (after.numerator, after.denominator) == (4, 10)
    assert (after, world.totals()) == (before, totals)


def test_the_gap_counts_where_both_judged_the_same_leg_by_the_same_version(world: World) -> None:
    legs = [world.call(agent=i).legs[0] for i in (1, 2, 3)] + [world.call().legs[0]]
    submitted = {"state": AssessmentState.SUBMITTED, "submitted_at": NOW}
    for leg in legs:
        make.make_review(world.session, leg, world.version, earned=2_000, attainable=3_000)
    world.asked(legs[0], earned=2_500, attainable=3_000, **submitted)
    world.asked(legs[1], earned=0, attainable=3_000, version_id=world.other_version.id, **submitted)
    world.asked(legs[2])
    world.asked(legs[3], voluntary=True, earned=3_000, attainable=3_000, **submitted)
    service.rebuild_day(world.session, world.site.id, MONDAY)
    rows = world.session.execute(
        select(DailyFact.fact, func.sum(DailyFact.numerator_sum), func.sum(DailyFact.count))
        .where(DailyFact.site_id == world.site.id, DailyFact.fact.like("self%"))
        .group_by(DailyFact.fact)
    )
    assert {fact: (int(total), int(count)) for fact, total, count in rows} == {
        Fact.SELF_ASSESSED: (1, 3),
        Fact.SELF_GAP_BP: (1_667, 1),
        Fact.SELF_ABS_GAP_BP: (1_667, 1),
    }


def recount(session: Session, site_id: int, day: date) -> Counter[Any]:
    """Count a day's facts the slow way: every row of every table, one after the other."""
    found: Counter[Any] = Counter()
    calls = {
        row.id: row
        for row in session.scalars(select(Call))
        if row.site_id == site_id and row.local_date == day
    }
    legs = {row.id: row for row in session.scalars(select(Leg)) if row.call_id in calls}
    recorded = set(session.scalars(select(Recording.call_id)))
    for call in calls.values():
        where = (call.team_id, call.agent_id, call.project_id, call.direction)
        out = call.direction is Direction.OUT
        found[(*where, Fact.ATTEMPTS_OUT if out else Fact.OFFERED_IN)] += 1
        if call.talk_ms and not call.by_robot:
            found[(*where, Fact.CONNECTED_OUT if out else Fact.CONNECTED_IN)] += 1
            found[(*where, Fact.RECORDED)] += call.id in recorded
        surveys = [row for row in session.scalars(select(Survey)) if row.call_id == call.id]
        valid = [
            row
            for row in surveys
            if row.satisfaction and row.satisfaction is not Satisfaction.INVALID
        ]
        found[(*where, Fact.SURVEYS_SENT)] += bool(surveys)
        if valid:
            last = max(valid, key=lambda row: row.answered_at)
            found[(*where, Fact.SURVEYS_TAKEN_PART)] += 1
            found[(*where, f"surveys_{last.satisfaction.value}")] += 1
    for leg in legs.values():
        call = calls[leg.call_id]
        where = (leg.team_id, leg.agent_id, call.project_id, call.direction)
        found[(*where, Fact.TALK_MS)] += leg.talk_ms
        reviews = sorted(
            (
                row
                for row in session.scalars(select(Review))
                if row.leg_id == leg.id and row.origin is Origin.DRAWN
            ),
            key=lambda row: row.submitted_at,
        )
        if reviews:
            current = session.get_one(ReviewRevision, reviews[0].current_revision_id)
            found[(*where, Fact.REVIEWED)] += 1
            found[(*where, Fact.EXCELLENT)] += bool(current.excellent)
            found[(*where, Fact.PASSED)] += bool(current.passed)
    return Counter(
        {key: count for key, count in found.items() if count and key[4] != "surveys_neutral"}
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_facts_equal_an_independent_recount(world: World, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - rows that repeat
    for number in range(40):
        call = world.call(
            number,
            legs=dice.choice([1, 1, 2]),
            talk_ms=dice.choice([0, 30_000, 90_000]),
            direction=dice.choice(list(Direction)),
            by_robot=dice.random() < 0.1,
            started_at=START + timedelta(hours=dice.choice([0, 3, 30])),
        )
        if dice.random() < 0.6:
            make.make_recording(world.session, call)
        for minutes in range(dice.choice([0, 0, 1, 2])):
            world.survey(call, dice.choice([None, *Satisfaction]), minutes)
        for leg in call.legs:
            for later in range(dice.choice([0, 1, 2])):
                make.make_review(
                    world.session,
                    leg,
                    world.version,
                    excellent=dice.random() < 0.3,
                    passed=dice.random() < 0.8,
                    submitted_at=NOW + timedelta(minutes=later),
                )
    for day in (MONDAY, MONDAY + timedelta(days=1)):
        wanted = recount(world.session, world.site.id, day)
        # A row talked in but without a second leg's share keeps talk of 0: no fact.
        service.rebuild_day(world.session, world.site.id, day)
        rows = world.session.scalars(
            select(DailyFact).where(DailyFact.site_id == world.site.id, DailyFact.local_date == day)
        )
        found = Counter(
            {
                (r.team_id, r.agent_id, r.project_id, r.direction, r.fact): r.numerator_sum
                for r in rows
                if r.numerator_sum
            }
        )
        assert found == wanted


def test_rebuilding_twice_changes_nothing_and_keeps_other_days(world: World) -> None:
    world.call()
    world.call(started_at=START + timedelta(days=1))
    once = world.totals()
    other = world.totals(MONDAY + timedelta(days=1))
    assert world.totals() == once
    assert other == {
        Fact.ATTEMPTS_OUT: 1,
        Fact.CONNECTED_OUT: 1,
        Fact.TALK_MS: 40_000,
    }


def test_dirty_days_are_rebuilt_once_and_leave_the_list(own_engine: Engine) -> None:
    with write_session(own_engine) as session:
        world = World(session)
        for number in range(12):
            call = world.call(started_at=START + timedelta(days=number))
            mark_dirty(session, [(call.site_id, call.local_date)])
    seen: list[tuple[int, int]] = []

    def told(done: int, total: int) -> None:
        # A worker's progress opens a transaction of its own and refuses to do so inside another.
        assert not session_is_open()
        seen.append((done, total))

    assert service.rebuild_dirty(own_engine, told) == 12
    assert seen == [(10, 12), (12, 12)]
    assert service.rebuild_dirty(own_engine) == 0
    with write_session(own_engine) as session:
        assert session.scalar(select(func.count()).select_from(DirtyDay)) == 0
        assert (
            session.scalar(
                select(func.sum(DailyFact.numerator_sum)).where(
                    DailyFact.fact == Fact.CONNECTED_OUT
                )
            )
            == 12
        )


def test_a_change_committed_during_a_rebuild_is_not_lost(
    own_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with write_session(own_engine) as session:
        world = World(session)
        world.call()
        mark_dirty(session, [(world.site.id, MONDAY)])

    rebuild_day = service.rebuild_day

    def and_another_change(session: Session, site_id: int, day: date) -> int:
        rows = rebuild_day(session, site_id, day)
        if own_engine.dialect.name == "postgresql":
            late.commit()
        return rows

    monkeypatch.setattr(service, "rebuild_day", and_another_change)

    with Session(own_engine.execution_options(writes=True)) as late:
        if own_engine.dialect.name == "postgresql":
            # SQLite lets one write at a time, so there this cannot happen.
            world.session = late
            world.call()
            mark_dirty(late, [(world.site.id, MONDAY)])
        service.rebuild_dirty(own_engine)
    left = service.rebuild_dirty(own_engine)
    assert left == int(own_engine.dialect.name == "postgresql")
    with write_session(own_engine) as session:
        calls = session.scalar(
            select(func.sum(DailyFact.numerator_sum)).where(DailyFact.fact == Fact.ATTEMPTS_OUT)
        )
        assert calls == 1 + left


def drawn_week(world: World, count: int, reviewed: int, good: int) -> list[Call]:
    """Draw ``count`` of ten times as many calls; review the first, the first of them well."""
    calls = [world.call(number) for number in range(count)]
    draw = make.make_draw(world.session, world.projects[0], calls)
    draw.period_start, draw.period_end = WEEK.start, WEEK.end
    draw.strata[0].n_frame = 10 * count
    for place, call in enumerate(calls[:reviewed]):
        make.make_review(world.session, call.legs[0], world.version, excellent=place < good)
    world.session.flush()
    return calls


def test_an_estimate_weighs_strata_and_reads_teams_as_groups(world: World) -> None:
    drawn_week(world, 40, 40, 10)
    outliers = [world.call(number) for number in range(20)]
    draw = make.make_draw(world.session, world.projects[0], outliers)
    draw.period_start, draw.period_end = WEEK.start, WEEK.end
    for call in outliers:
        make.make_review(world.session, call.legs[0], world.version, excellent=True)
    # A later review of a leg changes nothing: the first one counts.
    make.make_review(
        world.session,
        outliers[0].legs[0],
        world.version,
        excellent=False,
        submitted_at=NOW + timedelta(days=1),
    )
    scope = Scope((world.site.id,))
    whole = estimate_rate(world.session, scope, WEEK)
    assert whole.value == pytest.approx((20 + 400 * 0.25) / 420)
    assert (whole.numerator, whole.denominator, whole.population) == (30, 60, 420)
    team = estimate_rate(
        world.session, Scope((world.site.id,), (world.teams[0].id,)), WEEK, Measure.EXCELLENT
    )
    assert team.value == pytest.approx((10 + 200 * 0.25) / 210)
    assert (team.denominator, team.population_exact) == (30, False)
    assert estimate_rate(world.session, Scope((world.elsewhere.id,)), WEEK).notes == (Note.NO_DATA,)
    draw.state = DrawState.VOID
    world.session.flush()
    assert estimate_rate(world.session, scope, WEEK).population == 400


def test_a_call_of_two_draws_counts_in_the_later_frame_alone(world: World) -> None:
    calls = drawn_week(world, 20, 20, 5)
    later = make.make_draw(world.session, world.projects[0], calls)
    later.period_start, later.period_end = WEEK.start, WEEK.end
    later.strata[0].key = "already_reviewed"
    fresh = [world.call(number) for number in range(30)]
    stratum = DrawStratum(draw=later, key="ordinary", position=2, n_frame=180, n_drawn=30)
    world.session.add(stratum)
    world.session.flush()
    for place, call in enumerate(fresh):
        world.session.add(
            DrawnCall(
                draw_id=later.id,
                call_id=call.id,
                stratum_id=stratum.id,
                position=100 + place,
                random_number=place,
                reasons=[],
                explanation={},
            )
        )
        make.make_review(world.session, call.legs[0], world.version, excellent=place < 10)
    result = estimate_rate(world.session, Scope((world.site.id,)), WEEK)
    assert result.value == pytest.approx((5 + 180 / 3) / 200)
    assert (result.denominator, result.population) == (50, 200)


def test_skips_of_both_kinds_and_open_tasks(world: World) -> None:
    calls = drawn_week(world, 40, 30, 15)
    for call, kind in zip(calls[30:], [*SkipKind] * 4, strict=False):
        world.session.add(
            Task(
                origin=Origin.DRAWN,
                site_id=call.site_id,
                leg_id=call.legs[0].id,
                version_id=world.version.id,
                state=TaskState.SKIPPED,
                skip_kind=kind,
                due_at=NOW,
                created_at=NOW,
            )
        )
    world.session.flush()
    result = estimate_rate(world.session, Scope((world.site.id,)), WEEK)
    # 30 reviewed and 4 ineligible are resolved, 4 were not reviewed, 2 are still open.
    assert result.population == round(400 / 34 * 30)
    assert result.closed == pytest.approx(38 / 40)
    assert result.value == 0.5
    assert Note.PROVISIONAL not in result.notes


def test_a_transferred_call_waits_for_the_leg_of_the_team_that_is_asked_about(
    world: World,
) -> None:
    calls = [world.call(agent=2, legs=2) for _ in range(20)]
    for call in calls:
        call.legs[1].team_id, call.legs[1].agent_id = world.teams[1].id, world.agents[1].id
        make.make_review(world.session, call.legs[0], world.version, excellent=True)
    draw = make.make_draw(world.session, world.projects[0], calls)
    draw.period_start, draw.period_end = WEEK.start, WEEK.end
    world.session.flush()
    first, second = (
        estimate_rate(world.session, Scope((world.site.id,), (team.id,)), WEEK)
        for team in world.teams[:2]
    )
    assert (first.calls, first.closed) == (20, 1.0)
    assert (second.calls, second.closed) == (0, 0.0)
    assert Note.PROVISIONAL in second.notes


def test_strata_of_a_day_hold_their_sums(world: World) -> None:
    calls = drawn_week(world, 6, 0, 0)
    drawn = {row.call_id: row for row in world.session.scalars(select(DrawnCall)) if row.call_id}
    for call in calls[:4]:
        make.make_review(
            world.session,
            call.legs[0],
            world.version,
            earned=2_000,
            excellent=False,
            drawn_call_id=drawn[call.id].id,
        )
    service.rebuild_day(world.session, world.site.id, MONDAY)
    service.rebuild_day(world.session, world.site.id, MONDAY)
    rows = world.session.execute(
        select(
            DrawStratumDay.measure,
            func.sum(DrawStratumDay.n),
            func.sum(DrawStratumDay.sum_y),
            func.sum(DrawStratumDay.sum_y2),
        ).group_by(DrawStratumDay.measure)
    )
    assert {row[0]: tuple(map(int, row[1:])) for row in rows} == {
        Measure.EXCELLENT: (4, 0, 0),
        Measure.PASSED: (4, 4, 4),
        Measure.SCORE_BP: (4, 4 * 6_667, 4 * 6_667**2),
    }


def test_an_estimate_asks_the_same_few_questions_however_many_calls(world: World) -> None:
    drawn_week(world, 60, 60, 30)
    asked: list[str] = []
    bind = world.session.connection()
    event.listen(bind, "before_cursor_execute", lambda *args: asked.append(args[2]))
    estimate_rate(world.session, Scope((world.site.id,)), WEEK)
    assert len(asked) <= 6
