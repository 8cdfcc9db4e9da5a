"""Intervals and weighted estimates: published figures, examples by hand, and simulated coverage."""

import itertools
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.measures.rules.estimates import Note, StratumSums, estimate
from pipelines.measures.rules.intervals import normal, wilson, z_value


@pytest.mark.parametrize(
    ("good", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_newcombes_published_limits(
    good: int, n: int, low: float, high: float
) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    interval = wilson(good / n, n)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@given(rate=st.floats(0, 1), n=st.floats(0.5, 1e6))
def test_wilson_holds_its_rate_inside_the_unit_range(rate: float, n: float) -> None:
    interval = wilson(rate, n)
    assert 0 <= interval.low <= rate <= interval.high <= 1


@pytest.mark.parametrize(("rate", "n"), [(-0.1, 5), (1.1, 5), (0.5, 0)])
def test_there_is_no_interval_without_trials_or_outside_the_unit_range(
    rate: float, n: float
) -> None:
    with pytest.raises(ValueError, match="no interval"):
        wilson(rate, n)


def test_normal_reaches_1_96_standard_errors() -> None:
    assert z_value() == pytest.approx(1.959964, abs=1e-6)
    assert normal(10, 2).high == pytest.approx(13.919928)


def stratum(frame: int, resolved: int, good: int, *, key: str = "h", **values: int) -> StratumSums:
    """Sum ``resolved`` reviewed calls of one leg each, ``good`` of which earned it."""
    drawn = resolved + values.get("open_calls", 0)
    sums = StratumSums(
        draw="d",
        key=key,
        frame=frame,
        drawn=drawn,
        drawn_inside=drawn,
        resolved=resolved,
        calls=resolved,
        x=resolved,
        y=good,
        xx=resolved,
        xy=good,
        yy=good,
    )
    return replace(sums, **values)


def test_a_stratified_mean_has_the_published_value_and_standard_error() -> None:
    """S. L. Lohr, Sampling: Design and Analysis, example 3.2: acres of farms by region."""
    regions = [
        (1054, 103, 300_504.16, 29_618_183_543),
        (220, 21, 97_629.81, 7_647_472_708),
        (1382, 135, 211_315.04, 53_587_487_856),
        (422, 41, 662_295.51, 396_185_950_266),
    ]
    strata = [
        StratumSums(
            draw="d",
            key=str(number),
            frame=frame,
            drawn=n,
            drawn_inside=n,
            resolved=n,
            calls=n,
            x=n,
            y=round(n * mean),
            xx=n,
            xy=round(n * mean),
            yy=round((n - 1) * variance + n * mean * mean),
        )
        for number, (frame, n, mean, variance) in enumerate(regions)
    ]
    result = estimate(strata, is_rate=False)
    assert result.value == pytest.approx(295_561, abs=1)
    assert result.interval is not None
    standard_error = (result.interval.high - result.interval.low) / (2 * z_value())
    assert standard_error == pytest.approx(16_380, abs=1)


def test_strata_weigh_by_their_size_not_by_their_reviews() -> None:
    # By hand: worst 20 of 20 with 5 good, ordinary 40 of 400 with 30 good.
    result = estimate([stratum(20, 20, 5, key="worst"), stratum(400, 40, 30, key="ordinary")])
    assert result.value == pytest.approx((5 + 400 * 0.75) / 420)
    assert (result.numerator, result.denominator) == (35, 60)
    # v = 400²·(1 − 0.1)·s²/40 / 420², with s² = 40/39·0.75·0.25; the whole stratum adds none.
    spread = 40 / 39 * 0.75 * 0.25
    variance = 400**2 * 0.9 * spread / 40 / 420**2
    share = result.value
    wanted = min(share * (1 - share) / variance, 60 / (1 - 60 / 420))
    assert result.effective_n == pytest.approx(wanted)
    assert result.interval == wilson(share, wanted)
    assert (result.population, result.population_exact) == (420, True)
    assert result.notes == ()


def test_everything_reviewed_is_complete_and_has_no_interval() -> None:
    result = estimate([stratum(20, 20, 5), stratum(3, 3, 3, key="best")])
    assert result.value == pytest.approx(8 / 23)
    assert result.interval is None
    assert result.notes == (Note.COMPLETE,)


def test_nothing_is_complete_while_a_stratum_has_no_review() -> None:
    unheard = stratum(400, 0, 0, key="unheard", drawn=20, drawn_inside=20, open_calls=20, open_x=20)
    few = estimate([stratum(4, 4, 3), unheard])
    assert few.value is None
    assert set(few.notes) == {Note.PROVISIONAL, Note.LEFT_OUT, Note.TOO_FEW}
    many = estimate([stratum(40, 40, 30), unheard])
    assert many.value == 0.75
    assert many.interval is not None
    assert Note.COMPLETE not in many.notes
    assert many.left_out == pytest.approx(400 / 440)


def test_nothing_reviewed_says_no_data() -> None:
    result = estimate([stratum(20, 0, 0, open_calls=4, open_x=4)])
    assert result.value is None
    assert Note.NO_DATA in result.notes
    assert Note.PROVISIONAL in result.notes
    assert estimate([]).notes == (Note.NO_DATA,)


def test_fewer_than_ten_effective_reviews_give_the_count_alone() -> None:
    few = estimate([stratum(400, 8, 4)])
    assert (few.value, few.interval, few.numerator, few.denominator) == (None, None, 4, 8)
    assert Note.TOO_FEW in few.notes
    assert estimate([stratum(400, 12, 6)]).value == 0.5


def test_no_good_or_all_good_reviews_get_kishs_effective_size() -> None:
    result = estimate([stratum(20, 20, 0, key="worst"), stratum(400, 40, 0)])
    weights = 20 * 1 + 40 * 10
    assert result.effective_n == pytest.approx(weights**2 / (20 * 1 + 40 * 100))
    assert result.value == 0
    assert result.interval is not None
    assert result.interval.low == 0
    assert result.interval.high > 0


def test_calls_not_reviewed_raise_the_weight_of_the_others_in_their_stratum() -> None:
    skipped = replace(stratum(100, 20, 10, key="long"), drawn=25, drawn_inside=25)
    result = estimate([skipped, stratum(100, 25, 20, key="short")])
    assert result.value == pytest.approx((100 * 0.5 + 100 * 0.8) / 200)


def test_ineligible_calls_leave_the_domain_with_their_weight() -> None:
    # Of 20 resolved calls 5 were voicemail: the stratum's 100 calls stand for 75 eligible ones.
    ineligible = replace(stratum(100, 15, 15, key="long"), resolved=20, drawn=20, drawn_inside=20)
    result = estimate([ineligible, stratum(100, 25, 0, key="short")])
    assert result.value == pytest.approx(75 / 175)
    assert (result.population, result.population_exact) == (175, False)


def test_a_group_inside_strata_is_a_ratio_with_the_variance_of_its_residuals() -> None:
    # 200 calls, 50 reviewed, 20 of them the team's, 15 good. R = 15/20, e = y − R x.
    sums = replace(stratum(200, 50, 0), calls=20, x=20, y=15, xx=20, xy=15, yy=15, drawn_inside=20)
    result = estimate([sums])
    squares = 15 * 0.25**2 + 5 * 0.75**2
    variance = 200**2 * (1 - 50 / 200) * (squares / 49) / 50 / (200 * 20 / 50) ** 2
    wanted = min(0.75 * 0.25 / variance, 20 / (1 - 20 / 80))
    assert result.value == 0.75
    assert result.population == 80
    assert result.effective_n == pytest.approx(wanted)


def test_legs_of_one_call_are_a_cluster() -> None:
    # 30 calls of two legs that always agree say no more than 30 calls of one leg.
    twins = replace(stratum(3_000, 30, 0), x=60, y=30, xx=120, xy=60, yy=60)
    single = stratum(3_000, 30, 15)
    one, two = estimate([single]), estimate([twins])
    assert (one.value, two.value) == (0.5, 0.5)
    assert one.effective_n == pytest.approx(two.effective_n)
    assert two.denominator == 60


def test_a_stratum_with_one_review_borrows_its_neighbours_spread_and_says_so() -> None:
    lonely = [stratum(10, 1, 1, key="best"), stratum(400, 40, 30, key="ordinary")]
    result = estimate(lonely)
    assert result.joined == ("best",)
    assert Note.JOINED in result.notes
    last = estimate([stratum(400, 40, 30), stratum(10, 1, 1, key="unusual")])
    assert last.joined == ("unusual",)
    elsewhere = estimate([replace(lonely[0], draw="other"), lonely[1]])
    assert elsewhere.joined == ()
    assert Note.VARIANCE_UNKNOWN in elsewhere.notes


def test_a_stratum_without_reviews_is_left_out_and_named() -> None:
    silent = replace(stratum(80, 0, 0, key="very_long"), drawn=4, drawn_inside=4)
    result = estimate([silent, stratum(320, 40, 20)])
    assert result.value == 0.5
    assert result.left_out == pytest.approx(0.2)
    assert result.left_out_strata == ("very_long",)
    assert Note.LEFT_OUT in result.notes


def test_a_stratum_outside_the_group_is_not_missed() -> None:
    other = replace(stratum(80, 0, 0, key="ordinary:x"), drawn=4, drawn_inside=0)
    assert estimate([other, stratum(320, 40, 20)]).left_out == 0


def test_open_calls_make_it_provisional_with_worst_and_best_case() -> None:
    result = estimate([stratum(100, 20, 10, open_calls=5, open_x=5)])
    assert Note.PROVISIONAL in result.notes
    assert result.closed == 0.8
    assert result.worst_case == pytest.approx(10 / 25)
    assert result.best_case == pytest.approx(15 / 25)
    nearly = estimate([stratum(100, 19, 10, open_calls=2, open_x=2)])
    assert Note.PROVISIONAL not in nearly.notes
    assert nearly.worst_case is None


sizes = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 400))


