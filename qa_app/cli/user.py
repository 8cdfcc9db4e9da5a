"""``hearback user``: the first admin, passwords, and who may not enter any more."""

import json
import secrets
import sys

import click
from sqlalchemy.orm import Session

from models.people import Site, User
from models.session import write_session
from models.vocab import Role
from pipelines.outcomes import DomainError
from qa_app.cli.context import now, runtime
from qa_app.people.changes import Changes, find_site, find_user

_GENERATED_BYTES = 12


@click.group()
def command() -> None:
    """Create people, set passwords, let nobody in any more."""


@command.command(
    epilog="Example: hearback user create wang --name 'Wang Lin' --admin-of shanghai "
    "--timezone Asia/Shanghai"
)
@click.argument("username")
@click.option("--name", help="The name that pages show; default: the user name.")
@click.option("--admin-of", multiple=True, metavar="SITE", help="Makes an admin of this site.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=(click.Choice([role.value for role in Role]), str),
    metavar="ROLE SITE",
    help="Gives a role for a whole site; may be repeated.",
)
@click.option("--site", help="Makes this site when it does not exist yet (with --timezone).")
@click.option("--timezone", help="The time zone of a new site, such as Asia/Shanghai.")
@click.option("--password-stdin", is_flag=True, help="Reads the password from standard input.")
@click.option("--generate-password", is_flag=True, help="Makes a password and prints it once.")
@click.option("--json", "as_json", is_flag=True, help="Prints one JSON object.")
def create(  # noqa: PLR0917 - one argument per option
    username: str,
    name: str | None,
    admin_of: tuple[str, ...],
    roles: tuple[tuple[str, str], ...],
    site: str | None,
    timezone: str | None,
    password_stdin: bool,  # noqa: FBT001 - click passes flags by name
    generate_password: bool,  # noqa: FBT001 - likewise
    as_json: bool,  # noqa: FBT001 - likewise
) -> None:
    """Create a person. Asks for the password unless told otherwise."""
    surroundings = runtime()
    password = _password(stdin=password_stdin, generate=generate_password)
    with write_session(surroundings.engine) as session:
        changes = Changes(session, now=now(), actor=None)
        if site:
            _site(changes, session, site, timezone)
        user = changes.create_user(username, name or username, password=password)
        for code in admin_of:
            changes.grant(user, Role.ADMIN, _site(changes, session, code, timezone))
        for role, code in roles:
            changes.grant(user, Role(role), _site(changes, session, code, timezone))
        uid = str(user.uid)
    shown = password if generate_password else None
    if as_json:
        click.echo(json.dumps({"username": username, "uid": uid, "password": shown}))
    else:
        click.echo(f"created {username}" + (f", password: {shown}" if shown else ""))


def _site(changes: Changes, session: Session, code: str, timezone: str | None) -> Site:
    known = find_site(session, code)
    if known is not None:
        return known
    if not timezone:
        raise DomainError("site_needs_timezone", site=code)
    return changes.create_site(code, code.replace("-", " ").title(), timezone)


def _password(*, stdin: bool, generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe(_GENERATED_BYTES)
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    given: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return given


@command.command(epilog="Example: hearback user password wang")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Reads the password from standard input.")
@click.option("--generate-password", is_flag=True, help="Makes a password and prints it once.")
def password(username: str, password_stdin: bool, generate_password: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Set a person's password; their sessions end."""
    surroundings = runtime()
    chosen = _password(stdin=password_stdin, generate=generate_password)
    with write_session(surroundings.engine) as session:
        changes = Changes(session, now=now(), actor=None)
        changes.set_password(find_user(session, username), chosen)
    click.echo(f"password of {username} is set" + (f": {chosen}" if generate_password else ""))


@command.command(epilog="Example: hearback user disable wang")
@click.argument("username")
def disable(username: str) -> None:
    """Let a person in no more."""
    _change(username, Changes.disable, "disabled")


@command.command(epilog="Example: hearback user enable wang")
@click.argument("username")
def enable(username: str) -> None:
    """Let a disabled person in again."""
    _change(username, Changes.enable, "enabled")


def _change(username: str, act: object, done: str) -> None:
    with write_session(runtime().engine) as session:
        user: User = find_user(session, username)
        act(Changes(session, now=now(), actor=None), user)  # type: ignore[operator]  # a method of Changes
    click.echo(f"{done} {username}")
