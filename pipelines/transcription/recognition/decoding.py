"""From pieces of speech to words: encoded at their own length, decoded cheaply, twice in doubt.

A first look decodes a whole batch with a narrow beam. Pieces whose measures are bad are decoded
again with a wide one from the same encoding; those still bad are heard as faster-whisper itself
hears: a window of 30 s, with timestamps and its ladder of temperatures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np

from pipelines.transcription.recognition import pieces
from pipelines.transcription.recognition.pieces import Look
from pipelines.transcription.rules import Word
from pipelines.transcription.sound.media import RATE, Samples

MARGIN = RATE // 2
"""Silence behind every piece: with a quarter of a second last words are lost or repeated."""

WINDOW_FRAMES = 3_000
FRAME = RATE // 100
TOKENS_A_SECOND = 14
SPARE_TOKENS = 16
MOST_TOKENS = 224
"""The longest text of a piece: what runs on beyond the speech goes round in circles."""

MOST_HINTS = 100
"""Tokens of names that go before a piece; more would slow every step of decoding down."""

_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"

WIDE = 5
"""The recogniser's own beam."""


@dataclass(frozen=True)
class Manner:
    """How a batch is looked at: the beams of both looks, and when the second is due.

    That is where the text's mean log-probability is under ``unsure``. ``hotwords`` are names likely
    to be said in all sounds.
    """

    first: int
    second: int
    unsure: float = -0.3
    hotwords: str = ""


CLEAN = Manner(first=1, second=3)
POOR = Manner(first=2, second=WIDE)
"""For clean sound and for poor sound, on which a first beam of 1 loses half a point."""


@dataclass(frozen=True)
class Sound:
    """A piece of speech to decode: 16 kHz, one channel, at most 28 s, and the call's language.

    ``one_language`` tells that it is in no other.
    """

    samples: Samples
    language: str
    one_language: bool = False

    @property
    def seconds(self) -> float:
        """Return how much speech there is."""
        return len(self.samples) / RATE


@dataclass(frozen=True)
class Decoded:
    """A piece's words, timed from its start, and the language it was heard in.

    ``mixed`` tells that two languages seem to be in it.
    """

    words: list[Word]
    language: str
    mixed: bool = False


