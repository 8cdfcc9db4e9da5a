"""Regression to the mean, variance components, and what is said of a change."""

from datetime import date
from math import exp, pi, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.coaching import rules
from pipelines.coaching.rules import Components, Finding, Mean, Result

# The yield of dyestuff from six batches, five samples each: O. L. Davies and P. L. Goldsmith,
# Statistical Methods in Research and Production (4th ed., 1972), table 6.1.
DYESTUFF = [
    [1545, 1440, 1440, 1520, 1580],
    [1540, 1555, 1490, 1560, 1495],
    [1595, 1550, 1605, 1510, 1560],
    [1445, 1440, 1595, 1465, 1545],
    [1595, 1630, 1515, 1635, 1625],
    [1520, 1455, 1450, 1480, 1445],
]
# Predicted effects of the batches, A to F, as lme4 publishes them for these data.
EFFECTS = [-17.6069, 0.3912, 28.5622, -23.0846, 56.7332, -44.9952]


def test_variance_components_are_the_published_ones() -> None:
    found = rules.components(DYESTUFF)
    assert found is not None
    assert found.mean == pytest.approx(1527.5)
    assert found.within == pytest.approx(2451.25)
    assert found.between == pytest.approx(1764.05)
    assert found.people == 6


@pytest.mark.parametrize(("batch", "effect"), list(enumerate(EFFECTS)))
def test_what_to_expect_later_is_the_published_prediction(batch: int, effect: float) -> None:
    spread = rules.components(DYESTUFF)
    assert spread is not None
    own = sum(DYESTUFF[batch]) / 5
    assert rules.expected_after(spread, own, 5) - spread.mean == pytest.approx(effect, abs=1e-3)


def test_unequal_groups_use_their_own_size() -> None:
    # Groups {1, 3}, {5}, {8, 10, 12}: SSW = 2 + 8 = 10 on 3; grand mean 6.5; SSB = 2·4.5² + 1.5²
    # + 3·3.5² = 79.5 on 2; n0 = (6 - 14/6) / 2 = 11/6; (39.75 - 10/3) / (11/6) = 19.8636…
    found = rules.components([[1, 3], [5], [], [8, 10, 12]])
    assert found is not None
    assert (found.within, found.mean, found.people) == (pytest.approx(10 / 3), 6.5, 3)
    assert found.between == pytest.approx(437 / 22)


@pytest.mark.parametrize("groups", [[], [[70, 80, 90]], [[70], [80]], [[], [70, 80]]])
def test_nothing_is_told_of_variances_that_cannot_be_seen(groups: Any) -> None:
    assert rules.components(groups) is None


def test_agents_who_differ_by_chance_alone_are_all_expected_at_the_mean() -> None:
    spread = rules.components([[60, 80], [80, 60], [70, 70]])
    assert spread is not None
    assert spread.between == 0
    assert rules.expected_after(spread, 55, 12) == spread.mean


def test_the_rebound_of_those_below_a_line_is_the_formula_of_the_literature() -> None:
    """Davis 1976, Barnett 2005: E(rebound | x < c) = σ_w²/n / √(σ_b² + σ_w²/n) · φ(z)/Φ(z)."""
    spread, n, line = Components(70, 36, 225, 400), 12, 66.0
    spread_of_means = sqrt(spread.between + spread.within / n)
    z = (line - spread.mean) / spread_of_means
    density = exp(-z * z / 2) / sqrt(2 * pi)
    expected = spread.within / n / spread_of_means * density / NormalDist().cdf(z)
    chance = np.random.default_rng(20261125)
    true = chance.normal(spread.mean, sqrt(spread.between), 400_000)
    before = true + chance.normal(0, sqrt(spread.within / n), true.size)
    after = true + chance.normal(0, sqrt(spread.within / n), true.size)
    low = before < line
    ours = float(np.mean(rules.expected_after(spread, before[low], n) - before[low]))
    assert ours == pytest.approx(expected, abs=0.03)
    assert float(np.mean(after[low] - before[low])) == pytest.approx(expected, abs=0.05)
    # Nobody was coached: the margin holds what it says.
    margin = rules.margin_after(spread, n, n)
    inside = np.abs(after - rules.expected_after(spread, before, n)) <= margin
    assert float(np.mean(inside)) == pytest.approx(0.95, abs=0.003)


