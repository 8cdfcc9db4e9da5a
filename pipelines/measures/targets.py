"""Targets of sites and teams: what an indicator is to reach in a period, and which are in focus."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.coaching import Target
from models.people import Site, Team, User
from pipelines import audit
from pipelines.measures.rules.indicators import AIMED_AT, Indicator
from pipelines.outcomes import DomainError

MOST_IN_FOCUS = 2


def set_target(
    session: Session,
    site: Site,
    team: Team | None,
    indicator: Indicator,
    *,
    value: int,
    starts_on: date,
    ends_on: date,
    focus: bool,
    user: User,
    now: datetime,
) -> Target:
    """Set what a site, or one team of it, wants to reach; ``value`` in hundredths (``Target``).

    A target for the same indicator, place and period is replaced. At most two of a place are in
    focus at a time.
    """
    if indicator not in AIMED_AT:
        raise DomainError("target_indicator_unfit")
    if ends_on < starts_on:
        raise DomainError("period_reversed")
    if team is not None and team.site_id != site.id:
        raise DomainError("role_scope_unfit")
    same = _same_place(site, team)
    row = session.scalar(
        select(Target).where(
            *same,
            Target.indicator == indicator.value,
            Target.starts_on == starts_on,
            Target.ends_on == ends_on,
        )
    )
    if focus:
        others = session.scalars(
            select(Target).where(
                *same,
                Target.focus.is_(True),
                Target.starts_on <= ends_on,
                Target.ends_on >= starts_on,
            )
        )
        if len({one.indicator for one in others} - {indicator.value}) >= MOST_IN_FOCUS:
            raise DomainError("target_focus_full", most=MOST_IN_FOCUS)
    if row is None:
        row = Target(
            site_id=site.id,
            team_id=team.id if team else None,
            indicator=indicator.value,
            starts_on=starts_on,
            ends_on=ends_on,
        )
        session.add(row)
    row.value, row.focus, row.set_by_id, row.set_at = value, focus, user.id, now
    session.flush()
    _record(session, row, user, "target.set", now)
    return row


def _same_place(site: Site, team: Team | None) -> tuple[ColumnElement[bool], ...]:
    return (
        Target.site_id == site.id,
        Target.team_id.is_(None) if team is None else Target.team_id == team.id,
    )


def remove_target(session: Session, target: Target, user: User, *, now: datetime) -> None:
    """Take a target away."""
    _record(session, target, user, "target.removed", now)
    session.delete(target)
    session.flush()


def targets_for(
    session: Session, site_id: int, team_ids: tuple[int, ...], day: date
) -> tuple[Target, ...]:
    """Return the targets that hold on a day for people of these teams, those in focus first.

    A team's own target takes the place of its site's for the same indicator.
    """
    rows = session.scalars(
        select(Target)
        .where(
            Target.site_id == site_id,
            Target.team_id.is_(None) | Target.team_id.in_(team_ids),
            Target.starts_on <= day,
            Target.ends_on >= day,
        )
        .order_by(Target.team_id.is_not(None), Target.set_at)
    )
    by_indicator = {row.indicator: row for row in rows}
    return tuple(sorted(by_indicator.values(), key=lambda row: (not row.focus, row.indicator)))


def _record(session: Session, target: Target, user: User, action: str, now: datetime) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="target",
        subject_uid=target.uid,
        indicator=target.indicator,
        value=target.value,
        focus=target.focus,
    )
