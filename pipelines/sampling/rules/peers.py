"""What is usual: talk time and value of a call's peers, with the next wider group for small ones.

Peers are calls of the same project and direction; where these are fewer than ``ENOUGH``, those of
the same direction at the site; where these are too few as well, all of the site.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.sampling.rules.columns import I64, FrameColumns, PeerColumns
from pipelines.sampling.rules.settings import ALL_BP

Group = TypeVar("Group")

ENOUGH = 100
# Makes the median absolute deviation of a normal sample estimate its standard deviation.
MAD_TO_SIGMA = 1.4826
PROJECT, DIRECTION, SITE = "project", "direction", "site"


@dataclass(frozen=True)
class LengthPeers:
    """Talk times of one group of peers: median and MAD of ln(ms), and what is usual in ms.

    ``low_ms`` to ``high_ms`` holds the middle 80 %. ``level`` says how wide the group is.
    """

    level: str
    n: int
    median_ln: float
    mad_ln: float
    median_ms: int
    low_ms: int
    high_ms: int


@dataclass(frozen=True)
class ValuePeers:
    """Values of one group of peers in one currency: the top share lies strictly above ``above``."""

    level: str
    n: int
    above: int


@dataclass(frozen=True)
class Peers:
    """The peers of every frame call: per row an index into ``lengths`` and ``values`` (-1: none).

    ``length_keys`` and ``value_keys`` name each entry by (project, outbound[, currency]), project
    being an index into the frame's codes.
    """

    length_keys: tuple[tuple[int, int], ...]
    lengths: tuple[LengthPeers, ...]
    length_of: I64
    value_keys: tuple[tuple[int, int, int], ...]
    values: tuple[ValuePeers | None, ...]
    value_of: I64

    def to_json(self, projects: list[str]) -> dict[str, Any]:
        """Return the statistics for a manifest, with project codes for indices."""
        return {
            "length": [
                {"project": projects[key[0]], "outbound": bool(key[1]), **asdict(group)}
                for key, group in zip(self.length_keys, self.lengths, strict=True)
            ],
            "value": [
                {
                    "project": projects[key[0]],
                    "outbound": bool(key[1]),
                    "currency": currency_code(key[2]),
                    **asdict(group),
                }
                for key, group in zip(self.value_keys, self.values, strict=True)
                if group is not None
            ],
        }


def currency_number(code: str) -> int:
    """Return a number for an ISO 4217 code: its letters as digits in base 256."""
    return int.from_bytes(code.encode("ascii"), "big")


def currency_code(number: int) -> str:
    """Return the ISO 4217 code of ``currency_number``."""
    return number.to_bytes(3, "big").decode("ascii")


def length_peers(talk_ms: I64, level: str) -> LengthPeers:
    """Describe the talk times (ms, at least one, all positive) of a group."""
    ln = np.log(talk_ms)
    median = float(np.median(ln))
    low, middle, high = np.percentile(talk_ms, [10, 50, 90], method="inverted_cdf")
    return LengthPeers(
        level=level,
        n=len(talk_ms),
        median_ln=median,
        mad_ln=float(np.median(np.abs(ln - median))),
        median_ms=int(middle),
        low_ms=int(low),
        high_ms=int(high),
    )


def value_peers(values: I64, level: str, top_bp: int) -> ValuePeers | None:
    """Find the value above which at most ``top_bp`` of the group lies; None where that is nobody.

    Values shared by more calls than the share allows are not high: where everybody is worth the
    same, nobody stands out.
    """
    k = len(values) * top_bp // ALL_BP
    if k == 0:
        return None
    above = np.partition(values, len(values) - k - 1)[len(values) - k - 1]
    return ValuePeers(level=level, n=len(values), above=int(above))


def robust_z(talk_ms: I64, peers: Peers) -> NDArray[np.float64]:
    """Return (ln talk - median) / (1.4826 MAD) of each call among its peers; 0 where MAD is 0."""
    if not peers.lengths:
        return np.zeros(len(talk_ms))
    median = np.array([group.median_ln for group in peers.lengths])[peers.length_of]
    scale = MAD_TO_SIGMA * np.array([group.mad_ln for group in peers.lengths])[peers.length_of]
    spread = np.where(scale > 0, scale, 1.0)
    return np.where(scale > 0, (np.log(talk_ms) - median) / spread, 0.0)


def find_peers(frame: FrameColumns, peers: PeerColumns, top_value_bp: int) -> Peers:
    """Give each call of the frame its group of peers and describe those groups."""
    keys, length_of = _keys(frame.project * 2 + frame.outbound)
    talk = _Widening(peers.talk_ms, peers.project, peers.outbound, np.zeros_like(peers.talk_ms))
    lengths = tuple(talk.describe(key >> 1, key & 1, 0, length_peers) for key in keys)
    # A frame's calls are peers themselves, so the widest group is never empty.
    assert all(group is not None for group in lengths)  # noqa: S101 - narrows the type

    valued = peers.value >= 0
    worth = _Widening(
        peers.value[valued],
        peers.project[valued],
        peers.outbound[valued],
        peers.currency[valued],
    )
    known = frame.value >= 0
    packed = (frame.project[known] * 2 + frame.outbound[known]) << 24 | frame.currency[known]
    value_keys, inverse = _keys(packed)
    value_of = np.full(len(frame), -1, dtype=np.int64)
    value_of[known] = inverse
    unpacked = tuple((key >> 25, key >> 24 & 1, key & 0xFFFFFF) for key in value_keys)

    def describe(values: I64, level: str) -> ValuePeers | None:
        return value_peers(values, level, top_value_bp)

    return Peers(
        length_keys=tuple((key >> 1, key & 1) for key in keys),
        lengths=tuple(group for group in lengths if group is not None),
        length_of=length_of,
        value_keys=unpacked,
        values=tuple(worth.describe(*key, describe) for key in unpacked),
        value_of=value_of,
    )


def _keys(packed: I64) -> tuple[list[int], I64]:
    keys, inverse = np.unique(packed, return_inverse=True)
    return [int(key) for key in keys], inverse.astype(np.int64)


class _Widening:
    """Columns sorted once by (currency, direction, project), so that each group is one slice."""

    def __init__(self, values: I64, project: I64, outbound: NDArray[np.bool_], kind: I64) -> None:
        packed = (kind << 32) | (outbound.astype(np.int64) << 31) | project
        order = np.argsort(packed, kind="stable")
        self.packed = packed[order]
        self.values = values[order]

    def _between(self, low: int, high: int) -> I64:
        start, end = np.searchsorted(self.packed, [low, high])
        return self.values[start:end]

    def describe(
        self, project: int, outbound: int, kind: int, describe: Callable[[I64, str], Group | None]
    ) -> Group | None:
        """Apply ``describe`` to the narrowest group of ``kind`` with enough calls, if any."""
        one = (kind << 32) | (outbound << 31) | project
        direction = (kind << 32) | (outbound << 31)
        own = self._between(one, one + 1)
        if len(own) >= ENOUGH:
            return describe(own, PROJECT)
        own = self._between(direction, direction + (1 << 31))
        if len(own) >= ENOUGH:
            return describe(own, DIRECTION)
        own = self._between(kind << 32, (kind + 1) << 32)
        return describe(own, SITE) if len(own) else None
