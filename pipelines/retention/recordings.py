"""A recording's end: its audio goes, its row stays with sizes and times."""

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from models.calls import Leg, MediaFile, Recording
from models.people import Site
from models.reviews import Exemplar, SelfAssessment, Task
from models.transcripts import HeardStretch, Transcript
from models.vocab import AssessmentState, RecordingState, SkipKind, TaskState
from models.vocab_learning import ExemplarState
from pipelines import audit, moments
from pipelines.outcomes import DomainError
from pipelines.retention.files import delete_after_commit
from pipelines.storage import Storage

TASK_REASON = "recording_gone"
MOST_KEPT = 3_650


def expire_recording(
    session: Session,
    storage: Storage,
    recording: Recording,
    *,
    now: datetime,
    actor: uuid.UUID | None = None,
    with_transcript: bool = True,
    state: RecordingState = RecordingState.EXPIRED,
    cause: str = "retention",
) -> None:
    """End a recording: audio, playback copies, peaks and clips go, with the exemplars of its call.

    Files are deleted when the session commits. Tasks nobody has begun are skipped, since nobody
    can hear the call any more; drawn calls, probabilities, reviews and scores stay. ``state`` is
    ``expired`` or ``erased``; nothing happens to a recording that has ended already, but an
    expired one may become erased.
    """
    # Held before anything goes, or what is being saved meanwhile would come back behind us.
    moments.hold(session, recording.id)
    if recording.legal_hold is not None:
        raise DomainError("legal_hold", recordings=1)
    keys = list(
        session.scalars(select(MediaFile.storage_key).where(MediaFile.recording_id == recording.id))
    )
    session.execute(delete(MediaFile).where(MediaFile.recording_id == recording.id))
    session.expire(recording, ["files"])
    delete_after_commit(session, storage, keys)
    session.execute(delete(HeardStretch).where(HeardStretch.recording_id == recording.id))
    if with_transcript:
        session.execute(delete(Transcript).where(Transcript.recording_id == recording.id))
    recording.muted = []
    legs = select(Leg.id).where(Leg.call_id == recording.call_id)
    session.execute(delete(Exemplar).where(Exemplar.leg_id.in_(legs)))
    _close_work(session, recording, now=now, all_of_it=state is RecordingState.ERASED)
    changed = recording.state is not state and recording.state is not RecordingState.ERASED
    if changed:
        recording.state = state
        recording.ended_at = now
        audit.record(
            session,
            now=now,
            actor=actor,
            action=f"recording.{state.value}",
            subject="recording",
            subject_uid=recording.uid,
            cause=cause,
            files=len(keys),
        )
    session.flush()


def _close_work(session: Session, recording: Recording, *, now: datetime, all_of_it: bool) -> None:
    """Close tasks and questions to agents about a call that can no longer be heard.

    A review under way may be finished from what was heard, unless the call is erased.
    """
    legs = select(Leg.id).where(Leg.call_id == recording.call_id)
    states = [TaskState.OPEN, TaskState.CLAIMED] if all_of_it else [TaskState.OPEN]
    for task in session.scalars(select(Task).where(Task.leg_id.in_(legs), Task.state.in_(states))):
        task.state = TaskState.SKIPPED
        task.skip_kind = SkipKind.NOT_REVIEWED
        task.skip_reason = TASK_REASON
        task.closed_at = now
    for asked in session.scalars(
        select(SelfAssessment).where(
            SelfAssessment.leg_id.in_(legs), SelfAssessment.state == AssessmentState.ASKED
        )
    ):
        asked.state = AssessmentState.LAPSED


def kept_by_exemplar(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an exemplar keeps the recording, where the site allows that."""
    return exists().where(
        Leg.call_id == Recording.call_id,
        Exemplar.leg_id == Leg.id,
        Exemplar.state == ExemplarState.SHARED,
        Exemplar.kept_until > now,
        Site.id == Exemplar.site_id,
        Site.exemplar_keep_days > 0,
    )


def let_exemplars_keep(
    session: Session, site: Site, days: int, *, now: datetime, actor: uuid.UUID | None
) -> None:
    """Say how long exemplars of a site may keep their recording beyond its rule; 0: not at all.

    Raises ``bad_retention_days`` above ``MOST_KEPT``. With 0 what is kept now goes in the next run.
    """
    if not 0 <= days <= MOST_KEPT:
        raise DomainError("bad_retention_days", days=days, longest=MOST_KEPT)
    site.exemplar_keep_days = days
    audit.record(
        session,
        now=now,
        actor=actor,
        action="retention.exemplars_set",
        subject="site",
        subject_uid=site.uid,
        days=days,
    )
    session.flush()


def hold(
    session: Session, recording: Recording, reason: str, *, now: datetime, actor: uuid.UUID | None
) -> None:
    """Keep a recording whatever its rule says, for a reason in words; refuses an empty one."""
    if not reason.strip():
        raise DomainError("hold_needs_reason")
    recording.legal_hold = reason.strip()
    _record_hold(session, recording, "recording.held", now, actor)


def release_hold(
    session: Session, recording: Recording, *, now: datetime, actor: uuid.UUID | None
) -> None:
    """Let a held recording follow its rule again."""
    recording.legal_hold = None
    _record_hold(session, recording, "recording.released", now, actor)


def _record_hold(
    session: Session, recording: Recording, action: str, now: datetime, actor: uuid.UUID | None
) -> None:
    audit.record(
        session, now=now, actor=actor, action=action, subject="recording", subject_uid=recording.uid
    )
    session.flush()
