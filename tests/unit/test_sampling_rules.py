"""The arithmetic of a draw, against published numbers, hand calculation and its own laws."""

from dataclasses import replace as changed
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.vocab import Direction, Reason
from pipelines.outcomes import DomainError
from pipelines.sampling.rules import manifest as manifests
from pipelines.sampling.rules.columns import FrameColumns, PeerColumns
from pipelines.sampling.rules.explain import CallFacts, explain
from pipelines.sampling.rules.numbers import (
    parse_seed,
    random_numbers,
    splitmix64,
    tie_numbers,
    to_signed,
    to_unsigned,
)
from pipelines.sampling.rules.peers import find_peers, length_peers, robust_z, value_peers
from pipelines.sampling.rules.plan_draw import Drawing, make_drawing
from pipelines.sampling.rules.reasons import BITS, find_reasons, reasons_of
from pipelines.sampling.rules.settings import PlanSettings, Quota, ReasonRule, Thresholds
from pipelines.sampling.rules.strata import allocate

AGENTS = ["a0", "a1", "a2", "a3"]


def make_frame(n: int, **columns: Any) -> FrameColumns:
    """Return n plain calls of one project and agent, 60 s each; ``columns`` replace some."""
    zeros = np.zeros(n, dtype=np.int64)
    no = np.zeros(n, dtype=np.bool_)
    frame = FrameColumns(
        draw_key=splitmix64(np.arange(n, dtype=np.uint64)),
        tie_rank=zeros,
        talk_ms=zeros + 60_000,
        project=zeros,
        outbound=no,
        agent=zeros,
        transfers=zeros,
        tier_listed=no,
        value=zeros - 1,
        currency=zeros,
        success=no,
        complaint=no,
        dissatisfied=no,
        top_satisfied=no,
        already=no,
    )
    return changed(frame, **{name: np.asarray(value) for name, value in columns.items()})


def peers_of(frame: FrameColumns) -> PeerColumns:
    return PeerColumns(frame.project, frame.outbound, frame.talk_ms, frame.value, frame.currency)


def random_frame(seed: int, n: int) -> FrameColumns:
    rng = np.random.default_rng(seed)
    return make_frame(
        n,
        draw_key=rng.integers(0, 1 << 63, n).astype(np.uint64) * np.uint64(2),
        talk_ms=np.exp(rng.normal(10.6, 0.5, n)).astype(np.int64) + 1,
        project=rng.integers(0, 3, n),
        outbound=rng.random(n) < 0.5,
        agent=rng.integers(0, len(AGENTS), n),
        transfers=rng.integers(0, 4, n),
        value=np.where(rng.random(n) < 0.5, -1, rng.integers(0, 9_000, n)),
        currency=np.full(n, 0x434E59),
        success=rng.random(n) < 0.3,
        complaint=rng.random(n) < 0.02,
        dissatisfied=rng.random(n) < 0.02,
        top_satisfied=rng.random(n) < 0.2,
        already=rng.random(n) < 0.1,
    )


def drawn_keys(drawing: Drawing) -> dict[str, list[int]]:
    return {
        stratum.key: drawing.frame.draw_key[rows].tolist()
        for stratum, rows in zip(drawing.strata, drawing.chosen, strict=True)
    }


def test_splitmix64_gives_the_published_sequences() -> None:
    # Sebastiano Vigna's splitmix64.c started at 0, and the test of the Rosetta Code page.
    golden = 0x9E3779B97F4A7C15
    states = np.array([0, golden, 2 * golden % 2**64], dtype=np.uint64)
    assert splitmix64(states).tolist() == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]
    states = np.array([(1_234_567 + i * golden) % 2**64 for i in range(5)], dtype=np.uint64)
    assert splitmix64(states).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_random_numbers_join_key_and_seed_by_exclusive_or() -> None:
    keys = np.array([5, 2**64 - 1], dtype=np.uint64)
    expected = splitmix64(np.array([5 ^ 3, (2**64 - 1) ^ 3], dtype=np.uint64))
    assert random_numbers(keys, 3).tolist() == expected.tolist()
    assert tie_numbers(keys, 3).tolist() != expected.tolist()


