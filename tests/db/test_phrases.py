"""Phrase rules and their hits in both databases."""

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.calls import Project
from models.people import User
from models.phrases import PhraseHit, PhraseRule, PhraseTrial, PhraseVersion
from models.reviews import ReviewRevision
from models.session import write_session
from models.transcripts import Transcript, Turn
from models.vocab import (
    Party,
    PhraseKind,
    PhraseVerdict,
    PhraseVersionState,
    TranscriptState,
)
from pipelines import reading
from pipelines.masking import masked_text
from pipelines.outcomes import DomainError
from pipelines.phrases import looking, service
from pipelines.phrases.rules.settings import RuleSettings, Step
from tests import factories
from tests.conftest import NOW

Said = list[tuple[Party, int, str]]
SAID: Said = [
    (Party.AGENT, 0, "Thank you for calling"),
    (Party.CUSTOMER, 4_000, "I want a refund"),
]


def rule_for(*phrases: str, party: Party | None = None) -> RuleSettings:
    return RuleSettings(PhraseKind.SAYS, (Step(phrases, party),))


def make_project(session: Session) -> Project:
    return factories.make_project(session, factories.make_site(session))


def make_transcript(session: Session, project: Project, said: Said = SAID) -> Transcript:
    team = factories.make_team(session, project.site)
    call = factories.make_call(session, factories.make_agent(session, team), team, project)
    return factories.make_transcript(session, factories.make_recording(session, call), said)


def make_on(session: Session, project: Project, *phrases: str) -> PhraseVersion:
    rule = service.create_rule(
        session, project, " ".join(phrases), rule_for(*phrases), now=NOW, actor=None
    )
    version = service.newest_version(session, rule)
    service.switch_on(session, version, now=NOW, actor=None)
    return version


def hits(session: Session) -> list[PhraseHit]:
    session.expire_all()
    return list(session.scalars(select(PhraseHit).order_by(PhraseHit.start_ms, PhraseHit.id)))


def test_a_new_transcript_is_looked_through_for_the_rules_of_its_project(session: Session) -> None:
    project, other = make_project(session), make_project(session)
    version = make_on(session, project, "refund")
    make_on(session, other, "thank you")
    service.create_rule(session, project, "draft", rule_for("want"), now=NOW, actor=None)
    transcript = make_transcript(session, project)
    assert looking.look_through(session, transcript.id, now=NOW) == 1
    (hit,) = hits(session)
    assert (hit.version_id, hit.transcript_id, hit.party) == (
        version.id,
        transcript.id,
        Party.CUSTOMER,
    )
    assert (hit.start_ms, hit.end_ms, hit.runs) == (5_500, 5_900, [[2, 3, 3]])
    assert hit.probability == pytest.approx(0.9)
    assert hit.site_id == project.site_id


def test_what_was_not_understood_gives_no_hits(session: Session) -> None:
    project = make_project(session)
    make_on(session, project, "refund")
    transcript = make_transcript(session, project)
    transcript.state, transcript.error_code = TranscriptState.FAILED, "audio_empty"
    session.flush()
    assert looking.look_through(session, transcript.id, now=NOW) == 0
    assert looking.look_through(session, None, now=NOW) == 0
    assert hits(session) == []


NUMBER: Said = [(Party.CUSTOMER, 0, "call 138 0013 8000 for a refund")]


def mask_number(session: Session, transcript: Transcript, masks: list[Any] | None) -> None:
    turn = session.scalars(select(Turn).where(Turn.transcript_id == transcript.id)).one()
    turn.masks = masks
    turn.masked_text = None if masks is None else masked_text(turn.words, masks)
    session.flush()


def test_no_rule_and_no_try_tells_in_which_call_a_masked_number_is_said(session: Session) -> None:
    project = make_project(session)
    for phrases in (("138 0013 8000",), ("call for",), ("call … refund",)):
        make_on(session, project, *phrases)
    probing = session.scalars(select(PhraseVersion).order_by(PhraseVersion.id)).first()
    transcript = make_transcript(session, project, NUMBER)
    mask_number(session, transcript, [[1, 3, "phone", 500, 1_900]])
    looking.look_through(session, transcript.id, now=NOW)
    # Only what is said around it is found, and nothing as if nothing stood between.
    assert [hit.runs for hit in hits(session)] == [[[1, 0, 6]]]
    day = transcript.recording.call.local_date
    assert probing is not None
    trial, _done = looking.begin_trial(session, probing, day, day, now=NOW, actor=None)
    assert (trial.calls, trial.hits) == (1, 0)


