"""What is noticed about a recording itself: pure, from its sides, its turns and its speech."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models.vocab import Party
from pipelines.transcription.rules import SpokenTurn

ONE_SIDED_MS = 5_000
"""One side must have spoken this long before the other's silence means anything."""

ONE_SIDED = 0.01
"""The other side's share of the speech below which only one side was recorded."""

LEAKED = 0.05
"""Share of a side's sound that is the other's voice from which it is mentioned."""

FIRST_TURNS = 4
"""An agent introduces the company within the first turns of a side, or does not do it at all."""

_AGENT_OPENS = re.compile(
    r"thank(s| you) for (calling|holding|your call)|how (may|can) i (help|assist)"
    r"|call (is|may be|will be) (being )?recorded|(感谢|谢谢)您?的?(来电|致电)|欢迎致电"
    r"|为[您你]服务|工号|(可以|能)帮到?[您你]|请讲.*工号",
    re.IGNORECASE,
)
"""What nobody but an agent says when a call begins."""


class Code(StrEnum):
    """Something noticed about a recording."""

    DUAL_MONO = "dual_mono"
    ONE_SIDED = "one_sided"
    CLIPPED = "clipped"
    SWAPPED = "swapped"
    BLEED = "bleed"
    VOICES_TOLD_APART = "voices_told_apart"
    VOICES_TOGETHER = "voices_together"


@dataclass(frozen=True)
class Finding:
    """One thing noticed; ``params`` hold a party's code or a share in percent for its sentence."""

    code: Code
    params: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> list[Any]:
        """Return ``[code, params]`` as it is kept with the transcript."""
        return [self.code.value, self.params]


def one_sided(speech_ms: Mapping[Party, int]) -> Finding | None:
    """Tell whether only one of the two parties was recorded; times of speech by party."""
    sides = (Party.AGENT, Party.CUSTOMER)
    if any(side not in speech_ms for side in sides):
        return None
    silent = min(sides, key=lambda side: speech_ms[side])
    total = sum(speech_ms[side] for side in sides)
    if total < ONE_SIDED_MS or speech_ms[silent] > ONE_SIDED * total:
        return None
    return Finding(Code.ONE_SIDED, {"party": silent.value})


def clipped(parties: Sequence[Party], cut_off: Sequence[bool]) -> list[Finding]:
    """Return the channels whose loud passages are cut off."""
    return [
        Finding(Code.CLIPPED, {"party": party.value})
        for party, cut in zip(parties, cut_off, strict=True)
        if cut
    ]


def bleed(parties: Sequence[Party], leaked_ms: Sequence[int], audio_ms: int) -> list[Finding]:
    """Return the sides on which the other one is heard through for a good part of the call."""
    return [
        Finding(Code.BLEED, {"party": party.value, "pct": round(100 * leaked / audio_ms)})
        for party, leaked in zip(parties, leaked_ms, strict=True)
        if audio_ms and leaked >= LEAKED * audio_ms
    ]


def swapped(turns: Sequence[SpokenTurn]) -> Finding | None:
    """Tell whether the customer's side speaks as only an agent does, and the agent's does not."""

    def opens(party: Party) -> bool:
        own = [turn.text for turn in turns if turn.party is party][:FIRST_TURNS]
        return any(_AGENT_OPENS.search(text) for text in own)

    if opens(Party.CUSTOMER) and not opens(Party.AGENT):
        return Finding(Code.SWAPPED)
    return None
