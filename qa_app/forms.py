"""What every form shares: cross-site protection, stripped texts, and the key that is spent once."""

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, SelectChoice, StringField


def _strip(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class BaseForm(FlaskForm):
    """The base of every form. Texts lose the blanks around them; passwords do not."""

    class Meta(FlaskForm.Meta):
        """How fields are bound."""

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Field:
            """Strip what text fields are given."""
            filters: list[Callable[[Any], Any]] = list(unbound_field.kwargs.get("filters", ()))
            if issubclass(unbound_field.field_class, StringField) and not _keeps_blanks(
                unbound_field.field_class
            ):
                filters.append(_strip)
            return unbound_field.bind(form=form, filters=filters, **options)


def _keeps_blanks(field_class: type[Field]) -> bool:
    return field_class.__name__ == "PasswordField"


class CreatingForm(BaseForm):
    """A form that makes something new: ``once`` tells a double click from a second wish."""

    once = HiddenField(default=lambda: secrets.token_urlsafe(16))


def choices(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """Return (value, label) pairs as a select field wants them."""
    return [SelectChoice(value, label) for value, label in pairs]
