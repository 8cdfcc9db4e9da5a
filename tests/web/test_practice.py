"""The practice room: a quiz is taken blind and compared; nothing tells before, nothing counts."""

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from models.measures import DailyFact, DirtyDay
from models.people import Agent
from models.reviews import Answer, Exemplar, Review, SelfAssessment, Task
from models.vocab import AssessmentState, Role, TaskState
from models.vocab_learning import ExemplarAudience, ExemplarLevel
from pipelines.practice import exemplars
from pipelines.practice.exemplars import Wish
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import _PASSWORD_HASH, Browser
from tests.web.test_exemplars import heard, once, words

LOCK = re.compile(r'name="lock_version"[^>]*value="(\d+)"')
ANSWERS = {
    "answer_greeting": "no",
    "comment_greeting": "not heard",
    "answer_needs": "needs_good",
    "answer_identity": "yes",
}


@pytest.fixture
def shelf(add: Any, world: Any) -> Any:
    """Two exemplary calls with a review each, a playlist of them, and two people to take a quiz."""

    def make(session: Any) -> Any:
        site, team = session.merge(world.site), session.merge(world.team)
        owner = session.scalars(select(Agent)).one()
        people = [
            factories.make_user(
                session, name, password_hash=_PASSWORD_HASH, roles=[(Role.AGENT, site, team)]
            )
            for name in ("tim", "tess")
        ]
        for number, person in enumerate(people):
            factories.make_agent(session, team, f"sh9{number}", person)
        user = session.merge(world.people["trainer"])
        made = []
        tasks = factories.make_tasks(session, owner, team, count=2)
        for task in tasks:
            task.state = TaskState.DONE
            heard(session, task.leg.call)
            review = factories.make_review(
                session, task.leg, task.version, reviewer_id=world.people["reviewer"].id
            )
            for criterion in task.version.sections[0].criteria[:3]:
                session.add(
                    Answer(
                        revision_id=review.current_revision_id,
                        criterion_id=criterion.id,
                        value={"answer": "needs_some" if criterion.lineage == "needs" else "yes"},
                        earned=0,
                        attainable=0,
                        comment="planted reference",
                        evidence=[{"start_ms": 0, "end_ms": 900, "words": "good morning"}],
                    )
                )
            session.flush()
            wish = Wish(
                why="planted why",
                level=ExemplarLevel.OPEN,
                audience=ExemplarAudience.SITE,
                tags=("planted-tag",),
            )
            made.append(
                exemplars.choose(
                    session,
                    task.leg,
                    task.version.sections[0].criteria[0],
                    user,
                    wish,
                    review=review,
                    now=NOW,
                ).uid
            )
        for own in session.scalars(select(SelfAssessment)):
            own.state = AssessmentState.LAPSED
        return made

    return add(make)


def entered(app: Any, name: str) -> Browser:
    browser = Browser(app.test_client())
    assert browser.sign_in(name).status_code == 303
    return browser


def make_quiz(trainer: Browser, exemplars_: Any, names: tuple[str, ...], **more: str) -> str:
    """Make a quiz with these exemplars for people by name; return its address."""
    form = words(trainer.get("/quizzes/new"))
    area = re.search(r'value="(site:[^"]+)"', form)
    version = re.search(r'<select[^>]*id="version"[^>]*><option[^>]*value="([^"]+)"', form)
    assert area
    assert version
    path = trainer.post(
        "/quizzes/new",
        {
            "title": "Openings",
            "area": area[1],
            "version": version[1],
            "due": "2026-12-01",
            "once": once(form),
            **more,
        },
    ).location
    assert path
    for uid in exemplars_:
        assert trainer.post(f"{path}/items", {"exemplar": str(uid)}).status_code == 303
    page = words(trainer.get(f"{path}/people"))
    boxes = re.findall(
        r'name="people" value="([^"]+)"[^>]*><span class="form-check-label">([^<]+)<', page
    )
    chosen = [uid for uid, name in boxes if name.lower() in names]
    assert len(chosen) == len(names)
    assert trainer.post(f"{path}/people", {"people": chosen}).status_code == 303
    return path


def lock(browser: Browser) -> str:
    found = LOCK.search(browser.last.get_data(as_text=True))
    assert found
    return found[1]


SECRETS = ("planted why", "planted reference", "planted-tag", "Points still open", "Sh101")


def untold(page: str) -> bool:
    """Tell whether a page, but for what the person typed or may choose from, tells no secret."""
    said = re.sub(r"<option.*?</option>|<input[^>]*>", "", page)
    return not [secret for secret in SECRETS if secret in said]


