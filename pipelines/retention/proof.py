"""The proof of an erasure: counted before anything goes, written with what is left and why."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from models.calibration import CalibrationItem
from models.calls import Call, Leg, MediaFile, Recording, Survey
from models.coaching import CoachingSession, HelpRequest, ReviewCause
from models.conversations import Conversation
from models.disputes import DisputeItem
from models.operations import Listening
from models.people import User
from models.phrases import PhraseHit
from models.practice import PracticeAttempt, QuizItem
from models.reviewing import ReviewRequest
from models.reviews import (
    Answer,
    Exemplar,
    Objection,
    Review,
    ReviewRevision,
    SelfAssessment,
    Task,
)
from models.rights import CallAccess, ErasureProof, RightsRequest
from models.samples import DrawnCall
from models.search import SearchEntry
from models.transcripts import Transcript, Turn
from models.vocab import RecordingState
from pipelines.retention.rules import proof_digest


def counted(session: Session, call_ids: Collection[int]) -> dict[str, int]:
    """Count what of these calls an erasure deletes or empties, by kind; nothing of none."""
    of_calls = Recording.call_id.in_(call_ids)
    recordings = select(Recording.id).where(of_calls)
    transcripts = select(Transcript.id).where(Transcript.recording_id.in_(recordings))
    legs = select(Leg.id).where(Leg.call_id.in_(call_ids))
    reviews = select(Review.id).where(Review.leg_id.in_(legs))
    own = select(SelfAssessment.id).where(SelfAssessment.leg_id.in_(legs))
    revisions = select(ReviewRevision.id).where(ReviewRevision.review_id.in_(reviews))
    items = select(QuizItem.id).where(QuizItem.leg_id.in_(legs))
    tasks = select(Task.id).where(Task.leg_id.in_(legs))
    kinds: dict[str, tuple[Any, ColumnElement[bool]]] = {
        "numbers_of_calls": (Call.id, Call.id.in_(call_ids)),
        "recordings": (Recording.id, of_calls & (Recording.state != RecordingState.ERASED)),
        "files": (MediaFile.id, MediaFile.recording_id.in_(recordings)),
        "transcripts": (Transcript.id, Transcript.recording_id.in_(recordings)),
        "turns": (Turn.id, Turn.transcript_id.in_(transcripts)),
        "measures": (Conversation.id, Conversation.transcript_id.in_(transcripts)),
        "search_entries": (SearchEntry.transcript_id, SearchEntry.call_id.in_(call_ids)),
        "phrase_hits": (PhraseHit.id, PhraseHit.transcript_id.in_(transcripts)),
        "exemplars": (Exemplar.id, Exemplar.leg_id.in_(legs) | Exemplar.review_id.in_(reviews)),
        "quiz_references": (QuizItem.id, QuizItem.leg_id.in_(legs)),
        "practice_sheets": (PracticeAttempt.id, PracticeAttempt.item_id.in_(items)),
        "words_of_reviews": (Review.id, Review.leg_id.in_(legs)),
        "words_of_self_assessments": (SelfAssessment.id, SelfAssessment.leg_id.in_(legs)),
        "comments": (
            Answer.id,
            or_(Answer.revision_id.in_(revisions), Answer.self_assessment_id.in_(own)),
        ),
        "objections": (Objection.id, Objection.review_id.in_(reviews)),
        "disputed_criteria": (DisputeItem.id, DisputeItem.review_id.in_(reviews)),
        "causes": (ReviewCause.id, ReviewCause.review_id.in_(reviews)),
        "talks": (
            CoachingSession.id,
            or_(CoachingSession.leg_id.in_(legs), CoachingSession.review_id.in_(reviews)),
        ),
        "help_requests": (HelpRequest.id, HelpRequest.leg_id.in_(legs)),
        "calibration_references": (CalibrationItem.id, CalibrationItem.leg_id.in_(legs)),
        "asked_reviews": (ReviewRequest.id, ReviewRequest.task_id.in_(tasks)),
        "skip_reasons": (Task.id, Task.leg_id.in_(legs) & Task.skip_reason.not_in([""])),
        "survey_replies": (Survey.id, Survey.call_id.in_(call_ids) & Survey.reply.is_not(None)),
    }
    return {
        name: session.scalar(select(func.count(column)).where(condition)) or 0
        for name, (column, condition) in kinds.items()
    }


def file_hashes(session: Session, recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """Return kind, SHA-256 and size of every stored file of these recordings."""
    rows = session.execute(
        select(MediaFile.kind, MediaFile.sha256, MediaFile.size_bytes)
        .where(MediaFile.recording_id.in_([recording.id for recording in recordings]))
        .order_by(MediaFile.id)
    )
    return [{"kind": kind.value, "sha256": sha256, "bytes": size} for kind, sha256, size in rows]


def remaining(session: Session, call_ids: Collection[int]) -> dict[str, int]:
    """Count what stays of these calls; pages say why (``qa_app.rights.words.REMAINS``)."""
    legs = select(Leg.id).where(Leg.call_id.in_(call_ids))
    recordings = select(Recording.id).where(Recording.call_id.in_(call_ids))
    kinds: dict[str, tuple[Any, ColumnElement[bool]]] = {
        "call_records": (Call.id, Call.id.in_(call_ids)),
        "scores": (Review.id, Review.leg_id.in_(legs) & Review.current_revision_id.is_not(None)),
        "drawn_calls": (DrawnCall.id, DrawnCall.call_id.in_(call_ids)),
        "listenings": (Listening.id, Listening.recording_id.in_(recordings)),
        "accesses": (CallAccess.id, CallAccess.call_id.in_(call_ids)),
    }
    return {
        name: session.scalar(select(func.count(column)).where(condition)) or 0
        for name, (column, condition) in kinds.items()
    }


def write(
    session: Session,
    *,
    subject_uid: uuid.UUID,
    deleted: Mapping[str, int],
    files: Sequence[Mapping[str, Any]],
    remains: Mapping[str, int],
    now: datetime,
    actor: uuid.UUID | None,
    request: RightsRequest | None,
    site_id: int | None,
) -> ErasureProof:
    """Keep the proof of an erasure, with the digest of its content."""
    by = session.scalar(select(User.id).where(User.uid == actor)) if actor else None
    proof = ErasureProof(
        request_id=request.id if request else None,
        site_id=request.site_id if request else site_id,
        subject_uid=subject_uid,
        deleted=dict(deleted),
        files=[dict(file) for file in files],
        remains=dict(remains),
        at=now,
        by_id=by,
        digest=proof_digest(subject_uid, deleted, files, remains, now),
    )
    session.add(proof)
    session.flush()
    return proof


def is_whole(proof: ErasureProof) -> bool:
    """Tell whether a proof still says what was written when the erasure was done."""
    return proof.digest == proof_digest(
        proof.subject_uid, proof.deleted, proof.files, proof.remains, proof.at
    )
