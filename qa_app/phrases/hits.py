"""Hits of phrase rules: those a person may see, in lists, beside the recording, and of tries."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from models.calls import Call, Recording
from models.people import Site
from models.phrases import PhraseHit, PhraseRule, PhraseTrial, PhraseVersion
from models.transcripts import Transcript, Turn
from models.vocab import PhraseVerdict
from pipelines.phrases.looking import is_unsure
from pipelines.phrases.rules.settings import RuleSettings
from qa_app.access import Action, OutOfScope, Person, load, visible
from qa_app.calls.blindness import blind_to, is_blind
from qa_app.calls.player import PlayerView, Purpose, player_view
from qa_app.phrases.marks import quoted


@dataclass(frozen=True)
class HitRow:
    """A hit in a list; nothing names the agent, since it judges nobody."""

    call_id: int
    uid: uuid.UUID
    started_at: datetime
    timezone: str
    start_ms: int
    end_ms: int
    party: str
    words: str
    absent: bool
    missing: tuple[int, ...]
    unsure: bool
    verdict: PhraseVerdict | None
    judged_by: str

    @property
    def shown_missing(self) -> str:
        """The steps that a sequence lacks, counted from 1 as people do."""
        return ", ".join(str(number + 1) for number in self.missing)


@dataclass(frozen=True)
class TrialPage:
    """A try: sums, or why they are not shown, and up to ten examples."""

    trial: PhraseTrial
    rule: PhraseRule
    settings: RuleSettings
    examples: tuple[HitRow, ...]
    hidden: bool

    @property
    def active(self) -> bool:
        """Tell whether it still goes on."""
        return self.trial.done_at is None and self.trial.error_code is None


@dataclass(frozen=True)
class HitPage:
    """A hit beside the recording, to be confirmed or rejected."""

    rule: PhraseRule
    settings: RuleSettings
    hit: HitRow
    player: PlayerView
    waiting: int
    next: uuid.UUID | None
    call: uuid.UUID
    trial: uuid.UUID | None = None


def hits_seen(person: Person, now: datetime) -> tuple[Select[Any], Any, Any]:
    """Return the hits that the person may see now, joined with their transcript and call."""
    transcript, recording = aliased(Transcript), aliased(Recording)
    statement = (
        visible(person, PhraseHit, Action.PHRASES_READ)
        .join(transcript, transcript.id == PhraseHit.transcript_id)
        .join(recording, recording.id == transcript.recording_id)
        .where(~blind_to(person, recording.call_id, now))
    )
    return statement, transcript, recording


def hit_counts(session: Session, person: Person, now: datetime) -> dict[int, tuple[int, int]]:
    """Return version id → (hits, hits without a verdict) that the person may see now."""
    seen = hits_seen(person, now)[0].subquery()
    rows = session.execute(
        select(
            seen.c.version_id, func.count(), func.count().filter(seen.c.verdict.is_(None))
        ).group_by(seen.c.version_id)
    )
    return {version: (hits, waiting) for version, hits, waiting in rows}


def hit_rows(session: Session, hits: Sequence[PhraseHit]) -> tuple[HitRow, ...]:
    """Return hits as lists show them, with their words."""
    given = [
        {
            "uid": hit.uid,
            "transcript_id": hit.transcript_id,
            "start_ms": hit.start_ms,
            "end_ms": hit.end_ms,
            "runs": hit.runs,
            "party": hit.party.value if hit.party else "",
            "absent": hit.absent,
            "missing": hit.missing,
            "probability": hit.probability,
            "verdict": hit.verdict,
            "judged_by": hit.judged_by.display_name if hit.judged_by else "",
        }
        for hit in hits
    ]
    return rows_of(session, given)


def rows_of(session: Session, hits: Sequence[Mapping[str, Any]]) -> tuple[HitRow, ...]:
    """Return rows for hits given as plain values; those without a transcript are left out."""
    ids = {hit["transcript_id"] for hit in hits}
    positions = {run[0] for hit in hits for run in hit["runs"]}
    calls = {
        row.id: row
        for row in session.execute(
            select(Transcript.id, Call.id.label("call_id"), Call.started_at, Call.site_id)
            .join(Recording, Recording.id == Transcript.recording_id)
            .join(Call, Call.id == Recording.call_id)
            .where(Transcript.id.in_(ids))
        )
    }
    turns: dict[int, dict[int, Turn]] = {}
    for turn in session.scalars(
        select(Turn).where(Turn.transcript_id.in_(ids), Turn.position.in_(positions))
    ):
        turns.setdefault(turn.transcript_id, {})[turn.position] = turn
    zones = _zones(session, {row.site_id for row in calls.values()})
    return tuple(
        HitRow(
            call_id=calls[hit["transcript_id"]].call_id,
            uid=hit.get("uid", uuid.UUID(int=0)),
            started_at=calls[hit["transcript_id"]].started_at,
            timezone=zones[calls[hit["transcript_id"]].site_id],
            start_ms=hit["start_ms"],
            end_ms=hit["end_ms"],
            party=hit["party"] or "",
            words=quoted(hit["runs"], turns.get(hit["transcript_id"], {})),
            absent=hit["absent"],
            missing=tuple(hit["missing"]),
            unsure=is_unsure(hit["probability"]),
            verdict=hit.get("verdict"),
            judged_by=hit.get("judged_by", ""),
        )
        for hit in hits
        if hit["transcript_id"] in calls
    )


def _zones(session: Session, site_ids: Iterable[int]) -> dict[int, str]:
    rows = session.execute(select(Site.id, Site.timezone).where(Site.id.in_(list(site_ids))))
    return {row.id: row.timezone for row in rows}


def next_waiting(
    session: Session, person: Person, version: PhraseVersion, now: datetime, after: int | None
) -> uuid.UUID | None:
    """Return the next hit that waits for a verdict, round to the first one."""
    statement = hits_seen(person, now)[0].where(
        PhraseHit.version_id == version.id, PhraseHit.verdict.is_(None)
    )
    found: list[tuple[int, uuid.UUID]] = [
        (row.id, row.uid)
        for row in session.execute(
            statement.with_only_columns(PhraseHit.id, PhraseHit.uid).order_by(PhraseHit.id)
        )
        if row.id != after
    ]
    later = [uid for number, uid in found if after is None or number > after]
    return later[0] if later else (found[0][1] if found else None)


def load_hit(session: Session, person: Person, action: Action, uid: uuid.UUID) -> PhraseHit:
    """Return a hit in scope, or 404; also while the person is judging its call."""
    hit = load(session, person, action, PhraseHit, uid)
    if is_blind(session, person, hit.transcript.recording.call_id):
        raise OutOfScope(PhraseHit, uid, action)
    return hit


def hit_page(session: Session, person: Person, uid: uuid.UUID, now: datetime) -> HitPage:
    """Return a hit beside its recording."""
    hit = load_hit(session, person, Action.PHRASES_READ, uid)
    version, recording = hit.version, hit.transcript.recording
    waiting = hit_counts(session, person, now).get(version.id, (0, 0))[1]
    return HitPage(
        rule=version.rule,
        settings=RuleSettings.from_json(version.settings),
        hit=hit_rows(session, [hit])[0],
        player=player_view(session, person, recording, Purpose.PHRASE, hits=True),
        waiting=waiting,
        next=next_open(session, person, hit, now),
        call=recording.call.uid,
    )


def next_open(session: Session, person: Person, hit: PhraseHit, now: datetime) -> uuid.UUID | None:
    """Return the hit of the same version that waits for a verdict after this one."""
    return next_waiting(session, person, hit.version, now, hit.id)


def trial_page(session: Session, person: Person, uid: uuid.UUID, now: datetime) -> TrialPage:
    """Return a try with its examples, without calls that the person is judging."""
    trial = load(session, person, Action.PHRASES_READ, PhraseTrial, uid)
    examples = [example for _, example in _examples(session, person, trial, now)]
    rule = trial.version.rule
    judged = select(Call.id).where(
        Call.project_id == rule.project_id,
        Call.local_date.between(trial.period_start, trial.period_end),
        blind_to(person, Call.id, now),
    )
    # However many calls there are: the sums of another try, without the one, would tell.
    return TrialPage(
        trial=trial,
        rule=rule,
        settings=RuleSettings.from_json(trial.settings),
        examples=rows_of(session, examples),
        hidden=session.scalar(judged.limit(1)) is not None,
    )


def _examples(
    session: Session, person: Person, trial: PhraseTrial, now: datetime
) -> list[tuple[int, Mapping[str, Any]]]:
    """Return (number, example) for those of the calls that the person may see now."""
    ids = [example["transcript_id"] for example in trial.examples]
    recording = aliased(Recording)
    seen = {
        (row.id, row.attempt)
        for row in session.execute(
            visible(person, Transcript, Action.PHRASES_READ)
            .join(recording, recording.id == Transcript.recording_id)
            .where(Transcript.id.in_(ids), ~blind_to(person, recording.call_id, now))
            .with_only_columns(Transcript.id, Transcript.attempt)
        )
    }
    # Of a call that was heard anew, an example points into words that are no longer there.
    return [
        (number, example)
        for number, example in enumerate(trial.examples)
        if (example["transcript_id"], example.get("attempt")) in seen
    ]


def example_page(
    session: Session, person: Person, uid: uuid.UUID, number: int, now: datetime
) -> HitPage:
    """Return an example of a try beside its recording; ``number`` counts those shown, from 1."""
    trial = load(session, person, Action.PHRASES_READ, PhraseTrial, uid)
    examples = _examples(session, person, trial, now)
    if not 1 <= number <= len(examples):
        abort(404)
    example = examples[number - 1][1]
    transcript = session.scalars(
        visible(person, Transcript, Action.PHRASES_READ).where(
            Transcript.id.in_([example["transcript_id"]])
        )
    ).one()
    recording = transcript.recording
    return HitPage(
        rule=trial.version.rule,
        settings=RuleSettings.from_json(trial.settings),
        hit=rows_of(session, [example])[0],
        player=player_view(session, person, recording, Purpose.PHRASE, hits=True),
        waiting=0,
        next=None,
        call=recording.call.uid,
        trial=trial.uid,
    )
