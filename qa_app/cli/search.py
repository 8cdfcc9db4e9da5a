"""``hearback search``: the index of what was said."""

import json

import click

from qa_app.cli.context import now, runtime


@click.group()
def command() -> None:
    """Keep the index of what was said."""


@command.command(epilog="Example: hearback search rebuild --everything")
@click.option(
    "--everything", is_flag=True, help="Index all transcripts anew, not only what is behind."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rebuild(*, everything: bool, as_json: bool) -> None:
    """Put transcripts into the index that are not in it as they are now; safe while people work.

    The worker does this every hour. May be stopped and started again.
    """
    from rich.console import Console
    from rich.progress import Progress

    from pipelines.search import service

    surroundings = runtime()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("transcripts", total=None)
        count = service.refresh(
            surroundings.engine,
            now(),
            lambda done, total: bar.update(task, completed=done, total=total),
            everything=everything,
        )
    click.echo(json.dumps({"transcripts": count}) if as_json else f"{count} transcripts indexed")
