"""What the channels of a recording are to each other, by their sound alone.

A survey of the whole file tells whether two channels carry one sound, whether one is empty and
whether one is clipped; ``leaks`` finds where a channel holds nothing but the other side's voice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipelines.transcription.sound.media import Samples

PAIR = 2

FRAME_S = 0.5
"""Length of the frames whose spectra are compared; delays far shorter than this do not matter."""

FEWEST_FRAMES = 3
"""A shorter file tells nothing about how alike its channels are."""

ALIKE = 0.8
"""Coherence, weighted by power, from which two channels are one sound: mono saved as stereo.

Two voices with a cross-talk of -6 dB both ways reach .75, one voice through two codecs .85."""

MOST_APART_DB = 12.0
"""Channels further apart in level are a side and its leak, not one sound."""

SILENT_DB = -60.0
"""A channel whose loudest sample stays below carries nothing (relative to full scale)."""

PLATEAU = 0.98
PLATEAU_SAMPLES = 3
LEAST_PEAK = 0.2
CLIPPED = 0.004
"""Clipped: this share of the loud samples lies flat, several in a row, at the channel's ceiling.

Telephone speech has none; speech raised until it is cut off has one to twenty percent."""

FEWEST_FLAT = 50
"""Fewer flat samples are one loud moment, not a side that is distorted."""

LOUD = 0.5
"""Samples over this part of the ceiling are the loud ones."""

LEAK_WINDOW_S, LEAK_STEP_S = 0.4, 0.1
LEAK_LAG_S = 0.15
"""An echo within one call comes no later than this after its source."""

LEAK_DB = 12.0
"""How far below the speaking side a leak lies at least; an equal voice is somebody speaking."""

LEAK_LIKENESS = 0.5
"""Part of the quiet side's power that the loud side explains, from which it is a leak."""

HEARD_DB = -50.0
"""Below this level (RMS, full scale) the louder side itself is no speech."""

_LEAK_RATE = 8_000
_AT_ONCE = 256


@dataclass(frozen=True)
class Sides:
    """What a survey found; a figure per channel where a tuple.

    ``alike`` is the coherence of two channels (0 to 1, null for other counts), ``apart_db`` how
    much louder the first is, ``peaks`` the loudest sample (0 to 1), ``clipped`` the share of loud
    samples that lie flat at the ceiling.
    """

    alike: float | None
    apart_db: float
    peaks: tuple[float, ...]
    clipped: tuple[float, ...]

    @property
    def one_sound(self) -> bool:
        """Tell whether two channels carry the same sound, whatever their level and delay."""
        return self.alike is not None and self.alike >= ALIKE and abs(self.apart_db) < MOST_APART_DB

    @property
    def cut_off(self) -> tuple[bool, ...]:
        """Tell for each channel whether it is clipped."""
        return tuple(share >= CLIPPED for share in self.clipped)

    @property
    def silent(self) -> tuple[bool, ...]:
        """Tell for each channel whether nothing at all is on it."""
        return tuple(peak < 10 ** (SILENT_DB / 20) for peak in self.peaks)


@dataclass
class _Flat:
    """Runs at the ceiling of one channel, counted per block since the ceiling shows at the end."""

    blocks: list[tuple[float, int, int]] = field(default_factory=list)

    def add(self, samples: NDArray[np.float32]) -> None:
        loudness = np.abs(samples)
        peak = float(loudness.max(initial=0.0))
        if peak < LEAST_PEAK:
            return
        ceiling = loudness >= PLATEAU * peak
        edges = np.diff(np.concatenate([[False], ceiling, [False]]).astype(np.int8))
        runs = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
        flat = int(runs[runs >= PLATEAU_SAMPLES].sum())
        self.blocks.append((peak, flat, int((loudness > LOUD * peak).sum())))

    def share(self) -> float:
        """Return the share of loud samples at the ceiling, over blocks that reach it."""
        top = max((peak for peak, _, _ in self.blocks), default=0.0)
        reached = [block for block in self.blocks if block[0] >= PLATEAU * top]
        flat = sum(block[1] for block in reached)
        return flat / sum(block[2] for block in reached) if flat >= FEWEST_FLAT else 0.0


