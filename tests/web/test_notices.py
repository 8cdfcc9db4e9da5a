"""The bell, the list, the switches; and that no notice tells what its reader must not know."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.notices import MailAddress, Notice, NoticeChoice
from models.people import Agent
from models.reviews import Review
from models.vocab_rights import NoticeKind
from pipelines import evaluation, notices
from pipelines.review import feedback
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]


def text(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_what_waits_is_at_the_bell_and_leads_to_its_page(
    signed_in: SignedIn, add: Add, world: World, app: Flask
) -> None:
    def make(session: Session) -> Any:
        agent = session.scalars(select(Agent)).one()
        version = factories.make_version(session)
        project = factories.make_project(session, session.merge(world.site))
        leg = factories.make_call(session, agent, session.merge(world.team), project).legs[0]
        review = factories.make_review(session, leg, version)
        evaluation.tell_ready(session, [leg.id], now=NOW)
        for kind in NoticeKind:
            notices.tell(
                session,
                now=NOW,
                to=[world.people["manager"].id],
                kind=kind,
                subject="x",
                subject_uid=review.uid,
                count=2,
                late=1,
                until=NOW.isoformat(),
                title="Card",
            )
        return review.uid

    review = add(make)
    agent = signed_in("agent")
    assert 'aria-label="Notices, 1 unread"' in text(agent, "/")
    page = text(agent, "/notices")
    assert "Feedback on a call of mine can be read." in page
    # Neither the score nor the way to it stands in the page.
    assert "90.0" not in page
    assert str(review) not in page
    (way,) = re.findall(r'action="(/notices/[^"]+/open)"', page)
    manager = signed_in("manager")
    manager.get("/notices")
    assert manager.post(way).status_code == 404
    agent.get("/notices")
    answer = agent.post(way)
    assert answer.location == f"/feedback/{review}"
    assert 'aria-label="Notices, 0 unread"' in text(agent, answer.location)
    # Every kind has a sentence in both languages and a way that does not break.
    page = text(manager, "/notices")
    assert page.count("/open") == len(NoticeKind)
    manager.post("/language", {"locale": "zh_Hans"})
    chinese = text(manager, "/notices")
    assert "通知" in chinese
    assert not re.search(r"<div>[A-Za-z ]{12,}\.", chinese)
    for each in re.findall(r'action="(/notices/[^"]+/open)"', chinese):
        manager.get("/notices")
        assert manager.post(each).status_code == 303
    manager.post("/notices/read", {"notice": [str(review)]})
    assert add(lambda s: s.scalars(select(Notice.id).where(Notice.read_at.is_(None))).all()) == []


def test_a_person_chooses_what_to_be_told_and_mail_only_where_there_is_a_server(
    signed_in: SignedIn, add: Add, app: Flask
) -> None:
    agent = signed_in("agent")
    page = text(agent, "/notices/choices")
    assert "This installation sends no mail." in page
    assert 'value="tasks_due"' not in page
    agent.post("/notices/choices", {"shown": ["review_ready"], "address": "a@x.example"})
    rows = add(lambda s: {r.kind: r.shown for r in s.scalars(select(NoticeChoice))})
    assert rows[NoticeKind.REVIEW_READY] is True
    assert rows[NoticeKind.ASSESSMENT_DUE] is False
    assert add(lambda s: s.scalar(select(MailAddress.address))) is None
    app.extensions["hearback.settings"] = replace(
        app.extensions["hearback.settings"], mail_host="mail.example"
    )
    agent.get("/notices/choices")
    wrong = agent.post("/notices/choices", {"address": "no address"})
    assert wrong.status_code == 422
    assert "This is no address." in wrong.get_data(as_text=True)
    for address in ("a@x.example", "b@x.example"):
        agent.post("/notices/choices", {"shown": [], "mailed": [], "address": address})
    assert "b@x.example" in text(agent, "/notices/choices")
    agent.post("/notices/choices", {"address": ""})
    assert add(lambda s: s.scalar(select(MailAddress.address))) is None


def test_who_judges_a_call_is_told_nothing_of_it(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    """A manager who still reviews another leg of the call hears of no objection to it."""

    def make(session: Session) -> None:
        agent = session.scalars(select(Agent)).one()
        team = session.merge(world.team)
        (task,) = factories.make_tasks(session, agent, team)
        task.assignee_id, task.state = world.people["manager"].id, "claimed"
        review = factories.make_review(session, task.leg, task.version)
        session.flush()
        evaluation.tell_ready(session, [task.leg_id], now=NOW)
        review.leg.agent_id = agent.id
        assert not feedback.verdict_is_visible(session, review, NOW)
        notices.withdraw(session, NoticeKind.ASSESSMENT_ASKED)
        # The own view is out of the way, so that the agent may object.
        own = session.get_one(Review, review.id)
        from models.reviews import SelfAssessment

        session.delete(session.scalars(select(SelfAssessment)).one())
        session.flush()
        feedback.object_to(
            session, own, agent, session.merge(world.people["agent"]), "planted words", now=NOW
        )

    add(make)
    manager, agent = signed_in("manager"), signed_in("agent")
    for browser in (manager, agent):
        page = text(browser, "/notices")
        assert "Nothing yet" in page
        assert "planted" not in page
        assert "objection" not in page.lower().replace("an objection is decided", "")
