"""What is muted stays muted: when the transcript goes, is replaced, or cannot be relied on."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.calls import MediaFile, Recording
from models.operations import Job
from models.session import read_session, write_session
from models.transcripts import Transcript, Turn
from models.vocab import JobState, MediaKind, Party, RetentionSubject
from pipelines import flow, jobs, reading
from pipelines.redaction import service
from pipelines.redaction.service import Screening
from pipelines.retention import recordings as retained
from pipelines.retention import service as retention
from pipelines.runtime import Runtime
from pipelines.transcription.rules import SpokenTurn, Word
from pipelines.transcription.trust import Cause, Doubt
from tests import factories
from tests.conftest import NOW
from tests.db import test_redaction
from tests.db.job_kit import put, row
from tests.db.test_redaction import KINDS, SAID, masked_file, mute, recorded, save, spoken

runtime = test_redaction.runtime
DOUBT = Doubt(Cause.WORDLESS, {"pct": 90})
SPEECH = ((Party.AGENT, ((0, 9_000),)),)
LATER = NOW + timedelta(days=60)


@pytest.fixture
def own(runtime: Runtime, own_engine: Engine) -> Runtime:
    return replace(runtime, engine=own_engine)


def by_hand(session: Session, transcript: Transcript) -> dict[str, Any]:
    actor = factories.make_user(session).uid
    return {"attempt": transcript.attempt, "now": NOW, "actor": actor}


def mutings(session: Session, recording: Recording) -> int:
    asked = session.scalars(select(Job.arguments).where(Job.name == "mute")).all()
    return sum(each["recording_id"] == recording.id for each in asked)


def test_the_sound_stays_muted_when_retention_deletes_the_words(own: Runtime) -> None:
    with write_session(own.engine) as session:
        noise = recorded(session, own)
        save(session, own, noise, SAID[0])
        recording = recorded(session, own)
        transcript = save(session, own, recording, *SAID)
        reading.hide_words(session, transcript, (5, 0, 0), **by_hand(session, transcript))
        service.save(session, own, mute(session, own, recording), 1)
        before = service.spans_of(session, recording.id)
        for each in (noise, recording):
            site = each.call.site
            retention.set_rule(
                session, site, None, RetentionSubject.TRANSCRIPT, 30, now=NOW, actor=None
            )
    assert retention.run_retention(own.engine, own.storage, LATER).transcripts == 2
    with write_session(own.engine) as session:
        assert session.scalar(select(func.count()).select_from(Turn)) == 0
        assert service.screening(session, noise.id) is Screening.NONE
        assert service.screening(session, recording.id) is Screening.MASKED
        assert service.spans_of(session, recording.id) == before != ()
        assert masked_file(session, recording) is not None
        # A copy that got lost is made anew of the same moments.
        session.delete(masked_file(session, recording))
        session.flush()
        session.expire_all()
        again = service.load(session, own, {"recording_id": recording.id})
        assert again is not None
        assert again.spans == before
        # Nobody has what retention deleted heard again; a call that is held keeps its words.
        assert flow.hear_first(session, recording.id, now=LATER) is False
        assert flow.hear_first(session, noise.id, now=NOW) is True
        held = session.get_one(Recording, recording.id)
        retained.hold(session, held, "case", now=NOW, actor=None)
        assert flow.hear_first(session, recording.id, now=LATER) is True
        # What is heard anew and may be relied on says itself where numbers are.
        save(session, own, held, spoken(Party.AGENT, 0, "Good day to you"))
        assert service.spans_of(session, held.id) == ((7_750, 8_650),)
        assert [why for *_moment, why in held.muted] == ["manual"]


@pytest.mark.parametrize(
    ("turns", "heard", "screened"),
    [
        ((), {}, Screening.CLEAR),
        ((), {"speech": SPEECH}, Screening.NONE),
        (SAID[:1], {"speech": SPEECH}, Screening.CLEAR),
        (SAID[:1], {"speech": SPEECH, "doubt": DOUBT}, Screening.NONE),
        (SAID, {"speech": SPEECH, "doubt": DOUBT}, Screening.PARTLY),
        (SAID, {"speech": SPEECH}, Screening.MASKED),
    ],
)
def test_words_that_are_not_to_be_relied_on_clear_nothing(
    session: Session,
    runtime: Runtime,
    turns: tuple[SpokenTurn, ...],
    heard: dict[str, Any],
    screened: Screening,
) -> None:
    recording = recorded(session, runtime)
    save(session, runtime, recording, *turns, **heard)
    assert service.screening(session, recording.id) is screened
    assert service.lacks_copy(session, recording.id) is (SAID is turns)


@pytest.mark.parametrize("turns", [(), SAID[:1]])
def test_a_worse_hearing_unmutes_nothing(
    session: Session, runtime: Runtime, turns: tuple[SpokenTurn, ...]
) -> None:
    recording = recorded(session, runtime)
    save(session, runtime, recording, *SAID)
    before = service.spans_of(session, recording.id)
    doubt = {"doubt": DOUBT} if turns else {}
    save(session, runtime, recording, *turns, speech=SPEECH, **doubt)
    assert service.screening(session, recording.id) is Screening.PARTLY
    assert service.spans_of(session, recording.id) == before != ()
    assert mutings(session, recording) == 2
    save(session, runtime, recording, SAID[0])
    assert service.screening(session, recording.id) is Screening.CLEAR


def test_what_was_hidden_by_hand_stays_muted_where_no_word_is_heard_any_more(
    session: Session, runtime: Runtime
) -> None:
    recording = recorded(session, runtime)
    transcript = save(session, runtime, recording, *SAID)
    reading.hide_words(session, transcript, (5, 0, 1), **by_hand(session, transcript))
    again = save(session, runtime, recording, SAID[0])
    assert [turn.masks for turn in again.turns] == [[]]
    assert service.spans_of(session, recording.id) == ((7_750, 9_150),)
    assert service.screening(session, recording.id) is Screening.MASKED
    assert mutings(session, recording) == 3
    # Once its words are heard again they are hidden, and may be shown.
    third = save(session, runtime, recording, SAID[0], spoken(Party.AGENT, 8_100, "Thanks"))
    assert third.turns[1].masked_text == "•••"
    service.show(session, third, (2, 0, 0), **by_hand(session, third))
    assert service.screening(session, recording.id) is Screening.CLEAR


def test_a_word_without_length_is_hidden_by_hand_like_any_other(
    session: Session, runtime: Runtime
) -> None:
    words = (Word("Ask", 0, 400, 0.9), Word(" Wang", 400, 400, 0.9), Word(" now", 400, 800, 0.9))
    turn = SpokenTurn(Party.AGENT, 0, 800, "Ask Wang now", 0.9, words)
    recording = recorded(session, runtime)
    transcript = save(session, runtime, recording, turn)
    service.hide(session, transcript, (1, 1, 1), **by_hand(session, transcript))
    service.look_through(session, transcript.id, KINDS)
    assert transcript.turns[0].masked_text == "Ask ••• now"
    again = save(session, runtime, recording, turn)
    assert "Wang" not in (again.turns[0].masked_text or "")


def test_the_job_that_looks_through_old_words_succeeds(
    own: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PER_TRANSACTION", 1)
    with write_session(own.engine) as session:
        for _ in range(2):
            save(session, own, recorded(session, own), SAID[0])
        for turn in session.scalars(select(Turn)):
            turn.masks = turn.masked_text = None
    uid = put(own, "look_through")
    jobs.work_through(own, flow.JOBS)
    done = row(own, uid)
    assert (done.state, done.failures, done.progress_done) == (JobState.DONE, 0, 2)
    with read_session(own.engine) as session:
        assert session.scalars(select(Turn.masked_text)).all() == ["Which number please"] * 2


def at_once(own: Runtime, first: Callable[[Session], Any], then: Callable[[Session], Any]) -> None:
    """Let ``then`` begin while ``first`` has acted and not yet committed."""
    failed: list[BaseException] = []

    def other() -> None:
        try:
            with write_session(own.engine) as session:
                then(session)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    thread = threading.Thread(target=other)
    with write_session(own.engine) as session:
        first(session)
        session.flush()
        thread.start()
        thread.join(timeout=0.4)
    thread.join(timeout=10)
    assert not failed, failed


def test_a_copy_made_while_words_were_hidden_is_not_kept(own: Runtime) -> None:
    with write_session(own.engine) as session:
        recording = recorded(session, own)
        transcript = save(session, own, recording, *SAID)
        who = by_hand(session, transcript)
    with read_session(own.engine) as session:
        late = mute(session, own, session.get_one(Recording, recording.id))

    def hide(session: Session) -> None:
        service.hide(session, session.get_one(Transcript, transcript.id), (5, 0, 0), **who)

    at_once(own, hide, lambda session: service.save(session, own, late, 1))
    with read_session(own.engine) as session:
        kinds = session.scalars(select(MediaFile.kind)).all()
        assert MediaKind.MASKED not in kinds


def test_words_hidden_while_a_new_transcript_is_saved_are_not_taken_for_its_own(
    own: Runtime,
) -> None:
    with write_session(own.engine) as session:
        recording = recorded(session, own)
        transcript = save(session, own, recording, *SAID)
        who = by_hand(session, transcript)

    def hide(session: Session) -> None:
        reading.hide_words(session, session.get_one(Transcript, transcript.id), (1, 0, 0), **who)

    at_once(own, hide, lambda session: save(session, own, recording, SAID[0]) and None)
    with read_session(own.engine) as session:
        assert session.scalars(select(Turn.masked_text)).all() == ["••• number please"]


def test_what_is_saved_while_its_recording_is_erased_does_not_stay(own: Runtime) -> None:
    with write_session(own.engine) as session:
        recording = recorded(session, own)

    def erase(session: Session) -> None:
        found = session.get_one(Recording, recording.id)
        retained.expire_recording(session, own.storage, found, now=NOW)

    at_once(own, lambda session: save(session, own, recording, *SAID) and None, erase)
    with read_session(own.engine) as session:
        assert session.scalar(select(func.count()).select_from(Transcript)) == 0
        assert session.get_one(Recording, recording.id).muted == []
