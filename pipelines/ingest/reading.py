"""Reading a table file: its encoding, its delimiter, its rows one by one with byte offsets.

Offsets count bytes of the file's text as UTF-8. A file in another encoding is first copied to a
temporary file in UTF-8, block by block, so that every file is read, and taken up again, the same
way and none is ever held in memory.
"""

import codecs
import csv
import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipelines.outcomes import DomainError

_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_DELIMITERS = ",;\t|"
_LONGEST_FIELD = 1 << 17
# Of the Chinese characters of real texts nearly all are in GB 2312; of bytes of another encoding
# that only happen to form characters, few are.
_PLAUSIBLE_SHARE = 0.8
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Behind the known columns of a list of rejects; in such a list an apostrophe guards formulas.
REJECT_COLUMNS = ("row", "column", "reason")
_GUARDED = re.compile(r"'(?= *[=+\-@＝＋－＠\t\r\n])")
_ARCHIVE = b"PK\x03\x04"
# U+FFFD in UTF-8: what stands where bytes could not be read, here or in an earlier conversion.
_UNREADABLE = b"\xef\xbf\xbd"


class RawRow(NamedTuple):
    """A row as it stands in the file.

    ``number`` counts rows as a spreadsheet does (the header is 1), ``end`` is the byte offset
    behind the row, ``cells`` are in the order of the known columns. ``problem`` is the code of
    what makes the whole row unreadable; its cells are then as the file has them.
    """

    number: int
    end: int
    cells: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True)
class FileFacts:
    """What the first look at a file found: hash, size, and encoding (null: none was recognised)."""

    sha256: str
    size_bytes: int
    encoding: str | None

    def readable_encoding(self) -> str:
        """Return the encoding; ``DomainError``: ``file_empty``, ``encoding_unknown``."""
        if not self.size_bytes:
            raise DomainError("file_empty")
        if self.encoding is None:
            raise DomainError("encoding_unknown")
        return self.encoding


def look_at(path: Path) -> FileFacts:
    """Hash a file and find its encoding: UTF-8, UTF-16 or GB 18030, with or without a mark."""
    digest = hashlib.sha256()
    utf8 = codecs.getincrementaldecoder("utf-8")()
    size = 0
    head = b""
    broken_at = b""
    valid = True
    many_bytes = False
    lines = True
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            head = head or block[:_SAMPLE]
            size += len(block)
            lines = lines and (len(block) < _BLOCK or b"\n" in block)
            if valid:
                try:
                    many_bytes = not utf8.decode(block).isascii() or many_bytes
                except UnicodeDecodeError as error:
                    valid = False
                    line = block.rfind(b"\n", 0, error.start) + 1
                    many_bytes = many_bytes or _starts_as_utf8(block[: error.start])
                    broken_at = block[line : line + _SAMPLE]
    # A block without the end of a line is no table: a spreadsheet, an archive, a recording.
    if not lines or head.startswith(_ARCHIVE):
        return FileFacts(digest.hexdigest(), size, None)
    return FileFacts(digest.hexdigest(), size, _encoding(head, broken_at, valid, many_bytes))


def _starts_as_utf8(block: bytes) -> bool:
    return not block.decode("utf-8", "ignore").isascii()


def _encoding(head: bytes, broken_at: bytes, valid: bool, many_bytes: bool) -> str | None:  # noqa: FBT001 - findings of one look
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    zeros = head.count(0)
    if zeros > len(head) // 4:
        # Text of the western kind in UTF-16: every other byte is zero.
        return "utf-16-be" if head[::2].count(0) > zeros // 2 else "utf-16-le"
    if valid:
        return "utf-8"
    if _looks_like_gb18030(broken_at):
        return "gb18030"
    # Right so far and with characters of several bytes: UTF-8 with a damaged place.
    return "utf-8" if many_bytes else None


def _looks_like_gb18030(sample: bytes) -> bool:
    text = codecs.getincrementaldecoder("gb18030")("replace").decode(sample)
    others = [character for character in text if not character.isascii()]
    common = "".join(others).encode("gb2312", "ignore").decode("gb2312")
    return len(common) >= _PLAUSIBLE_SHARE * len(others) > 0


