"""What commands need from their surroundings."""

import sys
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from pipelines.runtime import Runtime
    from qa_app.settings import Settings


def _given() -> dict[str, Any]:
    context = click.get_current_context(silent=True)
    return dict((context.find_root().obj or {}) if context else {})


@cache
def _settings(given: tuple[tuple[str, Any], ...]) -> "Settings":
    from qa_app.settings import Settings, SettingsError

    try:
        return Settings.from_env(**dict(given))
    except SettingsError as error:
        refuse(str(error), error.code)


def settings() -> "Settings":
    """Return the settings, or end with code 2 and the reason."""
    return _settings(tuple(sorted(_given().items())))


@cache
def _runtime(chosen: "Settings") -> "Runtime":
    from qa_app.surroundings import make_runtime

    return make_runtime(chosen)


def runtime(*, current: bool = True) -> "Runtime":
    """Return the surroundings; ends with code 2 unless the database is at the newest schema.

    ``current=False`` is for commands that bring it there or ask about it.
    """
    made = _runtime(settings())
    if current:
        from models import schema

        if not schema.is_current(made.engine):
            refuse(
                "The database is not at the newest schema. Run: hearback db upgrade",
                "schema_behind",
            )
    return made


def now() -> datetime:
    """Return the present instant by the installation's clock."""
    return runtime(current=False).clock.now()


def refuse(sentence: str, code: str, status: int = 2) -> NoReturn:
    """Say on standard error what is wrong, and end."""
    click.echo(f"hearback: {sentence} [{code}]", err=True)
    sys.exit(status)
