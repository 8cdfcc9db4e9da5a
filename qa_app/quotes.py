"""Words quoted from a transcript: stored and shown without personal data, whoever sends them."""

from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.redaction.rules.masks import hide_in_text


def hidden_in(words: str) -> str:
    """Return a quote without the personal data in it."""
    return hide_in_text(words) if words else words


def masked_spans(spans: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return marked moments with their words masked, also those marked before there were masks."""
    return [{**span, "words": hidden_in(str(span.get("words") or ""))} for span in spans]
