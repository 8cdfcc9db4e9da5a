"""A voice's vector by the GE2E encoder (Wan et al. 2018) with Resemblyzer's weights, in numpy.

Three recurrent layers over 40 mel bands; 16 MB of weights, read without the library that wrote
them. Only the weights' package is needed, not what it depends on.
"""

import pickle
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pipelines.transcription.sound.media import RATE

Floats = NDArray[np.float32]

WINDOW, HOP, BANDS = 400, 160, 40
PART = 160
"""Frames (of 10 ms) that the encoder was trained to hear at once; parts overlap by half."""

LOUDNESS_DB = -30.0
LAYERS = 3


class Encoder:
    """Makes vectors of voices; see ``voices.Ears``."""

    def __init__(self, path: Path) -> None:
        """Read the weights; raises ``pickle.UnpicklingError`` for a file that is something else."""
        from faster_whisper.feature_extractor import FeatureExtractor

        state = _tensors(path)
        self._layers = [
            (
                state[f"lstm.weight_ih_l{n}"].T,
                state[f"lstm.weight_hh_l{n}"].T,
                state[f"lstm.bias_ih_l{n}"] + state[f"lstm.bias_hh_l{n}"],
            )
            for n in range(LAYERS)
        ]
        self._out = (state["linear.weight"].T, state["linear.bias"])
        self._filters = FeatureExtractor.get_mel_filters(RATE, WINDOW, BANDS).astype(np.float32)
        self._hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)

    def embed(self, sounds: Sequence[Floats]) -> Floats:
        """Return a vector of length 1 for each sound (16 kHz), shape [sounds, 256]."""
        parts: list[Floats] = []
        owners: list[int] = []
        for place, sound in enumerate(sounds):
            mels = self._mels(sound)
            if len(mels) < PART:
                mels = np.pad(mels, ((0, PART - len(mels)), (0, 0)), mode="wrap")
            last = len(mels) - PART
            starts = sorted({*range(0, last + 1, PART // 2), last})
            parts += [mels[start : start + PART] for start in starts]
            owners += [place] * len(starts)
        found = self._run(np.stack(parts))
        vectors = np.zeros((len(sounds), found.shape[1]), dtype=np.float32)
        np.add.at(vectors, np.array(owners), found)
        return _unit(vectors)

    def _mels(self, sound: Floats) -> Floats:
        level = 10 * np.log10(max(float(np.square(sound).mean()), 1e-12))
        if level < LOUDNESS_DB:
            sound = sound * np.float32(10 ** ((LOUDNESS_DB - level) / 20))
        padded = np.pad(sound, WINDOW // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
        power = np.square(np.abs(np.fft.rfft(frames * self._hann, axis=1)))
        mels: Floats = (power @ self._filters.T).astype(np.float32)
        return mels

    def _run(self, parts: Floats) -> Floats:
        """Return the vectors of parts [n, PART, BANDS]."""
        steps = parts.transpose(1, 0, 2)
        for from_input, from_before, bias in self._layers:
            count, size = steps.shape[1], from_before.shape[0]
            hidden = np.zeros((count, size), dtype=np.float32)
            cell = np.zeros_like(hidden)
            inputs = steps @ from_input + bias
            outputs = np.empty((len(steps), count, size), dtype=np.float32)
            for place, given in enumerate(inputs):
                gates = given + hidden @ from_before
                enter, keep, new, leave = np.split(gates, 4, axis=1)
                cell = _sigmoid(keep) * cell + _sigmoid(enter) * np.tanh(new)
                hidden = _sigmoid(leave) * np.tanh(cell)
                outputs[place] = hidden
            steps = outputs
        raw = np.maximum(steps[-1] @ self._out[0] + self._out[1], 0)
        return _unit(raw)


def _unit(vectors: Floats) -> Floats:
    scaled: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return scaled


def _sigmoid(values: Floats) -> Floats:
    squashed: Floats = 0.5 * (np.tanh(0.5 * values) + 1)
    return squashed


@dataclass(frozen=True)
class _Tensor:
    """A tensor as a weights file describes it, before its numbers have been read."""

    key: str
    offset: int
    shape: tuple[int, ...]


_SIZES = {"float": 4, "long": 8, "double": 8}


class _Reader(pickle.Unpickler):
    """Reads the description of tensors and nothing else: a file may not run code."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.sizes: dict[str, int] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for one of the few names that such a file needs."""
        allowed = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _described,
            ("torch", "FloatStorage"): "float",
            ("torch", "LongStorage"): "long",
            ("torch", "DoubleStorage"): "double",
        }
        if (module, name) not in allowed:
            message = f"{module}.{name} has no place in a file of weights"
            raise pickle.UnpicklingError(message)
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        """Return kind and key of the storage that is pointed at."""
        self.sizes[pid[2]] = _SIZES[pid[1]]
        return pid[1], pid[2]


def _described(storage: tuple[str, str], offset: int, shape: tuple[int, ...], *_: Any) -> Any:
    return _Tensor(storage[1], offset, tuple(shape)) if storage[0] == "float" else None


def _tensors(path: Path) -> dict[str, Floats]:
    """Return the tensors of a weights file in the form from before it was a zip archive."""
    with path.open("rb") as stream:
        # A magic number, a version and facts about the machine come before the description.
        for _ in range(3):
            _Reader(stream).load()
        reader = _Reader(stream)
        described = reader.load()["model_state"]
        numbers: dict[str, Floats] = {}
        kept = {tensor.key for tensor in described.values() if isinstance(tensor, _Tensor)}
        for key in _Reader(stream).load():
            length = int(np.frombuffer(stream.read(8), dtype="<i8")[0]) * reader.sizes[key]
            if key in kept:
                numbers[key] = np.frombuffer(stream.read(length), dtype="<f4")
            else:
                stream.seek(length, 1)
    found: dict[str, Floats] = {}
    for name, tensor in described.items():
        if isinstance(tensor, _Tensor) and tensor.key in numbers:
            size = int(np.prod(tensor.shape)) if tensor.shape else 1
            cut = numbers[tensor.key][tensor.offset : tensor.offset + size]
            found[name] = cut.reshape(tensor.shape)
    return found
