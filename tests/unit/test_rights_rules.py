"""Due days, what may stand in a request's words, what is due soon, and the one mail there is."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import Role
from models.vocab_rights import PersonFigures
from pipelines.reminders.rules import SOON, Due, due_of, mail_text
from pipelines.retention.rules import proof_digest
from pipelines.rights.rules import due_on, is_overdue, names_a_person
from qa_app.figures import _lets

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def test_a_request_is_overdue_from_the_day_after_its_due_day() -> None:
    due = due_on(date(2026, 11, 10), 30)
    assert due == date(2026, 12, 10)
    assert not is_overdue(due, date(2026, 12, 10))
    assert is_overdue(due, date(2026, 12, 11))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("138 0013 8000", True),
        ("tel. +86-138-0013-8000 please", True),
        ("(0571) 8888123", True),
        ("ann@example.com", True),
        ("电话13800138000。", True),
        ("File 2026/117, letter of 2026-11-23", False),
        ("received 23.11.2026, answered 2026/12/01", False),
        ("case 123456", False),
        ("", False),
    ],
)
def test_words_of_a_request_name_no_customer(text: str, *, names: bool) -> None:
    assert names_a_person(text) is names


def test_what_is_due_soon_is_told_apart_from_what_is_late() -> None:
    late, soon, far = NOW - timedelta(hours=1), NOW + SOON, NOW + SOON + timedelta(seconds=1)
    assert due_of([far], NOW) is None
    assert due_of([far, soon, late], NOW) == Due(late=1, soon=1, first=late)


@given(st.lists(st.timedeltas(timedelta(days=-30), timedelta(days=30))))
def test_nothing_due_is_lost_or_counted_twice(offsets: list[timedelta]) -> None:
    found = due_of([NOW + offset for offset in offsets], NOW)
    near = [offset for offset in offsets if offset <= SOON]
    assert (found.late + found.soon if found else 0) == len(near)


@pytest.mark.parametrize(("locale", "first"), [("zh_Hans", "Hearback 中"), (None, "Something")])
def test_mail_is_in_both_languages_and_says_only_that_something_waits(
    locale: str | None, first: str
) -> None:
    subject, text = mail_text("https://here.example", locale)
    assert text.startswith(first)
    assert text.count("https://here.example") == 2
    assert "请登录" in text
    assert "Sign in" in text
    assert "Hearback" in subject


def test_a_changed_proof_has_another_sum() -> None:
    subject = uuid.UUID(int=7)
    files = [{"kind": "original", "sha256": "ab", "bytes": 3}]
    digest = proof_digest(subject, {"recordings": 1}, files, {"scores": 2}, NOW)
    assert digest == proof_digest(subject, {"recordings": 1}, files, {"scores": 2}, NOW)
    assert digest != proof_digest(subject, {"recordings": 2}, files, {"scores": 2}, NOW)
    assert digest != proof_digest(subject, {"recordings": 1}, [], {"scores": 2}, NOW)


@pytest.mark.parametrize(
    ("level", "role", "team", "lets"),
    [
        (PersonFigures.MANAGER, Role.MANAGER, None, True),
        (PersonFigures.MANAGER, Role.TRAINER, 1, True),
        (PersonFigures.MANAGER, Role.REVIEWER, None, False),
        (PersonFigures.MANAGER, Role.ADMIN, None, False),
        (PersonFigures.TEAM_LEAD, Role.MANAGER, 1, True),
        (PersonFigures.TEAM_LEAD, Role.MANAGER, None, False),
        (PersonFigures.TEAM_LEAD, Role.TRAINER, 1, False),
        (PersonFigures.OFF, Role.MANAGER, 1, False),
    ],
)
def test_how_far_figures_about_persons_go(
    level: PersonFigures, role: Role, team: int | None, *, lets: bool
) -> None:
    assert _lets(level, role, team) is lets
