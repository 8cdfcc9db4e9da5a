"""From a file to turns, with a recogniser that hears a word wherever there is sound."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.vocab import ChannelLayout, Party
from pipelines.transcription import hearing
from pipelines.transcription.chinese import Writing
from pipelines.transcription.recognition.recogniser import NO_HINTS, Heard, Hints, Language, Made
from pipelines.transcription.rules import Word
from pipelines.transcription.sound import media

RATE = 8_000


class LoudnessRecogniser:
    """Hears one word of a second in every stretch, on each side that is not silent."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[int, ...], str | None]] = []
        self.hints: list[Hints] = []

    def made(self) -> Made:
        return Made("loudness", {}, {})

    def hear(
        self, samples: media.Samples, language: Language | None, hints: Hints = NO_HINTS
    ) -> Heard:
        self.hints.append(hints)
        self.asked.append((samples.shape, language.code if language else None))
        spoken = [float(np.abs(side).max()) > 0.01 for side in samples]
        if language is None and any(spoken):
            language = Language("zh", 0.8)
        words = tuple((Word("電話", 100, 1_100, 0.5),) if loud else () for loud in spoken)
        return Heard(language, words)


def write(path: Path, *sides: np.ndarray) -> Path:
    soundfile.write(path, np.stack(sides, axis=1), RATE)
    return path


def hum(seconds: float, size: float = 0.3) -> np.ndarray:
    return size * np.sin(np.arange(int(seconds * RATE)) / 3)


def transcribe(path: Path, layout: ChannelLayout, **options: object) -> hearing.Transcribed:
    return hearing.transcribe(path, LoudnessRecogniser(), layout=layout, **options)


def test_sides_become_parties_and_chinese_is_simplified(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", hum(2), hum(2) * np.linspace(0, 1, 2 * RATE))
    found = transcribe(path, ChannelLayout.AGENT_RIGHT)
    assert [turn.party for turn in found.turns] == [Party.CUSTOMER, Party.AGENT]
    assert {turn.text for turn in found.turns} == {"电话"}
    assert (found.channels, found.audio_ms, found.language) == (2, 2_000, Language("zh", 0.8))
    assert (
        transcribe(path, ChannelLayout.AGENT_LEFT, writing=Writing.AS_HEARD).turns[0].text == "電話"
    )


@pytest.mark.parametrize(
    ("right", "layout"),
    [(hum(2), ChannelLayout.AGENT_LEFT), (hum(2, 0.1), ChannelLayout.MONO)],
    ids=["the same sound twice", "a stereo file said to be mono"],
)
def test_one_sound_on_two_channels_is_heard_once_and_nobody_known_speaks(
    tmp_path: Path, right: np.ndarray, layout: ChannelLayout
) -> None:
    found = transcribe(write(tmp_path / "a.wav", hum(2), right), layout)
    assert [turn.party for turn in found.turns] == [Party.UNKNOWN]


def test_silence_has_neither_turns_nor_language(tmp_path: Path) -> None:
    found = transcribe(write(tmp_path / "a.wav", np.zeros(RATE)), ChannelLayout.MONO)
    assert (found.turns, found.language) == ((), None)


def test_a_long_call_is_heard_in_stretches_with_one_language_and_its_own_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "STRETCH_S", 4)
    monkeypatch.setattr(media, "SLACK_S", 1)
    monkeypatch.setattr(media, "BLOCK_S", 1)
    sound = np.concatenate([np.zeros(5 * RATE), hum(7)])
    path = write(tmp_path / "a.wav", sound, np.zeros(12 * RATE))
    recogniser = LoudnessRecogniser()
    told: list[tuple[int, int]] = []
    found = hearing.transcribe(
        path,
        recogniser,
        layout=ChannelLayout.AGENT_LEFT,
        progress=lambda done, total: told.append((done, total)),
    )
    assert [language for _, language in recogniser.asked] == [None, None, "zh"]
    second = recogniser.asked[0][0][1] * 1_000 // media.RATE
    assert found.turns[0].start_ms == second + 100
    assert found.turns[0].words[0].end_ms == second + 1_100
    assert told[0] == (0, 12_000)
    assert told[-1] == (12_000, 12_000)
    assert told == sorted(told)


def test_a_leak_is_heard_once_and_said(tmp_path: Path) -> None:
    sound = np.random.default_rng(5).normal(0, 0.1, 6 * RATE)
    path = write(tmp_path / "a.wav", sound, 0.02 * sound)
    found = transcribe(path, ChannelLayout.AGENT_LEFT)
    assert [turn.party for turn in found.turns] == [Party.AGENT]
    assert [finding.as_json() for finding in found.findings] == [
        ["bleed", {"party": "customer", "pct": 97}]
    ]


def test_nearly_equal_channels_are_one_sound_and_that_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    sound = rng.normal(0, 0.1, 4 * RATE)
    second = 0.5 * np.roll(sound, 1) + rng.normal(0, 0.01, 4 * RATE)
    found = transcribe(write(tmp_path / "a.wav", sound, second), ChannelLayout.AGENT_LEFT)
    assert [turn.party for turn in found.turns] == [Party.UNKNOWN]
    codes = [finding.code.value for finding in found.findings]
    assert codes == ["dual_mono", "voices_together"]


class TwoTongues(LoudnessRecogniser):
    """Hears Mandarin on the first side and Japanese on the second."""

    def hear(
        self, samples: media.Samples, language: Language | None, hints: Hints = NO_HINTS
    ) -> Heard:
        super().hear(samples, language, hints)
        words = (Word("電話", 0, 500, 0.9, "zh"),), (Word("電話", 600, 900, 0.9, "ja"),)
        return Heard(Language("zh", 0.9), words, (((0, 6_000),), ((0, 6_000),)))


def test_only_chinese_is_converted_and_names_are_handed_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    path = write(tmp_path / "a.wav", rng.normal(0, 0.1, RATE), rng.normal(0, 0.1, RATE))
    ears = TwoTongues()
    found = hearing.transcribe(path, ears, layout=ChannelLayout.AGENT_LEFT, hotwords="Northline")
    assert [(turn.text, turn.language) for turn in found.turns] == [("电话", "zh"), ("電話", "ja")]
    assert ears.hints[0] == Hints(hotwords="Northline")
    back = hearing.transcribe(
        path, ears, layout=ChannelLayout.AGENT_LEFT, writing=Writing.TRADITIONAL
    )
    assert back.turns[0].text == "電話"
    # Twelve seconds of speech and less than a second of words.
    assert found.doubt is not None
    assert found.doubt.cause.value == "wordless"


@pytest.mark.parametrize("language", [None, Language("en", 1.0)])
def test_names_are_handed_on_and_a_given_language_is_the_only_one(
    tmp_path: Path, language: Language | None
) -> None:
    recogniser = LoudnessRecogniser()
    path = write(tmp_path / "a.wav", hum(2))
    hearing.transcribe(
        path, recogniser, layout=ChannelLayout.MONO, language=language, hotwords="Northline"
    )
    assert recogniser.hints == [Hints(hotwords="Northline", one_language=language is not None)]
