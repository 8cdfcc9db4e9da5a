"""Forms of the studio: card, section, and the criterion with its answers and reasons.

Texts stand side by side in both languages, and may be unfinished: what is missing is a finding of
the draft, not an error of the form. Refused is only what no draft can hold, such as less than no
points.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Regexp, ValidationError

from models.vocab import CommentRule, CriterionKind, Skill
from pipelines.scoring.card_format import WITH_POINTS
from pipelines.scoring.checks import LOCALES, WITH_OPTIONS, possible_answers
from pipelines.scoring.edits import new_lineage
from pipelines.scoring.rules import (
    ConditionRule,
    CriterionRule,
    OptionRule,
    ReasonRule,
    SectionRule,
    Texts,
    VersionRule,
    from_hundredths,
    to_hundredths,
)
from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.scorecards.words import COMMENT_RULES, KINDS, SKILLS

MOST_POINTS = 1_000_00
MOST_ROWS = 40
_SHORT, _LONG = 300, 4_000


class Points:
    """A validator: a number in hundredths, never negative, since points are only ever earned."""

    def __init__(self, least: int = 0, most: int = MOST_POINTS, *, optional: bool = True) -> None:
        """Keep the bounds, in hundredths."""
        self.least, self.most, self.optional = least, most, optional

    def __call__(self, _form: Any, field: Any) -> None:
        """Refuse what is no such number, with the reason."""
        text = (field.data or "").strip()
        if not text and self.optional:
            return
        value = to_hundredths(text)
        if value is None:
            raise ValidationError(_l("Write a number with at most two decimals, such as 7.5."))
        if value < 0:
            raise ValidationError(_l("Points are only ever earned: 0 or more."))
        if not self.least <= value <= self.most:
            raise ValidationError(
                _l(
                    "Between %(least)s and %(most)s.",
                    least=from_hundredths(self.least),
                    most=from_hundredths(self.most),
                )
            )


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _words(label: Any, longest: int = _LONG) -> TextAreaField:
    return TextAreaField(label, validators=[Length(max=longest)], filters=[_stripped])


def _line(label: Any, longest: int = _SHORT) -> StringField:
    return StringField(label, validators=[Length(max=longest)], filters=[_stripped])


def _number(label: Any, **bounds: Any) -> StringField:
    return StringField(label, validators=[Points(**bounds)], filters=[_stripped])


_SUFFIX = {"en": "en", "zh_Hans": "zh"}


def texts_of(form: Any, name: str) -> dict[str, str]:
    """Read the two fields of a text; languages without words are left out."""
    found = {locale: (form[f"{name}_{_SUFFIX[locale]}"].data or "").strip() for locale in LOCALES}
    return {locale: text for locale, text in found.items() if text}


def _text_data(name: str, texts: Texts) -> dict[str, str]:
    return {f"{name}_{_SUFFIX[locale]}": texts.get(locale, "") for locale in LOCALES}


class CardForm(BaseForm):
    """Title, description and the two lines."""

    seen = HiddenField()
    title_en = _line(_l("Title"))
    title_zh = _line(_l("Title"))
    description_en = _words(_l("Description"))
    description_zh = _words(_l("Description"))
    pass_pct = _number(_l("Passed from, in %"), optional=False, most=MOST_POINTS)
    excellent_pct = _number(_l("Excellent from, in %"), optional=False, most=MOST_POINTS)

    def validate_excellent_pct(self, field: StringField) -> None:
        """Refuse an excellent line below the pass line."""
        low, high = to_hundredths(self.pass_pct.data or ""), to_hundredths(field.data or "")
        if low is not None and high is not None and high < low:
            raise ValidationError(_l("The excellent line may not lie below the pass line."))


def card_data(rule: VersionRule) -> dict[str, str]:
    """Return the values of the card's form."""
    return {
        **_text_data("title", rule.title),
        **_text_data("description", rule.description),
        "pass_pct": from_hundredths(rule.pass_bp),
        "excellent_pct": from_hundredths(rule.excellent_bp),
    }


