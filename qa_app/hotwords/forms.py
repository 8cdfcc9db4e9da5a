"""The form with a project's names, one a line."""

from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, TextAreaField, ValidationError
from wtforms.validators import Length, Optional

from pipelines.transcription import hotword_rules
from pipelines.transcription.hotword_rules import Fault
from qa_app.forms import BaseForm

_LONGEST_TEXT = 5_000

FAULTS: dict[Fault, LazyString] = {
    Fault.TOO_LONG: _l("longer than %(longest)d characters", longest=hotword_rules.LONGEST),
    Fault.NO_LETTERS: _l("no letter in it"),
    Fault.PARTED: _l("a comma or semicolon in it; write one name a line"),
    Fault.TOO_MANY: _l("more than %(most)d names", most=hotword_rules.MOST_WORDS),
    Fault.TOO_MUCH: _l("more than %(most)d characters in all", most=hotword_rules.MOST_LETTERS),
}


class HotwordsForm(BaseForm):
    """A project's names, and whether those of its agents are told too."""

    words = TextAreaField(
        _l("Names, one a line"),
        [Optional(), Length(max=_LONGEST_TEXT)],
    )
    agent_names = BooleanField(_l("Also the names of the agents who took the call"))

    @property
    def lines(self) -> list[str]:
        """Return the lines as they were typed."""
        return (self.words.data or "").splitlines()

    def validate_words(self, _field: Any) -> None:
        """Name every line that cannot be used, with the reason."""
        _words, faults = hotword_rules.checked(self.lines)
        if faults:
            raise ValidationError(
                " ".join(
                    _("Line %(number)d: %(fault)s.", number=number, fault=str(FAULTS[fault]))
                    for number, fault in faults
                )
            )
