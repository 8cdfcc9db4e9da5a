"""Exemplars and playlists as people walk them: chosen, found, heard, asked back, put in order."""

import html
import re
from typing import Any

import pytest
from sqlalchemy import event, select

from models.calls import MediaFile, Recording
from models.operations import Listening
from models.people import Agent
from models.practice import PlaylistItem
from models.reviews import Answer, Exemplar, Review, SelfAssessment
from models.vocab import AssessmentState, MediaKind, Party, Role, TaskState
from models.vocab_learning import ExemplarAudience
from pipelines.practice import exemplars, playlists
from pipelines.practice.exemplars import Wish
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import _PASSWORD_HASH, Browser

ONCE = re.compile(r'name="once"[^>]*value="([^"]+)"')


def words(response: Any) -> str:
    text = response.get_data(as_text=True)
    assert response.status_code == 200, text
    return html.unescape(text)


def once(page: str) -> str:
    found = ONCE.search(page)
    assert found
    return found[1]


def heard(session: Any, call: Any, *said: str) -> Recording:
    """Give a call a recording whose sound is stored, and its words."""
    recording = factories.make_recording(session, call)
    session.add(
        MediaFile(
            recording_id=recording.id,
            kind=MediaKind.ORIGINAL,
            storage_key=f"x{recording.id}",
            mimetype="audio/wav",
            sha256="0" * 64,
            size_bytes=1,
            created_at=NOW,
        )
    )
    factories.make_transcript(
        session,
        recording,
        [(Party.AGENT, n * 10_000, text) for n, text in enumerate(said or ("good morning",))],
    )
    return recording


@pytest.fixture
def reviewed(add: Any, world: Any) -> Any:
    """Make a reviewed call of the agent, whose own view is in; its greeting has a marked moment."""

    def make(session: Any) -> Any:
        agent = session.scalars(select(Agent)).one()
        (task,) = factories.make_tasks(session, agent, session.merge(world.team))
        task.state = TaskState.DONE
        heard(session, task.leg.call, "good morning", "the refund comes on friday")
        own = session.scalars(select(SelfAssessment)).one()
        own.state = AssessmentState.LAPSED
        review = factories.make_review(session, task.leg, task.version)
        criteria = task.version.sections[0].criteria
        for criterion, earned in ((criteria[0], 500), (criteria[1], 600)):
            session.add(
                Answer(
                    revision_id=review.current_revision_id,
                    criterion_id=criterion.id,
                    value={"answer": "yes" if earned == 500 else "needs_some"},
                    earned=earned,
                    attainable=500 if earned == 500 else 1_500,
                    evidence=[{"start_ms": 0, "end_ms": 900, "words": "good morning"}],
                )
            )
        session.flush()
        return review.uid, task.leg.call.uid

    return add(make)


