"""Forms of feedback: objecting in words, and deciding an objection."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectChoice, TextAreaField
from wtforms.validators import InputRequired, Length

from pipelines.scoring.rules import VersionRule
from qa_app.forms import CreatingForm
from qa_app.reviews.forms import LONGEST_TEXT, build_form

NOT_UPHELD, UPHELD, CORRECTED = "not_upheld", "upheld", "corrected"


class ObjectForm(CreatingForm):
    """The agent's own words."""

    words = TextAreaField(
        _l("What do you see differently, and where in the call?"),
        validators=[
            InputRequired(_l("Say in your words what you see differently.")),
            Length(max=LONGEST_TEXT),
        ],
    )


def decision_form(version: VersionRule) -> type:
    """Make the form that decides an objection, with the whole sheet for a corrected score."""
    fields = {
        "decision": RadioField(
            _l("Decision"),
            choices=[
                SelectChoice(NOT_UPHELD, _l("The score stands")),
                SelectChoice(UPHELD, _l("You are right; the score stands all the same")),
                SelectChoice(CORRECTED, _l("You are right; the score is corrected below")),
            ],
            validators=[InputRequired(_l("Choose a decision."))],
        ),
        "answer": TextAreaField(
            _l("Your answer to the agent"),
            validators=[InputRequired(_l("Give the reason for the decision."))],
        ),
        # The number of the score that the decider sees.
        "before": HiddenField(),
    }
    return type("DecisionForm", (build_form(version),), fields)
