"""``hearback import``: files from the switch, the survey system and people's lists."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qa_app.cli.context import now, refuse, runtime

if TYPE_CHECKING:
    from pipelines.ingest.service import ImportResult
    from pipelines.runtime import Progress, Runtime

KINDS = ["people", "calls", "surveys", "complaints", "recordings"]


@click.command(
    epilog="Example: hearback import calls november.csv --site shanghai. Exit code: 0 when "
    "everything landed, 1 when some rows were rejected, 2 when nothing could be read. The columns "
    "of each kind stand in docs/importing.md.",
)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--source",
    default="main",
    show_default=True,
    help="The system whose call ids the file carries; each has ids of its own.",
)
@click.option("--site", help="Code of the site that everything must belong to.")
@click.option(
    "--name-template",
    help="Where a recording's name has the call's id, such as 'GUID_{id}_AGENT_{agent}_*'; "
    "the whole name unless given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as a JSON object.")
def command(
    kind: str,
    path: Path,
    source: str,
    site: str | None,
    name_template: str | None,
    *,
    as_json: bool,
) -> None:
    """Bring in a file of KIND, or a folder of recordings, from PATH.

    The same file given again changes nothing; one that was interrupted goes on where it stopped.
    """
    from models.vocab import ImportKind
    from pipelines.ingest.service import import_file
    from pipelines.transcription.sound.media import probe

    surroundings = runtime()
    with _progress(path) as progress:
        result = import_file(
            surroundings.engine,
            surroundings.storage,
            kind=ImportKind(kind),
            path=path,
            source=source,
            site_id=_site_id(surroundings, site),
            now=now(),
            customer_key=surroundings.customer_key,
            name_template=name_template,
            probe=probe,
            progress=progress,
        )
    if as_json:
        click.echo(json.dumps(_as_json(result), ensure_ascii=False))
    else:
        _say(result)
    sys.exit(2 if result.error_code else 1 if result.rejected else 0)


def _site_id(surroundings: "Runtime", code: str | None) -> int | None:
    if code is None:
        return None
    from sqlalchemy import select

    from models.people import Site
    from models.session import read_session

    with read_session(surroundings.engine) as session:
        found = session.scalar(select(Site.id).where(Site.code == code))
    if found is None:
        refuse(f"There is no site with the code {code}.", "site_unknown")
    return found


class _progress:  # noqa: N801 - used like a function
    """Shows how far the import is, on standard error, where somebody is looking."""

    def __init__(self, path: Path) -> None:
        self._name = path.name

    def __enter__(self) -> "Progress":
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._bar = Progress(
            "{task.description}",
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        task = self._bar.add_task(self._name, total=None)
        self._bar.start()
        return lambda done, total: self._bar.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _as_json(result: "ImportResult") -> dict[str, Any]:
    from qa_app.imports.words import reason

    return {
        "uid": str(result.file_uid),
        "state": result.state.value,
        "encoding": result.encoding,
        "added": result.added,
        "unchanged": result.unchanged,
        "rejected": result.rejected,
        "error": result.error_code and reason(result.error_code, result.error_params or {}),
        "error_code": result.error_code,
        "first_rejects": [
            {
                "row": one.row_number,
                "column": one.column,
                "code": one.code,
                "reason": reason(one.code, one.params),
            }
            for one in result.first_rejects
        ],
    }


def _say(result: "ImportResult") -> None:
    found = _as_json(result)
    if found["error"]:
        click.echo(f"Nothing was read: {found['error']} [{found['error_code']}]", err=True)
        return
    click.echo(
        f"{found['added']} added, {found['unchanged']} unchanged, {found['rejected']} rejected"
        + (f" ({found['encoding']})" if found["encoding"] else "")
    )
    for one in found["first_rejects"]:
        column = f", {one['column']}" if one["column"] else ""
        click.echo(f"  row {one['row']}{column}: {one['reason']} [{one['code']}]", err=True)
    more = found["rejected"] - len(found["first_rejects"])
    if more > 0:
        click.echo(f"  and {more} more, on the page of this import", err=True)
