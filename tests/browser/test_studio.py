"""The scorecard studio in a real browser: ordered by keys and by dragging, saved while writing."""

from typing import Any

from sqlalchemy.orm import Session

from models.vocab import GuideKind, VersionState
from pipelines.scoring import comments, drafts, guides
from pipelines.scoring.service import import_scorecard
from tests import factories
from tests.browser.conftest import Visitor
from tests.conftest import NOW
from tests.web.conftest import World


def make(session: Session, world: World) -> tuple[str, str, str]:
    """Add a published scorecard, its next draft open for comment with a thread, and a guide."""
    manager, agent = (session.merge(world.people[name]) for name in ("manager", "agent"))
    card = {**factories.SCORECARD, "sections": [*factories.SCORECARD["sections"]]}
    criterion = card["sections"][0]["criteria"][0]
    closing = {"lineage": "closing", "title": {"en": "Closing", "zh_Hans": "结束"}}
    card["sections"].append({**closing, "criteria": [{**criterion, "lineage": "goodbye"}]})
    first = import_scorecard(session, card, now=NOW)
    act: dict[str, Any] = {"now": NOW, "actor": manager}
    draft = drafts.next_draft(session, first, **act)
    drafts.open_for_comment(session, draft, **act)
    comments.comment(session, draft, "Unclear to me", place="needs", now=NOW, author=agent)
    project = factories.make_project(session, session.merge(world.site))
    words = {"en": "# Hello\n- your name", "zh_Hans": "# 问好"}
    guide = guides.begin(session, project, GuideKind.SCRIPT, words, words, **act)
    guides.set_state(session, guide, VersionState.OPEN_FOR_COMMENT, **act)
    return str(first.uid), str(draft.uid), str(guide.uid)


def order(visitor: Visitor) -> list[str]:
    found = "items => items.map(item => item.dataset.item)"
    names: list[str] = visitor.page.eval_on_selector_all("[data-item]", found)
    return names


def write_answer(visitor: Visitor) -> None:
    """Add an answer to a criterion: it is saved and named once, and keeps the order it is given."""
    page = visitor.page
    page.get_by_role("link", name="needs", exact=True).click()
    page.get_by_role("button", name="Another answer").click()
    page.keyboard.type("Barely")
    state = page.locator("[data-state]")
    state.get_by_text("Saved").wait_for()
    page.locator("[name=options-4-points]").fill("3")
    page.locator("[data-rows=options] [data-row-up]").nth(4).click()
    row = page.locator("[name=options-3-points]")
    assert row.input_value() == "3", "one place up"
    page.get_by_text("Answers: Chinese is missing.").wait_for()
    row.fill("-3")
    page.get_by_text("Points are only ever earned: 0 or more.").wait_for()
    row.fill("4")
    page.get_by_text("Points are only ever earned: 0 or more.").wait_for(state="detached")
    state.get_by_text("Saved").wait_for()
    assert page.locator("[name=options-3-lineage]").input_value() == "barely"


def test_a_draft_is_ordered_by_keys_and_by_dragging_and_saves_itself(
    visitor: Visitor, world: World, add: Any
) -> None:
    _first, draft, _guide = add(lambda session: make(session, world))
    page = visitor.page
    # All of it in sight: a page that scrolls while the button is down drags another line.
    page.set_viewport_size({"width": 1280, "height": 1500})
    visitor.sign_in("manager1")
    visitor.go(f"/studio/{draft}")
    assert order(visitor) == ["greeting", "needs", "identity", "praise", "note", "goodbye"]
    said, focus = page.locator("[data-said]"), "document.activeElement.id"
    # By keys: the button keeps the focus, and the place is said.
    page.locator("#down-criterion-identity").focus()
    for number in (4, 5):
        page.keyboard.press("Enter")
        said.get_by_text(f"Now at place {number} of 5 in “All”.").wait_for(state="attached")
        assert page.evaluate(focus) == "down-criterion-identity"
    page.keyboard.press("Enter")
    said.get_by_text("Now at place 1 of 2 in “Closing”.").wait_for(state="attached")
    # By dragging, into another section; the server has kept it.
    grip = page.locator("[data-item=greeting] [data-grip]")
    grip.drag_to(page.locator("[data-item=goodbye]"), target_position={"x": 200, "y": 5})
    said.get_by_text("Now at place 2 of 3 in “Closing”.").wait_for(state="attached")
    assert page.evaluate(focus) == "up-criterion-greeting"
    visitor.go(f"/studio/{draft}")
    assert order(visitor) == ["needs", "praise", "note", "identity", "greeting", "goodbye"]
    grip = page.locator("[data-section=closing] [data-section-grip]")
    grip.drag_to(page.locator("#s-all"), target_position={"x": 400, "y": 8})
    said.get_by_text("Section now at place 1 of 2.").wait_for(state="attached")
    assert order(visitor) == ["identity", "greeting", "goodbye", "needs", "praise", "note"]
    page.locator("#undo").click()
    said.get_by_text("Undone: something was moved.").wait_for(state="attached")
    # What that broke is named, with a way to it; undo brings it back, by keys too.
    assert page.get_by_role("link", name="so it is never asked").count() == 1
    page.locator("#undo").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#s-all li[data-item=greeting]:first-child")
    assert page.evaluate(focus) == "undo"

    write_answer(visitor)
    # The preview is the reviewers' sheet, and the server adds up.
    page.get_by_role("link", name="Preview").click()
    page.locator("label", has_text="Barely").click()
    page.locator("#total strong", has_text="4").wait_for()
    # 422 is how the browser's console learns of a refused value.
    assert [line for line in visitor.complaints if "422" not in line] == []


def test_pages_of_the_studio_have_no_barrier(visitor: Visitor, world: World, add: Any) -> None:
    first, draft, guide = add(lambda session: make(session, world))
    page = visitor.page
    visitor.sign_in("manager1")
    found = {}
    paths = [
        "/scorecards/",
        "/scorecards/new",
        f"/studio/{draft}",
        f"/studio/{draft}/card",
        f"/studio/{draft}/criteria/needs",
        f"/studio/{draft}/preview",
        f"/scorecards/{draft}",
        f"/scorecards/{draft}/changes",
        f"/scorecards/{first}/items",
        "/skills",
        f"/guides/{guide}",
        f"/guides/{guide}/edit",
    ]
    for theme, width in (("light", 1280), ("dark", 390)):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme)
        for path in paths:
            visitor.go(path)
            assert page.locator("h1").count() == 1, path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            found[theme, path] = visitor.barriers()
    assert {place: lines for place, lines in found.items() if lines} == {}
    assert visitor.complaints == []
