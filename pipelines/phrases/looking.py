"""Transcripts looked through: a new one as it is saved, past ones by a job, and tries of a draft.

Transcripts that failed, or of which the machine itself says that they are not to be relied on, are
never looked at: what is not known to be said gives no hit, present or absent. Nor are those that
nobody has looked through for personal data, and what is masked in the others is no word of theirs:
whoever writes a rule must not learn by it in which calls a number is said.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.orm import Session

from models.base import new_uid
from models.calls import Call, Recording
from models.operations import Job
from models.people import User
from models.phrases import PhraseHit, PhraseRule, PhraseTrial, PhraseVersion
from models.session import in_chunks, read_session, write_session
from models.transcripts import Transcript, Turn
from models.vocab import JobState, PhraseVersionState, TranscriptState
from pipelines.masking import masked_words
from pipelines.outcomes import DomainError
from pipelines.phrases.rules.finding import Conversation, Found, Spoken, look
from pipelines.phrases.rules.settings import RuleSettings
from pipelines.runtime import Progress

CHUNK = 50
"""Transcripts per transaction: a second's work at most, on calls of an hour."""

AT_ONCE_MS = 4 * 3_600_000
"""Talk that is tried while the person waits; more is a job. An hour takes well under 0.1 s."""

EXAMPLES = 10
UNSURE = 0.5
"""A hit with a word that the recogniser itself believes less than this is called unsure."""


def usable() -> ColumnElement[bool]:
    """Return the condition that a transcript may be looked through."""
    unscreened = exists().where(Turn.transcript_id == Transcript.id, Turn.masked_text.is_(None))
    return and_(Transcript.state == TranscriptState.DONE, Transcript.doubt.is_(None), ~unscreened)


# ---- new transcripts ---------------------------------------------------------------------------


def look_through(session: Session, transcript_id: int | None, *, now: datetime) -> int:
    """Find what the rules of its project find in a transcript that was just saved.

    What they had found in an earlier hearing of the recording goes; a person's verdict moves to the
    hit at the same place. Returns the number of hits; 0 for null (nothing was saved).
    """
    if transcript_id is None:
        return 0
    versions = session.scalars(
        _of_project(transcript_id).where(PhraseVersion.state == PhraseVersionState.ON)
    ).all()
    # Hits of versions that are off point into words that are no longer there.
    before = _forget(session, PhraseHit.transcript_id == transcript_id)
    if not versions:
        return 0
    return _find(session, [transcript_id], versions, before, now=now)


def look_again(session: Session, transcript_id: int, *, now: datetime) -> int:
    """Find anew what is found in a transcript in which other words are masked now.

    By the versions that are on, from their day on and as far as past calls have been filled in;
    and by those that had hits here, even if they are off, since the words are the same.
    """
    session.flush()
    own = PhraseHit.transcript_id == transcript_id
    due = or_(
        Transcript.made_at >= PhraseVersion.switched_on_at,
        PhraseVersion.filled_to >= transcript_id,
    )
    versions = session.scalars(
        _of_project(transcript_id).where(
            or_(
                exists().where(PhraseHit.version_id == PhraseVersion.id, own),
                and_(PhraseVersion.state == PhraseVersionState.ON, due),
            )
        )
    ).all()
    return _find(session, [transcript_id], versions, _forget(session, own), now=now)


def _of_project(transcript_id: int) -> Select[PhraseVersion]:
    """Select the versions in the project of a transcript, if that may be looked through."""
    return (
        select(PhraseVersion)
        .join(PhraseRule, PhraseRule.id == PhraseVersion.rule_id)
        .join(Call, Call.project_id == PhraseRule.project_id)
        .join(Recording, Recording.call_id == Call.id)
        .join(Transcript, Transcript.recording_id == Recording.id)
        .where(Transcript.id == transcript_id, usable())
    )


def _forget(session: Session, which: ColumnElement[bool]) -> list[PhraseHit]:
    """Remove hits and return those that somebody had judged."""
    judged = list(session.scalars(select(PhraseHit).where(which, PhraseHit.verdict.is_not(None))))
    for hit in judged:
        session.expunge(hit)
    session.execute(delete(PhraseHit).where(which).execution_options(synchronize_session=False))
    return judged


def _find(
    session: Session,
    transcript_ids: Collection[int],
    versions: Sequence[PhraseVersion],
    judged: Sequence[PhraseHit],
    *,
    now: datetime,
) -> int:
    settings = [(version.id, RuleSettings.from_json(version.settings)) for version in versions]
    rows: list[dict[str, Any]] = []
    for transcript_id, site_id, conversation in _conversations(session, transcript_ids):
        for version_id, rule in settings:
            for found in look(rule, conversation):
                known = _same(judged, version_id, transcript_id, found)
                rows.append(
                    {
                        "uid": new_uid(),
                        "version_id": version_id,
                        "transcript_id": transcript_id,
                        "site_id": site_id,
                        **values_of(found),
                        "party": found.party,
                        "found_at": now,
                        "verdict": known.verdict if known else None,
                        "judged_by_id": known.judged_by_id if known else None,
                        "judged_at": known.judged_at if known else None,
                    }
                )
    if rows:
        session.execute(insert(PhraseHit), rows)
    return len(rows)


