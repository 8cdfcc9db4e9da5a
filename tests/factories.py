"""Rows for tests: each function adds what it needs, with plain defaults, and flushes."""

import hashlib
import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.calls import Call, Leg, Project, Recording
from models.people import Agent, Site, Team, TeamMember, User, UserRole
from models.reviews import Review, ReviewRevision, Task
from models.samples import Draw, DrawnCall, DrawStratum, SamplePlan
from models.scorecards import Scorecard, ScorecardVersion
from models.transcripts import Transcript, Turn
from models.vocab import (
    ChannelLayout,
    Direction,
    Origin,
    Party,
    ReviewState,
    RevisionCause,
    Role,
    TranscriptState,
)
from pipelines.review.service import create_tasks
from pipelines.scoring.service import import_scorecard

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def _add(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row


def make_site(session: Session, code: str | None = None, timezone: str = "Asia/Shanghai") -> Site:
    code = code or f"site{next(_numbers)}"
    return _add(session, Site(code=code, name=code.title(), timezone=timezone))


def make_team(session: Session, site: Site, code: str | None = None) -> Team:
    code = code or f"team{next(_numbers)}"
    return _add(session, Team(site=site, code=code, name=code.title()))


def make_user(
    session: Session,
    username: str | None = None,
    *,
    roles: list[tuple[Role, Site, Team | None]] | None = None,
    **values: Any,
) -> User:
    username = username or f"user{next(_numbers)}"
    user = User(username=username, display_name=username.title(), created_at=NOW, **values)
    user.roles = [
        UserRole(role=role, site_id=site.id, team_id=team.id if team else None)
        for role, site, team in roles or []
    ]
    return _add(session, user)


def make_agent(
    session: Session, team: Team, code: str | None = None, user: User | None = None
) -> Agent:
    code = code or f"agent{next(_numbers)}"
    agent = _add(session, Agent(site=team.site, code=code, name=code.title(), user=user))
    _add(session, TeamMember(agent_id=agent.id, team_id=team.id, valid_from=date(2020, 1, 1)))
    return agent


def make_project(session: Session, site: Site, code: str | None = None, **values: Any) -> Project:
    code = code or f"project{next(_numbers)}"
    return _add(session, Project(site=site, code=code, name=code.title(), **values))


def make_call(
    session: Session,
    agent: Agent,
    team: Team,
    project: Project,
    *,
    started_at: datetime = datetime(2026, 11, 16, 2, 0, tzinfo=UTC),
    talk_ms: int = 40_000,
    legs: int = 1,
    **values: Any,
) -> Call:
    """Add a connected call; its legs share the talk time and the agent."""
    key = values.pop("source_key", None) or f"call{next(_numbers)}"
    site = team.site
    local = started_at.astimezone(ZoneInfo(site.timezone))
    when = {
        "started_at": started_at,
        "local_date": local.date(),
        "local_slot": local.hour * 2 + local.minute // 30,
    }
    digest = hashlib.sha256(f"test\x1f{key}".encode()).digest()
    values.setdefault("direction", Direction.OUT)
    call = Call(
        source="test",
        source_key=key,
        draw_key=int.from_bytes(digest[:8], "big", signed=True),
        content_hash=key,
        site_id=site.id,
        project_id=project.id,
        team_id=team.id,
        agent_id=agent.id,
        talk_ms=talk_ms,
        transfers=legs - 1,
        imported_at=NOW,
        **when,
        **values,
    )
    call.legs = [
        Leg(
            position=position,
            content_hash=f"{key}-{position}",
            site_id=site.id,
            team_id=team.id,
            agent_id=agent.id,
            talk_ms=talk_ms // legs,
            **when,
        )
        for position in range(1, legs + 1)
    ]
    return _add(session, call)


def make_recording(session: Session, call: Call, **values: Any) -> Recording:
    """Add a recording on file, without any stored file."""
    return _add(
        session,
        Recording(
            call_id=call.id,
            site_id=call.site_id,
            sha256=values.pop("sha256", hashlib.sha256(call.source_key.encode()).hexdigest()),
            codec="pcm_mulaw",
            channels=2,
            sample_rate=8_000,
            duration_ms=call.talk_ms,
            layout=ChannelLayout.AGENT_LEFT,
            received_at=call.started_at + timedelta(hours=1),
            **values,
        ),
    )


def _both(text: str) -> dict[str, str]:
    return {"en": text, "zh_Hans": f"{text}（中文）"}


def _criterion(lineage: str, kind: str, **values: Any) -> dict[str, Any]:
    return {
        "lineage": lineage,
        "kind": kind,
        "text": _both(lineage),
        "guidance": {},
        "examples": {},
        "points": "0",
        "step": "1",
        "options": [],
        "bonus": False,
        "critical": False,
        "critical_min": "0",
        "na_allowed": False,
        "comment_when": "never",
        "reasons": [],
        "condition": None,
        "skill": "soft",
        **values,
    }


SCORECARD: dict[str, Any] = {
    "code": "test-card",
    "title": _both("Test card"),
    "description": {},
    "pass_pct": "60",
    "excellent_pct": "90",
    "sections": [
        {
            "lineage": "all",
            "title": _both("All"),
            "criteria": [
                _criterion("greeting", "yes_no", points="5", comment_when="zero"),
                _criterion(
                    "needs",
                    "levels",
                    options=[
                        {"lineage": f"needs_{name}", "points": points, "text": _both(name)}
                        for name, points in (("good", "15"), ("some", "6"), ("none", "0"))
                    ],
                ),
                _criterion(
                    "identity",
                    "yes_no",
                    points="10",
                    critical=True,
                    critical_min="10",
                    na_allowed=True,
                ),
                _criterion(
                    "praise",
                    "yes_no",
                    points="2",
                    bonus=True,
                    condition={"criterion": "greeting", "in": ["yes"]},
                ),
                _criterion("note", "text"),
            ],
        }
    ],
}
"""A small scorecard: 30 points attainable, one critical criterion, one bonus on a condition."""


def make_draw(session: Session, project: Project, calls: list[Call], **plan: Any) -> Draw:
    """Add a plan with a draw of one stratum that took all of ``calls``."""
    number = next(_numbers)
    sample_plan = SamplePlan(
        site_id=project.site_id, name=f"plan{number}", settings={}, created_at=NOW, **plan
    )
    draw = Draw(
        plan=sample_plan,
        site_id=project.site_id,
        period_start=calls[0].local_date,
        period_end=calls[0].local_date,
        as_of=NOW,
        seed=f"{number:016x}",
        n_calls=len(calls),
        n_connected=len(calls),
        n_recorded=len(calls),
        excluded={},
        settings={},
        manifest_key="",
        manifest_sha256="",
        drawn_at=NOW,
    )
    stratum = DrawStratum(
        draw=draw, key="ordinary", position=1, n_frame=len(calls), n_drawn=len(calls)
    )
    _add(session, draw)
    _add(session, stratum)
    for position, call in enumerate(calls, start=1):
        _add(
            session,
            DrawnCall(
                draw_id=draw.id,
                call_id=call.id,
                stratum_id=stratum.id,
                position=position,
                random_number=position,
                reasons=[],
                explanation={},
            ),
        )
    return draw


def make_version(session: Session, code: str | None = None) -> ScorecardVersion:
    """Add a scorecard with one empty version: enough for reviews whose points are given."""
    code = code or f"card{next(_numbers)}"
    version = ScorecardVersion(
        scorecard=Scorecard(code=code),
        number=1,
        title=_both(code),
        description={},
        pass_bp=6_000,
        excellent_bp=9_000,
        created_at=NOW,
    )
    return _add(session, version)


def make_review(
    session: Session,
    leg: Leg,
    version: ScorecardVersion,
    *,
    earned: int = 2_700,
    attainable: int = 3_000,
    excellent: bool | None = True,
    passed: bool | None = True,
    submitted_at: datetime = NOW,
    **values: Any,
) -> Review:
    """Add a submitted review with its first revision; the points are given, not computed."""
    review = Review(
        origin=values.pop("origin", Origin.DRAWN),
        site_id=leg.site_id,
        team_id=leg.team_id,
        leg_id=leg.id,
        version_id=version.id,
        state=ReviewState.SUBMITTED,
        draft=values.pop("draft", {}),
        started_at=submitted_at,
        saved_at=submitted_at,
        submitted_at=submitted_at,
        **values,
    )
    _add(session, review)
    make_revision(session, review, earned, attainable, excellent=excellent, passed=passed)
    return review


def make_revision(
    session: Session,
    review: Review,
    earned: int,
    attainable: int,
    *,
    excellent: bool | None,
    passed: bool | None,
) -> ReviewRevision:
    """Add a revision and make it the current one."""
    revision = ReviewRevision(
        review_id=review.id,
        number=next(_numbers),
        cause=RevisionCause.SUBMITTED,
        earned=earned,
        attainable=attainable,
        failed_critical=[],
        excellent=excellent,
        passed=passed,
        at=NOW,
    )
    _add(session, revision)
    review.current_revision_id = revision.id
    session.flush()
    return revision


def make_tasks(
    session: Session, agent: Agent, team: Team, *, count: int = 1, **project: Any
) -> list[Task]:
    """Add drawn calls of ``agent`` on the small scorecard, with the tasks to review them."""
    card = import_scorecard(session, SCORECARD, now=NOW)
    made = make_project(session, team.site, scorecard_id=card.scorecard_id, **project)
    calls = [make_call(session, agent, team, made) for _ in range(count)]
    return create_tasks(session, make_draw(session, made, calls), now=NOW)


def make_transcript(
    session: Session,
    recording: Recording,
    said: list[tuple[Party, int, str]],
    *,
    sure: float = 0.9,
    language: str = "en",
) -> Transcript:
    """Add a transcript of (party, start in ms, text): a word each half second, 400 ms long."""
    transcript = Transcript(
        recording=recording,
        site_id=recording.site_id,
        state=TranscriptState.DONE,
        language=language,
        model="test",
        options={},
        versions={},
        attempt=1,
        audio_ms=recording.duration_ms,
        made_at=NOW,
    )
    _add(session, transcript)
    add_turns(session, transcript, said, sure=sure)
    return transcript


def add_turns(
    session: Session,
    transcript: Transcript,
    said: list[tuple[Party, int, str]],
    *,
    sure: float = 0.9,
) -> None:
    """Add turns to a transcript; Chinese has a word for each character."""
    for position, (party, start, text) in enumerate(said, start=1):
        pieces = text.split() if text.isascii() else list(text)
        blank = " " if text.isascii() else ""
        words = [
            [(blank if place else "") + piece, start + place * 500, start + place * 500 + 400, sure]
            for place, piece in enumerate(pieces)
        ]
        _add(
            session,
            Turn(
                transcript_id=transcript.id,
                position=position,
                party=party,
                start_ms=start,
                end_ms=words[-1][2],
                text=text,
                confidence=sure,
                words=words,
                masked_text=text,
                masks=[],
            ),
        )
    session.expire(transcript, ["turns"])
