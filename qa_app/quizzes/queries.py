"""Quizzes as their trainers see them: what is in them, who takes them, what came of it."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calls import Leg
from models.people import Site, User
from models.practice import Playlist, PracticeAttempt, Quiz, QuizItem, QuizPerson
from models.reviews import Exemplar
from models.scorecards import ScorecardVersion
from models.vocab import CriterionKind, VersionState
from models.vocab_learning import (
    AttemptState,
    ExemplarAudience,
    ExemplarState,
    QuizState,
)
from pipelines import evaluation
from pipelines.scoring.analysis import GROUP_OF_PEOPLE
from pipelines.scoring.service import version_rule
from qa_app.access import Action, OutOfScope, Person, load, visible
from qa_app.calls.blindness import blind_to, is_blind, may_judge
from qa_app.calls.player import PlayerView, Purpose
from qa_app.exemplars.queries import Entry, entries_of, for_entry, may_change
from qa_app.i18n import text_of
from qa_app.practice.queries import Record, RecordLine, lines_of, quietly, record_of
from qa_app.quizzes.people import shown_of, shown_people
from qa_app.reviews.queries import CallFacts, call_facts, player_of, said_in, with_leg
from qa_app.reviews.sheets import SheetView, form_for, view_sheet

_LEAD = Action.PRACTICE_LEAD


@dataclass(frozen=True)
class Row:
    """A quiz in the list."""

    uid: uuid.UUID
    title: str
    about: str
    card: str
    team: str
    state: QuizState
    over: bool
    due_at: dt.datetime
    timezone: str
    items: int
    people: int
    scored: int


@dataclass(frozen=True)
class Item:
    """An exemplar of a quiz; ``ready`` when its reference is whole, ``gone`` when withdrawn.

    ``hidden`` while the trainer judges the call too, and may not see how others scored it.
    """

    uid: uuid.UUID
    call: CallFacts
    why: str
    start_ms: int | None
    end_ms: int | None
    earned: int
    attainable: int
    ready: bool
    begun: bool
    gone: bool
    hidden: bool
    scored: int


@dataclass(frozen=True)
class Taker:
    """A person who takes a quiz, and how it went so far; ``shown``: how well, too."""

    uid: uuid.UUID
    name: str
    done: int
    agreed: int
    compared: int
    shown: bool


@dataclass(frozen=True)
class ShowPage:
    """A quiz with everything in it. ``criteria``: (lineage, words, asked)."""

    row: Row
    criteria: tuple[tuple[str, str, bool], ...]
    whole: bool
    items: tuple[Item, ...]
    people: tuple[Taker, ...]
    offered: tuple[Entry, ...]
    lines: tuple[RecordLine, ...]


@dataclass(frozen=True)
class ReferencePage:
    """The form in which a trainer says how an exemplar should be scored."""

    quiz_uid: uuid.UUID
    uid: uuid.UUID
    quiz: str
    call: CallFacts
    why: str
    start_ms: int | None
    end_ms: int | None
    sheet: SheetView
    saved_at: dt.datetime
    player: PlayerView | None


@dataclass(frozen=True)
class PersonPage:
    """What one person has practised in the quizzes of a trainer's scope."""

    name: str
    record: Record


def index_page(session: Session, person: Person, now: dt.datetime) -> tuple[Row, ...]:
    """List quizzes: those being made, then running, then over; newest first."""
    quizzes = session.scalars(
        visible(person, Quiz, _LEAD)
        .options(
            selectinload(Quiz.items),
            selectinload(Quiz.people),
            joinedload(Quiz.team),
            joinedload(Quiz.version),
        )
        .order_by(Quiz.made_at.desc(), Quiz.id.desc())
    ).unique()
    rows = list(quizzes)
    scored = _scored(session, [row.id for row in rows])
    zones = _zones(session, person)
    found = [_row(row, scored.get(row.id, 0), zones[row.site_id], now) for row in rows]
    order = [QuizState.DRAFT, QuizState.OPEN, QuizState.CLOSED]
    return tuple(sorted(found, key=lambda row: (row.over, order.index(row.state))))


def _scored(session: Session, ids: Sequence[int]) -> dict[int, int]:
    counted = (
        select(QuizItem.quiz_id, func.count())
        .join(PracticeAttempt, PracticeAttempt.item_id == QuizItem.id)
        .where(QuizItem.quiz_id.in_(ids), PracticeAttempt.state == AttemptState.SUBMITTED)
        .group_by(QuizItem.quiz_id)
    )
    return {row[0]: row[1] for row in session.execute(counted)}