@given(st.integers(0, 2**64 - 1))
def test_signed_and_unsigned_hold_the_same_bits(value: int) -> None:
    stored = np.array([to_signed(value)], dtype=np.int64)
    assert int(to_unsigned(stored)[0]) == value


@pytest.mark.parametrize("text", ["", "ff", " 00000000000000f", "zzzzzzzzzzzzzzzz"])
def test_a_seed_needs_sixteen_hexadecimal_digits(text: str) -> None:
    with pytest.raises(ValueError, match=r"hexadecimal|invalid literal"):
        parse_seed(text)


def test_robust_z_by_hand() -> None:
    # ln talk of 1, 2, 4, 8, 16 s is ln 1 + 0..4 ln 2 (+ ln 1000): median at 4 s, MAD = ln 2.
    talk = np.array([1_000, 2_000, 4_000, 8_000, 16_000])
    group = length_peers(talk, "project")
    assert group.median_ms == 4_000
    assert group.mad_ln == pytest.approx(np.log(2))
    frame = make_frame(5, talk_ms=talk)
    z = robust_z(talk, find_peers(frame, peers_of(frame), 200))
    assert z.tolist() == pytest.approx([-2 / 1.4826, -1 / 1.4826, 0, 1 / 1.4826, 2 / 1.4826])


def test_equal_talk_times_have_no_outliers() -> None:
    frame = make_frame(300, talk_ms=np.r_[np.full(299, 60_000), 900_000])
    bits = find_reasons(
        frame, find_peers(frame, peers_of(frame), 200), PlanSettings(), frame.draw_key
    )
    assert not bits.any()


def test_peers_widen_until_there_are_a_hundred() -> None:
    # Project 0 outbound has 100 peers, project 1 outbound 99, inbound 5 in all.
    project = np.r_[np.zeros(100), np.ones(99), np.zeros(5)].astype(np.int64)
    outbound = np.r_[np.ones(199), np.zeros(5)].astype(np.bool_)
    frame = make_frame(204, project=project, outbound=outbound)
    peers = find_peers(frame, peers_of(frame), 200)
    found = {
        key: (group.level, group.n)
        for key, group in zip(peers.length_keys, peers.lengths, strict=True)
    }
    assert found == {(0, 0): ("site", 204), (0, 1): ("project", 100), (1, 1): ("direction", 199)}


def test_high_value_is_the_top_share_and_ties_do_not_stretch_it() -> None:
    values = np.arange(1, 101)
    group = value_peers(values, "project", 200)
    assert group is not None
    assert group.above == 98  # 99 and 100 are the top 2 % of a hundred
    tied = value_peers(np.r_[np.arange(1, 98), 500, 500, 500], "project", 200)
    assert tied is not None
    assert tied.above == 500  # three share the top: calling them high would be 3 %
    assert value_peers(np.arange(49), "site", 200) is None


def test_outliers_are_filled_up_to_the_outer_share_and_cut_at_the_ceiling() -> None:
    rng = np.random.default_rng(1)
    talk = (60_000 * np.exp(rng.uniform(-0.5, 0.5, 4_000))).astype(np.int64)
    frame = make_frame(4_000, talk_ms=talk)
    peers = find_peers(frame, peers_of(frame), 200)
    plan = PlanSettings()
    bits = find_reasons(frame, peers, plan, frame.draw_key)
    long = (bits & BITS[Reason.VERY_LONG]) > 0
    assert np.count_nonzero(long) == 20  # none is beyond 3, so the outer 0.5 %
    assert talk[long].min() >= np.sort(talk)[-20]
    low = changed(plan, thresholds=Thresholds(long_z=50, ceiling_bp=100))
    bits = find_reasons(frame, peers, low, frame.draw_key)
    assert np.count_nonzero(bits & BITS[Reason.VERY_LONG]) == 40


