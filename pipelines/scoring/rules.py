"""Points from zero: what an answer earns, what a sheet of answers makes, what is wrong with it.

All points are integers in hundredths, so that every sum is exact. Answers are encoded as

========== =====================================================
yes_no     ``"yes"`` or ``"no"``
levels     the option's lineage; likewise for a choice
points     a decimal string such as ``"7"`` or ``"7.5"``
checklist  a list of the lineages of the items that were done
text       free words
any kind   ``"na"``, where the criterion allows *not applicable*
========== =====================================================

An answer that cannot be read earns nothing and counts as missing; `problems` says why.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from models.vocab import CommentRule, CriterionKind, Skill
from pipelines.outcomes import AnswerState, CriterionScore, Score, Sheet

NOT_APPLICABLE = "na"
BY_OPTION = frozenset({CriterionKind.LEVELS, CriterionKind.CHOICE})

Texts = Mapping[str, str]


@dataclass(frozen=True)
class OptionRule:
    """A level, a choice or a checklist item and the points it earns."""

    lineage: str
    points: int
    text: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class ReasonRule:
    """A ready-made reason that a reviewer may give beside an answer."""

    lineage: str
    text: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class ConditionRule:
    """Ask only if the answer to ``criterion`` is, or contains, one of ``answers``."""

    criterion: str
    answers: frozenset[str]


@dataclass(frozen=True)
class CriterionRule:
    """One thing that earns points; ``id`` is its row, 0 before it has one."""

    lineage: str
    kind: CriterionKind
    id: int = 0
    points: int = 0
    step: int = 100
    options: tuple[OptionRule, ...] = ()
    bonus: bool = False
    critical: bool = False
    critical_min: int = 0
    na_allowed: bool = False
    comment_when: CommentRule = CommentRule.NEVER
    reasons: tuple[ReasonRule, ...] = ()
    condition: ConditionRule | None = None
    text: Texts = field(default_factory=dict)
    guidance: Texts = field(default_factory=dict)
    examples: Texts = field(default_factory=dict)
    skill: Skill | None = None

    @property
    def maximum(self) -> int:
        """The most this criterion can earn, in hundredths."""
        if self.kind is CriterionKind.TEXT:
            return 0
        if self.kind in BY_OPTION:
            return max((option.points for option in self.options), default=0)
        if self.kind is CriterionKind.CHECKLIST:
            return sum(option.points for option in self.options)
        return self.points

    @property
    def required(self) -> bool:
        """Whether a sheet is incomplete without an answer: free words and bonuses are not."""
        if self.kind is CriterionKind.TEXT:
            return self.comment_when is CommentRule.ALWAYS
        return not self.bonus


@dataclass(frozen=True)
class SectionRule:
    """Criteria under one heading."""

    lineage: str
    title: Texts
    criteria: tuple[CriterionRule, ...]


@dataclass(frozen=True)
class VersionRule:
    """A scorecard version as its rules need it; lines are in hundredths of a percent."""

    code: str
    number: int
    pass_bp: int
    excellent_bp: int
    sections: tuple[SectionRule, ...]
    id: int = 0
    title: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)

    @property
    def criteria(self) -> tuple[CriterionRule, ...]:
        """All criteria in order."""
        return tuple(criterion for section in self.sections for criterion in section.criteria)


@dataclass(frozen=True)
class Problem:
    """Why a sheet cannot be submitted: the criterion, a code and the values of its sentence."""

    criterion: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


def to_hundredths(text: str) -> int | None:
    """Read a decimal string such as ``"7.5"`` as hundredths, or None where that is not exact."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) > Decimal(10) ** 9:
        return None
    hundredths = value * 100
    return int(hundredths) if hundredths == hundredths.to_integral_value() else None


def from_hundredths(points: int) -> str:
    """Write hundredths as the shortest decimal string: 750 is ``"7.5"``, 1000 is ``"10"``."""
    whole, rest = divmod(points, 100)
    return str(whole) if not rest else f"{whole}.{rest:02d}".rstrip("0")


def _given(sheet: Mapping[str, Any], lineage: str) -> Any:
    entry = sheet.get(lineage) or {}
    return entry.get("answer")