@given(
    st.floats(0, 100),
    st.floats(0, 100),
    st.floats(0.01, 500),
    st.floats(0.01, 500),
    st.floats(1, 200),
)
def test_what_is_expected_lies_between_the_own_and_the_common_mean(
    own: float, mean: float, between: float, within: float, n: float
) -> None:
    found = rules.expected_after(Components(mean, between, within, 9), own, n)
    assert min(own, mean) - 1e-9 <= found <= max(own, mean) + 1e-9


def test_a_mean_is_weighted_and_knows_what_it_is_worth() -> None:
    day = date(2026, 11, 2)
    assert rules.mean_of([]) == Mean(None, 0, 0.0)
    found = rules.mean_of([Result(1, day, 60, 1), Result(1, day, 90, 2), Result(1, day, 75, 2)])
    assert found == Mean(78.0, 3, pytest.approx(25 / 9))


def mean(value: float, effective: float = 20) -> Mean:
    return Mean(value, round(effective), effective)


SPREAD = Components(70, 36, 225, 12)


@pytest.mark.parametrize(
    ("before", "after", "spread", "finding"),
    [
        (mean(60), mean(66), SPREAD, Finding.AS_EXPECTED),
        (mean(60), mean(75), SPREAD, Finding.HIGHER),
        (mean(60), mean(50), SPREAD, Finding.LOWER),
        (mean(60, 9.9), mean(95), SPREAD, Finding.TOO_FEW),
        (mean(60), mean(95, 9), SPREAD, Finding.TOO_FEW),
        (mean(60), mean(95), None, Finding.UNKNOWN),
        (Mean(None, 0, 0), mean(95), SPREAD, Finding.TOO_FEW),
    ],
)
def test_what_may_be_said_of_a_change(
    before: Mean, after: Mean, spread: Any, finding: Finding
) -> None:
    found = rules.change(before, after, spread)
    assert found.finding is finding
    if finding is Finding.TOO_FEW:
        assert (found.moved, found.rebound, found.beyond) == (None, None, None)


def test_a_change_is_told_beside_what_chance_would_bring() -> None:
    found = rules.change(mean(60), mean(75), SPREAD)
    # ρ = 36 / (36 + 225 / 20) = 0.7619; 70 - 0.7619 · 10 = 62.38
    assert found.moved == pytest.approx(15)
    assert found.rebound == pytest.approx(2.381, abs=1e-3)
    assert found.beyond == pytest.approx(12.619, abs=1e-3)


def test_similar_people_are_told_of_from_five_on() -> None:
    alike = [(mean(58 + step), mean(61 + step)) for step in range(5)]
    far, few = (mean(80), mean(80)), (mean(60, 9), mean(90))
    assert rules.similar_change(mean(60), [*alike, far, few]) == (5, pytest.approx(3))
    assert rules.similar_change(mean(60), [*alike[:4], far, few]) is None


@pytest.mark.parametrize(
    ("passed", "failed", "asks"),
    [(True, [], False), (False, [], True), (True, ["identity"], True), (None, [], False)],
)
def test_weak_reviews_ask_for_a_cause(passed: Any, failed: Any, asks: Any) -> None:
    assert rules.asks_for_cause(passed=passed, failed_critical=failed) is asks


def test_every_ready_made_cause_is_in_both_languages() -> None:
    assert all(cause.text["en"] and cause.text["zh_Hans"] for cause in rules.DEFAULT_CAUSES)
    codes = [cause.code for cause in rules.DEFAULT_CAUSES]
    assert len(set(codes)) == len(codes)