def test_what_nobody_has_looked_through_yet_is_no_rules_to_read(session: Session) -> None:
    project = make_project(session)
    version = make_on(session, project, "refund")
    transcript = make_transcript(session, project, NUMBER)
    mask_number(session, transcript, None)
    assert looking.look_through(session, transcript.id, now=NOW) == 0
    day = transcript.recording.call.local_date
    with pytest.raises(DomainError, match="trial_empty"):
        looking.begin_trial(session, version, day, day, now=NOW, actor=None)
    mask_number(session, transcript, [])
    assert looking.look_again(session, transcript.id, now=NOW) == 1


def test_hits_follow_what_is_masked_by_hand_and_only_where_the_rule_has_looked(
    session: Session,
) -> None:
    project = make_project(session)
    own, off, kept = (make_on(session, project, *words) for words in (["138"], ["8000"], ["call"]))
    transcript = make_transcript(session, project, NUMBER)
    looking.look_through(session, transcript.id, now=NOW)
    for version in (off, kept):
        service.switch_off(session, version, now=NOW, actor=None)
    later = make_on(session, project, "refund")
    later.switched_on_at = NOW + timedelta(days=1)
    place: dict[str, Any] = {"attempt": 1, "now": NOW, "actor": uuid.uuid4()}
    reading.hide_words(session, transcript, (1, 1, 3), **place)
    assert [hit.version_id for hit in hits(session)] == [kept.id]
    reading.show_words(session, transcript, (1, 1, 3), **place)
    assert {hit.version_id for hit in hits(session)} == {kept.id, own.id}


def test_a_second_hearing_replaces_hits_and_keeps_verdicts_at_the_same_place(
    session: Session,
) -> None:
    project = make_project(session)
    make_on(session, project, "refund", "want")
    transcript = make_transcript(session, project)
    looking.look_through(session, transcript.id, now=NOW)
    person = factories.make_user(session)
    want, refund = hits(session)
    assert refund.start_ms == 5_500
    for hit, verdict in (
        (want, PhraseVerdict.REJECTED),
        (refund, PhraseVerdict.CONFIRMED),
    ):
        service.judge(session, hit, verdict, now=NOW, actor=person)
    session.execute(delete(Turn).where(Turn.transcript_id == transcript.id))
    factories.add_turns(session, transcript, [(Party.CUSTOMER, 5_600, "refund refund")])
    looking.look_through(session, transcript.id, now=NOW)
    again = hits(session)
    assert [hit.verdict for hit in again] == [PhraseVerdict.CONFIRMED, None]
    assert again[0].judged_by_id == person.id


def test_a_version_in_use_is_never_changed_and_a_change_makes_the_next(session: Session) -> None:
    project = make_project(session)
    version = make_on(session, project, "refund")
    rule = version.rule
    changed = service.change_rule(
        session, rule, rule.name, rule_for("money"), seen=version.lock_version, now=NOW, actor=None
    )
    assert (changed.number, changed.state) == (2, PhraseVersionState.DRAFT)
    again = service.change_rule(
        session, rule, "New", rule_for("cash"), seen=changed.lock_version, now=NOW, actor=None
    )
    assert again is changed
    assert version.state is PhraseVersionState.ON
    assert version.settings == rule_for("refund").to_json()
    with pytest.raises(DomainError, match="phrase_conflict"):
        service.change_rule(session, rule, "x", rule_for("y"), seen=0, now=NOW, actor=None)
    with pytest.raises(DBAPIError, match="kept as it is"), session.begin_nested():
        session.execute(
            text("UPDATE phrase_version SET settings = '{}' WHERE id = :id"), {"id": version.id}
        )
    service.switch_on(session, changed, now=NOW, actor=None)
    session.expire_all()
    assert version.state is PhraseVersionState.OFF
    with pytest.raises(DomainError, match="phrase_already_on"):
        service.switch_on(session, changed, now=NOW, actor=None)


def test_names_are_told_apart_within_a_project(session: Session) -> None:
    project = make_project(session)
    version = make_on(session, project, "refund")
    with pytest.raises(DomainError, match="phrase_name_taken"):
        make_on(session, project, "refund")
    make_on(session, make_project(session), "refund")
    rule = version.rule
    seen = version.lock_version
    service.change_rule(session, rule, "Else", rule_for("refund"), seen=seen, now=NOW, actor=None)
    assert rule.name == "Else"


