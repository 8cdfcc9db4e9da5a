"""The file format of scorecards: JSON with points as decimal strings (docs/scorecards.md).

A file that breaks a rule is refused with the place of the fault, such as
``sections[1].criteria[0].points``. What can be read at all is decided here; whether it makes sense
is for `pipelines.scoring.checks` to say, which judges drafts by the same rules.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from models.vocab import CommentRule, CriterionKind, Skill
from pipelines.outcomes import DomainError
from pipelines.scoring.checks import WITH_OPTIONS, faults
from pipelines.scoring.rules import (
    ConditionRule,
    CriterionRule,
    OptionRule,
    ReasonRule,
    SectionRule,
    VersionRule,
    from_hundredths,
    to_hundredths,
)

MOST_POINTS = 100_000_000
"""A million points, in hundredths: sums of a whole card still fit the database's integers."""

WITH_POINTS = frozenset({CriterionKind.YES_NO, CriterionKind.POINTS})

Member = TypeVar("Member")


def read_card(data: Any) -> VersionRule:
    """Turn a scorecard file's content into rules, or raise ``DomainError`` naming the place."""
    version = read_draft(data)
    for fault in faults(version):
        raise DomainError(f"scorecard_{fault.code}", place=fault.place, **fault.params)
    return version


def read_draft(data: Any) -> VersionRule:
    """Read what may still be unfinished: texts, points to earn and conditions may be missing.

    Raises ``DomainError`` only where something cannot be read, or would be no points from zero.
    """
    card = _mapping(data, "")
    return VersionRule(
        code=_code(card, "code", "code"),
        number=0,
        pass_bp=_points(card, "pass_pct", "pass_pct"),
        excellent_bp=_points(card, "excellent_pct", "excellent_pct"),
        sections=tuple(
            _section(_mapping(section, place), place)
            for section, place in _items(card, "sections", "sections")
        ),
        title=_texts(card, "title", "title"),
        description=_texts(card, "description", "description"),
    )


def _section(data: Mapping[str, Any], place: str) -> SectionRule:
    return SectionRule(
        _code(data, "lineage", f"{place}.lineage"),
        _texts(data, "title", f"{place}.title"),
        tuple(
            _criterion(_mapping(item, where), where)
            for item, where in _items(data, "criteria", f"{place}.criteria")
        ),
    )


def _criterion(data: Mapping[str, Any], place: str) -> CriterionRule:
    kind = _member(CriterionKind, data.get("kind"), f"{place}.kind")
    skill = data.get("skill")
    return CriterionRule(
        lineage=_code(data, "lineage", f"{place}.lineage"),
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
        condition=_condition(data.get("condition"), f"{place}.condition"),
        text=_texts(data, "text", f"{place}.text"),
        guidance=_texts(data, "guidance", f"{place}.guidance"),
        examples=_texts(data, "examples", f"{place}.examples"),
        skill=None if skill is None else _member(Skill, skill, f"{place}.skill"),
    )


def _options(data: Mapping[str, Any], place: str) -> tuple[OptionRule, ...]:
    return tuple(
        OptionRule(
            _code(_mapping(item, where), "lineage", f"{where}.lineage"),
            _points(item, "points", f"{where}.points"),
            _texts(item, "text", f"{where}.text"),
        )
        for item, where in _items(data, "options", f"{place}.options")
    )


def _reasons(data: Mapping[str, Any], place: str) -> tuple[ReasonRule, ...]:
    return tuple(
        ReasonRule(
            _code(_mapping(item, where), "lineage", f"{where}.lineage"),
            _texts(item, "text", f"{where}.text"),
        )
        for item, where in _items(data, "reasons", f"{place}.reasons")
    )


def _condition(data: Any, place: str) -> ConditionRule | None:
    if data is None:
        return None
    condition = _mapping(data, place)
    answers = condition.get("in")
    if not isinstance(answers, list):
        raise DomainError("scorecard_condition_unreachable", place=f"{place}.in")
    return ConditionRule(str(condition.get("criterion")), frozenset(map(str, answers)))


def _mapping(data: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise DomainError("scorecard_not_an_object", place=place)
    return data


def _items(data: Mapping[str, Any], key: str, place: str) -> list[tuple[Any, str]]:
    found = data.get(key, [])
    if not isinstance(found, list):
        raise DomainError("scorecard_list_needed", place=place)
    return [(item, f"{place}[{index}]") for index, item in enumerate(found)]


def _texts(data: Mapping[str, Any], key: str, place: str) -> dict[str, str]:
    texts = data.get(key) or {}
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise DomainError("scorecard_text_unreadable", place=place)
    # PostgreSQL keeps no text with this character.
    given = {locale: text.replace("\0", "").strip() for locale, text in texts.items()}
    return {locale: text for locale, text in given.items() if text}


def _points(data: Mapping[str, Any], key: str, place: str, default: str | None = None) -> int:
    value = data.get(key, default)
    points = to_hundredths(value) if isinstance(value, str) else None
    if points is None or points > MOST_POINTS:
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
                "criteria": [write_criterion(rule) for rule in section.criteria],
            }
            for section in version.sections
        ],
    }


def write_criterion(rule: CriterionRule) -> dict[str, Any]:
    """Turn one criterion into its part of the file format."""
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
