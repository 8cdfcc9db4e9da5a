"""Skips of people's tasks, composed of review and sampling: confirmed, replaced, undone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.people import User
from models.reviews import Task
from models.samples import Draw, DrawnCall
from models.vocab import Origin, SkipKind
from pipelines import flow
from pipelines.outcomes import DomainError
from pipelines.review import service as review
from pipelines.review import skips
from pipelines.runtime import Runtime
from pipelines.sampling import service as sampling

NO_REPLACEMENT = frozenset(
    {
        "draw_not_open",
        "call_not_replaceable",
        "call_gone",
        "manifest_missing",
        "stratum_exhausted",
        "no_scorecard_for_project",
    }
)


@dataclass(frozen=True)
class Skipped:
    """What became of a skip: it waits for a manager, or brought another call, or neither."""

    waits: bool
    instead: DrawnCall | None = None


def skip_task(
    session: Session,
    runtime: Runtime,
    task: Task,
    user: User,
    *,
    kind: SkipKind,
    reason: str,
    now: datetime,
) -> Skipped:
    """Skip a task for a reason; above 10 % of the draw, or of the person's, a manager confirms.

    A call that is skipped as a whole is replaced by the next number of its stratum.
    """
    _hold_draw(session, task)
    if skips.needs_manager(session, task, user):
        skips.ask(session, task, user, kind, reason, now=now)
        return Skipped(waits=True)
    review.skip(session, task, user, kind, reason, now=now)
    return Skipped(waits=False, instead=_replace_skipped(session, runtime, task, user, now=now))


def decide_skip(
    session: Session,
    runtime: Runtime,
    task: Task,
    manager: User,
    *,
    confirmed: bool,
    now: datetime,
) -> Skipped:
    """Confirm a skip that waits, with its replacement, or have the call reviewed after all."""
    _hold_draw(session, task)
    skips.decide(session, task, manager, confirmed=confirmed, now=now)
    instead = _replace_skipped(session, runtime, task, manager, now=now) if confirmed else None
    return Skipped(waits=False, instead=instead)


def _hold_draw(session: Session, task: Task) -> None:
    """Have skips of one draw come one by one.

    Else two legs of a call skipped at once would both see the other still with its reviewer, and
    the call would never be replaced. Draw before task, as when a draw is declared void.
    """
    drawn = session.get(DrawnCall, task.drawn_call_id) if task.drawn_call_id else None
    if drawn is not None:
        session.get_one(Draw, drawn.draw_id, with_for_update=True)


def _replace_skipped(
    session: Session, runtime: Runtime, task: Task, actor: User, *, now: datetime
) -> DrawnCall | None:
    drawn = session.get(DrawnCall, task.drawn_call_id) if task.drawn_call_id else None
    if task.origin is not Origin.DRAWN or drawn is None or drawn.skip_kind is None:
        return None
    kind, reason = drawn.skip_kind, drawn.skip_reason or ""
    try:
        # A replacement without its tasks is none: both are there, or neither.
        with session.begin_nested():
            return flow.replace_call(session, runtime, drawn, kind, reason, now=now, actor=actor)
    except DomainError as error:
        # The skip stands without a replacement: nobody is made to review what cannot be heard.
        if error.code not in NO_REPLACEMENT:
            raise
        return None


def undo_skip(session: Session, task: Task, user: User, *, now: datetime) -> None:
    """Take a skip back, with the call drawn instead, while nobody has touched that one."""
    _hold_draw(session, task)
    instead = skips.check_undoable(session, task, user)
    if instead is not None:
        skips.withdraw_call(session, instead)
        sampling.take_back(session, instead, now=now, actor=user)
    skips.undo(session, task, user, now=now)
