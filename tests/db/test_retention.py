"""What must go, goes, everywhere; what must stay, stays."""

import io
import json
import os
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, update
from sqlalchemy.orm import Session

from models.calls import Customer, MediaFile, Recording, Survey
from models.coaching import CoachingSession
from models.operations import AuditEntry, ImportFile, ImportReject, Listening
from models.registry import metadata
from models.reviewing import LiveReview, ReviewRequest
from models.reviews import Answer, Exemplar, Review, ReviewRevision, SelfAssessment, Task
from models.rights import ErasureProof
from models.samples import DrawnCall
from models.session import read_session, write_session
from models.transcripts import HeardStretch, Transcript, Turn
from models.vocab import (
    AssessmentState,
    ImportKind,
    MediaKind,
    Origin,
    Party,
    RecordingState,
    RetentionSubject,
    ReviewState,
    SkipKind,
    TaskState,
    TranscriptState,
)
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.retention import erasure, proof, recordings, service
from pipelines.scoring.service import import_scorecard
from pipelines.search import service as search
from pipelines.storage import LocalStorage
from tests import factories as make
from tests.db.said_kit import TABLES, say_everywhere
from tests.factories import NOW, SCORECARD

NUMBER = "+86 138-0013-8042"
PLANTED = (b"13800138042", b"138-0013-8042", "138-0013-8042".encode("utf-16-le"))
OLD = NOW - timedelta(days=60)


