"""Indicators over facts, and the gap between two scores."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import Fact
from pipelines.measures.rules.indicators import (
    DEFINITIONS,
    FactSum,
    Indicator,
    Measure,
    Ratio,
    add_up,
    evaluate,
    gap_bp,
    groups_shown,
    measure_values,
    round_half_away,
    satisfaction_bounds,
)

SUMS = add_up(
    [
        (Fact.REVIEWED, 10, 10),
        (Fact.EXCELLENT, 3, 10),
        (Fact.PASSED, 8, 10),
        (Fact.REVIEWED_DIRECTED, 5, 5),
        (Fact.EXCELLENT_DIRECTED, 0, 5),
        (Fact.PASSED_DIRECTED, 1, 5),
        (Fact.SURVEYS_SENT, 20, 20),
        (Fact.SURVEYS_TAKEN_PART, 4, 4),
        (Fact.SURVEYS_TAKEN_PART, 4, 4),
        (Fact.SURVEYS_SATISFIED, 6, 6),
        (Fact.COMPLAINTS_OUT, 2, 2),
        (Fact.COMPLAINTS_ATTITUDE, 1, 1),
        (Fact.CONNECTED_OUT, 400, 400),
        (Fact.CONNECTED_IN, 100, 100),
        (Fact.ATTEMPTS_OUT, 900, 900),
        (Fact.OFFERED_IN, 100, 100),
        (Fact.RECORDED, 480, 480),
        (Fact.SELF_ASSESSED, 3, 5),
        (Fact.SELF_GAP_BP, -900, 3),
        (Fact.SELF_ABS_GAP_BP, 1_500, 3),
    ]
)


@pytest.mark.parametrize(
    ("indicator", "numerator", "denominator"),
    [
        ("qa_excellence_rate", 3, 10),
        ("monitoring_pass_rate", 8, 10),
        ("sms_satisfaction_rate", 6, 8),
        ("sms_response_rate", 8, 20),
        ("complaint_rate", 2, 400),
        ("attitude_complaint_rate", 1, 1_000),
        ("attitude_complaint_rate_connected", 1, 500),
        ("self_assessment_gap", -900, 3),
        ("self_assessment_abs_gap", 1_500, 3),
        ("self_assessment_response", 3, 5),
        ("recording_coverage", 480, 500),
    ],
)
def test_each_indicator_divides_the_facts_of_its_definition(
    indicator: str, numerator: int, denominator: int
) -> None:
    assert evaluate(Indicator(indicator), SUMS) == Ratio(numerator, denominator)


def test_every_indicator_has_a_definition_and_no_data_over_nothing() -> None:
    assert set(DEFINITIONS) == set(Indicator)
    assert [evaluate(indicator, {}).value for indicator in Indicator] == [None] * len(Indicator)


def test_directed_reviews_come_in_by_the_switch_only() -> None:
    assert evaluate(Indicator.QA_EXCELLENCE_RATE, SUMS, directed=True) == Ratio(3, 15)
    assert evaluate(Indicator.MONITORING_PASS_RATE, SUMS, directed=True) == Ratio(9, 15)


def test_silent_customers_bound_satisfaction() -> None:
    bounds = satisfaction_bounds(SUMS)
    assert bounds is not None
    assert (bounds.low, bounds.high) == (6 / 20, 18 / 20)
    assert satisfaction_bounds({}) is None


@pytest.mark.parametrize(
    ("own", "other", "gap"),
    [
        ((2_500, 3_000), (2_000, 3_000), 1_667),
        ((2_000, 3_000), (2_500, 3_000), -1_667),
        ((100, 0), (2_500, 3_000), None),
        ((2_500, 3_000), (0, 0), None),
        ((3_200, 3_000), (0, 3_000), 10_667),
    ],
)
def test_the_gap_is_the_difference_of_two_percentages(
    own: tuple[int, int], other: tuple[int, int], gap: int | None
) -> None:
    assert gap_bp(*own, *other) == gap


@given(st.fractions(-10_000, 10_000, max_denominator=997))
def test_rounding_is_alike_for_both_signs_and_at_most_half_away(value: Fraction) -> None:
    assert round_half_away(-value) == -round_half_away(value)
    assert abs(round_half_away(value) - value) <= Fraction(1, 2)


def test_a_result_without_attainable_points_has_no_measures() -> None:
    assert measure_values(0, 0, excellent=None, passed=None) == {}
    assert measure_values(2_000, 3_000, excellent=False, passed=True) == {
        Measure.EXCELLENT: 0,
        Measure.PASSED: 1,
        Measure.SCORE_BP: 6_667,
    }


def test_sums_add_totals_and_counts() -> None:
    assert SUMS[Fact.SURVEYS_TAKEN_PART] == FactSum(8, 8)


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ({1: 12, 2: 5}, {1, 2}),
        ({1: 12, 2: 4}, set()),
        ({1: 12, 2: 4, 3: 7}, {1}),
        ({1: 12, 2: 4, 3: 3}, {1}),
        ({1: 12, None: 2, 3: 6}, {1}),
        ({1: 12, None: 0}, {1}),
        ({1: 4}, set()),
        ({}, set()),
    ],
)
def test_no_small_group_can_be_worked_out_from_the_total(
    sizes: dict[int | None, int], shown: set[int]
) -> None:
    assert groups_shown(sizes) == shown
