"""E-mail addresses, written (a@b.com) or spoken ("john dot smith at gmail dot com", 艾特…点com)."""

from collections.abc import Sequence

from pipelines.numerals import CHINESE_DIGITS, REPEATS, TENS, UNITS
from pipelines.redaction.rules.lexing import Form, Token
from pipelines.redaction.rules.runs import GAP_MS

_TOP = frozenset(
    [
        "com",
        "co",
        "uk",
        "net",
        "org",
        "cn",
        "io",
        "edu",
        "gov",
        "info",
        "me",
        "biz",
        "hk",
        "tw",
        "us",
        "eu",
        "de",
        "fr",
        "email",
        "app",
        "dev",
        "ac",
    ]
)
_DOTS = {".", "dot", "点", "point", "。"}
_STOPPED = {".", "。"}
_JOINS = {"_", "-", "underscore", "dash", "hyphen", "下划线", "杠", "横杠", "plus", "+"}
_AT = {"@", "at", "艾特", "圈a", "爱特", "埃特", "艾特符号", "小老鼠"}
# What a recogniser makes of 艾特, which means nothing else in Chinese.
_HEARD_AS_AT = {"艾特", "爱特", "埃特", "爱退", "艾退"}
_AT |= _HEARD_AS_AT
_PROVIDERS = frozenset(
    [
        "gmail",
        "hotmail",
        "outlook",
        "yahoo",
        "icloud",
        "qq",
        "163",
        "126",
        "foxmail",
        "sina",
        "protonmail",
        "aol",
        "live",
        "msn",
        "googlemail",
        "sohu",
        "aliyun",
        "139",
        "189",
        "btinternet",
        "扣扣",
        "新浪",
        "搜狐",
        "网易",
        "雅虎",
    ]
)
_STOPS = frozenset(
    [
        "is",
        "it's",
        "its",
        "my",
        "your",
        "the",
        "an",
        "to",
        "email",
        "mail",
        "e",
        "address",
        "me",
        "us",
        "at",
        "in",
        "on",
        "of",
        "for",
        "and",
        "or",
        "that",
        "this",
        "that's",
        "you",
        "yes",
        "no",
        "so",
        "okay",
        "ok",
        "well",
        "um",
        "uh",
        "er",
        "please",
        "contact",
        "send",
        "write",
        "reach",
        "use",
        "have",
        "was",
        "be",
        "will",
        "can",
        "it",
        "i",
        "we",
        "they",
        "account",
        "under",
        "name",
        "called",
    ]
)
_CHINESE_LOCAL = frozenset(CHINESE_DIGITS) | set("点杠下划线横大小写")
_ASKED = {"email", "mail", "e", "emails", "邮", "箱"}
_LONGEST_LOCAL = 40
_LONGEST_DOMAIN = 12
_LONGEST_MISHEARD = 5
_HALF = 3


def emails(found: Sequence[Token]) -> list[tuple[int, int]]:
    """Return first and last token of every e-mail address among one party's tokens."""
    result = []
    for place in range(len(found)):
        width = _at(found, place)
        if not width:
            continue
        last = _domain(found, place + width, any_top=found[place].text == "@")
        if last is None and _join(found[place : place + width]) in _HEARD_AS_AT:
            last = _misheard_domain(found, place + width)
        if last is None:
            continue
        first = _local(found, place)
        # "looking at gmail" is no address: without an ending there has to be something else.
        said = {token.text for token in found[max(0, first - 12) : first]}
        ended = any(token.text in _DOTS for token in found[place:last])
        if first < place and (ended or width > 1 or found[place].text == "@" or said & _ASKED):
            result.append((first, last))
    return result


def _at(found: Sequence[Token], place: int) -> int:
    """Return how many tokens say *at* here."""
    for width in range(4, 0, -1):
        if place + width <= len(found) and _join(found[place : place + width]) in _AT:
            return width
    return 0


def _join(part: Sequence[Token]) -> str:
    return "".join(token.text for token in part)


