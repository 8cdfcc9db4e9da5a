"""Migrations and tables agree, go up and down, and guard what must not change."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import guards, schema
from models.operations import AuditEntry, Job
from models.registry import metadata
from models.session import make_engine
from tests import factories

ENGINE_TABLES = re.compile(
    r"^(notifications|queues|streams|workflow_.*|operation_outputs|application_versions|dbos_.*)$"
)


def test_tables_and_migrations_agree(own_engine: Engine) -> None:
    assert schema.is_current(own_engine)
    assert schema.differences(own_engine) == []


def test_migrations_go_down_and_up_again(own_engine: Engine) -> None:
    schema.downgrade(own_engine)
    left = set(inspect(own_engine).get_table_names()) - {"alembic_version"}
    assert {name for name in left if not ENGINE_TABLES.match(name)} == set()
    schema.upgrade(own_engine)
    assert set(metadata.tables) <= set(inspect(own_engine).get_table_names())


def test_waiting_jobs_learn_what_they_are_about(own_engine: Engine) -> None:
    with own_engine.begin() as connection, Session(connection) as session:
        site = factories.make_site(session)
        team = factories.make_team(session, site)
        agent = factories.make_agent(session, team)
        call = factories.make_call(session, agent, team, factories.make_project(session, site))
        recording = factories.make_recording(session, call)
        for name, about in [("transcribe", recording.id), ("transcribe", 999), ("other", 1)]:
            session.add(Job(name=name, arguments={"recording_id": about}, queued_at=factories.NOW))
        session.flush()
        expected = [(recording.id, call.talk_ms), (None, 0), (None, 0)]
    schema.downgrade(own_engine, "0002")
    schema.upgrade(own_engine)
    with own_engine.connect() as connection:
        rows = connection.execute(select(Job.recording_id, Job.audio_ms).order_by(Job.id)).all()
    assert [tuple(row) for row in rows] == expected


def test_our_names_never_meet_the_job_engines() -> None:
    assert [name for name in metadata.tables if ENGINE_TABLES.match(name)] == []


def test_every_table_says_what_a_row_means() -> None:
    from models.base import Base

    assert [m.class_.__name__ for m in Base.registry.mappers if not m.class_.__doc__] == []


def test_naive_times_are_refused_and_aware_ones_come_back_in_utc(session: Session) -> None:
    session.add(AuditEntry(at=datetime(2026, 1, 1), action="x", subject="y", details={}))  # noqa: DTZ001 - the naive value is the point
    with pytest.raises(Exception, match="without a time zone"):
        session.flush()
    session.rollback()
    entry = AuditEntry(at=datetime(2026, 1, 1, 8, tzinfo=UTC), action="x", subject="y", details={})
    session.add(entry)
    session.flush()
    session.expire(entry)
    assert entry.at == datetime(2026, 1, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET action = 'z'", "DELETE FROM audit_entry"]
)
def test_the_audit_log_is_append_only_but_for_the_named_door(
    session: Session, statement: str
) -> None:
    session.add(AuditEntry(at=datetime.now(UTC), action="x", subject="y", details={}))
    session.flush()
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(text(statement))
    with guards.erasure(session, "test"):
        session.execute(text(statement))


def test_an_engine_that_only_reads_cannot_write(sqlite_url: str) -> None:
    from models.session import read_session

    engine = make_engine(sqlite_url)
    with (
        read_session(engine) as session,
        pytest.raises(DBAPIError, match=r"readonly|read-only"),
    ):
        session.execute(text("INSERT INTO erasure_door (reason) VALUES ('x')"))
    engine.dispose()