def test_best_is_cut_by_value_then_by_tie_number() -> None:
    n = 1_000
    value = np.full(n, 100)
    value[:5] = 900
    frame = make_frame(n, top_satisfied=np.ones(n, bool), success=np.arange(n) < 500, value=value)
    tie = splitmix64(frame.draw_key)
    peers = find_peers(frame, peers_of(frame), 200)
    best = np.flatnonzero(find_reasons(frame, peers, PlanSettings(), tie) & BITS[Reason.BEST])
    rest = np.arange(5, 500)
    expected = {*range(5), *rest[np.argsort(tie[rest])][:15].tolist()}
    assert set(best.tolist()) == expected


def test_a_call_stands_in_the_stratum_of_its_first_reason() -> None:
    frame = make_frame(
        4,
        complaint=[True, False, False, False],
        transfers=[2, 2, 1, 2],
        already=[False, False, False, True],
    )
    plan = PlanSettings(by_agent=False)
    drawing = make_drawing(frame, peers_of(frame), plan, ["a0"], 7)
    sizes = {stratum.key: stratum.n_frame for stratum in drawing.strata}
    assert sizes == {"worst": 1, "multi_transfer": 1, "ordinary": 1, "already_reviewed": 1}
    first = int(np.flatnonzero(drawing.frame.draw_key == frame.draw_key[0])[0])
    assert reasons_of(int(drawing.bits[first]), plan.order) == [
        Reason.WORST,
        Reason.MULTI_TRANSFER,
    ]


def test_reasons_that_are_off_are_not_found() -> None:
    frame = make_frame(3, transfers=[2, 2, 2])
    plan = PlanSettings(reasons=(ReasonRule(Reason.MULTI_TRANSFER, on=False),))
    assert not find_reasons(
        frame, find_peers(frame, peers_of(frame), 200), plan, frame.draw_key
    ).any()


def test_allocation_by_hand() -> None:
    plan = PlanSettings(
        reasons=(
            ReasonRule(Reason.WORST, Quota(count=10)),
            ReasonRule(Reason.BEST, Quota(share_bp=5_000)),
            ReasonRule(Reason.HIGH_VALUE, Quota(share_bp=5_000)),
            ReasonRule(Reason.VERY_LONG, Quota(count=0)),
        ),
        ordinary=Quota(count=10),
        per_agent_minimum=3,
    )
    sizes = {
        "worst": 6,  # cut to what is there
        "best": 5,  # 2.5 and 3.5: half up to 6 in all, the spare one to the first key
        "high_value": 7,
        "very_long": 9,  # never fewer than two
        "ordinary:a0": 2,  # cut
        "ordinary:a1": 13,  # 3 each, then 2 left over room 10 and 20: 0.67 and 1.33
        "ordinary:a2": 23,
        "already_reviewed": 4,
    }
    strata = allocate(list(sizes), list(sizes.values()), plan)
    assert {stratum.key: stratum.n_drawn for stratum in strata} == {
        "worst": 6,
        "best": 3,
        "high_value": 3,
        "very_long": 2,
        "ordinary:a0": 2,
        "ordinary:a1": 4,
        "ordinary:a2": 4,
        "already_reviewed": 4,
    }


quotas = st.one_of(
    st.builds(Quota, count=st.integers(0, 60)), st.builds(Quota, share_bp=st.integers(0, 10_000))
)
plans = st.builds(
    PlanSettings,
    directions=st.sampled_from([(), (Direction.IN,), (Direction.OUT, Direction.IN)]),
    reasons=st.lists(
        st.builds(ReasonRule, st.sampled_from(list(BITS)[:6]), quotas, st.booleans()),
        unique_by=lambda rule: rule.reason,
    ).map(tuple),
    ordinary=quotas,
    by_agent=st.booleans(),
    per_agent_minimum=st.integers(2, 20),
)


