"""What the cells of imported files mean, and what is refused with which code."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import ComplaintCause, ComplaintStatus, Direction, Outcome, Role, Satisfaction
from pipelines.ingest.rules import calls, complaints, names, people, surveys, values
from pipelines.ingest.rules.values import Invalid
from pipelines.outcomes import DomainError

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
LONDON = ZoneInfo("Europe/London")
AT_0105 = datetime(2026, 11, 16, 1, 5, tzinfo=UTC)


def code_of(fn: object, *given: object, **named: object) -> str:
    with pytest.raises(Invalid) as caught:
        fn(*given, **named)
    return caught.value.code


@pytest.mark.parametrize(
    "cell",
    [
        "2026-11-16T09:05:00+08:00",
        "2026-11-16T01:05:00Z",
        "2026-11-16 09:05:00",
        " 2026-11-16T09:05 ",
        "2026/11/16 9:05",
        "2026/11/16 9:05:00",
        "2026.11.16 09:05",
        "2026-11-16 9:05+08:00",
        "20261116T090500",
    ],
)
def test_times_are_read_in_many_forms(cell: str) -> None:
    assert values.instant_of(cell, "started_at", SHANGHAI, NOW) == AT_0105


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "value_missing"),
        ("yesterday", "time_invalid"),
        ("16/11/2026 09:05", "time_invalid"),
        ("2026-02-30T10:00:00+00:00", "time_impossible"),
        ("2026-11-16T25:61:00", "time_impossible"),
        ("2026/13/01 9:05", "time_impossible"),
        ("0001-01-01T00:00:00+10:00", "time_impossible"),
        ("1989-12-31 10:00", "time_impossible"),
        ("2026-11-16", "time_without_clock"),
        ("2026/11/16", "time_without_clock"),
        ("2026-11-23T03:00:00Z", "time_in_future"),
        ("9999-12-31T23:59:59Z", "time_impossible"),
        ("2026-03-29T01:30:00", "time_skipped"),
    ],
)
def test_times_that_cannot_be_are_refused(cell: str, code: str) -> None:
    assert code_of(values.instant_of, cell, "started_at", LONDON, NOW) == code


def test_a_time_that_the_clock_showed_twice_is_the_first() -> None:
    found = values.instant_of("2026-10-25 01:30", "started_at", LONDON, NOW)
    assert found == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2026, 11, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
)
def test_a_time_with_its_offset_is_the_same_instant_in_any_zone(at: datetime) -> None:
    for zone in (SHANGHAI, LONDON):
        local = at.astimezone(zone).isoformat()
        assert values.instant_of(local, "started_at", LONDON, NOW) == at


@pytest.mark.parametrize(
    ("cell", "milliseconds"),
    [
        ("38.4", 38400),
        (" 0 ", 0),
        ("", 0),
        ("86400", 86400000),
        ("0:38", 38000),
        ("1:02:03", 3723000),
        ("2:03.5", 123500),
        ("1e2", 100000),
        ("0.0004", 0),
    ],
)
def test_durations_become_milliseconds(cell: str, milliseconds: int) -> None:
    assert values.duration_of(cell, "talk_s") == milliseconds


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("-1", "duration_negative"),
        ("86400.1", "duration_absurd"),
        ("1e99", "duration_absurd"),
        ("nan", "number_invalid"),
        ("inf", "number_invalid"),
        ("ten", "number_invalid"),
        ("12,5", "number_invalid"),
        ("25:00:01", "duration_absurd"),
    ],
)
def test_durations_that_cannot_be_are_refused(cell: str, code: str) -> None:
    assert code_of(values.duration_of, cell, "talk_s") == code


def test_a_needed_duration_may_not_be_empty() -> None:
    assert code_of(values.duration_of, " ", "talk_s", required=True) == "value_missing"


@given(st.integers(0, values.MAX_DURATION_MS))
def test_every_millisecond_is_read_exactly(milliseconds: int) -> None:
    assert values.duration_of(f"{Decimal(milliseconds) / 1000}", "talk_s") == milliseconds


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.3", "cny", (1230, "CNY")),
        ("12", "GBP", (1200, "GBP")),
        (".5", "GBP", (50, "GBP")),
        ("12.500", "GBP", (1250, "GBP")),
        ("1200", "JPY", (1200, "JPY")),
        ("1.234", "KWD", (1234, "KWD")),
        ("", "GBP", (None, "GBP")),
        ("", "", (None, None)),
    ],
)
def test_money_becomes_minor_units(
    amount: str, currency: str, minor: tuple[int | None, str | None]
) -> None:
    assert values.money_of(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        ("12", "", "currency_missing"),
        ("12", "yuan", "currency_invalid"),
        ("12.345", "GBP", "money_too_fine"),
        ("1.5", "JPY", "money_too_fine"),
        ("-1", "GBP", "number_invalid"),
        ("nan", "GBP", "number_invalid"),
        ("1e13", "GBP", "number_invalid"),
        ("9999999999999", "GBP", "number_invalid"),
    ],
)
def test_money_that_cannot_be_is_refused(amount: str, currency: str, code: str) -> None:
    assert code_of(values.money_of, amount, currency) == code


@given(st.integers(0, 10**13))
def test_every_smallest_coin_is_read_exactly(minor: int) -> None:
    assert values.money_of(f"{minor // 100}.{minor % 100:02d}", "EUR") == (minor, "EUR")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("+86 138-0000 1234", "8613800001234"),
        ("0086 (138) 00001234", "8613800001234"),
        ("＋86 １３８00001234", "8613800001234"),
        ("Client-42", "client-42"),
        ("", ""),
        ("  ", ""),
        ("-", ""),
    ],
)
def test_a_customers_number_has_one_form(cell: str, number: str) -> None:
    assert values.customer_number(cell) == number


def test_the_hash_of_a_number_needs_the_key() -> None:
    assert values.number_key("8613800001234", b"a") != values.number_key("8613800001234", b"b")
    assert len(values.number_key("1", b"a")) == 64


def test_the_draw_key_is_the_start_of_a_sha_256() -> None:
    digest = hashlib.sha256(b"main\x1fc1").digest()
    expected = int.from_bytes(digest[:8], "big")
    assert values.draw_key("main", "c1") % 2**64 == expected
    assert -(2**63) <= values.draw_key("main", "c1") < 2**63


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call 138 0000 1234 now", "call … now"),
        ("打13800001234", "打…"),
        ("+44 (7700) 900-123", "…"),
        ("room 12, 3 people, 2026", "room 12, 3 people, 2026"),
        ("999999.0", "999999.0"),
        ("-35000.25", "-35000.25"),
        ("9999999.0", "…"),
        ("0700.900123", "…"),
    ],
)
def test_numbers_are_left_out_of_texts(text: str, shown: str) -> None:
    assert values.without_numbers(text) == shown


def test_texts_are_stripped_and_refused_when_too_long_or_unreadable() -> None:
    assert values.text_of(" a b ", "project") == "a b"
    assert code_of(values.text_of, "", "project") == "value_missing"
    assert code_of(values.text_of, "x" * 201, "project") == "value_too_long"
    assert code_of(values.text_of, "a\0b", "project") == "value_unreadable"
    assert code_of(values.text_of, "a\ufffdb", "project") == "value_unreadable"


def cells(**given: str) -> tuple[str, ...]:
    row = dict.fromkeys(calls.COLUMNS, "") | {
        "call_id": "c1",
        "started_at": "2026-11-16 09:05",
        "direction": "呼出",
        "project": "renewal",
        "agent": "a1",
        "talk_s": "40",
    }
    return tuple((row | given).values())


def test_a_row_of_calls_has_defaults_for_what_is_empty() -> None:
    row = calls.parse(cells(), SHANGHAI, NOW)
    assert row == calls.LegRow(
        "c1", 1, AT_0105, 40_000, 0, 0, "renewal", Direction.OUT, 0, Outcome.UNKNOWN, "",
        None, None, None, True, False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("call_id", "", "value_missing"),
        ("leg", "0", "number_out_of_range"),
        ("leg", "one", "number_out_of_range"),
        ("leg", "100", "number_out_of_range"),
        ("direction", "", "value_missing"),
        ("direction", "up", "word_unknown"),
        ("project", " ", "value_missing"),
        ("talk_s", "", "value_missing"),
        ("hold_s", "-1", "duration_negative"),
        ("outcome", "perhaps", "word_unknown"),
        ("recording_notice", "maybe", "word_unknown"),
    ],
)
def test_a_row_of_calls_is_refused_for_its_column(column: str, cell: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        calls.parse(cells(**{column: cell}), SHANGHAI, NOW)
    assert (caught.value.column, caught.value.code) == (column, code)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("talk_s", "41"),
        ("outcome", "success"),
        ("robot", "是"),
        ("started_at", "2026-11-16 09:06"),
        ("customer_tier", "vip"),
        ("recording_notice", "否"),
        ("direction", "in"),
    ],
)
def test_the_hash_of_a_row_changes_with_every_value(column: str, cell: str) -> None:
    plain = calls.parse(cells(), SHANGHAI, NOW)
    other = calls.parse(cells(**{column: cell}), SHANGHAI, NOW)
    assert calls.row_hash(plain, "1", "2", None) != calls.row_hash(other, "1", "2", None)


def test_the_hash_counts_place_and_customer_and_on_later_legs_nothing_of_the_call() -> None:
    first = calls.parse(cells(), SHANGHAI, NOW)
    hashes = {
        calls.row_hash(first, site, agent, customer)
        for site, agent, customer in (("1", "2", None), ("1", "3", None), ("9", "2", None))
    } | {calls.row_hash(first, "1", "2", "key")}
    assert len(hashes) == 4
    second = calls.parse(cells(leg="2"), SHANGHAI, NOW)
    other = calls.parse(cells(leg="2", outcome="success", wait_s="3"), SHANGHAI, NOW)
    assert calls.row_hash(second, "1", "2", None) == calls.row_hash(other, "1", "2", "key")


LEGS = st.lists(
    st.builds(
        calls.LegPart,
        position=st.integers(1, 9),
        started_at=st.just(AT_0105),
        talk_ms=st.integers(0, 5),
        hold_ms=st.integers(0, 5),
        agent_id=st.integers(1, 3),
        team_id=st.integers(1, 3),
    ),
    min_size=1,
    unique_by=lambda leg: leg.position,
)


@given(LEGS, st.randoms(use_true_random=False))
def test_the_totals_of_a_call_do_not_depend_on_the_order_of_legs(
    legs: list[calls.LegPart], dice: object
) -> None:
    shuffled = list(legs)
    dice.shuffle(shuffled)
    totals = calls.totals(shuffled)
    assert totals == calls.totals(legs)
    assert totals.talk_ms == sum(leg.talk_ms for leg in legs)
    assert totals.transfers == len(legs) - 1
    longest = [leg for leg in legs if leg.talk_ms == max(leg.talk_ms for leg in legs)]
    assert totals.agent_id == min(longest, key=lambda leg: leg.position).agent_id


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ("非常满意", (Satisfaction.SATISFIED, 5)),
        ("满意。", (Satisfaction.SATISFIED, 4)),
        ("一般", (Satisfaction.NEUTRAL, 3)),
        ("不满意！", (Satisfaction.DISSATISFIED, 2)),
        ("非常不满意", (Satisfaction.DISSATISFIED, 1)),
        (" Very  Satisfied ", (Satisfaction.SATISFIED, 5)),
        ("neutral", (Satisfaction.NEUTRAL, 3)),
        ("dissatisfied.", (Satisfaction.DISSATISFIED, 2)),
        ("５", (Satisfaction.SATISFIED, 5)),
        ("1", (Satisfaction.DISSATISFIED, 1)),
        ("Y", (Satisfaction.SATISFIED, None)),
        ("否", (Satisfaction.DISSATISFIED, None)),
        ("6", (Satisfaction.INVALID, None)),
        ("0", (Satisfaction.INVALID, None)),
        ("TD", (Satisfaction.INVALID, None)),
        ("？", (Satisfaction.INVALID, None)),
        ("", (Satisfaction.INVALID, None)),
        ("not satisfied", (Satisfaction.INVALID, None)),
    ],
)
def test_what_a_reply_means(reply: str, meaning: tuple[Satisfaction, int | None]) -> None:
    assert surveys.meaning(reply) == meaning


def test_a_survey_that_contradicts_itself_is_refused() -> None:
    def parse(sent: str, answered: str, reply: str) -> surveys.SurveyRow:
        return surveys.parse(("s", "c", sent, answered, reply), SHANGHAI, NOW, AT_0105)

    assert parse("2026-11-16 09:30", "", "").answered_at is None
    assert parse("2026-11-16 09:30", "2026-11-16 09:30", "").reply == ""
    assert code_of(parse, "2026-11-16 09:00", "", "") == "time_before_call"
    assert code_of(parse, "2026-11-16 09:30", "2026-11-16 09:29", "5") == "time_before_sent"
    assert code_of(parse, "2026-11-16 09:30", "", "5") == "value_missing"


def test_a_complaint_is_read() -> None:
    row = complaints.parse(
        ("k1", "2026-11-17 9:00", "", "", "a1", "2026/11/16", "服务态度", "Upheld", ""),
        SHANGHAI,
        NOW,
        None,
    )
    assert (row.leg, row.day) == (None, date(2026, 11, 16))
    assert (row.cause, row.status) == (ComplaintCause.ATTITUDE, ComplaintStatus.UPHELD)


@pytest.mark.parametrize(
    ("day", "about", "code"),
    [
        ("2026-11-18", None, "date_after_received"),
        ("", None, "value_missing"),
        ("16.11.2026", None, "date_invalid"),
        ("2026-02-30", None, "date_invalid"),
        ("", AT_0105 + timedelta(days=2), "time_before_call"),
    ],
)
def test_a_complaint_that_cannot_be_is_refused(day: str, about: datetime | None, code: str) -> None:
    row = ("k1", "2026-11-17 9:00", "", "", "a1", day, "other", "open", "")
    assert code_of(complaints.parse, row, SHANGHAI, NOW, about) == code


def person(**given: str) -> tuple[str, ...]:
    row = dict.fromkeys(people.COLUMNS, "") | {"username": "Li", "name": "李娜"}
    return tuple((row | given).values())


def test_a_person_is_read() -> None:
    row = people.parse(
        person(
            roles=" reviewer@site:sh ；agent@team:sales;",
            site="sh",
            team="sales",
            agent="a1",
            locale="zh-CN",
            site_timezone="Asia/Shanghai",
        )
    )
    assert row.username == "li"
    assert row.roles == (
        people.RoleGrant(Role.REVIEWER, "site", "sh"),
        people.RoleGrant(Role.AGENT, "team", "sales"),
    )
    assert (row.locale, row.timezone, row.since) == ("zh_Hans", "Asia/Shanghai", None)


@pytest.mark.parametrize(
    ("given_", "column", "code"),
    [
        ({"username": ""}, "username", "person_missing"),
        ({"username": "a b"}, "username", "username_invalid"),
        ({"name": ""}, "name", "value_missing"),
        ({"roles": "reviewer"}, "roles", "role_invalid"),
        ({"roles": "boss@site:sh"}, "roles", "role_unknown"),
        ({"roles": "agent@team:sales"}, "agent", "agent_code_missing"),
        ({"agent": "a1"}, "site", "value_missing"),
        ({"agent": "a1", "site": "sh"}, "team", "value_missing"),
        ({"site": "s h"}, "site", "code_invalid"),
        ({"locale": "fr"}, "locale", "locale_unknown"),
        ({"site_timezone": "Mars/Base"}, "site_timezone", "timezone_unknown"),
        ({"site_timezone": "../etc"}, "site_timezone", "timezone_unknown"),
        ({"from": "soon"}, "from", "date_invalid"),
    ],
)
def test_a_person_that_cannot_be_is_refused(given_: dict[str, str], column: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        people.parse(person(**given_))
    assert (caught.value.column, caught.value.code) == (column, code)


@pytest.mark.parametrize(
    ("template", "name", "call_id"),
    [
        (None, "abc-1.wav", "abc-1"),
        ("", "a.b.mp3", "a.b"),
        ("GUID_{id}_AGENT_{agent}_DT_{time}_*", "GUID_a_1_AGENT_x_DT_2026_x.ogg", "a_1"),
        (
            "*_GUID_{id}_AGENT_{agent}_DT_{time}_*",
            "Auto0_GUID_000_AGENT_ChrisL_DT_2025-02-19T06-01-22_Mono.wav",
            "000",
        ),
        ("rec-{id}.wav", "REC-7.WAV", "7"),
        ("rec-{id}.*", "rec-7.mp3", "7"),
        ("{id}_{time}", "7.wav", None),
        ("a+{id}", "aa7.wav", None),
    ],
)
def test_the_call_id_stands_in_the_name(
    template: str | None, name: str, call_id: str | None
) -> None:
    assert names.call_id(name, names.compile_template(template)) == call_id


@pytest.mark.parametrize(
    "template", ["x", "{agent}", "{id}{id}", "{id}_{name}", "{id}" + "*" * 9, "{id}" + "x" * 300]
)
def test_a_template_without_one_id_is_refused(template: str) -> None:
    with pytest.raises(DomainError, match="template_invalid"):
        names.compile_template(template)


def test_only_endings_of_audio_are_kept() -> None:
    assert names.suffix_of("a.WAV") == ".wav"
    assert names.suffix_of("a.exe") == ""
