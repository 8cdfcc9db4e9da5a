"""What `pip install` gives somebody without a checkout: the wheel, unpacked and tried alone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_SIGN_IN = """
import sys
from pathlib import Path
import qa_app
from models import schema
from qa_app import create_app
from qa_app.settings import Settings

assert Path(qa_app.__file__).is_relative_to(sys.argv[1]), qa_app.__file__
app = create_app(Settings.from_env())
schema.upgrade(app.extensions["hearback.runtime"].engine)
client = app.test_client()
page = client.get("/sign-in", headers={"Accept-Language": "zh-CN"})
assert page.status_code == 200, page.status
assert 'lang="zh-Hans"' in page.text
assert "登录" in page.text
for name in ("css/app.css", "vendor/tabler/tabler.min.css"):
    assert client.get(f"/static/{name}").status_code == 200, name
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from hatchling.builders.wheel import WheelBuilder

    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder))
    target = folder / "site"
    with zipfile.ZipFile(built) as wheel:
        wheel.extractall(target)
    return target


def test_a_page_is_rendered_from_the_wheel_alone(unpacked: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(unpacked),
        "HEARBACK_DATA_DIR": str(tmp_path / "data"),
    }
    done = subprocess.run(
        [sys.executable, "-c", _SIGN_IN, str(unpacked)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_no_tests_and_no_samples(unpacked: Path) -> None:
    assert {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")} == {
        "models",
        "pipelines",
        "qa_app",
    }
