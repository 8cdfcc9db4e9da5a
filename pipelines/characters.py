"""Chinese characters converted: one helper for stages; a table is loaded once, when used."""

from functools import cache
from typing import Any

SIMPLIFYING = "t2s"
TRADITIONAL = "s2t"


def converted(text: str, table: str = SIMPLIFYING) -> str:
    """Return ``text`` with its Chinese characters as the table has them; other writing stays."""
    result: str = _converter(table).convert(text)
    return result


@cache
def _converter(table: str) -> Any:
    import opencc

    return opencc.OpenCC(table)
