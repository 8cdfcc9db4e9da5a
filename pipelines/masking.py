"""Words with what is hidden in them replaced: one helper for stages, pages and exports.

Masks are what ``turn.masks`` holds: ``[first_word, last_word, kind, start_ms, end_ms]``, both word
numbers included, counted from 0 within the turn.
"""

from collections.abc import Iterable, Sequence
from typing import Any

HIDDEN = "•••"
"""Stands for hidden words: the same for all, so that not even their number or length is told."""


def masked_words(
    words: Sequence[Sequence[Any]], masks: Iterable[Sequence[Any]] | None
) -> list[list[Any]]:
    """Return a turn's words ``[word, start_ms, end_ms, probability]`` with masked text replaced.

    There are as many words as before, at the same places: the first word of a mask becomes
    ``HIDDEN`` (with the blank before it, and the times of the whole mask), the rest of it is empty.
    A turn that has not been looked through (``masks`` is null) gives no words at all.
    """
    if masks is None:
        return []
    result = [list(word) for word in words]
    shown_until = -1
    for first, last, *_rest in sorted(masks, key=lambda mask: (mask[0], mask[1])):
        inside = range(max(first, shown_until + 1), min(last, len(result) - 1) + 1)
        for place in inside:
            result[place][0] = ""
        if inside and inside[0] == first:
            text = str(words[first][0])
            blank = text[: len(text) - len(text.lstrip())]
            result[first] = [blank + HIDDEN, words[first][1], words[inside[-1]][2], 1.0]
        shown_until = max(shown_until, last)
    return result


def meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether two spans share a moment; one without length, as of a word, has one too."""
    return one[0] < max(other[1], other[0] + 1) and other[0] < max(one[1], one[0] + 1)


def masked_text(words: Sequence[Sequence[Any]], masks: Iterable[Sequence[Any]]) -> str:
    """Return a turn's text without what is masked."""
    return "".join(word[0] for word in masked_words(words, masks)).strip()
