"""What the pages of live reviews show. Once its call is on file, a review is read as feedback."""

import datetime as dt
import uuid
from dataclasses import dataclass

from flask import abort
from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from models.calls import Leg, Project
from models.people import Agent
from models.reviewing import LiveReview
from models.vocab import ReviewState
from pipelines.scoring.service import version_rule
from qa_app import figures
from qa_app.access import Action, OutOfScope, Person, load, may, visible
from qa_app.calls.blindness import blind_to
from qa_app.guides.beside import GuideBeside, guides_beside
from qa_app.reviews.sheets import CriterionView, SheetView, form_for, view_sheet

NEWEST = 50


@dataclass(frozen=True)
class LiveCall:
    """What is known of a call heard live."""

    project: str
    agent: str
    begun_at: dt.datetime
    timezone: str


@dataclass(frozen=True)
class LiveRow:
    """A live review in a list; ``feedback`` leads to the review once the call is on file."""

    uid: uuid.UUID
    call: LiveCall
    reviewer: str
    submitted_at: dt.datetime | None
    answered: int
    feedback: uuid.UUID | None


@dataclass(frozen=True)
class IndexPage:
    """Drafts of mine, and what is in."""

    drafts: tuple[LiveRow, ...]
    done: tuple[LiveRow, ...]
    may_begin: bool


@dataclass(frozen=True)
class WritePage:
    """The scorecard of a call that is being heard."""

    uid: uuid.UUID
    call: LiveCall
    sheet: SheetView
    saved_at: dt.datetime
    guides: tuple[GuideBeside, ...]


@dataclass(frozen=True)
class ShowPage:
    """A live review that waits for its call: what earned points, then what is still open."""

    call: LiveCall
    reviewer: str
    submitted_at: dt.datetime
    sheet: SheetView
    summary: str

    @property
    def earning(self) -> tuple[CriterionView, ...]:
        """Return the criteria that earned points."""
        return tuple(item for item in self._items() if item.part.earned)

    @property
    def still_open(self) -> tuple[CriterionView, ...]:
        """Return the criteria with points left, but those that did not apply."""
        return tuple(
            item
            for item in self._items()
            if item.open and item.part.attainable > item.part.earned and not item.rule.bonus
        )

    def _items(self) -> list[CriterionView]:
        return [item for section in self.sheet.sections for item in section.criteria]


def _call(live: LiveReview) -> LiveCall:
    return LiveCall(live.project.name, live.agent.name, live.begun_at, live.site.timezone)


def index_page(session: Session, person: Person, now: dt.datetime) -> IndexPage:
    """List live reviews in scope, newest first; of a call that the person judges, none."""
    judged = aliased(Leg)
    shown = (
        visible(person, LiveReview, Action.LIVE_READ)
        .outerjoin(judged, judged.id == LiveReview.leg_id)
        .where(or_(judged.id.is_(None), ~blind_to(person, judged.call_id, now)))
        .where(_goes_to(session, person))
        .options(
            joinedload(LiveReview.project),
            joinedload(LiveReview.agent),
            joinedload(LiveReview.site),
            joinedload(LiveReview.reviewer),
            joinedload(LiveReview.review),
        )
        .order_by(LiveReview.begun_at.desc(), LiveReview.id.desc())
        .limit(NEWEST)
    )
    drafts = session.scalars(
        shown.where(LiveReview.state == ReviewState.DRAFT, LiveReview.reviewer_id == person.id)
    )
    done = session.scalars(shown.where(LiveReview.state == ReviewState.SUBMITTED))
    return IndexPage(
        drafts=tuple(_row(live) for live in drafts.unique()),
        done=tuple(_row(live) for live in done.unique()),
        may_begin=may(person, Action.LIVE_WRITE),
    )


def _row(live: LiveReview) -> LiveRow:
    return LiveRow(
        uid=live.uid,
        call=_call(live),
        reviewer=live.reviewer.display_name if live.reviewer else "–",
        submitted_at=live.submitted_at,
        answered=sum(entry.get("answer") is not None for entry in live.draft.values()),
        feedback=live.review.uid if live.review else None,
    )


def _goes_to(session: Session, person: Person) -> ColumnElement[bool]:
    """Return the condition that what a review says of its agent goes as far as to the person."""
    own = false() if person.agent_id is None else LiveReview.agent_id == person.agent_id
    led = figures.shown(session, person, LiveReview.site_id, LiveReview.team_id)
    return or_(LiveReview.reviewer_id == person.id, own, led)


def agent_choices(session: Session, person: Person) -> list[tuple[str, str]]:
    """Return uid and name of the agents in scope, but the person's own."""
    agents = session.scalars(
        visible(person, Agent, Action.LIVE_WRITE).order_by(Agent.name, Agent.id)
    )
    return [
        (str(agent.uid), f"{agent.name} ({agent.code})")
        for agent in agents
        if agent.id != person.agent_id
    ]


def project_choices(session: Session, person: Person) -> list[tuple[str, str]]:
    """Return uid and name of the projects that have a scorecard."""
    projects = session.scalars(
        visible(person, Project, Action.LIVE_WRITE)
        .where(Project.scorecard_id.is_not(None))
        .order_by(Project.name, Project.id)
    )
    return [(str(project.uid), project.name) for project in projects]


def own_draft(session: Session, person: Person, uid: uuid.UUID) -> LiveReview:
    """Return a live review that the person still writes, or answer 404."""
    live = load(session, person, Action.LIVE_WRITE, LiveReview, uid)
    if live.state is not ReviewState.DRAFT:
        abort(404)
    return live


def write_page(
    session: Session, person: Person, live: LiveReview, sheet: SheetView | None = None
) -> WritePage:
    """Gather the form; ``sheet`` is what was just sent, else the stored draft is shown."""
    return WritePage(
        uid=live.uid,
        call=_call(live),
        sheet=sheet or _stored(session, live),
        saved_at=live.saved_at,
        guides=guides_beside(session, person, live.project_id),
    )


def _stored(session: Session, live: LiveReview) -> SheetView:
    version = version_rule(session, live.version_id)
    form = form_for(version, live.draft, live.lock_version, live.summary, notes=live.notes)
    return view_sheet(version, form, live.draft)


def shown(session: Session, person: Person, uid: uuid.UUID, now: dt.datetime) -> LiveReview:
    """Return a submitted live review that the person may read; 404 while they judge its call."""
    live = load(session, person, Action.LIVE_READ, LiveReview, uid)
    if live.state is not ReviewState.SUBMITTED:
        abort(404)
    judged = select(Leg.id).where(Leg.id == live.leg_id, blind_to(person, Leg.call_id, now))
    goes = select(LiveReview.id).where(LiveReview.id == live.id, _goes_to(session, person))
    if session.scalar(judged) is not None or session.scalar(goes) is None:
        raise OutOfScope(LiveReview, uid, Action.LIVE_READ)
    return live


def show_page(session: Session, live: LiveReview) -> ShowPage:
    """Gather a live review whose call has not been found yet."""
    return ShowPage(
        call=_call(live),
        reviewer=live.reviewer.display_name if live.reviewer else "–",
        submitted_at=live.submitted_at or live.saved_at,
        sheet=_stored(session, live),
        summary=live.summary,
    )
