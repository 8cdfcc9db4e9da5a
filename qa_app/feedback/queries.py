"""What feedback pages show: what earned points, what is still open, and both views side by side."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, case, false, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calls import Call, Leg, Recording
from models.disputes import Dispute
from models.operations import Listening
from models.people import User
from models.reviews import (
    Answer,
    Objection,
    Review,
    ReviewRevision,
    SelfAssessment,
)
from models.vocab import AssessmentState, ObjectionState, ReviewState, Role
from models.vocab_learning import DisputeState
from pipelines.review import rules
from pipelines.scoring.rules import VersionRule
from pipelines.scoring.service import version_rule
from qa_app import figures
from qa_app.access import Action, OutOfScope, Person, load, may, visible
from qa_app.calls.blindness import blind_to, is_blind
from qa_app.calls.player import PlayerView, Purpose, purpose_words
from qa_app.clock import now as clock_now
from qa_app.feedback.after import Aftermath, aftermath, may_decide
from qa_app.feedback.points import OwnView, Point, own_view, points_of
from qa_app.phrases.marks import may_see_marks
from qa_app.quotes import readable_notes
from qa_app.reviews.asked import picked_words
from qa_app.reviews.queries import CallFacts, call_facts, player_of, said_in, with_leg
from qa_app.reviews.sheets import band_of
from qa_app.scope_rules.calls import AMONG_REVIEWERS

PAGE_SIZE = 25
MOST_LISTENINGS = 50


@dataclass(frozen=True)
class Entry:
    """A line of the list: a verdict that the person may see."""

    uid: uuid.UUID
    call: CallFacts
    submitted_at: dt.datetime
    earned: int
    attainable: int
    band: str
    reviewer: str
    acknowledged: bool
    objection: ObjectionState | None
    may_answer: bool
    dispute: DisputeState | None = None


@dataclass(frozen=True)
class IndexPage:
    """Feedback in scope: what asks for an act first."""

    entries: tuple[Entry, ...]
    to_answer: tuple[Entry, ...]
    to_decide: int
    decides: bool
    as_agent: bool
    page: int
    pages: int


@dataclass(frozen=True)
class Listened:
    """Somebody opened the recording."""

    who: str
    at: dt.datetime
    purpose: str


@dataclass(frozen=True)
class FeedbackPage:
    """A verdict as the agent reads it, with what may be done about it."""

    uid: uuid.UUID
    call: CallFacts
    version: VersionRule
    reviewer: str
    submitted_at: dt.datetime
    earned: int
    attainable: int
    bonus: int
    band: str
    failed: tuple[Mapping[str, str], ...]
    summary: str
    earning: tuple[Point, ...]
    still_open: tuple[Point, ...]
    not_applicable: tuple[Point, ...]
    words: tuple[Point, ...]
    points: tuple[Point, ...]
    own: OwnView | None
    assessment_state: AssessmentState | None
    drawn: bool
    picked: tuple[tuple[str, str], ...]
    listened: tuple[Listened, ...]
    history: tuple[ReviewRevision, ...]
    objections: tuple[Objection, ...]
    acknowledged_at: dt.datetime | None
    is_own: bool
    may_acknowledge: bool
    may_object: bool
    may_answer: uuid.UUID | None
    may_choose: bool
    player: PlayerView | None
    leg_uid: uuid.UUID
    after: Aftermath
    notes: tuple[Mapping[str, Any], ...] = ()


def _concerns(person: Person) -> ColumnElement[bool]:
    """Reviews that the person wrote, or that are about a call of their own."""
    legs = select(Leg.id).where(Leg.agent_id == person.agent_id)
    own = Review.leg_id.in_(legs) if person.agent_id is not None else false()
    return or_(Review.reviewer_id == person.id, own)


def _read(session: Session, person: Person, now: dt.datetime) -> Select[tuple[Review]]:
    """Verdicts to read: of others only as far as the site lets figures about persons go."""
    figures_go = figures.shown(session, person, Review.site_id, Review.team_id)
    return _listed(person, Action.FEEDBACK_READ, now).where(or_(_concerns(person), figures_go))


def _listed(person: Person, action: Action, now: dt.datetime) -> Select[tuple[Review]]:
    """Verdicts the person may see now; of a call they judge at the moment, none."""
    judged = aliased(Leg)
    return (
        visible(person, Review, action)
        .join(judged, judged.id == Review.leg_id)
        .where(
            Review.state == ReviewState.SUBMITTED,
            ~blind_to(person, judged.call_id, now),
        )
    )


def index_page(session: Session, person: Person, now: dt.datetime, page: int) -> IndexPage:
    """List verdicts in scope, unread and objected ones first."""
    query = _read(session, person, now)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    as_agent = person.roles == {Role.AGENT}
    unread = case((Review.acknowledged_at.is_(None), 0), else_=1)
    order = [unread, Review.submitted_at.desc()] if as_agent else [Review.submitted_at.desc()]
    reviews = (
        session.scalars(
            query.options(*_for_entry())
            .order_by(*order, Review.id.desc())
            .limit(PAGE_SIZE)
            .offset((page - 1) * PAGE_SIZE)
        )
        .unique()
        .all()
    )
    disputed = dispute_states(session, [review.id for review in reviews])
    to_answer: list[Entry] = []
    if may(person, Action.OBJECTIONS_ANSWER):
        objected = session.scalars(
            _listed(person, Action.OBJECTIONS_ANSWER, now)
            .join(Objection, Objection.review_id == Review.id)
            .where(Objection.state == ObjectionState.OPEN)
            .options(*_for_entry())
            .order_by(Objection.raised_at)
        ).unique()
        to_answer = [
            entry for entry in (_entry(review, person) for review in objected) if entry.may_answer
        ]
    return IndexPage(
        entries=tuple(
            replace(_entry(review, person), dispute=disputed.get(review.id)) for review in reviews
        ),
        to_answer=tuple(to_answer),
        to_decide=len(to_decide(session, person, now)),
        decides=may(person, Action.OBJECTIONS_ANSWER),
        as_agent=as_agent,
        page=page,
        pages=-(-total // PAGE_SIZE),
    )


def dispute_states(session: Session, review_ids: list[int]) -> dict[int, DisputeState]:
    """Return review → the state of its newest dispute."""
    rows = session.execute(
        select(Dispute.review_id, Dispute.state)
        .where(Dispute.review_id.in_(review_ids))
        .order_by(Dispute.id)
    )
    return {row.review_id: row.state for row in rows}


def to_decide(session: Session, person: Person, now: dt.datetime) -> list[Dispute]:
    """Return the disputes that the person may decide now, the most urgent first."""
    if not may(person, Action.OBJECTIONS_ANSWER):
        return []
    judged = aliased(Leg)
    rows = session.scalars(
        visible(person, Dispute, Action.OBJECTIONS_ANSWER)
        .join(Review, Review.id == Dispute.review_id)
        .join(judged, judged.id == Review.leg_id)
        .where(Dispute.state == DisputeState.OPEN, ~blind_to(person, judged.call_id, now))
        .options(
            selectinload(Dispute.items),
            joinedload(Dispute.before),
            joinedload(Dispute.revision),
            *with_leg_of_review(),
            joinedload(Dispute.review).selectinload(Review.revisions),
            joinedload(Dispute.review).joinedload(Review.reviewer),
        )
        .order_by(Dispute.due_at, Dispute.id)
    ).unique()
    return [row for row in rows if may_decide(person, row, row.review)]


def with_leg_of_review() -> list[Any]:
    """Return the loading options for the facts of a dispute's call."""
    leg = joinedload(Dispute.review).joinedload(Review.leg)
    call = leg.joinedload(Leg.call)
    return [
        call.joinedload(Call.site),
        call.joinedload(Call.project),
        leg.joinedload(Leg.agent),
    ]


