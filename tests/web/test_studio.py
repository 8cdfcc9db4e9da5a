"""The scorecard studio as its people use it: written, commented on, published, compared, read."""

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Project
from models.people import Agent, UserRole
from models.reviews import Answer, Task
from models.scorecards import Criterion, Scorecard, ScorecardVersion
from models.vocab import Origin, Role, TaskState
from pipelines.scoring.service import import_scorecard
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]


def page(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def follow(browser: Browser, path: str, data: dict[str, Any], status: int = 200) -> str:
    """Send a form and read the page it leads to."""
    answer = browser.post(path, data, content_type="multipart/form-data")
    if status == 200:
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return page(browser, answer.location.partition("#")[0])
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def link(text: str, pattern: str) -> str:
    """Return the address of a link or form of the page."""
    found = re.search(rf'(?:href|action)="({pattern})"', text)
    assert found, pattern
    return found.group(1)


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', text)
    assert found, name
    return found.group(1)


def begin(manager: Browser, agent: Browser) -> str:
    """Begin a blank scorecard by the ways of the site; give the id of its draft."""
    assert "New scorecard" not in page(agent, "/scorecards/")
    form = page(manager, link(page(manager, "/scorecards/"), "/scorecards/new"))
    new = {"code": "sales", "title_en": "Sales", "source": "", "site": ""}
    text = follow(manager, "/scorecards/new", {**new, "once": hidden(form, "once")})
    uid = link(text, "/studio/[0-9a-f-]+/card").split("/")[2]
    read = f"/scorecards/{uid}"
    assert "2 faults keep it from being published" in text
    assert "Title: Chinese is missing." in text
    assert "There is no section yet." in text
    # A draft is its authors'.
    for path in (read, f"{read}.json", f"{read}/changes"):
        page(agent, path, 404)
    assert "Sales" not in page(agent, "/scorecards/")
    return uid


def write(manager: Browser, studio: str) -> None:
    """Fill the draft: lines, a section, a criterion with levels and one that depends on it."""
    card = page(manager, f"{studio}/card")
    values = {"title_en": "Sales", "title_zh": "销售", "pass_pct": "60", "excellent_pct": "50"}
    seen = {"seen": hidden(card, "seen")}
    text = follow(manager, f"{studio}/card", {**values, **seen}, 422)
    assert "may not lie below the pass line" in text
    follow(manager, f"{studio}/card", {**values, **seen, "excellent_pct": "90"})
    # The same page, sent again from another window, is shown beside what is stored now.
    text = follow(manager, f"{studio}/card", {**values, **seen, "excellent_pct": "95"}, 409)
    assert "Somebody else changed this meanwhile" in text
    assert "90.0 %" in text
    assert "95.0 %" in text
    follow(
        manager, f"{studio}/sections", {"text_en": "Opening", "text_zh": "开场", "kind": "yes_no"}
    )
    text = follow(
        manager, f"{studio}/sections/opening/criteria", {"text_en": "Greets", "kind": "levels"}
    )
    assert "There are no answers to choose from." in text
    levels = {
        "seen": hidden(text, "seen"),
        "section": "opening",
        "kind": "levels",
        "text_en": "Greets",
        "text_zh": "问候",
        "comment_when": "not_full",
        "skill": "soft",
        "condition_criterion": "",
        "options-0-text_en": "Fully",
        "options-0-text_zh": "完整",
        "options-0-points": "-5",
        "options-1-text_en": "Hardly",
        "options-1-text_zh": "勉强",
        "options-1-points": "0",
    }
    text = follow(manager, f"{studio}/criteria/greets", levels, 422)
    assert "Points are only ever earned" in text
    # The script's way saves and answers what is wrong now, and what new rows are called.
    saved = manager.post(
        f"{studio}/criteria/greets",
        {**levels, "options-0-points": "10"},
        headers={"Accept": "application/json"},
    ).get_json()
    assert saved["options"] == ["fully", "hardly"]
    assert "Fault" not in saved["findings"]
    follow(manager, f"{studio}/sections/opening/criteria", {"text_en": "Asks", "kind": "yes_no"})
    asks = {
        "section": "opening",
        "kind": "yes_no",
        "text_en": "Asks",
        "text_zh": "询问",
        "points": "5",
        "comment_when": "never",
        "skill": "hard",
        "condition_criterion": "greets",
        "condition_answers": ["greets:fully"],
    }
    asks["seen"] = hidden(page(manager, f"{studio}/criteria/asks"), "seen")
    text = follow(manager, f"{studio}/criteria/asks", asks)
    assert "Nothing keeps it from being published" in text


def order(manager: Browser, studio: str, read: str) -> None:
    """Move and remove, be told what that breaks, and undo it."""
    # Moved before what it depends on, it could never be asked; that says so, and is undone.
    moved = {"subject": "criterion", "lineage": "asks", "by": "up"}
    answer = manager.post(
        f"{studio}/move", moved, headers={"Accept": "application/json"}
    ).get_json()
    assert answer["words"] == "Now at place 1 of 2 in “Opening”."
    assert "so it is never asked" in answer["html"]
    refused = manager.post(f"{read}/publish", {"seen": "1"})
    assert refused.status_code == 409
    text = follow(manager, f"{studio}/undo", {"step": hidden(page(manager, studio), "step")})
    assert "Undone: something was moved." in text
    follow(manager, f"{studio}/remove", {"subject": "criterion", "lineage": "asks"})
    text = follow(manager, f"{studio}/undo", {"step": hidden(page(manager, studio), "step")})
    assert f'href="{studio}/criteria/asks"' in text


def comment(manager: Browser, agent: Browser, read: str) -> None:
    """Open the draft, talk about it, settle the thread and publish."""
    text = follow(manager, f"{read}/open", {})
    assert "Sales" in page(agent, "/scorecards/")
    text = page(agent, read)
    assert "Publish" not in text
    said = {"place": "asks", "parent": "", "words": "What if <b>nobody</b> asks?", "once": "a"}
    text = follow(agent, f"{read}/comments", said)
    assert "What if &lt;b&gt;nobody&lt;/b&gt; asks?" in text
    thread = link(text, "/scorecards/comments/[0-9a-f-]+/withdraw").split("/")[3]
    assert agent.post(f"/scorecards/comments/{thread}/settle", {}).status_code == 403
    follow(manager, f"{read}/comments", {**said, "parent": thread, "words": "Then no", "once": "b"})
    assert agent.post(f"/scorecards/comments/{thread}/withdraw", {}).status_code == 409
    text = follow(manager, f"/scorecards/comments/{thread}/settle", {"settled": "yes"})
    assert "settled by Manager1" in text
    text = follow(manager, f"{read}/publish", {"seen": hidden(text, "seen")})
    assert "Published. New reviews are made with version 1." in text
    assert "1 comment from when it was a draft" in text
    project = hidden(text, "project")
    assert "uses it" in follow(manager, f"{read}/use", {"project": project})


def test_a_scorecard_is_written_commented_on_and_published(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    add(lambda session: factories.make_project(session, session.merge(world.site), "renewal"))
    manager, agent = signed_in("manager"), signed_in("agent")
    uid = begin(manager, agent)
    studio, read = f"/studio/{uid}", f"/scorecards/{uid}"
    write(manager, studio)
    order(manager, studio, read)
    # The preview scores, and keeps nothing.
    total = manager.post(
        f"{studio}/preview/score", {"answer_greets": "fully", "answer_asks": "no"}
    ).get_json()
    assert "<strong>10</strong> of 15 points" in total["total"]
    assert total["criteria"]["asks"]["open"]

    comment(manager, agent, read)
    assert manager.get(studio).status_code == 409

    # The next version, from a file, differs in what the file changed.
    data = json.loads(page(agent, f"{read}.json"))
    data["sections"][0]["criteria"][1]["points"] = "7"
    second = link(follow(manager, f"{read}/draft", {}), "/studio/[0-9a-f-]+/card").split("/")[2]
    for bad in (b"{", b"[]", b"[" * 100_000, b'{"code": "x", "pass_pct": "999999999"}'):
        file = (io.BytesIO(bad), "bad.json")
        follow(manager, f"/studio/{second}/file", {"file": file}, 400)
    file = (io.BytesIO(json.dumps(data).encode()), "card.json")
    follow(manager, f"/studio/{second}/file", {"file": file})
    text = page(manager, f"/scorecards/{second}/changes")
    assert re.search(r"Most points.*?>5<.*?>7<", text, re.DOTALL)
    assert "Greets" not in re.sub(r"<h1.*?</h1>", "", text).split("hb-change-changed")[1]
    text = page(manager, read)
    assert "Renewal use this scorecard" in text, "retiring warns"


def test_what_all_go_by_is_changed_for_whole_sites_only(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    def make(session: Session) -> tuple[Any, Any, Any]:
        elsewhere = factories.make_site(session, "manila")
        theirs = factories.make_version(session)
        theirs.scorecard.site_id = elsewhere.id
        mine = factories.make_version(session)
        session.add(
            UserRole(
                user_id=world.people["trainer"].id,
                role=Role.MANAGER,
                site_id=world.site.id,
                team_id=world.team.id,
            )
        )
        project = factories.make_project(session, elsewhere)
        return theirs.uid, mine.uid, project.uid

    theirs, mine, project = add(make)
    manager, lead = signed_in("manager"), signed_in("trainer")
    assert "New scorecard" not in page(lead, "/scorecards/")
    for browser, uid in ((manager, theirs), (lead, mine), (lead, theirs)):
        for path in (f"/studio/{uid}", f"/studio/{uid}/card", f"/studio/{uid}/preview"):
            page(browser, path, 404)
        for act in ("open", "publish", "discard", "draft", "use"):
            assert browser.post(f"/scorecards/{uid}/{act}", {}).status_code == 404, act
    page(manager, f"/studio/{mine}")
    new = {"kind": "script", "title_en": "x"}
    assert manager.post(f"/guides/projects/{project}/new", new).status_code == 404


@pytest.fixture
def reviewed(add: Add, world: World) -> Any:
    """Add twelve reviews of six agents, and one of another site; give the version's id."""

    def make(session: Session) -> Any:
        site, team = session.merge(world.site), session.merge(world.team)
        version = import_scorecard(session, factories.SCORECARD, now=NOW)
        project = factories.make_project(
            session, site, "renewal", scorecard_id=version.scorecard_id
        )
        agents = [session.scalars(select(Agent)).one()]
        agents += [factories.make_agent(session, team) for _ in range(5)]
        criteria = {row.lineage: row for row in session.scalars(select(Criterion))}
        away = factories.make_team(session, factories.make_site(session))
        there = factories.make_project(session, away.site)
        stranger = factories.make_agent(session, away)
        taken = [(agent, team, project) for agent in agents * 2]
        taken += [(agents[0], team, project)] * 8 + [(stranger, away, there)]
        again = factories.make_user(session, "again", roles=[(Role.REVIEWER, site, None)])
        for number, (agent, of, on) in enumerate(taken):
            call = factories.make_call(session, agent, of, on)
            review = factories.make_review(
                session, call.legs[0], version, reviewer_id=world.people["reviewer"].id
            )
            for name, value, earned, attainable in (
                ("greeting", "yes" if number else "no", 500 * bool(number), 500),
                ("identity", "na" if number % 2 else "yes", 1000 * (1 - number % 2), 1000),
            ):
                session.add(
                    Answer(
                        revision_id=review.current_revision_id,
                        criterion_id=criteria[name].id,
                        value={"answer": value},
                        not_applicable=value == "na",
                        earned=earned,
                        attainable=0 if value == "na" else attainable,
                        evidence=[],
                    )
                )
            if number in {0, len(taken) - 1}:
                # Read twice: alike here, and otherwise at the other site.
                second = factories.make_review(
                    session, call.legs[0], version, origin=Origin.SECOND, reviewer_id=again.id
                )
                session.add(
                    Answer(
                        revision_id=second.current_revision_id,
                        criterion_id=criteria["greeting"].id,
                        value={"answer": "no"},
                        earned=0,
                        attainable=500,
                        evidence=[],
                    )
                )
        session.flush()
        return version.uid

    return add(make)


def test_figures_of_items_and_skills_keep_to_scope_groups_and_blindness(
    signed_in: SignedIn, add: Add, world: World, reviewed: Any
) -> None:
    manager = signed_in("manager")
    items = f"/scorecards/{reviewed}/items"
    text = page(manager, items)
    assert "20 reviews · 6 agents" in text, "not those of another site"
    assert "50 % <span" in text.partition("Not applicable, by reviewer")[2]
    assert "100 % <span" in text.partition("reviewers answer alike")[2][:80]
    rows = page(manager, f"{items}.csv").splitlines()
    (greeting,) = [
        row for row in rows if row.startswith("1,greeting,") and ",yes,5,19,20,0," in row
    ]
    # Both readings of one call; those of the other site's call would halve it.
    assert greeting.endswith(",1,1.0,")
    skills = page(manager, "/skills")
    assert "Team, 6 people" in skills
    assert skills.count("a share is shown from ten on") == 5, "five agents have two reviews"
    mine = page(signed_in("agent"), "/dashboard/mine")
    assert "(10 reviews)" in mine

    def judge(session: Session) -> None:
        """Give the manager the first call to judge: its answers leave every figure."""
        answer = session.scalars(select(Answer).order_by(Answer.id)).first()
        assert answer is not None
        assert answer.revision is not None
        leg = answer.revision.review.leg
        version = session.scalars(
            select(ScorecardVersion).join(Scorecard).where(Scorecard.code == "test-card")
        ).one()
        session.add(
            Task(
                origin=Origin.DRAWN,
                site_id=leg.site_id,
                team_id=leg.team_id,
                leg_id=leg.id,
                version_id=version.id,
                assignee_id=world.people["manager"].id,
                state=TaskState.CLAIMED,
                due_at=NOW,
                created_at=NOW,
                claimed_at=NOW,
            )
        )

    add(judge)
    assert "19 reviews · 6 agents" in page(manager, items)
    assert page(manager, "/skills").count("a share is shown from ten on") == 6
    table = page(manager, "/skills/profiles.csv")
    assert "Outbound,Sh101,soft,9,," in table
    rows = page(manager, f"{items}.csv").splitlines()
    (greeting,) = [
        row for row in rows if row.startswith("1,greeting,") and ",yes,5,19,19,0," in row
    ]
    assert greeting.endswith(",0,,")

    def few(session: Session) -> None:
        for leg in {
            row.revision.review.leg for row in session.scalars(select(Answer)) if row.revision
        }:
            leg.agent_id = min(leg.agent_id or 0, 4)

    add(few)
    text = page(manager, items)
    assert "Too few people for figures" in text
    assert "Greets" not in text
    assert len(page(manager, f"{items}.csv").splitlines()) == 1
    assert "no figure for the team" in page(manager, "/skills")


def test_a_guide_is_written_commented_on_and_shown_beside_its_scorecard(
    signed_in: SignedIn, world: World, reviewed: Any, add: Add
) -> None:
    manager, agent = signed_in("manager"), signed_in("agent")
    form = page(manager, link(page(manager, "/guides"), "/guides/projects/[0-9a-f-]+/new"))
    words = {
        "kind": "script",
        "title_en": "How we begin",
        "body_en": "# Hello\n- name\n\nSay <i>who</i> you are.",
        "once": hidden(form, "once"),
        "seen": "0",
    }
    action = link(form, "/guides/projects/[0-9a-f-]+/new")
    text = follow(manager, action, words)
    uid = link(text, "/guides/[0-9a-f-]+/edit").split("/")[2]
    guide = f"/guides/{uid}"
    assert "Say &lt;i&gt;who&lt;/i&gt; you are." in text
    assert "title in Chinese, text in Chinese" in text
    page(agent, guide, 404)
    assert manager.post(f"{guide}/state", {"state": "published"}).status_code == 409
    whole = {**words, "title_zh": "开场", "body_zh": "问好", "seen": "1"}
    follow(manager, f"{guide}/edit", whole)
    assert "Stored text" in follow(manager, f"{guide}/edit", whole, 409)
    answer = manager.post(f"{guide}/edit", whole, headers={"Accept": "application/json"})
    assert (answer.status_code, "seen" in answer.get_json()) == (409, False)
    follow(manager, f"{guide}/state", {"state": "open_for_comment"})
    assert "How we begin" in page(agent, "/guides")
    text = follow(
        agent, f"{guide}/comments", {"place": "", "parent": "", "words": "OK", "once": "c"}
    )
    assert "OK" in text
    follow(manager, f"{guide}/state", {"state": "published"})
    assert "How we begin" in page(agent, f"/scorecards/{reviewed}")

    def one_more(session: Session) -> Any:
        project = session.scalars(select(Project).where(Project.code == "renewal")).one()
        own = session.scalars(select(Agent).order_by(Agent.id)).first()
        return factories.make_call(session, own, session.merge(world.team), project).legs[0].uid

    text = follow(agent, f"/my-calls/legs/{add(one_more)}/assess", {})
    assert "How we begin" in text[text.index("data-guides") :]
    assert agent.post(f"{guide}/comments", {"words": "late", "once": "d"}).status_code == 409
    assert manager.get(f"{guide}/edit").status_code == 409