@given(parts=st.lists(sizes, max_size=6))
def test_an_estimate_stays_between_the_rates_of_its_strata(
    parts: list[tuple[int, int, int]],
) -> None:
    strata = [
        stratum(good + bad + rest, good + bad, good, key=str(number))
        for number, (good, bad, rest) in enumerate(parts)
        if good + bad
    ]
    result = estimate(strata)
    if result.value is not None:
        rates = [part.y / part.x for part in strata]
        assert min(rates) - 1e-9 <= result.value <= max(rates) + 1e-9
        if result.interval is not None:
            assert result.interval.low - 1e-9 <= result.value <= result.interval.high + 1e-9


CELLS = list(itertools.product((0.02, 0.5, 0.98), (60, 150), (False, True)))


@pytest.mark.parametrize(("rate", "n", "skips"), CELLS)
def test_intervals_cover_the_truth_and_estimates_are_unbiased(
    rate: float, n: int, *, skips: bool
) -> None:
    """Outlier-heavy design: two small strata with a third of the reviews, one large with the rest.

    Calls of the first are harder to review: 20 % skipped at random inside the stratum.
    """
    random = np.random.default_rng([round(rate * 100), n, skips])
    frames = np.array([60, 100, 1_840])
    rates = np.clip(rate + np.array([-0.2, 0.2, 0.0]) * 4 * rate * (1 - rate), 0.0, 1.0)
    good = np.round(frames * rates).astype(int)
    truth = good.sum() / frames.sum()
    drawn = np.array([n // 6, n // 6, n - 2 * (n // 6)])
    if skips:
        drawn = np.array([max(2, round(drawn[0] * 0.8)), *drawn[1:]])
    draws = 2_000
    counts = random.hypergeometric(good, frames - good, drawn, size=(draws, 3))
    values = np.empty(draws)
    hits = 0
    for place, row in enumerate(counts.tolist()):
        result = estimate(
            [
                stratum(int(frame), int(size), seen, key=str(number))
                for number, (frame, size, seen) in enumerate(zip(frames, drawn, row, strict=True))
            ]
        )
        assert result.value is not None
        assert result.interval is not None
        values[place] = result.value
        hits += result.interval.low <= truth <= result.interval.high
    error = values.std(ddof=1) / sqrt(draws)
    assert abs(values.mean() - truth) <= max(0.002, 3 * error)
    assert hits / draws >= 0.93