def nothing_is_told(tim: Browser, shelf: Any) -> list[str]:
    """Go where something could be told of calls that are owed; return the ways to score them."""
    assert "<strong>2</strong>calls to practise on" in words(tim.get("/"))
    room = words(tim.get("/practice/"))
    library = words(tim.get("/exemplars/"))
    assert "2 exemplars are hidden until you have scored them" in library
    asked = words(tim.get("/exemplars/?q=planted&level=open&tag=planted-tag"))
    assert all(untold(page) for page in (room, library, asked))
    # Nor does a filter tell by what it offers.
    assert "planted-tag" not in library
    for uid in shelf:
        assert tim.get(f"/exemplars/{uid}").status_code == 404
        assert tim.get(f"/exemplars/{uid}/sound").status_code == 404
    return re.findall(r'action="(/practice/items/[^"]+/begin)"', room)


def the_form_guards_itself(tim: Browser, form: str) -> None:
    """Save, save from an older window, and submit too early."""
    assert untold(words(tim.get(form)))
    saved = tim.post(f"{form}/draft", {**ANSWERS, "lock_version": lock(tim)})
    assert saved.json["lock_version"] > 1
    tim.get(form)
    assert tim.post(f"{form}/draft", {"lock_version": "1"}).status_code == 409
    words(tim.get(form))
    early = tim.post(f"{form}/submit", {"answer_greeting": "yes", "lock_version": lock(tim)})
    assert "answers are still open" in words(early)
    assert tim.get(f"{form}/comparison").status_code == 404
    tim.get(form)


def test_a_quiz_is_taken_blind_and_compared_criterion_by_criterion(
    signed_in: Any, app: Any, shelf: Any, add: Any, clock: Any
) -> None:
    def counted(session: Any) -> Any:
        return [
            session.scalar(select(func.count()).select_from(model))
            for model in (Review, DailyFact, DirtyDay)
        ]

    before = add(counted)
    trainer, tim = signed_in("trainer"), entered(app, "tim")
    for uid in shelf:
        assert "planted why" in words(tim.get(f"/exemplars/{uid}"))
    path = make_quiz(trainer, shelf, ("tim", "tess"))
    assert "Nothing to practise on" in words(tim.get("/practice/"))
    assert trainer.post(f"{path}/open").location == path
    assert "The quiz is open" in words(trainer.get(path))
    first, second = nothing_is_told(tim, shelf)
    form = tim.post(first).location
    assert form
    the_form_guards_itself(tim, form)
    answer = tim.post(f"{form}/submit", {**ANSWERS, "lock_version": lock(tim)})
    assert answer.location == f"{form}/comparison"
    compared = words(tim.get(answer.location))
    for told in ("planted why", "planted reference", "you gave 5 less", "you gave 9 more"):
        assert told in compared
    assert 'data-play-from="0" data-play-to="900"' in compared
    assert "1 of 3" in compared
    assert second in compared
    assert tim.get(form).location == answer.location

    # That one is open to him now, the other not; it is on his record and on the trainer's page.
    assert sorted(tim.get(f"/exemplars/{uid}").status_code for uid in shelf) == [200, 404]
    assert "as the reference: 33 %" in words(tim.get("/practice/"))
    results = words(trainer.get(path))
    assert "1 of 2" in results
    (person,) = re.findall(r'href="(/quizzes/people/[^"]+)">Tim<', results)
    assert "as the reference: 33 %" in words(trainer.get(person))

    # Nobody else's attempt is anybody's to open, whatever the id.
    tess = entered(app, "tess")
    tess.get("/practice/")
    for address in (form, f"{form}/comparison"):
        assert {each.get(address).status_code for each in (tess, trainer)} == {404}
    tess.get("/practice/")
    assert tess.post(f"{form}/draft", {"lock_version": "1"}).status_code == 404

    # Over: nothing can be scored, and nothing is hidden any more.
    tim.get("/practice/")
    left = tim.post(second).location
    clock.move(days=10)
    tim = entered(app, "tim")
    assert tim.get(left).status_code == 409
    assert all(tim.get(f"/exemplars/{uid}").status_code == 200 for uid in shelf)

    # There is no further review, and no day has to be summed again.
    assert add(counted) == before
    file = trainer.get(f"{path}/results.csv").get_data(as_text=True).splitlines()
    rows = [line.split(",") for line in file[1:]]
    assert [(row[0], row[1], *row[4:]) for row in rows] == [
        ("Tim", "1", "greeting", "0", "5", "5"),
        ("Tim", "1", "needs", "15", "6", "15"),
        ("Tim", "1", "identity", "10", "10", "10"),
    ]


