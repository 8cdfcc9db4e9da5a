"""Requests with due days, erasure with its proof, who saw a call, limits, holds: by the pages."""

import csv
import io
import json
import re
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Call, Customer, Leg
from models.operations import AuditEntry, Job, Listening
from models.people import Agent, UserRole
from models.reviews import Objection, Review, Task
from models.rights import CallAccess, ErasureProof, RightsRequest
from models.session import write_session
from models.vocab import Party, Role
from models.vocab_rights import AccessWay, RequestKind, RequestOf
from pipelines import forgetting
from pipelines.conversation import service as conversation
from pipelines.retention.rules import proof_digest
from pipelines.runtime import Runtime
from pipelines.search import service as search
from tests import factories
from tests.conftest import NOW
from tests.web.conftest import Browser, FixedClock, World

Add = Callable[[Callable[[Session], Any]], Any]
SignedIn = Callable[[str], Browser]
NUMBER = "+86 138-0013-8042"
ERASURE = {"kind": "erasure", "whose": "customer", "received_on": "2026-11-20"}


def text(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def sent(browser: Browser, page: str, path: str, status: int = 303, **data: Any) -> str:
    """Post a form that stands on ``page``; give where it leads, or what it says."""
    shown = text(browser, page)
    assert f'action="{path}"' in shown
    once = re.search(r'name="once"[^>]*value="([^"]+)"', shown)
    answer = browser.post(path, {**({"once": once[1]} if once else {}), **data})
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.location if status == 303 else answer.get_data(as_text=True)


@pytest.fixture
def calls(add: Add, world: World) -> Any:
    """Two reviewed calls of the agent and one of a colleague, with transcripts in the search."""

    def make(session: Session) -> Any:
        team = session.merge(world.team)
        project = factories.make_project(session, session.merge(world.site), "renewal")
        agent = session.scalars(select(Agent)).one()
        other = factories.make_agent(session, team, "sh102")
        version = factories.make_version(session)
        customer = Customer(number=NUMBER, number_key="a keyed hash")
        session.add(customer)
        session.flush()
        made = []
        for who in (agent, agent, other):
            call = factories.make_call(session, who, team, project, customer_id=customer.id)
            recording = factories.make_recording(session, call)
            said = [(Party.AGENT, 0, "good morning here")]
            transcript = factories.make_transcript(session, recording, said)
            search.index(session, transcript.id, now=NOW)
            transcript.voice = [["agent", [[0, 1_400]]], ["customer", []]]
            session.flush()
            conversation.measure(session, transcript.id)
            factories.make_review(
                session, call.legs[0], version, reviewer_id=world.people["reviewer"].id
            )
            made.append(call)
        return [call.uid for call in made]

    return add(make)


def test_a_request_from_the_account_to_the_answer(
    signed_in: SignedIn, add: Add, clock: FixedClock
) -> None:
    agent, admin = signed_in("agent"), signed_in("admin")
    assert 'href="/my-data"' in text(agent, "/account")
    refused = sent(
        agent, "/my-data", "/my-data", 400, kind="correction", words="call me: 138 0013 8042"
    )
    assert "Leave telephone numbers" in refused
    asked = {"kind": "correction", "words": "My team is wrong."}
    assert sent(agent, "/my-data", "/my-data", **asked) == "/my-data"
    assert "23 Dec 2026" in text(agent, "/my-data")
    assert "Notices, 1 unread" in text(admin, "/requests")
    (uid,) = re.findall(r'href="/requests/([0-9a-f-]{36})"', text(admin, "/requests"))
    path = f"/requests/{uid}"
    assert "My team is wrong." in text(admin, path)
    clock.move(days=31)
    assert "1 request is past its due day." in text(admin, "/requests")
    sent(admin, path, f"{path}/due", due_on="2027-01-10")
    assert "past its due day" not in text(admin, "/requests")
    empty = sent(admin, path, f"{path}/answer", 422, decision="granted", answer="")
    assert "Say what was done" in empty
    sent(admin, path, f"{path}/answer", decision="granted", answer="The team is right now.")
    assert "The team is right now." in text(agent, "/my-data")
    assert "Notices, 1 unread" in text(agent, "/")
    assert admin.post(f"{path}/answer", {"decision": "granted", "answer": "x"}).status_code == 409
    log = add(lambda s: s.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all())
    assert [each for each in log if each.startswith("request.")] == [
        "request.filed",
        "request.due_moved",
        "request.closed",
    ]


def test_nobody_answers_a_request_about_themselves(
    signed_in: SignedIn, add: Add, world: World
) -> None:
    agent = signed_in("agent")
    sent(agent, "/my-data", "/my-data", kind="access")

    def promote(session: Session) -> Any:
        session.add(
            UserRole(user_id=world.people["agent"].id, role=Role.ADMIN, site_id=world.site.id)
        )
        return session.scalars(select(RightsRequest.uid)).one()

    path = f"/requests/{add(promote)}"
    assert "somebody else answers it" in text(agent, path)
    answer = agent.post(f"{path}/answer", {"decision": "granted", "answer": "mine"})
    assert answer.status_code == 409


def test_an_erasure_is_typed_twice_and_leaves_a_proof(
    signed_in: SignedIn, add: Add, calls: Any, runtime: Runtime, world: World
) -> None:
    admin = signed_in("admin")
    site = add(lambda s: s.merge(world.site).uid)
    values = {**ERASURE, "site": str(site)}
    missing = sent(admin, "/requests/new", "/requests", 400, **values)
    assert "Give the number of your file" in missing
    path = sent(admin, "/requests/new", "/requests", **values, reference="Letter 17")
    assert "Erase this customer for good" not in text(admin, path)
    unknown = sent(admin, path, f"{path}/customer", 404, number="+86 138-0013-1111")
    assert "no customer with this number" in unknown
    sent(admin, path, f"{path}/customer", number="13800138042")
    page = text(admin, path)
    assert "Found: 3 calls, 3 recordings on file." in page
    with zipfile.ZipFile(io.BytesIO(admin.get(f"{path}/copy.zip").data)) as archive:
        assert len(list(csv.reader(io.StringIO(archive.read("calls.csv").decode())))) == 4
    # A hold stops it, and can be set and released by the pages.
    key = add(lambda s: s.scalars(select(Call.source_key).where(Call.uid == calls[0])).one())
    unheld = sent(admin, "/retention/holds", "/retention/holds", 404, call="none", reason="x")
    assert "no single recording" in unheld
    sent(admin, "/retention/holds", "/retention/holds", call=key, reason="Case 9")
    assert "1 recording is on legal hold" in text(admin, path)
    admin.get(path)
    assert admin.post(f"{path}/erase", {"again": NUMBER}).status_code == 409
    (release,) = re.findall(r'action="(/retention/holds/[^"]+)"', text(admin, "/retention/holds"))
    sent(admin, "/retention/holds", release)
    wrong = sent(admin, path, f"{path}/erase", 404, again="+86 138-0013-1111")
    assert "no customer" in wrong
    proof = sent(admin, path, f"{path}/erase", again=NUMBER)
    page = text(admin, proof)
    for part in ("Letter 17", "unchanged", "waits for the worker", "anonymous scores"):
        assert part in page
    assert re.search(r"recordings</th><td[^>]*>3</td>", page)
    (kept,) = add(lambda s: s.scalars(select(ErasureProof)).all())
    logged = add(
        lambda s: s.scalars(
            select(AuditEntry.details).where(AuditEntry.action == "customer.erased")
        ).one()
    )
    assert logged["digest"] == kept.digest
    assert "13800138042" not in re.sub(r"\D", "", text(admin, path))
    assert "Proof of erasure" in text(admin, path)
    assert add(lambda s: s.scalars(select(Job.name)).all()).count("scrub") == 1
    forgetting.scrub(runtime, lambda _done, _total: None)
    assert "waits for the worker" not in text(admin, proof)
    # Whoever changes a proof is found out.
    with write_session(runtime.engine) as session:
        changed = session.scalars(select(ErasureProof)).one()
        changed.deleted = {"recordings": 30}
    assert "changed since it was written" in text(admin, proof)
    with write_session(runtime.engine) as session:
        changed = session.scalars(select(ErasureProof)).one()
        content = (changed.subject_uid, changed.deleted, changed.files, changed.remains, changed.at)
        changed.digest = proof_digest(*content)
    assert "changed since it was written" in text(admin, proof)
    for role in ("manager", "agent"):
        assert signed_in(role).get(proof).status_code == 403


def test_whoever_still_judges_a_call_makes_no_copy_that_holds_it(
    signed_in: SignedIn, add: Add, calls: Any, world: World
) -> None:
    def make(session: Session) -> list[Any]:
        site = session.merge(world.site)
        admin = world.people["admin"].id
        session.add(UserRole(user_id=admin, role=Role.REVIEWER, site_id=site.id))
        agents = {one.code: one for one in session.scalars(select(Agent))}
        values = {"site_id": site.id, "kind": RequestKind.COPY, "filed_at": NOW}
        days = {"received_on": NOW.date(), "due_on": NOW.date()}
        customer = session.scalars(select(Customer)).one()
        made = [
            RightsRequest(**values, **days, whose=RequestOf.AGENT, agent_id=agents["sh102"].id),
            RightsRequest(**values, **days, whose=RequestOf.AGENT, agent_id=agents["sh101"].id),
            RightsRequest(**values, **days, whose=RequestOf.CUSTOMER, customer_id=customer.id),
        ]
        session.add_all(made)
        # A task on one of the calls of the agent and of the customer: anybody may take it.
        call = session.scalars(select(Call).where(Call.uid == calls[0])).one()
        factories.make_tasks(session, agents["sh101"], session.merge(world.team))
        task = session.scalars(select(Task)).one()
        task.leg_id = call.legs[0].id
        session.flush()
        return [each.uid for each in made]

    admin = signed_in("admin")
    answers = [admin.get(f"/requests/{uid}/copy.zip") for uid in add(make)]
    assert [answer.status_code for answer in answers] == [200, 409, 409]
    assert "somebody else makes it" in answers[1].get_data(as_text=True)
    with zipfile.ZipFile(io.BytesIO(answers[0].data)) as archive:
        assert archive.read("reviews.csv").decode().count("\n") == 2


def test_a_customer_of_another_site_too_is_not_erased_by_one_of_the_admins(
    signed_in: SignedIn, add: Add, calls: Any, world: World
) -> None:
    def elsewhere(session: Session) -> Any:
        team = factories.make_team(session, factories.make_site(session))
        agent = factories.make_agent(session, team)
        customer = session.scalars(select(Customer)).one()
        project = factories.make_project(session, team.site)
        factories.make_call(session, agent, team, project, customer_id=customer.id)
        return session.merge(world.site).uid

    site, admin = add(elsewhere), signed_in("admin")
    values = {**ERASURE, "site": str(site)}
    path = sent(admin, "/requests/new", "/requests", **values, reference="Letter 18")
    refused = sent(admin, path, f"{path}/customer", 403, number=NUMBER)
    assert "an admin of all of them must act" in refused


def test_an_agent_sees_who_heard_read_and_exported_each_own_call(
    signed_in: SignedIn, add: Add, calls: Any, clock: FixedClock
) -> None:
    manager, agent = signed_in("manager"), signed_in("agent")
    assert "good" in text(manager, "/search?q=morning")
    text(manager, "/search?q=morning")
    manager.get("/calls/measures.csv?start=2026-11-01")
    sent(manager, f"/calls/{calls[0]}", f"/calls/{calls[0]}/open", purpose="A planted purpose")
    text(agent, "/search?q=morning")
    rows = add(lambda s: s.scalars(select(CallAccess).order_by(CallAccess.id)).all())
    # Three calls found by the manager, once within the hour, and two by the agent.
    ways = [row.way for row in rows]
    assert ways == [AccessWay.SEARCH] * 3 + [AccessWay.EXPORT] * 3 + [AccessWay.SEARCH] * 2
    clock.move(hours=1)
    text(manager, "/search?q=morning")
    page = text(agent, "/my-data/heard")
    assert page.count("Words shown by a search") == 4
    assert page.count("In an exported file") == 2
    assert "A planted purpose" in page
    assert "Manager1" in page
    assert "Agent1" not in page.split("<tbody>")[1]
    assert str(calls[2]) not in page
    own = text(agent, f"/calls/{calls[0]}")
    assert "A planted purpose" in own
    assert "Words shown by a search" in own


def test_files_of_figures_and_calls_are_in_the_log(
    signed_in: SignedIn, add: Add, world: World, calls: Any
) -> None:
    manager, agent = signed_in("manager"), signed_in("agent")
    for path in ("/dashboard/weeks.csv", "/dashboard/teams.csv?period=2026-W47"):
        assert manager.get(path).status_code == 200
    assert agent.get("/dashboard/mine.csv").status_code == 200
    found = add(
        lambda s: s.execute(
            select(AuditEntry.actor_uid, AuditEntry.details)
            .where(AuditEntry.action == "figures.exported")
            .order_by(AuditEntry.id)
        ).all()
    )
    files = [details["file"] for _, details in found]
    assert files == ["weeks.csv", "teams.csv", "my-results.csv"]
    assert found[1][1]["period"] == "2026-W47"
    assert found[2][0] == world.people["agent"].uid


def test_a_copy_of_ones_own_data_holds_no_verdict_before_the_own_view(
    signed_in: SignedIn, add: Add, world: World, calls: Any
) -> None:
    def judged(session: Session) -> Any:
        agent = session.scalars(select(Agent).where(Agent.code == "sh101")).one()
        (task,) = factories.make_tasks(session, agent, session.merge(world.team))
        review = factories.make_review(session, task.leg, task.version, earned=1_234)
        review.summary = "planted words"
        return task.leg.call.uid

    blind, agent = add(judged), signed_in("agent")

    def tables() -> dict[str, str]:
        answer = agent.get("/my-data/copy.zip")
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}

    found = tables()
    assert json.loads(found["about.json"])["rows"]["reviews"] == 2
    assert found["calls.csv"].count("\n") == 4
    assert str(blind) in found["calls.csv"]
    assert str(blind) not in found["reviews.csv"]
    assert "planted words" not in "".join(found.values())
    assert "1234" not in "".join(found.values())
    assert str(calls[2]) not in "".join(found.values())

    def submit(session: Session) -> None:
        from models.reviews import SelfAssessment

        own = session.scalars(select(SelfAssessment)).one()
        own.state, own.submitted_at = "submitted", NOW

    add(submit)
    assert "planted words" in tables()["reviews.csv"]
    (entry, _again) = add(
        lambda s: s.scalars(select(AuditEntry).where(AuditEntry.action == "data.copied")).all()
    )
    assert entry.details["rows"] > 4


