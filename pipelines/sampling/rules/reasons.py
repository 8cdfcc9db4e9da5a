"""Why a call is worth hearing: a bit per reason, from the call's columns and its peers."""

import numpy as np
from numpy.typing import NDArray

from models.vocab import Reason
from pipelines.sampling.rules.columns import Flags, FrameColumns
from pipelines.sampling.rules.numbers import U64
from pipelines.sampling.rules.peers import Peers, robust_z
from pipelines.sampling.rules.settings import ALL_BP, AT_LEAST, PlanSettings

Bits = NDArray[np.uint8]

# Positions are part of every manifest ever written: append, never reorder.
BITS: dict[Reason, int] = {
    Reason.WORST: 1,
    Reason.BEST: 2,
    Reason.MULTI_TRANSFER: 4,
    Reason.HIGH_VALUE: 8,
    Reason.VERY_LONG: 16,
    Reason.VERY_SHORT: 32,
    Reason.UNUSUAL: 64,
}


def reasons_of(bits: int, order: tuple[Reason, ...]) -> list[Reason]:
    """Return the reasons in ``bits``, those of ``order`` first and in that order."""
    everything = [*order, *(reason for reason in BITS if reason not in order)]
    return [reason for reason in everything if bits & BITS[reason]]


def find_reasons(frame: FrameColumns, peers: Peers, settings: PlanSettings, tie: U64) -> Bits:
    """Return the reasons of each call as bits; only those that are on in the plan.

    ``tie`` decides between equally extreme calls where a share cuts through them.
    """
    limits = settings.thresholds
    z = robust_z(frame.talk_ms, peers)
    found: dict[Reason, Flags] = {
        Reason.WORST: frame.complaint | frame.dissatisfied,
        Reason.BEST: _most(
            frame.top_satisfied & frame.success,
            frame.value.astype(np.float64),
            tie,
            _cut(len(frame), limits.best_bp),
        ),
        Reason.MULTI_TRANSFER: frame.transfers >= limits.transfers,
        Reason.HIGH_VALUE: frame.tier_listed | _top_value(frame, peers),
        Reason.VERY_LONG: _outer(z, limits.long_z, tie, limits.outer_bp, limits.ceiling_bp),
        Reason.VERY_SHORT: _outer(-z, limits.short_z, tie, limits.outer_bp, limits.ceiling_bp),
    }
    bits = np.zeros(len(frame), dtype=np.uint8)
    for reason in settings.order:
        bits[found[reason]] |= np.uint8(BITS[reason])
    return bits


def _top_value(frame: FrameColumns, peers: Peers) -> Flags:
    nobody = np.iinfo(np.int64).max
    above = np.array([*(group.above if group else nobody for group in peers.values), nobody])
    # Row index -1 (no value, or no peers) reads the last entry: nobody.
    return np.asarray(frame.value > above[peers.value_of], dtype=np.bool_)


def _outer(z: NDArray[np.float64], limit: int, tie: U64, outer_bp: int, ceiling_bp: int) -> Flags:
    """Return the calls with z beyond ``limit`` hundredths, filled up and cut to shares of all."""
    beyond = z > limit / 100
    at_least = len(z) * outer_bp // ALL_BP
    if np.count_nonzero(beyond) < at_least:
        beyond = _most(z > 0, z, tie, at_least)
    return _most(beyond, z, tie, _cut(len(z), ceiling_bp))


def _cut(n: int, share_bp: int) -> int:
    """Return a share of ``n``, rounded up, but never fewer than a small frame should keep."""
    return max(AT_LEAST, -(-n * share_bp // ALL_BP))


def _most(among: Flags, strength: NDArray[np.float64], tie: U64, count: int) -> Flags:
    """Keep the ``count`` strongest rows of ``among``, equal ones by the smaller tie number."""
    rows = np.flatnonzero(among)
    if len(rows) <= count:
        return among
    kept = np.zeros(len(among), dtype=np.bool_)
    if count == 0:
        return kept
    own = strength[rows]
    edge = np.partition(own, len(own) - count)[len(own) - count]
    kept[rows[own > edge]] = True
    level = rows[own == edge]
    room = count - np.count_nonzero(own > edge)
    kept[level[np.argsort(tie[level], kind="stable")[:room]]] = True
    return kept
