"""The form that sets a target."""

from decimal import Decimal

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, DecimalField, SelectField
from wtforms.validators import InputRequired, NumberRange

from qa_app.forms import CreatingForm, choices
from qa_app.targets.words import INDICATORS

MOST = Decimal(1_000)


class TargetForm(CreatingForm):
    """What a place wants to reach with an indicator in a period."""

    indicator = SelectField(
        _l("Indicator"), choices=choices((each.value, name) for each, name in INDICATORS.items())
    )
    team = SelectField(_l("For"))
    value = DecimalField(
        _l("Target"),
        places=2,
        validators=[
            InputRequired(_l("Write a number.")),
            NumberRange(0, MOST, _l("Between 0 and 1,000.")),
        ],
    )
    starts_on = DateField(_l("From"), validators=[InputRequired(_l("Name the first day."))])
    ends_on = DateField(_l("To"), validators=[InputRequired(_l("Name the last day."))])
    focus = BooleanField(_l("In focus: one of the two that matter most now"))
