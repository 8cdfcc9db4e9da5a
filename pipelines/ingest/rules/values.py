"""How single values of a file are read: times, durations, money, words in English and Chinese.

Every reader takes the text of one cell and the name of its column, and raises ``Invalid`` with the
column, a code and parameters; the sentence for people is made above, from the code.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation, Overflow
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

MAX_DURATION_MS = 24 * 3600 * 1000
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
# The clock of a switch may run ahead of ours by a little.
AHEAD = timedelta(hours=1)
MAX_TEXT = 200
_MOST_MINOR = 10**14
_MOST_DIGITS = 20
MAX_REPLY = 2_000

# ISO 4217: these currencies have no, or three, digits behind the point; the others have two.
_MINOR_DIGITS = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "ISK": 0,
    "KWD": 3,
    "BHD": 3,
    "OMR": 3,
    "JOD": 3,
    "TND": 3,
}
_LOOSE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)? ?(Z|[+-]\d{2}:?\d{2})?)?"
)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2}(?:\.\d+)?)")
# Long runs of digits, also in groups: what could be the number of a telephone or a card.
_NUMBER_LIKE = re.compile(r"\+?\d(?:[ .()/-]{0,3}\d){6,}")
# Seconds or money, such as 999999.0: people need to see what was refused.
_AMOUNT = re.compile(r"-?\d{1,6}(?:\.\d{1,3})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_PHONE = re.compile(r"[+()\d\s.-]+")

YES_NO: Mapping[str, bool] = {
    **dict.fromkeys(("yes", "y", "true", "1", "是", "有"), True),
    **dict.fromkeys(("no", "n", "false", "0", "否", "无"), False),
}


class Invalid(Exception):  # noqa: N818 - a finding about a row, which ends as a reject
    """A row cannot land: the column (null: the whole row), a code, and values for the sentence."""

    def __init__(self, column: str | None, code: str, **params: Any) -> None:
        """Keep what the reject will say."""
        super().__init__(column, code, params)
        self.column = column
        self.code = code
        self.params = params


def text_of(cell: str, column: str, *, required: bool = True, longest: int = MAX_TEXT) -> str:
    """Return the cell without surrounding space; refuse an empty, over-long or unprintable one."""
    value = cell.strip()
    if not value:
        if required:
            raise Invalid(column, "value_missing")
        return ""
    if len(value) > longest:
        raise Invalid(column, "value_too_long", longest=longest)
    if "\0" in value or "�" in value:
        raise Invalid(column, "value_unreadable")
    return value


def word_of(cell: str, column: str, words: Mapping[str, Any], default: Any = None) -> Any:
    """Return what one of the known ``words`` means; an empty cell means ``default``, if given."""
    # Nearly every cell is one of the words as it stands.
    found = words.get(cell)
    if found is not None:
        return found
    value = cell.strip().casefold()
    if not value:
        if default is None:
            raise Invalid(column, "value_missing")
        return default
    found = words.get(value)
    if found is None:
        raise Invalid(column, "word_unknown", value=value[:40])
    return found


@lru_cache(maxsize=16_384)
def _milliseconds(cell: str) -> int | str:
    """Return milliseconds, or the code of what is wrong (exceptions are not cached)."""
    value = cell.strip()
    if not value:
        return "value_missing"
    match = _CLOCK.fullmatch(value)
    if match:
        hours, minutes, seconds = match.groups()
        total = int(hours or 0) * 3600 + int(minutes) * 60 + Decimal(seconds)
        milliseconds = int((total * 1000).to_integral_value())
    else:
        try:
            number = Decimal(value)
        except InvalidOperation:
            return "number_invalid"
        if not number.is_finite():
            return "number_invalid"
        if number < 0:
            return "duration_negative"
        if number > MAX_DURATION_MS:
            return "duration_absurd"
        milliseconds = int((number * 1000).to_integral_value())
    return "duration_absurd" if milliseconds > MAX_DURATION_MS else milliseconds


def duration_of(cell: str, column: str, *, required: bool = False) -> int:
    """Read seconds (``38.4``) or a clock (``0:38``, ``1:02:03``) as milliseconds.

    An empty cell is 0 unless ``required``. Refuses negative ones and any above 24 hours.
    """
    found = _milliseconds(cell)
    if isinstance(found, int):
        return found
    if found == "value_missing":
        if required:
            raise Invalid(column, found)
        return 0
    raise Invalid(column, found, value=cell.strip()[:40])


def instant_of(
    cell: str, column: str, zone: ZoneInfo, now: datetime, *, required: bool = True
) -> datetime | None:
    """Read a time as an aware UTC datetime; one without an offset is a local time of ``zone``.

    Takes ISO 8601 and forms such as ``2026/11/16 9:05``. A local time that the clock skipped is
    refused; one that it showed twice is the first of both. Refuses times before 1990 or ahead of
    ``now``.
    """
    value = cell.strip()
    if not value:
        if required:
            raise Invalid(column, "value_missing")
        return None
    try:
        at = datetime.fromisoformat(value)
        if len(value) <= len("2026-11-16"):
            raise Invalid(column, "time_without_clock", value=value)
    except ValueError:
        at = _loose_time(value, column)
    if not OLDEST.year <= at.year <= now.year + 1:
        raise Invalid(column, "time_impossible", value=value[:40])
    if at.tzinfo is None:
        local = at.replace(tzinfo=zone)
        utc = local.astimezone(UTC)
        if utc.astimezone(zone).replace(tzinfo=None) != at:
            raise Invalid(column, "time_skipped", value=value, zone=zone.key)
    else:
        utc = at.astimezone(UTC)
    if utc > now + AHEAD:
        raise Invalid(column, "time_in_future", value=value[:40])
    return utc


def _loose_time(value: str, column: str) -> datetime:
    """Read what Python's ISO reader does not take: other marks, and hours of one digit."""
    match = _LOOSE.fullmatch(value)
    if match is None:
        raise Invalid(column, "time_invalid", value=value[:40])
    year, month, day, hour, minute, second, fraction, offset = match.groups("")
    if not hour:
        raise Invalid(column, "time_without_clock", value=value)
    clock = f"{hour:0>2}:{minute}:{second:0>2}{fraction}{offset}"
    try:
        return datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}T{clock}")
    except ValueError:
        raise Invalid(column, "time_impossible", value=value[:40]) from None


