"""The frame of a draw and its peers, read from the database as columns.

The frame is every call of the period and filters with talk time, handled by a person, whose
recording may be used and is on file. What is left out is counted by kind.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, or_, select, true
from sqlalchemy.orm import Session

from models.calls import Call, Complaint, Project, Recording, Survey
from models.people import Agent, Team
from models.samples import Draw, DrawnCall
from models.vocab import (
    ComplaintStatus,
    Direction,
    DrawState,
    Outcome,
    RecordingState,
    Satisfaction,
    SkipKind,
)
from pipelines.sampling.fetch import fetch_columns
from pipelines.sampling.rules.columns import I64, FrameColumns, PeerColumns
from pipelines.sampling.rules.numbers import U64, to_unsigned
from pipelines.sampling.rules.settings import PlanSettings

PEER_DAYS = 28

_OUTBOUND, _ROBOT, _NOTICE, _SUCCESS, _LISTED = 1, 2, 4, 8, 16


@dataclass(frozen=True)
class LoadedFrame:
    """The frame's columns with what belongs to them.

    ``call_id`` and ``earlier`` (call id to the row of its earlier draw) never decide anything;
    ``projects`` and ``agents`` are the codes that the columns point at. ``excluded`` counts calls
    with talk time that are not in the frame; ``n_connected`` counts all handled by a person.
    """

    columns: FrameColumns
    call_id: I64
    earlier: dict[int, int]
    projects: list[str]
    agents: list[str]
    n_calls: int
    n_connected: int
    excluded: dict[str, int]

    @property
    def n_recorded(self) -> int:
        """Return N, the calls that the draw speaks for."""
        return len(self.call_id)


def load_frame(
    session: Session,
    site_id: int,
    settings: PlanSettings,
    start: date,
    end: date,
    *,
    as_of: datetime,
    before_draw: int | None = None,
) -> LoadedFrame:
    """Read the frame as it stands, with complaints, answers and earlier draws known at ``as_of``.

    ``before_draw`` looks at earlier draws as they were before that draw (its id).
    """
    period = _period(session, site_id, settings, start, end)
    ids, stored_keys, project, agent, talk, transfers, value, currency, flags = fetch_columns(
        session, _frame_query(session, period, settings), group_by=[Call.local_date]
    )

    def has(flag: int) -> NDArray[np.bool_]:
        return (flags & flag) > 0

    # Ids of calls lie close together, so a range of them reads little else from other tables.
    within = (int(ids.min()), int(ids.max())) if len(ids) else (0, -1)
    recorded = np.isin(ids, _on_file(session, site_id, within))
    talked = talk > 0
    robot = talked & (has(_ROBOT) | (agent == 0))
    person = talked & ~robot
    no_notice = person & ~has(_NOTICE)
    short = person & ~no_notice & (talk < settings.min_talk_ms)
    unrecorded = person & ~no_notice & ~short & ~recorded
    inside = np.flatnonzero(person & ~no_notice & ~short & ~unrecorded)

    ids, keys = ids[inside], to_unsigned(stored_keys[inside])
    project_codes, project_index = _coded(session, Project, project[inside])
    agent_codes, agent_index = _coded(session, Agent, agent[inside])
    earlier = _earlier(session, site_id, start, end, before_draw)
    dissatisfied, top = _answers(session, within, as_of)
    complaints = _complaints(session, within, as_of)
    columns = FrameColumns(
        draw_key=keys,
        tie_rank=_tie_ranks(session, ids, keys),
        talk_ms=talk[inside],
        project=project_index,
        outbound=has(_OUTBOUND)[inside],
        agent=agent_index,
        transfers=transfers[inside],
        tier_listed=has(_LISTED)[inside],
        value=value[inside],
        currency=currency[inside],
        success=has(_SUCCESS)[inside],
        complaint=np.isin(ids, complaints),
        dissatisfied=np.isin(ids, dissatisfied),
        top_satisfied=np.isin(ids, top),
        already=np.isin(ids, np.array(list(earlier), dtype=np.int64)),
    )
    return LoadedFrame(
        columns=columns,
        call_id=ids,
        earlier=earlier,
        projects=project_codes,
        agents=agent_codes,
        n_calls=len(talk),
        n_connected=int(np.count_nonzero(person)),
        excluded={
            "robot": int(np.count_nonzero(robot)),
            "no_notice": int(np.count_nonzero(no_notice)),
            "under_minimum": int(np.count_nonzero(short)),
            "no_recording": int(np.count_nonzero(unrecorded)),
        },
    )


def load_peers(
    session: Session, site_id: int, start: date, end: date, frame: LoadedFrame
) -> PeerColumns:
    """Read all connected calls of the site in the 28 days up to ``end``, robots left out.

    A longer period (from ``start``) is read whole: a frame's calls are peers of each other.
    """
    earliest = min(start, end - timedelta(days=PEER_DAYS - 1))
    statement = select(
        Call.project_id,
        case((Call.direction == Direction.OUT, 1), else_=0),
        _currency_number(session),
        Call.talk_ms,
        func.coalesce(Call.customer_value_minor, -1),
    ).where(
        Call.site_id == site_id,
        Call.local_date.between(earliest, end),
        Call.talk_ms > 0,
        Call.by_robot == false(),
    )
    # The order of ix_call_peers, which holds all these columns.
    groups = [Call.local_date, Call.project_id, Call.direction, Call.currency]
    project, outbound, currency, talk, value = fetch_columns(
        session, statement, group_by=groups, constant=3
    )
    # Projects that the frame does not hold come after those that it does: any number will do.
    codes = _codes(session, Project, np.unique(project))
    places = {code: place for place, code in enumerate(frame.projects)}
    others = len(places)
    known = {key: places.get(code, others + key) for key, code in codes.items()}
    return PeerColumns(
        project=_mapped(project, known),
        outbound=outbound.astype(np.bool_),
        talk_ms=talk,
        value=value,
        currency=currency,
    )


def _period(
    session: Session, site_id: int, settings: PlanSettings, start: date, end: date
) -> ColumnElement[bool]:
    conditions = [Call.site_id == site_id, Call.local_date.between(start, end)]
    if settings.projects:
        conditions.append(Call.project_id.in_(_ids(session, Project, site_id, settings.projects)))
    if settings.teams:
        conditions.append(Call.team_id.in_(_ids(session, Team, site_id, settings.teams)))
    if settings.directions:
        conditions.append(Call.direction.in_(settings.directions))
    return and_(*conditions)


def eligible(
    session: Session, site_id: int, settings: PlanSettings, start: date, end: date
) -> ColumnElement[bool]:
    """Return the condition for calls that belong to the frame once their recording is on file."""
    return and_(
        _period(session, site_id, settings, start, end),
        Call.talk_ms > 0,
        Call.talk_ms >= settings.min_talk_ms,
        Call.by_robot == false(),
        Call.agent_id.is_not(None),
        Call.recording_notice == true(),
    )


def _ids(
    session: Session, model: type[Project | Team], site_id: int, codes: tuple[str, ...]
) -> list[int]:
    found = select(model.id).where(model.site_id == site_id, model.code.in_(codes))
    return list(session.scalars(found))


def _frame_query(
    session: Session, period: ColumnElement[bool], settings: PlanSettings
) -> Select[Any]:
    tiers = settings.thresholds.tiers
    flags = (
        case((Call.direction == Direction.OUT, _OUTBOUND), else_=0)
        + case((Call.by_robot, _ROBOT), else_=0)
        + case((Call.recording_notice, _NOTICE), else_=0)
        + case((Call.outcome == Outcome.SUCCESS, _SUCCESS), else_=0)
        + (case((Call.customer_tier.in_(tiers), _LISTED), else_=0) if tiers else literal(0))
    )
    return select(
        Call.id,
        Call.draw_key,
        Call.project_id,
        func.coalesce(Call.agent_id, 0),
        Call.talk_ms,
        Call.transfers,
        func.coalesce(Call.customer_value_minor, -1),
        _currency_number(session),
        flags,
    ).where(period)


def _on_file(session: Session, site_id: int, within: tuple[int, int]) -> I64:
    statement = select(Recording.call_id).where(
        Recording.site_id == site_id,
        Recording.state == RecordingState.PRESENT,
        Recording.call_id.between(*within),
    )
    return fetch_columns(session, statement, group_by=[Recording.state])[0]


def _currency_number(session: Session) -> ColumnElement[int]:
    """Return ``peers.currency_number`` as SQL; 0 where there is none."""
    letter = func.ascii if session.get_bind().dialect.name == "postgresql" else func.unicode
    number = (
        letter(func.substr(Call.currency, 1, 1)) * 65_536
        + letter(func.substr(Call.currency, 2, 1)) * 256
        + letter(func.substr(Call.currency, 3, 1))
    )
    return func.coalesce(number, 0)


def _codes(session: Session, model: type[Project | Agent], ids: I64) -> dict[int, str]:
    wanted = {int(key) for key in ids}
    return {
        key: code for key, code in session.execute(select(model.id, model.code)) if key in wanted
    }


def _coded(session: Session, model: type[Project | Agent], ids: I64) -> tuple[list[str], I64]:
    """Return the codes that occur, in alphabetical order, and each row's index into them."""
    codes = _codes(session, model, np.unique(ids))
    ordered = sorted(set(codes.values()))
    places = {code: place for place, code in enumerate(ordered)}
    return ordered, _mapped(ids, {key: places[code] for key, code in codes.items()})


