"""``hearback sample``: plans, previews, draws, manifests and their replay."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qa_app.cli.context import now, refuse, runtime

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.samples import Draw, SamplePlan
    from pipelines.periods import Period
    from pipelines.sampling.rules.strata import Stratum

_WIDTH = 24

period_option = click.option(
    "--period", help="2026-W46, 2026-11, 2026-11-16 or 2026-11-16..2026-11-22."
)
from_option = click.option("--from", "first", help="First day, instead of --period.")
to_option = click.option("--to", "last", help="Last day, instead of --period.")
plan_option = click.option("--plan", "name", required=True, help="The plan's name.")
site_option = click.option("--site", help="Code of the plan's site, where names repeat.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group(epilog="Example: hearback sample draw --plan weekly --period 2026-W46 --json")
def command() -> None:
    """Draw the calls that are to be heard, and replay draws."""


@command.command(epilog="Example: hearback sample plans --json")
@json_option
def plans(*, as_json: bool) -> None:
    """List the sample plans."""
    from sqlalchemy import select

    from models.people import Site
    from models.samples import SamplePlan
    from models.session import read_session

    with read_session(runtime().engine) as session:
        found = session.scalars(select(SamplePlan).join(Site).order_by(Site.code, SamplePlan.name))
        rows = [
            {
                "name": plan.name,
                "site": plan.site.code,
                "state": plan.state.value,
                "nightly": plan.nightly,
                "settling_days": plan.settling_days,
                "draws": len(plan.draws),
            }
            for plan in found
        ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        nightly = "nightly" if row["nightly"] else "by hand"
        click.echo(f"{row['site']}  {row['name']}  {row['state']}  {nightly}  {row['draws']} draws")


@command.command(epilog="Example: hearback sample preview --plan weekly --period 2026-W46")
@plan_option
@site_option
@period_option
@from_option
@to_option
@json_option
def preview(
    *,
    name: str,
    site: str | None,
    period: str | None,
    first: str | None,
    last: str | None,
    as_json: bool,
) -> None:
    """Count what a draw would take now, without drawing."""
    from models.session import read_session
    from pipelines.sampling import service

    days = _period(period, first, last)
    with read_session(runtime().engine) as session:
        plan = _plan(session, name, site)
        shown = service.preview(session, plan, days.start, days.end, now=now())
        facts = {
            "plan": plan.name,
            "period": [days.start.isoformat(), days.end.isoformat()],
            "calls": shown.n_calls,
            "connected": shown.n_connected,
            "recorded": shown.n_recorded,
            "excluded": shown.excluded,
        }
        _print(facts, shown.strata, as_json=as_json)


@command.command(epilog="Example: hearback sample draw --plan weekly --period 2026-W46 --json")
@plan_option
@site_option
@period_option
@from_option
@to_option
@json_option
def draw(
    *,
    name: str,
    site: str | None,
    period: str | None,
    first: str | None,
    last: str | None,
    as_json: bool,
) -> None:
    """Draw calls of a period, with their review tasks and transcription jobs."""
    from models.session import write_session
    from pipelines import flow

    days = _period(period, first, last)
    surroundings = runtime()
    with write_session(surroundings.engine) as session:
        plan = _plan(session, name, site)
        made = flow.draw(session, surroundings, plan, days.start, days.end, now=now(), actor=None)
        facts = _facts(made)
        strata = _strata(made)
        calls = _calls(session, made)
    _print(facts, strata, as_json=as_json, calls=calls)


@command.command(epilog="Example: hearback sample manifest 0199…-… --output week46.zip")
@click.argument("draw_uid", metavar="DRAW")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write.")
def manifest(draw_uid: str, output: Path | None) -> None:
    """Write the manifest of a closed draw (its uid), for replay anywhere."""
    from models.session import read_session
    from models.vocab import DrawState
    from pipelines.outcomes import DomainError

    surroundings = runtime()
    with read_session(surroundings.engine) as session:
        found = _draw(session, draw_uid)
        if found.state is DrawState.OPEN:
            raise DomainError("seed_hidden")
        start, key = found.period_start, found.manifest_key
    target = output or Path(f"draw-{start}-{draw_uid[-8:]}.zip")
    with surroundings.storage.open(key) as stream:
        target.write_bytes(stream.read())
    click.echo(str(target))


@command.command(epilog="Example: hearback sample replay week46.zip --check --json")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Compare with the database; exit 1 if it differs.")
@json_option
def replay(file: Path, *, check: bool, as_json: bool) -> None:
    """Draw again from a manifest alone, and say whether the list is the one it names."""
    from pipelines.sampling.rules import manifest as manifests

    content = file.read_bytes()
    read = manifests.read_manifest(content)
    again = manifests.replay(read)
    named = [item["draw_key"] for item in read.header["drawn"]]
    same = [f"{call.draw_key:016x}" for call in again] == named
    found: dict[str, Any] = {
        "plan": read.header["plan"],
        "period": read.header["period"],
        "frame": len(read.draw_key),
        "drawn": len(again),
        "same": same,
        "calls": [
            {
                "draw_key": f"{call.draw_key:016x}",
                "stratum": call.stratum,
                "random_number": f"{call.random_number:016x}",
            }
            for call in again
        ],
    }
    good = same
    if check:
        found["today"] = _compared(content)
        good = good and not found["today"]["differs"]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(f"{found['drawn']} of {found['frame']} calls drawn again: ", nl=False)
        click.echo("the same list" if same else "ANOTHER LIST than the manifest names")
        for kind, keys in found.get("today", {}).items():
            click.echo(f"  {kind:<14} {len(keys) if isinstance(keys, list) else keys}")
    sys.exit(0 if good else 1)


def _compared(content: bytes) -> dict[str, Any]:
    import hashlib

    from models.session import read_session
    from pipelines.sampling import checks
    from pipelines.sampling.rules.manifest import read_manifest

    with read_session(runtime().engine) as session:
        found = checks.find_draw(session, hashlib.sha256(content).hexdigest())
        differences = checks.compare(session, found, read_manifest(content))
    return {
        "differs": differences.any,
        "list_differs": differences.list_differs,
        "gone": list(differences.gone),
        "joined": list(differences.joined),
        "changed": [
            {"draw_key": key, "then": then, "today": today}
            for key, then, today in differences.changed
        ],
    }


def _period(period: str | None, first: str | None, last: str | None) -> "Period":
    from pipelines.periods import parse_period

    if period and not (first or last):
        return parse_period(period)
    if not period and first:
        return parse_period(f"{first}..{last or first}")
    return refuse("Give either --period, or --from and --to.", "period_unclear")


def _plan(session: "Session", name: str, site: str | None) -> "SamplePlan":
    from sqlalchemy import select

    from models.people import Site
    from models.samples import SamplePlan

    statement = select(SamplePlan).join(Site).where(SamplePlan.name == name)
    if site:
        statement = statement.where(Site.code == site)
    found = session.scalars(statement).all()
    if not found:
        refuse(f"There is no plan called {name}.", "plan_unknown")
    if len(found) > 1:
        refuse(f"Several sites have a plan called {name}; add --site.", "plan_ambiguous")
    return found[0]


def _draw(session: "Session", uid: str) -> "Draw":
    import uuid

    from sqlalchemy import select

    from models.samples import Draw

    try:
        wanted = uuid.UUID(uid)
    except ValueError:
        refuse(f"{uid} is no draw's uid.", "draw_unknown")
    found = session.scalar(select(Draw).where(Draw.uid == wanted))
    return found or refuse(f"There is no draw {uid}.", "draw_unknown")


def _facts(draw: "Draw") -> dict[str, Any]:
    return {
        "draw": str(draw.uid),
        "plan": draw.plan.name,
        "period": [draw.period_start.isoformat(), draw.period_end.isoformat()],
        "as_of": draw.as_of.isoformat(),
        "calls": draw.n_calls,
        "connected": draw.n_connected,
        "recorded": draw.n_recorded,
        "excluded": draw.excluded,
    }


def _strata(draw: "Draw") -> "tuple[Stratum, ...]":
    from pipelines.sampling.rules.strata import Stratum

    return tuple(Stratum(item.key, item.n_frame, item.n_drawn) for item in draw.strata)


def _calls(session: "Session", draw: "Draw") -> list[dict[str, Any]]:
    from sqlalchemy import select

    from models.calls import Call
    from models.samples import DrawnCall, DrawStratum

    statement = (
        select(DrawnCall, Call.source, Call.source_key, DrawStratum.key)
        .join(Call, Call.id == DrawnCall.call_id)
        .join(DrawStratum, DrawStratum.id == DrawnCall.stratum_id)
        .where(DrawnCall.draw_id == draw.id)
        .order_by(DrawnCall.position)
    )
    return [
        {
            "source": source,
            "call": source_key,
            "stratum": stratum,
            "reasons": call.reasons,
            "explanation": call.explanation,
        }
        for call, source, source_key, stratum in session.execute(statement)
    ]


def _print(
    facts: dict[str, Any],
    strata: "tuple[Stratum, ...]",
    *,
    as_json: bool,
    calls: list[dict[str, Any]] | None = None,
) -> None:
    drawn = {stratum.key: stratum.n_drawn for stratum in strata}
    if as_json:
        shown = [{"key": s.key, "n_frame": s.n_frame, "n_drawn": s.n_drawn} for s in strata]
        whole = {**facts, "drawn": sum(drawn.values()), "strata": shown}
        click.echo(
            json.dumps(whole if calls is None else {**whole, "list": calls}, ensure_ascii=False)
        )
        return
    start, end = facts["period"]
    click.echo(f"{facts['plan']}, {start} to {end}")
    click.echo(
        f"{facts['calls']} calls, {facts['connected']} connected, "
        f"{facts['recorded']} recorded (N); left out: "
        + (", ".join(f"{n} {kind}" for kind, n in facts["excluded"].items() if n) or "none")
    )
    for stratum in strata:
        click.echo(f"  {stratum.key:<{_WIDTH}} {stratum.n_drawn:>6} of {stratum.n_frame}")
    click.echo(f"  {'':<{_WIDTH}} {sum(drawn.values()):>6} of {facts['recorded']}")
