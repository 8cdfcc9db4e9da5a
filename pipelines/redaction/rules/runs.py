"""Digits said in a row: 幺三八…, "four one one", double and triple, groups over words and turns."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.numerals import CHINESE_DIGITS, REPEATS, TENS, UNITS
from pipelines.redaction.rules.lexing import Form, Token

GAP_MS = 6_000
"""One party's groups belong together over so much time: the other repeats them or says mm-hm."""

MOST_FILLERS = 4

_ZEROS = {"oh", "o", "nought", "naught"}
_REPEATS = REPEATS | {"treble": 3, "quadruple": 4}
_FILLERS = frozenset(
    [
        "um",
        "uh",
        "er",
        "erm",
        "ah",
        "eh",
        "hm",
        "hmm",
        "mm",
        "mhm",
        "mmm",
        "huh",
        "yeah",
        "yes",
        "yep",
        "ok",
        "okay",
        "right",
        "sure",
        "then",
        "dash",
        "hyphen",
        "space",
        "point",
        "dot",
        "plus",
        "area",
        "code",
    ]
)
_CHINESE_FILLERS = frozenset("嗯呃啊额哦诶唉对好的然后再杠横空格接着面是前后中间那个就")
_HOMOPHONES = {"to", "too", "for", "ate", "won", "tree"}
_PLACES = frozenset("十百千万亿")


@dataclass(frozen=True)
class Element:
    """One or more tokens that give digits: ``first`` and ``last`` are token numbers."""

    digits: str
    first: int
    last: int
    grouped: bool = False


@dataclass(frozen=True)
class Run:
    """Elements in a row with nothing but signs and fillers between them."""

    elements: tuple[Element, ...]

    @property
    def digits(self) -> str:
        """Return all digits together."""
        return "".join(element.digits for element in self.elements)

    @property
    def first(self) -> int:
        """Return the number of the first token."""
        return self.elements[0].first

    @property
    def last(self) -> int:
        """Return the number of the last token."""
        return self.elements[-1].last


def runs(found: Sequence[Token]) -> list[Run]:
    """Return every run of digits among one party's tokens, longest possible, in order."""
    result: list[Run] = []
    current: list[Element] = []
    place = 0
    while place < len(found):
        element = _element(found, place, inside=bool(current))
        if element is None:
            place += 1
            continue
        if current and not _joined(found, current[-1], element):
            result.append(Run(tuple(current)))
            current = []
            # What is a digit only inside a run is none at its beginning.
            element = _element(found, place, inside=False)
            if element is None:
                place += 1
                continue
        current.append(element)
        place = element.last + 1
    if current:
        result.append(Run(tuple(current)))
    return result


def _element(found: Sequence[Token], place: int, *, inside: bool) -> Element | None:
    token = found[place]
    if token.form is Form.DIGITS:
        return Element(token.text, place, place)
    if token.form is Form.GROUPED:
        return Element(token.text.split(".")[0].replace(",", ""), place, place, grouped=True)
    if token.form is Form.CHINESE:
        return _chinese(found, place)
    if token.form is Form.LETTERS:
        return _english(found, place, inside=inside)
    return None


def _chinese(found: Sequence[Token], place: int) -> Element | None:
    digit = CHINESE_DIGITS.get(found[place].text)
    if digit is None:
        return None
    following = _text(found, place + 1)
    if following in _PLACES or (place and found[place - 1].text in _PLACES):
        return None
    if following == "个" and digit > 1:
        repeated = _single(found, place + 2)
        # 三个零 is 000, but 三个 alone counts things.
        return Element(repeated * digit, place, place + 2) if repeated else None
    if not _counted(found, place, following):
        return None
    return Element(str(digit), place, place)


def _counted(found: Sequence[Token], place: int, following: str) -> bool:
    """Tell whether a digit's character is a digit here, and no part of a word such as 一共."""
    near = [found[index] for index in (place - 1, place + 1) if 0 <= index < len(found)]
    if any(token.form is Form.DIGITS or token.text in CHINESE_DIGITS for token in near):
        return True
    after = found[place + 1] if place + 1 < len(found) else None
    return after is None or after.form is not Form.CHINESE or following in _CHINESE_FILLERS


def _english(  # noqa: PLR0911 - one kind of word after the other
    found: Sequence[Token], place: int, *, inside: bool
) -> Element | None:
    word = found[place].text
    if word in _REPEATS:
        repeated = _single(found, place + 1)
        return Element(repeated * _REPEATS[word], place, place + 1) if repeated else None
    if word in UNITS:
        return Element(str(UNITS[word]), place, place)
    if word in _ZEROS:
        near = inside or _single(found, place + 1) or _text(found, place + 1) in _REPEATS
        return Element("0", place, place) if near else None
    if word in TENS:
        after = place + 1
        if _text(found, after) == "-" and found[after].glued:
            after += 1
        unit = UNITS.get(_text(found, after), 0)
        if 0 < unit < 10:  # noqa: PLR2004 - a digit
            return Element(f"{TENS[word]}{unit}", place, after)
        return Element(f"{TENS[word]}0", place, place)
    if word == "hundred" and inside:
        return Element("00", place, place)
    return None


def _single(found: Sequence[Token], place: int) -> str:
    """Return the digit that stands at a token, if it is a single one."""
    if place >= len(found):
        return ""
    token = found[place]
    if token.form is Form.DIGITS:
        return token.text if len(token.text) == 1 else ""
    if token.form is Form.CHINESE:
        digit = CHINESE_DIGITS.get(token.text)
        return "" if digit is None else str(digit)
    if token.text in _ZEROS:
        return "0"
    value = UNITS.get(token.text, 10)
    return str(value) if value < 10 else ""  # noqa: PLR2004 - a digit


def _joined(found: Sequence[Token], before: Element, after: Element) -> bool:
    """Tell whether two elements are parts of one number, by what lies between and how long."""
    if found[after.first].start_ms - found[before.last].end_ms > GAP_MS:
        return False
    fillers = 0
    for place in range(before.last + 1, after.first):
        token = found[place]
        if token.form is Form.SIGN:
            continue
        single = len(before.digits) == len(after.digits) == 1
        if token.text in _HOMOPHONES and single:
            continue
        if token.text in _FILLERS or token.text in _CHINESE_FILLERS:
            fillers += 1
            continue
        return False
    return fillers <= MOST_FILLERS


def _text(found: Sequence[Token], place: int) -> str:
    return found[place].text if place < len(found) else ""
