"""Who is on which side of a recording, for those who may set it right."""

import uuid

from sqlalchemy.orm import Session

from models.calls import Call, Recording
from models.vocab import RecordingState
from qa_app.access import Action, load, visible
from qa_app.permissions import Person


def correctable(session: Session, person: Person, uid: uuid.UUID) -> Recording | None:
    """Return the recording of a call whose sides the person may set right, or 404."""
    call = load(session, person, Action.CALLS_CORRECT, Call, uid)
    if call.recording is None:
        return None
    return load(session, person, Action.CALLS_CORRECT, Recording, call.recording.uid)


def layout_to_correct(session: Session, person: Person, recording: Recording) -> str:
    """Return who is on which side, for those who may set it right; else nothing."""
    if recording.channels == 1 or recording.state is not RecordingState.PRESENT:
        return ""
    found = session.scalar(
        visible(person, Recording, Action.CALLS_CORRECT).where(Recording.id == recording.id)
    )
    return recording.layout.value if found else ""
