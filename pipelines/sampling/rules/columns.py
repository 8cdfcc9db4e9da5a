"""The columns that a draw is made from, one row a call; the order of rows carries no meaning."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipelines.sampling.rules.numbers import U64

I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class FrameColumns:
    """The calls of the frame, all arrays of length N.

    ``tie_rank`` orders calls of equal ``draw_key`` by source key (0 elsewhere). ``project`` and
    ``agent`` index lists of codes in alphabetical order. ``talk_ms`` is positive. ``value`` is in
    minor units, -1 where unknown; ``currency`` any number per ISO code. ``already`` marks calls of
    earlier draws.
    """

    draw_key: U64
    tie_rank: I64
    talk_ms: I64
    project: I64
    outbound: Flags
    agent: I64
    transfers: I64
    tier_listed: Flags
    value: I64
    currency: I64
    success: Flags
    complaint: Flags
    dissatisfied: Flags
    top_satisfied: Flags
    already: Flags

    def __len__(self) -> int:
        """Return N."""
        return len(self.draw_key)

    def take(self, rows: NDArray[np.intp]) -> "FrameColumns":
        """Return the given rows in the given order."""
        return FrameColumns(*(getattr(self, column.name)[rows] for column in fields(self)))


@dataclass(frozen=True)
class PeerColumns:
    """Connected calls of the 28 days up to the frame's end; columns as in ``FrameColumns``."""

    project: I64
    outbound: Flags
    talk_ms: I64
    value: I64
    currency: I64


def canonical_order(draw_key: U64, tie_rank: I64) -> NDArray[np.intp]:
    """Return the row order that every draw works in: by key, equal keys by source key."""
    order = np.argsort(draw_key, kind="stable")
    ordered = draw_key[order]
    if len(ordered) > 1 and bool((ordered[1:] == ordered[:-1]).any()):
        return np.lexsort((tie_rank, draw_key))
    return order
