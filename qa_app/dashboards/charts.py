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
    """A chart by week, with the counts it rests on as its ``base``.

    ``unit`` is ``%``, ``points``, ``per1000`` or ``count``.
    """

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
        """Tell whether there is nothing to draw: no value at all, or counts of nought only."""
        values = [value for one in self.series for value in one.values if value is not None]
        return not any(values) if self.unit == "count" else not values

    @property
    def digits(self) -> int:
        """Return how many decimals the table shows."""
        return {"per1000": 2, "count": 0}.get(self.unit, 1)


def charts(weeks: Sequence[Figures]) -> tuple[Chart, ...]:
    """Return the four trends of a group."""
    if not weeks:
        return ()
    limits = [week.estimate.interval for week in weeks]
    return (
        _chart(
            weeks,
            "excellence",
            _l("QA excellence rate"),
            "%",
            series=(
                Series(
                    _l("All recorded calls, estimated"),
                    "line",
                    _each(weeks, lambda w: _hundredfold(w.estimate.value)),
                    tuple(_hundredfold(ends and ends.low) for ends in limits),
                    tuple(_hundredfold(ends and ends.high) for ends in limits),
                ),
                Series(
                    _l("Reviewed calls"),
                    "points",
                    _each(weeks, lambda w: _share(w.excellence, 100)),
                ),
            ),
            base=(_l("reviewed"), tuple(w.excellence.denominator for w in weeks)),
        ),
        _chart(
            weeks,
            "satisfaction",
            _l("SMS satisfaction"),
            "%",
            series=(
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
            base=(_l("answers"), tuple(w.satisfaction.denominator for w in weeks)),
        ),
        _chart(
            weeks,
            "complaints",
            _l("Complaints per 1,000 outbound calls"),
            "per1000",
            series=(
                Series(
                    _l("Complaints per 1,000"),
                    "bars",
                    _each(weeks, lambda w: _share(w.complaints, 1_000)),
                ),
            ),
            base=(_l("complaints"), tuple(w.complaints.numerator for w in weeks)),
        ),
        _gap(weeks),
    )


def own_charts(weeks: Sequence[Figures]) -> tuple[Chart, ...]:
    """Return the trends of one person: counts, since a week has too few reviews for a rate."""
    return (
        _chart(
            weeks,
            "excellence",
            _l("Reviewed calls"),
            "count",
            series=(
                _counts(weeks, _l("Excellent"), lambda w: w.excellence.numerator),
                _counts(weeks, _l("Reviewed"), lambda w: w.excellence.denominator),
            ),
            base=(_l("reviewed"), tuple(w.excellence.denominator for w in weeks)),
        ),
        _chart(
            weeks,
            "satisfaction",
            _l("SMS answers"),
            "count",
            series=(
                _counts(weeks, _l("Satisfied"), lambda w: w.satisfaction.numerator),
                _counts(weeks, _l("Answers"), lambda w: w.satisfaction.denominator),
            ),
            base=(_l("asked"), tuple(w.response.denominator for w in weeks)),
        ),
        _chart(
            weeks,
            "complaints",
            _l("Complaints"),
            "count",
            series=(_counts(weeks, _l("Complaints"), lambda w: w.complaints.numerator),),
            base=(_l("connected outbound calls"), tuple(w.complaints.denominator for w in weeks)),
        ),
        _gap(weeks),
    )


def _gap(weeks: Sequence[Figures]) -> Chart:
    return _chart(
        weeks,
        "gap",
        _l("Self-assessment gap"),
        "points",
        series=(
            Series(_l("Mean gap"), "line", _each(weeks, lambda w: _share(w.gap, 0.01))),
            Series(
                _l("Mean absolute gap"), "dashed", _each(weeks, lambda w: _share(w.abs_gap, 0.01))
            ),
        ),
        base=(_l("self-assessed"), tuple(w.gap.denominator for w in weeks)),
    )


def _chart(
    weeks: Sequence[Figures],
    key: str,
    title: LazyString,
    unit: str,
    *,
    series: tuple[Series, ...],
    base: tuple[LazyString, tuple[int, ...]],
) -> Chart:
    names = tuple(f"{week.period.start:%m-%d}" for week in weeks)
    return Chart(key, title, unit, names, series, *base)


def _counts(
    weeks: Sequence[Figures], label: LazyString, read: Callable[[Figures], float | None]
) -> Series:
    return Series(label, "bars", _each(weeks, read))


def _each(
    weeks: Sequence[Figures], read: Callable[[Figures], float | None]
) -> tuple[float | None, ...]:
    return tuple(read(week) for week in weeks)


def _share(ratio: Ratio, times: float) -> float | None:
    share: Fraction | None = ratio.value
    return None if share is None else round(float(share) * times, 3)


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 3)
