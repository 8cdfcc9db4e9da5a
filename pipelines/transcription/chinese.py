"""Chinese characters in one form: the recogniser mixes traditional and simplified ones."""

from enum import StrEnum

from pipelines.characters import SIMPLIFYING, TRADITIONAL, converted

CODES = frozenset({"zh", "yue"})
"""The recogniser's codes of languages that are written with these characters and converted."""


class Writing(StrEnum):
    """How what is heard in Chinese is written down. Other languages are left as they are."""

    SIMPLIFIED = "simplified"
    TRADITIONAL = "traditional"
    AS_HEARD = "as_heard"


_TABLES = {Writing.SIMPLIFIED: SIMPLIFYING, Writing.TRADITIONAL: TRADITIONAL}


def written(text: str, writing: Writing) -> str:
    """Return Chinese text in the characters asked for; other writing in it stays."""
    table = _TABLES.get(writing)
    return text if table is None else converted(text, table)


def simplified(text: str) -> str:
    """Return ``text`` in simplified characters; other writing is left as it is."""
    return written(text, Writing.SIMPLIFIED)
