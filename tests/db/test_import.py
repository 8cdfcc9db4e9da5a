"""Files land in the tables once, in any order of legs, and say what did not land."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select, text

from models.calls import (
    Call,
    Complaint,
    Customer,
    Leg,
    MediaFile,
    Project,
    Recording,
    Survey,
)
from models.guards import erasure
from models.measures import DirtyDay
from models.operations import AuditEntry, ImportFile, ImportReject
from models.people import Agent, Site, Team, TeamMember, User, UserRole
from models.session import make_engine, read_session, write_session
from models.vocab import ChannelLayout, ComplaintStatus, ImportKind, ImportState, Role, Satisfaction
from pipelines.ingest.calls import CallsLander
from pipelines.ingest.service import ImportResult, import_file
from pipelines.outcomes import AudioFacts, DomainError
from pipelines.storage import LocalStorage

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
KEY = b"k" * 32

PEOPLE = """username,name,roles,site,site_timezone,team,agent,locale
li,李娜,agent@team:sales,sh,Asia/Shanghai,sales,a1,zh
bo,Bo,agent@team:sales,sh,,sales,a2,
cy,Cy,agent@team:care,sh,,care,a3,en
rev,Rev,reviewer@site:sh;trainer@team:care,sh,,,,en
joe,Joe,agent@team:north,man,Europe/London,north,b1,en
"""
CALLS = (
    "call_id,leg,started_at,direction,project,site,agent,talk_s,hold_s,acw_s,wait_s,outcome,"
    "customer,customer_tier,customer_value,currency,recording_notice,robot\n"
)


def call(key: str, leg: int | str = 1, **values: Any) -> str:
    """Write one row of calls.csv with plain values where none are given."""
    row = {
        "call_id": key,
        "leg": leg,
        "started_at": "2026-11-16T09:05:00+08:00",
        "direction": "out",
        "project": "renewal",
        "site": "sh",
        "agent": "a1",
        "talk_s": "40.5",
        "hold_s": "2",
        "acw_s": "",
        "wait_s": "7",
        "outcome": "success",
        "customer": "+86 138 0000 1234",
        "customer_tier": "gold",
        "customer_value": "12.30",
        "currency": "CNY",
        "recording_notice": "yes",
        "robot": "no",
    } | values
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(row.values())
    return out.getvalue()


Importer = Callable[..., ImportResult]


# Children first. Imports commit, so on the shared PostgreSQL database each test is undone by hand.
TABLES = (
    ImportReject,
    ImportFile,
    MediaFile,
    Recording,
    Complaint,
    Survey,
    Leg,
    Call,
    Customer,
    Project,
    DirtyDay,
    TeamMember,
    Agent,
    UserRole,
    User,
    Team,
    Site,
    AuditEntry,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def own_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Give an empty database in which transactions really commit, and empty it again."""
    shared = request.param == "postgresql"
    engine = make_engine(request.getfixturevalue("shared_postgres_url" if shared else "sqlite_url"))
    yield engine
    if shared:
        with write_session(engine) as session, erasure(session, "a test is undone"):
            for model in TABLES:
                session.execute(delete(model))
    engine.dispose()


@pytest.fixture
def bring(own_engine: Engine, tmp_path: Path) -> Importer:
    """Import a text as a file, or a path; returns the result."""
    storage = LocalStorage(tmp_path / "files")

    def bring(kind: str, content: str | bytes | Path, **values: Any) -> ImportResult:
        path = content
        if not isinstance(path, Path):
            path = tmp_path / f"{kind}.csv"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        values = {"now": NOW, "customer_key": KEY, "source": "test"} | values
        return import_file(own_engine, storage, kind=ImportKind(kind), path=path, **values)

    return bring


@pytest.fixture
def people(bring: Importer) -> ImportResult:
    return bring("people", PEOPLE)


def counts(result: ImportResult) -> tuple[int, int, int]:
    return result.added, result.unchanged, result.rejected


