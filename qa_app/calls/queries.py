"""What the call pages show, read in one go each."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from babel import numbers
from flask_babel import LazyString, get_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload
from wtforms.fields.choices import SelectChoice

from models.calls import Call, Complaint, Leg, Project, Recording, Survey
from models.people import Agent
from models.transcripts import Transcript
from models.vocab import (
    ComplaintCause,
    ComplaintStatus,
    Direction,
    Outcome,
    RecordingState,
    Role,
    Satisfaction,
    TranscriptState,
)
from qa_app.access import Action, load, visible
from qa_app.calls.accesses import AccessRow, of_call
from qa_app.calls.blindness import is_blind
from qa_app.calls.player import PlayerView, player_view
from qa_app.calls.sides import layout_to_correct
from qa_app.calls.tokens import PlayToken
from qa_app.permissions import Person, may
from qa_app.phrases.marks import may_see_marks

__all__ = ["PlayerView", "player_view"]

PAGE = 50
USUAL_DAYS = 14

DIRECTIONS = {Direction.IN: _l("Incoming"), Direction.OUT: _l("Outgoing")}
OUTCOMES = {
    Outcome.SUCCESS: _l("Success"),
    Outcome.NO_SUCCESS: _l("No success"),
    Outcome.UNKNOWN: _l("Unknown"),
}
SATISFACTIONS = {
    Satisfaction.SATISFIED: _l("Satisfied"),
    Satisfaction.NEUTRAL: _l("Neutral"),
    Satisfaction.DISSATISFIED: _l("Dissatisfied"),
    Satisfaction.INVALID: _l("Not a valid answer"),
}
CAUSES = {
    ComplaintCause.ATTITUDE: _l("Attitude"),
    ComplaintCause.MISLEADING: _l("Misleading"),
    ComplaintCause.PROCESS: _l("Process"),
    ComplaintCause.PRODUCT: _l("Product"),
    ComplaintCause.OTHER: _l("Other"),
}
COMPLAINT_STATES = {
    ComplaintStatus.OPEN: _l("Being examined"),
    ComplaintStatus.UPHELD: _l("Upheld"),
    ComplaintStatus.NOT_UPHELD: _l("Not upheld"),
}


@dataclass(frozen=True)
class Wanted:
    """Which calls to list; local days of the calls' sites, both included."""

    start: date | None = None
    end: date | None = None
    project: uuid.UUID | None = None
    agent: uuid.UUID | None = None
    direction: Direction | None = None
    key: str = ""
    recorded: bool = False
    page: int = 1


@dataclass(frozen=True)
class CallRow:
    """A call in the list: nothing that judges it, so that the list is the same for everybody."""

    uid: uuid.UUID
    key: str
    started_at: datetime
    timezone: str
    project: str
    direction: LazyString
    agent: str
    team: str
    talk_ms: int
    transfers: int
    sound: LazyString | None
    heard: bool
    read: bool


@dataclass(frozen=True)
class CallsPage:
    """The list of calls in a person's scope, one page of it."""

    rows: tuple[CallRow, ...]
    total: int
    page: int
    pages: int
    may_export: bool


def usual_start(today: date) -> date:
    """Return the first day that the list shows when nothing was asked for."""
    return today - timedelta(days=USUAL_DAYS)


def project_choices(session: Session, person: Person) -> list[SelectChoice]:
    """Return uid and name of the projects in scope."""
    projects = session.scalars(
        visible(person, Project, Action.CALLS_READ).order_by(Project.name)
    ).all()
    return [SelectChoice(str(project.uid), project.name) for project in projects]


def agent_choices(session: Session, person: Person) -> list[SelectChoice]:
    """Return uid and name of the agents in scope."""
    agents = session.scalars(visible(person, Agent, Action.CALLS_READ).order_by(Agent.name)).all()
    return [SelectChoice(str(agent.uid), f"{agent.name} ({agent.code})") for agent in agents]


