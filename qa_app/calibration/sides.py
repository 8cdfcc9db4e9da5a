"""One call of a session, side by side: each reviewer's answers, and the reference."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import CalibrationItem
from models.reviews import Review
from pipelines.calibration.results import scales_of
from pipelines.calibration.rules.ratings import differ
from pipelines.scoring.rules import CriterionRule, VersionRule
from pipelines.scoring.service import version_rule
from qa_app.calibration.sessions import CallRow, answer_rows, call_row, facts_of, leads
from qa_app.calls.player import PlayerView, Purpose
from qa_app.permissions import Person
from qa_app.quotes import masked_spans
from qa_app.reviews.queries import player_of, said_in


@dataclass(frozen=True)
class Given:
    """What one reviewer answered to a criterion, with words and moments."""

    name: str
    is_me: bool
    answer: Any
    comment: str
    reason: Mapping[str, str] | None
    evidence: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Side:
    """All answers to one criterion of a call, and the reference with its reason."""

    rule: CriterionRule
    given: tuple[Given, ...]
    differs: bool
    reference: Any
    why: str
    evidence: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class CallPage:
    """One call of a session, side by side; ``others`` are the calls before and after it."""

    uid: uuid.UUID
    round_uid: uuid.UUID
    title: str
    row: CallRow
    version: VersionRule
    sides: tuple[Side, ...]
    summaries: tuple[tuple[str, str], ...]
    words: str
    agreed_by: str
    before: uuid.UUID | None
    after: uuid.UUID | None
    leads: bool
    player: PlayerView | None


def call_page(
    session: Session, person: Person, item: CalibrationItem, now: dt.datetime
) -> CallPage:
    """Put all answers to one call side by side, with the moments that show them."""
    made = item.round
    version = version_rule(session, made.version_id)
    facts = facts_of(session, person, made, now)
    judged = facts.judged[item.leg_id]
    rows = answer_rows(session, [found.review_id for found in judged])
    said = said_in(session, item.leg.call_id)
    agreed = item.agreed_at is not None
    places = [one.uid for one in facts.items]
    here = places.index(item.uid)
    compared = {scale.lineage for scale in scales_of(session, made.version_id)}

    def side(rule: CriterionRule) -> Side:
        reasons = {reason.lineage: reason.text for reason in rule.reasons}
        given = [
            Given(
                name=facts.names[found.reviewer_id],
                is_me=found.reviewer_id == person.id,
                answer=answer.value["answer"],
                comment=answer.comment,
                reason=reasons.get(answer.reason or ""),
                evidence=tuple(masked_spans(answer.evidence, said)),
            )
            for found in judged
            if (answer := rows.get((found.review_id, rule.id))) is not None
        ]
        entry = (item.reference.get(rule.lineage) or {}) if agreed else {}
        return Side(
            rule=rule,
            given=tuple(given),
            differs=rule.lineage in compared and differ(one.answer for one in given),
            reference=entry.get("answer"),
            why=str(entry.get("comment") or ""),
            evidence=tuple(masked_spans(entry.get("evidence") or (), said)),
        )

    sides = [side(rule) for rule in version.criteria]
    summaries = session.execute(
        select(Review.id, Review.summary).where(
            Review.id.in_([found.review_id for found in judged]), Review.summary != ""
        )
    )
    written = {row.id: row.summary for row in summaries}
    rules = [rule for rule in version.criteria if rule.lineage in compared]
    return CallPage(
        uid=item.uid,
        round_uid=made.uid,
        title=made.title,
        row=call_row(facts, item, person, rules),
        version=version,
        sides=tuple(one for one in sides if one.given or one.reference is not None),
        summaries=tuple(
            (facts.names[found.reviewer_id], written[found.review_id])
            for found in judged
            if found.review_id in written
        ),
        words=item.words if agreed else "",
        agreed_by=item.agreed_by.display_name if item.agreed_by else "–",
        before=places[here - 1] if here else None,
        after=places[here + 1] if here + 1 < len(places) else None,
        leads=leads(session, person, made),
        player=player_of(session, person, item.leg, Purpose.CALIBRATION),
    )
