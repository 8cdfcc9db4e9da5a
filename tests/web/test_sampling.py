"""Plans and draws on pages and in commands."""

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Call
from models.people import Agent, UserRole
from models.reviews import Task
from models.samples import Draw, DrawnCall, SamplePlan
from models.vocab import DrawState, Role, TaskState
from pipelines.outcomes import DomainError
from pipelines.runtime import Runtime
from pipelines.sampling.plans import PlanValues, create_plan
from pipelines.sampling.rules.manifest import read_manifest
from pipelines.sampling.rules.settings import PlanSettings, Quota
from pipelines.scoring.service import import_scorecard
from qa_app.cli import sample
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, FixedClock, World

Add = Callable[[Callable[[Session], Any]], Any]
DAYS = {"start": "2026-11-16", "end": "2026-11-17"}


@pytest.fixture
def calls(world: World, add: Add) -> int:
    """Add a week with 30 calls of one agent: one very valuable, the others plain."""

    def make(session: Session) -> int:
        site, team = session.merge(world.site), session.merge(world.team)
        version = import_scorecard(session, factories.SCORECARD, now=NOW)
        project = factories.make_project(
            session, site, "renewal", scorecard_id=version.scorecard_id
        )
        agent = session.scalars(select(Agent)).one()
        for number in range(30):
            started_at = datetime(2026, 11, 16, 2, tzinfo=UTC) + timedelta(minutes=number)
            tier = {"customer_tier": "vip"} if number == 7 else {}
            call = factories.make_call(
                session,
                agent,
                team,
                project,
                started_at=started_at,
                talk_ms=30_000 + number,
                source_key=f"call-{number}",
                **tier,
            )
            factories.make_recording(session, call)
        return 30

    return add(make)


@pytest.fixture
def plan(world: World, calls: int, add: Add) -> SamplePlan:
    def make(session: Session) -> SamplePlan:
        site = session.merge(world.site)
        values = PlanValues("weekly", PlanSettings(ordinary=Quota(count=5)))
        return create_plan(session, site, values, now=NOW, actor=None)

    return add(make)


