"""``hearback redact``: personal data in transcripts that are there."""

import click

from qa_app.cli.context import runtime


@click.command(epilog="Example: hearback redact --again")
@click.option(
    "--again",
    is_flag=True,
    help="All transcripts, not only those that nobody has looked through: after a change of "
    "HEARBACK_MASKED_KINDS. What was hidden by hand stays hidden.",
)
def command(*, again: bool) -> None:
    """Look transcripts through for personal data, and have muted copies made by the workers.

    The workers do this by themselves for new transcripts, and for old ones after an upgrade.
    """
    from pipelines import reading

    count = reading.look_through(runtime(), lambda _done, _total: None, again=again)
    click.echo(f"{count} transcripts looked through")
