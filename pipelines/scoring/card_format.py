"""The file format of scorecards: JSON with points as decimal strings, read strictly.

A file that breaks a rule is refused with the place of the fault, such as
``sections[1].criteria[0].points``; the rules are those of `pipelines.scoring.rules`.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from models.vocab import CommentRule, CriterionKind, Skill
from pipelines.outcomes import DomainError
from pipelines.scoring.rules import (
    BY_OPTION,
    ConditionRule,
    CriterionRule,
    OptionRule,
    ReasonRule,
    SectionRule,
    VersionRule,
    from_hundredths,
    to_hundredths,
)

LOCALES = ("en", "zh_Hans")
WITH_OPTIONS = BY_OPTION | {CriterionKind.CHECKLIST}
WITH_POINTS = frozenset({CriterionKind.YES_NO, CriterionKind.POINTS})

Member = TypeVar("Member")


def read_card(data: Any) -> VersionRule:
    """Turn a scorecard file's content into rules, or raise ``DomainError`` naming the place."""
    card = _mapping(data, "")
    pass_bp = _points(card, "pass_pct", "pass_pct")
    excellent_bp = _points(card, "excellent_pct", "excellent_pct")
    if excellent_bp < pass_bp:
        raise DomainError("scorecard_bands_crossed", place="excellent_pct")
    seen: set[str] = set()
    earlier: dict[str, CriterionRule] = {}
    sections = tuple(
        _section(_mapping(section, place), place, seen, earlier)
        for section, place in _items(card, "sections", "sections")
    )
    version = VersionRule(
        code=_code(card, "code", "code"),
        number=0,
        pass_bp=pass_bp,
        excellent_bp=excellent_bp,
        sections=sections,
        title=_texts(card, "title", "title"),
        description=_texts(card, "description", "description", required=False),
    )
    if not any(rule.maximum and not rule.bonus for rule in version.criteria):
        raise DomainError("scorecard_nothing_to_earn", place="sections")
    return version


def _section(
    data: Mapping[str, Any], place: str, seen: set[str], earlier: dict[str, CriterionRule]
) -> SectionRule:
    lineage = _unique(data, place, seen, prefix="section:")
    criteria = []
    for item, where in _items(data, "criteria", f"{place}.criteria"):
        rule = _criterion(_mapping(item, where), where, seen, earlier)
        earlier[rule.lineage] = rule
        criteria.append(rule)
    return SectionRule(lineage, _texts(data, "title", f"{place}.title"), tuple(criteria))


def _criterion(
    data: Mapping[str, Any], place: str, seen: set[str], earlier: Mapping[str, CriterionRule]
) -> CriterionRule:
    kind = _member(CriterionKind, data.get("kind"), f"{place}.kind")
    skill = data.get("skill")
    rule = CriterionRule(
        lineage=_unique(data, place, seen),
        kind=kind,
        points=_points(data, "points", f"{place}.points") if kind in WITH_POINTS else 0,
        step=_points(data, "step", f"{place}.step", "1") if kind is CriterionKind.POINTS else 100,
        options=_options(data, place) if kind in WITH_OPTIONS else (),
        bonus=_flag(data, "bonus", place),
        critical=_flag(data, "critical", place),
        critical_min=_points(data, "critical_min", f"{place}.critical_min", "0"),
        na_allowed=_flag(data, "na_allowed", place),
        comment_when=_member(
            CommentRule, data.get("comment_when", "never"), f"{place}.comment_when"
        ),
        reasons=_reasons(data, place),
        condition=_condition(data.get("condition"), f"{place}.condition", earlier),
        text=_texts(data, "text", f"{place}.text"),
        guidance=_texts(data, "guidance", f"{place}.guidance", required=False),
        examples=_texts(data, "examples", f"{place}.examples", required=False),
        skill=None if skill is None else _member(Skill, skill, f"{place}.skill"),
    )
    if rule.kind is not CriterionKind.TEXT and not rule.maximum:
        raise DomainError("scorecard_nothing_to_earn", place=place)
    if rule.step <= 0 or (rule.maximum % rule.step and kind is CriterionKind.POINTS):
        raise DomainError("scorecard_step_uneven", place=f"{place}.step")
    if rule.critical and not 0 < rule.critical_min <= rule.maximum:
        raise DomainError("scorecard_critical_unreachable", place=f"{place}.critical_min")
    return rule


def _options(data: Mapping[str, Any], place: str) -> tuple[OptionRule, ...]:
    seen: set[str] = set()
    return tuple(
        OptionRule(
            _unique(_mapping(item, where), where, seen),
            _points(item, "points", f"{where}.points"),
            _texts(item, "text", f"{where}.text"),
        )
        for item, where in _items(data, "options", f"{place}.options")
    )


