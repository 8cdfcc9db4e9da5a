"""Habits that no linter knows: who commits, who reads the clock, who asks for scoped rows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa_app.scopes import RULES

ROOT = Path(__file__).parents[2]
PRODUCT = sorted(
    path
    for package in ("models", "pipelines", "qa_app")
    for path in (ROOT / package).rglob("*.py")
    if "migrations/versions" not in path.as_posix()
)
MOST_LINES = 420


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def test_only_the_session_module_commits() -> None:
    committing = {
        _name(path)
        for path in PRODUCT
        for call in _calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit"
    }
    assert committing == {"models/session.py"}


def test_only_the_clock_reads_the_time_of_day() -> None:
    reading = {
        _name(path)
        for path in PRODUCT
        for call in _calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("now", "utcnow", "today")
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in ("datetime", "date", "dt")
    }
    assert reading == {"pipelines/runtime.py"}


# (file, model): why rows of a scoped table are asked for without the person's scope
ALLOWED = {
    ("qa_app/access.py", "User"): "the person who is signing in is nobody yet",
    ("qa_app/accounts/queries.py", "User"): "likewise",
    ("qa_app/calls/sounds.py", "Recording"): "a signed play token stands for the person",
    ("qa_app/people/changes.py", "User"): "the command line, by user name",
    ("qa_app/people/changes.py", "Site"): "the command line, by code",
}
# What belongs to a row that is in hand, or to who is signed in, was narrowed when that was loaded.
BELONGS = re.compile(r"== [a-z_]+(\.[a-z_]+)*\.(id|uid|[a-z_]+_id)\b|\.in_\(")


def _scoped_selects(path: Path) -> Iterator[tuple[str, int]]:
    scoped = {model.__name__ for model in RULES}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.Assign | ast.Return | ast.Expr | ast.AnnAssign):
            continue
        if BELONGS.search(ast.unparse(statement)):
            continue
        for call in ast.walk(statement):
            if isinstance(call, ast.Call) and (name := _asked(call)) in scoped:
                yield name, call.lineno


def _asked(call: ast.Call) -> str:
    """Return the model in ``select(Model)`` or ``session.get(Model, given)``, else nothing."""
    function, first = call.func, call.args[0] if call.args else None
    if not isinstance(first, ast.Name):
        return ""
    if isinstance(function, ast.Name) and function.id == "select":
        return first.id
    if isinstance(function, ast.Attribute) and function.attr in ("get", "get_one", "query"):
        key = ast.unparse(call.args[1]) if len(call.args) > 1 else ""
        return "" if key.endswith((".id", "_id")) else first.id
    return ""


def test_scoped_rows_are_asked_for_on_somebodys_behalf() -> None:
    found = {
        (_name(path), model): line
        for path in sorted((ROOT / "qa_app").rglob("*.py"))
        # Commands and the demo act for the installation, not for a person.
        if "/cli/" not in path.as_posix() and "/demo/" not in path.as_posix()
        for model, line in _scoped_selects(path)
    }
    assert {place: line for place, line in found.items() if place not in ALLOWED} == {}
    assert set(ALLOWED) - set(found) == set(), "no longer needed"


@pytest.mark.parametrize("folder", ["models", "pipelines", "qa_app"])
def test_no_room_is_crowded(folder: str) -> None:
    long = {
        _name(path): count
        for path in PRODUCT
        if path.is_relative_to(ROOT / folder)
        and (count := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}
