"""``hearback retention`` and ``hearback erase``: what must go, goes."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from qa_app.cli.context import now, refuse, runtime

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.calls import Recording

SUBJECTS = ["recording", "transcript", "review", "log"]


@click.group()
def retention_command() -> None:
    """Delete what has been kept long enough, and say how long that is."""


@retention_command.command(epilog="Example: hearback retention run --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def run(*, as_json: bool) -> None:
    """Let everything go whose time is over, and remove files nobody refers to.

    The worker does this every night. Ends with code 1 when the folder of recordings seems to be
    away, since then nothing is removed for want of a file.
    """
    from pipelines.retention.service import run_retention

    surroundings = runtime()
    result = run_retention(surroundings.engine, surroundings.storage, now())
    if as_json:
        click.echo(json.dumps(asdict(result)))
    else:
        click.echo(
            f"{result.recordings} recordings, {result.transcripts} transcripts, "
            f"{result.reviews} reviews made anonymous, {result.log_entries} log entries; "
            f"{result.held} recordings on legal hold stay.\n"
            f"{result.files_removed} files without a row and {result.rows_removed} rows without "
            "a file removed."
        )
    if result.storage_away:
        refuse("Most recordings' files are missing: is their folder there?", "storage_away", 1)


@retention_command.command(epilog="Example: hearback retention rules --site shanghai")
@click.option("--site", "site_code", help="Only this site.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def rules(*, site_code: str | None, as_json: bool) -> None:
    """List how many days everything is kept, per site and project."""
    from sqlalchemy import select

    from models.calls import Project
    from models.operations import RetentionRule
    from models.people import Site
    from models.session import read_session

    chosen = (
        select(Site.code, Project.code, RetentionRule.subject, RetentionRule.days)
        .join(Site, Site.id == RetentionRule.site_id)
        .outerjoin(Project, Project.id == RetentionRule.project_id)
        .order_by(Site.code, Project.code, RetentionRule.subject)
    )
    if site_code is not None:
        chosen = chosen.where(Site.code == site_code)
    with read_session(runtime().engine) as session:
        rows = [
            {"site": site, "project": project, "subject": subject.value, "days": days}
            for site, project, subject, days in session.execute(chosen)
        ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(
            f"{row['site']}  {row['project'] or 'all projects'}  {row['subject']}  "
            f"{row['days']} days"
        )
    if not rows:
        click.echo("No rules: everything is kept without limit.")


@retention_command.command(
    "set", epilog="Example: hearback retention set recording 90 --site shanghai --project renewal"
)
@click.argument("subject", type=click.Choice(SUBJECTS))
@click.argument("days", type=click.IntRange(min=0))
@click.option("--site", "site_code", required=True, help="The site's code.")
@click.option("--project", "project_code", help="Only this project of the site.")
def set_(subject: str, days: int, *, site_code: str, project_code: str | None) -> None:
    """Keep SUBJECT for DAYS days; 0 removes the rule, so that it is kept without limit."""
    from sqlalchemy import select

    from models.calls import Project
    from models.people import Site
    from models.session import write_session
    from models.vocab import RetentionSubject
    from pipelines.retention.service import set_rule

    with write_session(runtime().engine) as session:
        site = session.scalar(select(Site).where(Site.code == site_code))
        if site is None:
            refuse(f"There is no site with the code {site_code}.", "site_unknown")
        project = None
        if project_code is not None:
            project = session.scalar(
                select(Project).where(Project.site_id == site.id, Project.code == project_code)
            )
            if project is None:
                refuse(f"There is no project with the code {project_code}.", "project_unknown")
        set_rule(
            session, site, project, RetentionSubject(subject), days or None, now=now(), actor=None
        )
    click.echo("kept without limit" if not days else f"kept {days} days")


@retention_command.command(epilog='Example: hearback retention hold CALL-4711 "court case 12/26"')
@click.argument("call")
@click.argument("reason")
def hold(call: str, reason: str) -> None:
    """Keep the recording of CALL (its key in the call records) whatever its rule says."""
    from models.session import write_session
    from pipelines.retention import recordings

    with write_session(runtime().engine) as session:
        recordings.hold(session, _recording(session, call), reason, now=now(), actor=None)
    click.echo("held")


@retention_command.command(epilog="Example: hearback retention release CALL-4711")
@click.argument("call")
def release(call: str) -> None:
    """Let the recording of CALL follow its rule again."""
    from models.session import write_session
    from pipelines.retention import recordings

    with write_session(runtime().engine) as session:
        recordings.release_hold(session, _recording(session, call), now=now(), actor=None)
    click.echo("released")


def _recording(session: "Session", call: str) -> "Recording":
    from sqlalchemy import select

    from models.calls import Call, Recording

    found = session.scalars(
        select(Recording).join(Call, Call.id == Recording.call_id).where(Call.source_key == call)
    ).all()
    if len(found) != 1:
        refuse(
            f"There are {len(found)} recordings of a call {call}; one is needed.", "call_unclear"
        )
    return found[0]


@click.group()
def erase_command() -> None:
    """Erase a customer from everything that is kept."""


@erase_command.command(epilog='Example: hearback erase customer "+86 138 0013 8000" --yes')
@click.argument("number")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def customer(number: str, *, yes: bool, as_json: bool) -> None:
    """Erase the customer with NUMBER: number, recordings, transcripts, words of reviews.

    Anonymous scores and the sizes of strata stay, so that figures stay right. The database is
    rewritten so that nothing is left in free pages; backups made before are not touched. Ends with
    code 1 when others kept the database busy and the rewriting must be tried again.
    """
    from pipelines.retention.erasure import erase

    surroundings = runtime()
    if not yes:
        click.confirm("This cannot be undone. Erase this customer?", abort=True)
    erased, clean = erase(surroundings.engine, surroundings.storage, number, now=now(), actor=None)
    if as_json:
        click.echo(json.dumps({**asdict(erased), "clean": clean}))
    else:
        click.echo(
            f"Erased: {erased.calls} calls without a number, {erased.recordings} recordings, "
            f"words of {erased.reviews} reviews, {erased.import_files} import files.\n"
            f"Its proof: /requests/proofs/{erased.proof}"
        )
    if not clean:
        refuse("The database is busy; run: hearback erase scrub", "scrub_again", 1)


@erase_command.command(epilog="Example: hearback erase scrub")
def scrub() -> None:
    """Rewrite the database once more, so that nothing erased is left in its free pages."""
    from pipelines.retention import erasure

    if not erasure.scrub_waiting(runtime().engine, now()):
        refuse("The database is still busy; try again later.", "scrub_again", 1)
    click.echo("rewritten")
