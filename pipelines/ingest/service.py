"""Importing files: what was read lands in chunks, each with its cursor in the same transaction.

Nothing here is one transaction: a killed import leaves what its finished chunks brought, and the
same file given again goes on behind them.
"""

import gc
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, insert, select, text
from sqlalchemy.orm import Session

from models import registry  # noqa: F401 - a flush follows references to every table
from models.operations import ImportFile, ImportReject
from models.people import User
from models.session import in_chunks, read_session, write_session
from models.vocab import ImportKind, ImportState
from pipelines import audit
from pipelines.days import mark_dirty
from pipelines.ingest import recordings
from pipelines.ingest.calls import CallsLander
from pipelines.ingest.complaints import ComplaintsLander
from pipelines.ingest.landing import Context, Landed, Lander, Reject
from pipelines.ingest.people import PeopleLander
from pipelines.ingest.reading import RawRow, TableReader, as_utf8, look_at
from pipelines.ingest.recordings import Probe
from pipelines.ingest.surveys import SurveysLander
from pipelines.outcomes import DomainError
from pipelines.runtime import Progress
from pipelines.storage import Storage

DEFAULT_SOURCE = "main"
FIRST_REJECTS = 10
# One import writes at a time on PostgreSQL, as on SQLite: two that bring the same new call would
# otherwise both believe that it is theirs.
_LOCK = 7_315_204_118
# Customers' hashes come in no order: their index must stay in memory, or each row reads the disk.
_CACHE_KIB = 64 * 1024
_MANY_OBJECTS = 200_000

_LANDERS: dict[ImportKind, Callable[[Session, Context], Lander]] = {
    ImportKind.PEOPLE: PeopleLander,
    ImportKind.CALLS: CallsLander,
    ImportKind.SURVEYS: SurveysLander,
    ImportKind.COMPLAINTS: ComplaintsLander,
}


@dataclass(frozen=True)
class ImportResult:
    """What became of a file. ``state`` is ``rejected`` when nothing of it could be read.

    ``added`` counts rows that brought something new, updates included; ``first_rejects`` holds at
    most ten of the ``rejected``; ``error_code`` and ``error_params`` say why a file was refused.
    """

    file_id: int
    file_uid: uuid.UUID
    state: ImportState
    added: int
    unchanged: int
    rejected: int
    encoding: str | None
    error_code: str | None
    error_params: dict[str, Any] | None
    first_rejects: tuple[Reject, ...]


@dataclass(frozen=True)
class _Cursor:
    """Where an import begins: 0, 0 or where a killed one stopped."""

    file_id: int
    byte_offset: int
    row_number: int


