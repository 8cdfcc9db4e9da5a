"""Hits on the timeline, suggestions by key, and verdicts by key, in a real browser."""

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import MediaFile
from models.people import Agent
from models.phrases import PhraseHit
from models.samples import SamplePlan
from models.vocab import MediaKind, Party, PhraseKind, TaskState
from pipelines.phrases import looking, service
from pipelines.phrases.rules.settings import RuleSettings, Step, Suggestion
from pipelines.review import verdicts
from tests import factories
from tests.browser.conftest import Visitor
from tests.conftest import NOW
from tests.web.conftest import World


def make(session: Session, world: World) -> tuple[Any, Any, Any]:
    """Add a claimed task on a call with two hits, where the plan shows them."""
    team = session.merge(world.team)
    (task,) = factories.make_tasks(session, session.scalars(select(Agent)).one(), team)
    call = task.leg.call
    settings = RuleSettings(
        PhraseKind.SAYS,
        (Step(("good morning", "goodbye")),),
        suggests=Suggestion("test-card", "greeting"),
    )
    rule = service.create_rule(session, call.project, "Polite", settings, now=NOW, actor=None)
    service.switch_on(session, service.newest_version(session, rule), now=NOW, actor=None)
    recording = factories.make_recording(session, call)
    session.add(
        MediaFile(
            recording_id=recording.id,
            kind=MediaKind.ORIGINAL,
            storage_key="ab/none.wav",
            sha256="0" * 64,
            size_bytes=1,
            mimetype="audio/wav",
            created_at=NOW,
        )
    )
    said = [(Party.AGENT, 1_000, "good morning"), (Party.AGENT, 30_000, "goodbye then")]
    transcript = factories.make_transcript(session, recording, said)
    looking.look_through(session, transcript.id, now=NOW)
    session.scalars(select(SamplePlan)).one().phrase_hits = True
    reviewer = session.merge(world.people["reviewer"])
    task.state, task.assignee_id, task.claimed_at = TaskState.CLAIMED, reviewer.id, NOW
    session.flush()
    verdicts.start_or_get_review(session, task, reviewer, now=NOW)
    first = session.scalars(select(PhraseHit).order_by(PhraseHit.id)).first()
    return task.uid, rule.uid, first.uid if first else None


def test_a_suggestion_is_attached_by_key_and_hits_are_judged_by_key(
    visitor: Visitor, world: World, add: Any
) -> None:
    task, rule, hit = add(lambda session: make(session, world))
    page = visitor.page
    visitor.sign_in("reviewer1")
    visitor.go(f"/reviews/{task}")
    places = page.eval_on_selector_all(
        ".hb-marks-placed li", "items => items.map(item => item.style.insetInlineStart)"
    )
    # The recording lasts 40 s.
    assert places == ["2.5%", "75%"]
    page.locator("#c-greeting").focus()
    page.keyboard.press("s")
    page.locator('[data-save-state][data-kind="saved"]').wait_for()
    evidence = json.loads(page.locator("#c-greeting [data-evidence]").input_value())
    assert evidence == [{"start_ms": 1_000, "end_ms": 1_900, "words": "good morning"}]
    assert page.locator("#c-greeting [data-suggest]").count() == 1
    assert page.locator("form[data-sheet] input:checked").count() == 0
    assert visitor.barriers() == []
    page.reload()
    # What is evidence already is suggested no more.
    assert page.locator("#c-greeting [data-moments] li").count() == 1
    assert page.locator("#c-greeting [data-suggest]").count() == 1
    visitor.page.context.clear_cookies()
    visitor.sign_in("manager1")
    visitor.go(f"/phrases/hits/{hit}")
    assert visitor.barriers() == []
    page.keyboard.press("y")
    page.wait_for_url(lambda url: "/hits/" in url and str(hit) not in url)
    page.keyboard.press("n")
    page.wait_for_url(f"**/phrases/rules/{rule}")
    assert "50 %" in page.locator("main").inner_text()
    assert visitor.barriers() == []
