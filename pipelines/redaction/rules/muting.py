"""Which moments of a recording are muted, and the muting of samples."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

MARGIN_MS = 250
"""Muted before and after: the recogniser's times of words are right to about so much."""

BRIDGE_MS = 2_000
"""Less between two masked parts of one party is muted too: a digit there may not have been made
out at all.
"""

FADE_MS = 10
"""Sound fades out before a muted moment and in after it, so that nothing clicks."""


def muted_spans(masks: Iterable[tuple[str, int, int]]) -> list[tuple[int, int]]:
    """Return the moments to mute, in ms, in order and apart; ``masks`` are (party, start, end)."""
    parts: dict[str, list[tuple[int, int]]] = {}
    for party, start, end in sorted(masks):
        parts.setdefault(party, []).append((start, end))
    spans = [
        (max(0, start - MARGIN_MS), end + MARGIN_MS)
        for said in parts.values()
        for start, end in _bridged(said, BRIDGE_MS)
    ]
    return _bridged(sorted(spans), 0)


def _bridged(spans: Sequence[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for start, end in spans:
        if result and start - result[-1][1] <= gap:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def mute(samples: Samples, first: int, rate: int, spans: Iterable[tuple[int, int]]) -> Samples:
    """Return samples [channels, n], of which ``first`` is the number of the first, with silence.

    All channels are muted: a telephone line lets one side be heard on the other, and that this
    does not happen here cannot be known for sure.
    """
    length = samples.shape[1]
    gain = np.ones(length, dtype=np.float32)
    fade = rate * FADE_MS // 1_000
    for start_ms, end_ms in spans:
        start, end = start_ms * rate // 1_000 - first, -(-end_ms * rate // 1_000) - first
        if end + fade <= 0 or start - fade >= length:
            continue
        places = np.arange(max(0, start - fade), min(length, end + fade))
        # 0 inside, rising to 1 over the fade on either side.
        away = np.maximum(np.maximum(start - places, places - (end - 1)), 0) / max(1, fade)
        gain[places] = np.minimum(gain[places], np.minimum(away, 1))
    result: Samples = samples * gain
    return result


def flat_picture(
    channels: Sequence[Sequence[int]], rate: float, spans: Iterable[tuple[int, int]]
) -> list[list[int]]:
    """Return the levels of a sound's picture, ``rate`` points a second, flat where it is muted."""
    result = [list(levels) for levels in channels]
    for start_ms, end_ms in spans:
        first, last = int(start_ms * rate / 1_000), int(end_ms * rate / 1_000)
        for levels in result:
            for place in range(first, min(last + 1, len(levels))):
                levels[place] = 0
    return result
