"""Who is told that a draft is open for comment: all who are measured by it, and who measure."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.guides import GuideVersion
from models.people import User, UserRole
from models.scorecards import ScorecardVersion
from models.vocab import Role
from models.vocab_rights import NoticeKind
from pipelines import notices
from pipelines.scoring.checks import LOCALES

_COMMENT = (Role.AGENT, Role.REVIEWER, Role.TRAINER, Role.MANAGER)


def tell_open(
    session: Session, draft: ScorecardVersion | GuideVersion, *, now: datetime, actor: User
) -> None:
    """Tell everybody of the draft's site who may comment, each with the title in their language.

    A scorecard of no site is every site's.
    """
    site_id = _site_of(draft)
    asked = (
        select(User.id, User.locale)
        .join(UserRole, UserRole.user_id == User.id)
        .where(UserRole.role.in_(_COMMENT), User.id != actor.id)
        .distinct()
    )
    if site_id is not None:
        asked = asked.where(UserRole.site_id == site_id)
    by_locale: dict[str | None, set[int]] = {}
    for user_id, locale in session.execute(asked):
        by_locale.setdefault(locale, set()).add(user_id)
    for locale, people in by_locale.items():
        notices.tell(
            session,
            now=now,
            to=people,
            kind=NoticeKind.DRAFT_OPEN,
            subject=draft.__tablename__,
            subject_uid=draft.uid,
            title=_title(draft.title, locale),
        )


def take_back(session: Session, draft: ScorecardVersion | GuideVersion) -> None:
    """Take the notices back, read or not: there is nothing to comment on any more."""
    notices.withdraw(session, NoticeKind.DRAFT_OPEN, subject_uid=draft.uid, also_read=True)


def _site_of(draft: ScorecardVersion | GuideVersion) -> int | None:
    return draft.scorecard.site_id if isinstance(draft, ScorecardVersion) else draft.guide.site_id


def _title(texts: Mapping[str, str], locale: str | None) -> str:
    wanted = (locale, *LOCALES)
    return next((texts[name] for name in wanted if name and texts.get(name)), "")
