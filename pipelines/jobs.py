"""The machine's work: enqueued in the transaction that needs it, carried out by workers.

The only module that knows the job engine (DBOS), which keeps its queues in our own database; it is
imported when first needed. The engine carries an id to a worker and nothing else: attempts, who may
save and how a job ended stand in our own table (``job_table``), so that each dispatch of a job is a
new, numbered entry in the engine and an old one that turns up again does nothing.
"""

import contextlib
import functools
import logging
import math
import re
import socket
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.operations import Job as JobRow
from models.session import session_is_open
from models.vocab import JobState
from pipelines import job_table
from pipelines.job_locks import engine_connections, only_engine, only_worker
from pipelines.job_runs import Job, Report
from pipelines.job_worker import Carrier, Entry, Worker
from pipelines.outcomes import DomainError
from pipelines.runtime import Runtime
from pipelines.schedules import Schedule

if TYPE_CHECKING:
    from dbos import DBOSClient

__all__ = [
    "FIRST",
    "LOW",
    "NORMAL",
    "Job",
    "Report",
    "Schedule",
    "engine_is_ready",
    "enqueue",
    "prefer",
    "retry",
    "run_worker",
    "upgrade_engine",
    "work_through",
]

log = logging.getLogger(__name__)

# Raised only when the order of a job's steps in the engine changes; ours have none.
ENGINE_VERSION = "1"
LIMITS = {"transcription": 4}
"""Calls heard at once by a worker: their pieces of speech share batches, which short calls need."""
TAKE_OVER_SECONDS = 60.0
REST_SECONDS = 60.0
FIRST, NORMAL, LOW = job_table.FIRST, job_table.NORMAL, job_table.LOW

_APPLICATION = "hearback"
_WORKFLOW = "hearback_job"
_CLEARED_AT_ONCE = 1_000
_ID = re.compile(r"[A-Za-z0-9_.:/+-]{1,200}")


def enqueue(
    session: Session,
    name: str,
    *,
    now: datetime,
    priority: int = job_table.NORMAL,
    audio_ms: int = 0,
    **ids: str | int,
) -> uuid.UUID:
    """Add a job to the transaction of ``session`` and return its public id.

    No worker sees it before the commit, and nothing of it is left after a rollback. ``ids`` are
    ids, codes and dates only; ``ValueError`` for anything else, since the engine keeps them.
    ``priority`` is one of ``FIRST``, ``NORMAL`` and ``LOW``; ``audio_ms`` what there is to hear.
    """
    job = job_table.add(session, name, _checked(ids), now, priority=priority, audio_ms=audio_ms)
    _dispatch(session, job)
    return job.uid


def retry(session: Session, uid: uuid.UUID, *, now: datetime) -> None:
    """Queue a failed job anew, with three fresh tries."""
    job = job_table.locked(session, uid)
    if job is None:
        raise DomainError("job_not_found", uid=str(uid))
    if job.state != JobState.FAILED:
        raise DomainError("job_not_failed", uid=str(uid), state=job.state.value)
    job.state = JobState.QUEUED
    job.failures = 0
    job.queued_at = now
    job.worker = job.finished_at = job.error_code = job.error_params = None
    session.flush()
    _dispatch(session, job)


def prefer(session: Session, uid: uuid.UUID, *, now: datetime) -> bool:
    """Move a waiting job to the front of its line; false when it no longer waits."""
    job = job_table.locked(session, uid)
    if job is None:
        raise DomainError("job_not_found", uid=str(uid))
    if not job_table.prefer(session, job, now):
        return False
    _dispatch(session, job)
    return True


def _checked(ids: Mapping[str, Any]) -> Mapping[str, str | int]:
    for name, value in ids.items():
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number and not (isinstance(value, str) and _ID.fullmatch(value)):
            raise ValueError(f"a job takes ids only, and {name!r} is none")
    return ids


def _dispatch(session: Session, job: JobRow, delay: float = 0) -> None:
    attempt = job.attempts + 1
    options: dict[str, Any] = {
        "workflow_name": _WORKFLOW,
        "queue_name": job.name,
        "workflow_id": f"{job.uid}:{attempt}",
        "priority": job.priority,
    }
    if delay:
        options["delay_seconds"] = delay
    client = _client(session.get_bind().dialect.name)
    client.enqueue_in_transaction(session, options, str(job.uid), attempt)  # type: ignore[arg-type]  # a TypedDict, built in two steps


