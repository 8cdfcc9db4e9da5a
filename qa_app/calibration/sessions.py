"""The session of a closed round: agreement, who differed where, and the reference agreed.

A call that the person judges at the moment, or could still take to review, is left out of it.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calibration import CalibrationItem, CalibrationRound
from models.calls import Leg
from models.people import User
from models.reviews import Answer, ReviewRevision
from models.vocab import CalibrationState, RevisionCause
from pipelines.calibration.results import (
    Judgement,
    agreement,
    answers_of,
    of_round,
    reliability_of,
    scales_of,
)
from pipelines.calibration.rules.agreement import Scheme
from pipelines.calibration.rules.ratings import (
    CriterionAgreement,
    Distance,
    Spread,
    category,
    differ,
    distance_of,
    spread_of,
)
from pipelines.calibration.rules.severity import Reliability
from pipelines.scoring.rules import CriterionRule, VersionRule, from_hundredths
from pipelines.scoring.service import version_rule
from qa_app.access import Action, OutOfScope, Person, load, may, visible
from qa_app.calls.blindness import may_judge
from qa_app.reviews.queries import CallFacts, call_facts, with_leg

ROUGH = 10
"""Below this many calls the measures are said to be rough."""


@dataclass(frozen=True)
class Scored:
    """One reviewer's total on a call; null points where nothing is attainable or nothing came."""

    name: str
    is_me: bool
    earned: int | None
    attainable: int | None


@dataclass(frozen=True)
class CallRow:
    """A call of the session: everybody's total, how far they lie apart, the reference."""

    uid: uuid.UUID
    number: int
    call: CallFacts
    scores: tuple[Scored, ...]
    spread: Spread | None
    differing: int
    agreed_at: dt.datetime | None
    earned: int | None
    attainable: int | None


@dataclass(frozen=True)
class CriterionRow:
    """A criterion with its measures, and on how many calls its answers differed."""

    rule: CriterionRule
    found: CriterionAgreement
    differing: int


