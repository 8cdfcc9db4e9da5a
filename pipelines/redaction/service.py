"""Masks in the database: of new transcripts, of old ones, by hand; and the muted copy."""

import tempfile
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from models.calls import MediaFile, Recording
from models.transcripts import Transcript, Turn
from models.upsert import insert_missing
from models.vocab import MaskKind, MediaKind, RecordingState
from pipelines import audit, moments
from pipelines.masking import HIDDEN, masked_text, meet
from pipelines.outcomes import DomainError
from pipelines.redaction.rules import muting
from pipelines.redaction.rules.lexing import Heard
from pipelines.redaction.rules.masks import Mask, Said, find_masks, mask_of, merged, words_of
from pipelines.runtime import Progress, Runtime
from pipelines.storage import StoredFile

JOB = "mute"
"""The job that makes the muted copy of a recording."""

Spans = tuple[tuple[int, int], ...]
Change = Callable[[muting.Samples, int], muting.Samples]
Write = Callable[[Path, Path, Change], None]
"""Writes (source, target) as browsers play it, each block changed by ``change(samples, first)``."""


class Screening(StrEnum):
    """How far a recording has been looked through for personal data.

    ``none``: there are no words to be relied on, so nobody knows; ``waiting``: its words have not
    been looked through; ``clear``: nothing was found; ``masked``: something was; ``partly``:
    something was in words that are not to be relied on, and there may be more.
    """

    NONE = "none"
    WAITING = "waiting"
    CLEAR = "clear"
    MASKED = "masked"
    PARTLY = "partly"


def screening(session: Session, recording_id: int) -> Screening:
    """Return how far a recording has been looked through; reads no words."""
    masks = session.execute(
        select(Turn.masked_text, Turn.masks)
        .join(Transcript)
        .where(Transcript.recording_id == recording_id)
    ).all()
    if any(row.masked_text is None or row.masks is None for row in masks):
        return Screening.WAITING
    kept = session.scalar(select(Recording.muted).where(Recording.id == recording_id)) or []
    there = session.execute(
        select(Transcript.doubt, Transcript.speech).where(
            Transcript.recording_id == recording_id, Transcript.error_code.is_(None)
        )
    ).first()
    # Somebody speaks, and not one word of it was made out: as good as not heard at all.
    wordless = there is not None and not masks and any(spans for _party, spans in there.speech)
    known = there is not None and there.doubt is None and not wordless
    if not kept and not any(row.masks for row in masks):
        return Screening.CLEAR if known else Screening.NONE
    guessed = any(why == moments.Why.GUESSED for *_moment, why in kept)
    unsure = guessed if there is None else not known
    return Screening.PARTLY if unsure else Screening.MASKED


def spans_of(session: Session, recording_id: int) -> Spans:
    """Return the moments of a recording that are muted, in ms."""
    rows = session.execute(
        select(Turn.party, Turn.masks)
        .join(Transcript)
        .where(Transcript.recording_id == recording_id)
    ).all()
    kept = session.scalar(select(Recording.muted).where(Recording.id == recording_id)) or []
    masked = [(row.party.value, mask[3], mask[4]) for row in rows for mask in row.masks or ()]
    return tuple(muting.muted_spans([*masked, *((each[0], each[1], each[2]) for each in kept)]))


def hidden_before(session: Session, recording_id: int) -> moments.Moments:
    """Return what is muted under the transcript that is there; the recording is held from now."""
    recording = moments.hold(session, recording_id)
    return [] if recording is None else moments.moments(session, recording)