def test_from_a_suggestion_to_the_library_and_back(signed_in: Any, reviewed: Any, add: Any) -> None:
    review, _call = reviewed
    trainer, agent = signed_in("trainer"), signed_in("agent")
    assert f"/exemplars/of/{review}" in words(trainer.get(f"/feedback/{review}"))
    page = words(trainer.get("/exemplars/suggestions"))
    # The greeting earned all its points; the needs did not.
    (path,) = set(re.findall(r'href="(/exemplars/of/[^"]+)"', page))
    assert "criterion=greeting" in path
    assert "good morning" in page
    form = words(trainer.get(path))
    assert 'value="0:00.0"' in form
    right = {
        "criterion": "greeting",
        "start": "0:00",
        "end": "0:01",
        "level": "model",
        "why": "Warm <i>voice",
        "tags": "Opening, Calm",
        "language": "en",
        "audience": "site",
        "once": once(form),
    }
    refused = words(trainer.post(path, {**right, "start": "soon", "why": ""}))
    assert "Write it as minutes and seconds" in refused
    assert "Say what makes this call a good example." in refused
    answer = trainer.post(path, right)
    assert answer.status_code == 303
    shown = answer.location
    assert "Warm <i>voice" in words(trainer.get(shown))
    assert "Warm &lt;i&gt;voice" in trainer.get(shown).get_data(as_text=True)
    assert "/exemplars/of/" not in words(trainer.get("/exemplars/suggestions"))
    # What is said counts within the part only, and every filter narrows.
    for query, there in (
        ("q=warm", True),
        ("q=calm+morning", True),
        ("q=refund", False),
        ("q=%25", False),
        ("tag=opening&level=model&language=en&criterion=greeting", True),
        ("level=open", False),
        ("language=zh", True),
    ):
        found = "Warm" in words(trainer.get(f"/exemplars/?{query}"))
        # A language that no exemplar has is no choice, and asks for nothing.
        assert found is there, query
    # Others meet it without the agent's name, until the agent shows it.
    reader = signed_in("reviewer")
    assert "Sh101" not in words(reader.get(shown))
    assert "Sh101" in words(agent.get(shown))
    agent.get("/exemplars/mine")
    assert agent.post(f"{shown}/name", {"named": "yes"}).status_code == 303
    assert "Sh101" in words(reader.get(shown))
    # Withdrawn it is there for trainers only, and can be shared again.
    trainer.get(shown)
    assert trainer.post(f"{shown}/withdraw").location == shown
    assert reader.get(shown).status_code == 404
    assert "Warm" not in words(trainer.get("/exemplars/"))
    assert "Warm" in words(trainer.get("/exemplars/?show=withdrawn"))
    assert trainer.post(f"{shown}/restore").status_code == 303
    edited = {**right, "why": "Very warm", "start": "", "end": ""}
    words(trainer.get(f"{shown}/edit"))
    assert trainer.post(f"{shown}/edit", edited).status_code == 303
    assert "Very warm" in words(reader.get("/exemplars/?q=refund"))
    # The agent asks it back: nobody but trainers meets it, and they take it out for good.
    agent.get("/exemplars/mine")
    assert agent.post(f"{shown}/ask-back").status_code == 303
    assert reader.get(shown).status_code == 404
    assert "asked for it back" in words(trainer.get(shown))
    assert trainer.post(f"{shown}/restore").status_code == 409
    assert trainer.post(f"{shown}/withdraw").location == "/exemplars/"
    assert add(lambda session: session.scalars(select(Exemplar.id)).all()) == []


def test_any_call_becomes_one_once_its_recording_is_opened_for_a_purpose(
    signed_in: Any, reviewed: Any, add: Any
) -> None:
    _review, call = reviewed
    trainer = signed_in("trainer")
    path = f"/exemplars/calls/{call}"
    # Without a purpose the way leads to where it is asked for.
    assert trainer.get(path).location == f"/calls/{call}"
    assert "Make it an exemplar" not in words(trainer.get(f"/calls/{call}"))
    opened = trainer.post(f"/calls/{call}/open", {"purpose": "Looking for an example"}).location
    (link,) = re.findall(rf'href="({path}[^"]+)"', words(trainer.get(opened)))
    form = words(trainer.get(link))
    data = {"criterion": "", "level": "open", "why": "A contrast", "audience": "practice"}
    outside = {**data, "start": "0:50", "end": "0:55", "once": once(form)}
    assert "must begin before it ends" in trainer.post(link, outside).get_data(as_text=True)
    made = trainer.post(link, {**data, "once": once(form)}).location
    assert made
    # There to practise with only: in nobody's library.
    reader = signed_in("reviewer")
    assert reader.get(made).status_code == 404
    assert "A contrast" not in words(trainer.get("/exemplars/"))
    assert "A contrast" in words(trainer.get("/exemplars/?show=practice"))

    def listened(session: Any) -> Any:
        return session.scalars(select(Listening.purpose)).all()

    assert add(listened) == ["Looking for an example"]

    def untold(session: Any) -> None:
        session.scalars(select(Review)).one().leg.call.recording_notice = False

    add(untold)
    assert "Make it an exemplar" not in words(trainer.get(opened))
    again = trainer.post(link, {**data, "why": "x", "start": "0:00", "end": "0:02"})
    assert "not told of the recording" in again.get_data(as_text=True)


