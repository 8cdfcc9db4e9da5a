"""What practice compares and counts, what suggests itself, moments and tags: values only."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.vocab_learning import QuizState
from pipelines.outcomes import AnswerState, CriterionScore, Score

MOST_TAGS = 12
LONGEST_TAG = 40
_MOMENT = re.compile(r"(?:(\d{1,2}):)?(?:(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?")
_CLOSED = frozenset({AnswerState.CLOSED, AnswerState.MISSING})


def read_moment(text: str) -> int | None:
    """Read a moment such as ``1:02``, ``62.5`` or ``1:00:02`` as milliseconds, else null."""
    found = _MOMENT.fullmatch(text.strip().replace("：", ":"))
    if found is None:
        return None
    first, second, seconds, rest = found.groups()
    hours, minutes = (first, second) if second is not None else (None, first)
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds)
    return whole * 1000 + int((rest or "0").ljust(3, "0"))


def write_moment(milliseconds: int | None) -> str:
    """Write milliseconds as ``m:ss.t``, so that reading it again gives the same tenth."""
    if milliseconds is None:
        return ""
    tenths = round(milliseconds / 100)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02}.{rest % 10}"


def tags_of(text: str) -> tuple[str, ...]:
    """Return the tags of a text, parted by commas or semicolons: each once, in small letters."""
    pieces = (" ".join(piece.split()).lower() for piece in re.split(r"[,;，、；\n]", text))
    found = dict.fromkeys(piece[:LONGEST_TAG].strip() for piece in pieces if piece)
    return tuple(found)[:MOST_TAGS]


def is_fit(span: tuple[int, int], duration_ms: int) -> bool:
    """Tell whether a part begins before it ends, inside the recording."""
    return 0 <= span[0] < span[1] and span[0] < duration_ms


def can_be_taken(state: QuizState, due_at: datetime, now: datetime) -> bool:
    """Tell whether people may score the exemplars of a quiz, and so are blind to them."""
    return state is QuizState.OPEN and now < due_at


@dataclass(frozen=True)
class Compared:
    """A person's points on a criterion beside the reference's, in hundredths.

    ``own`` or ``reference`` is null where it was said not to apply, or was not asked.
    """

    lineage: str
    own: int | None
    reference: int | None
    most: int

    @property
    def agrees(self) -> bool:
        """Whether both gave the same points, or both said that it does not apply."""
        return self.own == self.reference

    @property
    def gap(self) -> int:
        """How many more points the person gave, in hundredths; 0 where one gave none at all."""
        return 0 if self.own is None or self.reference is None else self.own - self.reference


def compare(own: Score, reference: Score) -> tuple[Compared, ...]:
    """Put two scores of one version side by side, where there are points to earn.

    A criterion that neither was asked is left out.
    """
    theirs = {part.lineage: part for part in reference.criteria}
    return tuple(
        Compared(part.lineage, _points(part), _points(theirs[part.lineage]), part.maximum)
        for part in own.criteria
        if part.maximum > 0
        and part.lineage in theirs
        and not (part.state in _CLOSED and theirs[part.lineage].state in _CLOSED)
    )


def _points(part: CriterionScore) -> int | None:
    return part.earned if part.state is AnswerState.ANSWERED else None


def to_json(rows: Iterable[Compared]) -> dict[str, Any]:
    """Write a comparison as an attempt keeps it."""
    return {row.lineage: [row.own, row.reference, row.most] for row in rows}


def from_json(kept: Mapping[str, Sequence[Any]]) -> tuple[Compared, ...]:
    """Read a comparison that an attempt kept."""
    return tuple(Compared(lineage, *values) for lineage, values in kept.items())


@dataclass(frozen=True)
class Tally:
    """How often a criterion was scored in practice, and how that lay to the reference."""

    lineage: str
    times: int
    agreed: int
    above: int
    below: int


def tally(comparisons: Iterable[Iterable[Compared]]) -> tuple[Tally, ...]:
    """Count agreement per criterion, in the order in which criteria first come."""
    times: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    above: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for rows in comparisons:
        for row in rows:
            times[row.lineage] += 1
            agreed[row.lineage] += row.agrees
            above[row.lineage] += row.gap > 0
            below[row.lineage] += row.gap < 0
    return tuple(
        Tally(name, count, agreed[name], above[name], below[name]) for name, count in times.items()
    )


@dataclass(frozen=True)
class Candidate:
    """An answer with all its points and a marked moment, which could become an exemplar.

    ``rate`` is the whole review's earned / attainable.
    """

    answer_id: int
    criterion: str
    agent_id: int | None
    rate: float
    spans: int
    submitted_at: datetime


def suggest(candidates: Iterable[Candidate], *, per_criterion: int) -> dict[str, list[Candidate]]:
    """Choose the best of each criterion, of different agents, best reviews first.

    Between equal ones the better documented, then the newer one comes first.
    """
    found: dict[str, list[Candidate]] = {}
    ranked = sorted(
        candidates,
        key=lambda one: (one.rate, one.spans, one.submitted_at, one.answer_id),
        reverse=True,
    )
    for one in ranked:
        chosen = found.setdefault(one.criterion, [])
        other = one.agent_id is None or all(one.agent_id != each.agent_id for each in chosen)
        if other and len(chosen) < per_criterion:
            chosen.append(one)
    return dict(sorted(found.items()))


def moved(order: Sequence[Any], wanted: Sequence[Any]) -> list[Any] | None:
    """Return the wanted order of the same things, or null when they are not the same."""
    same = len(order) == len(wanted) and set(order) == set(wanted)
    return list(wanted) if same else None
