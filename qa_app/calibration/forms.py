"""Forms of calibration: a new round, another deadline, and the reference that is agreed."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from pipelines.scoring.rules import VersionRule
from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.reviews.forms import SheetForm, build_form

LONGEST_TITLE = 120
MOST_PICKED = 20


class RoundForm(CreatingForm):
    """A new round; its middle part narrows the list of calls to choose from."""

    title = StringField(
        _l("Name of the round"),
        validators=[InputRequired(_l("Give the round a name.")), Length(max=LONGEST_TITLE)],
    )
    version = SelectField(
        _l("Scorecard"), validators=[InputRequired(_l("Choose a published scorecard."))]
    )
    due = DateField(_l("To be done by"), validators=[InputRequired(_l("Choose a day."))])
    reviewers = SelectMultipleField(
        _l("Reviewers"), validators=[InputRequired(_l("Choose at least two reviewers."))]
    )
    project = SelectField(_l("Project"), validators=[Optional()])
    start = DateField(_l("First day"), validators=[Optional()])
    end = DateField(_l("Last day"), validators=[Optional()])
    minutes = IntegerField(
        _l("Talk of at least (minutes)"), validators=[Optional(), NumberRange(0, 600)]
    )
    random = IntegerField(
        _l("How many"), validators=[Optional(), NumberRange(1, MOST_PICKED)], default=3
    )
    legs = SelectMultipleField(
        _l("Calls"),
        validators=[InputRequired(_l("Choose at least one call."))],
        # Ticked calls stay chosen when the list is narrowed; the view looks each of them up.
        validate_choice=False,
    )

    def offer(
        self,
        versions: Iterable[tuple[str, str]],
        reviewers: Iterable[tuple[str, str]],
        projects: Iterable[tuple[str, str]],
    ) -> None:
        """Give the choices of the round's site: (value, label) pairs."""
        self.version.choices = choices(versions)
        self.reviewers.choices = choices(reviewers)
        self.project.choices = choices([("", _l("All projects")), *projects])


class ExtendForm(BaseForm):
    """Another deadline."""

    due = DateField(_l("New last day"), validators=[InputRequired(_l("Choose a day."))])


class AgreementForm(SheetForm):
    """What a session agrees on a call, beside the criteria that `reference_form` adds."""

    agreed = BooleanField(
        _l("All of us agree. It cannot be changed afterwards."),
        validators=[InputRequired(_l("Tick this once you agree."))],
    )


def reference_form(version: VersionRule) -> type[SheetForm]:
    """Make the form of a call's reference: the sheet, with the word that it is agreed."""
    return type("ReferenceForm", (build_form(version), AgreementForm), {})