def fitting(statement: Select[Call], wanted: Wanted) -> Select[Call]:
    """Return those of the calls that fit what is wanted."""
    if wanted.start:
        statement = statement.where(Call.local_date >= wanted.start)
    if wanted.end:
        statement = statement.where(Call.local_date <= wanted.end)
    if wanted.project:
        statement = statement.where(Call.project.has(Project.uid == wanted.project))
    if wanted.agent:
        statement = statement.where(Call.legs.any(Leg.agent.has(Agent.uid == wanted.agent)))
    if wanted.direction:
        statement = statement.where(Call.direction == wanted.direction)
    if wanted.key:
        statement = statement.where(Call.source_key == wanted.key)
    if wanted.recorded:
        statement = statement.where(Call.recording.has(Recording.state == RecordingState.PRESENT))
    return statement


def index_page(session: Session, person: Person, wanted: Wanted) -> CallsPage:
    """Return a page of the calls that the person may see, newest first."""
    statement = fitting(visible(person, Call, Action.CALLS_READ), wanted)
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    calls = session.scalars(
        statement.options(
            joinedload(Call.project),
            joinedload(Call.site),
            joinedload(Call.agent),
            joinedload(Call.team),
            joinedload(Call.recording),
        )
        .order_by(Call.started_at.desc(), Call.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    read = _with_transcript(session, person, calls)
    rows = tuple(
        _row(call, read=call.recording is not None and call.recording.id in read) for call in calls
    )
    may_export = may(person, Action.CALLS_EXPORT)
    return CallsPage(rows=rows, total=total, page=page, pages=pages, may_export=may_export)


def _with_transcript(session: Session, person: Person, calls: Sequence[Call]) -> set[int]:
    recordings = [call.recording.id for call in calls if call.recording]
    transcripts = session.scalars(
        visible(person, Transcript, Action.CALLS_READ).where(
            Transcript.recording_id.in_(recordings), Transcript.state == TranscriptState.DONE
        )
    )
    return {transcript.recording_id for transcript in transcripts}


SOUNDS = {
    RecordingState.PRESENT: _l("Recorded"),
    RecordingState.EXPIRED: _l("Audio deleted"),
    RecordingState.ERASED: _l("Erased"),
}


def _row(call: Call, *, read: bool) -> CallRow:
    state = call.recording.state if call.recording else None
    return CallRow(
        uid=call.uid,
        key=call.source_key,
        started_at=call.started_at,
        timezone=call.site.timezone,
        project=call.project.name,
        direction=DIRECTIONS[call.direction],
        agent=call.agent.name if call.agent else "",
        team=call.team.name if call.team else "",
        talk_ms=call.talk_ms,
        transfers=call.transfers,
        sound=SOUNDS[state] if state else None,
        heard=state is RecordingState.PRESENT,
        read=read,
    )


@dataclass(frozen=True)
class LegView:
    """One agent's part of the call, where the person may see it."""

    position: int
    agent: str
    team: str
    talk_ms: int
    hold_ms: int


@dataclass(frozen=True)
class RecordsView:
    """What others said about the call: shown to those who lead, never to who is judging it."""

    outcome: LazyString
    tier: str | None
    value: str
    surveys: tuple[tuple[datetime, str, LazyString], ...]
    complaints: tuple[tuple[datetime, LazyString, LazyString], ...]


@dataclass(frozen=True)
class CallPage:
    """One call: its course, its recording once opened, who heard it, and what is known of it.

    ``player`` is null until the person has said why; ``opens`` tells whether there is anything to
    open. ``records`` is null for those who may not see it; ``blind`` says that it is so for now.
    """

    row: CallRow
    wait_ms: int
    hold_ms: int
    recording_notice: bool
    by_robot: bool
    legs: tuple[LegView, ...]
    other_legs: int
    player: PlayerView | None
    opens: bool
    listenings: tuple[AccessRow, ...]
    records: RecordsView | None
    blind: bool
    may_unmask: bool
    layout: str = ""
    own_leg: uuid.UUID | None = None


def show_page(
    session: Session, person: Person, uid: uuid.UUID, token: PlayToken | None, at_ms: int = 0
) -> CallPage:
    """Return one call; ``token`` is the opening that the person has given a purpose for.

    ``at_ms`` is where its player begins.
    """
    call = load(session, person, Action.CALLS_READ, Call, uid)
    recording = call.recording
    blind = is_blind(session, person, call.id)
    legs = session.scalars(
        visible(person, Leg, Action.CALLS_READ)
        .where(Leg.call_id == call.id)
        .options(joinedload(Leg.agent), joinedload(Leg.team))
        .order_by(Leg.position)
    ).all()
    may_open = recording is not None and _may_listen(session, person, recording)
    may_unmask = recording is not None and _may_unmask(session, person, recording)
    player = None
    if recording is not None and may_open and token and token.recording_uid == recording.uid:
        if token.unmasked and not may_unmask:
            token = replace(token, unmasked=False)
        hits = not blind and may_see_marks(session, person, recording)
        player = player_view(session, person, recording, token.purpose, token=token, hits=hits)
        player = replace(player, at_ms=min(at_ms, recording.duration_ms))
    transcript = recording is not None and bool(_with_transcript(session, person, [call]))
    return CallPage(
        row=_row(call, read=transcript),
        wait_ms=call.wait_ms,
        hold_ms=call.hold_ms,
        recording_notice=call.recording_notice,
        by_robot=call.by_robot,
        legs=tuple(
            LegView(
                position=leg.position,
                agent=leg.agent.name if leg.agent else "",
                team=leg.team.name if leg.team else "",
                talk_ms=leg.talk_ms,
                hold_ms=leg.hold_ms,
            )
            for leg in legs
        ),
        other_legs=call.transfers + 1 - len(legs) if legs else 0,
        player=player,
        opens=recording is not None
        and may_open
        and (recording.state is RecordingState.PRESENT or transcript),
        listenings=of_call(session, call, blind=blind),
        records=None if blind else _records(session, person, call),
        blind=blind,
        may_unmask=may_unmask,
        layout=layout_to_correct(session, person, recording) if recording and player else "",
        own_leg=next((x.uid for x in legs if x.agent_id and x.agent_id == person.agent_id), None),
    )


def _may_listen(session: Session, person: Person, recording: Recording) -> bool:
    found = session.scalar(
        visible(person, Recording, Action.CALLS_LISTEN).where(Recording.id == recording.id)
    )
    return found is not None


def _may_unmask(session: Session, person: Person, recording: Recording) -> bool:
    found = session.scalar(
        visible(person, Recording, Action.CALLS_UNMASK).where(Recording.id == recording.id)
    )
    return found is not None


def openable(
    session: Session, person: Person, uid: uuid.UUID, action: Action = Action.CALLS_LISTEN
) -> Recording | None:
    """Return the recording of a call that the person may see and hear, or 404; null without one.

    ``action`` is what for: to hear it, or to see the personal data in it as well.
    """
    call = load(session, person, Action.CALLS_READ, Call, uid)
    if call.recording is None:
        return None
    return load(session, person, action, Recording, call.recording.uid)


def transcript_of(session: Session, recording: Recording) -> Transcript | None:
    """Return the transcript of a recording that the person may see, with its turns."""
    return session.scalar(
        select(Transcript)
        .where(Transcript.recording_id == recording.id)
        .options(selectinload(Transcript.turns))
    )


def _records(session: Session, person: Person, call: Call) -> RecordsView | None:
    # Leading one team opens nothing of a call that the person only took for another.
    leads = tuple(grant for grant in person.grants if grant.role in {Role.MANAGER, Role.TRAINER})
    led = visible(replace(person, grants=leads), Call, Action.CALLS_READ).where(Call.id == call.id)
    if session.scalar(led) is None:
        return None
    surveys = session.scalars(
        visible(person, Survey, Action.CALLS_READ)
        .where(Survey.call_id == call.id, Survey.answered_at.is_not(None))
        .order_by(Survey.answered_at)
    ).all()
    complaints = session.scalars(
        visible(person, Complaint, Action.CALLS_READ)
        .where(Complaint.call_id == call.id)
        .order_by(Complaint.received_at)
    ).all()
    return RecordsView(
        outcome=OUTCOMES[call.outcome],
        tier=call.customer_tier,
        value=_money(call.customer_value_minor, call.currency),
        surveys=tuple(
            (survey.answered_at, survey.reply or "", SATISFACTIONS[survey.satisfaction])
            for survey in surveys
            if survey.answered_at and survey.satisfaction
        ),
        complaints=tuple(
            (complaint.received_at, CAUSES[complaint.cause], COMPLAINT_STATES[complaint.status])
            for complaint in complaints
        ),
    )


def _money(minor: int | None, currency: str | None) -> str:
    if minor is None or currency is None:
        return ""
    return numbers.format_currency(Decimal(minor) / 100, currency, locale=get_locale())
