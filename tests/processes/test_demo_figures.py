"""The demo's figures, counted a second time from the sample files (see recount.py)."""

import csv
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from models.calls import Call
from models.people import Site
from models.samples import Draw, DrawnCall
from models.session import make_engine, read_session
from pipelines.runtime import RecogniserSettings, Runtime, SystemClock
from pipelines.storage import LocalStorage
from qa_app.demo.figures import figures
from qa_app.demo.folder import SAMPLES, open_folder
from qa_app.demo.loading import Loader
from qa_app.demo.samples import Samples
from tests.processes.recount import Recount

WEEKS = 2


def load(url: str, folder: Path, samples: Path) -> tuple[dict[str, Any], list[tuple[str, ...]]]:
    """Load the samples with two past weeks and no transcripts; give figures and drawn calls."""
    engine: Engine = make_engine(url)
    runtime = Runtime(
        engine=engine,
        storage=LocalStorage(folder / "files"),
        data_dir=folder,
        clock=SystemClock(),
        recogniser=RecogniserSettings(None, "cpu", "int8", 1),
        customer_key=b"a key of the tests",
    )
    opened = open_folder(folder, runtime.clock.now())
    loader = Loader(runtime, opened, Samples(samples), weeks=WEEKS)
    loader.load()
    loader.measure()
    with read_session(engine) as session:
        found = figures(session, Samples(samples), added=0)
        drawn = [
            tuple(row)
            for row in session.execute(
                select(Site.code, Draw.period_start, DrawnCall.position, Call.source_key)
                .join(DrawnCall, DrawnCall.call_id == Call.id)
                .join(Draw, Draw.id == DrawnCall.draw_id)
                .join(Site, Site.id == Draw.site_id)
                .order_by(Site.code, Draw.period_start, DrawnCall.position)
            )
        ]
    engine.dispose()
    return found, drawn


def changed_copy(target: Path, name: str, change: Callable[[list[dict[str, str]]], None]) -> None:
    """Change one table of a copy of the samples."""
    path = target / name
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def recount() -> Recount:
    return Recount(SAMPLES, WEEKS)


@pytest.fixture(scope="module")
def base(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], list[tuple[str, ...]]]:
    folder = tmp_path_factory.mktemp("base")
    database = tmp_path_factory.mktemp("database") / "hearback.db"
    shutil.copyfile(migrated_file, database)
    return load(f"sqlite:///{database}", folder, SAMPLES)


def test_every_figure_equals_an_independent_count(
    base: tuple[dict[str, Any], list[tuple[str, ...]]], recount: Recount
) -> None:
    found, _ = base
    assert found["calls"] == len(recount.calls)
    assert found["drawn"] == recount.drawn()
    assert set(found["drawn"]) == {
        *("worst", "best", "multi_transfer", "high_value", "very_long", "very_short"),
        "ordinary",
    }
    assert found["qa_excellence_rate"] == recount.qa_excellence_rate()
    assert found["sms_satisfaction_rate"] == recount.sms_satisfaction_rate()
    assert found["complaint_rate"] == recount.complaint_rate()
    assert found["reviews"] == len(recount.reviewed_legs())


def test_row_order_and_database_change_no_draw_and_one_row_moves_one_count(
    base: tuple[dict[str, Any], list[tuple[str, ...]]],
    recount: Recount,
    postgres_url: str,
    tmp_path: Path,
) -> None:
    samples = tmp_path / "samples"
    shutil.copytree(SAMPLES, samples, ignore=shutil.ignore_patterns("*.py"))
    mixer = random.Random(7)  # noqa: S311 - any other order will do
    for name in ("calls.csv", "surveys.csv", "complaints.csv"):
        changed_copy(samples, name, mixer.shuffle)

    # Changes that touch no stratum: a satisfied answer below the top level turns neutral, one
    # complaint found unjustified is taken back, a review finds a critical item not met.
    def turn_neutral(rows: list[dict[str, str]]) -> None:
        once = [r for r in rows if len(recount.answers.get(r["call_id"], ())) == 1]
        row = next(r for r in once if r["reply"] in {"satisfied", "满意"})
        row["reply"] = "一般"

    def take_back(rows: list[dict[str, str]]) -> None:
        row = next(
            r
            for r in rows
            if r["call_id"] and r["status"] == "not_upheld" and recount.calls[r["call_id"]].outbound
        )
        rows.remove(row)

    def lose_critical(rows: list[dict[str, str]]) -> None:
        leg = next(leg for leg in recount.reviewed_legs() if recount.is_excellent(leg))
        row = next(r for r in rows if (r["call_id"], int(r["leg"])) == leg)
        card = recount.cards["outbound-sales" if recount.calls[leg[0]].outbound else "service"]
        critical = next(
            one["lineage"]
            for part in card["sections"]
            for one in part["criteria"]
            if one["critical"] and one["kind"] == "yes_no"
        )
        answers = json.loads(row["answers"])
        assert answers[critical] == "yes"
        row["answers"] = json.dumps(answers | {critical: "no"}, ensure_ascii=False)

    changed_copy(samples, "surveys.csv", turn_neutral)
    changed_copy(samples, "complaints.csv", take_back)
    changed_copy(samples, "verdicts.csv", lose_critical)

    found, drawn = load(postgres_url, tmp_path / "data", samples)
    before, drawn_before = base
    assert drawn == drawn_before
    for rate in ("qa_excellence_rate", "sms_satisfaction_rate", "complaint_rate"):
        assert found[rate] == {
            "numerator": before[rate]["numerator"] - 1,
            "denominator": before[rate]["denominator"],
        }, rate
    assert found["drawn"] == before["drawn"]
