"""What the queue and the review form show. Nothing here tells why a call was picked."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.calls import Call, Leg, Recording
from models.people import User
from models.reviews import Review, Task
from models.transcripts import Transcript, Turn
from models.vocab import Direction, MaskKind, ReviewState, TaskState
from pipelines.masking import meet
from pipelines.moments import Why
from pipelines.review.service import claimable
from pipelines.scoring.service import version_rule
from qa_app.access import Action, Person, load, visible
from qa_app.calls.player import PlayerView, Purpose, player_view
from qa_app.phrases.marks import Mark, plan_shows_hits, suggestions_of
from qa_app.quotes import SaidTurn
from qa_app.reviews.sheets import SheetView, band_of, form_for, view_sheet

RECENT = 10


@dataclass(frozen=True)
class CallFacts:
    """What a person may know of a call while judging it."""

    started_at: dt.datetime
    timezone: str
    project: str
    direction: Direction
    agent: str
    talk_ms: int
    leg: int
    legs: int
    into_ms: int

    @property
    def ends_ms(self) -> int:
        """Where this leg's talk ends, counted from the beginning of the recording."""
        return self.into_ms + self.talk_ms


@dataclass(frozen=True)
class Mine:
    """A task that the person has claimed."""

    uid: uuid.UUID
    call: CallFacts
    due_at: dt.datetime
    late: bool
    begun: bool
    answered: int


@dataclass(frozen=True)
class Done:
    """A review that the person has submitted."""

    uid: uuid.UUID
    call: CallFacts
    submitted_at: dt.datetime
    earned: int
    attainable: int
    band: str


@dataclass(frozen=True)
class QueuePage:
    """A reviewer's day: what is mine, what waits for anybody, what I have done."""

    mine: tuple[Mine, ...]
    waiting: int
    waiting_late: int
    next_due: dt.datetime | None
    done_today: int
    done: tuple[Done, ...]


@dataclass(frozen=True)
class WritePage:
    """The review form beside the recording; ``suggestions`` are moments, by criterion lineage."""

    task_uid: uuid.UUID
    call: CallFacts
    sheet: SheetView
    saved_at: dt.datetime
    due_at: dt.datetime
    player: PlayerView | None
    suggestions: Mapping[str, tuple[Mark, ...]]


def call_facts(leg: Leg) -> CallFacts:
    """Take the harmless facts of a leg; its call, site, project and agent must be loaded."""
    call = leg.call
    since_ms = round((leg.started_at - call.started_at).total_seconds() * 1000)
    # A recording begins when the first agent answers, after the customer's wait.
    return CallFacts(
        started_at=leg.started_at,
        timezone=call.site.timezone,
        project=call.project.name,
        direction=call.direction,
        agent=leg.agent.name if leg.agent else "–",
        talk_ms=leg.talk_ms,
        leg=leg.position,
        legs=call.transfers + 1,
        into_ms=max(0, since_ms - call.wait_ms),
    )


def with_leg(path: Any) -> list[Any]:
    """Return the loading options for a leg's facts below ``path``, such as ``Task.leg``."""
    call = joinedload(path).joinedload(Leg.call)
    return [
        call.joinedload(Call.site),
        call.joinedload(Call.project),
        call.joinedload(Call.recording),
        joinedload(path).joinedload(Leg.agent),
    ]


def player_of(
    session: Session, person: Person, leg: Leg, purpose: Purpose, *, hits: bool = False
) -> PlayerView | None:
    """Return the recording of a leg's call for its player, if there is one.

    ``hits`` shows what phrase rules found, where the page may.
    """
    recording = leg.call.recording
    return player_view(session, person, recording, purpose, hits=hits) if recording else None


def said_in(session: Session, call_id: int) -> tuple[SaidTurn, ...]:
    """Return the turns of a call as they may be quoted now, but those nobody looked through.

    A moment hidden by hand in a transcript that has gone stands as a turn without words.
    """
    rows = session.execute(
        select(Turn.start_ms, Turn.end_ms, Turn.words, Turn.masks, Turn.masked_text)
        .join(Transcript, Transcript.id == Turn.transcript_id)
        .join(Recording, Recording.id == Transcript.recording_id)
        .where(Recording.call_id == call_id, Turn.masked_text.is_not(None))
    )
    said = [SaidTurn(*row) for row in rows if row.masks is not None]
    masked = [(mask[3], mask[4]) for turn in said for mask in turn.masks]
    kept = session.scalar(select(Recording.muted).where(Recording.call_id == call_id)) or []
    said += [
        SaidTurn(start, end, [], [[0, 0, MaskKind.MANUAL.value, start, end]], "")
        for _party, start, end, why in kept
        if why == Why.MANUAL and not any(meet((start, end), other) for other in masked)
    ]
    return tuple(said)


