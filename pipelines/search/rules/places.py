"""Ids that stand in order of time, and the places of a query's words in a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.search.rules.query import Query, Term
from pipelines.search.rules.words import Word, words

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_FAR = 7_000_000_000
_SECONDS_BITS, _TWIN_BITS, _TURN_BITS = 33, 15, 15
TWINS = 1 << _TWIN_BITS
"""Calls that may begin in one second."""
TURNS = 1 << _TURN_BITS
"""Turns of a call that have room: one a second for nine hours."""


def block_of(started_at: datetime, twin: int) -> int:
    """Return the number of a call's range of ids; later calls have higher ones."""
    seconds = int((started_at - _EPOCH).total_seconds())
    return (min(max(seconds, 0), (1 << _SECONDS_BITS) - 1) << _TWIN_BITS) | (twin % TWINS)


def ids_of(block: int) -> tuple[int, int]:
    """Return the lowest id of a block, and the first that lies behind it."""
    return block << _TURN_BITS, (block + 1) << _TURN_BITS


def id_of(block: int, position: int) -> int:
    """Return the id of a turn by its position from 1: newest call first, then as it was said."""
    return ids_of(block)[1] - position


def block_at(row_id: int) -> int:
    """Return the block that an id lies in."""
    return row_id >> _TURN_BITS


def begin_of(row_id: int) -> datetime:
    """Return the second in which the call of a turn began; a far future one for ids beyond all."""
    seconds = min(block_at(row_id) >> _TWIN_BITS, _FAR)
    return _EPOCH + timedelta(seconds=seconds)


def first_id(at: datetime) -> int:
    """Return the lowest id that a call beginning at this time or later can have."""
    return ids_of(block_of(at, 0))[0]


@dataclass(frozen=True)
class Piece:
    """A part of a text; ``hit`` where it is what was looked for."""

    text: str
    hit: bool


def found_in(text: str, query: Query) -> list[tuple[int, int]]:
    """Return where the query's terms stand in a text, as (start, end), in order, not overlapping.

    A phrase that goes over punctuation is one place.
    """
    said = words(text)
    places = sorted(place for term in query.terms for place in _places(said, term))
    joined: list[tuple[int, int]] = []
    for start, end in places:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _places(said: Sequence[Word], term: Term) -> list[tuple[int, int]]:
    length = len(term.tokens)
    found = []
    for begin in range(len(said) - length + 1):
        here = said[begin : begin + length]
        *before, last = here
        fits = (
            last.text.startswith(term.tokens[-1]) if term.begins else last.text == term.tokens[-1]
        )
        if fits and all(
            word.text == token for word, token in zip(before, term.tokens, strict=False)
        ):
            found.append((here[0].start, here[-1].end))
    return found


def snippet(text: str, query: Query, *, around: int = 160) -> list[Piece]:
    """Return a text in pieces, hits marked; a long one is cut around its first hit, with dots.

    ``around`` is how many characters are shown at most before the first hit, and twice as many
    behind its begin.
    """
    places = found_in(text, query)
    first = places[0][0] if places else 0
    low = 0 if first <= around else _blank_after(text, first - around, first)
    high = min(len(text), first + 2 * around)
    pieces = [Piece("…", hit=False)] if low else []
    at = low
    for start, end in places:
        if start >= high:
            break
        if start > at:
            pieces.append(Piece(text[at:start], hit=False))
        pieces.append(Piece(text[start:end], hit=True))
        at = end
    if at < high:
        pieces.append(Piece(text[at:high], hit=False))
    if max(at, high) < len(text):
        pieces.append(Piece("…", hit=False))
    return pieces


def _blank_after(text: str, low: int, limit: int) -> int:
    """Return the begin of the first word behind ``low``, so that no word is cut in two."""
    blank = text.find(" ", low, limit)
    return low if blank < 0 else blank + 1


def spot(spoken: Sequence[Sequence[Any]], start_ms: int, query: Query) -> int:
    """Return the millisecond at which the first hit of a turn is said; else the turn's begin.

    ``spoken`` are the turn's ``[word, start_ms, …]``, each with the blank that stands before it.
    """
    places = found_in("".join(word[0] for word in spoken), query)
    behind = 0
    for word in spoken if places else ():
        behind += len(word[0])
        if behind > places[0][0]:
            return int(word[1])
    return start_ms
