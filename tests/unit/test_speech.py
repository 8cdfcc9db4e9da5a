"""How clear speech stands out, by sounds made by hand."""

import numpy as np
import pytest

from pipelines.transcription.recognition import speech
from pipelines.transcription.sound.media import RATE


def talk(seconds: float, noise_db: float) -> np.ndarray:
    """Return bursts of 200 ms with gaps of 100 ms, with noise so far below them."""
    rng = np.random.default_rng(7)
    clock = np.arange(round(seconds * RATE)) / RATE
    voice = 0.3 * np.sin(2 * np.pi * 220 * clock) * (clock % 0.3 < 0.2)
    level = 0.3 / np.sqrt(2) * 10 ** (-noise_db / 20)
    return (voice + rng.normal(0, level, len(clock))).astype(np.float32)


@pytest.mark.parametrize(("noise_db", "clean"), [(40, True), (30, True), (15, False), (5, False)])
@pytest.mark.parametrize("pause", [False, True])
def test_sound_is_clean_when_speech_stands_clear_of_the_rest(
    noise_db: float, *, clean: bool, pause: bool
) -> None:
    sound = talk(6, noise_db)
    chunks = [(0, len(sound))]
    if pause:
        rest = talk(2, noise_db) - talk(2, 200)
        sound, chunks = np.concatenate([sound, rest]), [(0, len(sound))]
    assert speech.is_clean(sound, chunks) is clean


def test_where_nobody_speaks_nothing_is_clean() -> None:
    assert not speech.is_clean(talk(2, 40), [])
    assert speech.spans(np.zeros(RATE, dtype=np.float32), 28) == []
