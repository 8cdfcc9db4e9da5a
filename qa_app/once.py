"""A POST that creates is done once: the form's hidden key is spent in the same transaction.

if earlier := once.spent(form, person):
    return earlier
thing = service(...)
return once.done(form, person, "area.show", uid=thing.uid)
"""

from typing import Any

from flask import Response, url_for
from sqlalchemy import select, update

from models.operations import OneTimeKey
from models.upsert import insert_missing
from qa_app import db
from qa_app.clock import now
from qa_app.forms import CreatingForm
from qa_app.permissions import Person
from qa_app.templating import go

_LONGEST_KEY = 64


def spent(form: CreatingForm, person: Person) -> Response | None:
    """Take the form's key; when it was taken before, return the way to what it made."""
    session, key = db.session(), str(form.once.data or "")[:_LONGEST_KEY]
    mine = (OneTimeKey.user_id == person.id, OneTimeKey.key == key)
    before = session.scalar(select(OneTimeKey.location).where(*mine))
    if before is None:
        # On PostgreSQL this waits for a twin request that is still at work.
        insert_missing(
            session,
            OneTimeKey,
            [{"user_id": person.id, "key": key, "location": "", "at": now()}],
        )
        before = session.scalar(select(OneTimeKey.location).where(*mine))
    return go(before) if before else None


def done(form: CreatingForm, person: Person, endpoint: str, **values: Any) -> Response:
    """Remember where the form's work can be seen, and send the browser there."""
    location = url_for(endpoint, **values)
    db.session().execute(
        update(OneTimeKey)
        .where(OneTimeKey.user_id == person.id, OneTimeKey.key == str(form.once.data or ""))
        .values(location=location)
    )
    return go(location)
