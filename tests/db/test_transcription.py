"""Transcripts and copies in both databases: saved once, replaced by newer attempts only."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Call, MediaFile, Recording
from models.operations import AuditEntry
from models.reviews import Answer
from models.scorecards import Criterion
from models.session import make_engine
from models.transcripts import Transcript, Turn
from models.vocab import ChannelLayout, MediaKind, Party, RecordingState, TranscriptState
from pipelines.outcomes import DomainError
from pipelines.runtime import RecogniserSettings, Runtime, SystemClock
from pipelines.scoring.service import import_scorecard
from pipelines.storage import LocalStorage
from pipelines.transcription import hotwords, service
from pipelines.transcription.findings import Code, Finding
from pipelines.transcription.recognition import recogniser
from pipelines.transcription.recognition.recogniser import NO_HINTS, Heard, Hints, Language, Made
from pipelines.transcription.rules import Word
from pipelines.transcription.sound import copies
from pipelines.transcription.trust import Cause, Doubt
from tests import factories


class ParrotRecogniser:
    """Hears one word a side, without listening."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.hinted = NO_HINTS

    def made(self) -> Made:
        return Made(model="parrot", options={"beam": 1}, versions={"parrot": "1"})

    def hear(
        self, samples: np.ndarray, language: Language | None, hints: Hints = NO_HINTS
    ) -> Heard:
        self.hinted = hints
        words = tuple(
            (Word(text, 100 * n, 100 * n + 50, 0.5),)
            for n, text in enumerate(self.texts[: len(samples)])
        )
        return Heard(language or Language("zh", 0.9), words)


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(
        engine=make_engine("sqlite://"),
        storage=LocalStorage(tmp_path / "files"),
        data_dir=tmp_path,
        clock=SystemClock(),
        recogniser=RecogniserSettings(None, "cpu", "int8", 1),
        customer_key=b"key",
    )


def put(session: Session, runtime: Runtime, path: Path, subtype: str = "ULAW") -> Recording:
    """Add a call with a recording on file: a second of sound, agent on the left."""
    import soundfile

    rng = np.random.default_rng(1)
    soundfile.write(path, rng.normal(0, 0.1, (8_000, 2)), 8_000, subtype=subtype)
    site = factories.make_site(session)
    team = factories.make_team(session, site)
    agent = factories.make_agent(session, team)
    call = factories.make_call(session, agent, team, factories.make_project(session, site))
    recording = factories.make_recording(session, call)
    with path.open("rb") as stream:
        stored = runtime.storage.put(stream, suffix=".wav")
    session.add(
        MediaFile(
            recording_id=recording.id,
            kind=MediaKind.ORIGINAL,
            storage_key=stored.key,
            mimetype="audio/wav",
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            created_at=factories.NOW,
        )
    )
    session.flush()
    return recording


@pytest.fixture
def recording(session: Session, runtime: Runtime, tmp_path: Path) -> Recording:
    put(session, runtime, tmp_path / "noise.wav")
    return put(session, runtime, tmp_path / "a.wav")


def hear(
    monkeypatch: pytest.MonkeyPatch,
    session: Session,
    runtime: Runtime,
    recording: Recording,
    *texts: str,
) -> service.Result:
    monkeypatch.setattr(recogniser, "of", lambda *_: ParrotRecogniser(*texts))
    material = service.load(session, runtime, {"recording_id": recording.id})
    assert material is not None
    return service.work(material, runtime, lambda _done, _total: None)


def texts_of(session: Session, recording: Recording) -> list[tuple[Party, str]]:
    session.expire_all()
    turns = session.scalars(
        select(Turn)
        .join(Transcript)
        .where(Transcript.recording_id == recording.id)
        .order_by(Turn.position)
    )
    return [(turn.party, turn.text) for turn in turns]


