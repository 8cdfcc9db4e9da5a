"""A sheet of answers as pages show it: criteria with their fields, the total, what is missing.

Shared by reviews, self-assessments and corrected scores; nothing here asks the database.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab import CriterionKind
from pipelines.outcomes import AnswerState, CriterionScore, Score, Sheet
from pipelines.scoring import rules
from qa_app.quotes import SaidTurn
from qa_app.reviews.forms import (
    SheetForm,
    build_form,
    choices_of,
    data_of_sheet,
    is_radio,
)

PROBLEMS: dict[str, LazyString] = {
    "unanswered": _l("Not answered yet"),
    "na_not_allowed": _l("Not applicable is not possible here"),
    "na_reason_needed": _l("Say why this does not apply"),
    "comment_needed": _l("A comment or a reason is needed for this answer"),
    "unknown_option": _l("This answer is not one of the choices"),
    "unknown_reason": _l("This reason is not in the list"),
    "not_a_number": _l("Write a number of points"),
    "out_of_range": _l("Between 0 and %(maximum)s points"),
    "not_a_step": _l("Points go in steps of %(step)s"),
    "evidence_unreadable": _l("The marked moment cannot be read; mark it again"),
    "unknown_criterion": _l("This criterion is not part of the scorecard"),
}


@dataclass(frozen=True)
class Choice:
    """One button or box of an answer."""

    value: str
    text: Mapping[str, str]
    points: int


@dataclass(frozen=True)
class CriterionView:
    """A criterion with its fields, its points so far, and what is wrong with its answer."""

    rule: rules.CriterionRule
    number: int
    choices: tuple[Choice, ...]
    radio: bool
    part: CriterionScore
    problem: str | None
    asks_words: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """The digits that press each choice: a number of points itself, else its place."""
        values = [choice.value for choice in self.choices]
        if self.rule.kind is CriterionKind.POINTS and all(value.isdecimal() for value in values):
            return tuple(values)
        return tuple(str(place) for place in range(1, len(values) + 1))

    @property
    def open(self) -> bool:
        """Whether the criterion is asked at all."""
        return self.part.state is not AnswerState.CLOSED

    @property
    def answered(self) -> bool:
        """Whether there is a usable answer."""
        return self.part.state in {AnswerState.ANSWERED, AnswerState.NOT_APPLICABLE}


@dataclass(frozen=True)
class SectionView:
    """Criteria under one heading."""

    title: Mapping[str, str]
    criteria: tuple[CriterionView, ...]


@dataclass(frozen=True)
class TotalView:
    """The running total: points from zero, how much is answered, which line is reached."""

    score: Score
    answered: int
    required: int
    failed: tuple[Mapping[str, str], ...]

    @property
    def complete(self) -> bool:
        """Whether every required criterion has a usable answer."""
        return not self.score.missing

    @property
    def band(self) -> str:
        """``excellent``, ``passed``, ``below`` or ``none``; ``open`` while answers are missing."""
        if not self.complete:
            return "open"
        return band_of(excellent=self.score.excellent, passed=self.score.passed)


@dataclass(frozen=True)
class SheetView:
    """All that the template of a sheet needs."""

    version: rules.VersionRule
    form: SheetForm
    sections: tuple[SectionView, ...]
    total: TotalView
    problems: tuple[tuple[CriterionView, str], ...]
    answers: Mapping[str, Mapping[str, Any]]

    @property
    def summary(self) -> str:
        """What was written about the call as a whole."""
        return str(self.form.summary.data or "")

    @property
    def notes(self) -> list[dict[str, Any]]:
        """The notes with their moments, as they are kept."""
        return self.form.kept_notes


def same_content(one: SheetView, other: SheetView) -> bool:
    """Tell whether two sheets say the same."""
    return (one.answers, one.summary, one.notes) == (other.answers, other.summary, other.notes)


def band_of(*, excellent: bool | None, passed: bool | None) -> str:
    """Name the line a score has reached."""
    if excellent is None:
        return "none"
    if excellent:
        return "excellent"
    return "passed" if passed else "below"


def form_for(
    version: rules.VersionRule,
    sheet: Sheet,
    lock_version: int,
    summary: str,
    *,
    said: Sequence[SaidTurn] = (),
    notes: Sequence[Mapping[str, Any]] = (),
) -> SheetForm:
    """Make the form of a stored draft; for ``said`` see ``qa_app.quotes.masked_spans``."""
    data = {
        **data_of_sheet(version, sheet, said),
        "lock_version": str(lock_version),
        "summary": summary,
        "notes": json.dumps(list(notes), ensure_ascii=False),
    }
    return build_form(version)(formdata=None, data=data)


def view_sheet(version: rules.VersionRule, form: SheetForm, sheet: Sheet) -> SheetView:
    """Score a sheet and put each criterion beside its fields."""
    score = rules.score(version, sheet)
    found = rules.problems(version, sheet)
    said = {problem.criterion: sentence(problem) for problem in reversed(found)}
    wrong = {problem.criterion for problem in found if problem.code != "unanswered"}
    parts = {part.lineage: part for part in score.criteria}
    numbers = {rule.lineage: number for number, rule in enumerate(version.criteria, start=1)}

    def view(rule: rules.CriterionRule) -> CriterionView:
        part = parts[rule.lineage]
        return CriterionView(
            rule=rule,
            number=numbers[rule.lineage],
            choices=tuple(_choices(rule)),
            radio=is_radio(rule),
            part=part,
            problem=said.get(rule.lineage) if rule.lineage in wrong else None,
            asks_words=rules.comment_needed(rule, part),
        )

    sections = tuple(
        SectionView(section.title, tuple(view(rule) for rule in section.criteria))
        for section in version.sections
    )
    views = {item.rule.lineage: item for section in sections for item in section.criteria}
    return SheetView(
        version=version,
        form=form,
        sections=sections,
        total=total_of(version, score),
        problems=tuple((item, said[lineage]) for lineage, item in views.items() if lineage in said),
        answers={
            lineage: {"answer": None, "comment": "", **(sheet.get(lineage) or {})}
            for lineage in views
        },
    )


def total_of(version: rules.VersionRule, score: Score) -> TotalView:
    """Count what is answered and name the critical criteria that were not met."""
    parts = {part.lineage: part for part in score.criteria}
    asked = [
        rule
        for rule in version.criteria
        if rule.required and parts[rule.lineage].state is not AnswerState.CLOSED
    ]
    return TotalView(
        score=score,
        answered=len(asked) - len(score.missing),
        required=len(asked),
        failed=tuple(
            rule.text for rule in version.criteria if rule.lineage in score.failed_critical
        ),
    )


def sentence(problem: rules.Problem) -> str:
    """Say what is wrong with an answer, in the request's language."""
    return str(PROBLEMS[problem.code]) % dict(problem.params)


def _choices(rule: rules.CriterionRule) -> Iterable[Choice]:
    if rule.kind is CriterionKind.YES_NO:
        yield Choice("yes", {}, rule.points)
        yield Choice("no", {}, 0)
    elif rule.kind is CriterionKind.POINTS:
        for value in choices_of(rule):
            yield Choice(value, {}, rules.to_hundredths(value) or 0)
    else:
        for option in rule.options:
            yield Choice(option.lineage, option.text, option.points)


def summary_of(view: SheetView) -> dict[str, Any]:
    """Say, for the script of the page, which criteria are open, wrong, or ask for words."""
    return {
        item.rule.lineage: {
            "open": item.open,
            "answered": item.answered,
            "problem": item.problem,
            "words": item.asks_words,
        }
        for section in view.sections
        for item in section.criteria
    }
