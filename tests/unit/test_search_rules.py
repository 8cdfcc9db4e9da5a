"""Words, queries and places: what is found is what was said, in either writing."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.search.rules import places, query, words
from pipelines.search.rules.places import Piece
from pipelines.search.rules.query import Query, Term, Wanted

SIGNS = "aB1 éß-'’ 退款申請請账户，。的ＶＩＰカガ한국•\u200b\u0301"
TEXTS = st.text(alphabet=SIGNS, max_size=30)
ANYTHING = st.text(max_size=60)


def tokens(text: str) -> list[str]:
    return [word.text for word in words.words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Refund, please!", ["refund", "please"]),
        ("don't", ["don", "t"]),
        ("退款申请", ["退", "款", "申", "请"]),
        ("退款申請", ["退", "款", "申", "请"]),
        ("ＶＩＰ退款2次", ["vip", "退", "款", "2", "次"]),
        ("café ﬁne Straße", ["cafe", "fine", "strasse"]),
        ("co\u00adoperate", ["cooperate"]),
        ("1½ kg", ["11", "2", "kg"]),
        ("••• §s1 _", ["s1"]),
        ("", []),
        ("x" * 300, ["x" * words.LONGEST_WORD]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_words_know_where_they_stand() -> None:
    assert words.words("我要退 Ｖip.") == [
        words.Word("我", 0, 1),
        words.Word("要", 1, 2),
        words.Word("退", 2, 3),
        words.Word("vip", 4, 7),
    ]


def test_a_document_holds_words_pairs_and_tags_apart() -> None:
    assert words.document("我要 vip 退款", ["§a1"]) == [
        *("我", "要", "vip", "退", "款"),
        *("§", "我要", "§", "退款", "§", "§a1"),
    ]
    assert words.postgresql_document(["a", "退款"]) == "'a':1 '退款':2"


@pytest.mark.parametrize(
    ("text", "terms", "without"),
    [
        ("refund policy", [("refund",), ("policy",)], []),
        ('"refund policy" now', [("refund", "policy"), ("now",)], []),
        ("“退款 申请”", [("退", "款", "申", "请")], []),
        ("退款 -申请", [("退", "款")], [("申", "请")]),
        ('－"not this" that', [("that",)], [("not", "this")]),
        ("well-known", [("well", "known")], []),
        ('"never closed', [("never", "closed")], []),
        ("same same", [("same",)], []),
        ('- "" -- \' ; DROP', [("drop",)], []),
        ("AND OR NEAR(a b)", [("and",), ("or",), ("near", "a"), ("b",)], []),
        ("", [], []),
    ],
)
def test_queries(text: str, terms: list[tuple[str, ...]], without: list[tuple[str, ...]]) -> None:
    assert query.parse(text) == Query(tuple(map(Term, terms)), tuple(map(Term, without)))


def test_a_beginning_needs_three_letters_and_no_characters() -> None:
    assert query.parse("refu*").terms == (Term(("refu",), begins=True),)
    assert query.parse("re* 退款*").terms == (Term(("re",)), Term(("退", "款")))


def test_what_databases_are_asked() -> None:
    wanted = Wanted(query.parse('vip退款 "to the point" refu* 的 -no'), (("§s1", "§t2"),))
    assert query.sqlite_match(wanted) == (
        '("vip 退 款" AND "退款" AND "to the point" AND "refu" * AND "的" AND ("§s1" OR "§t2"))'
        ' NOT ("no")'
    )
    assert query.postgresql_match(wanted) == (
        "('vip' <-> '退' <-> '款') & ('退款') & ('to' <-> 'the' <-> 'point') & ('refu':*) & ('的')"
        " & ('§s1' | '§t2') & !(('no'))"
    )


@given(ANYTHING)
def test_nothing_that_is_written_reaches_a_database_but_words(text: str) -> None:
    wanted = Wanted(query.parse(text), (("§s1",),))
    assert len(wanted.query.terms) <= query.MOST_TERMS
    word = r"(§?\w+)"
    for match in (query.sqlite_match(wanted), query.postgresql_match(wanted)):
        rest = re.sub(rf"\"{word}( {word})*\"|'{word}'(:\*)?", "", match)
        assert set(rest) <= set("() ANDORT*&|!<->")


def _contained(phrase: tuple[str, ...], document: list[str]) -> bool:
    length = len(phrase)
    return any(tuple(document[at : at + length]) == phrase for at in range(len(document)))


@settings(max_examples=300)
@given(TEXTS, st.integers(0, 30), st.integers(1, 30))
def test_every_part_of_a_text_is_found_in_it(text: str, begin: int, length: int) -> None:
    said = words.words(text)[begin : begin + length]
    if not said:
        return
    part = text[said[0].start : said[-1].end]
    document = words.document(text, [])
    (term,) = query.parse(f'"{part}"').terms
    assert all(_contained(phrase, document) for phrase in query.phrases(term))
    assert any(
        start <= said[0].start and end >= said[-1].end
        for start, end in places.found_in(text, Query((term,)))
    )


@settings(max_examples=300)
@given(TEXTS, TEXTS)
def test_documents_and_highlights_agree(text: str, sought: str) -> None:
    what = Query(query.parse(f'"{sought.replace(chr(34), "")}"').terms)
    if not what.terms:
        return
    document = words.document(text, [])
    fits = all(_contained(phrase, document) for phrase in query.phrases(what.terms[0]))
    assert fits == bool(places.found_in(text, what))


def test_pairs_reach_over_no_word_between() -> None:
    document = words.document("好 ok 好吃", [])
    (term,) = query.parse("好好吃").terms
    assert not all(_contained(phrase, document) for phrase in query.phrases(term))


def test_a_snippet_marks_all_hits_and_is_cut_around_the_first() -> None:
    what = query.parse("退款 vip")
    assert places.snippet("VIP客户要退款，退 款！", what) == [
        Piece("VIP", hit=True),
        Piece("客户要", hit=False),
        Piece("退款", hit=True),
        Piece("，", hit=False),
        Piece("退 款", hit=True),
        Piece("！", hit=False),
    ]
    long = "word " * 100 + "refund " + "more " * 100
    cut = places.snippet(long, query.parse("refund"), around=20)
    assert [piece.text for piece in cut if piece.hit] == ["refund"]
    assert cut[0] == cut[-1] == Piece("…", hit=False)
    assert cut[1].text == "word word word "
    assert sum(len(piece.text) for piece in cut) < 70


@given(TEXTS, TEXTS)
def test_a_snippet_of_a_short_text_is_the_text(text: str, sought: str) -> None:
    pieces = places.snippet(text, query.parse(sought))
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)


def test_a_spot_is_when_the_first_hit_is_said() -> None:
    spoken = [["I", 100, 200, 0.9], [" want", 300, 400, 0.9], [" refunds", 500, 900, 0.9]]
    assert places.spot(spoken, 100, query.parse("refu*")) == 500
    assert places.spot(spoken, 100, query.parse('"want refunds"')) == 300
    assert places.spot(spoken, 100, query.parse("other")) == 100
    assert places.spot([["退", 10, 20, 1], ["款吧", 20, 30, 1]], 0, query.parse("款吧")) == 20


def test_ids_stand_in_order_of_time() -> None:
    early = datetime(2026, 11, 1, tzinfo=UTC)
    late = early + timedelta(seconds=1)
    first, second = places.block_of(early, 32_767), places.block_of(late, 0)
    assert places.id_of(first, 1) < places.first_id(late) <= places.id_of(second, places.TURNS)
    assert places.id_of(first, 2) == places.id_of(first, 1) - 1
    assert places.block_at(places.id_of(first, 1)) == places.block_at(places.ids_of(first)[0])
    assert places.block_of(early, places.TWINS) == places.block_of(early, 0)
    assert places.begin_of(places.id_of(second, 1)) == late
    assert places.ids_of(places.block_of(datetime.max.replace(tzinfo=UTC), -1))[1] <= 2**63
    assert places.ids_of(places.block_of(datetime.min.replace(tzinfo=UTC), 0))[0] == 0
    assert places.begin_of(2**63 - 1) > late
