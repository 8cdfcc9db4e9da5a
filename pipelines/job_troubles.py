"""Troubles of the machine that end a job whatever it was about: a full disk, no memory left.

Told apart from everything else by what systems, databases and libraries raise; their texts are
looked at and never kept, since they may hold what people said.
"""

import errno
from collections.abc import Iterator

DISK_FULL = "disk_full"
OUT_OF_MEMORY = "out_of_memory"

_DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
# SQLite names its result codes from Python 3.11 on; PostgreSQL has SQLSTATE 53100 and 53200.
_SQLITE_CODES = {"SQLITE_FULL": DISK_FULL, "SQLITE_NOMEM": OUT_OF_MEMORY}
_SQLSTATES = {"53100": DISK_FULL, "53200": OUT_OF_MEMORY}
# What the runtimes of the recogniser and of the voice detector say.
_MEMORY_WORDS = ("bad_alloc", "failed to allocate memory", "out of memory", "cannot allocate")


def trouble_of(error: BaseException) -> str | None:
    """Return ``disk_full`` or ``out_of_memory`` when that is behind the error, else nothing."""
    for one in _chain(error):
        if isinstance(one, MemoryError):
            return OUT_OF_MEMORY
        if isinstance(one, OSError) and one.errno in _DISK_ERRNOS:
            return DISK_FULL
        if isinstance(one, OSError) and one.errno == errno.ENOMEM:
            return OUT_OF_MEMORY
        known = _SQLITE_CODES.get(getattr(one, "sqlite_errorname", None) or "") or _SQLSTATES.get(
            getattr(one, "sqlstate", None) or ""
        )
        if known is not None:
            return known
        if isinstance(one, RuntimeError) and any(
            words in str(one).lower() for words in _MEMORY_WORDS
        ):
            return OUT_OF_MEMORY
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it came from; a database error holds its driver's as ``orig``."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        sources = (one.__cause__, one.__context__, getattr(one, "orig", None))
        waiting += [source for source in sources if isinstance(source, BaseException)]
