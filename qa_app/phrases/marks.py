"""Hits of phrase rules as other pages show them, and who may see them there.

Managers and trainers see hits of the calls in their scope; reviewers, while they score, only where
the sample plan says so; agents on their own calls only with the feedback. Nobody sees any of a call
that they are judging otherwise. Words come from the turns, with what is masked there masked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.calls import Recording
from models.phrases import PhraseHit, PhraseVersion
from models.reviews import Review
from models.samples import Draw, DrawnCall, SamplePlan
from models.transcripts import Transcript, Turn
from models.vocab import Party, PhraseMeaning
from pipelines.masking import masked_words
from pipelines.phrases.looking import is_unsure
from pipelines.phrases.rules.settings import RuleSettings, Suggestion
from qa_app.access import Action, visible
from qa_app.permissions import Person

LEG_EDGE_MS = 5_000
"""By how much the begin of a leg in the recording may be off."""

Span = tuple[Party, int, int]


@dataclass(frozen=True)
class Mark:
    """A hit on a page: ``spans`` are (party, start, end in ms) of its words, in order of time."""

    name: str
    start_ms: int
    end_ms: int
    meaning: PhraseMeaning
    absent: bool
    unsure: bool
    words: str
    spans: tuple[Span, ...]
    suggests: Suggestion | None


def may_see_marks(session: Session, person: Person, recording: Recording) -> bool:
    """Tell whether the person leads those who speak in it; blindness is the caller's to ask."""
    seen = visible(person, Recording, Action.PHRASES_READ).where(Recording.id == recording.id)
    return session.scalar(seen) is not None


def plan_shows_hits(session: Session, review: Review) -> bool:
    """Tell whether the plan that drew the call lets its reviewer see hits while scoring."""
    allowed = session.scalar(
        select(SamplePlan.phrase_hits)
        .join(Draw, Draw.plan_id == SamplePlan.id)
        .join(DrawnCall, DrawnCall.draw_id == Draw.id)
        .where(DrawnCall.id == review.drawn_call_id)
    )
    return bool(allowed)


def marks_of(session: Session, transcript: Transcript) -> tuple[Mark, ...]:
    """Return the hits of a transcript in order of time; the caller has checked who asks.

    A hit that a person rejected is shown no more.
    """
    hits = session.scalars(
        select(PhraseHit)
        .where(
            PhraseHit.transcript_id == transcript.id, PhraseHit.verdict.is_distinct_from("rejected")
        )
        .options(joinedload(PhraseHit.version).joinedload(PhraseVersion.rule))
        .order_by(PhraseHit.start_ms, PhraseHit.id)
    ).all()
    turns = {turn.position: turn for turn in transcript.turns} if hits else {}
    return tuple(mark_of(hit, turns) for hit in hits)


def mark_of(hit: PhraseHit, turns: Mapping[int, Turn]) -> Mark:
    """Return a hit as pages show it; ``turns`` are those of its transcript, by position."""
    settings = RuleSettings.from_json(hit.version.settings)
    return Mark(
        name=hit.version.rule.name,
        start_ms=hit.start_ms,
        end_ms=hit.end_ms,
        meaning=settings.meaning,
        absent=hit.absent,
        unsure=is_unsure(hit.probability),
        words=quoted(hit.runs, turns),
        spans=tuple(_spans(hit.runs, turns)),
        suggests=settings.suggests,
    )


def quoted(runs: Iterable[Sequence[int]], turns: Mapping[int, Turn]) -> str:
    """Return the words of a hit, runs parted by "…", with what is masked masked."""
    said = []
    for position, first, last in runs:
        turn = turns.get(position)
        words = masked_words(turn.words, turn.masks) if turn else []
        said.append("".join(word[0] for word in words[first : last + 1]).strip())
    return " … ".join(words for words in said if words)


def _spans(runs: Iterable[Sequence[int]], turns: Mapping[int, Turn]) -> Iterable[Span]:
    for position, first, last in runs:
        words: Sequence[Any] = turns[position].words if position in turns else ()
        if first < len(words):
            yield turns[position].party, words[first][1], words[min(last, len(words) - 1)][2]


def suggestions_of(
    marks: Iterable[Mark], scorecard: str, leg: tuple[int, int] | None
) -> dict[str, tuple[Mark, ...]]:
    """Return criterion lineage → moments that may be evidence for it, on this scorecard.

    ``leg`` is the part of the recording that is judged, where it is not all of it.
    """
    found: dict[str, tuple[Mark, ...]] = {}
    for mark in marks:
        outside = leg and not leg[0] - LEG_EDGE_MS <= mark.start_ms <= leg[1] + LEG_EDGE_MS
        if mark.absent or outside or not mark.words or not mark.suggests:
            continue
        if mark.suggests.scorecard == scorecard:
            lineage = mark.suggests.criterion
            found[lineage] = (*found.get(lineage, ()), mark)
    return found
