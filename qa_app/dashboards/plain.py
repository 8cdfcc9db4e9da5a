"""Figures as plain values, for JSON and for files that a spreadsheet opens."""

from collections.abc import Iterable
from typing import Any

from pipelines.measures.overview import Figures, Group, Mine, Overview
from pipelines.measures.rules.estimates import Estimate
from pipelines.measures.rules.indicators import Ratio
from pipelines.measures.rules.intervals import Interval

_DIGITS = 6


def ratio(value: Ratio) -> dict[str, int | float | None]:
    """Return numerator, denominator and their quotient, null where there is no data."""
    share = value.value
    return {
        "numerator": value.numerator,
        "denominator": value.denominator,
        "value": None if share is None else round(float(share), _DIGITS),
    }


def interval(value: Interval | None) -> list[float] | None:
    """Return ``[low, high]``, or null."""
    return None if value is None else [round(value.low, _DIGITS), round(value.high, _DIGITS)]


def estimate(value: Estimate) -> dict[str, Any]:
    """Return an estimate with all that must be shown beside it."""
    rounded = {
        name: None if number is None else round(number, _DIGITS)
        for name, number in {
            "value": value.value,
            "effective_n": value.effective_n,
            "closed": value.closed,
            "worst_case": value.worst_case,
            "best_case": value.best_case,
            "left_out": value.left_out,
        }.items()
    }
    return {
        **rounded,
        "interval": interval(value.interval),
        "n": value.denominator,
        "calls": value.calls,
        "population": value.population,
        "population_exact": value.population_exact,
        "left_out_strata": list(value.left_out_strata),
        "joined_strata": list(value.joined),
        "notes": [note.value for note in value.notes],
    }


def figures(value: Figures | None) -> dict[str, Any] | None:
    """Return every figure of one scope and period; null where the group is too small."""
    if value is None:
        return None
    return {
        "period": {"start": value.period.start.isoformat(), "end": value.period.end.isoformat()},
        "qa_excellence_rate": {**ratio(value.excellence), "all_recorded": estimate(value.estimate)},
        "monitoring_pass_rate": ratio(value.passed),
        "sms_satisfaction_rate": {
            **ratio(value.satisfaction),
            "response": ratio(value.response),
            "bounds": interval(value.bounds),
        },
        "complaint_rate": {**ratio(value.complaints), "upheld": value.upheld},
        "attitude_complaint_rate": ratio(value.attitude),
        "self_assessment_gap": {
            "mean_points": _points(value.gap),
            "mean_absolute_points": _points(value.abs_gap),
            "n": value.gap.denominator,
            "asked": value.assessed.denominator,
        },
        "recording_coverage": {**ratio(value.coverage), "low": value.coverage_is_low},
    }


def _points(value: Ratio) -> float | None:
    """Return a mean gap in percentage points."""
    mean = value.value
    return None if mean is None else round(float(mean) / 100, 4)


def overview(value: Overview) -> dict[str, Any]:
    """Return the whole overview."""
    return {
        "period": value.period.text,
        "people": value.people,
        "total": figures(value.total),
        "before": figures(value.before),
        "weeks": [figures(week) for week in value.weeks],
        "teams": [_team(team) for team in value.teams],
        "directed_included": value.directed,
        "days_behind": value.behind,
    }


def _team(value: Group) -> dict[str, Any]:
    return {
        "team": value.code,
        "name": value.name,
        "people": value.people,
        "figures": figures(value.figures),
    }


COLUMNS = (
    "excellent",
    "reviewed",
    "estimate",
    "estimate_low",
    "estimate_high",
    "population",
    "passed",
    "satisfied",
    "answers",
    "asked_by_sms",
    "complaints",
    "connected_outbound",
    "complaints_per_1000",
    "gap_points",
    "absolute_gap_points",
    "self_assessed",
    "self_assessments_asked",
    "recorded",
    "connected",
)
"""The columns of a table of figures, the same for weeks and teams."""


def cells(value: Figures | None) -> list[int | float | None]:
    """Return one row of ``COLUMNS``; empty where the group is too small."""
    if value is None:
        return [None] * len(COLUMNS)
    per_call = value.complaints.value
    limits = interval(value.estimate.interval) or [None, None]
    guess = value.estimate.value
    return [
        value.excellence.numerator,
        value.excellence.denominator,
        None if guess is None else round(guess, _DIGITS),
        *limits,
        value.estimate.population,
        value.passed.numerator,
        value.satisfaction.numerator,
        value.satisfaction.denominator,
        value.response.denominator,
        value.complaints.numerator,
        value.complaints.denominator,
        None if per_call is None else round(1_000 * float(per_call), 3),
        _points(value.gap),
        _points(value.abs_gap),
        value.gap.denominator,
        value.assessed.denominator,
        value.coverage.numerator,
        value.coverage.denominator,
    ]


Row = list[str | int | float | None]


def week_rows(weeks: Iterable[Figures]) -> list[Row]:
    """Return a row per week, the ISO week first."""
    return [[week.period.text, *cells(week)] for week in weeks]


def team_rows(value: Overview) -> list[Row]:
    """Return a row per team, then the total."""
    rows: list[Row] = [
        [team.code, team.name, team.people, *cells(team.figures)] for team in value.teams
    ]
    return [*rows, ["", "", value.people, *cells(value.total)]]


def mine(value: Mine) -> dict[str, Any]:
    """Return an agent's own figures."""
    return {
        "period": value.period.text,
        "own": figures(value.figures),
        "weeks": [figures(week) for week in value.weeks],
        "team": figures(value.team),
        "days_waiting": value.waiting,
    }
