"""``hearback db``: the schema of the database."""

import click

from qa_app.cli.context import runtime


@click.group()
def command() -> None:
    """Bring the database to the newest schema."""


@command.command(epilog="Example: hearback db upgrade")
def upgrade() -> None:
    """Run the migrations, then those of the job engine."""
    from models import schema
    from pipelines import jobs

    engine = runtime(current=False).engine
    before = schema.current_revision(engine)
    schema.upgrade(engine)
    jobs.upgrade_engine(engine)
    after = schema.current_revision(engine)
    click.echo(f"{before or 'empty'} -> {after}" if before != after else f"already at {after}")


@command.command(epilog="Example: hearback db check")
def check() -> None:
    """Say whether tables and migrations agree, on an empty database of its own; exit code 1 if not.

    For those who change tables: make a migration for what is printed.
    """
    import sys
    import tempfile
    from pathlib import Path

    from models import schema
    from models.session import make_engine

    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'check.db'}")
        schema.upgrade(engine)
        found = schema.differences(engine)
        engine.dispose()
    for difference in found:
        click.echo(str(difference))
    click.echo(f"{len(found)} differences between tables and migrations")
    sys.exit(1 if found else 0)
