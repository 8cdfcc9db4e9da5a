"""Item statistics from sums: the correlation of a criterion with the rest of the sheet. Pure."""

import math
from dataclasses import dataclass

FEWEST = 20
"""Below so many answers a correlation says nothing and is left out."""


@dataclass(frozen=True)
class Sums:
    """Exact integer sums over n pairs (x, y): Σx, Σy, Σx², Σy², Σxy."""

    n: int
    x: int
    y: int
    xx: int
    yy: int
    xy: int


def item_rest(sums: Sums, fewest: int = FEWEST) -> float | None:
    """Return Pearson's r between an item's points and the points of the rest of the sheet.

    Null below ``fewest`` pairs, and where one of the two never varies. The sums are integers, so
    nothing is lost before the last division. Source: Nunnally and Bernstein, Psychometric Theory,
    3rd ed. 1994, section 8 (corrected item-total correlation).
    """
    if sums.n < max(fewest, 2):
        return None
    spread_x = sums.n * sums.xx - sums.x * sums.x
    spread_y = sums.n * sums.yy - sums.y * sums.y
    if spread_x <= 0 or spread_y <= 0:
        return None
    both = sums.n * sums.xy - sums.x * sums.y
    return both / math.sqrt(spread_x) / math.sqrt(spread_y)
