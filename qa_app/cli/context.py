"""What commands need from their surroundings."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from pipelines.runtime import Runtime
    from qa_app.settings import Settings


def _kept() -> dict[str, Any]:
    """Return what this run of the command line has made already."""
    kept: dict[str, Any] = click.get_current_context().find_root().ensure_object(dict)
    return kept


def settings() -> "Settings":
    """Return the settings, or end with code 2 and the reason."""
    from qa_app.settings import Settings, SettingsError

    kept = _kept()
    if "settings" not in kept:
        given = {"data_dir": kept["data_dir"]} if "data_dir" in kept else {}
        try:
            kept["settings"] = Settings.from_env(**given)
        except SettingsError as error:
            refuse(str(error), error.code)
    chosen: Settings = kept["settings"]
    return chosen


def runtime(*, current: bool = True) -> "Runtime":
    """Return the surroundings; ends with code 2 unless the database is at the newest schema.

    ``current=False`` is for commands that bring it there or ask about it.
    """
    kept = _kept()
    if "runtime" not in kept:
        from qa_app.surroundings import make_runtime

        kept["runtime"] = make_runtime(settings())
        click.get_current_context().find_root().call_on_close(kept["runtime"].engine.dispose)
    made: Runtime = kept["runtime"]
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
