"""Calls held up as examples, in the person's scope."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calls import Leg
from models.people import Team
from models.reviews import Answer, Exemplar, Review, ReviewRevision
from models.scorecards import Criterion, Scorecard, ScorecardVersion
from models.vocab import RecordingState, ReviewState
from pipelines.scoring.rules import CriterionRule
from pipelines.scoring.service import version_rule
from qa_app.access import Action, OutOfScope, Person, load, may, visible
from qa_app.calls.blindness import blind_to, is_blind
from qa_app.calls.player import PlayerView, Purpose
from qa_app.i18n import text_of
from qa_app.quotes import masked_spans
from qa_app.reviews.queries import CallFacts, call_facts, player_of, said_in, with_leg


@dataclass(frozen=True)
class Entry:
    """One exemplar in the list."""

    uid: uuid.UUID
    criterion: Mapping[str, str]
    why: str
    call: CallFacts
    team: str
    chosen_by: str
    chosen_at: dt.datetime
    start_ms: int | None
    end_ms: int | None
    heard: bool


@dataclass(frozen=True)
class Choices:
    """What the list can be narrowed to: (value, words)."""

    criteria: tuple[tuple[str, str], ...]
    scorecards: tuple[tuple[str, str], ...]
    teams: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class IndexPage:
    """The exemplars in scope."""

    entries: tuple[Entry, ...]
    narrowed: bool
    may_choose: bool


@dataclass(frozen=True)
class ShowPage:
    """One exemplar with its recording."""

    entry: Entry
    rule: CriterionRule
    answer: Any
    comment: str
    player: PlayerView | None
    may_remove: bool


@dataclass(frozen=True)
class ChoosePage:
    """A reviewed call that is about to be held up."""

    review_uid: uuid.UUID
    call: CallFacts
    criteria: tuple[tuple[str, str], ...]
    moments: tuple[tuple[str, str], ...]


def _entries(person: Person, now: dt.datetime) -> Any:
    """Exemplars in scope, without calls that the person judges at the moment."""
    judged = aliased(Leg)
    return (
        visible(person, Exemplar, Action.EXEMPLARS_READ)
        .join(Review, Review.id == Exemplar.review_id)
        .join(judged, judged.id == Review.leg_id)
        .where(~blind_to(person, judged.call_id, now))
        .options(
            joinedload(Exemplar.criterion),
            joinedload(Exemplar.chosen_by),
            joinedload(Exemplar.review).joinedload(Review.leg).joinedload(Leg.team),
            *(joinedload(Exemplar.review).options(option) for option in with_leg(Review.leg)),
        )
    )


def choices(session: Session, person: Person, now: dt.datetime) -> Choices:
    """List the criteria, scorecards and teams of the exemplars that the list can show."""
    judged = aliased(Leg)
    rows = session.execute(
        visible(person, Exemplar, Action.EXEMPLARS_READ)
        .join(Review, Review.id == Exemplar.review_id)
        .join(judged, judged.id == Review.leg_id)
        .where(~blind_to(person, judged.call_id, now))
        .join(Criterion, Criterion.id == Exemplar.criterion_id)
        .join(ScorecardVersion, ScorecardVersion.id == Criterion.version_id)
        .join(Scorecard, Scorecard.id == ScorecardVersion.scorecard_id)
        .outerjoin(Team, Team.id == Exemplar.team_id)
        .with_only_columns(
            Criterion.lineage,
            Criterion.text,
            Scorecard.code,
            ScorecardVersion.title,
            Team.uid,
            Team.name,
        )
    ).all()
    return Choices(
        criteria=_unique((row[0], text_of(row[1])) for row in rows),
        scorecards=_unique((row[2], text_of(row[3])) for row in rows),
        teams=_unique((str(row[4]), row[5]) for row in rows if row[4]),
    )


def _unique(pairs: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(dict(pairs).items(), key=lambda pair: pair[1]))


def index_page(
    session: Session,
    person: Person,
    now: dt.datetime,
    *,
    criterion: str,
    scorecard: str,
    team: str,
) -> IndexPage:
    """List exemplars, newest first, narrowed to what was asked for."""
    query = _entries(person, now)
    if criterion:
        query = query.where(Exemplar.criterion.has(Criterion.lineage == criterion))
    if scorecard:
        versions = (
            select(ScorecardVersion.id)
            .join(Scorecard, Scorecard.id == ScorecardVersion.scorecard_id)
            .where(Scorecard.code == scorecard)
        )
        query = query.where(Review.version_id.in_(versions))
    if team:
        query = query.where(
            Exemplar.team_id.in_(select(Team.id).where(Team.uid == uuid.UUID(team)))
        )
    rows = session.scalars(query.order_by(Exemplar.chosen_at.desc(), Exemplar.id.desc())).unique()
    return IndexPage(
        entries=tuple(_entry(row) for row in rows),
        narrowed=bool(criterion or scorecard or team),
        may_choose=may(person, Action.EXEMPLARS_CHOOSE),
    )


def _entry(row: Exemplar) -> Entry:
    leg = row.review.leg
    recording = leg.call.recording
    return Entry(
        uid=row.uid,
        criterion=row.criterion.text,
        why=row.why,
        call=call_facts(leg),
        team=leg.team.name if leg.team else "–",
        chosen_by=row.chosen_by.display_name if row.chosen_by else "–",
        chosen_at=row.chosen_at,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        heard=recording is not None and recording.state is RecordingState.PRESENT,
    )


def show_page(session: Session, person: Person, uid: uuid.UUID, now: dt.datetime) -> ShowPage:
    """Gather one exemplar; hidden while the person judges the call."""
    found = load(session, person, Action.EXEMPLARS_READ, Exemplar, uid)
    row = session.scalar(_entries(person, now).where(Exemplar.id == found.id))
    if row is None:
        raise OutOfScope(Exemplar, uid, Action.EXEMPLARS_READ)
    version = version_rule(session, row.review.version_id)
    rule = next(rule for rule in version.criteria if rule.id == row.criterion_id)
    answer = session.scalar(
        select(Answer).where(
            Answer.revision_id == row.review.current_revision_id,
            Answer.criterion_id == row.criterion_id,
        )
    )
    mine = visible(person, Exemplar, Action.EXEMPLARS_CHOOSE).where(Exemplar.id == row.id)
    return ShowPage(
        entry=_entry(row),
        rule=rule,
        answer=answer.value["answer"] if answer else None,
        comment=answer.comment if answer else "",
        player=player_of(session, person, row.review.leg, Purpose.EXEMPLAR),
        may_remove=session.scalar(mine) is not None,
    )


def choose_page(session: Session, person: Person, uid: uuid.UUID) -> tuple[Review, ChoosePage]:
    """Gather what a trainer may hold up of a reviewed call: what earned points, and its moments."""
    found = load(session, person, Action.EXEMPLARS_CHOOSE, Review, uid)
    if is_blind(session, person, found.leg.call_id):
        raise OutOfScope(Review, uid, Action.EXEMPLARS_CHOOSE)
    review = session.scalars(
        select(Review)
        .where(Review.id == found.id, Review.state == ReviewState.SUBMITTED)
        .options(
            *with_leg(Review.leg),
            selectinload(Review.current)
            .selectinload(ReviewRevision.answers)
            .joinedload(Answer.criterion),
        )
    ).one()
    answers = review.current.answers if review.current else []
    said = said_in(session, review.leg.call_id)
    earning = [answer for answer in answers if answer.earned > 0]
    return review, ChoosePage(
        review_uid=review.uid,
        call=call_facts(review.leg),
        criteria=tuple(
            (answer.criterion.lineage, text_of(answer.criterion.text)) for answer in earning
        ),
        moments=tuple(
            (f"{span['start_ms']}-{span['end_ms']}", span["words"])
            for answer in earning
            for span in masked_spans(answer.evidence, said)
        ),
    )


def criterion_of(session: Session, review: Review, lineage: str) -> Criterion:
    """Return the criterion of a review's version."""
    return session.scalars(
        select(Criterion).where(
            Criterion.version_id == review.version_id, Criterion.lineage == lineage
        )
    ).one()
