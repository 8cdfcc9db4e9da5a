"""Who may judge, see, answer what, and when; whose turn it is: values in, values out."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from models.vocab import AssessmentState, ReviewState, SkipKind, TaskState
from models.vocab_learning import DisputeResult

ALL_BP = 10_000
SKIPS_FREE_BP = 1_000
"""Skips up to this share need nobody's word (docs/queue.md)."""
FEWEST_OWN = 10
"""A reviewer's own share of skips is looked at from so many finished tasks on."""
USUAL_MINUTES = 15
"""What a review is taken to need until some have been measured."""
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(hours=2)
"""A form open for longer was left alone, not worked on."""
LIVE_LEAD = timedelta(minutes=10)
"""How long before the call a live review may be begun."""


@dataclass(frozen=True)
class AssessmentFacts:
    """What blindness needs to know of a self-assessment."""

    state: AssessmentState
    due_at: datetime | None


def assessment_is_open(assessment: AssessmentFacts | None, now: datetime) -> bool:
    """Tell whether a self-assessment can still be written, and so keeps both sides blind.

    Its time runs out at ``due_at``, whether or not the job that marks it has passed.
    """
    if assessment is None or assessment.state is not AssessmentState.ASKED:
        return False
    return assessment.due_at is None or now < assessment.due_at


def verdict_is_visible(
    review: ReviewState, assessment: AssessmentFacts | None, now: datetime
) -> bool:
    """Tell whether the agent may see a review: both are in, or the self-assessment is not due."""
    return review is ReviewState.SUBMITTED and not assessment_is_open(assessment, now)


def may_answer_objection(
    user_id: int, reviewer_id: int | None, revised_by: Iterable[int | None]
) -> bool:
    """Tell whether a person may decide an objection: not who gave any of the scores disputed."""
    return user_id not in {reviewer_id, *revised_by}


def skip_of_call(tasks: Iterable[tuple[TaskState, SkipKind | None]]) -> SkipKind | None:
    """Return how a drawn call is skipped, once every leg's task is; None while any is not.

    A call leaves the domain only if all its legs do.
    """
    states = list(tasks)
    if not states or any(state is not TaskState.SKIPPED for state, _ in states):
        return None
    if all(kind is SkipKind.INELIGIBLE for _, kind in states):
        return SkipKind.INELIGIBLE
    return SkipKind.NOT_REVIEWED


DISPUTE_DAYS, DECIDE_DAYS = 14, 7
"""How long a review may be disputed, and how long deciding may take, where nothing is set."""


def verdict_opened_at(
    submitted_at: datetime, assessed_at: datetime | None, assessment_due_at: datetime | None
) -> datetime:
    """Return when the agent could first read a review: once both views were in.

    A self-assessment that was never given counts from the end of its time.
    """
    later = assessed_at or assessment_due_at
    return submitted_at if later is None else max(submitted_at, later)


@dataclass(frozen=True)
class Decision:
    """What was decided of one criterion, and the points it earned before and after (hundredths)."""

    result: DisputeResult
    before: int
    after: int
    not_applicable: bool = False


def decision_problem(decision: Decision) -> str | None:
    """Return the code of what is wrong with a decision, null when it may stand.

    A criterion that stays has its old answer; one that is upheld, wholly or partly, earns more or
    is taken out of the attainable points. Nothing is ever taken away by a dispute.
    """
    if decision.result is DisputeResult.OPEN:
        return "dispute_result_needed"
    if decision.result is DisputeResult.NOT_UPHELD or decision.not_applicable:
        return None
    if decision.after < decision.before:
        return "dispute_lowers"
    return "dispute_unchanged" if decision.after == decision.before else None