def test_a_playlist_is_put_in_order_and_hides_what_is_not_for_all(
    signed_in: Any, reviewed: Any, add: Any, world: Any
) -> None:
    def more(session: Any) -> Any:
        leg = session.scalars(select(Review)).one().leg
        user = session.merge(world.people["trainer"])
        return [
            exemplars.choose(
                session, leg, None, user, Wish(why=why, audience=audience, span=span), now=NOW
            ).uid
            for why, audience, span in (
                ("planted first", ExemplarAudience.SITE, (0, 900)),
                ("planted second", ExemplarAudience.SITE, (10_000, 11_000)),
                ("planted third", ExemplarAudience.TEAM, None),
            )
        ]

    first, second, third = add(more)
    trainer, agent = signed_in("trainer"), signed_in("agent")
    form = words(trainer.get("/playlists/new"))
    site = re.search(r'value="(site:[^"]+)"', form)
    assert site
    data = {"title": "Good openings", "about": "", "area": site[1], "once": once(form)}
    path = trainer.post("/playlists/new", data).location
    page = words(trainer.get(path))
    # Only what the whole site may hear is offered, and taken.
    assert "planted second" in page
    assert "planted third" not in page
    assert trainer.post(f"{path}/items", {"exemplar": str(first)}).status_code == 303
    # From the exemplar's own page too.
    shown = words(trainer.get(f"/exemplars/{second}"))
    (place,) = re.findall(r'value="(playlist:[^"]+)"', shown)
    assert trainer.post(f"/exemplars/{second}/put", {"place": place}).location == path
    assert trainer.post(f"/exemplars/{second}/put", {"place": "quiz:x"}).status_code == 400
    assert trainer.post(f"{path}/items", {"exemplar": str(third)}).status_code == 409
    page = words(trainer.get(path))
    one, other = re.findall(r'name="item" value="([^"]+)"', page)
    moved = trainer.post(f"{path}/order", {"item": [one, other], "move": f"{other}:up"})
    assert moved.status_code == 303
    assert re.findall(r'name="item" value="([^"]+)"', words(trainer.get(path))) == [other, one]
    quiet = {"headers": {"Accept": "application/json"}}
    assert trainer.post(f"{path}/order", {"item": [one, other]}, **quiet).status_code == 204
    assert trainer.post(f"{path}/order", {"item": [one]}).status_code == 409
    note = {"note": "the pause before the name"}
    assert trainer.post(f"{path}/items/{one}/note", note).status_code == 303
    shown = words(agent.get(path))
    assert shown.index("planted first") < shown.index("planted second")
    assert "the pause before the name" in shown
    assert "data-clip-all" in shown
    sound = agent.get(f"/exemplars/{second}/sound").json
    assert (sound["start_ms"], sound["end_ms"]) == (10_000, 11_000)
    assert sound["url"].startswith("/recordings/")
    # Narrowed later, it keeps its place but tells nothing; the note goes with it.
    add(lambda session: _narrow(session, first, world))
    outsider = signed_in("reviewer")
    add(lambda session: _move_reviewer(session, world))
    hidden = words(outsider.get(path))
    assert "Hidden: withdrawn" in hidden
    assert "planted first" not in hidden
    assert "the pause" not in hidden
    trainer.get(path)
    assert trainer.post(f"{path}/items/{one}/remove").status_code == 303
    assert trainer.post(f"{path}/delete").location == "/playlists/"
    assert add(lambda session: session.scalars(select(PlaylistItem.id)).all()) == []


def _narrow(session: Any, uid: Any, world: Any) -> None:
    row = session.scalars(select(Exemplar).where(Exemplar.uid == uid)).one()
    row.audience = ExemplarAudience.TEAM


def _move_reviewer(session: Any, world: Any) -> None:
    """Let the reviewer hold the role for another team of the site only."""
    other = factories.make_team(session, session.merge(world.site), "inbound")
    user = session.merge(world.people["reviewer"])
    user.roles[0].team_id = other.id


def test_a_recording_is_kept_for_an_exemplar_where_an_admin_allows_it(
    signed_in: Any, reviewed: Any, add: Any, world: Any
) -> None:
    def make(session: Any) -> Any:
        leg = session.scalars(select(Review)).one().leg
        user = session.merge(world.people["trainer"])
        return exemplars.choose(session, leg, None, user, Wish(why="warm"), now=NOW).uid

    uid = add(make)
    trainer, admin = signed_in("trainer"), signed_in("admin")
    assert "This site keeps no recording for longer." in words(trainer.get(f"/exemplars/{uid}"))
    page = words(admin.get("/retention"))
    path = re.search(r'action="(/retention/[^"]+/exemplars)"', page)
    assert path
    assert admin.post(path[1], {"days": "-1"}).status_code == 400
    admin.get("/retention")
    assert admin.post(path[1], {"days": "30"}).status_code == 303
    assert "up to 30 days" in words(admin.get("/retention"))
    assert "At most 30 days at this site." in words(trainer.get(f"/exemplars/{uid}"))
    wish = {"days": "20", "reason": ""}
    refused = trainer.post(f"/exemplars/{uid}/keep", wish)
    assert refused.status_code == 422
    assert "Give a reason." in refused.get_data(as_text=True)
    wish["reason"] = "for newcomers"
    assert trainer.post(f"/exemplars/{uid}/keep", wish).status_code == 303
    assert "for newcomers" in words(trainer.get(f"/exemplars/{uid}"))
    # Why it is kept is for those who lead, not for whoever listens.
    assert "for newcomers" not in words(signed_in("agent").get(f"/exemplars/{uid}"))
    trainer.get(f"/exemplars/{uid}")
    assert trainer.post(f"/exemplars/{uid}/release").status_code == 303
    assert "for newcomers" not in words(trainer.get(f"/exemplars/{uid}"))


