"""Speech recognition behind a small protocol, and the one recogniser of the product: Whisper."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pipelines.outcomes import DomainError
from pipelines.runtime import RecogniserSettings
from pipelines.transcription import media, pieces, weights
from pipelines.transcription.batching import Batches
from pipelines.transcription.decoding import NARROW, WIDE, Decoded, Decoder, Sound
from pipelines.transcription.rules import Word, place

LONGEST_S = 28
"""No piece has more speech. Pieces of 20 s are a fifth quicker and cost Mandarin half a point."""

PART_S = 8
"""A piece that seems to be in two languages is cut again, so short."""

Piece = tuple[pieces.Span, ...]

BATCH = 8
SLACK_S = 2
"""Pieces decoded side by side, and how unlike in length they may be beyond half of themselves."""

OPTIONS: dict[str, Any] = {
    "beam_size": [NARROW, WIDE],
    "longest_piece_s": LONGEST_S,
    "batch_size": BATCH,
}
"""How speech is cut and decoded, kept with every transcript."""

SILENT = 10 ** (-60 / 20)
"""A stretch that never rises over -60 dBFS has no speech in it, and needs no search for any."""

SILENCE_MS = 500
"""A pause of one speaker that parts two stretches of speech."""

LANGUAGE_WINDOWS = 4
WINDOW_S = 30
SURE = 0.5


@dataclass(frozen=True)
class Language:
    """The language a call is in (a Whisper code such as ``zh``), and how sure that is (0 to 1)."""

    code: str
    probability: float


@dataclass(frozen=True)
class Hints:
    """What helps to hear a call right.

    ``hotwords`` are names likely to be said, parted by spaces or commas. ``one_language`` tells
    that nobody changes the language, which saves looking for it piece by piece.
    """

    hotwords: str = ""
    one_language: bool = False


NO_HINTS = Hints()


@dataclass(frozen=True)
class Heard:
    """What was heard in a stretch: the words of each channel in order, and their language.

    ``language`` is null where nobody spoke and none was given. ``speech`` is where somebody speaks
    on each channel, as (start, end) in ms, whether or not words were made out there.
    """

    language: Language | None
    channels: tuple[tuple[Word, ...], ...]
    speech: tuple[tuple[pieces.Span, ...], ...] = ()


@dataclass(frozen=True)
class Made:
    """What did the hearing, kept with every transcript."""

    model: str
    options: dict[str, Any]
    versions: dict[str, Any]


class Recogniser(Protocol):
    """Turns a stretch of a call into words."""

    def made(self) -> Made:
        """Return the model, options and versions at work."""

    def hear(
        self, samples: media.Samples, language: Language | None, hints: Hints = NO_HINTS
    ) -> Heard:
        """Return the words in ``samples`` ([channels, n] at 16 kHz), times from their start.

        The language is found from the speech of all channels together unless it is given. A piece
        that is clearly in another language is heard in that one, unless ``hints`` say there is one
        only.
        """


class Whisper:
    """faster-whisper's model on pieces of speech, in batches of all the calls under way.

    ``hear`` may be called from several threads at once: the calls then share batches.
    """

    def __init__(self, settings: RecogniserSettings, found: weights.Weights) -> None:
        """Load the weights; raises ``weights_missing`` when a named model cannot be fetched."""
        from faster_whisper import WhisperModel

        self._settings = settings
        self._weights = found
        workers, threads = _layout(settings)
        try:
            self._model: Any = WhisperModel(
                found.source,
                device=settings.device,
                compute_type=settings.compute_type,
                cpu_threads=threads,
                num_workers=workers,
            )
        except Exception as error:
            # The library raises whatever its downloader and its runtime raise.
            raise DomainError("weights_missing", folder=found.source) from error
        self.decoder = Decoder(self._model)
        self._batches: Batches[Sound, Decoded] = Batches(
            self.decoder.words,
            workers=workers,
            size=BATCH,
            slack=SLACK_S * media.RATE,
        )

    def made(self) -> Made:
        """Return the model, options and versions at work."""
        return Made(
            model=self._weights.name,
            options={
                **OPTIONS,
                "voice_activity_detection": True,
                "device": self._settings.device,
                "compute_type": self._settings.compute_type,
            },
            versions={
                "faster_whisper": version("faster-whisper"),
                "ctranslate2": version("ctranslate2"),
                "model_sha256": self._weights.sha256,
            },
        )

    def hear(
        self, samples: media.Samples, language: Language | None, hints: Hints = NO_HINTS
    ) -> Heard:
        """Return the words in ``samples``; see the protocol."""
        with ThreadPoolExecutor(len(samples)) as listeners:
            spoken = list(listeners.map(_speech, samples))
        if language is None:
            language = self._language(samples, spoken)
        if language is None:
            return Heard(language=None, channels=((),) * len(spoken), speech=_in_ms(spoken))
        handed = [
            (channel, piece)
            for channel, chunks in enumerate(spoken)
            for piece in pieces.cut(chunks, LONGEST_S * media.RATE)
        ]
        decoded = self._decoded(samples, handed, language, hints)
        if any(one.mixed for one in decoded):
            handed, decoded = self._parted(samples, handed, decoded, language, hints)
        channels: list[list[Word]] = [[] for _ in spoken]
        per_ms = media.RATE // 1_000
        for (channel, piece), one in zip(handed, decoded, strict=True):
            chunks = [(start // per_ms, end // per_ms) for start, end in piece]
            channels[channel] += place(one.words, chunks)
        return Heard(language=language, channels=tuple(map(tuple, channels)), speech=_in_ms(spoken))

    def _decoded(
        self,
        samples: media.Samples,
        handed: Sequence[tuple[int, Piece]],
        language: Language,
        hints: Hints,
    ) -> list[Decoded]:
        sounds = [
            Sound(_joined(samples[channel], piece), language.code, hints.one_language)
            for channel, piece in handed
        ]
        return self._batches.run([(sound, len(sound.samples)) for sound in sounds], hints.hotwords)

    def _parted(
        self,
        samples: media.Samples,
        handed: Sequence[tuple[int, Piece]],
        decoded: Sequence[Decoded],
        language: Language,
        hints: Hints,
    ) -> tuple[list[tuple[int, Piece]], list[Decoded]]:
        """Hear the pieces that seem to be in two languages again, in parts that are in one."""
        whole = [
            (one, result) for one, result in zip(handed, decoded, strict=True) if not result.mixed
        ]
        parts = [
            (channel, part)
            for (channel, piece), result in zip(handed, decoded, strict=True)
            if result.mixed
            for part in pieces.cut(piece, PART_S * media.RATE)
        ]
        again = self._decoded(samples, parts, language, hints)
        together = [*whole, *zip(parts, again, strict=True)]
        together.sort(key=lambda item: (item[0][0], item[0][1][0][0]))
        return [one for one, _ in together], [result for _, result in together]

    def _language(
        self, samples: media.Samples, spoken: Sequence[list[pieces.Span]]
    ) -> Language | None:
        # Half a window of each side in turn, so that neither a greeting by machine nor the one
        # who says little decides alone.
        share = WINDOW_S * media.RATE // max(1, sum(1 for chunks in spoken if chunks))
        speech = [_joined(channel, chunks) for channel, chunks in zip(samples, spoken, strict=True)]
        parts = [
            side[window * share : (window + 1) * share]
            for window in range(LANGUAGE_WINDOWS)
            for side in speech
        ]
        mixed = np.concatenate(parts)
        if not len(mixed):
            return None
        code, probability, _ = self._model.detect_language(
            mixed,
            language_detection_segments=LANGUAGE_WINDOWS,
            language_detection_threshold=SURE,
        )
        return Language(code=code, probability=float(probability))


def _layout(settings: RecogniserSettings) -> tuple[int, int]:
    """Return how many batches run side by side, and on how many threads each.

    One thread each is fastest on processors: nothing waits for the slowest part of one product.
    A graphics card runs one batch after another.
    """
    threads = settings.threads or os.cpu_count() or 1
    if settings.device != "cpu":
        return 1, threads
    workers = min(settings.workers or threads, threads)
    return workers, max(1, threads // workers)


def _speech(channel: media.Samples) -> list[pieces.Span]:
    """Return where somebody speaks, as sample positions; music and silence are left out."""
    if float(np.abs(channel).max(initial=0.0)) < SILENT:
        return []
    from faster_whisper.vad import get_speech_timestamps

    # Speech that never pauses is parted at its shortest silences, as long as there are any.
    found = get_speech_timestamps(
        channel, min_silence_duration_ms=SILENCE_MS, max_speech_duration_s=LONGEST_S
    )
    return [(chunk["start"], chunk["end"]) for chunk in found]


def _in_ms(spoken: Sequence[Sequence[pieces.Span]]) -> tuple[tuple[pieces.Span, ...], ...]:
    per_ms = media.RATE // 1_000
    return tuple(
        tuple((start // per_ms, end // per_ms) for start, end in chunks) for chunks in spoken
    )


def _joined(channel: media.Samples, chunks: Sequence[pieces.Span]) -> media.Samples:
    parts = [channel[start:end] for start, end in chunks]
    return np.concatenate(parts) if parts else channel[:0]


@lru_cache(maxsize=1)
def _loaded(settings: RecogniserSettings, data_dir: Path) -> Recogniser:
    return Whisper(settings, weights.find(settings, data_dir))


def of(settings: RecogniserSettings, data_dir: Path) -> Recogniser:
    """Return the recogniser of these settings, loaded once per process."""
    return _loaded(settings, data_dir)
