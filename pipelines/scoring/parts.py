"""A part of a scorecard version: some criteria, with those that their conditions ask about."""

from collections.abc import Collection
from dataclasses import replace

from pipelines.scoring.rules import VersionRule


def part_of(version: VersionRule, lineages: Collection[str]) -> VersionRule:
    """Return the version with these criteria only, and those that they hang on; none: the whole.

    Without what a condition asks about, its criterion could never be asked. Criteria that the
    version does not know are passed over.
    """
    if not lineages:
        return version
    wanted = set(lineages)
    # Conditions name earlier criteria only, so going backwards finds them all.
    for criterion in reversed(version.criteria):
        if criterion.lineage in wanted and criterion.condition is not None:
            wanted.add(criterion.condition.criterion)
    sections = (
        replace(
            section, criteria=tuple(each for each in section.criteria if each.lineage in wanted)
        )
        for section in version.sections
    )
    return replace(version, sections=tuple(section for section in sections if section.criteria))
