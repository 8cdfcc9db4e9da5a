"""Play tokens: signed, short-lived, for one person and one opening of one recording.

A page that shows a player has checked access by its own rules (a task, a feedback, an exemplar).
The token carries that decision to the addresses of the sound and its picture, and names the one
opening that is written down however many pieces of the file the browser asks for.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from pipelines.outcomes import DomainError
from qa_app.permissions import Person
from qa_app.surroundings import settings

LIFE = timedelta(hours=4)
"""As long as a page with a player may stay open; a long review must not fall silent."""

UNMASKED_LIFE = timedelta(minutes=30)
"""Personal data stays in sight for one opening of a page, and no longer than this."""


@dataclass(frozen=True)
class PlayToken:
    """One person opens one recording for a purpose; ``unmasked`` with the personal data in it."""

    id: str
    recording_uid: uuid.UUID
    person_uid: uuid.UUID
    epoch: int
    purpose: str
    expires_at: datetime
    unmasked: bool = False


def new(
    recording_uid: uuid.UUID,
    person: Person,
    purpose: str,
    now: datetime,
    *,
    unmasked: bool = False,
) -> PlayToken:
    """Make the token of a new opening. Who asks for ``unmasked`` has checked the permission."""
    return PlayToken(
        id=secrets.token_urlsafe(12),
        recording_uid=recording_uid,
        person_uid=person.uid,
        epoch=person.epoch,
        purpose=purpose,
        expires_at=now + (UNMASKED_LIFE if unmasked else LIFE),
        unmasked=unmasked,
    )


def sign(token: PlayToken) -> str:
    """Write a token for an address."""
    return _serializer().dumps(
        [
            token.id,
            token.recording_uid.hex,
            token.person_uid.hex,
            token.epoch,
            token.purpose,
            int(token.expires_at.timestamp()),
            int(token.unmasked),
        ]
    )


def read(signed: str, person: Person, now: datetime) -> PlayToken:
    """Return what a signed token says.

    Raises ``play_link_expired`` when it is too old, or not this installation's or this person's.
    """
    try:
        token_id, recording, person_hex, epoch, purpose, expires, unmasked = _serializer().loads(
            signed
        )
    except (BadSignature, ValueError) as error:
        raise DomainError("play_link_expired") from error
    # The epoch rises with every change of role: what was open before that must be opened anew.
    theirs = (person.uid, person.epoch) == (uuid.UUID(person_hex), epoch)
    if not theirs or expires <= now.timestamp():
        raise DomainError("play_link_expired")
    return PlayToken(
        id=token_id,
        recording_uid=uuid.UUID(recording),
        person_uid=person.uid,
        epoch=person.epoch,
        purpose=purpose,
        expires_at=datetime.fromtimestamp(expires, now.tzinfo),
        unmasked=bool(unmasked),
    )


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt="hearback-play")
