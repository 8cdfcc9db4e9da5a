"""Voices without their margins, and music told from noise, on sound made for it."""

from pathlib import Path

import numpy as np
import pytest

from models.vocab import Party
from pipelines.transcription.sound import media, sounds
from pipelines.transcription.sound.sounds import Ear

RATE = sounds.RATE
SAMPLES = Path(__file__).parents[2] / "recordings_sample" / "audio"


def noise(seconds: float, size: float = 0.002, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, size, int(seconds * RATE)).astype(np.float32)


def clock(seconds: float) -> np.ndarray:
    return np.arange(int(seconds * RATE)) / RATE


def tune(seconds: float, size: float = 0.1) -> np.ndarray:
    """Play a slow arpeggio."""
    notes = np.array([261.6, 329.6, 392.0, 523.3, 440.0, 349.2])
    at = clock(seconds)
    pitch = notes[(at / 0.42).astype(int) % len(notes)]
    return size * np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-2 * (at % 0.42))


def ringing(seconds: float, *cadence: float, pitches: tuple[float, ...] = (440, 480)) -> np.ndarray:
    at = clock(seconds)
    place = at % sum(cadence)
    edges = np.cumsum(cadence)
    on = np.searchsorted(edges, place, side="right") % 2 == 0
    return on * sum(0.08 * np.sin(2 * np.pi * pitch * at) for pitch in pitches)


def music_in(sound: np.ndarray, *voiced: tuple[int, int]) -> sounds.Spans:
    return sounds.music(sound.astype(np.float32), voiced)


def test_voices_end_where_the_sound_does() -> None:
    sound = noise(6)
    sound[2 * RATE : 3 * RATE] += noise(1, 0.1, 2)
    sound[4 * RATE : 5 * RATE] += noise(1, 0.1, 3)
    found = sounds.voices(sound, [(1_600, 3_400), (3_600, 5_400)])
    assert np.abs(np.array(found) - [(2_000, 3_000), (4_000, 5_000)]).max() <= 10


def test_where_noise_hides_the_ends_the_margin_is_cut_off() -> None:
    sound = noise(6, 0.05)
    sound[2 * RATE : 3 * RATE] += noise(1, 0.07, 2)
    assert sounds.voices(sound, [(1_600, 3_400)]) == ((2_000, 3_000),)


def test_speech_from_the_first_to_the_last_moment_loses_nothing() -> None:
    assert sounds.voices(noise(3, 0.1), [(0, 3_000)]) == ((0, 3_000),)
    assert sounds.voices(noise(3), []) == ()


def test_a_click_before_the_voice_is_not_its_beginning() -> None:
    sound = noise(4)
    sound[2 * RATE : 3 * RATE] += noise(1, 0.1, 2)
    sound[int(1.7 * RATE) : int(1.7 * RATE) + 160] += 0.5
    assert abs(sounds.voices(sound, [(1_600, 3_400)])[0][0] - 2_000) <= 10


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(tune(20) + noise(20), id="a tune"),
        pytest.param(tune(20, 0.02) + noise(20), id="a quiet tune"),
        pytest.param(ringing(20, 2, 4) + noise(20), id="ringing as in America"),
        pytest.param(ringing(20, 0.4, 0.2, 0.4, 2, pitches=(400, 450)) + noise(20), id="Britain"),
        pytest.param(ringing(20, 1, 4, pitches=(450,)) + noise(20), id="China"),
    ],
)
def test_music_and_ringing_are_found(sound: np.ndarray) -> None:
    found = music_in(sound)
    assert len(found) == 1
    assert found[0][0] <= 500
    assert found[0][1] >= 15_000


HUM = sum(np.sin(2 * np.pi * 50 * k * clock(20)) / k for k in range(1, 40))


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(noise(20, 0.05), id="loud line noise"),
        pytest.param(np.convolve(noise(20, 0.05), np.ones(40) / 8, "same"), id="dark noise"),
        pytest.param(0.02 * HUM + noise(20), id="mains hum"),
        pytest.param(ringing(20, 20, 1) + noise(20), id="a tone that never ends"),
        pytest.param(ringing(20, 0.2, 15, pitches=(1_400,)) + noise(20), id="the recorder's beep"),
        pytest.param(tune(20, 0.001) + noise(20, 0.0005), id="too quiet to be heard"),
        pytest.param(np.pad(tune(3), (8 * RATE, 9 * RATE)) + noise(20), id="too short"),
        pytest.param(np.zeros(20 * RATE), id="digital silence"),
        pytest.param(np.zeros(100), id="hardly anything"),
    ],
)
def test_noise_and_single_tones_are_no_music(sound: np.ndarray) -> None:
    assert music_in(sound) == ()


def test_music_ends_where_somebody_speaks() -> None:
    found = music_in(tune(30) + noise(30), (10_000, 15_000))
    assert len(found) == 2
    assert np.abs(np.array(found) - [(0, 10_000), (15_000, 30_000)]).max() <= 500


def test_voices_in_the_background_are_no_music() -> None:
    files = sorted(SAMPLES.glob("*.ogg"))[:4]
    sides = [np.resize(side, 15 * RATE) for file in files for side in media.decode(file)]
    assert music_in(0.1 * np.sum(sides, axis=0)) == ()


def test_stretches_and_channels_come_together() -> None:
    ear = Ear()
    left, right = tune(10) + noise(10), noise(10)
    right[6 * RATE : 8 * RATE] += noise(2, 0.1, 2)
    both = np.stack([left, right]).astype(np.float32)
    ear.listen(both, [(Party.AGENT, []), (Party.CUSTOMER, [(5_600, 8_400)])], 0)
    ear.listen(both, [(Party.AGENT, []), (Party.CUSTOMER, [(5_600, 8_400)])], 10_000)
    ear.listen(both[:1], [(Party.UNKNOWN, [])], 20_000)
    assert [party for party, _ in ear.voice] == [Party.UNKNOWN, Party.AGENT, Party.CUSTOMER]
    assert ear.voice[1] == (Party.AGENT, ())
    spans = np.array(ear.voice[2][1])
    assert np.abs(spans - [(6_000, 8_000), (16_000, 18_000)]).max() <= 20
    assert len(ear.music) == 1
    assert ear.music[0][1] - ear.music[0][0] > 29_000
