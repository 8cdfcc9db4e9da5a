"""Reads the dialogues and verdicts of the recorded calls from texts/*.toml."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LINE = re.compile(
    r"^(?:(?P<who>A[23]?|C)(?P<over><?): (?P<text>.+)|\((?P<what>\w+) (?P<s>[\d.]+)\))$"
)


@dataclass(frozen=True)
class Step:
    """One line of a dialogue: a turn of `leg` (1-based), or a pause or music of `seconds`."""

    what: str  # agent, customer, pause, music
    leg: int
    text: str
    overlap: bool
    seconds: float


def call_id(key: str) -> str:
    """Return the public id of a sample call: stable whatever else changes."""
    return hashlib.sha256(f"hearback-sample|{key}".encode()).hexdigest()[:10]


def steps(turns: str) -> list[Step]:
    """Read the lines of a dialogue, in order."""
    found: list[Step] = []
    leg = 1
    for number, line in enumerate(turns.strip().splitlines(), 1):
        match = LINE.match(line.strip())
        if match is None:
            message = f"line {number} is neither a turn nor a pause: {line}"
            raise ValueError(message)
        if match["what"]:
            found.append(Step(match["what"], leg, "", overlap=False, seconds=float(match["s"])))
            continue
        if match["who"] != "C":
            leg = int(match["who"][1:] or 1)
        party = "customer" if match["who"] == "C" else "agent"
        found.append(Step(party, leg, match["text"], overlap=bool(match["over"]), seconds=0.0))
    return found


def load() -> list[dict[str, Any]]:
    """Every recorded call as in its text file, with `call_id`, `language` and `steps` added."""
    calls: list[dict[str, Any]] = []
    for language in ("en", "zh"):
        for path in sorted((FOLDER / "texts").glob(f"{language}*.toml")):
            for call in tomllib.loads(path.read_text(encoding="utf-8"))["call"]:
                call["call_id"] = call_id(call["key"])
                call["language"] = language
                call["steps"] = steps(call["turns"])
                calls.append(call)
    return calls


def voices() -> dict[str, dict[str, str]]:
    """texts/voices.toml."""
    return tomllib.loads((FOLDER / "texts" / "voices.toml").read_text(encoding="utf-8"))


def file_name(call: dict[str, Any], extension: str) -> str:
    """Name as a recorder gives it: id, first agent and local time inside the name."""
    time = str(call["started_at"]).replace(":", "-")
    return f"GUID_{call['call_id']}_AGENT_{call['agents'][0]}_DT_{time}_x.{extension}"
