"""A worker's own life: its heart beats, it takes over from the dead, it enqueues what is due.

Knows our own table; what it needs of the engine is handed in, so that ``jobs`` stays the only
module that knows it.
"""

import contextlib
import logging
import math
import os
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from models.operations import Job as JobRow
from models.session import read_session, write_session
from pipelines import job_table
from pipelines.job_runs import BadEnd, Job, JobRuns, Report, log_error
from pipelines.runtime import Runtime
from pipelines.schedules import Schedule

log = logging.getLogger(__name__)

KEEP = timedelta(days=7)
HEARTBEAT_SECONDS = 5.0
RECONCILE_SECONDS = 600.0
DEFAULT_LIMIT = 4

Entry = tuple[uuid.UUID, int]
"""A job and the number of the attempt for which it was put into the engine's queue."""


@dataclass(frozen=True)
class Carrier:
    """What a worker needs of the engine.

    ``dispatch(session, job, seconds)`` queues a job's next attempt after that time, in the
    transaction of ``session``. ``left_behind(alive)`` clears entries that have ended and gives
    those that a worker other than the living took and did not end. ``withdraw(entries)`` ends them.
    ``active()`` gives all that have not ended.
    """

    dispatch: Callable[[Session, JobRow, float], None]
    left_behind: Callable[[Collection[str]], list[Entry]]
    withdraw: Callable[[Sequence[Entry]], None]
    active: Callable[[], set[Entry]]


class Worker:
    """A worker: the engine hands it jobs, it keeps its heart beating and watches the others."""

    def __init__(
        self,
        runtime: Runtime,
        jobs: Mapping[str, Job],
        schedules: Sequence[Schedule],
        carrier: Carrier,
        *,
        name: str,
        limits: Mapping[str, int],
        announce: Callable[[Report], None],
        take_over_seconds: float,
        retry_seconds: float,
        rest_seconds: float | None = None,
    ) -> None:
        """Use the limits by queue, and ``rest_seconds`` as ``JobRuns`` does.

        Raises ``ValueError`` for a schedule whose job is not known.
        """
        unknown = {schedule.job for schedule in schedules} - set(jobs)
        if unknown:
            raise ValueError(f"schedules of unknown jobs: {sorted(unknown)}")
        # A name is never used twice: the engine would run the old one's entries again by itself.
        self.id = f"{name}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.engine = runtime.engine
        self.clock = runtime.clock
        self.schedules = schedules
        self.carrier = carrier
        self.take_over_after = timedelta(seconds=take_over_seconds)
        slots = {job.queue: limits.get(job.queue, DEFAULT_LIMIT) for job in jobs.values()}
        self.queues = {name: slots[job.queue] for name, job in jobs.items()}
        self.runs = JobRuns(
            runtime,
            jobs,
            worker=self.id,
            limits=slots,
            queue_again=carrier.dispatch,
            announce=announce,
            retry_seconds=retry_seconds,
            rest_seconds=rest_seconds,
        )
        # On SQLite a lock sees to it that there is one worker: every other one is dead.
        self.is_alone = self.engine.dialect.name == "sqlite"
        self._handled: dict[Schedule, datetime] = {}

    def join(self) -> None:
        """Enter the list of workers, before the engine hands out anything.

        A schedule is caught up with from when any worker was last alive, at most once.
        """
        now = self.clock.now()
        with write_session(self.engine) as session:
            since = job_table.last_heartbeat(session) or now
            job_table.forget(session, now - KEEP)
            job_table.heartbeat(session, self.id, now)
        self._handled = dict.fromkeys(self.schedules, since)

    def watch(self, stop: threading.Event, *, until_idle: bool = False) -> None:
        """Beat, take over and enqueue what is due, until ``stop`` or, if asked, nothing is left."""
        every = min(HEARTBEAT_SECONDS, self.take_over_after.total_seconds() / 4)
        beat = reconciled = -math.inf
        while not stop.is_set():
            try:
                if time.monotonic() - beat >= every:
                    beat = time.monotonic()
                    self._beat()
                    self._take_over()
                if time.monotonic() - reconciled >= RECONCILE_SECONDS:
                    reconciled = time.monotonic()
                    self._reconcile()
                self._enqueue_due()
                if until_idle and self._is_idle():
                    return
            except SQLAlchemyError as error:
                # A database that is away for a while does not end the worker.
                log_error("worker %s", self.id, error=error)
            stop.wait(0.05 if until_idle else min(1.0, every))

    def leave(self) -> int:
        """Give back what still runs; return how many jobs that were."""
        return sum(self.runs.release(begun) for begun in list(self.runs.running.values()))

    def _beat(self) -> None:
        with write_session(self.engine) as session:
            job_table.heartbeat(session, self.id, self.clock.now())

    def _is_idle(self) -> bool:
        with read_session(self.engine) as session:
            return job_table.count_active(session, list(self.queues)) == 0

    def _take_over(self) -> None:
        """Queue anew, or fail, what dead workers held and what a thread of ours left behind."""
        with read_session(self.engine) as session:
            alive = {self.id}
            if not self.is_alone:
                alive |= job_table.alive(session, self.clock.now() - self.take_over_after)
            left = job_table.held_by_others(session, alive)
            ours = job_table.held_by(session, self.id)
        left += [begun for begun in ours if not self.runs.has(begun)]
        for begun in left:
            stopped = BadEnd("worker_stopped", {"times": job_table.MAX_FAILURES})
            bad = self.runs.bad_ends.get((begun.uid, begun.attempt), stopped)
            # It may also have ended meanwhile: then there is nothing to count.
            outcome = self.runs.end_badly(begun, bad)
            self.runs.bad_ends.pop((begun.uid, begun.attempt), None)
            if outcome != "superseded" and bad is stopped:
                log.warning("job %s (%s): worker %s stopped", begun.uid, begun.name, begun.worker)
        # Entries that a worker took and never began, or had begun: their jobs have a new one now.
        entries = self.carrier.left_behind(alive)
        for uid, attempt in entries:
            self.runs.put_back(uid, attempt)
        if entries:
            self.carrier.withdraw(entries)

    def _reconcile(self) -> None:
        """Queue anew the waiting jobs of which the engine knows nothing.

        After a backup without the engine's tables, or a database that went away at a bad moment.
        """
        with read_session(self.engine) as session:
            waiting = job_table.next_attempts(session, list(self.queues))
        if not waiting:
            return
        active = self.carrier.active()
        for uid, attempt in waiting:
            # It may also have run meanwhile: then there is nothing to put back.
            if (uid, attempt) not in active and self.runs.put_back(uid, attempt):
                log.warning("job %s was in no queue", uid)

    def _enqueue_due(self) -> None:
        now = self.clock.now()
        for schedule in self.schedules:
            due = schedule.latest(now)
            if due <= self._handled[schedule]:
                continue
            # Another worker may be quicker with the same id.
            with contextlib.suppress(IntegrityError), write_session(self.engine) as session:
                self._enqueue_once(session, schedule, due, now)
            self._handled[schedule] = due

    def _enqueue_once(
        self, session: Session, schedule: Schedule, due: datetime, now: datetime
    ) -> None:
        uid = schedule.uid(due)
        # While the one before it is not done, a slow job does not pile up behind itself.
        if job_table.find(session, uid) or job_table.is_active(session, schedule.job, schedule.ids):
            return
        ids = {**schedule.ids, "due": due.isoformat()}
        self.carrier.dispatch(session, job_table.add(session, schedule.job, ids, now, uid), 0)
