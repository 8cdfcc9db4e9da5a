"""What agents said of their own calls: its words go in time, as those of reviews do."""

from datetime import datetime

from sqlalchemy import Engine, Text, cast, exists, or_, select
from sqlalchemy.orm import Session

from models import guards
from models.calls import Call, Leg, Recording
from models.reviews import Answer, SelfAssessment
from models.session import in_chunks, read_session
from models.vocab import AssessmentState
from pipelines.retention.words import clear_answers

_PER_TRANSACTION = 200


def clear_own_views(engine: Engine, project_id: int, before: datetime) -> None:
    """Clear self-assessments of a project's calls from before a moment, but for held ones."""
    says = exists().where(
        Answer.self_assessment_id == SelfAssessment.id,
        or_(Answer.comment != "", cast(Answer.evidence, Text) != "[]"),
    )
    old = (
        select(SelfAssessment.id)
        .join(Leg, Leg.id == SelfAssessment.leg_id)
        .join(Call, Call.id == Leg.call_id)
        .outerjoin(Recording, Recording.call_id == Call.id)
        .where(
            Call.project_id == project_id,
            Call.started_at < before,
            Recording.legal_hold.is_(None),
            SelfAssessment.state != AssessmentState.ASKED,
            or_(says, cast(SelfAssessment.draft, Text) != "{}"),
        )
    )
    with read_session(engine) as session:
        ids = session.scalars(old).all()

    def clear(session: Session, chunk: list[int]) -> None:
        with guards.erasure(session, "retention"):
            for own in session.scalars(select(SelfAssessment).where(SelfAssessment.id.in_(chunk))):
                own.draft = {}
            clear_answers(session, Answer.self_assessment_id.in_(chunk))
            session.flush()

    in_chunks(engine, ids, clear, size=_PER_TRANSACTION)
