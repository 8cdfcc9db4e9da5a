from collections.abc import Callable

from tests.web.conftest import Browser, World


def test_every_role_reaches_its_start_page(
    signed_in: Callable[[str], Browser], world: World
) -> None:
    for role in world.people:
        page = signed_in(role).get("/")
        assert page.status_code == 200
        assert world.people[role].display_name in page.get_data(as_text=True)
