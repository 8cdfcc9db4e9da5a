"""What is read out of a transcript: how the call went, personal data, phrases, the search's index.

All of it stands in the same transaction as the transcript itself, so that no page ever shows words
that nobody has looked through.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from models.people import User
from models.phrases import PhraseTrial, PhraseVersion
from models.session import in_chunks, read_session
from models.transcripts import Transcript
from pipelines import jobs, moments
from pipelines.conversation import service as conversation
from pipelines.phrases import looking
from pipelines.phrases import service as phrases
from pipelines.redaction import service as redaction
from pipelines.runtime import Progress, Runtime
from pipelines.search import service as search
from pipelines.transcription import service as transcription
from pipelines.transcription.sound import copies

_PER_TRANSACTION = 20


def save_transcript(
    session: Session, runtime: Runtime, result: transcription.Result, attempt: int
) -> None:
    """Store what was heard, and what other stages read out of it, in one transaction."""
    before = redaction.hidden_before(session, result.material.recording_id)
    transcript_id = transcription.save(session, runtime, result, attempt)
    if transcript_id is None:
        return
    conversation.measure(session, transcript_id)
    mask(session, runtime, transcript_id, before)
    looking.look_through(session, transcript_id, now=runtime.clock.now())


def switch_on_phrases(
    session: Session,
    version: PhraseVersion,
    *,
    past: bool,
    now: datetime,
    actor: User | None,
) -> None:
    """Switch a phrase rule on; with ``past`` a job looks through the calls before it."""
    phrases.switch_on(session, version, now=now, actor=actor)
    if past:
        jobs.enqueue(session, "fill_phrases", now=now, version_id=version.id)


def try_phrases(
    session: Session,
    version: PhraseVersion,
    period_start: date,
    period_end: date,
    *,
    now: datetime,
    actor: User | None,
) -> PhraseTrial:
    """Try a phrase rule over past calls: at once, or by a job where that would take long."""
    trial, done = looking.begin_trial(
        session, version, period_start, period_end, now=now, actor=actor
    )
    if not done:
        jobs.enqueue(session, "try_phrases", now=now, trial_id=trial.id)
    return trial


def mask(
    session: Session,
    runtime: Runtime,
    transcript_id: int,
    before: moments.Moments | None = None,
) -> None:
    """Look a transcript through for personal data, and have a muted copy made if there is any."""
    kinds = runtime.masked_kinds
    if redaction.look_through(session, transcript_id, kinds, before=before):
        recording_id = session.get_one(Transcript, transcript_id).recording_id
        jobs.enqueue(session, redaction.JOB, now=runtime.clock.now(), recording_id=recording_id)
    search.index(session, transcript_id, now=runtime.clock.now())


def look_through(runtime: Runtime, progress: Progress, *, again: bool = False) -> int:
    """Look through the transcripts that nobody has, or through all ``again``; return how many.

    After an upgrade those are all that were there before; after a change of settings, all.
    """
    with read_session(runtime.engine) as session:
        find = redaction.all_transcripts if again else redaction.not_looked_through
        waiting = find(session)

    def one_by_one() -> Iterator[int]:
        # Asked for between two transactions: while one is open nothing may be reported.
        for done, transcript_id in enumerate(waiting):
            if done and done % _PER_TRANSACTION == 0:
                progress(done, len(waiting))
            yield transcript_id

    def look(session: Session, chunk: list[int]) -> None:
        for transcript_id in chunk:
            mask(session, runtime, transcript_id)
            looking.look_again(session, transcript_id, now=runtime.clock.now())

    in_chunks(runtime.engine, one_by_one(), look, size=_PER_TRANSACTION)
    if waiting:
        progress(len(waiting), len(waiting))
    return len(waiting)


def hide_words(
    session: Session, transcript: Transcript, place: tuple[int, int, int], **who: Any
) -> None:
    """Hide words by hand, and have the muted copy made anew; ``who``: see ``redaction.hide``."""
    redaction.hide(session, transcript, place, **who)
    jobs.enqueue(session, redaction.JOB, now=who["now"], recording_id=transcript.recording_id)
    search.index(session, transcript.id, now=who["now"])
    looking.look_again(session, transcript.id, now=who["now"])


def show_words(
    session: Session, transcript: Transcript, place: tuple[int, int, int], **who: Any
) -> None:
    """Take a false mask away, and have the muted copy made anew."""
    redaction.show(session, transcript, place, **who)
    jobs.enqueue(session, redaction.JOB, now=who["now"], recording_id=transcript.recording_id)
    search.index(session, transcript.id, now=who["now"])
    looking.look_again(session, transcript.id, now=who["now"])


def mute(source: redaction.Source, runtime: Runtime, progress: Progress) -> redaction.Muted:
    """Make the muted copy of a recording."""
    return redaction.work(source, runtime, progress, copies.write_playback, copies.PLAYBACK_RATE)


def fill_phrases(ids: Mapping[str, Any], runtime: Runtime, progress: Progress) -> None:
    """Look through the calls before a rule was switched on."""
    looking.fill_past(runtime.engine, ids["version_id"], now=runtime.clock.now(), progress=progress)


def run_trial(ids: Mapping[str, Any], runtime: Runtime, progress: Progress) -> None:
    """Run the trial of a phrase rule that would have kept a person waiting."""
    looking.run_trial(runtime.engine, ids["trial_id"], now=runtime.clock.now(), progress=progress)


def trial_failed(
    session: Session,
    _runtime: Runtime,
    ids: Mapping[str, Any],
    code: str,
    _params: dict[str, Any],
    _attempt: int,
) -> None:
    """Note on a trial that it failed."""
    looking.fail_trial(session, ids, code)
