"""No figure of fewer than five people, neither of a team nor of a week; and who saw which call."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Call
from models.operations import Listening
from models.rights import CallAccess
from models.vocab_rights import AccessWay
from pipelines import accesses
from pipelines.measures import service
from pipelines.measures.overview import overview
from pipelines.measures.samples import Scope
from pipelines.periods import parse_period
from qa_app.calls.accesses import _all
from tests import factories as make
from tests.factories import NOW

START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)


def test_neither_a_small_week_nor_what_is_left_of_the_total_tells_of_few(session: Session) -> None:
    site = make.make_site(session)
    project = make.make_project(session, site)
    teams = [make.make_team(session, site, name) for name in ("large", "middle", "small")]
    days = set()
    for team, people, earlier in zip(teams, (9, 6, 4), (2, 2, 0), strict=True):
        for number in range(people):
            agent = make.make_agent(session, team)
            make.make_call(session, agent, team, project, started_at=START)
            if number < earlier:
                # A week before, four people of two teams were at work.
                before = START - timedelta(days=7)
                make.make_call(session, agent, team, project, started_at=before)
                days.add(before.date())
    for day in {START.date(), *days}:
        service.rebuild_day(session, site.id, day)
    found = overview(session, Scope((site.id,)), parse_period("2026-W47"))
    assert found.people == 19
    assert found.total is not None
    assert found.total.coverage.denominator == 19
    # The small team is left out, and the middle one, by which the small one could be worked out.
    assert {team.code: team.figures is not None for team in found.teams} == {
        "large": True,
        "middle": False,
        "small": False,
    }
    this, last = found.weeks[-1], found.weeks[-2]
    assert this.coverage.denominator == 19
    assert last.coverage.denominator == 0
    assert found.before is not None
    assert found.before.coverage.denominator == 0


def test_who_saw_a_call_is_written_once_an_hour_and_read_with_who_heard_it(
    session: Session,
) -> None:
    team = make.make_team(session, make.make_site(session))
    agent, user = make.make_agent(session, team), make.make_user(session)
    project = make.make_project(session, team.site)
    calls = [make.make_call(session, agent, team, project) for _ in range(3)]
    recording = make.make_recording(session, calls[0])
    session.add(
        Listening(
            token_id="t", user_id=user.id, recording_id=recording.id, purpose="why", opened_at=NOW
        )
    )
    ids = [call.id for call in calls]
    for minutes in (0, 59, 60):
        at = NOW + timedelta(minutes=minutes)
        accesses.note(session, user.id, ids[:2], AccessWay.SEARCH, now=at)
        wanted = select(Call.id).where(Call.id.in_(ids[1:])).order_by(Call.started_at)
        accesses.note_all(session, user.id, wanted, AccessWay.EXPORT, now=at)
    assert session.scalar(select(func.count(CallAccess.id))) == 8
    found = _all(select(Listening), select(CallAccess))
    rows = session.execute(select(found.c.call_id, found.c.purpose, found.c.way)).all()
    assert sorted((ids.index(row.call_id), row.purpose, row.way) for row in rows) == [
        (0, "", "search"),
        (0, "", "search"),
        (0, "why", ""),
        *[(1, "", "export")] * 2,
        *[(1, "", "search")] * 2,
        *[(2, "", "export")] * 2,
    ]
