"""Figures about disputes: counts by criterion, reason and reviewer, and how long deciding takes."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from models.vocab_learning import DisputeReason, DisputeResult
from pipelines.measures.rules.indicators import GROUP_OF_PEOPLE

LEAST = 5
"""A reviewer is named from so many decided criteria on; fewer say nothing about anybody."""


@dataclass(frozen=True)
class ItemFacts:
    """One disputed criterion, as figures need it; ``reviewer`` null where they stay unnamed."""

    dispute: int
    criterion: str
    text: Mapping[str, str]
    reason: DisputeReason
    reviewer: str | None
    result: DisputeResult
    raised_at: dt.datetime
    decided_at: dt.datetime | None
    due_at: dt.datetime


@dataclass(frozen=True)
class Row:
    """Disputed criteria of one kind; ``changed`` were upheld, wholly or in part, of ``decided``."""

    name: str
    text: Mapping[str, str]
    disputed: int
    decided: int
    upheld: int
    partly: int

    @property
    def changed(self) -> int:
        """How many decisions changed the answer."""
        return self.upheld + self.partly


@dataclass(frozen=True)
class Figures:
    """Half a year of disputes. ``few_reviewers`` have under five decided criteria, unnamed.

    ``enough`` is false where fewer than five people were reviewed: how their disputes ended is
    left out then, and only what waits is told. ``hidden``: some are about people of whom the site
    shows the reader no figures.
    """

    reviews: int
    enough: bool
    disputes: int
    waiting: int
    late: int
    total: Row
    days: float | None
    in_time: int
    decided: int
    criteria: tuple[Row, ...]
    reasons: tuple[Row, ...]
    reviewers: tuple[Row, ...]
    few_reviewers: int
    hidden: bool


def figures_of(
    items: Sequence[ItemFacts], *, reviews: int, people: int, now: dt.datetime
) -> Figures:
    """Sum disputed criteria up; ``reviews`` of ``people`` were submitted in the same time."""
    one_each = {item.dispute: item for item in items}.values()
    decided = [item for item in one_each if item.decided_at is not None]
    took = [
        (item.decided_at - item.raised_at).total_seconds() / 86_400
        for item in decided
        if item.decided_at is not None
    ]
    enough = people >= GROUP_OF_PEOPLE
    told = items if enough else ()
    named = [item for item in told if item.reviewer is not None]
    by_reviewer = _rows(named, lambda item: item.reviewer or "")
    return Figures(
        reviews=reviews,
        enough=enough,
        disputes=len(one_each),
        waiting=len(one_each) - len(decided),
        late=sum(item.decided_at is None and item.due_at < now for item in one_each),
        total=_row("", told),
        days=median(took) if took else None,
        in_time=sum(
            item.decided_at <= item.due_at for item in decided if item.decided_at is not None
        ),
        decided=len(decided),
        criteria=_rows(told, lambda item: item.criterion),
        reasons=_rows(told, lambda item: item.reason.value),
        reviewers=tuple(row for row in by_reviewer if row.decided >= LEAST),
        few_reviewers=sum(row.decided < LEAST for row in by_reviewer),
        hidden=any(item.reviewer is None for item in items),
    )


def _rows(items: Sequence[ItemFacts], key: Callable[[ItemFacts], str]) -> tuple[Row, ...]:
    groups: dict[str, list[ItemFacts]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    rows = [_row(name, group) for name, group in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row.disputed, row.name)))


def _row(name: str, items: Sequence[ItemFacts]) -> Row:
    results = Counter(item.result for item in items)
    return Row(
        name=name,
        text=items[0].text if items else {},
        disputed=len(items),
        decided=len(items) - results[DisputeResult.OPEN],
        upheld=results[DisputeResult.UPHELD],
        partly=results[DisputeResult.PARTLY],
    )


COLUMNS = ("group", "name", "disputed", "decided", "upheld", "partly_upheld")


def file_rows(figures: Figures) -> list[tuple[str, str, int, int, int, int]]:
    """Return the tables of the page as rows of a file."""
    if not figures.enough:
        return []
    return [
        (group, row.name, row.disputed, row.decided, row.upheld, row.partly)
        for group, rows in (
            ("all", (figures.total,)),
            ("criterion", figures.criteria),
            ("reason", figures.reasons),
            ("reviewer", figures.reviewers),
        )
        for row in rows
    ]
