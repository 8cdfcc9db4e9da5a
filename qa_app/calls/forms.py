"""The forms of the call pages: what to look for, and why a recording is opened."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from models.vocab import ChannelLayout, Direction
from qa_app.forms import BaseForm

_LONGEST_PURPOSE = 200


class FilterForm(BaseForm):
    """Which calls to list. Choices of project and agent are given by the view."""

    class Meta(BaseForm.Meta):
        """A filter changes nothing, so it needs no token and may be linked to."""

        csrf = False

    start = DateField(_l("From"), [Optional()])
    end = DateField(_l("To"), [Optional()])
    project = SelectField(_l("Project"), [Optional()], validate_choice=False)
    agent = SelectField(_l("Agent"), [Optional()], validate_choice=False)
    direction = SelectField(
        _l("Direction"),
        [Optional()],
        choices=[
            SelectChoice("", _l("Both")),
            SelectChoice(Direction.IN.value, _l("Incoming")),
            SelectChoice(Direction.OUT.value, _l("Outgoing")),
        ],
    )
    key = StringField(_l("Call id"), [Optional(), Length(max=200)])
    recorded = BooleanField(_l("With audio only"))


class LayoutForm(BaseForm):
    """Who is on which channel of a recording; ``opened`` leads back to the open page."""

    layout = SelectField(
        _l("Who is on which side?"),
        choices=[
            SelectChoice(ChannelLayout.AGENT_LEFT.value, _l("The agent on the first channel")),
            SelectChoice(ChannelLayout.AGENT_RIGHT.value, _l("The agent on the second channel")),
            SelectChoice(ChannelLayout.MONO.value, _l("Everybody on every channel")),
        ],
    )
    opened = HiddenField(validators=[Length(max=2_000)])


class PurposeForm(BaseForm):
    """Why a person opens a recording outside a task; the agent can read it."""

    purpose = StringField(
        _l("Why do you open this recording?"),
        [
            InputRequired(_l("Say why you open this recording.")),
            Length(
                min=3,
                max=_LONGEST_PURPOSE,
                message=_l("Between %(min)d and %(max)d characters, please."),
            ),
        ],
    )
