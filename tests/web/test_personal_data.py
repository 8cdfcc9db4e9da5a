"""Numbers of people: hidden on pages and in sound, shown for a purpose to those who may."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.calls import Call, MediaFile, Recording
from models.operations import AuditEntry, Job
from models.reviews import Task
from models.session import read_session
from models.transcripts import Transcript, Turn
from models.vocab import JobState, MediaKind, Origin, Party, RetentionSubject, Role, TaskState
from pipelines import moments
from pipelines.redaction import service
from pipelines.retention import service as retention
from pipelines.runtime import Runtime
from qa_app import create_app
from qa_app.settings import Settings
from tests import factories
from tests.conftest import NOW
from tests.web import test_calls
from tests.web.conftest import Browser, FixedClock, World
from tests.web.test_calls import SOUND, Scene, audio_of, fetch, listenings, opened

Add = Callable[[Callable[[Session], Any]], Any]
MUTED = b"OggS" + bytes(255 - n for n in range(256)) * 8
NUMBER = "138 0013 8000"
scene = test_calls.scene


def _turn(session: Session) -> Turn:
    return session.scalars(select(Turn)).one()


@pytest.fixture
def said(add: Add, scene: Scene) -> Scene:
    """Let the customer of the scene say a number that nobody has looked for yet."""

    def speak(session: Session) -> None:
        turn = _turn(session)
        turn.party = Party.CUSTOMER
        turn.text = f"打{NUMBER}吧"
        words = ("打", "138", " 0013", " 8000", "吧")
        turn.words = [[word, 100 * n, 100 * n + 90, 0.9] for n, word in enumerate(words)]
        turn.masked_text = turn.masks = None

    add(speak)
    return scene


@pytest.fixture
def masked(add: Add, said: Scene) -> Scene:
    """Have the words looked through; the muted copy is still being made."""
    add(
        lambda session: service.look_through(
            session, _turn(session).transcript_id, {"phone", "number"}
        )
    )
    return said


@pytest.fixture
def muted(add: Add, masked: Scene, runtime: Runtime) -> Scene:
    """Have the muted copy made."""
    stored = runtime.storage.put(io.BytesIO(MUTED), suffix=".ogg")

    def make(session: Session) -> None:
        recording = session.scalars(select(Recording)).one()
        session.add(
            MediaFile(
                recording_id=recording.id,
                kind=MediaKind.MASKED,
                storage_key=stored.key,
                mimetype="audio/ogg",
                sha256=stored.sha256,
                size_bytes=stored.size_bytes,
                created_at=NOW,
            )
        )

    add(make)
    return masked


def unmasked(browser: Browser, scene: Scene, why: str = "complaint") -> Any:
    browser.get(f"/calls/{scene.call}")
    return browser.post(f"/calls/{scene.call}/unmask", {"why": why})


def digits_in(page: str) -> list[str]:
    shown = re.sub(
        r'<(script|style|svg).*?</\1>|<[^>]*token[^>]*>|"[^"]{40,}"', "", page, flags=re.DOTALL
    )
    return [part for part in ("0013", "8000", "138 ") if part in shown]


@pytest.mark.parametrize("role", ["manager", "trainer", "agent"])
def test_everybody_reads_masked_words_and_hears_the_muted_copy(
    signed_in: Callable[[str], Browser], muted: Scene, role: str
) -> None:
    browser = signed_in(role)
    page = opened(browser, muted)
    assert digits_in(page) == []
    hidden = re.search(r'<span class="hb-word hb-masked"([^>]*)>•••</span>', page)
    assert hidden
    assert 'aria-label="phone number hidden"' in hidden[1]
    assert 'data-start="100" data-end="390"' in hidden[1]
    assert page.count("hb-masked") == 1
    assert "Personal data is muted" in page
    answer = fetch(browser, audio_of(page))
    assert (answer.data, answer.mimetype) == (MUTED, "audio/ogg")
    part = fetch(browser, audio_of(page), headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, b"OggS")


def test_the_picture_is_flat_where_the_sound_is_muted(
    signed_in: Callable[[str], Browser], muted: Scene, runtime: Runtime, add: Add
) -> None:
    levels = list(range(1, 41))
    content = f'{{"points_per_second":20,"channels":[{levels},{levels}]}}'.encode()
    stored = runtime.storage.put(io.BytesIO(content), suffix=".json")

    def draw(session: Session) -> None:
        kind = MediaFile.kind == MediaKind.PEAKS
        session.scalars(select(MediaFile).where(kind)).one().storage_key = stored.key

    add(draw)
    manager = signed_in("manager")
    found = re.search(r'data-peaks="([^"]+)"', opened(manager, muted))
    assert found
    drawn = fetch(manager, found[1].replace("&amp;", "&")).get_json()["channels"]
    # The number sounds from 100 to 390 ms; a quarter of a second around it is muted too.
    assert drawn == [[0] * 13 + levels[13:]] * 2
    location = unmasked(manager, muted).location
    found = re.search(r'data-peaks="([^"]+)"', manager.get(location).get_data(as_text=True))
    assert found
    assert fetch(manager, found[1].replace("&amp;", "&")).get_json()["channels"] == [levels] * 2


def test_while_the_copy_is_made_nothing_is_played_and_the_page_says_so(
    signed_in: Callable[[str], Browser], masked: Scene, add: Add, runtime: Runtime
) -> None:
    add(lambda session: _turn(session).__setattr__("masks", []))
    browser = signed_in("trainer")
    address = audio_of(opened(browser, masked))
    assert fetch(browser, address).data == SOUND
    add(lambda session: _turn(session).__setattr__("masks", [[1, 3, "phone", 100, 390]]))
    # The same address, given while nothing was hidden, plays the original no more.
    assert browser.get(address).status_code == 409
    page = opened(browser, masked)
    assert "The sound is being prepared" in page
    assert "<audio" not in page
    assert "data-peaks" not in page
    assert "•••" in page
    with read_session(runtime.engine) as session:
        assert "mute" in session.scalars(select(Job.name)).all()


@pytest.mark.parametrize(("role", "retries"), [("manager", True), ("trainer", False)])
def test_a_copy_that_cannot_be_made_is_said_so_and_asked_for_again_on_reopening(
    signed_in: Callable[[str], Browser],
    masked: Scene,
    add: Add,
    runtime: Runtime,
    role: str,
    *,
    retries: bool,
) -> None:
    def fail(session: Session) -> None:
        for job in session.scalars(select(Job).where(Job.name == "mute")):
            job.state, job.attempts, job.failures = JobState.FAILED, 3, 3
            job.error_code, job.error_params = "audio_unreadable", {}

    browser = signed_in(role)
    browser.get(f"/calls/{masked.call}")
    where = browser.post(f"/calls/{masked.call}/open", {"purpose": "coaching"}).location
    assert "being prepared" in browser.get(where).get_data(as_text=True)
    add(fail)
    page = browser.get(where).get_data(as_text=True)
    assert "being prepared" not in page
    assert "could not be prepared" in page
    assert "<audio" not in page
    assert "•••" in page
    found = re.search(r'action="(/jobs/[^"]+/retry)"', page)
    assert (found is not None, "can have it tried again" in page) == (retries, not retries)
    if found:
        assert browser.post(found[1], {"back": where}).location == where
        assert "being prepared" in browser.get(where).get_data(as_text=True)
        add(fail)
    # Whoever opens it anew asks for it again, once.
    for _time in range(2):
        assert "being prepared" in opened(browser, masked)
    with read_session(runtime.engine) as session:
        jobs = session.scalars(select(Job).where(Job.name == "mute")).all()
        assert [job.state for job in jobs] == [JobState.QUEUED]


def test_words_that_were_not_looked_through_are_shown_to_nobody(
    signed_in: Callable[[str], Browser], said: Scene
) -> None:
    page = opened(signed_in("manager"), said)
    assert digits_in(page) == []
    assert "being looked through" in page
    assert "<audio" not in page


def test_who_sees_personal_data_says_why_and_it_is_written_down(
    signed_in: Callable[[str], Browser], muted: Scene, runtime: Runtime, world: World
) -> None:
    manager = signed_in("manager")
    assert "Show personal data" in manager.get(f"/calls/{muted.call}").get_data(as_text=True)
    assert unmasked(manager, muted, "").status_code == 422
    assert unmasked(manager, muted, "curiosity").status_code == 422
    assert listenings(runtime) == []
    answer = unmasked(manager, muted)
    assert answer.status_code == 303
    page = manager.get(answer.location).get_data(as_text=True)
    assert digits_in(page) == ["0013", "8000"]
    assert page.count("hb-revealed") == 3
    assert fetch(manager, audio_of(page)).data == SOUND
    (row,) = listenings(runtime)
    assert row.purpose == "unmask:complaint"
    with read_session(runtime.engine) as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "recording.unmasked")
        ).one()
    assert entry.subject_uid == muted.recording
    assert (entry.actor_uid, entry.details) == (
        world.people["manager"].uid,
        {"purpose": "complaint"},
    )
    seen = signed_in("agent").get(f"/calls/{muted.call}").get_data(as_text=True)
    assert "Examining a complaint (personal data shown)" in seen
    assert "Show personal data" not in seen
    # The next opening is masked again.
    assert digits_in(opened(manager, muted)) == []


@pytest.mark.parametrize("role", ["trainer", "agent", "reviewer", "admin"])
def test_others_cannot_ask_for_it(
    signed_in: Callable[[str], Browser], muted: Scene, role: str, runtime: Runtime
) -> None:
    assert unmasked(signed_in(role), muted).status_code == 403
    assert listenings(runtime) == []


def test_a_manager_of_another_place_cannot_and_nor_does_anothers_link_help(
    signed_in: Callable[[str], Browser], muted: Scene, add: Add, world: World, app: Flask
) -> None:
    location = unmasked(signed_in("manager"), muted).location

    def elsewhere(session: Session) -> None:
        site = factories.make_site(session, "far")
        factories.make_user(
            session,
            "manager2",
            password_hash=world.people["manager"].password_hash,
            roles=[(Role.MANAGER, site, None)],
        )

    add(elsewhere)
    stranger = Browser(app.test_client())
    stranger.sign_in("manager2")
    assert stranger.post(f"/calls/{muted.call}/unmask", {"why": "complaint"}).status_code == 404
    assert digits_in(signed_in("trainer").get(location).get_data(as_text=True)) == []


def test_the_view_ends_with_its_token(
    signed_in: Callable[[str], Browser], muted: Scene, clock: FixedClock
) -> None:
    manager = signed_in("manager")
    location = unmasked(manager, muted).location
    address = audio_of(manager.get(location).get_data(as_text=True))
    clock.move(minutes=31)
    assert "open too long" in manager.get(location).get_data(as_text=True)
    assert manager.get(address).status_code == 410


def test_who_judges_a_call_does_not_learn_of_a_complaint_from_an_unmasking(
    signed_in: Callable[[str], Browser], muted: Scene, add: Add, world: World
) -> None:
    unmasked(signed_in("manager"), muted)

    def judge(session: Session) -> None:
        call = session.scalars(select(Call).where(Call.uid == muted.call)).one()
        session.add(
            Task(
                origin=Origin.DIRECTED,
                site_id=call.site_id,
                team_id=call.team_id,
                leg_id=call.legs[0].id,
                version_id=factories.make_version(session).id,
                assignee_id=world.people["trainer"].id,
                state=TaskState.CLAIMED,
                due_at=NOW,
                created_at=NOW,
                claimed_at=NOW,
            )
        )

    add(judge)
    page = signed_in("trainer").get(f"/calls/{muted.call}").get_data(as_text=True)
    assert "personal data shown" in page
    assert "Examining a complaint (" not in page


def test_masks_are_changed_by_hand_on_a_page_that_shows_the_words(
    signed_in: Callable[[str], Browser], muted: Scene, runtime: Runtime
) -> None:
    manager = signed_in("manager")
    location = unmasked(manager, muted).location
    page = manager.get(location).get_data(as_text=True)
    token = location.partition("opened=")[2]
    fields = dict(
        re.findall(
            r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.split("data-hide-words")[1]
        )
    )
    hide = {
        "act": "hide",
        "opened": token,
        "attempt": "1",
        "position": "1",
        "first": "0",
        "last": "0",
    }
    assert fields["attempt"] == "1"
    assert (fields["position"], fields["first"], fields["last"]) == ("1", "1", "3")
    assert fields["opened"] == token
    answer = manager.post(f"/calls/{muted.call}/masks", hide)
    assert answer.status_code == 303

    def turn() -> Turn:
        with read_session(runtime.engine) as session:
            return _turn(session)

    assert turn().masked_text == "••••••吧"
    show = {**hide, "act": "show", "first": "1", "last": "3"}
    assert manager.post(f"/calls/{muted.call}/masks", show).status_code == 303
    assert turn().masked_text == "•••138 0013 8000吧"
    with read_session(runtime.engine) as session:
        kinds = session.scalars(select(MediaFile.kind)).all()
        assert MediaKind.MASKED not in kinds
        assert session.scalars(select(Job.name)).all() == ["mute", "mute"]
    for change, status in (
        ({"attempt": "9"}, 409),
        ({"first": "9", "last": "9"}, 400),
        ({"position": ""}, 400),
        ({"act": "sing"}, 400),
        ({"opened": ""}, 410),
    ):
        assert manager.post(f"/calls/{muted.call}/masks", {**hide, **change}).status_code == status
    # An opening that does not show the words does not let anybody change what is hidden.
    manager.get(f"/calls/{muted.call}")
    plain = manager.post(f"/calls/{muted.call}/open", {"purpose": "coaching"}).location
    hide["opened"] = plain.partition("opened=")[2]
    assert manager.post(f"/calls/{muted.call}/masks", hide).status_code == 410


def test_a_recording_without_transcript_plays_unless_the_installation_forbids_it(
    signed_in: Callable[[str], Browser],
    scene: Scene,
    add: Add,
    settings: Settings,
    runtime: Runtime,
) -> None:
    add(lambda session: session.delete(_turn(session).transcript))
    trainer = signed_in("trainer")
    page = opened(trainer, scene)
    assert "nothing is muted" in page
    address = audio_of(page)
    assert fetch(trainer, address).data == SOUND
    strict = create_app(replace(settings, play_untranscribed=False), runtime)
    strict.testing = True
    for name, plays in (("trainer1", False), ("manager1", True)):
        browser = Browser(strict.test_client())
        browser.sign_in(name)
        page = opened(browser, scene)
        assert "cannot be played to you yet" in page
        assert "<audio" not in page
        if plays:
            page = browser.get(unmasked(browser, scene).location).get_data(as_text=True)
            assert fetch(browser, audio_of(page)).data == SOUND


def _forget_words(session: Session) -> None:
    """Delete the transcript as retention does."""
    recording = session.scalars(select(Recording)).one()
    moments.remember(session, recording)
    session.execute(delete(Transcript))


def peaks_of(page: str) -> str:
    found = re.search(r'data-peaks="([^"]*)"', page)
    assert found
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("role", ["manager", "trainer", "agent"])
def test_the_muted_copy_is_played_also_when_the_words_are_deleted(
    signed_in: Callable[[str], Browser], muted: Scene, runtime: Runtime, add: Add, role: str
) -> None:
    content = b'{"points_per_second":20,"channels":[[9,9,9,9,9,9,9,9,9,9,9,9,9,9,9]]}'
    drawn = runtime.storage.put(io.BytesIO(content), suffix=".json").key

    def draw(session: Session) -> None:
        kind = MediaFile.kind == MediaKind.PEAKS
        session.scalars(select(MediaFile).where(kind)).one().storage_key = drawn

    add(draw)
    browser = signed_in(role)
    before = audio_of(opened(browser, muted))
    add(_forget_words)
    page = opened(browser, muted)
    assert "Personal data is muted" in page
    assert "nothing is muted" not in page
    for address in (before, audio_of(page)):
        assert fetch(browser, address).data == MUTED
    assert fetch(browser, peaks_of(page)).get_json()["channels"] == [[0] * 13 + [9, 9]]
    # A transcript that went before the moments were kept leaves the copy, and no picture.
    picture = peaks_of(page)
    add(lambda session: session.scalars(select(Recording)).one().__setattr__("muted", []))
    page = opened(browser, muted)
    assert fetch(browser, audio_of(page)).data == MUTED
    assert peaks_of(page) == ""
    assert browser.get(picture).status_code == 410


def test_words_that_are_not_to_be_relied_on_clear_no_recording(
    signed_in: Callable[[str], Browser],
    muted: Scene,
    add: Add,
    settings: Settings,
    runtime: Runtime,
) -> None:
    def doubt(session: Session) -> None:
        transcript = _turn(session).transcript
        transcript.doubt, transcript.doubt_params = "wordless", {"pct": 90}

    add(doubt)
    trainer = signed_in("trainer")
    page = opened(trainer, muted)
    assert "there may be more in this recording" in page
    address = audio_of(page)
    assert fetch(trainer, address).data == MUTED
    strict = create_app(replace(settings, play_untranscribed=False), runtime)
    strict.testing = True
    guest = Browser(strict.test_client())
    guest.sign_in("trainer1")
    assert "cannot be played to you yet" in opened(guest, muted)
    assert guest.get(address).status_code == 409

    def nothing_found(session: Session) -> None:
        _turn(session).masks = []
        session.execute(delete(MediaFile).where(MediaFile.kind == MediaKind.MASKED))

    add(nothing_found)
    page = opened(trainer, muted)
    assert "nothing is muted" in page
    assert fetch(trainer, audio_of(page)).data == SOUND
    assert guest.get(address).status_code == 409


def test_nobody_is_offered_to_have_words_written_down_that_retention_deletes(
    signed_in: Callable[[str], Browser], scene: Scene, add: Add, runtime: Runtime
) -> None:
    trainer = signed_in("trainer")

    def forget(session: Session) -> None:
        session.execute(delete(Transcript))

    add(forget)
    assert f"/recordings/{scene.recording}/first" in opened(trainer, scene)

    def rule(session: Session) -> None:
        call = session.scalars(select(Call).where(Call.uid == scene.call)).one()
        call.started_at = NOW - timedelta(days=31)
        kind = RetentionSubject.TRANSCRIPT
        retention.set_rule(session, call.site, None, kind, 30, now=NOW, actor=None)

    add(rule)
    address = f"/recordings/{scene.recording}/first"
    assert address not in opened(trainer, scene)
    assert trainer.post(address).status_code == 303
    with read_session(runtime.engine) as session:
        assert session.scalars(select(Job.id)).all() == []