class World:
    """A customer's old call with everything that hangs on it, and a call that must stay."""

    def __init__(self, session: Session, storage: LocalStorage) -> None:
        self.session, self.storage = session, storage
        self.site = make.make_site(session)
        team = make.make_team(session, self.site)
        agent = make.make_agent(session, team)
        self.version = import_scorecard(session, SCORECARD, now=NOW)
        self.project = make.make_project(session, self.site)
        self.customer = Customer(number=NUMBER, number_key="keyed-hash")
        other = Customer(number="+86 138-0013-9999", number_key="another")
        session.add_all([self.customer, other])
        session.flush()
        self.call = make.make_call(
            session, agent, team, self.project, started_at=OLD, customer_id=self.customer.id
        )
        self.kept = make.make_call(session, agent, team, self.project, customer_id=other.id)
        make.make_draw(session, self.project, [self.call, self.kept])
        self.recording, self.kept_recording = (
            self.recorded(call, words) for call, words in ((self.call, b"old"), (self.kept, b"new"))
        )
        for call in (self.call, self.kept):
            self.judged(call)

    def stored(self, content: bytes, recording: Recording, kind: MediaKind) -> str:
        file = self.storage.put(io.BytesIO(content), suffix=".bin")
        self.session.add(
            MediaFile(
                recording_id=recording.id,
                kind=kind,
                storage_key=file.key,
                mimetype="audio/wav",
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                created_at=NOW,
            )
        )
        self.session.flush()
        return file.key

    def recorded(self, call: Any, content: bytes) -> Recording:
        recording = make.make_recording(self.session, call)
        for kind in (
            MediaKind.ORIGINAL,
            MediaKind.PEAKS,
            MediaKind.PLAYBACK,
            MediaKind.MASKED,
        ):
            self.stored(content + kind.value.encode(), recording, kind)
        transcript = Transcript(
            recording_id=recording.id,
            site_id=call.site_id,
            state=TranscriptState.DONE,
            model="base",
            options={},
            versions={},
            attempt=1,
            made_at=NOW,
        )
        transcript.turns = [
            Turn(
                position=1,
                party=Party.CUSTOMER,
                start_ms=0,
                end_ms=900,
                text="call me on 138-0013-8042" if call is self.call else "good day",
                masks=[[3, 3, "phone", 600, 900]] if call is self.call else [],
                confidence=0.9,
                words=[],
                # As if a number had been overlooked: the index must not keep it either.
                masked_text="13800138042 it is" if call is self.call else "good day",
            )
        ]
        self.session.add(transcript)
        self.session.add(
            HeardStretch(
                recording_id=recording.id,
                position=0,
                key="k",
                samples=[2, 1],
                heard={"channels": [[["138-0013-8042" if call is self.call else "good", 0, 1, 1]]]},
                made_at=NOW,
            )
        )
        self.session.add(
            Listening(
                token_id=f"t{recording.id}",
                recording_id=recording.id,
                purpose="asked about 13800138042" if call is self.call else "task",
                opened_at=NOW,
            )
        )
        self.session.flush()
        search.index(self.session, transcript.id, now=NOW)
        return recording

    def judged(self, call: Any) -> None:
        said = "the customer gave 13800138042" if call is self.call else "kept words"
        leg = call.legs[0]
        drawn = self.session.scalars(select(DrawnCall).where(DrawnCall.call_id == call.id)).one()
        drawn.skip_reason = said
        review = make.make_review(
            self.session,
            leg,
            self.version,
            summary=said,
            notes=[{"at_ms": 900, "text": said, "shared": False}],
            draft={"greeting": {"comment": said}},
            drawn_call_id=drawn.id,
            reviewer_id=make.make_user(self.session).id,
        )
        criterion = self.version.sections[0].criteria[0]
        note = self.version.sections[0].criteria[-1]
        exemplar = Exemplar(
            leg_id=leg.id,
            review_id=review.id,
            criterion_id=criterion.id,
            site_id=call.site_id,
            why=said,
            chosen_at=NOW,
        )
        self.session.add_all(
            [
                Answer(
                    revision_id=review.current_revision_id,
                    criterion_id=criterion.id,
                    value={"answer": "yes"},
                    earned=500,
                    attainable=500,
                    comment=said,
                    evidence=[{"start_ms": 0, "end_ms": 900, "words": said}],
                ),
                Answer(
                    revision_id=review.current_revision_id,
                    criterion_id=note.id,
                    value={"answer": said},
                    earned=0,
                    attainable=0,
                    evidence=[],
                ),
                exemplar,
                ReviewRequest(
                    task=Task(
                        origin=Origin.SECOND,
                        site_id=call.site_id,
                        leg_id=leg.id,
                        version_id=self.version.id,
                        skip_reason=said,
                        due_at=NOW,
                        created_at=NOW,
                    ),
                    reason=said,
                    asked_at=NOW,
                ),
                SelfAssessment(
                    site_id=call.site_id,
                    leg_id=leg.id,
                    agent_id=leg.agent_id,
                    version_id=self.version.id,
                    draft={"note": {"answer": said}},
                ),
                Survey(
                    source="sms",
                    source_key=f"s{call.id}",
                    content_hash="x",
                    call_id=call.id,
                    site_id=call.site_id,
                    sent_at=NOW,
                    answered_at=NOW,
                    reply=said,
                ),
            ]
        )
        self.session.flush()
        say_everywhere(self.session, review, exemplar, said)

    def imported(self, content: bytes) -> ImportFile:
        """Add an import file whose rejected row holds the number."""
        file = self.storage.put(io.BytesIO(content), suffix=".csv")
        row = ImportFile(
            kind=ImportKind.CALLS,
            source="switch",
            sha256=file.sha256,
            name="calls 13800138042.csv" if b"\x00" not in content else "calls.csv",
            storage_key=file.key,
            size_bytes=file.size_bytes,
            created_at=NOW,
        )
        row.rejects = [
            ImportReject(
                row_number=1, code="bad_time", params={}, content={"number": "138 0013 8042"}
            )
        ]
        self.session.add(row)
        self.session.flush()
        return row


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "files")


@pytest.fixture
def world(own_engine: Engine, storage: LocalStorage) -> World:
    with write_session(own_engine) as session:
        world = World(session, storage)
        service.set_rule(
            session, world.site, None, RetentionSubject.RECORDING, 30, now=NOW, actor=None
        )
    return world


