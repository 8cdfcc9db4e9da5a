"""Confidence intervals of rates and means. Level 95 % unless told."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A range that holds the true value in ``LEVEL`` of repetitions; same unit as the estimate."""

    low: float
    high: float


def z_value(level: float = LEVEL) -> float:
    """Return the two-sided standard normal quantile, 1.96 for 95 %."""
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson(rate: float, n: float, level: float = LEVEL) -> Interval:
    """Return Wilson's score interval of a rate (0 to 1) seen in ``n`` trials.

    ``n`` may be an effective sample size, so it need not be whole. Raises ``ValueError`` outside
    0 <= rate <= 1 or for n <= 0. Source: E. B. Wilson, JASA 22 (1927), 209-212.
    """
    if not 0 <= rate <= 1 or n <= 0:
        raise ValueError(f"no interval for a rate of {rate} in {n} trials")
    z = z_value(level)
    spread = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    middle = rate + z * z / (2 * n)
    scale = 1 + z * z / n
    # Rounding must not push an end across the rate itself, which is 0 or 1 at the borders.
    return Interval(
        max(0.0, min(rate, (middle - spread) / scale)),
        min(1.0, max(rate, (middle + spread) / scale)),
    )


def normal(mean: float, standard_error: float, level: float = LEVEL) -> Interval:
    """Return mean ± z · standard error, in the unit of the mean."""
    reach = z_value(level) * standard_error
    return Interval(mean - reach, mean + reach)