def _zones(session: Session, person: Person) -> dict[int, str]:
    """Return the time zones of the sites in scope."""
    sites = visible(person, Site, _LEAD).with_only_columns(Site.id, Site.timezone)
    return {row[0]: row[1] for row in session.execute(sites)}


def _row(quiz: Quiz, scored: int, timezone: str, now: dt.datetime) -> Row:
    ended = quiz.state is QuizState.OPEN and quiz.due_at <= now
    return Row(
        uid=quiz.uid,
        title=quiz.title,
        about=quiz.about,
        card=text_of(quiz.version.title),
        team=quiz.team.name if quiz.team else "",
        state=quiz.state,
        over=ended or quiz.state is QuizState.CLOSED,
        due_at=quiz.due_at,
        timezone=timezone,
        items=len(quiz.items),
        people=len(quiz.people),
        scored=scored,
    )


def versions(session: Session, person: Person) -> list[tuple[str, str]]:
    """Return the published scorecards in scope: (uid, words)."""
    rows = session.scalars(
        visible(person, ScorecardVersion, _LEAD).where(
            ScorecardVersion.state == VersionState.PUBLISHED
        )
    )
    return sorted(((str(row.uid), text_of(row.title)) for row in rows), key=lambda pair: pair[1])


def playlists(session: Session, person: Person) -> list[tuple[str, str]]:
    """Return the playlists in scope: (uid, title)."""
    rows = session.scalars(
        visible(person, Playlist, Action.EXEMPLARS_READ).order_by(Playlist.title)
    )
    return [(str(row.uid), row.title) for row in rows]


def show_page(session: Session, person: Person, uid: uuid.UUID, now: dt.datetime) -> ShowPage:
    """Gather a quiz with its exemplars, people and results."""
    found = load(session, person, _LEAD, Quiz, uid)
    quiz = session.scalars(
        select(Quiz)
        .where(Quiz.id == found.id)
        .options(
            selectinload(Quiz.items).joinedload(QuizItem.exemplar),
            *(selectinload(Quiz.items).options(option) for option in with_leg(QuizItem.leg)),
            selectinload(Quiz.people).joinedload(QuizPerson.user),
            joinedload(Quiz.team),
            joinedload(Quiz.version),
        )
    ).one()
    attempts = session.scalars(
        select(PracticeAttempt)
        .where(
            PracticeAttempt.item_id.in_([item.id for item in quiz.items]),
            PracticeAttempt.state == AttemptState.SUBMITTED,
        )
        .options(joinedload(PracticeAttempt.item).joinedload(QuizItem.quiz))
    ).all()
    judged = aliased(Leg)
    blind = set(
        session.scalars(
            select(judged.id).where(
                judged.id.in_([item.leg_id for item in quiz.items]),
                blind_to(person, judged.call_id, now),
            )
        )
    )
    asked = {rule.lineage for rule in evaluation.practice_rule(session, quiz).criteria}
    draft = quiz.state is QuizState.DRAFT
    known = may_change(session, person, [item.exemplar_id or 0 for item in quiz.items])
    shown = shown_of(session, person, quiz)
    scorers = {attempt.user_id for attempt in attempts}
    # Of so few, the figures of a group would be those of its people.
    single = scorers <= shown or len(scorers) >= GROUP_OF_PEOPLE
    return ShowPage(
        row=_row(quiz, len(attempts), _zones(session, person)[quiz.site_id], now),
        criteria=tuple(
            (rule.lineage, text_of(dict(rule.text)), rule.lineage in asked)
            for rule in version_rule(session, quiz.version_id).criteria
            if rule.kind is not CriterionKind.TEXT or rule.lineage in asked
        ),
        whole=not quiz.criteria,
        items=tuple(_item(item, attempts, blind, known) for item in quiz.items),
        people=tuple(
            _taker(each.user, attempts, shown=each.user_id in shown) for each in quiz.people
        ),
        offered=_offered(session, person, quiz, now) if draft else (),
        lines=() if blind or not single else lines_of(session, attempts),
    )


def _call(item: QuizItem, known: Collection[int]) -> CallFacts:
    """Take the facts of a call; its agent's name as the library shows it: not unless they wish."""
    named = item.exemplar is not None and (item.exemplar.named or item.exemplar_id in known)
    return call_facts(item.leg) if named else quietly(item.leg)