@dataclass(frozen=True)
class Group:
    """Who gave the same answer."""

    answer: Any
    names: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A criterion on which the answers to a call differed."""

    rule: CriterionRule
    number: int
    item: uuid.UUID
    call: CallFacts
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class DistanceRow:
    """How far one reviewer lies from the references."""

    name: str
    is_me: bool
    distance: Distance


@dataclass(frozen=True)
class SessionPage:
    """A closed round as it is talked about; ``hidden`` calls are left out for this person."""

    uid: uuid.UUID
    title: str
    site: str
    timezone: str
    ended_at: dt.datetime
    version: VersionRule
    reviewers: tuple[str, ...]
    unfinished: int
    calls: tuple[CallRow, ...]
    criteria: tuple[CriterionRow, ...]
    differences: tuple[Difference, ...]
    reliability: Reliability
    distances: tuple[DistanceRow, ...]
    scheme: Scheme
    hidden: int
    rough: bool
    leads: bool


@dataclass(frozen=True)
class Facts:
    """What both pages are made of: the calls shown, who judged them, and what they said."""

    items: tuple[CalibrationItem, ...]
    hidden: int
    judged: Mapping[int, list[Judgement]]
    answers: Mapping[int, Mapping[str, Any]]
    names: Mapping[int, str]


def closed_round(
    session: Session, person: Person, uid: uuid.UUID, action: Action = Action.CALIBRATION_READ
) -> CalibrationRound:
    """Return a closed round of the person's, else 404: before, its answers are nobody's to see."""
    made = load(session, person, action, CalibrationRound, uid)
    if made.state is not CalibrationState.CLOSED:
        raise OutOfScope(CalibrationRound, uid, action)
    return made


def session_item(
    session: Session, person: Person, uid: uuid.UUID, action: Action, now: dt.datetime
) -> CalibrationItem:
    """Return a call of a closed round, else 404; also while the person may judge that call."""
    item = load(session, person, action, CalibrationItem, uid)
    closed = item.round.state is CalibrationState.CLOSED
    if not closed or item.id not in {row.id for row in _shown(session, person, item.round, now)}:
        raise OutOfScope(CalibrationItem, uid, action)
    return item


def _shown(
    session: Session, person: Person, made: CalibrationRound, now: dt.datetime
) -> Sequence[CalibrationItem]:
    # Aliased, since blindness asks about the legs of the call itself.
    judged = aliased(Leg)
    return session.scalars(
        select(CalibrationItem)
        .join(judged, judged.id == CalibrationItem.leg_id)
        .where(CalibrationItem.round_id == made.id, ~may_judge(person, judged.call_id, now))
        .options(
            *with_leg(CalibrationItem.leg),
            joinedload(CalibrationItem.agreed_by),
            selectinload(CalibrationItem.seats),
        )
        .order_by(CalibrationItem.position)
    ).all()


def facts_of(session: Session, person: Person, made: CalibrationRound, now: dt.datetime) -> Facts:
    """Read the calls of a closed round that the person may see now, and all that was said."""
    items = tuple(_shown(session, person, made, now))
    legs = {item.leg_id for item in items}
    judged: dict[int, list[Judgement]] = {item.leg_id: [] for item in items}
    for found in of_round(session, made):
        if found.leg_id in legs:
            judged[found.leg_id].append(found)
    everything = [found for group in judged.values() for found in group]
    people = {found.reviewer_id for found in everything}
    rows = session.execute(select(User.id, User.display_name).where(User.id.in_(people)))
    names = {row.id: row.display_name for row in rows}
    for group in judged.values():
        group.sort(key=lambda found: names[found.reviewer_id])
    return Facts(
        items=items,
        hidden=len(made.items) - len(items),
        judged=judged,
        answers=answers_of(session, (found.review_id for found in everything)),
        names=names,
    )


def _answer(facts: Facts, found: Judgement, lineage: str) -> Any:
    return facts.answers.get(found.review_id, {}).get(lineage)


def call_row(facts: Facts, item: CalibrationItem, person: Person, rules: Any) -> CallRow:
    """Return a call with everybody's total; ``rules`` are the criteria that are compared."""
    judged = facts.judged[item.leg_id]
    return CallRow(
        uid=item.uid,
        number=item.position,
        call=call_facts(item.leg),
        scores=tuple(
            Scored(
                facts.names[found.reviewer_id],
                found.reviewer_id == person.id,
                found.earned,
                found.attainable,
            )
            for found in judged
        ),
        spread=spread_of(score for found in judged if (score := found.score_bp) is not None),
        differing=sum(
            differ(_answer(facts, found, rule.lineage) for found in judged) for rule in rules
        ),
        agreed_at=item.agreed_at,
        earned=item.earned,
        attainable=item.attainable,
    )


def session_page(
    session: Session,
    person: Person,
    made: CalibrationRound,
    scheme: Scheme,
    now: dt.datetime,
) -> SessionPage:
    """Gather a closed round: measures, totals, who differed where, distance to the reference."""
    version = version_rule(session, made.version_id)
    facts = facts_of(session, person, made, now)
    scales = scales_of(session, made.version_id)
    by_lineage = {rule.lineage: rule for rule in version.criteria}
    rules = [by_lineage[scale.lineage] for scale in scales]
    everything = [found for group in facts.judged.values() for found in group]
    measures = agreement(scales, everything, facts.answers, scheme=scheme, seed=made.id)
    calls = tuple(call_row(facts, item, person, rules) for item in facts.items)
    differences = tuple(_differences(facts, rules))
    return SessionPage(
        uid=made.uid,
        title=made.title,
        site=made.site.name,
        timezone=made.site.timezone,
        ended_at=made.ended_at or now,
        version=version,
        reviewers=tuple(sorted(facts.names.values())),
        unfinished=sum(len(item.seats) - len(facts.judged[item.leg_id]) for item in facts.items),
        calls=calls,
        criteria=tuple(
            CriterionRow(
                rule,
                measures[rule.lineage],
                sum(found.rule.lineage == rule.lineage for found in differences),
            )
            for rule in rules
        ),
        differences=differences,
        reliability=reliability_of(everything, made.id),
        distances=tuple(_distances(facts, person, rules)),
        scheme=scheme,
        hidden=facts.hidden,
        rough=len(facts.items) < ROUGH,
        leads=leads(session, person, made),
    )


