"""What every stage may return or raise: the domain error, and results shared by several stages."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any


class DomainError(Exception):
    """Something a person asked for cannot be done, as a code with parameters and no user text.

    The web and the command line translate the code; ``params`` hold plain values for the sentence.
    """

    def __init__(self, code: str, **params: Any) -> None:
        """Keep ``code`` (snake case, one per cause) and the values its sentence needs."""
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        """Say the code and its parameters, for logs."""
        given = ", ".join(f"{name}={value!r}" for name, value in sorted(self.params.items()))
        return f"{self.code}({given})"


class AnswerState(StrEnum):
    """What a criterion's answer counts as. ``closed``: its condition is not met."""

    ANSWERED = "answered"
    NOT_APPLICABLE = "not_applicable"
    CLOSED = "closed"
    MISSING = "missing"


@dataclass(frozen=True)
class CriterionScore:
    """What one criterion earned of what it could, in hundredths of a point.

    ``maximum`` is the most it can earn; ``attainable`` is what it adds to the attainable total:
    0 for a bonus, for *not applicable* and where its condition is closed.
    """

    criterion_id: int
    lineage: str
    state: AnswerState
    earned: int
    attainable: int
    maximum: int


@dataclass(frozen=True)
class Score:
    """What the rules made of a sheet; points are integers in hundredths.

    ``earned`` includes the ``bonus``, ``attainable`` does not. ``percent`` is exact and may exceed
    100; it and both bands are None where nothing is attainable. ``missing`` names required
    criteria without a usable answer: until it is empty the score is a running total.
    ``failed_critical`` names critical criteria that were answered and not met.
    """

    earned: int
    attainable: int
    bonus: int
    criteria: tuple[CriterionScore, ...]
    missing: tuple[str, ...]
    failed_critical: tuple[str, ...]
    percent: Fraction | None
    excellent: bool | None
    passed: bool | None


Sheet = dict[str, dict[str, Any]]
"""Criterion lineage to ``{"answer": …, "comment": str, "reason": str | None, "evidence": [span]}``,
a span being ``{"start_ms", "end_ms", "words"}``. Encodings of answers: ``scoring.rules``.
"""


@dataclass(frozen=True)
class AudioFacts:
    """What a recording's file says about itself: codec name, channels, Hz, length in ms."""

    codec: str
    channels: int
    sample_rate: int
    duration_ms: int
