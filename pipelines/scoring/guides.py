"""Call scripts and evaluation guides: begun, changed, opened for comments, published, retired.

``seen`` is the ``lock_version`` that the author looked at; another one raises ``guide_conflict``
with what is stored.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Project
from models.guides import Guide, GuideVersion
from models.people import User
from models.vocab import GuideKind, VersionState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.scoring import opening
from pipelines.scoring.checks import LOCALES
from pipelines.scoring.rules import Texts

BEING_WRITTEN = frozenset({VersionState.DRAFT, VersionState.OPEN_FOR_COMMENT})


def begin(
    session: Session,
    project: Project,
    kind: GuideKind,
    title: Texts,
    body: Texts,
    *,
    now: datetime,
    actor: User,
) -> GuideVersion:
    """Make a guide for a project; its first version is a draft, and its texts may be unfinished."""
    guide = Guide(site_id=project.site_id, project_id=project.id, kind=kind, created_at=now)
    session.add(guide)
    session.flush()
    return _add(session, guide, title, body, now=now, actor=actor)


def next_draft(session: Session, guide: Guide, *, now: datetime, actor: User) -> GuideVersion:
    """Return the version of a guide that is being written, or begin one as a copy of the newest."""
    session.refresh(guide, with_for_update=True)
    newest = session.scalars(
        select(GuideVersion)
        .where(GuideVersion.guide_id == guide.id)
        .order_by(GuideVersion.number.desc())
        .limit(1)
    ).one()
    if newest.state in BEING_WRITTEN:
        return newest
    return _add(session, guide, newest.title, newest.body, now=now, actor=actor)


def _add(
    session: Session, guide: Guide, title: Texts, body: Texts, *, now: datetime, actor: User
) -> GuideVersion:
    last = session.scalar(
        select(func.max(GuideVersion.number)).where(GuideVersion.guide_id == guide.id)
    )
    version = GuideVersion(
        guide_id=guide.id,
        number=(last or 0) + 1,
        title=dict(title),
        body=dict(body),
        created_at=now,
    )
    session.add(version)
    _record(session, version, "begun", now, actor)
    return version


def change(
    session: Session, version: GuideVersion, title: Texts, body: Texts, *, seen: int
) -> None:
    """Store a draft's words, finished or not."""
    session.refresh(version, with_for_update=True)
    if version.state not in BEING_WRITTEN:
        raise DomainError("guide_published")
    if version.lock_version != seen:
        raise DomainError("guide_conflict")
    version.title, version.body = dict(title), dict(body)
    session.flush()


def missing(title: Texts, body: Texts) -> tuple[tuple[str, str], ...]:
    """List (``title`` or ``body``, locale) of every text that a publication still lacks."""
    return tuple(
        (name, locale)
        for name, texts in (("title", title), ("body", body))
        for locale in LOCALES
        if not texts.get(locale, "").strip()
    )


def set_state(
    session: Session, version: GuideVersion, state: VersionState, *, now: datetime, actor: User
) -> None:
    """Move a version along its life: draft ↔ open for comment → published → retired."""
    session.refresh(version, with_for_update=True)
    allowed = {
        VersionState.DRAFT: {VersionState.OPEN_FOR_COMMENT, VersionState.PUBLISHED},
        VersionState.OPEN_FOR_COMMENT: {VersionState.DRAFT, VersionState.PUBLISHED},
        VersionState.PUBLISHED: {VersionState.RETIRED},
        VersionState.RETIRED: set(),
    }
    if state not in allowed[version.state]:
        raise DomainError("guide_not_possible")
    if state is VersionState.PUBLISHED:
        if missing(version.title, version.body):
            raise DomainError("guide_unfinished")
        for old in session.scalars(
            select(GuideVersion).where(
                GuideVersion.guide_id == version.guide_id,
                GuideVersion.state == VersionState.PUBLISHED,
            )
        ):
            old.state = VersionState.RETIRED
        version.published_at = now
    version.state = state
    _record(session, version, state.value, now, actor)
    if state is VersionState.OPEN_FOR_COMMENT:
        opening.tell_open(session, version, now=now, actor=actor)
    else:
        opening.take_back(session, version)


def discard(session: Session, version: GuideVersion, *, now: datetime, actor: User) -> bool:
    """Throw a draft away, and the guide when it has no other version; tells whether it did."""
    session.refresh(version, with_for_update=True)
    if version.state not in BEING_WRITTEN:
        raise DomainError("guide_published")
    _record(session, version, "discarded", now, actor)
    opening.take_back(session, version)
    guide = version.guide
    session.delete(version)
    session.flush()
    session.expire(guide, ["versions"])
    if guide.versions:
        return False
    session.delete(guide)
    session.flush()
    return True


def _record(session: Session, version: GuideVersion, act: str, now: datetime, actor: User) -> None:
    session.flush()
    audit.record(
        session,
        now=now,
        actor=actor.uid,
        action=f"guide.{act}",
        subject="guide_version",
        subject_uid=version.uid,
        number=version.number,
    )
