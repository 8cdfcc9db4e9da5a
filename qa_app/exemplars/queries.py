"""Exemplars in the person's scope: the library and one of them."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calls import Call, Leg, Project, Recording
from models.people import Team
from models.reviews import Answer, Exemplar, ExemplarTag
from models.scorecards import Criterion
from models.transcripts import Transcript, Turn
from models.vocab import RecordingState
from models.vocab_learning import ExemplarAudience, ExemplarLevel, ExemplarState
from pipelines.scoring.rules import CriterionRule
from pipelines.scoring.service import version_rule
from qa_app.access import Action, OutOfScope, Person, may, visible
from qa_app.calls.blindness import may_judge
from qa_app.calls.player import PlayerView, Purpose
from qa_app.exemplars.words import language_name
from qa_app.i18n import text_of
from qa_app.practice.owed import owed
from qa_app.reviews.queries import CallFacts, call_facts, player_of, with_leg

PAGE_SIZE = 20
_MOST_WORDS = 6


@dataclass(frozen=True)
class Entry:
    """One exemplar in a list. ``agent`` is empty where the name is not to be shown."""

    uid: uuid.UUID
    criterion: Mapping[str, str]
    why: str
    level: ExemplarLevel
    tags: tuple[str, ...]
    language: str
    audience: ExemplarAudience
    state: ExemplarState
    call: CallFacts
    team: str
    chosen_by: str
    chosen_at: dt.datetime
    start_ms: int | None
    end_ms: int | None
    heard: bool
    own: bool
    mine_to_change: bool


@dataclass(frozen=True)
class Choices:
    """What the list can be narrowed to: (value, words)."""

    criterion: tuple[tuple[str, str], ...]
    tag: tuple[tuple[str, str], ...]
    language: tuple[tuple[str, str], ...]
    project: tuple[tuple[str, str], ...]
    team: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class IndexPage:
    """The library; ``hidden`` counts exemplars that the person has to score in a quiz first.

    ``asked_back`` counts those that trainers shall withdraw, since their agents ask for it.
    """

    entries: tuple[Entry, ...]
    total: int
    page: int
    pages: int
    narrowed: bool
    may_choose: bool
    hidden: int
    asked_back: int


@dataclass(frozen=True)
class ShowPage:
    """One exemplar with its recording; ``keep_days`` is how long the site lets it be kept."""

    entry: Entry
    rule: CriterionRule | None
    answer: Any
    comment: str
    player: PlayerView | None
    kept_until: dt.datetime | None
    keep_reason: str | None
    keep_days: int


_Rows = Select[tuple[Exemplar]]


def listed(person: Person, now: dt.datetime, show: str = "") -> tuple[_Rows, Any]:
    """Return exemplars that the person may see now, and the leg that they are joined with.

    Without calls that the person judges or may yet take to review: it says how well they were
    done. ``show`` names what else a trainer may list:
    ``practice``, or a state.
    """
    leg = aliased(Leg)
    action = Action.EXEMPLARS_CHOOSE if show else Action.EXEMPLARS_READ
    rows = (
        visible(person, Exemplar, action)
        .join(leg, leg.id == Exemplar.leg_id)
        .where(~may_judge(person, leg.call_id, now))
    )
    if show == ExemplarAudience.PRACTICE:
        shared = Exemplar.state == ExemplarState.SHARED
        rows = rows.where(Exemplar.audience == ExemplarAudience.PRACTICE, shared)
    elif show:
        rows = rows.where(Exemplar.state == show)
    return rows, leg  # type: ignore[return-value]  # SQLAlchemy types select(Model) as Select[Model]


def choices(session: Session, person: Person, now: dt.datetime, show: str = "") -> Choices:
    """List what the exemplars that the list can show differ in."""
    query, leg = listed(person, now, show)
    rows = session.execute(
        query.join(Call, Call.id == leg.call_id)
        .join(Project, Project.id == Call.project_id)
        .outerjoin(Criterion, Criterion.id == Exemplar.criterion_id)
        .outerjoin(Team, Team.id == Exemplar.team_id)
        .with_only_columns(
            Criterion.lineage,
            Criterion.text,
            Exemplar.language,
            Project.uid,
            Project.name,
            Team.uid,
            Team.name,
        )
    ).all()
    ids = listed(person, now, show)[0].with_only_columns(Exemplar.id)
    tags = session.scalars(
        select(ExemplarTag.tag).where(ExemplarTag.exemplar_id.in_(ids)).distinct()
    )
    return Choices(
        criterion=_unique((row[0], text_of(row[1])) for row in rows if row[0]),
        tag=_unique((tag, tag) for tag in tags),
        language=_unique((row[2], language_name(row[2])) for row in rows if row[2]),
        project=_unique((str(row[3]), row[4]) for row in rows),
        team=_unique((str(row[5]), row[6]) for row in rows if row[5]),
    )


def _unique(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(dict(pairs).items(), key=lambda pair: pair[1]))


def index_page(
    session: Session, person: Person, now: dt.datetime, wanted: Mapping[str, str], page: int
) -> IndexPage:
    """List exemplars, newest first, narrowed to what was asked for."""
    query, leg = listed(person, now, wanted["show"])
    query = query.where(*_conditions(wanted, leg))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.options(*for_entry())
        .order_by(Exemplar.chosen_at.desc(), Exemplar.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    ).unique()
    waiting = aliased(Leg)
    hidden = (
        visible(person, Exemplar, Action.EXEMPLARS_READ)
        .join(waiting, waiting.id == Exemplar.leg_id)
        .where(owed(person, waiting.call_id, now))
    )
    back = 0
    if may(person, Action.EXEMPLARS_CHOOSE):
        asked, _leg = listed(person, now, ExemplarState.ASKED_BACK)
        back = session.scalar(select(func.count()).select_from(asked.subquery())) or 0
    return IndexPage(
        entries=entries_of(session, person, list(rows)),
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE_SIZE)),
        narrowed=any(wanted.values()),
        may_choose=may(person, Action.EXEMPLARS_CHOOSE),
        hidden=session.scalar(select(func.count()).select_from(hidden.subquery())) or 0,
        asked_back=back,
    )


def _conditions(wanted: Mapping[str, str], leg: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        _says(word, leg) for word in wanted["q"].split()[:_MOST_WORDS]
    ]
    if wanted["criterion"]:
        found.append(Exemplar.criterion.has(Criterion.lineage == wanted["criterion"]))
    if wanted["tag"]:
        found.append(Exemplar.tags.any(ExemplarTag.tag == wanted["tag"]))
    if wanted["level"]:
        found.append(Exemplar.level == wanted["level"])
    if wanted["language"]:
        found.append(Exemplar.language == wanted["language"])
    if wanted["project"]:
        projects = select(Project.id).where(Project.uid.in_([uuid.UUID(wanted["project"])]))
        found.append(
            exists().where(Call.id == leg.call_id, Call.project_id.in_(projects)).correlate(leg)
        )
    if wanted["team"]:
        teams = select(Team.id).where(Team.uid.in_([uuid.UUID(wanted["team"])]))
        found.append(Exemplar.team_id.in_(teams))
    return found


def _says(word: str, leg: Any) -> ColumnElement[bool]:
    """Return the condition that a word stands in the reason, a tag, or what is said in the part.

    Of the call the masked text counts, and only where the words are to be relied on.
    """
    inside = and_(Turn.start_ms < Exemplar.end_ms, Turn.end_ms > Exemplar.start_ms)
    said = exists().where(
        Recording.call_id == leg.call_id,
        Transcript.recording_id == Recording.id,
        Transcript.doubt.is_(None),
        Turn.transcript_id == Transcript.id,
        Turn.masked_text.icontains(word, autoescape=True),
        or_(Exemplar.start_ms.is_(None), inside),
    )
    return or_(
        Exemplar.why.icontains(word, autoescape=True),
        Exemplar.tags.any(ExemplarTag.tag.icontains(word, autoescape=True)),
        said.correlate(Exemplar, leg),
    )


def for_entry() -> list[Any]:
    """Return the loading options of rows that become entries."""
    return [
        joinedload(Exemplar.criterion),
        joinedload(Exemplar.chosen_by),
        selectinload(Exemplar.tags),
        joinedload(Exemplar.leg).joinedload(Leg.team),
        *with_leg(Exemplar.leg),
    ]


def entries_of(session: Session, person: Person, rows: Sequence[Exemplar]) -> tuple[Entry, ...]:
    """Make entries of rows that the person may see; which are theirs to change is asked once."""
    mine = may_change(session, person, [row.id for row in rows])
    return tuple(_entry(person, row, mine=row.id in mine) for row in rows)


def may_change(session: Session, person: Person, ids: Collection[int]) -> set[int]:
    """Return which of the exemplars the person may change."""
    if not ids or not may(person, Action.EXEMPLARS_CHOOSE):
        return set()
    changeable = visible(person, Exemplar, Action.EXEMPLARS_CHOOSE)
    return set(
        session.scalars(changeable.where(Exemplar.id.in_(ids)).with_only_columns(Exemplar.id))
    )


def _entry(person: Person, row: Exemplar, *, mine: bool) -> Entry:
    leg, recording = row.leg, row.leg.call.recording
    own = person.agent_id is not None and leg.agent_id == person.agent_id
    facts = call_facts(leg)
    return Entry(
        uid=row.uid,
        criterion=row.criterion.text if row.criterion else {},
        why=row.why,
        level=row.level,
        tags=tuple(tag.tag for tag in row.tags),
        language=language_name(row.language or ""),
        audience=row.audience,
        state=row.state,
        call=facts if row.named or own or mine else replace(facts, agent=_("an agent")),
        team=leg.team.name if leg.team else "–",
        chosen_by=row.chosen_by.display_name if row.chosen_by else "–",
        chosen_at=row.chosen_at,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        heard=recording is not None and recording.state is RecordingState.PRESENT,
        own=own,
        mine_to_change=mine,
    )


def found(session: Session, person: Person, uid: uuid.UUID, now: dt.datetime) -> Exemplar:
    """Return an exemplar that the person may open, also a trainer's withdrawn one, or answer 404.

    Hidden while the person judges the call, or may yet: in a review, a self-assessment or a quiz.
    """
    leg = aliased(Leg)
    for action in (Action.EXEMPLARS_READ, Action.EXEMPLARS_CHOOSE, Action.EXEMPLARS_OWN):
        row = session.scalar(
            visible(person, Exemplar, action)
            .join(leg, leg.id == Exemplar.leg_id)
            .where(Exemplar.uid == uid, ~may_judge(person, leg.call_id, now))
            .options(*for_entry())
        )
        if row is not None:
            return row
    raise OutOfScope(Exemplar, uid, Action.EXEMPLARS_READ)


def show_page(session: Session, person: Person, uid: uuid.UUID, now: dt.datetime) -> ShowPage:
    """Gather one exemplar with what the review it came from says to its criterion."""
    row = found(session, person, uid, now)
    answer = _answer(session, row)
    (entry,) = entries_of(session, person, [row])
    rule = None
    if row.criterion is not None:
        version = version_rule(session, row.criterion.version_id)
        rule = next(each for each in version.criteria if each.id == row.criterion_id)
    return ShowPage(
        entry=entry,
        rule=rule,
        answer=answer.value["answer"] if answer else None,
        comment=answer.comment if answer else "",
        player=player_of(session, person, row.leg, Purpose.EXEMPLAR),
        kept_until=row.kept_until,
        keep_reason=row.keep_reason if entry.mine_to_change else None,
        keep_days=row.leg.call.site.exemplar_keep_days,
    )


def _answer(session: Session, row: Exemplar) -> Answer | None:
    if row.review is None or row.criterion_id is None:
        return None
    return session.scalar(
        select(Answer).where(
            Answer.revision_id == row.review.current_revision_id,
            Answer.criterion_id == row.criterion_id,
        )
    )
