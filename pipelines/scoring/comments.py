"""Comments on drafts of scorecards and guides: given, answered, settled, taken back."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.drafts import DraftComment
from models.guides import GuideVersion
from models.people import User
from models.scorecards import ScorecardVersion
from models.vocab import VersionState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.scoring.service import version_rule

LONGEST = 2_000


def comment(
    session: Session,
    draft: ScorecardVersion | GuideVersion,
    words: str,
    *,
    place: str = "",
    now: datetime,
    author: User,
) -> DraftComment:
    """Say something about a draft that is open for comment: all of it, or one criterion."""
    said = _said(draft, words)
    if place:
        known = isinstance(draft, ScorecardVersion) and place in {
            rule.lineage for rule in version_rule(session, draft.id).criteria
        }
        if not known:
            raise DomainError("scorecard_part_gone", lineage=place)
    return _add(session, draft, said, place=place, parent_id=None, now=now, author=author)


def answer(
    session: Session, parent: DraftComment, words: str, *, now: datetime, author: User
) -> DraftComment:
    """Answer a comment; an answer to an answer joins the same thread."""
    draft = draft_of(session, parent)
    said = _said(draft, words)
    thread = parent.parent_id or parent.id
    return _add(session, draft, said, place=parent.place, parent_id=thread, now=now, author=author)


def draft_of(session: Session, row: DraftComment) -> ScorecardVersion | GuideVersion:
    """Return what a comment is about."""
    if row.version_id is not None:
        return session.get_one(ScorecardVersion, row.version_id)
    return session.get_one(GuideVersion, row.guide_version_id)


def _said(draft: ScorecardVersion | GuideVersion, words: str) -> str:
    if draft.state is not VersionState.OPEN_FOR_COMMENT:
        raise DomainError("scorecard_not_open")
    said = words.strip()[:LONGEST]
    if not said:
        raise DomainError("comment_empty")
    return said


def _add(
    session: Session,
    draft: ScorecardVersion | GuideVersion,
    words: str,
    *,
    place: str,
    parent_id: int | None,
    now: datetime,
    author: User,
) -> DraftComment:
    of_card = isinstance(draft, ScorecardVersion)
    row = DraftComment(
        version_id=draft.id if of_card else None,
        guide_version_id=None if of_card else draft.id,
        place=place,
        parent_id=parent_id,
        author_id=author.id,
        words=words,
        at=now,
    )
    session.add(row)
    session.flush()
    _record(session, row, "given", now, author)
    return row


def settle(
    session: Session, row: DraftComment, *, settled: bool, now: datetime, actor: User
) -> None:
    """Mark a thread as settled, or open it again."""
    if row.parent_id is not None:
        raise DomainError("comment_is_answer")
    if settled == (row.settled_at is not None):
        return
    row.settled_at = now if settled else None
    row.settled_by_id = actor.id if settled else None
    session.flush()
    _record(session, row, "settled" if settled else "reopened", now, actor)


def withdraw(session: Session, row: DraftComment, *, now: datetime, author: User) -> None:
    """Delete an own comment, as long as nobody has answered it."""
    if row.author_id != author.id:
        raise DomainError("comment_not_yours")
    answered = session.scalar(
        select(DraftComment.id).where(DraftComment.parent_id == row.id).limit(1)
    )
    if answered is not None:
        raise DomainError("comment_answered")
    _record(session, row, "withdrawn", now, author)
    session.delete(row)
    session.flush()


def _record(session: Session, row: DraftComment, act: str, now: datetime, actor: User) -> None:
    draft = draft_of(session, row)
    audit.record(
        session,
        now=now,
        actor=actor.uid,
        action=f"draft_comment.{act}",
        subject=draft.__tablename__,
        subject_uid=draft.uid,
        comment=row.id,
    )
