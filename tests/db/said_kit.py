"""Words about a call, in every table that holds some beside the reviews: planted, to be erased."""

from typing import Any

from sqlalchemy.orm import Session

from models.calibration import CalibrationItem, CalibrationRound
from models.coaching import (
    CoachingSession,
    CoachingStep,
    HelpAnswer,
    HelpRequest,
    ReviewCause,
)
from models.disputes import Dispute, DisputeItem
from models.practice import Playlist, PlaylistItem, PracticeAttempt, Quiz, QuizItem
from models.reviews import Exemplar, Review
from models.vocab_learning import CoachingKind, DisputeReason, HelpKind
from tests import factories as make
from tests.factories import NOW

TABLES = frozenset(
    {
        "dispute_item",
        "help_request",
        "help_answer",
        "review_cause",
        "coaching_session",
        "coaching_step",
        "playlist_item",
        "quiz_item",
        "practice_attempt",
        "calibration_item",
    }
)


def say_everywhere(session: Session, review: Review, exemplar: Exemplar, said: str) -> None:
    """Write the words into one row of each table, and talks both about the review and the leg."""
    leg, version = review.leg, review.version_id
    criterion = exemplar.criterion_id or 0
    entry = {"answer": said, "comment": said, "evidence": [{"start_ms": 0, "words": said}]}
    at: dict[str, Any] = {"site_id": leg.site_id}
    talk: dict[str, Any] = {
        **at,
        "agent_id": leg.agent_id,
        "kind": CoachingKind.TALK,
        "held_on": NOW.date(),
        "words": said,
        "agent_words": said,
        "created_at": NOW,
    }
    session.add_all(
        [
            Dispute(
                **at,
                review_id=review.id,
                agent_id=leg.agent_id,
                raised_at=NOW,
                due_at=NOW,
                before_id=review.current_revision_id,
                items=[
                    DisputeItem(
                        review_id=review.id,
                        criterion_id=criterion,
                        reason=DisputeReason.OVERLOOKED,
                        words=said,
                        answer=said,
                        evidence=[{"words": said}],
                    )
                ],
            ),
            HelpRequest(
                **at,
                leg_id=leg.id,
                agent_id=leg.agent_id,
                kind=HelpKind.ANSWER,
                words=said,
                asked_at=NOW,
                answers=[HelpAnswer(words=said, at=NOW)],
            ),
            ReviewCause(**at, review_id=review.id, code="x", text={"en": "x"}, words=said, at=NOW),
            CoachingSession(**talk, review_id=review.id, steps=[CoachingStep(words=said)]),
            CoachingSession(**talk, leg_id=leg.id, steps=[CoachingStep(words=said)]),
            Playlist(
                **at,
                title="x",
                made_at=NOW,
                items=[PlaylistItem(exemplar_id=exemplar.id, position=1, note=said)],
            ),
            CalibrationRound(
                **at,
                version_id=version,
                title="x",
                due_at=NOW,
                created_at=NOW,
                items=[
                    CalibrationItem(
                        leg_id=leg.id,
                        position=1,
                        reference={"greeting": {**entry, "answer": "yes"}, "note": entry},
                        points={},
                        words=said,
                        # Agreed: even what never changes loses its words.
                        earned=5,
                        attainable=5,
                        agreed_at=NOW,
                    )
                ],
            ),
        ]
    )
    item = QuizItem(
        position=1,
        leg_id=leg.id,
        review_id=review.id,
        why=said,
        reference={"note": entry},
        saved_at=NOW,
    )
    session.add(
        Quiz(
            **at, title="x", version_id=version, criteria=[], due_at=NOW, made_at=NOW, items=[item]
        )
    )
    session.flush()
    session.add(
        PracticeAttempt(
            item_id=item.id,
            user_id=make.make_user(session).id,
            sheet={"note": entry},
            compared={},
            started_at=NOW,
            saved_at=NOW,
        )
    )
    session.flush()
