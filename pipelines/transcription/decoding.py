"""From pieces of speech to words: encoded at their own length, decoded cheaply, twice in doubt.

A first look decodes a whole batch with a narrow beam. Pieces whose measures are bad are decoded
again with a wide one from the same encoding; those still bad are heard as faster-whisper itself
hears: a window of 30 s, with timestamps and its ladder of temperatures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.transcription import pieces
from pipelines.transcription.media import RATE, Samples
from pipelines.transcription.pieces import Look
from pipelines.transcription.rules import Word

NARROW, WIDE = 5, 5
MARGIN = RATE
"""Silence behind the longest piece of a batch: without any, last words are lost or repeated."""

ENCODED_AT_ONCE = 1

WINDOW_FRAMES = 3_000
FRAME = RATE // 100
TOKENS_A_SECOND = 14
SPARE_TOKENS = 16
MOST_TOKENS = 224
"""The longest text of a piece: what runs on beyond the speech goes round in circles."""

_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"


@dataclass(frozen=True)
class Tally:
    """How many pieces were looked at once, twice and thrice; for measurements."""

    once: int = 0
    twice: int = 0
    thrice: int = 0


class Decoder:
    """Turns batches of speech (16 kHz, one channel, at most 28 s each) into words."""

    def __init__(self, model: Any, *, narrow: int = NARROW) -> None:
        """Use a ``faster_whisper.WhisperModel``; ``narrow`` is the beam of the first look."""
        self._model = model
        self._narrow = narrow
        self.tally = Tally()

    def words(self, sounds: Sequence[Samples], language: str) -> list[list[Word]]:
        """Return the words of each sound, their times from its start."""
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        tokenizer = Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language=language,
        )
        run = _Run(self._model, tokenizer, get_suppressed_tokens(tokenizer, [-1]))
        features = self._features(sounds)
        encoded = self._encoded(features)
        looks = run.look(encoded, [len(sound) for sound in sounds], self._narrow)
        doubt = [
            place
            for place, look in enumerate(looks)
            if self._narrow < WIDE and pieces.unsure(look, len(sounds[place]) / RATE)
        ]
        if doubt:
            again = run.look(
                self._rows(encoded, features, doubt), [len(sounds[n]) for n in doubt], WIDE
            )
            for place, look in zip(doubt, again, strict=True):
                looks[place] = pieces.better(looks[place], look)
        bad = {place for place, look in enumerate(looks) if pieces.untrusted(look)}
        self.tally = Tally(
            self.tally.once + len(sounds),
            self.tally.twice + len(doubt),
            self.tally.thrice + len(bad),
        )
        kept = [
            () if place in bad or look.invented else look.tokens for place, look in enumerate(looks)
        ]
        words = run.align(encoded, kept, [len(sound) for sound in sounds])
        for place in bad:
            words[place] = self._carefully(sounds[place], language)
        return words

    def _features(self, sounds: Sequence[Samples]) -> Any:
        """Return log-mel features [sounds, mels, frames] at the longest sound's own length."""
        extractor = self._model.feature_extractor
        longest = max(len(sound) for sound in sounds) + MARGIN
        frames = min(WINDOW_FRAMES, longest // FRAME // 2 * 2)
        found = []
        for sound in sounds:
            feature = extractor(sound, padding=FRAME)[:, :frames]
            missing = frames - feature.shape[1]
            found.append(
                np.pad(feature, ((0, 0), (0, missing)), constant_values=float(feature.min()))
            )
        return np.stack(found)

    def _encoded(self, features: Any) -> Any:
        """Return the encoding of the features, a few sounds at a time on a processor.

        What the encoder works on then stays in the processor's cache; that alone saves a third.
        """
        from ctranslate2 import StorageView

        if len(features) <= ENCODED_AT_ONCE or self._model.model.device != "cpu":
            return self._model.encode(features)
        parts = [
            np.asarray(self._model.encode(features[start : start + ENCODED_AT_ONCE]))
            for start in range(0, len(features), ENCODED_AT_ONCE)
        ]
        return StorageView.from_array(np.concatenate(parts))

    def _rows(self, encoded: Any, features: Any, rows: list[int]) -> Any:
        """Return the encoding of some of the sounds."""
        from ctranslate2 import StorageView

        if encoded.device == "cpu":
            return StorageView.from_array(np.ascontiguousarray(np.asarray(encoded)[rows]))
        # There an encoding costs little, and half-precision ones cannot be taken apart here.
        return self._model.encode(features[rows])

    def _carefully(self, sound: Samples, language: str) -> list[Word]:
        segments, _ = self._model.transcribe(
            sound,
            language=language,
            beam_size=WIDE,
            word_timestamps=True,
            vad_filter=False,
            condition_on_previous_text=False,
        )
        return [
            Word(
                text=word.word,
                start_ms=round(word.start * 1_000),
                end_ms=round(word.end * 1_000),
                probability=float(word.probability),
            )
            for segment in segments
            for word in segment.words or ()
        ]


@dataclass(frozen=True)
class _Run:
    """One batch's decoding in one language."""

    model: Any
    tokenizer: Any
    suppressed: Sequence[int]

    def look(self, encoded: Any, lengths: Sequence[int], beam: int) -> list[Look]:
        prompt = [*self.tokenizer.sot_sequence, self.tokenizer.no_timestamps]
        most = min(MOST_TOKENS, SPARE_TOKENS + TOKENS_A_SECOND * max(lengths) // RATE)
        results = self.model.model.generate(
            encoded,
            [prompt] * len(lengths),
            beam_size=beam,
            # The engine gives half of this to the text and keeps the rest for what goes before.
            max_length=2 * most,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self.suppressed,
        )
        return [self._look(result) for result in results]

    def _look(self, result: Any) -> Look:
        tokens = tuple(token for token in result.sequences_ids[0] if token < self.tokenizer.eot)
        count = len(result.sequences_ids[0])
        return Look(
            tokens=tokens,
            text=self.tokenizer.decode(tokens).strip(),
            # The score is the mean over the text; the end itself is one token more.
            log_probability=result.scores[0] * count / (count + 1),
            no_speech=result.no_speech_prob,
        )

    def align(
        self, encoded: Any, texts: Sequence[Sequence[int]], lengths: Sequence[int]
    ) -> list[list[Word]]:
        from faster_whisper.transcribe import merge_punctuations

        if not any(texts):
            return [[] for _ in texts]
        found = self.model.find_alignment(
            self.tokenizer,
            [list(text) for text in texts],
            encoded,
            [max(2, length // FRAME) for length in lengths],
        )
        aligned = []
        for timed in found:
            merge_punctuations(timed, _PREPENDED, _APPENDED)
            aligned.append(
                [
                    Word(
                        text=word["word"],
                        start_ms=round(float(word["start"]) * 1_000),
                        end_ms=round(float(word["end"]) * 1_000),
                        probability=float(word["probability"]),
                    )
                    for word in timed
                    if word["word"]
                ]
            )
        return aligned
