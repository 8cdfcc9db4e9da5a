"""A real installation's way in: db, user, doctor, backup, serve, as commands."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete

from models.search import SearchEntry
from models.session import make_engine, write_session
from pipelines.storage import LocalStorage
from qa_app.cli import COMMANDS, root
from tests import factories
from tests.web.conftest import make_world
from tests.web.test_search import place_of, say

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, migrated_file: Path) -> Run:
    """Run the command line on a data folder of this test's own."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copyfile(migrated_file, folder / "hearback.db")

    def run(*arguments: str, data_dir: Path = folder, typed: str | None = None) -> Result:
        # What a command logs goes to standard error and is not mixed into its output.
        return CliRunner(env={"HEARBACK_LOG_LEVEL": "error"}).invoke(
            root, ["--data-dir", str(data_dir), *arguments], input=typed
        )

    return run


def _rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "hearback.db")
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


CREATE = ("user", "create", "wang", "--admin-of", "shanghai", "--timezone", "Asia/Shanghai")


def test_the_first_admin_is_made_with_a_site(run: Run, tmp_path: Path) -> None:
    done = run(*CREATE, "--name", "王林", "--generate-password", "--json")
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert len(made["password"]) >= 12
    assert _rows(tmp_path / "data", "SELECT code, timezone FROM site") == [
        ("shanghai", "Asia/Shanghai")
    ]
    assert _rows(
        tmp_path / "data",
        "SELECT username, display_name, role FROM user_account u JOIN user_role r"
        " ON r.user_id = u.id",
    ) == [("wang", "王林", "admin")]
    [(stored,)] = _rows(tmp_path / "data", "SELECT password_hash FROM user_account")
    assert str(stored).startswith("$argon2id$")


@pytest.mark.parametrize(
    ("arguments", "typed", "code"),
    [
        (("user", "create", "x y", "--password-stdin"), "long enough 1\n", "username_unfit"),
        (("user", "create", "li", "--password-stdin"), "short\n", "password_short"),
        (
            ("user", "create", "li", "--admin-of", "nowhere", "--password-stdin"),
            "long enough 1\n",
            "site_needs_timezone",
        ),
        (
            ("user", "create", "li", "--admin-of", "x", "--timezone", "Mars", "--password-stdin"),
            "long enough 1\n",
            "timezone_unknown",
        ),
        (("user", "password", "nobody", "--password-stdin"), "long enough 1\n", "person_unknown"),
        (("user", "disable", "nobody"), None, "person_unknown"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], typed: str | None, code: str
) -> None:
    done = run(*arguments, typed=typed)
    assert done.exit_code != 0
    assert getattr(done.exception, "code", None) == code
    assert _rows(tmp_path / "data", "SELECT count(*) FROM user_account") == [(0,)]
    assert _rows(tmp_path / "data", "SELECT count(*) FROM site") == [(0,)]


def test_a_password_set_or_a_person_disabled_ends_sessions(run: Run, tmp_path: Path) -> None:
    run(*CREATE, "--generate-password")
    run("user", "create", "li", "--admin-of", "shanghai", "--generate-password")
    epoch = "SELECT epoch FROM user_account WHERE username = 'li'"
    [(before,)] = _rows(tmp_path / "data", epoch)
    assert run("user", "password", "li", "--password-stdin", typed="long enough 1\n").exit_code == 0
    assert run("user", "disable", "li").exit_code == 0
    assert _rows(tmp_path / "data", epoch) == [(before + 2,)]
    # The last admin who can enter stays.
    assert getattr(run("user", "disable", "wang").exception, "code", None) == "last_admin"


def test_a_folder_without_database_is_told_what_to_do(run: Run, tmp_path: Path) -> None:
    done = run("serve", data_dir=tmp_path / "empty")
    assert done.exit_code == 2
    assert "hearback db upgrade" in done.stderr


def test_the_doctor_names_what_lacks(run: Run, tmp_path: Path) -> None:
    done = run("doctor", "--json", data_dir=tmp_path / "empty")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    lacking = {one["name"] for one in told["findings"] if not one["fine"] and one["needed"]}
    assert {"schema", "job engine"} <= lacking
    assert told["healthy"] is False
    healthy = json.loads(run("doctor", "--json").stdout)
    fine = {one["name"] for one in healthy["findings"] if one["fine"]}
    assert {"database", "schema", "job engine", "disk", "codecs"} <= fine


def test_the_doctor_warns_of_a_disk_and_a_memory_that_run_low(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qa_app.cli import doctor

    usage = shutil.disk_usage("/")._replace(free=200 << 20)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _folder: usage)
    monkeypatch.setattr(doctor, "_available_memory", lambda: 100 << 20)
    done = run("doctor", "--json")
    assert done.exit_code == 1
    found = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
    assert not found["disk"]["fine"]
    assert "0.2 GB free" in found["disk"]["says"]
    assert not found["memory"]["fine"]
    assert not found["memory"]["needed"]
    assert "HEARBACK_WHISPER_WORKERS=1" in found["memory"]["says"]


def test_a_backup_is_whole_and_says_so(run: Run, tmp_path: Path) -> None:
    run(*CREATE, "--generate-password")
    stored = LocalStorage(tmp_path / "data" / "files").put(BytesIO(b"a call"), suffix=".ogg")
    target = tmp_path / "backup"
    done = run("backup", str(target), "--json")
    assert done.exit_code == 0, done.output
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {"hearback.db", "customer.key", f"files/{stored.key}"}
    for name, entry in manifest["files"].items():
        content = (target / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert _rows(target, "SELECT username FROM user_account") == [("wang",)]
    assert not (target / "secret.key").exists()
    again = run("backup", str(target))
    assert again.exit_code == 2
    assert "not empty" in again.stderr


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    done = CliRunner().invoke(root, [name, "--help"])
    assert done.exit_code == 0, done.output
    text = done.output
    command = root.get_command(None, name)  # type: ignore[arg-type]  # the table needs no context
    for sub in getattr(command, "commands", {}):
        text += CliRunner().invoke(root, [name, sub, "--help"]).output
    assert "Example" in text


def test_the_search_is_brought_up_to_date_by_hand(run: Run, tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'data' / 'hearback.db'}")
    with write_session(engine) as session:
        place = place_of(session, make_world(session))
        say(session, factories.make_call(session, *place), "hello there")
        session.execute(delete(SearchEntry))
    engine.dispose()
    for arguments, count in (((), 1), ((), 0), (("--everything",), 1)):
        done = run("search", "rebuild", "--json", *arguments)
        assert (done.exit_code, json.loads(done.stdout)) == (0, {"transcripts": count})
    found = "SELECT count(*) FROM search_index WHERE search_index MATCH 'hello'"
    assert _rows(tmp_path / "data", found) == [(1,)]
    assert run("search", "rebuild").stdout == "0 transcripts indexed\n"