@given(plans)
def test_settings_survive_json(plan: PlanSettings) -> None:
    assert PlanSettings.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"unheard_of": 1}, "unheard_of"),
        ({"min_talk_ms": -1}, "min_talk_ms"),
        ({"min_talk_ms": True}, "min_talk_ms"),
        ({"directions": ["up"]}, "directions"),
        ({"projects": "sales"}, "projects"),
        ({"reasons": [{"reason": "worst"}, {"reason": "worst"}]}, "reasons.1.reason"),
        ({"reasons": [{"reason": "dull"}]}, "reasons.0.reason"),
        ({"reasons": [{"reason": "best", "quota": {"count": 1.5}}]}, "reasons.0.quota"),
        ({"ordinary": {"quota": {}}}, "ordinary.quota"),
        ({"ordinary": {"per_agent_minimum": 1}}, "ordinary.per_agent_minimum"),
        ({"thresholds": {"long_z": 0}}, "thresholds.long_z"),
    ],
)
def test_settings_name_what_is_wrong(data: dict[str, Any], place: str) -> None:
    with pytest.raises(DomainError) as error:
        PlanSettings.from_json(data)
    assert (error.value.code, error.value.params) == ("plan_invalid", {"place": place})


def test_unusual_waits_for_learning() -> None:
    with pytest.raises(DomainError, match="reason_not_available"):
        PlanSettings.from_json({"reasons": [{"reason": "unusual"}]})


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 400), plans, st.integers(0, 2**64 - 1))
def test_laws_of_a_draw(data: int, n: int, plan: PlanSettings, seed: int) -> None:
    frame = random_frame(data, n)
    drawing = make_drawing(frame, peers_of(frame), plan, AGENTS, seed)
    assert sum(stratum.n_frame for stratum in drawing.strata) == n
    for place, (stratum, rows) in enumerate(zip(drawing.strata, drawing.chosen, strict=True)):
        assert len(rows) == stratum.n_drawn >= min(2, stratum.n_frame)
        assert (drawing.stratum[rows] == place).all()
        own = np.sort(drawing.numbers[drawing.stratum == place])
        assert drawing.numbers[rows].tolist() == own[: len(rows)].tolist()
    assert not any(
        stratum.n_drawn < stratum.n_frame
        for stratum in drawing.strata
        if stratum.key == "already_reviewed"
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 300), st.integers(0, 2**64 - 1), st.randoms())
def test_the_order_of_rows_changes_nothing(data: int, n: int, seed: int, random: Any) -> None:
    frame = random_frame(data, n)
    shuffled = list(range(n))
    random.shuffle(shuffled)
    first = make_drawing(frame, peers_of(frame), PlanSettings(), AGENTS, seed)
    other = frame.take(np.array(shuffled))
    second = make_drawing(other, peers_of(other), PlanSettings(), AGENTS, seed)
    assert drawn_keys(first) == drawn_keys(second)


def test_equal_draw_keys_stand_in_order_of_their_source_keys() -> None:
    # Row 2 has the smaller source key of the two that share a draw key.
    frame = make_frame(
        3,
        draw_key=np.array([7, 9, 7], dtype=np.uint64),
        tie_rank=[1, 0, 0],
        agent=[0, 0, 0],
    )
    drawing = make_drawing(frame, peers_of(frame), PlanSettings(), ["a0"], 1)
    places = drawing.rows[drawing.chosen[0]].tolist()
    pair = [row for row in places if row in (0, 2)]
    assert pair == [2, 0][: len(pair)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 300), st.integers(0, 2**64 - 1))
