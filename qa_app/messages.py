"""Every code of a ``DomainError``: its HTTP status and its sentence."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from pipelines.outcomes import DomainError
from qa_app.sentences import people, records, scorecards, work

MESSAGES: dict[str, tuple[int, LazyString]] = {
    **people.MESSAGES,
    **records.MESSAGES,
    **scorecards.MESSAGES,
    **work.MESSAGES,
}
"""Every code of a ``DomainError``: its HTTP status and sentence, one block per area."""


def sentence(error: DomainError) -> str:
    """Return the sentence for a domain error, in the request's language."""
    known = MESSAGES.get(error.code)
    if known is None:
        return str(_l("This cannot be done (%(code)s).")) % {"code": error.code}
    return str(known[1]) % error.params


def status_of(error: DomainError) -> int:
    """Return the HTTP status for a domain error."""
    return MESSAGES[error.code][0] if error.code in MESSAGES else 400
