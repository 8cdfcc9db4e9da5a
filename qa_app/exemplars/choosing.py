"""What a trainer sees while choosing: a call with its moments, and what suggests itself."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calls import Call, Leg, Recording
from models.practice import Playlist, Quiz
from models.reviews import Answer, Exemplar, Review, ReviewRevision
from models.scorecards import Criterion, ScorecardVersion
from models.vocab import CriterionKind, RecordingState, ReviewState, VersionState
from models.vocab_learning import ExemplarState, QuizState
from pipelines.outcomes import DomainError
from pipelines.practice import rules
from qa_app import figures
from qa_app.access import Action, OutOfScope, Person, grants_for, load, may, visible
from qa_app.calls import tokens
from qa_app.calls.blindness import is_blind, may_judge
from qa_app.calls.player import PlayerView, Purpose, player_view
from qa_app.clock import now as clock_now
from qa_app.exemplars.queries import found
from qa_app.exemplars.words import language_name, languages
from qa_app.i18n import text_of
from qa_app.quotes import masked_spans
from qa_app.reviews.queries import CallFacts, call_facts, player_of, said_in, with_leg
from qa_app.scope_rules.calls import AMONG_REVIEWERS

SUGGESTED_DAYS = 180
PER_CRITERION = 3
_MOST_ANSWERS = 3_000
_MOST_CRITERIA = 8


@dataclass(frozen=True)
class Moment:
    """A marked moment of a review, offered as the part to show."""

    start_ms: int
    end_ms: int
    words: str
    criterion: str


@dataclass(frozen=True)
class ChoosePage:
    """A call that is about to become an exemplar; ``back`` is where the person came from."""

    legs: tuple[Leg, ...]
    version_id: int | None
    call: CallFacts
    criteria: tuple[tuple[str, str], ...]
    languages: tuple[tuple[str, str], ...]
    language: str
    moments: tuple[Moment, ...]
    player: PlayerView | None
    wide: bool


@dataclass(frozen=True)
class Suggestion:
    """A moment that earned all points of its criterion, in a review that is in scope."""

    review_uid: uuid.UUID
    call: CallFacts
    earned: int
    attainable: int
    comment: str
    moments: tuple[Mapping[str, Any], ...]
    answer: Any


@dataclass(frozen=True)
class Suggestions:
    """Suggestions for one criterion, best first."""

    lineage: str
    text: Mapping[str, str]
    entries: tuple[Suggestion, ...]


def of_review(session: Session, person: Person, uid: uuid.UUID) -> tuple[Review, ChoosePage]:
    """Gather what may be shown of a reviewed call; hidden while the person judges it.

    Its answers are shown to all who meet the exemplar: so only verdicts that the agent reads too.
    """
    loaded = load(session, person, Action.EXEMPLARS_CHOOSE, Review, uid)
    goes = figures.shows(session, person, loaded.site_id, loaded.team_id)
    among = loaded.origin in AMONG_REVIEWERS
    if among or not goes or is_blind(session, person, loaded.leg.call_id):
        raise OutOfScope(Review, uid, Action.EXEMPLARS_CHOOSE)
    review = session.scalars(
        select(Review)
        .where(Review.id == loaded.id, Review.state == ReviewState.SUBMITTED)
        .options(
            *with_leg(Review.leg),
            selectinload(Review.current)
            .selectinload(ReviewRevision.answers)
            .joinedload(Answer.criterion),
        )
    ).one()
    player = player_of(session, person, review.leg, Purpose.EXEMPLAR)
    page = _page(session, person, (review.leg,), review.version_id, player=player, review=review)
    return review, page


def of_call(session: Session, person: Person, uid: uuid.UUID, signed: str) -> ChoosePage | None:
    """Gather a call whose recording the person has opened for a purpose; null: ask for it again."""
    call = load(session, person, Action.EXEMPLARS_CHOOSE, Call, uid)
    if is_blind(session, person, call.id):
        raise OutOfScope(Call, uid, Action.EXEMPLARS_CHOOSE)
    legs = session.scalars(
        visible(person, Leg, Action.EXEMPLARS_CHOOSE)
        .where(Leg.call_id == call.id, Leg.talk_ms > 0)
        .options(
            joinedload(Leg.agent),
            *(
                joinedload(Leg.call).joinedload(each)
                for each in (Call.site, Call.project, Call.recording)
            ),
        )
        .order_by(Leg.position)
    ).all()
    if not legs:
        raise OutOfScope(Call, uid, Action.EXEMPLARS_CHOOSE)
    recording = legs[0].call.recording
    token = _read(person, signed)
    if recording is None or token is None or token.recording_uid != recording.uid:
        return None
    player = player_view(session, person, recording, token.purpose, token=token)
    version_id = session.scalar(
        select(ScorecardVersion.id)
        .where(
            ScorecardVersion.scorecard_id == call.project.scorecard_id,
            ScorecardVersion.state == VersionState.PUBLISHED,
        )
        .order_by(ScorecardVersion.number.desc())
        .limit(1)
    )
    return _page(session, person, tuple(legs), version_id, player=player)


def _read(person: Person, signed: str) -> tokens.PlayToken | None:
    try:
        return tokens.read(signed, person, clock_now()) if signed else None
    except DomainError:
        return None


def of_exemplar(
    session: Session, person: Person, uid: uuid.UUID, now: dt.datetime
) -> tuple[Exemplar, ChoosePage]:
    """Gather an exemplar that is to be changed, or answer 404."""
    load(session, person, Action.EXEMPLARS_CHOOSE, Exemplar, uid)
    row = found(session, person, uid, now)
    version_id = row.criterion.version_id if row.criterion else None
    if row.review is not None:
        version_id = row.review.version_id
    player = player_of(session, person, row.leg, Purpose.EXEMPLAR)
    return row, _page(session, person, (row.leg,), version_id, player=player, review=row.review)


def _page(
    session: Session,
    person: Person,
    legs: tuple[Leg, ...],
    version_id: int | None,
    *,
    player: PlayerView | None,
    review: Review | None = None,
) -> ChoosePage:
    criteria = session.scalars(
        select(Criterion)
        .where(Criterion.version_id == version_id, Criterion.kind != CriterionKind.TEXT)
        .order_by(Criterion.section_id, Criterion.position)
    ).all()
    said = said_in(session, legs[0].call_id)
    answers = review.current.answers if review is not None and review.current else []
    language = (player.language if player else None) or ""
    offered = dict(languages())
    if language:
        offered.setdefault(language, language_name(language))
    sites = {
        grant.site_id
        for grant in grants_for(person, Action.EXEMPLARS_CHOOSE)
        if grant.team_id is None
    }
    return ChoosePage(
        legs=legs,
        version_id=version_id,
        call=call_facts(legs[0]),
        criteria=tuple((each.lineage, text_of(each.text)) for each in criteria),
        languages=tuple(offered.items()),
        language=language,
        moments=tuple(
            Moment(span["start_ms"], span["end_ms"], span["words"], answer.criterion.lineage)
            for answer in answers
            for span in masked_spans(answer.evidence, said)
        ),
        player=player,
        wide=legs[0].site_id in sites,
    )


def criterion_of(session: Session, version_id: int | None, lineage: str) -> Criterion | None:
    """Return a criterion of a version; null when none was chosen."""
    if not lineage:
        return None
    criterion = session.scalar(
        select(Criterion).where(Criterion.version_id == version_id, Criterion.lineage == lineage)
    )
    if criterion is None:
        abort(400)
    return criterion


def places(session: Session, person: Person) -> list[tuple[str, str]]:
    """Return (value, words) of the playlists, and quizzes being made, that a trainer may fill."""
    lists = session.scalars(
        visible(person, Playlist, Action.EXEMPLARS_CHOOSE).order_by(Playlist.title)
    )
    quizzes = session.scalars(
        visible(person, Quiz, Action.PRACTICE_LEAD)
        .where(Quiz.state == QuizState.DRAFT)
        .order_by(Quiz.title)
    )
    return [
        *((f"playlist:{row.uid}", _("Playlist: %(title)s", title=row.title)) for row in lists),
        *((f"quiz:{row.uid}", _("Quiz: %(title)s", title=row.title)) for row in quizzes),
    ]


def may_choose_call(session: Session, person: Person, uid: uuid.UUID) -> bool:
    """Tell whether the person may make this call an exemplar."""
    if not may(person, Action.EXEMPLARS_CHOOSE):
        return False
    call = session.scalar(
        visible(person, Call, Action.EXEMPLARS_CHOOSE).where(Call.uid == uid, Call.recording_notice)
    )
    return call is not None and not is_blind(session, person, call.id)


def suggestions(session: Session, person: Person, now: dt.datetime) -> tuple[Suggestions, ...]:
    """Offer what earned all its points with a marked moment, and is no exemplar yet."""
    judged, held = aliased(Leg), aliased(Exemplar)
    taken = (
        select(held.id)
        .where(
            held.leg_id == Review.leg_id,
            held.criterion_id == Answer.criterion_id,
            held.state != ExemplarState.WITHDRAWN,
        )
        .exists()
    )
    rows = session.execute(
        visible(person, Review, Action.EXEMPLARS_CHOOSE)
        .join(judged, judged.id == Review.leg_id)
        .join(Call, Call.id == judged.call_id)
        .join(Recording, Recording.call_id == Call.id)
        .join(ReviewRevision, ReviewRevision.id == Review.current_revision_id)
        .join(Answer, Answer.revision_id == ReviewRevision.id)
        .join(Criterion, Criterion.id == Answer.criterion_id)
        .where(
            Review.submitted_at > now - dt.timedelta(days=SUGGESTED_DAYS),
            Call.recording_notice,
            Recording.state == RecordingState.PRESENT,
            Answer.attainable > 0,
            Answer.earned == Answer.attainable,
            Review.origin.not_in(AMONG_REVIEWERS),
            figures.shown(session, person, Review.site_id, Review.team_id),
            ~taken,
            ~may_judge(person, judged.call_id, now),
        )
        .with_only_columns(
            Answer.id,
            Criterion.lineage,
            judged.agent_id,
            ReviewRevision.earned,
            ReviewRevision.attainable,
            Answer.evidence,
            Review.submitted_at,
        )
        .order_by(Review.submitted_at.desc())
        .limit(_MOST_ANSWERS)
    ).all()
    chosen = rules.suggest(
        (
            rules.Candidate(
                row[0], row[1], row[2], row[3] / row[4] if row[4] else 0.0, len(row[5]), row[6]
            )
            for row in rows
            if row[5]
        ),
        per_criterion=PER_CRITERION,
    )
    shown = dict(list(chosen.items())[:_MOST_CRITERIA])
    return _worded(session, shown)


def _worded(
    session: Session, chosen: Mapping[str, list[rules.Candidate]]
) -> tuple[Suggestions, ...]:
    ids = [one.answer_id for candidates in chosen.values() for one in candidates]
    answers = {
        answer.id: answer
        for answer in session.scalars(
            select(Answer)
            .where(Answer.id.in_(ids))
            .options(
                selectinload(Answer.criterion),
                selectinload(Answer.revision).selectinload(ReviewRevision.review),
            )
        )
    }
    reviews = {
        review.id: review
        for review in session.scalars(
            select(Review)
            .where(Review.id.in_([answer.revision.review_id for answer in answers.values()]))
            .options(*with_leg(Review.leg))
        )
    }

    def worded(one: rules.Candidate) -> Suggestion:
        answer = answers[one.answer_id]
        review = reviews[answer.revision.review_id]
        return Suggestion(
            review_uid=review.uid,
            call=call_facts(review.leg),
            earned=answer.revision.earned,
            attainable=answer.revision.attainable,
            comment=answer.comment,
            moments=tuple(masked_spans(answer.evidence, said_in(session, review.leg.call_id))),
            answer=answer.value["answer"],
        )

    return tuple(
        Suggestions(
            lineage=lineage,
            text=answers[candidates[0].answer_id].criterion.text,
            entries=tuple(worded(one) for one in candidates),
        )
        for lineage, candidates in chosen.items()
    )


def leg_label(leg: Leg) -> str:
    """Say whose part of a call a leg is."""
    return _(
        "Leg %(number)s: %(agent)s",
        number=leg.position,
        agent=leg.agent.name if leg.agent else "–",
    )
