"""The ``hearback`` command. Commands are imported only when called, so that help comes at once."""

import sys
from importlib import import_module

import click

# name → (module, one line of help); the module holds a click command or group called ``command``
COMMANDS: dict[str, tuple[str, str]] = {
    "backup": ("qa_app.cli.backup", "Copy database and files to a folder, with their hashes."),
    "db": ("qa_app.cli.db", "Bring the database to the newest schema."),
    "demo": ("qa_app.cli.demo", "Do the main job on the sample data, then serve it."),
    "doctor": ("qa_app.cli.doctor", "Say what this installation lacks."),
    "erase": ("qa_app.cli.retention", "Erase a customer from everything that is kept."),
    "import": ("qa_app.cli.imports", "Bring in calls, people, surveys, complaints, recordings."),
    "jobs": ("qa_app.cli.jobs", "List the machine's jobs and try failed ones again."),
    "metrics": ("qa_app.cli.metrics", "Print the figures that the dashboard shows."),
    "redact": ("qa_app.cli.redact", "Look transcripts through for personal data."),
    "retention": ("qa_app.cli.retention", "Delete what has been kept long enough."),
    "sample": ("qa_app.cli.sample", "Draw the calls that are to be heard, and replay draws."),
    "scorecard": ("qa_app.cli.scorecard", "Take scorecards in, give them out, put them to use."),
    "search": ("qa_app.cli.search", "Keep the index of what was said."),
    "serve": ("qa_app.cli.serve", "Serve the web application."),
    "transcribe": ("qa_app.cli.transcribe", "Write down what is said in recordings."),
    "user": ("qa_app.cli.user", "Create people, set passwords, let nobody in any more."),
    "worker": ("qa_app.cli.worker", "Do the machine's jobs until told to stop."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command that was asked for."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name][0])
        found: click.Command = getattr(module, f"{cmd_name}_command", None) or module.command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands with their line of help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(
    cls=LazyGroup,
    epilog="Example: hearback db upgrade && hearback serve. Settings: see docs/settings.md.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False),
    help="The data folder; wins over HEARBACK_DATA_DIR.",
)
@click.version_option(package_name="hearback")
@click.pass_context
def root(ctx: click.Context, data_dir: str | None) -> None:
    """Hearback: call-quality scoring and sampling for call centres, on your own machines."""
    ctx.obj = {"data_dir": data_dir} if data_dir else {}


def main() -> None:
    """Run the command line; what cannot be done is said in one sentence, with exit code 2."""
    from pipelines.outcomes import DomainError

    try:
        root.main(prog_name="hearback", standalone_mode=True)
    except DomainError as error:
        from qa_app.messages import sentence

        click.echo(f"hearback: {sentence(error)} [{error.code}]", err=True)
        sys.exit(2)
