"""An admin brings files in, sees what became of them, corrects what did not land."""

import csv
import io
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Call, Recording
from models.operations import AuditEntry, ImportFile
from models.people import Agent, Site
from models.session import read_session
from pipelines import flow, jobs
from pipelines.runtime import Runtime
from tests.web.conftest import Browser, World

HEAD = "call_id,started_at,direction,project,agent,talk_s,customer\n"
GOOD = "c1,2026-11-16 09:05,out,renewal,{agent},40,+86 138 0000 1234\n"
BAD = "c2,2026-11-16 09:05,out,=renewal,{agent},-40,+86 138 0000 9999\n"


@pytest.fixture
def admin(signed_in: Callable[[str], Browser]) -> Browser:
    return signed_in("admin")


@pytest.fixture
def agent(runtime: Runtime, world: World) -> str:
    with read_session(runtime.engine) as session:
        return session.scalars(select(Agent.code)).first() or ""


def send(browser: Browser, content: bytes, kind: str = "calls", **values: object) -> object:
    page = browser.get("/imports/new")
    assert page.status_code == 200
    once = page.get_data(as_text=True).split('name="once"')[1].split('value="')[1].split('"')[0]
    site = page.get_data(as_text=True).split('<option value="')[1].split('"')[0]
    name = values.pop("name", f"{kind}.csv")
    data = {"kind": kind, "site": site, "source": "main", "once": once}
    data["files"] = (io.BytesIO(content), name)
    return browser.post("/imports/new", data | values, content_type="multipart/form-data")


def work(runtime: Runtime) -> None:
    jobs.work_through(runtime, {"import_file": flow.JOBS["import_file"]})


def test_a_file_is_uploaded_imported_corrected_and_sent_again(
    admin: Browser, agent: str, runtime: Runtime
) -> None:
    answer = send(admin, (HEAD + GOOD + BAD).format(agent=agent).encode("gb18030"))
    assert answer.status_code == 303
    waiting = admin.get(answer.location).get_data(as_text=True)
    assert 'hx-trigger="every 1s"' in waiting
    work(runtime)
    page = admin.get(answer.location).get_data(as_text=True)
    assert "hx-trigger" not in page
    assert "A duration cannot be negative (-40)." in page
    assert "9999" not in page
    download = admin.get(f"{answer.location}/rejects.csv")
    rows = list(csv.DictReader(io.StringIO(download.get_data(as_text=True).lstrip("\ufeff"))))
    assert [(row["row"], row["column"]) for row in rows] == [("3", "talk_s")]
    assert rows[0]["project"] == "'=renewal"
    corrected = download.get_data(as_text=True).replace("'-40", "40")
    again = send(admin, corrected.encode(), name="corrected.csv")
    work(runtime)
    assert "Every row landed" in admin.get(again.location).get_data(as_text=True)
    with read_session(runtime.engine) as session:
        projects = {call.source_key: call.project.code for call in session.scalars(select(Call))}
        assert projects == {"c1": "renewal", "c2": "=renewal"}
        assert {file.storage_key for file in session.scalars(select(ImportFile))} == {None}
        exported = AuditEntry.action == "import.rejects_exported"
        (entry,) = session.scalars(select(AuditEntry).where(exported))
        assert str(entry.subject_uid) in answer.location
        assert entry.details == {"rows": 1}
    assert list(runtime.storage.keys()) == []


def test_the_same_upload_twice_is_one_import(admin: Browser, agent: str, runtime: Runtime) -> None:
    content = (HEAD + GOOD).format(agent=agent).encode()
    first = send(admin, content)
    second = send(admin, content, name="other name.csv")
    assert first.location == second.location
    work(runtime)
    third = send(admin, content)
    work(runtime)
    assert third.location == first.location
    with read_session(runtime.engine) as session:
        assert session.scalar(select(func.count()).select_from(Call)) == 1
        (file,) = session.scalars(select(ImportFile))
        assert (file.rows_added, file.rows_unchanged) == (0, 1)


def test_what_is_no_table_is_said_on_the_page(admin: Browser, agent: str, runtime: Runtime) -> None:
    answer = send(admin, b"PK\x03\x04 no table", name="../../etc/<b>odd</b>.xlsx")
    work(runtime)
    page = admin.get(answer.location).get_data(as_text=True)
    assert "This is no table in UTF-8, UTF-16 or GB 18030." in page
    assert "b&gt;.xlsx" in page
    assert "etc" not in page
    assert "every 2s" not in admin.get("/imports").get_data(as_text=True)


