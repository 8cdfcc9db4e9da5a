import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from pipelines.outcomes import DomainError
from pipelines.transcription.sound import copies, media

RATE = 8_000


def tone(seconds: float, *, channels: int = 2) -> media.Samples:
    """Make a tone on the first channel and one of half its size on each further one."""
    t = np.arange(round(seconds * RATE)) / RATE
    sound = 0.5 * np.sin(2 * np.pi * 440 * t)
    return np.stack([sound / (2**n) for n in range(channels)]).astype(np.float32)


def write(path: Path, samples: media.Samples, **how: str) -> Path:
    import soundfile

    soundfile.write(path, samples.T, RATE, **how)
    return path


def write_av(path: Path, samples: media.Samples, codec: str, container: str) -> Path:
    import av

    layout = "stereo" if len(samples) == 2 else "mono"
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE, layout=layout)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=layout
        )
        frame.sample_rate = RATE
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def refused(path: Path) -> DomainError:
    with pytest.raises(DomainError) as caught:
        media.probe(path)
    return caught.value


@pytest.mark.parametrize(
    ("name", "how", "codec", "playable"),
    [
        ("a.wav", {"subtype": "PCM_16"}, "pcm_s16le", True),
        ("a.wav", {"subtype": "ULAW"}, "pcm_mulaw", True),
        ("a.wav", {"subtype": "ALAW"}, "pcm_alaw", True),
        ("a.wav", {"subtype": "IMA_ADPCM"}, "adpcm_ima_wav", False),
        ("a.flac", {}, "flac", True),
        ("a.ogg", {"subtype": "VORBIS"}, "vorbis", True),
        ("a.aiff", {}, "pcm_s16be", False),
    ],
)
def test_stereo_files_keep_their_sides_apart(
    tmp_path: Path, name: str, how: dict[str, str], codec: str, *, playable: bool
) -> None:
    probed = media.inspect(write(tmp_path / name, tone(1.5), **how))
    assert (probed.facts.codec, probed.playable) == (codec, playable)
    assert (probed.facts.channels, probed.facts.sample_rate) == (2, RATE)
    assert probed.facts.duration_ms == pytest.approx(1_500, abs=80)
    samples = media.decode(tmp_path / name)
    assert samples.shape[1] == pytest.approx(1.5 * media.RATE, abs=1_300)
    assert np.abs(samples).max(axis=1) == pytest.approx([0.5, 0.25], abs=0.05)


@pytest.mark.parametrize(
    ("codec", "container", "expected", "playable"),
    [("libmp3lame", "mp3", "mp3", True), ("libopus", "ogg", "opus", True)],
)
def test_lossy_files(
    tmp_path: Path, codec: str, container: str, expected: str, *, playable: bool
) -> None:
    path = write_av(tmp_path / "a", tone(2), codec, container)
    probed = media.inspect(path)
    assert (probed.facts.codec, probed.playable) == (expected, playable)
    assert probed.facts.duration_ms == pytest.approx(2_000, abs=150)
    assert not media.same_on_both(media.decode(path))


def test_gsm_in_wav_is_read_and_gets_a_copy_that_plays(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(2, channels=1), subtype="GSM610")
    probed = media.inspect(path)
    assert (probed.facts.channels, probed.playable) == (1, False)
    assert probed.facts.duration_ms == pytest.approx(2_000, abs=50)
    copies.write_playback(path, tmp_path / "copy.ogg")
    copy = media.inspect(tmp_path / "copy.ogg")
    assert (copy.playable, copy.mimetype) == (True, "audio/ogg")
    assert copy.facts.duration_ms == pytest.approx(2_000, abs=50)


def test_what_pyav_does_not_read_soundfile_does(tmp_path: Path) -> None:
    path = write(tmp_path / "a.voc", tone(1), format="VOC", subtype="PCM_16")
    assert media.inspect(path).reader == "soundfile"
    assert media.decode(path).shape == (2, media.RATE)


def test_an_empty_file_and_an_empty_wav_are_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert refused(tmp_path / "a.wav").code == "audio_empty"
    assert refused(write(tmp_path / "b.wav", tone(0))).code == "audio_empty"


@pytest.mark.parametrize(
    "content",
    [
        b"call_id,agent\n17,sh101\n" * 50,
        "客户说他没有收到短信。\n".encode("gb18030") * 50,
        b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n",
        bytes(range(256)) * 20,
    ],
    ids=["csv", "gb18030 text", "playlist", "no header"],
)
def test_what_is_no_audio_is_refused_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    assert refused(tmp_path / "a.wav").code == "audio_unreadable"


def test_a_wav_cut_short_is_refused_with_how_much_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(2), subtype="PCM_16")
    path.write_bytes(path.read_bytes()[: 44 + 2 * RATE * 4 // 4])
    error = refused(path)
    assert (error.code, error.params) == ("audio_truncated", {"missing_pct": 75})


def test_a_wav_from_a_pipe_does_not_know_its_length_and_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(1), subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff" * 4
    path.write_bytes(content)
    assert media.decode(path).shape[1] == media.RATE


def test_eight_hours_are_refused_by_their_length_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    length = 8 * 3_600 * RATE
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 1, RATE, 0, "NONE", ""))
        out.writeframes(b"\x80" * RATE)
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", 36 + length)
    content[40:44] = struct.pack("<I", length)
    path.write_bytes(content)
    with path.open("r+b") as out:
        out.truncate(44 + length)  # a sparse file: the silence takes no room
    error = refused(path)
    assert error.code == "audio_too_long"
    assert error.params == {"hours": 8.0, "limit_hours": 6}


def test_long_audio_is_cut_where_it_is_quiet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(media, "STRETCH_S", 3)
    monkeypatch.setattr(media, "SLACK_S", 2)
    monkeypatch.setattr(media, "BLOCK_S", 1)
    samples = tone(10)
    samples[:, 4 * RATE : 4 * RATE + RATE // 2] = 0
    path = write(tmp_path / "a.wav", samples, subtype="PCM_16")
    parts = list(media.stretches(path))
    assert 4_000 <= parts[1][0] <= 4_500
    assert [start for start, _ in parts] == [
        sum(part.shape[1] for _, part in parts[:n]) * 1_000 // media.RATE for n in range(len(parts))
    ]
    assert np.array_equal(np.concatenate([part for _, part in parts], axis=1), media.decode(path))


def test_one_sound_on_both_sides_is_found_out() -> None:
    left = tone(1, channels=1)
    hiss = np.random.default_rng(1).normal(0, 0.003, left.shape).astype(np.float32)
    assert media.same_on_both(np.concatenate([left, left + hiss]))
    assert not media.same_on_both(tone(1))
    assert not media.same_on_both(np.zeros((2, 100), dtype=np.float32))
    assert not media.same_on_both(left)


def test_peaks_are_the_loudest_samples_of_each_twentieth_of_a_second() -> None:
    samples = np.zeros((2, RATE), dtype=np.float32)
    samples[0, 450] = -0.5
    samples[1, -1] = 1.0
    blocks = [samples[:, :333], samples[:, 333:1_000], samples[:, 1_000:]]
    drawn = copies.peaks(blocks, RATE)
    assert drawn["points_per_second"] == 20
    assert drawn["channels"][0] == [0, 64] + [0] * 18
    assert drawn["channels"][1] == [0] * 19 + [127]


def test_peaks_of_a_long_call_get_coarser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "MOST_POINTS", 50)
    drawn = copies.peaks([tone(7, channels=1)], RATE)
    assert len(drawn["channels"][0]) == 47
    assert drawn["points_per_second"] == pytest.approx(20 / 3)
