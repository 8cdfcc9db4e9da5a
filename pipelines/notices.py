"""What people are told inside the product: any stage says it, in the transaction of the act.

    notices.tell(
        session, now=now, to=[user_id], kind=NoticeKind.X, subject="review", subject_uid=review.uid
    )

The sentence and where it leads are the web's (``qa_app.notices.words``), mail is sent by the stage
``reminders``. What a notice may carry is a short list, so that none can give a judgement away.
"""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from models.base import new_uid
from models.notices import Notice, NoticeChoice
from models.people import User, UserRole
from models.upsert import insert_missing
from models.vocab import Role
from models.vocab_rights import NoticeKind

MAY_CARRY = frozenset({"count", "late", "until", "title"})
"""Names of what a notice may hold: two counts, a day or an instant in ISO 8601, a name of a thing.

Never points, a share, a verdict, a reason or words of a call: a notice reaches people who judge.
"""


def tell(
    session: Session,
    *,
    now: datetime,
    to: Iterable[int | None],
    kind: NoticeKind,
    subject: str,
    subject_uid: uuid.UUID,
    **params: str | int,
) -> int:
    """Tell people (ids of users; null is passed over) something about a row; return how many.

    People who cannot sign in or have switched the kind off are left out. The same thing told twice
    is one notice: it is brought up to date, and unread again only where its ``params`` changed.
    Raises ``ValueError`` for a parameter that no notice may carry.
    """
    if unfit := set(params) - MAY_CARRY:
        raise ValueError(f"a notice may not carry {', '.join(sorted(unfit))}")
    wanted = _who_wants(session, {user_id for user_id in to if user_id is not None}, kind)
    if not wanted:
        return 0
    about = (Notice.kind == kind, Notice.subject == subject, Notice.subject_uid == subject_uid)
    there = session.scalars(select(Notice).where(Notice.user_id.in_(wanted), *about)).all()
    for notice in there:
        if notice.params != params:
            notice.params, notice.at = dict(params), now
            notice.read_at = notice.mailed_at = None
    missing = wanted - {notice.user_id for notice in there}
    rows = [
        {
            "uid": new_uid(),
            "user_id": user_id,
            "kind": kind,
            "subject": subject,
            "subject_uid": subject_uid,
            "params": dict(params),
            "at": now,
        }
        for user_id in sorted(missing)
    ]
    insert_missing(session, Notice, rows)
    session.flush()
    return len(wanted)


def withdraw(
    session: Session,
    kind: NoticeKind,
    *,
    subject_uid: uuid.UUID | None = None,
    but_for: Collection[int] | None = None,
) -> None:
    """Take back unread notices of a kind: about one row, or of all people but some."""
    unread = select(Notice).where(Notice.kind == kind, Notice.read_at.is_(None))
    if subject_uid is not None:
        unread = unread.where(Notice.subject_uid == subject_uid)
    if but_for is not None:
        unread = unread.where(Notice.user_id.not_in(but_for))
    for notice in session.scalars(unread):
        session.delete(notice)
    session.flush()


def holders(
    session: Session, roles: Collection[Role], site_id: int, team_id: int | None
) -> set[int]:
    """Return the users who hold one of the roles for the whole site, or for this team of it."""
    return set(
        session.scalars(
            select(UserRole.user_id)
            .join(User, User.id == UserRole.user_id)
            .where(
                UserRole.role.in_(roles),
                UserRole.site_id == site_id,
                or_(UserRole.team_id.is_(None), UserRole.team_id == team_id),
                User.disabled_at.is_(None),
            )
        )
    )


def _who_wants(session: Session, user_ids: set[int], kind: NoticeKind) -> set[int]:
    off = exists().where(
        NoticeChoice.user_id == User.id, NoticeChoice.kind == kind, NoticeChoice.shown.is_(False)
    )
    found = select(User.id).where(User.id.in_(user_ids), User.disabled_at.is_(None), ~off)
    return set(session.scalars(found))
