"""A row of ``calls.csv``: one leg of one call."""

from datetime import datetime
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.vocab import Direction, Outcome
from pipelines.ingest.rules.values import (
    YES_NO,
    Invalid,
    content_hash,
    customer_number,
    duration_of,
    instant_of,
    money_of,
    text_of,
    whole_number_of,
    word_of,
)

COLUMNS = (
    "call_id",
    "leg",
    "started_at",
    "direction",
    "project",
    "site",
    "agent",
    "talk_s",
    "hold_s",
    "acw_s",
    "wait_s",
    "outcome",
    "customer",
    "customer_tier",
    "customer_value",
    "currency",
    "recording_notice",
    "robot",
)
REQUIRED = ("call_id", "started_at", "direction", "project", "agent", "talk_s")
MOST_LEGS = 99
CALL_VALUES = (
    "direction",
    "wait_ms",
    "outcome",
    "customer_tier",
    "customer_value_minor",
    "currency",
    "recording_notice",
    "by_robot",
)

DIRECTIONS = {
    **dict.fromkeys(("in", "inbound", "呼入", "来电"), Direction.IN),
    **dict.fromkeys(("out", "outbound", "呼出", "外呼"), Direction.OUT),
}
OUTCOMES = {
    **dict.fromkeys(("success", "yes", "成功"), Outcome.SUCCESS),
    **dict.fromkeys(("no_success", "no success", "no", "failure", "失败"), Outcome.NO_SUCCESS),
    **dict.fromkeys(("unknown", "未知"), Outcome.UNKNOWN),
}


class LegRow(NamedTuple):
    """A valid row. The values from ``project`` on belong to the call; leg 1 decides them."""

    call_id: str
    leg: int
    started_at: datetime
    talk_ms: int
    hold_ms: int
    acw_ms: int
    project: str
    direction: Direction
    wait_ms: int
    outcome: Outcome
    customer: str
    customer_tier: str | None
    customer_value_minor: int | None
    currency: str | None
    recording_notice: bool
    by_robot: bool


def parse(cells: tuple[str, ...], zone: ZoneInfo, now: datetime) -> LegRow:
    """Read the cells of one row, in the order of ``COLUMNS``, or raise ``Invalid``."""
    value_minor, currency = money_of(cells[14], cells[15])
    started_at = instant_of(cells[2], "started_at", zone, now)
    if started_at is None:
        raise Invalid("started_at", "value_missing")
    return LegRow(
        text_of(cells[0], "call_id"),
        whole_number_of(cells[1], "leg", least=1, most=MOST_LEGS, default=1),
        started_at,
        duration_of(cells[7], "talk_s", required=True),
        duration_of(cells[8], "hold_s"),
        duration_of(cells[9], "acw_s"),
        text_of(cells[4], "project"),
        word_of(cells[3], "direction", DIRECTIONS),
        duration_of(cells[10], "wait_s"),
        word_of(cells[11], "outcome", OUTCOMES, Outcome.UNKNOWN),
        customer_number(cells[12]),
        text_of(cells[13], "customer_tier", required=False) or None,
        value_minor,
        currency,
        word_of(cells[16], "recording_notice", YES_NO, default=True),
        word_of(cells[17], "robot", YES_NO, default=False),
    )


def row_hash(row: LegRow, site: str, agent: str, customer_key: str | None) -> str:
    """Hash what the row says; the call's own values count on leg 1 only, which decides them.

    The customer enters as the keyed hash, so that the number itself cannot be tried out.
    """
    at = row.started_at.timestamp()
    leg = (
        f"{row.leg}\x1f{at}\x1f{row.talk_ms}\x1f{row.hold_ms}\x1f{row.acw_ms}\x1f{site}\x1f{agent}"
    )
    if row.leg > 1:
        return content_hash(leg)
    return content_hash(
        f"{leg}\x1f{row.project}\x1f{row.direction}\x1f{row.wait_ms}\x1f{row.outcome}\x1f"
        f"{customer_key}\x1f{row.customer_tier}\x1f{row.customer_value_minor}\x1f{row.currency}\x1f"
        f"{row.recording_notice}\x1f{row.by_robot}"
    )


class LegPart(NamedTuple):
    """What of a leg decides the values of its call."""

    position: int
    started_at: datetime
    talk_ms: int
    hold_ms: int
    agent_id: int | None
    team_id: int | None


class CallTotals(NamedTuple):
    """The values of a call that come from all its legs."""

    started_at: datetime
    talk_ms: int
    hold_ms: int
    transfers: int
    agent_id: int | None
    team_id: int | None


def totals(legs: list[LegPart]) -> CallTotals:
    """Sum up a call: agent and team of the leg with the longest talk, the first of equal ones."""
    if len(legs) == 1:
        only = legs[0]
        return CallTotals(
            only.started_at, only.talk_ms, only.hold_ms, 0, only.agent_id, only.team_id
        )
    ordered = sorted(legs, key=attrgetter("position"))
    longest = max(ordered, key=attrgetter("talk_ms"))
    return CallTotals(
        started_at=ordered[0].started_at,
        talk_ms=sum(leg.talk_ms for leg in legs),
        hold_ms=sum(leg.hold_ms for leg in legs),
        transfers=len(legs) - 1,
        agent_id=longest.agent_id,
        team_id=longest.team_id,
    )
