"""What managers and agents see of the figures, and what nobody sees."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from models.calls import Survey
from models.operations import AuditEntry, RetentionRule
from models.people import Agent
from models.reviews import SelfAssessment
from models.vocab import Origin, RetentionSubject, Satisfaction
from pipelines import flow, jobs
from pipelines.days import mark_dirty
from pipelines.measures.service import rebuild_dirty
from pipelines.runtime import Runtime
from qa_app.dashboards.charts import Chart, Series
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, FixedClock, World

START = datetime.fromisoformat("2026-11-16T02:00:00+00:00")
SignedIn = Callable[[str], Browser]


def figures(session: Session, world: World, people: int) -> Any:
    """Add a week of reviewed and answered calls of as many agents as ``people``."""
    site, team = session.merge(world.site), session.merge(world.team)
    project = factories.make_project(session, site, "renewal")
    version = factories.make_version(session)
    own = session.scalars(select(Agent)).one()
    agents = [own, *(factories.make_agent(session, team) for _ in range(people - 1))]
    calls = [
        factories.make_call(session, agents[number % people], team, project, started_at=START)
        for number in range(6 * people)
    ]
    draw = factories.make_draw(session, project, calls)
    draw.strata[0].n_frame = 10 * len(calls)
    for number, call in enumerate(calls):
        factories.make_recording(session, call)
        factories.make_review(session, call.legs[0], version, excellent=number % 3 == 0)
        session.add(
            Survey(
                source="sms",
                source_key=f"s{number}",
                content_hash="x",
                call_id=call.id,
                site_id=site.id,
                sent_at=START,
                answered_at=START,
                satisfaction=Satisfaction.SATISFIED if number % 2 else None,
            )
        )
    mark_dirty(session, [(site.id, calls[0].local_date)])
    session.flush()
    return calls


@pytest.fixture
def week(world: World, add: Callable[..., Any], runtime: Runtime) -> Callable[[int], Any]:
    def make(people: int) -> Any:
        calls = add(lambda session: figures(session, world, people))
        rebuild_dirty(runtime.engine)
        return calls

    return make


class _Charts(HTMLParser):
    """Collects what the charts are told to draw."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Any] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "data-chart" and value:
                self.found.append(json.loads(value))


def charts(page: str) -> list[Any]:
    reader = _Charts()
    reader.feed(page)
    return reader.found


def test_a_manager_sees_rates_with_what_they_rest_on(
    week: Callable[[int], Any], signed_in: SignedIn
) -> None:
    week(6)
    page = signed_in("manager").get("/dashboard?period=week").get_data(as_text=True)
    for words in ("33.3 %", "12 of 36", "36 of 360 recorded calls heard", "18 of 18 answers"):
        assert words in page, words
    assert "50.0 %" in page
    excellence = charts(page)[0]
    assert excellence["weeks"][-1] == "11-16"
    assert excellence["series"][0]["values"][-1] == 33.333
    assert excellence["series"][0]["low"][-1] < 33.333 < excellence["series"][0]["high"][-1]
    assert excellence["series"][0]["values"][0] is None


def test_no_figure_of_fewer_than_five_people(
    week: Callable[[int], Any], signed_in: SignedIn
) -> None:
    week(4)
    browser = signed_in("manager")
    page = browser.get("/dashboard?period=week").get_data(as_text=True)
    assert "fewer than five people" in page
    assert "33.3" not in page
    assert charts(page) == []
    rows = browser.get("/dashboard/teams.csv?period=week").get_data(as_text=True)
    assert "33" not in rows


