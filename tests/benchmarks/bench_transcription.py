"""Transcription beside the recogniser it is built on: seconds, errors, invented words, memory.

Every competitor hears the same samples with the same model (int8, two cores) in processes of its
own: faster-whisper one window after another with its voice activity detection, its batched
pipeline (8 and 16 at once), and ours; each as one process with two threads and as two processes
with one, calls split evenly by seconds. Loading is not counted. Languages are given to all.
Prints one JSON line per figure. Keep the machine quiet: nothing here is asserted on time by tests.

``--data DIR`` adds a real stereo call given as two files ``*_agent.wav`` and ``*_caller.wav``.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from models.vocab import ChannelLayout, Party
from pipelines.runtime import RecogniserSettings
from pipelines.transcription import hearing
from pipelines.transcription.chinese import simplified
from pipelines.transcription.error_rates import Errors, call_errors
from pipelines.transcription.recognition import recogniser, weights
from pipelines.transcription.rules import Word, merge_turns, parties
from pipelines.transcription.sound import media

SAMPLES = Path(__file__).parents[2] / "recordings_sample"
LAYOUTS = {"1x2": (1, 2), "2x1": (2, 1)}
ENGINES = ("sequential", "batched8", "batched16", "ours")
IN_FLIGHT = 8
ONE_LANGUAGE = recogniser.Hints(one_language=True)
"""The peers are told the language too, and look for no other."""

Call = tuple[str, str, media.Samples]
Racer = tuple[str, str]


def references() -> dict[str, Any]:
    """Return what was said in each sample call."""
    found: dict[str, Any] = json.loads((SAMPLES / "references.json").read_text(encoding="utf-8"))
    return found


def load(name: str, data: Path | None) -> list[Call]:
    """Return the calls of a set as (key, language, samples)."""
    if name == "real_call":
        sides = [next((data or Path()).rglob(f"*_{side}.wav")) for side in ("agent", "caller")]
        return [("real", "en", np.concatenate([media.decode(side) for side in sides]))]
    calls = [
        (key, said["language"], media.decode(SAMPLES / "audio" / said["file"]))
        for key, said in references().items()
        if not name.startswith("short") or said["turns"][-1]["end_ms"] < 25_000
    ]
    if name.endswith("noisy"):
        rng = np.random.default_rng(20261123)
        calls = [(key, language, noisy(samples, rng)) for key, language, samples in calls]
    return calls


def noisy(samples: media.Samples, rng: np.random.Generator, decibels: float = 15) -> media.Samples:
    """Return the call with line noise so far below its speech."""
    speech = float(np.square(samples[np.abs(samples) > 0.01]).mean())
    noise = rng.normal(0, np.sqrt(speech / 10 ** (decibels / 10)), samples.shape)
    return (samples + noise).astype(np.float32)


def settings(threads: int) -> RecogniserSettings:
    """Return the settings under which ours is measured."""
    return RecogniserSettings(None, "cpu", "int8", threads)


def by_ours(calls: Sequence[Call], threads: int, folder: Path) -> Any:
    """Return a function that hears all calls with our recogniser."""
    ears = recogniser.Whisper(settings(threads), weights.find(settings(threads), folder))

    def hear(call: Call) -> list[list[Word]]:
        found = ears.hear(call[2], recogniser.Language(call[1], 1.0), ONE_LANGUAGE)
        return [list(channel) for channel in found.channels]

    def run() -> list[list[list[Word]]]:
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            return list(pool.map(hear, calls))

    return run


def by_peer(engine: str, calls: Sequence[Call], threads: int, folder: Path) -> Any:
    """Return a function that hears all calls, channel by channel, with faster-whisper."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    source = weights.find(settings(threads), folder).source
    model = WhisperModel(source, device="cpu", compute_type="int8", cpu_threads=threads)
    options: dict[str, Any] = {"beam_size": 5, "word_timestamps": True, "vad_filter": True}
    if engine == "sequential":
        transcribe = model.transcribe
        options["condition_on_previous_text"] = False
    else:
        transcribe = BatchedInferencePipeline(model).transcribe
        options["batch_size"] = int(engine.removeprefix("batched"))

    def run() -> list[list[list[Word]]]:
        return [
            [
                [
                    Word(word.word, round(word.start * 1_000), round(word.end * 1_000), 1.0)
                    for segment in transcribe(channel, language=language, **options)[0]
                    for word in segment.words or ()
                ]
                for channel in samples
            ]
            for _, language, samples in calls
        ]

    return run


