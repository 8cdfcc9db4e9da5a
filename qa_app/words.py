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


JOBS: dict[str, LazyString] = {
    "transcribe": _l("Transcribe a recording"),
    "prepare_media": _l("Prepare a recording for playing"),
    "import_file": _l("Read an imported file"),
    "mute": _l("Mute personal data in a recording"),
    "look_through": _l("Look for personal data in transcripts"),
    "fill_phrases": _l("Look through past calls for a phrase rule"),
    "try_phrases": _l("Try a phrase rule over past calls"),
    "nightly_draws": _l("Draw the samples that are due"),
    "lapse_assessments": _l("End self-assessments whose time ran out"),
    "settle_live": _l("Find the calls that were heard live"),
    "refresh_search": _l("Bring the search up to date"),
    "remind": _l("Remind people of what is due"),
    "send_mail": _l("Send mail that something waits"),
    "rebuild_measures": _l("Sum the figures"),
    "scrub": _l("Rewrite the database after an erasure"),
    "retention": _l("Delete what is past its time"),
}


def role_name(role: StrEnum) -> str:
    """Return what a role is called."""
    return str(ROLES[Role(role)])


def job_state(state: StrEnum) -> str:
    """Return what the state of a job is called."""
    return str(JOB_STATES[JobState(state)])


def job_name(name: str) -> str:
    """Return what a job does; a job that is no longer known keeps its code."""
    return str(JOBS.get(name, name))


FILTERS = {"job_name": job_name, "role_name": role_name, "job_state": job_state}
