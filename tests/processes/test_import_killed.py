"""An import killed with -9 in the middle of a chunk goes on where its last chunk ended."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from models.calls import Call
from models.operations import ImportFile
from models.session import make_engine, read_session
from models.vocab import ImportKind, ImportState
from pipelines.ingest.calls import CallsLander
from pipelines.ingest.service import import_file
from pipelines.storage import LocalStorage

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ROWS = 100
CHUNK = 20
DYING = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from models.session import make_engine
from models.vocab import ImportKind
from pipelines.ingest.calls import CallsLander
from pipelines.ingest.service import import_file
from pipelines.storage import LocalStorage

land, chunks = CallsLander.land, []
def dying(self, session, rows):
    landed = land(self, session, rows)
    chunks.append(rows)
    if len(chunks) == 3:
        os.kill(os.getpid(), 9)
    return landed
CallsLander.land, CallsLander.chunk_size = dying, 20
url, folder = sys.argv[1:]
import_file(make_engine(url), LocalStorage(Path(folder) / "files"), kind=ImportKind.CALLS,
            path=Path(folder) / "calls.csv", now=datetime(2026, 11, 23, 1, tzinfo=UTC),
            customer_key=b"key")
"""


def test_a_killed_import_goes_on(database_url: str, tmp_path: Path, monkeypatch: object) -> None:
    engine = make_engine(database_url)
    storage = LocalStorage(tmp_path / "files")
    (tmp_path / "people.csv").write_text(
        "username,name,roles,site,site_timezone,team,agent\n,A,,north,Europe/London,t,a1\n"
    )
    (tmp_path / "calls.csv").write_text(
        "call_id,started_at,direction,project,site,agent,talk_s,customer\n"
        + "".join(
            f"c{number},2026-11-16 09:05,out,p,north,a1,40,+44 7700 900{number:03d}\n"
            for number in range(ROWS)
        )
    )
    common = {"now": NOW, "customer_key": b"key"}
    import_file(engine, storage, kind=ImportKind.PEOPLE, path=tmp_path / "people.csv", **common)
    died = subprocess.run(
        [sys.executable, "-c", DYING, database_url, str(tmp_path)],
        check=False,
        capture_output=True,
        cwd=Path(__file__).parents[2],
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    with read_session(engine) as session:
        file = session.scalars(select(ImportFile).where(ImportFile.kind == "calls")).one()
        assert (file.state, file.rows_added) == (ImportState.RUNNING, 2 * CHUNK)
        assert session.scalar(select(func.count()).select_from(Call)) == 2 * CHUNK
    rows: list[int] = []
    land = CallsLander.land

    def watched(self: CallsLander, session: object, chunk: list[object]) -> object:
        rows.extend(row.number for row in chunk)
        return land(self, session, chunk)

    monkeypatch.setattr(CallsLander, "land", watched)
    result = import_file(
        engine, storage, kind=ImportKind.CALLS, path=tmp_path / "calls.csv", **common
    )
    assert (result.added, result.unchanged, result.rejected) == (ROWS, 0, 0)
    # The header is row 1; what the finished chunks brought is not read again.
    assert rows == list(range(2 * CHUNK + 2, ROWS + 2))
    with read_session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Call)) == ROWS
    engine.dispose()
