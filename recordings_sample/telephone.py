"""From clean turns to what a recorder on a telephone line would have kept.

One voice per channel (left agent, right customer), pauses and overlaps, 8 kHz, 300-3,400 Hz,
G.711 µ-law, a little line noise; then one of the formats that call centres really have.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

RATE = 8_000
LEAD_S, TAIL_S = 0.35, 0.4
OVERLAP_S = 0.45
GAP_S = (0.15, 0.45)
NOISE = 10 ** (-60 / 20)
PRE_EMPHASIS = 0.5


@dataclass(frozen=True)
class Placed:
    """One turn with its place on the line, in samples at `RATE`."""

    channel: int
    start: int
    end: int
    text: str


def fir_bandpass(low: float = 300.0, high: float = 3_400.0, taps: int = 255) -> np.ndarray:
    """Windowed-sinc band-pass, linear phase, unit gain in the band."""
    n = np.arange(taps) - (taps - 1) / 2
    ideal = 2 * high / RATE * np.sinc(2 * high / RATE * n)
    ideal -= 2 * low / RATE * np.sinc(2 * low / RATE * n)
    return ideal * np.blackman(taps)


def mu_law(sound: np.ndarray) -> np.ndarray:
    """Return what is left of the samples after 8-bit µ-law and back."""
    level = np.sign(sound) * np.log1p(255 * np.abs(np.clip(sound, -1, 1))) / np.log(256)
    level = np.round(level * 127) / 127
    return np.sign(level) * np.expm1(np.abs(level) * np.log(256)) / 255


def hold_music(seconds: float) -> np.ndarray:
    """Play a slow arpeggio of plain tones, at `RATE`: music that belongs to nobody."""
    notes = (261.6, 329.6, 392.0, 523.3, 392.0, 329.6, 293.7, 349.2, 440.0, 587.3, 440.0, 349.2)
    length = int(0.42 * RATE)
    t = np.arange(length) / RATE
    fade = np.minimum(1, t / 0.02) * np.exp(-2.2 * t)
    count = int(np.ceil(seconds * RATE / length))
    tune = [
        np.sin(2 * np.pi * f * t) * fade + 0.4 * np.sin(4 * np.pi * f * t) * fade
        for f in (notes[i % len(notes)] for i in range(count))
    ]
    return 0.16 * np.concatenate(tune)[: int(seconds * RATE)]


def resample(sound: np.ndarray, rate: int) -> np.ndarray:
    """To `RATE`, brighter towards 3 kHz as a handset's microphone is, at the same peak."""
    narrow = soxr.resample(sound, rate, RATE).astype(np.float64)
    bright = np.append(narrow[:1], narrow[1:] - PRE_EMPHASIS * narrow[:-1])
    return bright * np.abs(narrow).max() / np.abs(bright).max()


class Line:
    """Turns laid one after another on two channels."""

    def __init__(self, rng: np.random.Generator) -> None:
        """`rng` decides the pauses and the noise, so that a seed gives the same call."""
        self._rng = rng
        self._pieces: list[tuple[int, int, np.ndarray]] = []
        self._now = int(LEAD_S * RATE)
        self.placed: list[Placed] = []

    def say(self, channel: int, sound: np.ndarray, text: str, *, overlap: bool) -> None:
        """Add one turn (samples at `RATE`), after a pause or over the end of the last one."""
        gap = -OVERLAP_S if overlap else float(self._rng.uniform(*GAP_S))
        start = max(0, self._now + int(gap * RATE))
        self._pieces.append((channel, start, sound))
        self._now = start + len(sound)
        self.placed.append(Placed(channel, start, self._now, text))

    def pause(self, seconds: float) -> None:
        """Nobody speaks."""
        self._now += int(seconds * RATE)

    def music(self, seconds: float) -> None:
        """Hold music, heard on the agent's side of the line."""
        tune = hold_music(seconds)
        self._pieces.append((0, self._now, tune))
        self._now += len(tune)

    def sound(self) -> np.ndarray:
        """Mix the call, shape (samples, 2), float64 in -1..1."""
        total = self._now + int(TAIL_S * RATE)
        call = np.zeros((total, 2))
        for channel, start, piece in self._pieces:
            call[start : start + len(piece), channel] += piece
        taps = fir_bandpass()
        # A trace of the other side, 52 dB down: a louder one is heard and written down as speech.
        call += 0.0025 * call[:, ::-1]
        call += self._rng.normal(0, NOISE, call.shape)
        for channel in (0, 1):
            call[:, channel] = np.convolve(call[:, channel], taps, mode="same")
        return mu_law(call)


def write(path: Path, sound: np.ndarray, kind: str) -> None:
    """Write `sound` (samples, 2) as `kind`: opus, mp3, mono_mp3, wav_ulaw or wav_gsm."""
    if kind == "wav_ulaw":
        soundfile.write(path, sound, RATE, subtype="ULAW", format="WAV")
    elif kind == "wav_gsm":
        soundfile.write(path, sound.mean(axis=1), RATE, subtype="GSM610", format="WAV")
    elif kind == "opus":
        _encode(path, sound, "ogg", "libopus", bits=24_000, options={"application": "voip"})
    elif kind == "mp3":
        _encode(path, sound, "mp3", "libmp3lame", bits=32_000, options={"joint_stereo": "0"})
    elif kind == "mono_mp3":
        _encode(
            path,
            sound.mean(axis=1, keepdims=True),
            "mp3",
            "libmp3lame",
            bits=16_000,
            options={},
        )
    else:
        raise ValueError(kind)


def extension(kind: str) -> str:
    """File extension of a kind."""
    return {"opus": "ogg", "mp3": "mp3", "mono_mp3": "mp3"}.get(kind, "wav")


def _encode(
    path: Path,
    sound: np.ndarray,
    container: str,
    codec: str,
    *,
    bits: int,
    options: dict[str, str],
) -> None:
    samples = np.clip(sound * 32767, -32768, 32767).astype(np.int16)
    layout = ("mono", "stereo")[samples.shape[1] - 1]
    # "bitexact" keeps random stream numbers and library versions out of the file.
    with av.open(str(path), "w", format=container, options={"fflags": "+bitexact"}) as out:
        stream = out.add_stream(codec, rate=RATE, options=options)
        stream.layout = layout
        stream.bit_rate = bits
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        for start in range(0, len(samples), RATE):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples[start : start + RATE].reshape(1, -1)),
                format="s16",
                layout=layout,
            )
            frame.sample_rate = RATE
            frame.pts = start
            frame.time_base = Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def decoded_seconds(path: Path) -> float:
    """Length of a written file as a decoder gives it, which is what talk time must match."""
    try:
        with av.open(str(path)) as source:
            stream = source.streams.audio[0]
            samples = sum(frame.samples for frame in source.decode(stream))
            return samples / stream.codec_context.sample_rate
    except av.FFmpegError:
        # GSM inside WAV is read by libsndfile, not by FFmpeg.
        return soundfile.info(path).duration
