"""A customer asked to be forgotten: the number goes everywhere, the anonymous score stays."""

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from models import search
from models.calls import Call, Customer, Leg, Recording, Survey
from models.operations import ImportFile, ImportReject, Listening
from models.rights import ErasureProof, RightsRequest
from models.samples import DrawnCall
from models.session import write_session
from models.vocab import RecordingState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.retention import proof
from pipelines.retention.files import delete_after_commit
from pipelines.retention.recordings import expire_recording
from pipelines.retention.rules import number_forms, number_pattern
from pipelines.retention.words import clear_words_of_legs
from pipelines.storage import Storage

_BLOCK = 1 << 20
_OVERLAP = 128
_GONE = "erased"


@dataclass(frozen=True)
class Erased:
    """What an erasure touched: calls of the customer, recordings, reviews, stored import files.

    ``proof`` is the public id of the proof that was kept.
    """

    calls: int
    recordings: int
    reviews: int
    import_files: int
    proof: str = ""


def find_customer(session: Session, number: str) -> Customer:
    """Return the customer with this number, however it is written.

    Raises ``DomainError`` ``customer_unknown``, or ``customer_ambiguous`` when several numbers
    end alike.
    """
    exact = session.scalars(select(Customer).where(Customer.number.in_(number_forms(number)))).all()
    if len(exact) == 1:
        return exact[0]
    pattern = number_pattern(number)
    if pattern is None:
        raise DomainError("customer_unknown")
    # The last character narrows the search; how a number is set apart is for the pattern.
    near = session.scalars(select(Customer).where(Customer.number.like(f"%{number.strip()[-1]}")))
    found = [row for row in near if row.number and pattern.search(row.number.encode())]
    if not found:
        raise DomainError("customer_unknown")
    if len(found) > 1:
        raise DomainError("customer_ambiguous", count=len(found))
    return found[0]


def erase_customer(
    session: Session,
    storage: Storage,
    customer: Customer,
    *,
    now: datetime,
    actor: uuid.UUID | None,
    request: RightsRequest | None = None,
) -> Erased:
    """Erase a customer: number, recordings, transcripts and words; strata and scores stay.

    A proof is kept, for the ``request`` that asked for it where there is one. Files go when the
    session commits. A recording on legal hold refuses the whole erasure
    (``DomainError("legal_hold")``). Call ``scrub`` after the commit, or use ``erase``.
    """
    pattern = number_pattern(customer.number or "")
    calls = list(session.scalars(select(Call).where(Call.customer_id == customer.id)))
    call_ids = [call.id for call in calls]
    recordings = list(
        session.scalars(
            select(Recording).where(Recording.call_id.in_(call_ids)).order_by(Recording.id)
        )
    )
    held = [recording for recording in recordings if recording.legal_hold is not None]
    if held:
        raise DomainError("legal_hold", recordings=len(held))
    deleted = proof.counted(session, call_ids)
    hashes = proof.file_hashes(session, recordings)
    for recording in recordings:
        expire_recording(
            session,
            storage,
            recording,
            now=now,
            actor=actor,
            state=RecordingState.ERASED,
            cause="customer_erased",
        )
        for listening in session.scalars(
            select(Listening).where(Listening.recording_id == recording.id)
        ):
            listening.purpose = _GONE
    leg_ids = list(session.scalars(select(Leg.id).where(Leg.call_id.in_(call_ids))))
    reviews = clear_words_of_legs(session, leg_ids, "customer_erased")
    for survey in session.scalars(select(Survey).where(Survey.call_id.in_(call_ids))):
        survey.reply = None
    for drawn in session.scalars(select(DrawnCall).where(DrawnCall.call_id.in_(call_ids))):
        drawn.skip_reason = _GONE if drawn.skip_reason else None
    for asked in session.scalars(
        select(RightsRequest).where(RightsRequest.customer_id == customer.id)
    ):
        # The office's file number stays, to answer by; what was asked may name the customer.
        asked.words = ""
    files = rejects = 0
    if pattern is not None:
        _rename_keys(calls, pattern)
        files, rejects = _clear_imports(session, storage, pattern)
    customer.number = customer.number_key = None
    customer.erased_at = now
    session.flush()
    kept = proof.write(
        session,
        subject_uid=customer.uid,
        deleted=deleted | {"import_files": files, "rejected_rows": rejects},
        files=hashes,
        remains=proof.remaining(session, call_ids),
        now=now,
        actor=actor,
        request=request,
        site_id=calls[0].site_id if calls else None,
    )
    audit.record(
        session,
        now=now,
        actor=actor,
        action="customer.erased",
        subject="customer",
        subject_uid=customer.uid,
        calls=len(calls),
        recordings=len(recordings),
        proof=str(kept.uid),
        digest=kept.digest,
    )
    session.flush()
    return Erased(len(calls), len(recordings), reviews, files, str(kept.uid))


