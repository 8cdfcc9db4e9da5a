"""The form that begins a live review."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.validators import InputRequired

from qa_app.forms import CreatingForm


class BeginForm(CreatingForm):
    """Whom one hears, and in which project. Choices are given by the view."""

    agent = SelectField(_l("Agent"), [InputRequired(_l("Choose the agent you hear."))])
    project = SelectField(_l("Project"), [InputRequired(_l("Choose the project of the call."))])