def score_falls(before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Tell whether a score (points earned, attainable) is lower after than before."""
    earned, attainable = before
    new_earned, new_attainable = after
    return new_earned * attainable < earned * new_attainable


@dataclass(frozen=True)
class Waiting:
    """A task that somebody may take.

    ``due`` is its day at the site, ``given``: a manager chose this person for it, ``heard`` how
    many calls of its agent were taken or done lately, ``position`` and ``leg`` its place in the
    draw's random order.
    """

    id: int
    due: date
    given: bool
    heard: int
    position: int
    leg: int


def in_turn(waiting: Iterable[Waiting]) -> list[int]:
    """Return the ids of tasks in the order in which they are taken.

    The day it is due first; what was given to this very person before what is anybody's; then the
    agent who was heard least lately, so that no one waits for feedback while others get it twice;
    then the order of the draw, which is random.
    """
    turn = sorted(
        waiting,
        key=lambda one: (one.due, not one.given, one.heard, one.position, one.leg, one.id),
    )
    return [one.id for one in turn]


def read_twice(seed: str, position: int, share_bp: int) -> bool:
    """Tell whether a second reviewer scores the call at this position (from 1) of a draw too.

    A systematic sample over the draw's order with a start made from the draw's own ``seed``: of
    any first n calls, n · share are read twice, rounded down or up, and each call has the chance
    ``share_bp`` (basis points). A draw that is extended keeps what was decided before. The start
    is hashed with a word of its own, so that it tells nothing about why a call was drawn.
    """
    digest = hashlib.sha256(f"second\x1f{seed}".encode()).digest()
    start = int.from_bytes(digest[:8], "big") % ALL_BP
    return (position * share_bp + start) // ALL_BP > ((position - 1) * share_bp + start) // ALL_BP


@dataclass(frozen=True)
class Skips:
    """How many of some tasks are skipped, the one in question included."""

    skipped: int
    tasks: int

    @property
    def many(self) -> bool:
        """Tell whether the share is above what needs nobody's word."""
        return self.skipped * ALL_BP > SKIPS_FREE_BP * self.tasks


def skip_needs_manager(draw: Skips, own: Skips) -> bool:
    """Tell whether a manager confirms a skip: too many of the draw's tasks, or of the person's.

    ``draw`` counts all tasks of the draw, ``own`` those that the person has finished or skipped.
    """
    return draw.many or (own.tasks >= FEWEST_OWN and own.many)


def typical_minutes(spans: Iterable[timedelta]) -> float | None:
    """Return the median of measured times in minutes; null when there is none that could be one."""
    worked = [span for span in spans if SHORTEST <= span <= LONGEST]
    return median(span.total_seconds() for span in worked) / 60 if worked else None


@dataclass(frozen=True)
class Hand:
    """A reviewer as work is shared out: minutes waiting with them, minutes a week, pace."""

    id: int
    load: float
    a_week: int
    a_review: float


def share_out(
    tasks: Sequence[int],
    hands: Sequence[Hand],
    allowed: Mapping[int, Collection[int]],
    legs: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """Share tasks (in turn) among reviewers in the measure of their time; task id → reviewer id.

    Each goes to whoever, of those that may take it (``allowed``: task id → reviewer ids), would
    be done with everything first. Who has no time gets nothing; a task that nobody may take stays.
    Tasks of one leg (``legs``: task id → leg id) go to different people: it is read twice.
    """
    loads = {hand.id: hand.load for hand in hands if hand.a_week > 0}
    by_id = {hand.id: hand for hand in hands}
    given: dict[int, int] = {}
    read: set[tuple[int, int]] = set()
    legs = legs or {}
    for task in tasks:
        leg = legs.get(task, -task)
        able = [who for who in loads if who in allowed.get(task, ()) and (leg, who) not in read]
        if not able:
            continue
        who = min(
            able, key=lambda one: ((loads[one] + by_id[one].a_review) / by_id[one].a_week, one)
        )
        loads[who] += by_id[who].a_review
        read.add((leg, who))
        given[task] = who
    return given


@dataclass(frozen=True)
class Talk:
    """When an agent talked on a leg."""

    id: int
    start: datetime
    end: datetime


def heard_live(begun: datetime, ended: datetime, talks: Iterable[Talk]) -> int | None:
    """Return the leg that was judged live between two times, of the agent's ``talks``.

    It is the one under way when the review was begun, else the first to begin soon after; a later
    call of the same agent, taken while the reviewer still wrote, is not meant.
    """
    order = sorted(talks, key=lambda talk: (talk.start, talk.id))
    for talk in order:
        if talk.start <= begun < talk.end:
            return talk.id
    for talk in order:
        if begun < talk.start <= min(begun + LIVE_LEAD, ended):
            return talk.id
    return None
