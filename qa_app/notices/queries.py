"""What the bell, the list of notices and their switches show."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from flask import g
from flask_babel import LazyString
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from models.notices import MailAddress, Notice, NoticeChoice
from models.people import Site
from models.vocab_rights import NoticeKind
from qa_app import db
from qa_app.notices.words import KINDS, sentence
from qa_app.permissions import ALLOWED, Action, Person

PAGE = 50

_FOR: dict[NoticeKind, Action] = {
    NoticeKind.TASKS_DUE: Action.TASKS_WORK,
    NoticeKind.TASK_GIVEN: Action.TASKS_WORK,
    NoticeKind.ASSESSMENT_ASKED: Action.ASSESSMENTS_WRITE,
    NoticeKind.ASSESSMENT_DUE: Action.ASSESSMENTS_WRITE,
    NoticeKind.REVIEW_READY: Action.FEEDBACK_RESPOND,
    NoticeKind.OBJECTION_RAISED: Action.OBJECTIONS_ANSWER,
    NoticeKind.OBJECTION_DECIDED: Action.FEEDBACK_RESPOND,
    NoticeKind.DISPUTE_RAISED: Action.DISPUTES_READ,
    NoticeKind.DISPUTE_DECIDED: Action.FEEDBACK_RESPOND,
    NoticeKind.SKIP_ASKED: Action.TASKS_MANAGE,
    NoticeKind.DRAFT_OPEN: Action.SCORECARDS_COMMENT,
    NoticeKind.CALIBRATION_DUE: Action.TASKS_WORK,
    NoticeKind.CALIBRATION_CLOSED: Action.TASKS_WORK,
    NoticeKind.HELP_ASKED: Action.HELP_ANSWER,
    NoticeKind.HELP_ANSWERED: Action.HELP_ASK,
    NoticeKind.PARTNER_ASKED: Action.HELP_ASK,
    NoticeKind.COACHING: Action.FEEDBACK_RESPOND,
    NoticeKind.EXEMPLAR_CHOSEN: Action.EXEMPLARS_OWN,
    NoticeKind.EXEMPLAR_ASKED_BACK: Action.EXEMPLARS_CHOOSE,
    NoticeKind.QUIZ_OPEN: Action.PRACTICE_DO,
    NoticeKind.REQUEST_FILED: Action.REQUESTS_READ,
    NoticeKind.REQUEST_DUE: Action.REQUESTS_READ,
    NoticeKind.REQUEST_CLOSED: Action.FEEDBACK_RESPOND,
}
"""Whom a kind can reach at all: its switch is offered to nobody else."""


@dataclass(frozen=True)
class NoticeRow:
    """A notice as the list shows it."""

    uid: uuid.UUID
    words: str
    icon: str
    at: datetime
    unread: bool


@dataclass(frozen=True)
class NoticesPage:
    """One page of a person's notices, newest first."""

    rows: tuple[NoticeRow, ...]
    unread: int
    page: int
    pages: int
    timezone: str


@dataclass(frozen=True)
class Switch:
    """One kind of notice, and whether the person wants it here and by mail."""

    kind: NoticeKind
    name: LazyString
    shown: bool
    mailed: bool


@dataclass(frozen=True)
class ChoicesPage:
    """The switches of a person; ``mail`` tells whether this installation sends any."""

    switches: tuple[Switch, ...]
    address: str
    mail: bool


def unread_count() -> int:
    """Count the unread notices of who is signed in, for the bell; 0 on a page without a session.

    An error page is drawn after the session has ended, and must come whatever the database does.
    """
    person: Person | None = g.get("person")
    if person is None or "database" not in g:
        return 0
    mine = (Notice.user_id == person.id, Notice.read_at.is_(None))
    return db.session().scalar(select(func.count(Notice.id)).where(*mine)) or 0


def zone_of(session: Session, person: Person) -> str:
    """Return the time zone of the first site that a person works for."""
    if not person.grants:
        return "UTC"
    site_id = person.grants[0].site_id
    return session.scalar(select(Site.timezone).where(Site.id.in_([site_id]))) or "UTC"


def notices_page(session: Session, person: Person, page: int) -> NoticesPage:
    """Return one page of the person's own notices."""
    mine = select(Notice).where(Notice.user_id == person.id)
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    rows = session.scalars(
        mine.order_by(Notice.at.desc(), Notice.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    )
    return NoticesPage(
        rows=tuple(
            NoticeRow(row.uid, sentence(row), KINDS[row.kind].icon, row.at, row.read_at is None)
            for row in rows
        ),
        unread=unread_count(),
        page=page,
        pages=pages,
        timezone=zone_of(session, person),
    )


def own_notice(session: Session, person: Person, uid: uuid.UUID) -> Notice:
    """Return a notice of the person's own, or answer 404."""
    found = session.scalar(select(Notice).where(Notice.user_id == person.id, Notice.uid == uid))
    if found is None:
        raise NotFound
    return found


def kinds_for(person: Person) -> tuple[NoticeKind, ...]:
    """Return the kinds that can reach the person, by the roles held."""
    return tuple(kind for kind in NoticeKind if person.roles & ALLOWED[_FOR[kind]])


def choices_page(session: Session, person: Person, *, mail: bool) -> ChoicesPage:
    """Return the switches as they stand; both are on until the person says otherwise."""
    rows = session.scalars(select(NoticeChoice).where(NoticeChoice.user_id == person.id))
    there = {row.kind: row for row in rows}
    return ChoicesPage(
        switches=tuple(
            Switch(
                kind=kind,
                name=KINDS[kind].name,
                shown=there[kind].shown if kind in there else True,
                mailed=there[kind].mailed if kind in there else True,
            )
            for kind in kinds_for(person)
        ),
        address=session.scalar(select(MailAddress.address).where(MailAddress.user_id == person.id))
        or "",
        mail=mail,
    )


def set_choices(
    session: Session,
    person: Person,
    *,
    shown: Collection[str],
    mailed: Collection[str] | None,
    address: str | None,
) -> None:
    """Keep what the person wants; null leaves what concerns mail as it is."""
    rows = session.scalars(select(NoticeChoice).where(NoticeChoice.user_id == person.id))
    there = {row.kind: row for row in rows}
    for kind in kinds_for(person):
        row = there.get(kind)
        if row is None:
            row = NoticeChoice(user_id=person.id, kind=kind)
            session.add(row)
        row.shown = kind.value in shown
        if mailed is not None:
            row.mailed = kind.value in mailed
    if address is not None:
        kept = session.get(MailAddress, person.id)
        if kept is not None:
            session.delete(kept)
            session.flush()
        if address:
            session.add(MailAddress(user_id=person.id, address=address))
    session.flush()
