"""The habits of every page: transactions, origin, headers, language, errors, forms sent once."""

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.people import Site, User
from pipelines import flow
from pipelines.outcomes import DomainError
from pipelines.runtime import Runtime
from qa_app import db, i18n, security
from qa_app.access import public
from qa_app.errors import MESSAGES
from qa_app.formats import bp, duration, rate
from qa_app.i18n import negotiate
from qa_app.settings import Settings
from qa_app.words import JOBS, job_name
from tests.web.conftest import PASSWORD, Browser, World

Add = Callable[[Callable[[Session], Any]], Any]


@pytest.fixture
def app(fresh_app: Flask) -> Flask:
    """Give these tests an application that they may change."""
    return fresh_app


def _sites(runtime: Runtime) -> int:
    with runtime.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Site)) or 0


def _add_site() -> None:
    db.session().add(Site(code="new", name="New", timezone="UTC"))
    db.session().flush()


def _route(app: Flask, view: Callable[[], Any], methods: tuple[str, ...] = ("POST",)) -> None:
    security.csrf.exempt(view)
    app.add_url_rule("/try", "try", public(view), methods=methods)
    security.csrf.exempt(app.view_functions["try"])


# transactions


def test_what_a_view_did_is_there_when_the_answer_leaves(app: Flask, runtime: Runtime) -> None:
    seen = []

    def view() -> str:
        _add_site()
        return "done"

    _route(app, view)
    app.after_request_funcs.setdefault(None, []).append(
        lambda response: seen.append(_sites(runtime)) or response
    )
    assert app.test_client().post("/try").status_code == 200
    assert seen == [1]


@pytest.mark.parametrize("status", [400, 409, 500])
def test_a_refusing_answer_undoes_everything(app: Flask, runtime: Runtime, status: int) -> None:
    def view() -> tuple[str, int]:
        _add_site()
        return "no", status

    _route(app, view)
    assert app.test_client().post("/try").status_code == status
    assert _sites(runtime) == 0


def test_an_exception_undoes_everything_and_shows_no_trace(app: Flask, runtime: Runtime) -> None:
    def view() -> str:
        _add_site()
        message = "a secret inside"
        raise RuntimeError(message)

    _route(app, view)
    app.testing = False
    answer = app.test_client().post("/try")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "a secret inside" not in page
    assert "Traceback" not in page
    assert answer.headers["X-Request-ID"] in page
    assert _sites(runtime) == 0


def test_a_failed_commit_is_a_500(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def view() -> str:
        _add_site()
        return "done"

    def fail(_session: Session) -> None:
        raise OperationalError("commit", {}, Exception())

    _route(app, view)
    app.testing = False
    monkeypatch.setattr(Session, "commit", fail)
    assert app.test_client().post("/try").status_code == 500


def test_reading_requests_cannot_write(app: Flask, runtime: Runtime) -> None:
    def view() -> str:
        with pytest.raises(OperationalError, match="readonly"):
            _add_site()
        db.session().rollback()
        return "read"

    _route(app, view, ("GET",))
    assert app.test_client().get("/try").status_code == 200
    assert _sites(runtime) == 0


def test_what_is_noted_apart_survives_a_refusal(app: Flask, runtime: Runtime) -> None:
    def view() -> tuple[str, int]:
        _add_site()
        with db.apart() as own:
            own.add(Site(code="kept", name="Kept", timezone="UTC"))
        return "no", 400

    _route(app, view)
    app.test_client().post("/try")
    with runtime.engine.connect() as connection:
        assert connection.scalars(select(Site.code)).all() == ["kept"]


def test_a_streamed_answer_holds_no_session(app: Flask, runtime: Runtime) -> None:
    def view() -> Response:
        db.session().scalar(select(User.id))
        return Response(iter([b"a", b"b"]))

    _route(app, view, ("GET",))
    answer = app.test_client().get("/try", buffered=False)
    assert runtime.engine.pool.checkedout() == 0
    assert b"".join(answer.response) == b"ab"


# origin, headers, limits


def test_a_post_without_the_pages_token_is_refused(signed_in: Callable[[str], Browser]) -> None:
    browser = signed_in("admin")
    assert browser.client.post("/sites", data={"code": "x"}).status_code == 400


def test_headers_are_strict(browser: Browser) -> None:
    answer = browser.get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    nonce = re.search(r"script-src 'self' 'nonce-([\w-]+)'", policy).group(1)
    assert f'nonce="{nonce}"' in answer.get_data(as_text=True)
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert browser.get("/sign-in").headers["Content-Security-Policy"] != policy


def test_a_form_may_not_be_huge(signed_in: Callable[[str], Browser]) -> None:
    browser = signed_in("admin")
    browser.get("/sites")
    assert browser.post("/sites", {"code": "x" * 1_100_000}).status_code == 413


def test_a_route_without_permission_is_never_served(app: Flask) -> None:
    app.add_url_rule("/open", "open", lambda: "open")
    app.testing = False
    assert app.test_client().get("/open").status_code == 500


# language


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_Hans"),
        ("zh", "zh_Hans"),
        ("zh-Hans-CN", "zh_Hans"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0.2,en;q=0.7", "en"),
        ("fr-FR,zh-CN;q=0.5", "zh_Hans"),
        ("fr", "en"),
        ("*", "en"),
        ("zh;q=0,en", "en"),
        ("", "en"),
        ("x-;q=nonsense,,;", "en"),
    ],
)
def test_the_browsers_language_is_understood(header: str, locale: str) -> None:
    assert negotiate(header) == locale


