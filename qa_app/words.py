"""The words of the shared vocabulary, as pages say them."""

from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab import JobState, Role

ROLES: dict[Role, LazyString] = {
    Role.REVIEWER: _l("Reviewer"),
    Role.AGENT: _l("Agent"),
    Role.TRAINER: _l("Trainer"),
    Role.MANAGER: _l("Manager"),
    Role.ADMIN: _l("Admin"),
}

JOB_STATES: dict[JobState, LazyString] = {
    JobState.QUEUED: _l("waiting"),
    JobState.RUNNING: _l("running"),
    JobState.DONE: _l("done"),
    JobState.FAILED: _l("failed"),
}


def role_name(role: StrEnum) -> str:
    """Return what a role is called."""
    return str(ROLES[Role(role)])


def job_state(state: StrEnum) -> str:
    """Return what the state of a job is called."""
    return str(JOB_STATES[JobState(state)])


FILTERS = {"role_name": role_name, "job_state": job_state}