def set_rule(engine: Engine, world: World, subject: RetentionSubject, days: int | None) -> None:
    with write_session(engine) as session:
        service.set_rule(session, world.site, None, subject, days, now=NOW, actor=None)


def count(engine: Engine, model: Any, *where: Any) -> int:
    with read_session(engine) as session:
        return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def test_a_recording_past_its_days_goes_with_all_made_from_it(
    own_engine: Engine, world: World, storage: LocalStorage
) -> None:
    result = service.run_retention(own_engine, storage, NOW)
    assert (result.recordings, result.transcripts, result.files_removed) == (1, 0, 0)
    with read_session(own_engine) as session:
        old = session.get_one(Recording, world.recording.id)
        assert (old.state, old.ended_at, old.duration_ms) == (RecordingState.EXPIRED, NOW, 40_000)
        assert (
            session.scalars(select(MediaFile.recording_id)).all() == [world.kept_recording.id] * 4
        )
        assert session.scalars(select(Transcript.recording_id)).all() == [world.kept_recording.id]
        assert session.scalars(select(Turn.text)).all() == ["good day"]
        unfinished = session.scalars(select(HeardStretch.recording_id)).all()
        assert unfinished == [world.kept_recording.id]
        assert session.scalars(select(Exemplar.why)).all() == ["kept words"]
        assert session.scalar(select(func.count()).select_from(ReviewRevision)) == 2
        assert session.scalar(select(func.count()).select_from(DrawnCall)) == 2
        task = session.scalars(select(Task).where(Task.leg_id == world.call.legs[0].id)).one()
        assert (task.state, task.skip_kind) == (TaskState.SKIPPED, SkipKind.NOT_REVIEWED)
        own = session.scalars(select(SelfAssessment).order_by(SelfAssessment.leg_id)).all()
        assert [row.state for row in own] == [AssessmentState.LAPSED, AssessmentState.ASKED]
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "recording.expired")
        ).one()
        assert (entry.subject_uid, entry.details) == (
            world.recording.uid,
            {"cause": "retention", "files": 4},
        )
    assert len(list(storage.keys())) == 4
    again = service.run_retention(own_engine, storage, NOW)
    assert (again.recordings, again.files_removed, again.rows_removed) == (0, 0, 0)
    assert count(own_engine, HeardStretch, HeardStretch.position == 0) == 1
    # What a worker left of a call a week ago, nobody will go on with.
    with write_session(own_engine) as session:
        session.execute(update(HeardStretch).values(made_at=NOW - timedelta(days=8)))
    service.run_retention(own_engine, storage, NOW)
    assert count(own_engine, HeardStretch, HeardStretch.position == 0) == 0


def test_a_projects_rule_comes_first_and_a_transcript_may_have_its_own(
    own_engine: Engine, world: World, storage: LocalStorage
) -> None:
    with write_session(own_engine) as session:
        service.set_rule(
            session, world.site, world.project, RetentionSubject.RECORDING, 90, now=NOW, actor=None
        )
    assert service.run_retention(own_engine, storage, NOW).recordings == 0
    with write_session(own_engine) as session:
        service.set_rule(
            session,
            world.site,
            world.project,
            RetentionSubject.RECORDING,
            None,
            now=NOW,
            actor=None,
        )
    set_rule(own_engine, world, RetentionSubject.TRANSCRIPT, 90)
    assert service.run_retention(own_engine, storage, NOW).recordings == 1
    assert count(own_engine, Transcript) == 2
    set_rule(own_engine, world, RetentionSubject.TRANSCRIPT, 10)
    assert service.run_retention(own_engine, storage, NOW).transcripts == 1
    assert count(own_engine, Turn) == 1


