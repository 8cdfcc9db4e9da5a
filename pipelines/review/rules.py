"""Who may judge, see, answer what, and when: values in, values out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.vocab import AssessmentState, Origin, ReviewState, SkipKind, TaskState


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