def import_file(
    engine: Engine,
    storage: Storage,
    *,
    kind: ImportKind,
    path: Path,
    source: str = DEFAULT_SOURCE,
    site_id: int | None = None,
    now: datetime,
    actor: uuid.UUID | None = None,
    customer_key: bytes,
    name: str | None = None,
    name_template: str | None = None,
    probe: Probe | None = None,
    progress: Progress | None = None,
    file_id: int | None = None,
) -> ImportResult:
    """Import a table file, or a folder of recordings (or one), in transactions of its own.

    ``source`` names the system whose ids the file carries: surveys, complaints and recordings find
    calls of the same source. ``site_id`` keeps the import inside one site. ``name`` is shown for
    the file (default: its own). ``probe`` is needed for recordings. ``file_id`` names the stored
    upload that this is. ``progress`` is told bytes (files, for recordings).

    Raises ``DomainError``: ``file_missing``, ``template_invalid``.
    """
    kind = ImportKind(kind)
    if not path.exists() or (path.is_dir() and kind is not ImportKind.RECORDINGS):
        raise DomainError("file_missing", name=path.name)
    context = Context(source, site_id, now, customer_key)
    run = _Run(
        engine,
        context,
        kind=kind,
        actor=actor,
        name=name or path.name,
        template=name_template,
        file_id=file_id,
        progress=progress,
    )
    if kind is ImportKind.RECORDINGS:
        if probe is None:
            raise ValueError("recordings are imported with a probe")
        preparer = recordings.RecordingsPreparer(
            engine, storage, context, template=name_template, probe=probe
        )
        return run.recordings(path, preparer)
    return run.table(path)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for reference cycles rarely: rows make none, and looking costs a quarter of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(_MANY_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


class _Run:
    """One import from its first look to its end."""

    def __init__(
        self,
        engine: Engine,
        context: Context,
        *,
        kind: ImportKind,
        actor: uuid.UUID | None,
        name: str,
        template: str | None,
        file_id: int | None,
        progress: Progress | None,
    ) -> None:
        self._engine = engine
        self._context = context
        self._kind = kind
        self._actor = actor
        self._name = name
        self._template = template
        self._file_id = file_id
        self._progress = progress or (lambda _done, _total: None)

    def table(self, path: Path) -> ImportResult:
        """Import a table file."""
        facts = look_at(path)
        cursor = self._begin(facts.sha256, facts.size_bytes, facts.encoding)
        try:
            encoding = facts.readable_encoding()
            with read_session(self._engine) as session:
                lander = _LANDERS[self._kind](session, self._context)
            with as_utf8(path, encoding) as file:
                reader = TableReader(file, columns=lander.columns, required=lander.required)
                total = file.seek(0, 2)
                rows = reader.rows(
                    cursor.byte_offset,
                    cursor.row_number,
                    on_block=lambda done: self._progress(done, total),
                )
                with _rare_collections():
                    in_chunks(
                        self._engine,
                        rows,
                        lambda session, chunk: self._chunk(session, cursor, lander, chunk),
                        size=lander.chunk_size,
                    )
                self._progress(total, total)
        except DomainError as error:
            return self._end(cursor, error)
        return self._end(cursor, None)

    def recordings(self, path: Path, preparer: recordings.RecordingsPreparer) -> ImportResult:
        """Import recordings; files that stand already are hashed again, never decoded again."""
        files, listing_hash, size = recordings.listing(path, self._name)
        cursor = self._begin(listing_hash, size, None)
        if not files:
            return self._end(cursor, DomainError("folder_empty"))
        done = cursor.row_number

        def batches() -> Iterator[recordings.Prepared]:
            for one in preparer.prepare(files[done:]):
                self._progress(one.file.number, len(files))
                yield one

        def save(session: Session, prepared: list[recordings.Prepared]) -> None:
            self._prepare(session)
            landed = recordings.land(session, self._context, prepared)
            self._save(session, cursor, landed, 0, prepared[-1].file.number)

        in_chunks(self._engine, batches(), save, size=recordings.BATCH)
        return self._end(cursor, None)

    def _begin(self, sha256: str, size_bytes: int, encoding: str | None) -> _Cursor:
        """Find the file's row, or make it; a finished one starts again, a killed one goes on."""
        with write_session(self._engine) as session:
            file = self._row(session, sha256)
            if file is None:
                file = ImportFile(
                    kind=self._kind,
                    source=self._context.source,
                    site_id=self._context.site_id,
                    sha256=sha256,
                    name=self._name,
                    name_template=self._template,
                    size_bytes=size_bytes,
                    imported_by_id=self._actor
                    and session.scalar(select(User.id).where(User.uid == self._actor)),
                    created_at=self._context.now,
                )
                session.add(file)
            if file.state is not ImportState.RUNNING:
                file.byte_offset = file.row_number = 0
                file.rows_added = file.rows_unchanged = file.rows_rejected = 0
                file.error_code = file.error_params = file.finished_at = None
                session.flush()
                session.execute(delete(ImportReject).where(ImportReject.file_id == file.id))
            file.state = ImportState.RUNNING
            file.encoding = encoding
            session.flush()
            return _Cursor(file.id, file.byte_offset, file.row_number)

    def _row(self, session: Session, sha256: str) -> ImportFile | None:
        if self._file_id is not None:
            return session.get(ImportFile, self._file_id)
        return session.scalars(
            select(ImportFile).where(
                ImportFile.kind == self._kind,
                ImportFile.source == self._context.source,
                ImportFile.site_id == self._context.site_id
                if self._context.site_id is not None
                else ImportFile.site_id.is_(None),
                ImportFile.sha256 == sha256,
            )
        ).first()

    @staticmethod
    def _prepare(session: Session) -> None:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text(f"PRAGMA cache_size = -{_CACHE_KIB}"))
        else:
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def _chunk(
        self, session: Session, cursor: _Cursor, lander: Lander, chunk: list[RawRow]
    ) -> None:
        self._prepare(session)
        landed = lander.land(session, chunk)
        mark_dirty(session, landed.dirty)
        self._save(session, cursor, landed, chunk[-1].end, chunk[-1].number)

    def _save(
        self, session: Session, cursor: _Cursor, landed: Landed, end: int, number: int
    ) -> None:
        """Keep the rejects and move the cursor, in the transaction of the rows."""
        if landed.rejects:
            rows = [{"file_id": cursor.file_id, **found._asdict()} for found in landed.rejects]
            session.execute(insert(ImportReject), rows)
        file = session.get_one(ImportFile, cursor.file_id)
        file.rows_added += landed.added
        file.rows_unchanged += landed.unchanged
        file.rows_rejected += len(landed.rejects)
        file.byte_offset, file.row_number = end, number

    def _end(self, cursor: _Cursor, error: DomainError | None) -> ImportResult:
        """Close the import with its audit entry, and say what became of the file."""
        with write_session(self._engine) as session:
            file = session.get_one(ImportFile, cursor.file_id)
            if error is None and not file.row_number:
                error = DomainError("file_empty")
            file.state = ImportState.DONE if error is None else ImportState.REJECTED
            file.finished_at = self._context.now
            if error is not None:
                file.error_code, file.error_params = error.code, error.params
            audit.record(
                session,
                now=self._context.now,
                actor=self._actor,
                action="import.finished",
                subject="import_file",
                subject_uid=file.uid,
                kind=self._kind.value,
                state=file.state.value,
                added=file.rows_added,
                unchanged=file.rows_unchanged,
                rejected=file.rows_rejected,
            )
            return result_of(session, file)


def result_of(session: Session, file: ImportFile) -> ImportResult:
    """Say what became of an imported file."""
    first = session.scalars(
        select(ImportReject)
        .where(ImportReject.file_id == file.id)
        .order_by(ImportReject.row_number)
        .limit(FIRST_REJECTS)
    )
    return ImportResult(
        file_id=file.id,
        file_uid=file.uid,
        state=file.state,
        added=file.rows_added,
        unchanged=file.rows_unchanged,
        rejected=file.rows_rejected,
        encoding=file.encoding,
        error_code=file.error_code,
        error_params=file.error_params,
        first_rejects=tuple(
            Reject(one.row_number, one.column, one.code, one.params, one.content) for one in first
        ),
    )
