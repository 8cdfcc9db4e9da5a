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
