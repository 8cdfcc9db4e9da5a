"""Forms of requests, their answers, erasures and a site's limits."""

from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from models.vocab_rights import PersonFigures, RequestKind, RequestOf
from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.rights.words import FIGURES, KINDS, OF

_LONGEST = 4_000
GRANTED, REFUSED = "granted", "refused"


def _kinds() -> list[tuple[str, object]]:
    return [(kind.value, KINDS[kind]) for kind in RequestKind]


class OwnRequestForm(CreatingForm):
    """What a person asks for about the data on them."""

    kind = SelectField(_l("What you ask for"), choices=choices(_kinds()))
    words = TextAreaField(
        _l("In your words"),
        [Optional(), Length(max=_LONGEST)],
        description=_l("For a correction: what is wrong, and what would be right."),
    )


class RequestForm(CreatingForm):
    """A request that reached the office: whose, what for, by when."""

    site = SelectField(_l("Site"), [InputRequired()], validate_choice=False)
    whose = RadioField(
        _l("Whose data"),
        [InputRequired(_l("Say whose data the request is about."))],
        choices=choices([(whose.value, label) for whose, label in OF.items()]),
        default=RequestOf.CUSTOMER.value,
    )
    kind = SelectField(_l("What is asked for"), choices=choices(_kinds()))
    agent = SelectField(_l("Agent"), [Optional()], validate_choice=False)
    reference = StringField(
        _l("Number of your file"),
        [Length(max=120)],
        description=_l("Where the letter is kept. No telephone number and no e-mail address."),
    )
    words = TextAreaField(_l("What they ask, in short"), [Optional(), Length(max=_LONGEST)])
    received_on = DateField(_l("Received on"), [InputRequired(_l("Give the day it came."))])
    due_on = DateField(
        _l("Answer due on"),
        [Optional()],
        description=_l("Empty: as many days after receipt as the site allows."),
    )


class AnswerForm(BaseForm):
    """What was done about a request, or why it is refused."""

    decision = RadioField(
        _l("Decision"),
        [InputRequired(_l("Say whether it was done or is refused."))],
        choices=choices([(GRANTED, _l("Done")), (REFUSED, _l("Refused"))]),
    )
    answer = TextAreaField(
        _l("What was done, or why not"),
        [InputRequired(_l("Say what was done, or why not.")), Length(max=_LONGEST)],
    )


class DueForm(BaseForm):
    """Another day by which to answer."""

    due_on = DateField(_l("Answer due on"), [InputRequired(_l("Give a day."))])


class CustomerForm(BaseForm):
    """The number by which a customer is found; it is not kept."""

    number = StringField(
        _l("The customer's number"), [InputRequired(_l("Give the number.")), Length(max=64)]
    )


class EraseForm(BaseForm):
    """The number typed once more, and what is noted as done."""

    again = StringField(
        _l("Type the number once more"),
        [InputRequired(_l("Type the number once more.")), Length(max=64)],
    )


class LimitsForm(BaseForm):
    """What a site decides about its people's data."""

    person_figures = SelectField(
        _l("Figures about single persons"),
        choices=choices([(level.value, FIGURES[level]) for level in PersonFigures]),
    )
    request_days = IntegerField(
        _l("Days to answer a request"),
        [
            InputRequired(_l("Give the days.")),
            NumberRange(1, 365, _l("From 1 to 365 days.")),
        ],
    )