def look_through(
    session: Session,
    transcript_id: int,
    kinds: Collection[str],
    *,
    before: moments.Moments | None = None,
) -> bool:
    """Find what is personal in a transcript and keep its masks; tell whether anything is muted.

    ``kinds`` are the kinds that this installation hides. ``before`` is what was muted under a
    transcript that this one replaces: what was hidden by hand stays hidden, also where no word is
    heard any more, and the rest where the new words are not to be relied on. An older muted copy
    goes. Nothing happens to a transcript that has gone meanwhile.
    """
    session.flush()
    recording_id = session.scalar(
        select(Transcript.recording_id).where(Transcript.id == transcript_id)
    )
    recording = None if recording_id is None else moments.hold(session, recording_id)
    fresh = {"populate_existing": True}
    transcript = session.get(Transcript, transcript_id, execution_options=fresh)
    if recording is None or transcript is None:
        return False
    turns = session.scalars(
        select(Turn).where(Turn.transcript_id == transcript_id).order_by(Turn.position),
        execution_options=fresh,
    ).all()
    said = [Said(turn.party, _words(turn)) for turn in turns]
    wanted = {MaskKind(kind) for kind in kinds}
    found = find_masks(said, language=transcript.language, kinds=wanted)
    kept = recording.muted if before is None else before
    by_hand = [row for row in kept if row[3] == moments.Why.MANUAL]
    for turn, masks, words in zip(turns, found, (each.words for each in said), strict=True):
        own = [_mask(words, row) for row in turn.masks or () if row[2] == MaskKind.MANUAL.value]
        hidden = _within(words, ((start, end) for _party, start, end, _why in by_hand))
        _keep(turn, merged(words, [*masks, *own, *hidden]))
    recording.muted = by_hand if turns and transcript.doubt is None else kept
    _forget_copy(session, recording.id)
    session.flush()
    return bool(recording.muted) or any(turn.masks for turn in turns)


def _words(turn: Turn) -> tuple[Heard, ...]:
    if turn.words:
        return tuple(Heard(text, start, end) for text, start, end, _probability in turn.words)
    # A text without words has no times but those of its turn.
    return tuple(Heard(word.text, turn.start_ms, turn.end_ms) for word in words_of(turn.text))


def _within(words: Sequence[Heard], spans: Iterable[tuple[int, int]]) -> Iterable[Mask]:
    """Yield a mask for each span over the words that sound in it."""
    for span in spans:
        inside = [
            place for place, word in enumerate(words) if meet((word.start_ms, word.end_ms), span)
        ]
        if inside:
            yield mask_of(words, inside[0], inside[-1], MaskKind.MANUAL)


def _keep(turn: Turn, masks: Sequence[Mask]) -> None:
    turn.masks = [mask.row() for mask in masks]
    if turn.words:
        turn.masked_text = masked_text(turn.words, turn.masks)
    else:
        turn.masked_text = HIDDEN if masks else turn.text


def _forget_copy(session: Session, recording_id: int) -> None:
    """Drop the muted copy: its file, which no row names any more, goes with the next sweep."""
    session.execute(
        delete(MediaFile).where(
            MediaFile.recording_id == recording_id, MediaFile.kind == MediaKind.MASKED
        )
    )


def not_looked_through(session: Session) -> list[int]:
    """Return the transcripts with turns that nobody has looked through, in order of recordings.

    Whoever holds several recordings takes them in that order.
    """
    waiting = exists().where(Turn.transcript_id == Transcript.id, Turn.masked_text.is_(None))
    return list(
        session.scalars(select(Transcript.id).where(waiting).order_by(Transcript.recording_id))
    )


def all_transcripts(session: Session) -> list[int]:
    """Return every transcript that has turns, in order of recordings."""
    spoken = exists().where(Turn.transcript_id == Transcript.id)
    return list(
        session.scalars(select(Transcript.id).where(spoken).order_by(Transcript.recording_id))
    )


# By hand -----------------------------------------------------------------------------------------


def hide(
    session: Session,
    transcript: Transcript,
    place: tuple[int, int, int],
    *,
    attempt: int,
    now: datetime,
    actor: uuid.UUID,
) -> None:
    """Hide words of a turn by hand; ``place`` is (position of the turn, first word, last word).

    Raises ``transcript_changed`` when another transcript (``attempt``) has been made meanwhile,
    ``mask_unfit`` for words that are not there.
    """
    _recording, turn = _turn(session, transcript, place, attempt)
    words = _words(turn)
    masks = [_mask(words, row) for row in turn.masks or ()]
    by_hand = mask_of(words, place[1], place[2], MaskKind.MANUAL)
    _change(session, transcript, turn, merged(words, [*masks, by_hand]))
    _record(session, transcript, "mask_added", place, now, actor)


def show(
    session: Session,
    transcript: Transcript,
    place: tuple[int, int, int],
    *,
    attempt: int,
    now: datetime,
    actor: uuid.UUID,
) -> None:
    """Take a mask away that hides nothing personal; raises as ``hide`` does."""
    recording, turn = _turn(session, transcript, place, attempt)
    left = [row for row in turn.masks or () if (row[0], row[1]) != place[1:]]
    gone = [(row[3], row[4]) for row in turn.masks or () if (row[0], row[1]) == place[1:]]
    if not gone:
        raise DomainError("mask_unfit")
    words = _words(turn)
    recording.muted = [row for row in recording.muted if not meet((row[1], row[2]), gone[0])]
    _change(session, transcript, turn, [_mask(words, row) for row in left])
    _record(session, transcript, "mask_removed", place, now, actor)


