"""What a run of digits is: a telephone, an identity or card number, an amount, or just long.

Recall comes first: seven digits or more said in a row are hidden whatever they validate as, since
the recogniser may have misheard one, unless their form, or the word after them, says otherwise.
"""

import re
from collections.abc import Sequence
from datetime import date

from models.vocab import MaskKind
from pipelines.redaction.rules.lexing import Form, Token
from pipelines.redaction.rules.runs import Element, Run

LONG = 7
"""So many digits in a row are personal until shown otherwise."""

_COMPANY = re.compile(r"(?:400|800)\d{7}|95\d{3,4}|1\d{4}|12\d{3}")
"""Chinese hotlines of companies and offices (400…, 95588, 10086, 12315): nobody's own number."""

_CARDS = re.compile(
    r"(?:4|5[1-5]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|3[47]|35(?:2[89]|[3-8]\d)"
    r"|6011|65|62|9[0-9])"
)

_KEYWORDS: dict[str, MaskKind] = {
    "order number": MaskKind.NUMBER, "order": MaskKind.NUMBER, "订单": MaskKind.NUMBER,
    "工单": MaskKind.NUMBER, "单号": MaskKind.NUMBER, "reference": MaskKind.NUMBER,
    "ticket": MaskKind.NUMBER, "tracking": MaskKind.NUMBER, "invoice": MaskKind.NUMBER,
    "card": MaskKind.CARD, "visa": MaskKind.CARD, "mastercard": MaskKind.CARD,
    "account number": MaskKind.CARD, "sort code": MaskKind.CARD, "iban": MaskKind.CARD,
    "卡号": MaskKind.CARD, "银行卡": MaskKind.CARD, "信用卡": MaskKind.CARD,
    "储蓄卡": MaskKind.CARD, "借记卡": MaskKind.CARD, "账号": MaskKind.CARD,
    "帐号": MaskKind.CARD, "账户": MaskKind.CARD,
    "passport": MaskKind.IDENTITY, "identity": MaskKind.IDENTITY, "id number": MaskKind.IDENTITY,
    "id card": MaskKind.IDENTITY, "national insurance": MaskKind.IDENTITY,
    "social security": MaskKind.IDENTITY, "licence": MaskKind.IDENTITY,
    "license": MaskKind.IDENTITY, "身份": MaskKind.IDENTITY, "证件": MaskKind.IDENTITY,
    "护照": MaskKind.IDENTITY, "社保": MaskKind.IDENTITY,
    "phone": MaskKind.PHONE, "telephone": MaskKind.PHONE, "mobile": MaskKind.PHONE,
    "cell": MaskKind.PHONE, "landline": MaskKind.PHONE, "call me": MaskKind.PHONE,
    "call you": MaskKind.PHONE, "reach": MaskKind.PHONE, "ring": MaskKind.PHONE,
    "contact number": MaskKind.PHONE, "whatsapp": MaskKind.PHONE, "text me": MaskKind.PHONE,
    "电话": MaskKind.PHONE, "手机": MaskKind.PHONE, "座机": MaskKind.PHONE,
    "联系": MaskKind.PHONE, "号码": MaskKind.PHONE, "微信": MaskKind.PHONE,
    "回拨": MaskKind.PHONE, "拨打": MaskKind.PHONE,
}  # fmt: skip
_ASKED = re.compile(
    "|".join(
        # English words stand alone; Chinese knows no blanks.
        rf"(?<![a-z]){re.escape(word)}s?(?![a-z])" if word.isascii() else re.escape(word)
        for word in sorted(_KEYWORDS, key=len, reverse=True)
    )
)
_SHORT_SECRET = re.compile(
    r"sort code|(?<![a-z])cv[vc]|security code|three digits on the back|安全码|背面.{0,4}三位"
)
_PAIRS = frozenset(("is", "it", "no", "my", "of", "on", "to", "so", "um", "uh", "er", "oh", "at"))
_SENTENCE = 3
"""A short secret follows the words that ask for it within so many tokens that are no digits."""

