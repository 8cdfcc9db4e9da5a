"""Sample plans: made, changed and laid aside by managers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Site, User
from models.samples import SamplePlan
from models.scorecards import Scorecard
from models.vocab import PlanState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.sampling.rules.settings import PlanSettings


@dataclass(frozen=True)
class PlanValues:
    """What a manager decides about a plan; no scorecard means that of each call's project."""

    name: str
    settings: PlanSettings
    scorecard: Scorecard | None = None
    settling_days: int = 3
    due_days: int = 7
    self_assessment_days: int = 7
    nightly: bool = False
    phrase_hits: bool = False
    second_share_bp: int = 0
    no_colleagues: bool = False


def create_plan(
    session: Session, site: Site, values: PlanValues, *, now: datetime, actor: User | None
) -> SamplePlan:
    """Make a plan of the site; ``plan_name_taken`` where the site has one of that name."""
    _check_name(session, site.id, values.name, None)
    plan = SamplePlan(site=site, created_at=now, created_by_id=actor.id if actor else None)
    _apply(plan, values)
    session.add(plan)
    session.flush()
    _record(session, plan, "plan.created", now=now, actor=actor)
    return plan


def change_plan(
    session: Session,
    plan: SamplePlan,
    values: PlanValues,
    *,
    lock_version: int,
    now: datetime,
    actor: User | None,
) -> None:
    """Change a plan for later draws; those made keep theirs. ``plan_conflict`` when outdated."""
    if plan.lock_version != lock_version:
        raise DomainError("plan_conflict")
    _check_name(session, plan.site_id, values.name, plan.id)
    _apply(plan, values)
    session.flush()
    _record(session, plan, "plan.changed", now=now, actor=actor)


def archive_plan(
    session: Session, plan: SamplePlan, *, archived: bool, now: datetime, actor: User | None
) -> None:
    """Lay a plan aside, so that it draws no more, or take it up again."""
    plan.state = PlanState.ARCHIVED if archived else PlanState.ACTIVE
    session.flush()
    _record(session, plan, "plan.archived" if archived else "plan.resumed", now=now, actor=actor)


def _check_name(session: Session, site_id: int, name: str, own: int | None) -> None:
    same = select(SamplePlan.id).where(SamplePlan.site_id == site_id, SamplePlan.name == name)
    found = session.scalar(same)
    if found is not None and found != own:
        raise DomainError("plan_name_taken", name=name)


def _apply(plan: SamplePlan, values: PlanValues) -> None:
    plan.name = values.name
    plan.settings = values.settings.to_json()
    plan.scorecard_id = values.scorecard.id if values.scorecard else None
    plan.settling_days = values.settling_days
    plan.due_days = values.due_days
    plan.self_assessment_days = values.self_assessment_days
    plan.nightly = values.nightly
    plan.phrase_hits = values.phrase_hits
    plan.second_share_bp = values.second_share_bp
    plan.no_colleagues = values.no_colleagues


def _record(
    session: Session, plan: SamplePlan, action: str, *, now: datetime, actor: User | None
) -> None:
    audit.record(
        session,
        now=now,
        actor=actor.uid if actor else None,
        action=action,
        subject="sample_plan",
        subject_uid=plan.uid,
    )
