"""Who may judge, see and answer what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.vocab import AssessmentState, ReviewState, SkipKind, TaskState
from pipelines.review.rules import (
    AssessmentFacts,
    assessment_is_open,
    may_answer_objection,
    skip_of_call,
    verdict_is_visible,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(days=1), NOW - timedelta(days=1)


def asked(due: Any) -> Any:
    return AssessmentFacts(AssessmentState.ASKED, due)


@pytest.mark.parametrize(
    ("review", "assessment", "visible"),
    [
        (ReviewState.DRAFT, None, False),
        (ReviewState.DRAFT, AssessmentFacts(AssessmentState.SUBMITTED, LATER), False),
        (ReviewState.SUBMITTED, None, True),
        (ReviewState.SUBMITTED, asked(LATER), False),
        (ReviewState.SUBMITTED, asked(None), False),
        (ReviewState.SUBMITTED, asked(NOW), True),
        (ReviewState.SUBMITTED, asked(BEFORE), True),
        (ReviewState.SUBMITTED, AssessmentFacts(AssessmentState.SUBMITTED, LATER), True),
        (ReviewState.SUBMITTED, AssessmentFacts(AssessmentState.LAPSED, BEFORE), True),
    ],
)
def test_an_agent_sees_the_verdict_only_when_both_are_in_or_time_ran_out(
    review: Any, assessment: Any, visible: Any
) -> None:
    assert verdict_is_visible(review, assessment, NOW) is visible


def test_a_self_assessment_can_be_written_until_it_is_due() -> None:
    assert assessment_is_open(asked(LATER), NOW)
    assert not assessment_is_open(asked(NOW), NOW)
    assert not assessment_is_open(None, NOW)


def test_an_objection_is_answered_by_somebody_who_gave_no_score() -> None:
    assert may_answer_objection(9, 4, [4])
    assert not may_answer_objection(4, 4, [4])
    assert not may_answer_objection(5, 4, [4, 5])


def test_a_drawn_call_is_skipped_when_all_its_legs_are() -> None:
    skipped = (TaskState.SKIPPED, SkipKind.INELIGIBLE)
    assert skip_of_call([skipped, skipped]) is SkipKind.INELIGIBLE
    assert skip_of_call([skipped, (TaskState.OPEN, None)]) is None
    mixed = [skipped, (TaskState.SKIPPED, SkipKind.NOT_REVIEWED)]
    assert skip_of_call(mixed) is SkipKind.NOT_REVIEWED
    assert skip_of_call([]) is None
