"""Exemplars heard in place and in a row, put in order by keys, and practised, in real Chromium."""

import io
import wave
from typing import Any

import pytest
from sqlalchemy import select

from models.calls import MediaFile
from models.operations import Listening
from models.people import Agent
from models.practice import Playlist, PlaylistItem
from models.reviews import Answer, AssessmentState, SelfAssessment
from models.vocab import MediaKind, Party
from models.vocab_learning import ExemplarAudience
from pipelines import evaluation
from pipelines.practice import exemplars, playlists, service
from pipelines.practice.exemplars import Wish
from tests import factories
from tests.browser.conftest import Visitor
from tests.conftest import NOW
from tests.web.conftest import World


def _tone(seconds: int) -> io.BytesIO:
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8_000)
        sound.writeframes(bytes(range(100, 156)) * (seconds * 8_000 // 56))
    made.seek(0)
    return made


@pytest.fixture
def shelf(add: Any, world: World, runtime: Any) -> Any:
    """Two exemplars with sound in a playlist, and a quiz of one of them for the manager."""

    def make(session: Any) -> Any:
        team = session.merge(world.team)
        owner = session.scalars(select(Agent)).one()
        user = session.merge(world.people["trainer"])
        site = session.merge(world.site)
        made = []
        for number, task in enumerate(factories.make_tasks(session, owner, team, count=2)):
            recording = factories.make_recording(session, task.leg.call)
            stored = runtime.storage.put(_tone(4 + number), suffix=".wav")
            session.add(
                MediaFile(
                    recording_id=recording.id,
                    kind=MediaKind.ORIGINAL,
                    storage_key=stored.key,
                    mimetype="audio/wav",
                    sha256=stored.sha256,
                    size_bytes=1,
                    created_at=NOW,
                )
            )
            factories.make_transcript(session, recording, [(Party.AGENT, 0, "good morning to you")])
            review = factories.make_review(
                session, task.leg, task.version, reviewer_id=world.people["reviewer"].id
            )
            for criterion in task.version.sections[0].criteria[:3]:
                answer = "needs_some" if criterion.lineage == "needs" else "yes"
                session.add(
                    Answer(
                        revision_id=review.current_revision_id,
                        criterion_id=criterion.id,
                        value={"answer": answer},
                        earned=0,
                        attainable=0,
                        evidence=[{"start_ms": 0, "end_ms": 900, "words": "good morning"}],
                    )
                )
            session.flush()
            wish = Wish(why=f"number {number}", audience=ExemplarAudience.SITE, span=(200, 900))
            made.append(
                exemplars.choose(session, task.leg, None, user, wish, review=review, now=NOW)
            )
        for own in session.scalars(select(SelfAssessment)):
            own.state = AssessmentState.LAPSED
        playlist = playlists.make(session, site, None, "Two", "", user=user, now=NOW)
        for each in made:
            playlists.add(session, playlist, each, user, now=NOW)
        quiz = service.make_quiz(
            session,
            site,
            None,
            session.merge(task.version),
            user,
            title="Openings",
            about="",
            criteria=(),
            due_at=NOW.replace(month=12),
            now=NOW,
        )
        evaluation.add_to_quiz(session, quiz, made[0], user, now=NOW)
        service.set_people(session, quiz, [session.merge(world.people["manager"])], user, now=NOW)
        service.open_quiz(session, quiz, user, now=NOW)
        return playlist.uid

    return add(make)


def test_a_playlist_plays_in_a_row_and_is_ordered_by_keys(
    visitor: Visitor, shelf: Any, add: Any
) -> None:
    visitor.sign_in("trainer1")
    page = visitor.page
    visitor.go(f"/playlists/{shelf}")
    assert visitor.barriers() == []
    page.click("[data-clip-all]")
    page.wait_for_selector("li:nth-child(1).hb-playing")
    # The first part ends by itself, and the next begins.
    page.wait_for_selector("li:nth-child(2).hb-playing")
    page.wait_for_selector("li.hb-playing", state="detached")

    def heard(session: Any) -> Any:
        return session.scalars(select(Listening.purpose)).all()

    assert add(heard) == ["exemplar", "exemplar"]
    page.focus("li:nth-child(1) [data-move='1']")
    page.keyboard.press("Alt+ArrowDown")
    page.wait_for_selector("[data-order-says]:has-text('is number 2 now')")
    assert page.inner_text("li:nth-child(1) >> text=number") == "number 1"
    # The arrow keeps the focus, so that it can be pressed again.
    page.keyboard.press("Enter")
    assert page.locator("li:nth-child(2) [data-move='1']").evaluate(
        "element => element === document.activeElement"
    )

    def order(session: Any) -> Any:
        rows = select(PlaylistItem).join(Playlist).order_by(PlaylistItem.position)
        return [item.exemplar.why for item in session.scalars(rows)]

    assert add(order) == ["number 1", "number 0"]
    page.drag_and_drop("li:nth-child(2) .hb-grip", "li:nth-child(1) .hb-grip")
    page.wait_for_selector("[data-order-says]:has-text('is number 1 now')")
    assert add(order) == ["number 0", "number 1"]
    assert visitor.complaints == []


def test_a_part_is_marked_by_keys_and_the_library_plays_it(visitor: Visitor, shelf: Any) -> None:
    visitor.sign_in("trainer1")
    page = visitor.page
    visitor.go("/exemplars/?q=morning")
    assert visitor.barriers() == []
    page.click("article:has-text('number 0') [data-clip]")
    page.wait_for_selector("article.hb-playing")
    page.click("article:has-text('number 0') h2 a")
    page.click("text=Change")
    page.wait_for_selector("[data-choose]")
    page.wait_for_load_state("networkidle")
    assert visitor.barriers() == []
    page.evaluate("document.querySelector('audio').currentTime = 1.5")
    page.keyboard.press("[")
    page.evaluate("document.querySelector('audio').currentTime = 2.25")
    page.keyboard.press("]")
    assert page.input_value("#start") == "0:01.5"
    assert page.input_value("#end") in {"0:02.2", "0:02.3"}
    page.evaluate(
        "() => { const words = document.querySelectorAll('.hb-word');"
        " getSelection().setBaseAndExtent(words[0].firstChild, 0, words[1].firstChild, 8); }"
    )
    page.keyboard.press("e")
    assert (page.input_value("#start"), page.input_value("#end")) == ("0:00.0", "0:00.9")
    page.click("text=Save")
    page.wait_for_selector("text=Changed.")
    assert visitor.complaints == []


def test_practice_by_keys_alone(visitor: Visitor, shelf: Any) -> None:
    visitor.sign_in("manager1")
    page, keys = visitor.page, visitor.page.keyboard
    visitor.go("/practice/")
    assert visitor.barriers() == []
    page.focus("text=Score it")
    keys.press("Enter")
    page.wait_for_selector("[data-sheet]")
    page.wait_for_load_state("networkidle")
    assert visitor.barriers() == []
    assert "number 0" not in page.content()
    for key in ("n", "1", "n", "2", "n", "1"):
        keys.press(key)
    page.wait_for_selector("text=3 of 3 answered")
    keys.press("Control+Enter")
    page.wait_for_url(lambda url: url.endswith("/comparison"))
    page.wait_for_selector("text=number 0")
    assert visitor.barriers() == []
    assert visitor.complaints == []
