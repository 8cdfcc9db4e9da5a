"""Permanent random numbers: the same order of calls on any machine, database or row order.

Everything is unsigned 64-bit arithmetic; a float64 would lose the low bits.
"""

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
# Ties between equally extreme calls must not be broken by the number that draws within a stratum:
# the winners would have small numbers, and the losers in ``ordinary`` too few of them.
_TIE_STREAM = 0xD1B54A32D192ED03


def splitmix64(x: U64) -> U64:
    """Return the first output of splitmix64 (Steele, Lea and Flood 2014) started at each ``x``."""
    with np.errstate(over="ignore"):
        z = x + _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
        return z ^ (z >> np.uint64(31))


def random_numbers(draw_key: U64, seed: int) -> U64:
    """Return the random number of each call in the draw with this ``seed`` (0 … 2^64 - 1)."""
    return splitmix64(draw_key ^ np.uint64(seed))


def tie_numbers(draw_key: U64, seed: int) -> U64:
    """Return numbers independent of ``random_numbers``, for ties between equally extreme calls."""
    return splitmix64(splitmix64(draw_key ^ np.uint64(seed)) ^ np.uint64(_TIE_STREAM))


def parse_seed(text: str) -> int:
    """Read a seed of 16 hexadecimal digits; ``ValueError`` for anything else."""
    if len(text) != 16 or text.strip() != text:  # noqa: PLR2004 - 64 bits are 16 digits
        message = "a seed has 16 hexadecimal digits"
        raise ValueError(message)
    return int(text, 16)


def to_unsigned(values: NDArray[np.int64]) -> U64:
    """Read stored signed integers as the unsigned ones with the same bits."""
    return values.view(np.uint64)


def to_signed(value: int) -> int:
    """Return the signed 64-bit integer with the same bits, for a database column."""
    return value - (1 << 64) if value >= 1 << 63 else value
