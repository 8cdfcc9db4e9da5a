"""A reviewer's desk for tests and measurements: a long scorecard, calls with sound and words."""

import io
import json
import wave
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from models.calls import Call, MediaFile
from models.conversations import Conversation
from models.people import Agent, Team
from models.reviews import Task
from models.transcripts import Transcript, Turn
from models.vocab import MediaKind, Party, TranscriptState
from pipelines.review.service import create_tasks
from pipelines.runtime import Runtime
from pipelines.scoring.service import import_scorecard
from pipelines.transcription.sound import copies
from tests import factories
from tests.factories import NOW

RATE = 8_000
TURN_S = 6
BLOCK_S = 60
_SAID = (
    "good morning this is Ann of Northline how may I help you today",
    "my bill is wrong again and I have called about it twice already",
    "I am sorry about that let me look at your account right away",
    "please do and tell me what you find",
)


def both(text: str) -> dict[str, str]:
    return {"en": text, "zh_Hans": f"{text}（中文）"}


def criterion(lineage: str, kind: str, **values: Any) -> dict[str, Any]:
    """Make a criterion of a scorecard file that asks for no words."""
    [section] = factories.SCORECARD["sections"]
    plain = {**section["criteria"][-1], "lineage": lineage, "kind": kind, "text": both(lineage)}
    return {**plain, **values}


def scorecard(count: int = 20) -> dict[str, Any]:
    """Make a card of ``count`` criteria in four sections, of every kind that gives points."""
    levels = [
        {"lineage": name, "points": points, "text": both(name)}
        for name, points in (("fully", "6"), ("partly", "3"), ("not", "0"))
    ]
    boxes = [
        {"lineage": name, "points": "1", "text": both(name)} for name in ("name", "number", "date")
    ]
    kinds: list[dict[str, Any]] = [
        {"kind": "yes_no", "points": "5", "na_allowed": True},
        {"kind": "levels", "options": levels},
        {"kind": "yes_no", "points": "4"},
        {"kind": "points", "points": "5"},
        {"kind": "checklist", "options": boxes},
    ]
    made = []
    for number in range(count):
        values = dict(kinds[number % len(kinds)])
        if "options" in values:
            values["options"] = [
                {**option, "lineage": f"{option['lineage']}{number}"}
                for option in values["options"]
            ]
        made.append(criterion(f"point{number + 1}", values.pop("kind"), **values))
    size = -(-count // 4)
    return {
        **factories.SCORECARD,
        "code": f"desk-{count}",
        "sections": [
            {
                "lineage": f"part{place}",
                "title": both(f"Part {place + 1}"),
                "criteria": made[place * size : (place + 1) * size],
            }
            for place in range(4)
        ],
    }


def _block(start_s: int, seconds: int) -> np.ndarray:
    """Return samples of two sides that hum by turns, with a pause before each turn."""
    t = np.arange(start_s * RATE, (start_s + seconds) * RATE) / RATE
    hum = 0.3 * np.sin(2 * np.pi * 220 * t) * (t % TURN_S < TURN_S - 2)
    first = (t // TURN_S) % 2 == 0
    return np.stack([hum * first, hum * ~first]).astype(np.float32)


def put_sound(runtime: Runtime, seconds: int) -> list[MediaFile]:
    """Store a recording and its picture; return their rows."""
    blocks = [_block(at, min(BLOCK_S, seconds - at)) for at in range(0, seconds, BLOCK_S)]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((2, 1, RATE, 0, "NONE", ""))
        for samples in blocks:
            out.writeframes((samples.T * 127 + 128).astype("u1").tobytes())
    file.seek(0)
    picture = io.BytesIO(json.dumps(copies.peaks(blocks, RATE)).encode())
    stored = (
        (MediaKind.ORIGINAL, runtime.storage.put(file, suffix=".wav"), "audio/wav"),
        (MediaKind.PEAKS, runtime.storage.put(picture, suffix=".json"), "application/json"),
    )
    return [
        MediaFile(
            kind=kind,
            storage_key=put.key,
            mimetype=mimetype,
            sha256=put.sha256,
            size_bytes=put.size_bytes,
            created_at=NOW,
        )
        for kind, put, mimetype in stored
    ]


def add_words(session: Session, call: Call, files: list[MediaFile], seconds: int) -> None:
    """Give a call its recording, a turn every few seconds, a silence and both at once."""
    recording = factories.make_recording(session, call)
    recording.files.extend(files)
    whole = seconds * 1000
    transcript = Transcript(
        recording=recording,
        site_id=call.site_id,
        state=TranscriptState.DONE,
        language="en",
        model="test",
        options={},
        versions={},
        attempt=1,
        audio_ms=whole,
        made_at=NOW,
    )
    for place in range(seconds // TURN_S):
        start, text = place * TURN_S * 1000, _SAID[place % len(_SAID)]
        words = text.split()
        each = (TURN_S - 2) * 1000 // len(words)
        transcript.turns.append(
            Turn(
                position=place + 1,
                party=(Party.AGENT, Party.CUSTOMER)[place % 2],
                start_ms=start,
                end_ms=start + each * len(words),
                text=text,
                masked_text=text,
                masks=[],
                confidence=0.9,
                words=[
                    [(" " if at else "") + word, start + at * each, start + (at + 1) * each, 0.9]
                    for at, word in enumerate(words)
                ],
            )
        )
    session.add(transcript)
    session.flush()
    session.add(
        Conversation(
            transcript_id=transcript.id,
            audio_ms=whole,
            talk_ms=whole - 10_000,
            overlap_ms=1_000,
            silence_ms=10_000,
            longest_silence_ms=5_000,
            dead_air_limit_ms=4_000,
            dead_airs=2,
            dead_air_ms=10_000,
            music_ms=0,
            marks=[
                ["dead_air", 10_000, 15_000],
                ["overlap", 24_000, 25_000],
                ["dead_air", 40_000, 45_000],
            ],
        )
    )
    session.flush()


def add_desk(
    session: Session, runtime: Runtime, agent: Agent, team: Team, lengths: list[int]
) -> list[Task]:
    """Add drawn calls of these lengths in seconds, ready to be reviewed on the long card."""
    card = import_scorecard(session, scorecard(), now=NOW)
    project = factories.make_project(session, team.site, scorecard_id=card.scorecard_id)
    calls = [
        factories.make_call(session, agent, team, project, talk_ms=seconds * 1000)
        for seconds in lengths
    ]
    for call, seconds in zip(calls, lengths, strict=True):
        add_words(session, call, put_sound(runtime, seconds), seconds)
    return create_tasks(session, factories.make_draw(session, project, calls), now=NOW)
