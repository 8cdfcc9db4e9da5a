"""A full disk and no memory are told apart from every other error, with real ones where cheap."""

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.session import make_engine
from pipelines.job_troubles import trouble_of
from pipelines.outcomes import DomainError


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out_of_memory"),
        (MemoryError(), "out_of_memory"),
        (RuntimeError("std::bad_alloc"), "out_of_memory"),
        (RuntimeError("CUDA failed with error out of memory"), "out_of_memory"),
        (RuntimeError("mkl_malloc: failed to allocate memory"), "out_of_memory"),
        (RuntimeError("the decoder fell over"), None),
        (OSError(errno.EIO, "Input/output error"), None),
        (sqlite3.OperationalError("database is locked"), None),
        (ValueError("disk full, said the customer"), None),
        (DomainError("audio_unreadable"), None),
    ],
    ids=repr,
)
def test_what_it_is(error: BaseException, trouble: str | None) -> None:
    assert trouble_of(raised(error)) == trouble


def test_what_stands_behind_an_error_counts() -> None:
    hidden = raised(DomainError("weights_missing"), RuntimeError("std::bad_alloc"))
    assert trouble_of(hidden) == "out_of_memory"


def test_a_full_device() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    stream = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - closed below
    with pytest.raises(OSError) as caught:  # noqa: PT011 - looked at below
        stream.write(b"x")
    stream.close()
    assert trouble_of(caught.value) == "disk_full"


def test_a_database_that_may_not_grow(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'small.db'}")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        connection.exec_driver_sql("PRAGMA max_page_count = 3")
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text("INSERT INTO t VALUES (zeroblob(100000))"))
    engine.dispose()
    assert trouble_of(caught.value) == "disk_full"


_HUNGRY = """
import resource, sys
import numpy
from pipelines.job_troubles import trouble_of
limit = 2 << 30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    numpy.ones(1 << 30)
except MemoryError as error:
    print(trouble_of(error))
"""


def test_a_process_that_is_given_no_more_memory() -> None:
    if resource.getrlimit(resource.RLIMIT_AS)[1] != resource.RLIM_INFINITY:
        pytest.skip("this process has a limit of its own")
    done = subprocess.run(
        [sys.executable, "-c", _HUNGRY],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.stdout.strip() == "out_of_memory", done.stderr
