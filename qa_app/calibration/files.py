"""What a session shows, as tables for a spreadsheet."""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy.orm import Session

from models.calibration import CalibrationRound
from pipelines.calibration.rules.agreement import Measured
from qa_app.calibration.sessions import SessionPage, reference_points, session_answers
from qa_app.exports import Cell
from qa_app.i18n import text_of
from qa_app.permissions import Person

CRITERIA = (
    "criterion",
    "text",
    "calls",
    "answers",
    "calls_that_differ",
    "exact",
    "exact_low",
    "exact_high",
    "within_one",
    "within_one_low",
    "within_one_high",
    "mean_pair_kappa",
    "fleiss_kappa",
    "alpha_metric",
    "alpha",
    "alpha_low",
    "alpha_high",
)
"""Of the file of criteria: measures are shares of 1; empty where one is not defined."""

ANSWERS = (
    "call",
    "started_at",
    "project",
    "agent",
    "criterion",
    "reviewer",
    "answer",
    "comment",
    "reference",
    "reference_points",
    "reference_reason",
)
"""Of the file of answers: one row per call, criterion and reviewer."""


def criteria_rows(page: SessionPage) -> Iterator[list[Cell]]:
    """Yield the measures of each criterion."""
    for row in page.criteria:
        found = row.found
        yield [
            row.rule.lineage,
            text_of(dict(row.rule.text)),
            found.units,
            found.answers,
            row.differing,
            *_three(found.exact),
            *_three(found.near),
            _short(found.kappa),
            _short(found.fleiss),
            found.metric.value,
            *_three(found.alpha),
        ]


def _three(measure: Measured) -> list[Cell]:
    return [_short(measure.value), _short(measure.low), _short(measure.high)]


def _short(value: float | None) -> Cell:
    return None if value is None else round(value, 4)


def answer_rows(
    session: Session, person: Person, made: CalibrationRound, now: dt.datetime
) -> Iterator[list[Cell]]:
    """Yield every answer of the session beside its reference."""
    for item, call, reviewer, lineage, answer, comment in session_answers(
        session, person, made, now
    ):
        entry = (item.reference.get(lineage) or {}) if item.agreed_at else {}
        yield [
            item.position,
            call.started_at.isoformat(),
            call.project,
            call.agent,
            lineage,
            reviewer,
            plain(answer),
            comment,
            plain(entry.get("answer")),
            reference_points(item, lineage),
            str(entry.get("comment") or ""),
        ]


def plain(answer: object) -> Cell:
    """Return an answer as it is stored: a list of items with blanks between, null as nothing."""
    if isinstance(answer, list):
        return " ".join(str(item) for item in answer)
    return None if answer is None else str(answer)
