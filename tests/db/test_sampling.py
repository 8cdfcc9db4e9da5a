"""The draw on both databases."""

import hashlib
import random
from dataclasses import replace as changed
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, insert, literal, select, union_all
from sqlalchemy.orm import Session

from models.calls import Call, Complaint, Leg, Recording, Survey
from models.operations import AuditEntry
from models.people import Site
from models.reviews import Review
from models.samples import Draw, SamplePlan
from models.session import write_session
from models.vocab import (
    ChannelLayout,
    ComplaintCause,
    ComplaintStatus,
    Direction,
    Origin,
    Outcome,
    PlanState,
    RecordingState,
    ReviewState,
    Satisfaction,
    SkipKind,
)
from pipelines import flow
from pipelines.outcomes import DomainError
from pipelines.sampling import checks, nightly, plans, service
from pipelines.sampling.fetch import fetch_columns
from pipelines.sampling.rows import load_manifest
from pipelines.sampling.rules.manifest import replay
from pipelines.sampling.rules.settings import PlanSettings, Quota
from pipelines.scoring.service import import_scorecard
from pipelines.storage import LocalStorage
from tests import factories
from tests.db.job_kit import make_runtime

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
START, END = date(2026, 11, 16), date(2026, 11, 17)
SEED = "00000000000000ff"
ORDINARY_CALLS = 120
PLAIN: dict[str, Any] = {
    "transfers": 0,
    "outcome": Outcome.UNKNOWN,
    "customer_tier": None,
    "by_robot": False,
    "recording_notice": True,
}
SPECIAL: dict[str, dict[str, Any]] = {
    "long": {"talk_ms": 900_000},
    "short": {"talk_ms": 2_000},
    "moved": {"transfers": 2},
    "vip": {"customer_tier": "vip"},
    "sad": {},
    "happy": {"outcome": Outcome.SUCCESS},
    "robot": {"by_robot": True},
    "silent": {"talk_ms": 0},
    "unheard": {"recording_notice": False},
    "unrecorded": {},
}


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "files")


def build(session: Session, *, shuffle: int = 0) -> SamplePlan:
    """Add 120 plain calls and the special ones, in an order that ``shuffle`` decides."""
    mixer = random.Random(shuffle)  # noqa: S311 - any order will do
    site = factories.make_site(session, "hq")
    team = factories.make_team(session, site, "red")
    project = factories.make_project(session, site, "sales")
    names = [*(str(number) for number in range(ORDINARY_CALLS)), *SPECIAL]
    codes = ["a0", "a1", "a2"]
    mixer.shuffle(names)
    mixer.shuffle(codes)
    agents = {code: factories.make_agent(session, team, code) for code in codes}
    rows = []
    for name in names:
        number = int(name) if name.isdigit() else ORDINARY_CALLS
        started_at = datetime(2026, 11, 16, 2, tzinfo=UTC) + timedelta(minutes=7 * number)
        digest = hashlib.sha256(f"test\x1f{name}".encode()).digest()
        rows.append(
            {
                "source": "test",
                "source_key": name,
                "draw_key": int.from_bytes(digest[:8], "big", signed=True),
                "content_hash": name,
                "site_id": site.id,
                "project_id": project.id,
                "team_id": team.id,
                "agent_id": agents[f"a{number % 3}"].id,
                "direction": Direction.OUT,
                "started_at": started_at,
                "local_date": (started_at + timedelta(hours=8)).date(),
                "local_slot": 20,
                "imported_at": NOW,
                **PLAIN,
                "talk_ms": 30_000 + 200 * number,
                **SPECIAL.get(name, {}),
            }
        )
    session.execute(insert(Call), rows)
    session.execute(
        insert(Recording),
        [
            {
                "call_id": call_id,
                "site_id": site.id,
                "sha256": name,
                "codec": "opus",
                "channels": 2,
                "sample_rate": 8_000,
                "duration_ms": 1_000,
                "layout": ChannelLayout.AGENT_LEFT,
                "received_at": NOW,
            }
            for call_id, name in session.execute(select(Call.id, Call.source_key))
            if name != "unrecorded"
        ],
    )
    add_complaint(session, call_named(session, "sad"), NOW - timedelta(days=1))
    happy = call_named(session, "happy")
    add_answer(session, happy, 1, Satisfaction.DISSATISFIED, 1)
    add_answer(session, happy, 2, Satisfaction.SATISFIED, 5)
    add_answer(session, happy, 3, Satisfaction.INVALID, None)
    values = plans.PlanValues(
        "weekly", changed(PlanSettings(), ordinary=Quota(count=12)), settling_days=3
    )
    return plans.create_plan(session, site, values, now=NOW, actor=None)


