"""The words that tables, rules and pages share, each defined once.

Values are what the database stores; they never change once released.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a person may be; held within a site or a team."""

    REVIEWER = "reviewer"
    AGENT = "agent"
    TRAINER = "trainer"
    MANAGER = "manager"
    ADMIN = "admin"


class Direction(StrEnum):
    """Who dialled: ``in`` the customer, ``out`` the call centre."""

    IN = "in"
    OUT = "out"


class Outcome(StrEnum):
    """What the call achieved, as the source recorded it."""

    SUCCESS = "success"
    NO_SUCCESS = "no_success"
    UNKNOWN = "unknown"


class Party(StrEnum):
    """Who speaks. ``unknown`` where one channel carries both."""

    AGENT = "agent"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"


class ChannelLayout(StrEnum):
    """Which party a recording's channels carry."""

    AGENT_LEFT = "agent_left"
    AGENT_RIGHT = "agent_right"
    MONO = "mono"


class RecordingState(StrEnum):
    """Whether the audio of a recording can still be heard."""

    PRESENT = "present"
    EXPIRED = "expired"
    ERASED = "erased"


class MediaKind(StrEnum):
    """What a stored file of a recording is for."""

    ORIGINAL = "original"
    PLAYBACK = "playback"
    MASKED = "masked"
    PEAKS = "peaks"
    CLIP = "clip"


class Satisfaction(StrEnum):
    """What an SMS answer says. ``invalid`` replies did not take part in the rating."""

    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    DISSATISFIED = "dissatisfied"
    INVALID = "invalid"


class ComplaintCause(StrEnum):
    """What a complaint is about."""

    ATTITUDE = "attitude"
    MISLEADING = "misleading"
    PROCESS = "process"
    PRODUCT = "product"
    OTHER = "other"


class ComplaintStatus(StrEnum):
    """How far a complaint has been examined."""

    OPEN = "open"
    UPHELD = "upheld"
    NOT_UPHELD = "not_upheld"


class Reason(StrEnum):
    """Why a call is worth hearing; the order is the default order of strata."""

    WORST = "worst"
    BEST = "best"
    MULTI_TRANSFER = "multi_transfer"
    HIGH_VALUE = "high_value"
    VERY_LONG = "very_long"
    VERY_SHORT = "very_short"
    UNUSUAL = "unusual"


class PlanState(StrEnum):
    """Whether a sample plan still draws."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class DrawState(StrEnum):
    """``open`` while reviews come in, ``closed`` with its seed shown, ``void`` when redrawn."""

    OPEN = "open"
    CLOSED = "closed"
    VOID = "void"


class VersionState(StrEnum):
    """The life of a scorecard version. A published one never changes."""

    DRAFT = "draft"
    OPEN_FOR_COMMENT = "open_for_comment"
    PUBLISHED = "published"
    RETIRED = "retired"


class GuideKind(StrEnum):
    """What a guide is for: the words of a call, or how to judge one."""

    SCRIPT = "script"
    EVALUATION = "evaluation"


class CriterionKind(StrEnum):
    """How a criterion is answered."""

    YES_NO = "yes_no"
    LEVELS = "levels"
    POINTS = "points"
    CHOICE = "choice"
    CHECKLIST = "checklist"
    TEXT = "text"


class CommentRule(StrEnum):
    """When a criterion asks for words beside its answer."""

    NEVER = "never"
    NOT_FULL = "not_full"
    ZERO = "zero"
    ALWAYS = "always"


class Skill(StrEnum):
    """Which side of the work a criterion looks at."""

    SOFT = "soft"
    HARD = "hard"


class Origin(StrEnum):
    """Why a review exists. Estimates for all calls use ``drawn`` ones only."""

    DRAWN = "drawn"
    DIRECTED = "directed"
    LIVE = "live"
    SECOND = "second"
    CALIBRATION = "calibration"
    PRACTICE = "practice"
    VOLUNTARY = "voluntary"


class TaskState(StrEnum):
    """Where a reviewer's task stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"
    SKIPPED = "skipped"


class SkipKind(StrEnum):
    """``ineligible`` leaves the domain; ``not_reviewed`` is non-response."""

    INELIGIBLE = "ineligible"
    NOT_REVIEWED = "not_reviewed"