def test_who_knows_the_answer_is_not_asked_and_not_hidden_from(
    signed_in: Any, app: Any, shelf: Any
) -> None:
    trainer = signed_in("trainer")
    path = make_quiz(trainer, shelf, ("reviewer1", "agent1", "manager1"))
    assert trainer.post(f"{path}/open").status_code == 303
    # The reviewer gave the reference, and the agent took the calls: nothing to practise.
    for role, waiting in (("reviewer", 0), ("agent", 0), ("manager", 2)):
        browser = signed_in(role)
        assert words(browser.get("/practice/")).count("/begin") == waiting, role
        codes = {browser.get(f"/exemplars/{uid}").status_code for uid in shelf}
        assert codes == ({404} if waiting else {200}), role
    # Feedback of these calls is hidden from a manager who owes the quiz, until it is over.
    manager = signed_in("manager")
    assert "/feedback/0" not in words(manager.get("/feedback/"))
    assert trainer.post(f"{path}/close").status_code == 303
    assert "/feedback/0" in words(manager.get("/feedback/"))
    assert manager.get("/practice/").status_code == 200


def test_a_quiz_asks_for_some_criteria_and_waits_for_its_references(
    signed_in: Any, app: Any, shelf: Any, add: Any, world: Any
) -> None:
    def unreviewed(session: Any) -> Any:
        leg = session.scalars(select(Exemplar)).first().leg
        call = factories.make_call(session, leg.agent, leg.team, leg.call.project)
        heard(session, call)
        user = session.merge(world.people["trainer"])
        wish = Wish(why="only to practise", audience=ExemplarAudience.PRACTICE)
        return exemplars.choose(session, call.legs[0], None, user, wish, now=NOW).uid

    trainer = signed_in("trainer")
    path = make_quiz(trainer, [add(unreviewed)], ("tim",))
    assert trainer.post(f"{path}/criteria", {"criteria": ["greeting", "praise"]}).status_code == 303
    trainer.post(f"{path}/open")
    page = words(trainer.get(path))
    assert "Say first how they should be scored." in page
    (reference,) = re.findall(r'href="(/quizzes/items/[^"]+/reference)"', page)
    sheet = words(trainer.get(reference))
    assert 'name="answer_greeting"' in sheet
    assert 'name="answer_identity"' not in sheet
    answers = {"answer_greeting": "yes", "lock_version": lock(trainer)}
    kept = trainer.post(f"{reference}/draft", answers)
    assert kept.status_code == 200
    trainer.get(reference)
    done = trainer.post(reference, {**answers, "lock_version": lock(trainer)})
    assert done.location == path
    assert "100.0 %" in words(trainer.get(path))
    assert trainer.post(f"{path}/open").status_code == 303
    tim = entered(app, "tim")
    (begin,) = re.findall(r'action="(/practice/items/[^"]+/begin)"', words(tim.get("/practice/")))
    form = words(tim.get(tim.post(begin).location))
    assert 'name="answer_praise"' in form
    assert 'name="answer_identity"' not in form
    # Opened, it stays as it is; another trainer's people reach none of it.
    assert trainer.post(f"{path}/delete").status_code == 409
    add(_elsewhere)
    ted = entered(app, "ted")
    ted.get("/quizzes/")
    for address in (path, f"{path}/people", reference):
        assert ted.get(address).status_code == 404
    assert ted.post(f"{path}/close").status_code == 404


def _elsewhere(session: Any) -> None:
    site = factories.make_site(session, "manchester")
    factories.make_user(
        session, "ted", password_hash=_PASSWORD_HASH, roles=[(Role.TRAINER, site, None)]
    )


def test_a_trainer_who_judges_a_call_meets_no_reference_of_it(
    signed_in: Any, shelf: Any, add: Any, world: Any
) -> None:
    trainer = signed_in("trainer")
    path = make_quiz(trainer, shelf, ("tim",))
    references = re.findall(r'href="(/quizzes/items/[^"]+/reference)"', words(trainer.get(path)))
    assert "planted reference" in words(trainer.get(references[0]))

    def judge(session: Any) -> None:
        for task in session.scalars(select(Task)):
            task.state, task.assignee_id = TaskState.CLAIMED, world.people["trainer"].id

    add(judge)
    page = words(trainer.get(path))
    assert "hidden while you judge this call" in page
    assert untold(page.replace("Sh101", ""))
    assert {trainer.get(reference).status_code for reference in references} == {404}
