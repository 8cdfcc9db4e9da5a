"""What people say about drafts, as threads: shared by scorecards and guides."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from models.drafts import DraftComment
from models.guides import GuideVersion
from models.scorecards import ScorecardVersion
from qa_app.access import Action, Person, visible


@dataclass(frozen=True)
class Said:
    """One comment or answer; ``author`` is null where the person is no longer known."""

    uid: uuid.UUID
    author: str | None
    at: dt.datetime
    words: str
    may_withdraw: bool


@dataclass(frozen=True)
class Thread:
    """A comment with its answers, in order of time."""

    first: Said
    place: str
    answers: tuple[Said, ...]
    settled_at: dt.datetime | None
    settled_by: str | None


def threads_of(
    session: Session, person: Person, draft: ScorecardVersion | GuideVersion
) -> tuple[Thread, ...]:
    """Return what is said about a draft, oldest first; the draft was loaded for the person."""
    column = (
        DraftComment.version_id
        if isinstance(draft, ScorecardVersion)
        else DraftComment.guide_version_id
    )
    rows = session.scalars(
        visible(person, DraftComment, Action.SCORECARDS_COMMENT)
        .where(column == draft.id)
        .options(joinedload(DraftComment.author), joinedload(DraftComment.settled_by))
        .order_by(DraftComment.id)
    ).all()
    answers: dict[int, list[DraftComment]] = {}
    for row in rows:
        if row.parent_id is not None:
            answers.setdefault(row.parent_id, []).append(row)
    return tuple(
        Thread(
            first=_said(row, person, answered=row.id in answers),
            place=row.place,
            answers=tuple(_said(item, person) for item in answers.get(row.id, ())),
            settled_at=row.settled_at,
            settled_by=row.settled_by.display_name if row.settled_by else None,
        )
        for row in rows
        if row.parent_id is None
    )


def _said(row: DraftComment, person: Person, *, answered: bool = False) -> Said:
    return Said(
        uid=row.uid,
        author=row.author.display_name if row.author else None,
        at=row.at,
        words=row.words,
        may_withdraw=row.author_id == person.id and not answered,
    )


def open_count(session: Session, version_ids: Sequence[int]) -> dict[int, int]:
    """Count the threads that are not settled, by scorecard version."""
    rows = session.execute(
        select(DraftComment.version_id, func.count(DraftComment.id))
        .where(
            DraftComment.version_id.in_(version_ids),
            DraftComment.parent_id.is_(None),
            DraftComment.settled_at.is_(None),
        )
        .group_by(DraftComment.version_id)
    )
    return {version: count for version, count in rows if version is not None}