def add_complaint(
    session: Session,
    call: Call,
    received_at: datetime,
    status: ComplaintStatus = ComplaintStatus.OPEN,
) -> None:
    session.add(
        Complaint(
            source="test",
            source_key=f"{call.source_key}-{received_at}",
            content_hash="c",
            site_id=call.site_id,
            call_id=call.id,
            local_date=call.local_date,
            received_at=received_at,
            cause=ComplaintCause.ATTITUDE,
            status=status,
        )
    )
    session.flush()


def add_answer(
    session: Session, call: Call, hours: int, kind: Satisfaction, level: int | None
) -> None:
    session.add(
        Survey(
            source="test",
            source_key=f"{call.source_key}-{hours}",
            content_hash="s",
            call_id=call.id,
            site_id=call.site_id,
            sent_at=call.started_at,
            answered_at=call.started_at + timedelta(hours=hours),
            reply="x",
            satisfaction=kind,
            level=level,
        )
    )
    session.flush()


def call_named(session: Session, name: str) -> Call:
    return session.scalars(select(Call).where(Call.source_key == name)).one()


def make_draw(session: Session, storage: LocalStorage, plan: SamplePlan, **options: Any) -> Draw:
    options = {"now": NOW, "actor": None, "seed": SEED, **options}
    draw = service.draw(session, storage, plan, START, END, **options)
    session.expire_all()
    return draw


def sizes(draw: Draw) -> dict[str, tuple[int, int]]:
    return {stratum.key: (stratum.n_frame, stratum.n_drawn) for stratum in draw.strata}


def names(draw: Draw) -> list[str]:
    return [call.call.source_key for call in draw.calls]


def test_a_draw_has_every_reason_and_counts_the_frame(
    session: Session, storage: LocalStorage
) -> None:
    draw = make_draw(session, storage, build(session))
    assert sizes(draw) == {
        "worst": (1, 1),
        "best": (1, 1),
        "multi_transfer": (1, 1),
        "high_value": (1, 1),
        "very_long": (1, 1),
        "very_short": (1, 1),
        "ordinary:a0": (40, 4),
        "ordinary:a1": (40, 4),
        "ordinary:a2": (40, 4),
    }
    assert (draw.n_calls, draw.n_connected, draw.n_recorded) == (130, 128, 126)
    assert draw.excluded == {"robot": 1, "no_notice": 1, "under_minimum": 0, "no_recording": 1}
    by_name = {call.call.source_key: call for call in draw.calls}
    long = by_name["long"].explanation["very_long"]
    assert (long["talk_ms"], long["project"], long["level"]) == (900_000, "sales", "project")
    assert long["low_ms"] < long["median_ms"] < long["high_ms"] < 60_000
    assert by_name["moved"].explanation == {"multi_transfer": {"transfers": 2}}
    assert by_name["vip"].explanation == {"high_value": {"tier": "vip"}}
    assert by_name["sad"].explanation == {
        "worst": {"complaints": [{"cause": "attitude", "status": "open"}]}
    }
    assert by_name["happy"].explanation == {"best": {"level": 5, "outcome": "success"}}
    assert [call.position for call in draw.calls] == list(range(1, 19))
    assert session.scalars(select(AuditEntry.action)).all() == ["plan.created", "draw.made"]