def quotes(sheet: Mapping[str, Any]) -> bool:
    """Tell whether any answer quotes the call."""
    return any(entry.get("evidence") for entry in sheet.values())


def queue_page(session: Session, person: Person, now: dt.datetime) -> QueuePage:
    """Gather a reviewer's queue, most urgent first."""
    in_scope = visible(person, Task, Action.TASKS_WORK)
    mine = session.scalars(
        in_scope.where(Task.assignee_id == person.id, Task.state == TaskState.CLAIMED)
        .options(*with_leg(Task.leg), joinedload(Task.review))
        .order_by(Task.due_at, Task.id)
    ).unique()
    user = session.get_one(User, person.id)
    open_ones = claimable(in_scope, user).order_by(None).subquery()
    waiting, late, next_due = session.execute(
        select(
            func.count(),
            func.count().filter(open_ones.c.due_at < now),
            func.min(open_ones.c.due_at),
        ).select_from(open_ones)
    ).one()
    reviews = visible(person, Review, Action.REVIEWS_WRITE).where(
        Review.state == ReviewState.SUBMITTED
    )
    done = session.scalars(
        reviews.options(*with_leg(Review.leg), joinedload(Review.current))
        .order_by(Review.submitted_at.desc(), Review.id.desc())
        .limit(RECENT)
    ).unique()
    today = reviews.where(Review.submitted_at > now - dt.timedelta(hours=12)).subquery()
    return QueuePage(
        mine=tuple(_mine(task, now) for task in mine),
        waiting=waiting,
        waiting_late=late,
        next_due=next_due,
        done_today=session.scalar(select(func.count()).select_from(today)) or 0,
        done=tuple(_done(review) for review in done),
    )


def _mine(task: Task, now: dt.datetime) -> Mine:
    draft = task.review.draft if task.review else {}
    return Mine(
        uid=task.uid,
        call=call_facts(task.leg),
        due_at=task.due_at,
        late=task.due_at < now,
        begun=task.review is not None,
        answered=sum(entry.get("answer") is not None for entry in draft.values()),
    )


def _done(review: Review) -> Done:
    current = review.current
    if current is None or review.submitted_at is None:
        message = "a submitted review has a revision"
        raise ValueError(message)
    return Done(
        uid=review.uid,
        call=call_facts(review.leg),
        submitted_at=review.submitted_at,
        earned=current.earned,
        attainable=current.attainable,
        band=band_of(excellent=current.excellent, passed=current.passed),
    )


def own_draft(session: Session, person: Person, task_uid: uuid.UUID) -> Review:
    """Return the draft behind a task that this person has claimed, or answer 404."""
    task = load(session, person, Action.TASKS_WORK, Task, task_uid)
    review = session.scalar(
        select(Review)
        .where(
            Review.task_id == task.id,
            Review.reviewer_id == person.id,
            Review.state == ReviewState.DRAFT,
        )
        .options(*with_leg(Review.leg), selectinload(Review.task))
    )
    if review is None:
        abort(404)
    return review


def write_page(
    session: Session, person: Person, review: Review, sheet: SheetView | None = None
) -> WritePage:
    """Gather the review form; ``sheet`` is what was just sent, else the stored draft is shown."""
    task = review.task
    if task is None:
        abort(404)
    if sheet is None:
        version = version_rule(session, review.version_id)
        form = form_for(
            version,
            review.draft,
            review.lock_version,
            review.summary,
            said=said_in(session, review.leg.call_id) if quotes(review.draft) else (),
            notes=review.notes,
        )
        sheet = view_sheet(version, form, review.draft)
    facts, hits = call_facts(review.leg), plan_shows_hits(session, review)
    player = player_of(session, person, review.leg, Purpose.TASK, hits=hits)
    return WritePage(
        task_uid=task.uid,
        call=facts,
        sheet=sheet,
        saved_at=review.saved_at,
        due_at=task.due_at,
        player=player,
        suggestions=suggestions_of(
            player.marks if player else (),
            review.version.scorecard.code,
            (facts.into_ms, facts.ends_ms) if facts.legs > 1 else None,
        ),
    )
