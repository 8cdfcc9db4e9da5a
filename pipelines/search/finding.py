"""The newest turns that fit, in time that does not grow with how often a word is said.

SQLite's FTS5 gives rows in the order of their ids, so that asking for the newest reads no more than
these. PostgreSQL's GIN index gives all that fit before any can be put in order: quick for rare
words, slow for common ones. A common word, though, stands in the newest turns: those are looked
through first, and the index is asked only when few of them fit.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from pipelines.search.rules import places, query, words
from pipelines.search.rules.query import Wanted

MOST = 1_000
"""Hits that are looked at for one page; more are "more than 1,000"."""
_WALK = 4_000
_FURTHEST_WALK = 40_000
_SORTED = 4_000
_FEW = 4


@dataclass(frozen=True)
class Range:
    """Ids from ``low`` up to, but without, ``high``."""

    low: int = 0
    high: int = 2**63 - 1


@dataclass(frozen=True)
class Found:
    """Ids of turns that fit, newest first; ``all_of_them`` when no further ones fit."""

    ids: tuple[int, ...]
    all_of_them: bool


def newest(session: Session, wanted: Wanted, within: Range, *, calls: int) -> Found:
    """Return the newest turns that fit: those of ``calls`` calls at least, or all there are.

    At most ``MOST`` ids. Fewer calls come back where so many turns of them fit, and where little
    fits in a long time; ask again for what is older than the last.
    """
    if not wanted.query.terms or within.low >= within.high:
        return Found((), all_of_them=True)
    if session.get_bind().dialect.name == "sqlite":
        return _from_sqlite(session, wanted, within)
    return _Postgresql(session, wanted, calls).newest(within)


_SQLITE = text(
    "SELECT rowid FROM search_index WHERE search_index MATCH :match "
    "AND rowid >= :low AND rowid < :high ORDER BY rowid DESC LIMIT :most"
)


def _from_sqlite(session: Session, wanted: Wanted, within: Range) -> Found:
    rows = session.scalars(
        _SQLITE,
        {
            "match": query.sqlite_match(wanted),
            "low": within.low,
            "high": within.high,
            "most": MOST + 1,
        },
    ).all()
    return _found(rows)


def _found(rows: Sequence[int]) -> Found:
    return Found(tuple(rows[:MOST]), all_of_them=len(rows) <= MOST)


_WALKED = text(
    "SELECT count(*), min(id), array_agg(id ORDER BY id DESC) "
    "FILTER (WHERE document @@ CAST(:match AS tsquery)) "
    "FROM (SELECT id, document FROM search_turn WHERE id >= :low AND id < :high "
    "ORDER BY id DESC LIMIT :most) AS newest"
)
# "+ 0" keeps the planner from reading the index of ids too, which a wide range makes slow.
_INDEXED = text(
    "SELECT id FROM search_turn WHERE document @@ CAST(:match AS tsquery) "
    "AND id + 0 >= :low AND id + 0 < :high LIMIT :most"
)
_OLDEST = text("SELECT min(id) FROM search_turn")


class _Postgresql:
    """One search on PostgreSQL, from the newest turns back."""

    def __init__(self, session: Session, wanted: Wanted, calls: int) -> None:
        self._session, self._wanted, self._calls = session, wanted, calls
        self._ids: list[int] = []

    def newest(self, within: Range) -> Found:
        rest = self._walk(within)
        if rest is not None and not self._enough():
            rest = self._look_up(rest)
        every = rest is None and len(self._ids) <= MOST
        return Found(tuple(self._ids[:MOST]), all_of_them=every)

    def newest_of(self, blocks: Sequence[int]) -> Found:
        rare = self._by_index(self._wanted, Range())
        if rare is not None:
            allowed = set(blocks)
            return _found([row_id for row_id in rare if places.block_at(row_id) in allowed])
        match = query.postgresql_match(self._wanted)
        for begin in range(0, len(blocks), _BLOCKS_AT_ONCE):
            some = list(blocks[begin : begin + _BLOCKS_AT_ONCE])
            given = {"match": match, "blocks": some, "most": MOST + 1}
            self._ids += self._session.scalars(_POSTGRESQL_OF, given)
            if self._enough() and begin + _BLOCKS_AT_ONCE < len(blocks):
                return Found(tuple(self._ids[:MOST]), all_of_them=False)
        return _found(self._ids)

    def _enough(self) -> bool:
        return len(self._ids) > MOST or _calls_of(self._ids) >= self._calls

    def _walk(self, within: Range, *, furthest: int | None = _FURTHEST_WALK) -> Range | None:
        """Look through the newest turns while that promises to fill the page.

        Returns what has not been looked at, null when that is nothing. ``furthest`` null goes on
        until the page is full.
        """
        match = query.postgresql_match(self._wanted)
        walked, length, before = 0, _WALK, _calls_of(self._ids)
        while True:
            rows, low, hits = self._session.execute(
                _WALKED, {"match": match, "low": within.low, "high": within.high, "most": length}
            ).one()
            self._ids += hits or ()
            walked += rows
            if rows < length:
                return None
            within = Range(within.low, low)
            if self._enough():
                return within
            found = _calls_of(self._ids) - before
            # As often as so far: how far back would the page reach?
            length = min(walked * (self._calls - found) * 3 // (2 * max(found, 1)), _FURTHEST_WALK)
            if furthest is not None and (found < _FEW or walked + length > furthest):
                return within

    def _look_up(self, within: Range) -> Range | None:
        """Ask the index; returns what has not been looked at, null when that is nothing."""
        older = self._by_index(self._wanted, within)
        if older is not None:
            self._ids += older
            return None
        # Common, yet not of late: month by month, since the index knows the empty ones at once.
        oldest = self._session.scalar(_OLDEST) or 0
        for tag, month in _months_back(Range(max(within.low, oldest), within.high)):
            here = self._by_index(self._wanted.also(tag), month)
            left = None
            if here is None:
                left = self._walk(month, furthest=None)
            else:
                self._ids += here
            if self._enough():
                return Range(within.low, month.low if left is None else left.high)
        return None

    def _by_index(self, wanted: Wanted, within: Range) -> list[int] | None:
        """Return all that fit in order, or null when they are too many to be put in order."""
        # The planner takes a LIMIT for a reason to read the table from one of its ends.
        self._plan("off")
        rows = self._session.scalars(
            _INDEXED,
            {
                "match": query.postgresql_match(wanted),
                "low": within.low,
                "high": within.high,
                "most": _SORTED + 1,
            },
        ).all()
        self._plan("on")
        return None if len(rows) > _SORTED else sorted(rows, reverse=True)

    def _plan(self, value: str) -> None:
        for scan in ("enable_seqscan", "enable_indexscan"):
            self._session.execute(text(f"SET LOCAL {scan} = {value}"))


_SQLITE_OF = text(
    "SELECT rowid FROM search_index WHERE search_index MATCH :match "
    "AND rowid >> 15 IN (SELECT value FROM json_each(:blocks)) ORDER BY rowid DESC LIMIT :most"
)
_POSTGRESQL_OF = text(
    "SELECT id FROM unnest(CAST(:blocks AS bigint[])) AS block "
    "JOIN search_turn ON id >= block << 15 AND id < (block + 1) << 15 "
    "WHERE document @@ CAST(:match AS tsquery) ORDER BY id DESC LIMIT :most"
)
_BLOCKS_AT_ONCE = 250


def newest_of(session: Session, wanted: Wanted, blocks: Sequence[int], *, calls: int) -> Found:
    """Return the same as ``newest`` from certain calls only, whose ``blocks`` come newest first."""
    if not wanted.query.terms or not blocks:
        return Found((), all_of_them=True)
    if session.get_bind().dialect.name == "sqlite":
        given = {
            "match": query.sqlite_match(wanted),
            "blocks": json.dumps(list(blocks)),
            "most": MOST + 1,
        }
        return _found(session.scalars(_SQLITE_OF, given).all())
    return _Postgresql(session, wanted, calls).newest_of(blocks)


def _calls_of(ids: Sequence[int]) -> int:
    return len({places.block_at(row_id) for row_id in ids})


def _months_back(within: Range) -> Iterator[tuple[str, Range]]:
    """Yield tag and ids of each month that has any of these ids, newest first."""
    first = places.begin_of(within.low).replace(day=1, hour=0, minute=0, second=0)
    month = places.begin_of(within.high).replace(day=1, hour=0, minute=0, second=0)
    while month >= first:
        following = (month + timedelta(days=31)).replace(day=1)
        low, high = places.first_id(month), places.first_id(following)
        yield words.month_tag(month), Range(max(low, within.low), min(high, within.high))
        month = (month - timedelta(days=1)).replace(day=1)