def _for_entry() -> list[Any]:
    return [
        *with_leg(Review.leg),
        joinedload(Review.current),
        joinedload(Review.reviewer),
        selectinload(Review.objections),
        selectinload(Review.revisions),
    ]


def _entry(review: Review, person: Person) -> Entry:
    current, submitted_at = review.current, review.submitted_at
    if current is None or submitted_at is None:
        message = "a submitted review has a revision"
        raise ValueError(message)
    objections = review.objections
    return Entry(
        uid=review.uid,
        call=call_facts(review.leg),
        submitted_at=submitted_at,
        earned=current.earned,
        attainable=current.attainable,
        band=band_of(excellent=current.excellent, passed=current.passed),
        reviewer=review.reviewer.display_name if review.reviewer else "–",
        acknowledged=review.acknowledged_at is not None,
        objection=objections[-1].state if objections else None,
        may_answer=_open_objection(review, person) is not None,
    )


def _open_objection(review: Review, person: Person) -> Objection | None:
    """Return the objection that this person may decide, if any."""
    gave = [revision.by_id for revision in review.revisions]
    if not rules.may_answer_objection(person.id, review.reviewer_id, gave):
        return None
    if review.leg.agent_id == person.agent_id and person.agent_id is not None:
        return None
    waiting = [item for item in review.objections if item.state is ObjectionState.OPEN]
    return waiting[0] if waiting and may(person, Action.OBJECTIONS_ANSWER) else None


