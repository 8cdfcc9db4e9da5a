"""The real recogniser on real sample recordings, by the command that people run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.vocab import Party
from pipelines.transcription.error_rates import call_errors

SAMPLES = Path(__file__).parents[2] / "recordings_sample"
# An English call in ogg-opus, the GSM one, and the shortest Mandarin one: about 50 s of audio.
CALLS = {"8c01564032": 0.15, "e7723a8dbb": 0.25, "d93c5927d3": 0.25}


def transcribe(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "hearback"), "transcribe", *arguments],
        env=os.environ | {"HEARBACK_DATA_DIR": str(folder)} | environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_calls_of_two_languages_are_written_down_and_what_is_no_call_is_reported(
    tmp_path: Path,
) -> None:
    references = json.loads((SAMPLES / "references.json").read_text(encoding="utf-8"))
    files = [str(SAMPLES / "audio" / references[key]["file"]) for key in CALLS]
    broken = tmp_path / "notes.wav"
    broken.write_text("the customer did not call back\n", encoding="utf-8")
    run = transcribe(tmp_path, "--json", files[0], str(broken), *files[1:])
    assert run.returncode == 1, run.stderr
    first, error, *rest = [json.loads(line) for line in run.stdout.splitlines()]
    assert error["file"] == str(broken)
    assert error["error"]["code"] == "audio_unreadable"
    for (key, bound), found in zip(CALLS.items(), [first, *rest], strict=True):
        said = references[key]
        assert set(found) == {
            *("file", "channels", "language", "audio_seconds", "seconds", "turns", "measures"),
            *("findings", "doubt"),
        }
        mono = said["channels"] == 1
        assert found["findings"] == ([["voices_together", {}]] if mono else [])
        assert found["doubt"] is None
        assert (found["language"], found["channels"]) == (said["language"], said["channels"])
        assert found["audio_seconds"] * 1_000 >= said["turns"][-1]["end_ms"]
        assert set(found["turns"][0]) == {
            *("speaker", "start", "end", "text", "confidence", "voice", "language"),
        }
        measures = found["measures"]
        whole = sum(measures[name] for name in ("talk_ms", "music_ms", "silence_ms"))
        assert whole == measures["audio_ms"] == round(found["audio_seconds"] * 1_000)
        spoken = sum(turn["end_ms"] - turn["start_ms"] for turn in said["turns"])
        talk = sum(side["talk_ms"] for side in measures["parties"])
        # A turn of the reference has pauses inside and a moment of quiet at both ends.
        assert 0.7 * spoken <= talk <= 1.1 * spoken
        starts = [turn["start"] for turn in found["turns"]]
        assert starts == sorted(starts)
        errors = call_errors(
            [(Party(turn["party"]), turn["text"]) for turn in said["turns"]],
            [(Party(turn["speaker"]), turn["text"]) for turn in found["turns"]],
            said["language"],
        )
        assert errors.rate is not None
        assert errors.rate <= bound, (key, errors)


@pytest.mark.parametrize("model", ["/nowhere/at/all", "."])
def test_without_weights_nothing_is_pretended(tmp_path: Path, model: str) -> None:
    run = transcribe(tmp_path, "x.wav", HEARBACK_WHISPER_MODEL=model)
    assert run.returncode == 2
    assert "weights_" in run.stderr
    assert run.stdout == ""


def test_a_call_that_changes_its_language_is_heard_in_both(tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    from pipelines.transcription.sound import media

    references = json.loads((SAMPLES / "references.json").read_text(encoding="utf-8"))
    said = [references[key] for key in ("8c01564032", "0d5e07ab22")]
    call = tmp_path / "both.wav"
    sides = np.concatenate([media.decode(SAMPLES / "audio" / one["file"]) for one in said], axis=1)
    soundfile.write(call, sides.T, media.RATE)
    run = transcribe(tmp_path, "--json", str(call))
    assert run.returncode == 0, run.stderr
    turns = json.loads(run.stdout)["turns"]
    assert {turn["language"] for turn in turns} == {"en", "zh"}
    for one in said:
        heard = [
            (Party(turn["speaker"]), turn["text"])
            for turn in turns
            if turn["language"] == one["language"]
        ]
        wanted = [(Party(turn["party"]), turn["text"]) for turn in one["turns"]]
        errors = call_errors(wanted, heard, one["language"])
        assert errors.rate is not None
        assert errors.rate <= 0.35, (one["language"], errors)
