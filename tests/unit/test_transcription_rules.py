from hypothesis import given
from hypothesis import strategies as st

from models.vocab import ChannelLayout, Party
from pipelines.transcription.rules import Word, merge_turns, parties, place, respell

A, C, U = Party.AGENT, Party.CUSTOMER, Party.UNKNOWN


def word(text: str, start: int, end: int, probability: float = 1.0) -> Word:
    return Word(text, start, end, probability)


def test_the_layout_says_who_speaks_on_which_channel() -> None:
    assert parties(ChannelLayout.AGENT_LEFT, 2) == (A, C)
    assert parties(ChannelLayout.AGENT_RIGHT, 2) == (C, A)
    assert parties(ChannelLayout.MONO, 2) == (U, U)
    assert parties(ChannelLayout.AGENT_LEFT, 1) == (U,)
    assert parties(ChannelLayout.AGENT_RIGHT, 3) == (C, A, U)


def test_words_of_two_sides_become_turns_in_time_order() -> None:
    agent = [word(" Hello.", 0, 400), word(" Fine,", 2_000, 2_300), word(" thanks.", 2_300, 2_700)]
    customer = [word(" How", 700, 900), word(" are", 900, 1_000), word(" you?", 1_000, 1_500)]
    turns = merge_turns([(A, agent), (C, customer)])
    assert [(t.party, t.start_ms, t.end_ms, t.text) for t in turns] == [
        (A, 0, 400, "Hello."),
        (C, 700, 1_500, "How are you?"),
        (A, 2_000, 2_700, "Fine, thanks."),
    ]


def test_a_pause_over_a_second_begins_a_new_turn_and_a_shorter_one_does_not() -> None:
    words = [word(" a", 0, 100), word(" b", 1_100, 1_200), word(" c", 2_201, 2_300)]
    assert [turn.text for turn in merge_turns([(A, words)])] == ["a b", "c"]


def test_where_both_speak_on_one_channel_a_short_pause_is_enough() -> None:
    words = [word(" a", 0, 100), word(" b", 500, 600), word(" c", 1_001, 1_100)]
    assert [turn.text for turn in merge_turns([(U, words)])] == ["a b", "c"]


def test_where_both_speak_on_one_channel_long_turns_end_with_sentences() -> None:
    words = [
        word(" Short.", 0, 900),
        word(" Long.", 900, 6_100),
        word(" then,", 6_100, 12_000),
        word(" on,", 12_000, 21_200),
        word(" end", 21_200, 21_300),
    ]
    texts = ["Short. Long.", "then, on,", "end"]
    assert [turn.text for turn in merge_turns([(U, words)])] == texts
    assert len(merge_turns([(A, words)])) == 1


def test_a_word_spoken_over_somebody_cuts_nothing() -> None:
    agent = [word(" one", 0, 500), word(" two", 520, 1_000)]
    turns = merge_turns([(A, agent), (C, [word(" mhm", 450, 550)])])
    assert [(turn.party, turn.text) for turn in turns] == [(A, "one two"), (C, "mhm")]


def test_confidence_is_the_mean_of_the_words() -> None:
    (turn,) = merge_turns([(A, [word(" a", 0, 10, 0.5), word(" b", 10, 20, 1.0)])])
    assert turn.confidence == 0.75


def test_words_without_text_make_no_turn() -> None:
    assert merge_turns([(A, [word(" ", 0, 10)]), (C, [])]) == []


def test_words_heard_without_their_silences_get_their_own_times_back() -> None:
    chunks = [(1_000, 2_000), (5_000, 6_000)]
    heard = [word("a", 100, 500), word("b", 700, 1_050), word("c", 1_200, 1_500)]
    placed = place(heard, chunks)
    # b ends behind the first chunk, so it is the first word of the second, begun at its start.
    assert [(w.start_ms, w.end_ms) for w in placed] == [
        (1_100, 1_500),
        (5_000, 5_050),
        (5_200, 5_500),
    ]


def test_a_word_that_ends_beyond_all_speech_stays_within_it() -> None:
    assert place([word("a", 900, 1_400)], [(0, 1_000)]) == [word("a", 900, 1_000)]


def test_respelling_keeps_words_and_times() -> None:
    (turn,) = merge_turns([(A, [word("電", 0, 10), word("話,", 10, 20)])])
    new = respell(turn, lambda text: text.replace("電", "电").replace("話", "话"))
    assert new.text == "电话,"
    assert [(w.text, w.start_ms) for w in new.words] == [("电", 0), ("话,", 10)]
    longer = respell(turn, lambda text: text.replace("電", "电子"))
    assert longer.text == "电子話,"
    assert [w.text for w in longer.words] == ["电子", "話,"]


times = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 900)), max_size=15)


@given(times, times)
def test_every_word_lands_in_one_turn_and_turns_are_in_order(
    agent: list[tuple[int, int]], customer: list[tuple[int, int]]
) -> None:
    sides = [
        [word(f" {name}{n}", start, start + length) for n, (start, length) in enumerate(given)]
        for name, given in (("a", agent), ("c", customer))
    ]
    turns = merge_turns([(A, sides[0]), (C, sides[1])])
    assert sorted(w.text for turn in turns for w in turn.words) == sorted(
        w.text for side in sides for w in side
    )
    assert [turn.start_ms for turn in turns] == sorted(turn.start_ms for turn in turns)
    for turn in turns:
        assert 0 <= turn.start_ms <= turn.end_ms
        assert all(turn.start_ms <= w.start_ms <= w.end_ms <= turn.end_ms for w in turn.words)
