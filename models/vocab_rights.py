"""The words of notices, of requests by people the data is about, and of the limits a site sets.

Beside ``models.vocab``, which holds the words of the calls and their judgement.
"""

from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice tells a person. None of them carries a score, a reason or words of a call."""

    TASKS_DUE = "tasks_due"
    TASK_GIVEN = "task_given"
    ASSESSMENT_ASKED = "assessment_asked"
    ASSESSMENT_DUE = "assessment_due"
    REVIEW_READY = "review_ready"
    OBJECTION_RAISED = "objection_raised"
    OBJECTION_DECIDED = "objection_decided"
    DISPUTE_RAISED = "dispute_raised"
    DISPUTE_DECIDED = "dispute_decided"
    SKIP_ASKED = "skip_asked"
    DRAFT_OPEN = "draft_open"
    CALIBRATION_DUE = "calibration_due"
    CALIBRATION_CLOSED = "calibration_closed"
    HELP_ASKED = "help_asked"
    HELP_ANSWERED = "help_answered"
    PARTNER_ASKED = "partner_asked"
    COACHING = "coaching"
    EXEMPLAR_CHOSEN = "exemplar_chosen"
    EXEMPLAR_ASKED_BACK = "exemplar_asked_back"
    QUIZ_OPEN = "quiz_open"
    REQUEST_FILED = "request_filed"
    REQUEST_DUE = "request_due"
    REQUEST_CLOSED = "request_closed"


class AccessWay(StrEnum):
    """How words or figures of a call reached somebody away from an opened recording."""

    SEARCH = "search"
    PHRASES = "phrases"
    TRANSCRIPT = "transcript"
    NOTES = "notes"
    EXPORT = "export"
    COPY = "copy"


class PersonFigures(StrEnum):
    """Who, besides the person, sees figures about a single person; from least to most."""

    OFF = "off"
    TEAM_LEAD = "team_lead"
    MANAGER = "manager"


class RequestKind(StrEnum):
    """What a person asks for about the data on them."""

    ACCESS = "access"
    COPY = "copy"
    CORRECTION = "correction"
    ERASURE = "erasure"


class RequestOf(StrEnum):
    """Whose data a request is about."""

    AGENT = "agent"
    CUSTOMER = "customer"


class RequestState(StrEnum):
    """How far a request is: waiting, granted, or refused with the reason."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