def form_values(page: str, action: str) -> dict[str, Any]:
    """Read the form that posts to ``action``, as a browser would send it unchanged."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert found, f"no form for {action}"
    values: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", found[0]):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or "checked" in tag):
            values[name[1]] = value[1] if value else ""
    for tag, name, options in re.findall(
        r'(<select[^>]*name="([^"]+)"[^>]*>)(.*?)</select>', found[0], re.DOTALL
    ):
        chosen = re.findall(r'<option selected value="([^"]*)"', options)
        first = re.findall(r'value="([^"]*)"', options)[:1]
        values[name] = chosen or ([] if "multiple" in tag else first)
    return values


def test_from_a_new_plan_to_a_closed_draw(
    signed_in: Callable[[str], Browser], world: World, calls: int, runtime: Runtime
) -> None:
    manager = signed_in("manager")
    page = manager.get("/sampling").get_data(as_text=True)
    assert "No plan yet" in page
    new = f"/sampling/sites/{world.site.uid}/plans"
    assert f"{new}/new" in page
    values = form_values(manager.get(f"{new}/new").get_data(as_text=True), new)
    answer = manager.post(new, {**values, "name": "Every week", "ordinary-amount": "4"})
    assert answer.status_code == 303
    plan = answer.location

    # A preview shows counts and never a call.
    preview = manager.get(plan, query_string=DAYS).get_data(as_text=True)
    assert re.search(r"High-value customer.*?<td[^>]*>1</td>", preview, re.DOTALL)
    assert "/calls/" not in preview.partition("<main")[2]
    draw_form = form_values(preview, f"{plan}/draws")
    answer = manager.post(f"{plan}/draws", draw_form)
    assert answer.status_code == 303
    draw = answer.location
    # A double click draws once.
    again = manager.post(f"{plan}/draws", draw_form)
    assert (again.status_code, again.location) == (303, draw)

    page = manager.get(draw).get_data(as_text=True)
    assert "customer of tier vip" in page
    assert "at random among ordinary calls" in page
    with runtime.engine.connect() as connection:
        ((seed, tasks),) = connection.execute(
            select(Draw.seed, select(func.count(Task.id)).scalar_subquery())
        )
    assert tasks == 5
    assert seed not in page
    assert manager.get(f"{draw}/manifest").status_code == 403

    manager.get(draw)
    extend = form_values(page, f"{draw}/extend")
    answer = manager.post(f"{draw}/extend", {**extend, "stratum": "ordinary:sh101", "count": "2"})
    assert answer.status_code == 303
    manager.get(draw)
    assert manager.post(f"{draw}/close").status_code == 303
    assert seed in manager.get(draw).get_data(as_text=True)
    manifest = read_manifest(manager.get(f"{draw}/manifest").get_data())
    assert len(manifest.draw_key) == 30
    assert manifest.header["seed"] == seed
    manager.get(draw)
    assert manager.post(f"{draw}/close").status_code == 409


def test_a_void_draw_takes_back_its_tasks(
    signed_in: Callable[[str], Browser], plan: SamplePlan, runtime: Runtime
) -> None:
    manager = signed_in("manager")
    path = f"/sampling/plans/{plan.uid}"
    page = manager.get(path, query_string=DAYS).get_data(as_text=True)
    draw = manager.post(f"{path}/draws", form_values(page, f"{path}/draws")).location
    manager.get(draw)
    assert manager.post(f"{draw}/void", {"reason": " "}).status_code == 400
    manager.get(draw)
    assert manager.post(f"{draw}/void", {"reason": "wrong week"}).status_code == 303
    page = manager.get(draw).get_data(as_text=True)
    assert "wrong week" in page
    with runtime.engine.connect() as connection:
        states = set(connection.scalars(select(Task.state)))
    assert TaskState.OPEN not in states
    # The same days can be drawn again.
    page = manager.get(path, query_string=DAYS).get_data(as_text=True)
    again = manager.post(f"{path}/draws", form_values(page, f"{path}/draws"))
    assert again.status_code == 303
    assert again.location != draw


def test_whoever_may_review_a_call_does_not_read_why_it_was_picked(
    signed_in: Callable[[str], Browser], world: World, plan: SamplePlan, add: Add
) -> None:
    manager = signed_in("manager")
    path = f"/sampling/plans/{plan.uid}"
    page = manager.get(path, query_string=DAYS).get_data(as_text=True)
    draw = manager.post(f"{path}/draws", form_values(page, f"{path}/draws")).location
    add(
        lambda session: session.add(
            UserRole(user_id=world.people["manager"].id, role=Role.REVIEWER, site_id=world.site.id)
        )
    )
    page = manager.get(draw).get_data(as_text=True)
    assert "customer of tier vip" not in page
    assert "hidden while you judge this call" in page


def test_a_plan_is_changed_by_one_hand_at_a_time(
    signed_in: Callable[[str], Browser], plan: SamplePlan, runtime: Runtime
) -> None:
    manager = signed_in("manager")
    path = f"/sampling/plans/{plan.uid}"
    values = form_values(manager.get(f"{path}/edit").get_data(as_text=True), path)
    wrong = {**values, "ordinary-amount": "120", "ordinary-unit": "share", "due_days": "0"}
    answer = manager.post(path, wrong)
    assert answer.status_code == 422
    assert "A share is at most 100 %." in answer.get_data(as_text=True)
    for amount in ("2.5", "-1", ""):
        assert manager.post(path, {**values, "worst-amount": amount}).status_code == 422
    good = {
        **values,
        "worst-amount": "12.5",
        "worst-unit": "share",
        "best-place": "1",
        "worst-place": "2",
        "thresholds-tiers": "gold, vip",
        "thresholds-long_z": "2.75",
        "projects": ["renewal"],
        "directions": ["out"],
    }
    assert manager.post(path, good).status_code == 303
    with Session(runtime.engine) as session:
        saved = PlanSettings.from_json(session.scalars(select(SamplePlan)).one().settings)
    by_reason = {rule.reason.value: rule for rule in saved.reasons}
    assert [reason.value for reason in saved.order][:2] == ["best", "worst"]
    assert by_reason["worst"].quota == Quota(share_bp=1_250)
    assert (saved.thresholds.tiers, saved.thresholds.long_z) == (("gold", "vip"), 275)
    assert (saved.projects, saved.directions) == (("renewal",), ("out",))
    stale = manager.post(path, good)
    assert stale.status_code == 409
    assert "Somebody else changed this plan" in stale.get_data(as_text=True)


def test_a_period_that_is_not_settled_cannot_be_drawn_yet(
    signed_in: Callable[[str], Browser], plan: SamplePlan, clock: FixedClock
) -> None:
    manager = signed_in("manager")
    path = f"/sampling/plans/{plan.uid}"
    late = {"start": "2026-11-16", "end": "2026-11-22"}
    page = manager.get(path, query_string=late).get_data(as_text=True)
    assert "This period can be drawn from 26 Nov 2026 00:00 on" in page
    assert f"{path}/draws" not in page
    manager.get(path, query_string=DAYS)
    assert manager.post(f"{path}/draws", {**late, "once": "k"}).status_code == 409
    nothing = manager.get(path, query_string={"start": "2026-01-01", "end": "2026-01-02"})
    assert nothing.status_code == 409
    assert "There is nothing to draw from" in nothing.get_data(as_text=True)
    assert manager.get(path, query_string={"start": "x", "end": ""}).status_code == 422


@pytest.fixture
def run(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(sample, "runtime", lambda: runtime)
    monkeypatch.setattr(sample, "now", lambda: NOW)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(sample.command, arguments)

    return invoke


def test_commands_draw_and_replay(
    run: Callable[..., Result], plan: SamplePlan, runtime: Runtime, add: Add, tmp_path: Path
) -> None:
    assert json.loads(run("plans", "--json").output)[0]["name"] == "weekly"
    days = ("--plan", "weekly", "--from", "2026-11-16", "--to", "2026-11-17")
    counts = json.loads(run("preview", *days, "--json").output)
    assert (counts["recorded"], counts["drawn"], "list" in counts) == (30, 6, False)
    made = json.loads(run("draw", *days, "--json").output)
    assert {item["key"]: item["n_drawn"] for item in made["strata"]} == {
        "high_value": 1,
        "ordinary:sh101": 5,
    }
    vip = next(item for item in made["list"] if item["stratum"] == "high_value")
    assert (vip["call"], vip["explanation"]) == ("call-7", {"high_value": {"tier": "vip"}})
    assert isinstance(run("draw", *days).exception, DomainError)
    refused = run("manifest", made["draw"])
    assert isinstance(refused.exception, DomainError)
    assert refused.exception.code == "seed_hidden"

    def close(session: Session) -> None:
        session.scalars(select(Draw)).one().state = DrawState.CLOSED

    add(close)
    file = str(tmp_path / "draw.zip")
    assert run("manifest", made["draw"], "--output", file).exit_code == 0
    again = run("replay", file, "--check", "--json")
    assert again.exit_code == 0
    found = json.loads(again.output)
    assert (found["same"], found["drawn"], found["today"]["differs"]) == (True, 6, False)

    def change(session: Session) -> None:
        session.scalars(select(Call).where(Call.source_key == "call-3")).one().transfers = 2

    add(change)
    differs = run("replay", file, "--check")
    assert differs.exit_code == 1
    assert "the same list" in differs.output
    assert re.search(r"changed +1\n", differs.output)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--plan", "weekly"), "--period"),
        (("--plan", "monthly", "--period", "2026-W47"), "no plan"),
        (("--plan", "weekly", "--period", "2026-W47", "--site", "mars"), "no plan"),
    ],
)
def test_commands_say_what_is_missing(
    run: Callable[..., Result], plan: SamplePlan, arguments: tuple[str, ...], words: str
) -> None:
    answer = run("preview", *arguments)
    assert answer.exit_code == 2
    assert words in answer.output


def test_a_file_that_is_no_manifest_is_refused(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(io.BytesIO(b"words").getvalue())
    error = run("replay", str(tmp_path / "x.zip")).exception
    assert isinstance(error, DomainError)
    assert error.code == "manifest_unreadable"


def test_calls_drawn_before_are_not_listed_again(
    signed_in: Callable[[str], Browser], world: World, plan: SamplePlan, add: Add, runtime: Runtime
) -> None:
    def other(session: Session) -> SamplePlan:
        values = PlanValues("monthly", PlanSettings(ordinary=Quota(share_bp=10_000)))
        return create_plan(session, session.merge(world.site), values, now=NOW, actor=None)

    manager, second = signed_in("manager"), add(other)
    draws = []
    for uid in (plan.uid, second.uid):
        path = f"/sampling/plans/{uid}"
        page = manager.get(path, query_string=DAYS).get_data(as_text=True)
        draws.append(manager.post(f"{path}/draws", form_values(page, f"{path}/draws")).location)
    page = manager.get(draws[1]).get_data(as_text=True)
    assert re.search(r"Drawn before.*?<td[^>]*>6</td>", page, re.DOTALL)
    with runtime.engine.connect() as connection:
        fresh = select(func.count()).where(DrawnCall.draw_id == 2, DrawnCall.earlier_id.is_(None))
        assert connection.scalar(fresh) == 24
    listed = page.rpartition("<tbody>")[2]
    assert listed.count("<tr>") == 24
    # Every call is taken by now, so a third plan would find nothing new.
    third = manager.get(f"/sampling/plans/{plan.uid}", query_string=DAYS).get_data(as_text=True)
    assert "Every call of this period was drawn before" in third
