"""The record of a draw that anybody can run again: a header and three columns of the frame.

A manifest is a zip archive with two members: ``header.json`` and ``frame.bin``, which holds the
columns one after the other, little-endian, in canonical order: ``draw_key`` (8 bytes a call),
``stratum`` (2, index into the header's strata), ``reasons`` (1, bits). The header carries the
SHA-256 of the uncompressed ``frame.bin``. The same draw gives the same bytes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.outcomes import DomainError
from pipelines.sampling.rules.numbers import U64, parse_seed, random_numbers
from pipelines.sampling.rules.reasons import Bits
from pipelines.sampling.rules.strata import Stratum, StratumIndex, draw_order, select

FORMAT = 1
_HEADER, _FRAME = "header.json", "frame.bin"
_BYTES_A_CALL = 11
# The archive's own time stamps would make equal draws differ.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Manifest:
    """A manifest as read: its header, and the frame's columns in canonical order."""

    header: dict[str, Any]
    draw_key: U64
    stratum: StratumIndex
    bits: Bits

    @property
    def seed(self) -> int:
        """Return the seed as a number."""
        return parse_seed(self.header["seed"])

    @property
    def strata(self) -> list[Stratum]:
        """Return the strata as they were drawn."""
        return [
            Stratum(item["key"], item["n_frame"], item["n_drawn"]) for item in self.header["strata"]
        ]


@dataclass(frozen=True)
class ReplayedCall:
    """A call that the manifest's seed draws: ``row`` is its place in the manifest's columns."""

    row: int
    draw_key: int
    stratum: str
    random_number: int
    bits: int


def write_manifest(
    header: Mapping[str, Any], draw_key: U64, stratum: StratumIndex, bits: Bits
) -> bytes:
    """Return the archive. Columns are in canonical order; the header must not hold a checksum."""
    frame = (
        draw_key.astype("<u8").tobytes()
        + stratum.astype("<u2").tobytes()
        + bits.astype("u1").tobytes()
    )
    whole = {
        **header,
        "format": FORMAT,
        "frame": {
            "calls": len(draw_key),
            "columns": ["draw_key:u8", "stratum:u2", "reasons:u1"],
            "sha256": hashlib.sha256(frame).hexdigest(),
        },
    }
    text = json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(zipfile.ZipInfo(_HEADER, _EPOCH), text, zipfile.ZIP_DEFLATED, 1)
        archive.writestr(zipfile.ZipInfo(_FRAME, _EPOCH), frame, zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def read_manifest(content: bytes) -> Manifest:
    """Read an archive; ``DomainError("manifest_unreadable")`` or ``("manifest_damaged")``."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            header = json.loads(archive.read(_HEADER))
            frame = archive.read(_FRAME)
        readable = header["format"] == FORMAT
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise DomainError("manifest_unreadable") from error
    if not readable:
        raise DomainError("manifest_unreadable")
    return _checked(header, frame)


def _checked(header: dict[str, Any], frame: bytes) -> Manifest:
    n, expected = header["frame"]["calls"], header["frame"]["sha256"]
    if len(frame) != n * _BYTES_A_CALL or hashlib.sha256(frame).hexdigest() != expected:
        raise DomainError("manifest_damaged")
    return Manifest(
        header=header,
        draw_key=np.frombuffer(frame, "<u8", n).astype(np.uint64),
        stratum=np.frombuffer(frame, "<u2", n, offset=8 * n).astype(np.uint16),
        bits=np.frombuffer(frame, "u1", n, offset=10 * n),
    )


def replay(manifest: Manifest, n_drawn: Mapping[str, int] | None = None) -> list[ReplayedCall]:
    """Draw again from the manifest alone: stratum by stratum, in order of random number.

    ``n_drawn`` replaces the header's counts, for a draw that was extended since.
    """
    numbers = random_numbers(manifest.draw_key, manifest.seed)
    strata = manifest.strata
    if n_drawn is not None:
        strata = [Stratum(s.key, s.n_frame, n_drawn.get(s.key, s.n_drawn)) for s in strata]
    rows = select(draw_order(numbers, manifest.stratum), strata)
    return [
        ReplayedCall(
            row=int(row),
            draw_key=int(manifest.draw_key[row]),
            stratum=stratum.key,
            random_number=int(numbers[row]),
            bits=int(manifest.bits[row]),
        )
        for stratum, chosen in zip(strata, rows, strict=True)
        for row in chosen
    ]
