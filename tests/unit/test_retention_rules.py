"""How long things stay, and how a number is found wherever it stands."""

from datetime import UTC, datetime, timedelta

import pytest

from models.vocab import RetentionSubject
from pipelines.retention.rules import (
    Rule,
    cutoff,
    days_kept,
    log_days,
    number_forms,
    number_pattern,
    storage_seems_away,
)

RULES = (
    Rule(None, RetentionSubject.RECORDING, 90),
    Rule(7, RetentionSubject.RECORDING, 30),
    Rule(7, RetentionSubject.REVIEW, 400),
)


@pytest.mark.parametrize(
    ("project", "subject", "days"),
    [
        (7, RetentionSubject.RECORDING, 30),
        (8, RetentionSubject.RECORDING, 90),
        (None, RetentionSubject.RECORDING, 90),
        (8, RetentionSubject.REVIEW, None),
        (7, RetentionSubject.TRANSCRIPT, None),
    ],
)
def test_a_projects_rule_comes_first_then_the_sites(
    project: int | None, subject: RetentionSubject, days: int | None
) -> None:
    assert days_kept(RULES, project, subject) == days


def test_without_a_rule_nothing_is_ever_too_old() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert cutoff(None, now) is None
    assert cutoff(30, now) == now - timedelta(days=30)


@pytest.mark.parametrize(
    ("sites", "days"), [([30, 45], 45), ([30, None], None), ([], None), ([30], 30)]
)
def test_the_shared_log_stays_for_the_site_that_needs_it_longest(
    sites: list[int | None], days: int | None
) -> None:
    assert log_days(sites) == days


@pytest.mark.parametrize(
    ("referenced", "missing", "away"),
    [(10, 6, True), (10, 5, False), (1, 1, False), (0, 0, False), (2, 2, True)],
)
def test_a_storage_with_most_files_missing_is_away(
    referenced: int, missing: int, *, away: bool
) -> None:
    assert storage_seems_away(referenced, missing) is away


@pytest.mark.parametrize(
    "text",
    [
        b"13800138042",
        b"+86 138-0013-8042",
        b"0086(138)0013.8042",
        "138 0013 8042".encode("utf-16-be"),
        "x,13800138042\n".encode("utf-16-le"),
    ],
)
def test_a_number_is_found_however_it_is_set_apart(text: bytes) -> None:
    pattern = number_pattern("+86 138 0013 8042")
    assert pattern is not None
    assert pattern.search(text)


def test_other_numbers_are_not_found_and_short_ones_not_looked_for() -> None:
    pattern = number_pattern("13800138042")
    assert pattern is not None
    assert not pattern.search(b"13800138043,23800138042x"[:11])
    assert number_pattern("12-34") is None
    assert number_pattern("abc") is None
    assert number_pattern("") is None


def test_a_customer_id_that_is_no_number_is_found_in_any_case() -> None:
    pattern = number_pattern("Acme-77")
    assert pattern is not None
    assert pattern.search(b"id,ACME-77")
    assert not pattern.search(b"acme 77")


def test_a_typed_number_is_looked_for_in_the_forms_it_may_be_kept_in() -> None:
    assert number_forms(" 0086 138-0013-8042") == (
        "0086 138-0013-8042",
        "008613800138042",
        "8613800138042",
    )