def survey(blocks: Iterable[Samples], rate: int) -> Sides:
    """Return what the channels are to each other; ``blocks`` are [channels, n] at ``rate`` Hz."""
    frame = round(FRAME_S * rate)
    window = np.hanning(frame).astype(np.float32)
    bins = frame // 2 + 1
    powers = np.zeros((PAIR, bins))
    cross = np.zeros(bins, dtype=np.complex128)
    frames = 0
    energies = np.zeros(PAIR)
    peaks: list[float] = []
    flats: list[_Flat] = []
    for block in blocks:
        if not peaks:
            peaks, flats = [0.0] * len(block), [_Flat() for _ in block]
        for channel, samples in enumerate(block):
            peaks[channel] = max(peaks[channel], float(np.abs(samples).max(initial=0.0)))
            flats[channel].add(samples)
        if len(block) != PAIR:
            continue
        energies += np.square(block, dtype=np.float64).sum(axis=1)
        count = block.shape[1] // frame
        if count:
            cut = block[:, : count * frame].reshape(PAIR, count, frame)
            first, second = np.fft.rfft(cut * window, axis=2)
            powers += np.stack(
                [np.square(np.abs(side)).sum(axis=0, dtype=np.float64) for side in (first, second)]
            )
            cross += (first.conj() * second).sum(axis=0)
            frames += count
    alike = None
    apart = 0.0
    if frames >= FEWEST_FRAMES and energies.min() > 0:
        both = powers[0] * powers[1]
        weights = np.sqrt(both)
        coherence = np.square(np.abs(cross)) / np.maximum(both, np.finfo(float).tiny)
        alike = float((coherence * weights).sum() / max(weights.sum(), np.finfo(float).tiny))
        apart = float(10 * np.log10(energies[0] / energies[1]))
    return Sides(
        alike=alike,
        apart_db=apart,
        peaks=tuple(peaks),
        clipped=tuple(flat.share() for flat in flats),
    )


def leaks(samples: Samples, rate: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return for each of two channels the spans (in samples) that are only the other's voice.

    A window is a leak where the other side is much louder and explains most of its power by one
    delayed, weaker copy. Where both speak at once the quiet side's own voice remains unexplained,
    so real overlaps stay.
    """
    if len(samples) != PAIR:
        return ((),) * len(samples)
    step_down = max(1, rate // _LEAK_RATE)
    # Telephone speech ends below 4 kHz: what folds back here is next to nothing.
    slow = samples[:, ::step_down]
    slow_rate = rate / step_down
    width, hop = round(LEAK_WINDOW_S * slow_rate), round(LEAK_STEP_S * slow_rate)
    lag = round(LEAK_LAG_S * slow_rate)
    starts = np.arange(0, slow.shape[1] - width + 1, hop)
    sums = np.concatenate(
        [np.zeros((PAIR, 1)), np.cumsum(np.square(slow, dtype=np.float64), axis=1)], axis=1
    )
    power = (sums[:, starts + width] - sums[:, starts]) / width
    found: list[tuple[tuple[int, int], ...]] = []
    for quiet, loud in ((0, 1), (1, 0)):
        candidates = np.flatnonzero(
            (power[loud] > 10 ** (HEARD_DB / 10))
            & (power[quiet] * 10 ** (LEAK_DB / 10) < power[loud])
            & (power[quiet] > 0)
        )
        hits = [
            start
            for part in range(0, len(candidates), _AT_ONCE)
            for start in _explained(
                slow[quiet], slow[loud], starts[candidates[part : part + _AT_ONCE]], width, lag
            )
        ]
        found.append(_spans(hits, width, step_down))
    return tuple(found)


def _explained(
    quiet: NDArray[np.float32],
    loud: NDArray[np.float32],
    starts: NDArray[np.int64],
    width: int,
    lag: int,
) -> list[int]:
    """Return the starts of windows of ``quiet`` that are a delayed copy of ``loud``."""
    span = width + 2 * lag
    padded = np.pad(loud, (lag, lag))
    around = np.stack([padded[start : start + span] for start in starts])
    here = np.stack([quiet[start : start + width] for start in starts])
    here = here - here.mean(axis=1, keepdims=True)
    size = 1 << (span + width - 1).bit_length()
    spectrum = np.fft.rfft(around, size) * np.fft.rfft(here, size).conj()
    products = np.fft.irfft(spectrum, size)[:, : 2 * lag + 1]
    energy = np.cumsum(np.square(around, dtype=np.float64), axis=1)
    energy = np.concatenate([np.zeros((len(starts), 1)), energy], axis=1)
    local = energy[:, width : width + 2 * lag + 1] - energy[:, : 2 * lag + 1]
    own = np.square(here, dtype=np.float64).sum(axis=1, keepdims=True)
    likeness = np.square(products) / np.maximum(local * own, np.finfo(float).tiny)
    return [int(start) for start in starts[likeness.max(axis=1) >= LEAK_LIKENESS]]


def _spans(starts: Iterable[int], width: int, factor: int) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for start in starts:
        if spans and start * factor <= spans[-1][1]:
            spans[-1] = (spans[-1][0], (start + width) * factor)
        else:
            spans.append((start * factor, (start + width) * factor))
    # Where somebody begins or ends to speak within a window, their own voice is kept.
    edge = width * factor // 4
    return tuple((start + edge, end - edge) for start, end in spans)


def without(samples: Samples, spans: tuple[tuple[tuple[int, int], ...], ...]) -> Samples:
    """Return the samples with those spans of each channel silent."""
    if not any(spans):
        return samples
    quiet = samples.copy()
    for channel, own in enumerate(spans):
        for start, end in own:
            quiet[channel, start:end] = 0
    return quiet
