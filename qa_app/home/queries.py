"""What each role wants first, counted within the person's scope."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from models.base import Base
from models.calls import Leg
from models.coaching import CoachingSession, CoachingStep
from models.disputes import Dispute
from models.operations import ImportFile, Job
from models.people import Agent, TeamMember, User, UserRole
from models.practice import QuizItem
from models.reviews import Exemplar, Objection, Review, SelfAssessment, Task
from models.samples import Draw
from models.vocab import (
    AssessmentState,
    DrawState,
    JobState,
    ObjectionState,
    Role,
    TaskState,
)
from models.vocab_learning import ExemplarState
from qa_app.access import Action, Person, visible
from qa_app.calls.blindness import blind_to, may_judge
from qa_app.coaching.queries import unblind
from qa_app.feedback.queries import to_decide
from qa_app.helping.queries import waiting_for
from qa_app.practice.owed import is_owed
from qa_app.targets.queries import TargetView, held_by

RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Tile:
    """A count that leads somewhere. ``waits``: asks for something; ``late``: should be over."""

    count: int
    label: LazyString
    icon: str
    endpoint: str
    waits: bool = False
    late: bool = False


@dataclass(frozen=True)
class First:
    """The one thing that a role comes for; ``posts`` when it is an act rather than a page."""

    label: LazyString
    icon: str
    endpoint: str
    posts: bool = False


@dataclass(frozen=True)
class RoleStart:
    """What one role finds on the start page, the most pressing first."""

    role: Role
    first: First
    tiles: tuple[Tile, ...]
    targets: tuple[TargetView, ...] = ()


@dataclass(frozen=True)
class StartPage:
    """The start page of one person, by role."""

    roles: tuple[RoleStart, ...]


class _Counter:
    """Counts rows that the person may see."""

    def __init__(self, session: Session, person: Person) -> None:
        self.session, self.person = session, person

    def __call__(self, model: type[Base], action: Action, *where: ColumnElement[bool]) -> int:
        seen = visible(self.person, model, action).where(*where).with_only_columns(model.id)  # type: ignore[attr-defined]  # every counted table has one
        return self.session.scalar(select(func.count()).select_from(seen.subquery())) or 0


def start_page(session: Session, person: Person, now: datetime) -> StartPage:
    """Count what waits for the person in each of their roles."""
    count = _Counter(session, person)
    return StartPage(
        tuple(
            RoleStart(
                role,
                _first(role, count),
                _tiles(role, count, person, now),
                _targets(session, person, now) if role is Role.AGENT else (),
            )
            for role in Role
            if role in person.roles
        )
    )


def _targets(session: Session, person: Person, now: datetime) -> tuple[TargetView, ...]:
    """Return what the agent's team aims at today, what is in focus first."""
    if person.agent_id is None:
        return ()
    agent = session.get_one(Agent, person.agent_id)
    today = now.astimezone(ZoneInfo(agent.site.timezone)).date()
    teams = session.scalars(
        select(TeamMember.team_id).where(
            TeamMember.agent_id == agent.id, TeamMember.valid_to.is_(None)
        )
    ).all()
    return held_by(session, agent.site_id, tuple(teams), today)


def _disputes(count: _Counter, person: Person, now: datetime) -> Tile:
    waiting = to_decide(count.session, person, now)
    late = any(one.due_at < now for one in waiting)
    return Tile(
        len(waiting),
        _l("disputes to decide"),
        "message",
        "disputes.index",
        bool(waiting),
        late,
    )


def _help(count: _Counter, person: Person, now: datetime, label: LazyString) -> Tile:
    waiting = waiting_for(count.session, person, now)
    return Tile(waiting, label, "users", "helping.index", waiting > 0)


def _coached(count: _Counter, person: Person, now: datetime) -> tuple[Tile, ...]:
    """Count talks to read and steps to take: nothing about a call the person judges still."""
    mine = (CoachingSession.agent_id == person.agent_id, unblind(person, now))
    unread = count(CoachingSession, Action.COACHING_READ, CoachingSession.read_at.is_(None), *mine)
    still = exists().where(CoachingSession.id == CoachingStep.session_id, *mine)
    today = now.date()
    steps = count(CoachingStep, Action.COACHING_READ, CoachingStep.done_at.is_(None), still)
    late = count(
        CoachingStep,
        Action.COACHING_READ,
        CoachingStep.done_at.is_(None),
        CoachingStep.due_on < today,
        still,
    )
    return (
        Tile(unread, _l("talks to read"), "school", "coaching.index", unread > 0),
        Tile(steps, _l("agreed steps to take"), "check", "coaching.index", steps > 0, late > 0),
    )


