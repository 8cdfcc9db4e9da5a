"""Speech recognition behind a small protocol, and the one recogniser of the product: Whisper."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pipelines.outcomes import DomainError
from pipelines.runtime import RecogniserSettings
from pipelines.transcription.recognition import pieces, speech, weights
from pipelines.transcription.recognition.batching import Batches
from pipelines.transcription.recognition.decoding import (
    CLEAN,
    POOR,
    Decoded,
    Decoder,
    Manner,
    Sound,
)
from pipelines.transcription.rules import Word, place
from pipelines.transcription.sound import media

LONGEST_S = 28
CLEAN_LONGEST_S = 20
"""No piece has more speech. On clean sound pieces of 20 s are quicker by a fifth at the same words;
on poor sound they lose a point."""

PART_S = 5
"""A piece that seems to be in two languages is cut again, so short."""

BATCH = 8
SLACK_S = 1
MOST_S = 120
"""Pieces decoded side by side, how unlike in length they may be beyond an eighth, and how much
speech in all: 1.2 MB a second are held for each batch."""

OPTIONS: dict[str, Any] = {
    "beam_size": {"clean": [CLEAN.first, CLEAN.second], "poor": [POOR.first, POOR.second]},
    "longest_piece_s": {"clean": CLEAN_LONGEST_S, "poor": LONGEST_S},
    "batch_size": BATCH,
}
"""How speech is cut and decoded, kept with every transcript."""

AVX512 = {"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq", "avx512_vnni"}

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


@dataclass(frozen=True)
class _Cut:
    channel: int
    piece: pieces.Piece
    manner: Manner


class Whisper:
    """faster-whisper's model on pieces of speech, in batches of all the calls under way.

    ``hear`` may be called from several threads at once: the calls then share batches.
    """

    def __init__(self, settings: RecogniserSettings, found: weights.Weights) -> None:
        """Load the weights; raises ``weights_missing`` when a named model cannot be fetched."""
        _use_wide_instructions()
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
        self._batches: Batches[Sound, Manner, Decoded] = Batches(
            self.decoder.words,
            workers=workers,
            size=BATCH,
            slack=SLACK_S * media.RATE,
            most=MOST_S * media.RATE,
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
        spoken = [speech.spans(channel, LONGEST_S) for channel in samples]
        if language is None:
            language = self._language(samples, spoken)
        if language is None:
            return Heard(language=None, channels=((),) * len(spoken), speech=_in_ms(spoken))
        cuts = [
            cut
            for channel, chunks in enumerate(spoken)
            for cut in _cuts(channel, samples[channel], chunks, hints)
        ]
        decoded = self._decoded(samples, cuts, language, hints)
        if any(one.mixed for one in decoded):
            cuts, decoded = self._parted(samples, cuts, decoded, language, hints)
        channels: list[list[Word]] = [[] for _ in spoken]
        per_ms = media.RATE // 1_000
        for cut, one in zip(cuts, decoded, strict=True):
            chunks = [(start // per_ms, end // per_ms) for start, end in cut.piece]
            channels[cut.channel] += place(one.words, chunks)
        return Heard(language=language, channels=tuple(map(tuple, channels)), speech=_in_ms(spoken))

    def _decoded(
        self, samples: media.Samples, cuts: Sequence[_Cut], language: Language, hints: Hints
    ) -> list[Decoded]:
        handed = []
        for cut in cuts:
            voice = _joined(samples[cut.channel], cut.piece)
            sound = Sound(voice, language.code, hints.one_language)
            handed.append((sound, len(voice), cut.manner))
        return self._batches.run(handed)

    def _parted(
        self,
        samples: media.Samples,
        cuts: Sequence[_Cut],
        decoded: Sequence[Decoded],
        language: Language,
        hints: Hints,
    ) -> tuple[list[_Cut], list[Decoded]]:
        """Hear the pieces that seem to be in two languages again, in parts short enough for one.

        The parts are kept where one of them is in another language than its call: speech is heard
        better in long pieces.
        """
        parts = [
            [replace(cut, piece=part) for part in pieces.cut(cut.piece, PART_S * media.RATE)]
            if one.mixed
            else []
            for cut, one in zip(cuts, decoded, strict=True)
        ]
        again = iter(self._decoded(samples, list(chain(*parts)), language, hints))
        kept: list[tuple[_Cut, Decoded]] = []
        for cut, one, some in zip(cuts, decoded, parts, strict=True):
            heard = list(islice(again, len(some)))
            other = any(part.language != language.code and part.words for part in heard)
            kept += zip(some, heard, strict=True) if other else [(cut, one)]
        return [cut for cut, _ in kept], [one for _, one in kept]

    def _language(
        self, samples: media.Samples, spoken: Sequence[list[pieces.Span]]
    ) -> Language | None:
        # Half a window of each side in turn, so that neither a greeting by machine nor the one
        # who says little decides alone.
        share = WINDOW_S * media.RATE // max(1, sum(1 for chunks in spoken if chunks))
        voices = [_joined(channel, chunks) for channel, chunks in zip(samples, spoken, strict=True)]
        parts = [
            side[window * share : (window + 1) * share]
            for window in range(LANGUAGE_WINDOWS)
            for side in voices
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


def _use_wide_instructions() -> None:
    """Let the engine use AVX-512 where the processor has it, which saves 5 to 10 % of the time.

    By itself it uses AVX2 even there, since early processors slowed down; those that can also
    multiply bytes (VNNI) do not. To be called before the engine loads a model.
    """
    facts = Path("/proc/cpuinfo")
    flags = set(facts.read_text(encoding="utf-8").split()) if facts.exists() else set()
    if flags >= AVX512:
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")


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


def _cuts(
    number: int, channel: media.Samples, chunks: Sequence[pieces.Span], hints: Hints
) -> list[_Cut]:
    """Return a channel's speech in pieces, each with how it is to be looked at."""
    clean = speech.is_clean(channel, chunks)
    longest = CLEAN_LONGEST_S if clean else LONGEST_S
    manner = replace(CLEAN if clean else POOR, hotwords=hints.hotwords)
    return [_Cut(number, piece, manner) for piece in pieces.cut(chunks, longest * media.RATE)]


def _in_ms(spoken: Sequence[Sequence[pieces.Span]]) -> tuple[tuple[pieces.Span, ...], ...]:
    per_ms = media.RATE // 1_000
    return tuple(
        tuple((start // per_ms, end // per_ms) for start, end in chunks) for chunks in spoken
    )


def _joined(channel: media.Samples, chunks: Sequence[pieces.Span]) -> media.Samples:
    parts = [channel[start:end] for start, end in chunks]
    return np.concatenate(parts) if parts else channel[:0]


# Calls heard side by side begin at the same moment, and share one model and its batches.
_LOADING = threading.Lock()


@lru_cache(maxsize=1)
def _loaded(settings: RecogniserSettings, data_dir: Path) -> Recogniser:
    return Whisper(settings, weights.find(settings, data_dir))


def of(settings: RecogniserSettings, data_dir: Path) -> Recogniser:
    """Return the recogniser of these settings, loaded once per process, whoever asks first."""
    with _LOADING:
        return _loaded(settings, data_dir)
