"""What coaching pages show: talks in scope, one talk with what changed after it, what asks."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calls import Leg
from models.coaching import CoachingSession, CoachingTopic, ReviewCause
from models.people import Agent, Site
from models.reviews import Review, ReviewRevision
from models.vocab import ReviewState, Role
from models.vocab_learning import CoachingKind
from pipelines.coaching import changes
from pipelines.scoring.rules import CriterionRule
from pipelines.scoring.service import version_rule
from qa_app import figures
from qa_app.access import Action, OutOfScope, Person, load, may, visible
from qa_app.calls.blindness import blind_to, may_judge
from qa_app.clock import now as clock_now
from qa_app.feedback.queries import load_verdict
from qa_app.helping.queries import waiting_for
from qa_app.permissions import leads_site
from qa_app.reviews.queries import CallFacts, call_facts, with_leg
from qa_app.reviews.sheets import band_of
from qa_app.scope_rules.calls import AMONG_REVIEWERS

PAGE_SIZE = 25
ASKING_DAYS = dt.timedelta(days=60)
MOST_ASKING = 25


@dataclass(frozen=True)
class Step:
    """An agreed step."""

    uid: uuid.UUID
    words: str
    due_on: dt.date | None
    late: bool
    done_at: dt.datetime | None


@dataclass(frozen=True)
class Entry:
    """A talk in the list."""

    uid: uuid.UUID
    agent: str
    coach: str
    kind: CoachingKind
    held_on: dt.date
    read: bool
    steps: int
    done: int
    late: int


@dataclass(frozen=True)
class Asking:
    """A weak review without a cause."""

    review_uid: uuid.UUID
    call: CallFacts
    earned: int
    attainable: int
    band: str
    submitted_at: dt.datetime


@dataclass(frozen=True)
class IndexPage:
    """Coaching in scope: reviews that ask for a cause, talks, and help that waits."""

    asking: tuple[Asking, ...]
    talks: tuple[Entry, ...]
    agents: tuple[tuple[str, str], ...]
    help_waiting: int
    as_agent: bool
    may_write: bool
    sites: tuple[Site, ...]
    page: int
    pages: int


@dataclass(frozen=True)
class Figures:
    """A weak review in short."""

    uid: uuid.UUID
    call: CallFacts
    earned: int
    attainable: int
    band: str
    failed: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class TalkPage:
    """One talk as both sides read it; ``hidden``: without figures about the agent."""

    uid: uuid.UUID
    agent: str
    coach: str
    kind: CoachingKind
    held_on: dt.date
    words: str
    agent_words: str
    created_at: dt.datetime
    read_at: dt.datetime | None
    timezone: str
    review: Figures | None
    call: CallFacts | None
    call_uid: uuid.UUID | None
    call_id: int | None
    topics: tuple[Mapping[str, str], ...]
    steps: tuple[Step, ...]
    is_mine: bool
    may_drop: bool
    report: changes.Report | None
    hidden: bool


def unblind(person: Person, now: dt.datetime) -> Any:
    """Return the condition that a talk is about no call that the person judges or may yet take."""
    judged = aliased(Leg)
    return or_(
        CoachingSession.leg_id.is_(None),
        exists().where(
            judged.id == CoachingSession.leg_id, ~may_judge(person, judged.call_id, now)
        ),
    )


def today_at(site: Site, now: dt.datetime) -> dt.date:
    """Return the day at a site."""
    return now.astimezone(ZoneInfo(site.timezone)).date()


def index_page(session: Session, person: Person, now: dt.datetime, page: int) -> IndexPage:
    """Gather coaching in the person's scope."""
    query = visible(person, CoachingSession, Action.COACHING_READ).where(unblind(person, now))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.options(
            joinedload(CoachingSession.agent).joinedload(Agent.site),
            joinedload(CoachingSession.coach),
            selectinload(CoachingSession.steps),
        )
        .order_by(CoachingSession.held_on.desc(), CoachingSession.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    ).unique()
    writes = may(person, Action.COACHING_WRITE)
    return IndexPage(
        asking=_asking(session, person, now) if writes else (),
        talks=tuple(_entry(row, now) for row in rows),
        agents=_agents(session, person) if writes else (),
        help_waiting=waiting_for(session, person, now),
        as_agent=person.roles == {Role.AGENT},
        may_write=writes,
        sites=_sites(session, person),
        page=page,
        pages=-(-total // PAGE_SIZE),
    )


def _sites(session: Session, person: Person) -> tuple[Site, ...]:
    rows = session.scalars(visible(person, Site, Action.COACHING_SET).order_by(Site.name))
    return tuple(row for row in rows if leads_site(person, Action.COACHING_SET, row.id))


def _agents(session: Session, person: Person) -> tuple[tuple[str, str], ...]:
    rows = session.scalars(
        visible(person, Agent, Action.COACHING_WRITE).order_by(Agent.name, Agent.id)
    )
    return tuple((str(row.uid), f"{row.name} ({row.code})") for row in rows)


def _asking(session: Session, person: Person, now: dt.datetime) -> tuple[Asking, ...]:
    judged, current = aliased(Leg), aliased(ReviewRevision)
    rows = session.scalars(
        visible(person, Review, Action.COACHING_WRITE)
        .join(judged, judged.id == Review.leg_id)
        .join(current, current.id == Review.current_revision_id)
        .where(
            Review.state == ReviewState.SUBMITTED,
            Review.submitted_at > now - ASKING_DAYS,
            Review.origin.not_in(AMONG_REVIEWERS),
            figures.shown(session, person, Review.site_id, Review.team_id),
            # A failed critical criterion never passes, so that this asks for both.
            current.passed.is_(False),
            ~exists().where(ReviewCause.review_id == Review.id),
            figures.shown(session, person, Review.site_id, Review.team_id),
            ~blind_to(person, judged.call_id, now),
            judged.agent_id.is_distinct_from(person.agent_id or 0),
        )
        .options(*with_leg(Review.leg), joinedload(Review.current))
        .order_by(Review.submitted_at.desc(), Review.id.desc())
        .limit(MOST_ASKING)
    ).unique()
    return tuple(
        Asking(
            review_uid=row.uid,
            call=call_facts(row.leg),
            earned=row.current.earned,
            attainable=row.current.attainable,
            band=band_of(excellent=row.current.excellent, passed=row.current.passed),
            submitted_at=row.submitted_at,
        )
        for row in rows
        if row.current is not None and row.submitted_at is not None
    )


def _entry(row: CoachingSession, now: dt.datetime) -> Entry:
    today = today_at(row.agent.site, now)
    return Entry(
        uid=row.uid,
        agent=row.agent.name,
        coach=row.coach.display_name if row.coach else "–",
        kind=row.kind,
        held_on=row.held_on,
        read=row.read_at is not None,
        steps=len(row.steps),
        done=sum(step.done_at is not None for step in row.steps),
        late=sum(
            step.done_at is None and step.due_on is not None and step.due_on < today
            for step in row.steps
        ),
    )


def figures_of(session: Session, review: Review) -> Figures:
    """Take what coaching pages say of a review."""
    current = review.current
    if current is None:
        message = "a submitted review has a revision"
        raise ValueError(message)
    version = version_rule(session, review.version_id)
    return Figures(
        uid=review.uid,
        call=call_facts(review.leg),
        earned=current.earned,
        attainable=current.attainable,
        band=band_of(excellent=current.excellent, passed=current.passed),
        failed=tuple(
            rule.text for rule in version.criteria if rule.lineage in current.failed_critical
        ),
    )


def open_criteria(session: Session, review: Review) -> tuple[CriterionRule, ...]:
    """Return the criteria of a review that left points open, those a talk is likely about first."""
    version = version_rule(session, review.version_id)
    answers = review.current.answers if review.current else []
    left = {answer.criterion_id: answer.attainable - answer.earned for answer in answers}
    judged = [rule for rule in version.criteria if rule.id in left and rule.maximum]
    return tuple(sorted(judged, key=lambda rule: -left[rule.id]))


def led_review(session: Session, person: Person, uid: uuid.UUID) -> Review:
    """Return a verdict on somebody whom the person coaches, else 404."""
    review = load(session, person, Action.COACHING_WRITE, Review, uid)
    load_verdict(session, person, uid)
    own = person.agent_id is not None and review.leg.agent_id == person.agent_id
    # A second reading is no verdict: its agent reads talks, and is to learn nothing of it.
    if own or review.origin in AMONG_REVIEWERS:
        raise OutOfScope(Review, uid, Action.COACHING_WRITE)
    return review


def cause_of(session: Session, review: Review) -> ReviewCause | None:
    """Return what was said to lie behind a review."""
    return session.scalar(select(ReviewCause).where(ReviewCause.review_id == review.id))


def load_talk(session: Session, person: Person, uid: uuid.UUID, action: Action) -> CoachingSession:
    """Return a talk that the person may read now, else 404."""
    row = load(session, person, action, CoachingSession, uid)
    open_now = select(CoachingSession.id).where(
        CoachingSession.id == row.id, unblind(person, clock_now())
    )
    if session.scalar(open_now) is None:
        raise OutOfScope(CoachingSession, uid, action)
    return row


def _judged_legs(person: Person, now: dt.datetime) -> Any:
    """Select reviewed legs that the person judges or may yet: no mean may tell of their scores."""
    leg, told = aliased(Leg), aliased(Review)
    reviewed = select(told.leg_id).where(told.state == ReviewState.SUBMITTED)
    return select(leg.id).where(leg.id.in_(reviewed), may_judge(person, leg.call_id, now))


def talk_page(session: Session, person: Person, uid: uuid.UUID, now: dt.datetime) -> TalkPage:
    """Gather a talk, its steps, and what changed afterwards."""
    found = load_talk(session, person, uid, Action.COACHING_READ)
    row = session.scalars(
        select(CoachingSession)
        .where(CoachingSession.id == found.id)
        .options(
            joinedload(CoachingSession.agent).joinedload(Agent.site),
            joinedload(CoachingSession.coach),
            selectinload(CoachingSession.steps),
            selectinload(CoachingSession.topics).joinedload(CoachingTopic.criterion),
        )
    ).one()
    today = today_at(row.agent.site, now)
    mine = person.agent_id is not None and row.agent_id == person.agent_id
    shown = mine or figures.shows(session, person, row.site_id, row.team_id)
    changed = shown and row.kind is CoachingKind.TALK and row.held_on <= today
    return TalkPage(
        uid=row.uid,
        agent=row.agent.name,
        coach=row.coach.display_name if row.coach else "–",
        kind=row.kind,
        held_on=row.held_on,
        words=row.words,
        agent_words=row.agent_words,
        created_at=row.created_at,
        read_at=row.read_at,
        timezone=row.agent.site.timezone,
        review=figures_of(session, row.review) if row.review and shown else None,
        call=call_facts(row.leg) if row.leg else None,
        call_uid=row.leg.call.uid if row.leg else None,
        call_id=row.leg.call_id if row.leg else None,
        topics=tuple(topic.criterion.text for topic in row.topics),
        steps=tuple(
            Step(
                uid=step.uid,
                words=step.words,
                due_on=step.due_on,
                late=step.done_at is None and step.due_on is not None and step.due_on < today,
                done_at=step.done_at,
            )
            for step in row.steps
        ),
        is_mine=mine,
        may_drop=row.coach_id == person.id and row.read_at is None,
        report=changes.change_after(session, row, today, without=_judged_legs(person, now))
        if changed
        else None,
        hidden=not shown,
    )
