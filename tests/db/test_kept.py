"""Stretches of a long call are kept until its transcript is saved, and heard once only."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from sqlalchemy import Engine, func, select

from models.calls import MediaFile, Recording
from models.session import read_session, write_session
from models.transcripts import HeardStretch, Transcript, Turn
from models.vocab import MediaKind, RecordingState
from pipelines.runtime import Runtime
from pipelines.transcription import kept, service
from pipelines.transcription.recognition import recogniser
from pipelines.transcription.recognition.recogniser import NO_HINTS, Heard, Hints, Language, Made
from pipelines.transcription.rules import Word
from pipelines.transcription.sound import media
from tests import factories
from tests.db.job_kit import make_runtime

SECONDS = 9


class Counting:
    """Hears a numbered word in each stretch, and falls over where it is told to."""

    def __init__(self, model: str = "counting", falls_at: int | None = None) -> None:
        self.model, self.falls_at = model, falls_at
        self.given: list[Language | None] = []

    def made(self) -> Made:
        return Made(model=self.model, options={"beam": 1}, versions={"counting": "1"})

    def hear(
        self, _samples: np.ndarray, language: Language | None, hints: Hints = NO_HINTS
    ) -> Heard:
        if len(self.given) == self.falls_at:
            raise KeyboardInterrupt
        self.given.append(language)
        self.hints = hints
        words = (Word(f" {len(self.given)}", 10, 60, 0.25, "en"),)
        return Heard(language or Language("en", 0.75), (words, ()), (((0, 90),), ()))


@pytest.fixture
def runtime(own_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setattr(media, "STRETCH_S", 1)
    monkeypatch.setattr(media, "SLACK_S", 1)
    return make_runtime(own_engine, tmp_path)


@pytest.fixture
def recording_id(runtime: Runtime, tmp_path: Path) -> int:
    sound = np.random.default_rng(1).normal(0, 0.1, (SECONDS * 16_000, 2))
    soundfile.write(tmp_path / "long.wav", sound, 16_000)
    with (tmp_path / "long.wav").open("rb") as stream:
        stored = runtime.storage.put(stream, suffix=".wav")
    with write_session(runtime.engine) as session:
        site = factories.make_site(session)
        team = factories.make_team(session, site)
        agent = factories.make_agent(session, team)
        project = factories.make_project(session, site)
        call = factories.make_call(session, agent, team, project, talk_ms=SECONDS * 1_000)
        recording = factories.make_recording(session, call)
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
        return recording.id


def hear(
    monkeypatch: pytest.MonkeyPatch, runtime: Runtime, recording_id: int, listener: Counting
) -> service.Result:
    monkeypatch.setattr(recogniser, "of", lambda *_: listener)
    with read_session(runtime.engine) as session:
        material = service.load(session, runtime, {"recording_id": recording_id})
    assert material is not None
    return service.work(material, runtime, lambda _done, _total: None)


def kept_rows(runtime: Runtime) -> int:
    with read_session(runtime.engine) as session:
        return session.scalar(select(func.count()).select_from(HeardStretch)) or 0


def words_of(result: Any) -> str:
    return "".join(word.text for turn in result.transcribed.turns for word in turn.words)


def test_who_goes_on_hears_the_rest_only_and_the_result_is_the_same(
    runtime: Runtime, recording_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        hear(monkeypatch, runtime, recording_id, Counting(falls_at=2))
    assert kept_rows(runtime) == 2
    second = Counting()
    result = hear(monkeypatch, runtime, recording_id, second)
    whole = Counting()
    monkeypatch.setattr(kept, "is_long", lambda _duration_ms: False)
    at_once = hear(monkeypatch, runtime, recording_id, whole)
    stretches = len(whole.given)
    assert stretches >= 4
    # The language found in the first stretch is handed on to those heard later.
    assert second.given == [Language("en", 0.75)] * (stretches - 2)
    assert words_of(result) == " 1 2 1 2" + words_of(at_once)[4:-4]
    assert result.transcribed.speech == at_once.transcribed.speech

    with write_session(runtime.engine) as session:
        service.save(session, runtime, result, 1)
    assert kept_rows(runtime) == 0
    with read_session(runtime.engine) as session:
        assert session.scalar(select(func.count()).select_from(Turn)) == stretches


@pytest.mark.parametrize("what", ["model", "audio", "cut"])
def test_other_audio_another_model_or_other_cuts_begin_anew(
    runtime: Runtime, recording_id: int, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        hear(monkeypatch, runtime, recording_id, Counting(falls_at=2))
    listener = Counting()
    with write_session(runtime.engine) as session:
        if what == "model":
            listener = Counting("another")
        elif what == "audio":
            session.scalars(select(MediaFile)).one().sha256 = "f" * 64
        else:
            for row in session.scalars(select(HeardStretch)):
                row.samples = [2, 17]
    result = hear(monkeypatch, runtime, recording_id, listener)
    assert words_of(result).startswith(" 1 2 3 4")


def test_nothing_is_kept_of_short_calls_of_erased_ones_or_after_a_failure(
    runtime: Runtime, recording_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(monkeypatch, runtime, recording_id, Counting())
    assert kept_rows(runtime) >= 4
    with write_session(runtime.engine) as session:
        args = {"recording_id": recording_id}
        service.fail(session, runtime, args, "audio_unreadable", {}, 1)
        assert session.scalars(select(Transcript.error_code)).all() == ["audio_unreadable"]
    assert kept_rows(runtime) == 0

    class Erasing(Counting):
        def hear(
            self, samples: np.ndarray, language: Language | None, hints: Hints = NO_HINTS
        ) -> Heard:
            with write_session(runtime.engine) as session:
                session.get_one(Recording, recording_id).state = RecordingState.ERASED
            return super().hear(samples, language, hints)

    hear(monkeypatch, runtime, recording_id, Erasing())
    assert kept_rows(runtime) == 0
    assert kept.is_long(2 * media.STRETCH_S * 1_000 + 1)
    assert not kept.is_long(2 * media.STRETCH_S * 1_000)
