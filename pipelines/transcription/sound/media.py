"""Reading recordings of any codec in bounded memory: facts, blocks of samples, peaks, copies.

PyAV first, soundfile second. A file is never read whole: an hour of stereo at 16 kHz is decoded in
blocks of a few seconds and handed on in stretches of about five minutes (38 MB each).
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.outcomes import AudioFacts, DomainError

Samples = NDArray[np.float32]
"""Shape [channels, samples], full scale -1 to 1."""

RATE = 16_000
"""Samples a second that the recogniser takes."""

LONGEST_MS = 6 * 3_600_000
"""No call lasts longer: eight hours of silence are a line left open, not a recording to score."""

BLOCK_S = 10
STRETCH_S = 300
SLACK_S = 30
"""A stretch is cut at its quietest moment within these last seconds."""

UNKNOWN_LENGTH = 0xFFFF_0000
"""From here on a wav's lengths are no lengths: writers to a pipe leave all ones (or nearly)."""

# Naming the containers keeps playlists and other formats that open further files away from ffmpeg.
_FORMATS = "wav,w64,aiff,au,caf,mp3,flac,ogg,mov,aac,amr,amrnb,amrwb,gsm,nistsphere,matroska,asf"
_ESTIMATED = {"mp3", "aac", "amr", "amrnb", "amrwb"}