def date_of(cell: str, column: str, *, required: bool = True) -> date | None:
    """Read a day such as ``2026-11-16`` or ``2026/11/16``."""
    value = cell.strip()
    if not value:
        if required:
            raise Invalid(column, "value_missing")
        return None
    match = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", value)
    if match is None:
        raise Invalid(column, "date_invalid", value=value[:40])
    try:
        day = date(*(int(part) for part in match.groups()))
    except ValueError:
        raise Invalid(column, "date_invalid", value=value[:40]) from None
    if day < OLDEST.date():
        raise Invalid(column, "date_invalid", value=value[:40])
    return day


def whole_number_of(cell: str, column: str, *, least: int, most: int, default: int) -> int:
    """Read a whole number between ``least`` and ``most``; an empty cell is ``default``."""
    value = cell.strip()
    if not value:
        return default
    # Looked at by length first: Python refuses to read some thousand digits.
    plain = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
    if not plain or not least <= int(value) <= most:
        raise Invalid(column, "number_out_of_range", value=value[:40], least=least, most=most)
    return int(value)


@lru_cache(maxsize=256)
def _currency(cell: str) -> tuple[str, int]:
    """Return an ISO 4217 code and its number of digits behind the point; empty for no currency."""
    code = cell.strip().upper()
    if code and not _CURRENCY.fullmatch(code):
        raise Invalid("currency", "currency_invalid", value=code[:40])
    return code, _MINOR_DIGITS.get(code, 2)


def _minor_units(value: str, digits: int) -> int:
    whole, _, fraction = value.partition(".")
    if len(whole) > _MOST_DIGITS:
        raise Invalid("customer_value", "number_invalid", value=value[:40])
    if whole.isdecimal() and len(fraction) <= digits and (not fraction or fraction.isdecimal()):
        found = int(whole + fraction.ljust(digits, "0"))
    else:
        found = _rare_minor_units(value, digits)
    if found >= _MOST_MINOR:
        raise Invalid("customer_value", "number_invalid", value=value[:40])
    return found


def _rare_minor_units(value: str, digits: int) -> int:
    """Read what is not plain digits with a point, such as ``1e3`` or ``12.500``."""
    try:
        minor = Decimal(value).scaleb(digits)
    except (InvalidOperation, Overflow):
        raise Invalid("customer_value", "number_invalid", value=value[:40]) from None
    if not minor.is_finite() or minor < 0 or minor >= _MOST_MINOR:
        raise Invalid("customer_value", "number_invalid", value=value[:40])
    if minor != minor.to_integral_value():
        raise Invalid("customer_value", "money_too_fine", value=value[:40])
    return int(minor)


def money_of(amount: str, currency: str) -> tuple[int | None, str | None]:
    """Read an amount with its ISO 4217 currency as integer minor units; both or neither."""
    code, digits = _currency(currency)
    value = amount.strip()
    if not value:
        return None, code or None
    if not code:
        raise Invalid("currency", "currency_missing")
    return _minor_units(value, digits), code


def customer_number(cell: str) -> str:
    """Bring a customer's number into one form: digits only, or the bare text of another id."""
    if not cell:
        return ""
    value = unicodedata.normalize("NFKC", cell).strip()
    if _PHONE.fullmatch(value):
        digits = "".join(filter(str.isdigit, value))
        return digits.removeprefix("00") if digits else ""
    return value.casefold()


def number_key(number: str, key: bytes) -> str:
    """Return the keyed hash (HMAC-SHA-256, hex) under which a customer's number is found."""
    return hmac.digest(key, number.encode(), "sha256").hex()


def draw_key(source: str, source_key: str) -> int:
    """Return the first 8 bytes of SHA-256(source, 0x1F, key) as a signed 64-bit integer."""
    digest = hashlib.sha256(f"{source}\x1f{source_key}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def content_hash(content: str) -> str:
    """Return 32 hex digits for a row's values, written one behind the other with 0x1F between."""
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def without_numbers(text: str) -> str:
    """Replace every run of seven or more digits, also written in groups, by ``…``.

    An amount of at most six digits before its point stays: no telephone number looks like it.
    """
    if _AMOUNT.fullmatch(text):
        return text
    return _NUMBER_LIKE.sub("…", text)
