"""Who may judge, see, answer what, and when: values in, values out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.vocab import (
    AssessmentState,
    DisputeResult,
    Origin,
    ReviewState,
    SkipKind,
    TaskState,
)


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


def self_assessment_is_visible(
    own_review: ReviewState | None, assessment: AssessmentFacts | None
) -> bool:
    """Tell whether a reviewer may see what the agent said: only after their own verdict."""
    return (
        own_review is ReviewState.SUBMITTED
        and assessment is not None
        and assessment.state is AssessmentState.SUBMITTED
    )


def reviewer_is_blind(tasks: Iterable[TaskState]) -> bool:
    """Tell whether a person works on a call: then reasons, answers and scores of it stay hidden.

    ``tasks`` are the states of the tasks on the call that are assigned to the person.
    """
    return TaskState.CLAIMED in set(tasks)


def is_own_call(agent_id: int | None, agents_of_call: Iterable[int | None]) -> bool:
    """Tell whether a person talked on any leg of the call; nobody judges a call of their own."""
    return agent_id is not None and agent_id in set(agents_of_call)


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


@dataclass(frozen=True)
class ReviewFacts:
    """What decides which review of a leg counts."""

    id: int
    origin: Origin
    submitted_at: datetime


def counting_review(
    reviews: Iterable[ReviewFacts], origins: frozenset[Origin] = frozenset({Origin.DRAWN})
) -> int | None:
    """Return the id of the one review of a leg that counts: the first of the given origins.

    Its current revision is its result, so that a decision after an objection counts by itself.
    """
    counted = [review for review in reviews if review.origin in origins]
    return min(counted, key=lambda review: (review.submitted_at, review.id)).id if counted else None


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


def may_dispute(opened_at: datetime, window_days: int, now: datetime) -> bool:
    """Tell whether a review can still be disputed: until its window has passed."""
    return now < opened_at + timedelta(days=window_days)


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