_UNITS_AFTER = frozenset(
    [
        "pounds",
        "pound",
        "quid",
        "pence",
        "dollars",
        "dollar",
        "bucks",
        "cents",
        "euros",
        "euro",
        "yuan",
        "rmb",
        "percent",
        "thousand",
        "million",
        "billion",
        "grand",
        "k",
        "minutes",
        "minute",
        "mins",
        "hours",
        "hour",
        "days",
        "day",
        "weeks",
        "weeks'",
        "months",
        "month",
        "years",
        "year",
        "am",
        "pm",
        "gb",
        "gigs",
        "gigabytes",
        "mb",
        "megabytes",
        "mbps",
        "kbps",
        "miles",
        "km",
        "metres",
        "meters",
        "kilos",
        "kilometers",
        "kilometres",
        "people",
        "customers",
        "units",
        "users",
        "points",
        "degrees",
        "kwh",
        "times",
        "items",
        "pieces",
        "tonnes",
        "litres",
        "steps",
    ]
)
_CHINESE_UNITS = (
    "元", "块", "毛钱", "角钱", "万", "亿", "千", "百", "年", "月",
    "点", "秒", "个", "人民币", "人次", "次", "台", "件", "兆", "度",
    "折", "米", "公里", "公斤", "倍", "天", "周", "岁", "小时", "美元",
    "欧元", "分钟", "分钱", "多", "左右", "积分", "步", "户", "人", "平",
    "吨", "字",
)  # fmt: skip


def keyword(before: str) -> MaskKind | None:
    """Return what the words before a number say it is; the last word of them counts."""
    last = None
    for match in _ASKED.finditer(before):
        last = match
    return _KEYWORDS[last[0]] if last and last[0] in _KEYWORDS else _plural(last)


def _plural(match: re.Match[str] | None) -> MaskKind | None:
    return _KEYWORDS.get(match[0].removesuffix("s")) if match else None


def classify(
    found: Sequence[Token], run: Run, before: str, regions: Sequence[str]
) -> tuple[MaskKind, int, int] | None:
    """Return the kind of a run and its first and last token, or nothing when it may be read.

    ``before`` is what was said just before, in lower case; ``regions`` (CN, GB, US) are where a
    number without a country code may belong.
    """
    asked = keyword(before)
    if _is_short_secret(run, before):
        return MaskKind.CARD, run.first, run.last
    left = _without_amount(found, run, asked)
    if not left:
        return None
    digits = "".join(element.digits for element in left)
    first, last = left[0].first, left[-1].last
    if len(digits) == 17 and _text(found, last + 1) in {"x", "叉", "ex"}:  # noqa: PLR2004 - of 18
        digits += "X"
        last += 1
    first, lettered = _with_letters(found, first, asked)
    plus = _text(found, first - 1) in {"+", "plus"}
    kind = _kind(digits, asked, regions, plus=plus)
    if kind is None and not lettered:
        return None
    if asked is None and all(_is_year(element.digits) for element in left):
        return None
    if lettered and _text(found, last + 1) in {"a", "b", "c", "d"}:
        last += 1
    first -= plus
    return (MaskKind.IDENTITY if lettered else kind or MaskKind.NUMBER), first, last


def _is_short_secret(run: Run, before: str) -> bool:
    asked = max(_SHORT_SECRET.finditer(before), key=re.Match.end, default=None)
    if asked is None or not 3 <= len(run.digits) <= 6:  # noqa: PLR2004 - a security or sort code
        return False
    between = before[asked.end() :]
    return len(between.split()) <= _SENTENCE and len(between) < 20  # noqa: PLR2004 - near it


def _kind(  # noqa: PLR0911 - the first that fits
    digits: str, asked: MaskKind | None, regions: Sequence[str], *, plus: bool
) -> MaskKind | None:
    if is_identity(digits):
        return MaskKind.IDENTITY
    if len(digits) < LONG or _COMPANY.fullmatch(digits):
        return None
    if asked is None and _is_date(digits):
        return None
    if is_card(digits) and asked is not MaskKind.PHONE:
        return MaskKind.CARD
    phone = _phone(digits, regions, plus=plus)
    if phone == "company":
        return None
    if asked in {MaskKind.CARD, MaskKind.IDENTITY}:
        return asked
    if phone == "own" and asked is not MaskKind.NUMBER:
        return MaskKind.PHONE
    if asked is MaskKind.PHONE and len(digits) <= 15:  # noqa: PLR2004 - E.164
        return MaskKind.PHONE
    return MaskKind.NUMBER


def is_identity(digits: str) -> bool:
    """Tell whether this is a Chinese identity number, by its form and date.

    With the right check digit surely; with a wrong one a digit was misheard.
    """
    from stdnum.cn import ric

    if len(digits) != 18:  # noqa: PLR2004 - GB 11643
        return False
    return bool(ric.is_valid(digits)) or (digits[0] in "123456" and _is_date(digits[6:14]))