def _mapped(values: I64, to: dict[int, int]) -> I64:
    keys, inverse = np.unique(values, return_inverse=True)
    return np.array([to[int(key)] for key in keys], dtype=np.int64)[inverse]


def _tie_ranks(session: Session, ids: I64, keys: U64) -> I64:
    """Rank calls of equal draw key by source key; there is one such pair in 2^64 / N^2 frames."""
    ranks = np.zeros(len(keys), dtype=np.int64)
    ordered = np.sort(keys)
    doubled = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(doubled):
        return ranks
    rows = np.flatnonzero(np.isin(keys, doubled))
    names = {
        key: (source, source_key)
        for key, source, source_key in session.execute(
            select(Call.id, Call.source, Call.source_key).where(Call.id.in_(ids[rows].tolist()))
        )
    }
    for rank, row in enumerate(sorted(rows.tolist(), key=lambda row: names[int(ids[row])])):
        ranks[row] = rank
    return ranks


def _complaints(session: Session, within: tuple[int, int], as_of: datetime) -> I64:
    statement = select(Complaint.call_id).where(
        Complaint.call_id.between(*within),
        Complaint.received_at <= as_of,
        Complaint.status != ComplaintStatus.NOT_UPHELD,
    )
    return fetch_columns(session, statement)[0]