def child(engine: str, threads: int, calls: Sequence[Call]) -> None:
    """Load, say so, wait for the word, work, and print what was heard."""
    with tempfile.TemporaryDirectory() as folder:
        if engine == "ours":
            run = by_ours(calls, threads, Path(folder))
        else:
            run = by_peer(engine, calls, threads, Path(folder))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        cpu = time.process_time()
        heard = run()
        cpu = time.process_time() - cpu
    turns = {
        call[0]: [
            (turn.party, simplified(turn.text))
            for turn in merge_turns(
                list(zip(parties(ChannelLayout.AGENT_LEFT, len(call[2])), words, strict=True))
            )
        ]
        for call, words in zip(calls, heard, strict=True)
    }
    sys.stdout.write(json.dumps({"cpu": cpu, "turns": turns}) + "\n")


def share(calls: Sequence[Call], part: int, parts: int) -> list[Call]:
    """Return one of several shares of the calls, even by seconds; a lone call by its channels."""
    if len(calls) == 1 and parts > 1:
        key, language, samples = calls[0]
        return [(f"{key}{part}", language, samples[part::parts])]
    loads, shares = [0] * parts, [list[Call]() for _ in range(parts)]
    for call in sorted(calls, key=lambda one: one[2].shape[1], reverse=True):
        least = loads.index(min(loads))
        loads[least] += call[2].shape[1]
        shares[least].append(call)
    return shares[part]


