"""Word and character error rates: both texts brought into one form, then compared.

English is compared by words, without case and punctuation; Chinese by characters, simplified and
without punctuation or spaces. Numbers have one form in both: *forty two* = 42, 三十八 = 38, and
numbers side by side are one (*double four one* = 441), since where they part is taste.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from models.vocab import Party
from pipelines.transcription.chinese import simplified


@dataclass(frozen=True)
class Errors:
    """Wrong, missing and superfluous tokens, out of the reference's length; these can be summed.

    ``insertions`` are the superfluous ones, ``deletions`` the missing ones, of all ``errors``.
    """

    errors: int
    length: int
    insertions: int = 0
    deletions: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        """Return both counts together."""
        return Errors(
            self.errors + other.errors,
            self.length + other.length,
            self.insertions + other.insertions,
            self.deletions + other.deletions,
        )

    @property
    def substitutions(self) -> int:
        """Return how many tokens are others than those that were said."""
        return self.errors - self.insertions - self.deletions

    @property
    def rate(self) -> float | None:
        """Return errors per reference token, or nothing without a reference."""
        return self.errors / self.length if self.length else None


def error_rate(reference: str, hypothesis: str, language: str) -> Errors:
    """Count the errors of ``hypothesis`` in words, or in characters where language is ``zh``."""
    wanted, heard = tokens(reference, language), tokens(hypothesis, language)
    errors, insertions = _aligned(wanted, heard)
    return Errors(
        errors=errors,
        length=len(wanted),
        insertions=insertions,
        # Whatever the alignment, the lengths differ by these two.
        deletions=insertions + len(wanted) - len(heard),
    )


def call_errors(
    reference: Iterable[tuple[Party, str]], heard: Iterable[tuple[Party, str]], language: str
) -> Errors:
    """Count the errors of a call's turns, given as (party, text) in time order.

    Each party's words are compared on their own, since where one turn ends and the other begins is
    no matter of words; all together where it is not known who spoke.
    """
    said, found = list(reference), list(heard)
    if any(party is Party.UNKNOWN for party, _ in found):
        return error_rate(_text(said), _text(found), language)
    total = Errors(0, 0)
    for side in (Party.AGENT, Party.CUSTOMER):
        total += error_rate(
            _text(turn for turn in said if turn[0] is side),
            _text(turn for turn in found if turn[0] is side),
            language,
        )
    return total


def _text(turns: Iterable[tuple[Party, str]]) -> str:
    return " ".join(text for _, text in turns)


def tokens(text: str, language: str) -> list[str]:
    """Return what is compared: words in one form, or characters for ``zh``."""
    return list(chinese(text)) if language == "zh" else english(text).split()


def distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Return the least number of substitutions, deletions and insertions (Levenshtein 1966)."""
    return _aligned(reference, hypothesis)[0]


def _aligned(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[int, int]:
    """Return the least number of errors, and the fewest insertions among so many errors."""
    if not reference or not hypothesis:
        return max(len(reference), len(hypothesis)), len(hypothesis)
    numbers = {token: number for number, token in enumerate({*reference, *hypothesis})}
    heard = np.array([numbers[token] for token in hypothesis])
    # One number carries both counts: any error weighs more than all insertions together.
    error = len(heard) + 1
    steps = np.arange(len(heard) + 1) * (error + 1)
    row = steps.copy()
    for index, token in enumerate(reference, start=1):
        best = np.empty_like(row)
        best[0] = index * error
        best[1:] = np.minimum(row[1:] + error, row[:-1] + (heard != numbers[token]) * error)
        # Insertions run along the row: the least of all entries before, plus the way from there.
        row = np.minimum.accumulate(best - steps) + steps
    return divmod(int(row[-1]), error)


# English -----------------------------------------------------------------------------------------

_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 2, "thirty": 3, "forty": 4, "fifty": 5, "sixty": 6, "seventy": 7, "eighty": 8,
    "ninety": 9,
}  # fmt: skip
_SCALES = {"thousand": 1_000, "million": 1_000_000}
_REPEATS = {"double": 2, "triple": 3}
_ORDINALS = {
    "first": "one", "second": "two", "third": "three", "fourth": "four", "fifth": "five",
    "sixth": "six", "seventh": "seven", "eighth": "eight", "ninth": "nine", "tenth": "ten",
    "eleventh": "eleven", "twelfth": "twelve", "thirteenth": "thirteen",
    "fourteenth": "fourteen", "fifteenth": "fifteen", "sixteenth": "sixteen",
    "seventeenth": "seventeen", "eighteenth": "eighteen", "nineteenth": "nineteen",
    "twentieth": "twenty", "thirtieth": "thirty",
}  # fmt: skip
_SPELLINGS = {"ok": "okay", "mr": "mister", "mrs": "missis", "percent": "per cent"}
_MONEY = {"£": "pounds", "$": "dollars", "€": "euros"}