def _rename_keys(calls: Iterable[Call], pattern: re.Pattern[bytes]) -> None:
    # Some switches build their call ids from the number; the stored draw_key stays as it was.
    for call in calls:
        if pattern.search(call.source_key.encode()):
            call.source_key = f"{_GONE}-{call.uid}"


def _clear_imports(
    session: Session, storage: Storage, pattern: re.Pattern[bytes]
) -> tuple[int, int]:
    """Remove stored import files and rejected rows that hold the number; count both."""
    doomed: list[int] = [
        reject.id
        for reject in session.scalars(select(ImportReject).execution_options(yield_per=1_000))
        if pattern.search(repr((reject.content, reject.params)).encode())
    ]
    session.execute(delete(ImportReject).where(ImportReject.id.in_(doomed)))
    keys = []
    for file in session.scalars(select(ImportFile)):
        if pattern.search(file.name.encode()):
            file.name = _GONE
        if file.storage_key is not None and _holds(storage, file.storage_key, pattern):
            keys.append(file.storage_key)
            file.storage_key = None
    session.flush()
    delete_after_commit(session, storage, keys)
    return len(keys), len(doomed)


def _holds(storage: Storage, key: str, pattern: re.Pattern[bytes]) -> bool:
    try:
        stream = storage.open(key)
    except FileNotFoundError:
        return False
    with stream:
        tail = b""
        while block := stream.read(_BLOCK):
            if pattern.search(tail + block):
                return True
            tail = block[-_OVERLAP:]
    return False


_WRITTEN: Sequence[str] = (
    "customer",
    "call",
    "survey",
    "turn",
    "search_turn",
    "transcript",
    "heard_stretch",
    "answer",
    "review",
    "self_assessment",
    "exemplar",
    "exemplar_tag",
    "playlist_item",
    "quiz_item",
    "practice_attempt",
    "objection",
    "dispute_item",
    "help_request",
    "help_answer",
    "review_cause",
    "coaching_session",
    "coaching_step",
    "calibration_item",
    "listening",
    "rights_request",
    "task",
    "review_request",
    "drawn_call",
    "import_reject",
    "import_file",
)


def scrub(engine: Engine) -> bool:
    """Overwrite what deleted rows left in the database file; tell whether all of it could go.

    SQLite keeps old content in free pages and in its write-ahead log until both are rewritten.
    Must be called without a session open. Backups and PostgreSQL's own log archives are outside.
    """
    if engine.dialect.name == "sqlite":
        return _scrub_sqlite(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM " + ", ".join(_WRITTEN))
    return True


def _scrub_sqlite(engine: Engine) -> bool:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only = OFF")
        cursor.execute(search.FORGET_SQLITE)
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, _in_log, _moved = cursor.fetchone() or (1, 0, 0)
        cursor.close()
    finally:
        connection.close()
    return not busy


def erase(
    engine: Engine,
    storage: Storage,
    number: str,
    *,
    now: datetime,
    actor: uuid.UUID | None,
) -> tuple[Erased, bool]:
    """Erase the customer with this number and scrub the database, in that order.

    Returns what was erased, and whether the database file could be scrubbed at once.
    """
    with write_session(engine) as session:
        erased = erase_customer(
            session, storage, find_customer(session, number), now=now, actor=actor
        )
    return erased, scrub_waiting(engine, now)


def scrub_waiting(engine: Engine, now: datetime) -> bool:
    """Scrub the database and write that down in the proofs that waited for it; false if busy."""
    if not scrub(engine):
        return False
    with write_session(engine) as session:
        session.execute(
            update(ErasureProof).where(ErasureProof.scrubbed_at.is_(None)).values(scrubbed_at=now)
        )
    return True