def _tiles(role: Role, count: _Counter, person: Person, now: datetime) -> tuple[Tile, ...]:
    tiles = _STARTS[role](count, person, now)
    # Those who lead are seldom asked to practise: they meet it where they are, and only then.
    if role in (Role.TRAINER, Role.MANAGER) and (practice := _practice(count, person, now)).count:
        return (*tiles, practice)
    return tiles


def _first(role: Role, count: _Counter) -> First:
    if role is Role.REVIEWER and count(Task, Action.TASKS_WORK, Task.state == TaskState.OPEN):
        return First(_l("Take the next call"), "headphones", "reviews.take_next", posts=True)
    return _FIRST[role]


_FIRST: dict[Role, First] = {
    Role.REVIEWER: First(_l("My reviews"), "list", "reviews.queue"),
    Role.AGENT: First(_l("My calls"), "checklist", "assessments.index"),
    Role.TRAINER: First(_l("Read feedback"), "message", "feedback.index"),
    Role.MANAGER: First(_l("Dashboard"), "chart", "dashboards.index"),
    Role.ADMIN: First(_l("Bring files in"), "upload", "imports.new"),
}


def _reviewer(count: _Counter, person: Person, now: datetime) -> tuple[Tile, ...]:
    mine = (Task.assignee_id == person.id, Task.state == TaskState.CLAIMED)
    begun = count(Task, Action.TASKS_WORK, *mine)
    late = count(Task, Action.TASKS_WORK, *mine, Task.due_at < now)
    free = count(Task, Action.TASKS_WORK, Task.state == TaskState.OPEN)
    return (
        Tile(begun, _l("reviews you have begun"), "edit", "reviews.queue", begun > 0, late > 0),
        Tile(free, _l("calls waiting to be heard"), "headphones", "reviews.queue", free > 0),
        _objections(count, person, now),
        _disputes(count, person, now),
        _practice(count, person, now),
    )


def _objections(count: _Counter, person: Person, now: datetime) -> Tile:
    """Count what the list shows: an objection to a score of a call tells of that score."""
    judged, scored = aliased(Leg), aliased(Review)
    open_to_see = exists().where(
        scored.id == Objection.review_id,
        judged.id == scored.leg_id,
        ~blind_to(person, judged.call_id, now),
    )
    is_open = Objection.state == ObjectionState.OPEN
    waiting = count(Objection, Action.OBJECTIONS_ANSWER, is_open, open_to_see)
    return Tile(waiting, _l("objections to answer"), "message", "feedback.index", waiting > 0)


def _agent(count: _Counter, person: Person, now: datetime) -> tuple[Tile, ...]:
    asked = (
        SelfAssessment.state == AssessmentState.ASKED,
        SelfAssessment.agent_id == person.agent_id,
    )
    open_ones = count(SelfAssessment, Action.ASSESSMENTS_WRITE, *asked)
    late = count(SelfAssessment, Action.ASSESSMENTS_WRITE, *asked, SelfAssessment.due_at < now)
    judged = aliased(Leg)
    # Feedback shows itself only when the own assessment is in: until then it is not counted. As
    # a reviewer the person may see reviews of others too, which are not the person's to read.
    unread = count(
        Review,
        Action.FEEDBACK_RESPOND,
        Review.acknowledged_at.is_(None),
        exists().where(judged.id == Review.leg_id, ~blind_to(person, judged.call_id, now)),
    )
    shown = _exemplars(count, person, now)
    return (
        Tile(
            open_ones,
            _l("own calls to assess"),
            "checklist",
            "assessments.index",
            open_ones > 0,
            late > 0,
        ),
        Tile(unread, _l("reviews with feedback to read"), "message", "feedback.index", unread > 0),
        *_decided(count, now),
        *_coached(count, person, now),
        *_paired(count, person, now),
        Tile(shown, _l("exemplary calls to learn from"), "star", "exemplars.index"),
        _practice(count, person, now),
    )


def _decided(count: _Counter, now: datetime) -> tuple[Tile, ...]:
    """Count own disputes that were decided lately, when there are any."""
    decided = count(Dispute, Action.FEEDBACK_RESPOND, Dispute.decided_at > now - RECENT)
    label = _l("disputes decided in the last seven days")
    return (Tile(decided, label, "message", "feedback.index"),) if decided else ()


