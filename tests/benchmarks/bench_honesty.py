"""What is written down that nobody said, and whether doubt falls on the right calls.

Run by ``make bench-transcription``; alone: ``python -m tests.benchmarks.bench_honesty``. One JSON
object a line: name, value, unit, bar, met. Compared with faster-whisper's sequential mode on the
same weights, beam 5, its voice activity filter on. ``--data DIR`` adds recordings that are not the
project's own; they have no reference, so what is printed of them has no bar. ``--keys`` takes only
some of the sample calls, ``--sets`` only some of: silence, music, clean, noise20, noise10, noise5,
hold, names, trust, real.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.vocab import ChannelLayout, Party
from pipelines.transcription import trust
from pipelines.transcription.chinese import simplified
from pipelines.transcription.error_rates import Errors, call_errors, tokens
from pipelines.transcription.recognition import recogniser, weights
from pipelines.transcription.recognition.recogniser import Hints, Language, Whisper
from pipelines.transcription.rules import SpokenTurn, Word, merge_turns, parties
from pipelines.transcription.sound import media
from tests.benchmarks.bench_transcription import SAMPLES, noisy, references, say, settings

THREADS = 2
INSERTED_BAR = 0.5
BAD, GOOD = 0.4, 0.15
"""Calls with more errors than the first should be abstained, with fewer than the second not."""

NAMES = {"en": ("Northline",), "zh": ("阳光宽带", "机顶盒", "移机")}
SILENCES = ("silence", "music")
OTHERS = ("names", "trust", "real")
Sound = Callable[[str, media.Samples], media.Samples]


@dataclass
class Bench:
    """Both recognisers on the same weights, and what ours has heard so far by set and call."""

    ears: Whisper
    source: str
    keys: Sequence[str]
    heard: dict[str, dict[str, recogniser.Heard]]

    def ours(self, name: str, change: Sound, hints: Hints = recogniser.NO_HINTS) -> dict[str, Any]:
        """Return what ours hears in the sample calls, changed by ``change``."""
        if name not in self.heard:

            def hear(key: str) -> recogniser.Heard:
                return self.ears.hear(change(key, sample(key)), None, hints)

            with ThreadPoolExecutor(4) as pool:
                self.heard[name] = dict(zip(self.keys, pool.map(hear, self.keys), strict=True))
        return self.heard[name]

    def theirs(self, change: Sound) -> dict[str, list[list[Word]]]:
        """Return the words that the sequential mode hears, channel by channel."""
        from faster_whisper import WhisperModel

        model = WhisperModel(self.source, device="cpu", compute_type="int8", cpu_threads=THREADS)
        return {
            key: [
                sequential(model, channel, references()[key]["language"])
                for channel in change(key, sample(key))
            ]
            for key in self.keys
        }


def sequential(model: Any, channel: media.Samples, language: str | None) -> list[Word]:
    """Return the words of one channel as faster-whisper hears it by itself."""
    segments, _ = model.transcribe(
        channel,
        language=language,
        beam_size=5,
        word_timestamps=True,
        vad_filter=True,
        condition_on_previous_text=False,
    )
    return [
        Word(word.word, round(word.start * 1_000), round(word.end * 1_000), word.probability)
        for segment in segments
        for word in segment.words or ()
    ]


def sample(key: str) -> media.Samples:
    """Return the sound of a sample call."""
    return media.decode(SAMPLES / "audio" / references()[key]["file"])


def with_noise(decibels: float) -> Sound:
    """Return a function that adds line noise, the same for the same call."""
    return lambda key, samples: noisy(
        samples, np.random.default_rng(int(key, 16) % 2**32), decibels
    )


def with_music(_key: str, samples: media.Samples) -> media.Samples:
    """Return the call with hold music on both sides, 20 dB below the voices."""
    tune = hold_music(samples.shape[1] / media.RATE + 1)[: samples.shape[1]]
    speech = float(np.square(samples[np.abs(samples) > 0.01]).mean())
    scaled = tune * np.sqrt(speech / 100 / float(np.square(tune).mean()))
    return (samples + scaled).astype(np.float32)


def as_it_is(_key: str, samples: media.Samples) -> media.Samples:
    """Return the call unchanged."""
    return samples


CHANGES: dict[str, Sound] = {
    "clean": as_it_is,
    "noise20": with_noise(20),
    "noise10": with_noise(10),
    "noise5": with_noise(5),
    "hold": with_music,
}


def hold_music(seconds: float) -> np.ndarray:
    """Return a tune of plucked notes with a second voice."""
    clock = np.arange(int(seconds * media.RATE)) / media.RATE
    tune = np.zeros_like(clock)
    for notes, beat in (((261.6, 329.6, 392.0, 523.3), 0.42), ((130.8, 98.0), 0.84)):
        hertz = np.array(notes)[(clock / beat).astype(int) % len(notes)]
        tune += 0.15 * np.sin(2 * np.pi * hertz * clock) * np.exp(-2.2 * (clock % beat))
    return tune


def wordless(seconds: float = 60) -> Iterator[tuple[str, np.ndarray]]:
    """Yield sounds in which nobody speaks: silence, noise, music, ringing, tones, keys."""
    rng = np.random.default_rng(20261123)
    clock = np.arange(int(seconds * media.RATE)) / media.RATE
    yield "silence", np.zeros_like(clock)
    for decibels in (-60, -40, -20):
        yield f"noise{decibels}dB", rng.normal(0, 10 ** (decibels / 20), len(clock))
    yield "hold_music", hold_music(seconds)
    american = np.sin(2 * np.pi * 440 * clock) + np.sin(2 * np.pi * 480 * clock)
    yield "ringing_us", 0.1 * american * (clock % 6 < 2)
    yield "ringing_cn", 0.2 * np.sin(2 * np.pi * 450 * clock) * (clock % 5 < 1)
    british = np.sin(2 * np.pi * 400 * clock) + np.sin(2 * np.pi * 450 * clock)
    yield "ringing_uk", 0.1 * british * ((clock % 3 < 0.4) | ((clock % 3 > 0.6) & (clock % 3 < 1)))
    yield "busy", 0.2 * np.sin(2 * np.pi * 450 * clock) * (clock % 0.7 < 0.35)
    keys = np.sin(2 * np.pi * 770 * clock) + np.sin(2 * np.pi * 1_336 * clock)
    yield "keys", 0.1 * keys * (clock % 1 < 0.15)


def invented(bench: Bench, names: Sequence[str], data: Path | None) -> bool:
    """Print the words heard where there are none, each language's way; none is the bar."""
    sounds: list[tuple[str, np.ndarray]] = []
    for name, sound in wordless():
        kind = "silence" if name.startswith(("silence", "noise")) else "music"
        if kind in names:
            sounds.append((name, sound))
    if data and "music" in names:
        sounds += [
            (path.stem, media.decode(path)[0])
            for path in sorted((data / "hold_music_and_prompts").glob("*.wav"))
        ]
    if data and "silence" in names:
        sounds += [
            (path.stem, media.decode(path)[0]) for path in sorted(data.rglob("silence*.wav"))
        ]
    good = True
    for name, sound in sounds:
        heard = [
            self_heard
            for language in (Language("en", 1.0), Language("zh", 1.0), None)
            for self_heard in bench.ears.hear(sound[None].astype(np.float32), language).channels
        ]
        words = max(map(len, heard))
        good = say(f"invented_words/{name}", words, "words", 0) and good
        if words:
            sys.stderr.write(f"{name}: {''.join(w.text for w in max(heard, key=len))}\n")
    return good


