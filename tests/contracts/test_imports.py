"""Who may import whom: the contracts of pyproject.toml, and what they cannot see."""

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("models", "pipelines", "qa_app")
STAGES = sorted(path.parent for path in (ROOT / "pipelines").glob("*/__init__.py"))

# One fresh process per module: the parent imports nothing and forks.
_FORK = """
import json, os, sys
found = {}
for name, unwanted in json.loads(sys.argv[1]).items():
    read, write = os.pipe()
    if os.fork() == 0:
        __import__(name)
        os.write(write, json.dumps([one for one in unwanted if one in sys.modules]).encode())
        os._exit(0)
    os.close(write)
    found[name] = json.loads(os.read(read, 4096) or '["it cannot be imported"]')
    os.wait()
print(json.dumps(found))
"""
_HEAVY = ["sklearn", "dbos", "scipy.stats", "av", "faster_whisper", "ctranslate2", "onnxruntime"]


def _loaded(unwanted: dict[str, list[str]]) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", _FORK, json.dumps(unwanted)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return {name: found for name, found in json.loads(done.stdout).items() if found}


def _modules(pattern: str) -> list[str]:
    paths = sorted(ROOT.glob(pattern))
    assert paths, f"nothing fits {pattern}"
    names = [path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in paths]
    return [name.removesuffix(".__init__") for name in names]


def test_the_contracts_hold() -> None:
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_no_contract_passes_over_anything() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    assert not [contract["name"] for contract in contracts if "ignore_imports" in contract]


def test_every_stage_stands_in_the_contract_and_has_rules() -> None:
    config = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert STAGES
    for stage in STAGES:
        # A wildcard that fits nothing would pass silently.
        assert (stage / "rules.py").exists() or (stage / "rules" / "__init__.py").exists(), stage
        assert f"| {stage.name}" in config or f'"{stage.name} |' in config, stage


def test_rules_load_no_database_no_web_and_nothing_heavy() -> None:
    modules = _modules("pipelines/*/rules.py") + _modules("pipelines/*/rules/*.py")
    unwanted = ["sqlalchemy", "alembic", "flask", "wtforms", *_HEAVY]
    assert _loaded(dict.fromkeys(modules, unwanted)) == {}


def test_forms_load_no_database_and_nothing_heavy() -> None:
    modules = [*_modules("qa_app/*/forms.py"), "qa_app.forms"]
    unwanted = ["sqlalchemy", "alembic", *_HEAVY]
    assert _loaded(dict.fromkeys(modules, unwanted)) == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_hold_a_docstring_only(package: str) -> None:
    for path in sorted((ROOT / package).rglob("__init__.py")):
        # The application's factory and the command's lazy group are these packages' purpose.
        if path.relative_to(ROOT).as_posix() in ("qa_app/__init__.py", "qa_app/cli/__init__.py"):
            continue
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1, path
        assert isinstance(body[0], ast.Expr), path


def test_help_comes_without_loading_the_product() -> None:
    code = (
        "import sys; from qa_app.cli import root\n"
        "try: root.main(['--help'], prog_name='hearback')\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'flask', 'numpy', 'pipelines.flow', 'dbos', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), len(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found, _space, count = done.stdout.splitlines()[-1].rpartition(" ")
    assert found == "[]"
    # A clock would measure the machine; the number of modules is what the time depends on.
    assert int(count) < 250
