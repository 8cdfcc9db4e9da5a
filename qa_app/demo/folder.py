"""The demo's data folder: marked as such, with the clock at which its people live."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipelines.outcomes import DomainError

MARK = "demo.json"
SAMPLES = Path(__file__).resolve().parents[2] / "recordings_sample"
"""The sample recordings and records of a checkout; an installed package has none."""

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""The moment at which the samples are settled: Monday, 09:00 in Shanghai."""


@dataclass
class DemoFolder:
    """A marked folder: how far its clock is moved, and which steps of loading are done."""

    path: Path
    clock_offset_seconds: int
    done: list[str] = field(default_factory=list)

    def step(self, name: str, act: Callable[[], None]) -> None:
        """Do a step of loading unless it was done; each one may be begun again after a crash."""
        if name in self.done:
            return
        act()
        self.done.append(name)
        self._write()

    def _write(self) -> None:
        content = {"clock_offset_seconds": self.clock_offset_seconds, "done": self.done}
        beside = self.path / f".{MARK}.new"
        beside.write_text(json.dumps(content), encoding="utf-8")
        beside.replace(self.path / MARK)


def is_demo(path: Path) -> bool:
    """Tell whether a data folder belongs to the demo."""
    return (path / MARK).is_file()


def open_folder(path: Path, machine_now: datetime) -> DemoFolder:
    """Open the demo's folder, or mark an empty one; refuse a folder that holds other data.

    Raises ``DomainError``: ``demo_folder_in_use``, ``samples_missing``.
    """
    if not SAMPLES.is_dir():
        raise DomainError("samples_missing", folder=SAMPLES.name)
    if is_demo(path):
        content = json.loads((path / MARK).read_text(encoding="utf-8"))
        return DemoFolder(path, content["clock_offset_seconds"], list(content["done"]))
    if path.exists() and (not path.is_dir() or any(os.scandir(path))):
        raise DomainError("demo_folder_in_use", folder=str(path))
    path.mkdir(parents=True, exist_ok=True)
    folder = DemoFolder(path, int((START - machine_now).total_seconds()))
    folder._write()  # noqa: SLF001 - the mark is this module's own
    return folder
