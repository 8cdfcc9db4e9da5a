"""Forms of exemplars: choosing a call or a part of it, finding one, keeping a recording."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from models.vocab_learning import ExemplarAudience, ExemplarLevel
from pipelines.practice.rules import read_moment, tags_of, write_moment
from qa_app.exemplars.words import AUDIENCES, LEVELS
from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.reviews.forms import LONGEST_TEXT

Pairs = Iterable[tuple[Any, Any]]


class ChooseForm(CreatingForm):
    """What a call, or a part of it, shows, and why; moments are written as ``m:ss``."""

    leg = SelectField(_l("Whose part"), validators=[Optional()])
    start = StringField(_l("From"), [Length(max=12)])
    end = StringField(_l("To"), [Length(max=12)])
    criterion = SelectField(_l("What it shows"), default="")
    level = RadioField(
        _l("How well"),
        choices=choices((level.value, label) for level, label in LEVELS.items()),
        default=ExemplarLevel.MODEL.value,
    )
    why = TextAreaField(
        _l("What makes it worth hearing"),
        validators=[
            InputRequired(_l("Say what makes this call a good example.")),
            Length(max=LONGEST_TEXT),
        ],
    )
    tags = StringField(_l("Tags"), [Length(max=400)])
    language = SelectField(_l("Language"), default="")
    audience = RadioField(
        _l("Who meets it"),
        choices=choices((audience.value, label) for audience, label in AUDIENCES.items()),
        default=ExemplarAudience.TEAM.value,
    )

    def offer(self, *, legs: Pairs, criteria: Pairs, languages: Pairs, wide: bool) -> None:
        """Fill the lists; ``wide`` allows sharing beyond the team."""
        self.leg.choices = choices(legs)
        self.criterion.choices = choices([("", _l("The call as a whole")), *criteria])
        self.language.choices = choices([("", _l("Not known")), *languages])
        if not wide:
            shown = [ExemplarAudience.TEAM, ExemplarAudience.PRACTICE]
            self.audience.choices = choices((each.value, AUDIENCES[each]) for each in shown)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check that both moments can be read, and that they are two or none."""
        fine = bool(super().validate(extra_validators))
        for field in (self.start, self.end):
            if field.data and read_moment(field.data) is None:
                field.errors = [*field.errors, _l("Write it as minutes and seconds, such as 1:05.")]
                fine = False
        if fine and bool(self.start.data) != bool(self.end.data):
            self.end.errors = [_l("Give both moments, or none for the whole call.")]
            fine = False
        return fine

    @property
    def span(self) -> tuple[int, int] | None:
        """The part in milliseconds; null: the whole call. The form must be valid."""
        start, end = read_moment(self.start.data or ""), read_moment(self.end.data or "")
        return None if start is None or end is None else (start, end)

    @property
    def tag_list(self) -> tuple[str, ...]:
        """The tags, each once."""
        return tags_of(self.tags.data or "")


def moment_data(span: tuple[int | None, int | None]) -> dict[str, str]:
    """Return the form's values for a part."""
    return {"start": write_moment(span[0]), "end": write_moment(span[1])}


class FilterForm(BaseForm):
    """Which exemplars to list; part of the address, so without a token."""

    class Meta(BaseForm.Meta):
        """A search changes nothing."""

        csrf = False

    q = StringField(_l("Words of the reason, the tags or the call"), [Length(max=200)])
    criterion = SelectField(_l("Criterion"))
    tag = SelectField(_l("Tag"))
    level = SelectField(_l("How well"))
    language = SelectField(_l("Language"), default="")
    project = SelectField(_l("Project"))
    team = SelectField(_l("Team"))
    show = SelectField(_l("Show"))

    NAMES = ("q", "criterion", "tag", "level", "language", "project", "team", "show")

    def offer(self, *, shows: Pairs, **lists: Pairs) -> None:
        """Fill the lists; ``shows`` is empty for those who meet shared ones only."""
        levels = [(level.value, label) for level, label in LEVELS.items()]
        for name, pairs in {**lists, "level": levels}.items():
            every = SelectChoice("", _l("All"))
            self[name].choices = [every, *(SelectChoice(value, label) for value, label in pairs)]
        self.show.choices = choices([("", _l("Shared")), *shows])

    def wanted(self) -> dict[str, str]:
        """Return what was asked for; a field that makes no sense asks for nothing."""
        return {
            name: str(self[name].data) if self[name].validate(self) and self[name].data else ""
            for name in self.NAMES
        }


class PutForm(BaseForm):
    """The playlist or quiz that an exemplar is put into."""

    place = SelectField(_l("Playlist or quiz"), validate_choice=False)


class KeepForm(BaseForm):
    """For how long an exemplar keeps its recording, and why."""

    days = IntegerField(_l("Days from now"), [InputRequired(), NumberRange(1, 3650)], default=90)
    reason = StringField(
        _l("Why it has to be kept"), [InputRequired(_l("Give a reason.")), Length(max=400)]
    )