def race(engine: str, layout: str, name: str, data: Path | None) -> tuple[float, float, Any]:
    """Return seconds, processor seconds, and the turns heard by key."""
    processes, threads = LAYOUTS[layout]
    command = [sys.executable, "-m", "tests.benchmarks.bench_transcription", "--child", engine]
    command += ["--threads", str(threads), "--sets", name, "--parts", str(processes)]
    command += ["--data", str(data)] if data else []
    running = [
        subprocess.Popen(
            [*command, "--part", str(part)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for part in range(processes)
    ]
    for one in running:
        if one.stdout is None or one.stdout.readline() != "ready\n":
            raise SystemExit(f"{engine} did not start")
    began = time.perf_counter()
    for one in running:
        one.stdin.write("go\n")  # type: ignore[union-attr]  # opened above
        one.stdin.flush()  # type: ignore[union-attr]  # likewise
    lines = [one.stdout.readline() for one in running]  # type: ignore[union-attr]  # likewise
    seconds = time.perf_counter() - began
    for one in running:
        one.communicate()
    found = [json.loads(line) for line in lines]
    turns = {key: said for part in found for key, said in part["turns"].items()}
    return seconds, sum(part["cpu"] for part in found), turns


def errors(turns: dict[str, Any]) -> dict[str, Errors]:
    """Return the errors by language of what was heard in sample calls."""
    total: dict[str, Errors] = {}
    for key, said in references().items():
        if key in turns:
            found = call_errors(
                [(Party(turn["party"]), turn["text"]) for turn in said["turns"]],
                [(Party(party), text) for party, text in turns[key]],
                said["language"],
            )
            total[said["language"]] = total.get(said["language"], Errors(0, 0)) + found
    return total


def say(name: str, value: float | None, unit: str, bar: float | None = None) -> bool:
    """Print one figure; tell whether it meets its bar: ratios reach theirs, others stay below."""
    met = None
    if bar is not None and value is not None:
        met = value >= bar if unit == "x" else value <= bar
    rounded = None if value is None else round(value, 2)
    figure = {"name": name, "value": rounded, "unit": unit, "bar": bar, "met": met}
    sys.stdout.write(json.dumps(figure) + "\n")
    sys.stdout.flush()
    return met is not False


def compare(name: str, data: Path | None, runs: int) -> bool:
    """Race all competitors on one set, in turn, several times; print medians and ratios."""
    length = sum(samples.shape[1] for _, _, samples in load(name, data)) / media.RATE
    count = len(load(name, data))
    races: dict[Racer, list[tuple[float, float]]] = {}
    turns: dict[str, Any] = {}
    for _ in range(runs):
        for engine, layout in product(ENGINES, LAYOUTS):
            took, worked, heard = race(engine, layout, name, data)
            sys.stderr.write(f"{name} {engine} {layout}: {took:.1f} s, processor {worked:.1f} s\n")
            races.setdefault((engine, layout), []).append((took, worked))
            if layout == "1x2":
                turns[engine] = heard
    median = {key: statistics.median(took for took, _ in found) for key, found in races.items()}
    for (engine, layout), took in median.items():
        label = f"{engine}/{layout}/{name}"
        worked = statistics.median(worked for _, worked in races[engine, layout])
        say(f"seconds/{label}", took, "s")
        say(f"processor_seconds/{label}", worked, "s")
        say(f"audio_per_second/{label}", length / took, "s/s")
        say(f"calls_per_second/{label}", count / took, "1/s")
    good = ratios(name, median)
    return accuracy(name, turns) and good


def ratios(name: str, median: dict[Racer, float]) -> bool:
    """Print how many times faster ours is than the peers; tell whether all bars hold."""

    def best(*engines: str, layout: str | None = None) -> float:
        return min(
            took
            for (engine, used), took in median.items()
            if engine in engines and layout in (None, used)
        )

    batched = ("batched8", "batched16")
    good = say(f"ratio_to_batched_best/{name}", best(*batched) / best("ours"), "x", 1.5)
    for layout in LAYOUTS:
        ratio = best(*batched, layout=layout) / best("ours", layout=layout)
        good = say(f"ratio_to_batched/{name}/{layout}", ratio, "x", 1.5) and good
    sequential = best("sequential") / best("ours")
    return say(f"ratio_to_sequential/{name}", sequential, "x", 2.8) and good


def accuracy(name: str, turns: dict[str, Any]) -> bool:
    """Print everybody's error rates, and what ours has more than the sequential mode."""
    good = True
    rates = {engine: errors(heard) for engine, heard in turns.items()}
    for engine, found in rates.items():
        for language, counted in found.items():
            say(f"error_rate/{engine}/{name}/{language}", 100 * (counted.rate or 0), "%")
    for language, ours in rates["ours"].items():
        theirs = rates["sequential"][language]
        points = 100 * ((ours.rate or 0) - (theirs.rate or 0))
        good = say(f"wer_difference_points/{name}/{language}", points, "points", 0.5) and good
    return good


def nothing_said() -> bool:
    """Print the words that ours hears in silence, noise and hold music; none is the bar."""
    rng = np.random.default_rng(20261123)
    clock = np.arange(60 * media.RATE) / media.RATE
    notes = np.array([261.6, 329.6, 392.0, 523.3])[(clock / 0.42).astype(int) % 4]
    music = 0.2 * np.sin(2 * np.pi * notes * clock) * np.exp(-2.2 * (clock % 0.42))
    sounds = {
        "silence": np.zeros_like(clock),
        "noise": rng.normal(0, 0.01, len(clock)),
        "hold_music": music,
    }
    good = True
    with tempfile.TemporaryDirectory() as folder:
        ears = recogniser.Whisper(settings(2), weights.find(settings(2), Path(folder)))
        for name, sound in sounds.items():
            heard = ears.hear(sound[None].astype(np.float32), recogniser.Language("en", 1.0))
            words = sum(map(len, heard.channels))
            good = say(f"invented_words/{name}", words, "words", 0) and good
    return good


def memory_child() -> None:
    """Transcribe an hour of stereo and print this process's peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hour.wav"
        key = max(references(), key=lambda one: references()[one]["turns"][-1]["end_ms"])
        with soundfile.SoundFile(path, "w", 8_000, 2, "ULAW") as out:
            while out.frames < 3_600 * 8_000:
                for block in media.blocks(SAMPLES / "audio" / references()[key]["file"], 8_000):
                    out.write(block.T)
        ears = recogniser.Whisper(settings(2), weights.find(settings(2), Path(folder)))
        hearing.transcribe(path, ears, layout=ChannelLayout.AGENT_LEFT)
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}\n")


def main() -> int:
    """Race on every set; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sets", default="")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--memory-child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    for name in ("--threads", "--part", "--parts"):
        parser.add_argument(name, type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        calls = share(load(options.sets, options.data), options.part, options.parts)
        child(options.child, options.threads, calls)
        return 0
    if options.memory_child:
        memory_child()
        return 0
    sets = options.sets.split(",") if options.sets else ["short", "samples", "samples_noisy"]
    if options.data and not options.sets:
        sets.insert(0, "real_call")
    good = nothing_said()
    for name in sets:
        good = compare(name, options.data, options.runs) and good
    if not options.no_memory:
        command = [sys.executable, "-m", "tests.benchmarks.bench_transcription", "--memory-child"]
        peak = float(subprocess.run(command, check=True, capture_output=True).stdout)
        good = say("peak_mb/one_hour_stereo", peak, "MB", 1_200) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
