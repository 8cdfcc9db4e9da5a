"""Both views of a call side by side: the reviewer's points and the agent's own."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.reviews import Review, ReviewRevision, SelfAssessment
from pipelines.measures.rules.indicators import gap_bp
from pipelines.scoring.rules import CriterionRule, VersionRule
from qa_app.quotes import SaidTurn, masked_spans


@dataclass(frozen=True)
class Point:
    """What one criterion earned, with the words and moments that show it."""

    rule: CriterionRule
    answer: Any
    earned: int
    maximum: int
    attainable: int
    not_applicable: bool
    comment: str
    reason: Mapping[str, str] | None
    evidence: tuple[Mapping[str, Any], ...]
    own_answer: Any
    own_earned: int | None
    own_comment: str

    @property
    def open(self) -> int:
        """Points that this criterion could still have earned."""
        return self.attainable - self.earned if not self.rule.bonus else 0


@dataclass(frozen=True)
class OwnView:
    """The agent's own score, and how far it lies from the reviewer's, in basis points."""

    earned: int
    attainable: int
    submitted_at: dt.datetime
    voluntary: bool
    gap_bp: int | None


def points_of(
    version: VersionRule,
    review: Review,
    assessment: SelfAssessment | None,
    said: Sequence[SaidTurn],
) -> list[Point]:
    """Put both answers to each criterion side by side; ``said`` are the turns that are quoted."""
    given = {answer.criterion.lineage: answer for answer in review.current.answers}  # type: ignore[union-attr]  # a submitted review has one
    own = {answer.criterion.lineage: answer for answer in assessment.answers} if assessment else {}
    points = []
    for rule in version.criteria:
        answer, mine = given.get(rule.lineage), own.get(rule.lineage)
        if answer is None and mine is None:
            continue
        reasons = {reason.lineage: reason.text for reason in rule.reasons}
        points.append(
            Point(
                rule=rule,
                answer=answer.value["answer"] if answer else None,
                earned=answer.earned if answer else 0,
                maximum=rule.maximum if answer else 0,
                attainable=answer.attainable if answer else 0,
                not_applicable=bool(answer and answer.not_applicable),
                comment=answer.comment if answer else "",
                reason=reasons.get(answer.reason or "") if answer else None,
                evidence=tuple(masked_spans(answer.evidence, said)) if answer else (),
                own_answer=mine.value["answer"] if mine else None,
                own_earned=mine.earned if mine else None,
                own_comment=mine.comment if mine else "",
            )
        )
    return points


def own_view(verdict: ReviewRevision, assessment: SelfAssessment | None) -> OwnView | None:
    """Return the agent's own score beside a verdict, once it was submitted."""
    if assessment is None or assessment.submitted_at is None:
        return None
    earned, attainable = assessment.earned or 0, assessment.attainable or 0
    gap = gap_bp(earned, attainable, verdict.earned, verdict.attainable)
    return OwnView(earned, attainable, assessment.submitted_at, assessment.voluntary, gap)
