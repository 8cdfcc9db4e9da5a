"""What guides are called."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab import GuideKind

KINDS: dict[GuideKind, tuple[LazyString, LazyString]] = {
    GuideKind.SCRIPT: (_l("Call script"), _l("What to say, and in which order.")),
    GuideKind.EVALUATION: (_l("Evaluation guide"), _l("How the scorecard is to be applied.")),
}