def test_directed_reviews_come_in_by_the_switch(
    week: Callable[[int], Any], signed_in: SignedIn, add: Callable[..., Any], runtime: Runtime
) -> None:
    calls = week(6)

    def direct(session: Session) -> None:
        call = session.merge(calls[0])
        extra = factories.make_call(session, call.agent, call.team, call.project, started_at=START)
        version = factories.make_version(session)
        factories.make_review(session, extra.legs[0], version, origin=Origin.DIRECTED)
        mark_dirty(session, [(call.site_id, call.local_date)])

    add(direct)
    rebuild_dirty(runtime.engine)
    browser = signed_in("manager")
    assert "12 of 36" in browser.get("/dashboard?period=week").get_data(as_text=True)
    page = browser.get("/dashboard?period=week&directed=1").get_data(as_text=True)
    assert "13 of 37" in page
    assert "36 of 360 recorded calls heard" in page


def test_an_empty_site_and_a_wrong_period_are_said_in_words(
    world: World, signed_in: SignedIn
) -> None:
    browser = signed_in("manager")
    assert "No calls in this period" in browser.get("/dashboard").get_data(as_text=True)
    wrong = browser.get("/dashboard?written=yesterday")
    assert wrong.status_code == 200
    assert "yesterday is no period" in wrong.get_data(as_text=True)
    assert "No calls" in browser.get("/dashboard?site=x&team=y").get_data(as_text=True)


def test_the_files_hold_what_the_page_shows(
    week: Callable[[int], Any], signed_in: SignedIn
) -> None:
    week(6)
    browser = signed_in("manager")
    answer = browser.get("/dashboard/weeks.csv?period=week")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(rows) == 10
    assert (rows[-1]["week"], rows[-1]["excellent"], rows[-1]["reviewed"]) == (
        "2026-W47",
        "12",
        "36",
    )
    teams = browser.get("/dashboard/teams.csv?period=week").get_data(as_text=True)
    assert len(teams.splitlines()) == 3


def test_a_manager_of_one_team_sees_no_other(
    week: Callable[[int], Any],
    world: World,
    add: Callable[..., Any],
    signed_in: SignedIn,
) -> None:
    week(6)

    def move(session: Session) -> None:
        other = factories.make_team(session, session.merge(world.site), "hidden-team")
        manager = session.merge(world.people["manager"])
        manager.roles[0].team_id = other.id

    add(move)
    page = signed_in("manager").get("/dashboard?period=week").get_data(as_text=True)
    assert "33.3" not in page
    # Asking for a team by its address does not open it either.
    asked = signed_in("manager").get(f"/dashboard?period=week&team={world.team.uid}")
    assert "33.3" not in asked.get_data(as_text=True)


