"""Strata, how many calls to draw from each, and which ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.sampling.rules.columns import FrameColumns
from pipelines.sampling.rules.numbers import U64
from pipelines.sampling.rules.reasons import BITS, Bits
from pipelines.sampling.rules.settings import (
    ALL_BP,
    ALREADY_REVIEWED,
    ORDINARY,
    PlanSettings,
    Quota,
)

FEWEST = 2
"""Calls drawn from a stratum that has as many: one alone shows no variance."""

StratumIndex = NDArray[np.uint16]


@dataclass(frozen=True)
class Stratum:
    """A stratum of a draw: its key, its calls in the frame, and how many of them are drawn."""

    key: str
    n_frame: int
    n_drawn: int


def assign(
    frame: FrameColumns, bits: Bits, settings: PlanSettings, agents: Sequence[str]
) -> tuple[list[str], StratumIndex]:
    """Put each call into one stratum: its first reason in the plan's order, else ordinary.

    ``agents`` are the codes that ``frame.agent`` points at. Returns the keys of the strata that
    hold calls, in the plan's order, and each call's index into them.
    """
    reasons = settings.order
    ordinary = [f"{ORDINARY}:{code}" for code in agents] if settings.by_agent else [ORDINARY]
    keys = [*(reason.value for reason in reasons), *ordinary, ALREADY_REVIEWED]
    index = frame.agent + len(reasons) if settings.by_agent else len(reasons) + 0 * frame.agent
    for place in range(len(reasons) - 1, -1, -1):
        index = np.where((bits & np.uint8(BITS[reasons[place]])) > 0, place, index)
    index = np.where(frame.already, len(keys) - 1, index)
    filled, compact = np.unique(index, return_inverse=True)
    return [keys[place] for place in filled], compact.astype(np.uint16)


def allocate(keys: Sequence[str], n_frame: Sequence[int], settings: PlanSettings) -> list[Stratum]:
    """Decide how many calls to draw from each stratum; the sums are exact integers."""
    size = dict(zip(keys, n_frame, strict=True))
    drawn: dict[str, int] = {}
    shares: dict[str, int] = {}
    for rule in settings.reasons:
        if rule.on and rule.reason.value in size:
            if rule.quota.share_bp is None:
                drawn[rule.reason.value] = rule.quota.count or 0
            else:
                shares[rule.reason.value] = rule.quota.share_bp * size[rule.reason.value]
    total = (sum(shares.values()) + ALL_BP // 2) // ALL_BP
    drawn |= _by_largest_remainder(shares, total)
    drawn |= _ordinary({key: n for key, n in size.items() if key.startswith(ORDINARY)}, settings)
    if ALREADY_REVIEWED in size:
        drawn[ALREADY_REVIEWED] = size[ALREADY_REVIEWED]
    return [Stratum(key, size[key], min(size[key], max(FEWEST, drawn[key]))) for key in keys]


def _ordinary(size: dict[str, int], settings: PlanSettings) -> dict[str, int]:
    total = _wanted(settings.ordinary, sum(size.values()))
    if not settings.by_agent:
        return dict.fromkeys(size, total)
    least = {key: min(n, max(FEWEST, settings.per_agent_minimum)) for key, n in size.items()}
    room = {key: size[key] - least[key] for key in size}
    left = min(total - sum(least.values()), sum(room.values()))
    more = _by_largest_remainder(room, left) if left > 0 else {}
    return {key: least[key] + more.get(key, 0) for key in size}


def _wanted(quota: Quota, n: int) -> int:
    if quota.share_bp is None:
        return quota.count or 0
    return (quota.share_bp * n + ALL_BP // 2) // ALL_BP


def _by_largest_remainder(weights: dict[str, int], total: int) -> dict[str, int]:
    """Share out ``total`` in proportion to ``weights``; leftovers by remainder, ties by key."""
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    parts = {key: divmod(total * weight, whole) for key, weight in weights.items()}
    counts = {key: count for key, (count, _) in parts.items()}
    left = total - sum(counts.values())
    for key in sorted(parts, key=lambda key: (-parts[key][1], key))[:left]:
        counts[key] += 1
    return counts


def draw_order(numbers: U64, stratum: StratumIndex) -> NDArray[np.intp]:
    """Order the rows (given in canonical order) by stratum, then by random number."""
    by_number = np.argsort(numbers, kind="stable")
    return by_number[np.argsort(stratum[by_number], kind="stable")]


def select(order: NDArray[np.intp], strata: Sequence[Stratum]) -> list[NDArray[np.intp]]:
    """Return for each stratum the rows drawn, the first of its order."""
    starts = np.cumsum([0, *(stratum.n_frame for stratum in strata)])
    return [
        order[start : start + stratum.n_drawn]
        for start, stratum in zip(starts, strata, strict=False)
    ]
