"""``hearback import`` says what landed, and its exit code says whether all did."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qa_app.cli import root

PEOPLE = "username,name,roles,site,site_timezone,team,agent\n,A,,north,Europe/London,t,a1\n"
CALLS = "call_id,started_at,direction,project,site,agent,talk_s\n"
GOOD = "c1,2026-11-16 09:05,out,p,north,a1,40\n"


@pytest.fixture
def folder(tmp_path: Path, migrated_file: Path) -> Path:
    shutil.copyfile(migrated_file, tmp_path / "hearback.db")
    return tmp_path


def run(folder: Path, kind: str, content: str, *options: str) -> Result:
    path = folder / f"{kind}.csv"
    path.write_text(content, encoding="utf-8")
    given = ["--data-dir", str(folder), "import", kind, str(path), *options]
    return CliRunner().invoke(root, given)


def test_what_landed_is_said_in_words_and_in_json(folder: Path) -> None:
    assert run(folder, "people", PEOPLE).exit_code == 0
    done = run(folder, "calls", CALLS + GOOD)
    assert (done.exit_code, done.stdout) == (0, "1 added, 0 unchanged, 0 rejected (utf-8)\n")
    bad = CALLS + GOOD + GOOD.replace("c1", "c2").replace("40", "-4")
    some = run(folder, "calls", bad)
    assert some.exit_code == 1
    assert "row 3, talk_s: A duration cannot be negative (-4). [duration_negative]" in some.stderr
    found = json.loads(run(folder, "calls", bad, "--json").stdout)
    assert (found["added"], found["unchanged"], found["rejected"]) == (0, 1, 1)
    assert found["first_rejects"] == [
        {
            "row": 3,
            "column": "talk_s",
            "code": "duration_negative",
            "reason": "A duration cannot be negative (-4).",
        }
    ]


def test_nothing_to_read_is_another_exit_code(folder: Path) -> None:
    run(folder, "people", PEOPLE)
    lacking = run(folder, "calls", "call_id\nc1\n")
    assert lacking.exit_code == 2
    assert "[column_missing]" in lacking.stderr
    assert run(folder, "calls", CALLS + GOOD, "--site", "nowhere").exit_code == 2
    assert run(folder, "calls", CALLS + GOOD, "--site", "north").exit_code == 0