def _item(
    item: QuizItem,
    attempts: Sequence[PracticeAttempt],
    blind: Collection[int],
    known: Collection[int],
) -> Item:
    exemplar, hidden = item.exemplar, item.leg_id in blind
    return Item(
        uid=item.uid,
        call=_call(item, known),
        why="" if hidden else item.why,
        start_ms=item.start_ms,
        end_ms=item.end_ms,
        earned=0 if hidden else item.earned,
        attainable=0 if hidden else item.attainable,
        hidden=hidden,
        ready=item.reference_at is not None,
        begun=bool(item.reference),
        gone=exemplar is None or exemplar.state is not ExemplarState.SHARED,
        scored=sum(attempt.item_id == item.id for attempt in attempts),
    )


def _taker(user: User, attempts: Sequence[PracticeAttempt], *, shown: bool) -> Taker:
    own = [attempt for attempt in attempts if attempt.user_id == user.id]
    return Taker(
        uid=user.uid,
        name=user.display_name,
        done=len(own),
        agreed=sum(attempt.agreed for attempt in own),
        compared=sum(len(attempt.compared) for attempt in own),
        shown=shown,
    )


def _offered(session: Session, person: Person, quiz: Quiz, now: dt.datetime) -> tuple[Entry, ...]:
    """Return exemplars that may be put in: shared with all who take it, or there to practise."""
    everywhere = Exemplar.audience == ExemplarAudience.SITE
    in_team = (Exemplar.audience == ExemplarAudience.TEAM) & (Exemplar.team_id == quiz.team_id)
    judged = aliased(Leg)
    to_practise = Exemplar.audience == ExemplarAudience.PRACTICE
    rows = session.scalars(
        visible(person, Exemplar, Action.EXEMPLARS_CHOOSE)
        .join(judged, judged.id == Exemplar.leg_id)
        .where(
            ~may_judge(person, judged.call_id, now),
            Exemplar.state == ExemplarState.SHARED,
            Exemplar.site_id == quiz.site_id,
            or_(everywhere, in_team, to_practise),
            Exemplar.id.not_in([item.exemplar_id or 0 for item in quiz.items]),
        )
        .options(*for_entry())
        .order_by(Exemplar.chosen_at.desc())
        .limit(200)
    ).unique()
    return entries_of(session, person, list(rows))


def item_of(session: Session, person: Person, uid: uuid.UUID) -> QuizItem:
    """Return an exemplar of a quiz with its call, or answer 404.

    Not while the trainer judges the call: the reference is how others scored it.
    """
    found = load(session, person, _LEAD, QuizItem, uid)
    item = session.scalars(
        select(QuizItem)
        .where(QuizItem.id == found.id)
        .options(*with_leg(QuizItem.leg), joinedload(QuizItem.quiz))
    ).one()
    if is_blind(session, person, item.leg.call_id):
        raise OutOfScope(QuizItem, uid, _LEAD)
    return item


def reference_page(
    session: Session, person: Person, item: QuizItem, sheet: SheetView | None = None
) -> ReferencePage:
    """Gather the form; ``sheet`` is what was just sent, else the stored one is shown."""
    if sheet is None:
        version = evaluation.practice_rule(session, item.quiz)
        kept = evaluation.asked_of(version, item.reference)
        said = said_in(session, item.leg.call_id)
        sheet = view_sheet(version, form_for(version, kept, item.lock_version, "", said=said), kept)
    return ReferencePage(
        quiz_uid=item.quiz.uid,
        uid=item.uid,
        quiz=item.quiz.title,
        call=_call(item, may_change(session, person, [item.exemplar_id or 0])),
        why=item.why,
        start_ms=item.start_ms,
        end_ms=item.end_ms,
        sheet=sheet,
        saved_at=item.saved_at,
        player=player_of(session, person, item.leg, Purpose.EXEMPLAR),
    )


def person_page(session: Session, person: Person, uid: uuid.UUID) -> PersonPage:
    """Gather what a person has practised in quizzes of the trainer's scope, or answer 404."""
    user = load(session, person, _LEAD, User, uid)
    quizzes = visible(person, Quiz, _LEAD).with_only_columns(Quiz.id, Quiz.site_id)
    sites = {row.id: row.site_id for row in session.execute(quizzes)}
    shown = {
        site_id
        for site_id in set(sites.values())
        if shown_people(session, person, [user.id], [site_id])
    }
    if sites and not shown:
        raise OutOfScope(User, uid, _LEAD)
    ids = [quiz_id for quiz_id, site_id in sites.items() if site_id in shown]
    return PersonPage(user.display_name, record_of(session, user.id, ids))
