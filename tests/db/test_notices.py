"""What people are told, once each, by the acts themselves; and mail, by a server of the test's."""

import email
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.notices import MailAddress, Notice, NoticeChoice
from models.operations import Job as JobRow
from models.people import User
from models.reviews import SelfAssessment
from models.session import read_session, write_session
from models.vocab import RetentionSubject, Role, SkipKind
from models.vocab_rights import NoticeKind, RequestKind, RequestOf
from pipelines import evaluation, flow, notices
from pipelines.reminders import service as reminders
from pipelines.retention import service as retention
from pipelines.review import assessments, feedback, skips, verdicts
from pipelines.review import service as review
from pipelines.rights import service as rights
from pipelines.runtime import MailSettings
from pipelines.scoring.rules import sheet_of
from pipelines.scoring.service import import_scorecard, version_rule
from tests import factories as make
from tests.db.job_kit import make_runtime
from tests.factories import NOW, SCORECARD

GOOD = {"greeting": "yes", "needs": "needs_good", "identity": "yes", "praise": "yes"}


def told(session: Session, user: User) -> list[tuple[str, dict[str, Any], bool]]:
    """Return kind, parameters and whether it is unread, of all that a person was told."""
    rows = session.scalars(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id))
    return [(row.kind.value, row.params, row.read_at is None) for row in rows]


def test_the_same_thing_is_one_notice_and_comes_back_only_with_news(session: Session) -> None:
    user, noise, gone = (make.make_user(session) for _ in range(3))
    gone.disabled_at = NOW

    def tell(count: int, *to: User) -> int:
        return notices.tell(
            session,
            now=NOW,
            to=[None, *(person.id for person in to)],
            kind=NoticeKind.TASKS_DUE,
            subject="x",
            subject_uid=user.uid,
            count=count,
        )

    assert tell(1, user, noise, gone) == 2
    session.scalars(select(Notice).where(Notice.user_id == user.id)).one().read_at = NOW
    assert tell(1, user) == 1
    assert told(session, user) == [("tasks_due", {"count": 1}, False)]
    tell(2, user)
    assert told(session, user) == [("tasks_due", {"count": 2}, True)]
    assert told(session, noise) == [("tasks_due", {"count": 1}, True)]
    assert told(session, gone) == []
    session.add(NoticeChoice(user_id=noise.id, kind=NoticeKind.TASKS_DUE, shown=False))
    session.flush()
    assert tell(3, noise) == 0
    with pytest.raises(ValueError, match="may not carry earned"):
        notices.tell(
            session,
            now=NOW,
            to=[user.id],
            kind=NoticeKind.REVIEW_READY,
            subject="review",
            subject_uid=user.uid,
            earned=2_700,
        )


