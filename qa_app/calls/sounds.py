"""Which file of a recording a person hears: with personal data in it, without, or none yet."""

import json
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.calls import MediaFile, Recording
from models.operations import Job, Listening
from models.vocab import JobState, MediaKind, RecordingState
from pipelines.job_table import ACTIVE
from pipelines.outcomes import DomainError
from pipelines.redaction import service as redaction
from pipelines.redaction.rules import muting
from pipelines.redaction.service import Screening
from qa_app.access import Action, visible
from qa_app.messages import sentence
from qa_app.permissions import Person
from qa_app.surroundings import runtime, settings

UNMASKED_KINDS = (MediaKind.PLAYBACK, MediaKind.ORIGINAL)


class Sounds(StrEnum):
    """What of a recording may be played now.

    ``unmasked``: all of it, since nothing is hidden or the person may hear it; ``unknown``: all of
    it, though nobody knows what is in it; ``masked``: the muted copy; ``partly``: that too, though
    there may be more in it; ``preparing``: the copy is still being made; ``failed``: it could not
    be made; ``withheld``: nobody knows all that is in it, and this installation plays nothing then.
    """

    UNMASKED = "unmasked"
    UNKNOWN = "unknown"
    MASKED = "masked"
    PARTLY = "partly"
    PREPARING = "preparing"
    FAILED = "failed"
    WITHHELD = "withheld"


COPIES = frozenset({Sounds.MASKED, Sounds.PARTLY})
PLAYED = COPIES | {Sounds.UNMASKED, Sounds.UNKNOWN}


@dataclass(frozen=True)
class NoCopy:
    """Why there is no muted copy; ``retry`` names the failed job for those who may try it again."""

    why: str
    retry: uuid.UUID | None


@dataclass(frozen=True)
class Sound:
    """A stored file of a recording, ready to be sent."""

    recording_id: int
    storage_key: str
    mimetype: str
    sha256: str


def sounds_of(
    session: Session, recording_id: int, kinds: set[MediaKind], *, unmasked: bool
) -> Sounds:
    """Return what may be played of a recording that has files of these kinds.

    The one place that decides it, for pages and for the address of the sound.
    """
    if unmasked:
        return Sounds.UNMASKED
    there = MediaKind.MASKED in kinds
    found = redaction.screening(session, recording_id)
    if found is Screening.NONE and there:
        # Its transcript went before anybody kept what was muted: the copy still knows.
        found = Screening.MASKED
    if found in {Screening.NONE, Screening.PARTLY} and not settings().play_untranscribed:
        return Sounds.WITHHELD
    if found is Screening.WAITING:
        return Sounds.PREPARING
    if found in _MUTED and not there:
        return Sounds.PREPARING if failed_job(session, recording_id) is None else Sounds.FAILED
    return _PLAYED[found]


_MUTED = {Screening.MASKED, Screening.PARTLY}
_PLAYED = {
    Screening.NONE: Sounds.UNKNOWN,
    Screening.CLEAR: Sounds.UNMASKED,
    Screening.MASKED: Sounds.MASKED,
    Screening.PARTLY: Sounds.PARTLY,
}


def failed_job(session: Session, recording_id: int) -> Job | None:
    """Return the job that failed to mute a recording; null while another one may still do it."""
    jobs = session.scalars(
        select(Job)
        .where(
            Job.recording_id == recording_id,
            Job.name == redaction.JOB,
            Job.state.in_([*ACTIVE, JobState.FAILED]),
        )
        .order_by(Job.id.desc())
    ).all()
    every = jobs and all(job.state is JobState.FAILED for job in jobs)
    return jobs[0] if every else None


def no_copy(session: Session, person: Person, recording_id: int) -> NoCopy | None:
    """Return why there is no muted copy, as the page of the recording says it."""
    job = failed_job(session, recording_id)
    if job is None:
        return None
    retried = visible(person, Job, Action.QUEUE_WRITE).where(Job.id == job.id)
    return NoCopy(
        why=sentence(DomainError(job.error_code or "", **(job.error_params or {}))),
        retry=session.scalar(retried.with_only_columns(Job.uid)),
    )


def sound(session: Session, uid: uuid.UUID, *, unmasked: bool) -> Sound | None:
    """Return the file to play of a present recording; null when it is gone.

    Asked for with a play token alone: the page that gave the token has checked the access, and
    ``unmasked`` is what the token says. Raises ``masking_under_way``, ``masking_failed`` or
    ``sound_withheld``.
    """
    recording, files, sounds = _opened(session, uid, unmasked=unmasked)
    kinds = (MediaKind.MASKED,) if sounds in COPIES else UNMASKED_KINDS
    return _first(recording, files, kinds)


def picture(session: Session, uid: uuid.UUID, *, unmasked: bool) -> tuple[Sound | None, bytes]:
    """Return the file of a sound's picture, and its content, flat where the sound is muted.

    The content is empty where the file may be sent as it is. There is no picture where nobody knows
    any more which moments are muted.
    """
    recording, files, sounds = _opened(session, uid, unmasked=unmasked)
    found = _first(recording, files, (MediaKind.PEAKS,))
    if recording is None or found is None or sounds not in COPIES:
        return found, b""
    spans = redaction.spans_of(session, recording.id)
    if not spans:
        return None, b""
    with runtime().storage.open(found.storage_key) as stream:
        drawn: dict[str, Any] = json.load(stream)
    rate = drawn.get("points_per_second", 0)
    drawn["channels"] = muting.flat_picture(drawn["channels"], rate, spans)
    return found, json.dumps(drawn, separators=(",", ":")).encode()


def has_picture(session: Session, recording_id: int, kinds: set[MediaKind], sounds: Sounds) -> bool:
    """Tell whether there is a picture that shows no more than what may be played."""
    if MediaKind.PEAKS not in kinds or sounds not in PLAYED:
        return False
    return sounds not in COPIES or bool(redaction.spans_of(session, recording_id))


def _opened(
    session: Session, uid: uuid.UUID, *, unmasked: bool
) -> tuple[Recording | None, dict[MediaKind, MediaFile], Sounds]:
    recording = session.scalar(
        select(Recording)
        .where(Recording.uid == uid, Recording.state == RecordingState.PRESENT)
        .options(selectinload(Recording.files))
    )
    if recording is None:
        return None, {}, Sounds.WITHHELD
    files = {file.kind: file for file in recording.files}
    sounds = sounds_of(session, recording.id, set(files), unmasked=unmasked)
    if sounds is Sounds.PREPARING:
        raise DomainError("masking_under_way")
    if sounds is Sounds.FAILED:
        raise DomainError("masking_failed")
    if sounds is Sounds.WITHHELD:
        raise DomainError("sound_withheld")
    return recording, files, sounds


def _first(
    recording: Recording | None, files: dict[MediaKind, MediaFile], kinds: tuple[MediaKind, ...]
) -> Sound | None:
    found = next((files[kind] for kind in kinds if kind in files), None)
    if recording is None or found is None:
        return None
    return Sound(recording.id, found.storage_key, found.mimetype, found.sha256)


def is_written_down(session: Session, token_id: str) -> bool:
    """Tell whether this opening has its row already."""
    return session.scalar(select(Listening.id).where(Listening.token_id == token_id)) is not None
