"""The nightly reminders, and mail to those who wait for nothing else: each person once a run."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING

from sqlalchemy import Engine, Row, delete, exists, func, select, update
from sqlalchemy.orm import Session

from models.notices import MailAddress, Notice, NoticeChoice
from models.people import Agent, Site, User
from models.reviews import SelfAssessment, Task
from models.rights import RightsRequest
from models.session import write_session
from models.vocab import AssessmentState, Role, TaskState
from models.vocab_rights import NoticeKind, RequestState
from pipelines import notices
from pipelines.reminders import rules
from pipelines.runtime import MailSettings, Progress, Runtime

if TYPE_CHECKING:
    import smtplib

KEPT = timedelta(days=90)
"""As long as a notice is of use to anybody; a mail is not sent for one older than two days."""

REQUESTS_SOON = timedelta(days=7)
"""An answer to a request takes more than a day: admins hear of it a week before."""

_MAILED_WITHIN = timedelta(days=2)
_SECONDS = 30
_log = logging.getLogger(__name__)


def remind(session: Session, *, now: datetime) -> None:
    """Tell people of work that is late or due soon, and forget notices that nobody needs."""
    tasks = _by_user(
        session.execute(
            select(Task.assignee_id, Task.due_at).where(
                # Taken, or given by a manager; what waits for a manager's word is not theirs to do.
                Task.state.in_((TaskState.OPEN, TaskState.CLAIMED)),
                Task.assignee_id.is_not(None),
                Task.skip_kind.is_(None),
            )
        ).all()
    )
    views = _by_user(
        session.execute(
            select(Agent.user_id, SelfAssessment.due_at)
            .join(Agent, Agent.id == SelfAssessment.agent_id)
            .where(
                SelfAssessment.state == AssessmentState.ASKED,
                SelfAssessment.due_at > now,
                Agent.user_id.is_not(None),
            )
        ).all()
    )
    _tell_due(session, NoticeKind.TASKS_DUE, tasks, now)
    _tell_due(session, NoticeKind.ASSESSMENT_DUE, views, now)
    _tell_requests(session, now)
    session.execute(delete(Notice).where(Notice.at < now - KEPT))


def _by_user(
    rows: Iterable[Row[int | None, datetime | None]],
) -> Mapping[int, list[datetime]]:
    found: dict[int, list[datetime]] = defaultdict(list)
    for user_id, due_at in rows:
        if user_id is not None and due_at is not None:
            found[user_id].append(due_at)
    return found


def _tell_due(
    session: Session, kind: NoticeKind, due: Mapping[int, list[datetime]], now: datetime
) -> None:
    near = {
        user_id: found
        for user_id, instants in due.items()
        if (found := rules.due_of(instants, now)) is not None
    }
    notices.withdraw(session, kind, but_for=near)
    uids = dict(session.execute(select(User.id, User.uid).where(User.id.in_(near))).all())
    for user_id, found in near.items():
        notices.tell(
            session,
            now=now,
            to=[user_id],
            kind=kind,
            subject="user_account",
            subject_uid=uids[user_id],
            count=found.soon,
            late=found.late,
            until=found.first.isoformat(),
        )


def _tell_requests(session: Session, now: datetime) -> None:
    """Tell admins of each site how many of its requests are due within a week, or late."""
    rows = session.execute(
        select(Site.id, Site.uid, func.count(), func.min(RightsRequest.due_on))
        .join(Site, Site.id == RightsRequest.site_id)
        .where(
            RightsRequest.state == RequestState.OPEN,
            RightsRequest.due_on <= now.date() + REQUESTS_SOON,
        )
        .group_by(Site.id, Site.uid)
    ).all()
    near: set[int] = set()
    for site_id, site_uid, count, first in rows:
        admins = notices.holders(session, [Role.ADMIN], site_id, None)
        near |= admins
        notices.tell(
            session,
            now=now,
            to=admins,
            kind=NoticeKind.REQUEST_DUE,
            subject="site",
            subject_uid=site_uid,
            count=count,
            until=first.isoformat(),
        )
    notices.withdraw(session, NoticeKind.REQUEST_DUE, but_for=near)


@dataclass(frozen=True)
class Letter:
    """A mail to one person, and the notices that it stands for."""

    address: str
    locale: str | None
    notice_ids: tuple[int, ...]


def letters(session: Session, runtime: Runtime, *, now: datetime) -> list[Letter] | None:
    """Return the mails to send, one per person; null when there are none or mail is off."""
    if runtime.mail is None:
        return None
    off = exists().where(
        NoticeChoice.user_id == Notice.user_id,
        NoticeChoice.kind == Notice.kind,
        NoticeChoice.mailed.is_(False),
    )
    rows = session.execute(
        select(MailAddress.address, User.locale, Notice.id)
        .join(User, User.id == MailAddress.user_id)
        .join(Notice, Notice.user_id == User.id)
        .where(
            Notice.read_at.is_(None),
            Notice.mailed_at.is_(None),
            Notice.at > now - _MAILED_WITHIN,
            User.disabled_at.is_(None),
            ~off,
        )
        .order_by(User.id, Notice.id)
    )
    found: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for address, locale, notice_id in rows:
        found[address, locale].append(notice_id)
    return [Letter(*whom, tuple(ids)) for whom, ids in found.items()] or None


def send(found: Sequence[Letter], runtime: Runtime, progress: Progress) -> None:
    """Send the mails, each written down as sent at once, so that none is sent twice.

    One that the server refuses is passed over; a server that cannot be reached raises, and the job
    is tried again.
    """
    mail = runtime.mail
    if mail is None:
        return
    with _connected(mail) as server:
        for done, letter in enumerate(found, start=1):
            _send_one(server, mail, letter)
            _mark_sent(runtime.engine, letter, runtime.clock.now())
            progress(done, len(found))


def _connected(mail: MailSettings) -> "smtplib.SMTP":
    # Loaded here: most installations send none.
    import smtplib
    import ssl

    if mail.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            mail.host, mail.port, timeout=_SECONDS, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=_SECONDS)
        if mail.security == "starttls":
            server.starttls(context=ssl.create_default_context())
    if mail.user:
        server.login(mail.user, mail.password)
    return server


def _send_one(server: "smtplib.SMTP", mail: MailSettings, letter: Letter) -> None:
    import smtplib

    message = EmailMessage()
    message["Subject"], text = rules.mail_text(mail.link, letter.locale)
    message["From"], message["To"] = mail.sender, letter.address
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    try:
        server.send_message(message)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError):
        # Without the address: log lines hold no personal data.
        _log.warning("the mail server refused a mail")


def _mark_sent(engine: Engine, letter: Letter, now: datetime) -> None:
    with write_session(engine) as session:
        session.execute(
            update(Notice).where(Notice.id.in_(letter.notice_ids)).values(mailed_at=now)
        )