def test_a_team_keeps_to_itself_what_is_shared_with_the_team(
    signed_in: Any, app: Any, reviewed: Any, add: Any, world: Any
) -> None:
    def make(session: Any) -> Any:
        site = session.merge(world.site)
        other = factories.make_team(session, site, "inbound")
        factories.make_user(
            session, "ted", password_hash=_PASSWORD_HASH, roles=[(Role.TRAINER, site, other)]
        )
        leg = session.scalars(select(Review)).one().leg
        user = session.merge(world.people["trainer"])
        return [
            exemplars.choose(
                session, leg, None, user, Wish(why="planted", audience=each, span=span), now=NOW
            ).uid
            for each, span in (
                (ExemplarAudience.TEAM, None),
                (ExemplarAudience.SITE, (0, 900)),
                (ExemplarAudience.PRACTICE, (1, 900)),
            )
        ]

    team, site, practice = add(make)
    ted = Browser(app.test_client())
    ted.sign_in("ted")
    assert [ted.get(f"/exemplars/{uid}").status_code for uid in (team, site, practice)] == [
        404,
        200,
        404,
    ]
    ted.get(f"/exemplars/{site}")
    # What he may hear he may still not change, nor make one of another team's call.
    for act in ("withdraw", "keep", "release", "restore"):
        assert ted.post(f"/exemplars/{site}/{act}").status_code == 404
    assert ted.get(f"/exemplars/{site}/edit").status_code == 404
    review, call = reviewed
    assert ted.get(f"/exemplars/of/{review}").status_code == 404
    assert ted.get(f"/exemplars/calls/{call}").status_code == 404
    # An agent's acts are the agent's.
    agent = signed_in("agent")
    agent.get("/exemplars/mine")
    add(_another_owner)
    for act in ("ask-back", "let-stand", "name"):
        assert agent.post(f"/exemplars/{site}/{act}").status_code == 404


def _another_owner(session: Any) -> None:
    leg = session.scalars(select(Review)).one().leg
    leg.agent_id = factories.make_agent(session, leg.team, "sh199").id


def test_the_library_asks_the_database_the_same_few_times_however_long_it_is(
    signed_in: Any, reviewed: Any, add: Any, runtime: Any, world: Any
) -> None:
    def more(session: Any, count: int, begin: int = 0) -> None:
        leg = session.scalars(select(Review)).one().leg
        user = session.merge(world.people["trainer"])
        made = [
            exemplars.choose(
                session,
                leg,
                None,
                user,
                Wish(why="x", span=(n, 30_000), audience=ExemplarAudience.SITE, tags=("a",)),
                now=NOW,
            )
            for n in range(begin, begin + count)
        ]
        if begin == 0:
            playlists.make(session, session.merge(world.site), None, "all", "", user=user, now=NOW)
        playlist = session.scalars(select(playlists.Playlist)).one()
        for each in made:
            playlists.add(session, playlist, each, user, now=NOW)

    add(lambda session: more(session, 2))
    agent = signed_in("agent")
    playlist = add(lambda session: session.scalars(select(playlists.Playlist.uid)).one())
    counted: list[int] = []
    event.listen(runtime.engine, "before_cursor_execute", lambda *_: counted.append(1))

    def count(path: str) -> int:
        counted.clear()
        words(agent.get(path))
        return len(counted)

    paths = ["/exemplars/", "/exemplars/mine", "/playlists/", f"/playlists/{playlist}"]
    before = [count(path) for path in paths]
    add(lambda session: more(session, 9, 100))
    assert [count(path) for path in paths] == before
    assert max(before) <= 14
