"""Forms of phrase rules: one for all kinds, of which a page shows what its kind needs."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from models.vocab import Party, PhraseKind, PhraseMeaning, PhraseWindow
from pipelines.outcomes import DomainError
from pipelines.phrases.rules.matching import parse
from pipelines.phrases.rules.settings import (
    MOST_PHRASES,
    MOST_SECONDS,
    MOST_STEPS,
    RuleSettings,
    Step,
    Suggestion,
)
from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.messages import sentence
from qa_app.phrases.words import MEANINGS, PARTIES, WINDOWS

_LEAST = {PhraseKind.SAYS: 1, PhraseKind.ABSENT: 1, PhraseKind.ORDER: 2, PhraseKind.SEQUENCE: 2}
_SHOWN = {**_LEAST, PhraseKind.SEQUENCE: MOST_STEPS}
_LONGEST = 10_000


class _RuleForm(CreatingForm):
    """What every kind of rule has; the steps are added below."""

    kind = HiddenField()
    seen = HiddenField(default="0")
    name = StringField(_l("Name of the rule"), validators=[InputRequired(), Length(max=80)])
    window = SelectField(
        _l("Where"),
        choices=choices((each.value, label) for each, label in WINDOWS.items()),
        default=PhraseWindow.ANYWHERE.value,
    )
    seconds = IntegerField(_l("Seconds"), [Optional(), NumberRange(1, MOST_SECONDS)])
    broken = SelectField(
        _l("A call is a hit"),
        choices=choices([("", _l("when the order is kept")), ("yes", _l("when it is not kept"))]),
        default="",
    )
    meaning = SelectField(
        _l("A hit is"),
        choices=choices((each.value, label) for each, label in MEANINGS.items()),
        default=PhraseMeaning.NOTE.value,
    )
    criterion = SelectField(_l("May be evidence for"), validate_choice=True)

    @property
    def rule_kind(self) -> PhraseKind:
        """The kind of the rule; "says" where the field was tampered with."""
        try:
            return PhraseKind(self.kind.data or "")
        except ValueError:
            return PhraseKind.SAYS

    @property
    def steps(self) -> list[tuple[Any, Any]]:
        """Return the fields (phrases, party) of the steps that the kind has."""
        return [(self[f"phrases_{n}"], self[f"party_{n}"]) for n in range(_SHOWN[self.rule_kind])]

    @property
    def windowed(self) -> bool:
        """Tell whether the kind looks at a part of the call."""
        return self.rule_kind in {PhraseKind.SAYS, PhraseKind.ABSENT}

    def validate(self, extra_validators: Any = None) -> bool:
        """Check phrase by phrase, so that the message stands where the phrase does."""
        fine = bool(super().validate(extra_validators))
        for number, (phrases, _party) in enumerate(self.steps):
            problem = _problem(phrases.data, needed=number < _LEAST[self.rule_kind])
            if problem is not None:
                phrases.errors = [*phrases.errors, problem]
                fine = False
        if self.windowed and self.window.data != PhraseWindow.ANYWHERE and not self.seconds.data:
            self.seconds.errors = [*self.seconds.errors, _l("Say how many seconds.")]
            fine = False
        return fine

    def settings(self) -> RuleSettings:
        """Return the rule as entered; the form must be valid."""
        kind = self.rule_kind
        window = PhraseWindow(self.window.data) if self.windowed else PhraseWindow.ANYWHERE
        scorecard, _colon, criterion = (self.criterion.data or "").partition(":")
        return RuleSettings(
            kind=kind,
            steps=tuple(
                Step(tuple(lines_of(phrases.data)), Party(party.data) if party.data else None)
                for phrases, party in self.steps
                if lines_of(phrases.data)
            ),
            window=window,
            seconds=0 if window is PhraseWindow.ANYWHERE else self.seconds.data or 0,
            broken=not self.windowed and bool(self.broken.data),
            meaning=PhraseMeaning(self.meaning.data),
            suggests=Suggestion(scorecard, criterion) if criterion else None,
        )

    def offer(self, criteria: Iterable[tuple[str, str]]) -> None:
        """Give the criteria that hits may be evidence for: ("scorecard:lineage", label)."""
        self.criterion.choices = choices([("", _l("nothing")), *criteria])


def _steps() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    parties = list(PARTIES.items())
    for number in range(MOST_STEPS):
        fields[f"phrases_{number}"] = TextAreaField(_l("Phrases"), [Length(max=_LONGEST)])
        fields[f"party_{number}"] = SelectField(_l("Said by"), choices=choices(parties), default="")
    return fields


RuleForm: type[_RuleForm] = type("RuleForm", (_RuleForm,), _steps())


def lines_of(text: str | None) -> list[str]:
    """Return the phrases of a text, one a line, each once."""
    return list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))


def _problem(text: str | None, *, needed: bool) -> Any:
    phrases = lines_of(text)
    if not phrases:
        return _l("Write at least one phrase.") if needed else None
    if len(phrases) > MOST_PHRASES:
        return str(_l("At most %(most)s phrases.")) % {"most": MOST_PHRASES}
    for phrase in phrases:
        try:
            parse(phrase)
        except DomainError as error:
            return sentence(error)
    return None


def rule_data(settings: RuleSettings) -> dict[str, Any]:
    """Return the form's values for a rule."""
    data: dict[str, Any] = {
        "kind": settings.kind.value,
        "window": settings.window.value,
        "seconds": settings.seconds or None,
        "broken": "yes" if settings.broken else "",
        "meaning": settings.meaning.value,
        "criterion": f"{settings.suggests.scorecard}:{settings.suggests.criterion}"
        if settings.suggests
        else "",
    }
    for number, step in enumerate(settings.steps):
        data[f"phrases_{number}"] = "\n".join(step.phrases)
        data[f"party_{number}"] = step.party.value if step.party else ""
    return data


class TrialForm(CreatingForm):
    """The days whose calls a rule is tried on, both included."""

    start = DateField(_l("First day"), validators=[InputRequired()])
    end = DateField(_l("Last day"), validators=[InputRequired()])


class SwitchForm(BaseForm):
    """Switching a version on; ``past`` has earlier calls looked through too."""

    past = HiddenField()


class VerdictForm(BaseForm):
    """What a person says of a hit; ``none`` takes it back."""

    verdict = HiddenField(validators=[InputRequired()])
