"""What differs between two versions of a scorecard, as facts that pages put into words. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.scoring.checks import LOCALES
from pipelines.scoring.rules import CriterionRule, OptionRule, ReasonRule, VersionRule

_PLAIN = (
    "kind",
    "maximum",
    "step",
    "bonus",
    "critical",
    "critical_min",
    "na_allowed",
    "comment_when",
    "condition",
    "skill",
)
_WORDS = ("text", "guidance", "examples")


@dataclass(frozen=True)
class Facet:
    """One thing that is different: its name, the values before and after, and what it belongs to.

    ``locale`` is set for texts. ``part`` is the option or reason that was added, removed, reworded
    or given other points; its names are ``option`` and ``reason``. The values of ``place`` are
    (section, number in it), those of ``maximum`` the most points that can be earned.
    """

    name: str
    before: Any
    after: Any
    locale: str | None = None
    part: OptionRule | ReasonRule | None = None


@dataclass(frozen=True)
class CriterionChange:
    """A criterion that was added (no ``before``), removed (no ``after``) or changed."""

    lineage: str
    before: CriterionRule | None
    after: CriterionRule | None
    facets: tuple[Facet, ...] = ()

    @property
    def state(self) -> str:
        """``added``, ``removed``, ``changed``, or ``moved`` where its place alone is another."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "moved" if {facet.name for facet in self.facets} <= {"place"} else "changed"


@dataclass(frozen=True)
class Differences:
    """What became of the card, its sections and its criteria, in the order of the newer version.

    Removed criteria come last. ``sections`` are facets named ``section``, with texts.
    """

    card: tuple[Facet, ...]
    sections: tuple[Facet, ...]
    criteria: tuple[CriterionChange, ...]
    attainable: tuple[int, int]

    @property
    def nothing(self) -> bool:
        """Whether both versions say the same."""
        return not (self.card or self.sections or self.criteria)


def compare(before: VersionRule, after: VersionRule) -> Differences:
    """Tell what a reader of ``before`` has to know about ``after``. Lineages are what is kept."""
    old = {rule.lineage: rule for rule in before.criteria}
    new = {rule.lineage: rule for rule in after.criteria}
    places = {"before": _places(before), "after": _places(after)}
    # What went to another section is told as that, and moves nothing else.
    stayed = {
        name
        for name in old
        if name in new and places["before"][name][0] == places["after"][name][0]
    }
    moved = _moved(
        [name for name in old if name in stayed], [name for name in new if name in stayed]
    )
    changes = []
    for lineage, rule in new.items():
        earlier = old.get(lineage)
        if earlier is None:
            changes.append(CriterionChange(lineage, None, rule))
            continue
        facets = list(_criterion_facets(earlier, rule))
        if lineage not in stayed or lineage in moved:
            facets.append(Facet("place", places["before"][lineage], places["after"][lineage]))
        if facets:
            changes.append(CriterionChange(lineage, earlier, rule, tuple(facets)))
    changes += [CriterionChange(name, rule, None) for name, rule in old.items() if name not in new]
    return Differences(
        card=tuple(_card_facets(before, after)),
        sections=tuple(_section_facets(before, after)),
        criteria=tuple(changes),
        attainable=(_attainable(before), _attainable(after)),
    )


def _attainable(version: VersionRule) -> int:
    return sum(rule.maximum for rule in version.criteria if not rule.bonus)


def _places(version: VersionRule) -> dict[str, tuple[str, int]]:
    return {
        rule.lineage: (part.lineage, number)
        for part in version.sections
        for number, rule in enumerate(part.criteria, start=1)
    }


def _moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """Return the fewest names that have to move to make one order of the other.

    What stays is a longest common run in order: with places of the old order written in the new
    one, a longest increasing subsequence. Scorecards are short, so the plain O(n²) way will do.
    """
    place = {name: index for index, name in enumerate(before)}
    best: list[tuple[int, int | None]] = []
    for index, name in enumerate(after):
        earlier = [
            (best[other][0], other) for other in range(index) if place[after[other]] < place[name]
        ]
        longest, parent = max(earlier, default=(0, -1))
        best.append((longest + 1, parent if parent >= 0 else None))
    stays: set[str] = set()
    at: int | None = max(range(len(best)), key=lambda index: best[index][0], default=None)
    while at is not None:
        stays.add(after[at])
        at = best[at][1]
    return set(after) - stays


def _card_facets(before: VersionRule, after: VersionRule) -> Iterator[Facet]:
    yield from _texts("title", before.title, after.title)
    yield from _texts("description", before.description, after.description)
    for name in ("pass_bp", "excellent_bp"):
        if getattr(before, name) != getattr(after, name):
            yield Facet(name, getattr(before, name), getattr(after, name))


def _section_facets(before: VersionRule, after: VersionRule) -> Iterator[Facet]:
    old = {part.lineage: part.title for part in before.sections}
    new = {part.lineage: part.title for part in after.sections}
    for lineage, title in new.items():
        if lineage not in old:
            yield Facet("section", None, title)
        elif dict(old[lineage]) != dict(title):
            yield Facet("section", old[lineage], title)
    for lineage, title in old.items():
        if lineage not in new:
            yield Facet("section", title, None)


def _criterion_facets(before: CriterionRule, after: CriterionRule) -> Iterator[Facet]:
    for name in _WORDS:
        yield from _texts(name, getattr(before, name), getattr(after, name))
    for name in _PLAIN:
        if getattr(before, name) != getattr(after, name):
            yield Facet(name, getattr(before, name), getattr(after, name))
    yield from _parts("option", before.options, after.options)
    yield from _parts("reason", before.reasons, after.reasons)


def _parts(
    name: str,
    before: Sequence[OptionRule] | Sequence[ReasonRule],
    after: Sequence[OptionRule] | Sequence[ReasonRule],
) -> Iterator[Facet]:
    old = {part.lineage: part for part in before}
    new = {part.lineage: part for part in after}
    for lineage, part in new.items():
        if lineage not in old:
            yield Facet(name, None, part, part=part)
        elif old[lineage] != part:
            yield Facet(name, old[lineage], part, part=part)
    for lineage, part in old.items():
        if lineage not in new:
            yield Facet(name, part, None, part=part)
    if [key for key in old if key in new] != [key for key in new if key in old]:
        yield Facet(f"{name}_order", None, None)


def _texts(name: str, before: Any, after: Any) -> Iterator[Facet]:
    for locale in LOCALES:
        old, new = before.get(locale, ""), after.get(locale, "")
        if old != new:
            yield Facet(name, old, new, locale)
