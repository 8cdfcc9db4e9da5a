"""The forms of tasks: what to list, to whom to give, hours, a review that is asked for."""

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DecimalField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from qa_app.forms import BaseForm, CreatingForm, choices

UNFINISHED = "unfinished"
STATES = {
    UNFINISHED: _l("Not finished"),
    "open": _l("With nobody"),
    "given": _l("Given, not begun"),
    "claimed": _l("Begun"),
    "done": _l("Done"),
    "skipped": _l("Skipped"),
}


class FilterForm(BaseForm):
    """Which tasks to list. Choices of reviewer and plan are given by the view."""

    class Meta(BaseForm.Meta):
        """A filter changes nothing, so it needs no token and may be linked to."""

        csrf = False

    state = SelectField(_l("State"), [Optional()], choices=choices(STATES.items()))
    reviewer = SelectField(_l("Reviewer"), [Optional()], validate_choice=False)
    plan = SelectField(_l("Plan"), [Optional()], validate_choice=False)
    overdue = BooleanField(_l("Overdue only"))


class GiveForm(BaseForm):
    """Tasks that were ticked, and who is to do them; nobody means anybody."""

    task = SelectMultipleField(validate_choice=False)
    to = SelectField(_l("Give to"), [Optional()], validate_choice=False)


class HoursForm(BaseForm):
    """How many hours a week a person reviews at a site."""

    person = HiddenField(validators=[InputRequired()])
    site = HiddenField(validators=[InputRequired()])
    hours = DecimalField(
        _l("Hours a week"), places=None, validators=[InputRequired(), NumberRange(0, 100)]
    )


class AskForm(CreatingForm):
    """A review of one part of a call, outside of any draw."""

    leg = SelectField(_l("Which part"), [InputRequired()])
    to = SelectField(_l("Who reviews"), [Optional()], validate_choice=False)
    reason = TextAreaField(
        _l("Why"),
        [InputRequired(_l("Say in a few words why.")), Length(max=1_000)],
        description=_l(
            "The reviewer reads this after submitting only; the agent reads it with the feedback."
        ),
    )
    days = IntegerField(_l("Days to review"), [InputRequired(), NumberRange(1, 90)], default=5)


class DecideForm(BaseForm):
    """What becomes of a skip that waits."""

    decision = StringField(validators=[InputRequired()])


def anybody(label: str) -> SelectChoice:
    """Return the choice that names no person."""
    return SelectChoice("", label)
