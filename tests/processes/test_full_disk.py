"""A disk that is really full: a file system of a megabyte, in a namespace of its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_FILL = """
import io, json, sys
from pathlib import Path
from sqlalchemy import text
from models.session import make_engine
from pipelines.job_troubles import trouble_of
from pipelines.storage import LocalStorage

folder = Path(sys.argv[1])
said = {}
try:
    LocalStorage(folder / "files").put(io.BytesIO(b"x" * 4_000_000))
except OSError as error:
    said["file"] = trouble_of(error)
said["left"] = [path.name for path in (folder / "files").iterdir()]
engine = make_engine(f"sqlite:///{folder / 'small.db'}")
try:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        connection.execute(text("INSERT INTO t VALUES (zeroblob(4000000))"))
except Exception as error:
    said["database"] = trouble_of(error)
print(json.dumps(said))
"""


def _on_a_small_disk(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    script = f'mount -t tmpfs -o size=1m tmpfs "{folder}" && exec "$@"'
    return subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, "sh", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_disk_is_told_from_other_errors_and_leaves_no_torn_file(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or _on_a_small_disk(tmp_path, "true").returncode:
        pytest.skip("this system lets nobody mount a small disk in a namespace")
    done = _on_a_small_disk(tmp_path, sys.executable, "-c", _FILL, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"file": "disk_full", "left": [], "database": "disk_full"}