def test_a_manifest_draws_the_same_again_and_extends_it(data: int, n: int, seed: int) -> None:
    frame = random_frame(data, n)
    drawing = make_drawing(frame, peers_of(frame), PlanSettings(), AGENTS, seed)
    header = {
        "seed": f"{seed:016x}",
        "strata": [vars(stratum) for stratum in drawing.strata],
    }
    content = manifests.write_manifest(
        header, drawing.frame.draw_key, drawing.stratum, drawing.bits
    )
    again = manifests.read_manifest(content)
    replayed: dict[str, list[int]] = {stratum.key: [] for stratum in drawing.strata}
    for call in manifests.replay(again):
        replayed[call.stratum].append(call.draw_key)
    assert replayed == drawn_keys(drawing)
    more = {stratum.key: min(stratum.n_frame, stratum.n_drawn + 1) for stratum in drawing.strata}
    extended: dict[str, list[int]] = {stratum.key: [] for stratum in drawing.strata}
    for call in manifests.replay(again, more):
        extended[call.stratum].append(call.draw_key)
    for stratum in drawing.strata:
        assert extended[stratum.key][: stratum.n_drawn] == replayed[stratum.key]
        assert len(extended[stratum.key]) == more[stratum.key]


def test_a_damaged_manifest_is_refused() -> None:
    frame = make_frame(50)
    drawing = make_drawing(frame, peers_of(frame), PlanSettings(), ["a0"], 1)
    header = {"seed": "0" * 16, "strata": [vars(stratum) for stratum in drawing.strata]}
    columns = (drawing.frame.draw_key, drawing.stratum, drawing.bits)
    content = manifests.write_manifest(header, *columns)
    assert content == manifests.write_manifest(header, *columns)
    with pytest.raises(DomainError, match="manifest_unreadable"):
        manifests.read_manifest(b"PK not an archive")
    forged = manifests.read_manifest(content)
    wrong = {**forged.header, "frame": {**forged.header["frame"], "calls": 49}}
    with pytest.raises(DomainError, match="manifest_damaged"):
        manifests._checked(wrong, b"0" * 550)


def test_explanations_have_the_figures_of_each_reason() -> None:
    call = CallFacts(
        project="sales",
        outbound=True,
        talk_ms=1_260_000,
        transfers=3,
        tier="vip",
        value_minor=9_900,
        currency="CNY",
        outcome="success",
        complaints=(("attitude", "open"),),
        satisfaction="dissatisfied",
        level=1,
    )
    same = {"project": "sales", "outbound": True, "level": "project", "n": 400}
    header = {
        "settings": PlanSettings().to_json(),
        "peers": {
            "length": [{**same, "low_ms": 120_000, "median_ms": 200_000, "high_ms": 360_000}],
            "value": [{**same, "currency": "CNY", "above": 9_000}],
        },
    }
    found = explain(list(BITS)[:5], call, header)
    assert found["worst"] == {
        "complaints": [{"cause": "attitude", "status": "open"}],
        "satisfaction": "dissatisfied",
        "level": 1,
    }
    assert found["multi_transfer"] == {"transfers": 3}
    assert found["high_value"]["tier"] == "vip"
    assert found["high_value"]["value_minor"] == 9_900
    assert (found["very_long"]["talk_ms"], found["very_long"]["high_ms"]) == (1_260_000, 360_000)


def test_every_call_of_a_stratum_is_equally_likely() -> None:
    """Reasons cut by ties must not lean on the numbers that draw: 4,000 draws of 40 calls."""
    n, draws = 40, 4_000
    frame = make_frame(n, top_satisfied=np.ones(n, bool), success=np.arange(n) < 30)
    plan = PlanSettings(
        reasons=(ReasonRule(Reason.BEST, Quota(count=4)),), ordinary=Quota(count=6), by_agent=False
    )
    hits = np.zeros(n)
    weights = np.zeros(n)
    seeds = splitmix64(np.arange(draws, dtype=np.uint64))
    for seed in seeds:
        drawing = make_drawing(frame, peers_of(frame), plan, ["a0"], int(seed))
        for stratum, rows in zip(drawing.strata, drawing.chosen, strict=True):
            places = drawing.rows[rows]
            hits[places] += 1
            weights[places] += stratum.n_frame / stratum.n_drawn
    # Every call's mean weight is 1: the estimate of any total is unbiased.
    error = weights / draws - 1
    assert np.abs(error).max() < 5 * np.sqrt(9 / draws)
    assert np.abs(hits[:30] / draws - hits[:30].mean() / draws).max() < 0.04
