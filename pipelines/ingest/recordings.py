"""Landing recordings: files of a folder, matched to calls by their names."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.bulk import insert_columns, reserve_ids
from models.calls import Call, MediaFile, Project, Recording
from models.session import read_session
from models.vocab import ChannelLayout, MediaKind, RecordingState
from pipelines.ingest.landing import Context, Landed, Reject
from pipelines.ingest.rules import names
from pipelines.ingest.rules.values import MAX_DURATION_MS
from pipelines.outcomes import AudioFacts, DomainError
from pipelines.storage import Storage, StoredFile

Probe = Callable[[Path], AudioFacts]
BATCH = 500
_THREADS = 4
_BLOCK = 1 << 20


class NamedFile(NamedTuple):
    """A recording's file and the name it was given; ``number`` is its place in the listing."""

    number: int
    name: str
    path: Path


@dataclass(frozen=True)
class _Found:
    """A call in scope, and the SHA-256 of the recording it has already (null: none)."""

    call_id: int
    site_id: int
    layout: ChannelLayout
    sha256: str | None


@dataclass(frozen=True)
class Prepared:
    """A file after everything that must not happen inside a transaction.

    ``code`` says why it is refused; ``stored`` and ``facts`` are there when it is to land.
    """

    file: NamedFile
    call: _Found | None = None
    facts: AudioFacts | None = None
    stored: StoredFile | None = None
    sha256: str | None = None
    code: str | None = None
    params: dict[str, object] | None = None


def listing(path: Path, given_name: str) -> tuple[list[NamedFile], str, int]:
    """List the recordings of a folder (or one file), with a hash of the listing and its bytes.

    Hidden files and files without an ending of audio are passed over in a folder.
    """
    if path.is_file():
        entries = [(given_name, path)]
    else:
        entries = sorted(
            (file.relative_to(path).as_posix(), file)
            for file in path.rglob("*")
            if names.suffix_of(file.name) and not file.name.startswith(".") and file.is_file()
        )
    digest = hashlib.sha256()
    total = 0
    for name, file in entries:
        size = file.stat().st_size
        digest.update(f"{name}\x1f{size}\n".encode())
        total += size
    files = [NamedFile(number, name, file) for number, (name, file) in enumerate(entries, 1)]
    return files, digest.hexdigest(), total


class RecordingsPreparer:
    """Matches, probes and stores files, batch by batch, outside of any transaction."""

    def __init__(
        self,
        engine: Engine,
        storage: Storage,
        context: Context,
        *,
        template: str | None,
        probe: Probe,
    ) -> None:
        """Compile the name template; ``DomainError("template_invalid")`` when it is none."""
        self._engine = engine
        self._storage = storage
        self._context = context
        self._probe = probe
        self._pattern = names.compile_template(template)

    def prepare(self, files: Sequence[NamedFile]) -> Iterator[Prepared]:
        """Yield what became of each file, in order."""
        with ThreadPoolExecutor(_THREADS) as pool:
            for start in range(0, len(files), BATCH):
                batch = files[start : start + BATCH]
                ids = {
                    file.number: names.call_id(Path(file.name).name, self._pattern)
                    for file in batch
                }
                with read_session(self._engine) as session:
                    calls = self._calls(session, {key for key in ids.values() if key})
                groups: dict[str, list[NamedFile]] = {}
                for file in batch:
                    groups.setdefault(ids[file.number] or f"\x1f{file.number}", []).append(file)
                # Most of the time goes into waiting for the disk: several calls at once. The list
                # ends the batch before the next transaction begins.
                done = list(pool.map(partial(self._group, groups, calls), groups))
                yield from sorted(chain.from_iterable(done), key=lambda one: one.file.number)

    def _calls(self, session: Session, keys: set[str]) -> dict[str, _Found]:
        statement = (
            select(Call.source_key, Call.id, Call.site_id, Project.channel_layout, Recording.sha256)
            .join(Project, Project.id == Call.project_id)
            .outerjoin(Recording, Recording.call_id == Call.id)
            .where(Call.source == self._context.source, Call.source_key.in_(keys))
        )
        if self._context.site_id is not None:
            statement = statement.where(Call.site_id == self._context.site_id)
        return {
            key: _Found(call_id, site_id, layout, sha256)
            for key, call_id, site_id, layout, sha256 in session.execute(statement)
        }

    def _group(
        self, groups: dict[str, list[NamedFile]], calls: dict[str, _Found], key: str
    ) -> list[Prepared]:
        """Prepare the files of one call: once one is stored, no other one is."""
        done: list[Prepared] = []
        call = calls.get(key)
        for file in groups[key]:
            one = self._one(file, None if key.startswith("\x1f") else key, call)
            if call is not None and one.stored is not None:
                call = replace(call, sha256=one.sha256)
            done.append(one)
        return done

    def _one(self, file: NamedFile, key: str | None, call: _Found | None) -> Prepared:
        try:
            return self._examined(file, key, call)
        except DomainError as error:
            return Prepared(file, code=error.code, params=error.params)
        except OSError as error:
            return Prepared(file, code="file_unreadable", params={"reason": error.strerror or ""})

    def _examined(self, file: NamedFile, key: str | None, call: _Found | None) -> Prepared:
        if key is None:
            raise DomainError("name_without_id", value=file.name[:200])
        if call is None:
            raise DomainError("call_unknown", value=key[:80])
        if file.path.stat().st_size == 0:
            raise DomainError("file_empty")
        with file.path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        if call.sha256 is not None:
            return Prepared(file, call=call, sha256=sha256)
        facts = self._probe(file.path)
        if facts.duration_ms <= 0:
            raise DomainError("audio_empty")
        if facts.duration_ms > MAX_DURATION_MS:
            raise DomainError("duration_absurd", value=facts.duration_ms)
        with file.path.open("rb") as stream:
            stored = self._storage.put(stream, suffix=names.suffix_of(file.name))
        return Prepared(file, call=call, facts=facts, stored=stored, sha256=stored.sha256)


