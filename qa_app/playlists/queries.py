"""Playlists in the person's scope, with those of their exemplars that the person may meet now."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.practice import Playlist, PlaylistItem
from models.reviews import Exemplar
from models.vocab_learning import ExemplarAudience
from qa_app.access import Action, Person, load, may, visible
from qa_app.exemplars.queries import Entry, entries_of, for_entry, listed


@dataclass(frozen=True)
class Row:
    """A playlist in the list; ``team`` is empty where the whole site meets it."""

    uid: uuid.UUID
    title: str
    about: str
    team: str
    made_by: str
    items: int


@dataclass(frozen=True)
class IndexPage:
    """The playlists in scope."""

    rows: tuple[Row, ...]
    may_make: bool


@dataclass(frozen=True)
class Item:
    """A place in a playlist; the exemplar is null where the person may not meet it now."""

    uid: uuid.UUID
    note: str
    entry: Entry | None


@dataclass(frozen=True)
class ShowPage:
    """A playlist with its exemplars in order; ``offered`` can be put in: (value, words)."""

    row: Row
    items: tuple[Item, ...]
    playable: int
    may_change: bool
    offered: tuple[Entry, ...]


def _row(playlist: Playlist, items: int) -> Row:
    return Row(
        uid=playlist.uid,
        title=playlist.title,
        about=playlist.about,
        team=playlist.team.name if playlist.team else "",
        made_by=playlist.made_by.display_name if playlist.made_by else "–",
        items=items,
    )


def index_page(session: Session, person: Person) -> IndexPage:
    """List playlists by title."""
    rows = session.scalars(
        visible(person, Playlist, Action.EXEMPLARS_READ)
        .options(joinedload(Playlist.team), joinedload(Playlist.made_by))
        .order_by(Playlist.title, Playlist.id)
    ).all()
    counted = (
        select(PlaylistItem.playlist_id, func.count())
        .where(PlaylistItem.playlist_id.in_([row.id for row in rows]))
        .group_by(PlaylistItem.playlist_id)
    )
    counts: dict[int, int] = {row[0]: row[1] for row in session.execute(counted)}
    return IndexPage(
        rows=tuple(_row(row, counts.get(row.id, 0)) for row in rows),
        may_make=may(person, Action.EXEMPLARS_CHOOSE),
    )


def show_page(session: Session, person: Person, uid: uuid.UUID, now: dt.datetime) -> ShowPage:
    """Gather a playlist. What the person may not meet now keeps its place, without a word on it."""
    found = load(session, person, Action.EXEMPLARS_READ, Playlist, uid)
    playlist = session.scalars(
        select(Playlist).where(Playlist.id == found.id).options(selectinload(Playlist.items))
    ).one()
    ids = [item.exemplar_id for item in playlist.items]
    rows = session.scalars(
        listed(person, now)[0].where(Exemplar.id.in_(ids)).options(*for_entry())
    ).unique()
    there = {row.id: row for row in rows}
    entries = dict(zip(there, entries_of(session, person, list(there.values())), strict=True))
    items = tuple(
        Item(item.uid, item.note, entries.get(item.exemplar_id)) for item in playlist.items
    )
    mine = session.scalar(
        visible(person, Playlist, Action.EXEMPLARS_CHOOSE).where(Playlist.id == playlist.id)
    )
    return ShowPage(
        row=_row(playlist, len(items)),
        items=items,
        playable=sum(item.entry is not None and item.entry.heard for item in items),
        may_change=mine is not None,
        offered=_offered(session, person, playlist, now) if mine is not None else (),
    )


def _offered(
    session: Session, person: Person, playlist: Playlist, now: dt.datetime
) -> tuple[Entry, ...]:
    """Return exemplars that everybody who meets the playlist may meet too."""
    everywhere = Exemplar.audience == ExemplarAudience.SITE
    shared = (
        everywhere
        if playlist.team_id is None
        else or_(
            everywhere,
            (Exemplar.audience == ExemplarAudience.TEAM) & (Exemplar.team_id == playlist.team_id),
        )
    )
    rows = session.scalars(
        listed(person, now)[0]
        .where(
            Exemplar.site_id == playlist.site_id,
            shared,
            Exemplar.id.not_in([item.exemplar_id for item in playlist.items]),
        )
        .options(*for_entry())
        .order_by(Exemplar.chosen_at.desc())
        .limit(200)
    ).unique()
    return entries_of(session, person, list(rows))