@contextmanager
def as_utf8(path: Path, encoding: str) -> Iterator[BinaryIO]:
    """Open the file's text as UTF-8, from its start and without a byte-order mark."""
    if encoding == "utf-8":
        with path.open("rb") as file:
            yield file
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    with tempfile.TemporaryFile() as copy, path.open("rb") as file:
        while block := file.read(_BLOCK):
            copy.write(decoder.decode(block).encode("utf-8", "replace"))
        copy.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))
        copy.seek(0)
        yield copy


class TableReader:
    """Reads the rows of one table with a header row."""

    def __init__(self, file: BinaryIO, *, columns: Sequence[str], required: Sequence[str]) -> None:
        """Read the header; find the delimiter that shows most of the known ``columns``.

        Raises ``DomainError``: ``file_empty``, ``column_missing`` (``columns``), ``column_twice``.
        """
        self._file = file
        self._line_end = 0
        self._damaged = False
        header = self._first_line()
        names, self._delimiter = max(
            ((_names(header, delimiter), delimiter) for delimiter in _DELIMITERS),
            key=lambda found: len(set(found[0]) & set(columns)),
        )
        missing = [name for name in required if name not in names]
        if missing:
            raise DomainError("column_missing", columns=", ".join(missing))
        twice = sorted({name for name in columns if names.count(name) > 1})
        if twice:
            raise DomainError("column_twice", columns=", ".join(twice))
        self._is_correction = set(REJECT_COLUMNS) <= set(names)
        self._width = len(names)
        # A column that the file lacks points at the empty cell put behind every row.
        self._places = [names.index(name) if name in names else len(names) for name in columns]
        self.start = self._line_end
        self._first_row = self._rows_before + 1

    def _first_line(self) -> str:
        self._rows_before = 0
        while line := self._file.readline(_LONGEST_FIELD):
            self._line_end += len(line)
            self._rows_before += 1
            text = line.decode("utf-8", "replace").lstrip("﻿").strip("\r\n")
            if text.strip(" \t,;|"):
                return text
        raise DomainError("file_empty")

    def rows(
        self, offset: int = 0, number: int = 0, *, on_block: Callable[[int], None] | None = None
    ) -> Iterator[RawRow]:
        """Yield the rows behind byte ``offset``, which row ``number`` ended at (0, 0: all).

        ``on_block`` is told the offset from time to time.
        """
        self._line_end = offset or self.start
        self._file.seek(self._line_end)
        number = number or self._first_row - 1
        reader = csv.reader(self._lines(on_block), delimiter=self._delimiter)
        csv.field_size_limit(_LONGEST_FIELD)
        width, places = self._width, self._places
        pick = itemgetter(*places)
        while True:
            number += 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield RawRow(number, self._line_end, (), "row_unreadable")
                continue
            if self._is_correction:
                row = [_GUARDED.sub("", cell, count=1) if cell[:1] == "'" else cell for cell in row]
            if self._damaged:
                self._damaged = False
                cells = (*row, *[""] * (max(places) + 1))
                yield RawRow(
                    number,
                    self._line_end,
                    pick(cells),
                    "row_encoding",
                )
            elif len(row) == width:
                row.append("")
                yield RawRow(number, self._line_end, pick(row))
            elif any(cell.strip() for cell in row):
                # Cells behind the last column are empty in many exports: no harm.
                extra = any(cell.strip() for cell in row[width:])
                problem = "row_too_long" if extra else None if len(row) > width else "row_too_short"
                row = row[:width] + [""] * (width + 1 - len(row))
                row[width:] = [""]
                cells = pick(row)
                yield RawRow(number, self._line_end, cells, problem)

    def _lines(self, on_block: Callable[[int], None] | None) -> Iterator[str]:
        while lines := self._file.readlines(_BLOCK):
            if on_block is not None:
                on_block(self._line_end)
            for line in lines:
                self._line_end += len(line)
                try:
                    text = line.decode()
                except UnicodeDecodeError:
                    text = line.decode("utf-8", "replace")
                    self._damaged = True
                if _UNREADABLE in line:
                    self._damaged = True
                yield text


def _names(header: str, delimiter: str) -> list[str]:
    row = next(csv.reader([header], delimiter=delimiter), [])
    return [name.strip().casefold() for name in row]
