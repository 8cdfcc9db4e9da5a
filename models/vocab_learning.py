"""Words of what follows a review: disputes, help, coaching, exemplars and practice."""

from enum import StrEnum


class DisputeReason(StrEnum):
    """Why an agent sees one criterion differently."""

    OVERLOOKED = "overlooked"
    MISUNDERSTOOD = "misunderstood"
    UNCLEAR = "unclear"
    NOT_IN_MY_HANDS = "not_in_my_hands"
    NOT_APPLICABLE = "not_applicable"
    OTHER = "other"


class DisputeState(StrEnum):
    """Whether a dispute has been decided."""

    OPEN = "open"
    DECIDED = "decided"


class DisputeResult(StrEnum):
    """What was decided about one criterion: the agent is right wholly, in part, or not."""

    OPEN = "open"
    UPHELD = "upheld"
    PARTLY = "partly"
    NOT_UPHELD = "not_upheld"


class HelpKind(StrEnum):
    """What an agent asks for: an answer, or a colleague to work with for a while."""

    ANSWER = "answer"
    PARTNER = "partner"


class HelpState(StrEnum):
    """Where a request for help stands."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class PartnerState(StrEnum):
    """Whether the colleague who was asked to pair up has agreed."""

    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"


class CoachingKind(StrEnum):
    """A talk that was held, or a note that was written."""

    TALK = "talk"
    NOTE = "note"


class ExemplarLevel(StrEnum):
    """How well an exemplar does what it shows: a model, solid work, or points still open."""

    MODEL = "model"
    SOLID = "solid"
    OPEN = "open"


class ExemplarAudience(StrEnum):
    """Who meets an exemplar: the call's team, the whole site, or nobody but those who practise."""

    TEAM = "team"
    SITE = "site"
    PRACTICE = "practice"


class ExemplarState(StrEnum):
    """``asked_back``: the agent of the call wants it withdrawn; only trainers see it then."""

    SHARED = "shared"
    ASKED_BACK = "asked_back"
    WITHDRAWN = "withdrawn"


class QuizState(StrEnum):
    """Whether a quiz is being made, can be taken, or is over."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class AttemptState(StrEnum):
    """Whether a person still scores an exemplar of a quiz."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
