"""What an agent sees of the own calls: what is asked, what is in, what may be assessed unasked."""

import datetime as dt
import uuid
from dataclasses import dataclass

from flask import abort
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from models.calls import Call, Leg
from models.reviews import Review, SelfAssessment
from models.scorecards import ScorecardVersion
from models.vocab import AssessmentState, ReviewState, VersionState
from models.vocab_learning import DisputeState
from pipelines.review import rules
from pipelines.review.assessments import facts_of
from pipelines.scoring.service import version_rule
from qa_app.access import Action, Person, load, visible
from qa_app.calls.player import PlayerView, Purpose
from qa_app.feedback.queries import dispute_states
from qa_app.guides.beside import GuideBeside, guides_beside
from qa_app.reviews.queries import CallFacts, call_facts, player_of, said_in, with_leg
from qa_app.reviews.sheets import SheetView, form_for, view_sheet

PAGE_SIZE = 25


@dataclass(frozen=True)
class Asked:
    """A self-assessment that can still be given."""

    uid: uuid.UUID
    call: CallFacts
    due_at: dt.datetime | None
    answered: int
    voluntary: bool


@dataclass(frozen=True)
class OwnCall:
    """One of the agent's own legs, and where judging it stands.

    ``state`` of a verdict that may be seen is new, read, disputed or decided; else empty.
    """

    leg_uid: uuid.UUID
    call: CallFacts
    assessment: AssessmentState | None
    feedback: uuid.UUID | None
    may_begin: bool
    state: str = ""


@dataclass(frozen=True)
class IndexPage:
    """My calls: what is asked of me, then everything."""

    asked: tuple[Asked, ...]
    calls: tuple[OwnCall, ...]
    page: int
    pages: int


@dataclass(frozen=True)
class WritePage:
    """The self-assessment form beside the recording."""

    uid: uuid.UUID
    call: CallFacts
    sheet: SheetView
    saved_at: dt.datetime | None
    due_at: dt.datetime | None
    voluntary: bool
    player: PlayerView | None
    leg_uid: uuid.UUID
    guides: tuple[GuideBeside, ...]


