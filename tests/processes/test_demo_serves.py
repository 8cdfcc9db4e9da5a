"""The demo serves its pages with a worker as its child, and takes both down when it ends."""

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from sqlalchemy import select

from models.operations import Worker
from models.session import make_engine, read_session

_SERVE = """
import signal
import sys
from pathlib import Path
from qa_app.cli.demo import _serve
from qa_app.settings import Settings
# Whatever started the tests in the background made them deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
_serve(Settings.from_env(data_dir=sys.argv[1]), int(sys.argv[2]))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def workers(folder: Path) -> list[str]:
    engine = make_engine(f"sqlite:///{folder / 'hearback.db'}")
    with read_session(engine) as session:
        found = list(session.scalars(select(Worker.id)))
    engine.dispose()
    return found


def test_pages_and_worker_come_up_and_go_down_together(migrated_file: Path, tmp_path: Path) -> None:
    shutil.copyfile(migrated_file, tmp_path / "hearback.db")
    port = free_port()
    demo = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(tmp_path), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        limit = time.monotonic() + 40
        while not (is_up(port) and workers(tmp_path)):
            assert demo.poll() is None, demo.communicate()[0]
            assert time.monotonic() < limit
            time.sleep(0.2)
        demo.send_signal(signal.SIGINT)
        said = demo.communicate(timeout=30)[0]
    finally:
        demo.kill()
    assert "rachel" in said
    assert not is_up(port)
