"""How far a recording is on its way to a transcript, and by what it was heard."""

import uuid
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Recording
from models.operations import Job, JobPause
from models.transcripts import Transcript
from models.vocab import JobState, RecordingState, TranscriptState
from pipelines.job_table import FIRST
from pipelines.outcomes import DomainError
from pipelines.retention.service import words_are_over
from qa_app.clock import now
from qa_app.formats import day
from qa_app.messages import sentence
from qa_app.permissions import Action, Person, may

_NAME = "transcribe"


@dataclass(frozen=True)
class HearingView:
    """What the machine does with a recording.

    ``state`` is queued, running, failed or empty (nobody has asked). ``ahead`` is how many calls
    are heard before it. ``trouble`` is why it waits or failed. ``may_ask``: the person can have it
    heard first. ``retry`` names the failed job for those who may try it again, ``may_renew`` is
    for those who may have it heard anew. ``heard_by`` is the model and day of the text that is
    there.
    """

    recording: uuid.UUID
    state: str
    ahead: int
    paused: bool
    done_ms: int
    audio_ms: int
    trouble: str
    may_ask: bool
    retry: uuid.UUID | None
    may_renew: bool
    heard_by: str


def hearing_view(
    session: Session, person: Person, recording: Recording, transcript: Transcript | None
) -> HearingView:
    """Return how far a recording is; the caller has checked that the person may hear it."""
    job = session.scalar(
        select(Job)
        .where(Job.recording_id == recording.id, Job.name == _NAME, Job.state != JobState.DONE)
        .order_by(Job.id.desc())
        .limit(1)
    )
    there = transcript is not None and transcript.state is TranscriptState.DONE
    present = recording.state is RecordingState.PRESENT
    waits = job is not None and job.state is JobState.QUEUED
    unasked = job is None and transcript is None
    if unasked and words_are_over(session, recording, now()):
        unasked = False
    return HearingView(
        recording=recording.uid,
        state=job.state.value if job else "",
        ahead=_ahead(session, job) if job and waits and not there else 0,
        paused=bool(waits and not there and session.get(JobPause, _NAME)),
        done_ms=min(job.progress_done, job.audio_ms) if job else 0,
        audio_ms=job.audio_ms if job else recording.duration_ms,
        trouble=_trouble(job),
        may_ask=present and not there and (unasked or (waits and job.priority > FIRST)),  # type: ignore[union-attr]  # `waits` says there is one
        retry=job.uid
        if job and job.state is JobState.FAILED and may(person, Action.QUEUE_WRITE)
        else None,
        may_renew=there
        and present
        and (job is None or job.state is JobState.FAILED)
        and may(person, Action.TRANSCRIPTS_RENEW),
        heard_by=_heard_by(transcript) if transcript and there else "",
    )


def _ahead(session: Session, job: Job) -> int:
    # One draw queues all its calls at the same instant, in the order of their ids.
    same = (Job.queued_at == job.queued_at) & (Job.id < job.id)
    earlier = (Job.priority == job.priority) & ((Job.queued_at < job.queued_at) | same)
    before = (Job.priority < job.priority) | earlier
    waiting = select(func.count()).where(Job.name == _NAME, Job.state == JobState.QUEUED, before)
    return session.scalar(waiting) or 0


def _trouble(job: Job | None) -> str:
    if job is None or not job.error_code:
        return ""
    return sentence(DomainError(job.error_code, **(job.error_params or {})))


def _heard_by(transcript: Transcript) -> str:
    kind = transcript.options.get("compute_type", "")
    model = f"{transcript.model} {kind}".strip()
    return str(_("Heard by %(model)s, %(day)s.", model=model, day=day(transcript.made_at.date())))
