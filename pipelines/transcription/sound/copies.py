"""What a page needs beside a recording's original: peaks to draw, and a copy a browser can play.

Made by a job after import, so that opening a page reads small files only; a page opened earlier
shows the player without its picture.
"""

import io
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import MediaFile, Recording
from models.upsert import insert_missing
from models.vocab import MediaKind, RecordingState
from pipelines.runtime import Progress, Runtime
from pipelines.storage import StoredFile
from pipelines.transcription.sound import media

POINTS_A_SECOND = 20
MOST_POINTS = 8_192
"""An hour is drawn on at most some thousand pixels: longer calls get coarser points."""

PLAYBACK_RATE = 16_000
PLAYBACK_BITS = 24_000
"""Bits a second and channel of ogg-opus: telephone speech sounds the same as its source."""


@dataclass(frozen=True)
class Source:
    """A recording whose copies are to be made."""

    recording_id: int
    storage_key: str


@dataclass(frozen=True)
class Copies:
    """The files made: peaks always, a playback copy where the browser needs one."""

    recording_id: int
    peaks: StoredFile
    playback: StoredFile | None


def peaks(blocks: Iterable[media.Samples], rate: int) -> dict[str, Any]:
    """Return the loudest absolute sample per point and channel, 0 to 127, ready for JSON.

    ``blocks`` are [channels, n] at ``rate`` Hz. ``{"points_per_second": …, "channels": [[…], …]}``.
    """
    step = max(1, rate // POINTS_A_SECOND)
    rows: list[Any] = []
    left: media.Samples | None = None
    for block in blocks:
        samples = block if left is None else np.concatenate([left, block], axis=1)
        whole = samples.shape[1] // step * step
        if whole:
            rows.append(_loudest(samples[:, :whole], step))
        left = samples[:, whole:]
    if left is not None and left.shape[1]:
        rows.append(np.abs(left).max(axis=1, keepdims=True))
    points = np.concatenate(rows, axis=1)
    factor = -(-points.shape[1] // MOST_POINTS)
    if factor > 1:
        short = -points.shape[1] % factor
        points = _loudest(np.pad(points, ((0, 0), (0, short))), factor)
    levels = np.clip(np.rint(points * 127), 0, 127).astype(int)
    return {"points_per_second": rate / step / factor, "channels": levels.tolist()}


def _loudest(samples: media.Samples, step: int) -> media.Samples:
    channels, length = samples.shape
    loudest: media.Samples = np.abs(samples).reshape(channels, length // step, step).max(axis=2)
    return loudest


Change = Callable[[media.Samples, int], media.Samples]


def write_playback(source: Path, target: Path, change: Change | None = None) -> None:
    """Write ``source`` as ogg-opus, which every browser plays and can seek in.

    ``change`` is given each block, at ``PLAYBACK_RATE``, with the number of its first sample, and
    returns what is written in its place.
    """
    import av

    facts = media.probe(source)
    layout = "stereo" if facts.channels > 1 else "mono"
    with av.open(str(target), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=PLAYBACK_RATE, layout=layout)
        stream.bit_rate = PLAYBACK_BITS * min(facts.channels, 2)
        written = 0
        for block in media.blocks(source, PLAYBACK_RATE):
            sides = np.ascontiguousarray(change(block[:2], written) if change else block[:2])
            frame = av.AudioFrame.from_ndarray(sides, format="fltp", layout=layout)
            frame.sample_rate = PLAYBACK_RATE
            frame.pts = written
            written += sides.shape[1]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def load(session: Session, _runtime: Runtime, args: Mapping[str, Any]) -> Source | None:
    """Return the recording to prepare, or nothing when it is gone or already prepared."""
    recording = session.get(Recording, args["recording_id"])
    if recording is None or recording.state is not RecordingState.PRESENT:
        return None
    files = {file.kind: file.storage_key for file in recording.files}
    if MediaKind.ORIGINAL not in files or MediaKind.PEAKS in files:
        return None
    return Source(recording_id=recording.id, storage_key=files[MediaKind.ORIGINAL])


def work(source: Source, runtime: Runtime, _progress: Progress) -> Copies:
    """Make and store the files; raises the errors of ``media.probe``."""
    path = runtime.storage.local_path(source.storage_key)
    probed = media.inspect(path)
    drawn = peaks(media.blocks(path, None), probed.facts.sample_rate)
    content = json.dumps(drawn, separators=(",", ":")).encode()
    stored = runtime.storage.put(io.BytesIO(content), suffix=".json")
    playback = None
    if not probed.playable:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "playback.ogg"
            write_playback(path, copy)
            with copy.open("rb") as stream:
                playback = runtime.storage.put(stream, suffix=".ogg")
    return Copies(recording_id=source.recording_id, peaks=stored, playback=playback)


def save(session: Session, runtime: Runtime, result: Copies, _attempt: int) -> None:
    """Add the files' rows; the same content has the same key, so a repeated job adds nothing.

    A recording that expired meanwhile keeps no copy: the files are left to the sweep of orphans.
    """
    state = session.scalar(
        select(Recording.state).where(Recording.id == result.recording_id).with_for_update()
    )
    if state is not RecordingState.PRESENT:
        return
    made = [(MediaKind.PEAKS, "application/json", result.peaks)]
    if result.playback is not None:
        made.append((MediaKind.PLAYBACK, "audio/ogg", result.playback))
    rows = [
        {
            "recording_id": result.recording_id,
            "kind": kind,
            "storage_key": file.key,
            "mimetype": mimetype,
            "sha256": file.sha256,
            "size_bytes": file.size_bytes,
            "created_at": runtime.clock.now(),
        }
        for kind, mimetype, file in made
    ]
    insert_missing(session, MediaFile, rows)
