"""The search page: scope, filters, pages, the way to the spot, and what it must not tell."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from models.calls import Call, Leg, MediaFile, Project
from models.people import Agent, Team
from models.transcripts import Transcript, Turn
from models.vocab import MediaKind, Party, Role, TranscriptState
from pipelines.runtime import Runtime
from pipelines.search import service
from qa_app.search import queries
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]


def say(session: Session, call: Call, *said: str) -> Transcript:
    """Give a call a transcript with these masked texts; its plain ones hold a secret."""
    recording = factories.make_recording(session, call)
    session.add(
        MediaFile(
            recording=recording,
            kind=MediaKind.ORIGINAL,
            storage_key=f"x{call.id}",
            mimetype="audio/wav",
            sha256="x",
            size_bytes=1,
            created_at=NOW,
        )
    )
    transcript = Transcript(
        recording_id=recording.id,
        site_id=call.site_id,
        state=TranscriptState.DONE,
        model="m",
        options={},
        versions={},
        attempt=1,
        made_at=NOW,
    )
    transcript.turns = [
        Turn(
            position=position,
            party=Party.AGENT if position % 2 else Party.CUSTOMER,
            start_ms=position * 1_000,
            end_ms=position * 1_000 + 900,
            text=f"{masked} secret 4711",
            confidence=0.9,
            words=[
                [word, position * 1_000 + place * 50, position * 1_000 + place * 50 + 40, 0.9]
                for place, word in enumerate(re.findall(r" ?[^ ]+", masked))
            ],
            masked_text=masked,
            masks=[],
        )
        for position, masked in enumerate(said, start=1)
    ]
    session.add(transcript)
    session.flush()
    service.index(session, transcript.id, now=NOW)
    return transcript


def place_of(session: Session, world: World) -> tuple[Any, Any, Any]:
    agent = session.scalars(select(Agent).where(Agent.code == "sh101")).one()
    site = session.merge(world.site)
    project = session.scalar(select(Project).where(Project.code == "renewal"))
    return (
        agent,
        session.merge(world.team),
        project or factories.make_project(session, site, "renewal"),
    )


@pytest.fixture
def scene(add: Add, world: World) -> dict[str, Any]:
    """Add a call of the agent, one of a colleague's other team, one of both, and another site's."""

    def make(session: Session) -> dict[str, Any]:
        agent, team, project = place_of(session, world)
        other_team = factories.make_team(session, team.site, "inbound")
        other = factories.make_agent(session, other_team, "sh202")
        calls = {
            "own": factories.make_call(session, agent, team, project),
            "other": factories.make_call(session, other, other_team, project),
            "both": factories.make_call(session, agent, team, project, legs=2),
        }
        leg = calls["both"].legs[1]
        leg.agent_id, leg.team_id = other.id, other_team.id
        far = factories.make_site(session, "manchester", "Europe/London")
        far_team = factories.make_team(session, far)
        calls["far"] = factories.make_call(
            session,
            factories.make_agent(session, far_team),
            far_team,
            factories.make_project(session, far),
        )
        session.flush()
        for name, call in calls.items():
            say(session, call, f"hello from {name}", "我要 <b>退款</b> at once", "goodbye")
        led = factories.make_user(
            session,
            "lead1",
            password_hash=world.people["manager"].password_hash,
            roles=[(Role.TRAINER, team.site, other_team)],
        )
        world.people["lead"] = led
        return {name: str(call.uid) for name, call in calls.items()}

    return add(make)


def page_of(browser: Browser, words: str, **filters: object) -> str:
    query = "&".join(f"{name}={quote(str(value))}" for name, value in filters.items())
    answer = browser.get(f"/search?q={quote(words)}&{query}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def found(page: str) -> list[str]:
    """Return the calls of the page, in order."""
    return re.findall(r'class="hb-figures" href="/calls/([0-9a-f-]+)"', page)


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("manager", {"own", "other", "both"}),
        ("trainer", {"own", "other", "both"}),
        ("agent", {"own", "both"}),
        ("lead", {"other", "both"}),
    ],
)
def test_people_find_what_they_may_see_elsewhere(
    signed_in: SignedIn, scene: dict[str, Any], role: str, names: set[str]
) -> None:
    browser = signed_in(role)
    page = page_of(browser, "hello")
    assert set(found(page)) == {scene[name] for name in names}
    assert f"Said in {len(names)} turns" in page
    for name, uid in scene.items():
        assert (browser.get(f"/calls/{uid}").status_code == 200) == (name in names)


def test_a_tag_that_is_out_of_date_shows_nobody_anything(
    signed_in: SignedIn, add: Add, scene: dict[str, Any]
) -> None:
    other = add(lambda session: session.scalars(select(Agent).where(Agent.code == "sh202")).one())
    add(lambda session: session.execute(update(Leg).values(agent_id=other.id)))
    page = page_of(signed_in("agent"), "hello")
    assert (found(page), "Nothing found" in page) == ([], True)


def test_hits_are_marked_masked_and_lead_to_the_spot(
    signed_in: SignedIn, scene: dict[str, Any]
) -> None:
    manager = signed_in("manager")
    page = page_of(manager, "退款 once")
    assert "我要 &lt;b&gt;<mark>退款</mark>&lt;/b&gt; at <mark>once</mark>" in page
    assert "4711" not in page
    assert found(page_of(manager, "4711")) == []
    manager.get(f"/calls/{scene['own']}")
    (link,) = re.findall(rf'href="(/calls/{scene["own"]}\?at=\d+)"', page)
    assert link.endswith("?at=2050")
    asked = manager.get(link).get_data(as_text=True)
    assert '<input type="hidden" name="at" value="2050">' in asked
    refused = manager.post(f"/calls/{scene['own']}/open", {"purpose": "", "at": "2050"})
    assert refused.status_code == 422
    assert 'name="at" value="2050"' in refused.get_data(as_text=True)
    opened = manager.post(f"/calls/{scene['own']}/open", {"purpose": "coaching", "at": "2050"})
    player = manager.get(opened.location).get_data(as_text=True)
    assert re.search(r'<audio[^>]* src="[^"]+#t=2\.05"', player)


def test_a_spot_never_lies_in_what_is_muted(signed_in: SignedIn, add: Add, world: World) -> None:
    def speak(session: Session) -> None:
        call = factories.make_call(session, *place_of(session, world))
        transcript = say(session, call, "x")
        turn = transcript.turns[0]
        said = ["my", " 4711", " code", " is", " 4711"]
        turn.words = [[word, 1_000 + 50 * n, 1_040 + 50 * n, 0.9] for n, word in enumerate(said)]
        turn.masks = [[1, 1, "manual", 1_050, 1_090]]
        turn.masked_text = "my ••• code is 4711"
        service.index(session, transcript.id, now=NOW)

    add(speak)
    page = signed_in("manager").get("/search?q=4711").get_data(as_text=True)
    assert "at=1200" in page
    assert "at=1050" not in page


@pytest.mark.parametrize("at", ["-5", "x", "9" * 40, "999999999"])
def test_a_spot_that_is_none_breaks_nothing(
    signed_in: SignedIn, scene: dict[str, Any], at: str
) -> None:
    manager = signed_in("manager")
    assert manager.get(f"/calls/{scene['own']}?at={at}").status_code == 200
    opened = manager.post(f"/calls/{scene['own']}/open", {"purpose": "coaching", "at": at})
    assert manager.get(opened.location).status_code == 200


def test_filters_narrow(signed_in: SignedIn, add: Add, scene: dict[str, Any]) -> None:
    manager = signed_in("manager")
    uids = add(
        lambda session: {
            row.code: row.uid
            for model in (Agent, Team, Project)
            for row in session.scalars(select(model))
        }
    )
    every = {scene[name] for name in ("own", "other", "both")}
    wanted: list[tuple[dict[str, object], set[str]]] = [
        ({"agent": uids["sh101"]}, {scene["own"], scene["both"]}),
        ({"team": uids["inbound"]}, {scene["other"], scene["both"]}),
        ({"team": uids["inbound"], "agent": uids["sh101"]}, {scene["both"]}),
        ({"project": uids["renewal"]}, every),
        ({"speaker": "agent"}, every),
        ({"speaker": "customer"}, set()),
        ({"start": "2026-11-16", "end": "2026-11-16"}, every),
        ({"start": "2026-11-17"}, set()),
        ({"end": "2026-11-15"}, set()),
        # What makes no sense asks for nothing, and another site's agent finds nothing.
        ({"speaker": "ghost", "team": "x", "start": "yesterday", "before": "x"}, every),
        ({"start": "0001-01-01", "end": "9999-12-31"}, every),
        ({"agent": "01937b5e-7c1a-7000-8000-000000000000"}, set()),
    ]
    for filters, expected in wanted:
        assert set(found(page_of(manager, "hello", **filters))) == expected, filters


def test_pages_follow_each_other_while_new_calls_arrive(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    def calls(session: Session, first: int, last: int) -> list[str]:
        place = place_of(session, world)
        made = []
        for number in range(first, last):
            at = NOW - timedelta(hours=100 - number)
            call = factories.make_call(session, *place, started_at=at)
            say(session, call, "hello there", "hello", "hello", "hello, hello", "bye")
            made.append(str(call.uid))
        return made[::-1]

    old = add(lambda session: calls(session, 0, 45))
    manager = signed_in("manager")
    page = page_of(manager, "hello")
    shown = found(page)
    assert "Said in 180 turns" in page
    assert page.count("and in 1 further turn of this call") == queries.CALLS
    assert page.count("<mark>") == queries.CALLS * queries.TURNS
    new = add(lambda session: calls(session, 60, 62))
    for _page in range(2):
        (following,) = re.findall(r'rel="next" href="([^"]+)"', page)
        page = manager.get(following.replace("&amp;", "&")).get_data(as_text=True)
        assert "Said in" not in page
        shown += found(page)
    assert (shown, 'rel="next"' in page) == (old, False)
    (newest,) = re.findall(r'href="([^"]+)">[^<]*<svg[^>]*>.{0,80}</svg>Newest', page)
    assert found(manager.get(newest.replace("&amp;", "&")).get_data(as_text=True))[:2] == new


def test_more_than_can_be_counted_is_said_so_and_a_short_page_goes_on(
    signed_in: SignedIn, add: Add, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.search.finding.MOST", 10)
    add(
        lambda session: [
            say(
                session,
                factories.make_call(
                    session, *place_of(session, world), started_at=NOW - timedelta(hours=hours)
                ),
                *["so"] * 4,
            )
            for hours in range(1, 13)
        ]
    )
    manager = signed_in("manager")
    page = page_of(manager, "so")
    assert "Said more than 10 times" in page
    (following,) = re.findall(r'rel="next" href="([^"]+)"', page)
    rest = manager.get(following.replace("&amp;", "&")).get_data(as_text=True)
    assert len({*found(page), *found(rest)}) == len(found(page)) + len(found(rest)) == 12


@pytest.mark.parametrize(
    ("words", "says"),
    [("", "What are you looking for?"), ("-no", "Nothing to look for"), ("zyx", "Nothing found")],
)
def test_empty_pages_say_what_would_help(
    signed_in: SignedIn, scene: dict[str, Any], words: str, says: str
) -> None:
    page = page_of(signed_in("agent"), words)
    assert says in page
    assert found(page) == []


def test_no_words_break_the_page(signed_in: SignedIn, scene: dict[str, Any]) -> None:
    manager = signed_in("manager")
    for words in ('"', "'", "a' OR 1=1 --", "NEAR(a b)", "*", "\x00", "<script>", "x" * 3_000):
        page = page_of(manager, words)
        assert "<script>" not in page.partition("<main")[2]


def test_a_page_of_many_calls_needs_no_more_queries(
    signed_in: SignedIn, add: Add, world: World, runtime: Runtime
) -> None:
    asked: list[str] = []
    manager = signed_in("manager")

    def make(session: Session, count: int) -> None:
        for number in range(count):
            call = factories.make_call(
                session, *place_of(session, world), started_at=NOW - timedelta(hours=number + 1)
            )
            say(session, call, "hello", "hello again")

    add(lambda session: make(session, 1))
    event.listen(runtime.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    page_of(manager, "hello")
    few = len(asked)
    add(lambda session: make(session, 30))
    asked.clear()
    assert len(found(page_of(manager, "hello"))) == queries.CALLS
    # One for the bell, and three to write down once whose words were shown.
    assert len(asked) == few <= 14 + 1 + 3


def test_reviewers_and_admins_have_no_search(signed_in: SignedIn) -> None:
    for role in ("reviewer", "admin"):
        browser = signed_in(role)
        assert browser.get("/search?q=hello").status_code == 403
        assert 'href="/search"' not in browser.get("/").get_data(as_text=True)
    assert 'href="/search"' in signed_in("agent").get("/").get_data(as_text=True)