class NewForm(CreatingForm):
    """A new scorecard: blank, as a copy of a version, or from a file."""

    code = StringField(
        _l("Short name"),
        validators=[
            InputRequired(),
            Length(max=40),
            Regexp(r"^[A-Za-z][A-Za-z0-9_-]*$", message=_l("Latin letters, digits, - and _.")),
        ],
        description=_l("For files and commands, such as outbound-sales. It never changes."),
    )
    title_en = _line(_l("Title in English"))
    title_zh = _line(_l("Title in Chinese"))
    source = SelectField(_l("Begin with"), validate_choice=True, default="")
    site = SelectField(_l("For"), validate_choice=True)


class FileForm(CreatingForm):
    """A scorecard file; the view reads what was sent."""

    site = SelectField(_l("For"), validate_choice=True)


class SectionForm(BaseForm):
    """The heading of a section."""

    seen = HiddenField()
    title_en = _line(_l("Heading"))
    title_zh = _line(_l("Heading"))


def section_data(part: SectionRule) -> dict[str, str]:
    """Return the values of a section's form."""
    return _text_data("title", part.title)


class NewPartForm(CreatingForm):
    """A new section or criterion: its wording, and for a criterion its kind."""

    text_en = _line(_l("In English"))
    text_zh = _line(_l("In Chinese"))
    kind = SelectField(
        _l("Kind"),
        choices=choices((kind.value, words[0]) for kind, words in KINDS.items()),
        default=CriterionKind.YES_NO.value,
    )


class OptionForm(Form):
    """A level, choice or item of a checklist."""

    lineage = HiddenField()
    points = _number(_l("Points"))
    text_en = _line(_l("In English"))
    text_zh = _line(_l("In Chinese"))


class ReasonForm(Form):
    """A reason that reviewers may pick beside an answer."""

    lineage = HiddenField()
    text_en = _line(_l("In English"))
    text_zh = _line(_l("In Chinese"))


class CriterionForm(BaseForm):
    """All of a criterion; what its kind does not use is not shown and not kept."""

    seen = HiddenField()
    section = SelectField(_l("Section"), validate_choice=True)
    kind = SelectField(
        _l("Kind"),
        choices=choices((kind.value, words[0]) for kind, words in KINDS.items()),
    )
    text_en = _words(_l("Wording"))
    text_zh = _words(_l("Wording"))
    guidance_en = _words(_l("What earns the points"))
    guidance_zh = _words(_l("What earns the points"))
    examples_en = _words(_l("Examples"))
    examples_zh = _words(_l("Examples"))
    points = _number(_l("Points"))
    step = _number(_l("Step"), least=1)
    options = FieldList(FormField(OptionForm), max_entries=MOST_ROWS)
    bonus = BooleanField(
        _l("Bonus"), description=_l("Adds points that are not in the attainable total.")
    )
    critical = BooleanField(
        _l("Critical"),
        description=_l("When not met, the points stand, but the call can neither pass nor excel."),
    )
    critical_min = _number(_l("Met from, in points"))
    na_allowed = BooleanField(
        _l("May be not applicable"), description=_l("With a reason; its points then do not count.")
    )
    comment_when = SelectField(
        _l("A comment or reason is needed"),
        choices=choices((rule.value, words) for rule, words in COMMENT_RULES.items()),
    )
    reasons = FieldList(FormField(ReasonForm), max_entries=MOST_ROWS)
    condition_criterion = SelectField(_l("Ask only if"), validate_choice=True)
    condition_answers = SelectMultipleField(_l("is one of"), validate_choice=False)
    skill = SelectField(_l("Skill"), choices=choices([("", _l("none")), *SKILLS.items()]))

    def offer(self, version: VersionRule, lineage: str, titles: Mapping[str, str]) -> None:
        """Give the sections, and the earlier criteria that a condition may ask for.

        ``titles`` are the words of sections and criteria, by lineage, in the reader's language.
        """
        self.section.choices = choices(
            (part.lineage, titles[part.lineage]) for part in version.sections
        )
        earlier = [(rule.lineage, titles[rule.lineage]) for rule in parents(version, lineage)]
        kept = self.condition_criterion.data
        if kept and kept not in dict(earlier):
            # A condition that can no longer be met stays visible until its author mends it.
            earlier.append((kept, titles.get(kept, kept)))
        self.condition_criterion.choices = choices([("", _l("always ask")), *earlier])

    def rule(self, lineage: str, taken: Collection[str]) -> CriterionRule:
        """Return the criterion as entered; new answers and reasons get names not yet ``taken``."""
        kind = CriterionKind(self.kind.data)
        points = to_hundredths(self.points.data or "0") or 0
        names = set(taken)
        return CriterionRule(
            lineage=lineage,
            kind=kind,
            points=points if kind in WITH_POINTS else 0,
            step=(to_hundredths(self.step.data or "1") or 100)
            if kind is CriterionKind.POINTS
            else 100,
            options=tuple(self._options(lineage, names)) if kind in WITH_OPTIONS else (),
            bonus=bool(self.bonus.data) and kind is not CriterionKind.TEXT,
            critical=bool(self.critical.data) and kind is not CriterionKind.TEXT,
            critical_min=(to_hundredths(self.critical_min.data or "0") or 0)
            if self.critical.data
            else 0,
            na_allowed=bool(self.na_allowed.data),
            comment_when=CommentRule(self.comment_when.data),
            reasons=tuple(self._reasons(lineage, names)),
            condition=self._condition(),
            text=texts_of(self, "text"),
            guidance=texts_of(self, "guidance"),
            examples=texts_of(self, "examples"),
            skill=Skill(self.skill.data) if self.skill.data else None,
        )

    def _options(self, lineage: str, names: set[str]) -> Sequence[OptionRule]:
        found = []
        for number, entry in enumerate(self.options, start=1):
            text = texts_of(entry.form, "text")
            points = (entry.form.points.data or "").strip()
            if not text and not points:
                continue
            name = _name(entry.form, text, names, f"{lineage}_{number}")
            found.append(OptionRule(name, to_hundredths(points or "0") or 0, text))
        return found

    def _reasons(self, lineage: str, names: set[str]) -> Sequence[ReasonRule]:
        found = []
        for number, entry in enumerate(self.reasons, start=1):
            if text := texts_of(entry.form, "text"):
                name = _name(entry.form, text, names, f"{lineage}_reason_{number}")
                found.append(ReasonRule(name, text))
        return found

    def _condition(self) -> ConditionRule | None:
        parent = self.condition_criterion.data
        if not parent:
            return None
        answers = [answer.partition(":") for answer in self.condition_answers.data or ()]
        return ConditionRule(
            parent, frozenset(answer for name, _colon, answer in answers if name == parent)
        )


