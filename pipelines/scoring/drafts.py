"""Drafts of scorecards: begun, changed with steps to undo, opened for comments, published.

A change is a function of `pipelines.scoring.edits` on what `locked` returns; `keep` stores it. Two
authors may work on one draft: what a change is about carries a ``fingerprint`` of the part that its
author looked at, and another one raises ``scorecard_conflict``. Nobody overwrites unread words.
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from models.calls import Project
from models.drafts import DraftStep
from models.people import User
from models.scorecards import Scorecard, ScorecardVersion
from models.vocab import VersionState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.scoring import opening
from pipelines.scoring.card_format import read_draft, write_card
from pipelines.scoring.checks import faults
from pipelines.scoring.rules import Texts, VersionRule
from pipelines.scoring.service import (
    add_version,
    publish_version,
    version_rule,
    write_sections,
)

BEING_WRITTEN = frozenset({VersionState.DRAFT, VersionState.OPEN_FOR_COMMENT})
MOST_STEPS = 50
ONE_STEP = timedelta(minutes=10)
"""For so long the savings of one part by one author are one step to undo."""

USUAL_PASS_BP, USUAL_EXCELLENT_BP = 6_000, 9_000


def begin_blank(
    session: Session,
    code: str,
    title: Texts,
    *,
    site_id: int | None,
    now: datetime,
    actor: User,
) -> ScorecardVersion:
    """Make a scorecard whose first version is an empty draft; ``site_id`` null is for all sites."""
    rule = VersionRule(code, 1, USUAL_PASS_BP, USUAL_EXCELLENT_BP, (), title=title)
    return _begin(session, rule, site_id=site_id, now=now, actor=actor)


def begin_copy(
    session: Session,
    source: ScorecardVersion,
    code: str,
    title: Texts,
    *,
    site_id: int | None,
    now: datetime,
    actor: User,
) -> ScorecardVersion:
    """Make another scorecard that begins as a copy of a version."""
    card = {**write_card(version_rule(session, source.id)), "code": code, "title": dict(title)}
    return _begin(session, read_draft(card), site_id=site_id, now=now, actor=actor)


def begin_from_file(
    session: Session, data: Any, *, site_id: int | None, now: datetime, actor: User
) -> ScorecardVersion:
    """Make a scorecard of a file, which may be unfinished; its code must be new."""
    return _begin(session, read_draft(data), site_id=site_id, now=now, actor=actor)


def _begin(
    session: Session, rule: VersionRule, *, site_id: int | None, now: datetime, actor: User
) -> ScorecardVersion:
    if session.scalar(select(Scorecard.id).where(Scorecard.code == rule.code)) is not None:
        raise DomainError("scorecard_code_taken", scorecard=rule.code)
    _refuse_unstorable(rule)
    scorecard = Scorecard(code=rule.code, site_id=site_id)
    session.add(scorecard)
    session.flush()
    return _add_draft(session, scorecard, rule, now=now, actor=actor)


def _add_draft(
    session: Session, scorecard: Scorecard, rule: VersionRule, *, now: datetime, actor: User
) -> ScorecardVersion:
    last = session.scalar(
        select(func.max(ScorecardVersion.number)).where(
            ScorecardVersion.scorecard_id == scorecard.id
        )
    )
    version = add_version(session, scorecard, rule, (last or 0) + 1, now)
    _record(session, version, "begun", now, actor)
    return version


def next_draft(
    session: Session, source: ScorecardVersion, *, now: datetime, actor: User
) -> ScorecardVersion:
    """Return the draft of a scorecard that is being written, or begin one as a copy of a version.

    There is one draft at a time, so that two authors do not write past each other.
    """
    session.refresh(source.scorecard, with_for_update=True)
    draft = session.scalar(
        select(ScorecardVersion)
        .where(
            ScorecardVersion.scorecard_id == source.scorecard_id,
            ScorecardVersion.state.in_(BEING_WRITTEN),
        )
        .order_by(ScorecardVersion.number.desc())
        .limit(1)
    )
    if draft is not None:
        return draft
    rule = version_rule(session, source.id)
    return _add_draft(session, source.scorecard, rule, now=now, actor=actor)


def replace_with_file(
    session: Session,
    version: ScorecardVersion,
    data: Any,
    *,
    now: datetime,
    actor: User,
) -> None:
    """Put a file's content in place of a draft's; the code stays the scorecard's own."""
    rule = read_draft(data)
    locked(session, version)
    keep(session, version, rule, "file", now=now, actor=actor)


