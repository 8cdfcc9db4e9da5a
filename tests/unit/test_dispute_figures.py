"""What is counted of disputes, and who is named."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.vocab_learning import DisputeReason, DisputeResult
from qa_app.disputes.figures import ItemFacts, figures_of, file_rows

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
UPHELD, PARTLY, STANDS, OPEN = (
    DisputeResult.UPHELD,
    DisputeResult.PARTLY,
    DisputeResult.NOT_UPHELD,
    DisputeResult.OPEN,
)


def item(dispute: int, result: DisputeResult, **values: Any) -> ItemFacts:
    days = values.pop("days", 2)
    raised = NOW - timedelta(days=values.pop("ago", 10))
    return ItemFacts(
        dispute=dispute,
        criterion=values.get("criterion", "greeting"),
        text={"en": "Greeting"},
        reason=values.get("reason", DisputeReason.OVERLOOKED),
        reviewer=values.get("reviewer", "Ann"),
        result=result,
        raised_at=raised,
        decided_at=None if result is OPEN else raised + timedelta(days=days),
        due_at=raised + timedelta(days=7),
    )


def test_nothing_gives_nothing() -> None:
    found = figures_of([], reviews=3, people=5, now=NOW)
    assert (found.disputes, found.days, found.total.decided, found.criteria) == (0, None, 0, ())


def test_criteria_reasons_and_days_are_counted_and_few_decisions_name_nobody() -> None:
    found = figures_of(
        [
            # One dispute of two criteria is decided once.
            item(1, UPHELD, days=1),
            item(1, STANDS, days=1, criterion="needs"),
            item(2, PARTLY, days=9),
            item(3, STANDS, days=3),
            item(4, UPHELD, days=3, reason=DisputeReason.UNCLEAR),
            item(5, OPEN, ago=8, reviewer="Bob"),
            item(6, OPEN, ago=1, reviewer="Bob"),
        ],
        reviews=40,
        people=5,
        now=NOW,
    )
    assert (found.disputes, found.waiting, found.late) == (6, 2, 1)
    assert (found.days, found.in_time, found.decided) == (3, 3, 4)
    total = found.total
    assert (total.disputed, total.decided, total.upheld, total.partly, total.changed) == (
        7,
        5,
        2,
        1,
        3,
    )
    assert [(row.name, row.disputed) for row in found.criteria] == [("greeting", 6), ("needs", 1)]
    assert [row.name for row in found.reasons] == ["overlooked", "unclear"]
    # Ann has five decided criteria; Bob has none yet.
    assert [(row.name, row.decided) for row in found.reviewers] == [("Ann", 5)]
    assert found.few_reviewers == 1
    assert ("reviewer", "Bob", 2, 0, 0, 0) not in file_rows(found)
    assert file_rows(found)[0] == ("all", "", 7, 5, 2, 1)