def test_a_chosen_language_wins_and_is_the_persons(
    signed_in: Callable[[str], Browser], app: Flask, world: World
) -> None:
    browser = signed_in("agent")
    assert 'lang="en"' in browser.get("/").get_data(as_text=True)
    browser.post("/language", {"locale": "zh_Hans", "back": "/account"})
    page = browser.get("/account", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert '<html lang="zh-Hans"' in page
    elsewhere = Browser(app.test_client())
    elsewhere.sign_in("agent1", PASSWORD)
    assert '<html lang="zh-Hans"' in elsewhere.get("/").get_data(as_text=True)


def test_the_theme_can_be_chosen_before_signing_in(browser: Browser) -> None:
    browser.get("/sign-in")
    browser.post("/theme", {"theme": "dark", "back": "/sign-in"})
    assert 'data-bs-theme="dark"' in browser.get("/sign-in").get_data(as_text=True)


def test_every_language_is_a_real_locale() -> None:
    from babel import Locale

    for name, own in i18n.LOCALES.items():
        assert Locale.parse(name).display_name is not None
        assert own


# errors


def test_a_domain_error_is_a_sentence_with_its_status(app: Flask) -> None:
    def view() -> str:
        raise DomainError("code_taken", taken="x1")

    _route(app, view)
    answer = app.test_client().post("/try")
    assert answer.status_code == 409
    assert "The code x1 is taken." in answer.get_data(as_text=True)


def test_htmx_gets_a_part_of_a_page(app: Flask) -> None:
    def view() -> str:
        raise DomainError("code_taken", taken="<b>")

    _route(app, view)
    page = app.test_client().post("/try", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in page
    assert "&lt;b&gt;" in page


def test_a_session_that_ended_is_told_so_in_place(app: Flask) -> None:
    client: FlaskClient = app.test_client()
    assert client.get("/people", headers={"HX-Request": "true"}).status_code == 401


def test_errors_name_their_request(browser: Browser) -> None:
    answer = browser.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["X-Request-ID"] in answer.get_data(as_text=True)


def test_every_sentence_has_a_status_that_refuses() -> None:
    assert all(400 <= status < 600 for status, _sentence in MESSAGES.values())


# forms that create


def test_a_double_click_is_one_row(signed_in: Callable[[str], Browser], runtime: Runtime) -> None:
    browser = signed_in("admin")
    page = browser.get("/people/new").get_data(as_text=True)
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page).group(1)
    values = {"username": "liwei", "display_name": " Li Wei ", "once": once, "locale": ""}
    first = browser.post("/people/new", values)
    browser.last = browser.client.get("/people/new")
    second = browser.post("/people/new", values)
    assert first.location == second.location
    with runtime.engine.connect() as connection:
        names = connection.scalars(select(User.display_name).where(User.username == "liwei"))
        assert names.all() == ["Li Wei"]


def test_numbers_are_written_for_people(app: Flask) -> None:
    assert duration(65_499) == "1:05"
    assert duration(3_600_000) == "1:00:00"
    assert duration(None) == "–"
    with app.test_request_context():
        assert bp(8750) == "87.5 %"
        assert bp(None) == "–"
        assert rate(61_049_960, 100_000_000) == "61.0 %"
        assert rate(61_149_600, 100_000_000) == "61.1 %"
        assert rate(0, 0) == "–"
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        assert bp(8750) == "87.5%"


def test_every_job_has_a_name(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        assert job_name("transcribe") == "转写录音"
        assert job_name("of_another_version") == "of_another_version"
    assert JOBS.keys() == flow.JOBS.keys()


_EVERY_PAGE = """
import sys
from pathlib import Path
from qa_app import create_app
from qa_app.settings import Settings
from sqlalchemy import select
from models.people import User
folder, heavy = Path(sys.argv[1]), sys.argv[2].split()
url = f"sqlite:///{folder / 'hearback.db'}"
app = create_app(Settings(folder, url, "k" * 16, "c" * 16, log_level="error"))
with app.extensions["hearback.runtime"].engine.connect() as connection:
    users = connection.execute(select(User.uid, User.epoch)).all()
shown = 0
for uid, epoch in users:
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie.update(uid=str(uid), epoch=epoch)
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and not rule.arguments:
            answer = client.get(rule.rule)
            assert answer.status_code < 500, rule.rule
            shown += answer.status_code == 200
print(shown, [name for name in heavy if name in sys.modules])
"""


def test_pages_load_nothing_heavy(world: World, settings: Settings) -> None:
    heavy = "sklearn faster_whisper ctranslate2 av onnxruntime scipy.stats dbos torch"
    done = subprocess.run(
        [sys.executable, "-c", _EVERY_PAGE, str(settings.data_dir), heavy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown, found = done.stdout.strip().split(" ", 1)
    assert int(shown) > 20
    assert found == "[]"


def test_many_people_write_at_once(app: Flask, world: World) -> None:
    def work(number: int) -> set[int]:
        browser = Browser(app.test_client())
        browser.sign_in(f"{('agent', 'reviewer', 'trainer', 'manager')[number % 4]}1")
        browser.get("/account")
        return {
            browser.post("/theme", {"theme": theme, "back": "/account"}).status_code
            for theme in ("dark", "light", "auto") * 3
            if browser.get("/account").status_code == 200
        }

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(work, range(12)))
    assert answers == [{303}] * 12


def test_only_marked_files_are_kept_by_browsers(app: Flask) -> None:
    client = app.test_client()
    marked = client.get("/static/js/app.js?v=1", buffered=True)
    plain = client.get("/static/js/app.js", buffered=True)
    assert marked.cache_control.max_age == 31_536_000
    assert plain.cache_control.max_age is None
    seen = {"If-None-Match": plain.headers["ETag"]}
    assert client.get("/static/js/app.js", headers=seen, buffered=True).status_code == 304
