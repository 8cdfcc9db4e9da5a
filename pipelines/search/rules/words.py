"""What a word is: one tokeniser for texts and queries, for SQLite and PostgreSQL alike.

A word is a run of letters and digits; a Chinese or Japanese character is a word by itself. Words
are compared without case, width (NFKC), marks above Latin letters, and with traditional characters
turned into simplified ones, each character by itself: so that any part of a text is found in it.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby, pairwise

from pipelines.characters import converted

LONGEST_WORD = 100
"""Characters of a word that count; whatever follows is the same word."""
MARK = "§"
"""Stands before what is no word of a text, so that no query of a person can mean it."""

_CJK = (
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x3100, 0x312F),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_HAN = 0x3400


@dataclass(frozen=True)
class Word:
    """A word as it is compared, and where it stands in its text (``end`` is behind it)."""

    text: str
    start: int
    end: int


def is_cjk(sign: str) -> bool:
    """Tell whether a character is a word by itself."""
    code = ord(sign)
    return code >= _CJK[0][0] and any(low <= code <= high for low, high in _CJK)


def folded(sign: str) -> str:
    """Return one character as it is compared: no character, one, or several (``ß`` is ``ss``)."""
    if unicodedata.category(sign) in {"Cf", "Mn", "Me"}:
        return ""
    apart = unicodedata.normalize("NFKD", sign)
    bare = "".join(part for part in apart if unicodedata.category(part) != "Mn")
    plain = unicodedata.normalize("NFKC", bare).casefold()
    if len(plain) == 1 and ord(plain) >= _HAN and is_cjk(plain):
        simple = converted(plain)
        return simple if len(simple) == 1 else plain
    return plain


@lru_cache(maxsize=20_000)
def _parts(sign: str) -> tuple[tuple[str, bool, bool], ...]:
    """Return the characters that one stands for: each, part of a word or not, and a word alone."""
    return tuple((part, part.isalnum(), is_cjk(part)) for part in folded(sign))


def words(text: str) -> list[Word]:
    """Return the words of a text in order."""
    return [Word(said[:LONGEST_WORD], start, end) for said, start, end in _spans(text)]


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    begun: list[str] = []
    start = end = 0
    for place, sign in enumerate(text):
        for part, is_word, alone in _parts(sign):
            if is_word and not alone:
                start = start if begun else place
                begun.append(part)
                end = place + 1
                continue
            if begun:
                yield "".join(begun), start, end
                begun.clear()
            if is_word:
                yield part, place, place + 1
    if begun:
        yield "".join(begun), start, end


def pairs(tokens: Sequence[str]) -> list[list[str]]:
    """Return the overlapping pairs of neighbouring characters, one list per run of at least two."""
    runs = (list(run) for cjk, run in groupby(tokens, key=_is_character) if cjk)
    return [[first + second for first, second in pairwise(run)] for run in runs if len(run) > 1]


def _is_character(token: str) -> bool:
    return len(token) == 1 and is_cjk(token)


def document(text: str, tags: Iterable[str]) -> list[str]:
    """Return what is indexed of a text, in order: its words, pairs of characters, and tags.

    Pairs make a word of two characters as quick to find as its rarer half is rare; every run stands
    behind a mark of its own, so that no phrase reaches over it. ``tags`` are names such as those of
    ``tag``.
    """
    tokens = [said[:LONGEST_WORD] for said, _start, _end in _spans(text)]
    parts = [*tokens]
    for run in pairs(tokens):
        parts += [MARK, *run]
    return [*parts, *((MARK, *tags) if tags else ())]


def tag(kind: str, value: object) -> str:
    """Return the word of a document that says what it belongs to, such as ``§a33`` for an agent."""
    return f"{MARK}{kind}{value}"


def month_tag(at: datetime) -> str:
    """Return the tag of the month, by UTC as ids are."""
    return tag("m", f"{at:%Y%m}")


def sqlite_document(parts: Iterable[str]) -> str:
    """Write a document for FTS5, whose tokenizer takes everything between blanks for a word."""
    return " ".join(parts)


def postgresql_document(parts: Iterable[str]) -> str:
    """Write a document as the text of a ``tsvector``, each word with its place from 1."""
    return " ".join(f"'{part}':{min(place, 16_383)}" for place, part in enumerate(parts, start=1))
