"""Who of several people on one channel speaks: voices compared, turns numbered.

Optional. A voice is a vector that an encoder makes of a few seconds of speech; turns whose vectors
are alike are one speaker. Without an encoder (``installed``) turns carry no speaker at all. The
encoder's own code is in ``voice_encoder``.
"""

import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.vocab import Party
from pipelines.transcription.rules import SpokenTurn, by_speaker
from pipelines.transcription.sound.media import RATE

Sound = NDArray[np.float32]
Vectors = NDArray[np.float32]

PACKAGE = "resemblyzer"
WEIGHTS = "pretrained.pt"

LEAST_MS = 600
"""A shorter part says too little of a voice to find the speakers by; it joins the nearest one."""

LONGEST_MS = 2_500
PAUSE_MS = 100
ENDS = tuple(".?!,。？！，")
"""A part in which one voice is looked for ends at such a pause or sign, or when this long."""

ONE_VOICE = 0.9
"""Two groups of turns whose mean voices are more alike than this (cosine) are one speaker."""

LEAST_SHARE = 0.03
"""A group with less of the time than this is noise, not a speaker."""

_ROUNDS = 20


class Ears(Protocol):
    """Makes vectors of voices."""

    def embed(self, sounds: Sequence[Sound]) -> Vectors:
        """Return a vector of length 1 for each sound (16 kHz), shape [sounds, size]."""


def installed() -> Path | None:
    """Return where an encoder's weights are, found without loading anything heavy."""
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / WEIGHTS
        if path.is_file():
            return path
    return None


_LOADING = threading.Lock()


@lru_cache(maxsize=1)
def _loaded(path: Path) -> Ears:
    from pipelines.transcription.sound.voice_encoder import Encoder

    return Encoder(path)


def of() -> Ears | None:
    """Return the encoder, loaded once per process, or nothing where none is installed."""
    path = installed()
    if path is None:
        return None
    with _LOADING:
        return _loaded(path)


@dataclass(frozen=True)
class _Heard:
    start_ms: int
    lasts_ms: int
    vector: Vectors


class Voices:
    """The voices of one channel, gathered stretch by stretch, told apart at the end."""

    def __init__(self, ears: Ears) -> None:
        """Take the encoder to listen with."""
        self._ears = ears
        self._heard: list[_Heard] = []

    def listen(self, samples: Sound, start_ms: int, turns: Sequence[SpokenTurn]) -> None:
        """Take in the voices of a stretch's turns, whose times count from the stretch's start."""
        cuts = [
            (start, end, samples[start * RATE // 1_000 : end * RATE // 1_000])
            for turn in turns
            for start, end in phrases(turn)
        ]
        cuts = [cut for cut in cuts if len(cut[2]) >= RATE // 10]
        if not cuts:
            return
        vectors = self._ears.embed([sound for _, _, sound in cuts])
        self._heard += [
            _Heard(start_ms + start, end - start, vector)
            for (start, end, _), vector in zip(cuts, vectors, strict=True)
        ]

    def number(self, turns: Sequence[SpokenTurn]) -> list[SpokenTurn]:
        """Return the turns with the numbers of their speakers, by order of appearance.

        A turn of nobody known is cut where the voice changes.
        """
        if not self._heard:
            return list(turns)
        labels = tell_apart(
            np.stack([heard.vector for heard in self._heard]),
            np.array([heard.lasts_ms for heard in self._heard]),
        )
        middles = np.array([heard.start_ms + heard.lasts_ms / 2 for heard in self._heard])

        def speaker(at_ms: float) -> int:
            return int(labels[np.abs(middles - at_ms).argmin()])

        numbered: list[SpokenTurn] = []
        for turn in turns:
            if turn.party is not Party.UNKNOWN:
                numbered.append(turn)
            elif turn.words:
                numbered += by_speaker(turn, [speaker(word.middle_ms) for word in turn.words])
            else:
                middle = (turn.start_ms + turn.end_ms) / 2
                numbered.append(replace(turn, speaker=speaker(middle)))
        return numbered


def phrases(turn: SpokenTurn) -> list[tuple[int, int]]:
    """Return (start, end) in ms of the parts of a turn in which one voice is looked for.

    A part ends at a short pause or a sign once a voice can be known by it, or when it is longest;
    where no sentence ends and nobody pauses, a turn of one channel may hold both speakers.
    """
    if not turn.words:
        return [(turn.start_ms, turn.end_ms)]
    found = [[turn.words[0].start_ms, turn.words[0].end_ms]]
    for before, after in pairwise(turn.words):
        lasted = before.end_ms - found[-1][0]
        ends = after.start_ms - before.end_ms >= PAUSE_MS or before.text.endswith(ENDS)
        if lasted >= LONGEST_MS or (lasted >= LEAST_MS and ends):
            found.append([after.start_ms, after.end_ms])
        found[-1][1] = max(found[-1][1], after.end_ms)
    return [(start, end) for start, end in found]


def tell_apart(vectors: Vectors, lasts_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the speaker (1 or 2, by first appearance) of each vector of length 1.

    A telephone call has two people on the line; a third is taken for the one more alike. All get
    1 where no second voice is found.
    """
    long_ = lasts_ms >= LEAST_MS
    if not long_.any():
        long_ = np.ones(len(lasts_ms), dtype=bool)
    known, weights = vectors[long_], lasts_ms[long_].astype(np.float64)
    alone = np.ones(len(vectors), dtype=np.int64)
    if len(known) < 2:  # noqa: PLR2004 - a comparison needs two
        return alone
    likeness = known @ known.T
    centres = known[list(np.unravel_index(likeness.argmin(), likeness.shape))]
    for _ in range(_ROUNDS):
        nearest = (known @ centres.T).argmax(axis=1)
        if len(set(nearest.tolist())) < 2:  # noqa: PLR2004 - one of the two groups is empty
            return alone
        sums = [
            (known[nearest == group] * weights[nearest == group, None]).sum(axis=0)
            for group in (0, 1)
        ]
        centres = np.stack([total / np.linalg.norm(total) for total in sums])
    shares = [weights[nearest == group].sum() / weights.sum() for group in (0, 1)]
    if float(centres[0] @ centres[1]) > ONE_VOICE or min(shares) < LEAST_SHARE:
        return alone
    groups = (vectors @ centres.T).argmax(axis=1)
    return np.where(groups == groups[0], 1, 2)