@functools.cache
def _client(dialect: str) -> "DBOSClient":
    """Return a client that writes into sessions handed to it only: its engine never connects."""
    _quieten()
    from dbos import DBOSClient, DBOSPortableJSONSerializer

    url = "sqlite://" if dialect == "sqlite" else "postgresql+psycopg://"
    return DBOSClient(
        system_database_engine=create_engine(url),
        serializer=DBOSPortableJSONSerializer(),
        application_name=_APPLICATION,
        lazy=True,
    )


def upgrade_engine(engine: Engine) -> None:
    """Bring the engine's own tables to the version that this code needs."""
    _no_session("upgrade_engine")
    _quieten()
    from dbos import DBOS

    DBOS.migrate(engine.url.render_as_string(hide_password=False))


def engine_is_ready(engine: Engine) -> bool:
    """Tell whether the engine's own tables are there, at the version that this code needs."""
    _no_session("engine_is_ready")
    _quieten()
    from dbos import DBOSClient, error

    client = DBOSClient(system_database_engine=engine, lazy=True)
    try:
        # The one private call: the public way to ask is to launch a whole worker.
        client._sys_db.verify_migrations()  # noqa: SLF001
    except (error.DBOSInitializationError, SQLAlchemyError):
        return False
    return True


def run_worker(
    runtime: Runtime,
    jobs: Mapping[str, Job],
    schedules: Sequence[Schedule] = (),
    *,
    worker_id: str | None = None,
    stop: threading.Event | None = None,
    limits: Mapping[str, int] | None = None,
    announce: Callable[[Report], None] | None = None,
    take_over_seconds: float = TAKE_OVER_SECONDS,
    poll_seconds: float = 0.5,
    retry_seconds: float = 10.0,
    rest_seconds: float = REST_SECONDS,
    grace_seconds: float = 10.0,
) -> int:
    """Carry out jobs until ``stop`` is set; return how many had to be given back unfinished.

    ``limits`` says how many jobs of a queue run at a time in this worker (4 unless it says
    otherwise). A worker that has not been heard of for ``take_over_seconds`` counts as dead, and
    its jobs are queued anew; where the database is an SQLite file there is one worker at a time,
    which takes over at once. A raising job is tried again after ``retry_seconds``, then twice that.
    A job that meets a full disk, or lacks what its ``waits_for`` names, goes back to its queue, and
    nothing of that queue begins for ``rest_seconds``.
    After ``stop``, running jobs have ``grace_seconds`` to end; a thread that goes on after that may
    no longer save, and the caller should leave the process. One worker per process.

    Raises ``DomainError``: ``database_not_upgraded``, ``worker_already_runs``.
    """
    worker = Worker(
        runtime,
        jobs,
        schedules,
        _CARRIER,
        name=worker_id or socket.gethostname(),
        limits={**LIMITS, **(limits or {})},
        announce=announce or (lambda _report: None),
        take_over_seconds=take_over_seconds,
        retry_seconds=retry_seconds,
        rest_seconds=rest_seconds,
    )
    return _run(
        worker,
        stop or threading.Event(),
        poll_seconds=poll_seconds,
        grace_seconds=grace_seconds,
    )


def work_through(
    runtime: Runtime,
    jobs: Mapping[str, Job],
    *,
    limits: Mapping[str, int] | None = None,
    announce: Callable[[Report], None] | None = None,
    retry_seconds: float = 0.0,
) -> None:
    """Carry out, in this process, all that is queued, and return when nothing waits or runs.

    Nobody is there to free a disk meanwhile: what a worker would wait for fails, and pauses are
    not looked at.
    """
    worker = Worker(
        runtime,
        jobs,
        (),
        _CARRIER,
        name="work-through",
        limits={**LIMITS, **(limits or {})},
        announce=announce or (lambda _report: None),
        take_over_seconds=TAKE_OVER_SECONDS,
        retry_seconds=retry_seconds,
    )
    _run(worker, threading.Event(), poll_seconds=0.1, grace_seconds=0, until_idle=True)