def test_a_legal_hold_keeps_everything_and_is_counted(
    own_engine: Engine, world: World, storage: LocalStorage
) -> None:
    set_rule(own_engine, world, RetentionSubject.TRANSCRIPT, 10)
    set_rule(own_engine, world, RetentionSubject.REVIEW, 10)
    with write_session(own_engine) as session:
        held = session.get_one(Recording, world.recording.id)
        with pytest.raises(DomainError, match="hold_needs_reason"):
            recordings.hold(session, held, "  ", now=NOW, actor=None)
        recordings.hold(session, held, "case 12", now=NOW, actor=None)
    result = service.run_retention(own_engine, storage, NOW)
    assert (result.recordings, result.transcripts, result.reviews, result.held) == (0, 0, 0, 1)
    with (
        pytest.raises(DomainError, match="legal_hold"),
        write_session(own_engine) as session,
    ):
        erasure.erase_customer(
            session, storage, session.get_one(Customer, world.customer.id), now=NOW, actor=None
        )
    assert len(list(storage.keys())) == 8
    with write_session(own_engine) as session:
        recordings.release_hold(
            session, session.get_one(Recording, world.recording.id), now=NOW, actor=None
        )
    assert service.run_retention(own_engine, storage, NOW).recordings == 1


def test_old_reviews_become_anonymous_and_keep_their_score(
    own_engine: Engine, world: World, storage: LocalStorage
) -> None:
    set_rule(own_engine, world, RetentionSubject.REVIEW, 30)
    with write_session(own_engine) as session:
        reviewer = make.make_user(session).id
        for begun, state in ((OLD, "submitted"), (OLD, "draft"), (NOW, "submitted")):
            heard = LiveReview(
                site_id=world.site.id,
                agent_id=world.call.agent_id,
                project_id=world.project.id,
                version_id=world.version.id,
                reviewer_id=reviewer,
                state=ReviewState(state),
                draft={"greeting": {"comment": "heard words"}},
                begun_at=begun,
                saved_at=begun,
                submitted_at=begun if state == "submitted" else None,
            )
            session.add(heard)
    assert service.run_retention(own_engine, storage, NOW).reviews == 1
    with read_session(own_engine) as session:
        lives = session.scalars(select(LiveReview).order_by(LiveReview.begun_at)).all()
        assert [(one.draft != {}, one.reviewer_id) for one in lives] == [
            (False, None),
            (True, reviewer),
        ]
        tasks = session.scalars(select(Task).order_by(Task.leg_id)).all()
        assert [task.skip_reason for task in tasks] == ["", "kept words"]
        assert session.scalars(select(ReviewRequest.reason)).all() == ["kept words"]
        old, kept = session.scalars(select(Review).order_by(Review.leg_id)).all()
        assert (old.reviewer_id, old.summary, old.draft, old.notes) == (None, "", {}, [])
        assert kept.summary == "kept words"
        assert old.current is not None
        assert (old.current.earned, old.current.excellent) == (2_700, True)
        assert [(row.comment, row.evidence, row.earned) for row in old.current.answers] == [
            ("", [], 500),
            ("", [], 0),
        ]
    assert service.run_retention(own_engine, storage, NOW).reviews == 0


def test_logs_go_only_when_every_site_lets_them(
    own_engine: Engine, world: World, storage: LocalStorage
) -> None:
    with write_session(own_engine) as session:
        audit.record(session, now=OLD, actor=None, action="old", subject="x")
        other = make.make_site(session)
        before = session.scalar(select(func.count()).select_from(AuditEntry))
    set_rule(own_engine, world, RetentionSubject.LOG, 30)
    assert service.run_retention(own_engine, storage, NOW).log_entries == 0
    with write_session(own_engine) as session:
        service.set_rule(session, other, None, RetentionSubject.LOG, 45, now=NOW, actor=None)
    assert service.run_retention(own_engine, storage, NOW).log_entries == 1
    assert count(own_engine, AuditEntry, AuditEntry.action == "old") == 0
    assert count(own_engine, AuditEntry) >= (before or 0)


