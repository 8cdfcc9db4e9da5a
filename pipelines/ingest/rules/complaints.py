"""A row of ``complaints.csv``: about a call, about one leg of it, or about an agent on a day."""

from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.vocab import ComplaintCause, ComplaintStatus
from pipelines.ingest.rules.values import (
    Invalid,
    content_hash,
    date_of,
    instant_of,
    text_of,
    whole_number_of,
    word_of,
)

COLUMNS = (
    "complaint_id",
    "received_at",
    "call_id",
    "leg",
    "agent",
    "date",
    "cause",
    "status",
    "site",
)
REQUIRED = ("complaint_id", "received_at", "call_id", "cause", "status")

CAUSES = {
    **dict.fromkeys(("attitude", "态度", "服务态度"), ComplaintCause.ATTITUDE),
    **dict.fromkeys(("misleading", "误导", "虚假宣传"), ComplaintCause.MISLEADING),
    **dict.fromkeys(("process", "流程", "业务流程"), ComplaintCause.PROCESS),
    **dict.fromkeys(("product", "产品"), ComplaintCause.PRODUCT),
    **dict.fromkeys(("other", "其他", "其它"), ComplaintCause.OTHER),
}
STATUSES = {
    **dict.fromkeys(("open", "处理中", "待处理"), ComplaintStatus.OPEN),
    **dict.fromkeys(("upheld", "成立", "属实"), ComplaintStatus.UPHELD),
    **dict.fromkeys(("not_upheld", "not upheld", "不成立", "不属实"), ComplaintStatus.NOT_UPHELD),
}


class ComplaintRow(NamedTuple):
    """A valid row. ``leg`` is null when the complaint names none."""

    complaint_id: str
    received_at: datetime
    leg: int | None
    day: date | None
    cause: ComplaintCause
    status: ComplaintStatus


def parse(
    cells: tuple[str, ...], zone: ZoneInfo, now: datetime, call_started_at: datetime | None
) -> ComplaintRow:
    """Read the cells of one row, in the order of ``COLUMNS``, or raise ``Invalid``.

    ``call_started_at`` is null when the complaint names an agent and a day instead of a call.
    """
    complaint_id = text_of(cells[0], "complaint_id")
    received_at = instant_of(cells[1], "received_at", zone, now)
    if received_at is None:
        raise Invalid("received_at", "value_missing")
    if call_started_at is not None and received_at < call_started_at:
        raise Invalid("received_at", "time_before_call")
    day = date_of(cells[5], "date", required=call_started_at is None)
    if day is not None and day > received_at.astimezone(zone).date():
        raise Invalid("date", "date_after_received")
    return ComplaintRow(
        complaint_id,
        received_at,
        whole_number_of(cells[3], "leg", least=1, most=99, default=0) or None,
        day,
        word_of(cells[6], "cause", CAUSES),
        word_of(cells[7], "status", STATUSES),
    )


def row_hash(row: ComplaintRow, call_id: str, agent: str) -> str:
    """Hash what the complaint is about; how far it has been examined may change."""
    at = row.received_at.timestamp()
    return content_hash(f"{call_id}\x1f{row.leg}\x1f{agent}\x1f{row.day}\x1f{at}\x1f{row.cause}")
