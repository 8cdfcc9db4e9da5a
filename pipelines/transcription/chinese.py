"""Chinese characters in one form: the recogniser mixes traditional and simplified ones."""

from enum import StrEnum
from functools import cache
from typing import Any

CODES = frozenset({"zh", "yue"})
"""The recogniser's codes of languages that are written with these characters and converted."""


class Writing(StrEnum):
    """How what is heard in Chinese is written down. Other languages are left as they are."""

    SIMPLIFIED = "simplified"
    TRADITIONAL = "traditional"
    AS_HEARD = "as_heard"


_TABLES = {Writing.SIMPLIFIED: "t2s", Writing.TRADITIONAL: "s2t"}


@cache
def _converter(table: str) -> Any:
    import opencc

    return opencc.OpenCC(table)


def written(text: str, writing: Writing) -> str:
    """Return Chinese text in the characters asked for; other writing in it stays."""
    table = _TABLES.get(writing)
    if table is None:
        return text
    converted: str = _converter(table).convert(text)
    return converted


def simplified(text: str) -> str:
    """Return ``text`` in simplified characters; other writing is left as it is."""
    return written(text, Writing.SIMPLIFIED)
