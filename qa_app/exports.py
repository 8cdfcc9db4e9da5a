"""Tables as files that a spreadsheet opens, with nothing in them that it would execute."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

# East Asian spreadsheets take full-width signs for plain ones.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
# A spreadsheet reads UTF-8 as such only behind this mark.
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"

Cell = str | int | float | None


def defused(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return f"'{cell}"
    return cell


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Write a table as CSV (RFC 4180), empty cells for null."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([defused(name) for name in header])
    for row in rows:
        writer.writerow(["" if cell is None else defused(cell) for cell in row])
    return _MARK + out.getvalue()


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Answer with a CSV file called ``name`` (ASCII, without folders)."""
    response = Response(csv_text(header, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
