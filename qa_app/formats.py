"""How numbers, times and spans are written on pages: pure, but for the request's language."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import dates, numbers
from flask_babel import get_locale

NOTHING = "–"


def duration(milliseconds: int | None) -> str:
    """Write a span as ``m:ss``, or ``h:mm:ss`` from an hour on; half seconds round up."""
    if milliseconds is None:
        return NOTHING
    minutes, seconds = divmod((milliseconds + 500) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def bp(basis_points: float | None, digits: int = 1) -> str:
    """Write hundredths of a percent as a percentage: ``87.5 %``, in Chinese ``87.5%``."""
    if basis_points is None:
        return NOTHING
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    locale = get_locale()
    sign = "%" if locale and locale.language == "zh" else " %"
    return numbers.format_decimal(basis_points / 100, pattern, locale=locale) + sign


def rate(numerator: float | None, denominator: float | None, digits: int = 1) -> str:
    """Write ``numerator / denominator`` as a percentage; a dash when there is no denominator."""
    if not denominator or numerator is None:
        return NOTHING
    # Rounded once only, at the end: 61.046 % would else become 61.05 and then 61.1.
    return bp(numerator / denominator * 10_000, digits)


def points(hundredths: int | None) -> str:
    """Write points kept in hundredths, without needless zeros: ``12.5``."""
    if hundredths is None:
        return NOTHING
    return numbers.format_decimal(hundredths / 100, "#,##0.##", locale=get_locale())


def number(value: float | None, digits: int = 0) -> str:
    """Write a number with the language's separators."""
    if value is None:
        return NOTHING
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return numbers.format_decimal(value, pattern, locale=get_locale())


def when(instant: datetime | None, timezone: str = "UTC", *, seconds: bool = False) -> str:
    """Write an instant in a site's zone, day and time."""
    if instant is None:
        return NOTHING
    local = instant.astimezone(ZoneInfo(timezone))
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{day(local.date())} {clock}"


def day(value: date | None) -> str:
    """Write a date as the language does, with the year; in English with the day first."""
    if value is None:
        return NOTHING
    locale = get_locale()
    # British and American readers both understand "3 Nov 2026", unlike either short form.
    pattern = "medium" if locale and locale.language != "en" else "d MMM y"
    return dates.format_date(value, pattern, locale=locale)


def size(octets: int | None) -> str:
    """Write a file size in binary steps: ``3.4 MB``."""
    if octets is None:
        return NOTHING
    value, unit = float(octets), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1024 or unit == "TB":  # noqa: PLR2004 - binary steps
            break
        value /= 1024
    return f"{number(value, 0 if unit == 'B' else 1)} {unit}"


FILTERS = {
    "duration": duration,
    "bp": bp,
    "points": points,
    "number": number,
    "when": when,
    "day": day,
    "size": size,
}
