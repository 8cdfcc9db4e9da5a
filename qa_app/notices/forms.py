"""The address for mail, and which kinds of notices a person wants."""

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length, Optional, Regexp

from qa_app.forms import BaseForm


class ChoicesForm(BaseForm):
    """Where mail goes. The boxes of the kinds are read by name, since there is a pair for each."""

    address = StringField(
        _l("E-mail address"),
        [
            Optional(),
            Length(max=254),
            Regexp(
                r"^[^@\s<>\",;]+@[^@\s<>\",;]+\.[^@\s<>\",;]+$", message=_l("This is no address.")
            ),
        ],
    )