def test_a_site_decides_how_far_figures_about_persons_go(
    signed_in: SignedIn, add: Add, calls: Any, world: World
) -> None:
    admin, manager, agent = signed_in("admin"), signed_in("manager"), signed_in("agent")
    reviewer, trainer = signed_in("reviewer"), signed_in("trainer")
    own, others = (
        add(
            lambda s, call=call: s.scalars(
                select(Review.uid).join(Leg).join(Call).where(Call.uid == call)
            ).one()
        )
        for call in (calls[0], calls[2])
    )
    (form,) = re.findall(r'action="(/limits/[^"]+)"', text(admin, "/limits"))
    prefix = re.search(r'name="(s\d+-)person_figures"', admin.last.get_data(as_text=True))[1]

    def decide(level: str) -> None:
        values = {f"{prefix}person_figures": level, f"{prefix}request_days": "14"}
        sent(admin, "/limits", form, **values)

    def seen(browser: Browser) -> tuple[int, int]:
        listed = len(re.findall(r'href="/feedback/[0-9a-f-]{36}"', text(browser, "/feedback/")))
        return listed, browser.get(f"/feedback/{others}").status_code

    def files(browser: Browser) -> int:
        answer = browser.get("/calls/measures.csv?start=2026-11-01")
        return answer.get_data(as_text=True).count("\n") - 1

    assert files(manager) == 3
    assert seen(manager) == (3, 200)
    assert seen(trainer) == (3, 200)
    for level in ("team_lead", "off"):
        decide(level)
        assert seen(manager) == (0, 404)
        assert seen(trainer) == (0, 404)
        assert files(manager) == 0
        # Whoever wrote a review, and whoever it is about, still reads it.
        assert seen(reviewer) == (3, 200)
        assert agent.get(f"/feedback/{own}").status_code == 200

    def object_and_lead(session: Session) -> None:
        review = session.scalars(select(Review).where(Review.uid == own)).one()
        session.add(
            Objection(
                review_id=review.id,
                site_id=review.site_id,
                team_id=review.team_id,
                agent_id=review.leg.agent_id,
                words="planted words",
                raised_at=NOW,
            )
        )
        trainer_id = world.people["trainer"].id
        session.add(
            UserRole(
                user_id=trainer_id, role=Role.MANAGER, site_id=world.site.id, team_id=world.team.id
            )
        )

    add(object_and_lead)
    # To decide an objection the one verdict opens, and no other.
    assert "planted words" in text(manager, f"/feedback/{own}")
    assert manager.get(f"/feedback/{others}").status_code == 404
    assert seen(trainer) == (1, 404)
    decide("team_lead")
    assert seen(trainer) == (4, 200)
    assert seen(manager) == (1, 404)
    sheet = text(manager, "/settings-sheet")
    assert "Own team lead" in sheet
    assert "answered within 14 days" in sheet
    assert "Mail is off" in sheet
    wrong = {f"{prefix}person_figures": "off", f"{prefix}request_days": "0"}
    assert "From 1 to 365 days." in sent(admin, "/limits", form, 422, **wrong)


