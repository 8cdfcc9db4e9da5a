"""Every route says who may enter; every template compiles, has a title and nothing inline."""

import ast
import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from flask import Flask

from qa_app import create_app
from qa_app.catalogue import KEYWORDS
from qa_app.permissions import ALLOWED, Action
from qa_app.settings import Settings

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
VENDORED = ("qa_app/static/vendor", "tests/browser/vendor")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("data")
    return create_app(Settings(folder, f"sqlite:///{folder / 'x.db'}", "k" * 16, "c" * 16))


def test_every_route_declares_its_permission(app: Flask) -> None:
    undeclared = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        and not hasattr(app.view_functions[rule.endpoint], "permission")
    }
    assert undeclared == set()


def test_every_action_has_roles() -> None:
    assert set(ALLOWED) == set(Action)
    assert all(ALLOWED.values())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_compiles(app: Flask, path: Path) -> None:
    app.jinja_env.get_template(path.relative_to(ROOT / "templates").as_posix())


def _pages() -> list[Path]:
    return [path for path in TEMPLATES if "{% extends" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", _pages(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_page_has_a_title_and_one_heading(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if not re.search(r'{% extends "base\.html" %}', text):
        # A page on top of another page inherits its title and heading.
        return
    assert "{% block title %}" in text
    headings = len(re.findall(r"<h1\b", text)) + len(re.findall(r"(?:{{ |{% call )header\(", text))
    assert headings >= 1


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_has_nothing_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<[^>]+\sstyle=", text), "an inline style"
    assert not re.search(r"<[^>{}]+\son[a-z]+=", text), "an inline handler"
    assert not re.search(r"\shx-on[:-]", text), "an inline htmx handler"
    assert "<style" not in text
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag, tag
    assert "javascript:" not in text
    assert "|safe" not in text.replace(" ", ""), "unescaped content"


def test_the_catalogue_knows_every_name_of_a_translating_function() -> None:
    """A sentence behind an unknown name is never collected, and stays English on every page."""
    unknown = [
        f"{path.name}: {name.asname or name.name}"
        for path in (ROOT / "qa_app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "flask_babel"
        for name in node.names
        if name.name.endswith("gettext") and (name.asname or name.name) not in KEYWORDS
    ]
    assert not unknown


def test_vendored_files_are_what_was_fetched() -> None:
    lock = json.loads((ROOT / "qa_app/static/vendor/vendor.lock.json").read_text("utf-8"))
    here = {
        path.relative_to(ROOT).as_posix()
        for folder in VENDORED
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.name != "vendor.lock.json"
    }
    assert here == set(lock)
    for name, entry in lock.items():
        digest = hashlib.sha512((ROOT / name).read_bytes()).digest()
        assert entry["sha512"] == "sha512-" + base64.b64encode(digest).decode(), name


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in TEMPLATES:
        found = re.findall(r'(?:src|href|action)="(https?:)?//', path.read_text(encoding="utf-8"))
        assert not found, path
