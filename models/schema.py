"""Bring a database to the newest schema, and tell whether it is there."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from models.registry import is_ours, metadata


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option(
        "file_template",
        "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(rev)s_%%(slug)s",
    )
    config.set_main_option("timezone", "UTC")
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to ``revision``; on SQLite first switch the file to WAL, once."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    _run(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Run the migrations down to ``revision``."""
    _run(engine, command.downgrade, revision)


def make_revision(engine: Engine, message: str) -> None:
    """Write a new migration with the differences between tables and database."""
    config = _config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True)


def _run(engine: Engine, act: object, revision: str) -> None:
    config = _config()
    with engine.begin() as connection:
        # Batch migrations on SQLite rebuild tables; the references must not be checked meanwhile.
        config.attributes["connection"] = connection
        act(config, revision)  # type: ignore[operator]  # alembic commands share this signature


def current_revision(engine: Engine) -> str | None:
    """Return the revision that the database is at, or null for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """Return the newest revision that this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def is_current(engine: Engine) -> bool:
    """Tell whether the database stands at the newest revision."""
    return current_revision(engine) == head_revision()


def differences(engine: Engine) -> list[object]:
    """Return what Alembic would still change: empty when tables and migrations agree."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": is_ours},
        )
        return list(compare_metadata(context, metadata))