_PLAYED = {
    "wav": ("audio/wav", ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_mulaw", "pcm_alaw")),
    "mp3": ("audio/mpeg", ("mp3",)),
    "flac": ("audio/flac", ("flac",)),
    "ogg": ("audio/ogg", ("opus", "vorbis", "flac")),
    "mov": ("audio/mp4", ("aac",)),
}


@dataclass(frozen=True)
class Probed:
    """What a file is: its facts, its container as the reader names it, and who reads it."""

    facts: AudioFacts
    container: str
    reader: str

    @property
    def mimetype(self) -> str:
        """Return the type under which a browser plays the file, or a general one."""
        return _PLAYED.get(self.container, ("application/octet-stream", ()))[0]

    @property
    def playable(self) -> bool:
        """Tell whether Chromium plays the file as it is."""
        return self.facts.codec in _PLAYED.get(self.container, ("", ()))[1]


def probe(path: Path) -> AudioFacts:
    """Return codec, channels, sample rate (Hz) and duration (ms) of a recording.

    Raises ``audio_empty``, ``audio_unreadable`` (no audio in it: a text file, a file without its
    header), ``audio_truncated`` (a wav that promises more than the file holds) or
    ``audio_too_long``.
    """
    return inspect(path).facts


def inspect(path: Path) -> Probed:
    """Return what ``probe`` does and what playing it needs; raises the same errors."""
    if path.stat().st_size == 0:
        raise DomainError("audio_empty")
    _refuse_truncated_wav(path)
    probed = _inspect_av(path) or _inspect_soundfile(path)
    if probed is None:
        raise DomainError("audio_unreadable")
    if probed.facts.duration_ms == 0:
        raise DomainError("audio_empty")
    if probed.facts.duration_ms > LONGEST_MS:
        raise DomainError(
            "audio_too_long",
            hours=round(probed.facts.duration_ms / 3_600_000, 1),
            limit_hours=LONGEST_MS // 3_600_000,
        )
    return probed


def blocks(path: Path, rate: int | None = RATE) -> Iterator[Samples]:
    """Yield a recording's samples in order, [channels, n], at ``rate`` Hz (none: its own)."""
    probed = inspect(path)
    native = _blocks_av(path) if probed.reader == "av" else _blocks_soundfile(path)
    if rate is None or rate == probed.facts.sample_rate:
        yield from native
        return
    import soxr

    stream = soxr.ResampleStream(
        probed.facts.sample_rate, rate, probed.facts.channels, dtype="float32"
    )
    for block in native:
        resampled = stream.resample_chunk(np.ascontiguousarray(block.T)).T
        if resampled.shape[1]:
            yield resampled
    rest = stream.resample_chunk(
        np.zeros((0, probed.facts.channels), dtype=np.float32), last=True
    ).T
    if rest.shape[1]:
        yield rest


def decode(path: Path, rate: int = RATE) -> Samples:
    """Return a whole recording, [channels, samples] at ``rate`` Hz; for short ones."""
    return np.concatenate(list(blocks(path, rate)), axis=1)


def stretches(path: Path, rate: int = RATE) -> Iterator[tuple[int, Samples]]:
    """Yield (start in ms, samples [channels, n]) of about five minutes, cut where it is quiet."""
    waiting: list[Samples] = []
    held = 0
    start = 0
    for block in blocks(path, rate):
        waiting.append(block)
        held += block.shape[1]
        while held >= (STRETCH_S + SLACK_S) * rate:
            samples = np.concatenate(waiting, axis=1)
            cut = quietest(samples, STRETCH_S * rate, (STRETCH_S + SLACK_S) * rate, rate)
            yield start * 1_000 // rate, samples[:, :cut]
            waiting = [samples[:, cut:]]
            held -= cut
            start += cut
    if held:
        yield start * 1_000 // rate, np.concatenate(waiting, axis=1)


def quietest(samples: Samples, first: int, last: int, rate: int) -> int:
    """Return the sample at the middle of the quietest 0.3 s between ``first`` and ``last``."""
    step = rate * 3 // 10
    power = np.square(samples[:, first:last]).sum(axis=0)
    count = len(power) // step
    if count == 0:
        return first
    energies = power[: count * step].reshape(count, step).sum(axis=1)
    return first + int(energies.argmin()) * step + step // 2


def same_on_both(samples: Samples) -> bool:
    """Tell whether two channels carry one and the same sound: mono saved as stereo.

    Lossy codecs make them differ a little, so a difference 30 dB below the sound counts as none.
    """
    if samples.shape[0] != 2:  # noqa: PLR2004 - a pair
        return False
    sound = float(np.square(samples).mean())
    difference = float(np.square(samples[0] - samples[1]).mean())
    return sound > 0 and difference < sound / 1_000


def _refuse_truncated_wav(path: Path) -> None:
    """Raise ``audio_truncated`` when a wav's data chunk reaches beyond the end of the file.

    Half a call must not be scored as if it were the whole.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":  # noqa: PLR2004 - header
            return
        while len(chunk := stream.read(8)) == 8:  # noqa: PLR2004 - name and length
            name, length = struct.unpack("<4sI", chunk)
            if name == b"data":
                found = size - stream.tell()
                if found < length < UNKNOWN_LENGTH:
                    raise DomainError(
                        "audio_truncated", missing_pct=round(100 * (length - found) / length)
                    )
                return
            stream.seek(length + length % 2, 1)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import av

    with (
        path.open("rb") as stream,
        av.open(stream, options={"format_whitelist": _FORMATS}) as container,
    ):
        yield container


def _inspect_av(path: Path) -> Probed | None:
    import av

    try:
        with _opened(path) as container:
            if not container.streams.audio:
                return None
            stream = container.streams.audio[0]
            name = container.format.name.split(",")[0]
            facts = AudioFacts(
                codec=stream.codec_context.codec.canonical_name,
                channels=stream.codec_context.channels,
                sample_rate=stream.codec_context.sample_rate,
                duration_ms=_duration_ms(container, stream, name),
            )
            if facts.channels == 0 or facts.sample_rate == 0:
                return None
            return Probed(facts=facts, container=name, reader="av")
    except (av.error.FFmpegError, OSError, ValueError):
        return None


def _duration_ms(container: Any, stream: Any, name: str) -> int:
    """Return the duration; packets are counted where the header only estimates it.

    A frame is decoded first, so that a file of which nothing can be decoded is found out here.
    """
    import av

    said = 0 if stream.duration is None else round(stream.duration * stream.time_base * 1_000)
    frame = next(container.decode(stream), None)
    if frame is None:
        # An empty wav has nothing to decode, others whose frames are all broken are unreadable.
        if name == "wav":
            return 0
        raise av.error.InvalidDataError(0, "no frame could be decoded")
    if said and name not in _ESTIMATED:
        return said
    container.seek(0)
    ticks = sum(packet.duration or 0 for packet in container.demux(stream))
    counted = round(ticks * stream.time_base * 1_000)
    # The mp3 header leaves out the encoder's padding, which packets count: trust it when close.
    return said if said and abs(said - counted) <= max(250, counted // 50) else counted


def _blocks_av(path: Path) -> Iterator[Samples]:
    import av

    resampler = av.AudioResampler(format="fltp")
    decoded = False
    broken = 0
    try:
        with _opened(path) as container:
            stream = container.streams.audio[0]
            gathered: list[Samples] = []
            held = 0
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    # One damaged packet is a click; a file full of them was no recording.
                    broken += 1
                    continue
                for frame in frames:
                    for part in resampler.resample(frame):
                        samples = part.to_ndarray().astype(np.float32, copy=False)
                        gathered.append(samples)
                        held += samples.shape[1]
                        decoded = True
                if held >= BLOCK_S * stream.codec_context.sample_rate:
                    yield np.concatenate(gathered, axis=1)
                    gathered, held = [], 0
            if gathered:
                yield np.concatenate(gathered, axis=1)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise DomainError("audio_unreadable") from error
    if not decoded:
        raise DomainError("audio_unreadable" if broken else "audio_empty")


def _inspect_soundfile(path: Path) -> Probed | None:
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (soundfile.LibsndfileError, TypeError):
        return None
    facts = AudioFacts(
        codec=info.subtype.lower(),
        channels=info.channels,
        sample_rate=info.samplerate,
        duration_ms=round(info.frames * 1_000 / info.samplerate),
    )
    return Probed(facts=facts, container=info.format.lower(), reader="soundfile")


def _blocks_soundfile(path: Path) -> Iterator[Samples]:
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as stream:
            for block in stream.blocks(
                BLOCK_S * stream.samplerate, dtype="float32", always_2d=True
            ):
                yield block.T
    except soundfile.LibsndfileError as error:
        raise DomainError("audio_unreadable") from error