def _domain(  # noqa: C901 - one token after the other
    found: Sequence[Token], start: int, *, any_top: bool
) -> int | None:
    """Return the last token of a domain that begins at ``start``, or nothing.

    A known provider is enough: the ending is often left unsaid, or not made out.
    """
    last = None
    place = start
    named = False
    dotted = False
    while place < len(found) and place - start < _LONGEST_DOMAIN:
        if place > start and found[place].start_ms - found[place - 1].end_ms > GAP_MS:
            break
        token = found[place]
        if place > start and token.text in _DOTS:
            dotted = True
        elif dotted and token.capital and not token.glued and found[place - 1].text in _STOPPED:
            # "not at all. He said": a sentence ends here, and another begins.
            break
        elif token.form is Form.LETTERS or _is_digit(token) or token.text in _JOINS:
            if dotted and (_is_top(token) or (any_top and token.form is Form.LETTERS)):
                last = place
            elif last is not None and not dotted:
                break
            elif not dotted and place > start and not _spelt(found, place):
                # 163 点 com and spelt names go on; two whole words without a dot are no domain.
                break
            named = named or _provider(found, start, place)
            dotted = False
        else:
            break
        if named and last is None and _provider(found, start, place):
            last_named = place
            ahead = place + 1
            if not (ahead < len(found) and found[ahead].text in _DOTS):
                return last_named
        place += 1
    return last


def _misheard_domain(found: Sequence[Token], start: int) -> int | None:
    """Return the last token of what follows a Chinese *at* and was not made out, or nothing.

    点com is often heard as 点钟 and the like: one character goes with the 点.
    """
    if start >= len(found):
        return None
    for place in range(start, min(len(found), start + _LONGEST_MISHEARD)):
        if place > start and found[place].start_ms - found[place - 1].end_ms > GAP_MS:
            return place - 1
        if place > start and found[place].text == "点":
            return min(place + 1, len(found) - 1)
    return min(len(found) - 1, start + _LONGEST_MISHEARD - 1)


def _is_top(token: Token) -> bool:
    """Tell whether a domain may end so: a known ending, or the two letters of a country."""
    country = len(token.text) == 2 and token.form is Form.LETTERS  # noqa: PLR2004 - ISO 3166
    return token.text in _TOP or (country and token.text not in _STOPS)


def _spelt(found: Sequence[Token], place: int) -> bool:
    before, token = found[place - 1], found[place]
    return (
        before.text in _DOTS | _JOINS
        or token.text in _JOINS
        or token.glued
        or len(token.text) == 1
        or len(before.text) == 1
        or _is_digit(token)
    )


def _provider(found: Sequence[Token], start: int, place: int) -> bool:
    said = "".join(_as_digits(token) for token in found[start : place + 1])
    return said in _PROVIDERS


def _as_digits(token: Token) -> str:
    if token.text in CHINESE_DIGITS:
        return str(CHINESE_DIGITS[token.text])
    return str(UNITS.get(token.text, token.text))


def _is_digit(token: Token) -> bool:
    return (
        token.form in {Form.DIGITS, Form.GROUPED}
        or token.text in CHINESE_DIGITS
        or token.text in UNITS
        or token.text in TENS
        or token.text in REPEATS
    )


def _local(found: Sequence[Token], at: int) -> int:  # noqa: C901 - one token after the other
    """Return the first token of what stands before the *at*."""
    first = at
    place = at - 1
    words = 0
    while place >= 0 and at - place <= _LONGEST_LOCAL:
        token = found[place]
        if found[place + 1].start_ms - token.end_ms > GAP_MS:
            break
        linked = place + 1 < at and found[place + 1].text in _DOTS | _JOINS
        glued = found[place + 1].glued
        joins = token.text in _DOTS | _JOINS or token.text in _CHINESE_LOCAL
        if joins and not _is_digit(token):
            # A full stop ends a sentence, unless something follows it without a blank.
            if token.text in {".", "。"} and not glued:
                break
            place -= 1
            continue
        if token.text in {",", "，", "、"} and _spelling(found, place):
            place -= 1
            continue
        if _is_digit(token):
            first = place
        elif token.form is Form.LETTERS:
            near = [*found[max(0, place - 1) : place], *found[place + 1 : min(at, place + 2)]]
            spelt = len(token.text) == 1 and any(len(each.text) == 1 for each in near)
            if token.text in _STOPS and not (linked or spelt or (glued and place + 1 < at)):
                break
            if len(token.text) > 1 and not linked and not glued:
                words += 1
                if words > _HALF:
                    break
            first = place
        else:
            break
        place -= 1
    return first


def _spelling(found: Sequence[Token], place: int) -> bool:
    """Tell whether a comma parts single letters or figures, as in *j, o, h, n*."""
    near = [found[index] for index in (place - 1, place + 1) if 0 <= index < len(found)]
    return all(len(token.text) == 1 or _is_digit(token) for token in near)
