"""Who heard, read or exported a call: opened recordings and what was shown without opening them.

A page that shows words of calls outside a task says so with ``note``; opened recordings write
themselves (``listening``). Both are one list for the agent of the call.
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, String, cast, func, literal, select
from sqlalchemy.orm import Session

from models.calls import Call, Project, Recording
from models.operations import Listening
from models.people import Site, User
from models.rights import CallAccess
from models.vocab_rights import AccessWay
from pipelines import accesses
from qa_app import db
from qa_app.access import Action, current_person, visible
from qa_app.calls.blindness import blind_to
from qa_app.calls.player import PlayerView, purpose_words
from qa_app.clock import now
from qa_app.permissions import Person

WAYS: dict[AccessWay, LazyString] = {
    AccessWay.SEARCH: _l("Words shown by a search"),
    AccessWay.PHRASES: _l("Words shown in a list of phrase hits"),
    AccessWay.TRANSCRIPT: _l("Transcript read, without sound"),
    AccessWay.NOTES: _l("Words about it read, without sound"),
    AccessWay.EXPORT: _l("In an exported file"),
    AccessWay.COPY: _l("In a copy of personal data"),
}
PAGE = 50


@dataclass(frozen=True)
class AccessRow:
    """Somebody heard, read or exported a call, and why; ``call`` is its address and begin."""

    who: str
    why: str
    at: datetime
    call: uuid.UUID
    started_at: datetime
    timezone: str
    project: str


@dataclass(frozen=True)
class AccessPage:
    """One page of what others did with a person's own calls, newest first."""

    rows: tuple[AccessRow, ...]
    total: int
    page: int
    pages: int


def note(call_ids: Iterable[int], way: AccessWay) -> None:
    """Write down that the page shows who is signed in something of these calls; once an hour.

    In a transaction of its own, like a listening: the page itself only reads.
    """
    person, at = current_person(), now()
    ids = set(call_ids)
    hour = at.replace(minute=0, second=0, microsecond=0)
    there = db.session().scalars(
        select(CallAccess.call_id).where(
            CallAccess.user_id == person.id,
            CallAccess.way == way,
            CallAccess.call_id.in_(ids),
            CallAccess.hour == hour,
        )
    )
    if missing := ids.difference(there):
        with db.apart() as own:
            accesses.note(own, person.id, sorted(missing), way, now=at)


def note_all(calls: Select[Any], way: AccessWay) -> None:
    """Write the same down of all calls that a file holds: ``calls`` selects their ids."""
    with db.apart() as own:
        accesses.note_all(own, current_person().id, calls, way, now=now())


def note_transcript(player: PlayerView | None) -> None:
    """Write down that a transcript is read where there is no sound that would say so itself."""
    if player is None or player.audio_url or not player.turns:
        return
    call_id = db.session().scalar(select(Recording.call_id).where(Recording.uid == player.uid))
    if call_id is not None:
        note([call_id], AccessWay.TRANSCRIPT)


def note_words(player: PlayerView | None, call_id: int) -> None:
    """Write down that words about a call are read, where no sound is there to say so itself.

    Of a page without player: a talk, a request for help, or a call whose recording is gone. A form
    that was sent shows no more than the page that it stood on, and its work must not be undone.
    """
    if request.method == "POST":
        return
    if player is not None and player.turns:
        note_transcript(player)
    elif player is None or not player.audio_url:
        note([call_id], AccessWay.NOTES)


def _all(heard: Select[Any], seen: Select[Any]) -> Any:
    """Join opened recordings and other accesses to rows of at, call, user, purpose, way."""
    return (
        heard.with_only_columns(
            Listening.opened_at.label("at"),
            select(Recording.call_id)
            .where(Recording.id == Listening.recording_id)
            .scalar_subquery()
            .label("call_id"),
            Listening.user_id.label("user_id"),
            Listening.purpose.label("purpose"),
            literal("").label("way"),
        )
        .union_all(
            seen.with_only_columns(
                CallAccess.at,
                CallAccess.call_id,
                CallAccess.user_id,
                literal(""),
                cast(CallAccess.way, String),
            )
        )
        .subquery()
    )


def of_call(session: Session, call: Call, *, blind: bool) -> tuple[AccessRow, ...]:
    """Return everybody who heard, read or exported a call that the caller may see."""
    recordings = select(Recording.id).where(Recording.call_id == call.id)
    found = _all(
        select(Listening).where(Listening.recording_id.in_(recordings)),
        select(CallAccess).where(CallAccess.call_id == call.id),
    )
    return _rows(session, found, blind={call.id} if blind else set())


def own_page(session: Session, person: Person, page: int) -> AccessPage:
    """Return what others did with the calls that the person took, as an agent."""
    found = _own(person)
    total = session.scalar(select(func.count()).select_from(found)) or 0
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    rows = _rows(
        session,
        found,
        blind=_judged(session, person, found),
        limit=PAGE,
        offset=(page - 1) * PAGE,
    )
    return AccessPage(rows=rows, total=total, page=page, pages=pages)


def own_rows(session: Session, person: Person) -> tuple[AccessRow, ...]:
    """Return all of it, for the copy of a person's data."""
    found = _own(person)
    return _rows(session, found, blind=_judged(session, person, found))


def _own(person: Person) -> Any:
    # Asked on behalf of the agent alone: what a person may see in another role is not their own.
    action = Action.FEEDBACK_RESPOND
    heard = visible(person, Listening, action).where(Listening.user_id.is_distinct_from(person.id))
    seen = visible(person, CallAccess, action).where(CallAccess.user_id.is_distinct_from(person.id))
    return _all(heard, seen)


def _judged(session: Session, person: Person, found: Any) -> set[int]:
    calls = select(Call.id).where(
        Call.id.in_(select(found.c.call_id)), blind_to(person, Call.id, now())
    )
    return set(session.scalars(calls))


def _rows(
    session: Session,
    found: Any,
    *,
    blind: Collection[int],
    limit: int | None = None,
    offset: int = 0,
) -> tuple[AccessRow, ...]:
    rows = session.execute(
        select(
            found.c.at,
            found.c.purpose,
            found.c.way,
            User.display_name,
            Call.id,
            Call.uid,
            Call.started_at,
            Site.timezone,
            Project.name,
        )
        .join(Call, Call.id == found.c.call_id)
        .join(Site, Site.id == Call.site_id)
        .join(Project, Project.id == Call.project_id)
        .outerjoin(User, User.id == found.c.user_id)
        .order_by(found.c.at.desc())
        .limit(limit)
        .offset(offset)
    )
    return tuple(
        AccessRow(
            who=name or "",
            why=str(WAYS[AccessWay(way)])
            if way
            else purpose_words(purpose, blind=call_id in blind),
            at=at,
            call=uid,
            started_at=started_at,
            timezone=timezone,
            project=project,
        )
        for at, purpose, way, name, call_id, uid, started_at, timezone, project in rows
    )