def _expire_and_fail(session: Session, storage: LocalStorage, world: World) -> None:
    recording = session.get_one(Recording, world.recording.id)
    recordings.expire_recording(session, storage, recording, now=NOW)
    raise DomainError("afterwards")


def test_files_go_only_with_the_commit_and_with_the_last_recording_that_names_them(
    own_engine: Engine, world: World, storage: LocalStorage
) -> None:
    with pytest.raises(DomainError), write_session(own_engine) as session:
        _expire_and_fail(session, storage, world)
    assert len(list(storage.keys())) == 8
    with write_session(own_engine) as session:
        world.session = session
        shared = world.stored(b"oldoriginal", world.kept_recording, MediaKind.CLIP)
    service.run_retention(own_engine, storage, NOW)
    assert shared in set(storage.keys())


def age(storage: LocalStorage, key: str, hours: float) -> None:
    then = time.time() - hours * 3_600
    os.utime(storage.local_path(key), (then, then))


def test_the_sweep_removes_orphans_both_ways(
    own_engine: Engine, world: World, storage: LocalStorage
) -> None:
    old, young = (storage.put(io.BytesIO(content)).key for content in (b"orphan", b"fresh"))
    age(storage, old, 2)
    for key in set(storage.keys()) - {old, young}:
        age(storage, key, 2)
    unfinished = storage.folder / ".put-dead"
    unfinished.write_bytes(b"half")
    os.utime(unfinished, (0, 0))
    with read_session(own_engine) as session:
        lost = session.scalars(
            select(MediaFile.storage_key).where(
                MediaFile.recording_id == world.kept_recording.id,
                MediaFile.kind == MediaKind.PEAKS,
            )
        ).one()
    storage.delete(lost)
    set_rule(own_engine, world, RetentionSubject.RECORDING, None)
    away = service.run_retention(own_engine, LocalStorage(storage.folder / "nowhere"), NOW)
    assert (away.rows_removed, away.storage_away) == (0, True)
    assert count(own_engine, MediaFile) == 8
    result = service.run_retention(own_engine, storage, NOW)
    assert (result.files_removed, result.rows_removed, result.storage_away) == (2, 1, False)
    assert young in set(storage.keys())
    assert not unfinished.exists()
    assert count(own_engine, MediaFile) == 7


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_impossible_days_are_refused(session: Session, days: int) -> None:
    site = make.make_site(session)
    with pytest.raises(DomainError, match="bad_retention_days"):
        service.set_rule(session, site, None, RetentionSubject.RECORDING, days, now=NOW, actor=None)


def found_in_files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if any(planted in content for planted in PLANTED) or NUMBER.encode() in content:
                yield path.name


def found_in_rows(engine: Engine) -> Iterator[str]:
    digits = "13800138042"
    with read_session(engine) as session:
        for table in metadata.tables.values():
            for row in session.execute(select(table)):
                words = json.dumps([str(value) for value in row])
                if digits in "".join(c for c in words if c.isdigit()) and "138" in words:
                    yield table.name


