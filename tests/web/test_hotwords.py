"""The names that calls are heard with: per project, by those who answer for the whole site."""

import uuid
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Hotword, Project
from models.people import UserRole
from models.session import read_session
from models.vocab import Role
from pipelines.runtime import Runtime
from tests import factories
from tests.web.conftest import Browser, World

Add = Callable[[Callable[[Session], object]], object]


def projects(add: Add, world: World) -> tuple[uuid.UUID, uuid.UUID]:
    """Add a project of the site with a name to listen for, and one of another site."""

    def make(session: Session) -> tuple[uuid.UUID, uuid.UUID]:
        own = factories.make_project(session, session.merge(world.site), "renewal")
        far = factories.make_site(session, "manchester", "Europe/London")
        other = factories.make_project(session, far, "uk")
        for project in (own, other):
            session.add(
                Hotword(site_id=project.site_id, project_id=project.id, text=f"of {project.code}")
            )
        session.flush()
        return own.uid, other.uid

    return add(make)  # type: ignore[return-value]  # add gives what make gives


def test_a_manager_sets_a_projects_names(
    signed_in: Callable[[str], Browser], add: Add, world: World, runtime: Runtime
) -> None:
    own, other = projects(add, world)
    manager = signed_in("manager")
    listed = manager.get("/names").get_data(as_text=True)
    assert f"/names/{own}" in listed
    assert f"/names/{other}" not in listed
    page = manager.get(f"/names/{own}").get_data(as_text=True)
    assert "of renewal" in page
    assert "of uk" not in page
    answer = manager.post(f"/names/{own}", {"words": "Northline\n余额宝", "agent_names": "y"})
    assert answer.status_code == 303
    assert "Northline\n余额宝" in manager.get(answer.location).get_data(as_text=True)
    with read_session(runtime.engine) as session:
        project = session.scalars(select(Project).where(Project.uid == own)).one()
        assert project.agent_names_heard
        texts = session.scalars(select(Hotword.text).order_by(Hotword.text)).all()
        assert texts == ["Northline", "of uk", "余额宝"]


def test_lines_that_cannot_be_used_are_named_and_nothing_changes(
    signed_in: Callable[[str], Browser], add: Add, world: World, runtime: Runtime
) -> None:
    own, _ = projects(add, world)
    manager = signed_in("manager")
    manager.get(f"/names/{own}")
    answer = manager.post(f"/names/{own}", {"words": f"fine\n{'x' * 50}\na, b"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Line 2: longer than 40 characters." in page
    assert "Line 3: a comma" in page
    assert "x" * 50 in page
    with read_session(runtime.engine) as session:
        assert "of renewal" in session.scalars(select(Hotword.text)).all()


def test_who_leads_one_team_does_not_speak_for_the_project_nor_does_another_site(
    signed_in: Callable[[str], Browser], add: Add, world: World
) -> None:
    own, other = projects(add, world)
    manager = signed_in("manager")
    manager.get("/names")
    assert manager.get(f"/names/{other}").status_code == 404
    assert manager.post(f"/names/{other}", {"words": "x"}).status_code == 404

    def narrow(session: Session) -> None:
        grant = session.scalars(select(UserRole).where(UserRole.role == Role.MANAGER)).one()
        grant.team_id = world.team.id

    add(narrow)
    assert manager.get(f"/names/{own}").status_code in (303, 404)
    assert f"/names/{own}" not in manager.get("/names").get_data(as_text=True)
