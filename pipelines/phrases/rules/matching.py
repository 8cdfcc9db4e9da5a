"""Phrases as people write them, and where they stand in what one party said."""

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pipelines.masking import HIDDEN
from pipelines.outcomes import DomainError
from pipelines.phrases.rules.tokens import BREAK, Token, tokens

GAP_WORDS = 6
"""How many words may stand where a phrase has "…"; a Chinese character counts as half of one."""

MOST_TOKENS = 40
_LEAST_STEM = 3
_GAP = re.compile(r"…+|\.{3,}|⋯+")


@dataclass(frozen=True, slots=True)
class Part:
    """A token to be found, or the beginning of one; ``gap``: some words may go before."""

    text: str
    prefix: bool
    gap: bool


@lru_cache(maxsize=10_000)
def parse(phrase: str) -> tuple[Part, ...]:
    """Return the parts of a phrase; ``*`` ends a word that may go on, ``…`` stands for some words.

    Raises ``DomainError``: ``phrase_empty``, ``phrase_long``, ``phrase_star``.
    """
    parts: list[Part] = []
    for stretch in _GAP.split(phrase):
        # Words that are hidden part what stands beside them, and are themselves never looked for.
        meant = (token for token in tokens([stretch]) if token.text != HIDDEN)
        for place, token in enumerate(meant):
            text = token.text.rstrip("*")
            prefix = text != token.text
            if prefix and len(text) < _LEAST_STEM:
                raise DomainError("phrase_star", phrase=phrase, least=_LEAST_STEM)
            parts.append(Part(text, prefix, gap=place == 0 and bool(parts)))
    if not parts:
        raise DomainError("phrase_empty", phrase=phrase)
    if len(parts) > MOST_TOKENS:
        raise DomainError("phrase_long", phrase=phrase, most=MOST_TOKENS)
    return tuple(parts)


@dataclass
class Stream:
    """The tokens of what one party said, in order, with an index of where each stands."""

    tokens: Sequence[Token]
    places: dict[str, list[int]] = field(init=False)
    vocabulary: list[str] = field(init=False)

    def __post_init__(self) -> None:
        """Index the tokens."""
        self.places = {}
        for place, token in enumerate(self.tokens):
            self.places.setdefault(token.text, []).append(place)
        self.vocabulary = sorted(self.places)

    def starts(self, part: Part) -> Iterable[int]:
        """Return where a part stands, in order."""
        if not part.prefix:
            return self.places.get(part.text, ())
        found: list[int] = []
        for word in self.vocabulary[bisect.bisect_left(self.vocabulary, part.text) :]:
            if not word.startswith(part.text):
                break
            found += self.places[word]
        return sorted(found)


def find(phrases: Sequence[str], stream: Stream) -> list[tuple[int, int]]:
    """Return (first token, last token) of every place where one of the phrases stands.

    Where phrases overlap, the one that begins first counts, of those the longest.
    """
    found = [
        (place, end)
        for phrase in phrases
        for parts in [parse(phrase)]
        for place in stream.starts(parts[0])
        if (end := _match(parts, stream.tokens, place)) is not None
    ]
    kept: list[tuple[int, int]] = []
    for place, end in sorted(found, key=lambda item: (item[0], -item[1])):
        if not kept or place > kept[-1][1]:
            kept.append((place, end))
    return kept


def _match(parts: Sequence[Part], said: Sequence[Token], place: int) -> int | None:
    """Return the last token of the parts when they stand from ``place`` on, else nothing."""
    if place >= len(said) or not _is(parts[0], said[place]):
        return None
    rest = parts[1:]
    if not rest:
        return place
    if not rest[0].gap:
        return _match(rest, said, place + 1)
    ends = (_match(rest, said, after) for after in _reach(said, place + 1))
    return next((end for end in ends if end is not None), None)


def _reach(said: Sequence[Token], place: int) -> Iterator[int]:
    """Yield where a phrase may go on behind a gap that begins at ``place``."""
    room = 2 * GAP_WORDS
    while room >= 0 and place < len(said) and said[place].text != BREAK:
        yield place
        room -= 2 if said[place].text.isascii() else 1
        place += 1


def _is(part: Part, token: Token) -> bool:
    return token.text.startswith(part.text) if part.prefix else token.text == part.text
