"""Forms of disputes: made from the criteria that can be disputed, and from those that were."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from models.vocab_learning import DisputeReason, DisputeResult
from pipelines.scoring.rules import VersionRule
from qa_app.disputes.words import REASONS
from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.moments import MomentField
from qa_app.reviews.forms import LONGEST_TEXT, build_form

PICK, REASON, WORDS, MOMENT = "pick", "reason", "words", "moment"
RESULT, ANSWER = "result", "why"
MOST_DAYS = 365


class RaiseForm(CreatingForm):
    """What an agent disputes; `raise_form` adds four fields for each criterion."""

    @property
    def chosen(self) -> tuple[str, ...]:
        """Return the lineages that were ticked."""
        return tuple(
            name.removeprefix(f"{PICK}_")
            for name in self._fields
            if name.startswith(f"{PICK}_") and self[name].data
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """Ask for reason and words where a criterion is ticked, and for one at least."""
        fine: bool = super().validate(extra_validators)
        for lineage in self.chosen:
            for name, sentence in (
                (REASON, _l("Choose the reason that fits best.")),
                (WORDS, _l("Say in your words what you see differently.")),
            ):
                field = self[f"{name}_{lineage}"]
                if not field.data:
                    field.errors = (*field.errors, sentence)
                    fine = False
        return fine


def raise_form(lineages: Iterable[str]) -> type[RaiseForm]:
    """Make the form for the criteria that can be disputed."""
    fields: dict[str, Any] = {}
    for lineage in lineages:
        fields[f"{PICK}_{lineage}"] = BooleanField(_l("I see this differently"))
        fields[f"{REASON}_{lineage}"] = SelectField(
            _l("Why"),
            choices=choices(
                [("", _l("Please choose")), *((r.value, w) for r, w in REASONS.items())]
            ),
            validators=[Optional()],
        )
        fields[f"{WORDS}_{lineage}"] = TextAreaField(
            _l("In your words"), validators=[Length(max=LONGEST_TEXT)]
        )
        fields[f"{MOMENT}_{lineage}"] = MomentField(_l("Where in the call"))
    return type("RaiseFormOfReview", (RaiseForm,), fields)


def reason_of(form: RaiseForm, lineage: str) -> DisputeReason:
    """Return the reason that was chosen for a criterion."""
    return DisputeReason(form[f"{REASON}_{lineage}"].data)


def decision_form(version: VersionRule, items: Sequence[int]) -> type:
    """Make the form that decides these disputed items, with the answers of the version."""
    fields: dict[str, Any] = {}
    for item in items:
        fields[f"{RESULT}_{item}"] = RadioField(
            _l("Decision"),
            choices=choices(
                [
                    (DisputeResult.UPHELD.value, _l("The agent is right")),
                    (DisputeResult.PARTLY.value, _l("Right in part")),
                    (DisputeResult.NOT_UPHELD.value, _l("The answer stands")),
                ]
            ),
            validators=[InputRequired(_l("Choose a decision."))],
        )
        fields[f"{ANSWER}_{item}"] = TextAreaField(
            _l("Your reasons, for the agent"),
            validators=[
                InputRequired(_l("Give the reason for the decision.")),
                Length(max=LONGEST_TEXT),
            ],
        )
    return type("DecisionForm", (build_form(version),), fields)


class DaysForm(BaseForm):
    """How long a review can be disputed, and how long deciding takes; both empty: as before."""

    project = SelectField(_l("Project"), validate_choice=False)
    window = IntegerField(
        _l("Days to dispute"),
        [Optional(), NumberRange(1, MOST_DAYS, _l("Between 1 and 365 days."))],
    )
    decide = IntegerField(
        _l("Days to decide"),
        [Optional(), NumberRange(1, MOST_DAYS, _l("Between 1 and 365 days."))],
    )