def land(session: Session, context: Context, prepared: list[Prepared]) -> Landed:
    """Write the rows of prepared files whose calls have no recording yet."""
    landed = Landed()
    calls = [one.call.call_id for one in prepared if one.call]
    # Looked up again: another import may have been quicker since the files were prepared.
    statement = select(Recording.call_id, Recording.sha256).where(Recording.call_id.in_(calls))
    has: dict[int, str] = dict(session.execute(statement).all())
    new: list[tuple[_Found, AudioFacts, StoredFile, NamedFile]] = []
    for one in prepared:
        if one.call is None or one.sha256 is None:
            landed.rejects.append(_reject(one.file, one.code or "file_unreadable", one.params))
            continue
        there = has.get(one.call.call_id)
        if there is None and one.facts is not None and one.stored is not None:
            has[one.call.call_id] = one.sha256
            new.append((one.call, one.facts, one.stored, one.file))
            landed.added += 1
        elif there == one.sha256:
            landed.unchanged += 1
        else:
            landed.rejects.append(_reject(one.file, "recording_differs", None))
    ids = reserve_ids(session, Recording, len(new))
    now, count = context.now, len(new)
    insert_columns(
        session,
        Recording,
        {
            "id": ids,
            "call_id": [call.call_id for call, *_ in new],
            "site_id": [call.site_id for call, *_ in new],
            "sha256": [stored.sha256 for *_, stored, _ in new],
            "codec": [facts.codec for _, facts, *_ in new],
            "channels": [facts.channels for _, facts, *_ in new],
            "sample_rate": [facts.sample_rate for _, facts, *_ in new],
            "duration_ms": [facts.duration_ms for _, facts, *_ in new],
            "layout": [
                ChannelLayout.MONO if facts.channels == 1 else call.layout
                for call, facts, *_ in new
            ],
            "state": [RecordingState.PRESENT] * count,
            "received_at": [now] * count,
        },
    )
    insert_columns(
        session,
        MediaFile,
        {
            "recording_id": ids,
            "kind": [MediaKind.ORIGINAL] * count,
            "storage_key": [stored.key for *_, stored, _ in new],
            "mimetype": [_mimetype(file.name) for *_, file in new],
            "sha256": [stored.sha256 for *_, stored, _ in new],
            "size_bytes": [stored.size_bytes for *_, stored, _ in new],
            "created_at": [now] * count,
        },
    )
    return landed


def _mimetype(name: str) -> str:
    return names.MIMETYPES.get(names.suffix_of(name), "application/octet-stream")


def _reject(file: NamedFile, code: str, params: dict[str, object] | None) -> Reject:
    return Reject(file.number, "file", code, params or {}, {"file": file.name})
