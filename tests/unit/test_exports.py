"""Files that a spreadsheet opens hold nothing that it would execute."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from qa_app.exports import csv_text, defused


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_formulas_become_text_and_numbers_stay_numbers() -> None:
    text = csv_text(
        ["team", "=1+1"],
        [["=cmd|' /C calc'!A0", -3.5], ["+86 138", None], ["@x", 7], ['a,"b"\nc', "正常"]],
    )
    assert text.startswith("\ufeff")
    assert read(text) == [
        ["team", "'=1+1"],
        ["'=cmd|' /C calc'!A0", "-3.5"],
        ["'+86 138", ""],
        ["'@x", "7"],
        ['a,"b"\nc', "正常"],
    ]


@given(st.text())
def test_no_text_cell_begins_like_a_formula(cell: str) -> None:
    assert not str(defused(cell)).strip(" ").startswith(tuple("=+-@＝＋－＠\t\r\n"))
