"""Item analytics of a version, for those who lead or train the people in it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Leg
from models.reviews import Review
from models.vocab import CriterionKind, Origin, VersionState
from pipelines.calibration.results import agreement_by_criterion
from pipelines.calibration.rules.ratings import CriterionAgreement
from pipelines.scoring.analysis import GROUP_OF_PEOPLE, ItemFigures, ReviewerShare, items
from pipelines.scoring.checks import possible_answers
from pipelines.scoring.rules import CriterionRule, VersionRule, from_hundredths, to_hundredths
from pipelines.scoring.service import version_rule
from qa_app import figures
from qa_app.access import Action, Person, visible
from qa_app.calls.blindness import may_judge
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
    """A criterion with its figures; null where fewer than five agents were asked it.

    ``agreement`` is null where no two reviewers judged the same call.
    """

    number: int
    rule: CriterionRule
    figures: ItemFigures | None
    answers: tuple[AnswerLine, ...]
    agreement: CriterionAgreement | None


@dataclass(frozen=True)
class ItemsPage:
    """The figures of a version; without lines where fewer than five agents were reviewed.

    ``hidden``: the site does not let figures about some of the reviewers go to this person.
    """

    uid: uuid.UUID
    rule: VersionRule
    state: VersionState
    reviews: int
    agents: int
    enough: bool
    earned: int
    lines: tuple[ItemLine, ...]
    reviewers: tuple[ReviewerShare, ...]
    hidden: bool
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
    named = reviewed(
        person,
        Action.SCORECARDS_ANALYSE,
        now,
        Review.version_id == version.id,
        figures.shown(session, person, Review.site_id, Review.team_id),
        origins=COUNTED,
    )
    na_allowed = [item.id for item in rule.criteria if item.na_allowed]
    found = items(session, reviews, na_allowed, named=named)
    agreed = _agreement(session, person, version.id, now) if found.enough else {}
    return ItemsPage(
        uid=uid,
        rule=rule,
        state=version.state,
        reviews=found.reviews,
        agents=found.agents,
        enough=found.enough,
        earned=found.earned,
        lines=tuple(
            ItemLine(number, item, sums, tuple(_answers(item, sums)), agreed.get(item.lineage))
            for number, item in enumerate(rule.criteria, start=1)
            # A criterion that only few were asked would speak of single persons.
            for sums in (_of_a_group(found.figures.get(item.id)),)
        )
        if found.enough
        else (),
        reviewers=found.reviewers if found.enough else (),
        hidden=found.named < found.reviews,
    )


def _agreement(
    session: Session, person: Person, version_id: int, now: datetime
) -> dict[str, CriterionAgreement]:
    """Return the agreement on the calls of the person's scope that they do not judge themselves.

    By legs, since reviews of a round are seen one by one in the round's own session only.
    """
    reached = (
        visible(person, Leg, Action.SCORECARDS_ANALYSE)
        .with_only_columns(Leg.id, Leg.call_id)
        .subquery()
    )
    # From a subquery, since blindness asks about legs of its own.
    legs = select(reached.c.id).where(~may_judge(person, reached.c.call_id, now))
    found = agreement_by_criterion(session, version_id, legs=legs, seed=version_id)
    return {lineage: one for lineage, one in found.items() if one.units}


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
        "compared_calls",
        "agreement",
        "alpha",
    ]
    rows: list[list[Cell]] = []
    for line in page.lines:
        figures = line.figures
        if figures is None:
            continue
        rest = None if figures.rest is None else round(figures.rest, 3)
        both = line.agreement
        agreement = (both.units, _short(both.exact.value), _short(both.alpha.value)) if both else ()
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
                *(agreement or (0, None, None)),
            ]
            for answer in line.answers
        )
    return header, rows


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