def test_a_transcript_is_saved_with_how_it_was_made(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.without_transcript(session, [recording.id]) == [recording.id]
    result = hear(monkeypatch, session, runtime, recording, "電話", "好的")
    service.save(session, runtime, result, 1)
    assert texts_of(session, recording) == [(Party.AGENT, "电话"), (Party.CUSTOMER, "好的")]
    row = session.scalars(select(Transcript)).one()
    assert (row.state, row.language, row.language_confidence) == (TranscriptState.DONE, "zh", 0.9)
    assert (row.model, row.options, row.versions) == (
        "parrot",
        {"beam": 1, "hotwords": 0},
        {"parrot": "1"},
    )
    assert (row.audio_ms, row.attempt, row.error_code) == (1_000, 1, None)
    assert row.turns[0].words == [["电话", 0, 50, 0.5]]
    assert service.without_transcript(session, [recording.id]) == []


def test_the_same_job_twice_is_one_transcript_and_an_older_attempt_changes_nothing(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = hear(monkeypatch, session, runtime, recording, "old", "old")
    quick = hear(monkeypatch, session, runtime, recording, "new", "new")
    service.save(session, runtime, quick, 2)
    service.save(session, runtime, quick, 2)
    service.save(session, runtime, slow, 1)
    assert texts_of(session, recording) == [(Party.AGENT, "new"), (Party.CUSTOMER, "new")]
    assert session.scalar(select(func.count()).select_from(Transcript)) == 1


def test_a_later_job_replaces_the_transcript_though_its_attempts_begin_anew(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = hear(monkeypatch, session, runtime, recording, "first", "first")
    service.save(session, runtime, first, 3)
    again = hear(monkeypatch, session, runtime, recording, "again", "")
    service.save(session, runtime, again, 1)
    assert texts_of(session, recording) == [(Party.AGENT, "again")]


def test_hearing_anew_changes_no_evidence(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.save(session, runtime, hear(monkeypatch, session, runtime, recording, "old", "old"), 1)
    version = import_scorecard(session, factories.SCORECARD, now=factories.NOW)
    leg = session.get_one(Call, recording.call_id).legs[0]
    review = factories.make_review(session, leg, version)
    evidence = [{"start_ms": 0, "end_ms": 50, "words": "old"}]
    criterion = session.scalars(select(Criterion)).first()
    assert criterion is not None
    session.add(
        Answer(
            revision_id=review.current_revision_id,
            criterion_id=criterion.id,
            value={},
            earned=0,
            attainable=0,
            evidence=evidence,
        )
    )
    session.flush()
    service.save(session, runtime, hear(monkeypatch, session, runtime, recording, "new", "new"), 1)
    assert texts_of(session, recording) == [(Party.AGENT, "new"), (Party.CUSTOMER, "new")]
    assert session.scalars(select(Answer.evidence)).all() == [evidence]
    session.refresh(review)
    assert review.current_revision_id is not None


def test_a_recording_that_cannot_be_decoded_fails_with_the_reason(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    material = service.load(session, runtime, {"recording_id": recording.id})
    assert material is not None
    runtime.storage.local_path(material.storage_key).write_text("no sound")
    monkeypatch.setattr(recogniser, "of", lambda *_: ParrotRecogniser())
    with pytest.raises(DomainError) as caught:
        service.work(material, runtime, lambda _done, _total: None)
    args = {"recording_id": recording.id}
    service.fail(session, runtime, args, caught.value.code, caught.value.params, 1)
    row = session.scalars(select(Transcript)).one()
    assert (row.state, row.error_code) == (TranscriptState.FAILED, "audio_unreadable")
    assert row.turns == []


def test_a_failure_never_takes_a_good_transcript_away_but_a_good_one_ends_a_failure(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = {"recording_id": recording.id}
    service.fail(session, runtime, args, "worker_stopped", {"times": 3}, 3)
    good = hear(monkeypatch, session, runtime, recording, "yes", "no")
    service.save(session, runtime, good, 1)
    assert len(texts_of(session, recording)) == 2
    service.fail(session, runtime, args, "audio_empty", {}, 9)
    row = session.scalars(select(Transcript)).one()
    assert (row.state, row.error_code, len(row.turns)) == (TranscriptState.DONE, None, 2)


def test_nothing_is_done_or_saved_for_a_recording_that_has_gone(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = {"recording_id": recording.id}
    heard = hear(monkeypatch, session, runtime, recording, "late", "late")
    source = copies.load(session, runtime, args)
    assert source is not None
    made = copies.work(source, runtime, lambda _done, _total: None)
    recording.state = RecordingState.ERASED
    session.flush()
    service.save(session, runtime, heard, 1)
    service.fail(session, runtime, args, "audio_empty", {}, 1)
    copies.save(session, runtime, made, 1)
    assert session.scalar(select(func.count()).select_from(Transcript)) == 0
    assert {file.kind for file in session.scalars(select(MediaFile))} == {MediaKind.ORIGINAL}
    assert service.load(session, runtime, args) is None
    assert copies.load(session, runtime, args) is None


@pytest.mark.parametrize(("subtype", "playback"), [("ULAW", False), ("IMA_ADPCM", True)])
def test_peaks_are_made_once_and_a_copy_where_the_browser_needs_one(
    session: Session, runtime: Runtime, tmp_path: Path, subtype: str, *, playback: bool
) -> None:
    recording = put(session, runtime, tmp_path / "b.wav", subtype)
    args = {"recording_id": recording.id}
    source = copies.load(session, runtime, args)
    assert source is not None
    made = copies.work(source, runtime, lambda _done, _total: None)
    copies.save(session, runtime, made, 1)
    copies.save(session, runtime, made, 2)
    session.refresh(recording)
    files = {file.kind: file for file in recording.files}
    assert (MediaKind.PLAYBACK in files) is playback
    assert len(recording.files) == len(files)
    with runtime.storage.open(files[MediaKind.PEAKS].storage_key) as stream:
        drawn = json.load(stream)
    lengths = [len(levels) for levels in drawn["channels"]]
    assert lengths in ([20, 20], [21, 21])  # the codec pads its last block
    assert copies.load(session, runtime, args) is None


def test_what_was_noticed_and_doubted_is_kept_and_goes_with_a_failure(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = hear(monkeypatch, session, runtime, recording, "hello", "yes")
    doubtful = replace(
        result.transcribed,
        findings=(Finding(Code.SWAPPED),),
        doubt=Doubt(Cause.UNSURE, {"pct": 40}),
    )
    service.save(session, runtime, replace(result, transcribed=doubtful), 1)
    row = session.scalars(select(Transcript)).one()
    assert (row.findings, row.doubt, row.doubt_params) == ([["swapped", {}]], "unsure", {"pct": 40})
    assert row.trust["words"] == 2
    assert row.turns[0].language == "zh"
    service.save(session, runtime, result, 2)
    session.expire_all()
    row = session.scalars(select(Transcript)).one()
    assert (row.findings, row.doubt, row.doubt_params) == ([], None, None)


def test_a_corrected_layout_is_heard_anew_and_the_old_one_comes_too_late(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = hear(monkeypatch, session, runtime, recording, "left", "right")
    at = {"now": factories.NOW, "actor": None}
    right = ChannelLayout.AGENT_RIGHT
    assert service.correct_layout(session, recording, right, **at)
    assert not service.correct_layout(session, recording, right, **at)
    anew = hear(monkeypatch, session, runtime, recording, "left", "right")
    service.save(session, runtime, anew, 1)
    assert service.save(session, runtime, late, 5) is None
    assert texts_of(session, recording) == [(Party.CUSTOMER, "left"), (Party.AGENT, "right")]
    entry = session.scalars(select(AuditEntry)).one()
    assert entry.details == {"before": "agent_left", "after": "agent_right"}
    recording.channels = 1
    with pytest.raises(DomainError, match="layout_one_channel"):
        service.correct_layout(session, recording, ChannelLayout.MONO, **at)
    recording.state = RecordingState.EXPIRED
    with pytest.raises(DomainError, match="recording_gone"):
        service.correct_layout(session, recording, ChannelLayout.MONO, **at)


def test_a_projects_names_are_told_to_the_recogniser(
    session: Session, runtime: Runtime, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = recording.call.project
    at = {"now": factories.NOW, "actor": None}
    other = factories.make_project(session, recording.call.site, "other")
    hotwords.replace(session, other, ["Elsewhere"], agent_names=True, **at)
    hotwords.replace(session, project, ["Old"], agent_names=False, **at)
    kept = hotwords.replace(session, project, ["Northline", " northline"], agent_names=True, **at)
    assert kept == ["Northline"]
    ears = ParrotRecogniser("hello", "yes")
    monkeypatch.setattr(recogniser, "of", lambda *_: ears)
    material = service.load(session, runtime, {"recording_id": recording.id})
    assert material is not None
    service.work(material, runtime, lambda _done, _total: None)
    name = recording.call.legs[0].agent.name
    assert ears.hinted.hotwords == f"Northline, {name}"
    with pytest.raises(DomainError, match="hotwords_unfit"):
        hotwords.replace(session, project, ["fine", "a,b"], agent_names=False, **at)
    assert hotwords.of_project(session, project.id) == ["Northline"]