def number_of(name: str) -> int:
    """Work out a call's random number from its name in plain integers."""
    key = int.from_bytes(hashlib.sha256(f"test\x1f{name}".encode()).digest()[:8], "big")
    z = ((key ^ int(SEED, 16)) + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


@pytest.mark.parametrize("shuffle", [1, 2])
def test_the_list_depends_on_keys_and_seed_alone(
    session: Session, storage: LocalStorage, shuffle: int
) -> None:
    draw = make_draw(session, storage, build(session, shuffle=shuffle))
    expected = ["sad", "happy", "moved", "vip", "long", "short"]
    for agent in range(3):
        ordinary = (str(number) for number in range(agent, ORDINARY_CALLS, 3))
        expected += sorted(ordinary, key=number_of)[:4]
    assert names(draw) == expected


def test_answers_and_complaints_count_as_known_at_the_time(
    session: Session, storage: LocalStorage
) -> None:
    plan = build(session)
    add_complaint(session, call_named(session, "1"), NOW + timedelta(hours=1))
    add_complaint(
        session, call_named(session, "2"), NOW - timedelta(days=2), ComplaintStatus.NOT_UPHELD
    )
    add_answer(session, call_named(session, "3"), 5, Satisfaction.DISSATISFIED, 2)
    draw = make_draw(session, storage, plan)
    worst = [call.call.source_key for call in draw.calls if call.reasons == ["worst"]]
    assert sorted(worst) == ["3", "sad"]
    service.void(session, draw, "too early", now=NOW, actor=None)
    before = call_named(session, "3").started_at + timedelta(days=3)
    plan.settling_days = 0
    early = make_draw(session, storage, plan, as_of=before)
    assert sizes(early)["worst"] == (1, 1)


def test_calls_of_an_earlier_draw_stand_aside_with_weight_one(
    session: Session, storage: LocalStorage
) -> None:
    plan = build(session)
    first = make_draw(session, storage, plan)
    skipped, gone = first.calls[-1], first.calls[-2]
    service.skip(session, skipped, SkipKind.NOT_REVIEWED, "no time", now=NOW, actor=None)
    service.skip(session, gone, SkipKind.INELIGIBLE, "voicemail", now=NOW, actor=None)
    values = plans.PlanValues("monthly", PlanSettings(), settling_days=3)
    monthly = plans.create_plan(session, plan.site, values, now=NOW, actor=None)
    second = make_draw(session, storage, monthly, seed="0000000000000001")
    # 18 drawn, one of them passed over unreviewed: that one may be drawn again.
    assert sizes(second)["already_reviewed"] == (17, 17)
    earlier = {call.call_id: call.earlier_id for call in second.calls if call.earlier_id}
    assert earlier == {call.call_id: call.id for call in first.calls if call is not skipped}
    assert sum(n for n, _ in sizes(second).values()) == second.n_recorded


def test_extending_goes_on_where_the_draw_ended(session: Session, storage: LocalStorage) -> None:
    draw = make_draw(session, storage, build(session))
    whole = replay(load_manifest(storage, draw), {"ordinary:a1": 40})
    order = [call.random_number for call in whole if call.stratum == "ordinary:a1"]
    service.extend(session, storage, draw, "ordinary:a1", 3, now=NOW, actor=None)
    session.expire_all()
    assert sizes(draw)["ordinary:a1"] == (40, 7)
    drawn = [call.random_number % 2**64 for call in draw.calls if call.stratum.key == "ordinary:a1"]
    assert drawn == order[:7]
    assert draw.extended_at is None
    with pytest.raises(DomainError, match="stratum_exhausted"):
        service.extend(session, storage, draw, "worst", 1, now=NOW, actor=None)
    with pytest.raises(DomainError, match="stratum_unknown"):
        service.extend(session, storage, draw, "lucky", 1, now=NOW, actor=None)


def test_extending_after_results_is_marked(session: Session, storage: LocalStorage) -> None:
    draw = make_draw(session, storage, build(session))
    drawn = draw.calls[0]
    leg = Leg(
        call=drawn.call,
        position=1,
        content_hash="leg",
        site_id=draw.site_id,
        started_at=NOW,
        local_date=START,
        local_slot=0,
        talk_ms=1,
    )
    session.add(leg)
    session.flush()
    session.add(
        Review(
            origin=Origin.DRAWN,
            site_id=leg.site_id,
            leg_id=leg.id,
            version_id=factories.make_version(session).id,
            drawn_call_id=drawn.id,
            state=ReviewState.SUBMITTED,
            draft={},
            started_at=NOW,
            saved_at=NOW,
            submitted_at=NOW,
        )
    )
    session.flush()
    later = NOW + timedelta(hours=2)
    service.extend(session, storage, draw, "ordinary:a0", 1, now=later, actor=None)
    assert draw.extended_at == later


def test_a_replacement_is_the_next_number_of_its_stratum(
    session: Session, storage: LocalStorage
) -> None:
    draw = make_draw(session, storage, build(session))
    order = [
        call.random_number
        for call in replay(load_manifest(storage, draw), {"ordinary:a2": 40})
        if call.stratum == "ordinary:a2"
    ]
    first = next(call for call in draw.calls if call.stratum.key == "ordinary:a2")
    added = service.replace(
        session, storage, first, SkipKind.INELIGIBLE, "voicemail", now=NOW, actor=None
    )
    assert added is not None
    assert added.random_number % 2**64 == order[4]
    assert (added.replaces_id, first.skip_kind) == (first.id, SkipKind.INELIGIBLE)
    with pytest.raises(DomainError, match="call_not_replaceable"):
        service.replace(session, storage, first, SkipKind.INELIGIBLE, "again", now=NOW, actor=None)
    # It can leave again as long as it is the last of its stratum's order.
    drawn = added.stratum.n_drawn
    service.take_back(session, added, now=NOW, actor=None)
    again = service.replace(
        session, storage, first, SkipKind.INELIGIBLE, "voicemail", now=NOW, actor=None
    )
    assert again is not None
    assert (again.random_number % 2**64, again.stratum.n_drawn) == (order[4], drawn)
    service.extend(session, storage, draw, "ordinary:a2", 1, now=NOW, actor=None)
    with pytest.raises(DomainError, match="replacement_not_last"):
        service.take_back(session, again, now=NOW, actor=None)
    only = next(call for call in draw.calls if call.stratum.key == "worst")
    kind = SkipKind.NOT_REVIEWED
    assert service.replace(session, storage, only, kind, "ill", now=NOW, actor=None) is None
    assert only.skip_kind is kind


def test_a_period_is_drawn_once_unless_the_draw_is_void(
    session: Session, storage: LocalStorage
) -> None:
    plan = build(session)
    draw = make_draw(session, storage, plan)
    with pytest.raises(DomainError, match="draw_exists"):
        make_draw(session, storage, plan)
    with pytest.raises(DomainError, match="reason_needed"):
        service.void(session, draw, "  ", now=NOW, actor=None)
    service.void(session, draw, "wrong filter", now=NOW, actor=None)
    again = make_draw(session, storage, plan, seed=None)
    assert "already_reviewed" not in sizes(again)
    assert again.seed != SEED
    service.close(session, again, now=NOW, actor=None)
    for act in (
        lambda: service.close(session, again, now=NOW, actor=None),
        lambda: service.void(session, again, "late", now=NOW, actor=None),
        lambda: service.extend(session, storage, again, "worst", 1, now=NOW, actor=None),
    ):
        with pytest.raises(DomainError, match="draw_not_open"):
            act()


def test_a_draw_waits_for_surveys_and_complaints(session: Session, storage: LocalStorage) -> None:
    plan = build(session)
    # The 17th ends at 16:00 UTC in Shanghai; three days later the draw may be made.
    ready = datetime(2026, 11, 20, 16, tzinfo=UTC)
    with pytest.raises(DomainError, match="draw_too_early"):
        make_draw(session, storage, plan, now=ready - timedelta(seconds=1))
    with pytest.raises(DomainError, match="as_of_in_future"):
        make_draw(session, storage, plan, as_of=NOW + timedelta(seconds=1))
    with pytest.raises(DomainError, match="period_reversed"):
        service.draw(session, storage, plan, END, START, now=NOW, actor=None)
    day = date(2026, 1, 1)
    with pytest.raises(DomainError, match="frame_empty"):
        service.draw(session, storage, plan, day, day, now=NOW, actor=None)
    assert make_draw(session, storage, plan, now=ready).drawn_at == ready
    plans.archive_plan(session, plan, archived=True, now=NOW, actor=None)
    with pytest.raises(DomainError, match="plan_archived"):
        make_draw(session, storage, plan)


def test_a_long_period_is_described_by_its_own_calls(
    session: Session, storage: LocalStorage
) -> None:
    plan = build(session)
    # All its calls lie more than 28 days before its end.
    counts = service.preview(session, plan, START, END + timedelta(days=60), now=NOW)
    assert counts == service.preview(session, plan, START, END, now=NOW)
    for start, end in ((date(1, 1, 1), END), (START, date.max)):
        with pytest.raises(DomainError, match="bad_period"):
            service.preview(session, plan, start, end, now=NOW)


def test_filters_narrow_the_frame_but_not_the_peers(
    session: Session, storage: LocalStorage
) -> None:
    plan = build(session)
    site = session.get_one(Site, plan.site_id)
    blue = factories.make_team(session, site, "blue")
    agent = factories.make_agent(session, blue, "b0")
    project = factories.make_project(session, site, "service")
    for number in range(5):
        call = factories.make_call(
            session, agent, blue, project, source_key=f"in-{number}", direction=Direction.IN
        )
        factories.make_recording(session, call)
    base = PlanSettings()
    for filters, expected in (
        ({"projects": ("service",)}, 5),
        ({"teams": ("blue",)}, 5),
        ({"directions": (Direction.OUT,)}, 126),
        ({"projects": ("nowhere",)}, None),
    ):
        plan.settings = changed(base, **filters).to_json()
        if expected is None:
            with pytest.raises(DomainError, match="frame_empty"):
                service.preview(session, plan, START, END, now=NOW)
        else:
            assert service.preview(session, plan, START, END, now=NOW).n_recorded == expected
    plan.settings = changed(base, min_talk_ms=10_000).to_json()
    shown = service.preview(session, plan, START, END, now=NOW)
    assert shown.excluded["under_minimum"] == 1
    assert {stratum.key for stratum in shown.strata} >= {"worst", "ordinary:b0"}


def test_comparing_with_today_names_what_differs(session: Session, storage: LocalStorage) -> None:
    draw = make_draw(session, storage, build(session))
    manifest = load_manifest(storage, draw)
    assert checks.find_draw(session, draw.manifest_sha256) is draw
    assert not checks.compare(session, draw, manifest).any
    assert checks.late_calls(session, draw) == 0
    add_complaint(session, call_named(session, "7"), NOW - timedelta(hours=1))
    call_named(session, "8").recording.state = RecordingState.EXPIRED
    call_named(session, "8").recording.ended_at = NOW + timedelta(days=1)
    factories.make_recording(session, call_named(session, "unrecorded"))
    draw.calls[0].random_number += 1
    session.flush()
    found = checks.compare(session, draw, manifest)
    assert found.list_differs
    assert found.gone == (key_of(session, "8"),)
    assert found.joined == (key_of(session, "unrecorded"),)
    assert found.changed == ((key_of(session, "7"), "ordinary:a1", "worst"),)
    assert checks.late_calls(session, draw) == 1
    storage.delete(draw.manifest_key)
    with pytest.raises(DomainError, match="manifest_missing"):
        load_manifest(storage, draw)


def key_of(session: Session, name: str) -> str:
    return f"{call_named(session, name).draw_key % 2**64:016x}"


def test_nightly_plans_draw_each_settled_day_once(session: Session, storage: LocalStorage) -> None:
    plan = build(session)
    assert nightly.due_draws(session, NOW) == []
    plan.nightly = True
    plan.created_at = datetime(2026, 11, 16, 20, tzinfo=UTC)  # the 17th in Shanghai
    # At 09:00 on the 23rd in Shanghai the 19th is the last settled day.
    owed = nightly.due_draws(session, NOW)
    assert [due.start for due in owed] == [date(2026, 11, day) for day in (17, 18, 19)]
    day = owed[0].start
    service.draw(session, storage, plan, day, day, now=NOW, actor=None)
    assert [due.start.day for due in nightly.due_draws(session, NOW)] == [18, 19]
    plan.state = PlanState.ARCHIVED
    assert nightly.due_draws(session, NOW) == []


def test_plans_have_one_name_and_one_writer(session: Session) -> None:
    plan = build(session)
    user = factories.make_user(session)
    version = plan.lock_version
    values = plans.PlanValues("weekly", PlanSettings(), due_days=5)
    with pytest.raises(DomainError, match="plan_name_taken"):
        plans.create_plan(session, plan.site, values, now=NOW, actor=user)
    plans.change_plan(session, plan, values, lock_version=version, now=NOW, actor=user)
    assert (plan.due_days, plan.lock_version) == (5, version + 1)
    with pytest.raises(DomainError, match="plan_conflict"):
        plans.change_plan(session, plan, values, lock_version=version, now=NOW, actor=user)


def test_columns_keep_every_bit(session: Session) -> None:
    edge = [-(2**63), -1, 0, 2**63 - 1, 2**53 + 1]
    rows = union_all(
        *(
            select(literal(place % 2).label("g"), literal(value).label("v"))
            for place, value in enumerate(edge)
        )
    ).subquery()
    statement = select(rows.c.g, rows.c.v).order_by(rows.c.v)
    group, value = fetch_columns(session, statement)
    assert value.tolist() == sorted(edge)
    grouped = select(rows.c.g, rows.c.v)
    group, value = fetch_columns(session, grouped, group_by=[rows.c.g], constant=1)
    assert sorted(zip(value.tolist(), group.tolist(), strict=True)) == sorted(
        (value, place % 2) for place, value in enumerate(edge)
    )
    nothing = fetch_columns(session, grouped.where(rows.c.v == 7), group_by=[rows.c.g], constant=1)
    assert [(column.dtype, len(column)) for column in nothing] == [(np.int64, 0)] * 2


def test_a_plan_without_a_scorecard_keeps_no_other_from_its_draw(
    own_engine: Engine, tmp_path: Path
) -> None:
    runtime = make_runtime(own_engine, tmp_path)
    dues = []
    with write_session(own_engine) as session:
        card = import_scorecard(session, factories.SCORECARD, now=NOW)
        for scorecard_id in (None, card.scorecard_id):
            team = factories.make_team(session, factories.make_site(session))
            agent = factories.make_agent(session, team)
            project = factories.make_project(session, team.site, scorecard_id=scorecard_id)
            call = factories.make_call(session, agent, team, project)
            factories.make_recording(session, call)
            settings = changed(PlanSettings(), ordinary=Quota(count=1))
            values = plans.PlanValues("nightly", settings, settling_days=0, nightly=True)
            plan = plans.create_plan(session, team.site, values, now=NOW, actor=None)
            dues.append(nightly.Due(plan.id, call.local_date, call.local_date))
    with pytest.raises(DomainError, match="no_scorecard_for_project"):
        flow._draw_due(dues, runtime, lambda _done, _of: None)
    with write_session(own_engine) as session:
        assert session.scalars(select(Draw.plan_id)).all() == [dues[1].plan_id]
