"""The forms of people, roles, sites and teams."""

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.i18n import LOCALES
from qa_app.words import ROLES

_NAME = 120
_CODE = 40


def _needed() -> InputRequired:
    return InputRequired(_l("Please fill this in."))


class PersonForm(CreatingForm):
    """A new person."""

    username = StringField(
        _l("User name"),
        [_needed(), Length(max=64)],
        description=_l("What the person types to sign in: letters, digits, dots, hyphens."),
    )
    display_name = StringField(_l("Name"), [_needed(), Length(max=_NAME)])
    locale = SelectField(
        _l("Language"), choices=choices([("", _l("as the browser says")), *LOCALES.items()])
    )
    password = PasswordField(
        _l("First password"),
        [Optional(), Length(max=512)],
        description=_l("At least 10 characters. Without one, nobody can sign in as this person."),
    )


class RoleForm(BaseForm):
    """A role to be given; ``scope`` is ``site uid`` or ``site uid/team uid``."""

    role = SelectField(_l("Role"), choices=choices(ROLES.items()))
    scope = SelectField(_l("Where"))


class NewPasswordForm(BaseForm):
    """A password that an admin sets."""

    password = PasswordField(_l("New password"), [_needed(), Length(max=512)])


class AgentForm(BaseForm):
    """Which agent of the call records a person is."""

    agent = SelectField(_l("Agent in the call records"))


class SiteForm(CreatingForm):
    """A new site."""

    code = StringField(
        _l("Code"), [_needed(), Length(max=_CODE)], description=_l("As call records name it.")
    )
    name = StringField(_l("Name of the site"), [_needed(), Length(max=_NAME)])
    timezone = StringField(
        _l("Time zone"),
        [_needed(), Length(max=64)],
        description=_l("Such as Asia/Shanghai or Europe/London. It cannot be changed later."),
    )


class TeamForm(CreatingForm):
    """A new team of a site."""

    code = StringField(_l("Code"), [_needed(), Length(max=_CODE)])
    name = StringField(_l("Name of the team"), [_needed(), Length(max=_NAME)])


class DeadAirForm(BaseForm):
    """From how long a silence on is dead air at a site."""

    dead_air_s = IntegerField(
        _l("Silence counts as dead air from (seconds)"),
        [
            InputRequired(_l("A number of seconds, please.")),
            NumberRange(1, 600, message=_l("Between %(min)d and %(max)d seconds, please.")),
        ],
        description=_l("For calls transcribed from now on; earlier ones keep the limit they had."),
    )