def findings(result: ImportResult) -> list[tuple[int, str | None, str]]:
    return [(one.row_number, one.column, one.code) for one in result.first_rejects]


def all_rows(engine: Engine, model: Any) -> list[Any]:
    with read_session(engine) as session:
        return list(session.scalars(select(model).order_by(model.id)))


def test_people_bring_sites_teams_agents_memberships_and_roles(
    own_engine: Engine, bring: Importer
) -> None:
    result = bring("people", PEOPLE)
    assert counts(result) == (5, 0, 0)
    assert counts(bring("people", PEOPLE)) == (0, 5, 0)
    with read_session(own_engine) as session:
        assert dict(session.execute(select(Site.code, Site.timezone)).all()) == {
            "sh": "Asia/Shanghai",
            "man": "Europe/London",
        }
        assert set(session.scalars(select(Team.code))) == {"sales", "care", "north"}
        agent = session.scalars(select(Agent).where(Agent.code == "a1")).one()
        assert agent.user is not None
        assert (agent.user.username, agent.user.locale) == ("li", "zh_Hans")
        assert agent.user.password_hash is None
        rev = session.scalars(select(User).where(User.username == "rev")).one()
        scopes = [(role.role, role.team_id is None) for role in rev.roles]
        assert sorted(scopes) == [(Role.REVIEWER, True), (Role.TRAINER, False)]