def values_of(found: Found) -> dict[str, Any]:
    """Return a hit as plain values, without its words."""
    return {
        "party": found.party.value if found.party else None,
        "start_ms": found.start_ms,
        "end_ms": found.end_ms,
        "runs": [list(run) for run in found.runs],
        "absent": found.absent,
        "missing": list(found.missing),
        "probability": None if found.probability is None else round(found.probability, 3),
    }


def _same(
    judged: Sequence[PhraseHit], version_id: int, transcript_id: int, found: Found
) -> PhraseHit | None:
    """Return the judged hit of the same version that overlaps in time, if there is one."""
    for hit in judged:
        if (
            hit.version_id == version_id
            and hit.transcript_id == transcript_id
            and hit.absent == found.absent
            and hit.start_ms <= found.end_ms
            and found.start_ms <= hit.end_ms
        ):
            return hit
    return None


def _conversations(
    session: Session, transcript_ids: Collection[int]
) -> Iterator[tuple[int, int, Conversation]]:
    sites = {
        row.id: row.site_id
        for row in session.execute(
            select(Transcript.id, Transcript.site_id).where(Transcript.id.in_(transcript_ids))
        )
    }
    spoken: dict[int, list[Spoken]] = {transcript_id: [] for transcript_id in sites}
    rows = session.execute(
        select(
            Turn.transcript_id,
            Turn.position,
            Turn.party,
            Turn.start_ms,
            Turn.end_ms,
            Turn.words,
            Turn.masks,
        ).where(Turn.transcript_id.in_(list(sites)))
    )
    for transcript_id, position, party, start_ms, end_ms, words, masks in rows:
        said = masked_words(words, masks)
        spoken[transcript_id].append(Spoken(position, party, start_ms, end_ms, said))
    for transcript_id, turns in spoken.items():
        yield transcript_id, sites[transcript_id], Conversation(turns)


# ---- past transcripts --------------------------------------------------------------------------


def fill_past(engine: Engine, version_id: int, *, now: datetime, progress: Progress) -> None:
    """Look through the past transcripts of the project; goes on where a killed run stopped.

    Ends quietly when the version has been switched off meanwhile, or is gone.
    """
    with read_session(engine) as session:
        version = session.get(PhraseVersion, version_id)
        if version is None or version.state is not PhraseVersionState.ON:
            return
        every = _ids(session, version)
        left = [each for each in every if each > version.filled_to]

    def one_by_one() -> Iterator[int]:
        # Asked for between two transactions: while one is open nothing may be reported.
        for number, transcript_id in enumerate(left):
            if number % CHUNK == 0:
                progress(len(every) - len(left) + number, len(every))
            yield transcript_id

    def fill(session: Session, chunk: list[int]) -> None:
        usable_ones = _held(session, chunk)
        # Not the key: a transcript that is being saved points to the version with its hits.
        version = session.scalars(
            select(PhraseVersion)
            .where(PhraseVersion.id == version_id)
            .with_for_update(key_share=True)
        ).one_or_none()
        if version is None or version.state is not PhraseVersionState.ON:
            return
        own = (PhraseHit.version_id == version_id) & PhraseHit.transcript_id.in_(chunk)
        _find(session, usable_ones, [version], _forget(session, own), now=now)
        version.filled_to = chunk[-1]

    in_chunks(engine, one_by_one(), fill, size=CHUNK)
    with write_session(engine) as session:
        version = session.get(PhraseVersion, version_id)
        if version is not None and version.state is PhraseVersionState.ON:
            version.filled_at = now
    progress(len(every), len(every))


def _held(session: Session, chunk: Collection[int]) -> list[int]:
    """Return those of the transcripts that may still be looked through; none changes meanwhile.

    Whoever saves one anew holds it until its hits are there too. What is asked before the rows are
    held may be what was there before, so that it is asked again.
    """
    mine = select(Transcript.id).where(Transcript.id.in_(chunk)).order_by(Transcript.id)
    session.execute(mine.with_for_update())
    return list(session.scalars(mine.where(usable())))


def filling(session: Session, version: PhraseVersion) -> tuple[int, int] | None:
    """Return (done, total) of the job that fills a version's past in, while it waits or runs."""
    jobs = session.scalars(
        select(Job)
        .where(Job.name == "fill_phrases", Job.state.in_([JobState.QUEUED, JobState.RUNNING]))
        .order_by(Job.id.desc())
    )
    mine = (job for job in jobs if job.arguments.get("version_id") == version.id)
    job = next(mine, None)
    return (job.progress_done, job.progress_total) if job else None


