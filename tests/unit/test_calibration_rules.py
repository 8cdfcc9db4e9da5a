"""Agreement, severity and ratings: published references, sklearn, laws, and the bootstrap."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from models.vocab import CriterionKind
from pipelines.calibration.rules.agreement import (
    Measured,
    Metric,
    Scheme,
    alpha,
    distances,
    fleiss_kappa,
    measured,
    pair_kappas,
    resamples,
    shares,
    weighted_kappa,
)
from pipelines.calibration.rules.ratings import (
    Scale,
    agreement_on,
    common_answers,
    distance_of,
    quarters,
    scores_array,
    spread_of,
    unlike_reference,
)
from pipelines.calibration.rules.severity import reliability, severity

NAN = math.nan


def ratings(rows: str) -> Any:
    """Read raters as rows, as the books print them; give units as rows."""
    cells = [
        [NAN if cell == "." else float(cell) for cell in row.split()] for row in rows.split("/")
    ]
    return np.array(cells).T


FOUR_BY_TWELVE = ratings(
    "1 2 3 3 2 1 4 1 2 . . . / 1 2 3 3 2 2 4 1 2 5 . 3 /"
    ". 3 3 3 2 3 4 2 2 5 1 . / 1 2 3 3 2 4 4 1 2 5 1 ."
)
THREE_BY_FIFTEEN = ratings(
    ". . . . . 3 4 1 2 1 1 3 3 . 3 / 1 . 2 1 3 3 4 3 . . . . . . . /. . 2 1 3 4 4 . 2 1 1 3 3 . 4"
)
SHROUT_FLEISS = ratings("9 6 8 7 10 6 / 2 1 4 1 5 2 / 5 3 6 2 6 4 / 8 2 8 6 9 7")
# Depression, personality disorder, schizophrenia, neurosis, other: 30 patients, 6 raters each.
FLEISS = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
    "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)


def value(scores: Any, metric: Metric) -> float | None:
    return measured(len(scores), 1, alpha(scores, metric)).value


@pytest.mark.parametrize(
    ("scores", "metric", "expected"),
    [
        (FOUR_BY_TWELVE, Metric.NOMINAL, 0.743),
        (FOUR_BY_TWELVE, Metric.ORDINAL, 0.815),
        (FOUR_BY_TWELVE, Metric.INTERVAL, 0.849),
        (THREE_BY_FIFTEEN, Metric.NOMINAL, 0.691),
        (THREE_BY_FIFTEEN, Metric.ORDINAL, 0.807),
        (THREE_BY_FIFTEEN, Metric.INTERVAL, 0.811),
    ],
)
def test_alpha_of_krippendorffs_examples(scores: Any, metric: Metric, expected: float) -> None:
    assert value(scores, metric) == pytest.approx(expected, abs=5e-4)


def test_kappa_of_fleiss_example() -> None:
    counts = np.array([[float(digit) for digit in row] for row in FLEISS.split()])
    assert counts.sum(axis=0).tolist() == [26, 26, 30, 55, 43]
    assert fleiss_kappa(counts) == pytest.approx(0.430, abs=5e-4)
    counts[0, 0] += 1
    assert fleiss_kappa(counts) is None


def test_kappas_of_cohens_example() -> None:
    table = np.array([[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]])
    assert weighted_kappa(table, distances(3, None)) == pytest.approx(0.492, abs=5e-4)
    weights = np.array([[0.0, 1, 3], [1, 0, 6], [3, 6, 0]])
    assert weighted_kappa(table, weights) == pytest.approx(0.348, abs=5e-4)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=30))
@settings(max_examples=25, deadline=None)
def test_kappa_is_that_of_sklearn(pairs: list[tuple[int, int]]) -> None:
    one, two = zip(*pairs, strict=True)
    for scheme, name in [(None, None), (Scheme.LINEAR, "linear"), (Scheme.QUADRATIC, "quadratic")]:
        ours = pair_kappas(np.array(pairs, dtype=float), scheme, 4)
        if len({*one, *two}) == 1:
            assert ours == {}
        else:
            theirs = cohen_kappa_score(one, two, labels=[0, 1, 2, 3], weights=name)
            assert ours[0, 1] == pytest.approx(theirs)


def test_the_intraclass_correlation_of_shrout_and_fleiss() -> None:
    found = reliability(SHROUT_FLEISS, 1)
    assert found.complete
    assert found.share.value == pytest.approx(0.290, abs=5e-4)
    assert (found.call, found.reviewer, found.rest) == pytest.approx(
        (2.556, 5.244, 1.019), abs=1e-3
    )
    low, high = found.share.low, found.share.high
    assert low is not None
    assert high is not None
    assert low < 0.290 < high


def test_components_of_incomplete_ratings_are_near_those_that_made_them() -> None:
    made = np.random.default_rng(3)
    scores = made.normal(0, 3, (400, 1)) + made.normal(0, 2, (1, 12)) + made.normal(0, 1, (400, 12))
    scores[made.random(scores.shape) < 0.6] = NAN
    found = reliability(scores, 1)
    assert not found.complete
    assert found.call == pytest.approx(9, rel=0.2)
    assert found.rest == pytest.approx(1, rel=0.1)
    # Twelve reviewers tell little of how much reviewers vary.
    assert 1 < (found.reviewer or 0) < 9


def test_totals_that_do_not_vary_have_no_reliability() -> None:
    # Sums of such numbers are rounded, which must not pass for variance.
    for calls, reviewers, score in ((7, 3, 70_000 / 11), (5, 6, 70_000 / 13)):
        assert reliability(np.full((calls, reviewers), score), 1).share == Measured(None)


def test_severity_finds_known_effects_from_few_calls_in_common() -> None:
    made = np.random.default_rng(5)
    known = np.array([4.0, -1, -3, 0])
    scores = made.normal(80, 8, (60, 1)) + known + made.normal(0, 1, (60, 4))
    # Each call was scored by two neighbours only; the last two reviewers meet nobody else.
    for row in range(60):
        first = (0, 1, 2)[row % 3]
        keep = {0: [0, 1], 1: [1, 2], 2: [0, 2]}[first]
        scores[row, [column for column in range(4) if column not in keep]] = NAN
    effects = severity(scores, 1)
    assert [effect.group for effect in effects] == [0, 0, 0, 1]
    assert effects[3].effect == Measured(None)
    assert [effect.effect.value for effect in effects[:3]] == pytest.approx([4, -1, -3], abs=0.7)
    assert sum(effect.effect.value or 0 for effect in effects[:3]) == pytest.approx(0, abs=1e-9)
    for effect, truth in zip(effects[:3], known, strict=False):
        low, high = effect.effect.low, effect.effect.high
        assert low is not None
        assert high is not None
        assert low < truth < high


def test_severity_of_two_who_never_met_is_not_comparable() -> None:
    scores = np.array([[90.0, 80, NAN, NAN], [NAN, NAN, 50, 70], [70, 60, NAN, NAN]])
    effects = severity(scores, 1)
    assert [effect.group for effect in effects] == [0, 0, 1, 1]
    assert [effect.effect.value for effect in effects] == pytest.approx([5, -5, -10, 10])
    assert [effect.calls for effect in effects] == [2, 2, 1, 1]


def test_intervals_cover_what_made_the_data() -> None:
    made, hits = np.random.default_rng(7), 0
    for trial in range(200):
        agree = made.random(40) < 0.8
        pair = np.stack([np.zeros(40), np.where(agree, 0, 1)], axis=1)
        found = measured(40, trial, shares(pair))
        hits += found.low is not None and found.high is not None and found.low <= 0.8 <= found.high
    assert 175 <= hits <= 200


same = st.lists(
    st.lists(st.sampled_from([0.0, 1, 2, NAN]), min_size=3, max_size=3), min_size=2, max_size=8
)


@given(same)
@settings(max_examples=40, deadline=None)
def test_raters_and_units_have_no_order(rows: list[list[float]]) -> None:
    scores = np.array(rows)
    turned = scores[::-1, ::-1]
    for metric in Metric:
        ours, other = value(scores, metric), value(turned, metric)
        assert ours == (None if other is None else pytest.approx(other))
        assert ours is None or ours <= 1 + 1e-9


def test_resamples_of_one_value_have_no_alpha() -> None:
    # Nine units of one value, one of another: about a third of the resamples miss the latter.
    scores = np.array([[0.1, 0.1]] * 9 + [[0.7, 0.7]])
    for metric in Metric:
        drawn = alpha(scores, metric)(resamples(10, 1, 500))
        assert 0.25 < np.isnan(drawn).mean() < 0.45
        assert np.nanmin(drawn) == pytest.approx(1)
        assert measured(10, 1, alpha(scores, metric)) == Measured(pytest.approx(1.0))


def test_no_variation_has_no_alpha_and_full_agreement() -> None:
    found = agreement_on(YES, [{1: "yes", 2: "yes"}] * 4, scheme=Scheme.LINEAR, seed=1)
    assert (found.exact, found.varied) == (Measured(1.0, 1.0, 1.0), False)
    assert (found.alpha.value, found.kappa, found.fleiss) == (None, None, None)


YES = Scale("greeting", CriterionKind.YES_NO)
LEVELS = Scale("needs", CriterionKind.LEVELS, (("good", 1500), ("some", 600), ("none", 0)))
ITEMS = Scale("steps", CriterionKind.CHECKLIST, (("a", 100), ("b", 100), ("c", 100)))


def test_answers_become_ratings_by_their_kind() -> None:
    units = [
        {1: "good", 2: "some", 3: "na"},
        {1: "none", 2: "good", 3: None},
        {1: "some", 2: "some"},
        {1: "good"},
    ]
    found = agreement_on(LEVELS, units, scheme=Scheme.LINEAR, seed=1)
    assert (found.units, found.answers, found.metric) == (3, 7, Metric.ORDINAL)
    # Exact: one of five pairs; one level apart: two of the three pairs that are on the scale.
    assert found.exact.value == pytest.approx(1 / 5)
    assert found.near.value == pytest.approx(2 / 3)
    assert set(found.pairs) == {(1, 2)}
    listed = agreement_on(
        ITEMS, [{1: ["a", "b"], 2: ["b", "a"]}, {1: [], 2: ["c"]}], scheme=Scheme.LINEAR, seed=1
    )
    assert (listed.exact.value, listed.near.value) == (0.5, 1.0)
    points = Scale("tone", CriterionKind.POINTS, points=1000, step=50)
    halves = agreement_on(
        points, [{1: "7.5", 2: "8"}, {1: "1", 2: "9"}], scheme=Scheme.QUADRATIC, seed=1
    )
    assert halves.near.value == 0.5
    with pytest.raises(ValueError, match="words"):
        agreement_on(Scale("note", CriterionKind.TEXT), [], scheme=Scheme.LINEAR, seed=1)


def test_nobody_and_single_answers_tell_nothing() -> None:
    for units in ([], [{1: "yes"}, {2: "no"}]):
        found = agreement_on(YES, units, scheme=Scheme.LINEAR, seed=1)
        assert (found.units, found.exact.value, found.alpha.value) == (0, None, None)
    assert reliability(np.full((3, 2), NAN), 1).share == Measured(None)
    assert scores_array([])[1].shape == (0, 0)
    assert severity(scores_array([])[1], 1) == []


def test_distance_to_a_reference_and_what_needs_a_reason() -> None:
    reference = {"greeting": "yes", "needs": "good", "praise": None}
    own = {"greeting": "yes", "needs": "some", "praise": "no"}
    compared = ["greeting", "needs", "praise", "note"]
    assert unlike_reference(reference, [own], compared) == ["needs", "praise"]
    assert unlike_reference(reference, [reference], compared) == []
    assert common_answers([own, reference], compared) == {"greeting": "yes"}
    assert common_answers([], compared) == {}
    found = distance_of(
        [(own, reference), (reference, reference)], [(7000.0, 8000.0), (80.0, None)], compared
    )
    assert (found.calls, found.same, found.compared, found.points_bp) == (2, 3, 5, -1000.0)
    assert spread_of([]) is None
    spread = spread_of([7000, 9000])
    assert spread is not None
    assert (spread.mean, spread.low, spread.high) == (8000, 7000, 9000)
    assert quarters((2025, 4), (2026, 2)) == [(2025, 4), (2026, 1), (2026, 2)]
