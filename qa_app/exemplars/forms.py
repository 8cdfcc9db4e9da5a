"""Forms of exemplars: holding a call up, and finding one."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from qa_app.forms import BaseForm, CreatingForm
from qa_app.reviews.forms import LONGEST_TEXT


class ChooseForm(CreatingForm):
    """Which criterion a call shows, which moment, and why."""

    criterion = SelectField(_l("What it shows"), validators=[InputRequired()])
    moment = RadioField(_l("Which moment"), default="")
    why = TextAreaField(
        _l("What makes it a good example"),
        validators=[
            InputRequired(_l("Say what makes this call a good example.")),
            Length(max=LONGEST_TEXT),
        ],
    )


class FilterForm(BaseForm):
    """Which exemplars to list; part of the address, so without a token."""

    class Meta(BaseForm.Meta):
        """A search changes nothing."""

        csrf = False

    criterion = SelectField(_l("Criterion"))
    scorecard = SelectField(_l("Scorecard"))
    team = SelectField(_l("Team"))

    def offer(self, criteria: Any, scorecards: Any, teams: Any) -> None:
        """Fill the lists."""
        for field, pairs in (
            (self.criterion, criteria),
            (self.scorecard, scorecards),
            (self.team, teams),
        ):
            every = SelectChoice("", _l("All"))
            field.choices = [every, *(SelectChoice(value, label) for value, label in pairs)]
