"""Until when a review can be disputed, and what a decision may change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab_learning import DisputeResult
from pipelines.review.rules import (
    Decision,
    decision_problem,
    score_falls,
    verdict_opened_at,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
UPHELD, PARTLY, STANDS = DisputeResult.UPHELD, DisputeResult.PARTLY, DisputeResult.NOT_UPHELD


@pytest.mark.parametrize(
    ("assessed", "due", "opened"),
    [
        (None, None, NOW),
        (NOW - DAY, NOW + DAY, NOW),
        (NOW + DAY, NOW + 5 * DAY, NOW + DAY),
        (None, NOW + 5 * DAY, NOW + 5 * DAY),
        (None, NOW - DAY, NOW),
    ],
)
def test_the_window_begins_when_both_views_are_in(assessed: Any, due: Any, opened: Any) -> None:
    assert verdict_opened_at(NOW, assessed, due) == opened


@pytest.mark.parametrize(
    ("decision", "problem"),
    [
        (Decision(UPHELD, 0, 500), None),
        (Decision(PARTLY, 0, 100), None),
        (Decision(STANDS, 100, 100), None),
        (Decision(UPHELD, 500, 500), "dispute_unchanged"),
        (Decision(PARTLY, 500, 400), "dispute_lowers"),
        (Decision(UPHELD, 0, 0, not_applicable=True), None),
        (Decision(DisputeResult.OPEN, 0, 500), "dispute_result_needed"),
    ],
)
def test_a_decision_adds_or_leaves_and_never_takes_away(decision: Any, problem: Any) -> None:
    assert decision_problem(decision) == problem


@given(*[st.integers(0, 10_000)] * 2, *[st.integers(1, 10_000)] * 2)
def test_a_score_falls_exactly_when_its_percentage_does(
    earned: int, new_earned: int, attainable: int, new_attainable: int
) -> None:
    from fractions import Fraction

    falls = Fraction(new_earned, new_attainable) < Fraction(earned, attainable)
    assert score_falls((earned, attainable), (new_earned, new_attainable)) is falls
