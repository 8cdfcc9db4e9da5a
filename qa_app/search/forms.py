"""What is looked for, and in which calls."""

from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from pipelines.search.rules.query import MOST_CHARACTERS
from qa_app.forms import BaseForm
from qa_app.reasons import REASONS

ANY = SelectChoice("", _l("All"))


class SearchForm(BaseForm):
    """Words and filters; choices that depend on the person are given by the view."""

    class Meta(BaseForm.Meta):
        """A search changes nothing, so it needs no token and may be linked to."""

        csrf = False

    q = StringField(_l("Words that were said"), [Optional(), Length(max=MOST_CHARACTERS)])
    speaker = SelectField(_l("Speaker"), [Optional()])
    project = SelectField(_l("Project"), [Optional()], validate_choice=False)
    team = SelectField(_l("Team"), [Optional()], validate_choice=False)
    agent = SelectField(_l("Agent"), [Optional()], validate_choice=False)
    start = DateField(_l("From"), [Optional()])
    end = DateField(_l("To"), [Optional()])
    reason = SelectField(
        _l("Drawn as"),
        [Optional()],
        choices=[ANY, *(SelectChoice(reason.value, name) for reason, name in REASONS.items())],
    )
    rule = SelectField(_l("Rule hit"), [Optional()], validate_choice=False)
