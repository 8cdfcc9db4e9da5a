"""What keeps a scorecard from being used, and what its author may want to look at again: pure.

A *fault* keeps a version from being published and a file from being taken in; a *hint* does not.
Both name their place, as in ``sections[1].criteria[0].points``, and for pages the lineage of the
section, or of the criterion, that has to be changed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.vocab import CriterionKind
from pipelines.scoring.rules import (
    BY_OPTION,
    ConditionRule,
    CriterionRule,
    SectionRule,
    Texts,
    VersionRule,
)

LOCALES = ("en", "zh_Hans")
WITH_OPTIONS = BY_OPTION | {CriterionKind.CHECKLIST}
RESERVED = frozenset({"na", "none"})
"""Words that answers use for themselves, and that no lineage may be."""

_BP = 10_000


@dataclass(frozen=True)
class Finding:
    """One fault or hint: a code, its place in the file, and where a page can lead to.

    ``subject`` is ``card``, ``section`` or ``criterion``, with its ``lineage`` ("" for the card).
    """

    code: str
    place: str
    subject: str = "card"
    lineage: str = ""
    fault: bool = True
    params: Mapping[str, Any] = field(default_factory=dict)


def findings(version: VersionRule) -> tuple[Finding, ...]:
    """Return everything to say about a version, faults and hints, in the order of the scorecard."""
    return tuple(_of_card(version)) + tuple(
        finding
        for index, section in enumerate(version.sections)
        for finding in _of_section(version, section, f"sections[{index}]")
    )


def faults(version: VersionRule) -> tuple[Finding, ...]:
    """Return what keeps a version from being used; empty when it can be published."""
    return tuple(finding for finding in findings(version) if finding.fault)


def possible_answers(rule: CriterionRule) -> tuple[str, ...]:
    """List the answers that a condition on this criterion may name; none for free answers."""
    if rule.kind is CriterionKind.YES_NO:
        return ("yes", "no")
    return tuple(option.lineage for option in rule.options) if rule.kind in WITH_OPTIONS else ()


def _of_card(version: VersionRule) -> Iterator[Finding]:
    if version.excellent_bp < version.pass_bp:
        yield Finding("bands_crossed", "excellent_pct")
    yield from _texts(version.title, "title", Finding("", ""), required=True)
    yield from _texts(version.description, "description", Finding("", ""))
    if not version.sections:
        yield Finding("list_needed", "sections")
        return
    attainable = sum(rule.maximum for rule in version.criteria if not rule.bonus)
    everything = sum(rule.maximum for rule in version.criteria)
    if not attainable:
        yield Finding("nothing_to_earn", "sections")
    elif everything * _BP < version.excellent_bp * attainable:
        yield Finding("excellent_unreachable", "excellent_pct")
    yield from _twice(version)


def _twice(version: VersionRule) -> Iterator[Finding]:
    sections = Counter(section.lineage for section in version.sections)
    for index, section in enumerate(version.sections):
        if sections[section.lineage] > 1 or section.lineage in RESERVED:
            place = f"sections[{index}].lineage"
            yield Finding(
                "lineage_twice",
                place,
                "section",
                section.lineage,
                True,
                {"lineage": section.lineage},
            )


def _of_section(version: VersionRule, section: SectionRule, place: str) -> Iterator[Finding]:
    here = Finding("", place, "section", section.lineage)
    yield from _texts(section.title, f"{place}.title", here, required=True)
    if not section.criteria:
        yield _at(here, "list_needed", f"{place}.criteria")
    for index, rule in enumerate(section.criteria):
        yield from _of_criterion(version, rule, f"{place}.criteria[{index}]")


def _of_criterion(version: VersionRule, rule: CriterionRule, place: str) -> Iterator[Finding]:
    here = Finding("", place, "criterion", rule.lineage)
    same = [other for other in version.criteria if other.lineage == rule.lineage]
    if len(same) > 1 or rule.lineage in RESERVED:
        yield _at(here, "lineage_twice", f"{place}.lineage", lineage=rule.lineage)
    yield from _texts(rule.text, f"{place}.text", here, required=True)
    yield from _texts(rule.guidance, f"{place}.guidance", here)
    yield from _texts(rule.examples, f"{place}.examples", here)
    yield from _of_options(rule, place, here)
    yield from _of_reasons(rule, place, here)
    yield from _of_points(rule, place, here)
    if rule.condition is not None:
        yield from _of_condition(version, rule, rule.condition, place)
    yield from _hints(version, rule, place)


def _of_points(rule: CriterionRule, place: str, here: Finding) -> Iterator[Finding]:
    # Without options that is said already.
    empty = rule.kind in WITH_OPTIONS and not rule.options
    if rule.kind is not CriterionKind.TEXT and not rule.maximum and not empty:
        yield _at(here, "nothing_to_earn", place)
    if rule.step <= 0 or (rule.kind is CriterionKind.POINTS and rule.maximum % rule.step):
        yield _at(here, "step_uneven", f"{place}.step")
    if rule.critical and not 0 < rule.critical_min <= rule.maximum:
        yield _at(here, "critical_unreachable", f"{place}.critical_min")


def _of_options(rule: CriterionRule, place: str, here: Finding) -> Iterator[Finding]:
    if rule.kind not in WITH_OPTIONS:
        return
    if not rule.options:
        yield _at(here, "list_needed", f"{place}.options")
    names = Counter(option.lineage for option in rule.options)
    for index, option in enumerate(rule.options):
        where = f"{place}.options[{index}]"
        if names[option.lineage] > 1 or option.lineage in RESERVED:
            yield _at(here, "lineage_twice", f"{where}.lineage", lineage=option.lineage)
        yield from _texts(option.text, f"{where}.text", here, required=True)


def _of_reasons(rule: CriterionRule, place: str, here: Finding) -> Iterator[Finding]:
    names = Counter(reason.lineage for reason in rule.reasons)
    for index, reason in enumerate(rule.reasons):
        where = f"{place}.reasons[{index}]"
        if names[reason.lineage] > 1 or reason.lineage in RESERVED:
            yield _at(here, "lineage_twice", f"{where}.lineage", lineage=reason.lineage)
        yield from _texts(reason.text, f"{where}.text", here, required=True)


def _of_condition(
    version: VersionRule, rule: CriterionRule, condition: ConditionRule, place: str
) -> Iterator[Finding]:
    """Find a condition on a later, unknown or free criterion, or on no answer of it: never met."""
    here = Finding("", place, "criterion", rule.lineage)
    names = [other.lineage for other in version.criteria]
    before = names[: names.index(rule.lineage)]
    if condition.criterion not in names:
        yield _at(here, "condition_unreachable", f"{place}.condition.criterion", why="gone")
        return
    if condition.criterion not in before:
        yield _at(here, "condition_unreachable", f"{place}.condition.criterion", why="later")
        return
    parent = version.criteria[before.index(condition.criterion)]
    possible = set(possible_answers(parent))
    if not condition.answers or not condition.answers <= possible:
        yield _at(here, "condition_unreachable", f"{place}.condition.in", why="answers")
    elif condition.answers == possible and parent.kind is not CriterionKind.CHECKLIST:
        yield _at(here, "condition_idle", f"{place}.condition.in", hint=True)


def _hints(version: VersionRule, rule: CriterionRule, place: str) -> Iterator[Finding]:
    here = Finding("", place, "criterion", rule.lineage)
    for locale in LOCALES:
        words = rule.text.get(locale, "").strip()
        texts = [other.text.get(locale, "").strip() for other in version.criteria]
        if words and texts.count(words) > 1:
            yield _at(here, "text_twice", f"{place}.text", hint=True)
            break
    options = [
        (locale, option.text.get(locale, "").strip())
        for option in rule.options
        for locale in LOCALES
        if option.text.get(locale, "").strip()
    ]
    if len(set(options)) < len(options):
        yield _at(here, "option_text_twice", f"{place}.options", hint=True)
    if rule.kind in BY_OPTION and len(rule.options) == 1:
        yield _at(here, "one_option", f"{place}.options", hint=True)
    if rule.critical and rule.bonus:
        yield _at(here, "critical_bonus", f"{place}.bonus", hint=True)
    if rule.kind is not CriterionKind.TEXT and rule.skill is None:
        yield _at(here, "skill_missing", f"{place}.skill", hint=True)


def _texts(texts: Texts, place: str, here: Finding, *, required: bool = False) -> Iterator[Finding]:
    # What is half translated would leave some people to judge by a language they do not read.
    given = {locale for locale, text in texts.items() if text.strip()}
    missing = [locale for locale in LOCALES if locale not in given]
    if missing and (required or given):
        yield _at(here, "language_missing", place, locales=missing)


def _at(here: Finding, code: str, place: str, *, hint: bool = False, **params: Any) -> Finding:
    return Finding(code, place, here.subject, here.lineage, not hint, params)