def test_the_week_ends_at_the_sites_own_midnight(
    week: Callable[[int], Any],
    signed_in: SignedIn,
    runtime: Runtime,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from qa_app.cli import metrics

    week(6)
    monkeypatch.setattr(metrics, "runtime", lambda: runtime)
    monkeypatch.setattr(metrics, "now", clock.now)
    # Sunday 23:59 and Monday 00:01 in Shanghai; in Greenwich it is Sunday afternoon both times.
    for minute, seen, agents, called in ((59, False, False, "W46"), (61, True, True, "W47")):
        clock.at = datetime(2026, 11, 22, 15, tzinfo=UTC) + timedelta(minutes=minute)
        page = signed_in("manager").get("/dashboard?period=week").get_data(as_text=True)
        assert ("12 of 36" in page) is seen
        own = signed_in("agent").get("/dashboard/mine.csv").get_data(as_text=True)
        assert ("2026-W47" in own) is agents
        said = CliRunner().invoke(metrics.command, ["--site", "shanghai"]).output
        assert said.startswith(f"2026-{called}")


def test_an_agent_sees_own_counts_beside_the_team(
    week: Callable[[int], Any], signed_in: SignedIn
) -> None:
    week(6)
    page = signed_in("agent").get("/dashboard/mine").get_data(as_text=True)
    assert "of 6 reviewed calls; a rate is shown from ten on" in page
    assert "33.3 %" in page
    drawn = charts(page)[0]
    assert [one["values"][-1] for one in drawn["series"]] == [6, 6]


def test_nothing_of_a_day_with_an_open_self_assessment_is_counted(
    week: Callable[[int], Any], signed_in: SignedIn, add: Callable[..., Any]
) -> None:
    calls = week(6)

    def ask(session: Session) -> None:
        leg = session.merge(calls[0]).legs[0]
        session.add(
            SelfAssessment(
                site_id=leg.site_id,
                leg_id=leg.id,
                agent_id=leg.agent_id,
                version_id=factories.make_version(session).id,
                draft={},
            )
        )

    add(ask)
    page = signed_in("agent").get("/dashboard/mine").get_data(as_text=True)
    assert "1 day is left out" in page
    assert "of 0 reviewed calls" in page
    assert "Reviewed calls" not in [one["title"] for one in charts(page)]


def test_the_day_of_a_call_is_left_out_when_its_leg_began_after_midnight(
    week: Callable[[int], Any], signed_in: SignedIn, add: Callable[..., Any]
) -> None:
    calls = week(6)

    def ask(session: Session) -> None:
        leg = session.merge(calls[0]).legs[0]
        leg.local_date += timedelta(days=1)
        session.add(
            SelfAssessment(
                site_id=leg.site_id,
                leg_id=leg.id,
                agent_id=leg.agent_id,
                version_id=factories.make_version(session).id,
                draft={},
            )
        )

    add(ask)
    page = signed_in("agent").get("/dashboard/mine").get_data(as_text=True)
    assert "of 0 reviewed calls" in page


def test_an_agent_of_a_small_team_sees_no_average(
    week: Callable[[int], Any], signed_in: SignedIn
) -> None:
    week(4)
    page = signed_in("agent").get("/dashboard/mine").get_data(as_text=True)
    assert "too few people to show" in page
    assert "33.3" not in page


def test_the_dashboard_asks_a_bounded_number_of_questions(
    week: Callable[[int], Any], signed_in: SignedIn, runtime: Runtime
) -> None:
    week(6)
    browser = signed_in("manager")
    asked: list[str] = []
    event.listen(runtime.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    browser.get("/dashboard?period=week")
    assert len(asked) <= 22


def test_the_command_prints_what_the_page_shows(
    week: Callable[[int], Any],
    runtime: Runtime,
    add: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from qa_app.cli import metrics

    calls = week(6)
    monkeypatch.setattr(metrics, "runtime", lambda: runtime)
    monkeypatch.setattr(metrics, "now", lambda: NOW)
    add(lambda session: mark_dirty(session, [(calls[0].site_id, date(2026, 11, 17))]))
    done = CliRunner().invoke(metrics.command, ["--period", "2026-W47", "--json"])
    found = json.loads(done.output)
    rate = found["total"]["qa_excellence_rate"]
    assert (rate["numerator"], rate["denominator"]) == (12, 36)
    assert rate["all_recorded"]["population"] == 360
    assert rate["all_recorded"]["interval"][0] < 1 / 3 < rate["all_recorded"]["interval"][1]
    assert found["days_behind"] == 0
    said = CliRunner().invoke(metrics.command, ["--team", "outbound"]).output
    assert "33.3 % (12 of 36)" in said
    assert CliRunner().invoke(metrics.command, ["--site", "nowhere"]).exit_code == 2


def test_the_page_shows_the_numbers_that_the_command_prints(
    world: World,
    signed_in: SignedIn,
    runtime: Runtime,
    add: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from qa_app.cli import metrics

    add(lambda session: figures(session, world, 7))
    # The facts come from the worker's own job, as in real life.
    add(lambda session: jobs.enqueue(session, "rebuild_measures", now=NOW))
    jobs.work_through(runtime, {"rebuild_measures": flow.JOBS["rebuild_measures"]})
    browser = signed_in("manager")
    address = "/dashboard?written=2026-11-15..2026-11-21"
    page = " ".join(re.sub(r"<[^>]+>", " ", browser.get(address).get_data(as_text=True)).split())
    answer = browser.get("/dashboard/teams.csv?written=2026-11-15..2026-11-21")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    monkeypatch.setattr(metrics, "runtime", lambda: runtime)
    monkeypatch.setattr(metrics, "now", lambda: NOW)
    done = CliRunner().invoke(metrics.command, ["--period", "2026-11-15..2026-11-21", "--json"])
    found = json.loads(done.output)
    assert found["days_behind"] == 0
    total = found["total"]
    excellence = total["qa_excellence_rate"]
    guess = excellence["all_recorded"]
    low, high = guess["interval"]
    satisfaction = total["sms_satisfaction_rate"]
    assert excellence["denominator"] == 42
    for words in (
        f"{100 * guess['value']:.1f} % between {100 * low:.1f} % and {100 * high:.1f} %",
        f"{guess['calls']} of {guess['population']} recorded calls heard",
        f"{100 * excellence['value']:.1f} % ({excellence['numerator']} of 42)",
        f"{satisfaction['numerator']} of {satisfaction['denominator']} answers say satisfied",
        f"{100 * satisfaction['value']:.1f} % {satisfaction['numerator']} of",
        f"{satisfaction['response']['numerator']} of {satisfaction['response']['denominator']}",
    ):
        assert words in page, words
    for row, own in zip(rows, [found["teams"][0]["figures"], total], strict=True):
        rate = own["qa_excellence_rate"]
        assert [row[name] for name in ("excellent", "reviewed", "estimate", "estimate_low")] == [
            str(value)
            for value in (
                rate["numerator"],
                rate["denominator"],
                rate["all_recorded"]["value"],
                rate["all_recorded"]["interval"][0],
            )
        ]
        assert row["complaints"] == str(own["complaint_rate"]["numerator"])
        assert row["complaints_per_1000"] == ("0.0" if own["complaint_rate"]["denominator"] else "")


def test_an_admin_sets_how_long_things_are_kept(
    world: World, signed_in: SignedIn, add: Callable[..., Any]
) -> None:
    project = add(lambda s: factories.make_project(s, s.merge(world.site), "renewal"))
    other = add(lambda s: factories.make_project(s, factories.make_site(s), "elsewhere"))
    browser = signed_in("admin")
    path = f"/retention/{world.site.uid}/rules"
    assert "no limit" in browser.get("/retention").get_data(as_text=True)
    rule = {"subject": "recording", "days": "90", "project": ""}
    assert browser.post(path, rule).status_code == 303
    browser.get("/retention")
    assert (
        browser.post(path, {**rule, "days": "30", "project": str(project.uid)}).status_code == 303
    )
    page = browser.get("/retention").get_data(as_text=True)
    assert "90 days" in page
    assert "30 days" in page
    assert "Renewal" in page
    wrong = browser.post(path, {**rule, "days": "0"})
    assert wrong.status_code == 422
    assert "From 1 to 36,500 days" in wrong.get_data(as_text=True)
    assert browser.post(path, {**rule, "project": str(other.uid)}).status_code == 404
    rules = add(lambda s: s.execute(select(RetentionRule.subject, RetentionRule.days)).all())
    assert sorted(rules) == [(RetentionSubject.RECORDING, 30), (RetentionSubject.RECORDING, 90)]
    kept = add(
        lambda s: s.scalars(
            select(AuditEntry).where(AuditEntry.action == "retention.rule_set")
        ).all()
    )
    assert [entry.details["days"] for entry in kept] == [90, 30]


@pytest.mark.parametrize(
    ("unit", "values", "empty"),
    [
        ("count", (0, 0), True),
        ("count", (0, 1), False),
        ("%", (0.0, 0.0), False),
        ("%", (None, None), True),
    ],
)
def test_counts_of_nought_make_no_chart(
    unit: str, values: tuple[float | None, ...], *, empty: bool
) -> None:
    """A rate of nought says something; an axis without a single bar looks broken."""
    series = (Series("x", "bars", values),)
    chart = Chart("x", "x", unit, ("11-09", "11-16"), series, "x", (1, 1))
    assert chart.is_empty is empty
