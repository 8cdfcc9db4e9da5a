"""Why recordings are opened, as codes that are stored and words that the agent reads."""

from enum import StrEnum

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l


class Purpose(StrEnum):
    """Why a page opens a recording by itself; outside these a person says it in words."""

    TASK = "task"
    SELF_ASSESSMENT = "self_assessment"
    FEEDBACK = "feedback"
    EXEMPLAR = "exemplar"
    PHRASE = "phrase"
    PRACTICE = "practice"
    CALIBRATION = "calibration"


JUDGING = frozenset({Purpose.TASK, Purpose.SELF_ASSESSMENT, Purpose.PRACTICE})
"""Purposes of somebody who judges the call at this moment."""

PURPOSES: dict[str, LazyString] = {
    Purpose.TASK: _l("Review"),
    Purpose.SELF_ASSESSMENT: _l("Self-assessment"),
    Purpose.FEEDBACK: _l("Feedback"),
    Purpose.EXEMPLAR: _l("Exemplar"),
    Purpose.PHRASE: _l("Checking what a phrase rule found"),
    Purpose.PRACTICE: _l("Practice"),
    Purpose.CALIBRATION: _l("Calibration"),
}

ERASED = "erased"
"""What an erasure of the customer leaves of a purpose (``pipelines.retention.erasure``)."""

UNMASK = "unmask:"
"""Begins the purpose of an opening that shows personal data; one of these codes follows."""

UNMASK_PURPOSES: dict[str, LazyString] = {
    "customer_request": _l("Request of the customer"),
    "complaint": _l("Examining a complaint"),
    "objection": _l("Deciding an objection"),
    "fraud": _l("Suspected fraud or threat"),
    "mask_check": _l("Checking what is hidden"),
}


def purpose_words(purpose: str, *, blind: bool) -> str:
    """Return why somebody opened a recording, as the agent reads it.

    Somebody's own words, and why personal data was shown, may speak of a complaint: not to a person
    who is judging (``blind``).
    """
    if purpose == ERASED:
        return _("reason erased at the customer's request")
    if purpose.startswith(UNMASK):
        why = UNMASK_PURPOSES.get(purpose.removeprefix(UNMASK), "")
        shown = _("personal data shown")
        return shown if blind or not why else f"{why} ({shown})"
    return str(PURPOSES.get(purpose, "" if blind else purpose))
