"""A call that two people read blind, side by side once both are in."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.reviews import Review
from models.vocab import CriterionKind, Origin, ReviewState
from pipelines.scoring.rules import CriterionRule, VersionRule
from pipelines.scoring.service import version_rule
from qa_app import figures
from qa_app.access import Action, OutOfScope, Person, load
from qa_app.calls.blindness import is_blind
from qa_app.reviews.queries import CallFacts, call_facts, with_leg

READINGS = (Origin.DRAWN, Origin.SECOND)


@dataclass(frozen=True)
class Said:
    """What a reader said of a criterion; ``earned`` is in hundredths, null where it was closed."""

    value: Any
    earned: int | None
    comment: str


@dataclass(frozen=True)
class Compared:
    """A criterion as both readers judged it."""

    rule: CriterionRule
    first: Said
    second: Said

    @property
    def same(self) -> bool:
        """Whether both gave the same answer."""
        return bool(self.first.value == self.second.value)


@dataclass(frozen=True)
class Reader:
    """One of the two: who, and what came out. Points are hundredths."""

    name: str
    earned: int
    attainable: int


@dataclass(frozen=True)
class BothPage:
    """Two readings of one leg; the first is the one that counts."""

    call: CallFacts
    version: VersionRule
    first: Reader
    second: Reader
    rows: tuple[Compared, ...]

    @property
    def judged(self) -> tuple[Compared, ...]:
        """Return the criteria that are more than words."""
        return tuple(row for row in self.rows if row.rule.kind is not CriterionKind.TEXT)

    @property
    def agreed(self) -> int:
        """Return on how many of those both gave the same answer."""
        return sum(row.same for row in self.judged)


def both_page(session: Session, person: Person, uid: uuid.UUID) -> BothPage:
    """Return both readings of a leg; 404 until both are in, or while the person judges the call."""
    review = load(session, person, Action.REVIEWS_READ, Review, uid)
    pair = (
        session.scalars(
            select(Review)
            .where(
                Review.leg_id == review.leg_id,
                Review.drawn_call_id == review.drawn_call_id,
                Review.origin.in_(READINGS),
                Review.state == ReviewState.SUBMITTED,
            )
            .options(*with_leg(Review.leg), joinedload(Review.current), joinedload(Review.reviewer))
        )
        .unique()
        .all()
    )
    by_origin = {one.origin: one for one in pair}
    theirs = any(one.reviewer_id == person.id for one in pair)
    shown = theirs or figures.shows(session, person, review.site_id, review.team_id)
    judged = is_blind(session, person, review.leg.call_id)
    if set(by_origin) != set(READINGS) or judged or not shown:
        raise OutOfScope(Review, uid, Action.REVIEWS_READ)
    first, second = (by_origin[origin] for origin in READINGS)
    version = version_rule(session, first.version_id)
    said = [_said(one) for one in (first, second)]
    nothing = Said(None, None, "")
    return BothPage(
        call=call_facts(review.leg),
        version=version,
        first=_reader(first),
        second=_reader(second),
        rows=tuple(
            Compared(rule, *(of_one.get(rule.lineage, nothing) for of_one in said))
            for rule in version.criteria
        ),
    )


def _said(review: Review) -> dict[str, Said]:
    answers = review.current.answers if review.current else []
    return {
        answer.criterion.lineage: Said(answer.value["answer"], answer.earned, answer.comment)
        for answer in answers
    }


def _reader(review: Review) -> Reader:
    current = review.current
    return Reader(
        name=review.reviewer.display_name if review.reviewer else "–",
        earned=current.earned if current else 0,
        attainable=current.attainable if current else 0,
    )
