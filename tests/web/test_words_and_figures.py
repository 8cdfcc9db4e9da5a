"""Page by page: whose figures a site shows to whom, and who is written down as having read words.

Both are decided in one place and asked by many pages; each page that forgot to ask would show here.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import CalibrationItem, CalibrationRound, CalibrationSeat
from models.coaching import CoachingSession, HelpRequest
from models.disputes import Dispute, DisputeItem
from models.people import Agent
from models.practice import PracticeAttempt, Quiz, QuizItem, QuizPerson
from models.reviews import Answer, SelfAssessment
from models.rights import CallAccess, SiteLimits
from models.vocab import AssessmentState, CalibrationState, Origin, Role
from models.vocab_learning import (
    AttemptState,
    CoachingKind,
    DisputeReason,
    DisputeResult,
    DisputeState,
    HelpKind,
    QuizState,
)
from models.vocab_rights import AccessWay, NoticeKind, PersonFigures
from pipelines.notices import tell
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]
HIDDEN = "This site does not show you figures about single persons here."


def make_stage(session: Session, world: World) -> dict[str, Any]:
    """A call without recording that was judged twice, disputed, talked about and practised on."""
    site, team = session.merge(world.site), session.merge(world.team)
    agent = session.scalars(select(Agent)).one()
    (task,) = factories.make_tasks(session, agent, team)
    leg, version = task.leg, task.version
    for own in session.scalars(select(SelfAssessment)):
        own.state = AssessmentState.LAPSED
    dan = factories.make_user(session, "dan", roles=[(Role.REVIEWER, site, None)])
    reviewer = taker = world.people["reviewer"]
    session.delete(task)
    session.flush()
    review, second = (
        factories.make_review(session, leg, version, reviewer_id=user.id, origin=origin)
        for user, origin in ((reviewer, Origin.DRAWN), (dan, Origin.SECOND))
    )
    criteria = version.sections[0].criteria
    for criterion in criteria:
        session.add(
            Answer(
                revision_id=review.current_revision_id,
                criterion_id=criterion.id,
                value={"answer": "yes"},
                earned=500,
                attainable=500,
                evidence=[],
            )
        )
    at: dict[str, Any] = {"site_id": site.id, "team_id": team.id}

    def dispute(of: Any, result: DisputeResult, *asked: Any, **more: Any) -> Dispute:
        return Dispute(
            **at,
            review_id=of.id,
            agent_id=agent.id,
            raised_at=NOW,
            due_at=NOW,
            before_id=of.current_revision_id,
            items=[
                DisputeItem(
                    review_id=of.id,
                    criterion_id=one.id,
                    reason=DisputeReason.OVERLOOKED,
                    words="x",
                    evidence=[],
                    result=result,
                )
                for one in asked
            ],
            **more,
        )

    waiting = dispute(second, DisputeResult.OPEN, criteria[0])
    rows = {
        "talk": CoachingSession(
            **at,
            agent_id=agent.id,
            kind=CoachingKind.TALK,
            held_on=NOW.date(),
            leg_id=leg.id,
            words="x",
            created_at=NOW,
        ),
        "help": HelpRequest(
            **at, leg_id=leg.id, agent_id=agent.id, kind=HelpKind.ANSWER, asked_at=NOW
        ),
        "quiz": Quiz(
            **at,
            title="x",
            version_id=version.id,
            criteria=[],
            due_at=NOW,
            made_at=NOW,
            state=QuizState.OPEN,
            items=[QuizItem(position=1, leg_id=leg.id, why="x", reference={}, saved_at=NOW)],
            people=[QuizPerson(user_id=taker.id, added_at=NOW)],
        ),
        "round": CalibrationRound(
            **at,
            version_id=version.id,
            title="x",
            due_at=NOW,
            created_at=NOW,
            state=CalibrationState.CLOSED,
            ended_at=NOW,
            items=[
                CalibrationItem(
                    leg_id=leg.id,
                    position=1,
                    reference={},
                    points={},
                    seats=[CalibrationSeat(reviewer_id=reviewer.id)],
                )
            ],
        ),
        "dispute": waiting,
    }
    decided = {"state": DisputeState.DECIDED, "decided_at": NOW}
    # Five decided criteria: from so many on a reviewer is named.
    session.add_all([*rows.values(), dispute(review, DisputeResult.UPHELD, *criteria, **decided)])
    session.flush()
    rows["attempt"] = PracticeAttempt(
        item_id=rows["quiz"].items[0].id,
        user_id=taker.id,
        state=AttemptState.SUBMITTED,
        sheet={},
        compared={},
        started_at=NOW,
        saved_at=NOW,
        submitted_at=NOW,
    )
    session.add(rows["attempt"])
    session.flush()
    # How disputes end is told of five people and more.
    for number in range(4):
        other = factories.make_agent(session, team, f"sh12{number}")
        call = factories.make_call(session, other, team, leg.call.project)
        factories.make_review(session, call.legs[0], version, reviewer_id=reviewer.id)
    found: dict[str, Any] = {name: row.uid for name, row in rows.items()}
    return {
        **found,
        "item": rows["round"].items[0].uid,
        "taker": taker.uid,
        "call": leg.call_id,
        "review": review.uid,
    }


@pytest.fixture
def stage(add: Add, world: World) -> dict[str, Any]:
    return add(lambda session: make_stage(session, world))


def shown(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("role", "path", "sign"),
    [
        ("manager", "/skills", "Sh101"),
        ("manager", "/calibration/reviewers", "Dan"),
        ("manager", "/coaching/{talk}", "What changed afterwards"),
        ("manager", "/disputes/figures", "Reviewer1"),
        ("trainer", "/quizzes/{quiz}", "/quizzes/people/{taker}"),
    ],
)
def test_figures_about_single_persons_go_as_far_as_the_site_says(
    signed_in: SignedIn, add: Add, world: World, stage: Any, *, role: str, path: str, sign: str
) -> None:
    browser = signed_in(role)
    for level in PersonFigures:
        limits = {"person_figures": level, "request_days": 30, "changed_at": NOW}
        add(lambda s, limits=limits: s.merge(SiteLimits(site_id=world.site.id, **limits)))
        page = shown(browser, path.format(**stage))
        # Both lead the whole site: where only a team's own lead is to see them, they do not.
        goes = level is PersonFigures.MANAGER
        assert (sign.format(**stage) in page) is goes, level
        assert (HIDDEN in page) is not goes, level
        if role == "trainer":
            person = browser.get(sign.format(**stage)).status_code
            assert person == (200 if goes else 404)
            rows = shown(browser, f"{path}/results.csv".format(**stage)).count("\n")
            assert rows == 1


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("manager", "/coaching/{talk}"),
        ("manager", "/help/{help}"),
        ("manager", "/disputes/{dispute}"),
        ("reviewer", "/calibration/calls/{item}"),
        ("reviewer", "/practice/attempts/{attempt}/comparison"),
        ("manager", "/calibration/calls/{item}/reference"),
    ],
)
def test_who_reads_words_about_a_call_is_in_its_agents_list(
    signed_in: SignedIn, add: Add, world: World, stage: Any, *, role: str, path: str
) -> None:
    browser = signed_in(role)
    for _twice in range(2):
        shown(browser, path.format(**stage))
    rows = add(lambda s: [(r.call_id, r.way, r.user_id) for r in s.scalars(select(CallAccess))])
    assert rows == [(stage["call"], AccessWay.NOTES, world.people[role].id)]
    agent = signed_in("agent")
    if "talk" in path or "help" in path:
        # What an agent reads of the own call is nobody else's business.
        shown(agent, path.format(**stage))
        assert len(add(lambda s: s.scalars(select(CallAccess.id)).all())) == 1


def test_a_notice_leads_to_a_page_that_its_reader_may_open(
    signed_in: SignedIn, add: Add, world: World, stage: Any
) -> None:
    ways = {
        ("agent", NoticeKind.COACHING, "talk"): f"/coaching/{stage['talk']}",
        ("agent", NoticeKind.HELP_ANSWERED, "help"): f"/help/{stage['help']}",
        ("agent", NoticeKind.DISPUTE_DECIDED, "review"): f"/feedback/{stage['review']}",
        ("agent", NoticeKind.EXEMPLAR_CHOSEN, "talk"): "/exemplars/mine",
        ("manager", NoticeKind.DISPUTE_RAISED, "dispute"): "/disputes/",
        ("manager", NoticeKind.HELP_ASKED, "help"): "/help/",
        ("manager", NoticeKind.SKIP_ASKED, "talk"): "/tasks/",
        ("trainer", NoticeKind.EXEMPLAR_ASKED_BACK, "talk"): "/exemplars/?show=asked_back",
        ("reviewer", NoticeKind.CALIBRATION_CLOSED, "round"): f"/calibration/{stage['round']}",
        ("reviewer", NoticeKind.QUIZ_OPEN, "quiz"): "/practice/",
    }
    opened: set[str] = set()
    for (role, kind, row), way in ways.items():
        to, about = [world.people[role].id], {"subject": row, "subject_uid": stage[row]}
        add(lambda s, to=to, kind=kind, about=about: tell(s, now=NOW, to=to, kind=kind, **about))
        browser = signed_in(role)
        assert f'value="{kind}"' in shown(browser, "/notices/choices")
        (opens,) = set(re.findall(r'/notices/[^"]+/open', shown(browser, "/notices"))) - opened
        opened.add(opens)
        assert browser.post(opens).location == way
        shown(browser, way)
