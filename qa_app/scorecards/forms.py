"""The form of a comment on a draft."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from qa_app.forms import CreatingForm

LONGEST = 2_000


class CommentForm(CreatingForm):
    """Words about a draft, or an answer to some."""

    place = HiddenField(default="")
    parent = HiddenField(default="")
    words = TextAreaField(
        _l("Your comment"),
        validators=[InputRequired(_l("Write something first.")), Length(max=LONGEST)],
    )