def _leave_traces(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA secure_delete = OFF")


def test_an_erased_customers_number_is_nowhere(
    own_engine: Engine, world: World, storage: LocalStorage, tmp_path: Path
) -> None:
    with write_session(own_engine) as session:
        world.session = session
        world.imported(b"call,number\n1,13800138042\n")
        world.imported("call,number\n2,138-0013-8042\n".encode("utf-16-le"))
        innocent = storage.put(io.BytesIO(b"call,number\n3,13800139999\n"), suffix=".csv").key
    on_file = own_engine.dialect.name == "sqlite"
    if on_file:
        # Some builds of SQLite overwrite what they delete by themselves; not all do.
        own_engine.dispose()
        event.listen(own_engine, "connect", _leave_traces)
    assert not on_file or list(found_in_files(tmp_path))
    searched = {"customer", "turn", "search_turn", "answer", "import_reject", "heard_stretch"}
    searched |= {"review_request", "task", "drawn_call", *TABLES}
    assert set(found_in_rows(own_engine)) >= searched
    rewritten: list[str] = []
    event.listen(own_engine, "before_cursor_execute", lambda *told: rewritten.append(told[2]))
    erased, clean = erasure.erase(own_engine, storage, "13800138042", now=NOW, actor=None)
    assert (erased.calls, erased.recordings, erased.reviews, erased.import_files) == (1, 1, 1, 2)
    if not on_file:
        # PostgreSQL keeps dead rows until they are vacuumed: in every table that held the number.
        (vacuum,) = [each for each in rewritten if each.startswith("VACUUM")]
        assert set(re.findall(r"\w+", vacuum)) >= searched
    assert clean
    assert list(found_in_rows(own_engine)) == []
    assert list(found_in_files(tmp_path)) == []
    assert innocent in set(storage.keys())
    with read_session(own_engine) as session:
        customer = session.get_one(Customer, world.customer.id)
        assert (customer.number, customer.number_key, customer.erased_at) == (None, None, NOW)
        old = session.get_one(Recording, world.recording.id)
        assert old.state is RecordingState.ERASED
        assert session.scalars(select(Customer.number).where(Customer.number.is_not(None))).all()
        scores = session.scalars(select(ReviewRevision.earned)).all()
        assert scores == [2_700, 2_700]
        assert session.scalar(select(func.count()).select_from(DrawnCall)) == 2
        kept = session.scalars(select(Review).where(Review.leg_id == world.kept.legs[0].id)).one()
        assert kept.summary == "kept words"
        assert set(session.scalars(select(CoachingSession.words))) == {"", "kept words"}
        assert count(own_engine, AuditEntry, AuditEntry.action == "customer.erased") == 1
        # The proof counts what was there and names the files by their hashes.
        kept_proof = session.scalars(select(ErasureProof)).one()
        assert str(kept_proof.uid) == erased.proof
        assert kept_proof.scrubbed_at == NOW
        gone = {name: n for name, n in kept_proof.deleted.items() if n}
        assert (
            gone.items()
            >= {
                "numbers_of_calls": 1,
                "recordings": 1,
                "files": 4,
                "transcripts": 1,
                "words_of_reviews": 1,
                "import_files": 2,
                "exemplars": 1,
                "disputed_criteria": 1,
                "causes": 1,
                "talks": 2,
                "help_requests": 1,
                "quiz_references": 1,
                "practice_sheets": 1,
                "calibration_references": 1,
                "asked_reviews": 1,
                "skip_reasons": 1,
            }.items()
        )
        kinds = sorted(file["kind"] for file in kept_proof.files)
        assert kinds == ["masked", "original", "peaks", "playback"]
        assert kept_proof.remains["scores"] == 1
        assert proof.is_whole(kept_proof)
    with pytest.raises(DomainError, match="customer_unknown"):
        erasure.erase(own_engine, storage, "13800138042", now=NOW, actor=None)


def test_an_expired_recording_may_still_be_erased_and_no_customer_is_guessed(
    own_engine: Engine, world: World, storage: LocalStorage
) -> None:
    service.run_retention(own_engine, storage, NOW)
    with write_session(own_engine) as session:
        session.add(Customer(number="0086 13800138042", number_key="third"))
    with pytest.raises(DomainError, match="customer_ambiguous"):
        erasure.erase(own_engine, storage, "138 0013 8042", now=NOW, actor=None)
    erased, _clean = erasure.erase(own_engine, storage, NUMBER, now=NOW, actor=None)
    assert erased.calls == 1
    with read_session(own_engine) as session:
        assert session.get_one(Recording, world.recording.id).state is RecordingState.ERASED
