"""Forms of playlists: the list itself, an exemplar in it, a word on it, its order."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from qa_app.forms import BaseForm, CreatingForm, choices


class PlaylistForm(CreatingForm):
    """What a playlist is called, what it is for, and who meets it."""

    title = StringField(_l("Title"), [InputRequired(_l("Give it a title.")), Length(max=120)])
    about = TextAreaField(_l("What it is for"), [Length(max=2_000)])
    area = SelectField(_l("Shared with"))

    def offer(self, areas: Iterable[tuple[Any, Any]]) -> None:
        """Give the sites and teams."""
        self.area.choices = choices(areas)


class AddForm(BaseForm):
    """An exemplar to be put at the end."""

    exemplar = SelectField(_l("Exemplar"), validate_choice=False)


class NoteForm(BaseForm):
    """What to listen for."""

    note = StringField(_l("What to listen for"), [Length(max=1_000)])
