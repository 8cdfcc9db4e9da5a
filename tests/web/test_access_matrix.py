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
    # disputes, help, coaching, targets
    "GET disputes.index": "mr",
    "GET disputes.begin": "a",
    "POST disputes.begin": "a",
    "POST disputes.withdraw": "a",
    "GET disputes.decide": "mr",
    "POST disputes.decide": "mr",
    "POST disputes.preview": "mr",
    "GET disputes.figures": "m",
    "GET disputes.figures_file": "m",
    "GET disputes.days": "m",
    "POST disputes.set_days": "m",
    "GET helping.index": "amt",
    "GET helping.ask": "a",
    "POST helping.ask": "a",
    "GET helping.show": "amt",
    "POST helping.answer": "amt",
    "POST helping.partner": "mt",
    "POST helping.reply": "a",
    "POST helping.close": "amt",
    "GET coaching.index": "amt",
    "GET coaching.cause": "mt",
    "POST coaching.cause": "mt",
    "GET coaching.record": "mt",
    "POST coaching.record": "mt",
    "GET coaching.record_with": "mt",
    "POST coaching.record_with": "mt",
    "GET coaching.record_after": "mt",
    "POST coaching.record_after": "mt",
    "GET coaching.choose": "mt",
    "GET coaching.show": "amt",
    "POST coaching.answer": "amt",
    "POST coaching.add_step": "amt",
    "POST coaching.mark_step": "amt",
    "POST coaching.drop": "mt",
    "GET coaching.causes": "m",
    "POST coaching.causes": "m",
    "GET targets.index": "amt",
    "POST targets.create": "m",
    "POST targets.remove": "m",
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
    "POST retention.let_exemplars_keep": "d",
    "GET retention.holds": "dm",
    "POST retention.hold": "d",
    "POST retention.release": "d",
    # notices
    "GET notices.index": "admnrt",
    "POST notices.open_notice": "admnrt",
    "POST notices.read_all": "admnrt",
    "GET notices.choices": "admnrt",
    "POST notices.choose": "admnrt",
    # one's own data, the register of requests, limits
    "GET rights.mine": "admnrt",
    "POST rights.ask": "admnrt",
    "GET rights.own_copy": "admnrt",
    "GET rights.heard": "admnrt",
    "GET rights.index": "d",
    "GET rights.new": "d",
    "POST rights.create": "d",
    "GET rights.show": "d",
    "POST rights.answer": "d",
    "POST rights.move_due": "d",
    "POST rights.find": "d",
    "POST rights.erase": "d",
    "GET rights.copy": "d",
    "GET rights.proof": "d",
    "GET rights.limits": "dm",
    "POST rights.set_limits": "d",
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
    "GET exemplars.sound": "amrt",
    "POST exemplars.put": "t",
    "GET exemplars.choose_call": "t",
    "POST exemplars.choose_call": "t",
    "GET exemplars.edit": "t",
    "POST exemplars.edit": "t",
    "POST exemplars.withdraw": "t",
    "POST exemplars.restore": "t",
    "POST exemplars.keep": "t",
    "POST exemplars.release": "t",
    "GET exemplars.suggestions": "t",
    "GET exemplars.mine": "a",
    "POST exemplars.ask_back": "a",
    "POST exemplars.let_stand": "a",
    "POST exemplars.name": "a",
    # playlists, practice, quizzes
    "GET playlists.index": "amrt",
    "GET playlists.show": "amrt",
    "GET playlists.new": "t",
    "POST playlists.new": "t",
    "GET playlists.edit": "t",
    "POST playlists.edit": "t",
    "POST playlists.delete": "t",
    "POST playlists.add": "t",
    "POST playlists.remove": "t",
    "POST playlists.note": "t",
    "POST playlists.order": "t",
    "GET practice.index": "amrt",
    "POST practice.begin": "amrt",
    "GET practice.write": "amrt",
    "POST practice.save": "amrt",
    "POST practice.submit": "amrt",
    "GET practice.compare": "amrt",
    "GET quizzes.index": "t",
    "GET quizzes.new": "t",
    "POST quizzes.new": "t",
    "GET quizzes.show": "t",
    "GET quizzes.edit": "t",
    "POST quizzes.edit": "t",
    "POST quizzes.criteria": "t",
    "POST quizzes.add": "t",
    "POST quizzes.remove": "t",
    "GET quizzes.results_file": "t",
    "GET quizzes.reference": "t",
    "POST quizzes.save_reference": "t",
    "POST quizzes.set_reference": "t",
    "GET quizzes.people": "t",
    "POST quizzes.people": "t",
    "GET quizzes.person": "t",
    "POST quizzes.open_quiz": "t",
    "POST quizzes.close_quiz": "t",
    "POST quizzes.delete": "t",
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
    "GET reviews.team": "r",
    "POST reviews.unskip": "r",
    "GET reviews.both": "mrt",
    "POST reviews.claim": "r",
    "POST reviews.release": "r",
    "GET reviews.skip": "r",
    "POST reviews.skip": "r",
    "GET reviews.write": "r",
    "POST reviews.save": "r",
    "POST reviews.submit": "r",
    "GET reviews.token": "admnrt",
    # the team's tasks, and calls heard live
    "GET tasks.index": "m",
    "POST tasks.give": "m",
    "POST tasks.share": "m",
    "POST tasks.hours": "m",
    "POST tasks.decide": "m",
    "GET tasks.ask": "mt",
    "POST tasks.ask": "mt",
    "GET live.index": "amrt",
    "POST live.begin": "mr",
    "GET live.write": "mr",
    "POST live.save": "mr",
    "POST live.submit": "mr",
    "POST live.discard": "mr",
    "GET live.show": "amrt",
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
    "GET scorecards.changes": "admnrt",
    "GET scorecards.items": "mt",
    "GET scorecards.items_file": "mt",
    "POST scorecards.comment": "amrt",
    "POST scorecards.settle": "m",
    "POST scorecards.withdraw": "amrt",
    "GET scorecards.new": "m",
    "POST scorecards.create": "m",
    "POST scorecards.create_from_file": "m",
    "POST scorecards.next_draft": "m",
    "POST scorecards.open_for_comment": "m",
    "POST scorecards.close_comments": "m",
    "POST scorecards.publish": "m",
    "POST scorecards.retire": "m",
    "POST scorecards.discard": "m",
    "POST scorecards.use": "m",
    # the scorecard studio
    "GET studio.edit": "m",
    "GET studio.card": "m",
    "POST studio.card": "m",
    "GET studio.section": "m",
    "POST studio.section": "m",
    "POST studio.add_section": "m",
    "GET studio.criterion": "m",
    "POST studio.criterion": "m",
    "POST studio.add_criterion": "m",
    "POST studio.move": "m",
    "POST studio.remove": "m",
    "POST studio.copy": "m",
    "POST studio.undo": "m",
    "POST studio.take_file": "m",
    "GET studio.preview": "m",
    "POST studio.preview": "m",
    "POST studio.score": "m",
    # call scripts, evaluation guides, skill profiles
    "GET guides.index": "amrt",
    "GET guides.show": "amrt",
    "GET guides.new": "m",
    "POST guides.create": "m",
    "GET guides.edit": "m",
    "POST guides.change": "m",
    "POST guides.next_draft": "m",
    "POST guides.set_state": "m",
    "POST guides.discard": "m",
    "POST guides.comment": "amrt",
    "GET skills.index": "mt",
    "GET skills.index_file": "mt",
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
