"""Stored files go after the rows that named them are gone, never before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Engine, String, delete, event, select
from sqlalchemy.orm import Session

from models.calls import MediaFile
from models.registry import metadata
from models.session import in_chunks, read_session
from pipelines import audit
from pipelines.retention.rules import ORPHAN_AGE, storage_seems_away
from pipelines.storage import Storage

_PENDING = "files_to_delete"


@dataclass(frozen=True)
class Swept:
    """What a sweep found: files without a row, rows without a file, and whether it held back."""

    files_removed: int
    rows_removed: int
    storage_away: bool


def delete_after_commit(session: Session, storage: Storage, keys: Iterable[str]) -> None:
    """Delete stored files once the session has committed, keeping those that a row still names.

    A transaction that rolls back deletes nothing; a process that dies in between leaves files
    without rows, which the sweep removes.
    """
    pending = session.info.get(_PENDING)
    if pending is None:
        pending = session.info[_PENDING] = set()

        def committed(_session: Session) -> None:
            for key in sorted(pending):
                storage.delete(key)
            pending.clear()

        event.listen(session, "after_commit", committed)
        event.listen(session, "after_rollback", lambda _session: pending.clear())
    named = set(
        session.scalars(
            select(MediaFile.storage_key).where(MediaFile.storage_key.in_(wanted := list(keys)))
        )
    )
    pending.update(set(wanted) - named)


def _key_columns() -> Iterator[Column[str]]:
    """Yield every column of every table that names a stored file."""
    for table in metadata.tables.values():
        for column in table.columns:
            if column.name in {"storage_key", "manifest_key"} and isinstance(column.type, String):
                yield column


def sweep(engine: Engine, storage: Storage, now: datetime) -> Swept:
    """Remove files older than an hour that no row names, and rows whose file is not there.

    Where most files are missing the storage itself is taken to be away: then no row goes.
    """
    present = set(storage.keys())
    with read_session(engine) as session:
        named = {key for column in _key_columns() for key in session.scalars(select(column)) if key}
        media = session.execute(select(MediaFile.id, MediaFile.storage_key)).all()
    # Both lists were read one after the other, so whatever they disagree on is looked at again.
    lost = [
        row.id
        for row in media
        if row.storage_key not in present and not _is_there(storage, row.storage_key)
    ]
    away = storage_seems_away(len(media), len(lost))
    gone = [] if away else lost
    orphans = [key for key in sorted(present - named) if storage.age(key) > ORPHAN_AGE]
    for key in orphans:
        storage.delete(key)
    unfinished = storage.remove_unfinished(ORPHAN_AGE)

    def remove(session: Session, chunk: list[int]) -> None:
        session.execute(delete(MediaFile).where(MediaFile.id.in_(chunk)))
        audit.record(
            session,
            now=now,
            actor=None,
            action="retention.rows_without_file",
            subject="media_file",
            rows=len(chunk),
        )

    in_chunks(engine, gone, remove, size=500)
    return Swept(len(orphans) + unfinished, len(gone), away)


def _is_there(storage: Storage, key: str) -> bool:
    try:
        storage.open(key).close()
    except FileNotFoundError:
        return False
    return True
