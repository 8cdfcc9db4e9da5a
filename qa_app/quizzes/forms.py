"""Forms of quizzes: what it is, what it asks, who takes it, what is in it."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from qa_app.forms import BaseForm, CreatingForm, choices

Pairs = Iterable[tuple[Any, Any]]


class QuizForm(CreatingForm):
    """What a quiz is called, on which scorecard, for whom, until when."""

    title = StringField(_l("Title"), [InputRequired(_l("Give it a title.")), Length(max=120)])
    about = TextAreaField(_l("A word to those who take it"), [Length(max=2_000)])
    area = SelectField(_l("For"))
    version = SelectField(_l("Scorecard"))
    due = DateField(_l("Last day"), [InputRequired(_l("Choose a day."))])
    playlist = SelectField(_l("Begin with the exemplars of a playlist"), default="")

    def offer(self, *, areas: Pairs, versions: Pairs, playlists: Pairs) -> None:
        """Fill the lists."""
        self.area.choices = choices(areas)
        self.version.choices = choices(versions)
        self.playlist.choices = choices([("", _l("none")), *playlists])


class AddForm(BaseForm):
    """An exemplar to be put in."""

    exemplar = SelectField(_l("Exemplar"), validate_choice=False)


class CriteriaForm(BaseForm):
    """Which criteria are asked; none of them: the whole sheet."""

    criteria = SelectMultipleField(_l("Criteria"), validate_choice=False)


class PeopleForm(BaseForm):
    """Who takes the quiz: people, and everybody of teams."""

    people = SelectMultipleField(_l("People"), validate_choice=False)
    teams = SelectMultipleField(_l("Teams"), validate_choice=False)
