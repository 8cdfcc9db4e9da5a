"""``hearback scorecard``: scorecards taken in from files, given out, and put to use."""

import json
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from models.calls import Project
from models.scorecards import Scorecard, ScorecardVersion
from models.session import read_session, write_session
from pipelines.outcomes import DomainError
from pipelines.scoring.service import (
    export_scorecard,
    import_scorecard,
    newest_version,
    use_for_project,
)
from qa_app.cli.context import now, runtime


@click.group()
def command() -> None:
    """Take scorecards in from files, give them out, say which projects use them."""


@command.command(
    "import", epilog="Example: hearback scorecard import service.json --project shanghai/service-cn"
)
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--draft", is_flag=True, help="Takes it in without publishing it.")
@click.option("--project", "projects", multiple=True, metavar="SITE/PROJECT", help="Uses it there.")
@click.option("--json", "as_json", is_flag=True, help="Prints one JSON object.")
def import_(
    path: Path,
    *,
    draft: bool,
    projects: tuple[str, ...],
    as_json: bool,
) -> None:
    """Take a scorecard in as the next version of its code; the same content changes nothing."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise DomainError("scorecard_not_json", name=path.name) from error
    with write_session(runtime().engine) as session:
        version = import_scorecard(session, data, now=now(), publish=not draft)
        for project in projects:
            site, _slash, code = project.partition("/")
            use_for_project(session, version.scorecard_id, site, code, now=now())
        shown = {"code": data["code"], "version": version.number, "state": version.state.value}
    if as_json:
        click.echo(json.dumps({**shown, "projects": list(projects)}))
    else:
        click.echo("{code}, version {version}: {state}".format(**shown))


@command.command(epilog="Example: hearback scorecard export service > service.json")
@click.argument("code")
@click.option("--version", "number", type=int, help="Which version; default: the newest.")
def export(code: str, number: int | None) -> None:
    """Print a version as a file that can be changed and taken in again."""
    with read_session(runtime().engine) as session:
        version = newest_version(session, code, number)
        click.echo(json.dumps(export_scorecard(session, version.id), ensure_ascii=False, indent=1))


@command.command("list", epilog="Example: hearback scorecard list --json")
@click.option("--json", "as_json", is_flag=True, help="Prints one JSON object per version.")
def list_(*, as_json: bool) -> None:
    """List every version, and the projects that use its scorecard."""
    with read_session(runtime().engine) as session:
        users: dict[int | None, list[str]] = {}
        for project in session.scalars(select(Project).options(selectinload(Project.site))):
            users.setdefault(project.scorecard_id, []).append(f"{project.site.code}/{project.code}")
        rows = session.execute(
            select(Scorecard.code, ScorecardVersion)
            .join(ScorecardVersion.scorecard)
            .order_by(Scorecard.code, ScorecardVersion.number)
        )
        for code, version in rows:
            row = {
                "code": code,
                "version": version.number,
                "state": version.state.value,
                "projects": sorted(users.get(version.scorecard_id, [])),
            }
            if as_json:
                click.echo(json.dumps(row))
            else:
                click.echo(
                    f"{code}  {version.number}  {row['state']}  {', '.join(row['projects'])}"
                )
