"""What the charts draw: plain series by week, read by ``charts.js``; each has its table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from pipelines.measures.overview import Figures
from pipelines.measures.rules.indicators import Ratio


@dataclass(frozen=True)
class Series:
    """One line or row of bars. ``low`` and ``high`` are ends of intervals, where there are some."""

    label: LazyString
    kind: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart by week: ``unit`` is ``%``, ``points`` or ``per1000``; ``base`` counts under it."""

    key: str
    title: LazyString
    unit: str
    weeks: tuple[str, ...]
    series: tuple[Series, ...]
    base_label: LazyString
    base: tuple[int, ...]

    def data(self) -> dict[str, Any]:
        """Return what the script needs, with labels in the reader's language."""
        return {
            "title": str(self.title),
            "unit": self.unit,
            "weeks": list(self.weeks),
            "base": {"label": str(self.base_label), "values": list(self.base)},
            "series": [
                {
                    "label": str(one.label),
                    "kind": one.kind,
                    "values": list(one.values),
                    "low": list(one.low),
                    "high": list(one.high),
                }
                for one in self.series
            ],
        }

    @property
    def is_empty(self) -> bool:
        """Tell whether there is not a single value to draw."""
        return all(value is None for one in self.series for value in one.values)


def charts(weeks: Sequence[Figures], *, plain: bool = False) -> tuple[Chart, ...]:
    """Return the four trends. ``plain`` leaves estimates out: one person has too few reviews."""
    if not weeks:
        return ()
    names = tuple(f"{week.period.start:%m-%d}" for week in weeks)
    reviewed = Series(
        _l("Reviewed calls"), "points", _each(weeks, lambda w: _share(w.excellence, 100))
    )
    estimated = Series(
        _l("All recorded calls, estimated"),
        "line",
        _each(weeks, lambda w: _hundredfold(w.estimate.value)),
        _each(weeks, lambda w: _hundredfold(w.estimate.interval and w.estimate.interval.low)),
        _each(weeks, lambda w: _hundredfold(w.estimate.interval and w.estimate.interval.high)),
    )
    return (
        Chart(
            "excellence",
            _l("QA excellence rate"),
            "%",
            names,
            (Series(reviewed.label, "line", reviewed.values),) if plain else (estimated, reviewed),
            _l("reviewed"),
            tuple(w.excellence.denominator for w in weeks),
        ),
        Chart(
            "satisfaction",
            _l("SMS satisfaction"),
            "%",
            names,
            (
                Series(
                    _l("Satisfied of answers"),
                    "line",
                    _each(weeks, lambda w: _share(w.satisfaction, 100)),
                ),
                Series(
                    _l("Answered of asked"),
                    "dashed",
                    _each(weeks, lambda w: _share(w.response, 100)),
                ),
            ),
            _l("answers"),
            tuple(w.satisfaction.denominator for w in weeks),
        ),
        Chart(
            "complaints",
            _l("Complaints per 1,000 outbound calls"),
            "per1000",
            names,
            (
                Series(
                    _l("Complaints per 1,000"),
                    "bars",
                    _each(weeks, lambda w: _share(w.complaints, 1_000)),
                ),
            ),
            _l("complaints"),
            tuple(w.complaints.numerator for w in weeks),
        ),
        Chart(
            "gap",
            _l("Self-assessment gap"),
            "points",
            names,
            (
                Series(_l("Mean gap"), "line", _each(weeks, lambda w: _share(w.gap, 0.01))),
                Series(
                    _l("Mean absolute gap"),
                    "dashed",
                    _each(weeks, lambda w: _share(w.abs_gap, 0.01)),
                ),
            ),
            _l("self-assessed"),
            tuple(w.gap.denominator for w in weeks),
        ),
    )


def _each(
    weeks: Sequence[Figures], read: Callable[[Figures], float | None]
) -> tuple[float | None, ...]:
    return tuple(read(week) for week in weeks)


def _share(ratio: Ratio, times: float) -> float | None:
    share: Fraction | None = ratio.value
    return None if share is None else round(float(share) * times, 3)


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 3)