def fingerprint(part: Any) -> str:
    """Return a short mark of a part in the file format, to see whether it has changed."""
    written = json.dumps(part, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def locked(session: Session, version: ScorecardVersion) -> VersionRule:
    """Return a draft as it is now, for a change in this transaction: nobody else's comes between.

    Raises ``scorecard_already_published`` for what is no draft any more.
    """
    session.refresh(version, with_for_update=True)
    if version.state not in BEING_WRITTEN:
        raise DomainError("scorecard_already_published", number=version.number)
    return version_rule(session, version.id)


def keep(
    session: Session,
    version: ScorecardVersion,
    rule: VersionRule,
    act: str,
    *,
    now: datetime,
    actor: User,
) -> bool:
    """Store a changed draft that is ``locked``; how it was before stays as a step to undo.

    ``act`` says what was done and to what, such as ``changed:greeting``. Returns whether anything
    is different.
    """
    _refuse_unstorable(rule)
    before = write_card(version_rule(session, version.id))
    if {**write_card(rule), "code": before["code"]} == before:
        return False
    last = last_step(session, version)
    goes_on = last is not None and (last.act, last.by_id) == (act, actor.id)
    if last is None or not goes_on or last.at < now - ONE_STEP:
        number = last.number + 1 if last else 1
        session.add(
            DraftStep(
                version_id=version.id, number=number, act=act, card=before, at=now, by_id=actor.id
            )
        )
        old = select(DraftStep).where(
            DraftStep.version_id == version.id, DraftStep.number <= number - MOST_STEPS
        )
        for step in session.scalars(old):
            session.delete(step)
        # Once a step: savings while somebody writes would flood the log.
        _record(session, version, "changed", now, actor)
    _write(session, version, rule)
    return True


def last_step(session: Session, version: ScorecardVersion) -> DraftStep | None:
    """Return the newest change of a draft that can be undone."""
    return session.scalar(
        select(DraftStep)
        .where(DraftStep.version_id == version.id)
        .order_by(DraftStep.number.desc())
        .limit(1)
    )


def undo(
    session: Session, version: ScorecardVersion, number: int, *, now: datetime, actor: User
) -> str:
    """Take the newest change back and return what it was; the one before can be undone next.

    ``number`` is the step that the author saw as the newest; another raises ``scorecard_conflict``.
    """
    locked(session, version)
    step = last_step(session, version)
    if step is None:
        raise DomainError("scorecard_nothing_to_undo")
    if step.number != number:
        raise DomainError("scorecard_conflict")
    act = step.act
    _write(session, version, read_draft(step.card))
    session.delete(step)
    _record(session, version, "undone", now, actor)
    return act


def _write(session: Session, version: ScorecardVersion, rule: VersionRule) -> None:
    version.title, version.description = dict(rule.title), dict(rule.description)
    version.pass_bp, version.excellent_bp = rule.pass_bp, rule.excellent_bp
    # Changed sections alone would leave the row, and with it the lock, as it was.
    flag_modified(version, "title")
    session.flush()
    write_sections(session, version, rule)


def _refuse_unstorable(rule: VersionRule) -> None:
    """Raise for the few faults that no row can hold, not even a draft's."""
    for fault in faults(rule):
        if fault.code in {"bands_crossed", "lineage_twice"}:
            raise DomainError(f"scorecard_{fault.code}", place=fault.place, **fault.params)
    for item in rule.criteria:
        if item.step <= 0:
            raise DomainError("scorecard_step_uneven", place=item.lineage)


def open_for_comment(
    session: Session, version: ScorecardVersion, *, now: datetime, actor: User
) -> None:
    """Let the people who are measured, and those who measure, read a draft and comment on it."""
    session.refresh(version, with_for_update=True)
    if version.state is not VersionState.DRAFT:
        raise DomainError("scorecard_not_a_draft")
    if not version_rule(session, version.id).criteria:
        raise DomainError("scorecard_empty")
    version.state = VersionState.OPEN_FOR_COMMENT
    _record(session, version, "opened_for_comment", now, actor)
    opening.tell_open(session, version, now=now, actor=actor)


def close_comments(
    session: Session, version: ScorecardVersion, *, now: datetime, actor: User
) -> None:
    """Take a draft back to its authors; what was said stays with it."""
    session.refresh(version, with_for_update=True)
    if version.state is not VersionState.OPEN_FOR_COMMENT:
        raise DomainError("scorecard_not_open")
    version.state = VersionState.DRAFT
    _record(session, version, "comments_closed", now, actor)
    opening.take_back(session, version)


def publish(
    session: Session, version: ScorecardVersion, *, seen: int, now: datetime, actor: User
) -> None:
    """Publish a draft that has no fault; the version in use until now is retired.

    ``seen`` is the ``lock_version`` that was looked at: published is what somebody has read.
    """
    rule = locked(session, version)
    if version.lock_version != seen:
        raise DomainError("scorecard_conflict")
    found = faults(rule)
    if found:
        raise DomainError("scorecard_has_faults", count=len(found))
    _forget_steps(session, version)
    opening.take_back(session, version)
    publish_version(session, version, now=now, actor=actor.uid)


def retire(session: Session, version: ScorecardVersion, *, now: datetime, actor: User) -> None:
    """Have no new review made with a version; reviews made with it keep it."""
    session.refresh(version, with_for_update=True)
    if version.state is not VersionState.PUBLISHED:
        raise DomainError("scorecard_not_in_use", number=version.number)
    version.state = VersionState.RETIRED
    _record(session, version, "retired", now, actor)


def discard(session: Session, version: ScorecardVersion, *, now: datetime, actor: User) -> bool:
    """Throw a draft away, and its scorecard when that has no other version; tells whether it did.

    A scorecard that a project has chosen stays, even without versions.
    """
    locked(session, version)
    _record(session, version, "discarded", now, actor)
    opening.take_back(session, version)
    scorecard = version.scorecard
    session.delete(version)
    session.flush()
    session.expire(scorecard, ["versions"])
    used = session.scalar(select(Project.id).where(Project.scorecard_id == scorecard.id).limit(1))
    if scorecard.versions or used is not None:
        return False
    session.delete(scorecard)
    session.flush()
    return True


def _forget_steps(session: Session, version: ScorecardVersion) -> None:
    for step in session.scalars(select(DraftStep).where(DraftStep.version_id == version.id)):
        session.delete(step)
    session.flush()


def _record(
    session: Session, version: ScorecardVersion, act: str, now: datetime, actor: User
) -> None:
    session.flush()
    audit.record(
        session,
        now=now,
        actor=actor.uid,
        action=f"scorecard.{act}",
        subject="scorecard_version",
        subject_uid=version.uid,
        number=version.number,
    )


def lineages(session: Session, scorecard_id: int) -> set[str]:
    """Return every lineage that a scorecard has ever used, so that a new one means a new thing."""
    taken: set[str] = set()
    for version_id in session.scalars(
        select(ScorecardVersion.id).where(ScorecardVersion.scorecard_id == scorecard_id)
    ):
        rule = version_rule(session, version_id)
        taken.update(part.lineage for part in rule.sections)
        for criterion in rule.criteria:
            taken.add(criterion.lineage)
            taken.update(option.lineage for option in criterion.options)
            taken.update(reason.lineage for reason in criterion.reasons)
    return taken
