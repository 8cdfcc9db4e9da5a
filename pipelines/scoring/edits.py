"""Changes to a scorecard draft, as values: a version in, the changed version out. Pure.

Nothing here judges: a draft may be unfinished, and `pipelines.scoring.checks` says what is missing.
A subject that is not there raises ``DomainError("scorecard_part_gone")``: somebody removed it.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from pipelines.outcomes import DomainError
from pipelines.scoring.checks import RESERVED
from pipelines.scoring.rules import CriterionRule, SectionRule, Texts, VersionRule

_LONGEST_NAME = 32


@dataclass(frozen=True)
class Place:
    """Where a criterion or section stands: its number and how many there are, counted from 1.

    A criterion counts inside its section, whose ``section`` lineage is given.
    """

    number: int
    of: int
    section: str


def new_lineage(text: str, taken: Collection[str], fallback: str) -> str:
    """Make a short name from an English text that is not ``taken``, such as ``greets_by_name``.

    ``fallback`` is the name where the text has no Latin letters.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST_NAME].rstrip("_")
    name = words if words and not words[0].isdigit() else fallback
    free, number = name, 2
    while free in taken or free in RESERVED:
        free, number = f"{name}_{number}", number + 1
    return free


def with_card(
    version: VersionRule, title: Texts, description: Texts, pass_bp: int, excellent_bp: int
) -> VersionRule:
    """Change the title, the description and the two lines."""
    return replace(
        version, title=title, description=description, pass_bp=pass_bp, excellent_bp=excellent_bp
    )


def with_section(version: VersionRule, lineage: str, title: Texts) -> VersionRule:
    """Reword a section, or add it as the last one."""
    if all(section.lineage != lineage for section in version.sections):
        return replace(version, sections=(*version.sections, SectionRule(lineage, title, ())))
    return _map_sections(
        version,
        lambda section: replace(section, title=title) if section.lineage == lineage else section,
    )


def with_criterion(version: VersionRule, rule: CriterionRule, section: str) -> VersionRule:
    """Put a criterion in the place of the one of its lineage, or last into ``section``.

    One that changes its section becomes the last one there.
    """
    _section_at(version, section)
    before = next((item for item in version.criteria if item.lineage == rule.lineage), None)
    if before is not None and place_of(version, rule.lineage).section == section:
        return _map_sections(
            version,
            lambda part: replace(
                part,
                criteria=tuple(
                    rule if item.lineage == rule.lineage else item for item in part.criteria
                ),
            ),
        )
    without = version if before is None else without_criterion(version, rule.lineage)
    return _map_sections(
        without,
        lambda part: (
            replace(part, criteria=(*part.criteria, rule)) if part.lineage == section else part
        ),
    )


def with_texts(rule: CriterionRule, text: Texts) -> CriterionRule:
    """Reword a criterion."""
    return replace(rule, text=text)


def without_criterion(version: VersionRule, lineage: str) -> VersionRule:
    """Take a criterion out. Conditions on it stay, to be seen and mended by the author."""
    criterion(version, lineage)
    return _map_sections(
        version,
        lambda part: replace(
            part, criteria=tuple(item for item in part.criteria if item.lineage != lineage)
        ),
    )


def without_section(version: VersionRule, lineage: str) -> VersionRule:
    """Take a section out, with its criteria."""
    _section_at(version, lineage)
    return replace(
        version, sections=tuple(part for part in version.sections if part.lineage != lineage)
    )


def with_copy(version: VersionRule, lineage: str, name: str) -> VersionRule:
    """Put a copy of a criterion, called ``name``, right behind it; options keep their names."""
    section, index = _criterion_at(version, lineage)
    part = version.sections[section]
    copy = replace(part.criteria[index], lineage=name, id=0)
    return _with_criteria(
        version, section, (*part.criteria[: index + 1], copy, *part.criteria[index + 1 :])
    )


def moved_section(version: VersionRule, lineage: str, to: int) -> VersionRule:
    """Move a section to the place ``to`` (from 0; beyond either end means that end)."""
    index = _section_at(version, lineage)
    rest = [*version.sections[:index], *version.sections[index + 1 :]]
    rest.insert(max(0, min(to, len(rest))), version.sections[index])
    return replace(version, sections=tuple(rest))


def moved_criterion(version: VersionRule, lineage: str, section: str, to: int) -> VersionRule:
    """Move a criterion to the place ``to`` (from 0) of a section, its own or another."""
    here, index = _criterion_at(version, lineage)
    rule = version.sections[here].criteria[index]
    without = without_criterion(version, lineage)
    there = _section_at(without, section)
    rest = list(without.sections[there].criteria)
    rest.insert(max(0, min(to, len(rest))), rule)
    return _with_criteria(without, there, tuple(rest))


def nudged(version: VersionRule, subject: str, lineage: str, by: int) -> VersionRule:
    """Move a section or criterion one place up (``by`` -1) or down (1), as an arrow button does.

    At the end of its section a criterion goes on into the next one; at the ends of the scorecard
    nothing moves.
    """
    if subject == "section":
        return moved_section(version, lineage, max(0, _section_at(version, lineage) + by))
    section, index = _criterion_at(version, lineage)
    if 0 <= index + by < len(version.sections[section].criteria):
        return moved_criterion(version, lineage, version.sections[section].lineage, index + by)
    there = section + by
    if not 0 <= there < len(version.sections):
        return version
    other = version.sections[there]
    return moved_criterion(version, lineage, other.lineage, len(other.criteria) if by < 0 else 0)


def place_of(version: VersionRule, lineage: str, subject: str = "criterion") -> Place:
    """Say where a criterion (or section) stands."""
    if subject == "section":
        index = _section_at(version, lineage)
        return Place(index + 1, len(version.sections), lineage)
    section, index = _criterion_at(version, lineage)
    part = version.sections[section]
    return Place(index + 1, len(part.criteria), part.lineage)


def criterion(version: VersionRule, lineage: str) -> CriterionRule:
    """Return a criterion by its lineage."""
    section, index = _criterion_at(version, lineage)
    return version.sections[section].criteria[index]


def section(version: VersionRule, lineage: str) -> SectionRule:
    """Return a section by its lineage."""
    return version.sections[_section_at(version, lineage)]


def _section_at(version: VersionRule, lineage: str) -> int:
    for index, part in enumerate(version.sections):
        if part.lineage == lineage:
            return index
    raise DomainError("scorecard_part_gone", lineage=lineage)


def _criterion_at(version: VersionRule, lineage: str) -> tuple[int, int]:
    for index, part in enumerate(version.sections):
        for number, rule in enumerate(part.criteria):
            if rule.lineage == lineage:
                return index, number
    raise DomainError("scorecard_part_gone", lineage=lineage)


def _map_sections(version: VersionRule, fn: Callable[[SectionRule], SectionRule]) -> VersionRule:
    return replace(version, sections=tuple(fn(part) for part in version.sections))


def _with_criteria(
    version: VersionRule, index: int, criteria: tuple[CriterionRule, ...]
) -> VersionRule:
    part = replace(version.sections[index], criteria=criteria)
    return replace(
        version, sections=(*version.sections[:index], part, *version.sections[index + 1 :])
    )
