"""What exemplars are called on pages: levels, audiences, languages."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab_learning import ExemplarAudience, ExemplarLevel

LEVELS: dict[ExemplarLevel, LazyString] = {
    ExemplarLevel.MODEL: _l("A model to follow"),
    ExemplarLevel.SOLID: _l("Solid work"),
    ExemplarLevel.OPEN: _l("Points still open"),
}
AUDIENCES: dict[ExemplarAudience, LazyString] = {
    ExemplarAudience.TEAM: _l("The team of the call"),
    ExemplarAudience.SITE: _l("The whole site"),
    ExemplarAudience.PRACTICE: _l("Nobody: only to practise with in quizzes"),
}
_LANGUAGES: dict[str, LazyString] = {"en": _l("English"), "zh": _l("Chinese")}


def language_name(code: str) -> str:
    """Return the name of a recogniser's language code; others stand as they are."""
    return str(_LANGUAGES.get(code, code))


def languages() -> list[tuple[str, str]]:
    """Return code and name of the languages that are offered always."""
    return [(code, str(name)) for code, name in _LANGUAGES.items()]
