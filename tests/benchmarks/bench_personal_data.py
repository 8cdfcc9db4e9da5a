"""Recall and precision of what is masked, per kind and language, on the written test sets.

``python -m tests.benchmarks.bench_personal_data`` prints the table of docs/personal-data.md; with
``--misses`` also every sentence that went wrong. Recall: marked parts that are hidden whole, under
whatever name. Precision: masks that lie on a marked part, out of all masks.
"""

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from models.vocab import MaskKind, Party
from pipelines.redaction.rules.lexing import Heard
from pipelines.redaction.rules.masks import FOUND_KINDS, Said, find_masks, words_of

SETS = Path(__file__).parents[1] / "data" / "personal_data"
_MARKED = re.compile(r"\{(\w+):([^}]*)\}")
WORD_MS = 300


@dataclass
class Counts:
    """Marked parts and how many were hidden; masks and how many lie on a marked part."""

    marked: int = 0
    hidden: int = 0
    named: int = 0
    masks: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        return self.hidden / self.marked if self.marked else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.masks if self.masks else 1.0


@dataclass
class Result:
    """Counts per kind (``all`` for all together) and the sentences that went wrong."""

    counts: dict[str, Counts] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def of(self, kind: str) -> Counts:
        return self.counts.setdefault(kind, Counts())


def sentences(language: str) -> list[str]:
    """Return a set's sentences, personal data marked as ``{kind:…}``."""
    lines = (SETS / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["said"] for line in lines]


def measure(language: str) -> Result:
    """Look through every sentence of a set, each on its own."""
    result = Result()
    for said in sentences(language):
        _look(said, language, result)
    return result


def _look(said: str, language: str, result: Result) -> None:
    text, parts = _unmarked(said)
    words = tuple(
        Heard(word.text, place * WORD_MS, (place + 1) * WORD_MS)
        for place, word in enumerate(words_of(text))
    )
    (masks,) = find_masks([Said(Party.CUSTOMER, words)], language=language[:2])
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word.text))
    spans = list(pairwise(ends))
    hidden = {place for mask in masks for place in range(mask.first, mask.last + 1)}
    fine = True
    for kind, start, end in parts:
        inside = [
            place for place, (begin, stop) in enumerate(spans) if begin < end and stop > start
        ]
        found = all(place in hidden for place in inside)
        named = any(mask.kind.value == kind and mask.first in inside for mask in masks)
        for count in (result.of(kind), result.of("all")):
            count.marked += 1
            count.hidden += found
            count.named += named
        fine = fine and found
    for mask in masks:
        begin, stop = spans[mask.first][0], spans[mask.last][1]
        right = any(begin < end and stop > start for _kind, start, end in parts)
        for count in (result.of(mask.kind.value), result.of("all")):
            count.masks += 1
            count.right += right
        fine = fine and right
    if not fine:
        shown = [
            (mask.kind.value, "".join(w.text for w in words[mask.first : mask.last + 1]))
            for mask in masks
        ]
        result.wrong.append(f"{said}\n      {shown}")


def _unmarked(said: str) -> tuple[str, list[tuple[str, int, int]]]:
    text, parts, before = "", [], 0
    for match in _MARKED.finditer(said):
        text += said[before : match.start()]
        parts.append((MaskKind(match[1]).value, len(text), len(text) + len(match[2])))
        text += match[2]
        before = match.end()
    return text + said[before:], parts


def main() -> None:
    """Print the table."""
    print("| language | kind | marked | recall | masks | precision |\n|---|---|---|---|---|---|")  # noqa: T201
    for language in ("en", "zh", "en_held_out", "zh_held_out"):
        result = measure(language)
        kinds = [*(kind.value for kind in FOUND_KINDS), "all"]
        for kind in kinds:
            c = result.of(kind)
            print(  # noqa: T201
                f"| {language} | {kind} | {c.marked} | {c.recall:.1%} | {c.masks} | "
                f"{c.precision:.1%} |"
            )
        kinds_found = Counter(said.count("{") > 0 for said in sentences(language))
        print(f"<!-- {language}: {dict(kinds_found)} -->")  # noqa: T201
        if "--misses" in sys.argv:
            for line in result.wrong:
                print("   ", line)  # noqa: T201


if __name__ == "__main__":
    main()
