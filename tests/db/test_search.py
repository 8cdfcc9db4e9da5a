"""The index: what is in it, in which order it is found, and that it goes with its turns."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.calls import Call, Leg, Recording
from models.search import SearchEntry, SearchTurn
from models.session import make_engine, read_session, write_session
from models.transcripts import Transcript, Turn
from models.vocab import Party, TranscriptState
from pipelines import flow
from pipelines.runtime import Runtime
from pipelines.search import finding, service
from pipelines.search.rules import places, query
from pipelines.search.rules.query import Wanted
from tests import factories
from tests.db.test_transcription import hear, recording, runtime
from tests.factories import NOW

__all__ = ["recording", "runtime"]

START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)


def make_place(session: Session) -> tuple[Any, Any, Any]:
    site = factories.make_site(session)
    team = factories.make_team(session, site)
    return factories.make_agent(session, team), team, factories.make_project(session, site)


def say(
    session: Session, place: tuple[Any, Any, Any], *said: str | None, **call: Any
) -> Transcript:
    """Add a call with a transcript of these masked texts; the plain ones hold a secret."""
    made = factories.make_call(session, *place, **call)
    recording = factories.make_recording(session, made)
    transcript = Transcript(
        recording_id=recording.id,
        site_id=made.site_id,
        state=TranscriptState.DONE,
        model="m",
        options={},
        versions={},
        attempt=1,
        made_at=NOW,
    )
    transcript.turns = [
        Turn(
            position=position,
            party=Party.AGENT if position % 2 else Party.CUSTOMER,
            start_ms=position * 1_000,
            end_ms=position * 1_000 + 900,
            text=f"secret {masked}",
            confidence=0.9,
            words=[],
            masked_text=masked,
        )
        for position, masked in enumerate(said, start=1)
    ]
    session.add(transcript)
    session.flush()
    return transcript


def found(session: Session, words: str, *groups: Sequence[str], calls: int = 21) -> list[str]:
    """Return the masked texts of the turns that fit, in the order that they are found."""
    wanted = Wanted(query.parse(words), tuple(map(tuple, groups)))
    ids = finding.newest(session, wanted, finding.Range(), calls=calls).ids
    rows = session.execute(
        select(SearchTurn.id, Turn.masked_text).join(Turn, Turn.id == SearchTurn.turn_id)
    ).all()
    texts = {row.id: row.masked_text for row in rows}
    return [str(texts[row_id]) for row_id in ids]


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(SearchTurn)) or 0


def test_words_are_found_newest_call_first_and_in_order_within_it(session: Session) -> None:
    place = make_place(session)
    old = say(session, place, "one refund", "noise", "two refunds, 退款申請", started_at=START)
    new = say(
        session, place, "a refund", "Refund! 申請退款吧", started_at=START + timedelta(hours=1)
    )
    for transcript in (new, old):
        service.index(session, transcript.id, now=NOW)
    assert found(session, "refund") == ["a refund", "Refund! 申請退款吧", "one refund"]
    assert found(session, "refund*")[-1] == "two refunds, 退款申請"
    assert found(session, "退款") == ["Refund! 申請退款吧", "two refunds, 退款申請"]
    assert found(session, "退款申请") == found(session, "退款申請") == ["two refunds, 退款申請"]
    assert found(session, "refund 退款") == ["Refund! 申請退款吧"]
    assert found(session, "退款 -refund") == ["two refunds, 退款申請"]
    assert found(session, '"a refund"') == ["a refund"]
    assert found(session, '"refund a"') == []
    assert found(session, "款申") == ["two refunds, 退款申請"]
    assert found(session, "fund") == found(session, "secret") == found(session, "申退") == []


def test_tags_narrow_what_is_found_and_no_words_reach_them(session: Session) -> None:
    place, other = make_place(session), make_place(session)
    for whose in (place, other):
        service.index(session, say(session, whose, "yes", "yes").id, now=NOW)
    agent = f"§a{place[0].id}"
    assert len(found(session, "yes")) == 4
    assert len(found(session, "yes", [agent])) == 2
    assert len(found(session, "yes", [agent], ["§kcustomer"])) == 1
    assert len(found(session, "yes", [f"§t{place[1].id}", f"§s{other[1].site_id}"])) == 4
    assert found(session, "yes", [agent], [f"§t{other[1].id}"]) == []
    assert found(session, f"a{place[0].id}") == found(session, agent) == []


def test_only_masked_turns_of_transcripts_that_hold_are_indexed(session: Session) -> None:
    place = make_place(session)
    transcript = say(session, place, "shown", None)
    failed = say(session, place, "failed")
    failed.state, failed.error_code = TranscriptState.FAILED, "x"
    doubtful = say(session, place, "failed")
    doubtful.doubt = "few_words"
    assert service.index(session, transcript.id, now=NOW) == 1
    assert service.index(session, failed.id, now=NOW) == 0
    assert service.index(session, doubtful.id, now=NOW) == 0
    assert service.behind(session) == []
    assert service.index(session, None, now=NOW) == 0
    assert found(session, "shown") == ["shown"]
    assert found(session, "failed") == []


def test_what_is_made_anew_or_masked_otherwise_is_found_as_it_is_now(session: Session) -> None:
    transcript = say(session, make_place(session), "old words", "card 4711")
    service.index(session, transcript.id, now=NOW)
    session.execute(update(Turn).where(Turn.position == 2).values(masked_text="card •••"))
    # At once gone, though nobody asked the index; found again when it is brought up to date.
    assert found(session, "4711") == found(session, "card") == []
    assert service.behind(session) == [transcript.id]
    service.index(session, transcript.id, now=NOW)
    assert (found(session, "card"), service.behind(session)) == (["card •••"], [])
    session.execute(delete(Turn).where(Turn.transcript_id == transcript.id))
    assert count(session) == 0
    session.execute(
        insert(Turn).values(
            transcript_id=transcript.id,
            position=1,
            party=Party.AGENT,
            start_ms=0,
            end_ms=1,
            text="x",
            confidence=1.0,
            words=[],
            masked_text="new words",
        )
    )
    service.index(session, transcript.id, now=NOW)
    assert found(session, "words") == ["new words"]


def test_a_transcript_that_goes_leaves_nothing(session: Session) -> None:
    transcript = say(session, make_place(session), "planted")
    service.index(session, transcript.id, now=NOW)
    session.execute(delete(Transcript).where(Transcript.id == transcript.id))
    assert found(session, "planted") == []
    assert count(session) == 0
    assert session.scalar(select(func.count()).select_from(SearchEntry)) == 0


def test_a_document_is_never_changed_behind_the_index(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    with write_session(engine) as session:
        service.index(session, say(session, make_place(session), "kept").id, now=NOW)
    with write_session(engine) as session, pytest.raises(DBAPIError, match="never changed"):
        session.execute(update(SearchTurn).values(document="other"))
    engine.dispose()


def test_calls_that_begin_in_one_second_keep_apart(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_place(session)
    transcripts = [say(session, place, f"word {name}") for name in "abc"]
    last = session.scalars(select(func.max(Call.id))).one()
    block_of = places.block_of
    # As if so many calls lay between them that their numbers ended alike.
    monkeypatch.setattr(places, "block_of", lambda at, twin: block_of(at, max(0, twin - last)))
    service.index(session, transcripts[0].id, now=NOW)
    service.index_many(session, [row.id for row in transcripts[1:]], now=NOW)
    assert len(set(session.scalars(select(SearchEntry.block)))) == 3
    assert sorted(found(session, "word")) == ["word a", "word b", "word c"]


def test_a_call_that_grew_is_indexed_anew(session: Session) -> None:
    place, other = make_place(session), make_place(session)
    transcript = say(session, place, "hello")
    service.index(session, transcript.id, now=NOW)
    tag = f"§a{other[0].id}"
    assert (service.behind(session), found(session, "hello", [tag])) == ([], [])
    call = session.scalars(select(Call)).one()
    session.add(
        Leg(
            call_id=call.id,
            position=2,
            content_hash="x",
            site_id=call.site_id,
            team_id=other[1].id,
            agent_id=other[0].id,
            started_at=call.started_at,
            local_date=call.local_date,
            local_slot=call.local_slot,
            talk_ms=1,
        )
    )
    session.flush()
    assert service.behind(session) == [transcript.id]
    service.index(session, transcript.id, now=NOW)
    assert found(session, "hello", [tag]) == ["hello"]


@pytest.fixture
def crowd(session: Session, monkeypatch: pytest.MonkeyPatch) -> int:
    """Index forty calls over half a year, and let PostgreSQL take every way that it has.

    Of the newest ten calls none says "early", all others do; each says its own number.
    """
    monkeypatch.setattr(finding, "_WALK", 8)
    monkeypatch.setattr(finding, "_FURTHEST_WALK", 24)
    monkeypatch.setattr(finding, "_SORTED", 10)
    place = make_place(session)
    made = []
    for number in range(40):
        early = "early" if number < 30 else "late"
        said = (f"all {early} n{number}", "all even" if number % 2 else "odd")
        made.append(say(session, place, *said, started_at=START + timedelta(days=5 * number)))
    service.index_many(session, [transcript.id for transcript in made], now=NOW)
    return len(made)


def test_every_way_finds_the_same_page_after_page(session: Session, crowd: int) -> None:
    spoken = session.execute(
        select(SearchTurn.id, Turn.masked_text)
        .join(Turn, Turn.id == SearchTurn.turn_id)
        .order_by(SearchTurn.id.desc())
    ).all()
    assert len(spoken) == 2 * crowd
    low, high = spoken[50][0], spoken[10][0]
    for words in ("all", "early", "late", "odd", "even", "n3", "all early", "no"):
        expected = [
            row_id for row_id, said in spoken if all(word in said.split() for word in words.split())
        ]
        wanted = Wanted(query.parse(words))
        for calls in (1, 5, 21, 100):
            assert pages(session, wanted, calls) == expected, (words, calls)
        some = finding.newest(session, wanted, finding.Range(low, high), calls=100)
        assert list(some.ids) == [row_id for row_id in expected if low <= row_id < high]
        blocks = sorted({places.block_at(row_id) for row_id in expected[::3]}, reverse=True)
        of_some = finding.newest_of(session, wanted, blocks, calls=100)
        assert list(of_some.ids) == [row for row in expected if places.block_at(row) in set(blocks)]


def pages(session: Session, wanted: Wanted, calls: int) -> list[int]:
    """Return all that is found, asked for page by page."""
    within = finding.Range()
    ids: list[int] = []
    for _page in range(100):
        page = finding.newest(session, wanted, within, calls=calls)
        assert list(page.ids) == sorted(page.ids, reverse=True)
        assert page.all_of_them or len({*map(places.block_at, page.ids)}) >= calls
        ids += page.ids
        if page.all_of_them:
            break
        within = finding.Range(0, page.ids[-1])
    return ids


def test_no_more_than_enough_is_looked_at(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST", 5)
    transcript = say(session, make_place(session), *["more"] * 9)
    service.index(session, transcript.id, now=NOW)
    page = finding.newest(session, Wanted(query.parse("more")), finding.Range(), calls=21)
    assert (len(page.ids), page.all_of_them) == (5, False)
    entry = session.scalars(select(SearchEntry)).one()
    page = finding.newest_of(session, Wanted(query.parse("more")), [entry.block], calls=21)
    assert (len(page.ids), page.all_of_them) == (5, False)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    said=st.text(alphabet="ab é'-退款申請的，\"*•1", min_size=1, max_size=25),
    sought=st.text(alphabet="ab é'-退款申請的，\"*1", max_size=12),
    part=st.tuples(st.integers(0, 24), st.integers(1, 25)),
)
def test_both_databases_find_what_the_rules_say(
    session: Session, said: str, sought: str, part: tuple[int, int]
) -> None:
    if not hasattr(session, "place"):
        session.place = make_place(session)  # type: ignore[attr-defined]  # kept for the next example
    with session.begin_nested() as savepoint:
        transcript = say(session, session.place, said)  # type: ignore[attr-defined]
        service.index(session, transcript.id, now=NOW)
        what = query.parse(sought)
        fits = all(places.found_in(said, query.Query((term,))) for term in what.terms)
        unwanted = any(places.found_in(said, query.Query((term,))) for term in what.without)
        expected = [said] if what.terms and fits and not unwanted else []
        assert found(session, sought) == expected
        words = query.words(said)[part[0] : sum(part)]
        if words:
            quoted = said[words[0].start : words[-1].end].replace('"', " ").replace("-", " ")
            assert found(session, f'"{quoted}"') == [said]
        savepoint.rollback()


def test_a_transcript_is_indexed_as_it_is_saved(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = hear(monkeypatch, session, runtime, recording, "hello", "good day")
    for attempt in (1, 2):
        flow.JOBS["transcribe"].save(session, runtime, heard, attempt)
        entry = session.scalars(select(SearchEntry)).one()
        assert entry.call_id == recording.call_id
        assert service.behind(session) == []


NASTY = [
    '"',
    "'",
    "\\",
    "a' OR 1=1 --",
    "NEAR(a, b)",
    "document:a",
    "a NOT",
    "*",
    "^a",
    "a:*",
    "<->",
]


def test_no_query_does_harm(session: Session) -> None:
    service.index(session, say(session, make_place(session), "unrelated").id, now=NOW)
    for words in (*NASTY, "\x00", "é\u0301", "�", "🙂", "§s1", "x" * 5_000):
        assert found(session, words) == []


def test_rebuilding_goes_on_where_it_was_and_tells_how_far_it_is(
    own_engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(service, "_PER_TRANSACTION", 2)
    with write_session(own_engine) as session:
        place = make_place(session)
        for number in range(5):
            say(session, place, f"word n{number}", started_at=START + timedelta(days=number))
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.refresh(own_engine, NOW, stop)
    with read_session(own_engine) as session:
        assert len(found(session, "word")) == 4
    assert service.refresh(own_engine, NOW, lambda *far: told.append(far)) == 1
    assert told == [(2, 5), (4, 5), (1, 1)]
    assert service.refresh(own_engine, NOW) == 0
    assert service.refresh(own_engine, NOW, everything=True) == 5
    with read_session(own_engine) as session:
        assert len(found(session, "word")) == 5
    if own_engine.dialect.name == "sqlite":
        _check_a_copy(own_engine, tmp_path)


def _check_a_copy(engine: Engine, folder: Path) -> None:
    """A backup keeps the index, and FTS5 itself finds nothing wrong with it."""
    from qa_app.cli.backup import _copy_sqlite

    _copy_sqlite(engine, folder / "copy.db")
    copy = make_engine(f"sqlite:///{folder / 'copy.db'}")
    with write_session(copy) as session:
        assert found(session, "n3") == ["word n3"]
        check = "INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)"
        session.execute(text(check))
    copy.dispose()
