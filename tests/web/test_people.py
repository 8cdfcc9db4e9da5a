"""What admins may do to people, and what they may not."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Agent, Site, Team, User, UserRole
from models.vocab import Role
from pipelines.runtime import Runtime
from tests import factories
from tests.web.conftest import PASSWORD, Browser, World

Add = Callable[[Callable[[Session], Any]], Any]


def _roles(runtime: Runtime, username: str) -> list[tuple[str, bool]]:
    with runtime.engine.connect() as connection:
        rows = connection.execute(
            select(UserRole.role, UserRole.team_id)
            .join(User, User.id == UserRole.user_id)
            .where(User.username == username)
            .order_by(UserRole.id)
        ).all()
    return [(Role(role).value, team is not None) for role, team in rows]


def test_a_new_person_gets_a_role_and_enters(
    signed_in: Callable[[str], Browser], world: World, app: Any, runtime: Runtime
) -> None:
    admin = signed_in("admin")
    admin.get("/people/new")
    made = admin.post(
        "/people/new",
        {
            "username": "chen",
            "display_name": "Chen Jie",
            "locale": "",
            "password": PASSWORD,
            "once": "k1",
        },
    )
    assert made.status_code == 303
    page = admin.get(made.location).get_data(as_text=True)
    assert "Chen Jie is added" in page
    scope = f"{world.site.uid}/{world.team.uid}"
    admin.post(f"{made.location}/roles", {"role": "trainer", "scope": scope})
    assert _roles(runtime, "chen") == [("trainer", True)]
    chen = Browser(app.test_client())
    assert chen.sign_in("chen").status_code == 303
    assert "Good to see you, Chen Jie" in chen.get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"username": "a b", "display_name": "x"}, "2 to 64 letters"),
        ({"username": "admin1", "display_name": "x"}, "already a person"),
        ({"username": "new1", "display_name": "x", "password": "short"}, "at least 10"),
        ({"username": "newperson1", "display_name": "x", "password": "newperson1"}, "user name"),
        ({"username": "", "display_name": ""}, "fill this in"),
    ],
)
def test_a_person_that_cannot_be_is_refused_in_place(
    signed_in: Callable[[str], Browser], values: dict[str, object], words: str
) -> None:
    admin = signed_in("admin")
    admin.get("/people/new")
    answer = admin.post("/people/new", {"once": "k", "locale": "", **values})
    assert answer.status_code == (200 if values["username"] == "" else 422)
    assert words in answer.get_data(as_text=True)


def test_a_role_given_or_taken_ends_the_persons_sessions(
    signed_in: Callable[[str], Browser], world: World, runtime: Runtime
) -> None:
    admin, agent = signed_in("admin"), signed_in("agent")
    path = f"/people/{world.people['agent'].uid}"
    admin.get(path)
    admin.post(f"{path}/roles", {"role": "reviewer", "scope": str(world.site.uid)})
    assert agent.get("/").status_code == 303
    agent.sign_in("agent1")
    role_id = _role_id(runtime, "agent1", Role.AGENT)
    admin.get(path)
    assert admin.post(f"{path}/roles/{role_id}/take").status_code == 303
    assert agent.get("/").status_code == 303
    assert _roles(runtime, "agent1") == [("reviewer", False)]


def _role_id(runtime: Runtime, username: str, role: Role) -> int:
    with runtime.engine.connect() as connection:
        return connection.scalars(
            select(UserRole.id)
            .join(User, User.id == UserRole.user_id)
            .where(User.username == username, UserRole.role == role)
        ).one()


def test_a_site_keeps_its_last_admin(
    signed_in: Callable[[str], Browser], world: World, runtime: Runtime
) -> None:
    admin = signed_in("admin")
    path = f"/people/{world.people['admin'].uid}"
    admin.get(path)
    role_id = _role_id(runtime, "admin1", Role.ADMIN)
    assert admin.post(f"{path}/roles/{role_id}/take").status_code == 409
    admin.get(path)
    assert admin.post(f"{path}/disable").status_code == 409
    assert admin.get("/people").status_code == 200


@pytest.fixture
def elsewhere(add: Add, world: World) -> dict[str, Any]:
    """Add another site: its admin, a person of both sites, and an agent."""

    def make(session: Session) -> dict[str, Any]:
        site = factories.make_site(session, "manchester", "Europe/London")
        team = factories.make_team(session, site, "north")
        here = session.get_one(Site, world.site.id)
        return {
            "site": site,
            "admin": factories.make_user(session, "boss", roles=[(Role.ADMIN, site, None)]),
            "both": factories.make_user(
                session, "both", roles=[(Role.MANAGER, here, None), (Role.ADMIN, site, None)]
            ),
            "agent": factories.make_agent(session, team, "mn1"),
            "team": team,
        }

    return add(make)


def test_people_of_other_sites_are_out_of_reach(
    signed_in: Callable[[str], Browser], elsewhere: dict[str, Any]
) -> None:
    admin = signed_in("admin")
    listed = admin.get("/people").get_data(as_text=True)
    assert "boss" not in listed
    assert ">both<" in listed
    path = f"/people/{elsewhere['admin'].uid}"
    assert admin.get(path).status_code == 404
    admin.get("/people/new")
    assert admin.post(f"{path}/password", {"password": PASSWORD}).status_code == 404


@pytest.mark.parametrize("act", ["password", "disable", "agent"])
def test_an_admin_cannot_become_another_sites_admin_through_a_shared_person(
    signed_in: Callable[[str], Browser], elsewhere: dict[str, Any], act: str
) -> None:
    admin = signed_in("admin")
    path = f"/people/{elsewhere['both'].uid}"
    admin.get("/people/new")
    assert admin.post(f"{path}/{act}", {"password": PASSWORD}).status_code == 403


def test_roles_are_given_at_own_sites_only(
    signed_in: Callable[[str], Browser],
    world: World,
    elsewhere: dict[str, Any],
    runtime: Runtime,
) -> None:
    admin = signed_in("admin")
    path = f"/people/{world.people['admin'].uid}/roles"
    admin.get("/people/new")
    assert (
        admin.post(path, {"role": "admin", "scope": str(elsewhere["site"].uid)}).status_code == 404
    )
    admin.get("/people/new")
    mixed = f"{world.site.uid}/{elsewhere['team'].uid}"
    assert admin.post(path, {"role": "trainer", "scope": mixed}).status_code == 404
    admin.get("/people/new")
    both = f"/people/{elsewhere['both'].uid}/roles"
    foreign = _role_id(runtime, "both", Role.ADMIN)
    assert admin.post(f"{both}/{foreign}/take").status_code == 403
    assert _roles(runtime, "admin1") == [("admin", False)]


def test_an_agent_of_the_records_belongs_to_one_person(
    signed_in: Callable[[str], Browser],
    world: World,
    elsewhere: dict[str, Any],
    runtime: Runtime,
) -> None:
    admin = signed_in("admin")
    with runtime.engine.connect() as connection:
        uid = connection.scalars(select(Agent.uid).where(Agent.code == "sh101")).one()
    path = f"/people/{world.people['trainer'].uid}/agent"
    admin.get("/people/new")
    assert admin.post(path, {"agent": str(uid)}).status_code == 409
    admin.get("/people/new")
    assert admin.post(path, {"agent": str(elsewhere["agent"].uid)}).status_code == 404
    admin.get("/people/new")
    own = f"/people/{world.people['agent'].uid}/agent"
    assert admin.post(own, {"agent": ""}).status_code == 303
    admin.get("/people/new")
    assert admin.post(path, {"agent": str(uid)}).status_code == 303


def test_whoever_adds_a_site_becomes_its_admin_and_stays_signed_in(
    signed_in: Callable[[str], Browser], runtime: Runtime
) -> None:
    admin = signed_in("admin")
    admin.get("/sites")
    values = {"code": "wuhan", "name": "Wuhan", "timezone": "Asia/Shanghai", "once": "s1"}
    assert admin.post("/sites", values).status_code == 303
    page = admin.get("/sites").get_data(as_text=True)
    assert "Wuhan" in page
    admin.post("/sites", values | {"once": "s2"})
    assert "is taken" in admin.last.get_data(as_text=True)
    admin.post("/sites", values | {"code": "x", "timezone": "Mars/Base", "once": "s3"})
    assert "no time zone called" in admin.last.get_data(as_text=True)


def test_a_team_is_added_to_an_own_site_only(
    signed_in: Callable[[str], Browser],
    world: World,
    elsewhere: dict[str, Any],
    runtime: Runtime,
) -> None:
    admin = signed_in("admin")
    admin.get("/sites")
    values = {"code": "t9", "name": "Night", "once": "t"}
    assert admin.post(f"/sites/{world.site.uid}/teams", values).status_code == 303
    admin.get("/sites")
    assert admin.post(f"/sites/{elsewhere['site'].uid}/teams", values).status_code == 404
    with runtime.engine.connect() as connection:
        assert connection.scalars(select(Team.code).order_by(Team.id)).all() == [
            "outbound",
            "north",
            "t9",
        ]


def test_the_audit_log_shows_who_did_what(
    signed_in: Callable[[str], Browser], world: World, elsewhere: dict[str, Any]
) -> None:
    admin = signed_in("admin")
    path = f"/people/{world.people['agent'].uid}"
    admin.get(path)
    admin.post(f"{path}/password", {"password": "an even longer phrase"})
    page = admin.get("/audit?action=password.set").get_data(as_text=True)
    assert str(world.people["agent"].uid) in page
    assert ">admin1<" in page
    assert "an even longer phrase" not in page
    assert "No entry" in admin.get("/audit?who=stranger").get_data(as_text=True)


def test_pages_with_many_people_ask_the_database_few_questions(
    signed_in: Callable[[str], Browser], add: Add, runtime: Runtime, world: World
) -> None:
    from sqlalchemy import event

    def more(session: Session) -> None:
        site = session.get_one(Site, world.site.id)
        for _number in range(120):
            factories.make_user(session, roles=[(Role.AGENT, site, None)])

    add(more)
    admin = signed_in("admin")
    asked: list[str] = []
    event.listen(runtime.engine, "before_cursor_execute", lambda *args: asked.append(str(args[2])))
    page = admin.get("/people?page=2").get_data(as_text=True)
    assert "Page 2 of 3" in page
    assert len(asked) < 15
