"""The command ``hearback scorecard``: in from a file, to use in a project, out again."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from models.session import write_session
from pipelines.outcomes import DomainError
from qa_app.cli import root
from tests import factories
from tests.factories import SCORECARD


@pytest.fixture
def card(own_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a scorecard file, beside an installation with one project."""
    monkeypatch.setenv("HEARBACK_DATA_DIR", str(tmp_path / "data"))
    # The command would leave its connections to the end of the process.
    monkeypatch.setattr("qa_app.surroundings.make_engine", lambda _url: own_engine)
    with write_session(own_engine) as session:
        factories.make_project(session, factories.make_site(session, "leeds"), "sales")
    path = tmp_path / "card.json"
    path.write_text(json.dumps(SCORECARD), encoding="utf-8")
    return path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(root, ["scorecard", *arguments])
    if isinstance(result.exception, DomainError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_scorecard_goes_in_to_use_and_out_again(card: Path) -> None:
    first = json.loads(run("import", str(card), "--project", "leeds/sales", "--json"))
    assert first == {
        "code": "test-card",
        "version": 1,
        "state": "published",
        "projects": ["leeds/sales"],
    }
    assert json.loads(run("export", "test-card")) == SCORECARD
    changed = {**SCORECARD, "pass_pct": "50"}
    card.write_text("\ufeff" + json.dumps(changed), encoding="utf-8")
    assert run("import", str(card), "--draft") == "test-card, version 2: draft\n"
    listed = [json.loads(line) for line in run("list", "--json").splitlines()]
    assert [(row["version"], row["state"]) for row in listed] == [(1, "published"), (2, "draft")]
    assert {tuple(row["projects"]) for row in listed} == {("leeds/sales",)}
    assert json.loads(run("export", "test-card", "--version", "1")) == SCORECARD


@pytest.mark.parametrize(
    ("content", "project", "code"),
    [
        ("not json", "leeds/sales", "scorecard_not_json"),
        (json.dumps({**SCORECARD, "sections": []}), "leeds/sales", "scorecard_list_needed"),
        (json.dumps(SCORECARD), "leeds/nowhere", "project_unknown"),
    ],
)
def test_what_cannot_be_taken_in_is_refused_and_leaves_nothing(
    card: Path, content: str, project: str, code: str
) -> None:
    card.write_text(content, encoding="utf-8")
    with pytest.raises(DomainError, match=f"^{code}\\("):
        run("import", str(card), "--project", project)
    assert run("list", "--json") == ""
