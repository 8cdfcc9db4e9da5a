"""Moments as people write them, and what is said in them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_app.moments import parse_moment, quoted, written
from qa_app.quotes import SaidTurn


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0:34", (34_000, 39_000)),
        (" 12:05 ", (725_000, 730_000)),
        ("1:02:03", (3_723_000, 3_728_000)),
        ("0:34-0:41", (34_000, 41_000)),
        ("0:34 – 1:00:00", (34_000, 3_600_000)),
        ("0：34", (34_000, 39_000)),
        ("0:41-0:34", None),
        ("0:34-0:34", None),
        ("0:60", None),
        ("34", None),
        ("soon", None),
        ("", None),
        ("1:2:3", None),
    ],
)
def test_a_moment_is_read_or_refused(text: str, span: Any) -> None:
    assert parse_moment(text) == span


@given(st.integers(0, 35_000), st.integers(1, 35_000))
def test_what_is_written_is_read_again(start: int, length: int) -> None:
    span = (start * 1_000, (start + length) * 1_000)
    assert parse_moment(written(*span)) == span


def test_a_quote_holds_the_words_of_its_span_without_what_is_hidden() -> None:
    words = [["my", 0, 400, 1], [" number", 500, 900, 1], [" is", 1_000, 1_400, 1]]
    words += [[" one", 1_500, 1_900, 1], [" two", 2_000, 2_400, 1], [" thanks", 9_000, 9_400, 1]]
    turn = SaidTurn(0, 9_400, words, [[3, 4, "number", 1_500, 2_400]], "")
    assert quoted([turn], (400, 3_000)) == "number is •••"
    assert quoted([turn], (9_000, 9_100)) == "thanks"
    assert quoted([turn], (20_000, 21_000)) == ""
