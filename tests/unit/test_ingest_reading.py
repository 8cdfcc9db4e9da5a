"""Tables are read in every encoding and delimiter, row by row, from any point on."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.reading import RawRow, TableReader, as_utf8, look_at
from pipelines.outcomes import DomainError

COLUMNS = ("id", "name", "note")
TEXT = "id,name,note\r\n1,李娜,非常满意的服务\r\n2,王强,一般\r\n"


def read(
    path: Path, content: bytes, offset: int = 0, number: int = 0, **values: object
) -> list[RawRow]:
    path.write_bytes(content)
    encoding = look_at(path).readable_encoding()
    with as_utf8(path, encoding) as file:
        reader = TableReader(file, columns=COLUMNS, required=("id",))
        return list(reader.rows(offset, number, **values))


def cells(rows: list[RawRow]) -> list[tuple[str, ...]]:
    return [row.cells for row in rows]


EXPECTED = [("1", "李娜", "非常满意的服务"), ("2", "王强", "一般")]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("gb18030"), "gb18030"),
        (TEXT.encode("gbk"), "gb18030"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.replace("\r\n", "\n").encode("gb18030"), "gb18030"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, content: bytes, encoding: str) -> None:
    path = tmp_path / "a.csv"
    rows = read(path, content)
    assert look_at(path).encoding == encoding
    assert cells(rows) == EXPECTED
    assert [row.number for row in rows] == [2, 3]


def test_utf_16_without_a_mark_is_found(tmp_path: Path) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        assert cells(read(tmp_path / "a.csv", "id,name\n1,Ann\n".encode(encoding))) == [
            ("1", "Ann", "")
        ]


@pytest.mark.parametrize(
    "content",
    [
        "id,name\n1,\u00c5ngstr\u00f6m na\u00efve \u00fcber\n".encode("latin-1"),
        b"PK\x03\x04" + b"\0" * 99,
        bytes(range(256)) * 9000,
        b"x" * (3 << 20),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert look_at(path).encoding is None
    with pytest.raises(DomainError, match="encoding_unknown"):
        look_at(path).readable_encoding()


def test_a_damaged_row_of_a_good_file_is_one_reject(tmp_path: Path) -> None:
    content = TEXT.encode() + b"3,\xe6\x9d,x\n" + "4,陈,y\n".encode()
    rows = read(tmp_path / "a.csv", content)
    assert [(row.number, row.problem) for row in rows] == [
        (2, None),
        (3, None),
        (4, "row_encoding"),
        (5, None),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    content = TEXT.replace(",", delimiter).encode()
    assert cells(read(tmp_path / "a.csv", content)) == EXPECTED


def test_columns_come_in_any_order_and_unknown_ones_are_passed_over(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", b"extra, Note ,ID\nx,n,1\n")
    assert cells(rows) == [("1", "", "n")]


def test_rows_of_another_length_are_named_and_blank_ones_passed_over(tmp_path: Path) -> None:
    content = b'id,name,note\n1,a\n\n  \n2,b,c,d\n3,b,c,,\n4,"two\nlines",c\n'
    rows = read(tmp_path / "a.csv", content)
    assert [(row.number, row.problem) for row in rows] == [
        (2, "row_too_short"),
        (5, "row_too_long"),
        (6, None),
        (7, None),
    ]
    assert rows[-1].cells == ("4", "two\nlines", "c")


def test_an_endless_quotation_is_one_reject(tmp_path: Path) -> None:
    content = b'id,name,note\n1,"' + b"x" * 200_000 + b"\n2,a,b\n"
    problems = {row.problem for row in read(tmp_path / "a.csv", content)}
    assert "row_unreadable" in problems


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n , ,\n\n", "file_empty"),
        (b"name,note\n1,2\n", "column_missing"),
        (b"id,name,name\n1,2,3\n", "column_twice"),
    ],
)
def test_a_table_without_a_header_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(DomainError, match=code):
        read(tmp_path / "a.csv", content)


def test_a_corrected_list_of_rejects_loses_its_guards(tmp_path: Path) -> None:
    content = b"id,name,row,column,reason\n1,'=a,5,name,bad\n'-2,'b,6,name,bad\n"
    assert [row[:2] for row in cells(read(tmp_path / "a.csv", content))] == [
        ("1", "=a"),
        ("-2", "'b"),
    ]
    assert cells(read(tmp_path / "a.csv", b"id,name\n1,'=a\n"))[0][1] == "'=a"


LINES = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8", exclude_characters="\0\ufffd"), max_size=5),
        st.sampled_from(["a", "满意", "a,b", 'say "x"', "two\nlines", ""]),
    ),
    max_size=8,
)


@given(LINES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]), st.data())
def test_reading_goes_on_from_any_row(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[tuple[str, str]],
    encoding: str,
    data: st.DataObject,
) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    text = "id,name,note\n1,始,终\n" + "".join(
        f"{number},{quoted(name)},{quoted(note)}\n" for number, (name, note) in enumerate(lines)
    )
    path = tmp_path_factory.getbasetemp() / "resume.csv"
    content = text.encode(encoding)
    path.write_bytes(content)
    if look_at(path).encoding != encoding:
        return
    rows = read(path, content)
    assert len(rows) == len(lines) + 1
    stop = data.draw(st.sampled_from(rows))
    rest = read(path, content, stop.end, stop.number)
    assert rest == rows[rows.index(stop) + 1 :]
