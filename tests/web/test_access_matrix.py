"""Every route, tried as every role and as nobody, against a table written by hand.

A new route needs a row in ``EXPECTED``. A route about one row of a table may have a function in
``OBJECTS`` that makes such a row, visible to those who may enter; without one a made-up id is
asked for, which must be "not found" to them and "not for your role" to all others.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from models.calls import Call
from models.people import Agent
from tests import factories
from tests.web.conftest import PASSWORD, Browser, World

# a: agent, d: admin, m: manager, r: reviewer, t: trainer, n: signed in without a role,
# -: nobody is signed in
LETTERS = {
    "a": "agent",
    "d": "admin",
    "m": "manager",
    "n": "nobody",
    "r": "reviewer",
    "t": "trainer",
    "-": "",
}

# "METHOD endpoint": who may enter
EXPECTED: dict[str, str] = {
    # accounts
    "GET accounts.sign_in": "admnrt-",
    "POST accounts.sign_in_now": "admnrt-",
    "POST accounts.sign_out": "admnrt-",
    "POST accounts.language": "admnrt-",
    "POST accounts.theme": "admnrt-",
    "GET accounts.show": "admnrt",
    "POST accounts.password": "admnrt",
    # calls
    "GET calls.index": "amt",
    "GET calls.show": "amt",
    "POST calls.open_recording": "amt",
    "POST calls.correct_layout": "m",
    "POST calls.unmask": "m",
    "POST calls.masks": "m",
    "GET calls.audio": "amrt",
    "POST calls.hear_first": "amrt",
    "POST calls.hear_again": "m",
    "GET calls.peaks": "amrt",
    "GET calls.measures_file": "m",
    # calibration
    "GET calibration.index": "mrt",
    "GET calibration.new": "mt",
    "POST calibration.create": "mt",
    "GET calibration.show": "mrt",
    "POST calibration.extend": "mt",
    "POST calibration.close": "mt",
    "POST calibration.withdraw": "mt",
    "GET calibration.criteria_file": "mrt",
    "GET calibration.answers_file": "mrt",
    "GET calibration.call": "mrt",
    "GET calibration.reference": "mt",
    "POST calibration.save_reference": "mt",
    "POST calibration.agree": "mt",
    "GET calibration.severity": "mr",
    "GET calibration.severity_file": "mr",
    # dashboards and retention
    "GET dashboards.index": "mt",
    "GET dashboards.weeks_file": "mt",
    "GET dashboards.teams_file": "mt",
    "GET dashboards.mine": "a",
    "GET dashboards.mine_file": "a",
    "GET retention.index": "dm",
    "POST retention.set_rule": "d",
    # names to listen for
    "GET hotwords.index": "dm",
    "GET hotwords.show": "dm",
    "POST hotwords.replace": "dm",
    # home
    "GET home.start": "admnrt",
    # imports, by admins
    "GET imports.index": "d",
    "GET imports.new": "d",
    "POST imports.create": "d",
    "GET imports.show": "d",
    "GET imports.rejects": "d",
    # operations
    "GET operations.audit": "d",
    "GET operations.jobs": "d",
    "POST operations.retry_job": "dm",
    "GET operations.queue": "dm",
    "POST operations.pause_queue": "d",
    "POST operations.resume_queue": "d",
    "POST operations.first": "dm",
    "POST operations.retry_kind": "dm",
    "GET operations.sheet": "dm",
    # phrases
    "GET phrases.index": "mt",
    "GET phrases.new": "m",
    "POST phrases.create": "m",
    "GET phrases.show": "mt",
    "GET phrases.edit": "m",
    "POST phrases.change": "m",
    "POST phrases.switch_on": "m",
    "POST phrases.switch_off": "m",
    "POST phrases.try_rule": "m",
    "GET phrases.trial": "mt",
    "GET phrases.example": "mt",
    "GET phrases.hit": "mt",
    "POST phrases.judge": "mt",
    # people
    "GET people.index": "d",
    "GET people.new": "d",
    "POST people.create": "d",
    "GET people.show": "d",
    "POST people.give_role": "d",
    "POST people.take_role": "d",
    "POST people.set_password": "d",
    "POST people.disable": "d",
    "POST people.enable": "d",
    "POST people.link_agent": "d",
    "GET people.sites": "d",
    "POST people.create_site": "d",
    "POST people.create_team": "d",
    "POST people.change_site": "d",
    # self-assessments
    "GET assessments.index": "a",
    "POST assessments.begin": "a",
    "GET assessments.write": "a",
    "POST assessments.save": "a",
    "POST assessments.submit": "a",
    "POST assessments.discard": "a",
    # exemplars
    "GET exemplars.index": "amrt",
    "GET exemplars.show": "amrt",
    "GET exemplars.choose": "t",
    "POST exemplars.choose": "t",
    "POST exemplars.remove": "t",
    # feedback
    "GET feedback.index": "amrt",
    "GET feedback.show": "amrt",
    "POST feedback.acknowledge": "a",
    "POST feedback.object_to": "a",
    "GET feedback.answer": "mr",
    "POST feedback.answer": "mr",
    "POST feedback.preview": "mr",
    # reviews
    "GET reviews.queue": "r",
    "POST reviews.take_next": "r",
    "POST reviews.claim": "r",
    "POST reviews.release": "r",
    "GET reviews.skip": "r",
    "POST reviews.skip": "r",
    "GET reviews.write": "r",
    "POST reviews.save": "r",
    "POST reviews.submit": "r",
    "GET reviews.token": "admnrt",
    # sampling
    "GET sampling.index": "m",
    "GET sampling.new_plan": "m",
    "POST sampling.create_plan": "m",
    "GET sampling.show_plan": "m",
    "GET sampling.edit_plan": "m",
    "POST sampling.change_plan": "m",
    "POST sampling.archive_plan": "m",
    "POST sampling.create_draw": "m",
    "GET sampling.show_draw": "m",
    "GET sampling.manifest": "m",
    "POST sampling.close_draw": "m",
    "POST sampling.void_draw": "m",
    "POST sampling.extend_draw": "m",
    # search
    "GET search.index": "amt",
    # scorecards
    "GET scorecards.index": "admnrt",
    "GET scorecards.show": "admnrt",
    "GET scorecards.export": "admnrt",
}

Values = Mapping[str, Any]


def _call(session: Session, world: World) -> Call:
    agent = session.scalars(select(Agent)).one()
    team, site = session.merge(world.team), session.merge(world.site)
    return factories.make_call(session, agent, team, factories.make_project(session, site))


# endpoint: makes a row that those who may enter can see, and gives the values of its address
OBJECTS: dict[str, Callable[[Session, World], Values]] = {
    "calls.show": lambda session, world: {"uid": _call(session, world).uid},
    "people.show": lambda _session, world: {"uid": world.people["agent"].uid},
}


def _routes(app: Flask) -> list[tuple[str, Rule]]:
    return [
        (f"{method} {rule.endpoint}", rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.endpoint != "static"
    ]


def _made_up(rule: Rule) -> dict[str, Any]:
    values = {}
    for name, converter in rule._converters.items():
        kind = type(converter).__name__
        values[name] = {"UUIDConverter": uuid.uuid4(), "IntegerConverter": 1}.get(kind, "x")
    return values


def test_the_table_names_every_route_and_no_other(app: Flask) -> None:
    assert sorted(EXPECTED) == sorted({name for name, _rule in _routes(app)})


@pytest.mark.parametrize("letter", LETTERS)
def test_every_route_lets_in_whom_it_should(
    app: Flask,
    world: World,
    add: Callable[[Callable[[Session], Any]], Any],
    letter: str,
) -> None:
    made = {
        name: add(lambda session, make=make: make(session, world)) for name, make in OBJECTS.items()
    }
    browser = Browser(app.test_client())
    if role := LETTERS[letter]:
        browser.sign_in(world.people[role].username, PASSWORD)
    token = browser.token()
    cookie = browser.client.get_cookie("hearback")
    wrong = []
    # Signing out ends the session for good, so it comes last.
    for name, rule in sorted(
        _routes(app), key=lambda pair: pair[1].endpoint == "accounts.sign_out"
    ):
        method = name.partition(" ")[0]
        values = made.get(rule.endpoint) or _made_up(rule)
        with app.test_request_context():
            path = app.url_for(rule.endpoint, **values)
        # Whatever changes the cookie is undone before the next route.
        browser.client.set_cookie("hearback", cookie.value if cookie else "")
        data = None if method == "GET" else {"csrf_token": token}
        answer = browser.client.open(path, method=method, data=data, buffered=True)
        fits = _lets_in if letter in EXPECTED.get(name, "") else _turns_away
        if not fits(answer, method, rule):
            wrong.append((name, answer.status_code))
    assert wrong == []


def _leads_to_sign_in(answer: TestResponse) -> bool:
    return answer.status_code == 303 and (answer.location or "").startswith("/sign-in")


def _turns_away(answer: TestResponse, _method: str, _rule: Rule) -> bool:
    return answer.status_code in (401, 403) or _leads_to_sign_in(answer)


def _lets_in(answer: TestResponse, method: str, rule: Rule) -> bool:
    status = answer.status_code
    if rule.endpoint == "accounts.sign_out":
        return status == 303
    if status in (401, 403, 405) or status >= 500 or _leads_to_sign_in(answer):
        return False
    there = not rule.arguments or rule.endpoint in OBJECTS
    return method != "GET" or not there or status < 400


def test_a_refused_access_is_in_the_audit_log(signed_in: Callable[[str], Browser]) -> None:
    assert signed_in("reviewer").get("/audit").status_code == 403
    page = signed_in("admin").get("/audit?action=access.refused").get_data(as_text=True)
    assert "operations.audit" in page
    assert "reviewer1" in page