def index_page(session: Session, person: Person, now: dt.datetime, page: int) -> IndexPage:
    """Gather an agent's calls, newest first, with what is asked of them on top."""
    asked = session.scalars(
        visible(person, SelfAssessment, Action.ASSESSMENTS_WRITE)
        .where(SelfAssessment.state == AssessmentState.ASKED)
        .options(*with_leg(SelfAssessment.leg))
        .order_by(SelfAssessment.due_at.is_(None), SelfAssessment.due_at, SelfAssessment.id)
    ).unique()
    legs = visible(person, Leg, Action.ASSESSMENTS_WRITE).where(Leg.talk_ms > 0)
    total = session.scalar(select(func.count()).select_from(legs.subquery())) or 0
    rows = session.scalars(
        legs.options(
            joinedload(Leg.agent),
            joinedload(Leg.call).joinedload(Call.site),
            joinedload(Leg.call).joinedload(Call.project),
        )
        .order_by(Leg.started_at.desc(), Leg.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    ).all()
    return IndexPage(
        asked=tuple(_asked(row) for row in asked if rules.assessment_is_open(facts_of(row), now)),
        calls=_own_calls(session, person, rows, now),
        page=page,
        pages=-(-total // PAGE_SIZE),
    )


def _asked(row: SelfAssessment) -> Asked:
    return Asked(
        uid=row.uid,
        call=call_facts(row.leg),
        due_at=row.due_at,
        answered=sum(entry.get("answer") is not None for entry in row.draft.values()),
        voluntary=row.voluntary,
    )


def _own_calls(
    session: Session, person: Person, legs: list[Leg], now: dt.datetime
) -> tuple[OwnCall, ...]:
    ids = [leg.id for leg in legs]
    own = {
        row.leg_id: row
        for row in session.scalars(
            visible(person, SelfAssessment, Action.ASSESSMENTS_WRITE).where(
                SelfAssessment.leg_id.in_(ids)
            )
        )
    }
    verdicts = {
        review.leg_id: review
        for review in session.scalars(
            visible(person, Review, Action.FEEDBACK_READ)
            .where(Review.leg_id.in_(ids), Review.state == ReviewState.SUBMITTED)
            .order_by(Review.submitted_at.desc())
        )
    }
    with_card = set(
        session.scalars(
            select(ScorecardVersion.scorecard_id).where(
                ScorecardVersion.state == VersionState.PUBLISHED
            )
        )
    )
    disputed = dispute_states(session, [review.id for review in verdicts.values()])
    calls = []
    for leg in legs:
        assessment, review = own.get(leg.id), verdicts.get(leg.id)
        visible_now = review is not None and rules.verdict_is_visible(
            review.state, facts_of(assessment), now
        )
        calls.append(
            OwnCall(
                leg_uid=leg.uid,
                call=call_facts(leg),
                assessment=assessment.state if assessment else None,
                feedback=review.uid if review is not None and visible_now else None,
                may_begin=assessment is None and leg.call.project.scorecard_id in with_card,
                state=_state(review, disputed) if review is not None and visible_now else "",
            )
        )
    return tuple(calls)


def _state(review: Review, disputed: dict[int, DisputeState]) -> str:
    if review.id in disputed:
        return "disputed" if disputed[review.id] is DisputeState.OPEN else "decided"
    return "read" if review.acknowledged_at else "new"


def published_version(session: Session, leg: Leg) -> int:
    """Return the version that a leg's project is scored with now, or answer 404."""
    version_id = session.scalar(
        select(ScorecardVersion.id)
        .where(
            ScorecardVersion.scorecard_id == leg.call.project.scorecard_id,
            ScorecardVersion.state == VersionState.PUBLISHED,
        )
        .order_by(ScorecardVersion.number.desc())
        .limit(1)
    )
    if version_id is None:
        abort(404)
    return version_id


def own_assessment(session: Session, person: Person, uid: uuid.UUID) -> SelfAssessment:
    """Return one of the agent's own self-assessments with its leg, or answer 404."""
    found = load(session, person, Action.ASSESSMENTS_WRITE, SelfAssessment, uid)
    return session.scalars(
        select(SelfAssessment)
        .where(SelfAssessment.id == found.id)
        .options(*with_leg(SelfAssessment.leg))
    ).one()


def write_page(
    session: Session, person: Person, assessment: SelfAssessment, sheet: SheetView | None = None
) -> WritePage:
    """Gather the form; ``sheet`` is what was just sent, else the stored draft is shown."""
    if sheet is None:
        version = version_rule(session, assessment.version_id)
        said = said_in(session, assessment.leg.call_id)
        form = form_for(version, assessment.draft, assessment.lock_version, "", said=said)
        sheet = view_sheet(version, form, assessment.draft)
    return WritePage(
        uid=assessment.uid,
        call=call_facts(assessment.leg),
        sheet=sheet,
        saved_at=assessment.saved_at,
        due_at=assessment.due_at,
        voluntary=assessment.voluntary,
        player=player_of(session, person, assessment.leg, Purpose.SELF_ASSESSMENT),
        leg_uid=assessment.leg.uid,
        guides=guides_beside(session, person, assessment.leg.call.project_id),
    )


def verdict_of(session: Session, person: Person, leg_id: int) -> uuid.UUID | None:
    """Return the newest submitted review of a leg of the agent's own, if there is one."""
    review = session.scalar(
        visible(person, Review, Action.FEEDBACK_READ)
        .where(Review.leg_id == leg_id, Review.state == ReviewState.SUBMITTED)
        .order_by(Review.submitted_at.desc())
        .limit(1)
    )
    return review.uid if review else None