def test_verdicts_are_counted_once_and_outlive_the_hits(session: Session) -> None:
    project = make_project(session)
    version = make_on(session, project, "refund")
    transcript = make_transcript(session, project)
    looking.look_through(session, transcript.id, now=NOW)
    (hit,) = hits(session)
    person = factories.make_user(session)

    def tallies() -> tuple[int, int]:
        session.refresh(version)
        return version.confirmed, version.rejected

    service.judge(session, hit, PhraseVerdict.CONFIRMED, now=NOW, actor=person)
    service.judge(session, hit, PhraseVerdict.CONFIRMED, now=NOW, actor=person)
    assert tallies() == (1, 0)
    service.judge(session, hit, PhraseVerdict.REJECTED, now=NOW, actor=person)
    assert tallies() == (0, 1)
    service.judge(session, hit, None, now=NOW, actor=person)
    assert tallies() == (0, 0)
    assert hit.judged_at is None
    service.judge(session, hit, PhraseVerdict.REJECTED, now=NOW, actor=person)
    session.execute(delete(Transcript).where(Transcript.id == transcript.id))
    assert hits(session) == []
    assert tallies() == (0, 1)


def test_looking_and_judging_touch_no_score(session: Session) -> None:
    project = make_project(session)
    make_on(session, project, "refund")
    transcript = make_transcript(session, project)
    leg = transcript.recording.call.legs[0]
    review = factories.make_review(session, leg, factories.make_version(session), draft={"a": 1})

    def scores() -> Any:
        rows = session.execute(
            select(ReviewRevision.id, ReviewRevision.earned, ReviewRevision.attainable)
        )
        session.refresh(review)
        return [tuple(row) for row in rows], review.draft, review.current_revision_id

    before = scores()
    looking.look_through(session, transcript.id, now=NOW)
    (hit,) = hits(session)
    service.judge(
        session, hit, PhraseVerdict.CONFIRMED, now=NOW, actor=factories.make_user(session)
    )
    assert scores() == before


def test_a_try_counts_and_leaves_no_hits(session: Session) -> None:
    project = make_project(session)
    rule = service.create_rule(session, project, "try", rule_for("refund"), now=NOW, actor=None)
    version = service.newest_version(session, rule)
    twice = [*SAID, (Party.CUSTOMER, 9_000, "refund me")]
    for said in (SAID, twice, [(Party.AGENT, 0, "hello")]):
        make_transcript(session, project, said)
    make_transcript(session, make_project(session))
    day = session.scalars(select(Transcript)).first().recording.call.local_date  # type: ignore[union-attr]  # three were added
    trial, done = looking.begin_trial(session, version, day, day, now=NOW, actor=None)
    assert done
    assert (trial.total, trial.calls, trial.calls_hit, trial.hits) == (3, 3, 2, 3)
    assert [set(example) >= {"transcript_id", "runs"} for example in trial.examples] == [True] * 2
    assert "refund" not in str(trial.examples)
    assert hits(session) == []
    before = day.replace(year=2000)
    with pytest.raises(DomainError, match="trial_empty"):
        looking.begin_trial(session, version, before, before, now=NOW, actor=None)
    with pytest.raises(DomainError, match="trial_period"):
        looking.begin_trial(session, version, day, before, now=NOW, actor=None)


class KilledError(Exception):
    """The worker dies here."""


def killed_at(number: int) -> Callable[[int, int], None]:
    calls: list[int] = []

    def progress(_done: int, _total: int) -> None:
        calls.append(1)
        if len(calls) == number:
            raise KilledError

    return progress


def test_past_calls_are_filled_in_and_a_killed_run_goes_on(
    own_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "CHUNK", 2)
    seen: list[tuple[int, int]] = []
    with write_session(own_engine) as session:
        project = make_project(session)
        version = make_on(session, project, "refund")
        for _ in range(5):
            make_transcript(session, project)
        judged_by = factories.make_user(session)

    with pytest.raises(KilledError):
        looking.fill_past(own_engine, version.id, now=NOW, progress=killed_at(2))
    with write_session(own_engine) as session:
        first = hits(session)
        assert len(first) == 2
        service.judge(
            session,
            first[0],
            PhraseVerdict.CONFIRMED,
            now=NOW,
            actor=session.get_one(User, judged_by.id),
        )
    looking.fill_past(
        own_engine, version.id, now=NOW, progress=lambda done, total: seen.append((done, total))
    )
    with write_session(own_engine) as session:
        found = hits(session)
        assert len({hit.transcript_id for hit in found}) == len(found) == 5
        assert [hit.verdict for hit in found].count(PhraseVerdict.CONFIRMED) == 1
        row = session.get_one(PhraseVersion, version.id)
        assert row.filled_at == NOW
        assert seen == [(2, 5), (4, 5), (5, 5)]
        # From the beginning again: nothing is doubled, no verdict is lost.
        row.filled_to = 0
    looking.fill_past(own_engine, version.id, now=NOW, progress=lambda _done, _total: None)
    with write_session(own_engine) as session:
        again = hits(session)
        assert len(again) == 5
        assert [hit.verdict for hit in again].count(PhraseVerdict.CONFIRMED) == 1


