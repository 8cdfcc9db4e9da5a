"""Moments of a recording as people write them: ``0:34``, or ``0:34-0:41`` for a span."""

import re
from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import ValidationError

from pipelines.masking import masked_words, meet
from qa_app.formats import duration
from qa_app.quotes import SaidTurn

_CLOCK = r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)"
_MOMENT = re.compile(rf"^{_CLOCK}(?:\s*[-–]\s*{_CLOCK})?$")
AROUND_MS = 5_000
"""How much of a call a single moment stands for when it is quoted or played."""
_LONGEST_QUOTE = 400

Span = tuple[int, int]


def parse_moment(text: str) -> Span | None:
    """Read a moment or a span as (start, end) in milliseconds; null when it is neither."""
    found = _MOMENT.match(text.strip().replace("：", ":"))
    if found is None:
        return None
    start = _ms(*found.groups()[:3])
    end = start + AROUND_MS if found[5] is None else _ms(*found.groups()[3:])
    return (start, end) if start < end else None


def _ms(hours: str | None, minutes: str, seconds: str) -> int:
    return 1_000 * (3_600 * int(hours or 0) + 60 * int(minutes) + int(seconds))


def written(start_ms: int, end_ms: int | None = None) -> str:
    """Write a moment or a span as ``parse_moment`` reads it, to the second."""
    start = duration(start_ms // 1_000 * 1_000)
    if end_ms is None or end_ms - start_ms == AROUND_MS:
        return start
    return f"{start}-{duration(max(end_ms, start_ms + 1_000))}"


class MomentField(StringField):
    """A field for a moment, such as ``0:34``; ``span`` is what was written, null when empty."""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - WTForms' own signature
        """Refuse what is no moment."""
        if self.data and parse_moment(self.data) is None:
            raise ValidationError(
                _l("Write a moment as minutes and seconds, such as 0:34, or a span: 0:34-0:41.")
            )

    @property
    def span(self) -> Span | None:
        """Return what was written as (start, end) in milliseconds."""
        return parse_moment(self.data) if self.data else None


def quoted(said: Iterable[SaidTurn], span: Span) -> str:
    """Return what is said in a span, without what is hidden in it."""
    words = [
        word[0]
        for turn in said
        for word in masked_words(turn.words, turn.masks)
        if word[0] and meet(span, (word[1], word[2]))
    ]
    return "".join(words).strip()[:_LONGEST_QUOTE]
