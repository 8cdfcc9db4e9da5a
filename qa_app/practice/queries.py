"""The practice room: what a person is asked to score, the form, the comparison, the record.

Before an attempt is in, nothing of the exemplar is shown but the call itself.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import abort
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

from models.calls import Leg
from models.practice import PracticeAttempt, Quiz, QuizItem
from models.reviews import Exemplar
from models.scorecards import Criterion
from models.vocab_learning import AttemptState, ExemplarState
from pipelines import evaluation
from pipelines.practice import rules
from pipelines.scoring.rules import CriterionRule, VersionRule
from qa_app.access import Action, Person, load, visible
from qa_app.calls.blindness import is_blind
from qa_app.calls.player import PlayerView, Purpose
from qa_app.practice.owed import is_asked
from qa_app.quotes import masked_spans
from qa_app.reviews.queries import CallFacts, call_facts, player_of, said_in, with_leg
from qa_app.reviews.sheets import SheetView, form_for, view_sheet

RECENT = 30


@dataclass(frozen=True)
class Due:
    """A call of a quiz; ``state`` is new, begun, done or gone, ``attempt`` where it was begun."""

    uid: uuid.UUID
    call: CallFacts
    state: str
    attempt: uuid.UUID | None
    agreed: int
    compared: int


@dataclass(frozen=True)
class QuizRow:
    """A quiz that can be taken now, with its calls."""

    uid: uuid.UUID
    title: str
    about: str
    due_at: dt.datetime
    timezone: str
    items: tuple[Due, ...]

    @property
    def done(self) -> int:
        """How many calls the person has scored."""
        return sum(item.state == "done" for item in self.items)


@dataclass(frozen=True)
class Past:
    """An attempt that is in."""

    uid: uuid.UUID
    quiz: str
    call: CallFacts
    submitted_at: dt.datetime
    agreed: int
    compared: int


@dataclass(frozen=True)
class RecordLine:
    """How often a criterion was practised, and how that lay to the reference."""

    text: Mapping[str, str]
    tally: rules.Tally


@dataclass(frozen=True)
class Record:
    """A person's practice: newest attempts, and agreement per criterion over all of them."""

    past: tuple[Past, ...]
    lines: tuple[RecordLine, ...]
    agreed: int
    compared: int


@dataclass(frozen=True)
class IndexPage:
    """The practice room of one person."""

    quizzes: tuple[QuizRow, ...]
    record: Record


@dataclass(frozen=True)
class WritePage:
    """The blind form beside the recording."""

    uid: uuid.UUID
    quiz: str
    about: str
    call: CallFacts
    due_at: dt.datetime
    start_ms: int | None
    end_ms: int | None
    sheet: SheetView
    saved_at: dt.datetime
    player: PlayerView | None


@dataclass(frozen=True)
class Line:
    """One criterion: the own answer, the reference, and what the reference says and shows."""

    rule: CriterionRule
    own: Any
    own_comment: str
    reference: Any
    reference_comment: str
    moments: tuple[Mapping[str, Any], ...]
    compared: rules.Compared | None


@dataclass(frozen=True)
class ComparePage:
    """An attempt that is in, beside the reference; ``following`` is the next call to score."""

    uid: uuid.UUID
    quiz: str
    call: CallFacts
    why: str
    who: str
    earned: int
    attainable: int
    reference_earned: int
    reference_attainable: int
    agreed: int
    compared: int
    lines: tuple[Line, ...]
    words_gone: bool
    player: PlayerView | None
    start_ms: int | None
    end_ms: int | None
    following: uuid.UUID | None


def quietly(leg: Leg) -> CallFacts:
    """Take the facts of a call without its agent's name: practice is about the work."""
    return replace(call_facts(leg), agent=_("an agent"))


def index_page(session: Session, person: Person, now: dt.datetime) -> IndexPage:
    """Gather what the person is asked to score, and what they have practised."""
    item, leg = aliased(QuizItem), aliased(Leg)
    rows = session.scalars(
        select(item)
        .join(leg, leg.id == item.leg_id)
        .where(is_asked(person, item, leg, now))
        .options(*with_leg(item.leg), joinedload(item.quiz))
        .order_by(item.quiz_id, item.position)
    ).all()
    begun = {
        attempt.item_id: attempt
        for attempt in session.scalars(
            visible(person, PracticeAttempt, Action.PRACTICE_DO).where(
                PracticeAttempt.item_id.in_([row.id for row in rows])
            )
        )
    }
    quizzes: dict[int, list[QuizItem]] = {}
    for row in rows:
        quizzes.setdefault(row.quiz_id, []).append(row)
    shown = sorted(
        (_quiz_row(items, begun) for items in quizzes.values()), key=lambda row: row.due_at
    )
    return IndexPage(quizzes=tuple(shown), record=record_of(session, person.id))


