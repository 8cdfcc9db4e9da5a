"""Pure rules of the names that the recogniser is told: which fit, and how many."""

import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum

LONGEST = 40
MOST_WORDS = 60
MOST_LETTERS = 400
"""What is told takes room from the text that follows: the recogniser has 448 tokens for both."""


class Fault(StrEnum):
    """Why a line cannot be a name that is told."""

    TOO_LONG = "too_long"
    NO_LETTERS = "no_letters"
    PARTED = "parted"
    TOO_MANY = "too_many"
    TOO_MUCH = "too_much"


def checked(lines: Sequence[str]) -> tuple[list[str], list[tuple[int, Fault]]]:
    """Return the names of a list, one a line, and (line number, fault) of what cannot be used.

    Empty lines count for nothing, and a name that stands twice is kept once.
    """
    words: dict[str, str] = {}
    faults = []
    for number, line in enumerate(lines, start=1):
        word = " ".join(unicodedata.normalize("NFC", line).split())
        if not word or word.casefold() in words:
            continue
        fault = _fault(word)
        if fault is None and len(words) >= MOST_WORDS:
            fault = Fault.TOO_MANY
        if fault is None and _letters(words.values()) + len(word) > MOST_LETTERS:
            fault = Fault.TOO_MUCH
        if fault is None:
            words[word.casefold()] = word
        else:
            faults.append((number, fault))
    return list(words.values()), faults


def fitting(words: Iterable[str]) -> tuple[str, ...]:
    """Return the first names that fit together, none twice."""
    kept: dict[str, str] = {}
    for word in words:
        if _fault(word) or _letters(kept.values()) + len(word) > MOST_LETTERS:
            continue
        kept.setdefault(word.casefold(), word)
    return tuple(kept.values())


def _letters(words: Iterable[str]) -> int:
    return sum(len(word) for word in words)


def _fault(word: str) -> Fault | None:
    if len(word) > LONGEST:
        return Fault.TOO_LONG
    if not any(character.isalnum() for character in word):
        return Fault.NO_LETTERS
    if any(c in ",;，；、" or unicodedata.category(c) == "Cc" for c in word):
        return Fault.PARTED
    return None
