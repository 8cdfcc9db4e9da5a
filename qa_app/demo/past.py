"""Recordings of the weeks before: a fraction of a second of tone for each call.

The draws of the past need recordings on file, and the product's own retention takes them away
again. Ten weeks of real conversations would be days of audio.
"""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from qa_app.demo.samples import Samples

RATE = 8_000
_SECONDS = 0.2
_UNRECORDED = 50
"""One call in so many has no recording, as happens everywhere."""


def connected(samples: Samples) -> Iterator[tuple[str, date]]:
    """Yield the id and local day of each call that a recorder would have caught."""
    talked: dict[str, date] = {}
    for row in samples.rows("calls.csv"):
        if float(row["talk_s"]) > 0 and row["robot"] == "no" and row["recording_notice"] == "yes":
            talked.setdefault(row["call_id"], datetime.fromisoformat(row["started_at"]).date())
    for call_id, day in talked.items():
        if _number(call_id) % _UNRECORDED:
            yield call_id, day


def write_tones(folder: Path, call_ids: list[str]) -> None:
    """Write one stereo µ-law file a call, each of its own pitch, named by the call's id."""
    import numpy as np
    import soundfile

    time = np.arange(int(RATE * _SECONDS)) / RATE
    for call_id in call_ids:
        number = _number(call_id)
        left = np.sin(2 * np.pi * (300 + number % 997) * time)
        right = np.sin(2 * np.pi * (300 + number // 997 % 997) * time)
        samples = 0.1 * np.column_stack([left, right])
        soundfile.write(folder / f"{call_id}.wav", samples, RATE, subtype="ULAW")


def _number(call_id: str) -> int:
    return int.from_bytes(hashlib.sha256(call_id.encode()).digest()[:8])