def _quiz_row(items: Sequence[QuizItem], begun: Mapping[int, PracticeAttempt]) -> QuizRow:
    quiz = items[0].quiz
    return QuizRow(
        uid=quiz.uid,
        title=quiz.title,
        about=quiz.about,
        due_at=quiz.due_at,
        timezone=items[0].leg.call.site.timezone,
        items=tuple(_due(item, begun.get(item.id)) for item in items),
    )


def _due(item: QuizItem, attempt: PracticeAttempt | None) -> Due:
    state = "new"
    if attempt is not None:
        state = "done" if attempt.state is AttemptState.SUBMITTED else "begun"
    return Due(
        uid=item.uid,
        call=quietly(item.leg),
        state=state,
        attempt=attempt.uid if attempt else None,
        agreed=attempt.agreed if attempt else 0,
        compared=len(attempt.compared) if attempt else 0,
    )


def record_of(session: Session, user_id: int, quiz_ids: Iterable[int] | None = None) -> Record:
    """Return a person's practice, of all quizzes or of those given; the caller checks who asks."""
    query = (
        select(PracticeAttempt)
        .join(QuizItem, QuizItem.id == PracticeAttempt.item_id)
        .where(
            PracticeAttempt.user_id.in_([user_id]),
            PracticeAttempt.state == AttemptState.SUBMITTED,
        )
        .options(
            *(
                joinedload(PracticeAttempt.item).options(option)
                for option in with_leg(QuizItem.leg)
            ),
            joinedload(PracticeAttempt.item).joinedload(QuizItem.quiz),
        )
        .order_by(PracticeAttempt.submitted_at.desc(), PracticeAttempt.id.desc())
    )
    if quiz_ids is not None:
        query = query.where(QuizItem.quiz_id.in_(list(quiz_ids)))
    rows = session.scalars(query).unique().all()
    return Record(
        past=tuple(_past(row) for row in rows[:RECENT]),
        lines=lines_of(session, rows),
        agreed=sum(row.agreed for row in rows),
        compared=sum(len(row.compared) for row in rows),
    )


def _past(row: PracticeAttempt) -> Past:
    return Past(
        uid=row.uid,
        quiz=row.item.quiz.title,
        call=quietly(row.item.leg),
        submitted_at=row.submitted_at or row.saved_at,
        agreed=row.agreed,
        compared=len(row.compared),
    )


def lines_of(session: Session, rows: Sequence[PracticeAttempt]) -> tuple[RecordLine, ...]:
    """Count agreement per criterion over attempts, those furthest from the reference first."""
    versions = {row.item.quiz.version_id for row in rows}
    texts = {
        criterion.lineage: criterion.text
        for criterion in session.scalars(
            select(Criterion)
            .where(Criterion.version_id.in_(versions))
            .order_by(Criterion.version_id, Criterion.section_id, Criterion.position)
        )
    }
    # In the order of the scorecard, which not every database keeps inside a document.
    place = {lineage: number for number, lineage in enumerate(texts)}
    tallies = sorted(
        rules.tally(rules.from_json(row.compared) for row in rows),
        key=lambda tally: (tally.agreed / tally.times, place.get(tally.lineage, len(place))),
    )
    return tuple(
        RecordLine(texts.get(tally.lineage, {"en": tally.lineage}), tally) for tally in tallies
    )


def own_attempt(session: Session, person: Person, uid: uuid.UUID) -> PracticeAttempt:
    """Return one of the person's own attempts with its call, or answer 404."""
    found = load(session, person, Action.PRACTICE_DO, PracticeAttempt, uid)
    return session.scalars(
        select(PracticeAttempt)
        .where(PracticeAttempt.id == found.id)
        .options(
            *(
                joinedload(PracticeAttempt.item).options(option)
                for option in with_leg(QuizItem.leg)
            ),
            joinedload(PracticeAttempt.item).joinedload(QuizItem.quiz),
        )
    ).one()


