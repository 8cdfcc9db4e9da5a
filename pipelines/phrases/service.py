"""Phrase rules in the database: made, changed, switched on and off, and their hits judged.

A version that was ever switched on never changes; a change makes the next one. Nothing here scores
anybody: hits are pointers into a call, for a person to confirm or reject.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.calls import Project
from models.people import User
from models.phrases import PhraseHit, PhraseRule, PhraseVersion
from models.vocab import PhraseVerdict, PhraseVersionState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.phrases.rules.settings import RuleSettings

_TALLIES = {
    PhraseVerdict.CONFIRMED: PhraseVersion.confirmed,
    PhraseVerdict.REJECTED: PhraseVersion.rejected,
}


def create_rule(
    session: Session,
    project: Project,
    name: str,
    settings: RuleSettings,
    *,
    now: datetime,
    actor: User | None,
) -> PhraseRule:
    """Make a rule with a first draft; ``phrase_name_taken`` where the project has one so named."""
    _check_name(session, project.id, name, None)
    rule = PhraseRule(
        site_id=project.site_id,
        project_id=project.id,
        name=name,
        created_by_id=actor.id if actor else None,
        created_at=now,
    )
    session.add(rule)
    session.flush()
    version = _add_version(session, rule, settings, 1, now=now, actor=actor)
    _record(session, version, "phrase_rule.created", now=now, actor=actor)
    return rule


def change_rule(
    session: Session,
    rule: PhraseRule,
    name: str,
    settings: RuleSettings,
    *,
    seen: int,
    now: datetime,
    actor: User | None,
) -> PhraseVersion:
    """Change the draft, or make one as the next version; hits keep the version they came from.

    ``seen`` is the ``lock_version`` of the newest version that the person saw. Raises
    ``phrase_conflict`` when it is outdated, ``phrase_name_taken``.
    """
    newest = newest_version(session, rule)
    if newest.lock_version != seen:
        raise DomainError("phrase_conflict")
    _check_name(session, rule.project_id, name, rule.id)
    rule.name = name
    given = settings.to_json()
    if newest.settings == given:
        session.flush()
        return newest
    if newest.state is PhraseVersionState.DRAFT:
        newest.settings = given
        session.flush()
    else:
        newest = _add_version(session, rule, settings, newest.number + 1, now=now, actor=actor)
    _record(session, newest, "phrase_rule.changed", now=now, actor=actor)
    return newest


def newest_version(session: Session, rule: PhraseRule) -> PhraseVersion:
    """Return the version with the highest number."""
    return session.scalars(
        select(PhraseVersion)
        .where(PhraseVersion.rule_id == rule.id)
        .order_by(PhraseVersion.number.desc())
        .limit(1)
    ).one()


def switch_on(
    session: Session, version: PhraseVersion, *, now: datetime, actor: User | None
) -> None:
    """Have the version look through every new transcript; the one before it stops."""
    if version.state is PhraseVersionState.ON:
        raise DomainError("phrase_already_on")
    session.execute(
        update(PhraseVersion)
        .where(
            PhraseVersion.rule_id == version.rule_id, PhraseVersion.state == PhraseVersionState.ON
        )
        .values(state=PhraseVersionState.OFF, lock_version=PhraseVersion.lock_version + 1)
    )
    version.state = PhraseVersionState.ON
    version.switched_on_at = version.switched_on_at or now
    # What was said while the version was off has not been looked at.
    version.filled_to, version.filled_at = 0, None
    session.flush()
    _record(session, version, "phrase_rule.switched_on", now=now, actor=actor)


def switch_off(
    session: Session, version: PhraseVersion, *, now: datetime, actor: User | None
) -> None:
    """Have the version look at no more transcripts; what it found stays."""
    if version.state is not PhraseVersionState.ON:
        raise DomainError("phrase_not_on")
    version.state = PhraseVersionState.OFF
    session.flush()
    _record(session, version, "phrase_rule.switched_off", now=now, actor=actor)


def judge(
    session: Session,
    hit: PhraseHit,
    verdict: PhraseVerdict | None,
    *,
    now: datetime,
    actor: User,
) -> None:
    """Confirm or reject a hit, or with null take the verdict back; the tallies follow."""
    locked = session.scalars(
        select(PhraseHit)
        .where(PhraseHit.id == hit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    before, who = locked.verdict, actor.id
    if before is verdict:
        return
    # All three before anything is asked for: a half-written verdict is refused by the database.
    locked.verdict = verdict
    locked.judged_by_id = who if verdict else None
    locked.judged_at = now if verdict else None
    for each, by in ((before, -1), (verdict, 1)):
        if each is not None:
            _count(session, locked.version_id, each, by)
    session.flush()
    audit.record(
        session,
        now=now,
        actor=actor.uid,
        action="phrase_hit.judged",
        subject="phrase_hit",
        subject_uid=hit.uid,
        verdict=verdict.value if verdict else "none",
    )


def _count(session: Session, version_id: int, verdict: PhraseVerdict, by: int) -> None:
    # Counted by the database, so that two people who judge at once are both counted.
    column = _TALLIES[verdict]
    session.execute(
        update(PhraseVersion)
        .where(PhraseVersion.id == version_id)
        .values({column: column + by})
        .execution_options(synchronize_session=False)
    )


def _add_version(
    session: Session,
    rule: PhraseRule,
    settings: RuleSettings,
    number: int,
    *,
    now: datetime,
    actor: User | None,
) -> PhraseVersion:
    version = PhraseVersion(
        rule=rule,
        number=number,
        settings=settings.to_json(),
        created_by_id=actor.id if actor else None,
        created_at=now,
    )
    session.add(version)
    session.flush()
    return version


def _check_name(session: Session, project_id: int, name: str, own: int | None) -> None:
    found = session.scalar(
        select(PhraseRule.id).where(PhraseRule.project_id == project_id, PhraseRule.name == name)
    )
    if found is not None and found != own:
        raise DomainError("phrase_name_taken", name=name)


def _record(
    session: Session, version: PhraseVersion, action: str, *, now: datetime, actor: User | None
) -> None:
    details: Mapping[str, Any] = {"version": version.number}
    audit.record(
        session,
        now=now,
        actor=actor.uid if actor else None,
        action=action,
        subject="phrase_rule",
        subject_uid=version.rule.uid,
        **details,
    )
