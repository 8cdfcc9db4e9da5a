"""Where files of recordings and manifests lie: behind a protocol, keyed by hash.

A key is made by the storage from the content's SHA-256, never from a name that a user gave. Files
appear whole or not at all: written beside their place, flushed to disk, then renamed.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

_BLOCK = 1 << 20
_UNFINISHED = ".put-"


@dataclass(frozen=True)
class StoredFile:
    """A file that was put: its key, SHA-256 (hex) and size in bytes."""

    key: str
    sha256: str
    size_bytes: int


class Storage(Protocol):
    """A place for files that outlive a request."""

    def put(self, stream: BinaryIO, *, suffix: str = "") -> StoredFile:
        """Store what ``stream`` holds and return its key; the same content gives the same key."""

    def open(self, key: str) -> BinaryIO:
        """Open a stored file for reading, or raise ``FileNotFoundError``."""

    def delete(self, key: str) -> None:
        """Remove a stored file; removing one that is gone is no error."""

    def local_path(self, key: str) -> Path:
        """Return a path on this machine at which decoders can read the file."""

    def keys(self) -> Iterator[str]:
        """Yield every key, for the sweep that removes orphans."""

    def age(self, key: str) -> timedelta:
        """Return how long ago a file was written, by the storage's own clock; 0 if it is gone."""

    def remove_unfinished(self, older_than: timedelta) -> int:
        """Remove what writers that died left behind, and return how many files that were."""


class LocalStorage:
    """Files in a folder of this machine, spread over sub-folders by the first two hash digits."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, made when first needed."""
        self.folder = folder

    def put(self, stream: BinaryIO, *, suffix: str = "") -> StoredFile:
        """Write ``stream`` to a temporary file, flush it to disk, and move it to its key."""
        if not suffix.replace(".", "").isalnum() and suffix:
            message = f"a storage suffix may hold letters, digits and dots only: {suffix!r}"
            raise ValueError(message)
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        size = 0
        descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=_UNFINISHED)
        try:
            with os.fdopen(descriptor, "wb") as out:
                while block := stream.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            sha256 = digest.hexdigest()
            key = f"{sha256[:2]}/{sha256}{suffix}"
            target = self.folder / key
            target.parent.mkdir(exist_ok=True)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return StoredFile(key=key, sha256=sha256, size_bytes=size)

    def open(self, key: str) -> BinaryIO:
        """Open a stored file for reading, or raise ``FileNotFoundError``."""
        return self.local_path(key).open("rb")

    def delete(self, key: str) -> None:
        """Remove a stored file; removing one that is gone is no error."""
        self.local_path(key).unlink(missing_ok=True)

    def local_path(self, key: str) -> Path:
        """Return the path of a key, refusing one that would leave the folder."""
        path = (self.folder / key).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            message = f"a storage key may not leave its folder: {key!r}"
            raise ValueError(message)
        return path

    def keys(self) -> Iterator[str]:
        """Yield every key, leaving out files that are still being written."""
        for path in sorted(self.folder.glob("*/*")):
            yield path.relative_to(self.folder).as_posix()

    def age(self, key: str) -> timedelta:
        """Return how long ago a file was written, by this machine's clock; 0 if it is gone."""
        return _age(self.local_path(key))

    def remove_unfinished(self, older_than: timedelta) -> int:
        """Remove temporary files of writers that died, and return how many there were."""
        old = [path for path in self.folder.glob(f"{_UNFINISHED}*") if _age(path) > older_than]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def _age(path: Path) -> timedelta:
    try:
        written = path.stat().st_mtime
    except FileNotFoundError:
        return timedelta(0)
    # The file system's clock, not the application's: a demo may live at another time.
    return timedelta(seconds=max(0.0, time.time() - written))
