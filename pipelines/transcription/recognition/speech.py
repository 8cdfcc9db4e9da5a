"""Where somebody speaks on a channel, and how clear the speech stands out."""

import threading
from collections.abc import Sequence

import numpy as np

from pipelines.transcription.recognition.pieces import Span
from pipelines.transcription.sound.media import RATE, Samples
from pipelines.transcription.sound.sounds import MARGIN_MS

SILENT = 10 ** (-60 / 20)
"""A stretch that never rises over -60 dBFS has no speech in it, and needs no search for any."""

SILENCE_MS = 500
"""A pause of one speaker that parts two stretches of speech."""

CLEAN_DB = 20
"""From here on speech stands clear of what lies between, and its sound is clean."""

GAP, QUIETEST = RATE // 40, 0.1
"""Frames of 25 ms fit between words; so many of them hold none in any speech."""

# The search for speech holds 180 MB for five minutes of a channel: one at a time is enough.
_SEARCHING = threading.Lock()


def spans(channel: Samples, longest_s: float) -> list[Span]:
    """Return where somebody speaks, as sample positions; music and silence are left out.

    Speech that never pauses is parted at its shortest silences, as long as there are any, at
    ``longest_s`` at the latest.
    """
    if float(np.abs(channel).max(initial=0.0)) < SILENT:
        return []
    from faster_whisper.vad import get_speech_timestamps

    with _SEARCHING:
        found = get_speech_timestamps(
            channel,
            min_silence_duration_ms=SILENCE_MS,
            max_speech_duration_s=longest_s,
            speech_pad_ms=MARGIN_MS,
        )
    return [(chunk["start"], chunk["end"]) for chunk in found]


def is_clean(channel: Samples, chunks: Sequence[Span]) -> bool:
    """Tell whether speech stands clear of what lies between.

    Where nobody pauses for a second, the gaps between words must do: the quietest tenth of short
    frames.
    """
    if not chunks:
        return False
    between = np.ones(len(channel), dtype=bool)
    for start, end in chunks:
        between[start:end] = False
    voice = float(np.square(channel[~between]).mean())
    if between.sum() >= RATE:
        rest = float(np.square(channel[between]).mean())
    else:
        frames = channel[: len(channel) // GAP * GAP].reshape(-1, GAP)
        rest = float(np.quantile(np.square(frames).mean(axis=1), QUIETEST)) if len(frames) else 0.0
    return voice > rest * 10 ** (CLEAN_DB / 10)