def test_a_call_that_is_in_doubt_by_now_is_not_filled_in(own_engine: Engine) -> None:
    with write_session(own_engine) as session:
        project = make_project(session)
        version = make_on(session, project, "refund")
        transcript = make_transcript(session, project)

    def meanwhile(_done: int, _total: int) -> None:
        with write_session(own_engine) as session:
            session.get_one(Transcript, transcript.id).doubt = "wordless"

    looking.fill_past(own_engine, version.id, now=NOW, progress=meanwhile)
    with write_session(own_engine) as session:
        assert hits(session) == []


def test_a_call_that_is_heard_anew_while_it_is_filled_in_has_its_hits_once(
    own_engine: Engine,
) -> None:
    with write_session(own_engine) as session:
        project = make_project(session)
        version = make_on(session, project, "refund")
        transcript = make_transcript(session, project)
    begun = threading.Event()
    fill = threading.Thread(
        target=looking.fill_past,
        args=(own_engine, version.id),
        kwargs={"now": NOW, "progress": lambda _done, _total: begun.set()},
    )
    with write_session(own_engine) as session:
        # As a transcript is saved: its row first, then what is read out of it.
        again = update(Transcript).where(Transcript.id == transcript.id).values(attempt=2)
        session.execute(again)
        looking.look_through(session, transcript.id, now=NOW)
        fill.start()
        assert begun.wait(10)
        time.sleep(0.2)
    fill.join(10)
    assert not fill.is_alive()
    with write_session(own_engine) as session:
        assert len(hits(session)) == 1
        assert session.get_one(PhraseVersion, version.id).filled_at == NOW


def test_a_long_try_is_a_job_that_goes_on_where_it_was_killed(
    own_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "CHUNK", 2)
    monkeypatch.setattr(looking, "AT_ONCE_MS", -1)
    with write_session(own_engine) as session:
        project = make_project(session)
        rule = service.create_rule(session, project, "try", rule_for("refund"), now=NOW, actor=None)
        for _ in range(5):
            day = make_transcript(session, project).recording.call.local_date
        version = service.newest_version(session, rule)
        trial, done = looking.begin_trial(session, version, day, day, now=NOW, actor=None)
        assert not done
    with pytest.raises(KilledError):
        looking.run_trial(own_engine, trial.id, now=NOW, progress=killed_at(2))
    with write_session(own_engine) as session:
        row = session.get_one(PhraseTrial, trial.id)
        assert (row.calls, row.done_at) == (2, None)
    looking.run_trial(own_engine, trial.id, now=NOW, progress=lambda _done, _total: None)
    with write_session(own_engine) as session:
        row = session.get_one(PhraseTrial, trial.id)
        assert (row.calls, row.calls_hit, row.hits, row.done_at) == (5, 5, 5, NOW)
        assert session.scalar(select(func.count()).select_from(PhraseHit)) == 0


def test_a_version_that_was_switched_off_is_not_filled_in(own_engine: Engine) -> None:
    with write_session(own_engine) as session:
        project = make_project(session)
        version = make_on(session, project, "refund")
        make_transcript(session, project)
        service.switch_off(session, version, now=NOW, actor=None)
    looking.fill_past(own_engine, version.id, now=NOW, progress=lambda _done, _total: None)
    with write_session(own_engine) as session:
        assert hits(session) == []
        row = session.get_one(PhraseVersion, version.id)
        with pytest.raises(DomainError, match="phrase_not_on"):
            service.switch_off(session, row, now=NOW, actor=None)


def test_flow_looks_through_what_it_saves(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    project = make_project(session)
    make_on(session, project, "refund")
    transcript = make_transcript(session, project)
    monkeypatch.setattr(reading.transcription, "save", lambda *_given: transcript.id)
    clock = SimpleNamespace(now=lambda: NOW)
    runtime: Any = SimpleNamespace(clock=clock, masked_kinds=frozenset())
    heard: Any = SimpleNamespace(material=SimpleNamespace(recording_id=transcript.recording_id))
    reading.save_transcript(session, runtime, heard, 1)
    assert len(hits(session)) == 1
    assert session.scalars(select(PhraseRule)).one().project_id == project.id
