"""What a rule asks for: a small closed set of kinds, to and from JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.vocab import Party, PhraseKind, PhraseMeaning, PhraseWindow
from pipelines.outcomes import DomainError
from pipelines.phrases.rules.matching import parse

MOST_PHRASES = 100
MOST_STEPS = 6
MOST_SECONDS = 3_600
_STEPS = {
    PhraseKind.SAYS: (1, 1),
    PhraseKind.ABSENT: (1, 1),
    PhraseKind.ORDER: (2, 2),
    PhraseKind.SEQUENCE: (2, MOST_STEPS),
}


@dataclass(frozen=True)
class Step:
    """Any of these phrases, said by a party; null: by anybody."""

    phrases: tuple[str, ...]
    party: Party | None = None


@dataclass(frozen=True)
class Suggestion:
    """The criterion that hits may be evidence for: code of the scorecard, lineage in it."""

    scorecard: str
    criterion: str


@dataclass(frozen=True)
class RuleSettings:
    """A rule.

    ``says``: each place where the step's phrases are said within the window is a hit. ``absent``:
    the window without any of them is one. ``order`` (two steps) and ``sequence`` (two to six):
    the call in which they come in this order is a hit, or with ``broken`` the one in which they do
    not. ``seconds`` count from the party's first word, or back from its last.
    """

    kind: PhraseKind
    steps: tuple[Step, ...]
    window: PhraseWindow = PhraseWindow.ANYWHERE
    seconds: int = 0
    broken: bool = False
    meaning: PhraseMeaning = PhraseMeaning.NOTE
    suggests: Suggestion | None = None

    @property
    def quotes(self) -> bool:
        """Tell whether hits have words, so that they can be evidence."""
        return self.kind is not PhraseKind.ABSENT and not self.broken

    def to_json(self) -> dict[str, Any]:
        """Return plain values that ``from_json`` reads back to an equal object."""
        return {
            "kind": self.kind.value,
            "steps": [
                {
                    "phrases": list(step.phrases),
                    "party": step.party.value if step.party else None,
                }
                for step in self.steps
            ],
            "window": self.window.value,
            "seconds": self.seconds,
            "broken": self.broken,
            "meaning": self.meaning.value,
            "suggests": {
                "scorecard": self.suggests.scorecard,
                "criterion": self.suggests.criterion,
            }
            if self.suggests
            else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "RuleSettings":
        """Read and check plain values.

        Raises ``DomainError``: ``phrase_rule_invalid`` with the ``place`` of the first wrong value,
        or what ``matching.parse`` says of a phrase.
        """
        try:
            kind = PhraseKind(data["kind"])
            window = PhraseWindow(data.get("window", PhraseWindow.ANYWHERE))
            meaning = PhraseMeaning(data.get("meaning", PhraseMeaning.NOTE))
            steps = tuple(
                Step(
                    _phrases(step["phrases"]),
                    Party(step["party"]) if step.get("party") else None,
                )
                for step in data["steps"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DomainError("phrase_rule_invalid", place=str(error)) from error
        least, most = _STEPS[kind]
        if not least <= len(steps) <= most:
            raise DomainError("phrase_rule_invalid", place="steps")
        seconds = data.get("seconds", 0)
        lowest = 0 if window is PhraseWindow.ANYWHERE else 1
        if not isinstance(seconds, int) or not lowest <= seconds <= MOST_SECONDS:
            raise DomainError("phrase_rule_invalid", place="seconds")
        given = data.get("suggests")
        return cls(
            kind=kind,
            steps=steps,
            window=window,
            seconds=seconds,
            broken=bool(data.get("broken")),
            meaning=meaning,
            suggests=Suggestion(str(given["scorecard"]), str(given["criterion"]))
            if given
            else None,
        )


def _phrases(given: Any) -> tuple[str, ...]:
    phrases = tuple(dict.fromkeys(str(phrase).strip() for phrase in given))
    if not 1 <= len(phrases) <= MOST_PHRASES:
        raise ValueError("phrases")
    for phrase in phrases:
        parse(phrase)
    return phrases
