"""Playlists: exemplars in an order, with a word on each."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from models.people import Site, Team, User
from models.practice import Playlist, PlaylistItem
from models.reviews import Exemplar
from models.vocab_learning import ExemplarAudience, ExemplarState
from pipelines import audit
from pipelines.outcomes import DomainError
from pipelines.practice.rules import moved


def make(
    session: Session,
    site: Site,
    team: Team | None,
    title: str,
    about: str,
    *,
    user: User,
    now: datetime,
) -> Playlist:
    """Make an empty playlist for a site, or for one team of it."""
    playlist = Playlist(
        site_id=site.id,
        team_id=team.id if team else None,
        title=title.strip(),
        about=about.strip(),
        made_by_id=user.id,
        made_at=now,
    )
    session.add(playlist)
    session.flush()
    _record(session, playlist, user, "playlist.made", now)
    return playlist


def change(
    session: Session, playlist: Playlist, title: str, about: str, user: User, *, now: datetime
) -> None:
    """Give a playlist another title or description."""
    playlist.title, playlist.about = title.strip(), about.strip()
    session.flush()
    _record(session, playlist, user, "playlist.changed", now)


def delete(session: Session, playlist: Playlist, user: User, *, now: datetime) -> None:
    """Delete a playlist; its exemplars stay."""
    _record(session, playlist, user, "playlist.deleted", now)
    session.delete(playlist)
    session.flush()


def add(
    session: Session, playlist: Playlist, exemplar: Exemplar, user: User, *, now: datetime
) -> PlaylistItem:
    """Put an exemplar at the end; one that is in already stays where it is.

    Raises ``exemplar_not_shared_there`` unless all who see the playlist may meet the exemplar.
    """
    for item in playlist.items:
        if item.exemplar_id == exemplar.id:
            return item
    check_shared(exemplar, playlist.site_id, playlist.team_id)
    last = max((item.position for item in playlist.items), default=0)
    item = PlaylistItem(playlist_id=playlist.id, exemplar_id=exemplar.id, position=last + 1)
    session.add(item)
    session.flush()
    session.expire(playlist, ["items"])
    _record(session, playlist, user, "playlist.item_added", now, exemplar=str(exemplar.uid))
    return item


def check_shared(exemplar: Exemplar, site_id: int, team_id: int | None) -> None:
    """Raise ``exemplar_not_shared_there`` unless everybody of the site, or team, may meet it."""
    everywhere = exemplar.audience is ExemplarAudience.SITE
    in_team = (
        exemplar.audience is ExemplarAudience.TEAM
        and team_id is not None
        and exemplar.team_id == team_id
    )
    shared = exemplar.state is ExemplarState.SHARED and exemplar.site_id == site_id
    if not shared or not (everywhere or in_team):
        raise DomainError("exemplar_not_shared_there")


def remove(session: Session, item: PlaylistItem, user: User, *, now: datetime) -> None:
    """Take an exemplar out of a playlist."""
    playlist = item.playlist
    session.delete(item)
    session.flush()
    session.expire(playlist, ["items"])
    _record(session, playlist, user, "playlist.item_removed", now)


def note(session: Session, item: PlaylistItem, text: str) -> None:
    """Write what to listen for."""
    item.note = text.strip()
    session.flush()


def reorder(
    session: Session, playlist: Playlist, wanted: Sequence[uuid.UUID], user: User, *, now: datetime
) -> None:
    """Put the items in this order; ``playlist_changed`` when they are not the ones there are."""
    items = {item.uid: item for item in playlist.items}
    order = moved(list(items), wanted)
    if order is None:
        raise DomainError("playlist_changed")
    for position, uid in enumerate(order, start=1):
        items[uid].position = position
    session.flush()
    session.expire(playlist, ["items"])
    _record(session, playlist, user, "playlist.reordered", now)


def _record(
    session: Session, playlist: Playlist, user: User, action: str, now: datetime, **more: object
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="playlist",
        subject_uid=playlist.uid,
        **more,
    )
