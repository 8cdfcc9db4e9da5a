"""What each role wants first, counted within the person's scope."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from models.base import Base
from models.calls import Leg
from models.operations import ImportFile, Job
from models.people import User, UserRole
from models.reviews import Exemplar, Objection, Review, SelfAssessment, Task
from models.samples import Draw
from models.vocab import AssessmentState, DrawState, JobState, ObjectionState, Role, TaskState
from qa_app.access import Action, Person, visible
from qa_app.calls.blindness import blind_to

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
            RoleStart(role, _first(role, count), _STARTS[role](count, person, now))
            for role in Role
            if role in person.roles
        )
    )


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
        _objections(count),
    )


def _objections(count: _Counter) -> Tile:
    waiting = count(Objection, Action.OBJECTIONS_ANSWER, Objection.state == ObjectionState.OPEN)
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
        Tile(shown, _l("exemplary calls to learn from"), "star", "exemplars.index"),
    )


def _exemplars(count: _Counter, person: Person, now: datetime) -> int:
    """Count what the list shows: not the calls that the person judges at the moment."""
    review, judged = aliased(Review), aliased(Leg)
    open_to_see = exists().where(
        review.id == Exemplar.review_id,
        judged.id == review.leg_id,
        ~blind_to(person, judged.call_id, now),
    )
    return count(Exemplar, Action.EXEMPLARS_READ, open_to_see)


def _trainer(count: _Counter, person: Person, now: datetime) -> tuple[Tile, ...]:
    fresh = count(Review, Action.REVIEWS_READ, Review.submitted_at > now - RECENT)
    chosen = _exemplars(count, person, now)
    return (
        Tile(fresh, _l("reviews of the last seven days"), "list", "feedback.index"),
        Tile(chosen, _l("exemplary calls chosen"), "star", "exemplars.index"),
    )


def _manager(count: _Counter, _person: Person, now: datetime) -> tuple[Tile, ...]:
    unfinished = Task.state.in_((TaskState.OPEN, TaskState.CLAIMED))
    late = count(Task, Action.TASKS_MANAGE, unfinished, Task.due_at < now)
    left = count(Task, Action.TASKS_MANAGE, unfinished)
    running = count(Draw, Action.DRAWS_READ, Draw.state == DrawState.OPEN)
    fresh = count(Review, Action.REVIEWS_READ, Review.submitted_at > now - RECENT)
    return (
        Tile(fresh, _l("reviews of the last seven days"), "chart", "dashboards.index"),
        Tile(left, _l("reviews still to be made"), "clock", "tasks.index", left > 0, late > 0),
        Tile(running, _l("draws under review"), "dice", "sampling.index"),
        _objections(count),
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