def leads(session: Session, person: Person, made: CalibrationRound) -> bool:
    """Tell whether the person leads the round's session."""
    if not may(person, Action.CALIBRATION_LEAD):
        return False
    led = visible(person, CalibrationRound, Action.CALIBRATION_LEAD)
    return session.scalar(led.where(CalibrationRound.id == made.id)) is not None


def _differences(facts: Facts, rules: Sequence[CriterionRule]) -> Iterator[Difference]:
    for rule in rules:
        for item in facts.items:
            judged = facts.judged[item.leg_id]
            answers = [(found, _answer(facts, found, rule.lineage)) for found in judged]
            if not differ(answer for _found, answer in answers):
                continue
            groups: dict[str, tuple[Any, list[str]]] = {}
            for found, answer in answers:
                if answer is not None:
                    _, who = groups.setdefault(category(answer) or "", (answer, []))
                    who.append(facts.names[found.reviewer_id])
            yield Difference(
                rule,
                item.position,
                item.uid,
                call_facts(item.leg),
                tuple(
                    Group(answer, tuple(who))
                    for answer, who in sorted(groups.values(), key=lambda one: -len(one[1]))
                ),
            )


def _distances(
    facts: Facts, person: Person, rules: Sequence[CriterionRule]
) -> Iterator[DistanceRow]:
    agreed = [item for item in facts.items if item.agreed_at is not None]
    compared = [rule.lineage for rule in rules]
    for reviewer_id, name in sorted(facts.names.items(), key=lambda pair: pair[1]):
        mine = [
            (found, item)
            for item in agreed
            for found in facts.judged[item.leg_id]
            if found.reviewer_id == reviewer_id
        ]
        if mine:
            yield DistanceRow(
                name,
                reviewer_id == person.id,
                distance_of(
                    [
                        (facts.answers.get(found.review_id, {}), _reference(item))
                        for found, item in mine
                    ],
                    [(found.score_bp, _bp(item.earned, item.attainable)) for found, item in mine],
                    compared,
                ),
            )


def _bp(earned: int | None, attainable: int | None) -> float | None:
    return earned * 10_000 / attainable if earned is not None and attainable else None


def _reference(item: CalibrationItem) -> dict[str, Any]:
    return {lineage: entry.get("answer") for lineage, entry in item.reference.items()}


def session_answers(
    session: Session, person: Person, made: CalibrationRound, now: dt.datetime
) -> Iterator[tuple[CalibrationItem, CallFacts, str, str, Any, str]]:
    """Yield every answer of a session: item, call, reviewer, lineage, answer, comment."""
    facts = facts_of(session, person, made, now)
    version = version_rule(session, made.version_id)
    ids = [found.review_id for group in facts.judged.values() for found in group]
    rows = answer_rows(session, ids)
    for item in facts.items:
        call = call_facts(item.leg)
        for rule in version.criteria:
            for found in facts.judged[item.leg_id]:
                answer = rows.get((found.review_id, rule.id))
                if answer is not None:
                    name = facts.names[found.reviewer_id]
                    given = answer.value["answer"]
                    yield item, call, name, rule.lineage, given, answer.comment


def answer_rows(session: Session, review_ids: Sequence[int]) -> dict[tuple[int, int], Answer]:
    """Return first submitted answers by (review id, criterion id)."""
    rows = session.execute(
        select(ReviewRevision.review_id, Answer)
        .join(Answer, Answer.revision_id == ReviewRevision.id)
        .where(
            ReviewRevision.review_id.in_(review_ids),
            ReviewRevision.cause == RevisionCause.SUBMITTED,
        )
    )
    return {(review_id, answer.criterion_id): answer for review_id, answer in rows}


def reference_points(item: CalibrationItem, lineage: str) -> str | None:
    """Return what the reference earned on a criterion, as points; null where nothing is agreed."""
    earned = item.points.get(lineage) if item.agreed_at else None
    return None if earned is None else from_hundredths(earned)
