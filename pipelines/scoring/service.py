"""Scorecards as rows: taking one in, publishing, giving one out, and its rules for scoring."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.calls import Project
from models.people import Site
from models.scorecards import (
    Criterion,
    CriterionOption,
    Scorecard,
    ScorecardVersion,
    Section,
)
from models.vocab import VersionState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.scoring.card_format import read_card, write_card
from pipelines.scoring.rules import (
    ConditionRule,
    CriterionRule,
    OptionRule,
    ReasonRule,
    SectionRule,
    VersionRule,
)

_FROZEN = frozenset({VersionState.PUBLISHED, VersionState.RETIRED})
_CACHE_SIZE = 64
# A published version never changes, and its uid is unique across databases.
_published: dict[uuid.UUID, VersionRule] = {}


def import_scorecard(
    session: Session,
    data: dict[str, Any],
    *,
    now: datetime,
    publish: bool = True,
    actor: uuid.UUID | None = None,
) -> ScorecardVersion:
    """Take in a scorecard file as the next version of its code, or return the equal newest one.

    Raises ``DomainError`` with the place of a fault.
    """
    rule = read_card(data)
    scorecard = session.scalar(select(Scorecard).where(Scorecard.code == rule.code))
    if scorecard is None:
        scorecard = Scorecard(code=rule.code, site_id=None)
        session.add(scorecard)
        session.flush()
    newest = session.scalar(
        select(ScorecardVersion)
        .where(ScorecardVersion.scorecard_id == scorecard.id)
        .order_by(ScorecardVersion.number.desc())
        .limit(1)
    )
    if newest is None or write_card(version_rule(session, newest.id)) != write_card(rule):
        newest = add_version(session, scorecard, rule, newest.number + 1 if newest else 1, now)
        audit.record(
            session,
            now=now,
            actor=actor,
            action="scorecard.imported",
            subject="scorecard_version",
            subject_uid=newest.uid,
            number=newest.number,
        )
    if publish and newest.state not in _FROZEN:
        publish_version(session, newest, now=now, actor=actor)
    return newest


def add_version(
    session: Session, scorecard: Scorecard, rule: VersionRule, number: int, now: datetime
) -> ScorecardVersion:
    """Add a version with these rules; it is a draft."""
    version = ScorecardVersion(
        scorecard_id=scorecard.id,
        number=number,
        title=dict(rule.title),
        description=dict(rule.description),
        pass_bp=rule.pass_bp,
        excellent_bp=rule.excellent_bp,
        created_at=now,
    )
    session.add(version)
    session.flush()
    write_sections(session, version, rule)
    return version


def write_sections(session: Session, version: ScorecardVersion, rule: VersionRule) -> None:
    """Give a version the sections and criteria of ``rule``, in place of any that it has."""
    session.expire(version, ["sections"])
    for section in version.sections:
        session.delete(section)
    session.flush()
    for position, section_rule in enumerate(rule.sections, start=1):
        section = Section(
            version_id=version.id,
            lineage=section_rule.lineage,
            position=position,
            title=dict(section_rule.title),
        )
        section.criteria = [
            _criterion_row(version.id, place, criterion)
            for place, criterion in enumerate(section_rule.criteria, start=1)
        ]
        session.add(section)
    session.flush()
    session.expire(version, ["sections"])


def _criterion_row(version_id: int, position: int, rule: CriterionRule) -> Criterion:
    condition = rule.condition
    return Criterion(
        version_id=version_id,
        lineage=rule.lineage,
        position=position,
        kind=rule.kind,
        text=dict(rule.text),
        guidance=dict(rule.guidance),
        examples=dict(rule.examples),
        points=rule.points,
        step=rule.step,
        bonus=rule.bonus,
        critical=rule.critical,
        critical_min=rule.critical_min,
        na_allowed=rule.na_allowed,
        comment_when=rule.comment_when,
        reasons=[{"lineage": reason.lineage, "text": dict(reason.text)} for reason in rule.reasons],
        condition=condition and {"criterion": condition.criterion, "in": sorted(condition.answers)},
        skill=rule.skill,
        options=[
            CriterionOption(
                lineage=option.lineage,
                position=place,
                points=option.points,
                text=dict(option.text),
            )
            for place, option in enumerate(rule.options, start=1)
        ],
    )


def publish_version(
    session: Session, version: ScorecardVersion, *, now: datetime, actor: uuid.UUID | None = None
) -> None:
    """Freeze a version and make it the one that new tasks use; the one before is retired."""
    if version.state in _FROZEN:
        raise DomainError("scorecard_already_published", number=version.number)
    before = session.scalars(
        select(ScorecardVersion).where(
            ScorecardVersion.scorecard_id == version.scorecard_id,
            ScorecardVersion.state == VersionState.PUBLISHED,
        )
    )
    for old in before:
        old.state = VersionState.RETIRED
    version.state = VersionState.PUBLISHED
    version.published_at = now
    session.flush()
    audit.record(
        session,
        now=now,
        actor=actor,
        action="scorecard.published",
        subject="scorecard_version",
        subject_uid=version.uid,
        number=version.number,
    )


def export_scorecard(session: Session, version_id: int) -> dict[str, Any]:
    """Give a version in the file format, ready to be changed and taken in as the next one."""
    return write_card(version_rule(session, version_id))


def version_rule(session: Session, version_id: int) -> VersionRule:
    """Return the rules of a version, from memory where it is frozen."""
    row = session.execute(
        select(ScorecardVersion.uid, ScorecardVersion.state).where(
            ScorecardVersion.id == version_id
        )
    ).one()
    if row.uid in _published:
        return _published[row.uid]
    rule = _load_rule(session, version_id)
    if row.state in _FROZEN:
        if len(_published) >= _CACHE_SIZE:
            _published.clear()
        _published[row.uid] = rule
    return rule


def _load_rule(session: Session, version_id: int) -> VersionRule:
    version = session.scalars(
        select(ScorecardVersion)
        .where(ScorecardVersion.id == version_id)
        .options(
            selectinload(ScorecardVersion.scorecard),
            selectinload(ScorecardVersion.sections)
            .selectinload(Section.criteria)
            .selectinload(Criterion.options),
        )
        .execution_options(populate_existing=True)
    ).one()
    return VersionRule(
        id=version.id,
        code=version.scorecard.code,
        number=version.number,
        pass_bp=version.pass_bp,
        excellent_bp=version.excellent_bp,
        title=version.title,
        description=version.description,
        sections=tuple(
            SectionRule(
                section.lineage,
                section.title,
                tuple(_criterion_rule(criterion) for criterion in section.criteria),
            )
            for section in version.sections
        ),
    )


def _criterion_rule(row: Criterion) -> CriterionRule:
    condition = row.condition
    return CriterionRule(
        id=row.id,
        lineage=row.lineage,
        kind=row.kind,
        points=row.points,
        step=row.step,
        options=tuple(OptionRule(item.lineage, item.points, item.text) for item in row.options),
        bonus=row.bonus,
        critical=row.critical,
        critical_min=row.critical_min,
        na_allowed=row.na_allowed,
        comment_when=row.comment_when,
        reasons=tuple(ReasonRule(item["lineage"], item["text"]) for item in row.reasons),
        condition=ConditionRule(condition["criterion"], frozenset(condition["in"]))
        if condition
        else None,
        text=row.text,
        guidance=row.guidance,
        examples=row.examples,
        skill=row.skill,
    )


def use_for_project(
    session: Session,
    scorecard_id: int,
    site_code: str,
    project_code: str,
    *,
    now: datetime,
    actor: uuid.UUID | None = None,
) -> Project:
    """Have the calls of a project judged by this scorecard from now on; open tasks keep theirs."""
    project = session.scalar(
        select(Project)
        .join(Site, Site.id == Project.site_id)
        .where(Site.code == site_code, Project.code == project_code)
    )
    if project is None:
        raise DomainError("project_unknown", site=site_code, project=project_code)
    if project.scorecard_id != scorecard_id:
        project.scorecard_id = scorecard_id
        session.flush()
        audit.record(
            session,
            now=now,
            actor=actor,
            action="project.scorecard_set",
            subject="project",
            subject_uid=project.uid,
            scorecard=scorecard_id,
        )
    return project


def newest_version(session: Session, code: str, number: int | None = None) -> ScorecardVersion:
    """Return a version of a scorecard by number, else its newest, or raise `scorecard_unknown`."""
    query = select(ScorecardVersion).join(Scorecard).where(Scorecard.code == code)
    if number is not None:
        query = query.where(ScorecardVersion.number == number)
    found = session.scalar(query.order_by(ScorecardVersion.number.desc()).limit(1))
    if found is None:
        raise DomainError("scorecard_unknown", scorecard=code)
    return found