def _reasons(data: Mapping[str, Any], place: str) -> tuple[ReasonRule, ...]:
    seen: set[str] = set()
    return tuple(
        ReasonRule(
            _unique(_mapping(item, where), where, seen), _texts(item, "text", f"{where}.text")
        )
        for item, where in _items(data, "reasons", f"{place}.reasons", required=False)
    )


def _condition(data: Any, place: str, earlier: Mapping[str, CriterionRule]) -> ConditionRule | None:
    """Read a condition; one on a later, unknown or free criterion could never be met."""
    if data is None:
        return None
    condition = _mapping(data, place)
    parent = earlier.get(str(condition.get("criterion")))
    if parent is None:
        raise DomainError("scorecard_condition_unreachable", place=f"{place}.criterion")
    possible = (
        {"yes", "no"}
        if parent.kind is CriterionKind.YES_NO
        else {option.lineage for option in parent.options}
    )
    answers = condition.get("in")
    if not isinstance(answers, list) or not answers or not set(map(str, answers)) <= possible:
        raise DomainError("scorecard_condition_unreachable", place=f"{place}.in")
    return ConditionRule(parent.lineage, frozenset(map(str, answers)))


def _mapping(data: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise DomainError("scorecard_not_an_object", place=place)
    return data


def _items(
    data: Mapping[str, Any], key: str, place: str, *, required: bool = True
) -> list[tuple[Any, str]]:
    found = data.get(key, [])
    if not isinstance(found, list) or (required and not found):
        raise DomainError("scorecard_list_needed", place=place)
    return [(item, f"{place}[{index}]") for index, item in enumerate(found)]


def _texts(
    data: Mapping[str, Any], key: str, place: str, *, required: bool = True
) -> dict[str, str]:
    texts = data.get(key) or {}
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise DomainError("scorecard_text_unreadable", place=place)
    given = {locale: text.strip() for locale, text in texts.items() if text.strip()}
    # What is half translated would leave some people to judge by a language they do not read.
    if (required or given) and not set(LOCALES) <= given.keys():
        raise DomainError("scorecard_language_missing", place=place, locales=list(LOCALES))
    return given


def _points(data: Mapping[str, Any], key: str, place: str, default: str | None = None) -> int:
    value = data.get(key, default)
    points = to_hundredths(value) if isinstance(value, str) else None
    if points is None:
        raise DomainError("scorecard_number_unreadable", place=place)
    if points < 0:
        raise DomainError("scorecard_points_negative", place=place)
    return points


def _flag(data: Mapping[str, Any], key: str, place: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise DomainError("scorecard_flag_unreadable", place=f"{place}.{key}")
    return value


def _code(data: Mapping[str, Any], key: str, place: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.replace("-", "_").isidentifier():
        raise DomainError("scorecard_code_unreadable", place=place)
    return value


def _unique(data: Mapping[str, Any], place: str, seen: set[str], prefix: str = "") -> str:
    lineage = _code(data, "lineage", f"{place}.lineage")
    if prefix + lineage in seen or lineage in {"na", "none"}:
        raise DomainError("scorecard_lineage_twice", place=f"{place}.lineage", lineage=lineage)
    seen.add(prefix + lineage)
    return lineage


def _member(enum: Callable[[Any], Member], value: Any, place: str) -> Member:
    try:
        return enum(value)
    except ValueError:
        raise DomainError("scorecard_word_unknown", place=place, word=str(value)) from None


def write_card(version: VersionRule) -> dict[str, Any]:
    """Turn rules into the file format; `read_card` gives them back."""
    return {
        "code": version.code,
        "title": dict(version.title),
        "description": dict(version.description),
        "pass_pct": from_hundredths(version.pass_bp),
        "excellent_pct": from_hundredths(version.excellent_bp),
        "sections": [
            {
                "lineage": section.lineage,
                "title": dict(section.title),
                "criteria": [_write_criterion(rule) for rule in section.criteria],
            }
            for section in version.sections
        ],
    }


def _write_criterion(rule: CriterionRule) -> dict[str, Any]:
    condition = rule.condition
    return {
        "lineage": rule.lineage,
        "kind": rule.kind.value,
        "text": dict(rule.text),
        "guidance": dict(rule.guidance),
        "examples": dict(rule.examples),
        "points": from_hundredths(rule.points),
        "step": from_hundredths(rule.step),
        "options": [
            {
                "lineage": option.lineage,
                "points": from_hundredths(option.points),
                "text": dict(option.text),
            }
            for option in rule.options
        ],
        "bonus": rule.bonus,
        "critical": rule.critical,
        "critical_min": from_hundredths(rule.critical_min),
        "na_allowed": rule.na_allowed,
        "comment_when": rule.comment_when.value,
        "reasons": [
            {"lineage": reason.lineage, "text": dict(reason.text)} for reason in rule.reasons
        ],
        "condition": condition
        and {"criterion": condition.criterion, "in": sorted(condition.answers)},
        "skill": rule.skill and rule.skill.value,
    }