def turns_of(channels: Sequence[Sequence[Word]]) -> list[SpokenTurn]:
    """Return the turns of a sample call, whose agent is on the left."""
    sides = parties(ChannelLayout.AGENT_LEFT, len(channels))
    return merge_turns(list(zip(sides, channels, strict=True)))


def errors_of(key: str, turns: Sequence[SpokenTurn]) -> Errors:
    """Return the errors of a call against what was said in it."""
    said = references()[key]
    return call_errors(
        [(Party(turn["party"]), turn["text"]) for turn in said["turns"]],
        [(turn.party, simplified(turn.text)) for turn in turns],
        said["language"],
    )


def inserted(bench: Bench, name: str) -> bool:
    """Print words per hundred that nobody said, ours minus the sequential mode's."""
    ours = sum(
        (
            errors_of(key, turns_of(h.channels))
            for key, h in bench.ours(name, CHANGES[name]).items()
        ),
        Errors(0, 0),
    )
    theirs = sum(
        (errors_of(key, turns_of(words)) for key, words in bench.theirs(CHANGES[name]).items()),
        Errors(0, 0),
    )
    for who, found in (("ours", ours), ("sequential", theirs)):
        say(f"inserted_words/{who}/{name}", 100 * found.insertions / found.length, "points")
        say(f"error_rate/{who}/{name}", 100 * (found.rate or 0), "%")
    points = 100 * (ours.insertions - theirs.insertions) / ours.length
    return say(f"inserted_points/{name}", points, "points", INSERTED_BAR)


