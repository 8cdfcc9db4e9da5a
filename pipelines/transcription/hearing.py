"""One recording from file to turns, without a database: what the job and the command share."""

import time
from dataclasses import dataclass
from pathlib import Path

from models.vocab import ChannelLayout, Party
from pipelines.runtime import Progress
from pipelines.transcription import media
from pipelines.transcription.chinese import simplified
from pipelines.transcription.recogniser import Hints, Language, Made, Recogniser
from pipelines.transcription.rules import SpokenTurn, Word, merge_turns, parties, respell

CHINESE = frozenset({"zh", "yue"})


@dataclass(frozen=True)
class Transcribed:
    """What was said in a recording: turns in time order, and how they were found.

    ``channels`` are those of the file; ``audio_ms`` is its length, ``work_ms`` the time it took.
    ``language`` is null where nobody spoke. ``speech`` is where each party speaks, in ms.
    """

    channels: int
    audio_ms: int
    work_ms: int
    language: Language | None
    turns: tuple[SpokenTurn, ...]
    made: Made
    speech: tuple[tuple[Party, tuple[tuple[int, int], ...]], ...] = ()


def transcribe(
    path: Path,
    recogniser: Recogniser,
    *,
    layout: ChannelLayout,
    language: Language | None = None,
    simplify: bool = True,
    hotwords: str = "",
    progress: Progress | None = None,
) -> Transcribed:
    """Return the turns of the recording at ``path``; raises the errors of ``media.probe``.

    The language is found at the first stretch in which somebody speaks, unless it is given; then
    nobody is taken to speak another. ``hotwords`` are names likely to be said.
    ``progress`` is called with milliseconds of audio.
    """
    began = time.perf_counter()
    hints = Hints(hotwords=hotwords, one_language=language is not None)
    facts = media.probe(path)
    told: Progress = progress or (lambda _done, _total: None)
    told(0, facts.duration_ms)
    channels: list[tuple[Party, list[Word]]] = [
        (party, []) for party in parties(layout, facts.channels)
    ]
    both: list[Word] = []
    speech: list[tuple[Party, list[tuple[int, int]]]] = [
        *[(party, []) for party, _ in channels],
        (Party.UNKNOWN, []),
    ]
    end_ms = 0
    for start_ms, samples in media.stretches(path):
        one_sound = samples.shape[0] > 1 and (
            layout is ChannelLayout.MONO or media.same_on_both(samples)
        )
        if one_sound:
            samples = samples.mean(axis=0, keepdims=True)  # noqa: PLW2901 - the same sound, once
        heard = recogniser.hear(samples, language, hints)
        language = language or heard.language
        targets = [both] if one_sound else [words for _, words in channels]
        for words, found in zip(targets, heard.channels, strict=True):
            words.extend(word.shifted(start_ms) for word in found)
        sides = speech[-1:] if one_sound else speech[:-1]
        for (_, spans), found_speech in zip(sides, heard.speech, strict=False):
            spans.extend((start_ms + start, start_ms + end) for start, end in found_speech)
        end_ms = start_ms + samples.shape[1] * 1_000 // media.RATE
        told(min(end_ms, facts.duration_ms), facts.duration_ms)
    turns = merge_turns([*channels, (Party.UNKNOWN, both)])
    if simplify and language is not None and language.code in CHINESE:
        turns = [respell(turn, simplified) for turn in turns]
    return Transcribed(
        channels=facts.channels,
        audio_ms=facts.duration_ms,
        work_ms=round((time.perf_counter() - began) * 1_000),
        language=language,
        turns=tuple(turns),
        made=recogniser.made(),
        speech=tuple((party, tuple(spans)) for party, spans in speech if spans),
    )
