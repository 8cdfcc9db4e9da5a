"""Words quoted from a transcript: stored and shown without personal data, whoever sends them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app

from models.vocab import MaskKind
from pipelines.masking import HIDDEN, meet
from pipelines.redaction.rules.masks import hide_in_text


@dataclass(frozen=True)
class SaidTurn:
    """A turn that may be quoted, as ``models.transcripts.Turn`` keeps it, looked through."""

    start_ms: int
    end_ms: int
    words: Sequence[Sequence[Any]]
    masks: Sequence[Sequence[Any]]
    masked_text: str


def hidden_in(words: str, kinds: Collection[MaskKind] | None = None) -> str:
    """Return a quote without the personal data in it; ``kinds`` null: what is hidden here."""
    if not words:
        return words
    if kinds is None:
        kinds = current_app.extensions["hearback.settings"].masked_kinds
    return hide_in_text(words, kinds=kinds)


def masked_spans(
    spans: Iterable[Mapping[str, Any]],
    said: Sequence[SaidTurn] = (),
    kinds: Collection[MaskKind] | None = None,
) -> list[dict[str, Any]]:
    """Return marked moments with their words masked, also those marked before there were masks.

    ``said`` are the turns of the call as they are now: what has been hidden in them since, by hand
    too, is hidden in the quotes.
    """
    return [
        {**span, "words": _as_now(span, hidden_in(str(span.get("words") or ""), kinds), said)}
        for span in spans
    ]


def _as_now(span: Mapping[str, Any], words: str, said: Sequence[SaidTurn]) -> str:
    start, end = span.get("start_ms"), span.get("end_ms")
    if not (words and isinstance(start, int) and isinstance(end, int)):
        return words
    here = [turn for turn in said if meet((start, end), (turn.start_ms, turn.end_ms))]
    hidden = [text for turn in here for text in _hidden(turn, start, end)]
    if not hidden or any(words.strip() in turn.masked_text for turn in here):
        return words
    for text in hidden:
        words = words.replace(text, HIDDEN) if text else words
    # What cannot be told apart, such as words heard otherwise at that time, is hidden whole.
    return words if words.count(HIDDEN) >= len(hidden) else HIDDEN


def _hidden(turn: SaidTurn, start: int, end: int) -> Iterator[str]:
    """Yield, for each mask within these milliseconds, the words of it that sound in them."""
    for first, last, _kind, mask_start, mask_end in turn.masks:
        if meet((start, end), (mask_start, mask_end)):
            inside = turn.words[first : last + 1]
            yield "".join(
                word[0] for word in inside if meet((start, end), (word[1], word[2]))
            ).strip()


def readable_notes(notes: Iterable[Mapping[str, Any]], *, own: bool) -> tuple[dict[str, Any], ...]:
    """Return a review's notes for a reader, masked as now: the writer's (``own``), else shared."""
    return tuple(
        {**note, "text": hidden_in(str(note.get("text") or ""))}
        for note in notes
        if own or note.get("shared") is True
    )
