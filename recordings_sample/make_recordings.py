"""Speak the dialogues of texts/ into audio/, and write references.json and recorded.csv.

    python recordings_sample/make_recordings.py --voices kokoro-js/voices --cache /some/folder

Turns already spoken are taken from the cache folder. README.md says what to install.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import speech
import telephone
import texts

AUDIO = texts.FOLDER / "audio"
SEED = 20261123
SPEED = {"en": 1.2, "zh": 1.15}


def speak(
    call: dict[str, Any], voice: speech.Voice, table: dict[str, dict[str, str]]
) -> telephone.Line:
    """Lay one dialogue on a line."""
    line = telephone.Line(np.random.default_rng([SEED, zlib.crc32(str(call["key"]).encode())]))
    for step in call["steps"]:
        if step.what in ("pause", "music"):
            getattr(line, step.what)(step.seconds)
            continue
        agent = step.what == "agent"
        name = table["agents"][call["agents"][step.leg - 1]] if agent else call["customer_voice"]
        language = table["language"][name[0]]
        sound = voice.say(step.text, name, language, SPEED[call["language"]])
        sound = telephone.resample(sound, speech.RATE) * (0.55 if agent else 0.45)
        line.say(0 if agent else 1, sound, step.text, overlap=step.overlap)
    return line


def legs_ms(call: dict[str, Any], line: telephone.Line, duration_ms: int) -> list[int]:
    """Length of each leg: a transfer happens where the next agent's first turn begins."""
    turns = [step for step in call["steps"] if step.what in ("agent", "customer")]
    cuts = [0]
    for leg in range(2, len(call["agents"]) + 1):
        first = next(i for i, step in enumerate(turns) if step.leg == leg)
        cuts.append(round(line.placed[first].start * 1000 / telephone.RATE, -2))
    cuts.append(duration_ms)
    return [end - start for start, end in itertools.pairwise(cuts)]


def main() -> int:
    """Make every recording that `--only` names, or all of them and the two index files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", type=Path, required=True, help="folder of kokoro-js voices")
    parser.add_argument("--cache", type=Path, required=True, help="folder for spoken turns")
    parser.add_argument("--only", default="", help="make calls whose key starts so, no index")
    options = parser.parse_args()
    voice = speech.Voice(options.voices, options.cache)
    table = texts.voices()
    AUDIO.mkdir(exist_ok=True)
    references: dict[str, object] = {}
    rows: list[dict[str, object]] = []
    for call in texts.load():
        if not str(call["key"]).startswith(options.only):
            continue
        line = speak(call, voice, table)
        kind = str(call["format"])
        path = AUDIO / texts.file_name(call, telephone.extension(kind))
        telephone.write(path, line.sound(), kind)
        duration_ms = round(telephone.decoded_seconds(path), 1) * 1000
        references[str(call["call_id"])] = {
            "file": path.name,
            "language": call["language"],
            "format": kind,
            "channels": 1 if kind in ("mono_mp3", "wav_gsm") else 2,
            "turns": [
                {
                    "party": "customer" if turn.channel else "agent",
                    "start_ms": round(turn.start * 1000 / telephone.RATE),
                    "end_ms": round(turn.end * 1000 / telephone.RATE),
                    "text": turn.text,
                }
                for turn in line.placed
            ],
        }
        legs = legs_ms(call, line, round(duration_ms))
        music = sum(step.seconds for step in call["steps"] if step.what == "music")
        rows.append(
            {
                "call_id": call["call_id"],
                "file": f"audio/{path.name}",
                "language": call["language"],
                "duration_s": f"{duration_ms / 1000:.1f}",
                "design": call["design"],
                "legs_s": " ".join(f"{ms / 1000:.1f}" for ms in legs),
                "hold_s": f"{music:.1f}",
            }
        )
        sys.stderr.write(f"{call['key']} {rows[-1]['duration_s']} s\n")
    sys.stderr.write(f"{sum(float(str(r['duration_s'])) for r in rows) / 60:.2f} minutes\n")
    if options.only:
        return 0
    for old in set(AUDIO.iterdir()) - {texts.FOLDER / str(row["file"]) for row in rows}:
        old.unlink()
    rows.sort(key=lambda row: str(row["call_id"]))
    (texts.FOLDER / "references.json").write_text(
        json.dumps(dict(sorted(references.items())), ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )
    with (texts.FOLDER / "recorded.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
