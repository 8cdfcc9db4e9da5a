"""The form that brings files in."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import MultipleFileField
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from models.vocab import ImportKind
from qa_app.forms import CreatingForm, choices
from qa_app.imports.words import KINDS

MOST_FILES = 200


class UploadForm(CreatingForm):
    """Files of one kind for one site. The choices of sites are given by the view."""

    kind = RadioField(
        _l("What the file holds"),
        [InputRequired()],
        choices=choices((kind.value, KINDS[kind]) for kind in ImportKind),
        default=ImportKind.CALLS.value,
    )
    site = SelectField(_l("Site"), [InputRequired()])
    files = MultipleFileField(_l("File"))
    source = StringField(
        _l("Source"),
        [
            InputRequired(),
            Length(max=40),
            Regexp(r"^[\w.-]+$", message=_l("Letters, digits, hyphens, dots, underscores.")),
        ],
        default="main",
        description=_l(
            "The system whose call ids the file carries. Surveys, complaints and recordings find "
            "calls of the same source."
        ),
    )
    name_template = StringField(
        _l("Names of recordings"),
        [Optional(), Length(max=200)],
        description=_l(
            "Where the name carries the call's id, such as GUID_{id}_AGENT_{agent}_DT_{time}_*. "
            "Empty: the whole name is the id."
        ),
    )
