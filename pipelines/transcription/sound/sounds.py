"""What a recording holds besides words: where exactly voices sound, and where music or ringing.

Pure numpy on the samples that are decoded for recognition anyway, at telephone band. The search
for speech leaves a margin around what it finds, so that no word loses its beginning; who measures
pauses and overlaps needs the voice itself. Music is what is sustained, is no speech and has tones:
line noise, however loud, has none, and a hum or whine that never changes is noise as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.vocab import Party

Span = tuple[int, int]
"""Start and end in ms."""

Spans = tuple[Span, ...]

RATE = 16_000

MARGIN_MS = 400
"""What the search for speech adds at both ends of what it finds; less than 400 ms costs words."""

STEP_MS = 10
VOICED_STEPS = 3
"""A voice begins where so many steps in a row are loud: a click is shorter."""

OVER_FLOOR_DB = 8
UNDER_LOUD_DB = 30
"""Loud is over the line's own noise by so much, and no further below the loud parts of speech."""

CLEAR_DB = 14
"""Where speech stands out less from the noise, its ends do not show: the margin is cut off."""

GROWTH_MS = 2_000
BREATH_MS = 400
"""The search gives up within an utterance when a little noise lies over it. Sound as loud as the
voice, and not parted from it by more than a breath, belongs to it for up to so long."""

FRAME = 1_024
BLOCK_FRAMES = 15
"""64 ms and about a second: the units in which music is looked for."""

AUDIBLE_DB = -50.0
"""Sound below this level (dBFS) is no music on hold."""

BAND = (19, 219)
"""Bins of a 64 ms frame between 300 and 3,400 Hz."""

PEAK_DB = 8
AROUND = 16
"""A bin belongs to a tone when it stands so far above the median of its 16 neighbours each side."""

TONAL = 0.12
PURE = 0.9
"""Share of the power that lies in tones: of music over some seconds, of a ringing tone at once.
Noise of any colour has 0 to .02, voices in the background .05 to .12, music .3 and more."""

SWING_DB = 10.0
"""Levels within a second differ by so much at most (from the 15th to the 85th percentile, over some
seconds): 2 to 9 dB in music, 12 to 30 in speech, which may be found here when the search missed it.
"""

STEADY = 0.995
STEADY_BLOCKS = 5
"""Likeness (cosine) of spectra from second to second over which a tone that lasts is a hum."""

RUN_BLOCKS = 3
SMOOTHED = 7
SUSTAINED = 12
"""Music sounds in so many of a block's frames; speech that nobody recognised as such has pauses."""

BRIDGE_MS = 1_500
RINGING_BRIDGE_MS = 4_500
"""Music pauses for so long; ringing for 4 s at most in most countries' cadences (ITU-T E.180)."""

SHORTEST_MS = 4_000
SOUNDING_MS = 1_800
"""Music or ringing lasts so long in all, and sounds for so long of it."""

Levels = NDArray[np.float64]


@dataclass
class Ear:
    """Gathers voices and music of one recording, stretch after stretch."""

    _voices: dict[int, tuple[Party, list[Span]]] = field(default_factory=dict)
    _music: list[Span] = field(default_factory=list)

    def listen(
        self,
        samples: NDArray[np.float32],
        speech: Sequence[tuple[Party, Sequence[Span]]],
        start_ms: int,
    ) -> None:
        """Take in a stretch: its channels' samples, and party and speech of each, in ms of it."""
        for channel, (party, spans) in enumerate(speech):
            # The one sound of two channels is nobody's channel, in whichever stretch it is.
            place = channel if len(speech) > 1 else -1
            voiced = voices(samples[channel], spans)
            found = music(samples[channel], voiced)
            voiced = grown(samples[channel], voiced, found)
            kept = self._voices.setdefault(place, (party, []))[1]
            kept += [(start_ms + start, start_ms + end) for start, end in voiced]
            self._music += [(start_ms + start, start_ms + end) for start, end in found]

    @property
    def voice(self) -> tuple[tuple[Party, Spans], ...]:
        """Return each party heard and where its voice sounds, channel by channel."""
        return tuple((party, tuple(spans)) for _, (party, spans) in sorted(self._voices.items()))

    @property
    def music(self) -> Spans:
        """Return where music or ringing is heard on any channel."""
        # Stretches are searched in whole frames, so that music that goes on has a little gap there.
        return united(self._music, 2 * _ms(1))


def united(spans: Sequence[Span], gap_ms: int) -> Spans:
    """Return the spans in order, those that overlap or are at most ``gap_ms`` apart made one."""
    whole: list[Span] = []
    for start, end in sorted(spans):
        if whole and start - whole[-1][1] <= gap_ms:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return tuple(whole)


