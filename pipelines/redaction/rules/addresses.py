"""Postal addresses as far as their form gives them away: house and street, 路 and 号, postcodes."""

import re
from collections.abc import Sequence

from pipelines.redaction.rules.lexing import Heard, spelled

_NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    r"hundred)"
)
_HOUSE = rf"(?:\d{{1,5}}[a-zA-Z]?|{_NUMBER_WORD}(?:[ -](?:and )?{_NUMBER_WORD}){{0,3}})"
_SURE = r"(?:street|road|avenue|boulevard|crescent|terrace|lane|drive|gardens|grove|mews|square)"
_CAPITAL = r"(?:St|Rd|Ave|Ln|Dr|Close|Court|Way|Place|Park|Hill|Row|Walk|Green|Rise|View|Blvd)"
_NAME = r"(?:[A-Z][\w'’]*|[a-z]{3,}|\d{1,3}(?:st|nd|rd|th))"
_ROOM = r"(?:(?:[Ff]lat|[Aa]partment|[Aa]pt\.?|[Uu]nit|[Ss]uite)\s(?:number\s)?\w{1,5},?\s)?"
_BLOCKED = (
    r"(?!(?:of|the|a|an|on|in|at|to|minutes?|hours?|days?|miles?|people|per|and|or|more|from)\s)"
)

_STREET = re.compile(
    rf"(?<![\w.,£$€-]){_ROOM}{_HOUSE},?\s(?:{_BLOCKED}{_NAME}\s){{1,3}}?(?i:{_SURE})(?!\w)"
    rf"|(?<![\w.,£$€-]){_ROOM}(?i:{_HOUSE}),?\s(?:[A-Z][\w'’]*\s){{1,3}}?{_CAPITAL}(?!\w)",
)
_FLAT = re.compile(
    r"(?<!\w)(?i:flat|apartment|apt)\.?\s(?:number\s)?(?:\d{1,4}[a-zA-Z]?|[A-Z]\d{0,3})(?!\w)"
)
_POSTCODE = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{1,2}[ -]?\d[A-Z\d]?[ ,]{0,2}\d[ ]?[A-Z][ ]?[A-Z](?![A-Za-z0-9])"
)
_ZIP = re.compile(r"(?i:zip ?code|post ?code)\D{1,12}(\d{5}(?:-\d{4})?)(?!\d)")

_HAN = r"[\u4e00-\u9fff]"
_DIGIT = r"(?:\d|[〇零幺两一二三四五六七八九十百])"
# Words that stand before an address and are no part of a name.
_EDGE = "在是到住址寄送我你您他她的了呢吗啊嗯就叫写填那这说请问"
_PART = rf"(?:(?![{_EDGE}]|[改换]成){_HAN})"
_ROADS = r"(?:大道|胡同|路|街|巷|弄|道)"
_PLACES = rf"(?:(?:小区|花园|公寓|大厦|家园|新村|广场|苑|城|村|镇|乡|里)(?:{_DIGIT}{{1,2}}区)?)"
_REGION = rf"(?:{_PART}{{2,7}}?(?:省|自治区|市|区|县|旗))"
_BUILDING = rf"(?:{_DIGIT}{{1,5}}(?:号楼|栋|幢|座|单元|号院|弄|层|楼|室|号|房))"
_CHINESE = re.compile(
    rf"{_REGION}{{0,3}}，?{_PART}{{1,6}}?{_ROADS}，?(?:{_PART}{{0,6}}?{_PLACES})?，?{_BUILDING}(?:[，、]?(?:{_PART}{{2,6}}?{_PLACES})?{_BUILDING})*(?:[，、]?{_DIGIT}{{3,4}}(?!{_DIGIT}|元|块|分|年|个))?"
    rf"|{_REGION}{{0,3}}，?{_PART}{{2,6}}?{_PLACES}，?{_BUILDING}(?:[，、]?{_BUILDING})*(?:[，、]?{_DIGIT}{{3,4}}(?!{_DIGIT}|元|块|分|年|个))?"
    rf"|{_DIGIT}{{1,4}}(?:号楼|栋|幢|座|号院)[，、]?(?:{_DIGIT}{{1,3}}(?:单元|门))?[，、]?{_DIGIT}{{2,5}}(?:室|号|房)?"
)
_CHINESE_POST = re.compile(
    rf"邮(?:政)?编(?:码)?[^\d〇零幺一二三四五六七八九]{{0,4}}({_DIGIT}{{6}})"
)


def addresses(words: Sequence[Heard]) -> list[tuple[int, int]]:
    """Return first and last word of every address in one turn; both languages may be mixed."""
    text, owners = spelled(words)
    text = re.sub(r",(?=[\u4e00-\u9fff\d])(?<=[\u4e00-\u9fff],)", "，", text)
    whole = [
        match.span()
        for pattern in (_STREET, _FLAT, _POSTCODE, _CHINESE)
        for match in pattern.finditer(text)
    ]
    codes = [match.span(1) for pattern in (_ZIP, _CHINESE_POST) for match in pattern.finditer(text)]
    return [(owners[start], owners[end - 1]) for start, end in [*whole, *codes]]
