"""Masked words keep their places, and a turn nobody has looked through says nothing."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.masking import HIDDEN, masked_text, masked_words

WORDS = [
    [" Call", 0, 100, 0.9],
    [" 138", 100, 200, 0.5],
    [" 0013", 250, 400, 0.9],
    [" now", 400, 500, 0.9],
]


def test_a_mask_is_one_word_and_nothing_moves() -> None:
    assert masked_words(WORDS, [[1, 2, "phone", 100, 400]]) == [
        [" Call", 0, 100, 0.9],
        [" •••", 100, 400, 1.0],
        ["", 250, 400, 0.9],
        [" now", 400, 500, 0.9],
    ]
    assert masked_text(WORDS, [[1, 2, "phone", 100, 400]]) == "Call ••• now"
    assert masked_text(WORDS, []) == "Call 138 0013 now"
    assert WORDS[1][0] == " 138"


def test_a_turn_that_was_not_looked_through_has_no_words() -> None:
    assert masked_words(WORDS, None) == []


def test_masks_that_touch_or_lie_in_each_other_hide_all_of_both() -> None:
    masks = [[1, 2, "phone", 0, 0], [2, 3, "number", 0, 0], [0, 3, "other", 0, 0]]
    assert masked_text(WORDS, masks) == HIDDEN
    assert masked_text(WORDS, masks[:2]) == f"Call {HIDDEN}"
    assert masked_text(WORDS, [[3, 9, "phone", 0, 0]]) == f"Call 138 0013 {HIDDEN}"


spans = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(sorted)


@given(st.lists(spans, max_size=4))
def test_no_masked_word_is_left_and_no_other_one_is_touched(ranges: list[list[int]]) -> None:
    words = [[f" w{place}", place, place + 1, 0.5] for place in range(9)]
    result = masked_words(words, [[first, last, "phone", 0, 0] for first, last in ranges])
    assert len(result) == 9
    for place, word in enumerate(result):
        hidden = any(first <= place <= last for first, last in ranges)
        assert (word[0] == f" w{place}") is not hidden
