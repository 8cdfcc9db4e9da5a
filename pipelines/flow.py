"""The order of the stages, and the table of jobs.

import → draw → (transcription ‖ review ‖ self-assessment) → measures → retention. What one act of
a person needs of two stages is composed here, in one transaction. What is read out of a transcript
is composed in ``pipelines.reading``; scoring and review meet in ``pipelines.evaluation``, which
loads less.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models.calls import Leg, MediaFile, Recording
from models.operations import Job as JobRow
from models.people import User
from models.samples import Draw, DrawnCall, SamplePlan
from models.session import write_session
from models.vocab import ChannelLayout, JobState, MediaKind, RecordingState, SkipKind
from pipelines import audit, evaluation, forgetting, jobs, reading
from pipelines.ingest import uploads
from pipelines.job_table import ACTIVE
from pipelines.jobs import Job, Schedule
from pipelines.measures import service as measures
from pipelines.outcomes import DomainError
from pipelines.redaction import service as redaction
from pipelines.reminders import service as reminders
from pipelines.retention import service as retention
from pipelines.review import assessments
from pipelines.review import service as review
from pipelines.runtime import Progress, Runtime
from pipelines.sampling import nightly
from pipelines.sampling import service as sampling
from pipelines.search import service as search
from pipelines.transcription import service as transcription
from pipelines.transcription.sound import copies, media

TRANSCRIBE = "transcribe"


def draw(
    session: Session,
    runtime: Runtime,
    plan: SamplePlan,
    period_start: date,
    period_end: date,
    *,
    transcripts: bool = True,
    **how: Any,
) -> Draw:
    """Draw calls, and in the same transaction make their tasks and transcription jobs.

    ``how`` is what ``sampling.service.draw`` takes: ``now`` and ``actor``, for samples and tests
    ``as_of`` and ``seed``. ``transcripts=False`` asks for no transcription.
    """
    # Who judged one of these calls live is known before any is drawn.
    evaluation.settle_live(session, now=how["now"])
    result = sampling.draw(session, runtime.storage, plan, period_start, period_end, **how)
    review.create_tasks(session, result, now=how["now"])
    evaluation.tell_asked(session, result, now=how["now"])
    if transcripts:
        _transcribe(session, result, now=how["now"])
    return result


def extend_draw(
    session: Session,
    runtime: Runtime,
    draw_: Draw,
    stratum_key: str,
    count: int,
    *,
    now: datetime,
    actor: User | None,
) -> list[DrawnCall]:
    """Add the next calls of a stratum, with their tasks and transcription jobs."""
    added = sampling.extend(
        session, runtime.storage, draw_, stratum_key, count, now=now, actor=actor
    )
    review.create_tasks(session, draw_, now=now)
    evaluation.tell_asked(session, draw_, now=now)
    _transcribe(session, draw_, now=now)
    return added


def replace_call(
    session: Session,
    runtime: Runtime,
    drawn_call: DrawnCall,
    kind: SkipKind,
    reason: str,
    *,
    now: datetime,
    actor: User | None,
) -> DrawnCall | None:
    """Skip a drawn call and take the next of its stratum, with its tasks and transcription job."""
    added = sampling.replace(
        session, runtime.storage, drawn_call, kind, reason, now=now, actor=actor
    )
    review.create_tasks(session, drawn_call.draw, now=now)
    evaluation.tell_asked(session, drawn_call.draw, now=now)
    _transcribe(session, drawn_call.draw, now=now)
    return added


def void_draw(
    session: Session, draw_: Draw, reason: str, *, now: datetime, actor: User | None
) -> None:
    """Declare a draw void: its open tasks and unanswered self-assessments go with it."""
    sampling.void(session, draw_, reason, now=now, actor=actor)
    review.withdraw_tasks(session, draw_, now=now)


def _transcribe(session: Session, draw_: Draw, *, now: datetime) -> None:
    """Ask for what reviewers need of each drawn recording: its picture, then its words."""
    recordings = session.scalars(
        select(Recording.id)
        .join(DrawnCall, DrawnCall.call_id == Recording.call_id)
        .where(DrawnCall.draw_id == draw_.id, DrawnCall.earlier_id.is_(None))
        .order_by(DrawnCall.position)
    ).all()
    for recording_id in recordings:
        prepare_media(session, recording_id, now=now)
    # Words that retention would delete at once are not worth hearing.
    over = retention.words_over(session, recordings, now)
    missing = transcription.without_transcript(session, recordings)
    _hear(session, [each for each in missing if each not in over], now=now)


def _hear(
    session: Session, recording_ids: Sequence[int], *, now: datetime, priority: int = jobs.NORMAL
) -> int:
    """Queue recordings for transcription, but for those in the line already; return how many."""
    busy = set(
        session.scalars(
            select(JobRow.recording_id).where(
                JobRow.recording_id.in_(recording_ids),
                JobRow.name == TRANSCRIBE,
                JobRow.state.in_(ACTIVE),
            )
        )
    )
    chosen = [recording_id for recording_id in recording_ids if recording_id not in busy]
    # What failed before is history once it is asked for anew.
    session.execute(
        delete(JobRow).where(
            JobRow.recording_id.in_(chosen),
            JobRow.name == TRANSCRIBE,
            JobRow.state == JobState.FAILED,
        )
    )
    found = select(Recording.id, Recording.duration_ms).where(Recording.id.in_(chosen))
    lengths = {row.id: row.duration_ms for row in session.execute(found)}
    for recording_id in chosen:
        jobs.enqueue(
            session,
            TRANSCRIBE,
            now=now,
            priority=priority,
            audio_ms=lengths[recording_id],
            recording_id=recording_id,
        )
    return len(chosen)


def hear_first(session: Session, recording_id: int, *, now: datetime) -> bool:
    """Have a recording heard next, since somebody waits for it; false when nothing changes.

    One that waits moves to the front; one that nobody asked for yet is queued there; one that is
    being heard, has its text or has failed stays as it is, and so does one so old that retention
    would delete its text, or has.
    """
    waiting = _queued(session, recording_id)
    if waiting is not None:
        return jobs.prefer(session, waiting, now=now)
    recording = session.get(Recording, recording_id)
    if recording is None or retention.words_are_over(session, recording, now):
        return False
    missing = transcription.without_transcript(session, [recording_id])
    return _hear(session, missing, now=now, priority=jobs.FIRST) > 0


def hear_first_of_leg(session: Session, leg_id: int, *, now: datetime) -> bool:
    """Have the call of a leg heard next, if it has a recording: somebody begins to judge it."""
    recording_id = session.scalar(
        select(Recording.id).join(Leg, Leg.call_id == Recording.call_id).where(Leg.id == leg_id)
    )
    return recording_id is not None and hear_first(session, recording_id, now=now)


def hear_again(
    session: Session, recording_ids: Sequence[int], *, now: datetime, actor: User | None
) -> int:
    """Have recordings heard anew when there is nothing else to do; return how many.

    What was heard before stays until the new text is complete, and stays for good if that fails.
    """
    present = session.scalars(
        select(Recording.id)
        .where(Recording.id.in_(recording_ids), Recording.state == RecordingState.PRESENT)
        .order_by(Recording.id)
    ).all()
    count = _hear(session, present, now=now, priority=jobs.LOW)
    if count:
        audit.record(
            session,
            now=now,
            actor=actor.uid if actor else None,
            action="transcripts.asked_anew",
            subject="recording",
            count=count,
        )
    return count


def prepare_media(session: Session, recording_id: int, *, now: datetime) -> None:
    """Have a recording's peaks made, and copies for browsers and ears, unless they are there.

    What is under way is not asked for twice; what failed is, since somebody wants it now.
    """
    there = select(MediaFile.id).where(
        MediaFile.recording_id == recording_id, MediaFile.kind == MediaKind.PEAKS
    )
    wanted = ["prepare_media"] if session.scalar(there) is None else []
    if redaction.lacks_copy(session, recording_id):
        wanted.append(redaction.JOB)
    for name in wanted:
        own = (JobRow.recording_id == recording_id, JobRow.name == name)
        if session.scalar(select(JobRow.id).where(*own, JobRow.state.in_(ACTIVE)).limit(1)):
            continue
        session.execute(delete(JobRow).where(*own, JobRow.state == JobState.FAILED))
        jobs.enqueue(session, name, now=now, recording_id=recording_id)


def correct_layout(
    session: Session,
    recording: Recording,
    layout: ChannelLayout,
    *,
    now: datetime,
    actor: uuid.UUID | None,
) -> bool:
    """Set who is on which side of a recording and have it written down again.

    Tells whether anything changed: the same layout again makes no job.
    """
    if not transcription.correct_layout(session, recording, layout, now=now, actor=actor):
        return False
    # A job that waits already will find the new layout; one that runs saves nothing by the old.
    if _queued(session, recording.id) is None:
        jobs.enqueue(
            session,
            TRANSCRIBE,
            now=now,
            audio_ms=recording.duration_ms,
            recording_id=recording.id,
        )
    return True


def _queued(session: Session, recording_id: int) -> uuid.UUID | None:
    """Return the job that waits to hear a recording."""
    return session.scalar(
        select(JobRow.uid).where(
            JobRow.recording_id == recording_id,
            JobRow.name == TRANSCRIBE,
            JobRow.state == JobState.QUEUED,
        )
    )


def receive_upload(session: Session, file_id: int, *, now: datetime) -> None:
    """Have an uploaded file imported: the row stands, the file is stored, a job reads it."""
    jobs.enqueue(session, "import_file", now=now, import_file_id=file_id)


def _import_upload(upload: uploads.Upload, runtime: Runtime, progress: Progress) -> None:
    uploads.import_upload(upload, runtime, probe=media.probe, progress=progress)


def _draw_due(dues: Sequence[nightly.Due], runtime: Runtime, progress: Progress) -> None:
    """Make each nightly draw in a transaction of its own; a day without calls is no failure.

    What keeps one plan from its draw, such as a scorecard that was retired, is raised at the end:
    the other plans, of other sites too, have theirs by then.
    """
    now, kept_from = runtime.clock.now(), None
    for done, due in enumerate(dues, start=1):
        try:
            with write_session(runtime.engine) as session:
                plan = session.get_one(SamplePlan, due.plan_id)
                draw(session, runtime, plan, due.start, due.end, now=now, actor=None)
        except DomainError as error:
            if error.code not in {"frame_empty", "draw_exists"}:
                kept_from = kept_from or error
        progress(done, len(dues))
    if kept_from is not None:
        raise kept_from


def _lapse(session: Session, runtime: Runtime, _result: Any, _attempt: int) -> None:
    assessments.lapse_assessments(session, now=runtime.clock.now())
    evaluation.tell_lapsed(session, now=runtime.clock.now())


def _settle_live(session: Session, runtime: Runtime, _result: Any, _attempt: int) -> None:
    evaluation.settle_live(session, now=runtime.clock.now())


def _as_given(_session: Session, _runtime: Runtime, ids: Mapping[str, Any]) -> Mapping[str, Any]:
    return ids


def _alone(work: Callable[[Runtime, Progress], object]) -> Job:
    """Make a job whose work keeps its own short transactions and leaves nothing to save."""

    def run(_ids: Any, runtime: Runtime, progress: Progress) -> None:
        work(runtime, progress)

    return Job(load=_as_given, work=run, save=_nothing)


def _nothing(_session: Session, _runtime: Runtime, _result: Any, _attempt: int) -> None:
    pass


JOBS: Mapping[str, Job] = {
    TRANSCRIBE: Job(
        load=transcription.load,
        work=transcription.work,
        save=reading.save_transcript,
        fail=transcription.fail,
        queue="transcription",
        waits_for=frozenset({"weights_missing", "weights_incomplete", "weights_damaged"}),
    ),
    "prepare_media": Job(load=copies.load, work=copies.work, save=copies.save),
    redaction.JOB: Job(load=redaction.load, work=reading.mute, save=redaction.save),
    "look_through": _alone(reading.look_through),
    "import_file": Job(load=uploads.load, work=_import_upload, save=_nothing, fail=uploads.fail),
    "fill_phrases": Job(load=_as_given, work=reading.fill_phrases, save=_nothing),
    "try_phrases": Job(
        load=_as_given, work=reading.run_trial, save=_nothing, fail=reading.trial_failed
    ),
    "nightly_draws": Job(
        load=lambda session, runtime, _ids: nightly.due_draws(session, runtime.clock.now()),
        work=_draw_due,
        save=_nothing,
    ),
    "lapse_assessments": Job(
        load=lambda _session, _runtime, ids: ids,
        work=lambda _ids, _runtime, _progress: None,
        save=_lapse,
    ),
    "remind": Job(
        load=_as_given,
        work=lambda _ids, _runtime, _progress: None,
        save=lambda session, runtime, _result, _attempt: reminders.remind(
            session, now=runtime.clock.now()
        ),
    ),
    "send_mail": Job(
        load=lambda session, runtime, _ids: reminders.letters(
            session, runtime, now=runtime.clock.now()
        ),
        work=reminders.send,
        save=_nothing,
    ),
    "settle_live": Job(
        load=lambda _session, _runtime, ids: ids,
        work=lambda _ids, _runtime, _progress: None,
        save=_settle_live,
    ),
    "refresh_search": _alone(
        lambda runtime, progress: search.refresh(runtime.engine, runtime.clock.now(), progress)
    ),
    "scrub": _alone(forgetting.scrub),
    "rebuild_measures": _alone(
        lambda runtime, progress: measures.rebuild_dirty(runtime.engine, progress)
    ),
    "retention": _alone(
        lambda runtime, _progress: retention.run_retention(
            runtime.engine, runtime.storage, runtime.clock.now()
        )
    ),
}

SCHEDULES: Sequence[Schedule] = (
    Schedule(job="rebuild_measures", every=timedelta(minutes=1)),
    # After an upgrade there are transcripts that nobody has looked through; else there is nothing.
    Schedule(job="look_through", every=timedelta(minutes=5)),
    Schedule(job="lapse_assessments", every=timedelta(hours=1)),
    # Calls heard live come with the next import.
    Schedule(job="settle_live", every=timedelta(minutes=15)),
    # What came by other ways than a transcription: transcripts of before, masks that changed.
    Schedule(job="refresh_search", every=timedelta(hours=1)),
    # Every hour, since sites keep different clocks: a plan is due in its own site's night.
    Schedule(job="nightly_draws", every=timedelta(hours=1)),
    Schedule(job="retention", at=time(1, 30)),
    # The end of the night where most sites lie; what it says changes once a day.
    Schedule(job="remind", at=time(22, 30)),
    Schedule(job="send_mail", every=timedelta(minutes=10)),
)


def waiting(session: Session, name: str) -> int:
    """Return how many jobs of a name wait or run."""
    active = (JobState.QUEUED, JobState.RUNNING)
    jobs_ = select(func.count()).where(JobRow.name == name, JobRow.state.in_(active))
    return session.scalar(jobs_) or 0
