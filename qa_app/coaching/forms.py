"""Forms of coaching: a cause, a talk with its steps, the agent's words, a site's list of causes."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    HiddenField,
    RadioField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from models.vocab_learning import CoachingKind
from pipelines.coaching.rules import Cause
from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.reviews.forms import LONGEST_TEXT

STEPS = 4
SPARE = 3


class CauseForm(BaseForm):
    """What lies behind a weak review."""

    cause = RadioField(
        _l("What lies behind it?"), validators=[InputRequired(_l("Choose a cause from the list."))]
    )
    words = TextAreaField(_l("More about it, if needed"), validators=[Length(max=LONGEST_TEXT)])


class BoxesField(SelectMultipleField):
    """Several boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class TalkForm(CreatingForm):
    """A talk or a note; `talk_form` adds fields for steps."""

    kind = RadioField(
        _l("What is it?"),
        choices=choices(
            [
                (CoachingKind.TALK.value, _l("A talk that we had")),
                (CoachingKind.NOTE.value, _l("A note for the agent")),
            ]
        ),
        default=CoachingKind.TALK.value,
        validators=[InputRequired()],
    )
    held_on = DateField(_l("Day"), validators=[InputRequired(_l("Which day was it?"))])
    criteria = BoxesField(_l("About these criteria"), validate_choice=True)
    words = TextAreaField(
        _l("What was talked about"),
        validators=[
            InputRequired(_l("Say in a few words what was talked about.")),
            Length(max=LONGEST_TEXT),
        ],
    )

    @property
    def steps(self) -> list[tuple[str, Any]]:
        """Return (words, day or null) of each step that was written."""
        return [
            (self[f"step_{number}"].data, self[f"due_{number}"].data)
            for number in range(1, STEPS + 1)
            if self[f"step_{number}"].data
        ]


for _number in range(1, STEPS + 1):
    setattr(
        TalkForm,
        f"step_{_number}",
        StringField(_l("Next step"), validators=[Length(max=500)]),
    )
    setattr(TalkForm, f"due_{_number}", DateField(_l("Until"), validators=[Optional()]))


class StepForm(CreatingForm):
    """One more step."""

    step = StringField(
        _l("Next step"), validators=[InputRequired(_l("Say what the step is.")), Length(max=500)]
    )
    due = DateField(_l("Until"), validators=[Optional()])


class WordsForm(BaseForm):
    """What the agent says to a talk."""

    agent_words = TextAreaField(
        _l("Your words to it, if you like"), validators=[Length(max=LONGEST_TEXT)]
    )


def causes_form(causes: Sequence[Cause]) -> type[BaseForm]:
    """Make the form of a site's list: both languages of each cause, and some empty rows."""
    fields: dict[str, Any] = {}
    rows = [*causes, *(Cause("", {}) for _spare in range(SPARE))]
    for number, cause in enumerate(rows, start=1):
        fields[f"code_{number}"] = HiddenField(default=cause.code)
        for locale, label in (("en", _l("In English")), ("zh_Hans", _l("In Chinese"))):
            fields[f"{locale}_{number}"] = StringField(
                label, default=cause.text.get(locale, ""), validators=[Length(max=200)]
            )
    fields["count"] = len(rows)
    return type("CausesForm", (BaseForm,), fields)


def causes_of(form: Any) -> list[Cause]:
    """Read a list of causes; rows without words in any language are left out."""
    taken = {form[f"code_{number}"].data for number in range(1, form.count + 1)}
    found = []
    for number in range(1, form.count + 1):
        text = {name: form[f"{name}_{number}"].data or "" for name in ("en", "zh_Hans")}
        if not any(text.values()):
            continue
        code = form[f"code_{number}"].data
        if not code:
            fresh = 1
            while f"own{fresh}" in taken:
                fresh += 1
            code = f"own{fresh}"
            taken.add(code)
        found.append(Cause(code, text))
    return found
