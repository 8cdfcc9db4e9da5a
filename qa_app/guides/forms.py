"""The form of a guide: title and text, both languages side by side."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from qa_app.forms import CreatingForm, choices
from qa_app.guides.words import KINDS

LONGEST = 40_000
_HELP = _l(
    "Plain text: an empty line begins a paragraph, # at the start of a line makes it a heading, "
    "- an entry of a list."
)


class GuideForm(CreatingForm):
    """A guide's words; they may be unfinished while it is a draft."""

    seen = HiddenField(default="0")
    kind = SelectField(
        _l("What it is"), choices=choices((kind.value, words[0]) for kind, words in KINDS.items())
    )
    title_en = StringField(_l("Title"), [Length(max=200)])
    title_zh = StringField(_l("Title"), [Length(max=200)])
    body_en = TextAreaField(_l("Text"), [Length(max=LONGEST)], description=_HELP)
    body_zh = TextAreaField(_l("Text"), [Length(max=LONGEST)], description=_HELP)

    @property
    def seen_version(self) -> int:
        """The version of the draft that the page showed; 0 where the field was tampered with."""
        given = str(self.seen.data or "")
        return int(given) if given.isdecimal() else 0
