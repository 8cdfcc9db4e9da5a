"""What the pages of plans and draws show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from models.calls import Call, Project
from models.people import Agent, Site, Team
from models.reviews import Review, Task
from models.samples import Draw, DrawnCall, DrawStratum, SamplePlan
from models.scorecards import Scorecard, ScorecardVersion
from models.vocab import DrawState, Origin, ReviewState, Role, TaskState, VersionState
from pipelines.periods import last_weeks
from pipelines.sampling.checks import late_calls
from pipelines.sampling.rules.settings import ALREADY_REVIEWED, ORDINARY, PlanSettings
from pipelines.sampling.service import Preview
from qa_app.access import Action, Person, visible
from qa_app.calls.blindness import blind_to

CALLS_A_PAGE = 50
COVERAGE_BP, CLOSED_BP = 9_500, 9_000
_ALL_BP = 10_000


@dataclass(frozen=True)
class DrawRow:
    """A draw in a list: how many calls, and how many of them are done with."""

    draw: Draw
    n_drawn: int
    n_closed: int


@dataclass(frozen=True)
class PlanRow:
    """A plan in a list, with its newest draw."""

    plan: SamplePlan
    newest: Draw | None


@dataclass(frozen=True)
class IndexPage:
    """The plans and newest draws of the sites in scope; ``sites`` may get a new plan."""

    plans: tuple[PlanRow, ...]
    archived: tuple[PlanRow, ...]
    draws: tuple[DrawRow, ...]
    sites: tuple[Site, ...]


@dataclass(frozen=True)
class PlanPage:
    """A plan with its rules and draws; ``preview`` where one was asked for."""

    plan: SamplePlan
    settings: PlanSettings
    draws: tuple[DrawRow, ...]
    preview: "PreviewRows | None"


@dataclass(frozen=True)
class StratumRow:
    """A stratum: N, drawn, and what became of the drawn; ``parts`` are its agents' strata."""

    key: str
    n_frame: int
    n_drawn: int
    reviewed: int
    skipped: int
    parts: tuple["StratumRow", ...] = ()

    @property
    def open(self) -> int:
        """Return how many drawn calls still wait."""
        return self.n_drawn - self.reviewed - self.skipped

    @property
    def probability_bp(self) -> int | None:
        """Return the chance of a call to be drawn, in basis points; null where chances differ."""
        rates = {(part.n_drawn * _ALL_BP) // part.n_frame for part in self.parts}
        if len(rates) > 1:
            return None
        return self.n_drawn * _ALL_BP // self.n_frame

    @property
    def provisional(self) -> bool:
        """Tell whether fewer than 90 % of the drawn calls are done with."""
        if self.parts:
            return any(part.provisional for part in self.parts)
        return (self.reviewed + self.skipped) * _ALL_BP < CLOSED_BP * self.n_drawn


@dataclass(frozen=True)
class PreviewRows:
    """What a draw would take, with ordinary strata gathered."""

    start: date
    end: date
    counts: Preview
    strata: tuple[StratumRow, ...]


@dataclass(frozen=True)
class CallRow:
    """A drawn call; ``blind`` hides its stratum and reasons from whoever judges it."""

    drawn: DrawnCall
    agent: str
    status: str
    blind: bool


@dataclass(frozen=True)
class DrawPage:
    """A draw with its strata, its calls (a page of them) and what limits its figures.

    ``hidden``: the person judges some of it, or may, so that no call's reason is shown: the strata
    tell how many there are of each, and the others would leave over that of the one judged.
    """

    draw: Draw
    strata: tuple[StratumRow, ...]
    calls: tuple[CallRow, ...]
    page: int
    pages: int
    n_drawn: int
    late: int
    hidden: bool

    @property
    def coverage_low(self) -> bool:
        """Tell whether under 95 % of the connected calls are recorded."""
        return self.draw.n_recorded * _ALL_BP < COVERAGE_BP * self.draw.n_connected

    @property
    def provisional(self) -> bool:
        """Tell whether any stratum still waits for too many reviews."""
        return any(row.provisional for row in self.strata)

    @property
    def extendable(self) -> tuple[StratumRow, ...]:
        """Return the strata that hold calls not drawn yet."""
        flat = [part for row in self.strata for part in (row.parts or (row,))]
        return tuple(row for row in flat if row.n_drawn < row.n_frame)


def index_page(session: Session, person: Person) -> IndexPage:
    """Return the plans and the newest draws that the person may see."""
    plans = session.scalars(
        visible(person, SamplePlan, Action.PLANS_READ)
        .options(joinedload(SamplePlan.site))
        .order_by(SamplePlan.name, SamplePlan.id)
    ).all()
    draws = session.scalars(
        visible(person, Draw, Action.DRAWS_READ)
        .options(joinedload(Draw.plan).joinedload(SamplePlan.site))
        .order_by(Draw.period_end.desc(), Draw.id.desc())
        .limit(20)
    ).all()
    newest = {draw.plan_id: draw for draw in reversed(draws) if draw.state is not DrawState.VOID}
    rows = [PlanRow(plan, newest.get(plan.id)) for plan in plans]
    return IndexPage(
        plans=tuple(row for row in rows if row.plan.state == "active"),
        archived=tuple(row for row in rows if row.plan.state != "active"),
        draws=_draw_rows(session, draws),
        sites=tuple(session.scalars(visible(person, Site, Action.PLANS_WRITE).order_by(Site.name))),
    )


def plan_page(
    session: Session, person: Person, plan: SamplePlan, preview: PreviewRows | None = None
) -> PlanPage:
    """Return a plan with its newest draws."""
    draws = session.scalars(
        visible(person, Draw, Action.DRAWS_READ)
        .where(Draw.plan_id == plan.id)
        .order_by(Draw.period_end.desc(), Draw.id.desc())
        .limit(30)
    ).all()
    settings = PlanSettings.from_json(plan.settings)
    return PlanPage(plan, settings, _draw_rows(session, draws), preview)


def preview_rows(start: date, end: date, counts: Preview) -> PreviewRows:
    """Gather the strata of a preview."""
    rows = [StratumRow(s.key, s.n_frame, s.n_drawn, 0, 0) for s in counts.strata]
    return PreviewRows(start, end, counts, _gathered(rows))


def usual_period(plan: SamplePlan, now: datetime) -> tuple[date, date]:
    """Return the last whole week of the plan's site that may be drawn by now."""
    today = now.astimezone(ZoneInfo(plan.site.timezone)).date()
    week = last_weeks(today - timedelta(days=plan.settling_days), 1)
    return week.start, week.end


def draw_page(session: Session, person: Person, draw: Draw, page: int, now: datetime) -> DrawPage:
    """Return a draw as the person may see it."""
    total = session.scalar(
        select(func.count()).where(DrawnCall.draw_id == draw.id, DrawnCall.earlier_id.is_(None))
    )
    pages = max(1, -(-(total or 0) // CALLS_A_PAGE))
    page = min(max(1, page), pages)
    return DrawPage(
        draw=draw,
        strata=_gathered(_strata(session, draw)),
        calls=_calls(session, person, draw, page, now),
        page=page,
        pages=pages,
        n_drawn=total or 0,
        late=late_calls(session, draw) if draw.state is DrawState.OPEN else 0,
        hidden=judges_some(session, person, draw, now),
    )


def judges_some(session: Session, person: Person, draw: Draw, now: datetime) -> bool:
    """Tell whether any call of a draw is blind to the person."""
    found = select(DrawnCall.id).where(DrawnCall.draw_id == draw.id, _blind(person, now)).limit(1)
    return session.scalar(found) is not None


def site_choices(
    session: Session, person: Person, site: Site, locale: str
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]:
    """Return what a plan of the site may choose: projects, teams, scorecards by uid."""
    action = Action.PLANS_WRITE
    projects = visible(person, Project, action).where(Project.site_id == site.id)
    teams = visible(person, Team, action).where(Team.site_id == site.id)
    versions = (
        select(ScorecardVersion)
        .join(Scorecard)
        .where(
            ScorecardVersion.state == VersionState.PUBLISHED,
            or_(Scorecard.site_id.is_(None), Scorecard.site_id == site.id),
        )
        .options(joinedload(ScorecardVersion.scorecard))
        .order_by(ScorecardVersion.number)
    )
    cards = {
        str(version.scorecard.uid): version.title.get(locale) or version.title["en"]
        for version in session.scalars(versions)
    }
    return (
        [(row.code, row.name) for row in session.scalars(projects.order_by(Project.name))],
        [(row.code, row.name) for row in session.scalars(teams.order_by(Team.name))],
        sorted(cards.items(), key=lambda item: item[1]),
    )


def _draw_rows(session: Session, draws: Sequence[Draw]) -> tuple[DrawRow, ...]:
    counts = select(
        DrawnCall.draw_id,
        func.count(),
        func.sum(case((or_(DrawnCall.skip_kind.is_not(None), _reviewed()), 1), else_=0)),
    ).where(DrawnCall.draw_id.in_([draw.id for draw in draws]), DrawnCall.earlier_id.is_(None))
    found = {row[0]: row for row in session.execute(counts.group_by(DrawnCall.draw_id))}
    return tuple(DrawRow(draw, *(found.get(draw.id) or (0, 0, 0))[1:]) for draw in draws)


def _reviewed() -> ColumnElement[bool]:
    """Return whether every leg of a drawn call that is to be reviewed has been."""
    own = func.coalesce(DrawnCall.earlier_id, DrawnCall.id)
    # A second reading counts for agreement only: the call is done with when the first is in.
    submitted = exists().where(
        Review.drawn_call_id == own,
        Review.state == ReviewState.SUBMITTED,
        Review.origin == Origin.DRAWN,
    )
    waiting = exists().where(
        Task.drawn_call_id == own,
        Task.origin == Origin.DRAWN,
        Task.state.in_([TaskState.OPEN, TaskState.CLAIMED]),
    )
    return and_(submitted, ~waiting)


def _strata(session: Session, draw: Draw) -> list[StratumRow]:
    earlier = aliased(DrawnCall)
    skipped = func.coalesce(DrawnCall.skip_kind, earlier.skip_kind).is_not(None)
    statement = (
        select(
            DrawStratum.key,
            DrawStratum.n_frame,
            DrawStratum.n_drawn,
            func.sum(case((and_(~skipped, _reviewed()), 1), else_=0)),
            func.sum(case((skipped, 1), else_=0)),
        )
        .join(DrawnCall, DrawnCall.stratum_id == DrawStratum.id)
        .outerjoin(earlier, earlier.id == DrawnCall.earlier_id)
        .where(DrawStratum.draw_id == draw.id)
        .group_by(DrawStratum.id, DrawStratum.key, DrawStratum.n_frame, DrawStratum.n_drawn)
        .order_by(DrawStratum.position)
    )
    return [StratumRow(*row) for row in session.execute(statement)]


def _gathered(rows: Sequence[StratumRow]) -> tuple[StratumRow, ...]:
    """Put the ordinary strata of agents under one row; what was drawn before comes last."""
    agents = [row for row in rows if row.key.startswith(f"{ORDINARY}:")]
    if not agents:
        return tuple(rows)
    whole = StratumRow(
        ORDINARY,
        sum(row.n_frame for row in agents),
        sum(row.n_drawn for row in agents),
        sum(row.reviewed for row in agents),
        sum(row.skipped for row in agents),
        tuple(agents),
    )
    others = [row for row in rows if row not in agents]
    last = [row for row in others if row.key == ALREADY_REVIEWED]
    return (*(row for row in others if row not in last), whole, *last)


def _calls(
    session: Session, person: Person, draw: Draw, page: int, now: datetime
) -> tuple[CallRow, ...]:
    blind = _blind(person, now)
    statement: Select[tuple[DrawnCall, str | None, bool, bool]] = (
        select(DrawnCall, Agent.name, _reviewed(), blind)
        .join(Call, Call.id == DrawnCall.call_id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .where(DrawnCall.draw_id == draw.id, DrawnCall.earlier_id.is_(None))
        .options(joinedload(DrawnCall.call), joinedload(DrawnCall.stratum))
        # Calls stand stratum by stratum: a blind one among them would show its own by its place.
        .order_by(blind, case((blind, Call.started_at)), DrawnCall.position)
        .limit(CALLS_A_PAGE)
        .offset((page - 1) * CALLS_A_PAGE)
    )
    return tuple(
        CallRow(drawn, agent or "", _status(drawn, reviewed=reviewed), blind)
        for drawn, agent, reviewed, blind in session.execute(statement)
    )


def _status(drawn: DrawnCall, *, reviewed: bool) -> str:
    if drawn.skip_kind is not None:
        return drawn.skip_kind.value
    return "reviewed" if reviewed else "open"


def _blind(person: Person, now: datetime) -> ColumnElement[bool]:
    """Return whether the person judges the call, or as a reviewer may still take it."""
    own: ColumnElement[bool] = blind_to(person, DrawnCall.call_id, now)
    if Role.REVIEWER not in person.roles:
        return own
    takeable = exists().where(
        Task.drawn_call_id == DrawnCall.id, Task.state.in_([TaskState.OPEN, TaskState.CLAIMED])
    )
    return or_(own, takeable)
