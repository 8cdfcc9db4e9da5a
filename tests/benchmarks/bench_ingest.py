"""Rows per second and memory of importing a million call records into SQLite, each in one leg.

Run: ``python -m tests.benchmarks.bench_ingest [rows]`` (or ``make bench-ingest``). One JSON object
per line: name, value, unit, bar, met. Nothing here is a test; machines differ.
"""

import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ROWS = 1_000_000
AGENTS = 200
BARS = {
    "rows_per_second": 54_000.0,
    "rows_per_second_with_customers": 0.0,
    "share_of_a_core": 0.0,
    "peak_memory": 300.0,
}
COLUMNS = [
    "call_id",
    "started_at",
    "direction",
    "project",
    "site",
    "agent",
    "talk_s",
    "hold_s",
    "acw_s",
    "wait_s",
    "outcome",
    "customer",
    "customer_tier",
    "customer_value",
    "currency",
    "recording_notice",
    "robot",
]


def write_people(path: Path) -> None:
    """Write one site with its agents."""
    with path.open("w", encoding="utf-8") as file:
        file.write("username,name,roles,site,site_timezone,team,agent\n")
        for agent in range(AGENTS):
            file.write(f",Agent {agent},,north,Europe/London,team{agent % 10},a{agent}\n")


def write_calls(path: Path, rows: int, *, customers: bool) -> None:
    """Write ``rows`` calls of 90 days in the order of their starts."""
    dice = random.Random(7)  # noqa: S311 - a benchmark's data, no secret
    start = NOW - timedelta(days=90)
    step = timedelta(days=89) / rows
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            writer.writerow(
                [
                    f"{number:08d}-{dice.getrandbits(32):08x}",
                    (start + step * number).isoformat(timespec="seconds"),
                    "out" if number % 3 else "in",
                    f"project{number % 7}",
                    "north",
                    f"a{dice.randrange(AGENTS)}",
                    f"{dice.lognormvariate(3.7, 0.5):.1f}",
                    f"{dice.random() * 5:.1f}",
                    f"{dice.random() * 30:.1f}",
                    f"{dice.random() * 20:.1f}",
                    dice.choice(("success", "no_success", "unknown")),
                    f"+44 7700 {dice.randrange(rows // 4):07d}" if customers else "",
                    "standard",
                    f"{dice.random() * 3000:.2f}",
                    "GBP",
                    "yes",
                    "no",
                ]
            )


def import_one(folder: Path, name: str, kind: str) -> float:
    """Import a file in this process; returns seconds."""
    from models.session import make_engine
    from models.vocab import ImportKind
    from pipelines.ingest.service import import_file
    from pipelines.storage import LocalStorage

    began = time.perf_counter()
    result = import_file(
        make_engine(f"sqlite:///{folder / 'bench.db'}"),
        LocalStorage(folder / "files"),
        kind=ImportKind(kind),
        path=folder / name,
        now=NOW,
        customer_key=b"benchmark",
    )
    seconds = time.perf_counter() - began
    if result.rejected or result.error_code:
        raise SystemExit(f"not everything landed: {result}")
    return seconds


def child(folder: Path, name: str) -> None:
    """Import calls in a process of its own, so that its memory can be told."""
    busy = time.process_time()
    seconds = import_one(folder, name, "calls")
    busy = time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "busy": busy, "peak": peak}))


def say(name: str, value: float, unit: str) -> None:
    """Print one figure."""
    bar = BARS[name]
    met = None if not bar else value <= bar if unit == "MB" else value >= bar
    line = {"name": name, "value": round(value, 1), "unit": unit, "bar": bar or None, "met": met}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure files without and with customers, each into an empty database."""
    from models import schema
    from models.session import make_engine

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    peak = 0.0
    for name, customers in (
        ("rows_per_second", False),
        ("rows_per_second_with_customers", True),
    ):
        with tempfile.TemporaryDirectory(prefix="hearback-bench-") as temporary:
            folder = Path(temporary)
            engine = make_engine(f"sqlite:///{folder / 'bench.db'}")
            schema.upgrade(engine)
            engine.dispose()
            write_people(folder / "people.csv")
            write_calls(folder / "calls.csv", rows, customers=customers)
            import_one(folder, "people.csv", "people")
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.bench_ingest", "--child", temporary],
                check=True,
                stdout=subprocess.PIPE,
            )
            found = json.loads(done.stdout)
            say(name, rows / found["seconds"], "rows/s")
            # Tells a slow import from a machine that has other work to do.
            say("share_of_a_core", found["busy"] / found["seconds"], "1")
            peak = max(peak, found["peak"])
    say("peak_memory", peak, "MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]), "calls.csv")
    else:
        main()