def test_a_changed_role_ends_sessions_and_a_changed_team_starts_a_membership(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    with read_session(own_engine) as session:
        before = session.scalars(select(User.epoch).where(User.username == "li")).one()
    moved = "username,name,roles,site,team,agent,from\nli,李娜,agent@team:care,sh,care,a1,{}\n"
    refused = bring("people", moved.format(""))
    assert findings(refused) == [(2, "from", "from_missing")]
    assert counts(bring("people", moved.format("2026-11-01"))) == (1, 0, 0)
    with read_session(own_engine) as session:
        assert session.scalars(select(User.epoch).where(User.username == "li")).one() == before + 1
        agent_id = session.scalars(select(Agent.id).where(Agent.code == "a1")).one()
        periods = session.execute(
            select(Team.code, TeamMember.valid_from, TeamMember.valid_to)
            .join(Team, Team.id == TeamMember.team_id)
            .where(TeamMember.agent_id == agent_id)
            .order_by(TeamMember.valid_from)
        ).all()
    assert [tuple(period) for period in periods] == [
        ("sales", date(1990, 1, 1), date(2026, 11, 1)),
        ("care", date(2026, 11, 1), None),
    ]
    early = call("c1", started_at="2026-10-31T09:00:00+08:00")
    late = call("c2", started_at="2026-11-01T09:00:00+08:00")
    assert counts(bring("calls", CALLS + early + late)) == (2, 0, 0)
    with read_session(own_engine) as session:
        teams = session.scalars(
            select(Team.code).join(Call, Call.team_id == Team.id).order_by(Call.source_key)
        )
        assert list(teams) == ["sales", "care"]


def test_people_of_another_site_are_refused_where_an_import_is_kept_inside_one(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    with read_session(own_engine) as session:
        site_id = session.scalars(select(Site.id).where(Site.code == "sh")).one()
    result = bring(
        "people",
        "username,name,roles,site,team,agent\n"
        "eve,Eve,admin@site:man,sh,,\n"
        "joe,Joe,manager@site:sh,man,,\n"
        "new,New,manager@site:sh,sh,,\n",
        site_id=site_id,
    )
    assert sorted(findings(result)) == [(2, "roles", "site_other"), (3, "site", "site_other")]
    assert result.added == 1
    assert "eve" not in {user.username for user in all_rows(own_engine, User)}


def test_a_call_has_the_values_of_its_row(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    assert counts(bring("calls", CALLS + call("c1"))) == (1, 0, 0)
    (found,) = all_rows(own_engine, Call)
    digest = hashlib.sha256(b"test\x1fc1").digest()
    assert found.draw_key == int.from_bytes(digest[:8], "big", signed=True)
    assert found.started_at == datetime(2026, 11, 16, 1, 5, tzinfo=UTC)
    assert (found.local_date, found.local_slot) == (date(2026, 11, 16), 18)
    assert (found.talk_ms, found.hold_ms, found.wait_ms, found.transfers) == (
        40_500,
        2_000,
        7_000,
        0,
    )
    assert (found.customer_value_minor, found.currency) == (1230, "CNY")
    assert (found.recording_notice, found.by_robot) == (True, False)
    (customer,) = all_rows(own_engine, Customer)
    assert (customer.number, found.customer_id) == ("8613800001234", customer.id)
    assert customer.number_key not in (None, "8613800001234")
    (leg,) = all_rows(own_engine, Leg)
    assert (leg.call_id, leg.position, leg.talk_ms) == (found.id, 1, 40_500)
    with read_session(own_engine) as session:
        assert session.scalars(select(DirtyDay.local_date)).all() == [date(2026, 11, 16)]
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.details["kind"].as_string() == "calls")
        ).one()
    assert (entry.action, entry.details["added"]) == ("import.finished", 1)


def test_legs_make_the_same_call_in_any_order_and_chunk(
    own_engine: Engine, bring: Importer, people: ImportResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    legs = [
        call("t1", 1, talk_s=10, wait_s=3),
        call("t1", 2, talk_s=30, agent="a3", started_at="2026-11-16T09:06:00+08:00", wait_s=99),
        call("t1", 3, talk_s=30, agent="a2", started_at="2026-11-16T09:07:00+08:00"),
    ]
    other = call("t2")
    for order, chunk in (((0, 1, 2), 1), ((2, 1, 0), 2), ((1, 2, 0), 1), ((2, 0, 1), 9)):
        monkeypatch.setattr(CallsLander, "chunk_size", chunk)
        with write_session(own_engine) as session:
            for table in ("leg", "call", "import_file"):
                session.execute(text(f'DELETE FROM "{table}"'))  # noqa: S608 - three literals
        shuffled = legs[order[0]] + other + legs[order[1]] + legs[order[2]]
        assert counts(bring("calls", CALLS + shuffled)) == (4, 0, 0)
        found = {row.source_key: row for row in all_rows(own_engine, Call)}["t1"]
        assert (found.talk_ms, found.hold_ms, found.transfers) == (70_000, 6_000, 2)
        assert found.started_at == datetime(2026, 11, 16, 1, 5, tzinfo=UTC)
        assert found.wait_ms == 3_000
        agents = {agent.id: agent.code for agent in all_rows(own_engine, Agent)}
        assert agents[found.agent_id] == "a3"
    assert counts(bring("calls", CALLS + "".join(legs) + call("t3"))) == (1, 3, 0)


def test_the_same_file_twice_changes_nothing(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    content = CALLS + call("c1") + call("c2", customer="") + call("c1")
    assert counts(bring("calls", content)) == (2, 1, 0)
    with write_session(own_engine) as session:
        session.execute(text("DELETE FROM dirty_day"))
    assert counts(bring("calls", content)) == (0, 3, 0)
    assert len(all_rows(own_engine, Call)) == 2
    assert all_rows(own_engine, DirtyDay) == []
    assert [file.rows_unchanged for file in all_rows(own_engine, ImportFile)] == [0, 3]


def test_an_id_with_another_content_is_refused_and_changes_nothing(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    bring("calls", CALLS + call("c1"))
    result = bring(
        "calls", CALLS + call("c1", talk_s=41) + call("c9") + call("c9", customer="10086")
    )
    assert findings(result) == [
        (2, "call_id", "duplicate_differs"),
        (4, "call_id", "duplicate_differs"),
    ]
    assert [row.talk_ms for row in all_rows(own_engine, Call)] == [40_500, 40_500]


def test_bad_rows_are_named_and_good_rows_land(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    bad = [
        call("x1", started_at="2026-02-30T09:00:00+08:00"),
        call("x2", talk_s="-3"),
        call("x3", talk_s="90000"),
        call("x4", agent="ghost"),
        call("x5", site="nowhere"),
        call("x6", agent="", site=""),
        call("x7", direction="sideways"),
        "x8,1\n",
        call("x9", talk_s=""),
    ]
    result = bring("calls", CALLS + call("c1") + "".join(bad) + call("c2"))
    assert counts(result) == (2, 0, 9)
    assert findings(result) == [
        (3, "started_at", "time_impossible"),
        (4, "talk_s", "duration_negative"),
        (5, "talk_s", "duration_absurd"),
        (6, "agent", "agent_unknown"),
        (7, "site", "site_unknown"),
        (8, "site", "site_missing"),
        (9, "direction", "word_unknown"),
        (10, None, "row_too_short"),
        (11, "talk_s", "value_missing"),
    ]
    # The agent joins, and the very same file brings the row that had been refused.
    bring("people", "username,name,roles,site,team,agent\n,Ghost,,sh,sales,ghost\n")
    again = bring("calls", CALLS + call("c1") + "".join(bad) + call("c2"))
    assert counts(again) == (1, 2, 8)
    assert len(all_rows(own_engine, ImportReject)) == 8


def test_a_refused_row_holds_no_number_and_lands_when_sent_again(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    number = "+86 139 1111 2222"
    result = bring(
        "calls",
        CALLS
        + call("c1", talk_s="-1", customer=number)
        + f"c2,1,{number},too short\n"
        + call("c3", project="call me 13911112222", talk_s="x"),
    )
    assert result.rejected == 3
    with read_session(own_engine) as session:
        kept = str(session.execute(select(ImportReject.content, ImportReject.params)).all())
    assert "1111" not in kept
    unknown = bring("calls", CALLS + call("c8", agent="10086012"))
    assert unknown.first_rejects[0].params["value"] == "10086012"
    content = result.first_rejects[0].content
    assert content["customer"].startswith("customer:")
    fixed = call("c1", talk_s="1", customer=content["customer"])
    assert counts(bring("calls", CALLS + fixed)) == (1, 0, 0)
    (found,) = all_rows(own_engine, Call)
    customers = {row.id: row.number for row in all_rows(own_engine, Customer)}
    assert customers[found.customer_id] == "8613911112222"
    # The token and the number are one customer: the original row says nothing new.
    assert counts(bring("calls", CALLS + call("c1", talk_s="1", customer=number))) == (0, 1, 0)
    with write_session(own_engine) as session:
        session.execute(text("UPDATE customer SET number = NULL, number_key = NULL"))
    erased = call("c4", customer=content["customer"])
    assert findings(bring("calls", CALLS + erased)) == [(2, "customer", "customer_unknown")]


def test_a_killed_import_goes_on_where_it_stopped(
    own_engine: Engine, bring: Importer, people: ImportResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CallsLander, "chunk_size", 3)
    rows = [call(f"k{number}") for number in range(10)]
    rows[1] = call("k1", talk_s="-1")
    content = CALLS + "".join(rows)
    chunks = 0
    land = CallsLander.land

    def dying(self: CallsLander, session: Any, chunk: list[Any]) -> Any:
        nonlocal chunks
        chunks += 1
        landed = land(self, session, chunk)
        if chunks == 3:
            raise KeyboardInterrupt
        return landed

    monkeypatch.setattr(CallsLander, "land", dying)
    with pytest.raises(KeyboardInterrupt):
        bring("calls", content)
    assert len(all_rows(own_engine, Call)) == 5
    file = all_rows(own_engine, ImportFile)[-1]
    assert (file.state, file.row_number, file.rows_added) == (ImportState.RUNNING, 7, 5)
    result = bring("calls", content)
    assert chunks == 5
    assert counts(result) == (9, 0, 1)
    assert findings(result) == [(3, "talk_s", "duration_negative")]
    assert len(all_rows(own_engine, Call)) == 9


def test_a_file_that_is_no_table_is_refused_as_a_whole(own_engine: Engine, bring: Importer) -> None:
    files = {
        b"": "file_empty",
        b"\r\n \r\n": "file_empty",
        CALLS.encode(): "file_empty",
        b"call_id,started_at\nc1,2026-11-16T09:05:00\n": "column_missing",
        CALLS.replace("leg", "agent").encode(): "column_twice",
        "call_id,b\n\u00e9t\u00e9 \u00fcber na\u00efve\n".encode("latin-1"): "encoding_unknown",
        b"PK\x03\x04 a spreadsheet": "encoding_unknown",
    }
    for content, code in files.items():
        result = bring("calls", content)
        assert (result.state, result.error_code) == (ImportState.REJECTED, code)
    assert all_rows(own_engine, Call) == []


def test_surveys_take_their_answer_later_but_never_another_one(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    bring("calls", CALLS + call("c1") + call("c2"))
    with write_session(own_engine) as session:
        session.execute(text("DELETE FROM dirty_day"))
    head = "survey_id,call_id,sent_at,answered_at,reply\n"
    asked = "s1,c1,2026-11-16 9:30,,\n"
    answered = "s1,c1,2026-11-16 9:30,2026/11/16 10:00,非常满意\n"
    assert counts(bring("surveys", head + asked + "s2,c2,2026-11-16T09:30:00+08:00,,\n")) == (
        2,
        0,
        0,
    )
    assert counts(bring("surveys", head + answered)) == (1, 0, 0)
    assert counts(bring("surveys", head + answered + asked)) == (0, 2, 0)
    result = bring(
        "surveys",
        head
        + answered.replace("非常", "不")
        + "s3,c9,2026-11-16 9:30,,\n"
        + "s4,c1,2026-11-16 8:30,,\n"
        + "s5,c1,2026-11-16 9:30,2026-11-16 9:20,5\n"
        + "s6,c1,2026-11-16 9:30,2026-11-16 9:40,打13812345678\n",
    )
    assert findings(result) == [
        (2, "survey_id", "duplicate_differs"),
        (3, "call_id", "call_unknown"),
        (4, "sent_at", "time_before_call"),
        (5, "answered_at", "time_before_sent"),
    ]
    first, second, odd = all_rows(own_engine, Survey)
    assert (first.satisfaction, first.level) == (Satisfaction.SATISFIED, 5)
    assert first.answered_at == datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
    assert (second.answered_at, second.satisfaction) == (None, None)
    assert (odd.satisfaction, odd.reply) == (Satisfaction.INVALID, "打…")
    assert {day.local_date for day in all_rows(own_engine, DirtyDay)} == {date(2026, 11, 16)}


def test_complaints_concern_a_leg_a_call_or_an_agent_on_a_day(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    second = call("c1", 2, agent="a3", talk_s=5, started_at="2026-11-16T09:06:00+08:00")
    bring("calls", CALLS + call("c1") + second)
    head = "complaint_id,received_at,call_id,leg,agent,date,cause,status\n"
    result = bring(
        "complaints",
        head
        + "p1,2026-11-17 9:00,c1,2,,,态度,open\n"
        + "p2,2026-11-17 9:00,c1,,,,process,成立\n"
        + "p3,2026-11-17 9:00,,,a2,2026-11-10,other,open\n"
        + "p4,2026-11-17 9:00,c1,3,,,other,open\n"
        + "p5,2026-11-17 9:00,c1,,a2,,other,open\n"
        + "p6,2026-11-17 9:00,,,a2,,other,open\n"
        + "p7,2026-11-16 9:00,c1,,,,other,open\n"
        + "p8,2026-11-17 9:00,,,,2026-11-10,other,open\n",
    )
    assert findings(result) == [
        (5, "leg", "leg_unknown"),
        (6, "agent", "agent_not_in_call"),
        (7, "date", "value_missing"),
        (8, "received_at", "time_before_call"),
        (9, "agent", "value_missing"),
    ]
    agents = {agent.id: agent.code for agent in all_rows(own_engine, Agent)}
    rows = all_rows(own_engine, Complaint)
    about = [(agents[row.agent_id], row.local_date, row.leg_id is not None) for row in rows]
    assert about == [
        ("a3", date(2026, 11, 16), True),
        ("a1", date(2026, 11, 16), False),
        ("a2", date(2026, 11, 10), False),
    ]
    assert rows[2].team_id is not None
    assert rows[2].direction is None
    decided = bring("complaints", head + "p1,2026-11-17 9:00,c1,2,,,态度,不成立\n")
    assert counts(decided) == (1, 0, 0)
    assert all_rows(own_engine, Complaint)[0].status is ComplaintStatus.NOT_UPHELD
    other = bring("complaints", head + "p1,2026-11-17 9:00,c1,2,,,product,不成立\n")
    assert findings(other) == [(2, "complaint_id", "duplicate_differs")]


def probe(path: Path) -> AudioFacts:
    """Stand in for the decoder: the file says what it is."""
    if path.read_bytes().startswith(b"text"):
        raise DomainError("audio_unreadable")
    return AudioFacts("pcm_mulaw", 1 if b"mono" in path.read_bytes() else 2, 8000, 4_000)


def test_recordings_are_matched_stored_and_never_replaced(
    own_engine: Engine, bring: Importer, people: ImportResult, tmp_path: Path
) -> None:
    bring("calls", CALLS + call("c1") + call("c2") + call("c3"))
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name, content in {
        "x_GUID_c1_AGENT_a1_DT_2026_x.wav": b"stereo",
        "sub/GUID_c2_AGENT_a1_DT_2026_.WAV": b"mono",
        "GUID_c3_AGENT_a1_DT_2026_x.mp3": b"text",
        "GUID_c9_AGENT_a1_DT_2026_x.mp3": b"stranger",
        "GUID_c1_AGENT_a1_DT_2026_y.mp3": b"second",
        "whatever.wav": b"nameless",
        "z_GUID_c3_AGENT_a1_DT_2026_x.mp3": b"",
        "notes.txt": b"not looked at",
    }.items():
        (folder / name).write_bytes(content)
    values = {"name_template": "*GUID_{id}_AGENT_{agent}_DT_{time}_*", "probe": probe}
    result = bring("recordings", folder, **values)
    assert counts(result) == (2, 0, 5)
    assert {(one.content["file"], one.code) for one in result.first_rejects} == {
        ("GUID_c3_AGENT_a1_DT_2026_x.mp3", "audio_unreadable"),
        ("GUID_c9_AGENT_a1_DT_2026_x.mp3", "call_unknown"),
        ("x_GUID_c1_AGENT_a1_DT_2026_x.wav", "recording_differs"),
        ("whatever.wav", "name_without_id"),
        ("z_GUID_c3_AGENT_a1_DT_2026_x.mp3", "file_empty"),
    }
    rows = all_rows(own_engine, Recording)
    assert {row.layout for row in rows} == {ChannelLayout.MONO, ChannelLayout.AGENT_LEFT}
    files = all_rows(own_engine, MediaFile)
    assert {file.mimetype for file in files} == {"audio/wav", "audio/mpeg"}
    storage = LocalStorage(tmp_path / "files")
    assert sorted(storage.keys()) == sorted(file.storage_key for file in files)
    assert all("GUID" not in file.storage_key for file in files)
    again = bring("recordings", folder, **values)
    assert counts(again) == (0, 2, 5)
    assert len(all_rows(own_engine, Recording)) == 2


def test_one_recording_is_found_by_its_own_name(
    own_engine: Engine, bring: Importer, people: ImportResult, tmp_path: Path
) -> None:
    bring("calls", CALLS + call("c1"))
    path = tmp_path / "c1.wav"
    path.write_bytes(b"stereo")
    assert counts(bring("recordings", path, probe=probe)) == (1, 0, 0)
    with pytest.raises(DomainError, match="template_invalid"):
        bring("recordings", path, probe=probe, name_template="{agent}_*")
    with pytest.raises(DomainError, match="file_missing"):
        bring("recordings", tmp_path / "gone", probe=probe)


def test_progress_is_told_and_chunks_are_committed_apart(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    told: list[tuple[int, int]] = []
    content = CALLS + "".join(call(f"p{number}") for number in range(20))
    bring("calls", content, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(content.encode()), len(content.encode()))
    with read_session(own_engine) as session:
        assert session.scalar(select(func.count()).select_from(Call)) == 20


def test_the_sources_keep_their_ids_apart(
    own_engine: Engine, bring: Importer, people: ImportResult
) -> None:
    bring("calls", CALLS + call("c1"))
    assert counts(bring("calls", CALLS + call("c1"), source="other")) == (1, 0, 0)
    assert len({row.draw_key for row in all_rows(own_engine, Call)}) == 2


BAD = Path(__file__).parents[1] / "data" / "bad"


@pytest.mark.parametrize("own_engine", ["sqlite"], indirect=True)
def test_the_files_that_are_wrong_on_purpose(own_engine: Engine, bring: Importer) -> None:
    bring(
        "people",
        "username,name,roles,site,site_timezone,team,agent\n"
        ",A,,manchester,Europe/London,out,mn101\n"
        ",B,,manchester,,out,mn102\n"
        ",C,,shanghai,Asia/Shanghai,out,sh101\n"
        ",D,,shanghai,,out,sh102\n",
    )
    expected = {
        "gb18030": [],
        "utf16": [],
        "impossible_time": [(3, "started_at", "time_impossible")] * 2,
        "negative_talk": [(3, "talk_s", "duration_negative")],
        "absurd_talk": [(3, "talk_s", "duration_absurd")],
        "unknown_agent": [(3, "agent", "agent_unknown")],
        "duplicate_id": [(4, "call_id", "duplicate_differs")],
    }
    for number, (name, rejects) in enumerate(expected.items()):
        # Each file into a source of its own: their good rows share ids.
        result = bring("calls", BAD / f"calls_{name}.csv", source=f"source{number}")
        assert result.added >= 1
        codes = [(column, code) for _, column, code in findings(result)]
        assert codes == [(column, code) for _, column, code in rejects]
    assert bring("calls", BAD / "calls_missing_column.csv").error_code == "column_missing"
    assert bring("calls", BAD / "empty.csv").error_code == "file_empty"
    projects = {row.code for row in all_rows(own_engine, Project)}
    assert not any("\ufffd" in code for code in projects)


@pytest.mark.parametrize("own_engine", ["sqlite"], indirect=True)
def test_wrong_recordings_are_named(
    own_engine: Engine, bring: Importer, people: ImportResult, tmp_path: Path
) -> None:
    from pipelines.transcription.sound.media import probe as real_probe

    bring("calls", CALLS + call("good-1"))
    template = "GUID_{id}_AGENT_{agent}_DT_{time}_*"
    result = bring("recordings", BAD, name_template=template, probe=real_probe)
    assert [one.code for one in result.first_rejects] == ["audio_unreadable", "audio_truncated"]
    assert all_rows(own_engine, Recording) == []
    assert list(LocalStorage(tmp_path / "files").keys()) == []