def test_every_door_to_a_recording_outside_a_task_has_a_purpose(
    signed_in: SignedIn, add: Add, calls: Any
) -> None:
    """A call that was found shows neither words nor sound before a purpose is given."""
    manager = signed_in("manager")
    found = text(manager, "/search?q=morning")
    (way,) = {
        each.split("?")[0].split("#")[0]
        for each in re.findall(r'href="(/calls/[0-9a-f-]{36}[^"]*)"', found)
        if str(calls[0]) in each
    }
    page = text(manager, way)
    assert "good morning" not in page
    assert "<audio" not in page
    assert manager.post(f"{way}/open", {"purpose": " "}).status_code == 422
    opened = sent(manager, way, f"{way}/open", purpose="Coaching")
    assert "morning" in text(manager, opened)
    assert add(lambda s: s.scalars(select(Listening.purpose)).all()) == ["Coaching"]
    other = manager.get(opened.replace(str(calls[0]), str(calls[1]))).get_data(as_text=True)
    assert "good morning" not in other
    unknown = uuid.uuid4()
    assert manager.get(f"/recordings/{unknown}/audio?token=x").status_code in (403, 404, 410)


def test_an_admin_of_another_site_reaches_nothing_by_any_id(
    signed_in: SignedIn, add: Add, calls: Any, world: World
) -> None:
    def make(session: Session) -> Any:
        elsewhere = factories.make_site(session, timezone="UTC")
        stranger = session.merge(world.people["nobody"])
        session.add(UserRole(user_id=stranger.id, role=Role.ADMIN, site_id=elsewhere.id))
        site = session.merge(world.site)
        request = RightsRequest(
            site_id=site.id,
            kind=RequestKind.ERASURE,
            whose=RequestOf.CUSTOMER,
            reference="planted reference",
            received_on=NOW.date(),
            due_on=NOW.date(),
            filed_at=NOW,
        )
        proof = ErasureProof(
            site_id=site.id,
            subject_uid=uuid.uuid4(),
            deleted={},
            files=[],
            remains={},
            at=NOW,
            digest="x",
        )
        call = session.scalars(select(Call).where(Call.uid == calls[0])).one()
        call.recording.legal_hold = "planted case"
        session.add_all([request, proof])
        session.flush()
        return request.uid, proof.uid, site.uid, call.recording.uid, call.source_key

    request, proof, site, recording, key = add(make)
    ours, theirs = signed_in("admin"), signed_in("nobody")
    for path in (f"/requests/{request}", f"/requests/proofs/{proof}"):
        assert ours.get(path).status_code == 200
        assert theirs.get(path).status_code == 404
    for page in ("/requests", "/retention/holds", "/limits", "/settings-sheet"):
        assert "planted" not in text(theirs, page)
        assert "Shanghai" not in text(theirs, page)
    assert "planted reference" in text(ours, "/requests")
    assert "planted case" in text(ours, "/retention/holds")
    for path, data in (
        (f"/requests/{request}/answer", {"decision": "granted", "answer": "x"}),
        (f"/requests/{request}/customer", {"number": NUMBER}),
        (f"/requests/{request}/erase", {"again": NUMBER}),
        (f"/requests/{request}/due", {"due_on": "2027-01-01"}),
        (f"/limits/{site}", {}),
        (f"/retention/holds/{recording}/release", {}),
        ("/retention/holds", {"call": key, "reason": "x"}),
        ("/requests", {**ERASURE, "site": str(site), "reference": "x"}),
    ):
        theirs.get("/account")
        assert theirs.post(path, data).status_code == 404, path
    assert theirs.get(f"/requests/{request}/copy.zip").status_code == 404
