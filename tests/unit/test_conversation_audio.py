"""A call laid out by hand from sample voices, through the real search for speech, to its measures.

Each utterance stands at a known time, so what comes out is known to a tenth of a second or two.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.vocab import ChannelLayout, Party
from pipelines.conversation import rules
from pipelines.transcription import hearing
from pipelines.transcription.recognition import recogniser, speech
from pipelines.transcription.recognition.recogniser import NO_HINTS, Heard, Hints, Language, Made
from pipelines.transcription.sound import media

RATE = 8_000
ROOT = Path(__file__).parents[2] / "recordings_sample"
CLOSE_MS = 150
"""How far one end of a voice may be off."""


class Listener:
    """The real recogniser's search for speech, without words."""

    def made(self) -> Made:
        return Made("listener", {}, {})

    def hear(
        self,
        samples: media.Samples,
        language: Language | None,
        hints: Hints = NO_HINTS,  # noqa: ARG002 - the protocol's; without words nothing to hint at
    ) -> Heard:
        spoken = [speech.spans(side, 28) for side in samples]
        return Heard(language, ((),) * len(spoken), recogniser._in_ms(spoken))


CALLS = ("0c69eff7ae", "1aebcfb756", "773c5dfa0f")


def utterances() -> dict[Party, list[np.ndarray]]:
    """Cut utterances of 1.5 to 3.5 s without a long pause from sample calls, silence trimmed."""
    references = json.loads((ROOT / "references.json").read_text(encoding="utf-8"))
    found: dict[Party, list[np.ndarray]] = {Party.AGENT: [], Party.CUSTOMER: []}
    for name in CALLS:
        sound = media.decode(ROOT / "audio" / references[name]["file"], RATE)
        for turn in references[name]["turns"]:
            party = Party(turn["party"])
            side = sound[int(party is Party.CUSTOMER)]
            piece = side[turn["start_ms"] * 8 : turn["end_ms"] * 8]
            steps = np.abs(piece[: len(piece) // 80 * 80]).reshape(-1, 80).max(axis=1)
            loud = np.flatnonzero(steps > 0.01)
            piece = piece[loud[0] * 80 : (loud[-1] + 1) * 80]
            if np.diff(loud).max() < 30 and 1.5 <= len(piece) / RATE <= 3.5:
                found[party].append(piece)
    return found


VOICES = utterances()


def lay(
    seconds: float, *placed: tuple[Party, int, int]
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Return two channels with utterance ``number`` of a party at ``at_ms``, and their spans."""
    sound = np.random.default_rng(5).normal(0, 0.0001, (int(seconds * RATE), 2))
    spans = []
    for party, number, at_ms in placed:
        piece = VOICES[party][number]
        sound[at_ms * 8 : at_ms * 8 + len(piece), int(party is Party.CUSTOMER)] += piece
        spans.append((at_ms, at_ms + len(piece) // 8))
    return sound, spans


def measured(path: Path, sound: np.ndarray) -> rules.Measures:
    soundfile.write(path, sound, RATE, subtype="ULAW")
    heard = hearing.transcribe(path, Listener(), layout=ChannelLayout.AGENT_LEFT)
    return rules.measure(rules.Sounded(heard.audio_ms, heard.voice, heard.music))


def tune(seconds: float) -> np.ndarray:
    at = np.arange(int(seconds * RATE)) / RATE
    pitch = np.array([329.6, 392.0, 523.3, 440.0])[(at / 0.42).astype(int) % 4]
    return 0.15 * np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-2 * (at % 0.42))


def test_a_call_with_answers_dead_air_and_an_interruption(tmp_path: Path) -> None:
    agent, customer = Party.AGENT, Party.CUSTOMER
    sound, spans = lay(
        40,
        (agent, 0, 1_000),
        (customer, 0, 5_000),
        (agent, 1, 9_000),
        # Twelve seconds and more of nothing, then the customer comes in over the agent.
        (agent, 2, 26_000),
        (customer, 1, 27_900),
    )
    found = measured(tmp_path / "a.wav", sound)
    (a1, c1, a2, a3, c2) = spans
    by = {each.party: each for each in found.parties}
    lengths = [end - start for start, end in spans]
    assert by[agent].talk_ms == pytest.approx(lengths[0] + lengths[2] + lengths[3], abs=450)
    assert by[customer].talk_ms == pytest.approx(lengths[1] + lengths[4], abs=300)
    overlap = min(a3[1], c2[1]) - c2[0]
    assert found.overlap_ms == pytest.approx(overlap, abs=2 * CLOSE_MS)
    assert [by[agent].interruptions, by[customer].interruptions] == [0, 1]
    assert found.longest_silence_ms == pytest.approx(a3[0] - a2[1], abs=2 * CLOSE_MS)
    # The longest silence and the end of the call, if that is long enough too.
    tail = 40_000 - max(a3[1], c2[1])
    assert found.dead_airs == 1 + (tail >= rules.DEAD_AIR_MS)
    assert by[agent].delay_ms == pytest.approx(a2[0] - c1[1], abs=2 * CLOSE_MS)
    delays = sorted([c1[0] - a1[1], c2[0] - a3[1]])
    assert by[customer].delay_ms == pytest.approx(delays[0], abs=2 * CLOSE_MS)
    assert found.music_ms == 0
    assert found.talk_ms + found.silence_ms == 40_000


def test_hold_music_is_neither_talk_nor_silence(tmp_path: Path) -> None:
    sound, spans = lay(
        30,
        (Party.AGENT, 0, 1_000),
        (Party.CUSTOMER, 0, 5_000),
        (Party.CUSTOMER, 5, 22_000),
    )
    sound[8 * RATE : 18 * RATE, 0] += tune(10)
    found = measured(tmp_path / "a.wav", sound)
    assert found.music_ms == pytest.approx(10_000, abs=700)
    assert found.talk_ms == pytest.approx(sum(end - start for start, end in spans), abs=300)
    assert found.dead_airs == 0
    swapped = measured(tmp_path / "b.wav", sound[:, ::-1])
    assert swapped.music_ms == found.music_ms
    assert [each.talk_ms for each in swapped.parties] == [
        each.talk_ms for each in reversed(found.parties)
    ]