def test_a_form_without_a_file_or_with_a_wrong_template_says_so(admin: Browser, agent: str) -> None:
    assert "Choose a file." in send(admin, b"", name="").get_data(as_text=True)
    wrong = send(admin, b"x", kind="recordings", name="c1.wav", name_template="{agent}")
    assert wrong.status_code == 422
    assert "must hold {id} once" in wrong.get_data(as_text=True)
    assert "The file is empty" in send(admin, b"").get_data(as_text=True)


def test_an_admin_imports_for_own_sites_only(
    admin: Browser, agent: str, add: Callable[[Callable[[Session], object]], object]
) -> None:
    def other(session: Session) -> str:
        site = Site(code="elsewhere", name="Elsewhere", timezone="Europe/London")
        session.add(site)
        session.flush()
        return str(site.uid)

    uid = add(other)
    assert "Elsewhere" not in admin.get("/imports/new").get_data(as_text=True)
    assert send(admin, b"x,y\n1,2\n", site=uid).status_code == 422


def test_an_uploaded_recording_keeps_its_own_file(
    admin: Browser, agent: str, runtime: Runtime
) -> None:
    import numpy as np
    import soundfile

    send(admin, (HEAD + GOOD).format(agent=agent).encode())
    work(runtime)
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros((800, 2), dtype="int16"), 8000, format="WAV", subtype="ULAW")
    answer = send(admin, sound.getvalue(), kind="recordings", name="c1.wav")
    work(runtime)
    assert "Every row landed" in admin.get(answer.location).get_data(as_text=True)
    with read_session(runtime.engine) as session:
        (recording,) = session.scalars(select(Recording))
        keys = [file.storage_key for file in recording.files]
    assert list(runtime.storage.keys()) == keys


def test_two_calls_that_sound_alike_keep_a_recording_each(
    admin: Browser, agent: str, runtime: Runtime
) -> None:
    import numpy as np
    import soundfile

    send(admin, (HEAD + GOOD + GOOD.replace("c1", "c2")).format(agent=agent).encode())
    work(runtime)
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros((800, 2), dtype="int16"), 8000, format="WAV", subtype="ULAW")
    pages = [
        send(admin, sound.getvalue(), kind="recordings", name=f"{call}.wav").location
        for call in ("c1", "c2", "c1")
    ]
    assert pages[0] == pages[2] != pages[1]
    work(runtime)
    with read_session(runtime.engine) as session:
        assert session.scalar(select(func.count()).select_from(Recording)) == 2


def test_numbers_that_no_computer_reads_are_rejected_like_others(
    admin: Browser, agent: str, runtime: Runtime
) -> None:
    head = HEAD.replace("customer", "customer_value,currency,leg")
    rows = [
        f"c1,2026-11-16 09:05,out,renewal,{agent},40,{'9' * 5_000},GBP,1\n",
        f"c2,2026-11-16 09:05,out,renewal,{agent},40,9e999999,GBP,1\n",
        f"c3,2026-11-16 09:05,out,renewal,{agent},40,1,GBP,{'9' * 5_000}\n",
        f"c4,2026-11-16 09:05,out,renewal,{agent},999999.0,1,GBP,1\n",
        f"c5,2026-11-16 09:05,out,renewal,{agent},40,1,GBP,1\n",
    ]
    answer = send(admin, (head + "".join(rows)).encode())
    work(runtime)
    assert "999999.0 is more than 24 hours." in admin.get(answer.location).get_data(as_text=True)
    download = admin.get(f"{answer.location}/rejects.csv").get_data(as_text=True)
    found = list(csv.DictReader(io.StringIO(download.lstrip("\ufeff"))))
    assert [(row["call_id"], row["column"]) for row in found] == [
        ("c1", "customer_value"),
        ("c2", "customer_value"),
        ("c3", "leg"),
        ("c4", "talk_s"),
    ]
    with read_session(runtime.engine) as session:
        assert [call.source_key for call in session.scalars(select(Call))] == ["c5"]