def _run(
    worker: Worker,
    stop: threading.Event,
    *,
    poll_seconds: float,
    grace_seconds: float,
    until_idle: bool = False,
) -> int:
    _no_session("a worker")
    # Alembic is half of this module's import, and the web never asks.
    from models import schema

    engine = worker.engine
    if not schema.is_current(engine) or not engine_is_ready(engine):
        raise DomainError("database_not_upgraded")
    with only_worker(engine), only_engine():
        worker.join()
        with _launched(worker, poll_seconds, grace_seconds):
            worker.watch(stop, until_idle=until_idle)
        return worker.leave()


def _left_behind(alive: Collection[str]) -> list[Entry]:
    _no_session("a worker")
    from dbos import DBOS

    # An entry has no use once it has ended: how the job ended stands in our own table.
    ended = DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"],
        name=_WORKFLOW,
        limit=_CLEARED_AT_ONCE,
        load_input=False,
        load_output=False,
    )
    if ended:
        DBOS.delete_workflows([entry.workflow_id for entry in ended])
    pending = DBOS.list_workflows(
        status="PENDING", name=_WORKFLOW, load_input=False, load_output=False
    )
    return [_entry(entry.workflow_id) for entry in pending if entry.executor_id not in alive]


def _active() -> set[Entry]:
    _no_session("a worker")
    from dbos import DBOS

    active = DBOS.list_workflows(
        status=["ENQUEUED", "DELAYED", "PENDING"],
        name=_WORKFLOW,
        load_input=False,
        load_output=False,
    )
    return {_entry(entry.workflow_id) for entry in active}


def _entry(workflow_id: str) -> Entry:
    uid, attempt = workflow_id.rsplit(":", 1)
    return uuid.UUID(uid), int(attempt)


def _withdraw(entries: Sequence[Entry]) -> None:
    _no_session("a worker")
    from dbos import DBOS

    DBOS.cancel_workflows([f"{uid}:{attempt}" for uid, attempt in entries])


_CARRIER = Carrier(dispatch=_dispatch, left_behind=_left_behind, withdraw=_withdraw, active=_active)


@contextlib.contextmanager
def _launched(worker: Worker, poll_seconds: float, grace_seconds: float) -> Iterator[None]:
    """Run the engine in this process, on connections of its own; let running jobs end after."""
    _quieten()
    from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

    def hearback_job(uid: str, attempt: int) -> None:
        worker.runs.attempt(uuid.UUID(uid), attempt)

    own = engine_connections(worker.engine)
    try:
        client = DBOSClient(
            system_database_engine=own,
            serializer=DBOSPortableJSONSerializer(),
            application_name=_APPLICATION,
        )
        for name, limit in worker.queues.items():
            client.register_queue(name, worker_concurrency=limit, polling_interval_sec=poll_seconds)
        DBOS(
            config={
                "name": _APPLICATION,
                "system_database_url": own.url.render_as_string(hide_password=False),
                "system_database_engine": own,
                "serializer": DBOSPortableJSONSerializer(),
                "executor_id": worker.id,
                "application_version": ENGINE_VERSION,
                "run_migrations": False,
                "use_listen_notify": False,
                # Nobody waits for the engine's notices; its idle thread only has to end soon.
                "notification_listener_polling_interval_sec": 0.1,
                "log_level": _log_level(),
            }
        )
        DBOS.workflow(name=_WORKFLOW)(hearback_job)
        DBOS.listen_queues(list(worker.queues))
        DBOS.launch()
        # Entries without a version go to the newest: that is whoever started last.
        DBOS.set_latest_application_version(ENGINE_VERSION)
        try:
            yield
        finally:
            worker.runs.stopping.set()
            DBOS.destroy(
                destroy_registry=True,
                workflow_completion_timeout_sec=math.ceil(grace_seconds)
                if worker.runs.running
                else 0,
            )
    finally:
        own.dispose()


def _no_session(what: str) -> None:
    # On SQLite the engine would wait for a lock that this very thread holds.
    if session_is_open():
        raise RuntimeError(f"{what} may not be called while a Session is open")


def _log_level() -> str:
    return "DEBUG" if log.isEnabledFor(logging.DEBUG) else "ERROR"


def _quieten() -> None:
    """Keep the engine from adding a handler of its own and from telling what it does."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(_log_level())