def is_blank(answer: Any) -> bool:
    """Tell whether nothing was answered; an empty checklist *is* an answer: none was done."""
    return answer is None or (isinstance(answer, str) and not answer.strip())


def _reading(criterion: CriterionRule, answer: Any) -> tuple[int | None, str]:
    """Return the points an answer earns, or None with the code of what is wrong with it."""
    match criterion.kind:
        case CriterionKind.YES_NO:
            earned = {"yes": criterion.points, "no": 0}.get(answer) if _is_text(answer) else None
            return earned, "unknown_option"
        case CriterionKind.LEVELS | CriterionKind.CHOICE:
            by_lineage = {option.lineage: option.points for option in criterion.options}
            return (by_lineage.get(answer) if _is_text(answer) else None), "unknown_option"
        case CriterionKind.CHECKLIST:
            return _checklist(criterion, answer), "unknown_option"
        case CriterionKind.POINTS:
            return _number(criterion, answer)
        case CriterionKind.TEXT:
            return (0 if _is_text(answer) else None), "unknown_option"


def _is_text(answer: Any) -> bool:
    return isinstance(answer, str)


def _checklist(criterion: CriterionRule, answer: Any) -> int | None:
    by_lineage = {option.lineage: option.points for option in criterion.options}
    if not isinstance(answer, list) or not all(_is_text(item) for item in answer):
        return None
    # An item ticked twice is still one item.
    items = set(answer)
    return sum(by_lineage[item] for item in items) if items <= by_lineage.keys() else None


def _number(criterion: CriterionRule, answer: Any) -> tuple[int | None, str]:
    points = to_hundredths(answer) if _is_text(answer) else None
    if points is None:
        return None, "not_a_number"
    if not 0 <= points <= criterion.points:
        return None, "out_of_range"
    if points % criterion.step:
        return None, "not_a_step"
    return points, ""


def open_criteria(version: VersionRule, sheet: Mapping[str, Any]) -> frozenset[str]:
    """Return the lineages whose conditions are met; a closed criterion closes what hangs on it."""
    by_lineage = {criterion.lineage: criterion for criterion in version.criteria}
    opened: set[str] = set()
    for criterion in version.criteria:
        condition = criterion.condition
        if condition is None:
            opened.add(criterion.lineage)
            continue
        answer = _given(sheet, condition.criterion)
        values = answer if isinstance(answer, list) else [answer]
        readable = (
            condition.criterion in opened
            and answer != NOT_APPLICABLE
            and not is_blank(answer)
            and _reading(by_lineage[condition.criterion], answer)[0] is not None
        )
        if readable and not condition.answers.isdisjoint(values):
            opened.add(criterion.lineage)
    return frozenset(opened)


def _score_one(criterion: CriterionRule, answer: Any, *, is_open: bool) -> CriterionScore:
    state, earned = AnswerState.MISSING, 0
    if not is_open:
        state = AnswerState.CLOSED
    elif answer == NOT_APPLICABLE and criterion.kind is not CriterionKind.TEXT:
        if criterion.na_allowed:
            state = AnswerState.NOT_APPLICABLE
    elif not is_blank(answer):
        points, _ = _reading(criterion, answer)
        if points is not None:
            state, earned = AnswerState.ANSWERED, points
    counts = not criterion.bonus and state in {AnswerState.ANSWERED, AnswerState.MISSING}
    return CriterionScore(
        criterion_id=criterion.id,
        lineage=criterion.lineage,
        state=state,
        earned=earned,
        attainable=criterion.maximum if counts else 0,
        maximum=criterion.maximum,
    )