def load_verdict(session: Session, person: Person, uid: uuid.UUID) -> Review:
    """Return a verdict that the person may see now, else 404.

    A reviewer sees other reviewers' verdicts only to decide an objection to them, and afterwards
    those that they decided.
    """
    review = session.scalar(
        visible(person, Review, Action.FEEDBACK_READ).where(
            Review.uid == uid,
            Review.state == ReviewState.SUBMITTED,
            or_(_concerns(person), figures.shown(session, person, Review.site_id, Review.team_id)),
        )
    )
    if review is None and may(person, Action.OBJECTIONS_ANSWER):
        review = load(session, person, Action.OBJECTIONS_ANSWER, Review, uid)
        decided = {item.answered_by_id for item in review.objections}
        open_now = any(item.state is ObjectionState.OPEN for item in review.objections)
        for dispute in session.scalars(select(Dispute).where(Dispute.review_id == review.id)):
            decided.add(dispute.decided_by_id)
            open_now = open_now or dispute.state is DisputeState.OPEN
        if not open_now and person.id not in decided:
            raise OutOfScope(Review, uid, Action.FEEDBACK_READ)
    if review is None:
        load(session, person, Action.FEEDBACK_READ, Review, uid)
        raise OutOfScope(Review, uid, Action.FEEDBACK_READ)
    if is_blind(session, person, review.leg.call_id):
        raise OutOfScope(Review, uid, Action.FEEDBACK_READ)
    return review


def verdict_page(session: Session, person: Person, uid: uuid.UUID) -> FeedbackPage:
    """Gather a verdict for the agent and for those who may see it."""
    found = load_verdict(session, person, uid)
    review = session.scalars(
        select(Review)
        .where(Review.id == found.id)
        .options(
            *_for_entry(),
            joinedload(Review.current)
            .selectinload(ReviewRevision.answers)
            .joinedload(Answer.criterion),
            joinedload(Review.drawn_call),
        )
    ).one()
    entry, current = _entry(review, person), review.current
    version = version_rule(session, review.version_id)
    assessment = _assessment(session, review)
    said = said_in(session, review.leg.call_id)
    points = points_of(version, review, assessment, said)
    is_own = person.agent_id is not None and review.leg.agent_id == person.agent_id
    waiting = any(item.state is ObjectionState.OPEN for item in review.objections)
    objection = _open_objection(review, person)
    scored = [point for point in points if point.maximum and not point.not_applicable]
    picked = picked_words(session, review)
    return FeedbackPage(
        uid=review.uid,
        call=entry.call,
        version=version,
        reviewer=entry.reviewer,
        submitted_at=entry.submitted_at,
        earned=entry.earned,
        attainable=entry.attainable,
        bonus=sum(point.earned for point in points if point.rule.bonus),
        band=entry.band,
        failed=tuple(
            point.rule.text
            for point in points
            if review.current and point.rule.lineage in review.current.failed_critical
        ),
        summary=review.summary,
        earning=tuple(point for point in scored if point.earned),
        still_open=tuple(point for point in scored if point.open > 0),
        not_applicable=tuple(point for point in points if point.not_applicable),
        words=tuple(point for point in points if not point.maximum and point.answer),
        points=tuple(points),
        own=own_view(current, assessment),
        assessment_state=assessment.state if assessment else None,
        drawn=review.drawn_call is not None or bool(picked),
        picked=picked,
        listened=_listened(session, review),
        history=tuple(review.revisions),
        objections=tuple(review.objections),
        acknowledged_at=review.acknowledged_at,
        is_own=is_own,
        may_acknowledge=is_own and review.acknowledged_at is None,
        may_object=is_own and not waiting,
        may_answer=objection.uid if objection else None,
        may_choose=_may_choose(session, person, review),
        notes=readable_notes(review.notes, own=review.reviewer_id == person.id),
        player=player_of(
            session,
            person,
            review.leg,
            Purpose.FEEDBACK,
            hits=is_own or _leads(session, person, review),
        ),
        leg_uid=review.leg.uid,
        after=aftermath(session, person, review, points, said, is_own=is_own, now=clock_now()),
    )


def _leads(session: Session, person: Person, review: Review) -> bool:
    """Tell whether the person may see hits of the call; reviewers may while they score, at most."""
    recording = review.leg.call.recording
    return recording is not None and may_see_marks(session, person, recording)


def _may_choose(session: Session, person: Person, review: Review) -> bool:
    if not may(person, Action.EXEMPLARS_CHOOSE) or review.origin in AMONG_REVIEWERS:
        return False
    mine = visible(person, Review, Action.EXEMPLARS_CHOOSE).where(Review.id == review.id)
    return session.scalar(mine) is not None


def _assessment(session: Session, review: Review) -> SelfAssessment | None:
    """Return the agent's own view; only callers who may see the verdict ask for it."""
    return session.scalar(
        select(SelfAssessment)
        .where(
            SelfAssessment.leg_id == review.leg_id,
            SelfAssessment.version_id == review.version_id,
        )
        .options(selectinload(SelfAssessment.answers).joinedload(Answer.criterion))
    )


def _listened(session: Session, review: Review) -> tuple[Listened, ...]:
    rows = session.execute(
        select(User.display_name, Listening.opened_at, Listening.purpose)
        .join(Recording, Recording.id == Listening.recording_id)
        .outerjoin(User, User.id == Listening.user_id)
        .where(Recording.call_id == review.leg.call_id)
        .order_by(Listening.opened_at.desc())
        .limit(MOST_LISTENINGS)
    )
    return tuple(
        Listened(row.display_name or "–", row.opened_at, purpose_words(row.purpose, blind=False))
        for row in rows
    )
