"""Forms of asking for help and of answering."""

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from models.vocab_learning import HelpKind
from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.moments import MomentField
from qa_app.reviews.forms import LONGEST_TEXT


class AskForm(CreatingForm):
    """What an agent asks for, and at which moment."""

    kind = RadioField(
        _l("What would help?"),
        choices=choices(
            [
                (HelpKind.ANSWER.value, _l("An answer or a hint")),
                (HelpKind.PARTNER.value, _l("A colleague to work with for a while")),
            ]
        ),
        default=HelpKind.ANSWER.value,
        validators=[InputRequired(_l("Choose one of the two."))],
    )
    moment = MomentField(_l("Moment in the call"))
    words = TextAreaField(_l("In your words, if you like"), validators=[Length(max=LONGEST_TEXT)])


class AnswerForm(CreatingForm):
    """Words to a request."""

    words = TextAreaField(
        _l("Your words"),
        validators=[InputRequired(_l("Write a few words.")), Length(max=LONGEST_TEXT)],
    )


class PartnerForm(BaseForm):
    """Which colleague is asked to pair up."""

    partner = SelectField(_l("Colleague"), validators=[InputRequired(_l("Choose a colleague."))])
