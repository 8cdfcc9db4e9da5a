"""The commands that keep, hold and erase."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Customer, Recording
from models.people import Agent
from models.rights import ErasureProof
from models.vocab import RecordingState
from pipelines.outcomes import DomainError
from pipelines.runtime import Runtime
from qa_app.cli import retention
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import World

Add = Callable[[Callable[[Session], Any]], Any]


@pytest.fixture
def run(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(retention, "runtime", lambda: runtime)
    monkeypatch.setattr(retention, "now", lambda: NOW)

    def invoke(group: str, *arguments: str) -> Result:
        return CliRunner().invoke(getattr(retention, f"{group}_command"), arguments)

    return invoke


@pytest.fixture
def recording(world: World, add: Add) -> Recording:
    def make(session: Session) -> Recording:
        site, team = session.merge(world.site), session.merge(world.team)
        customer = Customer(number="8613800138042", number_key="hash")
        session.add(customer)
        session.flush()
        call = factories.make_call(
            session,
            session.scalars(select(Agent)).one(),
            team,
            factories.make_project(session, site, "renewal"),
            started_at=NOW - timedelta(days=60),
            source_key="CALL-1",
            customer_id=customer.id,
        )
        return factories.make_recording(session, call)

    return add(make)


def test_rules_are_set_listed_and_removed(recording: Recording, run: Callable[..., Result]) -> None:
    assert "without limit" in run("retention", "rules").output
    assert run("retention", "set", "recording", "90", "--site", "shanghai").exit_code == 0
    run("retention", "set", "review", "400", "--site", "shanghai", "--project", "renewal")
    rules = json.loads(run("retention", "rules", "--json").output)
    assert rules == [
        {"site": "shanghai", "project": None, "subject": "recording", "days": 90},
        {"site": "shanghai", "project": "renewal", "subject": "review", "days": 400},
    ]
    run("retention", "set", "recording", "0", "--site", "shanghai")
    assert len(json.loads(run("retention", "rules", "--json").output)) == 1
    assert run("retention", "set", "log", "9", "--site", "nowhere").exit_code == 2


def test_a_held_recording_stays_until_it_is_released(
    recording: Recording, run: Callable[..., Result], add: Add
) -> None:
    run("retention", "set", "recording", "30", "--site", "shanghai")
    assert run("retention", "hold", "CALL-1", "court case").exit_code == 0
    assert run("retention", "hold", "CALL-9", "court case").exit_code == 2
    kept = json.loads(run("retention", "run", "--json").output)
    assert (kept["recordings"], kept["held"]) == (0, 1)
    assert isinstance(run("erase", "customer", "8613800138042", "--yes").exception, DomainError)
    assert run("retention", "release", "CALL-1").exit_code == 0
    gone = json.loads(run("retention", "run", "--json").output)
    assert (gone["recordings"], gone["held"]) == (1, 0)
    state = add(lambda session: session.get_one(Recording, recording.id).state)
    assert state is RecordingState.EXPIRED


def test_erasing_asks_first(recording: Recording, run: Callable[..., Result], add: Add) -> None:
    number = "+86 138-0013-8042"
    assert run("erase", "customer", number).exit_code == 1
    assert add(lambda session: session.scalars(select(Customer.number)).all()) == ["8613800138042"]
    done = run("erase", "customer", number, "--yes", "--json")
    told = json.loads(done.output)
    proof = add(lambda session: session.scalars(select(ErasureProof)).one())
    assert (told.pop("proof"), proof.deleted["recordings"]) == (str(proof.uid), 1)
    assert proof.scrubbed_at is not None
    assert told == {
        "calls": 1,
        "recordings": 1,
        "reviews": 0,
        "import_files": 0,
        "clean": True,
    }
    assert add(lambda session: session.scalars(select(Customer.number)).all()) == [None]
    assert "rewritten" in run("erase", "scrub").output
