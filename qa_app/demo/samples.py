"""The sample files, read for what the product does not import: verdicts, references, scorecards."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from models.vocab import Party


@dataclass(frozen=True)
class Verdict:
    """What a reviewer and the agent would say of a leg, had it been drawn."""

    reviewer: str
    skip: str
    answers: dict[str, Any]
    self_answers: dict[str, Any] | None


@dataclass(frozen=True)
class Reference:
    """What was really said in a recorded call."""

    language: str
    format: str
    turns: tuple[tuple[Party, str], ...]


class Samples:
    """A folder of sample files."""

    def __init__(self, folder: Path) -> None:
        """Read nothing yet."""
        self.folder = folder

    def file(self, name: str) -> Path:
        """Return the path of a sample file."""
        return self.folder / name

    def rows(self, name: str) -> Iterator[dict[str, str]]:
        """Yield the rows of a table."""
        with self.file(name).open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)

    @cached_property
    def verdicts(self) -> dict[tuple[str, int], Verdict]:
        """Return the verdict of each leg, by call id and leg number."""
        return {
            (row["call_id"], int(row["leg"])): Verdict(
                reviewer=row["reviewer"],
                skip=row["skip"],
                answers=json.loads(row["answers"] or "{}"),
                self_answers=json.loads(row["self_answers"]) if row["self_answers"] else None,
            )
            for row in self.rows("verdicts.csv")
        }

    @cached_property
    def references(self) -> dict[str, Reference]:
        """Return the exact words of each recorded call, by call id."""
        content = json.loads(self.file("references.json").read_text(encoding="utf-8"))
        return {
            call_id: Reference(
                language=call["language"],
                format=call["format"],
                turns=tuple((Party(turn["party"]), turn["text"]) for turn in call["turns"]),
            )
            for call_id, call in content.items()
        }

    def scorecards(self) -> list[dict[str, Any]]:
        """Return the scorecards, as the product reads them."""
        return [
            json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(self.folder.glob("scorecards/*.json"))
        ]
