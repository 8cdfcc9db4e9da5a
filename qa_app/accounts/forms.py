"""The forms of signing in and of one's own account."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from qa_app.forms import BaseForm

_LONGEST_PASSWORD = 512


class SignInForm(BaseForm):
    """Name and password; ``next`` is where the person was going."""

    username = StringField(
        _l("User name"), [InputRequired(_l("Please enter your user name.")), Length(max=64)]
    )
    password = PasswordField(
        _l("Password"),
        [InputRequired(_l("Please enter your password.")), Length(max=_LONGEST_PASSWORD)],
    )
    next = HiddenField()


class PasswordForm(BaseForm):
    """A new password of one's own."""

    present = PasswordField(
        _l("Present password"),
        [InputRequired(_l("Please enter your password.")), Length(max=_LONGEST_PASSWORD)],
    )
    password = PasswordField(
        _l("New password"),
        [
            InputRequired(_l("Please enter a new password.")),
            Length(
                min=10,
                max=_LONGEST_PASSWORD,
                message=_l("A password needs at least %(min)d characters."),
            ),
        ],
    )
    again = PasswordField(
        _l("New password again"),
        [EqualTo("password", _l("The two passwords are not the same."))],
    )
