"""Forms of reviewing: one made from a scorecard version, and the small ones around it.

A version's form holds whatever a person wrote, readable or not, because a draft keeps everything;
what is wrong with an answer is for `pipelines.scoring.rules` to say.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired

from models.vocab import CriterionKind, SkipKind
from pipelines.outcomes import Sheet
from pipelines.scoring.rules import (
    BY_OPTION,
    NOT_APPLICABLE,
    CriterionRule,
    VersionRule,
    from_hundredths,
)
from qa_app.forms import BaseForm
from qa_app.quotes import SaidTurn, hidden_in, masked_spans

NONE_DONE = "none"
MOST_STEPS_AS_BUTTONS = 11
LONGEST_TEXT = 4_000
MOST_SPANS = 20
MOST_NOTES = 200
LONGEST_NOTE = 1_000


class SheetForm(BaseForm):
    """The part that every sheet has; `build_form` adds the criteria of a version."""

    lock_version = HiddenField(default="0")
    summary = TextAreaField()
    notes = HiddenField(default="[]")

    @property
    def kept_notes(self) -> list[dict[str, Any]]:
        """The notes as ``models.reviews.Review.notes`` keeps them, without what is unreadable."""
        return [
            {
                "at_ms": at_ms if isinstance(at_ms := note.get("at_ms"), int) else None,
                "text": hidden_in(str(note.get("text") or "").strip()[:LONGEST_NOTE]),
                "shared": note.get("shared") is True,
            }
            for note in _list_of(str(self.notes.data or ""))[:MOST_NOTES]
            if note.get("text")
        ]

    @property
    def seen_version(self) -> int:
        """The version of the draft that the page showed; 0 where the field was tampered with."""
        given = str(self.lock_version.data or "")
        return int(given) if given.isdecimal() else 0


class SkipForm(BaseForm):
    """Why a call is not reviewed."""

    kind = RadioField(
        _l("What is it?"),
        choices=[
            SelectChoice(SkipKind.INELIGIBLE.value, _l("Not a conversation to be scored")),
            SelectChoice(SkipKind.NOT_REVIEWED.value, _l("It cannot be reviewed")),
        ],
        validators=[InputRequired(_l("Choose one of the two."))],
    )
    reason = StringField(
        _l("In your words"), validators=[InputRequired(_l("Say in a few words why."))]
    )


class ActForm(BaseForm):
    """A button: nothing but the check that it came from our own page."""


def is_radio(criterion: CriterionRule) -> bool:
    """Tell whether one button of several is the answer."""
    if criterion.kind is CriterionKind.POINTS:
        return criterion.points // criterion.step < MOST_STEPS_AS_BUTTONS
    return criterion.kind is CriterionKind.YES_NO or criterion.kind in BY_OPTION


def choices_of(criterion: CriterionRule) -> list[str]:
    """List the values of an answer's buttons or boxes, without *not applicable*."""
    match criterion.kind:
        case CriterionKind.YES_NO:
            return ["yes", "no"]
        case CriterionKind.POINTS:
            steps = range(0, criterion.points + 1, criterion.step)
            return [from_hundredths(points) for points in steps]
        case CriterionKind.TEXT:
            return []
        case _:
            return [option.lineage for option in criterion.options]


def build_form(version: VersionRule) -> type[SheetForm]:
    """Make the form class of a scorecard version: five fields at most for each criterion."""
    fields: dict[str, Any] = {}
    for criterion in version.criteria:
        fields[f"answer_{criterion.lineage}"] = _answer_field(criterion)
        if criterion.na_allowed and not is_radio(criterion):
            fields[f"na_{criterion.lineage}"] = BooleanField()
        if criterion.kind is not CriterionKind.TEXT:
            fields[f"comment_{criterion.lineage}"] = TextAreaField()
        if criterion.reasons:
            fields[f"reason_{criterion.lineage}"] = SelectField(
                choices=["", *(reason.lineage for reason in criterion.reasons)],
                validate_choice=False,
            )
        fields[f"evidence_{criterion.lineage}"] = HiddenField()
    return type("VersionForm", (SheetForm,), fields)


def _answer_field(criterion: CriterionRule) -> Any:
    if is_radio(criterion):
        return RadioField(choices=choices_of(criterion), validate_choice=False)
    if criterion.kind is CriterionKind.CHECKLIST:
        choices = [*choices_of(criterion), NONE_DONE]
        return SelectMultipleField(choices=choices, validate_choice=False)
    return TextAreaField() if criterion.kind is CriterionKind.TEXT else StringField()


def sheet_of_form(form: SheetForm, version: VersionRule) -> Sheet:
    """Read a form as a sheet; criteria that were left untouched have no entry."""
    sheet: Sheet = {}
    for criterion in version.criteria:
        entry = {
            "answer": _answer_of(form, criterion),
            "comment": _text_of(form, f"comment_{criterion.lineage}"),
            "reason": _text_of(form, f"reason_{criterion.lineage}") or None,
            "evidence": _spans_of(_text_of(form, f"evidence_{criterion.lineage}", 100_000)),
        }
        if any(value not in (None, "", []) for value in entry.values()) or entry["answer"] == []:
            sheet[criterion.lineage] = entry
    return sheet


def _text_of(form: SheetForm, name: str, longest: int = LONGEST_TEXT) -> str:
    return str(form[name].data or "")[:longest].strip() if name in form else ""


def _answer_of(form: SheetForm, criterion: CriterionRule) -> Any:
    na = f"na_{criterion.lineage}"
    if na in form and form[na].data:
        return NOT_APPLICABLE
    data = form[f"answer_{criterion.lineage}"].data
    if criterion.kind is CriterionKind.CHECKLIST:
        ticked = list(data or ())
        done = [item for item in ticked if item != NONE_DONE]
        return done if ticked else None
    return str(data)[:LONGEST_TEXT].strip() if data else None


def _list_of(text: str) -> list[dict[str, Any]]:
    """Read a list of objects that a page sent; nothing where it is something else."""
    try:
        found = json.loads(text) if text else []
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _spans_of(text: str) -> list[dict[str, Any]]:
    return [
        {
            "start_ms": span.get("start_ms"),
            "end_ms": span.get("end_ms"),
            "words": hidden_in(str(span.get("words") or "")[:LONGEST_TEXT]),
        }
        for span in _list_of(text)[:MOST_SPANS]
    ]


def data_of_sheet(
    version: VersionRule, sheet: Mapping[str, Any], said: Sequence[SaidTurn] = ()
) -> dict[str, Any]:
    """Turn a sheet back into the values of its form; for ``said`` see ``masked_spans``."""
    data: dict[str, Any] = {}
    for criterion in version.criteria:
        lineage, entry = criterion.lineage, sheet.get(criterion.lineage) or {}
        answer = entry.get("answer")
        if answer == NOT_APPLICABLE and not is_radio(criterion):
            data[f"na_{lineage}"], answer = True, None
        if criterion.kind is CriterionKind.CHECKLIST and answer == []:
            answer = [NONE_DONE]
        data[f"answer_{lineage}"] = answer
        data[f"comment_{lineage}"] = entry.get("comment") or ""
        data[f"reason_{lineage}"] = entry.get("reason") or ""
        data[f"evidence_{lineage}"] = json.dumps(
            masked_spans(entry.get("evidence") or [], said), ensure_ascii=False
        )
    return data