class World:
    """A drawn call of an agent, with a reviewer and two managers."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.site = make.make_site(session)
        self.team = make.make_team(session, self.site)
        self.agent_user, self.reviewer = make.make_user(session), make.make_user(session)
        self.manager, self.lead = (
            make.make_user(session, roles=[(Role.MANAGER, self.site, team)])
            for team in (None, self.team)
        )
        make.make_user(session, roles=[(Role.MANAGER, make.make_site(session), None)])
        self.agent = make.make_agent(session, self.team, user=self.agent_user)
        self.version = import_scorecard(session, SCORECARD, now=NOW)
        self.project = make.make_project(session, self.site, scorecard_id=self.version.scorecard_id)
        self.call = make.make_call(session, self.agent, self.team, self.project)
        self.draw = make.make_draw(session, self.project, [self.call])
        (self.task,) = review.create_tasks(session, self.draw, now=NOW)
        evaluation.tell_asked(session, self.draw, now=NOW)

    def reviewed(self) -> Any:
        review.claim(self.session, self.task, self.reviewer, now=NOW)
        found = verdicts.start_or_get_review(self.session, self.task, self.reviewer, now=NOW)
        evaluation.submit_review(
            self.session,
            found,
            sheet_of(version_rule(self.session, self.version.id), GOOD, "because"),
            "",
            lock_version=found.lock_version,
            user=self.reviewer,
            now=NOW,
        )
        return found

    @property
    def own_view(self) -> SelfAssessment:
        return self.session.scalars(
            select(SelfAssessment).where(SelfAssessment.leg_id == self.call.legs[0].id)
        ).one()


def test_an_agent_learns_of_a_verdict_when_the_own_view_is_in_and_not_before(
    session: Session,
) -> None:
    world = World(session)
    asked = told(session, world.agent_user)
    assert [(kind, params["count"]) for kind, params, _ in asked] == [("assessment_asked", 1)]
    found = world.reviewed()
    assert told(session, world.agent_user) == asked
    own = world.own_view
    sheet = sheet_of(version_rule(session, world.version.id), GOOD, "because")
    evaluation.submit_assessment(
        session, own, sheet, lock_version=own.lock_version, user=world.agent_user, now=NOW
    )
    assert told(session, world.agent_user)[1:] == [("review_ready", {}, True)]
    objection = feedback.object_to(session, found, world.agent, world.agent_user, "no", now=NOW)
    for decider in (world.manager, world.lead):
        assert told(session, decider) == [("objection_raised", {"count": 1}, True)]
    assert told(session, world.reviewer) == []
    evaluation.answer_objection(session, objection, world.manager, "so", upheld=False, now=NOW)
    assert told(session, world.lead) == []
    assert told(session, world.agent_user)[2:] == [("objection_decided", {"count": 1}, True)]


def test_a_verdict_opens_when_the_time_for_the_own_view_runs_out(session: Session) -> None:
    world = World(session)
    world.reviewed()
    due = world.own_view.due_at
    assert due is not None
    assessments.lapse_assessments(session, now=due)
    evaluation.tell_lapsed(session, now=due)
    evaluation.tell_lapsed(session, now=due + timedelta(hours=1))
    assert [kind for kind, _, _ in told(session, world.agent_user)][1:] == ["review_ready"]


def test_the_night_reminds_of_what_is_due_and_takes_back_what_no_longer_is(
    session: Session,
) -> None:
    world = World(session)
    review.claim(session, world.task, world.reviewer, now=NOW)
    reminders.remind(session, now=NOW)
    assert told(session, world.reviewer) == []
    late = world.task.due_at + timedelta(minutes=1)
    session.add(Notice(**_old(world.manager)))
    reminders.remind(session, now=late)
    (notice,) = told(session, world.reviewer)
    assert notice[1]["late"] == 1
    assert notice[1]["count"] == 0
    assert "score" not in str(notice)
    assert told(session, world.manager) == []
    request = rights.file_request(
        session,
        world.site,
        kind=RequestKind.ACCESS,
        whose=RequestOf.CUSTOMER,
        reference="Letter 1",
        received_on=NOW.date(),
        now=NOW,
        user=world.manager,
    )
    admin = make.make_user(session, roles=[(Role.ADMIN, world.site, None)])
    reminders.remind(session, now=NOW + timedelta(days=22))
    assert told(session, admin) == []
    reminders.remind(session, now=NOW + timedelta(days=23))
    assert told(session, admin) == [("request_due", {"count": 1, "until": "2026-12-23"}, True)]
    rights.close_request(session, request, granted=False, answer="No.", now=NOW, user=world.manager)
    reminders.remind(session, now=NOW + timedelta(days=24))
    assert told(session, admin) == []
    reminders.remind(session, now=world.own_view.due_at - timedelta(hours=1))
    assert "assessment_due" in [kind for kind, _, _ in told(session, world.agent_user)]
    review.release(session, world.task, world.reviewer, now=late, discard=True)
    reminders.remind(session, now=late)
    assert told(session, world.reviewer) == []
    # What a manager gave counts too; what waits for a manager's word does not.
    world.task.assignee_id = world.reviewer.id
    reminders.remind(session, now=late)
    assert [kind for kind, _, _ in told(session, world.reviewer)] == ["tasks_due"]
    review.claim(session, world.task, world.reviewer, now=late)
    skips.ask(session, world.task, world.reviewer, SkipKind.INELIGIBLE, "voicemail", now=late)
    reminders.remind(session, now=late)
    assert told(session, world.reviewer) == []


def _old(user: User) -> dict[str, Any]:
    return {
        "user_id": user.id,
        "kind": NoticeKind.COACHING,
        "subject": "x",
        "subject_uid": user.uid,
        "params": {},
        "at": NOW - reminders.KEPT,
    }


def test_a_draw_leaves_recordings_alone_whose_words_would_go_at_once(
    own_engine: Engine, tmp_path: Path
) -> None:
    runtime = make_runtime(own_engine, tmp_path)
    with write_session(own_engine) as session:
        world = World(session)
        old = make.make_call(
            session, world.agent, world.team, world.project, started_at=NOW - timedelta(days=20)
        )
        recordings = [make.make_recording(session, call) for call in (world.call, old)]
        draw = make.make_draw(session, world.project, [world.call, old])
        retention.set_rule(
            session, world.site, None, RetentionSubject.TRANSCRIPT, 10, now=NOW, actor=None
        )
        flow._transcribe(session, draw, now=NOW)
        heard = session.scalars(select(JobRow.recording_id).where(JobRow.name == "transcribe"))
        assert list(heard) == [recordings[0].id]
    assert runtime.mail is None


class _Handler(socketserver.StreamRequestHandler):
    """As much of SMTP as one mail needs; addresses with ``refused`` are refused."""

    def handle(self) -> None:
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                self.say("354 go on")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                self.server.mails.append(text.decode())  # type: ignore[attr-defined]
                self.say("250 kept")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("550 no" if "refused" in line else "250 ok")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def mail_server() -> Iterator[Any]:
    with socketserver.TCPServer(("127.0.0.1", 0), _Handler) as server:
        server.mails = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_mail_says_that_something_waits_once_and_nothing_else(
    own_engine: Engine, tmp_path: Path, mail_server: Any
) -> None:
    runtime = make_runtime(own_engine, tmp_path)
    mail = MailSettings(
        "127.0.0.1", mail_server.server_address[1], "none", "", "", "q@here", "https://here.example"
    )
    with write_session(own_engine) as session:
        world = World(session)
        for user, address in ((world.agent_user, "agent@x"), (world.reviewer, "refused@x")):
            session.add(MailAddress(user_id=user.id, address=address))
        world.agent_user.locale = "zh_Hans"
        for kind in (NoticeKind.REVIEW_READY, NoticeKind.OBJECTION_DECIDED):
            notices.tell(
                session,
                now=NOW,
                to=[world.agent_user.id, world.reviewer.id, world.manager.id],
                kind=kind,
                subject="review",
                subject_uid=world.call.uid,
            )
        session.add(
            NoticeChoice(user_id=world.reviewer.id, kind=NoticeKind.REVIEW_READY, mailed=False)
        )

    def due(*, with_mail: bool = True) -> Any:
        here = replace(runtime, mail=mail if with_mail else None)
        with read_session(own_engine) as session:
            return here, reminders.letters(session, here, now=NOW)

    assert due(with_mail=False)[1] is None
    here, found = due()
    assert [(one.address, len(one.notice_ids)) for one in found] == [
        ("agent@x", 3),
        ("refused@x", 1),
    ]
    reminders.send(found, here, lambda _done, _total: None)
    (sent,) = mail_server.mails
    message = email.message_from_string(sent.removesuffix("\r\n.\r\n"), policy=policy.default)
    text = f"{message['Subject']}\n{message.get_content()}"
    assert message["To"] == "agent@x"
    assert text.startswith("Hearback：有事项等待您处理")
    for word in ("Agent", "review", "score", "objection", str(world.call.uid)):
        assert word not in text
    assert due()[1] is None
