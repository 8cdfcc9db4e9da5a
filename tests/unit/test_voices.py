"""Voices told apart, with an encoder that goes by pitch; and the real one's reading of weights."""

import pickle
import struct
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.vocab import Party
from pipelines.transcription.rules import SpokenTurn, Word
from pipelines.transcription.sound import voice_encoder, voices

RATE = 16_000


class PitchEars:
    """Makes a vector of a sound's spectrum, as coarse as that."""

    def embed(self, sounds: list[np.ndarray]) -> np.ndarray:
        found = [np.abs(np.fft.rfft(sound[:1_600]))[:100] for sound in sounds]
        return np.stack([each / np.linalg.norm(each) for each in found]).astype(np.float32)


def tone(hertz: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE).astype(np.float32)


def turn(start_ms: int, end_ms: int, party: Party = Party.UNKNOWN) -> SpokenTurn:
    return SpokenTurn(party, start_ms, end_ms, "…", 0.9, ())


def test_turns_are_numbered_by_voice_across_stretches() -> None:
    heard = voices.Voices(PitchEars())
    first = np.concatenate([tone(200, 2), tone(500, 2)])
    heard.listen(first, 0, [turn(0, 2_000), turn(2_000, 4_000)])
    heard.listen(tone(500, 2), 4_000, [turn(0, 2_000)])
    turns = [turn(0, 2_000), turn(2_000, 4_000), turn(4_000, 6_000), turn(0, 9, Party.AGENT)]
    assert [each.speaker for each in heard.number(turns)] == [1, 2, 2, None]


def test_a_turn_that_two_share_without_a_pause_is_cut_where_the_voice_changes() -> None:
    words = tuple(Word(f" w{n}", 500 * n, 500 * n + 500, 0.9, "en") for n in range(20))
    shared = replace(turn(0, 10_000), words=words, language="en")
    assert voices.phrases(shared) == [
        *((0, 2_500), (2_500, 5_000), (5_000, 7_500), (7_500, 10_000)),
    ]
    heard = voices.Voices(PitchEars())
    heard.listen(np.concatenate([tone(200, 5), tone(500, 5)]), 0, [shared])
    first, second = heard.number([shared])
    assert (first.speaker, first.end_ms, second.speaker, second.start_ms) == (1, 5_000, 2, 5_000)
    assert (first.words + second.words, second.language) == (words, "en")


def test_one_voice_alone_is_one_speaker_and_silence_has_none() -> None:
    heard = voices.Voices(PitchEars())
    heard.listen(tone(200, 4), 0, [turn(0, 2_000), turn(2_000, 4_000)])
    assert {each.speaker for each in heard.number([turn(0, 2_000), turn(2_000, 4_000)])} == {1}
    assert voices.Voices(PitchEars()).number([]) == []


def test_a_short_turn_joins_the_nearest_voice_and_makes_none() -> None:
    vectors = np.array([[1, 0], [0.99, 0.14], [0, 1]], dtype=np.float32)
    assert voices.tell_apart(vectors, np.array([3_000, 3_000, 300])).tolist() == [1, 1, 1]
    assert voices.tell_apart(vectors, np.array([3_000, 300, 3_000])).tolist() == [1, 1, 2]


def write_weights(path: Path, tensors: dict[str, np.ndarray], *, harm: bool = False) -> None:
    """Write a file of weights in the form of before the zip archives."""
    keys = {name: str(1_000 + place) for place, name in enumerate(tensors)}

    def described(name: str) -> bytes:
        shape = tensors[name].shape
        dims = b"".join(
            b"K" + bytes([n]) if n < 256 else b"M" + struct.pack("<H", n) for n in shape
        )
        size = struct.pack("<i", tensors[name].size)
        return (
            b"ctorch._utils\n_rebuild_tensor_v2\n"
            b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x04\x00\x00\x00"
            + keys[name].encode()
            + b"X\x03\x00\x00\x00cpuJ"
            + size
            + b"NtQK\x00("
            + dims
            + b"t(t\x89NtR"
        )

    with path.open("wb") as file:
        for head in (1, 1_001, {}):
            pickle.dump(head, file, 2)
        if harm:
            pickle.dump({"model_state": Path()}, file, 2)
            return
        file.write(b"\x80\x02}X\x0b\x00\x00\x00model_state}(")
        for name in tensors:
            file.write(b"X" + struct.pack("<I", len(name)) + name.encode() + described(name))
        file.write(b"us.")
        pickle.dump(list(keys.values()), file, 2)
        for array in tensors.values():
            file.write(struct.pack("<q", array.size) + array.astype("<f4").tobytes())


def small_weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    found: dict[str, np.ndarray] = OrderedDict()
    for layer, width in enumerate((40, 8, 8)):
        found[f"lstm.weight_ih_l{layer}"] = rng.normal(0, 0.3, (32, width))
        found[f"lstm.weight_hh_l{layer}"] = rng.normal(0, 0.3, (32, 8))
        found[f"lstm.bias_ih_l{layer}"] = rng.normal(0, 0.3, 32)
        found[f"lstm.bias_hh_l{layer}"] = rng.normal(0, 0.3, 32)
    found["linear.weight"] = rng.normal(0, 0.5, (8, 8))
    found["linear.bias"] = rng.normal(0.3, 0.1, 8)
    return found


def test_the_encoder_reads_weights_and_makes_vectors_of_length_one(tmp_path: Path) -> None:
    write_weights(tmp_path / "w.pt", small_weights())
    encoder = voice_encoder.Encoder(tmp_path / "w.pt")
    sounds = [tone(200, 0.2), tone(200, 5), tone(900, 3), np.zeros(400, dtype=np.float32)]
    found = encoder.embed(sounds)
    assert found.shape == (4, 8)
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 1, 1], abs=1e-4)
    assert encoder.embed(sounds[2:3])[0] == pytest.approx(found[2], abs=1e-5)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    write_weights(tmp_path / "w.pt", {}, harm=True)
    with pytest.raises(pickle.UnpicklingError, match="has no place"):
        voice_encoder.Encoder(tmp_path / "w.pt")


def test_without_its_package_nobody_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices, "PACKAGE", "no_such_package_of_weights")
    assert voices.of() is None