def item_of(session: Session, person: Person, uid: uuid.UUID) -> QuizItem:
    """Return an item of a quiz that the person is asked to take, or answer 404."""
    return load(session, person, Action.PRACTICE_DO, QuizItem, uid)


def version_of(session: Session, quiz: Quiz) -> VersionRule:
    """Return what the quiz asks for."""
    return evaluation.practice_rule(session, quiz)


def write_page(
    session: Session, person: Person, attempt: PracticeAttempt, sheet: SheetView | None = None
) -> WritePage:
    """Gather the form; ``sheet`` is what was just sent, else the stored draft is shown."""
    item = attempt.item
    if sheet is None:
        version = version_of(session, item.quiz)
        said = said_in(session, item.leg.call_id)
        form = form_for(version, attempt.sheet, attempt.lock_version, "", said=said)
        sheet = view_sheet(version, form, attempt.sheet)
    return WritePage(
        uid=attempt.uid,
        quiz=item.quiz.title,
        about=item.quiz.about,
        call=quietly(item.leg),
        due_at=item.quiz.due_at,
        start_ms=item.start_ms,
        end_ms=item.end_ms,
        sheet=sheet,
        saved_at=attempt.saved_at,
        player=player_of(session, person, item.leg, Purpose.PRACTICE),
    )


def is_judged(session: Session, person: Person, attempt: PracticeAttempt) -> bool:
    """Tell whether who scored the call judges it anew: the reference is how others did."""
    submitted = attempt.state is AttemptState.SUBMITTED
    return submitted and is_blind(session, person, attempt.item.leg.call_id)


def compare_page(
    session: Session, person: Person, attempt: PracticeAttempt, now: dt.datetime
) -> ComparePage:
    """Put an attempt that is in beside the reference; 404 before that."""
    if attempt.state is not AttemptState.SUBMITTED:
        abort(404)
    item = attempt.item
    version = version_of(session, item.quiz)
    said = said_in(session, item.leg.call_id)
    compared = {row.lineage: row for row in rules.from_json(attempt.compared)}
    # What was withdrawn is not played to anybody any more; the result stays.
    shared = session.scalar(select(Exemplar.state).where(Exemplar.id == item.exemplar_id))
    following = _following(session, person, attempt, now)

    def line(rule: CriterionRule) -> Line:
        own = attempt.sheet.get(rule.lineage) or {}
        reference = item.reference.get(rule.lineage) or {}
        return Line(
            rule=rule,
            own=own.get("answer"),
            own_comment=own.get("comment") or "",
            reference=reference.get("answer"),
            reference_comment=reference.get("comment") or "",
            moments=tuple(masked_spans(reference.get("evidence") or [], said)),
            compared=compared.get(rule.lineage),
        )

    return ComparePage(
        uid=attempt.uid,
        quiz=item.quiz.title,
        call=quietly(item.leg),
        why=item.why,
        who=item.reference_by.display_name if item.reference_by else "",
        earned=attempt.earned,
        attainable=attempt.attainable,
        reference_earned=item.earned,
        reference_attainable=item.attainable,
        agreed=attempt.agreed,
        compared=len(compared),
        lines=tuple(line(rule) for rule in version.criteria),
        words_gone=not attempt.sheet,
        player=player_of(session, person, item.leg, Purpose.PRACTICE)
        if shared is ExemplarState.SHARED
        else None,
        start_ms=item.start_ms,
        end_ms=item.end_ms,
        following=following,
    )


def _following(
    session: Session, person: Person, attempt: PracticeAttempt, now: dt.datetime
) -> uuid.UUID | None:
    """Return the next call of the same quiz that the person has not scored."""
    item, leg, done = aliased(QuizItem), aliased(Leg), aliased(PracticeAttempt)
    scored = select(done.item_id).where(
        done.user_id.in_([person.id]), done.state == AttemptState.SUBMITTED
    )
    return session.scalar(
        select(item.uid)
        .join(leg, leg.id == item.leg_id)
        .where(
            item.quiz_id.in_([attempt.item.quiz_id]),
            item.id.not_in(scored),
            is_asked(person, item, leg, now),
        )
        .order_by(item.position)
        .limit(1)
    )