def _paired(count: _Counter, person: Person, now: datetime) -> tuple[Tile, ...]:
    """Count colleagues who would like to work with the agent, when there is one."""
    if Role.TRAINER in person.roles or Role.MANAGER in person.roles:
        return ()
    tile = _help(count, person, now, _l("colleagues who ask to work with you"))
    return (tile,) if tile.count else ()


def _exemplars(count: _Counter, person: Person, now: datetime) -> int:
    """Count what the list shows: not the calls that the person judges or may yet take."""
    judged = aliased(Leg)
    open_to_see = exists().where(
        judged.id == Exemplar.leg_id, ~may_judge(person, judged.call_id, now)
    )
    return count(Exemplar, Action.EXEMPLARS_READ, open_to_see)


def _practice(count: _Counter, person: Person, now: datetime) -> Tile:
    scored = aliased(Leg)
    owed = exists().where(scored.id == QuizItem.leg_id, is_owed(person, QuizItem, scored, now))
    waiting = count(QuizItem, Action.PRACTICE_DO, owed)
    return Tile(waiting, _l("calls to practise on"), "school", "practice.index", waiting > 0)


def _trainer(count: _Counter, person: Person, now: datetime) -> tuple[Tile, ...]:
    fresh = count(Review, Action.REVIEWS_READ, Review.submitted_at > now - RECENT)
    chosen = _exemplars(count, person, now)
    back = Exemplar.state == ExemplarState.ASKED_BACK
    asked = count(Exemplar, Action.EXEMPLARS_CHOOSE, back)
    return (
        Tile(fresh, _l("reviews of the last seven days"), "list", "feedback.index"),
        Tile(chosen, _l("exemplary calls chosen"), "star", "exemplars.index"),
        _help(count, person, now, _l("agents who ask for help")),
        Tile(
            asked,
            _l("exemplars asked back by their agents"),
            "message",
            "exemplars.index",
            asked > 0,
        ),
    )


def _manager(count: _Counter, person: Person, now: datetime) -> tuple[Tile, ...]:
    unfinished = Task.state.in_((TaskState.OPEN, TaskState.CLAIMED))
    late = count(Task, Action.TASKS_MANAGE, unfinished, Task.due_at < now)
    left = count(Task, Action.TASKS_MANAGE, unfinished)
    running = count(Draw, Action.DRAWS_READ, Draw.state == DrawState.OPEN)
    fresh = count(Review, Action.REVIEWS_READ, Review.submitted_at > now - RECENT)
    return (
        Tile(fresh, _l("reviews of the last seven days"), "chart", "dashboards.index"),
        Tile(left, _l("reviews still to be made"), "clock", "tasks.index", left > 0, late > 0),
        Tile(running, _l("draws under review"), "dice", "sampling.index"),
        _objections(count, person, now),
        _disputes(count, person, now),
        _help(count, person, now, _l("agents who ask for help")),
    )


def _admin(count: _Counter, _person: Person, now: datetime) -> tuple[Tile, ...]:
    failed = count(Job, Action.JOBS_READ, Job.state == JobState.FAILED)
    rejects = count(
        ImportFile,
        Action.IMPORTS_READ,
        ImportFile.rows_rejected > 0,
        ImportFile.created_at > now - RECENT,
    )
    unplaced = count(
        User,
        Action.PEOPLE_READ,
        User.disabled_at.is_(None),
        ~exists().where(UserRole.user_id == User.id),
    )
    people = count(User, Action.PEOPLE_READ, User.disabled_at.is_(None))
    return (
        Tile(failed, _l("jobs that failed"), "engine", "operations.jobs", late=failed > 0),
        Tile(
            rejects,
            _l("imports of the last seven days with rejected rows"),
            "upload",
            "imports.index",
            rejects > 0,
        ),
        Tile(unplaced, _l("people without a role"), "key", "people.index", unplaced > 0),
        Tile(people, _l("people who may enter"), "users", "people.index"),
    )


_STARTS: dict[Role, Callable[[_Counter, Person, datetime], tuple[Tile, ...]]] = {
    Role.REVIEWER: _reviewer,
    Role.AGENT: _agent,
    Role.TRAINER: _trainer,
    Role.MANAGER: _manager,
    Role.ADMIN: _admin,
}