def voices(channel: NDArray[np.float32], speech: Sequence[Span]) -> Spans:
    """Return the spans of speech without the margin around them, to about 30 ms.

    The ends are where the sound rises over the line's noise; where noise hides them, the margin is
    cut off as it was put on.
    """
    if not speech:
        return ()
    levels = _levels(channel, RATE * STEP_MS // 1_000)
    floor = _floor(levels, speech)
    found = (_without_margin(levels, span, floor) for span in speech)
    return tuple(span for span in found if span[1] > span[0])


def grown(channel: NDArray[np.float32], voiced: Sequence[Span], music: Sequence[Span]) -> Spans:
    """Return the voices with the loud sound that adjoins them, other than music."""
    if not voiced:
        return ()
    levels = _levels(channel, RATE * STEP_MS // 1_000)
    floor = _floor(levels, voiced)
    inside = [levels[start // STEP_MS : end // STEP_MS] for start, end in voiced]
    loud = float(np.percentile(np.concatenate(inside), 90))
    if loud - floor < CLEAR_DB:
        return tuple(voiced)
    over = levels > max(floor + OVER_FLOOR_DB, loud - UNDER_LOUD_DB)
    for start, end in music:
        over[start // STEP_MS : -(-end // STEP_MS)] = False
    most = GROWTH_MS // STEP_MS
    spans = []
    for start_ms, end_ms in voiced:
        start, end = start_ms // STEP_MS, end_ms // STEP_MS
        before = _loud_on(over[max(0, start - most) : start][::-1])
        behind = _loud_on(over[end : end + most])
        spans.append(((start - before) * STEP_MS, (end + behind) * STEP_MS))
    return united(spans, 0)


def _loud_on(over: NDArray[np.bool_]) -> int:
    """Return how many steps the sound stays loud, breaths left out of account."""
    last = quiet = 0
    for place, loud in enumerate(over):
        quiet = 0 if loud else quiet + 1
        if quiet > BREATH_MS // STEP_MS:
            break
        if loud:
            last = place + 1
    # A click is no speech.
    return last if last and int(over[:last].sum()) >= 2 * VOICED_STEPS else 0


def _floor(levels: Levels, spans: Sequence[Span]) -> float:
    """Return the level of the line when nobody speaks, dBFS."""
    inside = np.zeros(len(levels), dtype=bool)
    for start, end in spans:
        inside[start // STEP_MS : -(-end // STEP_MS)] = True
    quiet = levels[~inside]
    # Without a quiet part to learn from, the pauses inside of speech tell the noise.
    return float(np.percentile(quiet, 30) if len(quiet) > 50 else np.percentile(levels, 5))  # noqa: PLR2004 - half a second


def _without_margin(levels: Levels, span: Span, floor: float) -> Span:
    start, end = span[0] // STEP_MS, min(-(-span[1] // STEP_MS), len(levels))
    here = levels[start:end]
    if not len(here):
        return (span[0], span[0])
    loud = float(np.percentile(here, 90))
    most = min(MARGIN_MS // STEP_MS + VOICED_STEPS, len(here) // 2)
    if loud - floor < CLEAR_DB:
        cut = min(MARGIN_MS // STEP_MS, len(here) // 2)
        before, behind = (0 if start == 0 else cut), (0 if end == len(levels) else cut)
    else:
        over = here > max(floor + OVER_FLOOR_DB, loud - UNDER_LOUD_DB)
        before, behind = _first_run(over, most), _first_run(over[::-1], most)
    return ((start + before) * STEP_MS, (end - behind) * STEP_MS)


def _first_run(over: NDArray[np.bool_], most: int) -> int:
    """Return where the first run of loud steps begins, at most ``most``."""
    counted = 0
    for place, loud in enumerate(over[: most + VOICED_STEPS]):
        counted = counted + 1 if loud else 0
        if counted == VOICED_STEPS:
            return min(place + 1 - VOICED_STEPS, most)
    return most


def _levels(channel: NDArray[np.float32], step: int) -> Levels:
    """Return the level of each step of samples in dBFS; a rest at the end is left out."""
    count = len(channel) // step
    power = np.square(channel[: count * step]).reshape(count, step).mean(axis=1)
    levels: Levels = 10 * np.log10(power.astype(np.float64) + 1e-12)
    return levels


def music(channel: NDArray[np.float32], voiced: Sequence[Span]) -> Spans:
    """Return where one channel carries music or ringing, to about half a second."""
    levels = _levels(channel, FRAME)
    audible = levels > AUDIBLE_DB
    for start, end in voiced:
        audible[_frame(start) : _frame(end) + 1] = False
    blocks = len(audible) // BLOCK_FRAMES
    counts = audible[: blocks * BLOCK_FRAMES].reshape(blocks, BLOCK_FRAMES).sum(axis=1)
    candidates = np.flatnonzero(counts >= BLOCK_FRAMES // 3)
    if not len(candidates):
        return ()
    tonal = np.zeros(blocks)
    spectra = np.zeros((blocks, BAND[1] - BAND[0]))
    for block in candidates:
        spectra[block] = _spectrum(channel, audible, int(block))
        tonal[block] = _in_tones(spectra[block])
    pure = (tonal >= PURE) & ~_steady(spectra)
    sustained = candidates[counts[candidates] >= SUSTAINED]
    blockwise = levels[: blocks * BLOCK_FRAMES].reshape(blocks, BLOCK_FRAMES)
    swing = np.percentile(blockwise, 85, axis=1) - np.percentile(blockwise, 15, axis=1)
    playing = _playing(sustained, tonal, swing) & ~_steady(spectra)
    rings = united([_edges(audible, int(block)) for block in np.flatnonzero(pure)], 0)
    plays = united([_edges(audible, int(block)) for block in np.flatnonzero(playing)], 0)
    return united(
        [*_lasting(plays, voiced, BRIDGE_MS), *_lasting(rings, voiced, RINGING_BRIDGE_MS)], 0
    )


def _frame(ms: int) -> int:
    return ms * RATE // 1_000 // FRAME


def _ms(frame: int) -> int:
    return frame * FRAME * 1_000 // RATE


def _spectrum(
    channel: NDArray[np.float32], audible: NDArray[np.bool_], block: int
) -> NDArray[np.float64]:
    """Return the mean power of a block's audible frames, bin by bin of the telephone band."""
    first = block * BLOCK_FRAMES
    frames = channel[first * FRAME : (first + BLOCK_FRAMES) * FRAME].reshape(BLOCK_FRAMES, FRAME)
    heard = frames[audible[first : first + BLOCK_FRAMES]] * _WINDOW
    power = np.square(np.abs(np.fft.rfft(heard, axis=1)))[:, slice(*BAND)]
    mean: NDArray[np.float64] = power.mean(axis=0)
    return mean


_WINDOW = np.hanning(FRAME).astype(np.float32)


def _in_tones(power: NDArray[np.float64]) -> float:
    """Return the share of the power that stands out of its surroundings, 0 to 1."""
    level = 10 * np.log10(power + 1e-12)
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(level, AROUND, mode="edge"), 2 * AROUND + 1
    )
    peaks = level - np.median(around, axis=1) > PEAK_DB
    return float(power[peaks].sum() / max(power.sum(), 1e-12))


def _playing(
    sustained: NDArray[np.intp], tonal: NDArray[np.float64], swing: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell of each block whether, with its neighbours, it has music's tones and even level."""
    playing = np.zeros(len(tonal), dtype=bool)
    for run in np.split(sustained, np.flatnonzero(np.diff(sustained) > 1) + 1):
        if len(run) >= RUN_BLOCKS:
            playing[run] = (_smoothed(tonal[run]) >= TONAL) & (_smoothed(swing[run]) <= SWING_DB)
    return playing


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each value and its neighbours, seven in all where there are as many."""
    reach = SMOOTHED // 2
    return np.array(
        [
            np.median(values[max(0, place - reach) : place + reach + 1])
            for place in range(len(values))
        ]
    )


def _steady(spectra: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which blocks belong to a sound that stays the same for seconds: a hum, a dial tone."""
    sizes = np.linalg.norm(spectra, axis=1) + 1e-12
    alike = (spectra[1:] * spectra[:-1]).sum(axis=1) / (sizes[1:] * sizes[:-1]) > STEADY
    steady = np.zeros(len(spectra), dtype=bool)
    begun = 0
    for block in range(len(spectra)):
        if block and not alike[block - 1]:
            begun = block
        if block - begun + 1 >= STEADY_BLOCKS:
            steady[begun : block + 1] = True
    return steady


def _edges(audible: NDArray[np.bool_], block: int) -> Span:
    """Return a block's audible part, and what adjoins it without a break for up to half a block."""
    first, last = block * BLOCK_FRAMES, (block + 1) * BLOCK_FRAMES
    inside = np.flatnonzero(audible[first:last])
    start, end = first + int(inside[0]), first + int(inside[-1]) + 1
    reach = BLOCK_FRAMES // 2
    while start > max(0, first - reach) and audible[start - 1]:
        start -= 1
    while end < min(len(audible), last + reach) and audible[end]:
        end += 1
    return (_ms(start), _ms(end))


def _lasting(spans: Sequence[Span], voiced: Sequence[Span], bridge_ms: int) -> Spans:
    """Join spans over pauses in which nobody speaks, and keep those that last."""
    joined: list[tuple[int, int, int]] = []
    for start, end in spans:
        before = joined[-1] if joined else None
        if (
            before
            and start - before[1] <= bridge_ms
            and not any(first < start and last > before[1] for first, last in voiced)
        ):
            joined[-1] = (before[0], end, before[2] + end - start)
        else:
            joined.append((start, end, end - start))
    return tuple(
        (start, end)
        for start, end, sounds in joined
        if end - start >= SHORTEST_MS and sounds >= SOUNDING_MS
    )