def english(text: str) -> str:
    """Return lower-case words without punctuation, numbers as digits."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    text = re.sub(
        r"([£$€])\s*(\d[\d,]*)(?:\.(\d\d)(?!\d))?",
        lambda m: f"{m[2]} {_MONEY[m[1]]} {m[3] or ''}",
        text,
    )
    text = re.sub(r"(?<=\d),(?=\d{3})|(?<=\d)[.:](?=\d)|'", "", text)
    text = text.replace("%", " percent ").replace("&", " and ")
    words = re.sub(r"[^\w\s]|_", " ", text).split()
    return " ".join(_SPELLINGS.get(word, word) for word in _joined(_numerals(words)))


def _numerals(words: Sequence[str]) -> list[str]:
    """Replace each run of number words by its digits."""
    result: list[str] = []
    place = 0
    while place < len(words):
        used, value = _number(words, place)
        if used:
            result.append(value)
            place += used
            continue
        word = words[place]
        following = words[place + 1] if place + 1 < len(words) else ""
        if word in _REPEATS and _digit(following):
            result.append(_digit(following) * _REPEATS[word])
            place += 2
            continue
        result.append(_ordinal(word))
        place += 1
    return result


def _number(words: Sequence[str], place: int) -> tuple[int, str]:
    """Return how many words from ``place`` on are one number, and its digits."""
    total = group = used = 0
    last = ""  # the kind of the word before: what may follow depends on it alone
    for index in range(place, len(words)):
        word = words[index]
        following = words[index + 1] if index + 1 < len(words) else ""
        kind = _kind(word, following)
        if kind not in _FOLLOWERS[last]:
            break
        if kind == "and":
            last = "and"
            continue
        if kind in ("unit", "digit"):
            group += _UNITS[word]
        elif kind == "tens":
            group += _TENS[word] * 10
        elif kind == "a":
            group = 1
        elif kind == "hundred":
            group *= 100
        else:
            total += group * _SCALES[word]
            group = 0
        last = kind
        used = index + 1 - place
    return used, str(total + group)


_FOLLOWERS = {
    "": {"unit", "digit", "tens", "a"},
    "a": {"hundred", "scale"},
    "digit": {"hundred", "scale"},
    "unit": {"scale"},
    "tens": {"digit", "scale"},
    "hundred": {"unit", "digit", "tens", "and", "scale"},
    "scale": {"unit", "digit", "tens", "and"},
    "and": {"unit", "digit", "tens"},
}


def _kind(word: str, following: str) -> str:
    """Return what a word is to a number; ``and`` and ``a`` only where one goes on after them."""
    if word in _UNITS:
        return "digit" if re.fullmatch("[1-9]", str(_UNITS[word])) else "unit"
    if word in _TENS:
        return "tens"
    if word == "hundred":
        return "hundred"
    if word in _SCALES:
        return "scale"
    if word == "and" and (following in _UNITS or following in _TENS):
        return "and"
    return "a" if word == "a" and following in ("hundred", *_SCALES) else "none"


def _digit(word: str) -> str:
    digit = str(_UNITS[word]) if word in _UNITS else word
    return digit if re.fullmatch(r"\d", digit) else ""


def _ordinal(word: str) -> str:
    named = _ORDINALS.get(word)
    if named is None:
        return word
    value = _UNITS.get(named) or _TENS[named] * 10
    ending = {1: "st", 2: "nd", 3: "rd"}.get(value, "th")
    return f"{value}{ending}"


def _joined(words: Sequence[str]) -> list[str]:
    """Write numbers side by side as one, and *twenty 1st* as 21st."""
    result: list[str] = []
    for word in words:
        number = bool(re.fullmatch(r"\d+(st|nd|rd|th)?", word)) or word in ("oh", "o")
        if number and result and result[-1].isdigit():
            ordinal = re.fullmatch(r"(\d)(st|nd|rd|th)", word)
            if ordinal and re.fullmatch(r"\d*[2-9]0", result[-1]):
                result[-1] = result[-1][:-1] + word
            elif not ordinal:
                result[-1] += "0" if word in ("oh", "o") else word
            else:
                result.append(word)
        else:
            result.append(word)
    return result


# Chinese -----------------------------------------------------------------------------------------

_DIGITS = {"〇": 0, "零": 0, "幺": 1, "两": 2, "俩": 2} | {
    digit: value for value, digit in enumerate("一二三四五六七八九", start=1)
}
_PLACES = {"十": 10, "百": 100, "千": 1_000}
_NUMERAL = re.compile("[〇零幺两一二三四五六七八九十][〇零幺两一二三四五六七八九十百千万亿]*")


def chinese(text: str) -> str:
    """Return simplified characters without spaces and punctuation, numbers as digits."""
    text = simplified(unicodedata.normalize("NFKC", text).lower())
    text = re.sub(r"(\d+(?:\.\d+)?)%", r"百分之\1", text)
    text = re.sub(r"(?<=\d)[.:](?=\d)", "点", text)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"[^\w]|_", "", text)
    text = re.sub(r"(\d+)([万亿])", lambda m: m[1] + {"万": "0000", "亿": "00000000"}[m[2]], text)
    return _NUMERAL.sub(lambda match: _chinese_number(match[0]), text)


def _chinese_number(numeral: str) -> str:
    """Return the digits of a numeral: by places (三十八) or digit by digit (幺三八, 二零二六)."""
    if not any(character in "十百千万亿" for character in numeral):
        return "".join(str(_DIGITS[character]) for character in numeral)
    total = section = digit = 0
    place = 0
    for character in numeral:
        if character in _DIGITS:
            digit = _DIGITS[character]
            place = place // 10 if character not in "零〇" else 0
        elif character in _PLACES:
            section += max(digit, 1) * _PLACES[character]
            place = _PLACES[character]
            digit = 0
        elif character == "万":
            total += (section + digit) * 10_000
            section, digit, place = 0, 0, 10_000
        else:
            total = (total + section + digit) * 100_000_000
            section, digit, place = 0, 0, 100_000_000
    # 一百五 is a hundred and fifty: a last digit counts the place below the one before it.
    return str(total + section + (digit * place if place and digit else digit))
