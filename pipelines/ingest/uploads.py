"""Files that people upload: stored as they are, read by a job, then removed again."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.operations import ImportFile
from models.people import User
from models.session import write_session
from models.vocab import ImportKind, ImportState
from pipelines import audit
from pipelines.ingest.recordings import Probe
from pipelines.ingest.rules import names
from pipelines.ingest.service import DEFAULT_SOURCE, ImportResult, import_file
from pipelines.outcomes import DomainError
from pipelines.runtime import Progress, Runtime
from pipelines.storage import Storage, StoredFile

LONGEST_NAME = 200


@dataclass(frozen=True)
class Upload:
    """What a job needs to know of a stored upload."""

    file_id: int
    kind: ImportKind
    name: str
    source: str
    site_id: int | None
    name_template: str | None
    storage_key: str
    actor: uuid.UUID | None


def safe_name(given: str) -> str:
    """Return the last part of a name that a browser gave, without what a page could not show."""
    last = PurePath(given.replace("\\", "/")).name
    shown = "".join(character for character in last if character.isprintable()).strip()
    return shown[-LONGEST_NAME:] or "file"


def store(storage: Storage, stream: BinaryIO, name: str) -> StoredFile:
    """Store an upload apart from recordings of the same content; call it with no Session open."""
    return storage.put(stream, suffix=f".upload{names.suffix_of(name)}")


def register(
    session: Session,
    stored: StoredFile,
    *,
    kind: ImportKind,
    name: str,
    site_id: int,
    source: str = DEFAULT_SOURCE,
    name_template: str | None = None,
    now: datetime,
    actor: User | None,
) -> tuple[ImportFile, bool]:
    """Note a stored upload, to be imported; returns its row, and whether a job has to read it.

    The same content given again is the same row, which starts again unless it is being read; of a
    recording also the name counts, since it says which call it is of. Raises ``DomainError``:
    ``file_empty``, ``template_invalid``.
    """
    if not stored.size_bytes:
        raise DomainError("file_empty")
    names.compile_template(name_template)
    sha256 = stored.sha256
    if kind is ImportKind.RECORDINGS:
        sha256 = hashlib.sha256(f"{safe_name(name)}\x1f{sha256}".encode()).hexdigest()
    file = session.scalars(
        select(ImportFile).where(
            ImportFile.kind == kind,
            ImportFile.site_id == site_id,
            ImportFile.source == source,
            ImportFile.sha256 == sha256,
        )
    ).first()
    waiting = {ImportState.STORED, ImportState.RUNNING}
    if file is not None and file.state in waiting and file.storage_key is not None:
        return file, False
    if file is None:
        file = ImportFile(kind=kind, site_id=site_id, source=source, sha256=sha256)
        session.add(file)
    file.name = safe_name(name)
    file.name_template = name_template or None
    file.size_bytes = stored.size_bytes
    file.storage_key = stored.key
    file.state = ImportState.STORED
    file.imported_by_id = actor.id if actor else None
    file.created_at = now
    file.finished_at = file.error_code = file.error_params = None
    session.flush()
    audit.record(
        session,
        now=now,
        actor=actor.uid if actor else None,
        action="import.received",
        subject="import_file",
        subject_uid=file.uid,
        kind=kind.value,
        size=stored.size_bytes,
    )
    return file, True


def load(session: Session, _runtime: Runtime, ids: Mapping[str, Any]) -> Upload | None:
    """Find an upload that still has to be read; null when it has been."""
    file = session.get(ImportFile, ids["import_file_id"])
    if file is None or file.storage_key is None:
        return None
    actor = session.scalar(select(User.uid).where(User.id == file.imported_by_id))
    return Upload(
        file_id=file.id,
        kind=file.kind,
        name=file.name,
        source=file.source,
        site_id=file.site_id,
        name_template=file.name_template,
        storage_key=file.storage_key,
        actor=actor,
    )


def import_upload(
    upload: Upload, runtime: Runtime, *, probe: Probe, progress: Progress
) -> ImportResult:
    """Import a stored upload in transactions of its own, then remove the stored file.

    Safe to repeat: a killed run goes on where it stopped. The file goes because customers' numbers
    stand in it.
    """
    result = import_file(
        runtime.engine,
        runtime.storage,
        kind=upload.kind,
        path=runtime.storage.local_path(upload.storage_key),
        source=upload.source,
        site_id=upload.site_id,
        now=runtime.clock.now(),
        actor=upload.actor,
        customer_key=runtime.customer_key,
        name=upload.name,
        name_template=upload.name_template,
        probe=probe,
        progress=progress,
        file_id=upload.file_id,
    )
    with write_session(runtime.engine) as session:
        session.get_one(ImportFile, upload.file_id).storage_key = None
        still = session.scalar(
            select(ImportFile.id).where(ImportFile.storage_key == upload.storage_key).limit(1)
        )
    if still is None:
        runtime.storage.delete(upload.storage_key)
    return result


def fail(
    session: Session,
    runtime: Runtime,
    ids: Mapping[str, Any],
    code: str,
    params: dict[str, Any],
    _attempt: int,
) -> None:
    """Say on the import why its job failed; the sweep of stored files takes what it left."""
    file = session.get(ImportFile, ids["import_file_id"])
    if file is None:
        return
    file.state = ImportState.REJECTED
    file.error_code, file.error_params = code, params
    file.finished_at = runtime.clock.now()
    file.storage_key = None
