"""What two channels are to each other, on sound made by hand: voices are band-limited noise."""

import numpy as np
import pytest

from pipelines.transcription.sound import channels

RATE = 16_000
RNG = np.random.default_rng(20261125)


def voice(seconds: float, on: tuple[tuple[float, float], ...], size: float = 0.1) -> np.ndarray:
    """Make a sound like a voice's, that speaks from … to … seconds."""
    noise = RNG.normal(0, 1, int(seconds * RATE))
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3_400)] = 0
    spectrum /= np.maximum(hertz, 300) / 300
    sound = np.fft.irfft(spectrum, len(noise))
    beat = 0.6 + 0.4 * np.sin(np.arange(len(sound)) / RATE * 2 * np.pi * 4)
    open_ = np.zeros(len(sound))
    for start, end in on:
        open_[int(start * RATE) : int(end * RATE)] = 1
    return size * sound / sound.std() * beat * open_


def call(*sides: np.ndarray) -> np.ndarray:
    return np.stack(sides).astype(np.float32)


def survey(samples: np.ndarray) -> channels.Sides:
    half = samples.shape[1] // 2
    return channels.survey([samples[:, :half], samples[:, half:]], RATE)


AGENT = voice(20, ((0, 6), (10, 16)))
CUSTOMER = voice(20, ((6, 10), (15, 20)))
BOTH = AGENT + CUSTOMER


@pytest.mark.parametrize(
    "second",
    [
        BOTH,
        0.4 * BOTH,
        np.concatenate([np.zeros(7), 0.9 * BOTH[:-7]]),
        BOTH + RNG.normal(0, 0.2 * BOTH.std(), len(BOTH)),
        -BOTH,
    ],
    ids=["equal", "quieter", "some samples later", "another codec's noise", "inverted"],
)
def test_one_sound_on_two_channels_is_noticed(second: np.ndarray) -> None:
    assert survey(call(BOTH, second)).one_sound


@pytest.mark.parametrize("leak", [0.0, 0.03, 0.1, 0.4])
def test_two_voices_are_two_sides_however_much_they_leak(leak: float) -> None:
    assert not survey(call(AGENT + leak * CUSTOMER, CUSTOMER + leak * AGENT)).one_sound


def test_a_side_that_is_only_the_other_ones_leak_is_no_second_copy_of_it() -> None:
    assert not survey(call(BOTH, 0.05 * BOTH)).one_sound


def test_other_counts_of_channels_and_silence_are_told_as_such() -> None:
    assert survey(call(BOTH)).alike is None
    three = survey(call(AGENT, CUSTOMER, np.zeros_like(AGENT)))
    assert (three.alike, three.silent) == (None, (False, False, True))
    assert survey(call(AGENT, np.zeros_like(AGENT))).one_sound is False


def test_clipping_is_noticed_on_its_own_side_at_any_ceiling() -> None:
    loud = np.clip(AGENT * 8, -0.7, 0.7)
    found = survey(call(loud, CUSTOMER))
    assert found.cut_off == (True, False)
    assert survey(call(AGENT / np.abs(AGENT).max(), CUSTOMER)).cut_off == (False, False)


@pytest.mark.parametrize("decibels", [-20, -30])
@pytest.mark.parametrize("delay_ms", [0, 12, 90])
def test_leaks_are_found_and_real_overlaps_are_kept(decibels: int, delay_ms: int) -> None:
    gain, late = 10 ** (decibels / 20), delay_ms * RATE // 1_000
    echo = np.concatenate([np.zeros(late), AGENT])[: len(AGENT)]
    line = RNG.normal(0, 0.0003, len(AGENT))
    samples = call(AGENT, CUSTOMER + gain * echo + line)
    agents, customers = channels.leaks(samples, RATE)
    assert sum(end - start for start, end in agents) == 0
    covered = np.zeros(len(AGENT), dtype=bool)
    for start, end in customers:
        covered[start:end] = True
    # The agent alone speaks from 0 to 6 and 10 to 15; both do from 15 to 16.
    assert covered[int(0.5 * RATE) : int(5.5 * RATE)].mean() > 0.9
    assert covered[int(10.5 * RATE) : int(14.5 * RATE)].mean() > 0.9
    assert covered[int(6 * RATE) : int(10 * RATE)].mean() < 0.03
    assert covered[15 * RATE :].mean() < 0.03
    clean = channels.without(samples, (agents, customers))
    own = samples[1][int(6 * RATE) : int(10 * RATE)]
    assert np.square(clean[1, 6 * RATE : 10 * RATE]).sum() > 0.98 * np.square(own).sum()
    assert np.array_equal(clean[0], samples[0])


def test_a_quiet_answer_over_a_loud_voice_is_no_leak() -> None:
    answer = voice(20, ((2, 3),), size=0.02)
    samples = call(AGENT, answer + 0.01 * AGENT)
    _agents, customers = channels.leaks(samples, RATE)
    assert not any(start < 2.7 * RATE and end > 2.3 * RATE for start, end in customers)


def test_nothing_leaks_on_one_channel_or_in_silence() -> None:
    assert channels.leaks(call(BOTH), RATE) == ((),)
    assert channels.leaks(call(np.zeros(RATE), np.zeros(RATE)), RATE) == ((), ())
    assert channels.leaks(call(np.zeros(10), np.zeros(10)), RATE) == ((), ())
