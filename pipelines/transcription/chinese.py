"""Chinese characters in one form: the recogniser mixes traditional and simplified ones."""

from functools import cache
from typing import Any


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplified(text: str) -> str:
    """Return ``text`` in simplified characters; other writing is left as it is."""
    converted: str = _converter().convert(text)
    return converted
