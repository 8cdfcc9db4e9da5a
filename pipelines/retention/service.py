"""The daily run that lets things go in time, and the rules that say when."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, delete, select
from sqlalchemy.orm import Session

from models import guards
from models.calls import Call, Leg, Project, Recording
from models.operations import AuditEntry, Listening, RetentionRule
from models.people import SignInAttempt, Site
from models.reviewing import LiveReview
from models.reviews import Review
from models.rights import CallAccess, RightsRequest
from models.session import in_chunks, read_session
from models.transcripts import HeardStretch, Transcript
from models.vocab import RecordingState, RetentionSubject
from pipelines import audit, moments
from pipelines.outcomes import DomainError
from pipelines.retention.files import Swept, sweep
from pipelines.retention.practice import delete_attempts
from pipelines.retention.recordings import expire_recording, kept_by_exemplar
from pipelines.retention.rules import Rule, cutoff, days_kept, log_days
from pipelines.retention.talks import delete_help, delete_notes
from pipelines.retention.tasks import clear_live, clear_task_words, legs_with_task_words, old_live
from pipelines.retention.views import clear_own_views
from pipelines.retention.words import clear_words, has_words
from pipelines.storage import Storage

_PER_TRANSACTION = 200
LONGEST_DAYS = 36_500
UNFINISHED = timedelta(days=7)
"""How long parts of a call may wait for their transcript: whoever wrote them will not go on."""


@dataclass(frozen=True)
class Retained:
    """What one run let go, and what the sweep of files found."""

    recordings: int
    transcripts: int
    reviews: int
    log_entries: int
    held: int
    files_removed: int
    rows_removed: int
    storage_away: bool


@dataclass(frozen=True)
class _Group:
    """A project of a site, with the rules that hold there."""

    site_id: int
    project_id: int
    rules: tuple[Rule, ...]

    def before(self, subject: RetentionSubject, now: datetime) -> datetime | None:
        return cutoff(days_kept(self.rules, self.project_id, subject), now)


def site_rules(session: Session, site_id: int) -> tuple[Rule, ...]:
    """Return the rules of a site and its projects."""
    rows = session.scalars(select(RetentionRule).where(RetentionRule.site_id == site_id))
    return tuple(Rule(row.project_id, row.subject, row.days) for row in rows)


def set_rule(
    session: Session,
    site: Site,
    project: Project | None,
    subject: RetentionSubject,
    days: int | None,
    *,
    now: datetime,
    actor: uuid.UUID | None,
) -> None:
    """Set, change or (``days`` null) remove the rule of a site or one of its projects.

    Raises ``DomainError`` ``bad_retention_days`` outside 1 to 36,500, ``project_elsewhere`` for
    another site's project, ``log_is_shared`` for a log rule of one project.
    """
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise DomainError("bad_retention_days", days=days, longest=LONGEST_DAYS)
    if project is not None and project.site_id != site.id:
        raise DomainError("project_elsewhere", project=project.code, site=site.code)
    if project is not None and subject is RetentionSubject.LOG:
        raise DomainError("log_is_shared")
    project_id = None if project is None else project.id
    row = session.scalar(
        select(RetentionRule).where(
            RetentionRule.site_id == site.id,
            RetentionRule.project_id.is_(None)
            if project_id is None
            else RetentionRule.project_id == project_id,
            RetentionRule.subject == subject,
        )
    )
    if days is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(
            RetentionRule(site_id=site.id, project_id=project_id, subject=subject, days=days)
        )
    else:
        row.days = days
    audit.record(
        session,
        now=now,
        actor=actor,
        action="retention.rule_set",
        subject="site",
        subject_uid=site.uid,
        project=None if project is None else str(project.uid),
        rule=subject.value,
        days=days,
    )
    session.flush()


def run_retention(engine: Engine, storage: Storage, now: datetime) -> Retained:
    """Let everything go whose time is over, in parts of some hundred rows, then sweep the files.

    Must be called without a session open. Safe to repeat and to be killed. A recording on legal
    hold keeps its audio, transcript and reviews. Ages count from the start of the call; logs from
    their entry.
    """
    with read_session(engine) as session:
        groups = list(_groups(session))
        held = len(_held(session, groups, now))
    recordings = transcripts = reviews = 0
    for group in groups:
        recordings += _expire_recordings(engine, storage, group, now)
        transcripts += _delete_transcripts(engine, group, now)
        reviews += _clear_reviews(engine, group, now)
        _clear_beside(engine, group, now)
        before = group.before(RetentionSubject.REVIEW, now)
        delete_help(engine, group.project_id, before)
        if before is not None:
            delete_attempts(engine, group.site_id, group.project_id, before)
            clear_own_views(engine, group.project_id, before)
    for site_id in {group.site_id for group in groups}:
        with read_session(engine) as session:
            days = days_kept(site_rules(session, site_id), None, RetentionSubject.REVIEW)
        delete_notes(engine, site_id, cutoff(days, now))
    _delete_unfinished(engine, now)
    log_entries = _delete_logs(engine, now)
    swept: Swept = sweep(engine, storage, now)
    return Retained(
        recordings=recordings,
        transcripts=transcripts,
        reviews=reviews,
        log_entries=log_entries,
        held=held,
        **asdict(swept),
    )


def _groups(session: Session) -> Iterator[_Group]:
    for site_id in session.scalars(select(Site.id).order_by(Site.id)).all():
        rules = site_rules(session, site_id)
        if not rules:
            continue
        for project_id in session.scalars(select(Project.id).where(Project.site_id == site_id)):
            yield _Group(site_id, project_id, rules)


def _held(session: Session, groups: Sequence[_Group], now: datetime) -> list[int]:
    found: list[int] = []
    for group in groups:
        before = group.before(RetentionSubject.RECORDING, now)
        if before is not None:
            found += session.scalars(
                select(Recording.id)
                .join(Call, Call.id == Recording.call_id)
                .where(*_old(group, before), Recording.legal_hold.is_not(None))
            )
    return found


def _old(group: _Group, before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Call.site_id == group.site_id,
        Call.project_id == group.project_id,
        Call.started_at < before,
    )


def _expire_recordings(engine: Engine, storage: Storage, group: _Group, now: datetime) -> int:
    before = group.before(RetentionSubject.RECORDING, now)
    if before is None:
        return 0
    # A transcript without a rule of its own goes with the voice it was made from.
    with_transcript = group.before(RetentionSubject.TRANSCRIPT, now) is None
    with read_session(engine) as session:
        ids = session.scalars(
            select(Recording.id)
            .join(Call, Call.id == Recording.call_id)
            .where(
                *_old(group, before),
                Recording.state == RecordingState.PRESENT,
                Recording.legal_hold.is_(None),
                ~kept_by_exemplar(now),
            )
            .order_by(Recording.id)
        ).all()
    done = 0

    def expire(session: Session, chunk: list[int]) -> None:
        nonlocal done
        # Asked again, since a hold may have been set meanwhile.
        for recording in session.scalars(
            select(Recording)
            .where(Recording.id.in_(chunk), Recording.legal_hold.is_(None), ~kept_by_exemplar(now))
            .order_by(Recording.id)
        ):
            expire_recording(session, storage, recording, now=now, with_transcript=with_transcript)
            done += 1

    in_chunks(engine, ids, expire, size=_PER_TRANSACTION)
    return done


def _delete_transcripts(engine: Engine, group: _Group, now: datetime) -> int:
    before = group.before(RetentionSubject.TRANSCRIPT, now)
    if before is None:
        return 0
    with read_session(engine) as session:
        ids = session.scalars(
            select(Transcript.id)
            .join(Recording, Recording.id == Transcript.recording_id)
            .join(Call, Call.id == Recording.call_id)
            .where(*_old(group, before), Recording.legal_hold.is_(None))
            .order_by(Recording.id)
        ).all()

    def remove(session: Session, chunk: list[int]) -> None:
        # Held, so that no mask is changed meanwhile; and a hold may have been set.
        about = select(Transcript.recording_id).where(Transcript.id.in_(chunk))
        recordings = session.scalars(
            select(Recording)
            .where(Recording.id.in_(about), Recording.legal_hold.is_(None))
            .order_by(Recording.id)
            .with_for_update()
        ).all()
        for recording in recordings:
            if recording.state is RecordingState.PRESENT:
                moments.remember(session, recording)
        held = [recording.id for recording in recordings]
        if not held:
            return
        session.execute(delete(Transcript).where(Transcript.recording_id.in_(held)))
        audit.record(
            session,
            now=now,
            actor=None,
            action="retention.transcripts_deleted",
            subject="transcript",
            count=len(held),
        )

    in_chunks(engine, ids, remove, size=_PER_TRANSACTION)
    return len(ids)


def words_are_over(session: Session, recording: Recording, now: datetime) -> bool:
    """Tell whether a transcript of this recording would be deleted at once, by its age."""
    return recording.id in words_over(session, [recording.id], now)


def words_over(session: Session, recording_ids: Sequence[int], now: datetime) -> set[int]:
    """Return those of the recordings whose transcript would be deleted at once, by its age."""
    found: set[int] = set()
    rows = session.execute(
        select(Recording.id, Call.site_id, Call.project_id, Call.started_at)
        .join(Call, Call.id == Recording.call_id)
        .where(Recording.id.in_(recording_ids), Recording.legal_hold.is_(None))
    ).all()
    groups = {
        (site_id, project_id): _Group(site_id, project_id, site_rules(session, site_id))
        for site_id, project_id in {(row.site_id, row.project_id) for row in rows}
    }
    for row in rows:
        before = groups[row.site_id, row.project_id].before(RetentionSubject.TRANSCRIPT, now)
        if before is not None and row.started_at < before:
            found.add(row.id)
    return found


def _delete_unfinished(engine: Engine, now: datetime) -> None:
    old = HeardStretch.made_at < now - UNFINISHED
    with read_session(engine) as session:
        ids = session.scalars(select(HeardStretch.id).where(old)).all()

    def remove(session: Session, chunk: list[int]) -> None:
        session.execute(delete(HeardStretch).where(HeardStretch.id.in_(chunk), old))

    in_chunks(engine, ids, remove, size=_PER_TRANSACTION)


def _clear_reviews(engine: Engine, group: _Group, now: datetime) -> int:
    before = group.before(RetentionSubject.REVIEW, now)
    if before is None:
        return 0
    with read_session(engine) as session:
        ids = session.scalars(
            select(Review.id)
            .join(Leg, Leg.id == Review.leg_id)
            .join(Call, Call.id == Leg.call_id)
            .outerjoin(Recording, Recording.call_id == Call.id)
            .where(*_old(group, before), Recording.legal_hold.is_(None), has_words())
        ).all()

    def clear(session: Session, chunk: list[int]) -> None:
        reviews = session.scalars(select(Review).where(Review.id.in_(chunk))).all()
        clear_words(session, reviews, "retention", people=True)
        audit.record(
            session,
            now=now,
            actor=None,
            action="retention.reviews_made_anonymous",
            subject="review",
            count=len(chunk),
        )

    in_chunks(engine, ids, clear, size=_PER_TRANSACTION)
    return len(ids)


def _clear_beside(engine: Engine, group: _Group, now: datetime) -> None:
    """Clear what stands beside reviews: why they were asked for or skipped, and live ones."""
    before = group.before(RetentionSubject.REVIEW, now)
    if before is None:
        return
    with read_session(engine) as session:
        legs = session.scalars(
            select(Leg.id)
            .join(Call, Call.id == Leg.call_id)
            .outerjoin(Recording, Recording.call_id == Call.id)
            .where(*_old(group, before), Recording.legal_hold.is_(None), legs_with_task_words())
        ).all()
        heard = session.scalars(
            select(LiveReview.id).where(old_live(group.site_id, group.project_id, before))
        ).all()
    in_chunks(engine, legs, clear_task_words, size=_PER_TRANSACTION)
    in_chunks(engine, heard, clear_live, size=_PER_TRANSACTION)


def _delete_logs(engine: Engine, now: datetime) -> int:
    with read_session(engine) as session:
        days = log_days(
            days_kept(site_rules(session, site_id), None, RetentionSubject.LOG)
            for site_id in session.scalars(select(Site.id)).all()
        )
        before = cutoff(days, now)
        if before is None:
            return 0
        entries = session.scalars(select(AuditEntry.id).where(AuditEntry.at < before)).all()
        heard = session.scalars(select(Listening.id).where(Listening.opened_at < before)).all()

    def remove_entries(session: Session, chunk: list[int]) -> None:
        with guards.erasure(session, "retention"):
            session.execute(delete(AuditEntry).where(AuditEntry.id.in_(chunk)))

    def remove_rest(session: Session, chunk: list[int]) -> None:
        session.execute(delete(Listening).where(Listening.id.in_(chunk)))
        session.execute(delete(CallAccess).where(CallAccess.at < before))
        # Answered requests hold people's words; proofs of erasure hold none and stay.
        session.execute(delete(RightsRequest).where(RightsRequest.closed_at < before))
        session.execute(delete(SignInAttempt).where(SignInAttempt.at < before))

    in_chunks(engine, entries, remove_entries, size=5 * _PER_TRANSACTION)
    in_chunks(engine, heard or [0], remove_rest, size=5 * _PER_TRANSACTION)
    return len(entries) + len(heard)
