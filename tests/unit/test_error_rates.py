import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import Party
from pipelines.transcription.error_rates import (
    Errors,
    call_errors,
    chinese,
    distance,
    english,
    error_rate,
)

REFERENCES = Path(__file__).parents[3] / "shared/data/references/ibm-stt-wer-python/sample-files"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Forty-two", "42"),
        ("two hundred and five pounds", "205 pounds"),
        ("£205", "205 pounds"),
        ("£19.99", "19 pounds 99"),
        ("nineteen pounds ninety nine", "19 pounds 99"),
        ("double four one oh seven", "44107"),
        ("07700 900 123", "07700900123"),
        ("It's the twenty-first", "its the 21st"),
        ("it’s the 21st.", "its the 21st"),
        ("two thousand and twenty six", "2026"),
        ("2,026", "2026"),
        ("twenty twenty six", "2026"),
        ("a hundred people and one more", "100 people and 1 more"),
        ("5:30 pm", "530 pm"),
        ("five thirty PM", "530 pm"),
        ("25%", "25 per cent"),
        ("twenty five percent", "25 per cent"),
        ("one million two hundred thousand", "1200000"),
        ("OK, Mr. Smith", "okay mister smith"),
        ("oh dear", "oh dear"),
        ("black and white", "black and white"),
    ],
)
def test_english_in_one_form(text: str, form: str) -> None:
    assert english(text) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("三十八", "38"),
        ("38", "38"),
        ("十五", "15"),
        ("一百零五", "105"),
        ("一百五", "150"),
        ("一千零五十", "1050"),
        ("幺三八零零", "13800"),
        ("二零二六年十一月三十号", "2026年11月30号"),
        ("两千块。", "2000块"),
        ("3万", "30000"),
        ("三万五", "35000"),
        ("一亿三千万", "130000000"),
        ("百分之二十", "百分之20"),
        ("20%", "百分之20"),
        ("1,500元", "1500元"),
        ("3.5", "3点5"),
        ("三点五", "3点5"),
        ("下午兩點半,謝謝!", "下午2点半谢谢"),
        ("千万不要", "千万不要"),
        ("WiFi 路由器", "wifi路由器"),
    ],
)
def test_chinese_in_one_form(text: str, form: str) -> None:
    assert chinese(text) == form


def test_distances_known_from_the_books() -> None:
    assert distance("kitten", "sitting") == 3
    assert distance("saturday", "sunday") == 3
    assert distance("", "abc") == 3
    assert distance("abc", "") == 3


def plain_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_distance_is_the_textbook_one(a: str, b: str) -> None:
    assert distance(a, b) == plain_distance(a, b)


def test_errors_can_be_summed() -> None:
    wrong = error_rate("the cat sat", "the cat sat down", "en")
    assert wrong == Errors(1, 3, insertions=1)
    assert error_rate("现在三十八元", "现在38圆", "zh") == Errors(1, 5)
    assert (wrong + Errors(0, 2)).rate == 0.2
    assert error_rate("", "", "en").rate is None


def test_a_calls_sides_are_compared_apart_unless_nobody_knows_who_spoke() -> None:
    said = [(Party.AGENT, "good morning"), (Party.CUSTOMER, "hello"), (Party.AGENT, "yes")]
    apart = [(Party.AGENT, "good morning yes"), (Party.CUSTOMER, "hello")]
    assert call_errors(said, apart, "en") == Errors(0, 4)
    together = [(Party.UNKNOWN, "good morning hello no")]
    assert call_errors(said, together, "en") == Errors(1, 4)
    assert call_errors(said, [], "en") == Errors(4, 4, deletions=4)


@pytest.mark.skipif(not REFERENCES.is_dir(), reason="the public reference cases are not here")
def test_the_published_figures_come_out() -> None:
    with (REFERENCES / "wer_details.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    counts = {row["Audio File Name"]: row for row in rows}
    total = Errors(0, 0)
    for row in counts.values():
        found = error_rate(row["Reference"], row["Transcription"], "en")
        assert found.rate == pytest.approx(float(row["WER"]) / 100)
        total += found
    summary = json.loads((REFERENCES / "wer_summary.json").read_text(encoding="utf-8"))
    assert (total.errors, total.length) == (summary["Total Word Errors"], summary["Total Words"])


@pytest.mark.parametrize(
    ("said", "heard", "counts"),
    [
        ("a b c", "a b c", (0, 0, 0)),
        ("a b c", "a x c", (1, 0, 0)),
        ("a b c", "a b c d", (0, 1, 0)),
        ("a b c", "a c", (0, 0, 1)),
        ("a b c d", "b c d e", (0, 1, 1)),
        ("", "well then", (0, 2, 0)),
        ("well then", "", (0, 0, 2)),
    ],
)
def test_errors_are_told_apart(said: str, heard: str, counts: tuple[int, int, int]) -> None:
    found = error_rate(said, heard, "en")
    assert (found.substitutions, found.insertions, found.deletions) == counts
    assert (found + found).insertions == 2 * counts[1]