def _name(form: Any, text: Texts, names: set[str], fallback: str) -> str:
    kept = form.lineage.data or ""
    known = kept.replace("-", "_").isidentifier() and len(kept) <= _SHORT
    name = kept if known else new_lineage(text.get("en", ""), names, fallback)
    names.add(name)
    return name


def parents(version: VersionRule, lineage: str) -> list[CriterionRule]:
    """Return the criteria before this one whose answers a condition can name."""
    names = [rule.lineage for rule in version.criteria]
    earlier = version.criteria[: names.index(lineage)] if lineage in names else version.criteria
    return [rule for rule in earlier if possible_answers(rule)]


def criterion_data(rule: CriterionRule, section: str) -> dict[str, Any]:
    """Return the values of a criterion's form."""
    condition = rule.condition
    return {
        "section": section,
        "kind": rule.kind.value,
        **_text_data("text", rule.text),
        **_text_data("guidance", rule.guidance),
        **_text_data("examples", rule.examples),
        "points": from_hundredths(rule.points),
        "step": from_hundredths(rule.step),
        "options": [
            {
                "lineage": option.lineage,
                "points": from_hundredths(option.points),
                **_text_data("text", option.text),
            }
            for option in rule.options
        ],
        "bonus": rule.bonus,
        "critical": rule.critical,
        "critical_min": from_hundredths(rule.critical_min) if rule.critical else "",
        "na_allowed": rule.na_allowed,
        "comment_when": rule.comment_when.value,
        "reasons": [
            {"lineage": reason.lineage, **_text_data("text", reason.text)}
            for reason in rule.reasons
        ],
        "condition_criterion": condition.criterion if condition else "",
        "condition_answers": [f"{condition.criterion}:{answer}" for answer in condition.answers]
        if condition
        else [],
        "skill": rule.skill.value if rule.skill else "",
    }