def _ids(
    session: Session, version: PhraseVersion, start: date | None = None, end: date | None = None
) -> list[int]:
    """Return the usable transcripts of the version's project, in order of id."""
    return list(session.scalars(_past(version, start, end).order_by(Transcript.id)))


def _past(version: PhraseVersion, start: date | None, end: date | None) -> Any:
    statement = (
        select(Transcript.id)
        .join(Recording, Recording.id == Transcript.recording_id)
        .join(Call, Call.id == Recording.call_id)
        .join(PhraseRule, PhraseRule.project_id == Call.project_id)
        .where(PhraseRule.id == version.rule_id, usable())
    )
    if start and end:
        statement = statement.where(Call.local_date.between(start, end))
    return statement


# ---- tries before a version is switched on -------------------------------------------------------


def begin_trial(
    session: Session,
    version: PhraseVersion,
    start: date,
    end: date,
    *,
    now: datetime,
    actor: User | None,
) -> tuple[PhraseTrial, bool]:
    """Begin a try over the calls of a period, and tell whether it is done already.

    What takes less than a second is done at once; else ``run_trial`` goes on with it. Raises
    ``trial_period`` for an end before its start, ``trial_empty`` where nothing is to be looked at.
    """
    if end < start:
        raise DomainError("trial_period")
    ids = _ids(session, version, start, end)
    if not ids:
        raise DomainError("trial_empty")
    trial = PhraseTrial(
        version=version,
        site_id=version.rule.site_id,
        period_start=start,
        period_end=end,
        settings=version.settings,
        total=len(ids),
        examples=[],
        asked_by_id=actor.id if actor else None,
        asked_at=now,
        # Given here, since the sums grow before the row is read back.
        calls=0,
        calls_hit=0,
        hits=0,
        unsure=0,
        cursor=0,
    )
    session.add(trial)
    session.flush()
    wanted = _past(version, start, end).subquery()
    talk = select(func.coalesce(func.sum(Transcript.audio_ms), 0)).where(
        Transcript.id.in_(select(wanted.c.id))
    )
    if (session.scalar(talk) or 0) > AT_ONCE_MS:
        return trial, False
    _try(session, trial, ids)
    trial.cursor = ids[-1]
    trial.done_at = now
    session.flush()
    return trial, True


def run_trial(engine: Engine, trial_id: int, *, now: datetime, progress: Progress) -> None:
    """Go on with a try in transactions of its own; safe to repeat and to be killed."""
    with read_session(engine) as session:
        trial = session.get(PhraseTrial, trial_id)
        if trial is None or trial.done_at is not None:
            return
        every = _ids(session, trial.version, trial.period_start, trial.period_end)
        left = [each for each in every if each > trial.cursor]

    def one_by_one() -> Iterator[int]:
        for number, transcript_id in enumerate(left):
            if number % CHUNK == 0:
                progress(len(every) - len(left) + number, len(every))
            yield transcript_id

    def chunk_of(session: Session, chunk: list[int]) -> None:
        trial = session.get(PhraseTrial, trial_id)
        if trial is not None:
            # A call that came, or went, since the try was asked for changes what there is.
            trial.total = max(trial.total, trial.calls + len(chunk))
            _try(session, trial, _held(session, chunk))
            trial.cursor = chunk[-1]

    in_chunks(engine, one_by_one(), chunk_of, size=CHUNK)
    with write_session(engine) as session:
        trial = session.get(PhraseTrial, trial_id)
        if trial is not None:
            trial.done_at = now


def fail_trial(session: Session, ids: Mapping[str, Any], code: str) -> None:
    """Say on the try why its job failed."""
    trial = session.get(PhraseTrial, ids["trial_id"])
    if trial is not None:
        trial.error_code = code


def _try(session: Session, trial: PhraseTrial, transcript_ids: Sequence[int]) -> None:
    settings = RuleSettings.from_json(trial.settings)
    examples = list(trial.examples)
    attempts = {
        row.id: row.attempt
        for row in session.execute(
            select(Transcript.id, Transcript.attempt).where(Transcript.id.in_(transcript_ids))
        )
    }
    for transcript_id, _site_id, conversation in _conversations(session, transcript_ids):
        hits = look(settings, conversation)
        trial.calls += 1
        trial.hits += len(hits)
        trial.calls_hit += bool(hits)
        trial.unsure += sum(is_unsure(hit.probability) for hit in hits)
        # One of each call, so that ten examples are ten calls.
        attempt = attempts[transcript_id]
        examples += [
            {"transcript_id": transcript_id, "attempt": attempt, **values_of(hit)}
            for hit in hits[:1]
        ]
    trial.examples = examples[:EXAMPLES]


def is_unsure(probability: float | None) -> bool:
    """Tell whether the recogniser was unsure of a word of a hit."""
    return probability is not None and probability < UNSURE