def is_card(digits: str) -> bool:
    """Tell whether this is a bank card number: known first digits, 13 to 19, right check digit.

    The check digit alone lets one number in ten pass (ISO/IEC 7812).
    """
    from stdnum import luhn

    return 13 <= len(digits) <= 19 and bool(_CARDS.match(digits)) and bool(luhn.is_valid(digits))  # noqa: PLR2004 - as said above


def _phone(digits: str, regions: Sequence[str], *, plus: bool) -> str:
    """Return ``own``, ``company`` (free-phone and service numbers) or nothing."""
    import phonenumbers

    kinds = phonenumbers.PhoneNumberType
    company = {kinds.TOLL_FREE, kinds.SHARED_COST, kinds.PREMIUM_RATE, kinds.UAN}
    written: list[tuple[str, str | None]] = (
        [("+" + digits, None)] if plus else [(digits, region) for region in regions]
    )
    if digits.startswith(("86", "44", "0086", "0044")) and len(digits) >= 11:  # noqa: PLR2004
        written.append(("+" + digits.removeprefix("00"), None))
    for text, region in written:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            # Without its 0 or +, a company's number is only a number that looks like one.
            whole = digits.startswith("0") or plus or number.country_code == 1
            typed = phonenumbers.number_type(number) in company
            return "company" if typed and whole else "own"
    return ""


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits[:2] in {"19", "20"}  # noqa: PLR2004 - a year has four


def _is_date(digits: str) -> bool:
    if len(digits) != 8 or digits[:2] not in {"19", "20"}:  # noqa: PLR2004 - YYYYMMDD
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _without_amount(
    found: Sequence[Token], run: Run, asked: MaskKind | None
) -> tuple[Element, ...]:
    """Return the run's elements but for those that are an amount by form or by the word after."""
    elements = run.elements
    if any(element.grouped for element in elements):
        # Commas in thousands: an amount, unless it is as long as no amount is, or was asked for.
        longest = len(run.digits)
        if longest <= 9 and (asked is None or asked is MaskKind.NUMBER):  # noqa: PLR2004 - 999,999,999
            elements = max(_parts(elements), key=lambda part: sum(len(e.digits) for e in part))
            elements = () if any(element.grouped for element in elements) else elements
    if elements and _unit_follows(found, elements[-1].last):
        rest = elements[:-1]
        # 我的电话是13800138000 3块: what the unit belongs to ends at the sign before it.
        while rest and not _apart(found, rest[-1], elements[len(rest)]):
            rest = rest[:-1]
        elements = rest
    return elements


def _parts(elements: Sequence[Element]) -> list[tuple[Element, ...]]:
    parts: list[tuple[Element, ...]] = [()]
    for element in elements:
        if element.grouped:
            parts.extend([(element,), ()])
        else:
            parts[-1] += (element,)
    return parts


def _apart(found: Sequence[Token], before: Element, after: Element) -> bool:
    """Tell whether a sign, a filler or, between figures, a blank parts two elements."""
    figures = found[before.last].form is Form.DIGITS and found[after.first].form is Form.DIGITS
    return after.first - before.last > 1 or (figures and not found[after.first].glued)


def _unit_follows(found: Sequence[Token], last: int) -> bool:
    token = found[last + 1] if last + 1 < len(found) else None
    if token is None or token.turn != found[last].turn:
        return False
    if token.form is Form.LETTERS:
        return token.text in _UNITS_AFTER
    if token.text in {"%", "°"}:
        return True
    ahead = "".join(each.text for each in found[last + 1 : last + 4])
    return ahead.startswith(_CHINESE_UNITS)


def _with_letters(found: Sequence[Token], first: int, asked: MaskKind | None) -> tuple[int, bool]:
    """Include the one or two letters before a passport's digits; tell whether there are any."""
    place = first
    while place and first - place < 2 and len(found[place - 1].text) == 1:  # noqa: PLR2004
        if found[place - 1].form is not Form.LETTERS or found[place - 1].text in {"a", "i", "o"}:
            break
        place -= 1
    if place == first and first:
        before = found[first - 1]
        # E12345678 and QQ 12 34 56 C, but not "is 1234".
        pair = len(before.text) == 2 and before.text not in _PAIRS  # noqa: PLR2004 - two letters
        if before.form is Form.LETTERS and (pair or (found[first].glued and len(before.text) == 1)):
            place -= 1
    return (place, True) if place < first and asked is MaskKind.IDENTITY else (first, False)


def _text(found: Sequence[Token], place: int) -> str:
    return found[place].text if 0 <= place < len(found) else ""
