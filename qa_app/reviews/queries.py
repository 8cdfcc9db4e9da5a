"""What the review form shows, and the facts of a call that judging pages share.

Nothing here tells why a call was picked.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.calls import Call, Leg, Recording
from models.people import User
from models.reviews import Review, Task
from models.transcripts import Transcript, Turn
from models.vocab import Direction, MaskKind, ReviewState, TaskState
from pipelines.masking import meet
from pipelines.moments import Why
from pipelines.review.claims import takeable
from pipelines.scoring.service import version_rule
from qa_app.access import Action, Person, load, visible
from qa_app.calls.player import PlayerView, Purpose, player_view
from qa_app.clock import now as clock_now
from qa_app.guides.beside import GuideBeside, guides_beside
from qa_app.phrases.marks import Mark, plan_shows_hits, suggestions_of
from qa_app.quotes import SaidTurn
from qa_app.reviews.sheets import SheetView, form_for, view_sheet


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
class Part:
    """Another leg of a transferred call; ``uid`` leads to its task where the person may work on it.

    ``mine``: the person has claimed it already, else it can be taken.
    """

    leg: int
    agent: str
    uid: uuid.UUID | None
    mine: bool


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
    parts: tuple[Part, ...] = ()
    skip_waits: bool = False
    guides: tuple[GuideBeside, ...] = ()


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


def parts_of(
    session: Session, person: Person, tasks: Sequence[Task], now: dt.datetime
) -> dict[int, tuple[Part, ...]]:
    """Return task id → the other parts of its transferred call, those without talk left out."""
    several = {task.leg.call_id for task in tasks if task.leg.call.transfers}
    if not several:
        return {}
    legs: dict[int, list[Leg]] = {}
    for leg in session.scalars(
        select(Leg)
        .where(Leg.call_id.in_(several), Leg.talk_ms > 0)
        .options(joinedload(Leg.agent))
        .order_by(Leg.position)
    ):
        legs.setdefault(leg.call_id, []).append(leg)
    user = session.get_one(User, person.id)
    own = and_(Task.assignee_id == person.id, Task.state == TaskState.CLAIMED)
    ids = [leg.id for found in legs.values() for leg in found]
    open_to_me: dict[tuple[int, int | None], Task] = {
        (task.leg_id, task.drawn_call_id): task
        for task in session.scalars(
            visible(person, Task, Action.TASKS_WORK)
            .where(Task.leg_id.in_(ids), or_(own, takeable(user, now)))
            .order_by(Task.id.desc())
        )
    }

    def part(task: Task, leg: Leg) -> Part:
        other = open_to_me.get((leg.id, task.drawn_call_id))
        return Part(
            leg=leg.position,
            agent=leg.agent.name if leg.agent else "–",
            uid=other.uid if other else None,
            mine=other is not None and other.state is TaskState.CLAIMED,
        )

    return {
        task.id: tuple(part(task, leg) for leg in legs[task.leg.call_id] if leg.id != task.leg_id)
        for task in tasks
        if task.leg.call_id in several
    }


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
        parts=parts_of(session, person, [task], clock_now()).get(task.id, ()),
        skip_waits=task.skip_kind is not None,
        guides=guides_beside(session, person, review.leg.call.project_id),
    )