def score(version: VersionRule, sheet: Mapping[str, Any]) -> Score:
    """Add up what a sheet earned, from zero.

    A required criterion that is still missing keeps its points attainable, so that a running total
    starts at 0 and only rises. A critical criterion that is not met, or not yet answered, lets the
    points stand but neither band be reached.
    """
    opened = open_criteria(version, sheet)
    rules = version.criteria
    parts = tuple(
        _score_one(rule, _given(sheet, rule.lineage), is_open=rule.lineage in opened)
        for rule in rules
    )
    pairs = tuple(zip(rules, parts, strict=True))
    missing = tuple(
        part.lineage for rule, part in pairs if rule.required and part.state is AnswerState.MISSING
    )
    failed = tuple(
        part.lineage
        for rule, part in pairs
        if rule.critical and part.state is AnswerState.ANSWERED and part.earned < rule.critical_min
    )
    waiting = any(rule.critical and rule.lineage in missing for rule in rules)
    earned = sum(part.earned for part in parts)
    attainable = sum(part.attainable for part in parts)
    met = not failed and not waiting
    return Score(
        earned=earned,
        attainable=attainable,
        bonus=sum(part.earned for rule, part in pairs if rule.bonus),
        criteria=parts,
        missing=missing,
        failed_critical=failed,
        percent=Fraction(earned * 100, attainable) if attainable else None,
        excellent=_reaches(earned, attainable, version.excellent_bp) and met
        if attainable
        else None,
        passed=_reaches(earned, attainable, version.pass_bp) and met if attainable else None,
    )


def _reaches(earned: int, attainable: int, line_bp: int) -> bool:
    return earned * 10_000 >= line_bp * attainable


def comment_needed(criterion: CriterionRule, part: CriterionScore) -> bool:
    """Tell whether words, or a reason from the list, must stand beside this answer."""
    if part.state is AnswerState.NOT_APPLICABLE:
        return True
    if part.state is not AnswerState.ANSWERED or criterion.kind is CriterionKind.TEXT:
        return False
    match criterion.comment_when:
        case CommentRule.ALWAYS:
            return True
        case CommentRule.NOT_FULL:
            return part.earned < part.maximum
        case CommentRule.ZERO:
            return part.earned == 0 and part.maximum > 0
        case CommentRule.NEVER:
            return False


def problems(version: VersionRule, sheet: Sheet) -> list[Problem]:
    """List what keeps a sheet from being submitted, in the order of the scorecard."""
    known = {criterion.lineage for criterion in version.criteria}
    found = [Problem(lineage, "unknown_criterion") for lineage in sheet if lineage not in known]
    result = score(version, sheet)
    for criterion, part in zip(version.criteria, result.criteria, strict=True):
        if part.state is not AnswerState.CLOSED:
            found.extend(_problems_of(criterion, part, sheet.get(criterion.lineage) or {}))
    return found


def _problems_of(
    criterion: CriterionRule, part: CriterionScore, entry: Mapping[str, Any]
) -> Iterator[Problem]:
    lineage, answer = criterion.lineage, entry.get("answer")
    if part.state is AnswerState.MISSING:
        if is_blank(answer):
            if criterion.required:
                yield Problem(lineage, "unanswered")
        elif answer == NOT_APPLICABLE:
            yield Problem(lineage, "na_not_allowed")
        else:
            bounds = {
                "maximum": from_hundredths(criterion.points),
                "step": from_hundredths(criterion.step),
            }
            yield Problem(lineage, _reading(criterion, answer)[1], bounds)
    reason, comment = entry.get("reason"), str(entry.get("comment") or "").strip()
    if reason and reason not in {rule.lineage for rule in criterion.reasons}:
        yield Problem(lineage, "unknown_reason")
    elif comment_needed(criterion, part) and not comment and not reason:
        is_na = part.state is AnswerState.NOT_APPLICABLE
        yield Problem(lineage, "na_reason_needed" if is_na else "comment_needed")
    if not all(_is_span(span) for span in entry.get("evidence") or ()):
        yield Problem(lineage, "evidence_unreadable")


def _is_span(span: Any) -> bool:
    if not isinstance(span, dict):
        return False
    start, end = span.get("start_ms"), span.get("end_ms")
    return (
        isinstance(start, int)
        and isinstance(end, int)
        and 0 <= start <= end
        and isinstance(span.get("words", ""), str)
    )


def sheet_of(version: VersionRule, answers: Mapping[str, Any], comment: str = "") -> Sheet:
    """Make a sheet from bare answers, with ``comment`` where the rules ask for words."""
    sheet: Sheet = {
        lineage: {"answer": answer, "comment": "", "reason": None, "evidence": []}
        for lineage, answer in answers.items()
    }
    parts = score(version, sheet).criteria
    for criterion, part in zip(version.criteria, parts, strict=True):
        if comment_needed(criterion, part):
            sheet[criterion.lineage]["comment"] = comment
    return sheet