class Decoder:
    """Turns batches of speech into words."""

    def __init__(self, model: Any) -> None:
        """Use a ``faster_whisper.WhisperModel``; may be called from several threads at once."""
        self._model = model

    def words(self, sounds: Sequence[Sound], manner: Manner = POOR) -> list[Decoded]:
        """Return what is said in each sound."""
        run = _Run(self._model, [sound.seconds for sound in sounds], manner.hotwords)
        encoded = self._encoded(sounds)
        languages = [sound.language for sound in sounds]
        looks = run.look(encoded, range(len(sounds)), languages, manner.first)
        doubt = [
            place
            for place, look in enumerate(looks)
            if pieces.unsure(look, sounds[place].seconds, manner.unsure)
        ]
        mixed: set[int] = set()
        if doubt:
            mixed = self._other_languages(encoded, sounds, doubt, languages)
            again = run.look(encoded, doubt, languages, manner.second)
            for place, look in zip(doubt, again, strict=True):
                same = languages[place] == sounds[place].language
                looks[place] = pieces.better(looks[place], look) if same else look
        words = self._aligned(run, encoded, looks, languages)
        gaps = [
            place
            for place, found in enumerate(words)
            if found and sounds[place].seconds >= pieces.LONG_S and _has_gap(found, sounds[place])
        ]
        if gaps:
            # A look may stop before its sound does, and is quite sure of what it wrote.
            wider = run.look(encoded, gaps, languages, WIDE)
            for place, look in zip(gaps, wider, strict=True):
                looks[place] = pieces.better(looks[place], look)
            filled = self._aligned(run, encoded, looks, languages, gaps)
            for place in gaps:
                words[place] = filled[place]
        for place, look in enumerate(looks):
            if pieces.untrusted(look):
                words[place] = self._carefully(
                    sounds[place].samples, languages[place], manner.hotwords
                )
        mixed |= {
            place
            for place, (sound, found) in enumerate(zip(sounds, words, strict=True))
            if not sound.one_language and sound.seconds >= pieces.LONG_S and _has_gap(found, sound)
        }
        return [
            Decoded(
                [replace(word, language=pieces.written_in(word.text, language)) for word in found],
                language,
                mixed=place in mixed,
            )
            for place, (found, language) in enumerate(zip(words, languages, strict=True))
        ]

    def _aligned(
        self,
        run: "_Run",
        encoded: Any,
        looks: Sequence[Look],
        languages: Sequence[str],
        places: Sequence[int] | None = None,
    ) -> list[list[Word]]:
        """Return the words of the looks that are good enough (those at ``places``), in time."""
        wanted = range(len(looks)) if places is None else places
        kept = [
            look.tokens
            if place in wanted and not pieces.untrusted(look) and not look.invented
            else ()
            for place, look in enumerate(looks)
        ]
        return run.align(encoded, kept, languages)

    def _other_languages(
        self, encoded: Any, sounds: Sequence[Sound], doubt: Sequence[int], languages: list[str]
    ) -> set[int]:
        """Set the languages of sounds in doubt right; return which sounds may be in two.

        Speech that is heard in a wrong language is always in doubt, so that the others, nearly
        all, need no look at their language.
        """
        places = [place for place in doubt if not sounds[place].one_language]
        mixed: set[int] = set()
        if places and self._model.model.is_multilingual:
            found = self._model.model.detect_language(_view(encoded[places]))
            for place, ranked in zip(places, found, strict=True):
                sound = sounds[place]
                chances = {token[2:-2]: chance for token, chance in ranked[:3]}
                languages[place], two = pieces.language(sound.language, chances, sound.seconds)
                if two:
                    mixed.add(place)
        return mixed

    def _encoded(self, sounds: Sequence[Sound]) -> Any:
        """Return the encoding [sounds, frames, states], padded to the longest sound's length.

        On a processor they are encoded one by one: what the encoder works on then stays in the
        cache, which saves a third. A graphics card takes all of them at once.
        """
        features = [self._features(sound.samples) for sound in sounds]
        frames = max(feature.shape[1] for feature in features)
        padded = np.stack([_padded(feature, frames) for feature in features])
        at_once = 1 if self._model.model.device == "cpu" else len(padded)
        return np.concatenate(
            [self._encode(padded[n : n + at_once]) for n in range(0, len(padded), at_once)]
        )

    def _encode(self, features: Any) -> Any:
        return np.asarray(self._model.model.encode(_view(features), to_cpu=True))

    def _features(self, samples: Samples) -> Any:
        """Return log-mel features [mels, frames] of a sound and the silence behind it."""
        extractor = self._model.feature_extractor
        frames = min(WINDOW_FRAMES, (len(samples) + MARGIN) // FRAME // 2 * 2)
        return _padded(extractor(samples, padding=FRAME)[:, :frames], frames)

    def _carefully(self, sound: Samples, language: str, hotwords: str) -> list[Word]:
        segments, _ = self._model.transcribe(
            sound,
            language=language,
            beam_size=WIDE,
            word_timestamps=True,
            vad_filter=False,
            condition_on_previous_text=False,
            hotwords=hotwords or None,
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


def _has_gap(words: Sequence[Word], sound: Sound) -> bool:
    return pieces.unheard([(word.start_ms, word.end_ms) for word in words], sound.seconds)


def _padded(features: Any, frames: int) -> Any:
    missing = frames - features.shape[1]
    return np.pad(features, ((0, 0), (0, missing)), constant_values=float(features.min()))


def _view(encoded: Any) -> Any:
    from ctranslate2 import StorageView

    return StorageView.from_array(np.ascontiguousarray(encoded))


@dataclass(frozen=True)
class _Run:
    """One batch's decoding: sounds of so many seconds, all with the same names before them."""

    model: Any
    seconds: Sequence[float]
    hotwords: str

    def look(
        self, encoded: Any, places: Sequence[int], languages: Sequence[str], beam: int
    ) -> list[Look]:
        """Decode the sounds at ``places``."""
        prompts = [self._prompt(languages[place]) for place in places]
        most = SPARE_TOKENS + int(TOKENS_A_SECOND * max(self.seconds[place] for place in places))
        most = min(MOST_TOKENS, most)
        results = self.model.model.generate(
            _view(encoded[list(places)]),
            prompts,
            beam_size=beam,
            # The engine gives half of this to the text and keeps the rest for what goes before.
            max_length=max(2 * most, len(prompts[0]) + most),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=_suppressed(self.model, languages[places[0]]),
        )
        return [
            self._look(result, languages[place])
            for result, place in zip(results, places, strict=True)
        ]

    def _prompt(self, language: str) -> list[int]:
        tokenizer = _tokenizer(self.model, language)
        names: list[int] = []
        if self.hotwords:
            names = tokenizer.encode(" " + self.hotwords.strip())[:MOST_HINTS]
            names = [tokenizer.sot_prev, *names]
        return [*names, *tokenizer.sot_sequence, tokenizer.no_timestamps]

    def _look(self, result: Any, language: str) -> Look:
        tokenizer = _tokenizer(self.model, language)
        tokens = tuple(token for token in result.sequences_ids[0] if token < tokenizer.eot)
        count = len(result.sequences_ids[0])
        return Look(
            tokens=tokens,
            text=tokenizer.decode(tokens).strip(),
            # The score is the mean over the text; the end itself is one token more.
            log_probability=result.scores[0] * count / (count + 1),
            no_speech=result.no_speech_prob,
        )

    def align(
        self, encoded: Any, texts: Sequence[Sequence[int]], languages: Sequence[str]
    ) -> list[list[Word]]:
        """Return the texts' words with their times, from each sound's start."""
        words: list[list[Word]] = [[] for _ in texts]
        places = [place for place, text in enumerate(texts) if text]
        places.sort(key=lambda place: languages[place])
        for language, alike in groupby(places, key=lambda place: languages[place]):
            ours = list(alike)
            # One by one on a processor, which takes half the time that it takes together.
            at_once = 1 if self.model.model.device == "cpu" else len(ours)
            for start in range(0, len(ours), at_once):
                some = ours[start : start + at_once]
                aligned = self._aligned(encoded, texts, some, language)
                for place, found in zip(some, aligned, strict=True):
                    words[place] = found
        return words

    def _aligned(
        self, encoded: Any, texts: Sequence[Sequence[int]], places: Sequence[int], language: str
    ) -> list[list[Word]]:
        from faster_whisper.transcribe import merge_punctuations

        found = self.model.find_alignment(
            _tokenizer(self.model, language),
            [list(texts[place]) for place in places],
            _view(encoded[list(places)]),
            [max(2, int(self.seconds[place] * RATE) // FRAME) for place in places],
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


@cache
def _tokenizer(model: Any, language: str) -> Any:
    from faster_whisper.tokenizer import Tokenizer

    return Tokenizer(
        model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language
    )


@cache
def _suppressed(model: Any, language: str) -> tuple[int, ...]:
    from faster_whisper.transcribe import get_suppressed_tokens

    return tuple(get_suppressed_tokens(_tokenizer(model, language), [-1]))
