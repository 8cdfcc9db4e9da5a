"""Where speech is cut, which pieces share a batch, and which texts get a second look."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.transcription.recognition import pieces
from pipelines.transcription.recognition.pieces import Look

SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 300)), max_size=20)


def look(text: str = "good morning", log_probability: float = -0.1, no_speech: float = 0.1) -> Look:
    return Look(tuple(range(len(text))), text, log_probability, no_speech)


def test_pieces_end_at_the_longest_pause_of_their_later_half() -> None:
    spans = [(0, 30), (90, 120), (125, 145), (165, 180), (181, 200)]
    # 30 are too few to end at the long pause; after 50 the longest is the one at 145.
    assert pieces.cut(spans, 100) == [tuple(spans[:3]), tuple(spans[3:])]
    assert pieces.cut(spans, 1_000) == [tuple(spans)]
    assert pieces.cut([], 100) == []


def test_speech_without_a_pause_is_cut_evenly() -> None:
    assert pieces.cut([(10, 250)], 100) == [((10, 90),), ((90, 170),), ((170, 250),)]


@given(gaps=SPANS, longest=st.integers(1, 200))
def test_no_speech_is_lost_or_heard_twice(gaps: list[tuple[int, int]], longest: int) -> None:
    spans, now = [], 0
    for gap, length in gaps:
        spans.append((now + gap, now + gap + length))
        now += gap + length
    cut = pieces.cut(spans, longest)
    kept = [place for piece in cut for start, end in piece for place in range(start, end)]
    assert kept == [place for start, end in spans for place in range(start, end)]
    assert all(0 < pieces.length(piece) <= longest for piece in cut)


def test_a_batch_holds_who_waits_longest_and_those_like_it() -> None:
    assert pieces.together([100, 400, 95, 105, 10], size=3, slack=0, share=999) == [0, 2, 3]
    assert pieces.together([100, 400, 90, 120, 10], size=3, slack=0, share=999) == [0, 2]
    assert pieces.together([100, 400, 10], size=3, slack=0, share=999) == [0]
    assert sorted(pieces.together([100, 110, 10], size=3, slack=100, share=999)) == [0, 1, 2]
    assert pieces.together([100, 110, 90, 100], size=4, slack=0, share=200) == [0, 3]


@given(lengths=st.lists(st.integers(1, 1_000), min_size=1), size=st.integers(1, 9))
def test_no_piece_of_a_batch_is_padded_by_more_than_an_eighth_and_the_slack(
    lengths: list[int], size: int
) -> None:
    chosen = pieces.together(lengths, size, 20, 2_000)
    assert chosen[0] == 0
    assert len(set(chosen)) == len(chosen) <= size
    taken = [lengths[place] for place in chosen]
    assert sum(taken) <= max(lengths[0], 2_000)
    assert max(taken) <= min(taken) * 1.125 + 20


def test_doubt_follows_the_decoders_own_measures() -> None:
    assert not pieces.unsure(look(), 3, -0.3)
    assert not pieces.unsure(look(log_probability=-0.3), 3, -0.3)
    assert pieces.unsure(look(log_probability=-0.31), 3, -0.3)
    assert pieces.unsure(look("and then " * 20), 3, -0.3), "round in circles"
    assert pieces.unsure(look("I see. I will talk to my wife, I will talk to my wife"), 3, -0.3)
    assert pieces.unsure(look("我在开车不方便我在开车不方便"), 3, -0.3)
    assert not pieces.unsure(look("好的好的，对对对，我知道了"), 3, -0.3)
    assert pieces.unsure(look("yes"), 20, -0.3), "left before its end"
    assert pieces.untrusted(look(log_probability=-1.2))
    assert pieces.untrusted(look("and then " * 20))
    assert not pieces.untrusted(look(log_probability=-0.6))


def test_text_over_silence_is_invented_and_not_worth_another_look() -> None:
    nothing = look("thank you.", log_probability=-1.2, no_speech=0.9)
    assert nothing.invented
    assert not pieces.untrusted(nothing)
    assert not look("thank you.", log_probability=-0.2, no_speech=0.9).invented


def test_the_better_look_does_not_repeat_itself_and_is_more_probable() -> None:
    good, likely, circles = look(), look(log_probability=-0.05), look("so " * 40, -0.01)
    assert pieces.better(good, likely) is likely
    assert pieces.better(likely, good) is likely
    assert pieces.better(circles, good) is good
    assert pieces.better(good, circles) is good
    hasty = look("good", log_probability=-0.01)
    assert pieces.better(good, hasty) is good
    assert pieces.better(hasty, good) is good


def test_a_piece_is_in_another_language_only_where_that_is_nearly_certain() -> None:
    assert pieces.language("en", {"zh": 0.97, "en": 0.01}, 4) == ("zh", False)
    assert pieces.language("en", {"cy": 0.63, "en": 0.35}, 12) == ("en", True)
    assert pieces.language("en", {"cy": 0.93, "en": 0.06}, 12) == ("en", False), "not ruled out"
    assert pieces.language("en", {"zh": 0.97, "en": 0.01}, 1.5) == ("en", False), "too short to say"
    assert pieces.language("zh", {"zh": 0.80, "en": 0.18}, 20) == ("zh", True)
    assert pieces.language("zh", {"zh": 0.80, "en": 0.18}, 5) == ("zh", False)
    assert pieces.language("zh", {}, 5) == ("zh", False)


def test_speech_without_words_is_noticed_wherever_it_is() -> None:
    assert not pieces.unheard([(300, 900), (1_000, 6_000), (6_100, 9_500)], 10)
    assert pieces.unheard([(4_500, 6_000), (6_100, 9_500)], 10), "before"
    assert pieces.unheard([(300, 900), (5_100, 9_500)], 10), "between"
    assert pieces.unheard([(300, 5_900)], 10), "behind"
    assert pieces.unheard([], 10)


def test_a_word_of_latin_letters_in_chinese_speech_is_no_chinese() -> None:
    assert pieces.written_in(" iPhone", "zh") == "en"
    assert pieces.written_in("App版", "zh") == "zh"
    assert pieces.written_in("4号,", "zh") == "zh"
    assert pieces.written_in("100", "zh") == "zh"
    assert pieces.written_in(" merci", "fr") == "fr"
