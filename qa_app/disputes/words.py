"""The words of disputes."""

from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab_learning import DisputeReason, DisputeResult

REASONS: dict[DisputeReason, LazyString] = {
    DisputeReason.OVERLOOKED: _l("I did it; it was overlooked"),
    DisputeReason.MISUNDERSTOOD: _l("What was said was understood otherwise"),
    DisputeReason.UNCLEAR: _l("The guidance can be read in another way"),
    DisputeReason.NOT_IN_MY_HANDS: _l("It was not in my hands (system, process, customer)"),
    DisputeReason.NOT_APPLICABLE: _l("It does not apply to this call"),
    DisputeReason.OTHER: _l("Something else"),
}

RESULTS: dict[DisputeResult, LazyString] = {
    DisputeResult.OPEN: _l("being looked at"),
    DisputeResult.UPHELD: _l("dispute upheld"),
    DisputeResult.PARTLY: _l("dispute upheld in part"),
    DisputeResult.NOT_UPHELD: _l("dispute not upheld"),
}


def reason_words(reason: StrEnum) -> str:
    """Return a reason as the agent chose it."""
    return str(REASONS[DisputeReason(reason)])


def result_words(result: StrEnum) -> str:
    """Return what was decided."""
    return str(RESULTS[DisputeResult(result)])


FILTERS = {"dispute_reason": reason_words, "dispute_result": result_words}