class ReviewState(StrEnum):
    """Whether a review is still being written."""

    DRAFT = "draft"
    SUBMITTED = "submitted"


class RevisionCause(StrEnum):
    """Why a score came to be or changed."""

    SUBMITTED = "submitted"
    OBJECTION = "objection"
    DISPUTE = "dispute"
    ARBITRATION = "arbitration"


class AssessmentState(StrEnum):
    """Where a self-assessment stands. ``lapsed`` when its time ran out."""

    ASKED = "asked"
    SUBMITTED = "submitted"
    LAPSED = "lapsed"


class ObjectionState(StrEnum):
    """Whether an agent's objection has been answered, and how."""

    OPEN = "open"
    UPHELD = "upheld"
    NOT_UPHELD = "not_upheld"


class CalibrationState(StrEnum):
    """Where a calibration round stands. Nobody sees another's answers before it is ``closed``."""

    OPEN = "open"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class TranscriptState(StrEnum):
    """``done`` has turns, ``failed`` has a reason."""

    DONE = "done"
    FAILED = "failed"


class JobState(StrEnum):
    """Where a job of the machine stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ImportKind(StrEnum):
    """What an imported file holds."""

    PEOPLE = "people"
    CALLS = "calls"
    SURVEYS = "surveys"
    COMPLAINTS = "complaints"
    RECORDINGS = "recordings"


class ImportState(StrEnum):
    """Where an import stands; ``rejected`` when nothing of the file could be read."""

    STORED = "stored"
    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"


class RetentionSubject(StrEnum):
    """What a retention rule deletes."""

    RECORDING = "recording"
    TRANSCRIPT = "transcript"
    REVIEW = "review"
    LOG = "log"


class Fact(StrEnum):
    """What a row of daily facts sums: a numerator and how many it was summed over."""

    ATTEMPTS_OUT = "attempts_out"
    OFFERED_IN = "offered_in"
    CONNECTED_OUT = "connected_out"
    CONNECTED_IN = "connected_in"
    RECORDED = "recorded"
    TALK_MS = "talk_ms"
    SURVEYS_SENT = "surveys_sent"
    SURVEYS_TAKEN_PART = "surveys_taken_part"
    SURVEYS_SATISFIED = "surveys_satisfied"
    SURVEYS_DISSATISFIED = "surveys_dissatisfied"
    COMPLAINTS_OUT = "complaints_out"
    COMPLAINTS_IN = "complaints_in"
    COMPLAINTS_ATTITUDE = "complaints_attitude"
    COMPLAINTS_UPHELD = "complaints_upheld"
    REVIEWED = "reviewed"
    EXCELLENT = "excellent"
    PASSED = "passed"
    REVIEWED_DIRECTED = "reviewed_directed"
    EXCELLENT_DIRECTED = "excellent_directed"
    PASSED_DIRECTED = "passed_directed"
    SELF_ASSESSED = "self_assessed"
    SELF_GAP_BP = "self_gap_bp"
    SELF_ABS_GAP_BP = "self_abs_gap_bp"


class PhraseKind(StrEnum):
    """What a phrase rule looks for; ``order`` has two steps, ``sequence`` two or more."""

    SAYS = "says"
    ABSENT = "absent"
    ORDER = "order"
    SEQUENCE = "sequence"


class PhraseWindow(StrEnum):
    """Which part of a party's speech a phrase rule looks at."""

    ANYWHERE = "anywhere"
    FIRST = "first"
    LAST = "last"


class PhraseMeaning(StrEnum):
    """What a hit means to those who made the rule: good to hear, worth a look, or just noted."""

    GOOD = "good"
    LOOK = "look"
    NOTE = "note"


class PhraseVersionState(StrEnum):
    """A version is a ``draft`` until it is switched on; then it never changes."""

    DRAFT = "draft"
    ON = "on"
    OFF = "off"


class PhraseVerdict(StrEnum):
    """What a person said of a hit."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class MaskKind(StrEnum):
    """What kind of personal data is hidden. ``manual`` is what a person hid by hand."""

    PHONE = "phone"
    IDENTITY = "identity"
    CARD = "card"
    EMAIL = "email"
    ADDRESS = "address"
    NUMBER = "number"
    MANUAL = "manual"
