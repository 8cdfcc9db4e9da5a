"""Item analytics of a version, for those who lead or train the people in it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.reviews import Review
from models.vocab import CriterionKind, Origin, VersionState
from pipelines.scoring.analysis import GROUP_OF_PEOPLE, ItemFigures, ReviewerShare, items
from pipelines.scoring.checks import possible_answers
from pipelines.scoring.rules import CriterionRule, VersionRule, from_hundredths, to_hundredths
from pipelines.scoring.service import version_rule
from qa_app.access import Action, Person
from qa_app.exports import Cell
from qa_app.scorecards.queries import readable
from qa_app.scorecards.reviewed import reviewed

COUNTED = (Origin.DRAWN, Origin.DIRECTED)
FEWEST_REVIEWS = 10
"""Below so many reviews a person gets the count alone."""


@dataclass(frozen=True)
class AnswerLine:
    """How often one answer was given; ``text`` is null for yes, no and numbers of points."""

    value: str
    text: Mapping[str, str] | None
    points: int
    count: int


@dataclass(frozen=True)
class ItemLine:
    """A criterion with its figures; null where fewer than five agents were asked it."""

    number: int
    rule: CriterionRule
    figures: ItemFigures | None
    answers: tuple[AnswerLine, ...]


@dataclass(frozen=True)
class ItemsPage:
    """The figures of a version; without lines where fewer than five agents were reviewed."""

    uid: uuid.UUID
    rule: VersionRule
    state: VersionState
    reviews: int
    agents: int
    enough: bool
    earned: int
    lines: tuple[ItemLine, ...]
    reviewers: tuple[ReviewerShare, ...]
    fewest: int = FEWEST_REVIEWS
    group: int = GROUP_OF_PEOPLE


def items_page(session: Session, person: Person, uid: uuid.UUID, now: datetime) -> ItemsPage:
    """Gather how a version is answered in the reviews of the person's scope.

    Calls that the person judges or may still judge are left out, so that no figure tells a score.
    """
    version = readable(session, person, uid)
    rule = version_rule(session, version.id)
    reviews = reviewed(
        person,
        Action.SCORECARDS_ANALYSE,
        now,
        Review.version_id == version.id,
        origins=COUNTED,
    )
    found = items(session, reviews, [item.id for item in rule.criteria if item.na_allowed])
    return ItemsPage(
        uid=uid,
        rule=rule,
        state=version.state,
        reviews=found.reviews,
        agents=found.agents,
        enough=found.enough,
        earned=found.earned,
        lines=tuple(
            ItemLine(number, item, figures, tuple(_answers(item, figures)))
            for number, item in enumerate(rule.criteria, start=1)
            # A criterion that only few were asked would speak of single persons.
            for figures in (_of_a_group(found.figures.get(item.id)),)
        )
        if found.enough
        else (),
        reviewers=found.reviewers if found.enough else (),
    )


def _of_a_group(figures: ItemFigures | None) -> ItemFigures | None:
    return figures if figures is not None and figures.agents >= GROUP_OF_PEOPLE else None


def _answers(rule: CriterionRule, figures: ItemFigures | None) -> Sequence[AnswerLine]:
    if figures is None or rule.kind is CriterionKind.TEXT:
        return ()
    given = dict(figures.given)
    if rule.kind is CriterionKind.POINTS:
        values = sorted(given, key=lambda value: to_hundredths(value) or 0, reverse=True)
        return [
            AnswerLine(value, None, to_hundredths(value) or 0, given[value]) for value in values
        ]
    texts = {option.lineage: option for option in rule.options}
    return [
        AnswerLine(
            value,
            texts[value].text if value in texts else None,
            texts[value].points if value in texts else rule.points * (value == "yes"),
            given.get(value, 0),
        )
        for value in possible_answers(rule)
    ]


def items_rows(page: ItemsPage) -> tuple[list[str], list[list[Cell]]]:
    """Return the page as a table: one row for each answer of each criterion."""
    header = [
        "criterion",
        "lineage",
        "text",
        "answer",
        "points",
        "count",
        "answered",
        "not_applicable",
        "earned",
        "attainable",
        "item_rest_correlation",
    ]
    rows: list[list[Cell]] = []
    for line in page.lines:
        figures = line.figures
        if figures is None:
            continue
        rest = None if figures.rest is None else round(figures.rest, 3)
        rows.extend(
            [
                line.number,
                line.rule.lineage,
                line.rule.text.get("en", ""),
                answer.value,
                from_hundredths(answer.points),
                answer.count,
                figures.done,
                figures.na,
                from_hundredths(figures.earned),
                from_hundredths(figures.attainable),
                rest,
            ]
            for answer in line.answers
        )
    return header, rows
