"""Speech recognition behind a small protocol, and the one recogniser of the product: Whisper."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pipelines.outcomes import DomainError
from pipelines.runtime import RecogniserSettings
from pipelines.transcription import media, weights
from pipelines.transcription.rules import Word, place

OPTIONS: dict[str, Any] = {
    "beam_size": 5,
    "word_timestamps": True,
    # A window that takes over the text before it goes on repeating what it once got wrong.
    "condition_on_previous_text": False,
}
"""How the decoder is run; the temperatures it falls back to are the library's own."""

SILENT = 10 ** (-60 / 20)
"""A stretch that never rises over -60 dBFS has no speech in it, and needs no search for any."""

LANGUAGE_WINDOWS = 4
WINDOW_S = 30
SURE = 0.5


@dataclass(frozen=True)
class Language:
    """The language a call is in (a Whisper code such as ``zh``), and how sure that is (0 to 1)."""

    code: str
    probability: float


@dataclass(frozen=True)
class Heard:
    """What was heard in a stretch: the words of each channel in order, and their language.

    ``language`` is null where nobody spoke and none was given.
    """

    language: Language | None
    channels: tuple[tuple[Word, ...], ...]


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

    def hear(self, samples: media.Samples, language: Language | None) -> Heard:
        """Return the words in ``samples`` ([channels, n] at 16 kHz), times from their start.

        The language is found from the speech of all channels together unless it is given.
        """


class Whisper:
    """faster-whisper, one channel after another, with its voice activity detection."""

    def __init__(self, settings: RecogniserSettings, found: weights.Weights) -> None:
        """Load the weights; raises ``weights_missing`` when a named model cannot be fetched."""
        from faster_whisper import WhisperModel

        self._settings = settings
        self._weights = found
        try:
            self._model: Any = WhisperModel(
                found.source,
                device=settings.device,
                compute_type=settings.compute_type,
                cpu_threads=settings.threads or os.cpu_count() or 1,
            )
        except Exception as error:
            # The library raises whatever its downloader and its runtime raise.
            raise DomainError("weights_missing", folder=found.source) from error

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

    def hear(self, samples: media.Samples, language: Language | None) -> Heard:
        """Return the words in ``samples``; see the protocol."""
        spoken = [_speech(channel) for channel in samples]
        if language is None:
            language = self._language(samples, spoken)
        if language is None:
            return Heard(language=None, channels=((),) * len(spoken))
        channels = tuple(
            tuple(self._words(channel, chunks, language.code))
            for channel, chunks in zip(samples, spoken, strict=True)
        )
        return Heard(language=language, channels=channels)

    def _language(
        self, samples: media.Samples, spoken: Sequence[list[dict[str, int]]]
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

    def _words(
        self, channel: media.Samples, chunks: list[dict[str, int]], language: str
    ) -> list[Word]:
        if not chunks:
            return []
        segments, _ = self._model.transcribe(
            _joined(channel, chunks), language=language, vad_filter=False, **OPTIONS
        )
        words = [
            Word(
                text=word.word,
                start_ms=round(word.start * 1_000),
                end_ms=round(word.end * 1_000),
                probability=float(word.probability),
            )
            for segment in segments
            for word in segment.words or ()
        ]
        per_ms = media.RATE // 1_000
        return place(
            words, [(chunk["start"] // per_ms, chunk["end"] // per_ms) for chunk in chunks]
        )


def _speech(channel: media.Samples) -> list[dict[str, int]]:
    """Return where somebody speaks, as sample positions; music and silence are left out."""
    if float(np.abs(channel).max(initial=0.0)) < SILENT:
        return []
    from faster_whisper.vad import get_speech_timestamps

    found: list[dict[str, int]] = get_speech_timestamps(channel)
    return found


def _joined(channel: media.Samples, chunks: list[dict[str, int]]) -> media.Samples:
    parts = [channel[chunk["start"] : chunk["end"]] for chunk in chunks]
    return np.concatenate(parts) if parts else channel[:0]


@lru_cache(maxsize=1)
def _loaded(settings: RecogniserSettings, data_dir: Path) -> Recogniser:
    return Whisper(settings, weights.find(settings, data_dir))


def of(settings: RecogniserSettings, data_dir: Path) -> Recogniser:
    """Return the recogniser of these settings, loaded once per process."""
    return _loaded(settings, data_dir)
