"""Whether a transcript may be shown as what was said: measured per call, decided by threshold.

The thresholds come from the sample calls with line noise added, whose words are known; the figures
stand in docs/transcription.md, and ``tests/benchmarks/bench_honesty.py`` measures them again.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from pipelines.transcription.rules import UNSURE, SpokenTurn

Span = tuple[int, int]

LEAST_SPEECH_MS = 8_000
"""With less speech than this a call is judged by nothing: a handful of words says little."""

BELIEVED = 0.7
"""Mean probability of the words, weighted by their time, below which a call is not relied on."""

WORDLESS = 0.4
"""Share of the speech without any word in it, above which too little was made out."""

LOOPED = 0.25
"""Share of the words that only repeat what was said just before, above which it went in circles."""

LANGUAGE_SURE = 0.4
"""Below this probability of the language even well-believed words may be in the wrong one."""

_LOOP = re.compile(r"(.{2,60}?)\1{3,}", re.DOTALL)
"""The same few letters four times in a row, or more."""


class Cause(StrEnum):
    """Why a transcript is not to be relied on."""

    UNSURE = "unsure"
    WORDLESS = "wordless"
    LOOPS = "loops"
    LANGUAGE = "language"


@dataclass(frozen=True)
class Doubt:
    """That a transcript is not to be relied on: the cause, and the figures for its sentence."""

    cause: Cause
    params: dict[str, Any]


@dataclass(frozen=True)
class Trust:
    """What can be measured of a transcript without knowing what was said.

    ``believed`` is the words' mean probability weighted by their time, ``unsure`` the share of
    word time under ``rules.UNSURE``, ``wordless`` the share of speech without words, ``looped``
    the share of letters that repeat what stands before them; all 0 to 1. ``language`` is the
    probability of the call's language; null where it was given or nobody spoke.
    """

    speech_ms: int
    words: int
    believed: float
    unsure: float
    wordless: float
    looped: float
    language: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the figures, rounded, to be kept with the transcript."""
        return {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def measure(
    turns: Sequence[SpokenTurn], speech: Sequence[Sequence[Span]], language: float | None
) -> Trust:
    """Measure a call's turns against where somebody speaks, in ms, per channel."""
    words = [word for turn in turns for word in turn.words]
    # A word whose time the alignment lost still counts a little.
    times = [max(word.end_ms - word.start_ms, 50) for word in words]
    total = sum(times)
    believed = sum(time * word.probability for time, word in zip(times, words, strict=True)) / max(
        total, 1
    )
    unsure = sum(
        time for time, word in zip(times, words, strict=True) if word.probability < UNSURE
    ) / max(total, 1)
    speech_ms = sum(end - start for spans in speech for start, end in spans)
    covered = sum(turn.end_ms - turn.start_ms for turn in turns)
    return Trust(
        speech_ms=speech_ms,
        words=len(words),
        believed=believed,
        unsure=unsure,
        wordless=max(0.0, 1 - covered / speech_ms) if speech_ms else 0.0,
        looped=_looped(turn.text for turn in turns),
        language=language,
    )


def _looped(texts: Any) -> float:
    letters = repeated = 0
    for text in texts:
        plain = "".join(character for character in text.casefold() if character.isalnum())
        letters += len(plain)
        # Digits repeat by nature: 400 000 is a sum, not a loop.
        repeated += sum(
            len(match[0]) - len(match[1])
            for match in _LOOP.finditer(plain)
            if not match[1].isdigit()
        )
    return repeated / letters if letters else 0.0


def doubt(trust: Trust) -> Doubt | None:
    """Return why a call's transcript is not to be relied on, or nothing when it may be shown."""
    if trust.speech_ms < LEAST_SPEECH_MS:
        return None
    if trust.looped > LOOPED:
        return Doubt(Cause.LOOPS, {"pct": round(100 * trust.looped)})
    if trust.wordless > WORDLESS:
        return Doubt(Cause.WORDLESS, {"pct": round(100 * trust.wordless)})
    if trust.believed < BELIEVED:
        return Doubt(Cause.UNSURE, {"pct": round(100 * trust.believed)})
    if trust.language is not None and trust.language < LANGUAGE_SURE:
        return Doubt(Cause.LANGUAGE, {"pct": round(100 * trust.language)})
    return None