def _answers(session: Session, within: tuple[int, int], as_of: datetime) -> tuple[I64, I64]:
    """Return the calls whose last valid answer was dissatisfied, and those with the top level."""
    valid = (Satisfaction.SATISFIED, Satisfaction.NEUTRAL, Satisfaction.DISSATISFIED)
    statement = (
        select(
            Survey.call_id,
            case((Survey.satisfaction == Satisfaction.DISSATISFIED, 1), else_=0),
            case((Survey.level == 5, 1), else_=0),  # noqa: PLR2004 - the top of five levels
        )
        .where(
            Survey.call_id.between(*within),
            Survey.answered_at <= as_of,
            Survey.satisfaction.in_(valid),
        )
        .order_by(Survey.answered_at, Survey.source, Survey.source_key)
    )
    calls, dissatisfied, top = fetch_columns(session, statement)
    last, place = np.unique(calls[::-1], return_index=True)
    return last[dissatisfied[::-1][place] > 0], last[top[::-1][place] > 0]


def _earlier(
    session: Session, site_id: int, start: date, end: date, before_draw: int | None
) -> dict[int, int]:
    """Return the calls of other draws, open or closed, that were not passed over unreviewed."""
    statement = (
        select(DrawnCall.call_id, DrawnCall.id)
        .join(Draw, Draw.id == DrawnCall.draw_id)
        .where(
            Draw.site_id == site_id,
            Draw.state != DrawState.VOID,
            Draw.period_start <= end,
            Draw.period_end >= start,
            DrawnCall.earlier_id.is_(None),
            or_(DrawnCall.skip_kind.is_(None), DrawnCall.skip_kind == SkipKind.INELIGIBLE),
        )
        .order_by(DrawnCall.id)
    )
    if before_draw is not None:
        statement = statement.where(Draw.id < before_draw)
    return {row.call_id: row.id for row in session.execute(statement)}