def names_told(bench: Bench) -> None:
    """Print how often names are written right without and with being told, and other errors."""
    for language, names in NAMES.items():
        keys = [
            key
            for key in bench.keys
            if references()[key]["language"] == language
            and any(name in turn["text"] for name in names for turn in references()[key]["turns"])
        ]
        some = Bench(bench.ears, bench.source, keys, {})
        told = Hints(hotwords=", ".join(names))
        for label, hints in (("without", recogniser.NO_HINTS), ("with", told)):
            said = right = 0
            total = Errors(0, 0)
            for key, heard in some.ours(label, as_it_is, hints).items():
                turns = turns_of(heard.channels)
                written = simplified(" ".join(turn.text for turn in turns)).casefold()
                for name in names:
                    wanted = sum(turn["text"].count(name) for turn in references()[key]["turns"])
                    said += wanted
                    right += min(wanted, written.count(name.casefold()))
                total += errors_of(key, turns)
            where = f"{language}_{label}"
            length = max(total.length, 1)
            say(f"hotword_effect/names_right/{where}", 100 * right / max(said, 1), "%")
            say(f"hotword_effect/error_rate/{where}", 100 * total.errors / length, "%")
            say(f"hotword_effect/inserted/{where}", 100 * total.insertions / length, "points")


def trusted(bench: Bench) -> None:
    """Print how many bad calls are abstained, and how many good ones, over all noises."""
    bad = caught = good = wrongly = between = held = 0
    sets = {**CHANGES, "noise0": with_noise(0)}
    for name, change in sets.items():
        for key, heard in bench.ours(name, change).items():
            turns = turns_of(heard.channels)
            sure = heard.language.probability if heard.language else None
            doubted = trust.doubt(trust.measure(turns, heard.speech, sure)) is not None
            rate = errors_of(key, turns).rate or 0
            if rate > BAD:
                bad, caught = bad + 1, caught + doubted
            elif rate < GOOD:
                good, wrongly = good + 1, wrongly + doubted
            else:
                between, held = between + 1, held + doubted
    say("trust/bad_calls", bad, "calls")
    say("trust/bad_calls_abstained", 100 * caught / max(bad, 1), "%")
    say("trust/good_calls", good, "calls")
    say("trust/good_calls_abstained", 100 * wrongly / max(good, 1), "%")
    say("trust/calls_between", between, "calls")
    say("trust/calls_between_abstained", 100 * held / max(between, 1), "%")


def real(bench: Bench, data: Path) -> None:
    """Print what ours writes beyond the sequential mode's text on calls without a reference."""
    from faster_whisper import WhisperModel

    model = WhisperModel(bench.source, device="cpu", compute_type="int8", cpu_threads=THREADS)
    for path in sorted([*(data / "calls_en").glob("*.wav"), *(data / "calls_zh").glob("*.wav")]):
        samples = media.decode(path)[:1]
        heard = bench.ears.hear(samples, None)
        if heard.language is None:
            continue
        code = heard.language.code
        theirs = "".join(word.text for word in sequential(model, samples[0], code))
        turns = merge_turns([(Party.UNKNOWN, heard.channels[0])])
        ours = "".join(word.text for turn in turns for word in turn.words)
        said, told = Errors(0, 0), tokens(simplified(theirs), code)
        said = call_errors([(Party.AGENT, simplified(theirs))], [(Party.UNKNOWN, ours)], code)
        if told:
            say(f"beyond_sequential/{path.stem}", 100 * said.insertions / said.length, "points")
        doubt = trust.doubt(trust.measure(turns, heard.speech, heard.language.probability))
        say(f"trust/abstained/{path.stem}", int(doubt is not None), "calls")


def main() -> int:
    """Measure every set; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default="")
    parser.add_argument("--keys", default="")
    parser.add_argument("--data", type=Path)
    options, _others = parser.parse_known_args()
    every = (*SILENCES, *CHANGES, *OTHERS)
    # The set names of the other benchmark, run by the same command, mean nothing here.
    names = [name for name in options.sets.split(",") if name in every] or every
    with tempfile.TemporaryDirectory() as folder:
        found = weights.find(settings(THREADS), Path(folder))
        bench = Bench(
            Whisper(settings(THREADS), found),
            found.source,
            options.keys.split(",") if options.keys else sorted(references()),
            {},
        )
        good = invented(bench, names, options.data)
        for name in CHANGES:
            if name in names:
                good = inserted(bench, name) and good
        if "names" in names:
            names_told(bench)
        if "trust" in names:
            trusted(bench)
        if "real" in names and options.data:
            real(bench, options.data)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
