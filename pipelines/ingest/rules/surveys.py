"""A row of ``surveys.csv``: an SMS question after a call, and perhaps its answer."""

import re
import unicodedata
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.vocab import Satisfaction
from pipelines.ingest.rules.values import (
    MAX_REPLY,
    Invalid,
    content_hash,
    instant_of,
    text_of,
    without_numbers,
)

COLUMNS = ("survey_id", "call_id", "sent_at", "answered_at", "reply")
REQUIRED = COLUMNS

_LEVELS: dict[int, tuple[str, ...]] = {
    5: ("5", "非常满意", "很满意", "very satisfied", "非常滿意"),
    4: ("4", "满意", "satisfied", "滿意", "y", "yes", "是"),
    3: ("3", "一般", "neutral"),
    2: ("2", "不满意", "dissatisfied", "unsatisfied", "不滿意", "n", "no", "否"),
    1: ("1", "非常不满意", "很不满意", "very dissatisfied", "very unsatisfied", "非常不滿意"),
}
_MIDDLE = 3
LEVELS = {word: level for level, words in _LEVELS.items() for word in words}
# A bare yes or no says on which side the customer stands, not how far.
_NO_LEVEL = frozenset({"y", "yes", "是", "n", "no", "否"})
_TRIMMED = re.compile(r"[\s。．.!！~、，,'\"“”]+$|^[\s'\"“”]+")


class SurveyRow(NamedTuple):
    """A valid row; an unanswered question has neither ``answered_at`` nor ``reply``."""

    survey_id: str
    sent_at: datetime
    answered_at: datetime | None
    reply: str | None


def meaning(reply: str) -> tuple[Satisfaction, int | None]:
    """Say what a raw reply means: its side, and its level from 1 to 5 where it names one."""
    word = _TRIMMED.sub("", unicodedata.normalize("NFKC", reply)).casefold()
    word = re.sub(r"\s+", " ", word)
    level = LEVELS.get(word)
    if level is None:
        return Satisfaction.INVALID, None
    side = Satisfaction.NEUTRAL
    if level > _MIDDLE:
        side = Satisfaction.SATISFIED
    elif level < _MIDDLE:
        side = Satisfaction.DISSATISFIED
    return side, None if word in _NO_LEVEL else level


def parse(
    cells: tuple[str, ...], zone: ZoneInfo, now: datetime, call_started_at: datetime
) -> SurveyRow:
    """Read the cells of one row, in the order of ``COLUMNS``, or raise ``Invalid``.

    Numbers of telephones inside a reply are left out: they stand with the customer only.
    """
    survey_id = text_of(cells[0], "survey_id")
    sent_at = instant_of(cells[2], "sent_at", zone, now)
    answered_at = instant_of(cells[3], "answered_at", zone, now, required=False)
    reply = text_of(cells[4], "reply", required=False, longest=MAX_REPLY)
    if sent_at is None or sent_at < call_started_at:
        raise Invalid("sent_at", "time_before_call")
    if answered_at is None:
        if reply:
            raise Invalid("answered_at", "value_missing")
        return SurveyRow(survey_id, sent_at, None, None)
    if answered_at < sent_at:
        raise Invalid("answered_at", "time_before_sent")
    return SurveyRow(survey_id, sent_at, answered_at, without_numbers(reply))


def question_hash(row: SurveyRow, call_id: str) -> str:
    """Hash what was asked: it must not change when the answer comes in later."""
    return content_hash(f"{call_id}\x1f{row.sent_at.timestamp()}")
