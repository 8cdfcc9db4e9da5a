"""One recording from file to turns, without a database: what the job and the command share."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from models.vocab import ChannelLayout, Party
from pipelines.runtime import Progress
from pipelines.transcription import findings, trust
from pipelines.transcription.chinese import CODES as CHINESE
from pipelines.transcription.chinese import Writing, written
from pipelines.transcription.findings import Code, Finding
from pipelines.transcription.recognition.recogniser import Hints, Language, Made, Recogniser
from pipelines.transcription.rules import (
    SpokenTurn,
    Word,
    merge_turns,
    parties,
    respell,
    without_echo,
)
from pipelines.transcription.sound import channels, media, voices
from pipelines.transcription.sound.sounds import Ear, Spans
from pipelines.transcription.trust import Doubt, Trust

QUIETER = 4.0
"""How much less power (6 dB) an echo of words has than the words themselves."""


@dataclass(frozen=True)
class Transcribed:
    """What was said in a recording: turns in time order, and how they were found.

    ``channels`` are those of the file; ``audio_ms`` is its length, ``work_ms`` the time it took.
    ``language`` is null where nobody spoke. ``speech`` is where each party speaks, in ms, with
    a margin; ``voice`` is the same without it, ``music`` where music or ringing is heard.
    ``findings`` is what was noticed about the recording; ``doubt`` is set where the words are not
    to be relied on.
    """

    channels: int
    audio_ms: int
    work_ms: int
    language: Language | None
    turns: tuple[SpokenTurn, ...]
    made: Made
    speech: tuple[tuple[Party, Spans], ...] = ()
    findings: tuple[Finding, ...] = ()
    trust: Trust | None = None
    doubt: Doubt | None = None
    voice: tuple[tuple[Party, Spans], ...] = ()
    music: Spans = ()


def transcribe(
    path: Path,
    recogniser: Recogniser,
    *,
    layout: ChannelLayout,
    language: Language | None = None,
    writing: Writing = Writing.SIMPLIFIED,
    hotwords: str = "",
    ears: voices.Ears | None = None,
    progress: Progress | None = None,
) -> Transcribed:
    """Return the turns of the recording at ``path``; raises the errors of ``media.probe``.

    The language is found at the first stretch in which somebody speaks, unless it is given; then
    nobody is taken to speak another. ``hotwords`` are names likely to be said; ``ears`` tell the
    voices of a channel apart. ``progress`` is called with milliseconds of audio.
    """
    began = time.perf_counter()
    given = language is not None
    hints = Hints(hotwords=hotwords, one_language=given)
    facts = media.probe(path)
    told: Progress = progress or (lambda _done, _total: None)
    told(0, facts.duration_ms)
    sides = channels.survey(media.blocks(path, None), facts.sample_rate)
    call = _Call(parties(layout, facts.channels), ears)
    ear = Ear()
    for start_ms, samples in media.stretches(path):
        one_sound = samples.shape[0] > 1 and (
            layout is ChannelLayout.MONO or sides.one_sound or media.same_on_both(samples)
        )
        if one_sound:
            samples = samples.mean(axis=0, keepdims=True)  # noqa: PLW2901 - the same sound, once
        leaks = channels.leaks(samples, media.RATE)
        clean = channels.without(samples, leaks)
        heard = recogniser.hear(clean, language, hints)
        language = language or heard.language
        call.add(start_ms, clean, leaks, heard.channels, heard.speech, one_sound=one_sound)
        heard_sides = call.sides[-1:] if one_sound else call.sides[:-1]
        ear.listen(clean, list(zip(heard_sides, heard.speech, strict=False)), start_ms)
        end_ms = start_ms + samples.shape[1] * 1_000 // media.RATE
        told(min(end_ms, facts.duration_ms), facts.duration_ms)
    turns = [_respelt(turn, language, writing) for turn in call.turns()]
    measured = trust.measure(
        turns,
        [spans for _, spans in call.speech],
        language.probability if language and not given else None,
    )
    return Transcribed(
        channels=facts.channels,
        audio_ms=facts.duration_ms,
        work_ms=round((time.perf_counter() - began) * 1_000),
        language=language,
        turns=tuple(turns),
        made=recogniser.made(),
        speech=tuple((party, tuple(spans)) for party, spans in call.speech if spans),
        findings=tuple(_noticed(call, sides, turns, facts.duration_ms)),
        trust=measured,
        doubt=trust.doubt(measured),
        voice=ear.voice,
        music=ear.music,
    )


class _Call:
    """What has been heard so far, by party; the last place is for one sound of nobody known."""

    def __init__(self, sides: Sequence[Party], ears: voices.Ears | None) -> None:
        self.sides = (*sides, Party.UNKNOWN)
        self.words: list[list[Word]] = [[] for _ in self.sides]
        self.speech: list[tuple[Party, list[tuple[int, int]]]] = [(s, []) for s in self.sides]
        self.leaked_ms = [0 for _ in sides]
        self.one_sound = len(sides) == 1
        self._ears = ears
        self._voices = voices.Voices(ears) if ears else None

    def add(
        self,
        start_ms: int,
        samples: media.Samples,
        leaks: Sequence[Sequence[tuple[int, int]]],
        heard: Sequence[Sequence[Word]],
        speech: Sequence[Sequence[tuple[int, int]]],
        *,
        one_sound: bool,
    ) -> None:
        """Take in a stretch that begins at ``start_ms``; times in it count from there."""
        channels_ = _echoes_removed(samples, heard)
        places = [-1] if one_sound else range(len(self.sides) - 1)
        self.one_sound = self.one_sound or one_sound
        for place, words in zip(places, channels_, strict=True):
            self.words[place] += [word.shifted(start_ms) for word in words]
        for place, spans in zip(places, speech, strict=False):
            self.speech[place][1].extend((start_ms + a, start_ms + b) for a, b in spans)
        if not one_sound:
            for place, spans in enumerate(leaks):
                self.leaked_ms[place] += sum(b - a for a, b in spans) * 1_000 // media.RATE
        if self._voices and len(samples) == 1:
            self._voices.listen(samples[0], start_ms, merge_turns([(Party.UNKNOWN, heard[0])]))

    def turns(self) -> list[SpokenTurn]:
        """Return the turns in time order, their voices numbered where they were told apart."""
        turns = merge_turns(list(zip(self.sides, self.words, strict=True)))
        return self._voices.number(turns) if self._voices else turns


def _echoes_removed(
    samples: media.Samples, heard: Sequence[Sequence[Word]]
) -> list[Sequence[Word]]:
    if len(samples) != channels.PAIR:
        return list(heard)

    def quieter(side: int, word: Word) -> bool:
        cut = samples[:, word.start_ms * media.RATE // 1_000 : word.end_ms * media.RATE // 1_000]
        powers = np.square(cut).sum(axis=1)
        return bool(powers[side] * QUIETER < powers[1 - side])

    return [without_echo(heard[side], heard[1 - side], partial(quieter, side)) for side in (0, 1)]


def _respelt(turn: SpokenTurn, language: Language | None, writing: Writing) -> SpokenTurn:
    """Return the turn in its language's writing; a turn of unknown language is in the call's."""
    if turn.language is None and language is not None:
        turn = replace(turn, language=language.code)
    if turn.language not in CHINESE:
        return turn
    return respell(turn, lambda text: written(text, writing))


def _noticed(
    call: _Call,
    sides: channels.Sides,
    turns: Sequence[SpokenTurn],
    audio_ms: int,
) -> list[Finding]:
    known = call.sides[:-1]
    found: list[Finding | None] = []
    if len(known) > 1 and sides.one_sound:
        found.append(Finding(Code.DUAL_MONO))
    found += findings.clipped(known, sides.cut_off)
    if not call.one_sound:
        speech_ms: dict[Party, int] = {}
        for party, spans in call.speech[:-1]:
            speech_ms[party] = speech_ms.get(party, 0) + sum(b - a for a, b in spans)
        found.append(findings.one_sided(speech_ms))
        found += findings.bleed(known, call.leaked_ms, audio_ms)
        found.append(findings.swapped(turns))
    elif turns:
        speakers = {turn.speaker for turn in turns} - {None}
        if speakers:
            found.append(Finding(Code.VOICES_TOLD_APART, {"count": len(speakers)}))
        else:
            found.append(Finding(Code.VOICES_TOGETHER))
    return [each for each in found if each is not None]
