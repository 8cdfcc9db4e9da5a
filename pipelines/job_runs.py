"""One attempt at a job: load in a short transaction, work with none, save in another.

Knows our own table and the caller's table of jobs, not the engine: putting a job back in its queue
is a function handed in.
"""

import logging
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.operations import Job as JobRow
from models.session import read_session, session_is_open, write_session
from pipelines import audit, job_table
from pipelines.job_table import Begun
from pipelines.job_troubles import DISK_FULL, trouble_of
from pipelines.outcomes import DomainError
from pipelines.runtime import Progress, Runtime

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 1.0
HELD_SECONDS = 1.0
"""How soon a worker notices that a pause has been ended."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class Job:
    """What a worker does for jobs of one name.

    ``load(session, runtime, ids)`` gives plain values for the work, or null when there is nothing
    to do any more. ``work(loaded, runtime, progress)`` runs with no Session open and must be safe
    to repeat. ``save(session, runtime, result, attempt)`` runs at most once: it commits together
    with the job's own row, and only while no newer attempt exists. ``fail(session, runtime, ids,
    code, params, attempt)`` runs when the job has failed for good. A ``DomainError`` fails at once;
    any other exception is tried again, three times in all. ``queue`` names a limit on how many run
    at a time in one worker. ``waits_for`` are codes of ``DomainError`` that are the installation's
    fault, as missing weights, not that of what the job is about: it waits until they are put right.
    """

    load: Callable[[Session, Runtime, Mapping[str, Any]], Any]
    work: Callable[[Any, Runtime, Progress], Any]
    save: Callable[[Session, Runtime, Any, int], None]
    fail: Callable[[Session, Runtime, Mapping[str, Any], str, dict[str, Any], int], None] | None = (
        None
    )
    queue: str = "work"
    waits_for: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """How an attempt ended: ``done``, ``nothing`` (to do), ``retry``, ``failed``, ``superseded``,
    ``waits`` (for the installation to be put right).

    ``code`` and ``params`` tell why a job is tried again or failed; ``seconds`` how long it took.
    """

    uid: uuid.UUID
    name: str
    attempt: int
    outcome: str
    seconds: float
    code: str | None = None
    params: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class BadEnd:
    """Why an attempt ended badly. ``final``: no further try; ``waits``: not even a failure."""

    code: str
    params: dict[str, Any]
    final: bool = False
    waits: bool = False


class SupersededError(Exception):
    """A newer attempt at the job exists, so this one may not save."""


class JobRuns:
    """Runs the attempts of one worker, within its limits."""

    def __init__(
        self,
        runtime: Runtime,
        jobs: Mapping[str, Job],
        *,
        worker: str,
        limits: Mapping[str, int],
        queue_again: Callable[[Session, JobRow, float], None],
        announce: Callable[[Report], None],
        retry_seconds: float,
        rest_seconds: float | None,
    ) -> None:
        """Use ``queue_again(session, job, seconds)`` to put a job back in its queue.

        ``rest_seconds`` is how long nothing of a queue begins after one of its jobs met a full
        disk or the like. Null for a worker that must come to an end: such jobs fail, and pauses
        are not looked at.
        """
        self.runtime = runtime
        self.jobs = jobs
        self.worker = worker
        self.stopping = threading.Event()
        self.running: dict[tuple[uuid.UUID, int], Begun] = {}
        self._queue_again = queue_again
        self.announce = announce
        self.bad_ends: dict[tuple[uuid.UUID, int], BadEnd] = {}
        self._retry_seconds = retry_seconds
        self._rest_seconds = rest_seconds
        self._rests: dict[str, float] = {}
        self._slots = {name: threading.Semaphore(limit) for name, limit in limits.items()}
        # Jobs that have failed before run one at a time: a job that kills its worker would
        # otherwise take the same innocent neighbours with it three times.
        self._suspects = threading.Semaphore(1)

    def attempt(self, uid: uuid.UUID, attempt: int) -> None:
        """Run this attempt at a job, unless it is out of date; never raises."""
        token = audit.request_id.set(str(uid))
        # Entered before the row says so, else the take-over could see a row with nobody at work.
        mine = Begun(uid, "", attempt, self.worker, {})
        first = self.running.setdefault((uid, attempt), mine) is mine
        try:
            if first:
                self._attempt(uid, attempt)
        except Exception as error:  # noqa: BLE001 - the take-over finds what is left behind
            log_error("job %s: the worker could not record attempt %d", uid, attempt, error=error)
        finally:
            if first:
                del self.running[uid, attempt]
            audit.request_id.reset(token)

    def has(self, begun: Begun) -> bool:
        """Tell whether a thread of this worker is at this attempt."""
        return (begun.uid, begun.attempt) in self.running

    def _attempt(self, uid: uuid.UUID, attempt: int) -> None:
        found = self._insist(lambda: self._find(uid))
        if found is None:
            return
        name, suspect = found
        job = self.jobs[name]
        held = False
        while not self.stopping.is_set():
            with self._room(job, suspect=suspect) as may_run:
                if may_run and not self._is_held(name, job.queue):
                    # While this one was held, somebody may have asked for another first.
                    if held and self._insist(lambda: self._is_outranked(uid)):
                        break
                    begun = self._insist(lambda: self._begin(uid, attempt))
                    if begun is not None:
                        self._carry_out(begun, job)
                    return
            held = True
            self.stopping.wait(HELD_SECONDS)
        self.put_back(uid, attempt)

    def _is_held(self, name: str, queue: str) -> bool:
        """Tell whether jobs of this name are paused, or their queue rests after a full disk."""
        if self._rest_seconds is None:
            return False
        if time.monotonic() < self._rests.get(queue, 0.0):
            return True
        return self._insist(lambda: self._is_paused(name))

    def _is_paused(self, name: str) -> bool:
        with read_session(self.runtime.engine) as session:
            return job_table.is_paused(session, name)

    def _is_outranked(self, uid: uuid.UUID) -> bool:
        with read_session(self.runtime.engine) as session:
            return job_table.is_outranked(session, uid)

    @contextmanager
    def _room(self, job: Job, *, suspect: bool) -> Iterator[bool]:
        gates = [self._suspects] if suspect else []
        gates.append(self._slots[job.queue])
        entered: list[threading.Semaphore] = []
        try:
            for gate in gates:
                while not gate.acquire(timeout=0.2):
                    if self.stopping.is_set():
                        yield False
                        return
                entered.append(gate)
            yield not self.stopping.is_set()
        finally:
            for gate in entered:
                gate.release()

    def _find(self, uid: uuid.UUID) -> tuple[str, bool] | None:
        with read_session(self.runtime.engine) as session:
            row = job_table.find(session, uid)
            return None if row is None else (row.name, row.failures > 0)

    def _begin(self, uid: uuid.UUID, attempt: int) -> Begun | None:
        with write_session(self.runtime.engine) as session:
            return job_table.begin(session, uid, attempt, self.worker, self._now())

    def _insist(self, act: Callable[[], Found]) -> Found:
        # The engine has handed the job over for good: only the worker's end ends the patience.
        while True:
            try:
                return act()
            except SQLAlchemyError as error:
                log_error("worker %s: the database refuses", self.worker, error=error)
                if self.stopping.wait(1.0):
                    raise

    def _carry_out(self, begun: Begun, job: Job) -> None:
        started = time.monotonic()
        code: str | None = None
        params: dict[str, Any] = {}
        try:
            outcome = self._load_work_save(begun, job)
        except SupersededError:
            outcome = "superseded"
        except Exception as error:  # noqa: BLE001 - whatever a job raises is counted, not passed on
            bad = self._bad_end(error, begun, job)
            code, params = bad.code, bad.params
            if bad.waits:
                self._rests[job.queue] = time.monotonic() + (self._rest_seconds or 0.0)
            # Where the disk is full this cannot be written either: then the take-over looks here.
            self.bad_ends[begun.uid, begun.attempt] = bad
            outcome = self.end_badly(begun, bad)
            del self.bad_ends[begun.uid, begun.attempt]
        seconds = time.monotonic() - started
        self.announce(
            Report(begun.uid, begun.name, begun.attempt, outcome, seconds, code, params or None)
        )

    def _bad_end(self, error: Exception, begun: Begun, job: Job) -> BadEnd:
        """Tell a fault of what the job is about from one of the machine or the installation."""
        patient = self._rest_seconds is not None
        trouble = trouble_of(error)
        if trouble == DISK_FULL:
            return BadEnd(DISK_FULL, {}, final=not patient, waits=patient)
        if isinstance(error, DomainError) and trouble is None:
            waits = patient and error.code in job.waits_for
            return BadEnd(error.code, plain(error.params), final=not waits, waits=waits)
        log_error("job %s (%s): attempt %d", begun.uid, begun.name, begun.attempt, error=error)
        if trouble is not None:
            return BadEnd(trouble, {})
        return BadEnd("job_crashed", {"error": type(error).__name__})

    def _load_work_save(self, begun: Begun, job: Job) -> str:
        engine = self.runtime.engine
        with write_session(engine) as session:
            row = _held(session, begun)
            loaded = job.load(session, self.runtime, begun.ids)
            if loaded is None:
                job_table.finish(session, row, self._now(), None)
                return "nothing"
        if session_is_open():
            raise RuntimeError("a job's work may not begin while a Session is open")
        progress = _Progress(self.runtime, begun)
        result = job.work(loaded, self.runtime, progress)
        with write_session(engine) as session:
            row = _held(session, begun)
            job.save(session, self.runtime, result, begun.attempt)
            job_table.finish(session, row, self._now(), progress.latest)
        return "done"

    def end_badly(self, begun: Begun, bad: BadEnd) -> str:
        """Count a bad end of an attempt: back to the queue, or failed for good, with ``fail``."""
        try:
            return self._end_badly(begun, bad, tell=True)
        except Exception as error:
            if trouble_of(error) is not None:
                raise
            log_error("job %s (%s): its fail raised", begun.uid, begun.name, error=error)
            return self._end_badly(begun, bad, tell=False)

    def _end_badly(self, begun: Begun, bad: BadEnd, *, tell: bool) -> str:
        job = self.jobs.get(begun.name)
        with write_session(self.runtime.engine) as session:
            row = job_table.held(session, begun)
            if row is None:
                return "superseded"
            if bad.waits:
                job_table.put_off(session, row, bad.code, bad.params)
                self._queue_again(session, row, self._rest_seconds or 0.0)
                return "waits"
            ended = job_table.fail(session, row, bad.code, bad.params, self._now(), final=bad.final)
            if not ended:
                self._queue_again(session, row, self._retry_seconds * row.failures)
                return "retry"
            if tell and job is not None and job.fail is not None:
                job.fail(session, self.runtime, begun.ids, bad.code, bad.params, begun.attempt)
        return "failed"

    def put_back(self, uid: uuid.UUID, attempt: int) -> bool:
        """Queue anew a job whose attempt was handed to a worker and never begun.

        The number of that attempt is used up, so that nobody can begin it later.
        """
        with write_session(self.runtime.engine) as session:
            row = job_table.skip(session, uid, attempt)
            if row is None:
                return False
            self._queue_again(session, row, 0.0)
        return True

    def release(self, begun: Begun) -> bool:
        """Give a running job back unfinished, as a worker that is told to stop does."""
        with write_session(self.runtime.engine) as session:
            row = job_table.held(session, begun)
            if row is None:
                return False
            job_table.queue_again(session, row)
            self._queue_again(session, row, 0.0)
            name = row.name
        self.announce(Report(begun.uid, name, begun.attempt, "released", 0.0))
        return True

    def _now(self) -> datetime:
        return self.runtime.clock.now()


class _Progress:
    """Writes (done, total) to the job's row in a transaction of its own, at most once a second."""

    def __init__(self, runtime: Runtime, begun: Begun) -> None:
        self.latest: tuple[int, int] | None = None
        self._runtime = runtime
        self._begun = begun
        self._written = 0.0

    def __call__(self, done: int, total: int) -> None:
        if session_is_open():
            raise RuntimeError("progress is reported between transactions, not inside one")
        self.latest = (done, total)
        now = time.monotonic()
        if self._written and now - self._written < PROGRESS_SECONDS:
            return
        self._written = now
        with write_session(self._runtime.engine) as session:
            job_table.save_progress(session, self._begun, done, total)


def _held(session: Session, begun: Begun) -> JobRow:
    row = job_table.held(session, begun)
    if row is None:
        raise SupersededError
    return row


def plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Make values fit for a JSON column."""
    return {
        name: value if isinstance(value, str | int | float | bool | None) else str(value)
        for name, value in params.items()
    }


def log_error(message: str, *values: Any, error: BaseException) -> None:
    """Log an exception by its type and places only: its text may hold what people said."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error(f"{message}: %s\n%s", *values, type(error).__name__, places)  # noqa: G004 - a constant
