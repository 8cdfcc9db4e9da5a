"""Words in one form, so that what is meant alike is found alike.

Case, width (NFKC), punctuation, traditional characters and the way a number is written make no
difference. A token is a word of a language with blanks, one character of Chinese or Japanese, or a
number; no search ever asks for a blank or a word boundary beside a Chinese character, since the
recogniser's pieces put blanks anywhere or nowhere.
"""

import re
import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from pipelines.characters import converted
from pipelines.masking import HIDDEN
from pipelines.numerals import CHINESE_DIGITS, CHINESE_PLACES, TENS, UNITS

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SINGLE = _HAN + "\u3041-\u30ff"
_LETTER = rf"(?:(?![{_SINGLE}])[^\W\d_])"
_TOKEN = re.compile(
    rf"(?P<single>[{_SINGLE}])|(?P<sign>[£$€¥] ?)?(?P<number>\d+(?:[.,]\d+)*)"
    rf"|(?P<word>{_LETTER}+(?:['\u2019]{_LETTER}+)*\*?)|(?P<hidden>{HIDDEN})"
)
_IS_HAN = re.compile(f"[{_HAN}]")
_MONEY = {"£": "pounds", "$": "dollars", "€": "euros", "¥": "元"}
_APOSTROPHE = re.compile("['\u2019]")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")

BREAK = "\n"
"""A token that no phrase holds: a long pause, over which nothing is matched."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, character or number in its one form, and the words it was taken from."""

    text: str
    first: int
    last: int


@lru_cache(maxsize=20_000)
def _simplified(character: str) -> str:
    # One by one, so that a character never depends on neighbours that another piece brings.
    return converted(character)


@lru_cache(maxsize=20_000)
def normal(text: str) -> str:
    """Return ``text`` in compatible width, lower case and simplified characters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _IS_HAN.sub(lambda found: _simplified(found[0]), folded)


def tokens(pieces: Sequence[str]) -> list[Token]:
    """Return the tokens of ``pieces`` (words with their leading blanks), with numbers folded."""
    forms = [normal(piece) for piece in pieces]
    owners: list[int] = []
    for number, form in enumerate(forms):
        owners += [number] * len(form)
    text = "".join(forms)
    matches = list(_TOKEN.finditer(text))
    found: list[Token] = []
    cut: set[int] = set()
    end = 0
    for match in matches:
        if match.start() > end and not text[end : match.start()].isspace():
            cut.add(len(found))
        first, last = owners[match.start()], owners[match.end() - 1]
        found.append(Token(_form(match), first, last))
        if match["sign"]:
            # £35 is said as "thirty-five pounds".
            found.append(Token(_MONEY[match["sign"][0]], first, last))
        end = match.end()
    if not any(token.text in _ENGLISH or token.text in _CHINESE for token in found):
        return found
    return _fold_numbers(found, cut)


def _form(match: re.Match[str]) -> str:
    if match["word"]:
        return _APOSTROPHE.sub("", match[0])
    text = match["number"] or match[0]
    if match["number"]:
        return text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    return text


# ---- numbers ---------------------------------------------------------------------------------

_TENS = {name: 10 * value for name, value in TENS.items()}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_ENGLISH = UNITS.keys() | _TENS.keys() | {"hundred"}
_CHINESE = CHINESE_DIGITS.keys() | CHINESE_PLACES.keys() | _MYRIADS.keys()


def _fold_numbers(found: list[Token], cut: AbstractSet[int]) -> list[Token]:
    """Write numbers with digits; ``cut`` names tokens with a punctuation mark before them."""
    folded: list[Token] = []
    place = 0
    while place < len(found):
        value, after = _english(found, place)
        if value is None:
            value, after = _chinese(found, place, cut)
        if value is None:
            folded.append(found[place])
            place += 1
            continue
        folded.append(Token(value, found[place].first, found[after - 1].last))
        place = after
    return folded


def _english(found: list[Token], place: int) -> tuple[str | None, int]:
    """Read a number in English words from ``place`` on; how it is said decides where it ends."""
    if found[place].text not in _ENGLISH:
        return None, place
    total = part = 0
    begun = False
    while place < len(found):
        word = found[place].text
        fresh = not begun or bool(total and not part)
        if word in UNITS and (fresh or _room(part, UNITS[word])):
            part += UNITS[word]
        elif word in _TENS and (fresh or (part and part % 100 == 0)):
            part += _TENS[word]
        elif word == "hundred" and part < 100:  # noqa: PLR2004 - what its name says
            part = (part or 1) * 100
        elif word == "thousand" and begun and not total:
            total, part = part * 1_000, 0
        elif not (word == "and" and begun and _goes_on(found, place, total, part)):
            break
        begun = True
        place += 1
    return str(total + part), place


def _room(part: int, value: int) -> bool:
    """Tell whether a number below twenty can follow: twenty *five*, one hundred *twelve*."""
    if part and part % 100 == 0:
        return True
    return part % 10 == 0 and part % 100 >= 20 and 1 <= value <= 9  # noqa: PLR2004 - tens, ones


def _goes_on(found: list[Token], place: int, total: int, part: int) -> bool:
    """Tell whether an "and" stands between a round number and a smaller one."""
    if part % 100 or not (total or part) or place + 1 >= len(found):
        return False
    return found[place + 1].text in UNITS or found[place + 1].text in _TENS


def _chinese(found: list[Token], place: int, cut: AbstractSet[int]) -> tuple[str | None, int]:
    """Read a number in Chinese characters, which may begin with digits ("3千")."""
    begin = place
    if found[place].text.isdigit():
        place += 1
        if place == len(found) or found[place].text not in CHINESE_PLACES.keys() | _MYRIADS.keys():
            return None, begin
    while place < len(found) and found[place].text in _CHINESE:
        if place in cut and place > begin:
            break
        place += 1
    signs = [token.text for token in found[begin:place]]
    value = _value(signs) if signs else None
    return (None, begin) if value is None else (value, place)


def _value(signs: list[str]) -> str | None:
    """Return the value of characters such as 一百二十, null for what is no number (万一)."""
    if all(sign in CHINESE_DIGITS for sign in signs):
        return "".join(str(CHINESE_DIGITS[sign]) for sign in signs)
    if signs[0] in _MYRIADS or signs[0] in {"百", "千"}:
        return None
    total = section = 0
    digit: int | None = None
    for sign in signs:
        if sign in CHINESE_DIGITS or sign.isdigit():
            if digit:
                return None
            digit = CHINESE_DIGITS.get(sign, int(sign) if sign.isdigit() else 0)
        elif sign in CHINESE_PLACES:
            section += (1 if digit is None else digit) * CHINESE_PLACES[sign]
            digit = None
        else:
            total += (section + (digit or 0)) * _MYRIADS[sign]
            section, digit = 0, None
    return str(total + section + (digit or 0))
