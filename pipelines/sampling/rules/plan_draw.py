"""The whole draw as one function of columns and a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.sampling.rules.columns import FrameColumns, PeerColumns, canonical_order
from pipelines.sampling.rules.numbers import U64, random_numbers, tie_numbers
from pipelines.sampling.rules.peers import Peers, find_peers
from pipelines.sampling.rules.reasons import Bits, find_reasons
from pipelines.sampling.rules.settings import PlanSettings
from pipelines.sampling.rules.strata import (
    Stratum,
    StratumIndex,
    allocate,
    assign,
    draw_order,
    select,
)


@dataclass(frozen=True)
class Drawing:
    """What a seed draws from a frame.

    Columns are in canonical order; ``rows`` leads from there to the frame as it was given, and
    ``chosen`` holds canonical rows, an array for each stratum in order of random number.
    """

    rows: NDArray[np.intp]
    frame: FrameColumns
    peers: Peers
    bits: Bits
    stratum: StratumIndex
    numbers: U64
    strata: list[Stratum]
    chosen: list[NDArray[np.intp]]


def make_drawing(
    frame: FrameColumns,
    peers: PeerColumns,
    settings: PlanSettings,
    agents: Sequence[str],
    seed: int,
) -> Drawing:
    """Find reasons and strata, allocate and select. ``frame`` holds at least one call."""
    rows = canonical_order(frame.draw_key, frame.tie_rank)
    frame = frame.take(rows)
    groups = find_peers(frame, peers, settings.thresholds.top_value_bp)
    bits = find_reasons(frame, groups, settings, tie_numbers(frame.draw_key, seed))
    keys, stratum = assign(frame, bits, settings, agents)
    counts = np.bincount(stratum, minlength=len(keys))
    strata = allocate(keys, [int(n) for n in counts], settings)
    numbers = random_numbers(frame.draw_key, seed)
    chosen = select(draw_order(numbers, stratum), strata)
    return Drawing(rows, frame, groups, bits, stratum, numbers, strata, chosen)