def _turn(
    session: Session, transcript: Transcript, place: tuple[int, int, int], attempt: int
) -> tuple[Recording, Turn]:
    # What the page has read may have changed while we waited for the recording.
    recording = moments.hold(session, transcript.recording_id)
    now = session.scalar(select(Transcript.attempt).where(Transcript.id == transcript.id))
    if recording is None or now != attempt:
        raise DomainError("transcript_changed")
    position, first, last = place
    turn = session.scalar(
        select(Turn).where(Turn.transcript_id == transcript.id, Turn.position == position),
        execution_options={"populate_existing": True},
    )
    if turn is None or turn.masks is None or not 0 <= first <= last < len(_words(turn)):
        raise DomainError("mask_unfit")
    return recording, turn


def _mask(words: Sequence[Heard], row: Sequence[Any]) -> Mask:
    return mask_of(words, row[0], row[1], MaskKind(row[2]))


def _change(session: Session, transcript: Transcript, turn: Turn, masks: Sequence[Mask]) -> None:
    _keep(turn, masks)
    _forget_copy(session, transcript.recording_id)
    session.flush()


def _record(  # noqa: PLR0917 - what an entry of the log says
    session: Session,
    transcript: Transcript,
    act: str,
    place: tuple[int, int, int],
    now: datetime,
    actor: uuid.UUID,
) -> None:
    audit.record(
        session,
        now=now,
        actor=actor,
        action=f"recording.{act}",
        subject="recording",
        subject_uid=transcript.recording.uid,
        turn=place[0],
        words=place[2] - place[1] + 1,
    )


# The muted copy ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """A recording of which a muted copy is to be made, and the moments to mute."""

    recording_id: int
    storage_key: str
    spans: Spans


@dataclass(frozen=True)
class Muted:
    """A muted copy, and the moments that it was made for."""

    source: Source
    file: StoredFile


def lacks_copy(session: Session, recording_id: int) -> bool:
    """Tell whether something is masked in a recording that has no muted copy yet."""
    copy = select(MediaFile.id).where(
        MediaFile.recording_id == recording_id, MediaFile.kind == MediaKind.MASKED
    )
    muted = {Screening.MASKED, Screening.PARTLY}
    return session.scalar(copy) is None and screening(session, recording_id) in muted


def load(session: Session, _runtime: Runtime, args: Mapping[str, Any]) -> Source | None:
    """Return what to mute (``recording_id`` in ``args``), or nothing when there is no need."""
    recording = session.get(Recording, args["recording_id"])
    if recording is None or recording.state is not RecordingState.PRESENT:
        return None
    files = {file.kind: file.storage_key for file in recording.files}
    spans = spans_of(session, recording.id)
    if MediaKind.ORIGINAL not in files or MediaKind.MASKED in files or not spans:
        return None
    return Source(recording.id, files[MediaKind.ORIGINAL], spans)


def work(source: Source, runtime: Runtime, _progress: Progress, write: Write, rate: int) -> Muted:
    """Write and store the muted copy; ``write`` works at ``rate`` samples a second."""
    path = runtime.storage.local_path(source.storage_key)

    def change(samples: muting.Samples, first: int) -> muting.Samples:
        return muting.mute(samples, first, rate, source.spans)

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "masked.ogg"
        write(path, copy, change)
        with copy.open("rb") as stream:
            stored = runtime.storage.put(stream, suffix=".ogg")
    return Muted(source, stored)


def save(session: Session, runtime: Runtime, result: Muted, _attempt: int) -> None:
    """Add the copy's row, unless the recording has gone or its masks have changed meanwhile.

    Who changes masks asks for another copy in the same transaction, so none is missing then.
    """
    source = result.source
    state = session.scalar(
        select(Recording.state).where(Recording.id == source.recording_id).with_for_update()
    )
    if state is not RecordingState.PRESENT:
        return
    if spans_of(session, source.recording_id) != source.spans:
        return
    row = {
        "recording_id": source.recording_id,
        "kind": MediaKind.MASKED,
        "storage_key": result.file.key,
        "mimetype": "audio/ogg",
        "sha256": result.file.sha256,
        "size_bytes": result.file.size_bytes,
        "created_at": runtime.clock.now(),
    }
    insert_missing(session, MediaFile, [row])
