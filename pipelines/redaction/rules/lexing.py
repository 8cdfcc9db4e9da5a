"""What one party said, cut into tokens that know which word they came from.

Numbers that say by their form that they are amounts, dates or times are one token each, so that no
digit of theirs is taken for a digit of something else.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Heard:
    """A word as the recogniser wrote it, with the blank before it, and when it sounds."""

    text: str
    start_ms: int
    end_ms: int


class Form(Enum):
    """What a token is by its form alone."""

    DIGITS = 1
    GROUPED = 2  # 411,223: an amount, or digits read one by one
    AMOUNT = 3
    LETTERS = 4
    CHINESE = 5
    SIGN = 6


@dataclass(frozen=True)
class Token:
    """A piece of text in one form (NFKC), lower case; ``words`` are the numbers of its words."""

    text: str
    form: Form
    first_word: int
    last_word: int
    start_ms: int
    end_ms: int
    glued: bool
    turn: int
    capital: bool


CHINESE = "\u3400-\u4dbf\u4e00-\u9fff〇"

# Never \b here: beside Chinese it matches nothing.
_TOKEN = re.compile(
    rf"""
    (?P<amount>
        [£$€¥]\s?\d[\d,]*(?:\.\d+)?
      | (?<![\d.\-/])(?:19|20)\d\d(?P<d>[-/.])\d{{1,2}}(?P=d)\d{{1,2}}(?![\d\-])
      | (?<![\d.\-/])\d{{1,2}}/\d{{1,2}}(?:/(?:\d{{4}}|\d\d))?(?![\d/\-])
      | (?<![\d.\-/])\d{{1,2}}-\d{{1,2}}-(?:19|20)\d\d(?![\d\-])
      | (?<![\d:])\d{{1,2}}:\d\d(?::\d\d)?(?![\d:])
      | (?<![\d.\-])\d+\.\d{{1,2}}(?![\d\-]|\.\d)
      | (?<![\d.\-])\d[\d,]*(?:\.\d+)?\s?%
    )
  | (?P<grouped>(?<![\d,])\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?![\d\-]|,\d))
  | (?P<digits>\d+)
  | (?P<chinese>[{CHINESE}])
  | (?P<letters>(?:(?![{CHINESE}])[^\W\d_])+(?:['’](?:(?![{CHINESE}])[^\W\d_])+)?)
  | (?P<sign>\S)
    """,
    re.VERBOSE,
)
_FORMS = {
    "amount": Form.AMOUNT,
    "grouped": Form.GROUPED,
    "digits": Form.DIGITS,
    "chinese": Form.CHINESE,
    "letters": Form.LETTERS,
    "sign": Form.SIGN,
}


def spelled(words: Sequence[Heard]) -> tuple[str, list[int]]:
    """Return the words' text in NFKC, and for each of its characters the number of its word."""
    characters: list[str] = []
    owners: list[int] = []
    for number, word in enumerate(words):
        for character in word.text:
            for normal in unicodedata.normalize("NFKC", character):
                characters.append(normal)
                owners.append(number)
    return "".join(characters), owners


def tokens(words: Sequence[Heard], *, turn: int = 0, offset: int = 0) -> list[Token]:
    """Return the tokens of a turn; word numbers begin at ``offset``."""
    text, owners = spelled(words)
    found: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        name = match.lastgroup or "sign"
        if name == "d":
            name = "amount"
        first, last = owners[match.start()], owners[match.end() - 1]
        found.append(
            Token(
                text=match[0].lower(),
                form=_FORMS[name],
                first_word=first + offset,
                last_word=last + offset,
                start_ms=words[first].start_ms,
                end_ms=words[last].end_ms,
                glued=match.start() == end,
                turn=turn,
                capital=match[0][0].isupper(),
            )
        )
        end = match.end()
    return found
